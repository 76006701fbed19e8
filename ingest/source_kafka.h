/* A Kafka consumer group as a source of batches (DELIVERY: positions move only behind what has settled).
 *
 * One thread polls, and it never works or writes: a group member that does not poll is thrown out. It fills batches with messages of
 * many partitions. A batch carries the epoch of the assignment that it was read under, and for each partition how far it goes; what has
 * settled, in the order in which batches were filled, may be committed. When work in flight must be given up (partitions were lost, or a
 * transaction was aborted) the epoch moves on: batches of earlier epochs are dropped, and what is still assigned is read again from
 * where it had settled.
 *
 * Threads: source_ops and source_kafka_finish belong to the polling thread; what any thread may call says so. */
#ifndef WHEREFROM_SOURCE_KAFKA_H
#define WHEREFROM_SOURCE_KAFKA_H

#include "base/kafka_client.h"
#include "base/option.h"
#include "ingest/kafka_progress.h"
#include "schemas/kafka.h"
#include "schemas/stage.h"

struct source_kafka_settings {
    uint64_t linger_ms_max; /* --linger-ms: how long a batch may wait for more messages */
};
extern const struct option_spec source_kafka_options[];
extern const size_t source_kafka_options_count;

struct source_kafka_request {
    const struct source_kafka_settings *settings;
    const struct kafka_input *input;
    uint64_t fetched_bytes; /* for messages that were fetched and are in no batch yet */
    uint64_t text_bytes;    /* for the message that is being read, see message_reader_new */
    bool commits_itself;    /* false: offsets go with a sink's transactions (source_kafka_positions) */
    /* The origin of lines of this topic: format, chain and so on are filled in, name and path are not; NULL: refused, and said so. `format`
     * is the message's header of that name (as -f takes it), or NULL. Called once per partition and header; what the result points to
     * must stay. */
    const struct origin *(*origin_of)(void *context, const char *topic, const char *format);
    void *context;
    kafka_report *report;
};

struct source_kafka;

/* STATUS_USAGE when the settings are refused. Nothing is subscribed before open. */
enum status source_kafka_new(const struct source_kafka_request *request, struct source_kafka **source,
                             struct error *error) WARN_UNUSED;
/* Before open. `workers_idle`: whether a batch that is not full is wanted at once when nothing more is there; `stop_fd` becomes readable
 * when the run shall end. */
void source_kafka_attach(struct source_kafka *source, bool (*workers_idle)(void *context), void *context, int stop_fd);
/* Likewise: who counts what is read, and has to count it again; it stays valid. */
void source_kafka_set_counting(struct source_kafka *source, const struct kafka_counting *counting);
void source_kafka_free(struct source_kafka *source);

/* open: subscribes; an unreachable broker is no failure but waited for. wait: polls, with a message in hand or the run ending returns;
 * fill: up to a full batch, or what is there (linger). A batch with ranges is in flight, be it without lines (tombstones), until it is
 * settled; one without is none. give_up: nothing more is taken but the rest of an open message; behind that comes the last batch. close:
 * leaves the group (source_kafka_finish has committed). A hopeless error (kafka_client.h: topic missing, not authorised, ...) is
 * STATUS_FAILED of fill, with a last batch. */
extern const struct source_ops source_kafka_ops;

/* Polls without taking messages, while there is no batch to fill: so the group keeps this member. At least every few seconds. */
void source_kafka_keep_alive(struct source_kafka *source);

/* Waits up to `wait_ms` until all that was handed on has settled or was dropped, and commits. False: some has not. */
bool source_kafka_finish(struct source_kafka *source, uint32_t wait_ms);

/* --- any thread ----------------------------------------------------------------------------------- */

/* Whether work of that batch is to be dropped. Asked before it is written anywhere. */
bool source_kafka_is_stale(const struct source_kafka *source, uint64_t epoch);

void source_kafka_settle(struct source_kafka *source, const struct kafka_settlement *settlement);

/* Somebody waits for all that is in flight: a transaction ends as soon as it can. */
bool source_kafka_is_draining(const struct source_kafka *source);

/* For transactions: positions to send, with what counting needs (a new list, the caller frees it), and whose they are (likewise; NULL: not a member now). The
 * metadata is taken before the epoch is asked for: then a member that was thrown out meanwhile is fenced by the broker. */
rd_kafka_topic_partition_list_t *source_kafka_positions(struct source_kafka *source, const struct batch_range *ranges,
                                                        size_t ranges_count);
rd_kafka_consumer_group_metadata_t *source_kafka_metadata(struct source_kafka *source);

/* Gives up what is in flight of this epoch: its batches are stale from here on, and what is assigned is read again from where it had
 * settled. Nothing happens when the epoch has moved on already. */
void source_kafka_rewind(struct source_kafka *source, uint64_t epoch);

void source_kafka_count(const struct source_kafka *source, struct kafka_counts *counts);
/* Of assigned partitions, after close of those that were, at most `lags_max`; `lags` NULL: only the number of them. Texts are valid as
 * long as the source. */
size_t source_kafka_lags(struct source_kafka *source, struct kafka_lag *lags, size_t lags_max);

#endif
