/* Step by step like app/run_setup.c, whose steps these are.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "app/run_counting.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/uuid.h"
#include "config/duration.h"
#include "config/kafka_url.h"
#include "config/rate_dim.h"

bool run_writes_nothing(const struct run_setup *run) {
    return run->residency || run->report_path != NULL || run->top_settings != NULL;
}

/* Who only looks on must be in no group that somebody counts on. */
bool run_look_on(struct kafka_settings *kafka) {
    char group[sizeof "wherefrom-top-" + UUID_BYTES] = "wherefrom-top-";
    if (!kafka->has_input || strcmp(kafka->input.group, KAFKA_GROUP_USUAL) != 0) return true;
    ASSERT(uuid_random(group + strlen(group)));
    kafka->input.group = arena_copy(&kafka->arena, (struct slice){group, sizeof group - 1}).ptr;
    return kafka->input.group != NULL;
}

/* What is on a screen has left: where addresses of a zone are transformed, `top` would show them as they are. */
bool run_top_may_show(struct run_setup *run) {
    const struct problem_scope scope = {.problems = &run->problems, .file = run->arguments.config_path};
    const struct residency_policy *policy = run_chains(run)->policy;
    if (run->top_settings == NULL || policy == NULL || policy->privacy == NULL) return true;
    return problem_report(&scope, NULL,
                          "top: shows addresses as they are, and `privacy` of `residency` wants them transformed; "
                          "leave that out of the config that is given to `top`");
}

/* Nothing is written; what is counted is asked for when the run is over. */
static enum status open_evidence(struct run_setup *run, struct error *error) {
    run->finished = finished_records_new(FINISHED_FOR_RESIDENCY);
    run->evidence = evidence_new(run_memory(run).rollups_bytes, EVIDENCE_FOLDED_S);
    bool good = run->finished != NULL && run->evidence != NULL;
    return good ? STATUS_OK : error_set(error, STATUS_FAILED, "residency: out of memory");
}

/* What a page shows is counted, of logs and for `wherefrom report` of finished records, too. */
static enum status open_report(struct run_setup *run, struct error *error) {
    bool finished = run->report_path != NULL;
    if (finished) run->finished = finished_records_new(FINISHED_FOR_REPORT);
    run->report = report_new(run_memory(run).report_bytes);
    bool good = run->report != NULL && (!finished || run->finished != NULL);
    return good ? STATUS_OK : error_set(error, STATUS_FAILED, "report: out of memory");
}

enum status run_check_live_page(struct run_setup *run, struct error *error) {
    return live_page_check(run->settings.ui, error);
}

/* The last step but one: from here on it answers. */
enum status run_open_live_page(struct run_setup *run, struct error *error) {
    if (run->settings.ui == NULL || run_writes_nothing(run)) return STATUS_OK;
    enum status status = open_report(run, error);
    const struct live_page_request request = {
        .at = run->settings.ui, .report = run->report, .inputs = &run->inputs, .databases = run->databases};
    return status == STATUS_OK ? live_page_open(&request, &run->live_page, error) : status;
}

/* Nothing is written but what is counted. */
static enum status open_top(struct run_setup *run, struct error *error) {
    const struct top_settings *settings = run->top_settings;
    const struct problem_scope scope = {.problems = &run->problems};
    struct rate_dim dim;
    uint32_t window_s = 0;
    if (!rate_dim_read(&run->rates.arena, &scope, NULL, "--by", slice_from(settings->by), &run->rates.config->words,
                       &dim))
        return problems_first_error(&run->problems, error);
    if (settings->window != NULL &&
        (!duration_parse(slice_from(settings->window), &window_s) || window_s == 0 || window_s > RATE_WINDOW_S_MAX))
        return error_set(error, STATUS_USAGE, "--window: expected 1 to %u seconds, such as 300 or 5m, got %s",
                         RATE_WINDOW_S_MAX, option_value_shown(settings->window).text);
    const struct top_request request = {.config = run->rates.config,
                                        .dim = &dim,
                                        .rows = (uint32_t)settings->rows,
                                        .window_s = window_s,
                                        .live = isatty(STDOUT_FILENO) && !settings->json,
                                        .endless = run_reads_streams(run),
                                        .json = settings->json,
                                        .bytes_max = run_memory(run).rates_bytes,
                                        .geo = &run->databases->geo};
    run->top = top_new(&request);
    return run->top != NULL ? STATUS_OK : error_set(error, STATUS_FAILED, "top: out of memory");
}

/* --- the command line ------------------------------------------------------------------------------- */

static bool is_among(const char *word, const char *const *words) {
    while (*words != NULL && strcmp(*words, word) != 0) words++;
    return *words != NULL;
}

bool run_uses_group(const struct run_options_used *used, const char *title) {
    return is_among(title, used->groups);
}

enum status run_refuse_options(const struct run_setup *run, const struct option_group *groups,
                               const struct run_options_used *used, struct error *error) {
    for (size_t group = 0; group < RUN_GROUPS; group++)
        for (size_t i = 0; i < groups[group].specs_count; i++) {
            const char *name = groups[group].specs[i].name;
            const struct option_slot *slot = option_values_find(run->arguments.values, name, strlen(name), false);
            bool is_used = (run_uses_group(used, groups[group].title) && !is_among(name, used->unused)) ||
                           (used->allowed != NULL && strcmp(name, used->allowed) == 0);
            if (!is_used && slot->origin == OPTION_FROM_COMMAND_LINE)
                return error_set(error, STATUS_USAGE, "%s: --%s has no meaning here: nothing is written but %s",
                                 used->command, name, used->reason);
        }
    return STATUS_OK;
}

enum status run_refuse_streams(const struct run_setup *run, const char *command, struct error *error) {
    for (size_t i = 0; i < run->arguments.inputs.count; i++) {
        const char *input = run->arguments.inputs.items[i];
        if (strncmp(input, "tcp://", strlen("tcp://")) == 0 || kafka_url_is(input))
            return error_set(
                error, STATUS_USAGE,
                "%s: not from streams, which have no end, and %.200s is one; name files, or a pipe that ends", command,
                input);
    }
    return STATUS_OK;
}

enum status run_open_counts(struct run_setup *run, struct error *error) {
    if (run->top_settings != NULL) return open_top(run, error);
    return run->residency ? open_evidence(run, error) : open_report(run, error);
}

static bool is_from_config(const struct run_setup *run, const char *option) {
    return option_values_find(run->arguments.values, option, strlen(option), false)->origin == OPTION_FROM_FILE;
}

void run_forget_outputs(struct run_setup *run) {
    struct run_settings *settings = &run->settings;
    struct config_sections *sections = &run->arguments.sections;
    bool reads_kafka = false;
    for (size_t i = 0; i < run->arguments.inputs.count; i++)
        reads_kafka |= kafka_url_is(run->arguments.inputs.items[i]);
    settings->output = "-";
    settings->rejects = settings->rollups = settings->state = settings->ui = NULL;
    if (is_from_config(run, "summary")) settings->summary = NULL;
    if (is_from_config(run, "limit")) settings->limit = 0;
    /* inputs may need what it says, such as passwords; the outputs' must not be asked for */
    if (!reads_kafka) settings->librdkafka = (struct option_list){0};
    settings->append = settings->keep_original = false;
    settings->dry_run = true;
    sections->output = sections->rejects = sections->rollups = sections->trees[CONFIG_OUTPUTS] = NULL;
}

void run_shorten_records(struct run_settings *settings) {
    static const char *const fields[] = {"+@timestamp"};
    settings->schema = 0;
    settings->fields = (struct option_list){fields, 1};
}
