/* What a run is told about Kafka: where topics are read from and written to. Filled from URL or config (config/kafka_settings.c),
 * looked at by source and sink.
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_KAFKA_H
#define WHEREFROM_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/rate.h"

/* A property of librdkafka, checked: none that would break a promise of ours. Its value may be a secret, and is never shown. */
struct kafka_property {
    const char *name, *value;
    bool consumer, producer; /* which kinds of client know it */
};

/* A cluster as a client connects to it. */
struct kafka_cluster {
    const char *brokers;                     /* "HOST:PORT,HOST:PORT", IPv6 hosts in brackets */
    const struct kafka_property *properties; /* those that its client knows; a later one replaces an earlier one */
    size_t properties_count;
};

/* The first rule whose glob (fnmatch(3)) fits a topic says its format. */
struct kafka_format_rule {
    const char *topic;
    const char *format; /* as -f takes it */
};

enum kafka_start { KAFKA_START_EARLIEST, KAFKA_START_LATEST, KAFKA_START_TIME };

struct kafka_input {
    struct kafka_cluster cluster;
    const char *const *topics; /* names, and regular expressions that begin with ^ (POSIX extended) */
    size_t topics_count;
    const char *group;
    enum kafka_start start; /* where the group has no offset for a partition yet */
    int64_t start_ms;       /* KAFKA_START_TIME: since 1970 UTC */
    const struct kafka_format_rule *formats;
    size_t formats_count;
};

struct kafka_output {
    struct kafka_cluster cluster;
    const char *records_topic; /* NULL: records go elsewhere */
    const char *rejects_topic; /* likewise; never both */
};

/* From where a partition has to be counted again by whoever goes on with it. Goes with the group's offset, as metadata. */
struct kafka_need {
    int64_t offset;   /* of the first message that still counts; at most the group's offset */
    int64_t closed_s; /* what was before that time is counted for good */
    bool has_rates;
    /* Where rates stood: behind this record, and its line in the message. May be before or behind the group's offset. */
    int64_t position;
    uint32_t line;
    struct rate_stream rates; /* both times are some */
};

/* Whoever counts what is read, partition by partition (by its place in the source's table), and has to count it again when somebody else
 * had begun: for that messages between `need` and the group's offset come once more, marked as counted only (struct segment). Called by the
 * polling thread, and none of them may wait. */
struct kafka_counting {
    /* A new assignment; `need` NULL: from the beginning of what is read. */
    void (*begin)(void *context, uint32_t partition, uint32_t assignment, const struct kafka_need *need);
    void (*end)(void *context, uint32_t partition);
    /* What is needed is no longer there: the first messages are missing. */
    void (*lose)(void *context, uint32_t partition);
    /* Any thread. False: not known. */
    bool (*need)(void *context, uint32_t partition, struct kafka_need *need);
    void *context;
};

/* What a run's Kafka clients did, for summary and metrics. */
struct kafka_lag {
    const char *topic;
    int32_t partition;
    int64_t position; /* next message to be settled; -1: none was yet */
    int64_t lag;      /* messages behind it; -1: not known */
};

struct kafka_counts {
    uint64_t messages, tombstones, empty_messages; /* taken in */
    uint64_t rebalances, commits, commits_failed;
    uint64_t rewinds; /* work in flight was dropped and is read again */
    uint64_t transactions_committed, transactions_aborted;
    uint64_t delivered; /* messages that went out */
    uint64_t producers; /* that were made: more than one when one was lost and replaced */
};

#endif
