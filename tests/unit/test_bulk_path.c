/* Where a _bulk request goes: encoded, and with its parameters sorted.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "sinks/bulk_path.h"

#define FILTER                                                                                                 \
    "?filter_path=errors%2Citems.%2A.error.reason%2Citems.%2A.error.type%2Citems.%2A.status%2Cerror%2Cstatus%" \
    "2Cmessage"

static void paths(void **state) {
    static const struct {
        struct opensearch_output output;
        const char *expected;
    } cases[] = {
        {{.name = "logs-a.b_c~d", .timeout_s = 60}, "/logs-a.b_c~d/_bulk" FILTER "&timeout=31s"},
        {{.name = "logs", .dated = true, .timeout_s = 60}, "/_bulk" FILTER "&timeout=31s"},
        {{.name = "a@%+&=", .pipeline = "p q/%", .timeout_s = 1},
         "/a%40%25%2B%26%3D/_bulk" FILTER "&pipeline=p%20q%2F%25&timeout=1s"},
        {{.name = "logs", .pipeline = "p", .timeout_s = 60, .aws_service = "aoss"}, "/logs/_bulk" FILTER "&pipeline=p"},
        {{.name = "logs", .timeout_s = OPENSEARCH_TIMEOUT_SECONDS_MAX, .aws_service = "es"},
         "/logs/_bulk" FILTER "&timeout=1801s"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = bulk_path(&cases[i].output);
        assert_string_equal(path, cases[i].expected);
        free(path);
    }
}

static void the_longest_have_room(void **state) {
    (void)state;
    char name[OPENSEARCH_NAME_BYTES_MAX + 1], pipeline[OPENSEARCH_TEXT_BYTES_MAX + 1];
    memset(name, '%', sizeof name - 1);
    memset(pipeline, '%', sizeof pipeline - 1);
    name[sizeof name - 1] = pipeline[sizeof pipeline - 1] = '\0';
    const struct opensearch_output output = {
        .name = name, .pipeline = pipeline, .timeout_s = OPENSEARCH_TIMEOUT_SECONDS_MAX};
    char *path = bulk_path(&output);
    assert_int_equal(strlen(path), strlen("//_bulk" FILTER "&pipeline=&timeout=1801s") +
                                       3 * (OPENSEARCH_NAME_BYTES_MAX + OPENSEARCH_TEXT_BYTES_MAX));
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(the_longest_have_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
