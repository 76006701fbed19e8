/* Records and rejects as messages of Kafka topics: an idempotent producer, or transactions.
 *
 * Nothing is copied: a message points into its batch until the broker has it, so a batch stays with the sink until `undelivered` is 0.
 * A record's key is its client's address (else its event.id), so that a client's records lie in one partition; header `format` says which
 * log it is of. A record's value is its JSON without the LF. A reject has neither.
 *
 * A record that its topic refuses as too large is no reason to stop, nor may it be lost: it is marked `refused` and counted in the batch's
 * `refused_count`, and whoever has the batch once `undelivered` is 0 makes rejects of them (sink_kafka_send_rejects). In a transaction the
 * broker's refusal costs an abort; the sink knows the record when it comes again, and does not send it.
 *
 * Threads: one thread at a time (app/delivery.c has one for it); sink_kafka_count and sink_kafka_wake: any. */
#ifndef WHEREFROM_SINK_KAFKA_H
#define WHEREFROM_SINK_KAFKA_H

#include "base/kafka_client.h"
#include "schemas/kafka.h"
#include "sinks/async_sink.h"

struct sink_kafka_request {
    const struct kafka_cluster *cluster;
    const char *records_topic;    /* NULL: records go elsewhere */
    const char *rejects_topic;    /* NULL: rejects go elsewhere */
    const char *transactional_id; /* NULL: no transactions */
    kafka_report *report;
};

struct sink_kafka;

/* STATUS_USAGE when the settings are refused. Nothing is connected yet. What `request` points to stays valid; sink_kafka_free is safe after
 * any outcome. */
enum status sink_kafka_new(const struct sink_kafka_request *request, struct sink_kafka **sink,
                           struct error *error) WARN_UNUSED;

extern const struct async_sink_ops sink_kafka_ops; /* the functions below that are named so */

/* Prepares for the first message, waiting up to `wait_ms`: with transactions those of a former process with this id are ended, be it by
 * commit or abort, so what a group has committed is looked up after that. Also looks whether the topics are there. */
enum sink_result sink_kafka_prepare(struct sink_kafka *sink, uint32_t wait_ms, struct error *error);

/* Hands a batch's messages to the producer (it begins a transaction when there is none): batch->marks and `reject` say what they are. The
 * batch must stay as it is until its `undelivered` is 0. Never waits. After SINK_WAIT nothing was taken; after SINK_ABORT and SINK_FAILED
 * part of it may have been. */
enum sink_result sink_kafka_send(struct sink_kafka *sink, struct batch *batch, struct error *error);

/* The same with the lines of `reject` from byte `begin` on, and without records: for the rejects made of those that were refused. */
enum sink_result sink_kafka_send_rejects(struct sink_kafka *sink, struct batch *batch, size_t begin,
                                         struct error *error);

/* Takes up what was delivered, and what went wrong, waiting up to `wait_ms` for something to happen. */
enum sink_result sink_kafka_serve(struct sink_kafka *sink, uint32_t wait_ms, struct error *error);

/* Ends the transaction with these positions of this group (NULL: none), after all its messages are delivered. Waits for that up to
 * `wait_ms`, and for the group's coordinator up to the transaction's timeout. After SINK_WAIT nothing but the same again, or
 * sink_kafka_free, may be called. SINK_ABORT: it may have been committed all the same (the answer was lost), so everything goes on from what
 * the group has committed at the broker once sink_kafka_abort is done, not from what this process remembers. */
enum sink_result sink_kafka_commit(struct sink_kafka *sink, const rd_kafka_topic_partition_list_t *positions,
                                   const rd_kafka_consumer_group_metadata_t *group, uint32_t wait_ms,
                                   struct error *error);

/* Ends it without a trace, with a new producer where the old one is of no use any more; after SINK_DONE no message of it is on its way
 * (every `undelivered` is 0). Without transactions what is on its way is dropped. While the broker is away messages end soon, the
 * transaction only when it is back (SINK_WAIT). */
enum sink_result sink_kafka_abort(struct sink_kafka *sink, uint32_t wait_ms, struct error *error);

/* For good: nothing is on its way any more, every `undelivered` is 0, and the sink takes nothing more. */
void sink_kafka_purge(struct sink_kafka *sink);

/* Makes sink_kafka_serve return, the next one when none waits now: from any thread. What woke it is to be looked at after every other call,
 * too: one that waits may use it up. */
void sink_kafka_wake(struct sink_kafka *sink);

/* "" until it is known. */
const char *sink_kafka_cluster_id(struct sink_kafka *sink);

/* Adds to the numbers of a producer. */
void sink_kafka_count(const struct sink_kafka *sink, struct kafka_counts *counts);

/* Drops what is still on its way. A transaction that is open stays so at the broker until its timeout. */
void sink_kafka_free(struct sink_kafka *sink);

#endif
