/* Step by step; a step needs what those before it made.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "app/run_setup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/default_database.h"
#include "app/kafka_choice.h"
#include "app/log.h"
#include "app/opensearch_choice.h"
#include "app/rollups_choice.h"
#include "base/check.h"
#include "config/opensearch_url.h"
#include "schemas/output.h"

const struct chains *run_chains(struct run_setup *run) {
    return atomic_load(&run->chains.current);
}

/* Lines keep the origins that they had. */
static enum status check_replay(const struct run_setup *run, struct error *error) {
    const struct option_list *inputs = &run->arguments.inputs;
    if (run->settings.origin != NULL)
        return error_set(error, STATUS_USAGE, "replay: --origin has no meaning; rejects say whose lines they are");
    if (run->settings.rollups != NULL)
        return error_set(error, STATUS_USAGE,
                         "replay: --rollups: sums of the rejects alone would replace those of the whole; run the logs "
                         "again for that");
    if (run->arguments.values->inputs.origin == OPTION_FROM_FILE)
        return error_set(error, STATUS_USAGE,
                         "replay: the config's inputs are those of `run`; name rejects files, or -");
    for (size_t i = 0; i < inputs->count; i++)
        if (strstr(inputs->items[i], "://") != NULL)
            return error_set(error, STATUS_USAGE,
                             "replay: %s: expected a rejects file; put a topic's messages into one", inputs->items[i]);
    return STATUS_OK;
}

static enum status settle_inputs(struct run_setup *run, struct error *error) {
    static const char *const standard_input[] = {"-"};
    struct inputs_request request = {.arguments = run->arguments.inputs.items,
                                     .arguments_count = run->arguments.inputs.count,
                                     .origin = run->settings.origin,
                                     .names_are_free = run->replay};
    enum status checked = run->replay ? check_replay(run, error) : STATUS_OK;
    if (checked != STATUS_OK) return checked;
    if (request.arguments_count == 0) {
        if (isatty(STDIN_FILENO))
            return error_set(
                error, STATUS_USAGE,
                "run: no INPUT; name files or directories, or pipe lines into it (`wherefrom run --help`)");
        request.arguments = standard_input;
        request.arguments_count = 1;
    }
    enum status status = source_tcp_proxy_set(&run->settings.tcp, &run->proxy_from, error);
    return status == STATUS_OK ? inputs_init(&run->inputs, &request, error) : status;
}

enum status run_settle_format(struct run_setup *run, struct error *error) {
    return format_choice_init(&run->format, run->settings.format, &run->settings.ndjson,
                              &run_chains(run)->rules.headers, error);
}

/* Of the kafka:// INPUT, which is no item of the list; topics and partitions have origins made of it. */
static struct origin kafka_origin(const struct run_setup *run) {
    size_t argument = run->kafka.settings.input_argument;
    struct origin origin = {.input_index = (uint32_t)run->inputs.items_count,
                            .stream = true,
                            .chain = input_chain(&run->arguments, argument)};
    format_choice_apply(input_format(&run->arguments, argument, &run->formats, &run->format), &origin);
    return origin;
}

static struct run_state_request state_request(const struct run_setup *run) {
    return (struct run_state_request){&run->arguments, &run->settings, run->kafka.settings.has_input};
}

static enum status open_state(struct run_setup *run, struct error *error) {
    const struct run_state_request request = state_request(run);
    return run_state_open(&run->state, &request, &run->inputs, error);
}

static enum status begin_state(struct run_setup *run, struct error *error) {
    const struct run_state_request request = state_request(run);
    struct sink_file *const outputs[CHECKPOINT_OUTPUTS] = {run->records, run->rejects};
    return run_state_begin(&run->state, &request, outputs, error);
}

static enum status settle_origins(struct run_setup *run, struct error *error) {
    run->origins = calloc(run->inputs.items_count + 1, sizeof *run->origins);
    if (run->origins == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < run->inputs.items_count; i++) {
        const struct input *input = &run->inputs.items[i];
        struct origin *origin = &run->origins[i];
        *origin = (struct origin){
            .input_index = (uint32_t)i,
            .stream = input->is_stream,
            .path = slice_from(input->path),
            /* connections have names of their own */
            .name = input->is_stream && run->settings.origin == NULL ? SLICE("") : slice_from(input->origin),
            .name_given = !slice_equal(slice_from(input->origin), input_own_name(slice_from(input->path))),
            .account = input->key.account,
            .region = input->key.region,
            .node = input->key.node,
            .chain = input_chain(&run->arguments, input->argument),
            .place = input->place,
            .identity = input->identity,
        };
        format_choice_apply(input_format(&run->arguments, input->argument, &run->formats, &run->format), origin);
        if (origin->schema == NULL) origin->schema = schema_find(input->key.format);
    }
    if (run->kafka.settings.has_input) run->origins[run->inputs.items_count] = kafka_origin(run);
    return STATUS_OK;
}

struct chains *run_load_chains(const struct arguments *arguments, const char *always, struct problems *problems) {
    struct chains_request request = {
        .file = arguments->config_path, .sections = &arguments->sections, .always = always};
    return chains_new(&request, problems);
}

/* All problems are kept; the first one fails the step. */
enum status run_settle_chains(struct run_setup *run, struct error *error) {
    struct chains *chains = run_load_chains(&run->arguments, run->settings.chain, &run->problems);
    if (chains == NULL) return error_set(error, STATUS_FAILED, "chains: out of memory");
    live_chains_init(&run->chains, chains);
    return run->problems.errors_count > 0 ? problems_first_error(&run->problems, error) : STATUS_OK;
}

enum status run_settle_single_inputs(struct run_setup *run, struct error *error) {
    bool kafka = kafka_choice_resolve(&run->kafka.settings, &run->arguments, &run->settings, &run->problems);
    bool opensearch = opensearch_choice_resolve(&run->opensearch, &run->arguments, &run->settings, &run->problems);
    bool rollups = rollups_choice_resolve(&run->rollups_target, &run->opensearch, &run->arguments, &run->settings,
                                          &run->problems);
    bool formats = format_table_add_inputs(&run->formats, &run->arguments, &run_chains(run)->rules.headers,
                                           &run->problems);
    return kafka && opensearch && rollups && formats ? STATUS_OK : problems_first_error(&run->problems, error);
}

enum status run_settle_geo(struct run_setup *run, struct error *error) {
    char path[PATH_BYTES_MAX];
    const char *only = path;
    struct run_settings *settings = &run->settings;
    if (settings->no_geo && settings->geo.count > 0)
        return error_set(error, STATUS_USAGE, "--no-geo and --geo contradict each other; give one of them");
    if (settings->no_geo) return STATUS_OK;
    if (settings->geo.count > 0) return geo_open(&run->geo, settings->geo.items, settings->geo.count, error);
    enum status status = default_database_find(path, error);
    return status == STATUS_OK ? geo_open(&run->geo, &only, 1, error) : status;
}

/* A data stream takes no document without its time, and with an index per day nobody would find one by it. */
static enum status check_time(const struct run_setup *run, struct error *error) {
    if (!run->opensearch.has_output || encoder_writes(run->encoder, VALUE_TIMESTAMP)) return STATUS_OK;
    const struct output_field *field = output_schemas[run->settings.schema]->fields;
    while (field->value != VALUE_TIMESTAMP) field++;
    return error_set(error, STATUS_USAGE, "--fields: %s is dropped, but %s; add +%s", field->path,
                     run->opensearch.output.dated ? "records of an index per day are found by it"
                                                  : "a data stream takes no record without it",
                     field->path);
}

/* "--fields +a,-b" and "--fields +a --fields -b" are the same. */
enum status run_settle_encoder(struct run_setup *run, struct error *error) {
    static const char *items[LIST_ITEMS_MAX];
    static char texts[LIST_ITEMS_MAX * 16];
    size_t count = 0, used = 0;
    for (size_t i = 0; i < run->settings.fields.count; i++) {
        size_t bytes = strlen(run->settings.fields.items[i]) + 1;
        if (used + bytes > sizeof texts)
            return error_set(error, STATUS_USAGE, "--fields: more than %zu bytes", sizeof texts);
        memcpy(texts + used, run->settings.fields.items[i], bytes);
        for (char *rest = texts + used, *item; (item = strsep(&rest, ",")) != NULL;) {
            if (count == LIST_ITEMS_MAX)
                return error_set(error, STATUS_USAGE, "--fields: more than %u items", LIST_ITEMS_MAX);
            items[count++] = item;
        }
        used += bytes;
    }
    struct encoder_request request = {.schema = output_schemas[run->settings.schema],
                                      .keep_original = run->settings.keep_original,
                                      .fields = {items, count}};
    enum status status = encoder_new(&request, &run->encoder, error);
    return status == STATUS_OK ? check_time(run, error) : status;
}

/* Whether both names lead to one file. */
static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    if (a == NULL || b == NULL || strcmp(a, "-") == 0 || strcmp(b, "-") == 0) return false;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Writing to a file that is also read, or by two writers, would destroy it. */
static enum status refuse_overwriting(const struct run_setup *run, struct error *error) {
    const char *const outputs[] = {run->settings.output, run->settings.rejects, run->settings.rollups,
                                   run->settings.summary};
    const size_t outputs_count = sizeof outputs / sizeof outputs[0];
    for (size_t i = 0; i < outputs_count; i++) {
        struct stat info;
        for (size_t j = i + 1; j < outputs_count; j++)
            if (same_file(outputs[i], outputs[j]))
                return error_set(error, STATUS_USAGE, "output: %s and %s are the same file", outputs[i], outputs[j]);
        if (outputs[i] == NULL || stat(outputs[i], &info) != 0 || !S_ISREG(info.st_mode)) continue;
        for (size_t input = 0; input < run->inputs.items_count; input++)
            if (!run->inputs.items[input].is_stdin && same_file(outputs[i], run->inputs.items[input].path))
                return error_set(error, STATUS_USAGE, "output: %s is also an input; write somewhere else", outputs[i]);
    }
    return STATUS_OK;
}

/* What is read by offsets is not read again: a file of it goes on where it ended. */
static enum sink_file_start file_start(const struct run_setup *run) {
    if (run->kafka.settings.has_input) return SINK_FILE_CONTINUE;
    if (run->state.resumed) return SINK_FILE_APPEND; /* and then it is cut back */
    return run->settings.append ? SINK_FILE_APPEND : SINK_FILE_ANEW;
}

static enum status open_file(const struct run_setup *run, const char *path, struct sink_file **sink,
                             struct error *error) {
    enum status status = sink_file_open(path, file_start(run), sink, error);
    if (status == STATUS_OK && sink_file_cut_bytes(*sink) > 0)
        log_message(LOG_WARNING, "%s: %llu bytes of an unfinished last line were cut off; its record comes once more",
                    path, (unsigned long long)sink_file_cut_bytes(*sink));
    return status;
}

static void report(bool warning, const char *message) {
    log_limited(LOG_KIND_OPENSEARCH, warning ? LOG_WARNING : LOG_INFO, "%s", message);
}

/* The one format of all records; NULL: there may be several. */
static const struct schema *only_format(const struct run_setup *run) {
    bool others = run->replay || run->kafka.settings.has_input || run->formats.first != NULL;
    return others ? NULL : run->format.schema;
}

static enum status open_documents(struct run_setup *run, struct error *error) {
    const struct opensearch_output *output = &run->opensearch.output;
    const struct sink_opensearch_request request = {
        .output = output, .wanted = output->any_mapping ? NULL : &run->mapping, .report = report};
    if (run->kafka.settings.has_output)
        return error_set(error, STATUS_USAGE,
                         "rejects: %s: not beside an OpenSearch output; write them to a file, or to the topic by a run "
                         "with a Kafka output",
                         run->settings.rejects);
    bulk_action_init(&run->action, output, BULK_CREATE);
    return sink_opensearch_new(&request, &run->documents, error);
}

static enum status open_rollups(struct run_setup *run, struct error *error) {
    enum status status = STATUS_OK;
    const struct opensearch_settings *target = &run->rollups_target;
    if (!target->has_output) status = open_file(run, run->settings.rollups, &run->rollups_file, error);
    if (status != STATUS_OK) return status;
    const struct rollups_request request = {.bytes_max = run_memory(run).rollups_bytes,
                                            .file = run->rollups_file,
                                            .output = target->has_output ? &target->output : NULL,
                                            .report = report};
    return rollups_open(&request, &run->rollups, error);
}

enum status run_open_outputs(struct run_setup *run, struct error *error) {
    const struct run_settings *settings = &run->settings;
    const struct kafka_output *kafka = &run->kafka.settings.output;
    bool records_to_file = kafka->records_topic == NULL && !run->opensearch.has_output;
    bool rejects_to_file = kafka->rejects_topic == NULL;
    if (records_to_file && strstr(settings->output, "://") != NULL)
        return error_set(error, STATUS_USAGE,
                         "output: %s: expected a file, - for stdout, kafka://HOST:PORT/TOPIC or "
                         "opensearch+http[s]://HOST[:PORT]/NAME",
                         opensearch_url_shown(settings->output).text);
    if (run->opensearch.has_output && run->encoder != NULL)
        mapping_wanted_find(run->encoder, only_format(run), run->geo.databases_count > 0, &run->mapping);
    enum status status = refuse_overwriting(run, error);
    if (status != STATUS_OK || settings->dry_run) return status;
    if (run->opensearch.has_output) status = open_documents(run, error);
    if (status == STATUS_OK && records_to_file) status = open_file(run, settings->output, &run->records, error);
    if (status == STATUS_OK && rejects_to_file && settings->rejects != NULL)
        status = open_file(run, settings->rejects, &run->rejects, error);
    if (status == STATUS_OK && settings->rollups != NULL) status = open_rollups(run, error);
    return status;
}

struct memory_plan run_memory(const struct run_setup *run) {
    bool streams = run->kafka.settings.has_input || run->inputs.streams_count > 0;
    return memory_plan_make(run->settings.memory_max_bytes, streams, run->settings.rollups != NULL);
}

static enum status open_kafka(struct run_setup *run, struct error *error) {
    const struct run_settings *settings = &run->settings;
    const struct run_kafka_request request = {.source = &settings->kafka_source,
                                              .origin = &run->origins[run->inputs.items_count],
                                              .formats = &run->formats,
                                              .memory = run_memory(run),
                                              .instance = settings->instance,
                                              .transactions = settings->transactions == TRANSACTIONS_AUTO,
                                              .alone = run->inputs.items_count == 0,
                                              .dry_run = settings->dry_run};
    return run_kafka_open(&run->kafka, &request, error);
}

run_step *const run_steps[RUN_STEPS] = {
    run_settle_chains, run_settle_single_inputs, run_settle_format, settle_inputs,    open_state, settle_origins,
    run_settle_geo,    run_settle_encoder,       open_kafka,        run_open_outputs, begin_state};

struct run_setup *run_setup_new(int argc, char **argv, struct option_group groups[RUN_GROUPS], struct error *error,
                                enum status *status) {
    struct run_setup *run = calloc(1, sizeof *run);
    ASSERT(run != NULL);
    run->argc = argc;
    run->argv = argv;
    run_settings_groups(&run->settings, groups);
    signal(SIGPIPE, SIG_IGN);
    *status = arguments_parse(&run->arguments, groups, RUN_GROUPS, argc, argv, error);
    log_init(*status == STATUS_OK ? (enum log_form)run->settings.log_format : LOG_TEXT,
             *status == STATUS_OK && run->settings.quiet);
    return run;
}

void run_setup_free(struct run_setup *run) {
    run_kafka_close(&run->kafka);
    run_state_close(&run->state);
    sink_opensearch_free(run->documents);
    rollups_free(run->rollups);
    sink_file_free(run->rollups_file);
    opensearch_settings_destroy(&run->rollups_target);
    opensearch_settings_destroy(&run->opensearch);
    sink_file_free(run->records);
    sink_file_free(run->rejects);
    encoder_free(run->encoder);
    geo_close(&run->geo);
    live_chains_destroy(&run->chains);
    problems_destroy(&run->problems);
    format_choice_destroy(&run->format);
    format_table_destroy(&run->formats);
    cidr_set_free(run->proxy_from);
    free(run->origins);
    inputs_destroy(&run->inputs);
    arguments_destroy(&run->arguments);
    free(run);
}
