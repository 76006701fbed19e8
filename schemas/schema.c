/* Look-ups in the format tables, and the check that keeps them honest.
 *
 * Threads: read-only. */
#include "schemas/schema.h"

#include "base/check.h"
#include "schemas/limits.h"

const struct schema *schema_find(struct slice name) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (slice_equal(slice_from(schemas_all[i]->name), name)) return schemas_all[i];
    return NULL;
}

static void check_members(const struct schema *schema) {
    for (const struct field_members *members = schema->members; members != NULL && members->name != NULL; members++) {
        uint16_t i = 0;
        while (i < schema->fields_count && strcmp(schema->fields[i].name, members->name) != 0) i++;
        ASSERT(i < schema->fields_count && schema->fields[i].kind == FIELD_JSON);
    }
}

static void init_fields(const struct schema *schema) {
    for (int role = 0; role < ROLES; role++) schema->columns[role] = -1;
    for (uint16_t i = 0; i < schema->fields_count; i++) {
        const struct field_spec *field = &schema->fields[i];
        ASSERT(field->name != NULL && field->name[0] != '\0' && strlen(field->name) < FIELD_NAME_BYTES);
        ASSERT(field->help != NULL);
        ASSERT(field->kind < FIELD_KINDS && field->role < ROLES);
        ASSERT(field->role == ROLE_NONE || schema->columns[field->role] < 0);
        if (field->role != ROLE_NONE) schema->columns[field->role] = (int16_t)i;
        for (uint16_t j = 0; j < i; j++) ASSERT(strcmp(schema->fields[j].name, field->name) != 0);
    }
    if (schema->layout >= LAYOUT_HEADER) { /* any column may be missing there */
        ASSERT(schema_time_column(schema) >= 0 || schema_column(schema, ROLE_TRACE) >= 0);
        return;
    }
    /* what makes a line a record must be in the shortest line */
    ASSERT(schema_time_column(schema) >= 0 && schema_time_column(schema) < schema->fields_count_min);
    ASSERT(schema_peer_column(schema) < schema->fields_count_min);
}

void schemas_init(void) {
    ASSERT(schemas_count > 0 && schemas_count <= SCHEMAS_MAX);
    for (uint32_t i = 0; i < schemas_count; i++) {
        const struct schema *schema = schemas_all[i];
        ASSERT(schema->name != NULL && schema->help != NULL && schema->space != NULL && schema->spec != NULL);
        ASSERT(schema->fields_count > 0 && schema->fields_count <= SCHEMA_FIELDS_MAX);
        ASSERT(schema->fields_count_min <= schema->fields_count && schema->detect_count <= schema->fields_count_min);
        ASSERT(schema->detect_count > 0 || schema->layout >= LAYOUT_W3C);
        ASSERT(schema->layout != LAYOUT_JSON || schema->json_keys != NULL);
        ASSERT(i == 0 || strcmp(schemas_all[i - 1]->name, schema->name) < 0);
        init_fields(schema);
        schema->columns[ROLES] = (int16_t)(i + 1);
        check_members(schema);
    }
}
