/* Checkpoints as text: what is written is what is read, and nothing else is read.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/checkpoint_text.h"
#include "base/checksum.h"
#include "tests/unit/guard.h"

#define VERSION "wherefrom checkpoint 1\n"
#define FILE_A "file 1 2 300 400 40 00000000000000ff 100 7 0 - 20000 a.log\n"
#define FILE_B "file 1 3 300 -400 40 00000000000000ff 100 7 0 d 20000 b.log\n"

/* Blocks, each with its checksum behind it. */
static struct slice sealed(const char *const *blocks, size_t count) {
    static char text[8192];
    size_t bytes = 0;
    uint64_t seed = 0;
    for (size_t i = 0; i < count; i++) {
        seed = checksum(blocks[i], strlen(blocks[i]), seed);
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%send %016llx\n", blocks[i],
                                  (unsigned long long)seed);
    }
    assert_in_range(bytes, 0, sizeof text - 1);
    return (struct slice){text, bytes};
}

/* All that it says, in one line. */
static const char *told(const struct checkpoint_text *text) {
    static char out[4096];
    size_t bytes = 0;
    out[0] = '\0';
    for (size_t i = 0; i < text->options_count; i++)
        bytes += (size_t)snprintf(out + bytes, sizeof out - bytes, "%s=%s ", text->options[i].name.ptr,
                                  text->options[i].value.ptr);
    for (size_t i = 0; i < text->files.count; i++) {
        const struct file_place *place = &text->files.places[i];
        bytes += (size_t)snprintf(out + bytes, sizeof out - bytes, "%llu:%llu:%s@%llu#%llu+%llu%s%s%s%.*s ",
                                  (unsigned long long)place->identity.device, (unsigned long long)place->identity.inode,
                                  place->name.ptr, (unsigned long long)place->position,
                                  (unsigned long long)place->line_number, (unsigned long long)place->tail_bytes,
                                  place->done ? "d" : "", place->inside_line ? "i" : "",
                                  place->columns.len > 0 ? "|" : "", (int)place->columns.len, place->columns.ptr);
    }
    for (size_t i = 0; i < CHECKPOINT_OUTPUTS; i++)
        if (text->has_length[i])
            bytes += (size_t)snprintf(out + bytes, sizeof out - bytes, "%s:%llu ", checkpoint_outputs[i],
                                      (unsigned long long)text->lengths[i]);
    return out;
}

static const struct {
    const char *what;
    const char *blocks[3];
    const char *expected; /* or, with a ! in front, words of the error */
} cases[] = {
    {"nothing but a version", {VERSION}, ""},
    {"options", {VERSION "option output=/x%20y%25\noption schema=\n"}, "output=/x y% schema= "},
    {"a value with =", {VERSION "option a=b=c\n"}, "a=b=c "},
    {"a file", {VERSION FILE_A}, "1:2:a.log@100#7+0 "},
    {"a file that is done", {VERSION FILE_B}, "1:3:b.log@100#7+0d "},
    {"inside a line", {VERSION "file 1 2 300 400 40 00000000000000ff 100 7 0 i 20000 a\n"}, "1:2:a@100#7+0i "},
    {"done inside a line", {VERSION "file 1 2 300 400 40 00000000000000ff 100 7 5 di 20000 a\n"}, "1:2:a@100#7+5di "},
    {"numbers of 64 bits",
     {VERSION "file 1 18446744073709551615 300 400 40 ffffffffffffffff 100 7 5 d 20000 a\n"},
     "1:18446744073709551615:a@100#7+5d "},
    {"a name with blanks",
     {VERSION "file 1 2 300 400 40 00000000000000ff 100 7 5 d 20000 a%20%0ab%ff\n"},
     "1:2:a \nb\xff@100#7+5d "},
    {"a header",
     {VERSION FILE_A "columns vpc_flow:version srcaddr 0 future-column start\n"},
     "1:2:a.log@100#7+0|vpc_flow:version srcaddr 0 future-column start "},
    {"a header of no format", {VERSION FILE_A "columns -\n"}, "1:2:a.log@100#7+0|- "},
    {"lengths", {VERSION "length output 5\nlength rejects 0\n"}, "output:5 rejects:0 "},
    {"later blocks count",
     {VERSION FILE_A "length output 5\n", FILE_B "length output 6\n",
      "file 1 2 300 400 40 00000000000000ff 200 9 0 d 20000 a.log\n"},
     "1:3:b.log@100#7+0d 1:2:a.log@200#9+0d output:6 "},
    {"a later place has no header any more", {VERSION FILE_A "columns -\n", FILE_A}, "1:2:a.log@100#7+0 "},
    {"an empty block", {VERSION, "", FILE_A}, "1:2:a.log@100#7+0 "},
    {"no version", {FILE_A}, "!no checkpoint of wherefrom"},
    {"an empty first block", {""}, "!no checkpoint of wherefrom"},
    {"another version", {"wherefrom checkpoint 2\n" FILE_A}, "!another version of wherefrom"},
    {"a version in a later block", {VERSION, VERSION}, "!cannot be read at byte 44"},
    {"an unknown line", {VERSION "fill 1\n"}, "!cannot be read at byte 23"},
    {"an empty line", {VERSION "\n"}, "!cannot be read"},
    {"a file without a name", {VERSION "file 1 2 300 400 40 00000000000000ff 100 7 0 - 20000 \n"}, "!cannot be read"},
    {"two names", {VERSION "file 1 2 300 400 40 00000000000000ff 100 7 0 - 20000 a b\n"}, "!cannot be read"},
    {"line 0", {VERSION "file 1 2 300 400 40 00000000000000ff 100 0 0 - 20000 a\n"}, "!cannot be read"},
    {"a long tail", {VERSION "file 1 2 300 400 40 00000000000000ff 1 7 1048577 - 20000 a\n"}, "!cannot be read"},
    {"a long head", {VERSION "file 1 2 300 400 4097 00000000000000ff 1 7 0 - 20000 a\n"}, "!cannot be read"},
    {"too large a number",
     {VERSION "file 1 18446744073709551616 300 400 40 00000000000000ff 1 7 0 - 20000 a\n"},
     "!cannot be read"},
    {"a zero in front", {VERSION "length output 05\n"}, "!cannot be read"},
    {"no number", {VERSION "length output \n"}, "!cannot be read"},
    {"more than a number", {VERSION "length output 5 5\n"}, "!cannot be read"},
    {"an unknown output", {VERSION "length summary 5\n"}, "!cannot be read"},
    {"an unknown flag", {VERSION "file 1 2 300 400 40 00000000000000ff 1 7 0 x 20000 a\n"}, "!cannot be read"},
    {"a short hash", {VERSION "file 1 2 300 400 40 ff 1 7 0 - 20000 a\n"}, "!cannot be read"},
    {"a header without a file", {VERSION "columns -\n"}, "!cannot be read"},
    {"two headers", {VERSION FILE_A "columns -\ncolumns -\n"}, "!cannot be read"},
    {"a header of a format without", {VERSION FILE_A "columns alb_access:time\n"}, "!cannot be read"},
    {"no names", {VERSION FILE_A "columns vpc_flow:.A\n"}, "!cannot be read"},
    {"an option without a value", {VERSION "option output\n"}, "!cannot be read"},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct checkpoint_text text;
        struct error error;
        size_t count = 0;
        while (count < 3 && cases[i].blocks[count] != NULL) count++;
        enum status status = checkpoint_text_read(guard_copy(sealed(cases[i].blocks, count)), &text, &error);
        const char *expected = cases[i].expected;
        bool good = expected[0] == '!' ? status == STATUS_FAILED && strstr(error.message, expected + 1) != NULL
                                       : status == STATUS_OK && strcmp(told(&text), expected) == 0;
        if (!good) fail_msg("%s: %s", cases[i].what, status == STATUS_OK ? told(&text) : error.message);
        checkpoint_text_destroy(&text);
    }
}

static const char *const three_blocks[] = {VERSION "option output=/x\n" FILE_A "length output 1\n",
                                           FILE_B "length output 22\n", FILE_A "length output 333\n"};

/* What the first `count` of three_blocks say. */
static const char *told_of(size_t count) {
    static const char *const expected[] = {NULL, "output=/x 1:2:a.log@100#7+0 output:1 ",
                                           "output=/x 1:2:a.log@100#7+0 1:3:b.log@100#7+0d output:22 ",
                                           "output=/x 1:3:b.log@100#7+0d 1:2:a.log@100#7+0 output:333 "};
    return expected[count];
}

/* Cut anywhere it says what the blocks before say; in the first one nothing. */
static void test_cut(void **state) {
    (void)state;
    size_t ends[4] = {0};
    for (size_t i = 1; i <= 3; i++) ends[i] = sealed(three_blocks, i).len;
    for (size_t bytes = 0; bytes <= ends[3]; bytes++) {
        struct checkpoint_text text;
        struct error error;
        size_t whole = 0;
        while (whole < 3 && bytes >= ends[whole + 1]) whole++;
        struct slice all = sealed(three_blocks, 3), cut = guard_copy((struct slice){all.ptr, bytes});
        enum status status = checkpoint_text_read(cut, &text, &error);
        assert_int_equal(status, whole == 0 ? STATUS_FAILED : STATUS_OK);
        if (whole > 0) assert_string_equal(told(&text), told_of(whole));
        if (whole > 0) assert_int_equal(text.good_bytes, ends[whole]);
        checkpoint_text_destroy(&text);
    }
}

/* With a bit changed it says what some of the first blocks say, or is damaged; in front of the last block always the latter. */
static void test_changed(void **state) {
    (void)state;
    char copy[1024];
    size_t second = sealed(three_blocks, 2).len, bytes = sealed(three_blocks, 3).len, told_before = 0;
    assert_in_range(bytes, 1, sizeof copy);
    for (size_t place = 0; place < 8 * bytes; place++) {
        struct checkpoint_text text;
        struct error error;
        memcpy(copy, sealed(three_blocks, 3).ptr, bytes);
        copy[place / 8] = (char)(copy[place / 8] ^ (1 << place % 8));
        enum status status = checkpoint_text_read(guard_copy((struct slice){copy, bytes}), &text, &error);
        bool good = status == STATUS_FAILED;
        for (size_t i = 1; i <= 2 && !good; i++) good = strcmp(told(&text), told_of(i)) == 0;
        if (!good) fail_msg("bit %zu of byte %zu: %s", place % 8, place / 8, told(&text));
        if (place / 8 >= second) assert_int_equal(status, STATUS_OK);
        told_before += status == STATUS_OK;
        checkpoint_text_destroy(&text);
    }
    assert_in_range(told_before, 8 * (bytes - second), 8 * bytes - 1);
}

/* Blocks have an order. */
static void test_other_order(void **state) {
    (void)state;
    struct checkpoint_text text;
    struct error error;
    char copy[1024];
    size_t first = sealed(three_blocks, 1).len, second = sealed(three_blocks, 2).len, all = sealed(three_blocks, 3).len;
    const char *from = sealed(three_blocks, 3).ptr;
    memcpy(copy, from, first);
    memcpy(copy + first, from + second, all - second);
    memcpy(copy + first + all - second, from + first, second - first);
    assert_int_equal(checkpoint_text_read((struct slice){copy, all}, &text, &error), STATUS_FAILED);
    checkpoint_text_destroy(&text);
}

static void add(struct known_files *files, uint64_t inode, const char *name, uint64_t position) {
    const struct file_place place = {
        .identity = {.device = 1, .inode = inode}, .name = slice_from(name), .position = position};
    assert_true(known_files_add(files, &place));
}

static const char *told_number(uint64_t number) {
    static char out[32];
    snprintf(out, sizeof out, "%llu ", (unsigned long long)number);
    return out;
}

/* Of the places of an inode, in order. */
static const char *positions_of(const struct known_files *files, uint64_t inode) {
    static char out[200];
    size_t count, bytes = 0;
    struct file_place *const *places = known_files_by_inode(files, 1, inode, &count);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        bytes += (size_t)snprintf(out + bytes, sizeof out - bytes, "%s", told_number(places[i]->position));
    return out;
}

static void test_known_files(void **state) {
    (void)state;
    struct known_files files = {.count = 0};
    for (uint64_t i = 0; i < 500; i++) add(&files, i * 7919 % 1000, "many", i);
    add(&files, 5000, "a", 1);
    add(&files, 5001, "b", 2);
    add(&files, 5000, "c", 3); /* the same inode under another name */
    add(&files, 5002, "b", 4); /* the same name, later */
    add(&files, 5001, "b", 5); /* both again */
    assert_true(known_files_sort(&files));
    assert_int_equal(files.count, 504);
    for (uint64_t i = 0; i < 500; i++) assert_string_equal(positions_of(&files, i * 7919 % 1000), told_number(i));
    assert_string_equal(positions_of(&files, 6000), "");
    assert_string_equal(positions_of(&files, 5000), "3 1 ");
    assert_string_equal(positions_of(&files, 5001), "5 ");
    assert_string_equal(positions_of(&files, 5002), "4 ");
    assert_int_equal(known_files_by_name(&files, SLICE("b"))->position, 5);
    assert_int_equal(known_files_by_name(&files, SLICE("a"))->position, 1);
    assert_int_equal(known_files_by_name(&files, SLICE("many"))->position, 499);
    assert_null(known_files_by_name(&files, SLICE("")));
    known_files_destroy(&files);
    assert_true(known_files_sort(&files));
    assert_string_equal(positions_of(&files, 1), "");
    known_files_destroy(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),       cmocka_unit_test(test_cut),         cmocka_unit_test(test_changed),
        cmocka_unit_test(test_other_order), cmocka_unit_test(test_known_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
