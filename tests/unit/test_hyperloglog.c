/* Sketches: exact while they are few, within their error beyond, the same for any order, and the union when merged.
 *
 * `test_hyperloglog long` goes to 10^7, which takes a minute.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/hyperloglog.h"
#include "tests/unit/seeded.h"

#define SIGMA (1.04 / 64) /* of 2^12 registers */
#define SEEDS 100
#define SET_MAX 768 /* entries of a sketch that is a set */

static uint64_t cardinality_max = 1000000;
static struct pool pool;

static int open_pool(void **state) {
    (void)state;
    return pool_init(&pool, 4u << 20) ? 0 : -1;
}

static int close_pool(void **state) {
    (void)state;
    pool_destroy(&pool);
    return 0;
}

/* All different, and the same for the same seed. */
static uint64_t hash_of(uint64_t seed, uint64_t number) {
    struct seeded seeded = {(seed << 40 | number) + 1};
    (void)seeded_next(&seeded);
    return seeded_next(&seeded) ^ seeded_next(&seeded) >> 7;
}

static void add_range(struct hyperloglog *sketch, uint64_t seed, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) assert_true(hyperloglog_add(sketch, &pool, hash_of(seed, i)));
}

static void drop(struct hyperloglog *sketch) {
    if (sketch->block != NULL) pool_give_back(&pool, sketch->block, sketch->size);
    *sketch = (struct hyperloglog){0};
}

static void assert_same(const struct hyperloglog *a, const struct hyperloglog *b) {
    assert_int_equal(hyperloglog_estimate(a), hyperloglog_estimate(b));
    assert_int_equal(a->dense, b->dense);
    if (a->dense) assert_memory_equal(a->block, b->block, hyperloglog_bytes(a));
}

static void test_few_are_exact(void **state) {
    struct hyperloglog sketch = {0};
    (void)state;
    assert_int_equal(hyperloglog_estimate(&sketch), 0);
    for (uint64_t i = 0; i < SET_MAX; i++) {
        for (int again = 0; again < 3; again++) assert_true(hyperloglog_add(&sketch, &pool, hash_of(1, i)));
        assert_true(hyperloglog_add(&sketch, &pool, hash_of(1, i / 2)));
        assert_int_equal(hyperloglog_estimate(&sketch), i + 1);
        assert_false(sketch.dense);
    }
    add_range(&sketch, 1, SET_MAX, SET_MAX + 1);
    assert_true(sketch.dense);
    drop(&sketch);
}

/* No more than one of a hundred is farther off than three standard errors; a normal law has 0.27 of them. And their mean is right: an
 * estimator that leans to one side would be found by that. */
static void test_error(void **state) {
    (void)state;
    for (uint64_t count = 10; count <= cardinality_max; count *= 10) {
        int far = 0;
        double sum = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct hyperloglog sketch = {0};
            add_range(&sketch, seed, 0, count);
            double error = ((double)hyperloglog_estimate(&sketch) - (double)count) / (double)count;
            far += error > 3 * SIGMA || error < -3 * SIGMA;
            sum += error;
            drop(&sketch);
        }
        if (far > SEEDS / 100) fail_msg("%llu: %d of %d are farther off", (unsigned long long)count, far, SEEDS);
        if (sum / SEEDS > SIGMA / 3 || sum / SEEDS < -SIGMA / 3)
            fail_msg("%llu: on the average %f too much", (unsigned long long)count, sum / SEEDS);
    }
}

/* Between the powers of ten, too, where other estimators go over from one formula to another. */
static void test_error_between(void **state) {
    static const uint64_t counts[] = {769, 800, 2000, 5000, 7000, 10000, 12000, 15000, 20480, 30000, 50000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        double squares = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct hyperloglog sketch = {0};
            add_range(&sketch, seed + 1000 * i, 0, counts[i]);
            double error = ((double)hyperloglog_estimate(&sketch) - (double)counts[i]) / (double)counts[i];
            squares += error * error / SEEDS;
            drop(&sketch);
        }
        if (squares > 1.3 * 1.3 * SIGMA * SIGMA) fail_msg("%llu: %f", (unsigned long long)counts[i], squares);
    }
}

/* Nor on the size that a sketch began with. */
static void test_order(void **state) {
    static const uint64_t counts[] = {1, 3, 4, 100, 767, 768, 769, 5000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct hyperloglog there = {0}, back;
        add_range(&there, 5, 0, counts[i]);
        back = hyperloglog_like(&there);
        for (uint64_t left = counts[i]; left-- > 0;)
            for (int again = 0; again < 2; again++) assert_true(hyperloglog_add(&back, &pool, hash_of(5, left)));
        assert_same(&there, &back);
        drop(&there);
        drop(&back);
    }
}

static void test_merge_is_union(void **state) {
    static const uint64_t counts[] = {0, 1, 3, 400, 768, 769, 4000}; /* of both, which have half in common */
    (void)state;
    for (size_t a = 0; a < COUNT_OF(counts); a++)
        for (size_t b = 0; b < COUNT_OF(counts); b++) {
            struct hyperloglog first = {0}, second = {0}, both = {0};
            uint64_t begin = counts[a] / 2;
            add_range(&first, 6, 0, counts[a]);
            add_range(&second, 6, begin, begin + counts[b]);
            add_range(&both, 6, 0, counts[a]);
            add_range(&both, 6, begin, begin + counts[b]);
            struct hyperloglog before = second;
            assert_true(hyperloglog_merge(&first, &pool, &second));
            assert_memory_equal(&before, &second, sizeof before);
            /* a union of few that came by registers stays in registers */
            if (both.dense || !(first.dense || second.dense)) assert_same(&first, &both);
            drop(&first);
            drop(&second);
            drop(&both);
        }
}

/* Hashes that an attacker may have chosen, and ends of ranges. */
static void test_extremes(void **state) {
    struct hyperloglog sketch = {0};
    (void)state;
    assert_true(hyperloglog_add(&sketch, &pool, 0));
    assert_true(hyperloglog_add(&sketch, &pool, UINT64_MAX));
    assert_true(hyperloglog_add(&sketch, &pool, 1));
    assert_int_equal(hyperloglog_estimate(&sketch), 3);
    for (uint64_t i = 0; i < 4096; i++) assert_true(hyperloglog_add(&sketch, &pool, i << 52));
    assert_true(sketch.dense);
    assert_true(hyperloglog_estimate(&sketch) > 1ull << 60); /* every register is full */
    drop(&sketch);
}

/* When the pool is used up nothing is changed, and what is given back serves again. */
static void test_no_room(void **state) {
    struct pool small;
    struct hyperloglog sketch = {0}, other = {0};
    (void)state;
    assert_true(pool_init(&small, 16 + 32 + 64));
    for (uint64_t i = 0; i < 12; i++) assert_true(hyperloglog_add(&sketch, &small, hash_of(8, i)));
    assert_false(hyperloglog_add(&sketch, &small, hash_of(8, 12)));
    assert_int_equal(hyperloglog_estimate(&sketch), 12);
    assert_true(hyperloglog_add(&sketch, &small, hash_of(8, 3)));
    assert_true(hyperloglog_add(&other, &small, hash_of(9, 0))); /* in the block that the first one outgrew */
    assert_false(hyperloglog_merge(&other, &small, &sketch));
    struct pool larger;
    assert_true(pool_init(&larger, 4096));
    assert_true(hyperloglog_move(&sketch, &larger));
    pool_destroy(&small);
    assert_true(hyperloglog_add(&sketch, &larger, hash_of(8, 12)));
    assert_int_equal(hyperloglog_estimate(&sketch), 13);
    pool_destroy(&larger);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "long") == 0) cardinality_max = 10000000;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_few_are_exact),  cmocka_unit_test(test_error),
                                       cmocka_unit_test(test_error_between),  cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_merge_is_union), cmocka_unit_test(test_extremes),
                                       cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
