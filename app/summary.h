/* What a run did, for people (stderr) and for programs (--summary, INTERFACE.md section 4).
 *
 * Threads: main thread, after the others have ended. */
#ifndef WHEREFROM_SUMMARY_H
#define WHEREFROM_SUMMARY_H

#include "app/pipeline.h"
#include "enrich/geo.h"
#include "sinks/sink_opensearch.h"

#define SUMMARY_TOP 10u

/* One row of a ranking. */
struct summary_row {
    uint64_t key;   /* AS number, or the two letters of a country */
    uint64_t count; /* records */
    char name[64];
};

struct summary_ranking {
    struct summary_row *rows;
    size_t rows_count, rows_max;
};

/* One of several outputs. */
struct summary_output {
    const char *name;
    struct output_counts counts;
    uint64_t bytes;
};

struct summary {
    struct tally tally;
    bool is_replay;        /* what was read are rejects */
    bool has_residency;    /* a policy was in force */
    bool filtered_by_zone; /* of records that were skipped the places count, too */
    uint64_t bytes_written;
    double seconds;
    const struct geo *geo;
    uint64_t reloads_done, reloads_refused;
    const struct connection_counts *connections; /* NULL: nobody listened */
    struct summary_ranking countries, networks;
    struct summary_output outputs[OUTPUTS_MAX];
    uint32_t outputs_count; /* 0: there is one */
    bool has_opensearch;
    struct opensearch_counts opensearch;
    bool has_rollups;
    struct rollups_counts rollups;
    bool has_kafka;
    struct kafka_counts kafka;
    struct kafka_lag *lags; /* of the partitions that this process read; texts are borrowed */
    size_t lags_count;
};

/* A pipeline_places_function: adds up what a worker's cache counted. */
void summary_add_places(void *summary, struct geo_cache *places);

/* Sorts the rankings by count, then key. Before the printing. */
void summary_finish(struct summary *summary);
void summary_print(const struct summary *summary);
enum status summary_write_json(const struct summary *summary, const char *path, struct error *error) WARN_UNUSED;
void summary_destroy(struct summary *summary);

/* Rejects whose line was read again. */
uint64_t summary_replayed(const struct tally *tally);

#endif
