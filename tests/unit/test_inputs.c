/* The list of inputs: order, names, what is left out, what is refused. On trees in a temporary directory.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/inputs.h"
#include "schemas/limits.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ALB1 "123456789012_elasticloadbalancing_us-east-2_app.web.1234567890abcdef_20220215T2340Z_10.0.0.1_aaaaaaaa.log"
#define ALB2 "123456789012_elasticloadbalancing_us-east-2_app.web.1234567890abcdef_20220215T2345Z_10.0.0.1_bbbbbbbb.log"

static char directory[64];

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)kind, (void)where;
    return remove(path);
}

/* Every test runs inside an empty directory of its own, so that paths can be relative. */
static int enter_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/test_inputs.XXXXXX");
    return mkdtemp(directory) == NULL || chdir(directory) != 0 ? -1 : 0;
}

static int leave_directory(void **state) {
    (void)state;
    return chdir("/") != 0 || nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 ? -1 : 0;
}

static void make_directories(const char *path) {
    char part[PATH_BYTES_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        assert_true(mkdir(part, 0700) == 0 || errno == EEXIST);
    }
}

/* A file of `count` bytes, with the directories above it. */
static void make_file(const char *path, size_t count) {
    make_directories(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fputc('x', file), 'x');
    }
    assert_int_equal(fclose(file), 0);
}

static void make_link(const char *target, const char *path) {
    make_directories(path);
    assert_int_equal(symlink(target, path), 0);
}

/* `arguments` ends at a NULL. */
static enum status list_with_origin(struct inputs *inputs, const char *const *arguments, const char *origin,
                                    struct error *error) {
    struct inputs_request request = {.arguments = arguments, .origin = origin};
    while (arguments[request.arguments_count] != NULL) {
        request.arguments_count++;
    }
    error->message[0] = '\0';
    return inputs_init(inputs, &request, error);
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void list(struct inputs *inputs, const char *const *arguments) {
    struct error error;
    if (list_with_origin(inputs, arguments, NULL, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

/* `expected` holds pairs of path and origin and ends at a NULL. */
static void assert_items(const struct inputs *inputs, const char *const *expected) {
    size_t count = 0;
    while (expected[2 * count] != NULL) {
        count++;
    }
    for (size_t i = 0; i < inputs->items_count && i < count; i++) {
        assert_string_equal(inputs->items[i].path, expected[2 * i]);
        assert_string_equal(inputs->items[i].origin, expected[2 * i + 1]);
    }
    assert_int_equal(inputs->items_count, count);
}

/* Refused with `status`; the message has all `parts`, of which the last is NULL. */
static void assert_refused(const char *const *arguments, const char *origin, enum status status,
                           const char *const *parts) {
    struct inputs inputs;
    struct error error;
    assert_int_equal(list_with_origin(&inputs, arguments, origin, &error), status);
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (strstr(error.message, parts[i]) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", error.message, parts[i]);
        }
    }
    assert_null(strchr(error.message, '\n'));
    inputs_destroy(&inputs);
}

static void files_given_by_name_keep_order_and_name(void **state) {
    (void)state;
    make_file("b.log.gz", 3);
    make_file("x/a.log", 5);
    make_file("x/" ALB1 ".gz", 7);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    struct inputs inputs;
    list(&inputs, ARGUMENTS("./b.log.gz", "fifo", "x/a.log", "x/" ALB1 ".gz"));
    assert_items(&inputs,
                 ARGUMENTS("./b.log.gz", "./b.log", "fifo", "fifo", "x/a.log", "x/a.log", "x/" ALB1 ".gz", ALB1));
    assert_int_equal(inputs.size_bytes, 15);
    assert_int_equal(inputs.items[0].size_bytes, 3);
    assert_int_equal(inputs.items[1].size_bytes, 0);
    assert_int_equal(inputs.items[0].found, INPUT_BY_NAME);
    assert_string_equal(inputs.items[3].key.balancer, "app/web/1234567890abcdef");
    assert_true(slice_equal(inputs.items[3].key.region, SLICE("us-east-2")));
    assert_int_equal(inputs.items[0].key.format.len, 0);
    inputs_destroy(&inputs);
    assert_null(inputs.items);
    inputs_destroy(&inputs);
}

/* They have no end that anything behind them could wait for. */
static void streams_come_last(void **state) {
    (void)state;
    make_file("c.log", 1);
    make_file("d.log", 1);
    struct inputs inputs;
    struct error error;
    const char *const *arguments = ARGUMENTS("tcp://[::1]:2?proxy=v2", "d.log", "tcp://127.0.0.1:1", "c.log");
    list(&inputs, arguments);
    assert_items(&inputs, ARGUMENTS("d.log", "d.log", "c.log", "c.log", "tcp://[::1]:2?proxy=v2",
                                    "tcp://[::1]:2?proxy=v2", "tcp://127.0.0.1:1", "tcp://127.0.0.1:1"));
    assert_int_equal(inputs.streams_count, 2);
    for (size_t i = 0; i < 4; i++) assert_int_equal(inputs.items[i].is_stream, i >= 2);
    inputs_destroy(&inputs);
    assert_int_equal(list_with_origin(&inputs, ARGUMENTS("tcp://127.0.0.1:1"), "edge", &error), STATUS_OK);
    assert_items(&inputs, ARGUMENTS("tcp://127.0.0.1:1", "edge"));
    inputs_destroy(&inputs);
}

static void nothing_given_is_nothing(void **state) {
    (void)state;
    struct inputs inputs;
    struct error error;
    static const char *const none[] = {NULL};
    assert_int_equal(list_with_origin(&inputs, none, "o", &error), STATUS_OK);
    assert_int_equal(inputs.items_count, 0);
    inputs_destroy(&inputs);
}

static void a_directory_is_read_in_byte_order_of_the_path(void **state) {
    (void)state;
    static const char *const files[] = {"d/b/z.log",        "d/b.log",        "d/b-1/x", "d/B",
                                        "d/a/y/z/deep.zst", "d/\xc3\xa4.log", "d/~"};
    for (size_t i = 0; i < COUNT(files); i++) {
        make_file(files[i], i);
    }
    static const char *const roots[] = {"d", "d/", "d///"};
    for (size_t i = 0; i < COUNT(roots); i++) {
        struct inputs inputs;
        list(&inputs, ARGUMENTS(roots[i]));
        assert_items(&inputs, ARGUMENTS("d/B", "B", "d/a/y/z/deep.zst", "a/y/z/deep", "d/b-1/x", "b-1/x", "d/b.log",
                                        "b.log", "d/b/z.log", "b/z.log", "d/~", "~", "d/\xc3\xa4.log", "\xc3\xa4.log"));
        assert_int_equal(inputs.size_bytes, 21);
        assert_int_equal(inputs.items[0].found, INPUT_BELOW);
        inputs_destroy(&inputs);
    }
    struct inputs inputs;
    list(&inputs, ARGUMENTS("."));
    assert_string_equal(inputs.items[0].path, "./d/B");
    assert_string_equal(inputs.items[0].origin, "d/B");
    inputs_destroy(&inputs);
}

static void left_out_of_a_directory_is_counted(void **state) {
    (void)state;
    make_file("d/a.log", 1);
    make_file("d/.hidden", 1);
    make_file("d/.git/config", 1);
    make_file("d/b.log.tmp", 1);
    make_file("d/c.log.gz.part", 1);
    make_file("d/folder.tmp/d.log", 1);
    make_file("d/tmp", 1);
    assert_int_equal(mkfifo("d/fifo", 0600), 0);
    struct inputs inputs;
    list(&inputs, ARGUMENTS("d"));
    assert_items(&inputs, ARGUMENTS("d/a.log", "a.log", "d/folder.tmp/d.log", "folder.tmp/d.log", "d/tmp", "tmp"));
    assert_int_equal(inputs.hidden.count, 2);
    assert_int_equal(inputs.unfinished.count, 2);
    assert_int_equal(inputs.special.count, 1);
    assert_string_equal(inputs.special.example, "d/fifo");
    assert_int_equal(inputs.links.count + inputs.same_object.count, 0);
    inputs_destroy(&inputs);
    /* what is given by name is read whatever it is called */
    list(&inputs, ARGUMENTS("d/b.log.tmp", "d/.hidden", "d/.git"));
    assert_items(&inputs, ARGUMENTS("d/b.log.tmp", "d/b.log.tmp", "d/.hidden", "d/.hidden", "d/.git/config", "config"));
    inputs_destroy(&inputs);
}

static void links_are_followed_only_inside(void **state) {
    (void)state;
    make_file("d/sub/a.log", 4);
    make_file("d-outside/b.log", 1); /* begins like "d" */
    make_file("d/.data/c.log", 2);
    make_link("sub/a.log", "d/inside.log");
    make_link("../d/.data/c.log", "d/around.log");
    make_link("../d-outside/b.log", "d/outside.log");
    make_link("/etc/passwd", "d/absolute.log");
    make_link("nowhere", "d/broken.log");
    make_link("broken-too", "d/broken-too");
    make_link("sub", "d/to-directory");
    make_link("..", "d/up");
    make_link(".", "d/cycle");
    make_link("d", "root");
    static const char *const roots[] = {"d", "root"}; /* an INPUT may be a link itself */
    for (size_t i = 0; i < COUNT(roots); i++) {
        struct inputs inputs;
        list(&inputs, ARGUMENTS(roots[i]));
        assert_int_equal(inputs.items_count, 3);
        assert_string_equal(inputs.items[0].origin, "around.log");
        assert_string_equal(inputs.items[1].origin, "inside.log");
        assert_string_equal(inputs.items[2].origin, "sub/a.log");
        assert_int_equal(inputs.items[0].size_bytes, 2);
        assert_int_equal(inputs.size_bytes, 10);
        assert_int_equal(inputs.links.count, 7);
        assert_true(inputs.links.example[0] != '\0');
        inputs_destroy(&inputs);
    }
}

static void a_quoted_glob_is_expanded(void **state) {
    (void)state;
    make_file("l/b.log", 1);
    make_file("l/a.log", 1);
    make_file("l/C.log", 1);
    make_file("l/other.txt", 1);
    make_file("l/x.log.d/in.log", 1);
    make_file("l/[odd].log", 1);
    struct inputs inputs;
    list(&inputs, ARGUMENTS("l/*.log*"));
    assert_items(&inputs, ARGUMENTS("l/C.log", "l/C.log", "l/[odd].log", "l/[odd].log", "l/a.log", "l/a.log", "l/b.log",
                                    "l/b.log", "l/x.log.d/in.log", "in.log"));
    assert_int_equal(inputs.items[0].found, INPUT_BY_GLOB);
    inputs_destroy(&inputs);
    list(&inputs, ARGUMENTS("l/[odd].log")); /* a file of that name exists: it is meant */
    assert_items(&inputs, ARGUMENTS("l/[odd].log", "l/[odd].log"));
    inputs_destroy(&inputs);
    list(&inputs, ARGUMENTS("l/[ab].log"));
    assert_items(&inputs, ARGUMENTS("l/a.log", "l/a.log", "l/b.log", "l/b.log"));
    inputs_destroy(&inputs);
    assert_refused(ARGUMENTS("l/*.gz"), NULL, STATUS_FAILED, ARGUMENTS("l/*.gz", "matches nothing"));
}

static void stdin_gets_a_random_name_or_the_given_one(void **state) {
    (void)state;
    char previous[40] = "";
    for (size_t n = 0; n < 20; n++) {
        struct inputs inputs;
        list(&inputs, ARGUMENTS("-"));
        assert_int_equal(inputs.items_count, 1);
        assert_true(inputs.items[0].is_stdin);
        assert_string_equal(inputs.items[0].path, "-");
        const char *name = inputs.items[0].origin;
        assert_int_equal(strlen(name), 36);
        for (size_t i = 0; i < 36; i++) {
            bool dash = i == 8 || i == 13 || i == 18 || i == 23;
            assert_true(dash ? name[i] == '-' : strchr("0123456789abcdef", name[i]) != NULL);
        }
        assert_int_equal(name[14], '4');
        assert_non_null(strchr("89ab", name[19]));
        assert_string_not_equal(name, previous);
        strcpy(previous, name);
        inputs_destroy(&inputs);
    }
    assert_refused(ARGUMENTS("-", "-"), NULL, STATUS_USAGE, ARGUMENTS("stdin", "twice"));
}

static void a_given_origin_replaces_one_name_and_precedes_several(void **state) {
    (void)state;
    make_file("a.log.gz", 1);
    make_file("d/b.log", 1);
    make_file(ALB1, 1);
    static const struct {
        const char *what, *arguments[4], *expected[7];
    } cases[] = {
        {"a file", {"a.log.gz"}, {"a.log.gz", "web"}},
        {"an AWS object", {ALB1}, {ALB1, "web"}},
        {"stdin", {"-"}, {"-", "web"}},
        {"a directory, though with one file", {"d"}, {"d/b.log", "web/b.log"}},
        {"a glob, though of one file", {"a.log*"}, {"a.log.gz", "web/a.log"}},
        {"several", {"a.log.gz", "-", ALB1}, {"a.log.gz", "web/a.log", "-", "web/stdin", ALB1, "web/" ALB1}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        struct inputs inputs;
        struct error error;
        assert_int_equal(list_with_origin(&inputs, cases[i].arguments, "web", &error), STATUS_OK);
        assert_items(&inputs, cases[i].expected);
        inputs_destroy(&inputs);
    }
    char origin[ORIGIN_NAME_BYTES_MAX + 2];
    memset(origin, 'o', sizeof origin - 1);
    origin[sizeof origin - 1] = '\0';
    assert_refused(ARGUMENTS("a.log.gz"), origin, STATUS_USAGE, ARGUMENTS("a.log.gz", "longer than", "--origin"));
}

static void equal_names_are_refused(void **state) {
    (void)state;
    make_file("a.log", 1);
    make_file("a.log.gz", 1);
    make_file("d1/x.log", 1);
    make_file("d2/x.log.gz", 1);
    make_file("d1/" ALB1, 1);
    make_file("d2/" ALB1 ".gz", 1);
    static const struct {
        const char *what, *arguments[4], *named[3];
    } cases[] = {
        {"the same file twice", {"a.log", "a.log"}, {"a.log"}},
        {"plain and packed", {"a.log.gz", "a.log"}, {"a.log.gz", "a.log"}},
        {"the same object twice", {"d1/" ALB1, "d2/" ALB1 ".gz"}, {"d1/" ALB1, "d2/" ALB1 ".gz"}},
        {"the same object twice, and in a directory before",
         {"d1", "d1/" ALB1, "d2/" ALB1 ".gz"},
         {"d1/" ALB1, "d2/" ALB1 ".gz"}},
        {"the same path below two directories", {"d1", "d2"}, {"d1/x.log", "d2/x.log.gz"}},
        {"a directory twice", {"d1", "d1/"}, {"d1/x.log", "d1/x.log"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_refused(cases[i].arguments, NULL, STATUS_USAGE, cases[i].named);
        assert_refused(cases[i].arguments, "o", STATUS_USAGE, ARGUMENTS("same origin name", "--origin", "event.id"));
    }
    assert_refused(ARGUMENTS("."), NULL, STATUS_USAGE, ARGUMENTS("./a.log", "./a.log.gz"));
}

static void an_object_met_again_is_read_once(void **state) {
    (void)state;
    make_file("t/a/" ALB1 ".gz", 10);
    make_file("t/a/" ALB2, 20);
    make_file("t/b/" ALB1, 40);
    make_file("t/b/" ALB1 ".gz", 80);
    make_file("t/b/AWSLogs/1/ELBAccessLogTestFile", 1);
    make_file("t/b/AWSLogs/2/ELBAccessLogTestFile", 1); /* no object name: every account has one */
    struct inputs inputs;
    list(&inputs, ARGUMENTS("t"));
    assert_items(&inputs, ARGUMENTS("t/a/" ALB1 ".gz", ALB1, "t/a/" ALB2, ALB2, "t/b/AWSLogs/1/ELBAccessLogTestFile",
                                    "b/AWSLogs/1/ELBAccessLogTestFile", "t/b/AWSLogs/2/ELBAccessLogTestFile",
                                    "b/AWSLogs/2/ELBAccessLogTestFile"));
    assert_int_equal(inputs.same_object.count, 2);
    assert_string_equal(inputs.same_object.example, "t/b/" ALB1);
    assert_int_equal(inputs.size_bytes, 32);
    inputs_destroy(&inputs);
    list(&inputs, ARGUMENTS("t/b/" ALB1, "t")); /* the one that comes first is read */
    assert_string_equal(inputs.items[0].path, "t/b/" ALB1);
    assert_int_equal(inputs.items_count, 4);
    assert_int_equal(inputs.same_object.count, 3); /* one of them is the file itself */
    inputs_destroy(&inputs);
    list(&inputs, ARGUMENTS("t/*/*.log*"));
    assert_items(&inputs, ARGUMENTS("t/a/" ALB1 ".gz", ALB1, "t/a/" ALB2, ALB2));
    assert_int_equal(inputs.same_object.count, 2);
    inputs_destroy(&inputs);
}

static void other_kinds_are_refused_with_the_next_step(void **state) {
    (void)state;
    assert_refused(ARGUMENTS("s3://bucket/prefix"), NULL, STATUS_USAGE,
                   ARGUMENTS("`aws s3 sync s3://bucket/prefix ./logs`", "`wherefrom run ./logs`"));
    assert_refused(ARGUMENTS("tcp://localhost:1"), NULL, STATUS_USAGE,
                   ARGUMENTS("tcp://localhost:1", "expected tcp://ADDRESS:PORT"));
    assert_refused(ARGUMENTS("https://example.com/*"), NULL, STATUS_USAGE,
                   ARGUMENTS("https://example.com/*", "unknown kind"));
    assert_refused(ARGUMENTS("missing.log"), NULL, STATUS_FAILED, ARGUMENTS("missing.log", "No such file"));
    assert_refused(ARGUMENTS(""), NULL, STATUS_FAILED, ARGUMENTS("No such file"));
    make_file("a.log", 1);
    assert_refused(ARGUMENTS("a.log", "a.log/b"), NULL, STATUS_FAILED, ARGUMENTS("a.log/b", "Not a directory"));
}

static void too_deep_is_an_error_that_names_the_place(void **state) {
    (void)state;
    char path[PATH_BYTES_MAX] = "d/";
    for (unsigned i = 0; i < DIRECTORY_DEPTH_MAX; i++) {
        strcat(path, "e/");
    }
    strcat(path, "a.log");
    make_file(path, 1);
    struct inputs inputs;
    list(&inputs, ARGUMENTS("d"));
    assert_int_equal(inputs.items_count, 1);
    inputs_destroy(&inputs);
    strcpy(strrchr(path, '/'), "/f/a.log");
    make_file(path, 1);
    assert_refused(ARGUMENTS("d"), NULL, STATUS_FAILED, ARGUMENTS("e/e/f", "directories deep"));
}

static void unreadable_is_an_error_that_names_it(void **state) {
    (void)state;
    make_file("d/closed/a.log", 1);
    make_file("e/b.log", 1);
    make_file("c.log", 1);
    assert_int_equal(chmod("d/closed", 0), 0);
    assert_int_equal(chmod("e/b.log", 0), 0);
    assert_int_equal(chmod("c.log", 0), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(chmod("d", 0755), 0);
    assert_int_equal(chmod("e", 0755), 0);
    uid_t user = geteuid();
    if (user == 0) { /* nothing is unreadable for root */
        assert_int_equal(setresuid(65534, 65534, 0), 0);
    }
    assert_refused(ARGUMENTS("c.log"), NULL, STATUS_FAILED, ARGUMENTS("c.log", "Permission denied"));
    assert_refused(ARGUMENTS("d/closed"), NULL, STATUS_FAILED, ARGUMENTS("d/closed", "Permission denied"));
    assert_refused(ARGUMENTS("d"), NULL, STATUS_FAILED, ARGUMENTS("d/closed", "Permission denied"));
    assert_refused(ARGUMENTS("e"), NULL, STATUS_FAILED, ARGUMENTS("e/b.log", "Permission denied"));
    assert_refused(ARGUMENTS("d/clo*/*"), NULL, STATUS_FAILED, ARGUMENTS("d/clo*/*", "Permission denied"));
    assert_refused(ARGUMENTS("d/closed/*"), NULL, STATUS_FAILED, ARGUMENTS("d/closed/*", "Permission denied"));
    if (user == 0) {
        assert_int_equal(setresuid(0, 0, 0), 0);
    }
    assert_int_equal(chmod("d/closed", 0700), 0);
}

static void many_files(void **state) {
    (void)state;
    enum { FILES_COUNT = 3000 };
    char path[256];
    for (unsigned i = 0; i < FILES_COUNT; i++) {
        snprintf(path, sizeof path, "m/%02u/1_elasticloadbalancing_us-east-2_lb_20220215T2340Z_10.0.0.1_%u.log.gz",
                 i % 50, i / 2 * 7919 % 100003);
        make_file(path, 1);
    }
    struct inputs inputs;
    list(&inputs, ARGUMENTS("m"));
    assert_int_equal(inputs.items_count, FILES_COUNT / 2); /* every object lies in two folders */
    assert_int_equal(inputs.same_object.count, FILES_COUNT / 2);
    assert_int_equal(inputs.size_bytes, FILES_COUNT / 2);
    for (size_t i = 1; i < inputs.items_count; i++) {
        assert_true(strcmp(inputs.items[i - 1].path, inputs.items[i].path) < 0);
    }
    inputs_destroy(&inputs);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(files_given_by_name_keep_order_and_name),
        IN_DIRECTORY(streams_come_last),
        IN_DIRECTORY(nothing_given_is_nothing),
        IN_DIRECTORY(a_directory_is_read_in_byte_order_of_the_path),
        IN_DIRECTORY(left_out_of_a_directory_is_counted),
        IN_DIRECTORY(links_are_followed_only_inside),
        IN_DIRECTORY(a_quoted_glob_is_expanded),
        IN_DIRECTORY(stdin_gets_a_random_name_or_the_given_one),
        IN_DIRECTORY(a_given_origin_replaces_one_name_and_precedes_several),
        IN_DIRECTORY(equal_names_are_refused),
        IN_DIRECTORY(an_object_met_again_is_read_once),
        IN_DIRECTORY(other_kinds_are_refused_with_the_next_step),
        IN_DIRECTORY(too_deep_is_an_error_that_names_the_place),
        IN_DIRECTORY(unreadable_is_an_error_that_names_it),
        IN_DIRECTORY(many_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
