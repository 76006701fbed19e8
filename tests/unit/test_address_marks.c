/* Where addresses may be: every set of vectors against a model that goes character by character.
 *
 * Texts are made of little else than what addresses are made of, and end as far before an unreadable page as may be read.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/fuzz/marks_model.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define TEXTS 3000u
#define TEXT_BYTES_MAX 200u
#define PADDING_BYTES 63u

static void check_texts(const char *characters, uint64_t seed) {
    struct seeded seeded = {seed};
    uint64_t marks, marks_found = 0;
    for (uint32_t i = 0; i < TEXTS; i++) {
        char text[TEXT_BYTES_MAX + PADDING_BYTES];
        uint32_t bytes = 1 + seeded_below(&seeded, TEXT_BYTES_MAX);
        for (uint32_t at = 0; at < bytes + PADDING_BYTES; at++)
            text[at] = seeded_byte(&seeded, characters, strlen(characters));
        struct slice guarded = guard_copy((struct slice){text, bytes + PADDING_BYTES});
        guarded.len = bytes;
        marks_model_compare(guarded);
        address_marks_baseline(guarded.ptr, guarded.ptr + bytes, &marks);
        marks_found += marks != 0;
    }
    assert_true(marks_found > TEXTS / 10 && marks_found < TEXTS); /* texts of both kinds */
}

static void test_quads(void **state) {
    (void)state;
    check_texts("0123456789012345678901234567890123456789 ...-_\xb2", 1);
}

static void test_groups(void **state) {
    (void)state;
    check_texts("0123456789abcdefABCDEF0123456789abcdefg@`G/\x3a\xba::: ", 2);
}

static void test_escapes(void **state) {
    (void)state;
    check_texts("the rest is as it is, a letter or a digit or another 12345 or a space%\\", 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quads),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
