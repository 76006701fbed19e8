/* Times in trace ids: whose word is taken, and what is none.
 *
 * Texts end at an unreadable page.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

#include "ingest/trace_time.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

struct trace_case {
    const char *what;
    struct slice text;
    int64_t seconds; /* -1: none */
};

#define ID "-12456789abcdef012345678"

/* clang-format off */
static const struct trace_case trace_cases[] = {
    {"nothing", SLICE(""), -1},
    {"Root alone", SLICE("Root=1-67891233" ID), 0x67891233},
    {"Self in front", SLICE("Self=1-67891234" ID ";Root=1-67891233" ID), 0x67891234},
    {"Self behind", SLICE("Root=1-67891233" ID ";Self=1-67891234" ID), 0x67891234},
    {"words of the client", SLICE("Root=1-67891233" ID ";CalledFrom=app;Self=1-67891234" ID), 0x67891234},
    {"the first Self", SLICE("Self=1-67891234" ID ";Self=1-67891235" ID), 0x67891234},
    {"the first Root", SLICE("Root=1-67891233" ID ";Root=1-67891235" ID), 0x67891233},
    {"a Self that is none", SLICE("Self=;Self=1-6789123" ID ";Root=1-67891233" ID), 0x67891233},
    {"the second Self", SLICE("Self=app;Self=1-67891234" ID ";Root=1-67891233" ID), 0x67891234},
    {"a Root that is none", SLICE("Root=1-5-6;Self=1-67891234" ID), 0x67891234},
    {"the second Root", SLICE("Root=1-5-6;Root=1-67891234" ID), 0x67891234},
    {"spaces", SLICE("Root=1-67891233" ID "; Self=1-67891234" ID), 0x67891234},
    {"empty parts", SLICE(";;Root=1-67891233" ID ";;"), 0x67891233},
    {"X-Ray's own", SLICE("Root=1-67891233" ID ";Parent=53995c3f42cd8ad8;Sampled=1"), 0x67891233},
    {"capital digits", SLICE("Root=1-6789ABCD" ID), 0x6789abcd},
    {"the first second", SLICE("Root=1-3b9aca00" ID), 1000000000},
    {"before it", SLICE("Root=1-3b9ac9ff" ID), -1},
    {"the last second", SLICE("Root=1-ffffffff" ID), 0xffffffff},
    {"zero", SLICE("Root=1-00000000" ID), -1},
    {"short", SLICE("Root=1-5-6"), -1},
    {"another version", SLICE("Root=2-67891233" ID), -1},
    {"no version", SLICE("Root=67891233" ID), -1},
    {"nine digits", SLICE("Root=1-678912330" ID), -1},
    {"seven digits", SLICE("Root=1-6789123" ID), -1},
    {"a digit that is none", SLICE("Root=1-6789123g" ID), -1},
    {"no id", SLICE("Root=1-67891233"), -1},
    {"another name", SLICE("Boot=1-67891233" ID), -1},
    {"another case", SLICE("root=1-67891233" ID), -1},
    {"within a name", SLICE("MyRoot=1-67891233" ID), -1},
    {"an id without a name", SLICE("1-67891233" ID), -1},
};
/* clang-format on */

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(trace_cases); i++) {
        const struct trace_case *expected = &trace_cases[i];
        int64_t ns = -1;
        bool good = trace_time(guard_copy(expected->text), &ns);
        if (good != (expected->seconds >= 0) || (good && ns != expected->seconds * 1000000000))
            fail_msg("%s: %d, %" PRId64, expected->what, good, ns);
    }
}

/* Cut anywhere: one of the times that are in it, or none. */
static void test_cut_texts(void **state) {
    (void)state;
    const struct slice whole = SLICE("Root=1-67891233" ID ";CalledFrom=app;Self=1-67891234" ID);
    size_t root = sizeof "Root=1-67891233-" - 1, self = whole.len - (sizeof ID - 1) + 1;
    for (size_t length = 0; length <= whole.len; length++) {
        int64_t ns = -1;
        bool good = trace_time(guard_copy((struct slice){whole.ptr, length}), &ns);
        assert_int_equal(good, length >= root);
        if (good) assert_int_equal(ns / 1000000000, length >= self ? 0x67891234 : 0x67891233);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_cut_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
