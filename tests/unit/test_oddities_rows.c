/* No row of ODDITIES without its test: the tests are looked for where they are registered, in the files unit/test_oddities*.c.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 54
#define REGISTERED "cmocka_unit_test(oddity_"

/* Counts the tests of each row that a file registers; those of one file must be in order. */
static void count_tests(const char *path, int tests[ROWS + 1]) {
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    text[bytes] = '\0';
    int before = 0;
    for (const char *at = text; (at = strstr(at, REGISTERED)) != NULL;) {
        at += sizeof REGISTERED - 1;
        char *behind;
        long row = strtol(at, &behind, 10);
        if (behind - at != 2 || *behind != '_' || row < 1 || row > ROWS)
            fail_msg("%s: oddity_%.20s: no row of that number", path, at);
        if (row <= before) fail_msg("%s: oddity_%.20s comes too late", path, at);
        before = (int)row;
        tests[row]++;
    }
}

static void test_each_row_has_its_test(void **state) {
    (void)state;
    int tests[ROWS + 1] = {0};
    glob_t found;
    assert_int_equal(glob(TESTS_DIR "/unit/test_oddities*.c", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (strstr(found.gl_pathv[i], "test_oddities_rows.c") == NULL) count_tests(found.gl_pathv[i], tests);
    globfree(&found);
    for (int row = 1; row <= ROWS; row++) {
        if (tests[row] > 1) fail_msg("row %d has %d tests", row, tests[row]);
        if (tests[row] == 0) fail_msg("row %d has no test oddity_%02d_...", row, row);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_has_its_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
