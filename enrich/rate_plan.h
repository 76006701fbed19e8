/* Which tables counting needs: one for each key that a dim or a limit has, shared where they are the same.
 *
 * A limit with a scope has a table of its own that counts nothing else. A limit by `client` has a second one, by the first forwarded
 * address, and a third one for pairs of the two that differ (enrich/rate_views.h).
 *
 * Threads: plain values. */
#ifndef WHEREFROM_RATE_PLAN_H
#define WHEREFROM_RATE_PLAN_H

#include "schemas/rate.h"

#define RATE_TABLES_MAX (RATE_DIMS_MAX + 3 * RATE_LIMITS_MAX)
#define RATE_TABLE_NONE UINT8_MAX
_Static_assert(RATE_TABLES_MAX < RATE_TABLE_NONE && RATE_TABLES_MAX <= 128, "a table's number has 7 bits");

struct rate_table {
    uint16_t parts; /* as of struct rate_dim; 0: pairs of keys of the tables */
    uint8_t client_table, first_table;
    uint8_t v4_prefix, v6_prefix;
    uint8_t path_class, method;    /* scope: RATE_CLASS_NONE, METHOD_NONE: everything */
    bool placed;                   /* its keys are clients: places of them are known */
    bool has_clients, has_latency; /* known of its keys in windows (enrich/rate_sketches.h); never of addresses */
};

struct rate_plan {
    uint32_t tables_count;
    struct rate_table tables[RATE_TABLES_MAX];
    uint8_t of_dim[RATE_DIMS_MAX];
    struct rate_limit_tables {
        uint8_t own, waf, pairs; /* the last two: RATE_TABLE_NONE unless there are two views */
    } of_limit[RATE_LIMITS_MAX];
};

void rate_plan(const struct rate_settings *settings, struct rate_plan *plan);

/* Whether any table has one of these parts, 1 << enum rate_part. */
bool rate_plan_has(const struct rate_plan *plan, uint32_t parts);

#endif
