/* Files that go on: what a killed process left unfinished is cut off, and nothing else.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/sink_file.h"

#define LONG_BYTES 10000u

static char path[] = "/tmp/test_sink_file.XXXXXX";

static int set_up(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    return unlink(path);
}

static void put_file(struct slice content) {
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, content.ptr, content.len), (ssize_t)content.len);
    close(fd);
}

static void test_continued_files(void **state) {
    (void)state;
    static char unended[LONG_BYTES], ended[LONG_BYTES];
    memset(unended, 'x', sizeof unended);
    memset(ended, 'x', sizeof ended);
    ended[10] = '\n'; /* farther from the end than is read at a time */
    const struct {
        const char *what;
        struct slice before;
        size_t kept;
    } cases[] = {
        {"empty", SLICE(""), 0},
        {"whole lines", SLICE("{}\n{}\n"), 6},
        {"the start of a line", SLICE("{}\n{\"a\":"), 3},
        {"nothing but the start of a line", SLICE("{\"a\":"), 0},
        {"a long start of a line", {unended, sizeof unended}, 0},
        {"a long start of a second line", {ended, sizeof ended}, 11},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sink_file *sink = NULL;
        struct error error;
        char after[LONG_BYTES + 16];
        put_file(cases[i].before);
        if (sink_file_open(path, SINK_FILE_CONTINUE, &sink, &error) != STATUS_OK)
            fail_msg("%s: %s", cases[i].what, error.message);
        assert_int_equal(sink_file_cut_bytes(sink), cases[i].before.len - cases[i].kept);
        assert_int_equal(sink_file_ops.write(sink, "{1}\n", 4, &error), STATUS_OK);
        assert_int_equal(sink_file_ops.close(sink, &error), STATUS_OK);
        sink_file_free(sink);
        int fd = open(path, O_RDONLY);
        ssize_t bytes = read(fd, after, sizeof after);
        close(fd);
        if (bytes != (ssize_t)cases[i].kept + 4 || memcmp(after, cases[i].before.ptr, cases[i].kept) != 0 ||
            memcmp(after + cases[i].kept, "{1}\n", 4) != 0)
            fail_msg("%s: %zd bytes", cases[i].what, bytes);
    }
}

static void test_new_file(void **state) {
    (void)state;
    struct sink_file *sink = NULL;
    struct error error;
    struct stat about;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sink_file_open(path, SINK_FILE_CONTINUE, &sink, &error), STATUS_OK);
    assert_int_equal(sink_file_cut_bytes(sink), 0);
    assert_int_equal(sink_file_ops.close(sink, &error), STATUS_OK);
    sink_file_free(sink);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_continued_files), cmocka_unit_test(test_new_file)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
