/* Names of what is said of residency.
 *
 * Threads: constants. */
#include "schemas/residency.h"

const char *const residency_verdict_names[RESIDENCY_VERDICTS] = {
    [RESIDENCY_NONE] = "none",
    [RESIDENCY_OK] = "ok",
    [RESIDENCY_CONDITIONAL] = "conditional",
    [RESIDENCY_VIOLATION] = "violation",
    [RESIDENCY_INDETERMINATE] = "indeterminate",
    [RESIDENCY_EXEMPT] = "exempt",
};

const char *const residency_reason_names[RESIDENCY_REASONS] = {
    [RESIDENCY_ANYCAST] = "anycast",
    [RESIDENCY_HOSTING] = "hosting",
    [RESIDENCY_LOW_TRUST] = "low-trust",
    [RESIDENCY_NO_GEO] = "no-geo",
    [RESIDENCY_NO_RULE] = "no-rule",
    [RESIDENCY_PRIVATE] = "private",
    [RESIDENCY_REGISTERED_DIFFERS] = "registered-differs",
    [RESIDENCY_STALE_DB] = "stale-db",
    [RESIDENCY_UNKNOWN_PLACE] = "unknown-place",
};

const char *const residency_edge_names[RESIDENCY_EDGES] = {
    [RESIDENCY_EDGE_REPORT] = "report",
    [RESIDENCY_EDGE_ENFORCE] = "enforce",
    [RESIDENCY_EDGE_IGNORE] = "ignore",
};

const char *const residency_doubt_names[RESIDENCY_DOUBTS] = {
    [RESIDENCY_DOUBT_IGNORE] = "ignore",
    [RESIDENCY_DOUBT_FLAG] = "flag",
    [RESIDENCY_DOUBT_INDETERMINATE] = "indeterminate",
};

const char *residency_zone_name(const struct residency_policy *policy, uint8_t zone) {
    return zone < policy->zones_count ? policy->zones[zone].name : RESIDENCY_UNKNOWN;
}

const char *residency_place_name(const struct residency_policy *policy, uint8_t place) {
    return place < policy->places_count ? policy->places[place] : RESIDENCY_UNKNOWN;
}

const char *residency_rule_name(const struct residency_policy *policy, uint8_t rule) {
    return rule < policy->rules_count ? policy->rules[rule].name : "";
}
