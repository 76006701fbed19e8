/* The table of pointers against a plain list, with hashes that are all alike and with others.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "ingest/pointer_table.h"
#include "tests/unit/seeded.h"

#define ITEMS 3000u
#define STEPS 200000u

static uint64_t hashes[ITEMS];
static bool there[ITEMS];

static uint32_t found_of(const struct pointer_table *table, uint32_t wanted) {
    uint32_t found = 0;
    void *pointer;
    for (size_t at = 0; (pointer = pointer_table_next(table, hashes[wanted], &at)) != NULL;) {
        size_t item = (size_t)((uint64_t *)pointer - hashes);
        ASSERT(item < ITEMS && there[item] && hashes[item] == hashes[wanted]);
        found += item == wanted;
    }
    return found;
}

static void same_as_a_list(void **state) {
    (void)state;
    for (uint64_t different = 1; different <= 100000; different *= 100) {
        struct pointer_table table = {.slots = NULL};
        struct seeded random = {1};
        size_t count = 0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            hashes[i] = seeded_next(&random) % different * 64;
            there[i] = false;
        }
        for (uint32_t step = 0; step < STEPS / (different == 1 ? 20 : 1); step++) {
            uint32_t item = (uint32_t)(seeded_next(&random) % (different == 1 ? 200 : ITEMS));
            ASSERT(found_of(&table, item) == there[item]);
            if (there[item])
                pointer_table_remove(&table, hashes[item], &hashes[item]);
            else
                assert_true(pointer_table_add(&table, hashes[item], &hashes[item]));
            there[item] = !there[item];
            count += there[item] ? 1u : (size_t)-1;
            ASSERT(table.count == count);
        }
        size_t walked = 0;
        for (size_t at = 0; pointer_table_walk(&table, &at) != NULL;) walked++;
        assert_int_equal(walked, count);
        assert_true(table.room <= 8 * ITEMS);
        pointer_table_destroy(&table);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
