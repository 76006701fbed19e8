/* The tables: what the program takes for granted about formats and output schemas.
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

#include "schemas/limits.h"
#include "schemas/output.h"

#define PATHS_MAX 512u
#define PATH_BYTES 128u

struct path {
    char text[PATH_BYTES];
    enum output_type type;
};

/* All paths that records of one format may have in one output schema, in the order of output. */
struct paths {
    uint32_t count;
    struct path items[PATHS_MAX];
};

static int set_up(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

/* --- formats ------------------------------------------------------------------------------------ */

static void test_formats(void **state) {
    (void)state;
    assert_true(schemas_count >= 3);
    for (uint32_t i = 0; i < schemas_count; i++) {
        const struct schema *schema = schemas_all[i];
        if (i > 0) assert_true(strcmp(schemas_all[i - 1]->name, schema->name) < 0);
        assert_ptr_equal(schema_find(slice_from(schema->name)), schema);
        assert_null(schema_find((struct slice){schema->name, strlen(schema->name) - 1}));
        assert_true(schema->help[0] != '\0' && schema->spec[0] != '\0');
        if (schema->layout <= LAYOUT_HEADER) assert_true(schema->detect_count > schema_peer_column(schema));
    }
    assert_null(schema_find(SLICE("")));
    assert_null(schema_find(SLICE("alb_access ")));
}

/* Names become JSON keys as they are, after `:` is made `_`; those of JSON are paths. */
static void test_columns(void **state) {
    (void)state;
    for (uint32_t i = 0; i < schemas_count; i++)
        for (uint16_t column = 0; column < schemas_all[i]->fields_count; column++) {
            const struct field_spec *field = &schemas_all[i]->fields[column];
            size_t good = strspn(field->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:-.()");
            if (field->name[good] != '\0' || field->name[0] == '\0')
                fail_msg("%s: column \"%s\"", schemas_all[i]->name, field->name);
            if (strlen(field->help) < 2) fail_msg("%s: column %s has no help", schemas_all[i]->name, field->name);
            bool by_role = field->role != ROLE_NONE,
                 nowhere = field->ss4o == NULL && output_flat.column_paths(field) == NULL;
            if (field->ecs == NULL && !by_role && !nowhere)
                fail_msg("%s: column %s goes nowhere", schemas_all[i]->name, field->name);
        }
}

/* --- output ------------------------------------------------------------------------------------- */

static enum output_type type_of(enum field_kind kind) {
    switch (kind) {
    case FIELD_INTEGER:
    case FIELD_SIGNED:
    case FIELD_INTEGERS_SPACE: return TYPE_LONG;
    case FIELD_SECONDS: return TYPE_FLOAT;
    case FIELD_TIME:
    case FIELD_TIME_LOCAL:
    case FIELD_TIME_ANY:
    case FIELD_UNIX_TIME:
    case FIELD_UNIX_MS: return TYPE_DATE;
    case FIELD_IP: return TYPE_IP;
    default: return TYPE_KEYWORD;
    }
}

static void add_path(struct paths *paths, const char *before, const char *text, enum output_type type) {
    assert_true(paths->count < PATHS_MAX);
    struct path *path = &paths->items[paths->count++];
    int bytes = snprintf(path->text, PATH_BYTES, "%s%s", before, text);
    assert_true(bytes > 0 && bytes < (int)PATH_BYTES);
    for (char *c = path->text; *c != '\0'; c++)
        if (*c == ':') *c = '_';
    path->type = type == TYPE_TEXT_LONG ? TYPE_KEYWORD : type;
}

static bool has_row(const struct output_schema *output, const struct schema *schema, const char *path) {
    for (uint16_t i = 0; i < output->fields_count; i++) {
        const struct output_field *row = &output->fields[i];
        char text[PATH_BYTES];
        snprintf(text, sizeof text, "%s%s", row->path[0] == '*' ? schema->space : "",
                 row->path + (row->path[0] == '*'));
        bool written = row->value != VALUE_TRANSPORT || schema_column(schema, ROLE_PROCESSING_3) >= 0;
        if (written && strcmp(text, path) == 0) return true;
    }
    return false;
}

/* The columns whose path is `only`, or (NULL) all without a row of their own. Returns how many. */
static uint32_t add_columns(struct paths *paths, const struct output_schema *output, const struct schema *schema,
                            const char *only, enum output_type row_type) {
    uint32_t before = paths->count;
    for (uint16_t i = 0; i < schema->fields_count; i++) {
        const struct field_spec *field = &schema->fields[i];
        const char *names = output->column_paths(field);
        for (size_t bytes; names != NULL && *names != '\0'; names += bytes + strspn(names + bytes, " ")) {
            char name[PATH_BYTES];
            bytes = strcspn(names, " ");
            snprintf(name, sizeof name, "%.*s", (int)bytes, names);
            for (char *c = name; output->flat && *c != '\0'; c++)
                if (*c == '.') *c = '_';
            bool here = only != NULL ? strcmp(name, only) == 0 : !has_row(output, schema, name);
            if (!here) continue;
            enum output_type type = type_of(field->kind);
            add_path(paths, "", name, type);
            if (only != NULL && (row_type == TYPE_TEXT_LONG ? TYPE_KEYWORD : row_type) != type)
                fail_msg("%s: %s is of another type than its column %s", output->name, only, field->name);
        }
    }
    return paths->count - before;
}

static void expand(const struct output_schema *output, const struct schema *schema, struct paths *paths,
                   bool *row_used) {
    paths->count = 0;
    for (uint16_t i = 0; i < output->fields_count; i++) {
        const struct output_field *row = &output->fields[i];
        bool own = row->path[0] == '*';
        char text[PATH_BYTES];
        snprintf(text, sizeof text, "%s%s", own ? schema->space : "", row->path + own);
        if (row->value == VALUE_COLUMN || row->value == VALUE_COLUMNS) {
            bool used = add_columns(paths, output, schema, row->value == VALUE_COLUMN ? text : NULL, row->type) > 0;
            row_used[i] = row_used[i] || used;
            continue;
        }
        row_used[i] = true;
        if (row->value == VALUE_TRANSPORT && schema_column(schema, ROLE_PROCESSING_3) < 0) continue;
        if (row->value == VALUE_RESIDENCY) {
            for (uint16_t p = 0; p < output_residency_count; p++)
                add_path(paths, "", output->residency[p].path, output->residency[p].type);
            continue;
        }
        if (row->value != VALUE_CLIENT_PLACE) {
            add_path(paths, "", text, row->type);
            continue;
        }
        char *dot = strrchr(text, '.');
        *(dot != NULL ? dot + 1 : text) = '\0';
        for (uint16_t p = 0; p < *output->place_count; p++)
            add_path(paths, text, output->place[p].path, output->place[p].type);
    }
}

/* No path twice, and none inside a value. */
static void check_paths(const char *what, const struct paths *paths) {
    for (uint32_t i = 0; i < paths->count; i++)
        for (uint32_t j = i + 1; j < paths->count; j++) {
            const char *first = paths->items[i].text, *second = paths->items[j].text;
            size_t bytes = strlen(first);
            if (strcmp(first, second) == 0) fail_msg("%s: %s twice", what, first);
            if (strncmp(first, second, bytes) == 0 && second[bytes] == '.')
                fail_msg("%s: %s inside %s", what, second, first);
            bytes = strlen(second);
            if (strncmp(second, first, bytes) == 0 && first[bytes] == '.')
                fail_msg("%s: %s inside %s", what, first, second);
        }
}

static void test_paths(void **state) {
    (void)state;
    for (int s = 0; output_schemas[s] != NULL; s++) {
        static struct paths all, paths; /* all: of every format */
        bool row_used[PATHS_MAX] = {false};
        all.count = 0;
        for (uint32_t i = 0; i < schemas_count; i++) {
            char what[64];
            snprintf(what, sizeof what, "%s of %s", output_schemas[s]->name, schemas_all[i]->name);
            expand(output_schemas[s], schemas_all[i], &paths, row_used);
            assert_true(paths.count > 30);
            check_paths(what, &paths);
            for (uint32_t p = 0; p < paths.count; p++) {
                const struct path *path = &paths.items[p], *known = all.items;
                while (known < all.items + all.count && strcmp(known->text, path->text) != 0) known++;
                if (known == all.items + all.count)
                    add_path(&all, "", path->text, path->type);
                else if (known->type != path->type && !output_schemas[s]->flat) /* formats' own names are their own */
                    fail_msg("%s: %s has another type than in another format", what, path->text);
            }
        }
        for (uint16_t row = 0; row < output_schemas[s]->fields_count; row++)
            if (!row_used[row])
                fail_msg("%s: no format has %s", output_schemas[s]->name, output_schemas[s]->fields[row].path);
    }
}

/* Names of ECS and of this project's contract that must never go missing. */
static void test_names_that_others_rely_on(void **state) {
    (void)state;
    static const char *const names[] = {"@timestamp",  "client.ip",       "client.geo.location", "client.as.number",
                                        "event.id",    "source.ip",       "hop.verdict",         "log.offset",
                                        "ecs.version", "cloud.account.id"};
    for (uint32_t i = 0; i < schemas_count; i++) {
        static struct paths paths;
        bool row_used[PATHS_MAX] = {false};
        expand(&output_ecs, schemas_all[i], &paths, row_used);
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            uint32_t p = 0;
            while (p < paths.count && strcmp(paths.items[p].text, names[name]) != 0) p++;
            if (p == paths.count) fail_msg("%s has no %s", schemas_all[i]->name, names[name]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_names_that_others_rely_on),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
