/* What `run` was asked for: the option tables and where their values go.
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_RUN_SETTINGS_H
#define WHEREFROM_RUN_SETTINGS_H

#include "base/option.h"
#include "ingest/follow.h"
#include "ingest/source_file.h"
#include "ingest/source_kafka.h"
#include "ingest/source_tcp.h"

struct run_settings {
    const char *config;
    /* input */
    const char *format;
    struct option_list ndjson;
    const char *origin;
    int links; /* enum links_mode */
    int64_t since_ns, until_ns;
    struct source_file_settings source;
    struct follow_settings follow;
    struct source_tcp_settings tcp;
    /* Kafka */
    struct option_list librdkafka;
    const char *instance;
    int transactions; /* enum transactions_mode */
    struct source_kafka_settings kafka_source;
    /* client */
    const char *chain;
    /* where */
    struct option_list geo;
    bool no_geo;
    /* output */
    const char *output;
    struct option_list opensearch;
    int schema;
    struct option_list fields;
    const char *rejects;
    const char *rollups;
    uint64_t rollups_lateness_s, rollups_every_s;
    bool keep_original, append, dry_run;
    uint64_t limit;
    /* running */
    uint64_t workers;
    uint64_t memory_max_bytes;
    uint64_t shutdown_timeout_s;
    double max_reject_ratio;
    const char *state;
    const char *summary;
    const char *metrics;
    const char *ui;
    int progress; /* enum progress_mode */
    bool quiet;
    int log_format;
};

/* In directories: links to files that stay inside, or to any file. */
enum links_mode { LINKS_INSIDE, LINKS_ALL };

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* Auto: records and positions in one transaction where input and output are one Kafka cluster. */
enum transactions_mode { TRANSACTIONS_AUTO, TRANSACTIONS_NEVER };

#define RUN_GROUPS 10u

/* The tables, bound to `settings`. */
void run_settings_groups(struct run_settings *settings, struct option_group groups[RUN_GROUPS]);

#endif
