/* Keys with profiles against plain arrays: exact while there is room, within their bounds beyond, and the same whatever the hash's seed is.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "enrich/profiles.h"
#include "tests/unit/seeded.h"

#define KEYS 5000u
#define COLUMNS 40

/* What is known of each key. */
struct truth {
    uint64_t requests;
    uint64_t cells[PROFILE_CELLS], bytes[PROFILE_CELLS];
};

static struct truth *truths;

static int make_truths(void **state) {
    (void)state;
    truths = calloc(KEYS, sizeof *truths);
    return truths == NULL;
}

static int free_truths(void **state) {
    (void)state;
    free(truths);
    return 0;
}

static struct profile_key key_of(uint32_t number) {
    struct profile_key key = {.rest = number % 7};
    memcpy(key.ip.bytes, &number, sizeof number);
    return key;
}

static uint32_t number_of(const struct profile *profile) {
    uint32_t number;
    memcpy(&number, profile->key.ip.bytes, sizeof number);
    ASSERT(number < KEYS && profile->key.rest == number % 7);
    return number;
}

/* False: there was no room. */
static bool count(struct profiles *profiles, uint32_t number, uint32_t cell, uint64_t bytes) {
    const struct profile_key key = key_of(number);
    bool is_new;
    struct profile *profile = profiles_find(profiles, &key, profiles_hash(profiles, &key), &is_new);
    if (profile == NULL) return false;
    if (is_new) profile->as_number = number;
    ASSERT(profile->as_number == number);
    profiles_count(profiles, profile, cell, bytes);
    return true;
}

/* Few keys have most requests. */
static uint32_t some_key(struct seeded *random, uint32_t keys) {
    uint64_t first = seeded_next(random) % keys, second = seeded_next(random) % (first + 1);
    return (uint32_t)(seeded_next(random) % (second + 1));
}

static void fill(struct profiles *profiles, uint32_t keys, uint32_t requests, uint64_t seed) {
    struct seeded random = {seed};
    memset(truths, 0, KEYS * sizeof *truths);
    for (uint32_t i = 0; i < requests; i++) {
        uint32_t number = some_key(&random, keys), cell = (uint32_t)(seeded_next(&random) % (COLUMNS * STATUS_CLASSES));
        uint64_t bytes = seeded_next(&random) % 100000;
        truths[number].requests++;
        truths[number].cells[cell]++;
        truths[number].bytes[cell] += bytes;
        assert_true(count(profiles, number, cell, bytes));
    }
}

static uint64_t sum_of(const uint64_t cells[PROFILE_CELLS]) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < PROFILE_CELLS; i++) sum += cells[i];
    return sum;
}

static void exact_with_room(void **state) {
    (void)state;
    for (int counts_bytes = 0; counts_bytes < 2; counts_bytes++) {
        const struct profiles_request request = {.capacity = 3000, .keeps_largest = true, .counts_bytes = counts_bytes};
        const struct profile *sorted[3000];
        struct profiles profiles;
        assert_true(profiles_init(&profiles, &request));
        fill(&profiles, 3000, 100000, 5);
        uint32_t keys = profiles_sort(&profiles, sorted, 3000), expected = 0;
        for (uint32_t i = 0; i < KEYS; i++) expected += truths[i].requests > 0;
        assert_int_equal(keys, expected);
        assert_int_equal(profiles.floor, 0);
        for (uint32_t i = 0; i < keys; i++) {
            const struct truth *truth = &truths[number_of(sorted[i])];
            uint64_t cells[PROFILE_CELLS] = {0}, bytes[PROFILE_CELLS] = {0};
            profile_add_cells(&profiles, sorted[i], cells);
            ASSERT(sorted[i]->count == truth->requests && sorted[i]->error == 0);
            ASSERT(i == 0 || sorted[i - 1]->count >= sorted[i]->count);
            assert_memory_equal(cells, truth->cells, sizeof cells);
            if (!counts_bytes) continue;
            profile_add_bytes(&profiles, sorted[i], bytes);
            assert_memory_equal(bytes, truth->bytes, sizeof bytes);
        }
        profiles_destroy(&profiles);
    }
}

static void bounds_without_room(void **state) {
    (void)state;
    for (uint32_t capacity = 2; capacity <= 2048; capacity *= 4) {
        const struct profiles_request request = {.capacity = capacity, .keeps_largest = true};
        const struct profile *sorted[2048];
        const uint32_t requests = 200000;
        bool there[KEYS] = {false};
        struct profiles profiles;
        assert_true(profiles_init(&profiles, &request));
        fill(&profiles, KEYS, requests, capacity);
        uint32_t keys = profiles_sort(&profiles, sorted, capacity);
        assert_true(profiles.floor > 0);
        assert_true(profiles.floor <= requests / (capacity / 2 + 1));
        for (uint32_t i = 0; i < keys; i++) {
            uint32_t number = number_of(sorted[i]);
            uint64_t cells[PROFILE_CELLS] = {0}, certain = sorted[i]->count - sorted[i]->error;
            there[number] = true;
            profile_add_cells(&profiles, sorted[i], cells);
            ASSERT(certain <= truths[number].requests && truths[number].requests <= sorted[i]->count);
            ASSERT(sum_of(cells) == certain);
            for (uint32_t cell = 0; cell < PROFILE_CELLS; cell++) ASSERT(cells[cell] <= truths[number].cells[cell]);
        }
        for (uint32_t i = 0; i < KEYS; i++) ASSERT(there[i] || truths[i].requests <= profiles.floor);
        profiles_destroy(&profiles);
    }
}

static void same_for_any_seed(void **state) {
    (void)state;
    const struct profiles_request request = {.capacity = 500, .keeps_largest = true};
    const struct profile *sorted[2][500];
    struct profiles profiles[2];
    uint32_t keys[2];
    for (int i = 0; i < 2; i++) {
        assert_true(profiles_init(&profiles[i], &request));
        profiles[i].seed = (uint64_t)i;
        fill(&profiles[i], KEYS, 100000, 9);
        keys[i] = profiles_sort(&profiles[i], sorted[i], 500);
    }
    assert_int_equal(keys[0], keys[1]);
    for (uint32_t i = 0; i < keys[0]; i++) {
        assert_int_equal(number_of(sorted[0][i]), number_of(sorted[1][i]));
        assert_int_equal(sorted[0][i]->count, sorted[1][i]->count);
        assert_int_equal(sorted[0][i]->error, sorted[1][i]->error);
    }
    for (int i = 0; i < 2; i++) profiles_destroy(&profiles[i]);
}

static void full_table_says_so(void **state) {
    (void)state;
    const struct profiles_request request = {.capacity = 100};
    struct profiles profiles;
    assert_true(profiles_init(&profiles, &request));
    for (uint32_t i = 0; i < 100; i++) assert_true(count(&profiles, i, 0, 0));
    assert_false(count(&profiles, 100, 0, 0));
    assert_true(count(&profiles, 99, 0, 0));
    const struct profile_key known = key_of(99), unknown = key_of(100);
    assert_int_equal(profiles_peek(&profiles, &known, profiles_hash(&profiles, &known))->count, 2);
    assert_null(profiles_peek(&profiles, &unknown, profiles_hash(&profiles, &unknown)));
    profiles_destroy(&profiles);
}

/* Cells of a wider axis are the sums of those that their times had. */
static void wider_columns(void **state) {
    (void)state;
    const struct profiles_request request = {.capacity = KEYS, .keeps_largest = true, .counts_bytes = true};
    struct seeded random = {3};
    for (int round = 0; round < 50; round++) {
        struct time_axis axis = time_axis_empty();
        const int64_t begin = (int64_t)(seeded_next(&random) % 4000000000u) - 2000000000;
        struct profiles profiles;
        int64_t times[300];
        uint64_t total = 0;
        assert_true(profiles_init(&profiles, &request));
        for (uint32_t i = 0; i < 300; i++) {
            times[i] = begin + (int64_t)(seeded_next(&random) % (1u << (round / 2)));
            while (!time_axis_take(&axis, time_axis_column(&axis, times[i]))) {
                const struct time_axis wider = time_axis_wider(&axis);
                profiles_widen(&profiles, &axis, &wider);
                axis = wider;
            }
            uint32_t cell = time_axis_place(time_axis_column(&axis, times[i])) * STATUS_CLASSES + i % STATUS_CLASSES;
            assert_true(count(&profiles, i % 20, cell, i));
            total += i;
        }
        for (uint32_t number = 0; number < 20; number++) {
            const struct profile_key key = key_of(number);
            const struct profile *profile = profiles_peek(&profiles, &key, profiles_hash(&profiles, &key));
            uint64_t expected[PROFILE_CELLS] = {0}, cells[PROFILE_CELLS] = {0}, bytes[PROFILE_CELLS] = {0};
            for (uint32_t i = number; i < 300; i += 20)
                expected[time_axis_place(time_axis_column(&axis, times[i])) * STATUS_CLASSES + i % STATUS_CLASSES]++;
            profile_add_cells(&profiles, profile, cells);
            profile_add_bytes(&profiles, profile, bytes);
            assert_memory_equal(cells, expected, sizeof cells);
            total -= sum_of(bytes);
        }
        assert_int_equal(total, 0);
        profiles_destroy(&profiles);
    }
}

/* The step is the finest with which first and last time fit, in whatever order times come. */
static void steps_of_time(void **state) {
    (void)state;
    static const struct {
        const char *what;
        int64_t first_s, last_s, step_s;
        uint32_t columns;
    } cases[] = {
        {"one moment", 1764547201, 1764547201, 10, 1},
        {"ten minutes", 1764547200, 1764547799, 10, 60},
        {"an hour and its end", 1764547200, 1764550800, 60, 61},
        {"a day", 1764547200, 1764633599, 1800, 48},
        {"a month", 1764547200, 1767225599, 43200, 62},
        {"half a century, and before 1970", -100000000, 1764547200, 43200 * 1024, 43},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int order = 0; order < 2; order++) {
            struct time_axis axis = time_axis_empty();
            const int64_t times[2] = {order == 0 ? cases[i].first_s : cases[i].last_s,
                                      order == 0 ? cases[i].last_s : cases[i].first_s};
            for (int at = 0; at < 2; at++)
                while (!time_axis_take(&axis, time_axis_column(&axis, times[at]))) axis = time_axis_wider(&axis);
            if (axis.step_s != cases[i].step_s || time_axis_count(&axis) != cases[i].columns)
                fail_msg("%s: step %lld, %u columns", cases[i].what, (long long)axis.step_s, time_axis_count(&axis));
            assert_true(axis.first * axis.step_s <= cases[i].first_s &&
                        (axis.last + 1) * axis.step_s > cases[i].last_s);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_with_room),   cmocka_unit_test(bounds_without_room),
        cmocka_unit_test(same_for_any_seed), cmocka_unit_test(full_table_says_so),
        cmocka_unit_test(wider_columns),     cmocka_unit_test(steps_of_time),
    };
    return cmocka_run_group_tests(tests, make_truths, free_truths);
}
