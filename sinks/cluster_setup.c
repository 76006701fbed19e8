/* What is there is asked for first, and put only where it differs, so that a second time says "there already" and is right. What a mapping
 * takes is left to the cluster to judge: what it had before and after says whether anything has changed.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "sinks/cluster_setup.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sinks/dashboards.h"
#include "sinks/mapping_check.h"

struct setup {
    const struct cluster *cluster;
    const struct opensearch_output *output;
    const struct output_schema *schema;
    FILE *out;
    struct error *error;
    char index[MAPPING_NAME_BYTES]; /* that is there and is written to; "": there is none */
    bool stream;                    /* of a data stream */
};

static void say(const struct setup *setup, const char *what, const char *name, const char *outcome) {
    fprintf(setup->out, "%s %s: %s\n", what, name, outcome);
}

static enum status fail(const struct setup *setup, const char *what, const char *name,
                        const struct cluster_reply *reply) {
    const char *advice = reply->status == 403 ? "; `wherefrom setup --help` lists the privileges that are needed" : "";
    return error_set(setup->error, STATUS_FAILED, "setup: %s: %s %s: %s%s", setup->output->url, what, name,
                     reply->text[0] != '\0' ? reply->text : "the reply is none of OpenSearch's", advice);
}

/* --- templates ------------------------------------------------------------------------------------ */

/* As text, in which 200 and "200", false and "false" are the same, as they are to a cluster. */
static char *text_of(const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY), *out = text;
    ASSERT(text != NULL);
    for (const char *in = text; *in != '\0'; in++)
        if (*in != '"') *out++ = *in;
    *out = '\0';
    return text;
}

static bool is_same(const json_t *a, const json_t *b) {
    char *first = text_of(a), *second = text_of(b);
    bool same = strcmp(first, second) == 0;
    free(first);
    free(second);
    return same;
}

struct template_kind {
    const char *what;        /* "index template" */
    const char *path;        /* "/_index_template/" */
    const char *list, *body; /* members of a reply: {"index_templates":[{"index_template":{..}}]} */
};
static const struct template_kind component_kind = {"component template", "/_component_template/",
                                                    "component_templates", "component_template"},
                                  index_kind = {"index template", "/_index_template/", "index_templates",
                                                "index_template"};

/* Whether it says that it is what ours says of itself, in whatever version. */
static bool is_ours(const json_t *found, const json_t *ours) {
    const json_t *found_says = json_object_get(json_object_get(found, "_meta"), "description");
    return json_equal(found_says, json_object_get(json_object_get(ours, "_meta"), "description"));
}

static enum status put_template(const struct setup *setup, const struct template_kind *kind, json_t *templates) {
    void *only = json_object_iter(templates);
    const char *name = json_object_iter_key(only);
    const json_t *ours = json_object_iter_value(only);
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    enum status status = STATUS_OK;
    cluster_path(path, kind->path, name, "");
    cluster_ask_json(setup->cluster, "GET", path, NULL, &reply);
    const json_t *found = json_object_get(json_array_get(json_object_get(reply.body, kind->list), 0), kind->body);
    bool there = reply.status == 200 && found != NULL, same = there && is_same(found, ours);
    bool foreign = there && !is_ours(found, ours);
    if (!there && reply.status != 404) status = fail(setup, kind->what, name, &reply);
    cluster_reply_clear(&reply);
    if (status != STATUS_OK) return status;
    if (same || foreign) {
        say(setup, kind->what, name, same ? "there already" : "somebody else's, left as it is");
        return STATUS_OK;
    }
    cluster_ask_json(setup->cluster, "PUT", path, ours, &reply);
    if (reply.status / 100 == 2)
        say(setup, kind->what, name, there ? "changed" : "made");
    else
        status = fail(setup, kind->what, name, &reply);
    cluster_reply_clear(&reply);
    return status;
}

/* --- what is there -------------------------------------------------------------------------------- */

/* The data stream's last index. Of an alias a cluster says 400. */
static enum status find_stream(struct setup *setup) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    enum status status = STATUS_OK;
    cluster_ask_json(setup->cluster, "GET", cluster_path(path, "/_data_stream/", setup->output->name, ""), NULL,
                     &reply);
    const json_t *stream = json_array_get(json_object_get(reply.body, "data_streams"), 0);
    const json_t *indices = json_object_get(stream, "indices");
    const json_t *last = json_array_get(indices, json_array_size(indices) - 1);
    const char *index = json_string_value(json_object_get(last, "index_name"));
    if (index != NULL) {
        snprintf(setup->index, sizeof setup->index, "%s", index);
        setup->stream = true;
    } else if (reply.status != 404 && reply.status != 400 && reply.status != 200) {
        status = fail(setup, "data stream", setup->output->name, &reply);
    }
    cluster_reply_clear(&reply);
    return status;
}

/* An index or an alias of the name. */
static enum status find_index(struct setup *setup) {
    char path[CLUSTER_PATH_BYTES_MAX], name[MAPPING_NAME_BYTES];
    struct cluster_reply reply;
    enum status status = STATUS_OK;
    mapping_name_today(setup->output, name);
    cluster_ask_json(setup->cluster, "GET", cluster_path(path, "/", name, "/_mapping?filter_path=%2A.mappings.dynamic"),
                     NULL, &reply);
    if (reply.status == 200)
        memcpy(setup->index, name, sizeof name);
    else if (reply.status != 404)
        status = fail(setup, "index", name, &reply);
    cluster_reply_clear(&reply);
    return status;
}

/* --- an index that is there ----------------------------------------------------------------------- */

static char *mapping_text(const struct setup *setup) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    cluster_ask_json(setup->cluster, "GET", cluster_path(path, "/", setup->index, "/_mapping"), NULL, &reply);
    char *text = reply.body != NULL ? text_of(reply.body) : NULL;
    cluster_reply_clear(&reply);
    return text;
}

static enum status fail_mapping(const struct setup *setup, const struct cluster_reply *reply) {
    const struct opensearch_output *output = setup->output;
    if (reply->status != 400) return fail(setup, "mapping of", setup->index, reply);
    if (setup->stream)
        return error_set(setup->error, STATUS_FAILED,
                         "setup: %s: index %s of data stream %s cannot take the mapping: %s; its template is right "
                         "now, so the next index will be: POST %s/_rollover makes it (what is sent a second time after "
                         "that is written a second time), or remove the data stream and run setup again",
                         output->url, setup->index, output->name, reply->text, output->name);
    return error_set(setup->error, STATUS_FAILED,
                     "setup: %s: index %s cannot take the mapping: %s; what is mapped stays as it is: write to another "
                     "name, or remove the index and run setup again (POST _reindex brings its documents into another)",
                     output->url, setup->index, reply->text);
}

/* Fields that it lacks are added; the cluster knows best what can be changed, and does all of it or nothing. */
static enum status put_mapping(const struct setup *setup) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    json_t *mapping = json_pack("{s:o}", "properties", index_template_properties_new(setup->schema));
    ASSERT(mapping != NULL);
    char *before = mapping_text(setup);
    cluster_ask_json(setup->cluster, "PUT", cluster_path(path, "/", setup->index, "/_mapping?write_index_only=true"),
                     mapping, &reply);
    char *after = mapping_text(setup);
    bool good = reply.status == 200, same = before != NULL && after != NULL && strcmp(before, after) == 0;
    enum status status = good ? STATUS_OK : fail_mapping(setup, &reply);
    if (good) say(setup, "mapping of", setup->index, same ? "as it has to be" : "changed, fields were added");
    json_decref(mapping);
    free(before);
    free(after);
    cluster_reply_clear(&reply);
    return status;
}

static enum status put_stream(struct setup *setup) {
    char path[CLUSTER_PATH_BYTES_MAX];
    struct cluster_reply reply;
    const char *name = setup->output->name;
    cluster_ask_json(setup->cluster, "PUT", cluster_path(path, "/_data_stream/", name, ""), NULL, &reply);
    enum status status = reply.status == 200 ? STATUS_OK : fail(setup, "data stream", name, &reply);
    cluster_reply_clear(&reply);
    if (status == STATUS_OK) say(setup, "data stream", name, "made");
    return status;
}

/* --- all ------------------------------------------------------------------------------------------ */

/* As a run will look at it. */
static enum status check(const struct setup *setup) {
    struct encoder_request request = {.schema = setup->schema};
    struct encoder *encoder = NULL;
    struct mapping_wanted wanted;
    enum status status = encoder_new(&request, &encoder, setup->error);
    if (status != STATUS_OK) return status;
    mapping_wanted_find(encoder, NULL, true, &wanted);
    wanted.schema = NULL;
    encoder_free(encoder);
    struct error found;
    switch (mapping_check(setup->cluster, setup->output, &wanted, &found)) {
    case MAPPING_GOOD: return STATUS_OK;
    case MAPPING_UNKNOWN: fprintf(setup->out, "not looked at: %s\n", found.message); return STATUS_OK;
    case MAPPING_NOT_LET_IN: /* only a first look says so */
    case MAPPING_LATER: break;
    case MAPPING_SPOILS:
        return error_set(setup->error, STATUS_FAILED,
                         "%.600s; another template stands above ours or in its place: GET _index_template lists them, "
                         "ours has the priority 200 and the pattern of its name",
                         found.message);
    }
    return error_set(setup->error, STATUS_FAILED, "%s", found.message);
}

enum status cluster_setup(const struct cluster *cluster, const struct opensearch_output *output,
                          const struct output_schema *schema, FILE *out, struct error *error) {
    struct setup setup = {cluster, output, schema, out, error, "", false};
    const struct index_template_request request = {schema, output->name, output->dated};
    enum status status = output->dated ? STATUS_OK : find_stream(&setup);
    if (status == STATUS_OK && setup.index[0] == '\0') status = find_index(&setup);
    if (status != STATUS_OK) return status;
    json_t *templates = index_template_new(&request);
    bool own_index = setup.index[0] != '\0' && !setup.stream && !output->dated;
    status = put_template(&setup, &component_kind, json_object_get(templates, "component_templates"));
    if (own_index)
        say(&setup, "index template and data stream", output->name,
            "not needed, there is an index or alias of that name");
    else if (status == STATUS_OK)
        status = put_template(&setup, &index_kind, json_object_get(templates, "index_templates"));
    json_decref(templates);
    if (status == STATUS_OK && setup.stream) say(&setup, "data stream", output->name, "there already");
    if (status == STATUS_OK && setup.index[0] != '\0') status = put_mapping(&setup);
    if (status == STATUS_OK && setup.index[0] == '\0' && !output->dated) status = put_stream(&setup);
    return status == STATUS_OK ? check(&setup) : status;
}

/* --- Dashboards ----------------------------------------------------------------------------------- */

/* RFC 7578. No line of JSON begins like that. */
#define BOUNDARY "--wherefrom-saved-objects"

static char *saved_objects(const struct index_template_request *request, size_t *bytes) {
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    ASSERT(out != NULL);
    dashboards_write(request, out);
    ASSERT(fclose(out) == 0);
    return text;
}

/* {"success":false,"errors":[{"type":"visualization","id":"..","error":{"type":"missing_references"}}]} */
static enum status fail_import(const json_t *body, struct error *error) {
    const json_t *errors = json_object_get(body, "errors"), *first = json_array_get(errors, 0);
    const char *type = json_string_value(json_object_get(first, "type"));
    const char *id = json_string_value(json_object_get(first, "id"));
    const char *why = json_string_value(json_object_get(json_object_get(first, "error"), "type"));
    return error_set(error, STATUS_FAILED,
                     "setup: dashboards: %zu objects were not taken; the first is %.64s %.128s: %.128s",
                     json_array_size(errors), type != NULL ? type : "?", id != NULL ? id : "?",
                     why != NULL ? why : "no reason given");
}

enum status cluster_setup_dashboards(const struct cluster *dashboards, const struct index_template_request *request,
                                     FILE *out, struct error *error) {
    static const char *const headers[] = {"osd-xsrf: true", NULL};
    size_t bytes;
    char *objects = saved_objects(request, &bytes);
    const struct slice parts[] = {
        SLICE("--" BOUNDARY "\r\n"
              "Content-Disposition: form-data; name=\"file\"; filename=\"wherefrom.ndjson\"\r\n"
              "Content-Type: application/ndjson\r\n\r\n"),
        {objects, bytes},
        SLICE("\r\n--" BOUNDARY "--\r\n"),
    };
    const struct http_request import = {.method = "POST",
                                        .path = "/api/saved_objects/_import?overwrite=true",
                                        .content_type = "multipart/form-data; boundary=" BOUNDARY,
                                        .headers = headers,
                                        .body = parts,
                                        .body_parts = sizeof parts / sizeof parts[0]};
    struct cluster_reply reply;
    cluster_ask(dashboards, &import, &reply);
    free(objects);
    enum status status = STATUS_OK;
    if (reply.status == 200 && json_is_true(json_object_get(reply.body, "success")))
        fprintf(out, "dashboards: %lld objects imported\n",
                (long long)json_integer_value(json_object_get(reply.body, "successCount")));
    else if (reply.status == 200 && json_object_get(reply.body, "success") != NULL)
        status = fail_import(reply.body, error);
    else
        status = error_set(error, STATUS_FAILED, "setup: dashboards: %s",
                           reply.text[0] != '\0'
                               ? reply.text
                               : "the reply is none of OpenSearch Dashboards'; check URL and base path");
    cluster_reply_clear(&reply);
    return status;
}
