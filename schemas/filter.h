/* Which records are not wanted: rules of the config that drop records or keep a share of them.
 *
 * The first rule that a record meets decides; one that meets none is kept.
 *
 * Threads: plain values; read-only once made. */
#ifndef WHEREFROM_FILTER_H
#define WHEREFROM_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "schemas/rate.h"
#include "schemas/schema.h"

/* What a rule may look at. */
enum filter_condition {
    FILTER_FORMAT,
    FILTER_STATUS,
    FILTER_VERDICT,
    FILTER_ZONE,
    FILTER_PATH_CLASS,
    FILTER_USER_AGENT,
    FILTER_CONDITIONS
};
extern const char *const filter_condition_names[FILTER_CONDITIONS]; /* keys of the config */

#define FILTER_STATUS_WORDS 10u /* of 64 bits: 000 to 639 */

/* A record meets it when it meets all conditions that are given. */
struct filter_rule {
    uint32_t given;  /* 1 << enum filter_condition */
    uint64_t sample; /* records of ids whose upper half is less are kept; 0: dropped, all of them; UINT64_MAX: kept */
    const struct schema *formats[FILTER_VALUES_MAX];
    uint32_t formats_count;
    uint64_t statuses[FILTER_STATUS_WORDS];     /* bit by status */
    uint64_t verdicts;                          /* 1 << verdict */
    uint64_t zones;                             /* 1 << index in the policy's */
    bool zone_unknown;                          /* and records of none */
    uint64_t path_classes;                      /* 1 << index in those of `rate`, FILTER_CLASS_OTHER: of none */
    struct rate_path agents[FILTER_VALUES_MAX]; /* patterns of user agents; all of class 0 */
    uint32_t agents_count;
};

#define FILTER_CLASS_OTHER RATE_CLASSES_MAX

struct filter {
    struct arena arena; /* its texts live there or in the config's tree */
    struct filter_rule rules[FILTER_RULES_MAX];
    uint32_t rules_count;
    bool asks_zones;               /* any of them */
    const struct rate_path *paths; /* classes of paths, as `rate` has them */
    uint32_t paths_count;          /* 0: no rule asks */
};

#endif
