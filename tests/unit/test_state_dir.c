/* The directory of --state: what was added is read again, piles up to a bound only, and is forgotten in time.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/state_dir.h"
#include "base/check.h"
#include "schemas/limits.h"

static char folder[64], file[96];
static struct state_dir directory;
static struct checkpoint_text text;
static struct error error;

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wherefrom-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/state/checkpoint", folder);
    char path[80];
    snprintf(path, sizeof path, "%s/state", folder);
    return state_dir_open(&directory, strdup(path), &error) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char path[80];
    state_dir_close(&directory);
    free((char *)(uintptr_t)directory.path);
    unlink(file);
    snprintf(path, sizeof path, "%s/state", folder);
    return rmdir(path) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static bool read_again(void) {
    bool found;
    checkpoint_text_destroy(&text);
    assert_int_equal(state_dir_read(&directory, &text, &found, &error), STATUS_OK);
    return found;
}

static void add_block(uint64_t inode, uint64_t position, uint64_t day) {
    char lines[9000];
    int bytes = snprintf(lines, sizeof lines,
                         "file 1 %llu 2 3 4 00000000000000ff %llu 6 0 - %llu %08000u\nlength output %llu\n",
                         (unsigned long long)inode, (unsigned long long)position, (unsigned long long)day, 7u,
                         (unsigned long long)position);
    assert_int_equal(state_dir_add(&directory, (struct slice){lines, (size_t)bytes}, &error), STATUS_OK);
}

static uint64_t place_of(uint64_t inode) {
    size_t count;
    struct file_place *const *places = known_files_by_inode(&text.files, 1, inode, &count);
    assert_int_equal(count, 1);
    return places[0]->position;
}

static void begin(void) {
    assert_false(read_again());
    text = (struct checkpoint_text){.options_count = 1, .has_length = {true}};
    text.options[0] = (struct checkpoint_option){SLICE("output"), SLICE("/a b")};
    assert_true(known_files_sort(&text.files));
    assert_int_equal(state_dir_replace(&directory, &text, 20000, &error), STATUS_OK);
}

static void test_added(void **state) {
    (void)state;
    begin();
    add_block(5, 100, 20000);
    add_block(6, 200, 20000);
    add_block(5, 300, 20000);
    assert_true(read_again());
    assert_int_equal(text.files.count, 2);
    assert_int_equal(place_of(5), 300);
    assert_int_equal(text.lengths[0], 300);
    assert_string_equal(text.options[0].value.ptr, "/a b");
    checkpoint_text_destroy(&text);
}

/* A torn block is gone for good: what comes behind it can be read. */
static void test_torn(void **state) {
    (void)state;
    begin();
    add_block(5, 100, 20000);
    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    add_block(5, 200, 20000);
    assert_int_equal(truncate(file, about.st_size + 20), 0);
    assert_true(read_again());
    assert_int_equal(directory.torn_bytes, 20);
    assert_int_equal(text.lengths[0], 100);
    add_block(5, 300, 20000);
    assert_true(read_again());
    assert_int_equal(directory.torn_bytes, 0);
    assert_int_equal(text.lengths[0], 300);
    checkpoint_text_destroy(&text);
}

static void test_bounded(void **state) {
    (void)state;
    struct stat about;
    uint64_t today = state_dir_today();
    off_t most = 0, before = 0;
    uint32_t shrunk = 0;
    begin();
    for (uint64_t i = 0; i < 2000; i++) {
        add_block(i % 10, i, today);
        assert_int_equal(stat(file, &about), 0);
        if (about.st_size > most) most = about.st_size;
        shrunk += about.st_size < before;
        before = about.st_size;
    }
    assert_in_range(most, CHECKPOINT_GARBAGE_BYTES, CHECKPOINT_GARBAGE_BYTES + 200000);
    assert_in_range(shrunk, 2, 4);
    assert_true(read_again());
    assert_int_equal(text.files.count, 10);
    assert_int_equal(text.lengths[0], 1999);
    for (uint64_t i = 0; i < 10; i++) assert_int_equal(place_of(i), 1990 + i);
    checkpoint_text_destroy(&text);
}

static void test_forgotten(void **state) {
    (void)state;
    begin();
    add_block(1, 100, 20000);
    add_block(2, 200, 20000 + STATE_KEPT_DAYS);
    assert_true(read_again());
    assert_int_equal(text.files.count, 2);
    assert_int_equal(state_dir_replace(&directory, &text, 20000 + STATE_KEPT_DAYS, &error), STATUS_OK);
    assert_true(read_again());
    assert_int_equal(text.files.count, 2);
    assert_int_equal(state_dir_replace(&directory, &text, 20001 + STATE_KEPT_DAYS, &error), STATUS_OK);
    assert_true(read_again());
    assert_int_equal(text.files.count, 1);
    assert_int_equal(place_of(2), 200);
    assert_int_equal(text.lengths[0], 200);
    checkpoint_text_destroy(&text);
}

static void test_locked(void **state) {
    (void)state;
    struct state_dir second;
    assert_int_equal(state_dir_open(&second, directory.path, &error), STATUS_FAILED);
    assert_non_null(strstr(error.message, "another wherefrom is using it"));
    state_dir_close(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_added, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
