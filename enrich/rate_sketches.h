/* Distinct clients of keys and, in some tables (enrich/rate_plan.h), latencies, in windows of the shortest length; longer windows are merged of
 * those.
 *
 * There is one sketch for each key and window, whatever the order of records is. Each knows how many requests it has. When memory is used
 * up those with the fewest go, half of them, and what needs one of those is not told: a row has clients and latencies when its sketches have
 * as many requests as it has itself.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_SKETCHES_H
#define WHEREFROM_RATE_SKETCHES_H

#include "enrich/ddsketch.h"
#include "enrich/hyperloglog.h"
#include "enrich/rate_store.h"

struct rate_sketch {
    uint32_t id; /* as of cells */
    uint32_t window, requests;
    uint32_t next; /* while several are told as one: the next of them; 0: none */
    struct hyperloglog clients;
    struct ddsketch latency; /* microseconds; empty where the table has none */
};

struct rate_sketches {
    struct rate_sketch *sketches; /* reserved; number 0 is not used */
    uint32_t count, count_max;
    /* by a hash of key and window, with linear probing: a sketch's number, above it bits of the hash; 0: free */
    uint32_t *spots;
    uint32_t spots_count, number_mask;
    uint64_t seed;
    struct pool pool, merging;
    uint64_t lost; /* requests of sketches that went */
};

/* `bytes_max` 0: there are none. False when the system refuses; rate_sketches_destroy is safe after any outcome. */
bool rate_sketches_init(struct rate_sketches *sketches, size_t bytes_max, uint64_t seed)
    __attribute__((warn_unused_result));
void rate_sketches_destroy(struct rate_sketches *sketches);

/* What is said of a note in sketches. */
static inline void rate_sketches_prepare(const struct rollup_note *note, uint32_t window,
                                         struct rate_prepared *prepared) {
    prepared->window = window;
    prepared->client = note->resolved ? hyperloglog_entry(note->client_hash) : 0;
    prepared->latency = note->latency_us != LATENCY_UNKNOWN ? ddsketch_bucket(note->latency_us) : DDSKETCH_BUCKETS;
}

/* Counts that of a key, with the latency where the key's table has that. */
void rate_sketches_add(struct rate_sketches *sketches, struct rate_entry *entry, const struct rate_prepared *prepared,
                       bool with_latency);

static inline uint32_t rate_sketches_id(const struct rate_entry *entry) {
    return (uint32_t)entry->key.table << RATE_SERIAL_BITS | entry->serial;
}

/* Whether the entry leads to its sketch of that window. */
static inline bool rate_sketches_has(const struct rate_sketches *sketches, const struct rate_entry *entry,
                                     uint32_t window) {
    const struct rate_sketch *sketch = &sketches->sketches[entry->beside];
    return entry->beside < sketches->count && sketch->window == window && sketch->id == rate_sketches_id(entry);
}

static inline uint64_t rate_sketches_hash(const struct rate_sketches *sketches, uint32_t id, uint32_t window) {
    uint32_t key[2] = {id, window};
    return XXH3_64bits_withSeed(key, sizeof key, sketches->seed) & rate_store_hash_bits;
}

/* The first spot where a sketch may be. */
static inline uint32_t *rate_sketches_home(const struct rate_sketches *sketches, uint64_t hash) {
    return &sketches->spots[(hash >> 32) * sketches->spots_count >> 32];
}

/* What rate_sketches_add will look at. */
static inline void rate_sketches_prefetch(const struct rate_sketches *sketches, const struct rate_entry *entry) {
    const struct rate_sketch *sketch = &sketches->sketches[entry->beside];
    __builtin_prefetch(&sketch->id);
    __builtin_prefetch(&sketch->latency.dense); /* every other one stands in two lines */
}
static inline void rate_sketches_prefetch_more(const struct rate_sketches *sketches, const struct rate_entry *entry,
                                               const struct rate_prepared *prepared, bool with_latency) {
    const struct rate_sketch *sketch = &sketches->sketches[entry->beside];
    if (!rate_sketches_has(sketches, entry, prepared->window)) {
        __builtin_prefetch(
            rate_sketches_home(sketches, rate_sketches_hash(sketches, rate_sketches_id(entry), prepared->window)));
        return;
    }
    hyperloglog_prefetch_entry(&sketch->clients, prepared->client);
    if (with_latency) ddsketch_prefetch(&sketch->latency, prepared->latency);
}

/* Drops those of keys that are gone and of windows before that one. */
void rate_sketches_forget(struct rate_sketches *sketches, const struct rate_store *store, uint32_t window);

/* Drops half of them, those with the fewest requests. False: there are too few. */
bool rate_sketches_halve(struct rate_sketches *sketches);

/* Keys have other serial numbers (rate_store_renumber). */
void rate_sketches_renumber(struct rate_sketches *sketches, const uint32_t *numbers);

/* Of a key in the windows that its cells are in, so many of them, of `window_slots` each: false: not of all its `requests`. */
struct rate_sketched {
    uint64_t clients;
    struct rate_latency latency;
};
bool rate_sketches_tell(struct rate_sketches *sketches, const struct rate_cell *cells, uint32_t count,
                        uint32_t window_slots, uint64_t requests, struct rate_sketched *told);

/* Bytes in use, about. */
size_t rate_sketches_bytes(const struct rate_sketches *sketches);

#endif
