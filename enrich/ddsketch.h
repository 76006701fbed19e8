/* How values are distributed, without keeping them: DDSketch.
 *
 * Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees" (VLDB 2019): values are counted in
 * buckets whose width grows with the value, so a quantile is told with a relative error, whatever the distribution is; two sketches are
 * merged by adding. Instead of by the logarithm, buckets go by the value's highest bit and the six bits behind it: values below 128 have a
 * bucket each and are exact, the others are off by 1/128 (0.8 %) at most, and 1 % is what is promised. No floating point, 1728 buckets for
 * all of 32 bits.
 *
 * A sketch of many keys is a struct ddsketch: a set of the buckets in use first, then an array of 1024 buckets, the highest that there are:
 * what is more than 2^15 times less than the largest value counts in the lowest of them, as the paper has it. A sketch of one thing is a
 * struct ddsketch_sum, an array of all. Both depend on the values alone, not on their order.
 *
 * Threads: a sketch belongs to the owner of its pool. */
#ifndef WHEREFROM_DDSKETCH_H
#define WHEREFROM_DDSKETCH_H

#include "base/pool.h"

#define DDSKETCH_BUCKETS 1728u
#define DDSKETCH_ERROR 0.01 /* relative */

struct ddsketch {
    void *block;      /* of the pool; NULL: nothing was added */
    uint16_t count;   /* buckets of the set */
    uint16_t highest; /* of the array: the highest bucket in use */
    uint8_t size;     /* of the block, as pool_take has it */
    bool dense;       /* it is an array */
};

/* An empty sketch is all zero, or has only a `size`, which its first block is to have: */
static inline struct ddsketch ddsketch_like(const struct ddsketch *larger) {
    return (struct ddsketch){.size = (uint8_t)(larger->size - (larger->size > 0))};
}

struct ddsketch_sum {
    uint64_t count;
    uint64_t buckets[DDSKETCH_BUCKETS];
};

/* Bucket of a value. */
static inline uint32_t ddsketch_bucket(uint32_t value) {
    uint32_t shift = value < 128 ? 0 : 25u - (uint32_t)__builtin_clz(value);
    return (shift << 6) + (value >> shift);
}

/* The lowest, the highest and the middle value of a bucket. */
uint32_t ddsketch_lowest(uint32_t bucket);
uint32_t ddsketch_highest(uint32_t bucket);
uint32_t ddsketch_middle(uint32_t bucket);

/* Counts a value, by its bucket. False: the pool is used up, and nothing was changed. */
bool ddsketch_add_bucket(struct ddsketch *sketch, struct pool *pool, uint32_t bucket)
    __attribute__((warn_unused_result));
static inline __attribute__((warn_unused_result)) bool ddsketch_add(struct ddsketch *sketch, struct pool *pool,
                                                                    uint32_t value) {
    return ddsketch_add_bucket(sketch, pool, ddsketch_bucket(value));
}

/* Where a set of `mask` + 1 places has it, or behind: neighbours, which values mostly are, stand far from each other. */
static inline uint32_t ddsketch_place(uint32_t bucket, uint32_t mask) {
    return bucket * 40503u >> 7 & mask; /* 2^16 / golden ratio */
}

/* Fetches what ddsketch_add_bucket will look at, without waiting for it. */
static inline void ddsketch_prefetch(const struct ddsketch *sketch, uint32_t bucket) {
    uint32_t last = (4u << sketch->size) - 1;
    uint32_t place = sketch->dense ? bucket & 1023u : ddsketch_place(bucket, last);
    if (sketch->block != NULL) __builtin_prefetch((const uint32_t *)sketch->block + place);
}

static inline size_t ddsketch_bytes(const struct ddsketch *sketch) {
    return sketch->block != NULL ? (size_t)POOL_BLOCK_BYTES_MIN << sketch->size : 0;
}

/* Copies its block to another pool, which is to own it; the old one is not told. False: that one is used up. */
bool ddsketch_move(struct ddsketch *sketch, struct pool *to) __attribute__((warn_unused_result));

static inline void ddsketch_sum_add(struct ddsketch_sum *sum, uint32_t value, uint64_t times) {
    sum->buckets[ddsketch_bucket(value)] += times;
    sum->count += times;
}

/* Adds all that a sketch has. */
void ddsketch_sum_merge(struct ddsketch_sum *sum, const struct ddsketch *sketch);

/* The value that `rank` others are below or equal to (rank from 0; count - 1: the largest), about; 0 of an empty sum. */
uint32_t ddsketch_sum_at(const struct ddsketch_sum *sum, uint64_t rank);

/* The value below which a share q of all is: that of rank floor(q * (count - 1)). */
uint32_t ddsketch_sum_quantile(const struct ddsketch_sum *sum, double q);

/* The lowest of the buckets' highest values that no more than `over_max` values are above. */
uint32_t ddsketch_sum_limit(const struct ddsketch_sum *sum, uint64_t over_max);

#endif
