/* How many different ones there were, without keeping them: HyperLogLog.
 *
 * Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" (AofA 2007), with
 * 2^12 registers: the standard error is 1.04 / sqrt(2^12) = 1.6 % of the number. The estimate is the improved one of Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017, section 2), which has that error over the whole range and needs neither a second
 * estimator for few nor tables. A sketch of few is a set of what would go into the registers, 32 bits of each, as HLL++ has it (Heule,
 * Nunkesser, Hall, EDBT 2013), and its number is exact but for two that have the same 32 bits (0.007 % of sketches of 768); it takes 16
 * bytes first, and becomes registers beyond 768.
 *
 * What is in a sketch depends on the set of hashes alone, not on their order or on who added them: the estimate is the same for any
 * number of workers, and merging two is the sketch of both.
 *
 * Threads: a sketch belongs to the owner of its pool. */
#ifndef WHEREFROM_HYPERLOGLOG_H
#define WHEREFROM_HYPERLOGLOG_H

#include "base/pool.h"

struct hyperloglog {
    void *block;    /* of the pool: hashes as a set, or registers; NULL: nothing was added */
    uint16_t count; /* of the set */
    uint8_t size;   /* of the block, as pool_take has it */
    bool dense;     /* it holds registers */
};

/* An empty sketch is all zero, or has only a `size`, which its first block is to have: */
static inline struct hyperloglog hyperloglog_like(const struct hyperloglog *larger) {
    return (struct hyperloglog){.size = (uint8_t)(larger->size - (larger->size > 0))};
}

/* What a sketch has of a hash of 64 good bits; never 0. */
uint32_t hyperloglog_entry(uint64_t hash);

/* Adds one by that. False: the pool is used up, and nothing was changed. */
bool hyperloglog_add_entry(struct hyperloglog *sketch, struct pool *pool, uint32_t entry)
    __attribute__((warn_unused_result));
static inline __attribute__((warn_unused_result)) bool hyperloglog_add(struct hyperloglog *sketch, struct pool *pool,
                                                                       uint64_t hash) {
    return hyperloglog_add_entry(sketch, pool, hyperloglog_entry(hash));
}

#define HYPERLOGLOG_REGISTER_BITS 12u
#define HYPERLOGLOG_INDEX_BITS 26u /* of a hash in a set */

/* Fetches what adding will look at, without waiting for it. */
static inline void hyperloglog_prefetch_entry(const struct hyperloglog *sketch, uint32_t entry) {
    size_t last = ((size_t)POOL_BLOCK_BYTES_MIN << sketch->size) - 1,
           place = (size_t)(entry >> (32 - HYPERLOGLOG_INDEX_BITS)) * sizeof(uint32_t) & last;
    if (sketch->dense) place = entry >> (32 - HYPERLOGLOG_REGISTER_BITS);
    if (sketch->block != NULL) __builtin_prefetch((const char *)sketch->block + place);
}

static inline void hyperloglog_prefetch(const struct hyperloglog *sketch, uint64_t hash) {
    hyperloglog_prefetch_entry(sketch, (uint32_t)(hash >> 32)); /* it looks at upper bits, which are the same */
}

/* Adds all that `other` has, of the same pool or of another. False: the pool is used up, and part of it may have been added. */
bool hyperloglog_merge(struct hyperloglog *sketch, struct pool *pool, const struct hyperloglog *other)
    __attribute__((warn_unused_result));

/* Bytes of its block. */
static inline size_t hyperloglog_bytes(const struct hyperloglog *sketch) {
    return sketch->block != NULL ? (size_t)POOL_BLOCK_BYTES_MIN << sketch->size : 0;
}

/* Copies its block to another pool, which is to own it; the old one is not told. False: that one is used up. */
bool hyperloglog_move(struct hyperloglog *sketch, struct pool *to) __attribute__((warn_unused_result));

/* How many there were, about. */
uint64_t hyperloglog_estimate(const struct hyperloglog *sketch);

#endif
