/* Timestamps in other forms than AWS's: offsets, English months, seconds and milliseconds since 1970, a day and a time apart.
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
#define NS_MAX 9214646399999999999ll /* the end of 2261 */
#define DAYS 106651                  /* 1970 to 2261 */

enum form { ZONED, LOCAL, UNIX, UNIX_MS };

static bool parse(enum form form, struct slice text, struct timestamp_cache *cache, int64_t *ns) {
    text = guard_copy(text);
    switch (form) {
    case ZONED: return timestamp_parse_zoned(text, cache, ns);
    case LOCAL: return timestamp_parse_local(text, cache, ns);
    case UNIX: return timestamp_parse_unix(text, ns);
    default: return timestamp_parse_unix_ms(text, ns);
    }
}

static bool parse_anew(enum form form, struct slice text, int64_t *ns) {
    struct timestamp_cache cache = {.day = ""};
    return parse(form, text, &cache, ns);
}

struct form_case {
    enum form form;
    const char *what;
    struct slice text;
    int64_t ns; /* -1: refused */
};

/* clang-format off */
static const struct form_case form_cases[] = {
    {ZONED, "a Z", SLICE("2025-12-01T00:00:01Z"), 1764547201000000000},
    {ZONED, "no zone", SLICE("2025-12-01T00:00:01"), 1764547201000000000},
    {ZONED, "a space", SLICE("2025-12-01 00:00:01"), 1764547201000000000},
    {ZONED, "a space, milliseconds and a Z", SLICE("2025-12-01 00:00:01.500Z"), 1764547201500000000},
    {ZONED, "Envoy", SLICE("2025-12-01T00:00:01.500Z"), 1764547201500000000},
    {ZONED, "NGINX's time_iso8601", SLICE("2025-12-01T01:00:01+01:00"), 1764547201000000000},
    {ZONED, "no colon", SLICE("2025-11-30T17:00:01-0700"), 1764547201000000000},
    {ZONED, "half an hour, nine digits", SLICE("2025-12-01T05:30:01.000000009+05:30"), 1764547201000000009},
    {ZONED, "east of zero by nothing", SLICE("2025-12-01T00:00:01+00:00"), 1764547201000000000},
    {ZONED, "an unknown zone, RFC 3339", SLICE("2025-12-01T00:00:01-00:00"), 1764547201000000000},
    {ZONED, "a leap day that is none in UTC", SLICE("2024-02-29T00:30:00+01:00"), 1709163000000000000},
    {ZONED, "the beginning, seen from the west", SLICE("1969-12-31T23:00:00-01:00"), -1},
    {ZONED, "the beginning", SLICE("1970-01-01T00:00:00-00:00"), 0},
    {ZONED, "the beginning, seen from the east", SLICE("1970-01-01T01:00:00+01:00"), 0},
    {ZONED, "before the beginning", SLICE("1970-01-01T00:59:59+01:00"), -1},
    {ZONED, "the end", SLICE("2261-12-31T23:59:59.999999999Z"), 9214646399999999999},
    {ZONED, "the end, seen from the west", SLICE("2261-12-31T22:59:59.999999999-01:00"), 9214646399999999999},
    {ZONED, "behind the end", SLICE("2261-12-31T23:00:00-01:00"), -1},
    {ZONED, "the furthest", SLICE("2025-12-01T23:59:01+23:59"), 1764547201000000000},
    {ZONED, "nothing", SLICE(""), -1},
    {ZONED, "a day", SLICE("2025-12-01"), -1},
    {ZONED, "no seconds", SLICE("2025-12-01T00:00Z"), -1},
    {ZONED, "half a second", SLICE("2025-12-01T00:00:0"), -1},
    {ZONED, "hour 24 of an offset", SLICE("2025-12-01T00:00:01+24:00"), -1},
    {ZONED, "minute 60 of an offset", SLICE("2025-12-01T00:00:01+01:60"), -1},
    {ZONED, "hours alone", SLICE("2025-12-01T00:00:01+01"), -1},
    {ZONED, "an offset cut short", SLICE("2025-12-01T00:00:01+01:0"), -1},
    {ZONED, "a colon at the wrong place", SLICE("2025-12-01T00:00:01+010:0"), -1},
    {ZONED, "a sign alone", SLICE("2025-12-01T00:00:01+"), -1},
    {ZONED, "an offset and a Z", SLICE("2025-12-01T00:00:01+01:00Z"), -1},
    {ZONED, "a Z and an offset", SLICE("2025-12-01T00:00:01Z+01:00"), -1},
    {ZONED, "a space in front of the offset", SLICE("2025-12-01T00:00:01 +01:00"), -1},
    {ZONED, "a small z", SLICE("2025-12-01T00:00:01z"), -1},
    {ZONED, "an underline", SLICE("2025-12-01_00:00:01"), -1},
    {ZONED, "a dot without digits", SLICE("2025-12-01T00:00:01.+01:00"), -1},
    {ZONED, "ten digits", SLICE("2025-12-01T00:00:01.1234567890Z"), -1},
    {ZONED, "30 February", SLICE("2024-02-30T00:00:00Z"), -1},
    {ZONED, "a leap second", SLICE("2016-12-31T23:59:60Z"), -1},
    {ZONED, "something behind", SLICE("2025-12-01T00:00:01 "), -1},
    {LOCAL, "NGINX", SLICE("01/Dec/2025:00:00:01 +0000"), 1764547201000000000},
    {LOCAL, "ahead of UTC", SLICE("01/Dec/2025:01:00:01 +0100"), 1764547201000000000},
    {LOCAL, "behind UTC", SLICE("30/Nov/2025:17:00:01 -0700"), 1764547201000000000},
    {LOCAL, "HAProxy", SLICE("01/Dec/2025:00:00:01.655"), 1764547201655000000},
    {LOCAL, "one digit", SLICE("01/Dec/2025:00:00:01.5"), 1764547201500000000},
    {LOCAL, "nine digits and an offset", SLICE("01/Dec/2025:01:00:01.000000009 +0100"), 1764547201000000009},
    {LOCAL, "seconds alone", SLICE("01/Dec/2025:00:00:01"), 1764547201000000000},
    {LOCAL, "a colon in the offset", SLICE("01/Dec/2025:01:00:01 +01:00"), 1764547201000000000},
    {LOCAL, "a leap day", SLICE("29/Feb/2024:23:59:59 +0000"), 1709251199000000000},
    {LOCAL, "the beginning", SLICE("01/Jan/1970:01:00:00 +0100"), 0},
    {LOCAL, "before the beginning", SLICE("01/Jan/1970:00:00:00 +0001"), -1},
    {LOCAL, "the end", SLICE("31/Dec/2261:23:59:59.999999999"), 9214646399999999999},
    {LOCAL, "behind the end", SLICE("31/Dec/2261:23:59:59 -0001"), -1},
    {LOCAL, "nothing", SLICE(""), -1},
    {LOCAL, "brackets", SLICE("[01/Dec/2025:00:00:01 +0000]"), -1},
    {LOCAL, "half a second", SLICE("01/Dec/2025:00:00:0"), -1},
    {LOCAL, "another language", SLICE("01/Dez/2025:00:00:01 +0000"), -1},
    {LOCAL, "capitals", SLICE("01/DEC/2025:00:00:01 +0000"), -1},
    {LOCAL, "a month in digits", SLICE("01/012/2025:00:00:01"), -1},
    {LOCAL, "two months", SLICE("01/n/F/2025:00:00:01"), -1},
    {LOCAL, "30 February", SLICE("30/Feb/2024:00:00:01 +0000"), -1},
    {LOCAL, "day 0", SLICE("00/Dec/2025:00:00:01 +0000"), -1},
    {LOCAL, "a day of one digit", SLICE("1/Dec/2025:00:00:01 +0000"), -1},
    {LOCAL, "too early", SLICE("31/Dec/1969:23:59:59 -0100"), -1},
    {LOCAL, "a T", SLICE("01/Dec/2025T00:00:01 +0000"), -1},
    {LOCAL, "a Z", SLICE("01/Dec/2025:00:00:01Z"), -1},
    {LOCAL, "no space in front of the offset", SLICE("01/Dec/2025:00:00:01+0000"), -1},
    {LOCAL, "two spaces", SLICE("01/Dec/2025:00:00:01  +0000"), -1},
    {LOCAL, "a space alone", SLICE("01/Dec/2025:00:00:01 "), -1},
    {LOCAL, "a zone's name", SLICE("01/Dec/2025:00:00:01 UTC"), -1},
    {LOCAL, "an offset cut short", SLICE("01/Dec/2025:00:00:01 +000"), -1},
    {LOCAL, "too much of one", SLICE("01/Dec/2025:00:00:01 +00000"), -1},
    {LOCAL, "no dot", SLICE("01/Dec/2025:00:00:01,655"), -1},
    {LOCAL, "a dot without digits", SLICE("01/Dec/2025:00:00:01. +0000"), -1},
    {LOCAL, "hour 24", SLICE("01/Dec/2025:24:00:00 +0000"), -1},
    {UNIX, "seconds", SLICE("1764547201"), 1764547201000000000},
    {UNIX, "CloudFront in real time", SLICE("1764547201.851"), 1764547201851000000},
    {UNIX, "one digit", SLICE("1764547201.5"), 1764547201500000000},
    {UNIX, "nine digits", SLICE("1764547201.000000009"), 1764547201000000009},
    {UNIX, "the first", SLICE("1000000000"), 1000000000000000000},
    {UNIX, "the first, and a fraction", SLICE("1000000000.0"), 1000000000000000000},
    {UNIX, "the last", SLICE("9214646399.999999999"), 9214646399999999999},
    {UNIX, "leading zeros", SLICE("001764547201"), 1764547201000000000},
    {UNIX, "nothing", SLICE(""), -1},
    {UNIX, "before the first", SLICE("999999999"), -1},
    {UNIX, "before the first, and a fraction", SLICE("999999999.9"), -1},
    {UNIX, "before the first in ten digits", SLICE("0999999999.9"), -1},
    {UNIX, "behind the last", SLICE("9214646400"), -1},
    {UNIX, "behind the last, and a fraction", SLICE("9214646400.0"), -1},
    {UNIX, "milliseconds", SLICE("1764547201851"), -1},
    {UNIX, "ten digits of a fraction", SLICE("1764547201.1234567890"), -1},
    {UNIX, "a dot alone", SLICE("1764547201."), -1},
    {UNIX, "leading zeros and a fraction", SLICE("001764547201.5"), -1},
    {UNIX, "a comma", SLICE("1764547201,5"), -1},
    {UNIX, "a sign", SLICE("+1764547201"), -1},
    {UNIX, "a minus", SLICE("-1764547201"), -1},
    {UNIX, "a letter", SLICE("176454720a.5"), -1},
    {UNIX, "a letter in the fraction", SLICE("1764547201.5a"), -1},
    {UNIX, "two dots", SLICE("1764547201.5.5"), -1},
    {UNIX, "in floating point", SLICE("1.764547201e9"), -1},
    {UNIX, "more than 64 bits", SLICE("99999999999999999999"), -1},
    {UNIX_MS, "WAF", SLICE("1764547201851"), 1764547201851000000},
    {UNIX_MS, "a full second", SLICE("1764547201000"), 1764547201000000000},
    {UNIX_MS, "the first", SLICE("1000000000000"), 1000000000000000000},
    {UNIX_MS, "the last", SLICE("9214646399999"), 9214646399999000000},
    {UNIX_MS, "nothing", SLICE(""), -1},
    {UNIX_MS, "before the first", SLICE("999999999999"), -1},
    {UNIX_MS, "behind the last", SLICE("9214646400000"), -1},
    {UNIX_MS, "seconds", SLICE("1764547201"), -1},
    {UNIX_MS, "a fraction", SLICE("1764547201851.5"), -1},
    {UNIX_MS, "microseconds", SLICE("1764547201851000"), -1},
    {UNIX_MS, "a sign", SLICE("-1764547201851"), -1},
    {UNIX_MS, "a letter", SLICE("176454720185a"), -1},
    {UNIX_MS, "the largest number", SLICE("9223372036854775807"), -1},
    {UNIX_MS, "more than 63 bits", SLICE("18446744073709551616"), -1},
};

struct pair_case {
    const char *what;
    struct slice date, clock;
    int64_t ns; /* -1: refused */
};

static const struct pair_case pair_cases[] = {
    {"W3C", SLICE("2025-12-01"), SLICE("00:00:01"), 1764547201000000000},
    {"a fraction", SLICE("2025-12-01"), SLICE("00:00:01.500"), 1764547201500000000},
    {"nine digits", SLICE("2025-12-01"), SLICE("00:00:01.000000009"), 1764547201000000009},
    {"the beginning", SLICE("1970-01-01"), SLICE("00:00:00"), 0},
    {"the end", SLICE("2261-12-31"), SLICE("23:59:59.999999999"), 9214646399999999999},
    {"no date", SLICE(""), SLICE("00:00:01"), -1},
    {"no time", SLICE("2025-12-01"), SLICE(""), -1},
    {"half a second", SLICE("2025-12-01"), SLICE("00:00:0"), -1},
    {"a date with a T", SLICE("2025-12-01T"), SLICE("00:00:01"), -1},
    {"slashes", SLICE("2025/12/01"), SLICE("00:00:01"), -1},
    {"a date cut short", SLICE("2025-12-0"), SLICE("00:00:01"), -1},
    {"a Z", SLICE("2025-12-01"), SLICE("00:00:01Z"), -1},
    {"an offset", SLICE("2025-12-01"), SLICE("00:00:01+01:00"), -1},
    {"a dot alone", SLICE("2025-12-01"), SLICE("00:00:01."), -1},
    {"ten digits", SLICE("2025-12-01"), SLICE("00:00:01.1234567890"), -1},
    {"too early", SLICE("1969-12-31"), SLICE("23:59:59"), -1},
    {"too late", SLICE("2262-01-01"), SLICE("00:00:00"), -1},
    {"29 February", SLICE("2025-02-29"), SLICE("00:00:00"), -1},
    {"the other way round", SLICE("00:00:01"), SLICE("2025-12-01"), -1},
};
/* clang-format on */

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(form_cases); i++) {
        const struct form_case *expected = &form_cases[i];
        int64_t ns = -1;
        bool good = parse_anew(expected->form, expected->text, &ns);
        if (good != (expected->ns >= 0) || (good && ns != expected->ns))
            fail_msg("%s, \"%s\": %d, %" PRId64, expected->what, expected->text.ptr, good, ns);
    }
}

static void test_date_and_clock(void **state) {
    (void)state;
    struct timestamp_cache warm = {.day = ""};
    for (size_t i = 0; i < 2 * COUNT_OF(pair_cases); i++) {
        const struct pair_case *expected = &pair_cases[i / 2];
        struct timestamp_cache cold = {.day = ""};
        for (int which = 0; which < 2; which++) { /* one of both ends at the page */
            int64_t ns = -1;
            struct slice date = which == 0 ? guard_copy(expected->date) : expected->date;
            struct slice clock = which == 1 ? guard_copy(expected->clock) : expected->clock;
            bool good = timestamp_parse_date_clock(date, clock, i % 2 == 0 ? &cold : &warm, &ns);
            if (good != (expected->ns >= 0) || (good && ns != expected->ns))
                fail_msg("%s, %s %s: %d, %" PRId64, expected->what, expected->date.ptr, expected->clock.ptr, good, ns);
        }
    }
}

/* Whatever one cache has seen before, in whatever form, good or bad, the answer is that of an empty one. */
static void test_cache_changes_nothing(void **state) {
    (void)state;
    static const struct slice more[] = {SLICE("\0\0\0\0\0\0\0\0\0\0\0:00:00:01"),
                                        SLICE("\0\0\0\0\0\0\0\0\0\0T00:00:01"),
                                        SLICE("01/Dec/202T:00:00:01"),
                                        SLICE("01/Dec/2026:00:00:01"),
                                        SLICE("02/Dec/2025:00:00:01"),
                                        SLICE("01/Nov/2025:00:00:01"),
                                        SLICE("2025-12-02T00:00:01"),
                                        SLICE("2025-11-01T00:00:01"),
                                        SLICE("2026-12-01T00:00:01"),
                                        SLICE("2025-12-01500:00:01")};
    struct timestamp_cache cache = {.day = ""};
    struct seeded seeded = {11};
    for (int round = 0; round < 200000; round++) {
        uint32_t which = seeded_below(&seeded, COUNT_OF(form_cases) + COUNT_OF(more));
        struct slice text = which < COUNT_OF(form_cases) ? form_cases[which].text : more[which - COUNT_OF(form_cases)];
        int64_t ns = -1, expected_ns = -1;
        uint32_t digits;
        enum form form = (enum form)seeded_below(&seeded, 3);
        if (form == UNIX) { /* the cache's third user */
            struct timestamp_cache none = {.day = ""};
            bool expected = timestamp_parse(guard_copy(text), &none, &expected_ns, &digits);
            if (timestamp_parse(guard_copy(text), &cache, &ns, &digits) != expected || (expected && ns != expected_ns))
                fail_msg("\"%.*s\" after others: %" PRId64, (int)text.len, text.ptr, ns);
            continue;
        }
        bool expected = parse_anew(form, text, &expected_ns), good = parse(form, text, &cache, &ns);
        if (good != expected || (good && ns != expected_ns))
            fail_msg("\"%.*s\" after others: %d, %" PRId64, (int)text.len, text.ptr, good, ns);
    }
}

static void test_cut_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(form_cases); i++)
        for (size_t length = 0; length < form_cases[i].text.len; length++) {
            int64_t ns = -1;
            if (parse_anew(form_cases[i].form, (struct slice){form_cases[i].text.ptr, length}, &ns) &&
                (ns < 0 || ns > NS_MAX))
                fail_msg("%zu of \"%s\": %" PRId64, length, form_cases[i].text.ptr, ns);
        }
    /* a text may end behind the seconds, behind a digit of the fraction, and at its end */
    static const struct form_case whole[] = {{ZONED, "", SLICE("2025-12-01 00:00:01.123456789-01:00"), 0},
                                             {LOCAL, "", SLICE("01/Dec/2025:00:00:01.123456789 -0100"), 0},
                                             {UNIX, "", SLICE("1764547201.123456789"), 0}};
    for (size_t i = 0; i < COUNT_OF(whole); i++)
        for (size_t length = 0; length <= whole[i].text.len; length++) {
            size_t seconds = (size_t)(strchr(whole[i].text.ptr, '.') - whole[i].text.ptr);
            bool expected = length == seconds || (length >= seconds + 2 && length <= seconds + 10);
            int64_t ns;
            bool good = parse_anew(whole[i].form, (struct slice){whole[i].text.ptr, length}, &ns);
            if (good != (expected || length == whole[i].text.len))
                fail_msg("%zu of \"%s\": %d", length, whole[i].text.ptr, good);
        }
}

/* The other way round. */
static struct slice write_form(enum form form, int64_t ns, int offset_minutes, char text[128]) {
    time_t seconds = (time_t)(ns / NS_PER_SECOND + offset_minutes * 60);
    struct tm parts;
    assert_non_null(gmtime_r(&seconds, &parts));
    size_t bytes = strftime(text, 128, form == ZONED ? "%Y-%m-%dT%H:%M:%S" : "%d/%b/%Y:%H:%M:%S", &parts);
    bytes += (size_t)snprintf(text + bytes, 128 - bytes, ".%09" PRId64, (int64_t)(ns % NS_PER_SECOND));
    int ahead = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    bytes += (size_t)snprintf(text + bytes, 128 - bytes, form == ZONED ? "%c%02d:%02d" : " %c%02d%02d",
                              offset_minutes < 0 ? '-' : '+', ahead / 60, ahead % 60);
    return (struct slice){text, bytes};
}

/* Every byte replaced by every other one: what is still taken says, when written again, the same. */
static void test_spoilt_texts(void **state) {
    (void)state;
    for (enum form form = ZONED; form <= LOCAL; form++) {
        char good[128], text[128], again[128];
        struct slice whole = write_form(form, 1704971471111111111, 90, good);
        for (size_t place = 0; place < whole.len; place++)
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, good, sizeof text);
                text[place] = (char)byte;
                int64_t ns = -1;
                if (!parse_anew(form, (struct slice){text, whole.len}, &ns)) {
                    assert_int_not_equal(text[place], good[place]);
                    continue;
                }
                size_t sign = whole.len - (form == ZONED ? 6 : 5);
                struct slice written = write_form(form, ns, text[sign] == '-' ? -90 : 90, again);
                bool in_offset = place > sign;
                if (text[10] == ' ') again[10] = ' ';
                assert_int_equal(written.len, whole.len);
                if (!in_offset && memcmp(again, text, whole.len) != 0) fail_msg("%s became %s", text, again);
            }
    }
}

/* Every day that there is, with a time of day and an offset that change. */
static void test_every_day(void **state) {
    (void)state;
    struct timestamp_cache cache = {.day = ""};
    for (int64_t day = 0; day < DAYS; day++) {
        int64_t expected = (day * 86400 + day * 7919 % 86400) * NS_PER_SECOND + day * 999983 % NS_PER_SECOND;
        int offset = (int)(day % 2879) - 1439;
        bool local_too_early = expected / NS_PER_SECOND + offset * 60 < 0;
        bool local_too_late = expected / NS_PER_SECOND + offset * 60 > NS_MAX / NS_PER_SECOND;
        for (enum form form = ZONED; form <= LOCAL; form++) {
            char text[128];
            int64_t ns = -1;
            struct slice written = write_form(form, expected, offset, text);
            bool good = parse(form, written, &cache, &ns);
            if (good == (local_too_early || local_too_late) || (good && ns != expected)) fail_msg("%s", text);
        }
        char text[128];
        struct slice written = write_form(ZONED, expected, 0, text);
        int64_t ns = -1;
        assert_true(timestamp_parse_date_clock((struct slice){text, 10}, (struct slice){text + 11, written.len - 17},
                                               &cache, &ns));
        assert_int_equal(ns, expected);
    }
}

static void test_random_seconds(void **state) {
    (void)state;
    struct seeded seeded = {12};
    for (int round = 0; round < 100000; round++) {
        uint64_t seconds = 1000000000 + seeded_next(&seeded) % (9214646400 - 1000000000);
        int digits = 1 + (int)seeded_below(&seeded, 9), fraction = (int)seeded_below(&seeded, 1000000000);
        int64_t scale = 1, ns = -1;
        for (int i = digits; i < 9; i++) scale *= 10;
        char text[64];
        int bytes = snprintf(text, sizeof text, "%" PRIu64 ".%0*d", seconds, digits, (int)(fraction / scale));
        assert_true(parse_anew(UNIX, (struct slice){text, (size_t)bytes}, &ns));
        assert_int_equal(ns, (int64_t)seconds * NS_PER_SECOND + fraction / scale * scale);
        bytes = snprintf(text, sizeof text, "%" PRIu64 "%03d", seconds, fraction / 1000000);
        assert_true(parse_anew(UNIX_MS, (struct slice){text, (size_t)bytes}, &ns));
        assert_int_equal(ns, (int64_t)seconds * NS_PER_SECOND + fraction / 1000000 * 1000000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),           cmocka_unit_test(test_date_and_clock),
        cmocka_unit_test(test_cache_changes_nothing), cmocka_unit_test(test_cut_texts),
        cmocka_unit_test(test_spoilt_texts),          cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_random_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
