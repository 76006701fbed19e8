/* One list, whoever says it; what is wrong with a mapping of a sink is said by config/kafka_settings.c and config/opensearch_settings.c.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/run_outputs.h"

#include <string.h>

#include "app/config_item.h"
#include "app/log.h"
#include "base/check.h"
#include "config/config_text.h"
#include "config/kafka_url.h"
#include "config/opensearch_url.h"
#include "config/residency_route.h"

#define MAIN "main"

/* --- which there are ------------------------------------------------------------------------------ */

static bool is_file(const char *text) {
    return strstr(text, "://") == NULL;
}

static bool is_packed(const char *text) {
    return is_file(text) && slice_ends_with(slice_from(text), SLICE(".gz"));
}

/* Letters, digits, and . _ - behind the first. */
static bool is_name(struct slice name) {
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return name.len > 0 && name.len <= OUTPUT_NAME_BYTES_MAX && strspn(name.ptr, bytes) == name.len &&
           strchr("._-", name.ptr[0]) == NULL;
}

static bool is_kafka_named(const struct run_outputs *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++)
        if (outputs->items[i].is_kafka) return true;
    return false;
}

static bool has_stdout(const struct run_outputs *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++)
        if (strcmp(outputs->items[i].text, "-") == 0) return true;
    return false;
}

static bool has_name(const struct run_outputs *outputs, const char *name) {
    for (uint32_t i = 0; i < outputs->count; i++)
        if (strcmp(outputs->items[i].name, name) == 0) return true;
    return false;
}

/* The text that the value of a member stands for; NULL after a report. */
static const char *text_of(struct run_outputs *outputs, const struct problem_scope *scope,
                           const struct config_node *member) {
    struct config_item_fault fault = {.place = member->place};
    const char *text = NULL;
    if (config_text_is(member)) return member->text.ptr;
    enum status status = STATUS_USAGE;
    if (member->kind == CONFIG_MAPPING)
        status = config_item_output(&outputs->arena, member, &text, &fault);
    else
        error_set(&fault.reason, STATUS_USAGE, "expected a file, a URL or a mapping, got %s",
                  config_node_kind_name(member));
    if (status == STATUS_FAILED) (void)problem_no_memory(scope);
    if (status == STATUS_USAGE)
        (void)problem_report_in(scope, outputs->file, fault.place, "%.64s: %s", member->key.ptr, fault.reason.message);
    return text;
}

static bool add_member(struct run_outputs *outputs, const struct problem_scope *scope,
                       const struct config_node *member) {
    if (!is_name(member->key))
        return problem_report(scope, member,
                              "%.64s: expected a name of letters, digits, and . _ - behind the first, at most %u bytes",
                              member->key.ptr, OUTPUT_NAME_BYTES_MAX);
    if (has_name(outputs, member->key.ptr))
        return problem_report(scope, member, "%s: `output` is the output called " MAIN ", too; give it once",
                              member->key.ptr);
    if (outputs->count == OUTPUTS_MAX) return problem_report(scope, member, "expected at most %u outputs", OUTPUTS_MAX);
    const char *text = text_of(outputs, scope, member);
    if (text == NULL) return false;
    if (kafka_url_is(text) && is_kafka_named(outputs))
        return problem_report(scope, member,
                              "%s: is a second Kafka output; there is one at the most, beside any others",
                              member->key.ptr);
    if (strcmp(text, "-") == 0 && has_stdout(outputs))
        return problem_report(scope, member, "%s: another output is stdout already", member->key.ptr);
    outputs->items[outputs->count++] = (struct run_output){
        .name = member->key.ptr, .text = text, .node = member, .is_kafka = kafka_url_is(text)};
    return true;
}

static bool add_named(struct run_outputs *outputs, const struct problem_scope *scope) {
    const struct config_node *node = outputs->node;
    if (node->kind != CONFIG_MAPPING || node->count == 0)
        return problem_report(scope, node, "expected {NAME: OUT, ..}, such as {eu: {path: eu.ndjson}, main: {..}}");
    bool good = true;
    for (const struct config_node *member = node->first; member != NULL; member = member->next)
        good = add_member(outputs, scope, member) && good;
    return good;
}

/* --- OpenSearch ----------------------------------------------------------------------------------- */

static bool resolve_opensearch(struct run_outputs *outputs, struct run_output *output,
                               const struct run_settings *settings, struct problems *problems) {
    bool named = outputs->node != NULL, for_rollups = settings->rollups != NULL &&
                                                      opensearch_url_is(settings->rollups) &&
                                                      !opensearch_url_is(output->text);
    char option[sizeof "outputs." + OUTPUT_NAME_BYTES_MAX] = "output";
    if (named) stpcpy(stpcpy(option, "outputs."), output->name);
    struct opensearch_request request = {
        .option = option, .file = outputs->file, .text = output->text, .node = output->node};
    if (!named && !for_rollups) request.pairs = settings->opensearch;
    return opensearch_settings_resolve(&output->opensearch, &request, problems);
}

bool run_outputs_have_opensearch(const struct run_outputs *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++)
        if (outputs->items[i].opensearch.has_output) return true;
    return false;
}

/* --- how they go with the rest -------------------------------------------------------------------- */

/* Lines that are no records, and documents that a cluster refuses, need a place that takes anything. */
static bool check_rejects(const struct run_outputs *outputs, const struct arguments *arguments,
                          const struct run_settings *settings, struct problems *problems) {
    const struct config_node *node = arguments_node(arguments, "rejects", arguments->sections.rejects);
    const struct problem_scope scope = {.problems = problems, .file = node != NULL ? outputs->file : NULL};
    const char *rejects = settings->rejects;
    if (rejects != NULL && opensearch_url_is(rejects))
        return problem_report(&scope, node, "rejects: expected a file or kafka://HOST:PORT/TOPIC, got %s",
                              opensearch_url_shown(rejects).text);
    if (rejects != NULL && kafka_url_is(rejects) && outputs->count > 1)
        return problem_report(&scope, node, "rejects: with several outputs they go to a file");
    if (rejects == NULL && run_outputs_have_opensearch(outputs) && !settings->dry_run)
        problem_warn(&scope, NULL, "documents that OpenSearch refuses will only be counted; --rejects FILE keeps them");
    return true;
}

static bool check_append(const struct run_outputs *outputs, const struct run_settings *settings,
                         const struct problem_scope *scope) {
    bool any_file = !run_outputs_have_opensearch(outputs) ||
                    (settings->rejects != NULL && !kafka_url_is(settings->rejects));
    for (uint32_t i = 0; i < outputs->count; i++) any_file = any_file || is_file(outputs->items[i].text);
    return !settings->append || any_file ||
           problem_report(scope, NULL, "append: there is no file to append to; what is in OpenSearch stays there");
}

/* As config/kafka_settings.c has it for a single output: what is committed must be on disk. */
static bool check_packed(const struct run_outputs *outputs, const struct arguments *arguments,
                         const struct problem_scope *scope) {
    bool reads_kafka = false;
    for (size_t i = 0; i < arguments->inputs.count; i++) reads_kafka |= kafka_url_is(arguments->inputs.items[i]);
    for (uint32_t i = 0; reads_kafka && outputs->count > 1 && i < outputs->count; i++)
        if (is_packed(outputs->items[i].text))
            return problem_report(scope, outputs->items[i].node,
                                  "%s: %.200s: offsets of a Kafka input are committed when records are on disk, and a "
                                  "compressor holds some back; write to a file without .gz",
                                  outputs->items[i].name, outputs->items[i].text);
    return true;
}

/* What command line and config say of one output does not go with several. */
static bool check_single(const struct run_outputs *outputs, const struct option_slot *output,
                         const struct run_settings *settings, const struct problem_scope *scope) {
    bool for_rollups = settings->rollups != NULL && opensearch_url_is(settings->rollups);
    if (output->origin == OPTION_FROM_COMMAND_LINE)
        return problem_report(scope, NULL,
                              "--output: the config's `outputs` say where records go, by their zones; change them "
                              "there, or leave `outputs` out");
    return settings->opensearch.count == 0 || for_rollups || outputs->node == NULL ||
           problem_report(scope, NULL,
                          "--opensearch: settings of named outputs stand in the config, as outputs: {NAME: "
                          "{opensearch: {..}}}");
}

bool run_outputs_resolve(struct run_outputs *outputs, const struct arguments *arguments,
                         const struct run_settings *settings, struct problems *problems) {
    const struct option_slot *slot = option_values_find(arguments->values, "output", strlen("output"), false);
    *outputs = (struct run_outputs){.node = arguments->sections.trees[CONFIG_OUTPUTS], .file = arguments->config_path};
    struct problem_scope nowhere = {.problems = problems};
    struct problem_scope scope = {.problems = problems, .file = outputs->file, .where = "outputs"};
    bool good = true;
    if (outputs->node == NULL || slot->origin == OPTION_FROM_FILE)
        outputs->items[outputs->count++] = (struct run_output){
            .name = MAIN,
            .text = settings->output,
            .node = arguments_node(arguments, "output", arguments->sections.output),
            .is_kafka = kafka_url_is(settings->output)};
    if (outputs->node != NULL) good = add_named(outputs, &scope) && check_single(outputs, slot, settings, &nowhere);
    for (uint32_t i = 0; i < outputs->count; i++)
        good = resolve_opensearch(outputs, &outputs->items[i], settings, problems) && good;
    good = check_rejects(outputs, arguments, settings, problems) && good;
    good = check_packed(outputs, arguments, &scope) && good;
    return check_append(outputs, settings, &nowhere) && good;
}

bool run_outputs_route(const struct run_outputs *outputs, struct residency_policy *policy, struct problems *problems) {
    const char *names[OUTPUTS_MAX];
    const struct residency_outputs known = {names, outputs->count, outputs->node};
    const struct problem_scope scope = {.problems = problems, .file = outputs->file};
    for (uint32_t i = 0; i < outputs->count; i++) names[i] = outputs->items[i].name;
    if (policy != NULL) return outputs->count == 0 || residency_route_resolve(policy, &known, &scope);
    return outputs->count <= 1 || problem_report(&scope, outputs->node,
                                                 "outputs: there are %u, and a record goes to that of its client's "
                                                 "zone: zones and `route` stand in `residency`, which is not there",
                                                 (unsigned)outputs->count);
}

void run_outputs_destroy(struct run_outputs *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        struct run_output *output = &outputs->items[i];
        sink_opensearch_free(output->documents);
        opensearch_settings_destroy(&output->opensearch);
        sink_file_free(output->file);
    }
    arena_destroy(&outputs->arena);
    *outputs = (struct run_outputs){.count = 0};
}

struct kafka_place run_outputs_kafka(const struct run_outputs *outputs) {
    const struct run_output *found = &outputs->items[0];
    for (uint32_t i = 1; i < outputs->count; i++)
        if (outputs->items[i].is_kafka) found = &outputs->items[i];
    return outputs->count > 0 ? (struct kafka_place){found->text, found->node} : (struct kafka_place){NULL, NULL};
}

/* --- opened --------------------------------------------------------------------------------------- */

static enum status open_documents(const struct run_outputs *outputs, struct run_output *output,
                                  const struct run_outputs_request *request, struct error *error) {
    const struct opensearch_output *settings = &output->opensearch.output;
    const struct sink_opensearch_request sink = {.output = settings,
                                                 .label = outputs->node != NULL ? output->name : NULL,
                                                 .wanted = settings->any_mapping ? NULL : request->mapping,
                                                 .report = request->report};
    bulk_action_init(&output->action, settings, BULK_CREATE);
    return sink_opensearch_new(&sink, &output->documents, error);
}

static enum status open_file(struct run_output *output, enum sink_file_start start, struct error *error) {
    enum status status = sink_file_open(output->text, start, &output->file, error);
    if (status == STATUS_OK && sink_file_cut_bytes(output->file) > 0)
        log_message(LOG_WARNING, "%s: %llu bytes of an unfinished last line were cut off; its record comes once more",
                    output->text, (unsigned long long)sink_file_cut_bytes(output->file));
    return status;
}

enum status run_outputs_open(struct run_outputs *outputs, const struct run_outputs_request *request,
                             struct error *error) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < outputs->count && status == STATUS_OK; i++) {
        struct run_output *output = &outputs->items[i];
        if (output->opensearch.has_output)
            status = open_documents(outputs, output, request, error);
        else if (!output->is_kafka)
            status = open_file(output, request->start, error);
    }
    return status;
}

enum status run_outputs_close(struct run_outputs *outputs, struct error *error) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < outputs->count; i++) {
        struct error later;
        if (outputs->items[i].file == NULL) continue;
        enum status closed = sink_file_ops.close(outputs->items[i].file, status == STATUS_OK ? error : &later);
        if (status == STATUS_OK) status = closed;
    }
    return status;
}

void run_outputs_items(const struct run_outputs *outputs, struct sink_kafka *kafka, struct output items[OUTPUTS_MAX],
                       struct worker_output wanted[OUTPUTS_MAX]) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        /* rejects of a single output may go to Kafka, whatever its records do */
        bool to_kafka = kafka != NULL && (output->is_kafka || outputs->count == 1);
        items[i] = (struct output){.name = output->name, .file = output->file};
        wanted[i] = (struct worker_output){.marks = to_kafka || output->documents != NULL};
        if (output->documents != NULL) {
            items[i].ops = &sink_opensearch_ops;
            items[i].sink = output->documents;
            items[i].batches = sink_opensearch_batches(&output->opensearch.output);
            wanted[i].action = &output->action;
        } else if (to_kafka) {
            items[i].ops = &sink_kafka_ops;
            items[i].sink = items[i].kafka = kafka;
            items[i].batches = BATCHES_KAFKA;
        }
    }
}

void run_outputs_summarise(const struct run_outputs *outputs, const struct pipeline_outcome *outcome,
                           struct summary *summary) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        struct opensearch_counts documents = {.requests = 0};
        if (output->documents != NULL) sink_opensearch_count(output->documents, &documents);
        uint64_t bytes = output->documents != NULL ? documents.bytes_sent
                         : output->file != NULL    ? sink_file_bytes(output->file)
                                                   : 0;
        summary->bytes_written += bytes;
        summary->has_opensearch |= output->documents != NULL;
        if (output->documents != NULL) sink_opensearch_count(output->documents, &summary->opensearch);
        if (outputs->count == 1) continue;
        summary->outputs[summary->outputs_count++] = (struct summary_output){
            .name = output->name, .counts = outcome->outputs[i], .bytes = bytes};
    }
}
