/* What a policy says of a record: was a client of this zone served where it may be (ANALYTICS.md section 5)?
 *
 * In doubt the answer is "indeterminate", with the reason: an address says where somebody is about as well as a postmark.
 *
 * Threads: one decider per worker; the policy is read-only. */
#ifndef WHEREFROM_RESIDENCY_DECIDE_H
#define WHEREFROM_RESIDENCY_DECIDE_H

#include "schemas/batch.h"
#include "schemas/record_cloud.h"
#include "schemas/residency.h"

/* A region or edge location that was met, and its place: few ones come again and again. */
struct known_region {
    uint32_t bytes;
    uint8_t place;
    char text[RESIDENCY_NAME_BYTES_MAX];
};

/* What a record was served by; NULL: nothing. */
enum { SERVED_BY_BALANCER, SERVED_BY_TARGET, SERVED_BY_EDGE, SERVED };
struct served {
    const struct known_region *by[SERVED];
};

#define REGION_NUMBER_BITS 13u
_Static_assert(RESIDENCY_REGIONS_MET_MAX < 1 << REGION_NUMBER_BITS, "a number for each, and for none");

/* What was said of a record before, for which all that decides was the same. Small, for these are spread over their table. */
struct decision {
    uint64_t facts;
    uint64_t served : REGION_NUMBER_BITS *SERVED; /* numbers of regions */
    uint64_t outcome : 16;                        /* index + 1; 0: free */
};

/* A record that is to be decided about. */
struct pending {
    struct served served;
    struct decision *decision; /* where what was said before is kept; NULL: its format tells of no client */
    uint64_t facts;
    uint64_t numbers; /* of `served` */
};

#define DECISIONS_KNOWN 4096u /* countries times regions, doubts apart: those of most logs, once each */
#define OUTCOMES_KNOWN 256u
#define REGION_SLOTS (2 * RESIDENCY_REGIONS_MET_MAX)

struct residency_decider {
    const struct residency_policy *policy;
    int64_t stale_ns;                                   /* records of later times meet a database that is too old */
    const struct known_region *origin_region;           /* that the object's name says; NULL: it says none */
    const struct known_region *last_region, *last_edge; /* of columns; NULL: none */
    struct arn_memory arn;
    uint32_t arn_changes;                  /* for which this is the region: */
    bool arn_of_waf;                       /* whose resources may be everywhere */
    const struct known_region *arn_region; /* NULL: none */
    struct pending pending;
    struct decision decisions[DECISIONS_KNOWN];
    uint64_t last_id;
    uint32_t outcomes_count;
    struct residency outcomes[OUTCOMES_KNOWN]; /* of them: few things, for many countries, and so always at hand */
    uint32_t regions_count;
    uint16_t region_slots[REGION_SLOTS];                    /* index + 1; 0: free */
    struct known_region regions[RESIDENCY_REGIONS_MET_MAX]; /* their texts stay: those of records point here */
};

/* NULL: out of memory. Its pages cost nothing before they are used. */
struct residency_decider *residency_decider_new(void);
void residency_decider_free(struct residency_decider *decider); /* NULL is fine */

/* Decides by `policy` from here on; cheap when it is that of before. NULL: nothing is said of any record. */
void residency_decider_set(struct residency_decider *decider, const struct residency_policy *policy);

/* Records of `origin` from here on; with a policy. */
void residency_decider_begin(struct residency_decider *decider, const struct origin *origin);

/* The next record to decide about, whose client is resolved and located; there must be a policy. What will be looked at is fetched from
 * memory: with other work until residency_decide nobody waits for that. */
void residency_ask(struct residency_decider *decider, const struct record *record);

/* What the policy says of the record that was asked about last, until the next one is decided about; texts stay as long as the decider.
 * No allocation, bounded work. NULL for formats that tell of no client.
 *
 * Verdicts: exempt for clients of one's own network: private, shared, loopback or
 * link-local addresses, unless headers of proxies were there that no chain uses and the trust is below the least, since that is how a
 * proxy looks that nobody declared. Else indeterminate as long as there is a reason for it. Else what the rule says of the worst
 * of the places: violation, indeterminate (unknown place), conditional, ok. Zone and place are also said where they decide nothing. */
const struct residency *residency_decide(struct residency_decider *decider);

/* The place of a region or edge location by the policy's tables; RESIDENCY_INDEX_NONE: in none. */
uint8_t residency_place_of(const struct residency_policy *policy, struct slice region);

#endif
