/* A word of a set is the bucket above and how often it is in use below; a bucket that was met too often for that makes an array of the set.
 * The array is a ring: bucket b stands at b mod 1024, and those from `highest` - 1023 to `highest` are in it.
 *
 * Threads: see the header. */
#include "enrich/ddsketch.h"

#include <string.h>

#define COUNT_BITS 21u
#define COUNT_MAX ((1u << COUNT_BITS) - 1)
#define RING 1024u
#define SET_SIZE_MAX 7u /* 512 places */
#define RING_SIZE 8u
_Static_assert((POOL_BLOCK_BYTES_MIN << RING_SIZE) == RING * sizeof(uint32_t), "a bucket of the array has 4 bytes");
_Static_assert(DDSKETCH_BUCKETS <= 1u << (32 - COUNT_BITS), "a bucket's number, plus 1 of the set, has its bits");
_Static_assert(RING_SIZE < POOL_SIZES, "the pool has such blocks");

uint32_t ddsketch_lowest(uint32_t bucket) {
    uint32_t shift = bucket < 128 ? 0 : (bucket >> 6) - 1;
    return (bucket - (shift << 6)) << shift;
}

uint32_t ddsketch_highest(uint32_t bucket) {
    uint32_t shift = bucket < 128 ? 0 : (bucket >> 6) - 1;
    return ddsketch_lowest(bucket) + ((1u << shift) - 1);
}

uint32_t ddsketch_middle(uint32_t bucket) {
    uint32_t lowest = ddsketch_lowest(bucket);
    return lowest + (ddsketch_highest(bucket) - lowest + 1) / 2;
}

static uint32_t places_of(const struct ddsketch *sketch) {
    return (POOL_BLOCK_BYTES_MIN / (uint32_t)sizeof(uint32_t)) << sketch->size;
}

/* Where the bucket is in the set, or the free place for it: words of buckets in use are never 0. As in
 * enrich/hyperloglog.c that is one question. */
static inline uint32_t *find(const struct ddsketch *sketch, uint32_t bucket) {
    uint32_t *places = sketch->block, mask = places_of(sketch) - 1, at = ddsketch_place(bucket, mask);
    while ((uint64_t)places[at & mask] * (places[at & mask] >> COUNT_BITS ^ bucket) != 0) at++;
    return &places[at & mask];
}

static inline void raise_count(uint32_t *counted, uint32_t times) {
    *counted = *counted > UINT32_MAX - times ? UINT32_MAX : *counted + times;
}

/* The array begins higher: what it had below goes to its lowest bucket. */
static __attribute__((noinline)) void raise_highest(struct ddsketch *sketch, uint32_t highest) {
    uint32_t *ring = sketch->block, below = 0;
    uint32_t old_lowest = sketch->highest < RING ? 0 : sketch->highest - RING + 1;
    uint32_t lowest = highest < RING ? 0 : highest - RING + 1;
    for (uint32_t bucket = old_lowest; bucket < lowest && bucket <= sketch->highest; bucket++) {
        raise_count(&below, ring[bucket % RING]);
        ring[bucket % RING] = 0;
    }
    raise_count(&ring[lowest % RING], below);
    sketch->highest = (uint16_t)highest;
}

static inline void add_to_ring(struct ddsketch *sketch, uint32_t bucket, uint32_t times) {
    if (bucket > sketch->highest) raise_highest(sketch, bucket);
    if (bucket + RING <= sketch->highest) bucket = sketch->highest - RING + 1;
    raise_count((uint32_t *)sketch->block + bucket % RING, times);
}

/* The set in a block of twice the size, or as an array. */
static bool grow(struct ddsketch *sketch, struct pool *pool, bool dense) {
    const struct ddsketch before = *sketch;
    bool first = before.block == NULL;
    uint8_t size = (uint8_t)(dense ? RING_SIZE : first ? before.size : before.size + 1u);
    void *block = pool_take(pool, size);
    if (block == NULL) return false;
    *sketch = (struct ddsketch){.block = block, .count = before.count, .size = size, .dense = dense};
    if (first) return true;
    const uint32_t *places = before.block;
    for (uint32_t i = 0; i < places_of(&before); i++) {
        if (places[i] == 0) continue;
        if (dense)
            add_to_ring(sketch, places[i] >> COUNT_BITS, places[i] & COUNT_MAX);
        else
            *find(sketch, places[i] >> COUNT_BITS) = places[i];
    }
    pool_give_back(pool, before.block, before.size);
    return true;
}

static __attribute__((noinline)) bool grow_and_add(struct ddsketch *sketch, struct pool *pool, uint32_t bucket,
                                                   bool dense) {
    return grow(sketch, pool, dense) && ddsketch_add_bucket(sketch, pool, bucket);
}

bool ddsketch_add_bucket(struct ddsketch *sketch, struct pool *pool, uint32_t bucket) {
    if (sketch->dense) {
        add_to_ring(sketch, bucket, 1);
        return true;
    }
    if (sketch->block == NULL) return grow_and_add(sketch, pool, bucket, false);
    uint32_t *place = find(sketch, bucket), counted = *place & COUNT_MAX;
    bool is_new = counted == 0;
    if (sketch->count == places_of(sketch) / 4 * 3 && is_new)
        return grow_and_add(sketch, pool, bucket, sketch->size == SET_SIZE_MAX);
    if (counted == COUNT_MAX) return grow_and_add(sketch, pool, bucket, true);
    *place = bucket << COUNT_BITS | (counted + 1);
    sketch->count = (uint16_t)(sketch->count + is_new);
    return true;
}

bool ddsketch_move(struct ddsketch *sketch, struct pool *to) {
    if (sketch->block == NULL) return true;
    void *block = pool_copy(to, sketch->block, sketch->size);
    if (block == NULL) return false;
    sketch->block = block;
    return true;
}

void ddsketch_sum_merge(struct ddsketch_sum *sum, const struct ddsketch *sketch) {
    const uint32_t *words = sketch->block;
    uint64_t count = 0;
    if (words == NULL) return;
    if (sketch->dense) {
        uint32_t lowest = sketch->highest < RING ? 0 : sketch->highest - RING + 1;
        for (uint32_t bucket = lowest; bucket <= sketch->highest; bucket++) {
            sum->buckets[bucket] += words[bucket % RING];
            count += words[bucket % RING];
        }
    } else {
        for (uint32_t i = 0; i < places_of(sketch); i++) { /* free places add nothing to bucket 0 */
            sum->buckets[words[i] >> COUNT_BITS] += words[i] & COUNT_MAX;
            count += words[i] & COUNT_MAX;
        }
    }
    sum->count += count;
}

uint32_t ddsketch_sum_at(const struct ddsketch_sum *sum, uint64_t rank) {
    uint64_t below = 0;
    for (uint32_t bucket = 0; bucket < DDSKETCH_BUCKETS; bucket++) {
        below += sum->buckets[bucket];
        if (below > rank) return ddsketch_middle(bucket);
    }
    return 0;
}

uint32_t ddsketch_sum_quantile(const struct ddsketch_sum *sum, double q) {
    return sum->count == 0 ? 0 : ddsketch_sum_at(sum, (uint64_t)(q * (double)(sum->count - 1)));
}

uint32_t ddsketch_sum_limit(const struct ddsketch_sum *sum, uint64_t over_max) {
    uint64_t over = 0;
    for (uint32_t bucket = DDSKETCH_BUCKETS; bucket-- > 0;) {
        over += sum->buckets[bucket];
        if (over > over_max) return ddsketch_highest(bucket);
    }
    return 0;
}
