/* The order of things: settings, then origins of topics, then clients; nothing is connected before the run begins.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/run_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "base/check.h"
#include "base/uuid.h"

/* It may be much. */
void run_kafka_report(bool warning, const char *message) {
    if (warning)
        log_limited(LOG_KIND_KAFKA, LOG_WARNING, "%s", message);
    else
        log_message(LOG_INFO, "%s", message);
}

/* The same brokers in any order: then one cluster, and positions can go into the transactions of what is written. */
static bool same_brokers(const char *a, const char *b) {
    size_t a_count = 1, b_count = 1;
    for (const char *at = b; *at != '\0'; at++) b_count += *at == ',';
    for (const char *from = a;; a_count++) {
        size_t bytes = strcspn(from, ",");
        bool found = false;
        for (const char *at = b; !found && at != NULL; at = strchr(at, ',')) {
            at += *at == ',';
            found = strcspn(at, ",") == bytes && strncmp(at, from, bytes) == 0;
        }
        if (!found) return false;
        if (from[bytes] == '\0') return a_count == b_count;
        from += bytes + 1;
    }
}

/* Without a name this process has one for its lifetime: an open transaction of one that was killed then ends by its timeout only. */
static void name_transactions(struct run_kafka *kafka, const char *instance) {
    char uuid[UUID_BYTES] = "";
    const char *group = kafka->settings.input.group;
    ASSERT(instance != NULL || uuid_random(uuid));
    snprintf(kafka->transactional_id, sizeof kafka->transactional_id, "wherefrom-%s-%.*s", group,
             instance != NULL ? (int)strlen(instance) : (int)UUID_BYTES, instance != NULL ? instance : uuid);
}

static enum status open_source(struct run_kafka *kafka, const struct run_kafka_request *request, struct error *error) {
    const struct kafka_input *input = &kafka->settings.input;
    kafka->origins = (struct topic_origins){.base = request->origin, .input = input, .formats = request->formats};
    const struct source_kafka_request source = {.settings = request->source,
                                                .input = input,
                                                .fetched_bytes = request->memory.fetched_bytes,
                                                .text_bytes = request->memory.text_bytes,
                                                .commits_itself = !kafka->transactional,
                                                .origin_of = topic_origins_find,
                                                .context = &kafka->origins,
                                                .report = run_kafka_report};
    return source_kafka_new(&source, &kafka->source, error);
}

enum status run_kafka_open(struct run_kafka *kafka, const struct run_kafka_request *request, struct error *error) {
    const struct kafka_settings *settings = &kafka->settings;
    const struct kafka_output *output = &settings->output;
    bool writes = settings->has_output && !request->dry_run;
    kafka->transactional = settings->has_input && writes && request->transactions && request->alone &&
                           request->single && same_brokers(settings->input.cluster.brokers, output->cluster.brokers);
    if (kafka->transactional) name_transactions(kafka, request->instance);
    if (settings->has_input && writes && !kafka->transactional)
        log_message(LOG_INFO, "kafka: at least once, with equal ids: %s",
                    !request->transactions ? "--transactions never"
                    : !request->alone      ? "there are other inputs, which cannot be read again"
                    : !request->single     ? "there are several outputs"
                                           : "input and output are not the same brokers");
    enum status status = STATUS_OK;
    if (settings->has_input) status = open_source(kafka, request, error);
    if (status != STATUS_OK || !writes) return status;
    const struct sink_kafka_request sink = {.cluster = &output->cluster,
                                            .records_topic = output->records_topic,
                                            .rejects_topic = output->rejects_topic,
                                            .transactional_id = kafka->transactional ? kafka->transactional_id : NULL,
                                            .report = run_kafka_report};
    return sink_kafka_new(&sink, &kafka->sink, error);
}

void run_kafka_summarise(const struct run_kafka *kafka, struct summary *summary) {
    if (kafka->source == NULL && kafka->sink == NULL) return;
    summary->has_kafka = true;
    if (kafka->sink != NULL) sink_kafka_count(kafka->sink, &summary->kafka);
    if (kafka->source == NULL) return;
    source_kafka_count(kafka->source, &summary->kafka);
    summary->lags_count = source_kafka_lags(kafka->source, NULL, 0);
    summary->lags = calloc(summary->lags_count + 1, sizeof *summary->lags);
    if (summary->lags == NULL) summary->lags_count = 0;
    if (summary->lags_count > 0)
        summary->lags_count = source_kafka_lags(kafka->source, summary->lags, summary->lags_count);
}

void run_kafka_close(struct run_kafka *kafka) {
    source_kafka_free(kafka->source);
    sink_kafka_free(kafka->sink);
    topic_origins_destroy(&kafka->origins);
    kafka_settings_destroy(&kafka->settings);
    *kafka = (struct run_kafka){.source = NULL};
}
