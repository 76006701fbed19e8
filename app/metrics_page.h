/* What --metrics shows: one table of metrics, written down as Prometheus' text format 0.0.4.
 *
 * Threads: any; a snapshot belongs to whoever makes it. */
#ifndef WHEREFROM_METRICS_PAGE_H
#define WHEREFROM_METRICS_PAGE_H

#include <stdio.h>

#include "app/meter.h"
#include "app/rollups.h"
#include "app/run_outputs.h"
#include "enrich/geo.h"
#include "schemas/kafka.h"
#include "sinks/sink_opensearch.h"

struct metrics_output {
    uint64_t bytes; /* handed to the file, or sent to the server; of a .gz before it is compressed */
    bool has_opensearch;
    struct opensearch_counts opensearch;
};

/* All numbers at about one time. */
struct metrics_snapshot {
    struct meter_look run;
    struct metrics_output outputs[OUTPUTS_MAX]; /* as many as run.queues.outputs has */
    bool has_kafka_input, has_kafka_output, has_rollups, has_residency;
    struct kafka_counts kafka;
    const struct kafka_lag *lags;
    size_t lags_count;
    struct rollups_counts rollups;
    const struct geo *geo; /* NULL: none is open yet */
    uint64_t reloads_done, reloads_refused;
    double started_s; /* since 1970 */
};

void metrics_page_write(FILE *out, const struct metrics_snapshot *snapshot);

#endif
