/* Classes of paths: cases, and patterns at random against a matcher that tries everything. With --measure, what a path costs.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "enrich/path_class.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

static uint8_t find_once(const struct path_class *classes, const char *path) {
    static char padded[4096];
    size_t bytes = strlen(path);
    memcpy(padded, path, bytes);
    memset(padded + bytes, 'x', 8);
    struct slice copy = guard_copy((struct slice){padded, bytes + 8});
    return path_class_find(classes, (struct slice){copy.ptr, bytes});
}

static void test_patterns(void **state) {
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {
        {"/login", "/login", true},
        {"/login", "/login/", false},
        {"/login", "/logi", false},
        {"/login*", "/login", true},
        {"/login*", "/login/x?", true},
        {"/login*", "/Login", false},
        {"/a", "/a", true},
        {"/a", "/b", false},
        {"/", "/", true},
        {"/", "/x", false},
        {"*", "/", true},
        {"*", "", false},
        {"*.css", "/x.css", true},
        {"*.css", ".css", true},
        {"*.css", "/x.cssx", false},
        {"*.css", "css", false},
        {"/v1/*/items", "/v1/7/items", true},
        {"/v1/*/items", "/v1/items", false},
        {"/v1/*/items", "/v1//items", true},
        {"/v1/*/items", "/v1/7/items/", false},
        {"/a*a", "/a", false},
        {"/a*a", "/aa", true},
        {"/ab*b", "/ab", false},
        {"/very/long/prefix*", "/very/long/prefix/x", true},
        {"/very/long/prefix*", "/very/long/prefiX/x", false},
        {"*/very/long/suffix", "/x/very/long/suffix", true},
        {"*/very/long/suffix", "/x/verY/long/suffix", false},
        {"/a*b*c", "/a1b2c", true},
        {"/a*b*c", "/acb", false},
        {"/a*b*c", "/abc", true},
        {"/a*b*c", "/ac", false},
        {"/a**c", "/ac", true},
        {"*x*", "/axb", true},
        {"*x*", "/ab", false},
        {"*xy*xy*", "/xyxy", true},
        {"*xy*xy*", "/xyx", false},
        {"/exactly/sixteen", "/exactly/sixteen", true},
        {"/exactly/sixteen", "/exactly/sixteeN", false},
        {"/exactly/sixteen", "/exactly/sixteen0", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rate_path path = {cases[i].pattern, 3};
        struct path_class *classes = path_class_new(&path, 1);
        uint8_t found = find_once(classes, cases[i].path);
        if (found != (cases[i].matches ? 3 : RATE_CLASS_NONE))
            fail_msg("%s on %s: %u", cases[i].pattern, cases[i].path, found);
        path_class_free(classes);
    }
}

static void test_the_first_one_counts(void **state) {
    static const struct rate_path paths[] = {{"/a*", 1}, {"/ab", 0}, {"*.css", 2}, {"/c/*", 0}};
    (void)state;
    struct path_class *classes = path_class_new(paths, COUNT_OF(paths));
    assert_int_equal(find_once(classes, "/ab"), 1);
    assert_int_equal(find_once(classes, "/a.css"), 1);
    assert_int_equal(find_once(classes, "/c/x.css"), 2);
    assert_int_equal(find_once(classes, "/c/x"), 0);
    assert_int_equal(find_once(classes, "/d"), RATE_CLASS_NONE);
    path_class_free(classes);
    classes = path_class_new(paths, 0);
    assert_int_equal(find_once(classes, "/ab"), RATE_CLASS_NONE);
    path_class_free(classes);
}

/* What a pattern means, in the words of its definition: row by row of all ends of the pattern against all ends of the path. */
static bool matches_slowly(const char *pattern, const char *path) {
    bool now[64] = {true}, next[64];
    size_t length = strlen(path);
    for (; *pattern != '\0'; pattern++) {
        memset(next, 0, sizeof next);
        for (size_t i = 0; i <= length; i++) {
            if (*pattern == '*')
                next[i] = now[i] || (i > 0 && next[i - 1]);
            else
                next[i] = i > 0 && now[i - 1] && path[i - 1] == *pattern;
        }
        memcpy(now, next, sizeof now);
    }
    return now[length];
}

static void test_at_random(void **state) {
    (void)state;
    struct seeded seed = {7};
    uint64_t matched = 0;
    for (int round = 0; round < 200000; round++) {
        char pattern[32], path[32];
        size_t pattern_bytes = 1 + seeded_below(&seed, 14), path_bytes = 1 + seeded_below(&seed, 20);
        for (size_t i = 0; i < pattern_bytes; i++) pattern[i] = "ab*/"[seeded_below(&seed, 4)];
        for (size_t i = 0; i < path_bytes; i++) path[i] = "ab/"[seeded_below(&seed, 3)];
        pattern[pattern_bytes] = path[path_bytes] = '\0';
        const struct rate_path one = {pattern, 0};
        struct path_class *classes = path_class_new(&one, 1);
        bool expected = matches_slowly(pattern, path), found = find_once(classes, path) == 0;
        path_class_free(classes);
        if (expected != found) fail_msg("%s on %s: expected %d", pattern, path, expected);
        matched += expected;
    }
    assert_true(matched > 10000);
}

/* Ten patterns as people have them, over paths as people ask for them. */
static void measure(void) {
    static const struct rate_path paths[] = {{"/login*", 0}, {"/auth/*", 0}, {"/v1/*", 1}, {"/v2/*/items", 1},
                                             {"*.css", 2},   {"*.js", 2},    {"*.png", 2}, {"*.jpg", 2},
                                             {"/health", 3}, {"*.woff2", 2}};
    static const char *const asked[] = {"/item/4711        ", "/assets/app.4f2a9c.js        ",
                                        "/login        ",     "/v2/users/items        ",
                                        "/        ",          "/search/results/page/2        "};
    struct path_class *classes = path_class_new(paths, COUNT_OF(paths));
    uint64_t sum = 0, rounds = 20000000;
    struct seeded seeded = {1};
    clock_t before = clock(); /* of this process alone */
    for (uint64_t i = 0; i < rounds; i++) {
        struct slice path = slice_from(asked[seeded_below(&seeded, COUNT_OF(asked))]);
        path.len -= 8;
        sum += path_class_find(classes, path);
    }
    printf("%.1f ns a path, ten patterns (%llu)\n", (double)(clock() - before) * 1e9 / CLOCKS_PER_SEC / (double)rounds,
           (unsigned long long)sum);
    path_class_free(classes);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns), cmocka_unit_test(test_the_first_one_counts),
                                       cmocka_unit_test(test_at_random)};
    if (argc > 1 && strcmp(argv[1], "--measure") == 0) {
        measure();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
