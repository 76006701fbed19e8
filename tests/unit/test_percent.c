/* Percent-encoding: known texts, texts cut anywhere, and chance against the definition read byte by byte.
 *
 * Texts end at an unreadable page, and so does the room for what is decoded.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define TEXT_BYTES_MAX 128u

struct percent_case {
    const char *what;
    struct slice text, once, twice;
};

/* clang-format off */
static const struct percent_case percent_cases[] = {
    {"nothing", SLICE(""), SLICE(""), SLICE("")},
    {"no escape", SLICE("curl/7.78.0"), SLICE("curl/7.78.0"), SLICE("curl/7.78.0")},
    {"no escape, sixteen bytes", SLICE("0123456789abcdef"), SLICE("0123456789abcdef"), SLICE("0123456789abcdef")},
    {"a space", SLICE("a%20b"), SLICE("a b"), SLICE("a b")},
    {"the only thing", SLICE("%41"), SLICE("A"), SLICE("A")},
    {"a user agent", SLICE("Mozilla/5.0%20(X11;%20Linux%20x86_64)%20Gecko/20100101"), SLICE("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"), SLICE("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101")},
    {"before 2019", SLICE("Mozilla/5.0%2520(X11;%2520Linux)"), SLICE("Mozilla/5.0%20(X11;%20Linux)"), SLICE("Mozilla/5.0 (X11; Linux)")},
    {"half of it", SLICE("a%2520b%20c"), SLICE("a%20b c"), SLICE("a b c")},
    {"digits in either case", SLICE("%c3%A9%C3%a9"), SLICE("\xc3\xa9\xc3\xa9"), SLICE("\xc3\xa9\xc3\xa9")},
    {"every digit", SLICE("%01%23%45%67%89%ab%cd%ef%AB%CD%EF"), SLICE("\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef"), SLICE("\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef")},
    {"a NUL", SLICE("a%00b"), SLICE("a\0b"), SLICE("a\0b")},
    {"a % that is none", SLICE("100% sure"), SLICE("100% sure"), SLICE("100% sure")},
    {"digits that are none", SLICE("%g0%0g%-1% 1%:0%/0%@0%G0%`0"), SLICE("%g0%0g%-1% 1%:0%/0%@0%G0%`0"), SLICE("%g0%0g%-1% 1%:0%/0%@0%G0%`0")},
    {"a % in front of an escape", SLICE("%%41"), SLICE("%A"), SLICE("%A")},
    {"cut off", SLICE("a%2"), SLICE("a%2"), SLICE("a%2")},
    {"cut off at once", SLICE("a%"), SLICE("a%"), SLICE("a%")},
    {"an escaped %", SLICE("100%25 sure"), SLICE("100% sure"), SLICE("100% sure")},
    {"an escaped % at the end", SLICE("100%25"), SLICE("100%"), SLICE("100%")},
    {"an escaped % and half an escape", SLICE("%252"), SLICE("%2"), SLICE("%2")},
    {"escaped three times", SLICE("%252520"), SLICE("%2520"), SLICE("%20")},
    {"digits made of escapes", SLICE("%25%32%30"), SLICE("%20"), SLICE("%20")},
    {"a % that is none and digits made of escapes", SLICE("%%32%30"), SLICE("%20"), SLICE("%20")},
    {"an escaped % in front of an escape", SLICE("%25%20"), SLICE("% "), SLICE("% ")},
};
/* clang-format on */

/* What was decoded, in room of text.len bytes that end at an unreadable page. */
static struct slice decode(struct slice text, bool twice) {
    static char nothing[TEXT_BYTES_MAX];
    struct slice room = guard_copy((struct slice){nothing, text.len});
    char *end = twice ? percent_decode_twice((char *)room.ptr, text) : percent_decode((char *)room.ptr, text);
    assert_in_range(end - room.ptr, 0, text.len);
    room.len = (size_t)(end - room.ptr);
    return room;
}

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(percent_cases); i++) {
        const struct percent_case *expected = &percent_cases[i];
        for (int twice = 0; twice < 2; twice++) {
            struct slice found = decode(expected->text, twice == 1);
            if (!slice_equal(found, twice == 1 ? expected->twice : expected->once))
                fail_msg("%s, \"%s\", %d: \"%.*s\"", expected->what, expected->text.ptr, twice, (int)found.len,
                         found.ptr);
        }
    }
}

static int digit(char c) {
    const char *digits = "0123456789abcdef0123456789ABCDEF", *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* Byte by byte, as the header says it. */
static size_t model(char *out, struct slice text, bool twice) {
    size_t bytes = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t skip = 0;
        if (text.ptr[i] != '%') {
            out[bytes++] = text.ptr[i];
            continue;
        }
        if (twice && text.len - i >= 5 && text.ptr[i + 1] == '2' && text.ptr[i + 2] == '5') skip = 2;
        if (skip == 2 && (digit(text.ptr[i + 3]) < 0 || digit(text.ptr[i + 4]) < 0)) skip = 0;
        bool escape = text.len - i >= skip + 3 && digit(text.ptr[i + skip + 1]) >= 0 &&
                      digit(text.ptr[i + skip + 2]) >= 0;
        out[bytes++] = escape ? (char)(digit(text.ptr[i + skip + 1]) * 16 + digit(text.ptr[i + skip + 2])) : '%';
        if (escape) i += skip + 2;
    }
    return bytes;
}

static void check_model(struct slice text) {
    for (int twice = 0; twice < 2; twice++) {
        char out[TEXT_BYTES_MAX], copy[TEXT_BYTES_MAX];
        struct slice expected = {out, model(out, text, twice == 1)};
        if (!slice_equal(decode(text, twice == 1), expected)) fail_msg("\"%.*s\", %d", (int)text.len, text.ptr, twice);
        /* and the text itself at the page */
        struct slice guarded = guard_copy(text);
        char *end = twice == 1 ? percent_decode_twice(copy, guarded) : percent_decode(copy, guarded);
        assert_int_equal(end - copy, expected.len);
    }
}

static void test_against_model(void **state) {
    (void)state;
    struct seeded seeded = {13};
    for (int round = 0; round < 100000; round++) {
        char text[TEXT_BYTES_MAX];
        const char *choices = round % 2 == 0 ? "%%%%%%225502aF x" : "%2520abcdefghijklmnopqrstuvwxyz";
        size_t bytes = seeded_below(&seeded, TEXT_BYTES_MAX);
        for (size_t i = 0; i < bytes; i++) text[i] = seeded_byte(&seeded, choices, strlen(choices));
        check_model((struct slice){text, bytes});
    }
}

static void test_cut_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(percent_cases); i++)
        for (size_t length = 0; length <= percent_cases[i].text.len; length++)
            check_model((struct slice){percent_cases[i].text.ptr, length});
}

/* Every byte, escaped, comes back. */
static void test_every_byte(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (int form = 0; form < 4; form++) {
            char text[16];
            const char *const forms[] = {"%%%02x", "%%%02X", "%%25%02x", "%%25%02X"};
            int bytes = snprintf(text, sizeof text, forms[form], (unsigned)byte);
            struct slice found = decode((struct slice){text, (size_t)bytes}, form >= 2);
            assert_int_equal(found.len, 1);
            assert_int_equal((unsigned char)found.ptr[0], byte);
        }
}

/* Unreserved characters stay, all others are escaped, and what was encoded is decoded. */
static void test_encode(void **state) {
    (void)state;
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (int byte = 0; byte < 256; byte++) {
        const char one = (char)byte;
        char out[3], expected[4];
        size_t bytes = (size_t)(percent_encode(out, guard_copy((struct slice){&one, 1})) - out);
        bool plain = byte != 0 && strchr(unreserved, byte) != NULL;
        snprintf(expected, sizeof expected, plain ? "%c" : "%%%02X", (unsigned)byte);
        assert_true(slice_equal((struct slice){out, bytes}, slice_from(expected)));
        assert_true(slice_equal(decode((struct slice){out, bytes}, false), (struct slice){&one, 1}));
    }
    char out[64];
    struct slice name = SLICE("a%b c/\xc3\xa9");
    assert_int_equal(percent_encode(out, name) - out, 18);
    assert_memory_equal(out, "a%25b%20c%2F%C3%A9", 18);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts), cmocka_unit_test(test_against_model), cmocka_unit_test(test_cut_texts),
        cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
