/* Saved objects: every panel stands on fields of its index pattern, in any schema, and none hides that a schema lacks one. What the
 * panels show is tried at a real node (tests/opensearch).
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
#include <sys/wait.h>
#include <unistd.h>

#include "sinks/dashboard_panels.h"
#include "sinks/dashboards.h"

static int set_up(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

/* The JSON in a member that is a text; for json_decref. */
static json_t *inner(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    assert_non_null(text);
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

/* An array of the objects; for json_decref. */
static json_t *objects_of(const struct output_schema *schema, bool dated) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    dashboards_write(&(struct index_template_request){schema, "web", dated}, out);
    assert_int_equal(fclose(out), 0);
    assert_true(bytes > 0 && text[bytes - 1] == '\n');
    json_t *objects = json_array();
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_int_equal(json_array_append_new(objects, json_loads(line, JSON_REJECT_DUPLICATES, NULL)), 0);
    free(text);
    return objects;
}

static const json_t *field_of(const json_t *fields, const char *name) {
    size_t i;
    json_t *field;
    json_array_foreach(fields, i, field) {
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0) return field;
    }
    return NULL;
}

static void check_visualization(const json_t *visualization, const json_t *fields) {
    json_t *state = inner(json_object_get(visualization, "attributes"), "visState"), *aggregation;
    const char *title = json_string_value(json_object_get(state, "title"));
    size_t i;
    json_array_foreach(json_object_get(state, "aggs"), i, aggregation) {
        const char *name = NULL;
        json_unpack(aggregation, "{s:{s:s}}", "params", "field", &name);
        if (name != NULL && !json_is_true(json_object_get(field_of(fields, name), "aggregatable")))
            fail_msg("%s: cannot aggregate by %s", title, name);
    }
    json_decref(state);
}

static void test_panels_stand_on_fields(void **state) {
    (void)state;
    for (const struct output_schema *const *schema = output_schemas; *schema != NULL; schema++) {
        json_t *objects = objects_of(*schema, false),
               *attributes = json_object_get(json_array_get(objects, 0), "attributes");
        json_t *fields = inner(attributes, "fields"), *formats = inner(attributes, "fieldFormatMap"), *unused;
        const char *time = json_string_value(json_object_get(attributes, "timeFieldName")), *name;
        assert_string_equal(json_string_value(json_object_get(attributes, "title")), "web");
        assert_string_equal(json_string_value(json_object_get(field_of(fields, time), "type")), "date");
        json_object_foreach(formats, name, unused) assert_non_null(field_of(fields, name));
        assert_int_equal(json_array_size(objects), dashboard_panels_count + 2);
        for (uint32_t i = 1; i <= dashboard_panels_count; i++) check_visualization(json_array_get(objects, i), fields);
        json_decref(fields);
        json_decref(formats);
        json_decref(objects);
    }
}

static void test_dated_indices(void **state) {
    (void)state;
    json_t *objects = objects_of(&output_ecs, true);
    const char *title = NULL;
    assert_int_equal(json_unpack(json_array_get(objects, 0), "{s:{s:s}}", "attributes", "title", &title), 0);
    assert_string_equal(title, "web-*.*.*");
    json_decref(objects);
}

static void test_panels_do_not_overlap(void **state) {
    (void)state;
    json_t *objects = objects_of(&output_ecs, false);
    json_t *dashboard = json_array_get(objects, dashboard_panels_count + 1), *panel;
    json_t *panels = inner(json_object_get(dashboard, "attributes"), "panelsJSON");
    static bool taken[DASHBOARD_WIDTH][1000];
    size_t i;
    assert_int_equal(json_array_size(panels), dashboard_panels_count);
    json_array_foreach(panels, i, panel) {
        int x = -1, y = -1, width = 0, height = 0;
        json_unpack(panel, "{s:{s:i,s:i,s:i,s:i}}", "gridData", "x", &x, "y", &y, "w", &width, "h", &height);
        assert_true(x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= DASHBOARD_WIDTH && y + height <= 1000);
        for (int at = 0; at < width * height; at++) {
            bool *cell = &taken[x + at % width][y + at / width];
            assert_false(*cell);
            *cell = true;
        }
    }
    json_decref(panels);
    json_decref(objects);
}

/* Whether a program that makes panels of this schema aborts. */
static bool aborts(const struct output_schema *schema) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        FILE *nothing = freopen("/dev/null", "w", stderr);
        dashboards_write(&(struct index_template_request){schema, "web", false}, nothing);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_a_schema_that_lacks_a_field(void **state) {
    (void)state;
    static const enum value needed[] = {VALUE_CLIENT_IP, VALUE_CLIENT_PLACE, VALUE_HOP_VERDICT, VALUE_REGION,
                                        VALUE_LOG_FLAGS};
    struct output_field fields[256];
    struct output_schema schema = output_ecs;
    assert_true(output_ecs.fields_count <= 256);
    schema.fields = fields;
    memcpy(fields, output_ecs.fields, output_ecs.fields_count * sizeof fields[0]);
    assert_false(aborts(&schema));
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        schema.fields_count = 0;
        for (uint16_t row = 0; row < output_ecs.fields_count; row++)
            if (output_ecs.fields[row].value != needed[i]) fields[schema.fields_count++] = output_ecs.fields[row];
        assert_int_equal(schema.fields_count, output_ecs.fields_count - 1);
        assert_true(aborts(&schema));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panels_stand_on_fields),
        cmocka_unit_test(test_dated_indices),
        cmocka_unit_test(test_panels_do_not_overlap),
        cmocka_unit_test(test_a_schema_that_lacks_a_field),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
