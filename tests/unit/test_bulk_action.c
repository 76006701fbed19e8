/* The action line of a document, as OpenSearch documents it for _bulk.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "schemas/limits.h"
#include "sinks/bulk_action.h"

#define ID "0123456789abcdef0123456789abcdef"
#define SECOND_NS INT64_C(1000000000)
#define DAY_S INT64_C(86400)

static void lines(void **state) {
    static const struct {
        const char *name;
        bool dated, without_ids;
        enum bulk_verb verb;
        int64_t time_s;
        const char *expected;
    } cases[] = {
        {"logs", false, false, BULK_CREATE, 0, "{\"create\":{\"_id\":\"" ID "\"}}\n"},
        {"logs", false, true, BULK_CREATE, 0, "{\"create\":{}}\n"},
        {"logs", true, false, BULK_CREATE, 20000 * DAY_S - 1,
         "{\"create\":{\"_index\":\"logs-2024.10.03\",\"_id\":\"" ID "\"}}\n"},
        {"logs", true, false, BULK_CREATE, 20000 * DAY_S,
         "{\"create\":{\"_index\":\"logs-2024.10.04\",\"_id\":\"" ID "\"}}\n"},
        {"heat", false, false, BULK_INDEX, 0, "{\"index\":{\"_id\":\"" ID "\"}}\n"},
        {"heat", true, false, BULK_INDEX, 20000 * DAY_S,
         "{\"index\":{\"_index\":\"heat-2024.10.04\",\"_id\":\"" ID "\"}}\n"},
        {"logs", true, true, BULK_CREATE, 20000 * DAY_S, "{\"create\":{\"_index\":\"logs-2024.10.04\"}}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct opensearch_output output = {
            .name = cases[i].name, .dated = cases[i].dated, .without_ids = cases[i].without_ids};
        struct bulk_action action;
        struct timestamp_cache days = {0};
        char line[BULK_ACTION_BYTES_MAX + 1] = "";
        bulk_action_init(&action, &output, cases[i].verb);
        bulk_action_write(&action, ID, cases[i].time_s * SECOND_NS, &days, line);
        assert_string_equal(line, cases[i].expected);
        assert_int_equal(action.bytes, strlen(cases[i].expected));
    }
}

/* Blanks behind a version are none of the text's business: JSON allows them there. */
static void versions(void **state) {
    static const struct {
        uint64_t version;
        const char *expected;
    } cases[] = {
        {0, "{\"index\":{\"_id\":\"" ID "\",\"version_type\":\"external_gte\",\"version\":0                  }}\n"},
        {12345, "{\"index\":{\"_id\":\"" ID "\",\"version_type\":\"external_gte\",\"version\":12345              }}\n"},
        {INT64_MAX,
         "{\"index\":{\"_id\":\"" ID "\",\"version_type\":\"external_gte\",\"version\":9223372036854775807}}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bulk_action action;
        struct timestamp_cache days = {0};
        char line[BULK_ACTION_BYTES_MAX + 1] = "";
        bulk_action_init(&action, &(struct opensearch_output){.name = "heat"}, BULK_INDEX_VERSION);
        bulk_action_write(&action, ID, 0, &days, line);
        bulk_action_set_version(&action, cases[i].version, line);
        assert_string_equal(line, cases[i].expected);
        assert_int_equal(action.bytes, strlen(cases[i].expected));
    }
}

static void the_longest_name_has_room(void **state) {
    (void)state;
    char name[OPENSEARCH_NAME_BYTES_MAX + 1];
    memset(name, 'n', OPENSEARCH_NAME_BYTES_MAX);
    name[OPENSEARCH_NAME_BYTES_MAX] = '\0';
    struct bulk_action action;
    bulk_action_init(&action, &(struct opensearch_output){.name = name, .dated = true}, BULK_INDEX_VERSION);
    assert_in_range(action.bytes, OPENSEARCH_NAME_BYTES_MAX, BULK_ACTION_BYTES_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(versions),
                                       cmocka_unit_test(the_longest_name_has_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
