/* Keys with a profile each: how many requests, by time and by class of status. What pictures are drawn from.
 *
 * A table holds a bounded number of keys. One of the two kinds knows all of its keys, and says when there is no room for another one; the other
 * keeps those with the most requests, by Space-Saving in batches (as enrich/rate_count.h has it): when it is full, the larger half of the keys
 * stays, less those that have as many requests as the first that does not; that number is the floor F, and a key that is new from then on
 * begins with count F and error F.
 *
 *     count - error <= true <= count,   absent keys: true <= F,   F <= N / (capacity / 2 + 1) with N requests.
 *
 * Cells count what was seen since, count - error of it. As long as no key went, everything is exact. Nothing depends on the hash's seed.
 *
 * Most keys of the second kind come a few times and go: their cells are a list in the counter, and a block is taken when that is full.
 *
 *   index    [ - | tag 7 | - | tag 3 | .. ]     open addressing, numbers of counters plus 1
 *   counters [ key count error few cells .. ]   by number
 *   blocks   [ column x class, .. ]             PROFILE_CELLS each; reserved, a page costs memory once it is used
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_PROFILES_H
#define WHEREFROM_PROFILES_H

#include <stddef.h>

#include "base/ip.h"
#include "enrich/time_axis.h"

#define STATUS_CLASSES 6u /* none, 1xx .. 5xx */
#define PROFILE_CELLS (TIME_COLUMNS * STATUS_CLASSES)

struct profile_key {
    struct ip ip;
    uint64_t rest;
};

#define PROFILE_FEW 8u /* requests whose cells stand in the counter */

/* What is counted together, and what its first record said of it. */
struct profile {
    struct profile_key key;
    uint64_t count, error;
    uint32_t block;    /* number plus 1; 0: none yet */
    uint8_t few_count; /* of `few`, without a block */
    uint16_t few[PROFILE_FEW];
    struct ip sample;   /* an address among them */
    uint32_t as_number; /* likewise */
    uint32_t name;      /* a number of the caller's; 0: none */
};

struct profiles {
    struct profile *counters;
    uint64_t *cells, *bytes;               /* of blocks: requests; `bytes` NULL: nobody asks */
    uint32_t counters_count, used;         /* in use or free again; in use */
    uint32_t blocks_count;                 /* likewise */
    uint32_t capacity;                     /* of counters, and of blocks */
    uint32_t *free_counters, *free_blocks; /* numbers */
    uint32_t free_counters_count, free_blocks_count;
    uint64_t *index;
    uint32_t index_mask;
    uint64_t seed; /* of hashes: keys may be a client's choice */
    uint64_t floor;
    bool keeps_largest;
};

struct profiles_request {
    uint32_t capacity; /* keys */
    bool keeps_largest, counts_bytes;
};

/* False when the system refuses; profiles_destroy is safe after any outcome. */
bool profiles_init(struct profiles *profiles, const struct profiles_request *request)
    __attribute__((warn_unused_result));
void profiles_destroy(struct profiles *profiles);

uint64_t profiles_hash(const struct profiles *profiles, const struct profile_key *key);

/* The key's profile, made when there is none; NULL: there is no room, and the table does not drop any. `is_new` says that the caller is to tell
 * what the first record says. */
struct profile *profiles_find(struct profiles *profiles, const struct profile_key *key, uint64_t hash, bool *is_new);

/* The same of one that is there; NULL: there is none. */
const struct profile *profiles_peek(const struct profiles *profiles, const struct profile_key *key, uint64_t hash);

/* What profiles_find will look at. */
static inline void profiles_prefetch(const struct profiles *profiles, uint64_t hash) {
    __builtin_prefetch(&profiles->index[hash & profiles->index_mask]);
}

/* Its cells: column's place x STATUS_CLASSES + class. */
static inline uint64_t *profile_cells(const struct profiles *profiles, const struct profile *profile) {
    return profiles->cells + (size_t)(profile - profiles->counters) * PROFILE_CELLS;
}
static inline uint64_t *profile_bytes(const struct profiles *profiles, const struct profile *profile) {
    return profiles->bytes + (size_t)(profile - profiles->counters) * PROFILE_CELLS;
}

/* Then, of a key that is probably there, what counting it will look at first. */
static inline void profiles_prefetch_counter(const struct profiles *profiles, uint64_t hash) {
    uint32_t number = (uint32_t)profiles->index[hash & profiles->index_mask];
    if (number != 0) __builtin_prefetch(&profiles->counters[number - 1], 1);
}

/* One request more: cell = column's place x STATUS_CLASSES + class. */
void profiles_count(struct profiles *profiles, struct profile *profile, uint32_t cell, uint64_t bytes);

/* Its cells; adds them up with what is there. */
void profile_add_cells(const struct profiles *profiles, const struct profile *profile, uint64_t cells[PROFILE_CELLS]);
void profile_add_bytes(const struct profiles *profiles, const struct profile *profile, uint64_t bytes[PROFILE_CELLS]);

/* Cells of all keys are those of a wider axis from now on. */
void profiles_widen(struct profiles *profiles, const struct time_axis *from, const struct time_axis *to);

/* All keys that are in use, the most requests first, then by key; as many as there is room for in `sorted`, returns how many. */
uint32_t profiles_sort(const struct profiles *profiles, const struct profile **sorted, uint32_t sorted_max);

#endif
