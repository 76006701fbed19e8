/* Sketches of values: exact below 128, within 1 % of all above, whatever the values are and however they come together.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/ddsketch.h"
#include "tests/unit/seeded.h"

#define SEEDS 100
#define VALUES 5000u
#define RANGE 32768.0 /* largest to smallest value that an array of 1024 buckets tells apart */

static struct pool pool;

static int open_pool(void **state) {
    (void)state;
    return pool_init(&pool, 1u << 20) ? 0 : -1;
}

static int close_pool(void **state) {
    (void)state;
    pool_destroy(&pool);
    return 0;
}

static void drop(struct ddsketch *sketch) {
    if (sketch->block != NULL) pool_give_back(&pool, sketch->block, sketch->size);
    *sketch = (struct ddsketch){0};
}

/* Buckets follow one another without a gap, and the middle is near to all of their values. */
static void test_buckets(void **state) {
    (void)state;
    assert_int_equal(ddsketch_lowest(0), 0);
    assert_int_equal(ddsketch_highest(DDSKETCH_BUCKETS - 1), UINT32_MAX);
    for (uint32_t bucket = 0; bucket < DDSKETCH_BUCKETS; bucket++) {
        uint32_t lowest = ddsketch_lowest(bucket), highest = ddsketch_highest(bucket), middle = ddsketch_middle(bucket);
        assert_int_equal(ddsketch_bucket(lowest), bucket);
        assert_int_equal(ddsketch_bucket(highest), bucket);
        if (bucket > 0) assert_int_equal(lowest, ddsketch_highest(bucket - 1) + 1);
        assert_true(middle - lowest <= lowest * DDSKETCH_ERROR && highest - middle <= highest * DDSKETCH_ERROR);
        if (bucket < 128) assert_true(lowest == bucket && highest == bucket);
    }
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

enum law { UNIFORM, EXPONENTIAL, ANY_BITS, FEW, LAWS };

static uint32_t draw(struct seeded *seeded, enum law law) {
    if (law == UNIFORM) return seeded_below(seeded, 1000000);
    if (law == EXPONENTIAL) return (uint32_t)(-50000 * log((double)(1 + seeded_below(seeded, 1000000)) / 1000001));
    if (law == ANY_BITS) return seeded_below(seeded, UINT32_MAX) >> seeded_below(seeded, 32);
    return 1000 * seeded_below(seeded, 5);
}

/* Quantiles of sketches that were filled in parts, in any order, and added. */
static void check_law(enum law law, uint64_t seed) {
    static uint32_t values[VALUES];
    static const double quantiles[] = {0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
    struct seeded seeded = {seed};
    struct ddsketch parts[3] = {{0}};
    struct ddsketch_sum sum = {0};
    uint32_t count = 1 + seeded_below(&seeded, VALUES);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = draw(&seeded, law);
        assert_true(ddsketch_add(&parts[seeded_below(&seeded, 3)], &pool, values[i]));
    }
    for (uint32_t i = 0; i < 3; i++) ddsketch_sum_merge(&sum, &parts[i]);
    for (uint32_t i = 0; i < 3; i++) drop(&parts[i]);
    qsort(values, count, sizeof values[0], by_value);
    assert_int_equal(sum.count, count);
    for (size_t i = 0; i < COUNT_OF(quantiles); i++) {
        double exact = values[(uint32_t)(quantiles[i] * (count - 1))];
        double told = ddsketch_sum_quantile(&sum, quantiles[i]);
        if (exact < values[count - 1] / RANGE) continue; /* they may be in the lowest bucket of an array */
        if (told < exact * (1 - DDSKETCH_ERROR) || told > exact * (1 + DDSKETCH_ERROR))
            fail_msg("law %d, seed %llu: %f of %u is %f, not %f", (int)law, (unsigned long long)seed, quantiles[i],
                     count, exact, told);
    }
}

static void test_error(void **state) {
    (void)state;
    for (enum law law = UNIFORM; law < LAWS; law++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) check_law(law, seed);
}

/* The same values in another order, and in a sketch that began with another size, are the same sums. */
static void test_order(void **state) {
    static uint32_t values[VALUES];
    struct seeded seeded = {5};
    struct ddsketch there = {0}, back;
    struct ddsketch_sum sum = {0}, other = {0};
    (void)state;
    for (uint32_t i = 0; i < VALUES; i++) values[i] = draw(&seeded, ANY_BITS);
    for (uint32_t i = 0; i < VALUES; i++) assert_true(ddsketch_add(&there, &pool, values[i]));
    back = ddsketch_like(&there);
    for (uint32_t i = VALUES; i-- > 0;) assert_true(ddsketch_add(&back, &pool, values[i]));
    ddsketch_sum_merge(&sum, &there);
    ddsketch_sum_merge(&other, &back);
    assert_true(there.dense && back.dense);
    assert_memory_equal(&sum, &other, sizeof sum);
    drop(&there);
    drop(&back);
}

/* What is far below the largest is counted, if not told apart; a value that came more often than a set can count is counted, too. */
static void test_extremes(void **state) {
    struct ddsketch sketch = {0};
    struct ddsketch_sum sum = {0};
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) assert_true(ddsketch_add(&sketch, &pool, i * i * i));
    assert_true(sketch.dense);
    assert_true(ddsketch_add(&sketch, &pool, UINT32_MAX));
    assert_true(ddsketch_add(&sketch, &pool, 0));
    ddsketch_sum_merge(&sum, &sketch);
    assert_int_equal(sum.count, 1002);
    assert_int_equal(ddsketch_bucket(ddsketch_sum_at(&sum, 1001)), DDSKETCH_BUCKETS - 1);
    assert_true(ddsketch_sum_at(&sum, 0) < UINT32_MAX / RANGE);
    drop(&sketch);
    memset(&sum, 0, sizeof sum);
    for (uint32_t i = 0; i < (1u << 21) + 10; i++) assert_true(ddsketch_add(&sketch, &pool, 77));
    ddsketch_sum_merge(&sum, &sketch);
    assert_int_equal(sum.buckets[77], (1u << 21) + 10);
    drop(&sketch);
}

/* No more than so many are above the limit, and the next lower bucket would have more. */
static void test_limit(void **state) {
    static uint32_t values[VALUES];
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct seeded seeded = {seed};
        struct ddsketch_sum sum = {0};
        uint32_t over_max = seeded_below(&seeded, VALUES), over = 0, over_next = 0;
        for (uint32_t i = 0; i < VALUES; i++) ddsketch_sum_add(&sum, values[i] = draw(&seeded, EXPONENTIAL), 1);
        uint32_t limit = ddsketch_sum_limit(&sum, over_max);
        for (uint32_t i = 0; i < VALUES; i++) {
            over += values[i] > limit;
            over_next += values[i] >= ddsketch_lowest(ddsketch_bucket(limit));
        }
        assert_true(over <= over_max && over_next > over_max);
    }
}

/* When the pool is used up nothing is changed. */
static void test_no_room(void **state) {
    struct pool small;
    struct ddsketch sketch = {0};
    struct ddsketch_sum sum = {0};
    (void)state;
    assert_true(pool_init(&small, 16 + 32));
    for (uint32_t i = 0; i < 6; i++) assert_true(ddsketch_add(&sketch, &small, 1000 * i));
    assert_false(ddsketch_add(&sketch, &small, 1000000));
    assert_true(ddsketch_add(&sketch, &small, 3000));
    ddsketch_sum_merge(&sum, &sketch);
    assert_int_equal(sum.count, 7);
    struct pool larger;
    assert_true(pool_init(&larger, 4096));
    assert_true(ddsketch_move(&sketch, &larger));
    pool_destroy(&small);
    assert_true(ddsketch_add(&sketch, &larger, 1000000));
    memset(&sum, 0, sizeof sum);
    ddsketch_sum_merge(&sum, &sketch);
    assert_int_equal(sum.count, 8);
    pool_destroy(&larger);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_buckets), cmocka_unit_test(test_error),
                                       cmocka_unit_test(test_order),   cmocka_unit_test(test_extremes),
                                       cmocka_unit_test(test_limit),   cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
