/* Numbers stay where they are kept, and are fetched when a page is asked for.
 *
 * Threads: see the header; `lock` guards what the main thread changes while pages are made. */
#define _GNU_SOURCE
#include "app/run_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/log.h"
#include "app/metrics_page.h"
#include "app/page_listener.h"
#include "app/run_setup.h"
#include "base/check.h"
#include "base/endpoint.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_TYPE "text/plain; charset=utf-8"
#define REASON_BYTES 256u

struct run_metrics {
    struct page_listener *listener;
    struct meter *meter;
    pthread_mutex_t lock;          /* guards the next four */
    const struct run_setup *setup; /* NULL: not begun */
    struct databases *databases;   /* in force; NULL: none yet */
    uint64_t reloads_done, reloads_refused;
    double started_s;
    /* of the listener's thread, which makes one page at a time: */
    struct metrics_snapshot snapshot;
    struct kafka_lag *lags; /* METRICS_PARTITIONS_MAX of them, once they are needed */
};

/* --- fetched -------------------------------------------------------------------------------------- */

static void fetch_outputs(const struct run_setup *setup, struct metrics_snapshot *snapshot) {
    for (uint32_t i = 0; i < setup->outputs.count; i++) {
        const struct run_output *output = &setup->outputs.items[i];
        struct metrics_output *shown = &snapshot->outputs[i];
        *shown = (struct metrics_output){.bytes = snapshot->run.queues.outputs.items[i].bytes,
                                         .has_opensearch = output->documents != NULL};
        if (output->documents != NULL) sink_opensearch_count(output->documents, &shown->opensearch);
        if (output->documents != NULL) shown->bytes = shown->opensearch.bytes_sent;
        if (output->file != NULL) shown->bytes = sink_file_bytes(output->file);
    }
}

static void fetch_kafka(struct run_metrics *metrics, const struct run_kafka *kafka) {
    struct metrics_snapshot *snapshot = &metrics->snapshot;
    snapshot->kafka = (struct kafka_counts){.messages = 0};
    snapshot->has_kafka_input = kafka->source != NULL;
    snapshot->has_kafka_output = kafka->sink != NULL;
    if (kafka->sink != NULL) sink_kafka_count(kafka->sink, &snapshot->kafka);
    if (kafka->source == NULL) return;
    source_kafka_count(kafka->source, &snapshot->kafka);
    if (metrics->lags == NULL) metrics->lags = calloc(METRICS_PARTITIONS_MAX, sizeof *metrics->lags);
    snapshot->lags = metrics->lags;
    snapshot->lags_count = metrics->lags != NULL
                               ? source_kafka_lags(kafka->source, metrics->lags, METRICS_PARTITIONS_MAX)
                               : 0;
    if (snapshot->lags_count > METRICS_PARTITIONS_MAX) snapshot->lags_count = METRICS_PARTITIONS_MAX;
}

/* With the lock. */
static void fetch(struct run_metrics *metrics) {
    struct metrics_snapshot *snapshot = &metrics->snapshot;
    const struct run_setup *setup = metrics->setup;
    meter_look(metrics->meter, &snapshot->run);
    snapshot->geo = metrics->databases != NULL ? &metrics->databases->geo : NULL;
    snapshot->reloads_done = metrics->reloads_done;
    snapshot->reloads_refused = metrics->reloads_refused;
    snapshot->started_s = metrics->started_s;
    if (setup == NULL) return;
    snapshot->has_residency = setup->arguments.sections.trees[CONFIG_RESIDENCY] != NULL;
    fetch_outputs(setup, snapshot);
    fetch_kafka(metrics, &setup->kafka);
    snapshot->has_rollups = setup->rollups != NULL;
    /* while they are written to somebody who takes his time, the numbers of the last time are shown */
    if (setup->rollups != NULL) (void)!rollups_try_counts(setup->rollups, &snapshot->rollups);
}

/* --- pages ---------------------------------------------------------------------------------------- */

static void lock(struct run_metrics *metrics) {
    ASSERT(pthread_mutex_lock(&metrics->lock) == 0);
}

static void unlock(struct run_metrics *metrics) {
    ASSERT(pthread_mutex_unlock(&metrics->lock) == 0);
}

static struct page_answer show_metrics(void *context) {
    struct run_metrics *metrics = context;
    struct page_answer answer = {.status = 200, .type = METRICS_TYPE};
    FILE *out = open_memstream(&answer.text, &answer.bytes);
    if (out == NULL) return answer;
    lock(metrics);
    fetch(metrics);
    metrics_page_write(out, &metrics->snapshot);
    unlock(metrics);
    if (fclose(out) == 0) return answer;
    free(answer.text);
    answer.text = NULL;
    return answer;
}

/* "" where nothing is wrong: 200; else 503 with it. */
static struct page_answer say(const char *reason) {
    struct page_answer answer = {.status = reason[0] == '\0' ? 200 : 503, .type = TEXT_TYPE};
    int bytes = asprintf(&answer.text, "%s\n", reason[0] == '\0' ? "ok" : reason);
    if (bytes < 0) answer.text = NULL;
    answer.bytes = bytes > 0 ? (size_t)bytes : 0;
    return answer;
}

static bool is_stuck(const struct meter_look *run) {
    return run->phase != METER_STARTING && run->phase != METER_ENDING && run->tick_age_ms > METRICS_TICK_MS_MAX;
}

static struct page_answer show_health(void *context) {
    struct run_metrics *metrics = context;
    struct meter_look *run = &metrics->snapshot.run;
    char reason[REASON_BYTES] = "";
    meter_look(metrics->meter, run);
    if (is_stuck(run))
        snprintf(reason, sizeof reason, "the main thread has done nothing for %" PRIu64 " s", run->tick_age_ms / 1000);
    return say(reason);
}

/* Why the run is not ready; leaves `reason` alone when it is. */
static void find_reason(const struct meter_look *run, char *reason) {
    static const char *const phases[METER_PHASES] = {[METER_STARTING] = "starting: inputs and outputs are being opened",
                                                     [METER_STOPPING] = "stopping: a signal came",
                                                     [METER_ENDING] = "ending: all inputs were read"};
    const struct outputs_look *outputs = &run->queues.outputs;
    if (phases[run->phase] != NULL) {
        snprintf(reason, REASON_BYTES, "%s", phases[run->phase]);
        return;
    }
    if (is_stuck(run)) snprintf(reason, REASON_BYTES, "the main thread does nothing");
    if (run->streams_open < run->streams)
        snprintf(reason, REASON_BYTES, "%u of %u streams are open", run->streams_open, run->streams);
    if (outputs->rejects_stalled_ms >= OUTPUT_STALLED_MS)
        snprintf(reason, REASON_BYTES, "the file of rejects has taken nothing for %" PRIu64 " s",
                 outputs->rejects_stalled_ms / 1000);
    for (uint32_t i = 0; i < outputs->items_count; i++) {
        const struct output_look *output = &outputs->items[i];
        if (!output->is_open)
            snprintf(reason, REASON_BYTES, "output %s: is not open yet", output->name);
        else if (output->stalled_ms >= OUTPUT_STALLED_MS)
            snprintf(reason, REASON_BYTES, "output %s: has taken nothing for %" PRIu64 " s; %" PRIu64 " records wait",
                     output->name, output->stalled_ms / 1000, output->records);
    }
}

static struct page_answer show_readiness(void *context) {
    struct run_metrics *metrics = context;
    char reason[REASON_BYTES] = "";
    meter_look(metrics->meter, &metrics->snapshot.run);
    find_reason(&metrics->snapshot.run, reason);
    return say(reason);
}

/* --- life ----------------------------------------------------------------------------------------- */

static enum status listen_at(struct run_metrics *metrics, const struct endpoint *at, struct error *error) {
    static const struct page_path paths[] = {
        {"/metrics", show_metrics}, {"/healthz", show_health}, {"/readyz", show_readiness}};
    const struct page_listener_request request = {.option = "metrics",
                                                  .at = *at,
                                                  .paths = paths,
                                                  .paths_count = sizeof paths / sizeof paths[0],
                                                  .paths_help = "there are /metrics, /healthz and /readyz\n",
                                                  .context = metrics};
    struct endpoint bound;
    char text[ENDPOINT_TEXT_BYTES];
    enum status status = page_listener_open(&request, &metrics->listener, &bound, error);
    if (status != STATUS_OK) return status;
    endpoint_format(&bound, text, sizeof text);
    log_message(LOG_INFO, "metrics: http://%s/metrics, /healthz, /readyz", text);
    return STATUS_OK;
}

enum status run_check_metrics(struct run_setup *setup, struct error *error) {
    struct endpoint at;
    return setup->settings.metrics != NULL ? page_listener_parse("metrics", setup->settings.metrics, &at, error)
                                           : STATUS_OK;
}

enum status run_metrics_open(const struct run_setup *setup, struct run_metrics **result, struct error *error) {
    struct endpoint at;
    enum status status = page_listener_parse("metrics", setup->settings.metrics, &at, error);
    if (status != STATUS_OK) return status;
    struct run_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) return error_set(error, STATUS_FAILED, "metrics: out of memory");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    metrics->started_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    ASSERT(pthread_mutex_init(&metrics->lock, NULL) == 0);
    metrics->meter = meter_new();
    status = metrics->meter != NULL ? listen_at(metrics, &at, error)
                                    : error_set(error, STATUS_FAILED, "metrics: out of memory");
    *result = metrics;
    if (status == STATUS_OK) return status;
    run_metrics_close(metrics);
    *result = NULL;
    return status;
}

void run_metrics_close(struct run_metrics *metrics) {
    if (metrics == NULL) return;
    page_listener_close(metrics->listener); /* from here on no page is made */
    meter_free(metrics->meter);
    databases_release(metrics->databases);
    ASSERT(pthread_mutex_destroy(&metrics->lock) == 0);
    free(metrics->lags);
    free(metrics);
}

/* What was left out before anything was read. */
static void count_left_out(struct meter *meter, uint64_t count) {
    struct tally tally = {.read = count};
    tally.skipped[SKIP_SAME_OBJECT] = tally.formats[0].outcomes[OUTCOME_SKIPPED] = count;
    meter_count(meter, SOURCE_FILE, &tally);
}

void run_metrics_begin(struct run_metrics *metrics, const struct run_setup *setup) {
    if (metrics == NULL) return;
    count_left_out(metrics->meter, setup->inputs.same_object.count);
    lock(metrics);
    metrics->setup = setup;
    unlock(metrics);
}

void run_metrics_use_databases(struct run_metrics *metrics, struct databases *databases) {
    if (metrics == NULL) return;
    lock(metrics);
    struct databases *before = metrics->databases;
    metrics->databases = databases_keep(databases);
    unlock(metrics);
    databases_release(before);
}

void run_metrics_count_reload(struct run_metrics *metrics, bool done) {
    if (metrics == NULL) return;
    lock(metrics);
    *(done ? &metrics->reloads_done : &metrics->reloads_refused) += 1;
    unlock(metrics);
}

void run_metrics_tick(struct run_metrics *metrics) {
    if (metrics != NULL) page_listener_sweep(metrics->listener);
}

struct meter *run_metrics_meter(struct run_metrics *metrics) {
    return metrics != NULL ? metrics->meter : NULL;
}
