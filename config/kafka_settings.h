/* What a run is to do with Kafka: its INPUT, --output, --rejects and --rollups where they are topics, from URLs and from mappings of the config.
 *
 *   inputs:  [ {kafka: {brokers: [h1:9092, h2], topics: [edge, "^alb-.*"], group: g, start: earliest, formats: {"alb-*": alb_access},
 *                       librdkafka: {security.protocol: ssl}}} ]
 *   output:  {kafka: {brokers: [..], topic: located, librdkafka: {..}}}
 *   rejects: {kafka: {topic: rejected}}          # of the output's cluster
 *   rollups: {kafka: {brokers: [..], topic: sums, librdkafka: {..}}}
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_KAFKA_SETTINGS_H
#define WHEREFROM_KAFKA_SETTINGS_H

#include "base/option.h"
#include "config/problems.h"
#include "schemas/kafka.h"

#define KAFKA_GROUP_USUAL "wherefrom" /* consumer group of who names none */

struct kafka_settings {
    bool has_input, has_output, has_rollups;
    struct kafka_input input;
    size_t input_argument;       /* index of the INPUT that it is */
    struct kafka_output output;  /* one cluster takes records, rejects or both */
    struct kafka_output rollups; /* records_topic: theirs */
    struct arena arena;          /* private: all texts */
};

/* Where something is to go: the text of an option, and the config's mapping that the text stands for. */
struct kafka_place {
    const char *text;               /* NULL: none */
    const struct config_node *node; /* {kafka: {..}}; NULL: the text is all there is */
};

struct kafka_request {
    const char *file; /* the config's name for messages; NULL: there is none */
    struct option_list inputs;
    const struct config_node *input_nodes; /* the config's list of them, item by item; NULL: they are not from there */
    struct kafka_place output, rejects, rollups;
    struct option_list properties; /* --librdkafka KEY=VALUE, for every client */
    const char *instance;          /* NULL: none */
};

/* On false problems were added: all that is wrong with a URL or mapping, a second kafka:// INPUT, rejects in another cluster than the
 * output, a topic that is read and written, or written by two, a Kafka input with output in a compressed file. kafka_settings_destroy is safe after any
 * outcome. */
bool kafka_settings_resolve(struct kafka_settings *settings, const struct kafka_request *request,
                            struct problems *problems) WARN_UNUSED;
void kafka_settings_destroy(struct kafka_settings *settings);

/* "kafka://BROKERS/TOPICS" for a mapping {brokers: .., topics: ..} or {.., topic: ..}, as far as they are texts: what the option's text is
 * when the config has a mapping. NULL: out of memory. */
const char *kafka_settings_name(struct arena *arena, const struct config_node *mapping) WARN_UNUSED;

#endif
