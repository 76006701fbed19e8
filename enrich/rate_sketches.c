/* Sketches stand one behind the other, in the order in which they were made, and are found by a hash of key and window; an entry says which
 * one its key had last, and most often that is the one. When they move it may be another's: whoever follows it looks whose it is.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/rate_sketches.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

#define SKETCHES_HALVED_MIN 64u
#define SPOTS_A_SKETCH 2u
#define SPOTS_MIN 1024u
#define SKETCH_BYTES (sizeof(struct rate_sketch) + SPOTS_A_SKETCH * sizeof(uint32_t))
#define MERGE_BYTES (16u * 1024) /* a sketch that grows from nothing takes all sizes of blocks once: 8 KiB */

/* --- memory ------------------------------------------------------------------------------------- */

/* A quarter for sketches and the places where they are found, half for their blocks, the last quarter for blocks while they move. */
bool rate_sketches_init(struct rate_sketches *sketches, size_t bytes_max, uint64_t seed) {
    *sketches = (struct rate_sketches){.seed = seed};
    if (bytes_max == 0) return true;
    size_t count = bytes_max / 4 / SKETCH_BYTES;
    void *memory = mmap(NULL, count * SKETCH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1, 0);
    if (memory == MAP_FAILED) return false;
    sketches->sketches = memory;
    sketches->spots = (uint32_t *)(void *)(sketches->sketches + count);
    sketches->count = 1;
    sketches->count_max = (uint32_t)count;
    sketches->spots_count = SPOTS_MIN;
    sketches->number_mask = UINT32_MAX >> __builtin_clz((uint32_t)count);
    return pool_init(&sketches->pool, bytes_max / 2) && pool_init(&sketches->merging, MERGE_BYTES);
}

void rate_sketches_destroy(struct rate_sketches *sketches) {
    if (sketches->sketches != NULL) munmap(sketches->sketches, sketches->count_max * SKETCH_BYTES);
    pool_destroy(&sketches->pool);
    pool_destroy(&sketches->merging);
    *sketches = (struct rate_sketches){0};
}

size_t rate_sketches_bytes(const struct rate_sketches *sketches) {
    return sketches->pool.taken_bytes + sketches->count * sizeof *sketches->sketches +
           sketches->spots_count * sizeof *sketches->spots;
}

/* --- finding ------------------------------------------------------------------------------------ */

/* The spot of a key's sketch of a window, or the free one for it. Sketches of others are seldom looked at: their hashes differ. */
static uint32_t *find(const struct rate_sketches *sketches, uint64_t hash, uint32_t id, uint32_t window) {
    uint32_t *spot = rate_sketches_home(sketches, hash), *end = sketches->spots + sketches->spots_count;
    for (; *spot != 0; spot = spot + 1 < end ? spot + 1 : sketches->spots) {
        if (((*spot ^ (uint32_t)hash) & ~sketches->number_mask) != 0) continue;
        const struct rate_sketch *sketch = &sketches->sketches[*spot & sketches->number_mask];
        if (sketch->id == id && sketch->window == window) break;
    }
    return spot;
}

static uint32_t spot_of(const struct rate_sketches *sketches, uint64_t hash, uint32_t number) {
    return ((uint32_t)hash & ~sketches->number_mask) | number;
}

/* All of them are found again, wherever they stand now; afterwards there are spots for more. */
static void relink(struct rate_sketches *sketches) {
    uint32_t spots_max = SPOTS_A_SKETCH * sketches->count_max, wanted = SPOTS_A_SKETCH * sketches->count;
    uint32_t before = sketches->spots_count;
    sketches->spots_count = SPOTS_MIN;
    while (sketches->spots_count <= wanted && sketches->spots_count < spots_max) sketches->spots_count *= 2;
    if (sketches->spots_count > spots_max) sketches->spots_count = spots_max;
    memset(sketches->spots, 0,
           (before > sketches->spots_count ? before : sketches->spots_count) * sizeof *sketches->spots);
    for (uint32_t i = 1; i < sketches->count; i++) {
        const struct rate_sketch *sketch = &sketches->sketches[i];
        uint64_t hash = rate_sketches_hash(sketches, sketch->id, sketch->window);
        *find(sketches, hash, sketch->id, sketch->window) = spot_of(sketches, hash, i);
    }
}

/* --- dropping ----------------------------------------------------------------------------------- */

/* The bucket of requests (as DDSketch has them) up to which sketches go, so that the others are no more than that. */
static uint32_t find_threshold(const struct rate_sketches *sketches, size_t count_max, size_t bytes_max) {
    struct {
        size_t count, bytes;
    } buckets[DDSKETCH_BUCKETS] = {{0, 0}};
    size_t count = 0, bytes = 0;
    for (uint32_t i = 1; i < sketches->count; i++) {
        const struct rate_sketch *sketch = &sketches->sketches[i];
        uint32_t bucket = ddsketch_bucket(sketch->requests);
        buckets[bucket].count++;
        buckets[bucket].bytes += hyperloglog_bytes(&sketch->clients) + ddsketch_bytes(&sketch->latency);
    }
    for (uint32_t bucket = DDSKETCH_BUCKETS; bucket-- > 0;) {
        count += buckets[bucket].count;
        bytes += buckets[bucket].bytes;
        if (count > count_max || bytes > bytes_max) return bucket;
    }
    return 0;
}

/* No more than so many stay, with so many bytes: those with the fewest requests go, and blocks of the others move together. */
static void keep(struct rate_sketches *sketches, uint32_t count_max, size_t bytes_max) {
    struct rate_sketch *all = sketches->sketches;
    struct pool pool;
    uint32_t kept = 1, threshold = find_threshold(sketches, count_max, bytes_max);
    ASSERT(pool_init(&pool, sketches->pool.bytes_max)); /* half of it at most is used now */
    for (uint32_t i = 1; i < sketches->count; i++) {
        if (ddsketch_bucket(all[i].requests) <= threshold) {
            sketches->lost += all[i].requests;
            continue;
        }
        all[kept] = all[i];
        ASSERT(hyperloglog_move(&all[kept].clients, &pool) && ddsketch_move(&all[kept].latency, &pool));
        kept++;
    }
    sketches->count = kept;
    pool_destroy(&sketches->pool);
    sketches->pool = pool;
    relink(sketches);
}

/* Half of the memory becomes free. */
static __attribute__((noinline)) void reduce(struct rate_sketches *sketches) {
    keep(sketches, sketches->count_max / 2, sketches->pool.bytes_max / 2);
}

bool rate_sketches_halve(struct rate_sketches *sketches) {
    if (sketches->count < SKETCHES_HALVED_MIN) return false;
    keep(sketches, sketches->count / 2, sketches->pool.taken_bytes / 2);
    return true;
}

void rate_sketches_renumber(struct rate_sketches *sketches, const uint32_t *numbers) {
    for (uint32_t i = 1; i < sketches->count; i++) {
        uint32_t *id = &sketches->sketches[i].id;
        *id = (*id & ~RATE_SERIAL_MASK) | numbers[*id & RATE_SERIAL_MASK];
    }
    if (sketches->sketches != NULL) relink(sketches);
}

/* --- adding ------------------------------------------------------------------------------------- */

/* The number of a key's sketch of a window, which is made when there is none. Where the key had one of the window before, it begins with room
 * for half of what that has: what is steady need not grow through all sizes each time, and nothing takes much more than it needs. */
static __attribute__((noinline)) uint32_t make(struct rate_sketches *sketches, const struct rate_entry *entry,
                                               uint32_t window) {
    uint32_t id = rate_sketches_id(entry);
    uint64_t hash = rate_sketches_hash(sketches, id, window);
    uint32_t *spot = find(sketches, hash, id, window);
    if (*spot != 0) return *spot & sketches->number_mask;
    if (SPOTS_A_SKETCH * sketches->count >= sketches->spots_count) {
        if (sketches->count == sketches->count_max)
            reduce(sketches);
        else
            relink(sketches);
        spot = find(sketches, hash, id, window);
    }
    struct rate_sketch made = {.id = id, .window = window};
    if (window > 0 && rate_sketches_has(sketches, entry, window - 1)) {
        const struct rate_sketch *before = &sketches->sketches[entry->beside];
        made.clients = hyperloglog_like(&before->clients);
        made.latency = ddsketch_like(&before->latency);
    }
    *spot = spot_of(sketches, hash, sketches->count);
    sketches->sketches[sketches->count] = made;
    return sketches->count++;
}

/* False: the pool is used up. Doing it again then is right: a client that is added twice counts once. */
static bool count_note(struct rate_sketch *sketch, struct pool *pool, const struct rate_prepared *prepared,
                       bool with_latency) {
    if (prepared->client != 0 && !hyperloglog_add_entry(&sketch->clients, pool, prepared->client)) return false;
    if (with_latency && prepared->latency < DDSKETCH_BUCKETS &&
        !ddsketch_add_bucket(&sketch->latency, pool, prepared->latency))
        return false;
    sketch->requests = rate_sum_32(sketch->requests, 1);
    return true;
}

/* The key's sketch of that window. */
static inline struct rate_sketch *sketch_of(struct rate_sketches *sketches, struct rate_entry *entry, uint32_t window) {
    if (!rate_sketches_has(sketches, entry, window)) entry->beside = make(sketches, entry, window);
    return &sketches->sketches[entry->beside];
}

void rate_sketches_add(struct rate_sketches *sketches, struct rate_entry *entry, const struct rate_prepared *prepared,
                       bool with_latency) {
    while (!count_note(sketch_of(sketches, entry, prepared->window), &sketches->pool, prepared, with_latency))
        reduce(sketches);
}

/* --- forgetting --------------------------------------------------------------------------------- */

static bool key_lives(const struct rate_store *store, uint32_t id) {
    const struct rate_entry *entry = rate_store_entry(store, id & RATE_SERIAL_MASK);
    return entry->serial == (id & RATE_SERIAL_MASK) && entry->key.table == id >> RATE_SERIAL_BITS;
}

void rate_sketches_forget(struct rate_sketches *sketches, const struct rate_store *store, uint32_t window) {
    struct rate_sketch *all = sketches->sketches;
    uint32_t kept = 1;
    if (all == NULL) return;
    for (uint32_t i = 1; i < sketches->count; i++) {
        if (all[i].window >= window && key_lives(store, all[i].id)) {
            all[kept++] = all[i];
            continue;
        }
        if (all[i].window >= window) sketches->lost += all[i].requests;
        if (all[i].clients.block != NULL) pool_give_back(&sketches->pool, all[i].clients.block, all[i].clients.size);
        if (all[i].latency.block != NULL) pool_give_back(&sketches->pool, all[i].latency.block, all[i].latency.size);
    }
    sketches->count = kept;
    relink(sketches);
}

/* --- telling ------------------------------------------------------------------------------------ */

/* Those of a key in the windows of cells, as a list; its first one's number, 0: none. */
static uint32_t gather(struct rate_sketches *sketches, const struct rate_cell *cells, uint32_t count,
                       uint32_t window_slots, uint64_t *requests) {
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t window = cells[i].slot / window_slots;
        if (i > 0 && window == cells[i - 1].slot / window_slots) continue;
        uint64_t hash = rate_sketches_hash(sketches, cells[i].id, window);
        uint32_t number = *find(sketches, hash, cells[i].id, window) & sketches->number_mask;
        if (number == 0) continue;
        sketches->sketches[number].next = first;
        *requests += sketches->sketches[number].requests;
        first = number;
    }
    return first;
}

/* Quantiles of several sketches, in one pass. */
static struct rate_latency latency_of(const struct rate_sketch *all, uint32_t first) {
    static const double quantiles[] = {0.5, 0.95, 0.99};
    double told_s[3] = {0};
    struct ddsketch_sum sum;
    uint64_t below = 0;
    while (first != 0 && all[first].latency.block == NULL) first = all[first].next;
    if (first == 0) return (struct rate_latency){false, 0, 0, 0};
    memset(&sum, 0, sizeof sum);
    for (uint32_t i = first; i != 0; i = all[i].next) ddsketch_sum_merge(&sum, &all[i].latency);
    for (uint32_t next = 0, bucket = 0; next < 3; next++) {
        uint64_t rank = (uint64_t)(quantiles[next] * (double)(sum.count - 1));
        while (below + sum.buckets[bucket] <= rank) below += sum.buckets[bucket++];
        told_s[next] = ddsketch_middle(bucket) / 1e6;
    }
    return (struct rate_latency){true, told_s[0], told_s[1], told_s[2]};
}

/* Clients of several sketches. */
static uint64_t clients_of(struct pool *merging, const struct rate_sketch *all, uint32_t first) {
    if (all[first].next == 0) return hyperloglog_estimate(&all[first].clients);
    struct hyperloglog both = {0};
    uint32_t largest = first; /* it is copied, the others are added */
    for (uint32_t i = all[first].next; i != 0; i = all[i].next)
        if (hyperloglog_bytes(&all[i].clients) > hyperloglog_bytes(&all[largest].clients) || all[i].clients.dense)
            largest = i;
    ASSERT(hyperloglog_merge(&both, merging, &all[largest].clients));
    for (uint32_t i = first; i != 0; i = all[i].next)
        if (i != largest) ASSERT(hyperloglog_merge(&both, merging, &all[i].clients));
    uint64_t clients = hyperloglog_estimate(&both);
    if (both.block != NULL) pool_give_back(merging, both.block, both.size);
    return clients;
}

bool rate_sketches_tell(struct rate_sketches *sketches, const struct rate_cell *cells, uint32_t count,
                        uint32_t window_slots, uint64_t requests, struct rate_sketched *told) {
    if (sketches->sketches == NULL) return false;
    uint64_t counted = 0;
    uint32_t first = gather(sketches, cells, count, window_slots, &counted);
    if (counted != requests) return false;
    uint64_t clients = clients_of(&sketches->merging, sketches->sketches, first);
    *told = (struct rate_sketched){clients < requests ? clients : requests, latency_of(sketches->sketches, first)};
    return true;
}
