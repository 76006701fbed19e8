/* Paths out of plans, types out of the mapping, scripts out of both.
 *
 * The index pattern has the whole list of fields with all their properties. It could have the scripted ones alone: Dashboards then asks the
 * cluster for the rest, but only as long as none of the list is complete, and when there is no index yet it stores the pattern without any
 * field, without the scripted ones as well, for good.
 *
 * Threads: main thread. */
#include "sinks/dashboard_fields.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "sinks/index_template.h"
#include "sinks/plan.h"

#define PATH_BYTES 256
#define SCRIPT_BYTES 4096
#define MAPPING_DEPTH_MAX 16

/* How a field is known in a plan, and its name where there are several paths. */
struct meaning {
    enum value value; /* VALUE_COLUMN: by its role */
    int place_index;
    enum field_role role;
    const char *merged; /* NULL: nothing aggregates by it when there are several */
};

static const struct meaning meanings[DASHBOARD_FIELDS] = {
    [DASHBOARD_TIME] = {.value = VALUE_TIMESTAMP},
    [DASHBOARD_CLIENT] = {.value = VALUE_CLIENT_IP, .merged = "client.ip"},
    [DASHBOARD_LOCATION] = {.value = VALUE_PLACE_LOCATION},
    [DASHBOARD_COUNTRY] = {.value = VALUE_PLACE_TEXT, .place_index = PLACE_COUNTRY_ISO_CODE},
    [DASHBOARD_AS_NUMBER] = {.value = VALUE_PLACE_AS_NUMBER},
    [DASHBOARD_AS_NAME] = {.value = VALUE_PLACE_TEXT, .place_index = PLACE_AS_ORGANIZATION},
    [DASHBOARD_STATUS] = {.value = VALUE_COLUMN, .role = ROLE_STATUS},
    [DASHBOARD_VERDICT] = {.value = VALUE_HOP_VERDICT},
    [DASHBOARD_REGION] = {.value = VALUE_REGION},
    [DASHBOARD_LOG_FLAGS] = {.value = VALUE_LOG_FLAGS},
};

/* Territories that have a code of their own and no shape of their own among the World Countries that Dashboards draws: they are part of
 * their country's shape. Seen missing: BQ and GP (dashboards-maps issue 567), SJ (774); the others are what Natural Earth, where the shapes
 * come from, has as parts of a country. The map itself is only in the browser, from a server of its own, and was not to be had here. */
static const struct territory {
    char code[3], country[3];
} territories[] = {
    {"AX", "FI"}, {"BQ", "NL"}, {"BV", "NO"}, {"CC", "AU"}, {"CX", "AU"}, {"GF", "FR"}, {"GP", "FR"},
    {"MF", "FR"}, {"MQ", "FR"}, {"RE", "FR"}, {"SJ", "NO"}, {"TK", "NZ"}, {"YT", "FR"},
};

/* --- paths ---------------------------------------------------------------------------------------------------------- */

static bool means(const struct meaning *meaning, const struct plan *plan, const struct op *op) {
    if (meaning->value != VALUE_COLUMN) return op->code == meaning->value && op->index == meaning->place_index;
    return meaning->role != ROLE_NONE && op->code >= OP_COLUMN && op->code < OP_OPEN &&
           op->index == schema_column(plan->schema, meaning->role);
}

static void add_path(json_t *paths, const char *path) {
    size_t i;
    json_t *known;
    json_array_foreach(paths, i, known) if (strcmp(json_string_value(known), path) == 0) return;
    ASSERT(json_array_append_new(paths, json_string(path)) == 0);
}

/* Adds the paths of a plan whose objects stand below `around`, "" or "client.". True: the plan has a place, and `place` is what is around it. */
static bool add_paths(struct dashboard_fields *fields, const struct plan *plan, const char *around,
                      char place[PATH_BYTES]) {
    char path[PATH_BYTES];
    size_t before[OUTPUT_DEPTH_MAX + 1], bytes = strlen(around);
    uint32_t depth = 0;
    bool found = false;
    memcpy(path, around, bytes + 1);
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        if (op->code == OP_CLOSE) {
            bytes = before[--depth];
            continue;
        }
        path[bytes] = '\0';
        if (op->code == VALUE_CLIENT_PLACE) {
            memcpy(place, path, bytes + 1);
            found = true;
            continue;
        }
        if (op->code == VALUE_RESIDENCY) continue; /* no panel is about it */
        struct slice name = plan_op_name(plan, op);
        bool object = op->code == OP_OPEN;
        ASSERT(bytes + name.len + 2 <= sizeof path);
        snprintf(path + bytes, sizeof path - bytes, "%.*s%s", (int)name.len, name.ptr, object ? "." : "");
        for (uint32_t i = 0; i < DASHBOARD_FIELDS && !object; i++)
            if (means(&meanings[i], plan, op)) add_path(fields->paths[i], path);
        if (object) {
            before[depth++] = bytes;
            bytes += name.len + 1;
        }
    }
    return found;
}

static void find_paths(struct dashboard_fields *fields, const struct output_schema *schema) {
    struct encoder_request request = {.schema = schema, .keep_original = true};
    struct encoder *encoder = NULL;
    struct error error;
    char place[PATH_BYTES], unused[PATH_BYTES];
    bool found = false;
    for (uint32_t i = 0; i < DASHBOARD_FIELDS; i++) fields->paths[i] = json_array();
    ASSERT(encoder_new(&request, &encoder, &error) == STATUS_OK);
    for (uint32_t i = 0; i < encoder->plans_count; i++)
        found = add_paths(fields, &encoder->plans[i], "", place) || found;
    if (found) add_paths(fields, &encoder->place, place, unused);
    encoder_free(encoder);
}

/* --- fields of the index pattern ------------------------------------------------------------------------------------ */

/* What Dashboards calls a type. */
static const char *kind_of(const char *type) {
    static const char *const kinds[][2] = {{"keyword", "string"},     {"long", "number"}, {"float", "number"},
                                           {"date", "date"},          {"ip", "ip"},       {"boolean", "boolean"},
                                           {"geo_point", "geo_point"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(type, kinds[i][0]) == 0) return kinds[i][1];
    ASSERT(!"a type of the mapping that has no kind here");
    return NULL;
}

static void add_spec(struct dashboard_fields *fields, json_t *spec) {
    ASSERT(spec != NULL && json_array_append_new(fields->specs, spec) == 0);
}

static void add_mapped(struct dashboard_fields *fields, const char *path, const json_t *mapping) {
    const char *type = json_string_value(json_object_get(mapping, "type"));
    if (type == NULL || strcmp(type, "object") == 0) return; /* what is in there is not mapped */
    bool searched = !json_is_false(json_object_get(mapping, "index"));
    bool counted = !json_is_false(json_object_get(mapping, "doc_values"));
    add_spec(fields, json_pack("{s:i,s:s,s:s,s:[s],s:b,s:b,s:b,s:b}", "count", 0, "name", path, "type", kind_of(type),
                               "esTypes", type, "scripted", 0, "searchable", searched, "aggregatable", counted,
                               "readFromDocValues", counted));
}

/* Every field below `properties`, in the order of the mapping. */
static void add_all_mapped(struct dashboard_fields *fields, json_t *properties) {
    struct {
        json_t *properties;
        void *at;
        size_t bytes;
    } opened[MAPPING_DEPTH_MAX] = {{properties, json_object_iter(properties), 0}}, *top = opened;
    char path[PATH_BYTES];
    while (top >= opened) {
        if (top->at == NULL) {
            top--;
            continue;
        }
        json_t *mapping = json_object_iter_value(top->at), *inner = json_object_get(mapping, "properties");
        int bytes = snprintf(path + top->bytes, sizeof path - top->bytes, "%s%s", json_object_iter_key(top->at),
                             inner != NULL ? "." : "");
        ASSERT(bytes > 0 && (size_t)bytes < sizeof path - top->bytes);
        size_t below = top->bytes + (size_t)bytes;
        top->at = json_object_iter_next(top->properties, top->at);
        if (inner == NULL) {
            add_mapped(fields, path, mapping);
            continue;
        }
        top++;
        ASSERT(top < opened + MAPPING_DEPTH_MAX);
        top->properties = inner;
        top->at = json_object_iter(inner);
        top->bytes = below;
    }
}

/* What every index has. */
static void add_meta(struct dashboard_fields *fields) {
    static const struct {
        const char *name, *kind;
        bool searched;
    } meta[] = {{"_id", "string", true},
                {"_index", "string", true},
                {"_score", "number", false},
                {"_source", "_source", false}};
    for (size_t i = 0; i < sizeof meta / sizeof meta[0]; i++)
        add_spec(fields, json_pack("{s:i,s:s,s:s,s:b,s:b,s:b,s:b}", "count", 0, "name", meta[i].name, "type",
                                   meta[i].kind, "scripted", 0, "searchable", meta[i].searched, "aggregatable",
                                   meta[i].searched, "readFromDocValues", 0));
}

static const json_t *find_spec(const struct dashboard_fields *fields, const char *name) {
    size_t i;
    json_t *spec;
    json_array_foreach(fields->specs, i, spec) {
        if (strcmp(json_string_value(json_object_get(spec, "name")), name) == 0) return spec;
    }
    return NULL;
}

/* --- scripts -------------------------------------------------------------------------------------------------------- */

struct script {
    size_t bytes;
    char text[SCRIPT_BYTES];
};

__attribute__((format(printf, 2, 3))) static void add_text(struct script *script, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(script->text + script->bytes, sizeof script->text - script->bytes, format, arguments);
    va_end(arguments);
    ASSERT(bytes > 0 && (size_t)bytes < sizeof script->text - script->bytes);
    script->bytes += (size_t)bytes;
}

/* Its name, which lives as long as the fields do. */
static const char *add_scripted(struct dashboard_fields *fields, const char *name, const struct script *script) {
    ASSERT(find_spec(fields, name) == NULL);
    json_t *spec = json_pack("{s:i,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b}", "count", 0, "name", name, "type", "string",
                             "script", script->text, "lang", "painless", "scripted", 1, "searchable", 1, "aggregatable",
                             1, "readFromDocValues", 0);
    add_spec(fields, spec);
    return json_string_value(json_object_get(spec, "name"));
}

/* Whether a document has the field. One that no index maps is an error where a script asks for its value. */
#define THERE "doc.containsKey('%s') && doc['%s'].size() != 0"

/* The first of the paths that is there. */
static void add_merged(struct dashboard_fields *fields, enum dashboard_field field) {
    struct script script = {0};
    size_t i;
    json_t *path;
    json_array_foreach(fields->paths[field], i, path) {
        const char *name = json_string_value(path);
        add_text(&script, "if (" THERE ") return doc['%s'].value; ", name, name, name);
    }
    add_text(&script, "return null;");
    fields->names[field] = add_scripted(fields, meanings[field].merged, &script);
}

/* Beside the country's code. */
static void add_map_code(struct dashboard_fields *fields) {
    static const char last[] = "country_iso_code";
    const char *country = fields->names[DASHBOARD_COUNTRY];
    size_t bytes = strlen(country) - strlen(last);
    char name[PATH_BYTES];
    ASSERT(strlen(country) >= strlen(last) && strcmp(country + bytes, last) == 0);
    snprintf(name, sizeof name, "%.*smap_code", (int)bytes, country);
    struct script script = {0};
    add_text(&script, "if (!(" THERE ")) return null; String code = doc['%s'].value; ", country, country, country);
    for (size_t i = 0; i < sizeof territories / sizeof territories[0]; i++)
        add_text(&script, "if (code == '%s') return '%s'; ", territories[i].code, territories[i].country);
    add_text(&script, "return code;");
    fields->names[DASHBOARD_MAP_CODE] = add_scripted(fields, name, &script);
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

void dashboard_fields_init(struct dashboard_fields *fields, const struct output_schema *schema) {
    *fields = (struct dashboard_fields){.specs = json_array()};
    find_paths(fields, schema);
    json_t *mapping = index_template_properties_new(schema);
    add_meta(fields);
    add_all_mapped(fields, mapping);
    json_decref(mapping);
    for (uint32_t i = 0; i < DASHBOARD_MAP_CODE; i++) {
        size_t count = json_array_size(fields->paths[i]);
        ASSERT(count > 0); /* a panel would stay empty */
        if (count == 1)
            fields->names[i] = json_string_value(json_array_get(fields->paths[i], 0));
        else if (meanings[i].merged != NULL)
            add_merged(fields, (enum dashboard_field)i);
    }
    add_map_code(fields);
}

void dashboard_fields_destroy(struct dashboard_fields *fields) {
    for (uint32_t i = 0; i < DASHBOARD_FIELDS; i++) json_decref(fields->paths[i]);
    json_decref(fields->specs);
}

json_t *dashboard_fields_query(const struct dashboard_fields *fields, enum dashboard_field field,
                               const char *condition) {
    struct script query = {0};
    size_t i;
    json_t *path;
    json_array_foreach(fields->paths[field], i, path) {
        const char *before = i > 0 ? " OR " : "", *name = json_string_value(path);
        if (condition != NULL)
            add_text(&query, "%s%s:%s", before, name, condition);
        else
            add_text(&query, "%s_exists_:%s", before, name);
    }
    return json_string(query.text);
}
