/* An entry of a set is the upper 26 bits of a hash and, below them, where the first 1 stands in the other 38: enough for the register
 * (12 bits) and its value (where the first 1 stands in the 52 bits behind). No entry is 0, so 0 is a free place.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/hyperloglog.h"

#include <math.h>
#include <string.h>

#define REGISTER_BITS HYPERLOGLOG_REGISTER_BITS
#define REGISTERS (1u << REGISTER_BITS)
#define RANK_MAX (64u - REGISTER_BITS + 1u)
#define INDEX_BITS HYPERLOGLOG_INDEX_BITS
#define ENTRY_RANK_BITS 6u
#define SET_SIZE_MAX 8u /* 1024 places: as large as registers */
_Static_assert((POOL_BLOCK_BYTES_MIN << SET_SIZE_MAX) == REGISTERS, "a register is a byte");
_Static_assert(SET_SIZE_MAX < POOL_SIZES, "the pool has such blocks");
_Static_assert(INDEX_BITS + ENTRY_RANK_BITS == 32, "an entry is a word");

/* Where the first 1 is in the upper `bits` of a word, from 1; bits + 1 when there is none. */
static uint32_t rank_of(uint64_t word, uint32_t bits) {
    uint32_t zeros = word == 0 ? 64 : (uint32_t)__builtin_clzll(word);
    return (zeros < bits ? zeros : bits) + 1;
}

uint32_t hyperloglog_entry(uint64_t hash) {
    uint32_t index = (uint32_t)(hash >> (64 - INDEX_BITS));
    return index << ENTRY_RANK_BITS | rank_of(hash << INDEX_BITS, 64 - INDEX_BITS);
}

static inline void raise_register(uint8_t *registers, uint32_t entry) {
    uint32_t behind = entry << REGISTER_BITS; /* the register's number: the rest of the index */
    uint32_t bits = INDEX_BITS - REGISTER_BITS, rank_behind = entry & ((1u << ENTRY_RANK_BITS) - 1);
    uint32_t index_behind = behind >> (32 - bits);
    uint32_t rank = index_behind != 0 ? (uint32_t)__builtin_clz(behind) + 1 : bits + rank_behind;
    uint8_t *raised = &registers[entry >> (32 - REGISTER_BITS)];
    *raised = (uint8_t)(rank > *raised ? rank : *raised); /* always stored: nobody can foresee whether it is larger */
}

static uint32_t places_of(const struct hyperloglog *sketch) {
    return (POOL_BLOCK_BYTES_MIN / (uint32_t)sizeof(uint32_t)) << sketch->size;
}

/* Where the entry is in the set, or the free place for it. Which of the two it will be nobody can foresee, so that is one question. */
static inline uint32_t *find(const struct hyperloglog *sketch, uint32_t entry) {
    uint32_t *places = sketch->block, mask = places_of(sketch) - 1, at = entry >> ENTRY_RANK_BITS;
    while ((uint64_t)places[at & mask] * (places[at & mask] ^ entry) != 0) at++;
    return &places[at & mask];
}

/* The set in a block of twice the size, or as registers. */
static bool grow(struct hyperloglog *sketch, struct pool *pool) {
    const struct hyperloglog before = *sketch;
    bool first = before.block == NULL, dense = !first && before.size == SET_SIZE_MAX;
    uint8_t size = (uint8_t)(first || dense ? before.size : before.size + 1);
    void *block = pool_take(pool, size);
    if (block == NULL) return false;
    *sketch = (struct hyperloglog){.block = block, .count = before.count, .size = size, .dense = dense};
    if (first) return true;
    const uint32_t *places = before.block;
    for (uint32_t i = 0; i < places_of(&before); i++) {
        if (places[i] == 0) continue;
        if (dense)
            raise_register(block, places[i]);
        else
            *find(sketch, places[i]) = places[i];
    }
    pool_give_back(pool, before.block, before.size);
    return true;
}

static __attribute__((noinline)) bool grow_and_add(struct hyperloglog *sketch, struct pool *pool, uint32_t entry) {
    return grow(sketch, pool) && hyperloglog_add_entry(sketch, pool, entry);
}

bool hyperloglog_add_entry(struct hyperloglog *sketch, struct pool *pool, uint32_t entry) {
    if (sketch->dense) {
        raise_register(sketch->block, entry);
        return true;
    }
    if (sketch->block == NULL) return grow_and_add(sketch, pool, entry);
    uint32_t *place = find(sketch, entry);
    bool is_new = *place == 0;
    if (sketch->count == places_of(sketch) / 4 * 3 && is_new) return grow_and_add(sketch, pool, entry);
    *place = entry;
    sketch->count = (uint16_t)(sketch->count + is_new);
    return true;
}

bool hyperloglog_move(struct hyperloglog *sketch, struct pool *to) {
    if (sketch->block == NULL) return true;
    void *block = pool_copy(to, sketch->block, sketch->size);
    if (block == NULL) return false;
    sketch->block = block;
    return true;
}

/* Entries are put together first: where there is none nobody can foresee. */
static bool merge_set(struct hyperloglog *sketch, struct pool *pool, const struct hyperloglog *other) {
    uint32_t entries[(POOL_BLOCK_BYTES_MIN << SET_SIZE_MAX) / sizeof(uint32_t)], count = 0, many = places_of(other);
    const uint32_t *places = other->block;
    for (uint32_t i = 0; i < many; i++) {
        entries[count] = places[i];
        count += places[i] != 0;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!hyperloglog_add_entry(sketch, pool, entries[i])) return false;
    return true;
}

bool hyperloglog_merge(struct hyperloglog *sketch, struct pool *pool, const struct hyperloglog *other) {
    if (other->block == NULL) return true;
    if (sketch->block == NULL) {
        *sketch = *other;
        if (hyperloglog_move(sketch, pool)) return true;
        *sketch = (struct hyperloglog){0};
        return false;
    }
    if (!other->dense) return merge_set(sketch, pool, other);
    while (!sketch->dense)
        if (!grow(sketch, pool)) return false;
    uint8_t *registers = sketch->block;
    const uint8_t *others = other->block;
    for (uint32_t i = 0; i < REGISTERS; i++) /* always stored, so that it can go by vectors */
        registers[i] = others[i] > registers[i] ? others[i] : registers[i];
    return true;
}

/* x + x^2 + 2 x^4 + 4 x^8 + ..: what registers that are 0 add, by their share x. */
static double sigma(double x) {
    double factor = 1, sum = x, before;
    if (x == 1) return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * factor;
        factor += factor;
    } while (sum != before);
    return sum;
}

/* The same at the other end: of registers that are full, by the share x of those that are not. */
static double tau(double x) {
    double factor = 1, sum = 1 - x, before;
    if (x == 0 || x == 1) return 0;
    do {
        x = sqrt(x);
        before = sum;
        factor /= 2;
        sum -= (1 - x) * (1 - x) * factor;
    } while (sum != before);
    return sum / 3;
}

uint64_t hyperloglog_estimate(const struct hyperloglog *sketch) {
    if (!sketch->dense) return sketch->count;
    uint32_t counts[RANK_MAX + 1] = {0};
    const uint8_t *registers = sketch->block;
    for (uint32_t i = 0; i < REGISTERS; i++) counts[registers[i]]++;
    double sum = REGISTERS * tau(1 - (double)counts[RANK_MAX] / REGISTERS);
    for (uint32_t rank = RANK_MAX - 1; rank >= 1; rank--) sum = (sum + counts[rank]) / 2;
    sum += REGISTERS * sigma((double)counts[0] / REGISTERS);
    return (uint64_t)llround((double)REGISTERS * REGISTERS / (2 * M_LN2 * sum));
}
