/* Numbers: tables, every border of digits, and chance against the C library.
 *
 * Texts that may be read exactly end at an unreadable page; those that may be read eight bytes further end eight before it.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

/* --- written ------------------------------------------------------------------------------------ */

static void check_write(uint64_t value) {
    char expected[NUMBER_BYTES_MAX + 1], got[NUMBER_BYTES_MAX + 1];
    memset(got, '#', sizeof got);
    uint32_t bytes = (uint32_t)snprintf(expected, sizeof expected, "%" PRIu64, value);
    assert_int_equal(number_write(value, got), bytes);
    assert_memory_equal(got, expected, bytes);
    assert_int_equal(got[NUMBER_BYTES_MAX], '#');
}

static void test_write(void **state) {
    (void)state;
    for (uint64_t value = 0; value < 100000; value++) check_write(value);
    for (uint64_t power = 1;; power *= 10) {
        check_write(power - 1);
        check_write(power);
        check_write(power + 1);
        if (power > UINT64_MAX / 10) break;
    }
    for (int bit = 0; bit < 64; bit++) {
        check_write((uint64_t)1 << bit);
        check_write(((uint64_t)1 << bit) - 1);
    }
    check_write(UINT64_MAX);
    struct seeded seeded = {4};
    for (int round = 0; round < 100000; round++) check_write(seeded_next(&seeded) >> seeded_below(&seeded, 64));
}

/* --- read --------------------------------------------------------------------------------------- */

enum { INTEGER = 1, DECIMAL = 2 }; /* may stand in JSON as it is */

struct number_case {
    const char *text;
    bool parses; /* as an integer 0..2^63-1 */
    uint64_t value;
    int plain;
    int64_t ns; /* of seconds; -1: none */
};

/* clang-format off */
static const struct number_case number_cases[] = {
    {"0", true, 0, INTEGER | DECIMAL, 0},
    {"1", true, 1, INTEGER | DECIMAL, 1000000000},
    {"200", true, 200, INTEGER | DECIMAL, 200000000000},
    {"12345678", true, 12345678, INTEGER | DECIMAL, 12345678000000000},
    {"123456789", true, 123456789, INTEGER | DECIMAL, 123456789000000000},
    {"1000000000", true, 1000000000, INTEGER | DECIMAL, 1000000000000000000},
    {"1000000001", true, 1000000001, INTEGER | DECIMAL, -1},
    {"999999999999999999", true, 999999999999999999, INTEGER | DECIMAL, -1},
    {"1000000000000000000", true, 1000000000000000000, DECIMAL, -1},
    {"9223372036854775807", true, INT64_MAX, DECIMAL, -1},
    {"9223372036854775808", false, 0, DECIMAL, -1},
    {"18446744073709551616", false, 0, DECIMAL, -1},
    {"99999999999999999999", false, 0, DECIMAL, -1},
    {"123456789012345678901234", false, 0, DECIMAL, -1},
    {"1234567890123456789012345", false, 0, 0, -1},
    {"00", true, 0, 0, -1},
    {"007", true, 7, 0, -1},
    {"00000000000000000000000000000009", true, 9, 0, -1},
    {"", false, 0, 0, -1},
    {"-", false, 0, 0, -1},
    {"-1", false, 0, 0, -1},
    {"+1", false, 0, 0, -1},
    {" 1", false, 0, 0, -1},
    {"1 ", false, 0, 0, -1},
    {"1e3", false, 0, 0, -1},
    {"0x1", false, 0, 0, -1},
    {"1:0", false, 0, 0, -1},
    {"12/", false, 0, 0, -1},
    {"1234567:", false, 0, 0, -1},
    {"1234567/", false, 0, 0, -1},
    {"1\xb0", false, 0, 0, -1},
    {"0.001", false, 0, DECIMAL, 1000000},
    {"0.0", false, 0, DECIMAL, 0},
    {"1.5", false, 0, DECIMAL, 1500000000},
    {"12.25", false, 0, DECIMAL, 12250000000},
    {"0.123456789", false, 0, DECIMAL, 123456789},
    {"0.1234567899", false, 0, DECIMAL, 123456789},
    {"0.00000000", false, 0, DECIMAL, 0},
    {"999999999.999999999", false, 0, DECIMAL, 999999999999999999},
    {"00.1", false, 0, 0, -1},
    {"01.1", false, 0, 0, -1},
    {".5", false, 0, 0, -1},
    {"5.", false, 0, 0, -1},
    {".", false, 0, 0, -1},
    {"1.2.3", false, 0, 0, -1},
    {"1..2", false, 0, 0, -1},
    {"1.-2", false, 0, 0, -1},
    {"0.00x", false, 0, 0, -1},
    {"x.001", false, 0, 0, -1},
    {"1.2e5", false, 0, 0, -1},
};
/* clang-format on */

/* The text with eight readable bytes of `behind` between it and the unreadable page. */
static struct slice padded(struct slice text, char behind) {
    static char room[64];
    memcpy(room, text.ptr, text.len);
    memset(room + text.len, behind, 8);
    return (struct slice){guard_copy((struct slice){room, text.len + 8}).ptr, text.len};
}

/* Digits and nothing else, up to 2^63-1. */
static bool model_parse(struct slice text, uint64_t *value) {
    char digits[64];
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    errno = 0;
    *value = strtoull(digits, NULL, 10);
    return text.len > 0 && strspn(digits, "0123456789") == text.len && errno == 0 && *value <= INT64_MAX;
}

static void check_parse(struct slice text) {
    uint64_t expected, value = 0;
    bool good = model_parse(text, &expected);
    assert_int_equal(number_parse(guard_copy(text), &value), good);
    if (good) assert_int_equal(value, expected);
    for (const char *behind = "07.:/\"-\xff"; *behind != '\0'; behind++) {
        value = 0;
        assert_int_equal(number_parse_padded(padded(text, *behind), &value), good);
        if (good) assert_int_equal(value, expected);
    }
}

static void check_plain(struct slice text, int plain) {
    check_parse(text);
    struct slice copy = guard_copy(text);
    assert_int_equal(number_is_plain_integer(copy), (plain & INTEGER) != 0);
    assert_int_equal(number_is_plain_decimal(copy), (plain & DECIMAL) != 0);
    for (const char *behind = "07.:/\"-\xff"; *behind != '\0'; behind++) {
        copy = padded(text, *behind);
        assert_int_equal(number_is_plain_integer_padded(copy), (plain & INTEGER) != 0);
        assert_int_equal(number_is_plain_decimal_padded(copy), (plain & DECIMAL) != 0);
    }
}

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(number_cases); i++) {
        const struct number_case *expected = &number_cases[i];
        struct slice text = slice_from(expected->text), copy = guard_copy(text);
        uint64_t value = 0;
        int64_t ns = -1;
        bool parses = number_parse(copy, &value);
        bool seconds = number_seconds_to_ns(copy, &ns);
        if (parses != expected->parses || (parses && value != expected->value))
            fail_msg("integer \"%s\"", expected->text);
        if (seconds != (expected->ns >= 0) || (seconds && ns != expected->ns))
            fail_msg("seconds \"%s\": %" PRId64, expected->text, ns);
        check_plain(text, expected->plain);
    }
}

/* --- chance ------------------------------------------------------------------------------------- */

/* What may stand in JSON as it is, by the grammar of RFC 8259 section 6 without minus and exponent. */
static int model_plain(const char *text) {
    size_t bytes = strlen(text), whole = strspn(text, "0123456789");
    bool good_whole = whole > 0 && (whole == 1 || text[0] != '0');
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    bool integer = good_whole && whole == bytes;
    bool decimal = integer || (good_whole && fraction > 0 && whole + 1 + fraction == bytes);
    return (integer && bytes <= 18 ? INTEGER : 0) | (decimal && bytes <= 24 ? DECIMAL : 0);
}

static void test_random_texts(void **state) {
    (void)state;
    static const char *const alphabets[] = {"0123456789", "00000129.", "0123456789.", "09/:.-+eE \xb1"};
    struct seeded seeded = {5};
    for (int round = 0; round < 100000; round++) {
        const char *alphabet = alphabets[seeded_below(&seeded, COUNT_OF(alphabets))];
        char text[32] = "";
        uint32_t bytes = seeded_below(&seeded, 27);
        for (uint32_t i = 0; i < bytes; i++) text[i] = seeded_byte(&seeded, alphabet, strlen(alphabet));
        check_plain((struct slice){text, bytes}, model_plain(text));
    }
}

static void test_round_trip(void **state) {
    (void)state;
    struct seeded seeded = {6};
    for (int round = 0; round < 50000; round++) {
        uint64_t value = seeded_next(&seeded) >> (1 + seeded_below(&seeded, 63)), again = 0;
        char text[NUMBER_BYTES_MAX];
        uint32_t bytes = number_write(value, text);
        assert_true(number_parse((struct slice){text, bytes}, &again));
        assert_int_equal(again, value);

        char seconds[48];
        int64_t ns = (int64_t)(seeded_next(&seeded) % 1000000000000000000u), got = -1;
        int digits = 1 + (int)seeded_below(&seeded, 12); /* more than nine do not count */
        int64_t unit = 1;
        for (int i = digits; i < 9; i++) unit *= 10;
        snprintf(seconds, sizeof seconds, "%" PRId64 ".%09" PRId64 "777", ns / 1000000000, ns % 1000000000);
        size_t length = strcspn(seconds, ".") + 1 + (size_t)digits;
        bool fits = length <= 24;
        assert_int_equal(number_seconds_to_ns(guard_copy((struct slice){seconds, length}), &got), fits);
        if (fits) assert_int_equal(got, ns / unit * unit);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
