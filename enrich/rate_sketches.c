/* Sketches stand one behind the other, in the order in which they were made; an entry leads to its key's latest one.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/rate_sketches.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)
#define SKETCHES_HALVED_MIN 64u
#define MERGE_BYTES (16u * 1024) /* a sketch that grows from nothing takes all sizes of blocks once: 8 KiB */

/* --- memory ------------------------------------------------------------------------------------- */

/* A quarter for sketches, half for their blocks; the last quarter is for blocks while they move, or for sketches while they are sorted. */
bool rate_sketches_init(struct rate_sketches *sketches, size_t bytes_max) {
    *sketches = (struct rate_sketches){0};
    if (bytes_max == 0) return true;
    size_t count = bytes_max / 4 / sizeof *sketches->sketches;
    void *memory = mmap(NULL, 2 * count * sizeof *sketches->sketches, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    sketches->sketches = memory;
    sketches->count = 1;
    sketches->count_max = (uint32_t)count;
    return pool_init(&sketches->pool, bytes_max / 2) && pool_init(&sketches->merging, MERGE_BYTES);
}

void rate_sketches_destroy(struct rate_sketches *sketches) {
    if (sketches->sketches != NULL) munmap(sketches->sketches, 2 * sketches->count_max * sizeof *sketches->sketches);
    pool_destroy(&sketches->pool);
    pool_destroy(&sketches->merging);
    *sketches = (struct rate_sketches){0};
}

/* Entries lead to the latest sketches of their keys again. */
static void relink(struct rate_sketches *sketches, struct rate_store *store) {
    struct rate_sketch *all = sketches->sketches;
    for (uint32_t serial = 1; serial <= store->serials_used; serial++) {
        struct rate_entry *entry = rate_store_entry(store, serial);
        if (entry->serial != 0 && store->plan->tables[entry->key.table].has_clients) entry->beside = 0;
    }
    for (uint32_t i = 1; i < sketches->count; i++) {
        struct rate_entry *entry = rate_store_entry(store, all[i].id & RATE_SERIAL_MASK);
        if (entry->beside == 0 || all[entry->beside].window <= all[i].window) entry->beside = i;
    }
}

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
static void keep(struct rate_sketches *sketches, struct rate_store *store, uint32_t count_max, size_t bytes_max) {
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
    relink(sketches, store);
}

/* Half of the memory becomes free. */
static __attribute__((noinline)) void reduce(struct rate_sketches *sketches, struct rate_store *store) {
    keep(sketches, store, sketches->count_max / 2, sketches->pool.bytes_max / 2);
}

bool rate_sketches_halve(struct rate_sketches *sketches, struct rate_store *store) {
    if (sketches->count < SKETCHES_HALVED_MIN) return false;
    keep(sketches, store, sketches->count / 2, sketches->pool.taken_bytes / 2);
    return true;
}

void rate_sketches_renumber(struct rate_sketches *sketches, const uint32_t *numbers) {
    for (uint32_t i = 1; i < sketches->count; i++) {
        uint32_t *id = &sketches->sketches[i].id;
        *id = (*id & ~RATE_SERIAL_MASK) | numbers[*id & RATE_SERIAL_MASK];
    }
}

/* --- adding ------------------------------------------------------------------------------------- */

static __attribute__((noinline)) struct rate_sketch *make(struct rate_sketches *sketches, struct rate_store *store,
                                                          struct rate_entry *entry, uint32_t window) {
    if (sketches->count == sketches->count_max) reduce(sketches, store);
    entry->beside = sketches->count++;
    sketches->sketches[entry->beside] = (struct rate_sketch){
        .id = (uint32_t)entry->key.table << RATE_SERIAL_BITS | entry->serial, .window = window};
    return &sketches->sketches[entry->beside];
}

static bool count_note(struct rate_sketch *sketch, struct pool *pool, const struct rollup_note *note, bool with_latency,
                       bool *has_client) {
    if (!*has_client && note->resolved && !hyperloglog_add(&sketch->clients, pool, note->client_hash)) return false;
    *has_client = true; /* adding twice would change nothing */
    return !with_latency || note->latency_us == LATENCY_UNKNOWN ||
           ddsketch_add(&sketch->latency, pool, note->latency_us);
}

void rate_sketches_add(struct rate_sketches *sketches, struct rate_store *store, struct rate_entry *entry,
                       uint32_t window, const struct rollup_note *note, bool with_latency) {
    for (bool has_client = false, done = false; !done;) {
        struct rate_sketch *sketch = &sketches->sketches[entry->beside];
        if (entry->beside == 0 || sketch->window != window) sketch = make(sketches, store, entry, window);
        done = count_note(sketch, &sketches->pool, note, with_latency, &has_client);
        if (done)
            sketch->requests = rate_sum_32(sketch->requests, 1);
        else
            reduce(sketches, store);
    }
}

/* --- forgetting --------------------------------------------------------------------------------- */

static bool key_lives(const struct rate_store *store, uint32_t id) {
    const struct rate_entry *entry = rate_store_entry(store, id & RATE_SERIAL_MASK);
    return entry->serial == (id & RATE_SERIAL_MASK) && entry->key.table == id >> RATE_SERIAL_BITS;
}

void rate_sketches_forget(struct rate_sketches *sketches, struct rate_store *store, uint32_t window) {
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
    relink(sketches, store);
}

/* --- telling ------------------------------------------------------------------------------------ */

static uint64_t order_of(uint32_t id, uint32_t window) {
    return (uint64_t)id << 32 | window;
}

/* Puts sketches in order of eleven bits of their keys (shift 32 and more) or windows; those that are equal stay as they were. */
static bool sort_digit(const struct rate_sketch *from, struct rate_sketch *to, uint32_t count, uint32_t shift) {
    uint32_t starts[DIGITS] = {0}, sum = 0;
    for (uint32_t i = 0; i < count; i++) starts[order_of(from[i].id, from[i].window) >> shift & (DIGITS - 1)]++;
    if (starts[order_of(from[0].id, from[0].window) >> shift & (DIGITS - 1)] == count) return false;
    for (uint32_t digit = 0; digit < DIGITS; digit++) {
        uint32_t here = starts[digit];
        starts[digit] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < count; i++)
        to[starts[order_of(from[i].id, from[i].window) >> shift & (DIGITS - 1)]++] = from[i];
    return true;
}

void rate_sketches_sort(struct rate_sketches *sketches) {
    if (sketches->count <= 1) return;
    struct rate_sketch *from = sketches->sketches + 1, *to = from + sketches->count;
    uint32_t count = sketches->count - 1;
    for (uint32_t shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (!sort_digit(from, to, count, shift)) continue;
        struct rate_sketch *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != sketches->sketches + 1) memcpy(sketches->sketches + 1, from, count * sizeof *from);
}

static uint32_t first_of(const struct rate_sketches *sketches, uint32_t id, uint32_t window) {
    uint32_t from = 1, to = sketches->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (order_of(sketches->sketches[middle].id, sketches->sketches[middle].window) < order_of(id, window))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Quantiles of several sketches, in one pass. */
static struct rate_latency latency_of(const struct rate_sketch *sketches, uint32_t count) {
    static const double quantiles[] = {0.5, 0.95, 0.99};
    double told_s[3] = {0};
    struct ddsketch_sum sum;
    uint64_t below = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) used += sketches[i].latency.block != NULL;
    if (used == 0) return (struct rate_latency){false, 0, 0, 0};
    memset(&sum, 0, sizeof sum);
    for (uint32_t i = 0; i < count; i++) ddsketch_sum_merge(&sum, &sketches[i].latency);
    for (uint32_t bucket = 0, next = 0; next < 3 && below < sum.count; bucket++) {
        below += sum.buckets[bucket];
        while (next < 3 && below > (uint64_t)(quantiles[next] * (double)(sum.count - 1)))
            told_s[next++] = ddsketch_middle(bucket) / 1e6;
    }
    return (struct rate_latency){true, told_s[0], told_s[1], told_s[2]};
}

/* Clients of several sketches. */
static uint64_t clients_of(struct pool *merging, const struct rate_sketch *sketches, uint32_t count) {
    if (count == 1) return hyperloglog_estimate(&sketches[0].clients);
    struct hyperloglog both = {0};
    uint32_t largest = 0; /* it is copied, the others are added */
    for (uint32_t i = 1; i < count; i++)
        if (hyperloglog_bytes(&sketches[i].clients) > hyperloglog_bytes(&sketches[largest].clients) ||
            sketches[i].clients.dense)
            largest = i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t next = i == 0 ? largest : i == largest ? 0 : i;
        ASSERT(hyperloglog_merge(&both, merging, &sketches[next].clients));
    }
    uint64_t clients = hyperloglog_estimate(&both);
    if (both.block != NULL) pool_give_back(merging, both.block, both.size);
    return clients;
}

bool rate_sketches_tell(struct rate_sketches *sketches, uint32_t id, uint32_t from, uint32_t to, uint64_t requests,
                        struct rate_sketched *told) {
    if (sketches->sketches == NULL) return false;
    uint32_t first = first_of(sketches, id, from), count = first_of(sketches, id, to) - first;
    const struct rate_sketch *some = &sketches->sketches[first];
    uint64_t counted = 0;
    for (uint32_t i = 0; i < count; i++) counted += some[i].requests;
    if (counted != requests) return false;
    uint64_t clients = clients_of(&sketches->merging, some, count);
    *told = (struct rate_sketched){clients < requests ? clients : requests, latency_of(some, count)};
    return true;
}
