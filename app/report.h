/* What a report shows, counted: requests by place, network, verdict, residency and client, each over time and classes of status, so that
 * whoever looks at the page can cut all of its pictures by country, verdict, status and time (enrich/profiles.h).
 *
 * Memory is bounded whatever is read: columns of time grow (enrich/time_axis.h), of networks and clients those with the most requests are
 * kept. What has no room on the map counts without a place.
 *
 * Addresses of clients are kept as they may leave (sinks/disguise.h); those as they came are only used to find names of networks by.
 *
 * Threads: all functions by any thread, one after the other; counting goes on beside the making of a page. */
#ifndef WHEREFROM_REPORT_H
#define WHEREFROM_REPORT_H

#include "app/databases.h"
#include "enrich/hyperloglog.h"
#include "enrich/name_table.h"
#include "enrich/profiles.h"
#include "schemas/batch.h"

/* Records of formats that tell of no client have no verdict. */
#define REPORT_NO_VERDICT VERDICTS_MAX

/* A key's other half: country and verdict, and above them what the table is about. */
#define REPORT_GROUP_BITS 24u
static inline uint64_t report_group(uint16_t country, uint8_t verdict) {
    return (uint64_t)country << 8 | verdict;
}

static inline uint64_t report_key_group(const struct profile *profile) {
    return profile->key.rest & ((1u << REPORT_GROUP_BITS) - 1);
}
/* A tile, the number of a network, of an endpoint plus 1 (0: of none), or of residency. */
static inline uint64_t report_key_subject(const struct profile *profile) {
    return profile->key.rest >> REPORT_GROUP_BITS;
}
/* Numbers of zone and place, and the verdict. */
static inline uint32_t report_residency(uint32_t zone, uint32_t place, uint8_t verdict) {
    return zone << 16 | place << 8 | verdict;
}

/* Every record has a tile, if only TILE_NONE: that table is what sums are made of. */
enum report_table { REPORT_TILES, REPORT_NETWORKS, REPORT_CLIENTS, REPORT_RESIDENCY, REPORT_TABLES };

/* Texts that are known by number: zones and places; endpoints of PrivateLink; networks of finished records (of others the databases know). */
enum report_names { REPORT_PLACES, REPORT_ENDPOINTS, REPORT_ORGANIZATIONS, REPORT_NAMES };
#define REPORT_PLACES_MAX 256u
#define REPORT_OTHER "(other)" /* of zones, places and endpoints beyond those that there is room for */

/* The counts, for those who print them (app/report_data.h), between report_lock and report_unlock. */
struct report_counts {
    struct time_axis axis;
    struct profiles tables[REPORT_TABLES];
    struct name_table names[REPORT_NAMES];
    struct hyperloglog clients; /* distinct ones, of those that are known */
    uint8_t trust_most;         /* of all records: with 1 nothing confirms any address */
    struct tally tally;         /* of the batches that were counted */
    bool
        approximate; /* something had no room, and counts without its country, or is missing on the map or in residency */
};

struct report;

/* `bytes_max` of memory for all that is counted. NULL: out of memory. */
struct report *report_new(uint64_t bytes_max);
void report_free(struct report *report); /* NULL is allowed */

/* Takes up the notes of a batch that is written; in the order of the input results are the same each time. */
void report_count(struct report *report, const struct batch *batch);

const struct report_counts *report_lock(struct report *report);
void report_unlock(struct report *report);
/* In between: the next coarser time. */
void report_widen(struct report *report);

#endif
