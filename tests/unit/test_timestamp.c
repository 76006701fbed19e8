/* Timestamps: every day that there is, every place of a text spoilt, and agreement with timegm.
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
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define NS_PER_SECOND 1000000000ll
#define DAYS_END 106752 /* of 2262-04-12, the first day that does not fit 63 bits of ns; the parser ends with 2261 */

/* Parses with a cache that knows nothing. */
static bool parse_anew(struct slice text, int64_t *ns, uint32_t *digits) {
    struct timestamp_cache cache = {.day = ""};
    return timestamp_parse(guard_copy(text), &cache, ns, digits);
}

struct time_case {
    const char *what;
    struct slice text;
    int64_t ns;      /* -1: refused */
    uint32_t digits; /* without the Z */
};

/* clang-format off */
static const struct time_case time_cases[] = {
    {"the beginning", SLICE("1970-01-01T00:00:00Z"), 0, 19},
    {"ALB", SLICE("2025-12-01T00:00:01.500000Z"), 1764547201500000000, 26},
    {"NLB, without a zone letter", SLICE("2025-12-01T00:00:01"), 1764547201000000000, 19},
    {"one digit", SLICE("2025-12-01T00:00:01.5Z"), 1764547201500000000, 21},
    {"nine digits", SLICE("2025-12-01T00:00:01.500000001Z"), 1764547201500000001, 29},
    {"six digits without a Z", SLICE("2025-12-01T00:00:01.500000"), 1764547201500000000, 26},
    {"seven digits without a Z are as long as six with", SLICE("2025-12-01T00:00:01.5000004"), 1764547201500000400, 27},
    {"a leap day", SLICE("2024-02-29T23:59:59Z"), 1709251199000000000, 19},
    {"a leap day of a full century", SLICE("2000-02-29T00:00:00Z"), 951782400000000000, 19},
    {"the last second", SLICE("2261-12-31T23:59:59.999999999Z"), 9214646399999999999, 29},

    {"nothing", SLICE(""), -1, 0},
    {"a day", SLICE("2025-12-01"), -1, 0},
    {"no seconds", SLICE("2025-12-01T00:00Z"), -1, 0},
    {"too early", SLICE("1969-12-31T23:59:59Z"), -1, 0},
    {"too late", SLICE("2262-01-01T00:00:00Z"), -1, 0},
    {"month 0", SLICE("2025-00-01T00:00:00Z"), -1, 0},
    {"month 13", SLICE("2025-13-01T00:00:00Z"), -1, 0},
    {"day 0", SLICE("2025-12-00T00:00:00Z"), -1, 0},
    {"31 November", SLICE("2025-11-31T00:00:00Z"), -1, 0},
    {"29 February", SLICE("2025-02-29T00:00:00Z"), -1, 0},
    {"29 February of a short century", SLICE("2100-02-29T00:00:00Z"), -1, 0},
    {"hour 24", SLICE("2025-12-01T24:00:00Z"), -1, 0},
    {"minute 60", SLICE("2025-12-01T00:60:00Z"), -1, 0},
    {"a leap second", SLICE("2016-12-31T23:59:60Z"), -1, 0},
    {"lower case", SLICE("2025-12-01t00:00:01z"), -1, 0},
    {"a space for the T", SLICE("2025-12-01 00:00:01Z"), -1, 0},
    {"an offset", SLICE("2025-12-01T00:00:01+00:00"), -1, 0},
    {"a dot without digits", SLICE("2025-12-01T00:00:01.Z"), -1, 0},
    {"a dot at the end", SLICE("2025-12-01T00:00:01."), -1, 0},
    {"a comma", SLICE("2025-12-01T00:00:01,5Z"), -1, 0},
    {"ten digits", SLICE("2025-12-01T00:00:01.5000000000"), -1, 0},
    {"ten digits and a Z", SLICE("2025-12-01T00:00:01.5000000000Z"), -1, 0},
    {"two Z", SLICE("2025-12-01T00:00:01ZZ"), -1, 0},
    {"something behind", SLICE("2025-12-01T00:00:01Z "), -1, 0},
    {"something in front", SLICE(" 2025-12-01T00:00:01Z"), -1, 0},
    {"a sign", SLICE("2025-12-01T00:00:-1Z"), -1, 0},
    {"a letter in micros", SLICE("2025-12-01T00:00:01.50a000Z"), -1, 0},
    {"a day of NULs, as an empty cache has", SLICE("\0\0\0\0\0\0\0\0\0\0T00:00:01Z"), -1, 0},
};
/* clang-format on */

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(time_cases); i++) {
        const struct time_case *expected = &time_cases[i];
        int64_t ns = -1;
        uint32_t digits = 0;
        bool good = parse_anew(expected->text, &ns, &digits);
        if (good != (expected->ns >= 0) || (good && (ns != expected->ns || digits != expected->digits)))
            fail_msg("%s: %d, %" PRId64 ", %u digits", expected->what, good, ns, digits);
    }
}

/* Whatever the cache has seen before, good or bad, the answer is that of an empty one. */
static void test_cache_changes_nothing(void **state) {
    (void)state;
    static const struct slice more[] = {SLICE("\0"
                                              "025-12-01T00:00:01Z"),
                                        SLICE("2025-12-0\0T00:00:01Z"), SLICE("2025-12-01X00:00:01Z"),
                                        SLICE("2025-12-0AT00:00:01Z")};
    struct timestamp_cache cache = {.day = ""};
    struct seeded seeded = {7};
    for (int round = 0; round < 100000; round++) {
        uint32_t which = seeded_below(&seeded, COUNT_OF(time_cases) + COUNT_OF(more));
        struct slice text = which < COUNT_OF(time_cases) ? time_cases[which].text : more[which - COUNT_OF(time_cases)];
        int64_t ns = -1, expected_ns = -1;
        uint32_t digits = 0, expected_digits = 0;
        bool expected = parse_anew(text, &expected_ns, &expected_digits);
        bool good = timestamp_parse(guard_copy(text), &cache, &ns, &digits);
        if (good != expected || (good && (ns != expected_ns || digits != expected_digits)))
            fail_msg("\"%.*s\" after others: %d, %" PRId64, (int)text.len, text.ptr, good, ns);
    }
}

/* Every byte of a good text replaced by every other one: right only where it is a digit that fits. */
static void test_spoilt_texts(void **state) {
    (void)state;
    static const char good[] = "2024-01-11T11:11:11.111111Z";
    struct timestamp_cache cache = {.day = ""};
    for (size_t place = 0; place < sizeof good - 1; place++)
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof good], again[TIMESTAMP_TEXT_BYTES];
            memcpy(text, good, sizeof good);
            text[place] = (char)byte;
            int64_t ns = -1;
            uint32_t digits = 0;
            if (!parse_anew((struct slice){text, sizeof good - 1}, &ns, &digits)) {
                bool digit_place = good[place] >= '0' && good[place] <= '9';
                bool must_be_good = (digit_place && place > 19 && byte >= '0' && byte <= '9') || byte == good[place];
                assert_false(must_be_good);
                continue;
            }
            if (digits == 26) { /* all of it was understood: it must say the same when written */
                assert_int_equal(timestamp_format(ns, &cache, again), sizeof good - 1);
                assert_memory_equal(again, text, sizeof good - 1);
            } else { /* a seventh digit for the Z */
                assert_int_equal(place, 26);
                assert_in_range(byte, '0', '9');
            }
        }
}

static void test_cut_texts(void **state) {
    (void)state;
    static const char whole[] = "2025-12-01T00:00:01.123456789Z";
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        int64_t ns;
        uint32_t digits;
        assert_int_equal(parse_anew((struct slice){whole, length}, &ns, &digits), length == 19 || length > 20);
    }
}

/* --- the calendar ------------------------------------------------------------------------------- */

/* Every day of 1970 to 2262, with a time of day that changes. */
static void test_every_day(void **state) {
    (void)state;
    struct timestamp_cache cache = {.day = ""};
    for (int64_t day = 0; day < DAYS_END; day++) {
        time_t seconds = (time_t)(day * 86400 + day * 7919 % 86400);
        struct tm parts;
        assert_non_null(gmtime_r(&seconds, &parts));
        char text[64], written[TIMESTAMP_TEXT_BYTES + 1] = "";
        int64_t fraction = day * 999983 % NS_PER_SECOND, ns = seconds * NS_PER_SECOND + fraction, again = -1;
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        snprintf(text + 19, sizeof text - 19, ".%09" PRId64 "Z", fraction);
        assert_int_equal(timestamp_days(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday), day);
        uint32_t bytes = timestamp_format(ns, &cache, written), digits;
        bool micros = fraction % 1000 == 0;
        assert_int_equal(bytes, micros ? 27 : 30);
        if (micros) memcpy(text + 26, "Z", 2);
        assert_string_equal(written, text);
        bool good = parse_anew((struct slice){written, bytes}, &again, &digits);
        assert_int_equal(good, parts.tm_year + 1900 <= 2261);
        if (good) assert_int_equal(again, ns);
        if (good) assert_int_equal(digits, bytes - 1);
    }
}

static void test_random_times(void **state) {
    (void)state;
    struct timestamp_cache cache = {.day = ""}, both = {.day = ""};
    struct seeded seeded = {8};
    for (int round = 0; round < 100000; round++) {
        struct tm parts = {.tm_year = 70 + (int)seeded_below(&seeded, 192),
                           .tm_mon = (int)seeded_below(&seeded, 12),
                           .tm_mday = 1 + (int)seeded_below(&seeded, 28),
                           .tm_hour = (int)seeded_below(&seeded, 24),
                           .tm_min = (int)seeded_below(&seeded, 60),
                           .tm_sec = (int)seeded_below(&seeded, 60)};
        int micros = (int)seeded_below(&seeded, 1000000);
        char text[64];
        int bytes = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06d%s", parts.tm_year + 1900,
                             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, micros,
                             round % 2 == 0 ? "Z" : "");
        int64_t ns = -1;
        uint32_t digits;
        assert_true(timestamp_parse(guard_copy((struct slice){text, (size_t)bytes}), &cache, &ns, &digits));
        assert_int_equal(ns, timegm(&parts) * NS_PER_SECOND + micros * 1000ll);
        /* written with what is remembered of another day, or of one that was read in any form */
        char written[TIMESTAMP_TEXT_BYTES], local[64];
        int64_t other;
        snprintf(local, sizeof local, "%02d/Dec/%04d:00:00:01", parts.tm_mday, parts.tm_year + 1900);
        if (round % 3 == 0) {
            assert_true(timestamp_parse_local(slice_from(local), &both, &other));
            assert_int_equal(timestamp_format(other, &both, written), 27);
            assert_int_equal(written[4], '-');
        }
        if (round % 5 == 0) assert_false(timestamp_parse_local(SLICE("31/Feb/2025:00:00:01"), &both, &other));
        assert_int_equal(timestamp_format(ns, &both, written), 27);
        assert_memory_equal(written, text, 26);
        assert_int_equal(written[26], 'Z');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),  cmocka_unit_test(test_cache_changes_nothing),
        cmocka_unit_test(test_spoilt_texts), cmocka_unit_test(test_cut_texts),
        cmocka_unit_test(test_every_day),    cmocka_unit_test(test_random_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
