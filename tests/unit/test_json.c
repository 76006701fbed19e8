/* JSON strings: what is expected written down, and everything else against text_model.h.
 *
 * Every text is read from memory that ends at an unreadable page.
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

#include "base/json.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"
#include "tests/unit/text_model.h"

#define TEXT_BYTES_MAX 256u
#define CANARY 0x5a

struct escape_case {
    const char *what;
    struct slice text;
    enum json_source source;
    const char *expected;
    bool lossy;
};

#define V(literal) SLICE(literal), JSON_VERBATIM
#define A(literal) SLICE(literal), JSON_AWS_ESCAPES

/* clang-format off */
static const struct escape_case escape_cases[] = {
    {"nothing", V(""), "", false},
    {"plain text", V("curl/7.78.0 /~DEL\x7f"), "curl/7.78.0 /~DEL\x7f", false},
    {"quote and backslash", V("a\"b\\c"), "a\\\"b\\\\c", false},
    {"controls with a name of their own", V("\b\f\n\r\t"), "\\b\\f\\n\\r\\t", false},
    {"controls without", V("\0\x01\x0b\x1f"), "\\u0000\\u0001\\u000b\\u001f", false},
    {"two, three and four bytes", V("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", false},
    {"a byte that continues nothing", V("a\x80z"), "a\xef\xbf\xbdz", true},
    {"a character that is cut off", V("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd", true},
    {"a character broken off by another", V("\xe2\x82\xc3\xa9"), "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9", true},
    {"a surrogate", V("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},
    {"a slash in two bytes", V("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", true},
    {"beyond U+10FFFF", V("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},
    {"U+FFFD itself is nothing lost", V("\xef\xbf\xbd"), "\xef\xbf\xbd", false},
    {"escapes are text when they are not AWS's", V("\\x22\\\""), "\\\\x22\\\\\\\"", false},
    {"an escaped quote", A("\\x22Mozilla\\x22"), "\\\"Mozilla\\\"", false},
    {"an escaped backslash", A("..\\x5Cwin.ini"), "..\\\\win.ini", false},
    {"lower case digits", A("\\x5c\\xe2\\x82\\xac"), "\\\\\xe2\x82\xac", false},
    {"a Hangul syllable in three escapes", A("\\xEC\\x97\\x90"), "\xec\x97\x90", false},
    {"half raw and half escaped", A("\xEC\\x97\x90"), "\xec\x97\x90", false},
    {"escapes that make no character", A("\\xEC\\x97"), "\xef\xbf\xbd\xef\xbf\xbd", true},
    {"eight digits", A("\\x00000022Mozilla"), "\\\"Mozilla", false},
    {"eight digits that are no byte", A("\\x00000122"), "\\u0000000122", false},
    {"two digits before text like digits", A("\\x2200000022"), "\\\"00000022", false},
    {"a NUL", A("\\x00"), "\\u0000", false},
    {"a NUL before zeros", A("\\x0000000"), "\\u000000000", false},
    {"a backslash before a quote", A("\\\"a\\\\"), "\\\"a\\\\", false},
    {"no digits", A("\\xZZ\\x1"), "\\\\xZZ\\\\x1", false},
    {"cut off", A("a\\x5"), "a\\\\x5", false},
    {"a backslash at the end", A("a\\"), "a\\\\", false},
    {"an unknown escape", A("\\n"), "\\\\n", false},
    {"an escape that escapes", A("\\x5Cx22"), "\\\\x22", false},
};
/* clang-format on */

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(escape_cases); i++) {
        const struct escape_case *expected = &escape_cases[i];
        char out[TEXT_BYTES_MAX * JSON_EXPANSION];
        bool lossy = false;
        char *end = json_escape(out, guard_copy(expected->text), expected->source, &lossy);
        *end = '\0';
        if (strcmp(out, expected->expected) != 0 || lossy != expected->lossy)
            fail_msg("%s: %s (lossy %d)", expected->what, out, lossy);
    }
}

static void test_quotes(void **state) {
    (void)state;
    char out[16];
    bool lossy = true; /* set by an earlier text: stays */
    char *end = json_quote(out, SLICE("a\"b"), JSON_VERBATIM, &lossy);
    assert_int_equal(end - out, 6);
    assert_memory_equal(out, "\"a\\\"b\"", 6);
    assert_true(lossy);
}

/* One text through json_escape: no more room than allowed, and read back it is what the model says. */
static void check_text(struct slice text, enum json_source source) {
    char out[TEXT_BYTES_MAX * JSON_EXPANSION + 1], unescaped[TEXT_BYTES_MAX], repaired[3 * TEXT_BYTES_MAX],
        decoded[sizeof out];
    bool lossy = false, expected_lossy = false;
    size_t room = JSON_EXPANSION * text.len, bytes, repaired_bytes, decoded_bytes;
    memset(out, CANARY, sizeof out);
    bytes = (size_t)(json_escape(out, guard_copy(text), source, &lossy) - out);
    assert_true(bytes <= room);
    for (size_t i = room; i < sizeof out; i++) assert_int_equal(out[i], CANARY);
    struct slice meant = text;
    if (source == JSON_AWS_ESCAPES) meant = (struct slice){unescaped, text_model_unescape(text, unescaped)};
    repaired_bytes = text_model_repair(meant, repaired, &expected_lossy);
    assert_true(text_model_decode((struct slice){out, bytes}, decoded, &decoded_bytes));
    assert_int_equal(decoded_bytes, repaired_bytes);
    assert_memory_equal(decoded, repaired, repaired_bytes);
    assert_int_equal(lossy, expected_lossy);
    char padded[TEXT_BYTES_MAX + 16]; /* what is behind the text does not matter */
    memset(padded, '"', sizeof padded);
    if (text.len > 0) memcpy(padded, text.ptr, text.len);
    bool plain = true;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        plain = plain && byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
    }
    assert_int_equal(json_is_plain_padded((struct slice){padded, text.len}), plain);
}

static void test_every_byte(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[5] = {(char)byte, 'a', (char)byte, (char)byte, 'b'}, escape[8];
        check_text((struct slice){text, sizeof text}, JSON_VERBATIM);
        check_text((struct slice){text, sizeof text}, JSON_AWS_ESCAPES);
        snprintf(escape, sizeof escape, "\\x%02X", byte);
        check_text(slice_from(escape), JSON_AWS_ESCAPES);
    }
}

static void test_random_texts(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "\\x",  "22", "5C",           "000000",           "EC",       "\\xEC\\x97\\x90",
        "\\",   "\"", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0", "\xc3",
        "\x80", "\n", "plain text",   "\\x00000022",      "9"};
    struct seeded seeded = {3};
    for (int round = 0; round < 50000; round++) {
        char text[TEXT_BYTES_MAX];
        size_t bytes = 0, wanted = seeded_below(&seeded, 60);
        while (bytes < wanted) {
            const char *piece = pieces[seeded_below(&seeded, COUNT_OF(pieces))];
            size_t piece_bytes = 1 + seeded_below(&seeded, (uint32_t)strlen(piece));
            memcpy(text + bytes, piece, piece_bytes);
            bytes += piece_bytes;
        }
        check_text((struct slice){text, bytes}, seeded_below(&seeded, 3) == 0 ? JSON_VERBATIM : JSON_AWS_ESCAPES);
    }
}

/* --- UTF-8 -------------------------------------------------------------------------------------- */

static void check_sequence(const unsigned char *bytes, size_t count) {
    struct slice text = {(const char *)bytes, count};
    uint32_t length = json_utf8_sequence(text);
    assert_int_equal(length, text_model_character(text));
    if (count == 1) assert_int_equal(json_utf8_sequence(guard_copy(text)), length);
}

/* Every start of three bytes, and behind those of a four-byte character the values where the rule changes. */
static void test_every_sequence(void **state) {
    (void)state;
    static const unsigned char fourth[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    for (unsigned lead = 0; lead < 256; lead++)
        for (unsigned second = 0; second < 256; second++) {
            unsigned char bytes[4] = {(unsigned char)lead, (unsigned char)second};
            check_sequence(bytes, 1);
            check_sequence(bytes, 2);
            for (unsigned third = 0; third < 256; third += lead < 0xe0 ? 51 : 1) {
                bytes[2] = (unsigned char)third;
                check_sequence(bytes, 3);
                for (size_t i = 0; i < COUNT_OF(fourth) && lead >= 0xf0; i++) {
                    bytes[3] = fourth[i];
                    check_sequence(bytes, 4);
                }
            }
        }
}

static void test_whole_texts(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"", true},         {"abc", true},          {"\xc3\xa9t\xc3\xa9", true}, {"\xc3\xa9\xc3", false},
                 {"a\xff", false},   {"\xf0\x9f\x98", false}, {"\xed\xa0\x80", false},     {"\xf4\x8f\xbf\xbf", true}};
    /* clang-format on */
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(json_utf8_valid(guard_copy(slice_from(cases[i].text))), cases[i].valid);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),  cmocka_unit_test(test_quotes),         cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_random_texts), cmocka_unit_test(test_every_sequence), cmocka_unit_test(test_whole_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
