/* event.id: fixed answers made with the program xxh128sum, and the streaming form of the library fed in small pieces.
 *
 * The lines end at an unreadable page.
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
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"
#include "base/scan.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define LINE_BYTES_MAX 100000u

struct variant {
    const char *name;
    hash_event_id_function *hash;
    bool usable;
};

static struct variant variants[4];

/* The variants that this processor can run are those of the scanner's kernels. */
static int find_variants(void **state) {
    (void)state;
    const struct scan_kernel *kernels[3];
    uint32_t count = scan_kernels(kernels);
    variants[0] = (struct variant){"the chosen one", hash_event_id, true};
    variants[1] = (struct variant){"baseline", hash_event_id_baseline, true};
#if defined(__x86_64__)
    variants[2] = (struct variant){"avx2", hash_event_id_avx2, false};
    variants[3] = (struct variant){"avx512", hash_event_id_avx512, false};
    for (uint32_t i = 0; i < count; i++) {
        variants[2].usable = variants[2].usable || kernels[i] == &scan_kernel_avx2;
        variants[3].usable = variants[3].usable || kernels[i] == &scan_kernel_avx512;
    }
#endif
    return count > 0 ? 0 : -1;
}

static void check_all(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line,
                      const char *expected) {
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        char id[HASH_ID_DIGITS + 2];
        memset(id, '#', sizeof id);
        if (!variants[i].usable) continue;
        variants[i].hash(origin_name, position, message_line, guard_copy(line), id);
        if (memcmp(id, expected, HASH_ID_DIGITS) != 0 || memcmp(id + HASH_ID_DIGITS, "##", 2) != 0)
            fail_msg("%s: %zu bytes of origin, %zu of line: %.34s, not %s", variants[i].name, origin_name.len, line.len,
                     id, expected);
    }
}

/* printf 'ORIGIN\0........LINE' | xxh128sum, the dots being the position, lowest byte first, and of a message's line its number. */
static void test_known_answers(void **state) {
    (void)state;
    static char a[4096], x[600], y[LINE_BYTES_MAX];
    memset(a, 'a', sizeof a);
    memset(x, 'x', sizeof x);
    memset(y, 'y', sizeof y);
    check_all(SLICE(""), 0, 0, SLICE(""), "be637bf2e7ab4aec17dbb924bfd111e6");
    check_all(SLICE("o"), 0, 0, SLICE(""), "1df77f2bbe22f921d09c221b6df7b45c");
    check_all(SLICE("stdin"), 1, 0, SLICE("a line"), "3fa8d3cf1f1624c3d90dcd0f12ca50b4");
    check_all(SLICE("123456789012_elasticloadbalancing_us-east-2_app.web.1234567890abcdef_20220215T2340Z_10.0.0.1_"
                    "aaaaaaaa.log"),
              0x0102030405060708, 0, (struct slice){x, sizeof x}, "5d3d8e1936bc7bfd4d502e62f01b437b");
    check_all(SLICE("stdin"), 1, 2, SLICE("a line"), "49909eb8132e5015f6b06d1b60b4a9e8");
    check_all((struct slice){a, sizeof a}, UINT64_MAX, 0, (struct slice){y, sizeof y},
              "ad1066c8a59bbe89a11395f34274cd6f");
}

/* The definition of INTERFACE.md section 4, by the library's other door. */
static void model(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line, char *out) {
    XXH3_state_t *hash = XXH3_createState();
    assert_non_null(hash);
    XXH3_128bits_reset_withSeed(hash, 0);
    for (size_t i = 0; i < origin_name.len; i++) XXH3_128bits_update(hash, origin_name.ptr + i, 1);
    XXH3_128bits_update(hash, "", 1);
    for (int i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(position >> (8 * i));
        XXH3_128bits_update(hash, &byte, 1);
    }
    for (int i = 0; i < 4 && message_line != 0; i++) {
        uint8_t byte = (uint8_t)(message_line >> (8 * i));
        XXH3_128bits_update(hash, &byte, 1);
    }
    for (size_t done = 0; done < line.len;) {
        size_t piece = line.len - done < 97 ? line.len - done : 97;
        XXH3_128bits_update(hash, line.ptr + done, piece);
        done += piece;
    }
    XXH128_hash_t value = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    snprintf(out, HASH_ID_DIGITS + 1, "%016llx%016llx", (unsigned long long)value.high64,
             (unsigned long long)value.low64);
}

/* Every length up to where XXH3 changes its method (16, 128, 240 bytes), and around 4,096 bytes where hash.c does. */
static void test_lengths(void **state) {
    (void)state;
    static char line[5000];
    struct seeded seeded = {9};
    for (size_t i = 0; i < sizeof line; i++) line[i] = (char)seeded_next(&seeded);
    char expected[HASH_ID_DIGITS + 1];
    for (size_t bytes = 0; bytes < sizeof line; bytes += bytes < 700 || (bytes > 4050 && bytes < 4110) ? 1 : 37) {
        struct slice text = {line, bytes}, origin_name = {line + 100, bytes % 41};
        uint64_t position = seeded_next(&seeded) >> seeded_below(&seeded, 64);
        uint32_t message_line = bytes % 3 == 0 ? 0 : (uint32_t)seeded_next(&seeded);
        model(origin_name, position, message_line, text, expected);
        check_all(origin_name, position, message_line, text, expected);
    }
}

static void test_every_part_counts(void **state) {
    (void)state;
    char ids[6][HASH_ID_DIGITS + 1] = {{0}};
    hash_event_id(SLICE("origin"), 7, 0, SLICE("line"), ids[0]);
    hash_event_id(SLICE("origim"), 7, 0, SLICE("line"), ids[1]);
    hash_event_id(SLICE("origin"), (uint64_t)7 << 56, 0, SLICE("line"), ids[2]);
    hash_event_id(SLICE("origin"), 7, 0, SLICE("lime"), ids[3]);
    hash_event_id(SLICE("origin"), 7, 1, SLICE("line"), ids[4]);
    hash_event_id(SLICE("origin"), 7, 0, SLICE("line"), ids[5]);
    for (int i = 1; i < 5; i++) assert_string_not_equal(ids[0], ids[i]);
    assert_string_equal(ids[0], ids[5]);
}

static void test_ids_as_numbers(void **state) {
    static const struct {
        const char *digits;
        uint64_t words[2];
    } cases[] = {{"00000000000000000000000000000000", {0, 0}},
                 {"ffffffffffffffffffffffffffffffff", {UINT64_MAX, UINT64_MAX}},
                 {"0123456789abcdeffedcba9876543210", {0x0123456789abcdef, 0xfedcba9876543210}},
                 {"80000000000000000000000000000001", {(uint64_t)1 << 63, 1}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t words[2];
        hash_id_words(cases[i].digits, words);
        assert_memory_equal(words, cases[i].words, sizeof words);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_ids_as_numbers),
    };
    return cmocka_run_group_tests(tests, find_variants, NULL);
}
