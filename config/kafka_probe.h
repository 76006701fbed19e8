/* Whether a Kafka cluster answers, and what it says of topics: `wherefrom check`.
 *
 * Threads: main thread; librdkafka has some of its own until it returns. */
#ifndef WHEREFROM_KAFKA_PROBE_H
#define WHEREFROM_KAFKA_PROBE_H

#include <stdint.h>
#include <stdio.h>

#include "config/problems.h"
#include "schemas/kafka.h"

struct kafka_probe {
    const struct kafka_cluster *cluster;
    const char *const *topics; /* names, and regular expressions that begin with ^ */
    size_t topics_count;
    uint32_t wait_ms_max; /* for everything together */
};

/* Asks as a consumer would, so that no topic comes into being by asking; nothing is joined, read or written. Prints a line for the
 * cluster and for each topic that is there. On false problems were added: no answer and why, a topic that is missing or may not be
 * seen, a regular expression that fits none. Rights to read, write or join a group are not asked for. */
bool kafka_probe(const struct kafka_probe *probe, const struct problem_scope *scope, FILE *out) WARN_UNUSED;

#endif
