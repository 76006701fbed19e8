/* The scanner: every kernel against a model that goes byte by byte.
 *
 * The text ends SCAN_PADDING_BYTES before an unreadable page, and what stands in the padding is as hostile as the text.
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

#include "base/scan.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define ENDS_MAX 16u
#define CANARY 0xcafecafeu
#define TEXT_BYTES_MAX 700u

struct result {
    uint32_t ends[ENDS_MAX + SCAN_ENDS_SLACK + 1];
    struct scan_line line;
};

static bool is_odd(char byte) {
    return (unsigned char)byte < 0x20 || (unsigned char)byte >= 0x80 || byte == '\\';
}

static void model_line(const char *text, uint32_t text_bytes, enum scan_columns columns, struct result *result) {
    const char separator = columns == SCAN_TABS ? '\t' : ' ';
    struct scan_line line = {.length = 0};
    uint32_t stop = 0, spaces = 0;
    while (stop < text_bytes && text[stop] != '\n') stop++;
    line.consumed = stop < text_bytes ? stop + 1 : text_bytes;
    line.length = stop > 0 && text[stop - 1] == '\r' ? stop - 1 : stop;
    bool escaped = false, inside = false;
    for (uint32_t i = 0; i < line.length; i++) {
        line.odd = line.odd || (is_odd(text[i]) && text[i] != separator);
        if (escaped) {
            escaped = false;
        } else if (text[i] == '\\') {
            escaped = true;
        } else if (text[i] == '"') {
            line.quotes_count++;
            inside = columns == SCAN_SPACES_QUOTED && !inside;
        }
        if (columns != SCAN_WHOLE && text[i] == separator && !inside && spaces++ < ENDS_MAX)
            result->ends[spaces - 1] = i;
    }
    if (spaces < ENDS_MAX) result->ends[spaces] = line.length;
    line.ends_count = spaces < ENDS_MAX ? spaces + 1 : ENDS_MAX + 1;
    line.quote_open = inside;
    result->line = line;
}

/* Runs `kernel` over a line and compares with the model. The text is given with its padding. */
static void check_line(const struct scan_kernel *kernel, const char *text, uint32_t text_bytes,
                       enum scan_columns columns) {
    struct result expected = {{0}, {0}}, got = {{0}, {0}};
    model_line(text, text_bytes, columns, &expected);
    got.ends[ENDS_MAX + SCAN_ENDS_SLACK] = CANARY;
    kernel->line(text, text_bytes, columns, got.ends, ENDS_MAX, &got.line);
    assert_int_equal(got.line.length, expected.line.length);
    assert_int_equal(got.line.consumed, expected.line.consumed);
    assert_int_equal(got.line.ends_count, expected.line.ends_count);
    assert_int_equal(got.line.quotes_count, expected.line.quotes_count);
    assert_int_equal(got.line.quote_open, expected.line.quote_open);
    assert_int_equal(got.line.odd, expected.line.odd);
    assert_int_equal(got.ends[ENDS_MAX + SCAN_ENDS_SLACK], CANARY);
    if (expected.line.ends_count <= ENDS_MAX)
        assert_memory_equal(got.ends, expected.ends, expected.line.ends_count * sizeof got.ends[0]);
}

static void check_line_everywhere(const char *text, uint32_t text_bytes) {
    const struct scan_kernel *kernels[3];
    uint32_t count = scan_kernels(kernels);
    for (uint32_t i = 0; i < count; i++) {
        check_line(kernels[i], text, text_bytes, SCAN_SPACES);
        check_line(kernels[i], text, text_bytes, SCAN_SPACES_QUOTED);
        check_line(kernels[i], text, text_bytes, SCAN_TABS);
        check_line(kernels[i], text, text_bytes, SCAN_WHOLE);
    }
}

/* `text` in front of the padding in front of the unreadable page. */
static const char *padded(const char *text, uint32_t text_bytes, const char *padding) {
    static char room[TEXT_BYTES_MAX + SCAN_PADDING_BYTES];
    assert_true(text_bytes <= TEXT_BYTES_MAX);
    memcpy(room, text, text_bytes);
    memcpy(room + text_bytes, padding, SCAN_PADDING_BYTES);
    return guard_copy((struct slice){room, text_bytes + SCAN_PADDING_BYTES}).ptr;
}

static char hostile_padding[SCAN_PADDING_BYTES];

static int fill_padding(void **state) {
    (void)state;
    for (uint32_t i = 0; i < SCAN_PADDING_BYTES; i++) hostile_padding[i] = " \"\n\\\r\x80"[i % 6];
    return 0;
}

/* --- what is expected, written down --------------------------------------------------------------- */

struct line_case {
    const char *what, *text;
    uint32_t ends[6], ends_count, length, consumed, quotes_count;
    bool odd, quote_open;
};

/* clang-format off */
static const struct line_case line_cases[] = {
    {"one column without an end", "abc", {3}, 1, 3, 3, 0, false, false},
    {"one column", "abc\n", {3}, 1, 3, 4, 0, false, false},
    {"an empty line", "\n", {0}, 1, 0, 1, 0, false, false},
    {"CR LF", "a b\r\nc", {1, 3}, 2, 3, 5, 0, false, false},
    {"an empty line with CR", "\r\n", {0}, 1, 0, 2, 0, false, false},
    {"only one CR belongs to the end", "a\r\r\n", {2}, 1, 2, 4, 0, true, false},
    {"a CR inside is text", "a\rb\n", {3}, 1, 3, 4, 0, true, false},
    {"the last CR without LF", "a\r", {1}, 1, 1, 2, 0, false, false},
    {"spaces side by side are empty columns", " a  b \n", {0, 2, 3, 5, 6}, 5, 6, 7, 0, false, false},
    {"quotes hide spaces", "a \"b c\" d\n", {1, 7, 9}, 3, 9, 10, 2, false, false},
    {"an open quote", "a \"b c\n", {1, 6}, 2, 6, 7, 1, false, true},
    {"an open quote ends with its line", "\"a\n\"b c\n", {2}, 1, 2, 3, 1, false, true},
    {"an escaped quote is text", "\"a \\\" b\" c\n", {8, 10}, 2, 10, 11, 2, true, false},
    {"a backslash behind a backslash is no escape", "\"a\\\\\" b\n", {5, 7}, 2, 7, 8, 2, true, false},
    {"high bytes", "\xc3\xa9 b\n", {2, 4}, 2, 4, 5, 0, true, false},
    {"a NUL", "a\0b\n", {3}, 1, 3, 4, 0, true, false},
    {"DEL is no control byte of JSON", "a\x7f\n", {2}, 1, 2, 3, 0, false, false},
};
/* clang-format on */

static void test_known_lines(void **state) {
    (void)state;
    const struct scan_kernel *kernels[3];
    uint32_t kernels_count = scan_kernels(kernels);
    for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
        const struct line_case *expected = &line_cases[i];
        uint32_t bytes = expected->what[2] == 'N' ? 4 : (uint32_t)strlen(expected->text);
        const char *text = padded(expected->text, bytes, hostile_padding);
        for (uint32_t k = 0; k < kernels_count; k++) {
            struct result got;
            kernels[k]->line(text, bytes, SCAN_SPACES_QUOTED, got.ends, ENDS_MAX, &got.line);
            bool good = got.line.ends_count == expected->ends_count && got.line.length == expected->length &&
                        got.line.consumed == expected->consumed && got.line.quotes_count == expected->quotes_count &&
                        got.line.odd == expected->odd && got.line.quote_open == expected->quote_open &&
                        memcmp(got.ends, expected->ends, expected->ends_count * sizeof got.ends[0]) == 0;
            if (!good) fail_msg("%s: %s", kernels[k]->name, expected->what);
        }
        check_line_everywhere(text, bytes);
    }
}

/* --- blocks of 64 ------------------------------------------------------------------------------- */

/* Everything that a kernel carries from block to block, at every distance from a block's border. */
static void test_borders(void **state) {
    (void)state;
    static const char *const pieces[] = {"\r\n", "\n",   "\\\" x", "\\\\\" x", "\" \"", "\"",
                                         " ",    "\x80", "\\",     "\r",       "\t",    "\t\r"};
    char text[TEXT_BYTES_MAX];
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        for (uint32_t before = 50; before < 140; before++)
            for (uint32_t behind = 0; behind < 3; behind++) {
                uint32_t bytes = (uint32_t)strlen(pieces[i]);
                memset(text, 'x', sizeof text);
                text[3] = '"';
                text[before - 9] = behind == 2 ? '"' : 'x';
                memcpy(text + before, pieces[i], bytes);
                bytes += before + 40 * behind;
                check_line_everywhere(padded(text, bytes, hostile_padding), bytes);
            }
}

static void test_too_many_columns(void **state) {
    (void)state;
    char text[TEXT_BYTES_MAX];
    for (uint32_t spaces = ENDS_MAX - 3; spaces < 6 * ENDS_MAX; spaces++)
        for (uint32_t width = 1; width <= 5; width += 2) {
            uint32_t bytes = 0;
            for (uint32_t i = 0; i < spaces; i++) {
                memset(text + bytes, 'x', width);
                text[bytes + width] = ' ';
                bytes += width + 1;
            }
            memcpy(text + bytes, "\"y z\"\ny z", 9);
            check_line_everywhere(padded(text, bytes + 9, hostile_padding), bytes + 9);
        }
}

/* --- chance ------------------------------------------------------------------------------------- */

static void test_random_lines(void **state) {
    (void)state;
    static const char *const alphabets[] = {"aaaaaaaaaaaaaaaa \"\\\n\r\x80", "aaaaaaaaaaaaaaaaaaaaaaaa \"", "a\\\"  ",
                                            "\r\n a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\"\n "};
    struct seeded seeded = {1};
    char text[TEXT_BYTES_MAX], padding[SCAN_PADDING_BYTES];
    for (int round = 0; round < 20000; round++) {
        const char *alphabet = alphabets[seeded_below(&seeded, COUNT_OF(alphabets))];
        uint32_t bytes = 1 + seeded_below(&seeded, round % 8 == 0 ? TEXT_BYTES_MAX : 150);
        for (uint32_t i = 0; i < bytes; i++) text[i] = seeded_byte(&seeded, alphabet, strlen(alphabet));
        for (uint32_t i = 0; i < SCAN_PADDING_BYTES; i++) padding[i] = seeded_byte(&seeded, alphabet, strlen(alphabet));
        check_line_everywhere(padded(text, bytes, padding), bytes);
    }
}

static void test_newlines(void **state) {
    (void)state;
    const struct scan_kernel *kernels[3];
    uint32_t count = scan_kernels(kernels);
    struct seeded seeded = {2};
    static char text[10000 + SCAN_PADDING_BYTES];
    for (int round = 0; round < 20000; round++) {
        bool large = round % 16 == 0;
        uint32_t bytes = seeded_below(&seeded, large ? 10000 : 140),
                 one_in = 1 + seeded_below(&seeded, large ? 3000 : 90);
        uint32_t lines_max = seeded_below(&seeded, large ? 10000 / one_in + 2 : 12);
        for (uint32_t i = 0; i < bytes; i++) text[i] = seeded_below(&seeded, one_in) == 0 ? '\n' : 'x';
        memcpy(text + bytes, hostile_padding, SCAN_PADDING_BYTES);
        const char *copy = guard_copy((struct slice){text, bytes + SCAN_PADDING_BYTES}).ptr;
        uint32_t lines = 0;
        size_t end = 0;
        for (uint32_t i = 0; i < bytes && lines < lines_max; i++)
            if (copy[i] == '\n') {
                lines++;
                end = i + 1;
            }
        for (uint32_t i = 0; i < count; i++) {
            size_t got_end = SIZE_MAX;
            assert_int_equal(kernels[i]->newlines(copy, bytes, lines_max, &got_end), lines);
            assert_int_equal(got_end, end);
        }
    }
}

/* --- choice ------------------------------------------------------------------------------------- */

static void test_choice(void **state) {
    (void)state;
    const struct scan_kernel *kernels[3];
    uint32_t count = scan_kernels(kernels);
    assert_in_range(count, 1, 3);
    assert_ptr_equal(kernels[0], &scan_kernel_baseline);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(setenv("WHEREFROM_CPU", kernels[i]->name, 1), 0);
        assert_ptr_equal(scan_choose(), kernels[i]);
    }
    assert_int_equal(setenv("WHEREFROM_CPU", "no such processor", 1), 0);
    assert_ptr_equal(scan_choose(), kernels[count - 1]);
    assert_int_equal(unsetenv("WHEREFROM_CPU"), 0);
    assert_ptr_equal(scan_choose(), kernels[count - 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_lines),  cmocka_unit_test(test_borders),  cmocka_unit_test(test_too_many_columns),
        cmocka_unit_test(test_random_lines), cmocka_unit_test(test_newlines), cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, fill_padding, NULL);
}
