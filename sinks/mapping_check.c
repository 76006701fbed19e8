/* A request for each field: the path of one that asks for several has commas in it, which libcurl 7.88 does not sign as AWS does. The
 * requests are few, and the privilege for them (indices:admin/mappings/fields/get) is one that readers have.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/mapping_check.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "sinks/cluster.h"
#include "sinks/plan.h"

/* --- what is wanted ------------------------------------------------------------------------------- */

static void want(struct mapping_wanted *wanted, const char *path, const char *type) {
    for (uint32_t i = 0; i < wanted->count; i++)
        if (strcmp(wanted->fields[i].path, path) == 0) return;
    ASSERT(wanted->count < MAPPING_FIELDS_MAX);
    struct mapping_field *field = &wanted->fields[wanted->count++];
    snprintf(field->path, sizeof field->path, "%s", path);
    field->type = type;
}

/* Of the values that a plan writes below `path` ("" or "client."); in `place` remains what stands in front of a place's members. */
static void want_of_plan(struct mapping_wanted *wanted, const struct plan *plan, char path[MAPPING_PATH_BYTES_MAX],
                         char place[MAPPING_PATH_BYTES_MAX]) {
    size_t before[OUTPUT_DEPTH_MAX + 1], bytes = strlen(path);
    uint32_t depth = 0;
    for (const struct op *op = plan->ops; op->code != OP_END; op++) {
        if (op->code == OP_CLOSE) bytes = before[--depth];
        path[bytes] = '\0';
        if (op->code == VALUE_CLIENT_PLACE) memcpy(place, path, bytes + 1);
        if (op->code != OP_OPEN && op->code != VALUE_CLIENT_IP && op->code != VALUE_PLACE_LOCATION) continue;
        struct slice name = plan_op_name(plan, op);
        ASSERT(bytes + name.len + 2 <= MAPPING_PATH_BYTES_MAX);
        memcpy(path + bytes, name.ptr, name.len);
        path[bytes + name.len] = '\0';
        if (op->code == OP_OPEN) {
            before[depth++] = bytes;
            bytes += name.len;
            path[bytes++] = '.';
        } else {
            want(wanted, path, op->code == VALUE_CLIENT_IP ? "ip" : "geo_point");
        }
    }
}

void mapping_wanted_find(const struct encoder *encoder, const struct schema *only, bool located,
                         struct mapping_wanted *wanted) {
    char place[MAPPING_PATH_BYTES_MAX] = "";
    *wanted = (struct mapping_wanted){.schema = encoder->schema->name};
    for (uint32_t i = 0; i < encoder->plans_count; i++) {
        char path[MAPPING_PATH_BYTES_MAX] = "";
        if (only == NULL || encoder->plans[i].schema == only) want_of_plan(wanted, &encoder->plans[i], path, place);
    }
    if (located) want_of_plan(wanted, &encoder->place, place, place);
}

/* --- what to say ---------------------------------------------------------------------------------- */

struct look {
    const struct cluster *cluster;
    const struct opensearch_output *output;
    const struct mapping_wanted *wanted;
    struct error *error;
    char index[MAPPING_NAME_BYTES]; /* that is written to */
};

/* `where` has no such field (""), or has it as something else; or it is left to a guess (NULL). */
static enum mapping_verdict spoils(const struct look *look, const char *where, const struct mapping_field *field,
                                   const char *found) {
    const struct opensearch_output *output = look->output;
    const char *schema = look->wanted->schema;
    char what[700], advice[700] = "";
    if (found == NULL)
        snprintf(what, sizeof what, "%s: %s would become what OpenSearch guesses, not %s", where, field->path,
                 field->type);
    else if (found[0] == '\0')
        snprintf(what, sizeof what, "%s does not have %s, which has to be mapped as %s", where, field->path,
                 field->type);
    else
        snprintf(what, sizeof what, "%s has %s as %s, not as %s", where, field->path, found, field->type);
    if (schema != NULL)
        snprintf(advice, sizeof advice,
                 "; run `wherefrom setup 'opensearch+%.200s/%s%s'%s%s`: it puts the template, and says how to go on "
                 "with an index that is there",
                 output->url, output->name, output->dated ? "-{yyyy.MM.dd}" : "",
                 strcmp(schema, "ecs") == 0 ? "" : " --schema ", strcmp(schema, "ecs") == 0 ? "" : schema);
    if (look->wanted->rollups)
        snprintf(advice, sizeof advice,
                 "; an index that is made with what `wherefrom template --rollups` prints has it");
    error_set(look->error, STATUS_FAILED, "opensearch: %s: %s%s%s", output->url,
              advice[0] != '\0' ? "nothing was written: " : "", what, advice);
    return MAPPING_SPOILS;
}

static enum mapping_verdict unknown(const struct look *look, const char *why) {
    error_set(
        look->error, STATUS_FAILED,
        "opensearch: %s/%s: whether %s is mapped as %s could not be seen (%s); `wherefrom setup` makes sure of it",
        look->output->url, look->output->name, look->wanted->fields[0].path, look->wanted->fields[0].type, why);
    return MAPPING_UNKNOWN;
}

/* A reply that is no answer. */
static enum mapping_verdict no_answer(const struct look *look, const struct cluster_reply *reply) {
    int status = reply->status;
    bool passes = status == 0 || status == 429 || (status >= 502 && status <= 504);
    if (!passes) return unknown(look, reply->text[0] != '\0' ? reply->text : "the reply is no JSON");
    error_set(look->error, STATUS_FAILED, "%s", reply->text);
    return MAPPING_LATER;
}

/* Whether a field that is not mapped yet would become one of this type: dynamic_templates may say so. */
static bool dynamic_may_help(const json_t *mappings, const char *type) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(mappings, "dynamic_templates"), i, one) {
        const json_t *rule = json_object_iter_value(json_object_iter(one));
        const char *word = json_string_value(json_object_get(json_object_get(rule, "mapping"), "type"));
        if (word != NULL && strcmp(word, type) == 0) return true;
    }
    return false;
}

static const char dynamic_template[] = "it has a dynamic template of that type, which may do it";

/* --- an index that is there ----------------------------------------------------------------------- */

/* The index of an alias that is written to; false: none is known. */
static bool find_aliased(struct look *look, const char *name) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    const char *index;
    json_t *one;
    bool found = false;
    cluster_ask_json(look->cluster, "GET", cluster_path(path, "/", name, "/_alias"), NULL, &reply);
    json_object_foreach(reply.body, index, one) {
        const json_t *alias = json_object_get(json_object_get(one, "aliases"), name);
        if (!json_is_true(json_object_get(alias, "is_write_index"))) continue;
        snprintf(look->index, sizeof look->index, "%s", index);
        found = true;
    }
    cluster_reply_clear(&reply);
    return found;
}

/* The one of all indices behind a name that is written to: the last one of a data stream, .ds-NAME-000001 and on. */
static bool find_index(struct look *look, const char *name, json_t *indices) {
    const char *index;
    json_t *one;
    bool stream = true;
    json_object_foreach(indices, index, one) {
        bool longer = strlen(index) > strlen(look->index), as_long = strlen(index) == strlen(look->index);
        if (longer || (as_long && strcmp(index, look->index) > 0))
            snprintf(look->index, sizeof look->index, "%s", index);
        stream = stream && strncmp(index, ".ds-", 4) == 0;
    }
    return json_object_size(indices) == 1 || (stream && look->index[0] != '\0') || find_aliased(look, name);
}

/* What a field is in the index that is written to, copied; "": nothing. Another verdict than MAPPING_GOOD: there is no answer. */
static enum mapping_verdict ask_type(struct look *look, const char *name, const char *field, bool *there,
                                     char type[64]) {
    char path[CLUSTER_PATH_BYTES_MAX], behind[MAPPING_PATH_BYTES_MAX + 32];
    struct cluster_reply reply;
    enum mapping_verdict verdict = MAPPING_GOOD;
    snprintf(behind, sizeof behind, "/_mapping/field/%s", field);
    cluster_ask_json(look->cluster, "GET", cluster_path(path, "/", name, behind), NULL, &reply);
    *there = reply.status == 200;
    type[0] = '\0';
    if (reply.status == 200 && json_is_object(reply.body)) {
        if (look->index[0] == '\0' && !find_index(look, name, reply.body)) {
            verdict = unknown(look, "it is an alias of several indices, none of them known to be written to");
        } else {
            const json_t *fields = json_object_get(json_object_get(reply.body, look->index), "mappings");
            json_t *mapping = json_object_get(json_object_get(fields, field), "mapping");
            const char *word = json_string_value(
                json_object_get(json_object_iter_value(json_object_iter(mapping)), "type"));
            snprintf(type, 64, "%s", word != NULL ? word : "");
        }
    } else if (reply.status != 404 || strcmp(reply.type, "index_not_found_exception") != 0) {
        verdict = no_answer(look, &reply);
    }
    cluster_reply_clear(&reply);
    return verdict;
}

/* A field of the write index that is of no type. */
static enum mapping_verdict judge_unmapped(struct look *look, const struct mapping_field *field, const char *where) {
    char path[CLUSTER_PATH_BYTES_MAX], inner[MAPPING_PATH_BYTES_MAX + 8], type[64], found[160];
    struct cluster_reply reply;
    bool there;
    snprintf(inner, sizeof inner, "%s.lat", field->path); /* what became of a location that nobody had mapped */
    (void)ask_type(look, look->index, inner, &there, type);
    if (type[0] != '\0') {
        snprintf(found, sizeof found, "an object of %s numbers", type);
        return spoils(look, where, field, found);
    }
    cluster_ask_json(look->cluster, "GET",
                     cluster_path(path, "/", look->index, "/_mapping?filter_path=%2A.mappings.dynamic_templates"), NULL,
                     &reply);
    const json_t *index = json_object_get(reply.body, look->index);
    bool may = dynamic_may_help(json_object_get(index, "mappings"), field->type);
    cluster_reply_clear(&reply);
    return may ? unknown(look, dynamic_template) : spoils(look, where, field, "");
}

static enum mapping_verdict look_at_index(struct look *look, const char *name, bool *there) {
    for (uint32_t i = 0; i < look->wanted->count; i++) {
        const struct mapping_field *field = &look->wanted->fields[i];
        char type[64], where[320];
        enum mapping_verdict verdict = ask_type(look, name, field->path, there, type);
        if (verdict != MAPPING_GOOD || !*there) return verdict;
        if (strcmp(type, field->type) == 0) continue;
        snprintf(where, sizeof where, "the index %s", look->index);
        return type[0] != '\0' ? spoils(look, where, field, type) : judge_unmapped(look, field, where);
    }
    return MAPPING_GOOD;
}

/* --- an index that is not there yet --------------------------------------------------------------- */

/* The mapping at a path below `mappings`; names in a template may have dots in them. NULL: there is none. */
static const json_t *find_field(const json_t *mappings, const char *path) {
    const json_t *found = mappings;
    while (*path != '\0' && found != NULL) {
        const json_t *properties = json_object_get(found, "properties");
        size_t bytes = strcspn(path, ".");
        found = NULL;
        while (found = json_object_getn(properties, path, bytes), found == NULL && path[bytes] != '\0')
            bytes += 1 + strcspn(path + bytes + 1, ".");
        path += bytes + (path[bytes] == '.');
    }
    return found;
}

/* Templates of the old kind cannot be tried out. */
static bool has_old_template(const struct look *look, const char *index) {
    struct cluster_reply reply;
    const char *name;
    json_t *one, *pattern;
    size_t i;
    bool has = false;
    cluster_ask_json(look->cluster, "GET", "/_template?filter_path=%2A.index_patterns", NULL, &reply);
    json_object_foreach(reply.body, name, one) {
        json_array_foreach(json_object_get(one, "index_patterns"), i, pattern) {
            has = has || (json_is_string(pattern) && fnmatch(json_string_value(pattern), index, FNM_NOESCAPE) == 0);
        }
    }
    cluster_reply_clear(&reply);
    return has;
}

static enum mapping_verdict judge_template(const struct look *look, const char *index, const json_t *mappings) {
    for (uint32_t i = 0; i < look->wanted->count; i++) {
        const struct mapping_field *field = &look->wanted->fields[i];
        char where[400], found[80] = "";
        const json_t *mapping = find_field(mappings, field->path);
        const char *type = json_string_value(json_object_get(mapping, "type"));
        if (type != NULL && strcmp(type, field->type) == 0) continue;
        if (mapping == NULL && dynamic_may_help(mappings, field->type)) return unknown(look, dynamic_template);
        if (mappings == NULL && has_old_template(look, index))
            return unknown(look, "it has an old-style template, which cannot be tried out");
        if (mapping != NULL) snprintf(found, sizeof found, "%.64s", type != NULL ? type : "an object");
        const char *where_format = mappings == NULL ? "there is no index template for %s"
                                                    : "what the index templates make of %s";
        snprintf(where, sizeof where, where_format, index);
        return spoils(look, where, field, mappings == NULL ? NULL : found);
    }
    return MAPPING_GOOD;
}

static enum mapping_verdict look_at_templates(const struct look *look, const char *index) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    cluster_ask_json(look->cluster, "POST", cluster_path(path, "/_index_template/_simulate_index/", index, ""), NULL,
                     &reply);
    const json_t *mappings = json_object_get(json_object_get(reply.body, "template"), "mappings");
    enum mapping_verdict verdict = reply.status == 200 && json_is_object(reply.body)
                                       ? judge_template(look, index, mappings)
                                       : no_answer(look, &reply);
    cluster_reply_clear(&reply);
    return verdict;
}

void mapping_name_today(const struct opensearch_output *output, char name[MAPPING_NAME_BYTES]) {
    time_t now = time(NULL);
    struct tm day;
    char date[16] = "";
    if (output->dated && gmtime_r(&now, &day) != NULL) strftime(date, sizeof date, "-%Y.%m.%d", &day);
    snprintf(name, MAPPING_NAME_BYTES, "%.244s%.11s", output->name, date);
}

enum mapping_verdict mapping_check(const struct cluster *cluster, const struct opensearch_output *output,
                                   const struct mapping_wanted *wanted, struct error *error) {
    struct look look = {.cluster = cluster, .output = output, .wanted = wanted, .error = error};
    char name[MAPPING_NAME_BYTES];
    bool there;
    if (wanted->count == 0) return MAPPING_GOOD;
    mapping_name_today(output, name);
    enum mapping_verdict verdict = look_at_index(&look, name, &there);
    if (verdict != MAPPING_GOOD || (there && !output->dated)) return verdict;
    return look_at_templates(&look, name);
}

enum mapping_verdict mapping_first_look(const struct cluster *cluster, const struct opensearch_output *output,
                                        const struct mapping_wanted *wanted, struct error *error) {
    struct cluster_reply reply;
    /* whether we may see the cluster's health is of no interest */
    cluster_ask_json(cluster, "GET", "/_cluster/health", NULL, &reply);
    cluster_reply_clear(&reply);
    if (reply.tls_failed) {
        error_set(error, STATUS_FAILED, "opensearch: %s: %s", output->url, reply.text);
        return MAPPING_NOT_LET_IN;
    }
    if (reply.status == 0) {
        error_set(error, STATUS_FAILED, "%s", reply.text);
        return MAPPING_LATER;
    }
    if (reply.status != 401) return wanted != NULL ? mapping_check(cluster, output, wanted, error) : MAPPING_GOOD;
    error_set(error, STATUS_FAILED, "opensearch: %s: 401: it does not let us in; check user and password", output->url);
    return MAPPING_NOT_LET_IN;
}
