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

#include "app/kafka_choice.h"
#include "app/log.h"
#include "app/rollups_choice.h"
#include "app/run_counting.h"
#include "app/run_reload.h"
#include "base/check.h"
#include "config/kafka_url.h"
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

/* Of a command that reads to an end, what the config says to follow is read so, too. */
static enum status choose_followed(struct run_setup *run, struct error *error) {
    if (run->replay && run->settings.follow.all)
        return error_set(error, STATUS_USAGE, "replay: --follow has no meaning; rejects files are read to their end");
    return run->replay || run->residency || run->report_path != NULL
               ? STATUS_OK
               : run_follow_choose(&run->follow, &run->arguments, &run->settings, error);
}

static enum status settle_inputs(struct run_setup *run, struct error *error) {
    static const char *const standard_input[] = {"-"};
    struct inputs_request request = {.arguments = run->arguments.inputs.items,
                                     .arguments_count = run->arguments.inputs.count,
                                     .origin = run->settings.origin,
                                     .all_links = run->settings.links == LINKS_ALL,
                                     .names_are_free = run->replay};
    enum status checked = run->replay ? check_replay(run, error) : STATUS_OK;
    if (checked != STATUS_OK) return checked;
    if (request.arguments_count == 0 && !run->settings.follow.all) {
        if (isatty(STDIN_FILENO))
            return error_set(
                error, STATUS_USAGE,
                "run: no INPUT; name files or directories, or pipe lines into it (`wherefrom run --help`)");
        request.arguments = standard_input;
        request.arguments_count = 1;
    }
    enum status status = source_tcp_proxy_set(&run->settings.tcp, &run->proxy_from, error);
    if (status == STATUS_OK) status = choose_followed(run, error);
    request.taken = run->follow.taken;
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
                            .source = SOURCE_KAFKA,
                            .stream = true,
                            .chain = input_chain(&run->arguments, argument)};
    format_choice_apply(input_format(&run->arguments, argument, &run->formats, &run->format), &origin);
    return origin;
}

static struct run_state_request state_request(const struct run_setup *run) {
    return (struct run_state_request){.arguments = &run->arguments,
                                      .settings = &run->settings,
                                      .outputs = &run->outputs,
                                      .follow = run->follow.follow,
                                      .reads_kafka = run->kafka.settings.has_input};
}

static enum status open_state(struct run_setup *run, struct error *error) {
    const struct run_state_request request = state_request(run);
    return run_state_open(&run->state, &request, &run->inputs, error);
}

static enum status begin_state(struct run_setup *run, struct error *error) {
    const struct run_state_request request = state_request(run);
    const struct input **inputs = calloc(run->inputs.items_count + 1, sizeof(struct input *));
    if (inputs == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < run->inputs.items_count; i++) inputs[i] = &run->inputs.items[i];
    enum status status = run_state_begin(&run->state, &request, run->rejects, error);
    if (status == STATUS_OK) run_state_know(&run->state, inputs, run->inputs.items_count);
    free(inputs);
    return status;
}

/* What input and settings say together; all but its place in the order. */
static struct origin origin_of(const struct run_setup *run, const struct input *input) {
    struct origin origin = {
        .source = input->is_stream  ? SOURCE_TCP
                  : input->is_stdin ? SOURCE_STDIN
                                    : SOURCE_FILE,
        .stream = input->is_stream,
        .path = slice_from(input->path),
        .beneath = input->beneath,
        /* connections have names of their own */
        .name = input->is_stream && run->settings.origin == NULL ? SLICE("") : slice_from(input->origin),
        .name_given = !slice_equal(slice_from(input->origin), input_own_name(slice_from(input->path))),
        .account = input->key.account,
        .region = input->key.region,
        .node = input->key.node,
        .chain = input_chain(&run->arguments, input->argument),
        .place = input->place,
        .recounts = input->place != NULL && run->settings.rollups != NULL,
        .identity = input->identity,
    };
    format_choice_apply(input_format(&run->arguments, input->argument, &run->formats, &run->format), &origin);
    if (origin.schema == NULL) origin.schema = schema_find(input->key.format);
    return origin;
}

static void dress_followed(void *context, const struct input *input, struct origin *origin) {
    *origin = origin_of(context, input);
    origin->recounts = false;
}

static void know_followed(void *context, const struct input *const *inputs, size_t count) {
    struct run_setup *run = context;
    run_state_know(&run->state, inputs, count);
}

static enum status open_follow(struct run_setup *run, struct error *error) {
    const struct follow_request request = {.settings = &run->settings.follow,
                                           .roots = run->follow.roots,
                                           .roots_count = run->follow.roots_count,
                                           .origin = run->settings.origin,
                                           .all_links = run->settings.links == LINKS_ALL,
                                           .keeps_state = run->settings.state != NULL,
                                           .dress = dress_followed,
                                           .know = know_followed,
                                           .context = run,
                                           .say = run_follow_say};
    if (request.roots_count == 0) return STATUS_OK;
    if (run->settings.state != NULL && run->settings.rollups != NULL)
        return error_set(error, STATUS_USAGE,
                         "--rollups: not with --follow and --state: after a restart documents would say less than "
                         "before; leave --state out, or make them by another run over the files");
    return follow_open(&request, &run->follow.follow, error);
}

static enum status settle_origins(struct run_setup *run, struct error *error) {
    run->origins = calloc(run->inputs.items_count + 1, sizeof *run->origins);
    if (run->origins == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < run->inputs.items_count; i++) {
        run->origins[i] = origin_of(run, &run->inputs.items[i]);
        run->origins[i].input_index = i;
    }
    if (run->follow.follow != NULL)
        follow_begin_at(run->follow.follow, run->inputs.items_count - run->inputs.streams_count);
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

static enum rates_use rates_use(const struct run_setup *run) {
    if (run->top_settings != NULL) return RATES_FOR_TOP;
    return run->replay || run_writes_nothing(run) ? RATES_OF_NOBODY : RATES_OF_RUN;
}

enum status run_settle_single_inputs(struct run_setup *run, struct error *error) {
    bool outputs = run_outputs_resolve(&run->outputs, &run->arguments, &run->settings, &run->problems);
    bool kafka = kafka_choice_resolve(&run->kafka.settings, run_outputs_kafka(&run->outputs), &run->arguments,
                                      &run->settings, &run->problems);
    if (kafka && run->top_settings != NULL && !run_look_on(&run->kafka.settings))
        return error_set(error, STATUS_FAILED, "kafka: out of memory");
    bool rollups = rollups_choice_resolve(&run->rollups_target, &run->outputs, &run->arguments, &run->settings,
                                          &run->problems);
    bool rates = rates_choice_resolve(&run->rates, &run->arguments, &run->settings, rates_use(run), &run->problems) &&
                 run_top_may_show(run);
    bool formats = format_table_add_inputs(&run->formats, &run->arguments, &run_chains(run)->rules.headers,
                                           &run->problems);
    struct residency_policy *policy = run_chains(run)->policy;
    /* of a section that is wrong there is none, and that has been said */
    bool route = run_writes_nothing(run) || !outputs ||
                 (policy == NULL && run->arguments.sections.trees[CONFIG_RESIDENCY] != NULL) ||
                 run_outputs_route(&run->outputs, policy, &run->problems);
    return outputs && kafka && rollups && rates && formats && route ? STATUS_OK
                                                                    : problems_first_error(&run->problems, error);
}

void run_use_databases(struct run_setup *run, struct chains *chains, struct databases *databases) {
    databases_release(run->databases);
    run->databases = databases;
    run_metrics_use_databases(run->metrics, databases);
    live_page_use_databases(run->live_page, databases);
    chains->databases = databases_keep(databases);
    if (chains->policy != NULL) chains->policy->geo_build = geo_country_build(&databases->geo);
}

enum status run_settle_geo(struct run_setup *run, struct error *error) {
    enum status status;
    struct databases *databases = databases_open(&run->settings, error, &status);
    if (databases == NULL) return status;
    run_use_databases(run, atomic_load(&run->chains.current), databases);
    const struct residency_policy *policy = run_chains(run)->policy;
    const struct problem_scope scope = {.problems = &run->problems};
    if (policy != NULL && policy->geo_build == 0)
        problem_warn(
            &scope, NULL,
            "residency: no database knows countries: all records will be indeterminate (no-geo); leave --no-geo "
            "out, or name one with --geo FILE");
    return STATUS_OK;
}

/* A data stream takes no document without its time, and with an index per day nobody would find one by it. */
static enum status check_time(const struct run_setup *run, struct error *error) {
    const struct run_output *output = run->outputs.items, *end = output + run->outputs.count;
    while (output < end && !output->opensearch.has_output) output++;
    if (output == end || encoder_writes(run->encoder, VALUE_TIMESTAMP)) return STATUS_OK;
    const struct output_field *field = output_schemas[run->settings.schema]->fields;
    while (field->value != VALUE_TIMESTAMP) field++;
    return error_set(error, STATUS_USAGE, "--fields: %s is dropped, but %s; add +%s", field->path,
                     output->opensearch.output.dated ? "records of an index per day are found by it"
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
    const char *outputs[OUTPUTS_MAX + 3] = {run->settings.rejects, run->settings.rollups, run->settings.summary};
    const size_t outputs_count = run->outputs.count + 3;
    for (size_t i = 3; i < outputs_count; i++) outputs[i] = run->outputs.items[i - 3].text;
    for (size_t i = 0; i < outputs_count; i++) {
        struct stat info;
        enum status status = run_follow_refuse(&run->follow, "output", outputs[i], error);
        if (status != STATUS_OK) return status;
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

static enum status open_file(const char *path, enum sink_file_start start, struct sink_file **sink,
                             struct error *error) {
    enum status status = sink_file_open(path, start, sink, error);
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

/* A place for records that is none of the known ones. */
static enum status refuse_unknown(const struct run_outputs *outputs, struct error *error) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        if (output->opensearch.has_output || output->is_kafka || strstr(output->text, "://") == NULL) continue;
        return error_set(error, STATUS_USAGE,
                         "output: %s: expected a file, - for stdout, kafka://HOST:PORT/TOPIC or "
                         "opensearch+http[s]://HOST[:PORT]/NAME",
                         opensearch_url_shown(output->text).text);
    }
    return STATUS_OK;
}

/* Inputs without an end. */
bool run_reads_streams(const struct run_setup *run) {
    return run->kafka.settings.has_input || run->inputs.streams_count > 0 || run->follow.roots_count > 0;
}

static enum status open_rollups(struct run_setup *run, struct error *error) {
    enum status status = STATUS_OK;
    const struct opensearch_settings *target = &run->rollups_target;
    const struct kafka_settings *kafka = &run->kafka.settings;
    bool streams = run_reads_streams(run);
    /* a run that goes on counts all again */
    enum sink_file_start start = kafka->has_input       ? SINK_FILE_CONTINUE
                                 : run->settings.append ? SINK_FILE_APPEND
                                                        : SINK_FILE_ANEW;
    if (!target->has_output && !kafka->has_rollups)
        status = open_file(run->settings.rollups, start, &run->rollups_file, error);
    if (status != STATUS_OK) return status;
    const struct memory_plan memory = run_memory(run);
    const struct rollups_request request = {.bytes_max = memory.rollups_bytes,
                                            .rates = run->rates.settings,
                                            .rates_bytes = memory.rates_bytes,
                                            .streams = streams,
                                            .residency = run_chains(run)->policy != NULL,
                                            .lateness_s = (uint32_t)run->settings.rollups_lateness_s,
                                            .every_s = (uint32_t)run->settings.rollups_every_s,
                                            .writer = {.file = run->rollups_file,
                                                       .output = target->has_output ? &target->output : NULL,
                                                       .kafka = kafka->has_rollups ? &kafka->rollups : NULL,
                                                       .versions = streams,
                                                       .kafka_report = run_kafka_report,
                                                       .report = report}};
    return rollups_open(&request, &run->rollups, error);
}

enum status run_open_outputs(struct run_setup *run, struct error *error) {
    const struct run_settings *settings = &run->settings;
    if (run_writes_nothing(run)) return run_open_counts(run, error);
    bool rejects_to_file = run->kafka.settings.output.rejects_topic == NULL;
    bool all_known = run->encoder != NULL && run->databases != NULL; /* `check` goes on without them */
    if (run_outputs_have_opensearch(&run->outputs) && all_known)
        mapping_wanted_find(run->encoder, only_format(run), run->databases->geo.databases_count > 0, &run->mapping);
    const struct run_outputs_request request = {.mapping = &run->mapping, .start = file_start(run), .report = report};
    enum status status = refuse_unknown(&run->outputs, error);
    if (status == STATUS_OK) status = refuse_overwriting(run, error);
    if (status != STATUS_OK || settings->dry_run) return status;
    if (!rejects_to_file && run_outputs_have_opensearch(&run->outputs))
        return error_set(error, STATUS_USAGE,
                         "rejects: %s: not beside an OpenSearch output; write them to a file, or to the topic by a run "
                         "with a Kafka output",
                         settings->rejects);
    status = run_outputs_open(&run->outputs, &request, error);
    if (status == STATUS_OK && rejects_to_file && settings->rejects != NULL)
        status = open_file(settings->rejects, file_start(run), &run->rejects, error);
    if (status == STATUS_OK && settings->rollups != NULL) status = open_rollups(run, error);
    return status;
}

static struct memory_users memory_users(const struct run_setup *run) {
    bool rollups = run->settings.rollups != NULL;
    return (struct memory_users){.streams = run_reads_streams(run),
                                 .rollups = rollups || run->residency,
                                 .rates = run->top_settings != NULL || (rollups && run->rates.settings != NULL),
                                 .report = run->report_path != NULL || run->settings.ui != NULL,
                                 .rates_bytes = run->rates.bytes,
                                 .outputs = run->outputs.count > 0 ? run->outputs.count : 1};
}

struct memory_plan run_memory(const struct run_setup *run) {
    const struct memory_users users = memory_users(run);
    return memory_plan_make(run->settings.memory_max_bytes, &users);
}

struct memory_budget run_memory_budget(const struct run_setup *run) {
    const struct memory_users users = memory_users(run);
    return memory_plan_budget(run->settings.memory_max_bytes, &users);
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
                                              .single = run->outputs.count == 1,
                                              .dry_run = settings->dry_run};
    return run_kafka_open(&run->kafka, &request, error);
}

/* Before anything is looked up or written: an address that is taken ends the run early. */
static enum status open_metrics(struct run_setup *run, struct error *error) {
    return run->settings.metrics != NULL ? run_metrics_open(run, &run->metrics, error) : STATUS_OK;
}

/* sized by what stands here, so that one that RUN_STEPS leaves out is an error */
run_step *const run_steps[] = {
    run_settle_chains, run_settle_single_inputs, run_settle_format,  settle_inputs,  open_follow,
    open_state,        settle_origins,           open_metrics,       run_settle_geo, run_settle_encoder,
    open_kafka,        run_open_outputs,         run_open_live_page, begin_state};

static struct run_setup *setup_new(int argc, char **argv, struct option_group *groups, size_t groups_count,
                                   struct error *error, enum status *status) {
    struct run_setup *run = calloc(1, sizeof *run);
    ASSERT(run != NULL);
    run->argc = argc;
    run->argv = argv;
    run_settings_groups(&run->settings, groups);
    signal(SIGPIPE, SIG_IGN);
    *status = arguments_parse(&run->arguments, groups, groups_count, argc, argv, error);
    log_init(*status == STATUS_OK ? (enum log_form)run->settings.log_format : LOG_TEXT,
             *status == STATUS_OK && run->settings.quiet);
    return run;
}

struct run_setup *run_setup_new(int argc, char **argv, struct option_group groups[RUN_GROUPS], struct error *error,
                                enum status *status) {
    return setup_new(argc, argv, groups, RUN_GROUPS, error, status);
}

struct run_setup *run_setup_new_more(int argc, char **argv, struct option_group groups[RUN_GROUPS + 1],
                                     struct error *error, enum status *status) {
    return setup_new(argc, argv, groups, RUN_GROUPS + 1, error, status);
}

void run_setup_free(struct run_setup *run) {
    run_metrics_close(run->metrics); /* it looks at all the rest */
    live_page_close(run->live_page);
    run_kafka_close(&run->kafka);
    run_state_close(&run->state);
    rollups_free(run->rollups);
    evidence_free(run->evidence);
    report_free(run->report);
    finished_records_free(run->finished);
    sink_file_free(run->rollups_file);
    top_free(run->top);
    rates_choice_destroy(&run->rates);
    opensearch_settings_destroy(&run->rollups_target);
    run_outputs_destroy(&run->outputs);
    sink_file_free(run->rejects);
    encoder_free(run->encoder);
    live_chains_destroy(&run->chains);
    databases_release(run->databases);
    run_reload_destroy(run);
    problems_destroy(&run->problems);
    format_choice_destroy(&run->format);
    format_table_destroy(&run->formats);
    cidr_set_free(run->proxy_from);
    free(run->origins);
    run_follow_destroy(&run->follow);
    inputs_destroy(&run->inputs);
    arguments_destroy(&run->arguments);
    free(run);
}
