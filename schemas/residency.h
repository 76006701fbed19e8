/* Residency: whether a client of a zone was served in a place where its zone's rules allow that.
 *
 * A zone is a set of countries, a place a set of AWS regions; a rule says per zone which places are good. What a policy is made of
 * stands in a struct residency_policy; what it says of one record in a struct residency.
 *
 * Threads: plain values; a policy is read-only once it is published. */
#ifndef WHEREFROM_RESIDENCY_H
#define WHEREFROM_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "schemas/limits.h"

struct config_node;
struct privacy;

enum residency_verdict {
    RESIDENCY_NONE, /* no policy is in force, or the format tells of no client */
    RESIDENCY_OK,
    RESIDENCY_CONDITIONAL,   /* allowed under conditions that no log can show */
    RESIDENCY_VIOLATION,     /* neither allowed nor conditional */
    RESIDENCY_INDETERMINATE, /* not known, see the reasons: never counted as right */
    RESIDENCY_EXEMPT,        /* a client of one's own network */
    RESIDENCY_VERDICTS
};

/* Why; a record may have several. In the order of their texts, which is that of the output. */
enum residency_reason {
    RESIDENCY_ANYCAST,
    RESIDENCY_HOSTING, /* the network belongs to a hosting provider: the address says little of a person */
    RESIDENCY_LOW_TRUST,
    RESIDENCY_NO_GEO,
    RESIDENCY_NO_RULE,
    RESIDENCY_PRIVATE,
    RESIDENCY_REGISTERED_DIFFERS,
    RESIDENCY_STALE_DB,
    RESIDENCY_UNKNOWN_PLACE,
    RESIDENCY_REASONS
};

extern const char *const residency_verdict_names[RESIDENCY_VERDICTS];
extern const char *const residency_reason_names[RESIDENCY_REASONS];

#define RESIDENCY_INDEX_NONE UINT8_MAX /* of a zone, place or rule: none, which is `unknown` */
#define RESIDENCY_UNKNOWN "unknown"

/* --- policy ----------------------------------------------------------------------------------------- */

/* What is to be made of edge locations (CloudFront, Global Accelerator). */
enum residency_edge {
    RESIDENCY_EDGE_REPORT,  /* they stand in the record */
    RESIDENCY_EDGE_ENFORCE, /* and count as a place beside the regions */
    RESIDENCY_EDGE_IGNORE,
    RESIDENCY_EDGES
};
extern const char *const residency_edge_names[RESIDENCY_EDGES];

/* What is to be made of a doubt. */
enum residency_doubt {
    RESIDENCY_DOUBT_IGNORE,        /* nothing */
    RESIDENCY_DOUBT_FLAG,          /* the verdict stays, the reason is said */
    RESIDENCY_DOUBT_INDETERMINATE, /* there is no verdict but that one */
    RESIDENCY_DOUBTS
};
extern const char *const residency_doubt_names[RESIDENCY_DOUBTS];

struct residency_digest {
    char text[72]; /* "sha256:" and 64 hex digits in lower case, with a NUL */
};

struct residency_zone {
    const char *name; /* as in the config: letters, digits, _ . - */
    uint8_t rule;     /* index in the rules */
    uint8_t output;   /* where its records go: index in the outputs of the run */
};

/* Of an ISO 3166-1 alpha-2 code. */
struct residency_country {
    uint8_t zone;     /* RESIDENCY_INDEX_NONE: in no zone */
    bool is_country;  /* the code is one */
    bool conditional; /* a list says so: what would be ok is conditional */
};

/* A region's name or, with `prefix`, how the names of some begin. */
struct residency_region {
    struct slice text;
    bool prefix;
    uint8_t place;
};

struct residency_rule {
    const char *name;            /* as given, else that of its zone */
    uint64_t allow, conditional; /* places: 1 << index */
    uint8_t otherwise;           /* enum residency_verdict, of other places */
};

struct residency_list {
    const char *path, *name, *source, *date; /* YYYY-MM-DD */
    struct residency_digest digest;          /* of the file's bytes */
};

/* A policy that was in force once lives until the run ends: what is said of records points to it. */
struct residency_policy {
    struct arena arena;              /* its texts live there */
    struct residency_policy *before; /* app/live_chains.h: that was in force before */
    uint32_t zones_count, places_count, rules_count, lists_count;
    uint32_t regions_count,
        regions_exact; /* those without `prefix` come first, in order of bytes; then the longest prefixes */
    struct residency_zone zones[RESIDENCY_ZONES_MAX];
    const char *places[RESIDENCY_PLACES_MAX]; /* names; of a region that a rule names itself the name is the region */
    struct residency_rule rules[RESIDENCY_ZONES_MAX];
    struct residency_list lists[RESIDENCY_LISTS_MAX];
    struct residency_region regions[RESIDENCY_REGIONS_KNOWN_MAX];
    struct residency_country countries[26 * 26];      /* see residency_country_of */
    uint8_t edge;                                     /* enum residency_edge */
    uint8_t min_trust;                                /* of a client's address */
    uint8_t anycast, registered_differs, hosting_asn; /* enum residency_doubt */
    uint32_t geo_age_days;                            /* 0: any age */
    struct residency_digest
        digest; /* of all that decides, lists included; not of `privacy`, `route`, comments, order of keys */
    struct privacy *privacy;         /* schemas/privacy.h; NULL: all may leave as it is */
    const struct config_node *route; /* of the config, as long as the policy lives; NULL: not given */
    uint8_t output;                  /* as that of a zone, of records that are of none */
    /* Of the run: */
    uint64_t geo_build; /* of the oldest database that knows countries, seconds since 1970; 0: there is none */
};

/* The entry of a number of base/country.h, of any; one that is no code of two capitals is that of no country. */
static inline const struct residency_country *residency_country_of(const struct residency_policy *policy,
                                                                   uint16_t number) {
    static const struct residency_country nowhere = {RESIDENCY_INDEX_NONE, false, false};
    uint32_t first = (uint32_t)(number >> 8) - 'A', second = (uint32_t)(number & 0xff) - 'A';
    return first < 26 && second < 26 ? &policy->countries[first * 26 + second] : &nowhere;
}

/* Names of what struct residency has an index of; RESIDENCY_UNKNOWN of RESIDENCY_INDEX_NONE (a rule: ""). */
const char *residency_zone_name(const struct residency_policy *policy, uint8_t zone);
const char *residency_place_name(const struct residency_policy *policy, uint8_t place);
const char *residency_rule_name(const struct residency_policy *policy, uint8_t rule);

/* --- what it says of a record ----------------------------------------------------------------------- */

struct residency {
    uint8_t verdict;  /* enum residency_verdict, never RESIDENCY_NONE */
    uint8_t zone;     /* index in the policy's zones */
    uint8_t place;    /* of the region that decided, index in the policy's places */
    uint8_t rule;     /* likewise */
    uint16_t reasons; /* 1 << enum residency_reason */
    uint64_t id;      /* records of one worker with the same id have the same in all that is here */
    /* Texts stay for the run. */
    struct slice regions[RESIDENCY_REGIONS_MAX]; /* that served the request, as logged: balancer's, target's */
    struct slice edge;                           /* edge location or airport code, as logged; empty: none */
    const struct residency_policy *policy;       /* that was in force */
};

/* The output that a record goes to; NULL: of which nothing is said. */
static inline uint32_t residency_output(const struct residency_policy *policy, const struct residency *residency) {
    bool of_zone = residency != NULL && residency->zone != RESIDENCY_INDEX_NONE;
    return of_zone ? policy->zones[residency->zone].output : policy->output;
}

/* What of it counts in sums. */
struct residency_note {
    const struct residency_policy *policy;
    uint16_t reasons;
    uint8_t verdict, zone, place;
};

#endif
