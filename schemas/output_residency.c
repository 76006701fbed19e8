/* What residency says of a record, in the nested output schemas and in the flat one: rows of VALUE_RESIDENCY.
 *
 * Threads: constants. */
#include "schemas/output.h"

const struct output_field output_residency_nested[] = {
    {"residency.zone", VALUE_RESIDENCY_ZONE, TYPE_KEYWORD, NULL, 0},
    {"residency.verdict", VALUE_RESIDENCY_VERDICT, TYPE_KEYWORD, NULL, 0},
    {"residency.reason", VALUE_RESIDENCY_REASON, TYPE_KEYWORD, NULL, 0},
    {"residency.place", VALUE_RESIDENCY_REGIONS, TYPE_KEYWORD, NULL, 0},
    {"residency.jurisdiction", VALUE_RESIDENCY_PLACE, TYPE_KEYWORD, NULL, 0},
    {"residency.edge", VALUE_RESIDENCY_EDGE, TYPE_KEYWORD, NULL, 0},
    {"residency.rule", VALUE_RESIDENCY_RULE, TYPE_KEYWORD, NULL, 0},
    {"residency.policy", VALUE_RESIDENCY_POLICY, TYPE_KEYWORD, NULL, 0},
    {"residency.lists", VALUE_RESIDENCY_LISTS, TYPE_KEYWORD, NULL, 0},
    {"residency.geo_build", VALUE_RESIDENCY_GEO_BUILD, TYPE_LONG, NULL, 0},
    {"residency.privacy", VALUE_RESIDENCY_PRIVACY, TYPE_KEYWORD, NULL, 0},
};

const struct output_field output_residency_flat[] = {
    {"residency_zone", VALUE_RESIDENCY_ZONE, TYPE_KEYWORD, NULL, 0},
    {"residency_verdict", VALUE_RESIDENCY_VERDICT, TYPE_KEYWORD, NULL, 0},
    {"residency_reason", VALUE_RESIDENCY_REASON, TYPE_KEYWORD, NULL, 0},
    {"residency_place", VALUE_RESIDENCY_REGIONS, TYPE_KEYWORD, NULL, 0},
    {"residency_jurisdiction", VALUE_RESIDENCY_PLACE, TYPE_KEYWORD, NULL, 0},
    {"residency_edge", VALUE_RESIDENCY_EDGE, TYPE_KEYWORD, NULL, 0},
    {"residency_rule", VALUE_RESIDENCY_RULE, TYPE_KEYWORD, NULL, 0},
    {"residency_policy", VALUE_RESIDENCY_POLICY, TYPE_KEYWORD, NULL, 0},
    {"residency_lists", VALUE_RESIDENCY_LISTS, TYPE_KEYWORD, NULL, 0},
    {"residency_geo_build", VALUE_RESIDENCY_GEO_BUILD, TYPE_LONG, NULL, 0},
    {"residency_privacy", VALUE_RESIDENCY_PRIVACY, TYPE_KEYWORD, NULL, 0},
};

_Static_assert(sizeof output_residency_nested == sizeof output_residency_flat, "one count for both");
const uint16_t output_residency_count = sizeof output_residency_nested / sizeof output_residency_nested[0];
