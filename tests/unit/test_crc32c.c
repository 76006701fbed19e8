/* CRC32C: the RFC's vectors, and texts put together of two parts.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define VECTOR_BYTES 32u

static void fill(char *bytes, int first, int step) {
    for (size_t i = 0; i < VECTOR_BYTES; i++) bytes[i] = (char)(first + (int)i * step);
}

struct vector_case {
    const char *what;
    int first, step;
    uint32_t expected;
};

/* RFC 3720 appendix B.4; its bytes are the value's, lowest first. */
static const struct vector_case vector_cases[] = {
    {"32 times zero", 0, 0, 0x8a9136aa},
    {"32 times ff", 0xff, 0, 0x62a8ab43},
    {"32 up", 0, 1, 0x46dd794e},
    {"32 down", 31, -1, 0x113fdb5c},
};

static void test_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vector_cases); i++) {
        char bytes[VECTOR_BYTES];
        fill(bytes, vector_cases[i].first, vector_cases[i].step);
        uint32_t crc = crc32c(0, guard_copy((struct slice){bytes, sizeof bytes}));
        if (crc != vector_cases[i].expected) fail_msg("%s: %08x", vector_cases[i].what, crc);
    }
    assert_int_equal(crc32c(0, guard_copy(SLICE("123456789"))), 0xe3069283);
    assert_int_equal(crc32c(0, guard_copy(SLICE(""))), 0);
}

static void test_parts(void **state) {
    (void)state;
    struct seeded seeded = {7};
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)seeded_next(&seeded);
    struct slice all = guard_copy((struct slice){bytes, sizeof bytes});
    for (size_t cut = 0; cut <= all.len; cut++) {
        uint32_t front = crc32c(0, (struct slice){all.ptr, cut});
        assert_int_equal(crc32c(front, (struct slice){all.ptr + cut, all.len - cut}), crc32c(0, all));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
