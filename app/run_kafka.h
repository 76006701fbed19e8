/* Kafka in a run: what the settings say becomes a source, a sink, or both.
 *
 * Threads: main thread, before the others start and after they have ended. */
#ifndef WHEREFROM_RUN_KAFKA_H
#define WHEREFROM_RUN_KAFKA_H

#include "app/memory_plan.h"
#include "app/pipeline.h"
#include "app/summary.h"
#include "app/topic_origins.h"
#include "config/kafka_settings.h"

struct run_kafka {
    struct kafka_settings settings;
    struct topic_origins origins;
    struct source_kafka *source;
    struct sink_kafka *sink;
    bool transactional;
    char transactional_id[TRANSACTIONAL_ID_BYTES];
};

struct run_kafka_request {
    const struct source_kafka_settings *source;
    const struct origin *origin; /* of the kafka:// INPUT: format, chain; must outlive it */
    const struct format_table *formats;
    struct memory_plan memory;
    const char *instance; /* NULL: none was given */
    bool transactions;    /* where they are possible */
    bool alone;           /* no other INPUT, */
    bool single;          /* and no other output */
    bool dry_run;         /* no sink */
};

/* After kafka->settings are filled. Nothing is connected yet. run_kafka_close is safe after any outcome. */
enum status run_kafka_open(struct run_kafka *kafka, const struct run_kafka_request *request,
                           struct error *error) WARN_UNUSED;
/* A kafka_report of this run's clients. */
void run_kafka_report(bool warning, const char *message);
void run_kafka_close(struct run_kafka *kafka);

/* Adds what it did; texts are valid until run_kafka_close. */
void run_kafka_summarise(const struct run_kafka *kafka, struct summary *summary);

#endif
