/* All counts of all tables, in bounded memory.
 *
 * A key has a serial number, and an entry by that, which holds the counts of the slot that it was last met in: a record costs one cache line
 * of hashes and one of counts in each table, and those of the keys that came first, often the busiest, stand together. When the key is met in
 * another slot the counts go to the end of `cells`, the log. A log that is full is sorted and merged into the cells in front of it,
 * which are sorted by key and slot; when those are too many, each slot's smallest go (rate_store_trim). Records in any order only make more
 * cells.
 *
 * Addresses are reserved at once and cost memory once they are used, so that an empty store is small.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_STORE_H
#define WHEREFROM_RATE_STORE_H

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL /* the length is known */
#endif
#include <xxhash.h>

#include "enrich/rate_cells.h"
#include "enrich/rate_floors.h"
#include "enrich/rate_key.h"

/* Where a key is found by its hash. */
struct rate_spot {
    uint32_t hash;   /* its upper half */
    uint32_t serial; /* 0: free */
};

/* A key, and its counts of one slot. */
struct rate_entry {
    union rate_packed key;
    uint32_t serial; /* its own; 0: free */
    uint32_t slot;   /* of free ones: the next free one */
    uint32_t requests, status_4xx, status_5xx;
    uint32_t beside; /* with a place: its tag; with clients: its last sketch (enrich/rate_sketches.h) */
    uint64_t bytes;
};
_Static_assert(sizeof(struct rate_entry) == 64, "a cache line");

/* Where a key's client is: of the places its records told, the one with the largest tag. */
struct rate_place {
    float longitude, latitude;
    uint32_t as_number;
    uint16_t country, flags; /* enum place_flag, and: */
};
#define RATE_PLACE_UNRESOLVED 0x8000u /* nobody knows the client */

struct rate_store {
    const struct rate_plan *plan;
    uint64_t seed;
    /* spots, with linear probing in the order of hashes: */
    struct rate_spot *spots;
    uint32_t capacity, capacity_max, keys_count, keys_max; /* keys_max: of this capacity, as cells_max and log_max */
    /* by serial number, from 1 on: */
    struct rate_entry *entries;
    struct rate_place *places;
    uint32_t serials_used, free_serial;
    /* cells: `sorted` ones, and the log behind */
    struct rate_cell *cells, *scratch;
    uint32_t sorted, count, cells_max, log_max;
    size_t scratch_max; /* cells that there are addresses for */
    uint32_t oldest_slot;
    /* what was dropped: */
    struct rate_floors floors;
    uint64_t counters_kept, folded;
    size_t bytes_max; /* of keys, cells and room for sorting */
    char *memory;
    size_t memory_bytes;
};

#define RATE_SLOT_NONE UINT32_MAX
#define RATE_SERIAL_MAX (RATE_SERIAL_MASK - 1)

/* Tests only: bits of hashes that count, so that keys collide. */
extern uint64_t rate_store_hash_bits;

/* False when the system refuses; rate_store_destroy is safe after any outcome. */
bool rate_store_init(struct rate_store *store, const struct rate_plan *plan, size_t bytes_max, uint64_t seed)
    __attribute__((warn_unused_result));
void rate_store_destroy(struct rate_store *store);

/* Afterwards `more` keys can be made and as many be met in other slots. Serial numbers of keys without counts may be free then.
 * True: keys were dropped. */
bool rate_store_make_room(struct rate_store *store, uint32_t more);

static inline uint64_t rate_store_hash(const struct rate_store *store, const union rate_packed *key) {
    return XXH3_64bits_withSeed(key, sizeof *key, store->seed) & rate_store_hash_bits;
}

static inline struct rate_entry *rate_store_entry(const struct rate_store *store, uint32_t serial) {
    return &store->entries[serial];
}

/* Where a key with that hash is, or the first one behind. */
static inline struct rate_spot *rate_store_home(const struct rate_store *store, uint32_t hash) {
    return &store->spots[(uint64_t)hash * store->capacity >> 32];
}

static inline struct rate_spot *rate_store_behind(const struct rate_store *store, struct rate_spot *spot) {
    return spot + 1 < store->spots + store->capacity ? spot + 1 : store->spots;
}

/* Into the first free one from there on; its key is in no other. */
static inline void rate_store_put(const struct rate_store *store, struct rate_spot put) {
    struct rate_spot *spot = rate_store_home(store, put.hash);
    while (spot->serial != 0) spot = rate_store_behind(store, spot);
    *spot = put;
}

/* A key that may be that one, by its hash alone: whose entry is worth fetching; 0: none. */
static inline uint32_t rate_store_guess(const struct rate_store *store, uint64_t hash) {
    struct rate_spot *spot = rate_store_home(store, (uint32_t)(hash >> 32));
    while (spot->serial != 0 && spot->hash != hash >> 32) spot = rate_store_behind(store, spot);
    return spot->serial;
}

/* The key's spot, or the free one for it. */
static inline struct rate_spot *rate_store_find(const struct rate_store *store, const union rate_packed *key,
                                                uint64_t hash) {
    struct rate_spot *spot = rate_store_home(store, (uint32_t)(hash >> 32));
    for (; spot->serial != 0; spot = rate_store_behind(store, spot))
        if (spot->hash == hash >> 32 && rate_packed_equal(&store->entries[spot->serial].key, key)) return spot;
    return spot;
}

/* 0: there is none. */
static inline uint32_t rate_store_serial(const struct rate_store *store, const union rate_packed *key) {
    return rate_store_find(store, key, rate_store_hash(store, key))->serial;
}

/* The key's entry, which is made when there is none. */
struct rate_entry *rate_store_make(struct rate_store *store, const union rate_packed *key, uint64_t hash,
                                   uint32_t slot);

static inline void rate_store_push(struct rate_store *store, struct rate_entry *entry) {
    uint32_t status_5xx = entry->status_5xx < RATE_5XX_MAX ? entry->status_5xx : RATE_5XX_MAX;
    store->cells[store->count++] = (struct rate_cell){.id = (uint32_t)entry->key.table << RATE_SERIAL_BITS |
                                                            entry->serial,
                                                      .slot = entry->slot,
                                                      .requests = entry->requests,
                                                      .status_4xx = entry->status_4xx,
                                                      .status_5xx = status_5xx & RATE_5XX_MAX,
                                                      .trust = entry->key.beside & RATE_TRUST_MAX,
                                                      .bytes = entry->bytes};
    entry->key.beside = RATE_TRUST_MAX;
    entry->requests = entry->status_4xx = entry->status_5xx = 0;
    entry->bytes = 0;
}

/* The entry is to count another slot. */
static inline void rate_store_turn(struct rate_store *store, struct rate_entry *entry, uint32_t slot) {
    if (entry->requests != 0) rate_store_push(store, entry);
    entry->slot = slot;
    if (slot < store->oldest_slot) store->oldest_slot = slot;
}

/* Everything that was counted stands in the sorted cells afterwards, one for each key and slot, and entries count nothing. */
void rate_store_collect(struct rate_store *store);

/* Drops cells of slots before that one, after rate_store_collect, and keys that have none left; with RATE_SLOT_NONE everything. */
void rate_store_forget(struct rate_store *store, uint32_t before);

/* The cells of one table: first one, and behind the last one. */
struct rate_range {
    uint32_t from, to;
};
struct rate_range rate_store_table(const struct rate_store *store, uint32_t table);

/* Behind the last cell of the key whose first one is at `from`. */
static inline uint32_t rate_store_key_end(const struct rate_store *store, uint32_t from, uint32_t to) {
    uint32_t end = from + 1;
    while (end < to && store->cells[end].id == store->cells[from].id) end++;
    return end;
}

/* The most that there may be when spots are twice as many, if they can be. */
struct rate_store_room {
    uint32_t cells, keys;
};
struct rate_store_room rate_store_next_room(const struct rate_store *store);

/* Drops half of the cells and keys, those with the smallest counts, and gives memory back. False: there are too few. */
bool rate_store_shrink(struct rate_store *store);

/* After rate_store_shrink: serial numbers without gaps, in the same order, and the memory of the others goes back. The new ones by the old
 * ones, until anything else is done with the store. */
const uint32_t *rate_store_renumber(struct rate_store *store);

/* Bytes in use, about. */
size_t rate_store_bytes(const struct rate_store *store);

#endif
