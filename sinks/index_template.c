/* Walks the encoder's plans, one for each format, into one mapping.
 *
 * What a type takes was looked up at a real node (2.19), tests/opensearch does it again. flat_object is not used, though made for objects
 * of unknown members: it refuses whole documents for a text of more than 32766 bytes, which whoever sends requests may choose, and for
 * anything in it that is no object; and it can't be aggregated.
 *
 * Threads: main thread. */
#include "sinks/index_template.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "sinks/plan.h"
#include "sinks/rate_document.h"
#include "sinks/rollup_document.h"

/* Above templates that catch all (by habit 100 and less), and with room for the user's own. */
#define PRIORITY 200

/* Milliseconds is what `date` sorts by; all nine digits of a fraction are taken. Not date_nanos: a data view over ours and others' indices
 * would have two types for @timestamp. The second form is for those who ask, not for what is written. */
#define DATE_MAPPING "{\"type\":\"date\",\"format\":\"strict_date_optional_time||epoch_millis\"}"

/* By enum output_type. A text beyond ignore_above (counted in characters) is kept and not found; without it Lucene refuses the document of
 * a text with more than 32766 bytes: 8191 characters of four bytes fit. The type `wildcard` would suit URLs, but is not in OpenSearch before
 * 2.15. */
static const char *const mappings[OUTPUT_TYPES] = {
    [TYPE_KEYWORD] = "{\"type\":\"keyword\",\"ignore_above\":1024}",
    [TYPE_TEXT_LONG] = "{\"type\":\"keyword\",\"ignore_above\":8191}",
    [TYPE_LONG] = "{\"type\":\"long\"}",
    [TYPE_FLOAT] = "{\"type\":\"float\"}",
    [TYPE_DATE] = DATE_MAPPING,
    [TYPE_IP] = "{\"type\":\"ip\"}",
    [TYPE_IP_UNSURE] = "{\"type\":\"ip\",\"ignore_malformed\":true}",
    [TYPE_GEO_POINT] = "{\"type\":\"geo_point\"}",
    [TYPE_BOOLEAN] = "{\"type\":\"boolean\"}",
    [TYPE_JSON] = "{\"type\":\"object\",\"enabled\":false}",
    [TYPE_KEPT] = "{\"type\":\"keyword\",\"index\":false,\"doc_values\":false}",
};

/* The properties of the object `name` among `around`, made when it is new. */
static json_t *open_object(json_t *around, struct slice name) {
    json_t *object = json_object_getn(around, name.ptr, name.len);
    if (object == NULL) {
        object = json_pack("{s:{}}", "properties");
        ASSERT(object != NULL && json_object_setn_new(around, name.ptr, name.len, object) == 0);
    }
    json_t *properties = json_object_get(object, "properties");
    ASSERT(properties != NULL); /* no format writes an object where another writes a value */
    return properties;
}

static json_t *mapping_of(enum output_type type) {
    json_t *mapping = json_loads(mappings[type], 0, NULL);
    ASSERT(mapping != NULL);
    return mapping;
}

/* Formats may differ in what they write to a path: a keyword takes every value that is no object. */
static void put_value(json_t *around, struct slice name, enum output_type type) {
    json_t *before = json_object_getn(around, name.ptr, name.len), *mapping = mapping_of(type);
    if (before != NULL && !json_equal(before, mapping)) {
        const char *word = json_string_value(json_object_get(before, "type"));
        ASSERT(type != TYPE_JSON && word != NULL && strcmp(word, "object") != 0);
        json_decref(mapping);
        mapping = mapping_of(TYPE_KEYWORD);
    }
    ASSERT(json_object_setn_new(around, name.ptr, name.len, mapping) == 0);
}

static const struct field_members *find_members(const struct schema *schema, const char *name) {
    for (const struct field_members *members = schema->members; members != NULL && members->name != NULL; members++)
        if (strcmp(members->name, name) == 0) return members;
    return NULL;
}

/* A column of JSON: what its table says of its inside. */
static void put_members(json_t *around, struct slice name, const char *paths) {
    if (paths[0] == '\0') put_value(around, name, TYPE_KEYWORD);
    while (paths[0] != '\0') {
        json_t *object = open_object(around, name);
        size_t bytes;
        while (bytes = strcspn(paths, ". "), paths[bytes] == '.') {
            object = open_object(object, (struct slice){paths, bytes});
            paths += bytes + 1;
        }
        put_value(object, (struct slice){paths, bytes}, TYPE_KEYWORD);
        paths += bytes + (paths[bytes] == ' ');
    }
}

/* Adds what a plan writes to an object with these properties; returns those of the object where a place goes, or NULL. */
static json_t *add_plan(const struct plan *plan, json_t *properties) {
    json_t *opened[OUTPUT_DEPTH_MAX + 1] = {properties}, *around_place = NULL;
    uint32_t depth = 0;
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        const struct schema *schema = plan->schema;
        const struct field_members *members = op->code == OP_COLUMN + FIELD_JSON
                                                  ? find_members(schema, schema->fields[op->index].name)
                                                  : NULL;
        if (op->code == OP_CLOSE) {
            depth--;
        } else if (op->code == VALUE_CLIENT_PLACE) {
            around_place = opened[depth];
        } else if (op->code == VALUE_RESIDENCY) { /* stands at the top, see index_template_properties_new */
            ASSERT(depth == 0);
        } else if (op->code == OP_OPEN) {
            opened[depth + 1] = open_object(opened[depth], plan_op_name(plan, op));
            depth++;
        } else if (members != NULL) {
            put_members(opened[depth], plan_op_name(plan, op), members->paths);
        } else {
            put_value(opened[depth], plan_op_name(plan, op), (enum output_type)op->type);
        }
    }
    return around_place;
}

/* All formats: about 550 fields, objects counted. A node takes 1000 when index.mapping.total_fields.limit says nothing else. */
json_t *index_template_properties_new(const struct output_schema *schema) {
    json_t *properties = json_object();
    struct encoder_request request = {.schema = schema, .keep_original = true};
    struct encoder *encoder = NULL;
    struct error error;
    ASSERT(encoder_new(&request, &encoder, &error) == STATUS_OK);
    for (uint32_t i = 0; i < encoder->plans_count; i++) {
        json_t *around_place = add_plan(&encoder->plans[i], properties);
        if (around_place != NULL) add_plan(&encoder->place, around_place);
    }
    add_plan(&encoder->residency, properties);
    encoder_free(encoder);
    return properties;
}

static void add_rollup_fields(json_t *properties, const struct rollup_field *fields, size_t fields_count) {
    for (size_t i = 0; i < fields_count; i++) {
        struct slice path = slice_from(fields[i].path);
        json_t *object = properties;
        for (const char *dot; (dot = memchr(path.ptr, '.', path.len)) != NULL;) {
            struct slice name = {path.ptr, (size_t)(dot - path.ptr)};
            object = open_object(object, name);
            path = (struct slice){dot + 1, path.len - name.len - 1};
        }
        put_value(object, path, fields[i].type);
    }
}

static json_t *rollups_properties_new(void) {
    json_t *properties = json_object();
    add_rollup_fields(properties, rollup_fields, rollup_fields_count);
    add_rollup_fields(properties, rate_fields, rate_fields_count);
    return properties;
}

static json_t *component(const struct output_schema *schema) {
    char description[128] = "fields of wherefrom's roll-ups";
    if (schema != NULL)
        snprintf(description, sizeof description, "fields of wherefrom's records, schema %s", schema->name);
    return json_pack("{s:{s:{s:b,s:o}},s:{s:s}}", "template", "mappings", "dynamic", 0, "properties",
                     schema != NULL ? index_template_properties_new(schema) : rollups_properties_new(), "_meta",
                     "description", description);
}

/* The path of the record's time. */
static const char *time_path(const struct output_schema *schema) {
    const struct output_field *field = schema->fields;
    while (field->value != VALUE_TIMESTAMP) field++;
    return field->path;
}

void index_template_pattern(const struct index_template_request *request, char pattern[INDEX_PATTERN_BYTES]) {
    snprintf(pattern, INDEX_PATTERN_BYTES, "%s%s", request->name, request->dated ? "-*.*.*" : "");
}

json_t *index_template_new(const struct index_template_request *request) {
    char component_name[64], pattern[INDEX_PATTERN_BYTES];
    const struct output_schema *schema = request->schema;
    snprintf(component_name, sizeof component_name, "wherefrom-%s", schema != NULL ? schema->name : "rollups");
    index_template_pattern(request, pattern);
    json_t *body = json_pack("{s:[s],s:[s],s:i,s:{s:s}}", "index_patterns", pattern, "composed_of", component_name,
                             "priority", PRIORITY, "_meta", "description",
                             schema != NULL ? "where wherefrom writes records" : "where wherefrom writes roll-ups");
    ASSERT(body != NULL);
    if (schema != NULL && !request->dated)
        json_object_set_new(body, "data_stream", json_pack("{s:{s:s}}", "timestamp_field", "name", time_path(schema)));
    json_t *result = json_pack("{s:{s:o},s:{s:o}}", "component_templates", component_name, component(schema),
                               "index_templates", request->name, body);
    ASSERT(result != NULL);
    return result;
}
