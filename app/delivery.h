/* Brings batches, or the shares of one output, to a sink that takes its time, in order, in a thread of its own.
 *
 * A batch is sent when it comes and arrives when the server has all of it; batches arrive in the order in which they came. With
 * transactions what a batch holds counts only when its transaction is committed, together with its positions; a transaction that cannot
 * be leaves no trace, and its source reads again from where it had settled.
 *
 * Threads: delivery_push by any thread, one at a time; the functions of a request are called by the delivery's own thread. */
#ifndef WHEREFROM_DELIVERY_H
#define WHEREFROM_DELIVERY_H

#include "app/ring.h"
#include "ingest/source_kafka.h"
#include "sinks/sink_kafka.h"

struct delivery_request {
    const struct async_sink_ops *ops;
    void *sink;
    struct sink_kafka *kafka;    /* the same, when it is one; else NULL */
    bool rejects;                /* they go to it, too; Kafka only */
    struct source_kafka *source; /* whose positions go with transactions; NULL: no transactions */
    /* All of it has arrived: what goes elsewhere is written. False: that failed, and has been said. */
    bool (*write_rest)(void *context, const struct batch *batch);
    /* This has become of lines, for good. Not called for shares: their whole says it. */
    void (*count)(void *context, const struct tally *tally, enum source_kind source);
    /* The batch is free again; `dropped`: nothing of it counts. */
    void (*release)(void *context, struct batch *batch, bool dropped);
    /* Nothing more can be delivered; whatever comes from here on is dropped. */
    void (*fail)(void *context, const struct error *error);
    void *context;
    const atomic_bool *abandoned; /* set when somebody else has failed: the same then, soon; NULL: nobody else can */
};

struct delivery;

/* Starts the thread. NULL when memory is short. */
struct delivery *delivery_new(const struct delivery_request *request);
/* Gives the batch away. */
void delivery_push(struct delivery *delivery, struct batch *batch);
/* Any thread: whether the sink has begun to take batches, and whether something that has arrived waits for a commit. */
bool delivery_is_open(const struct delivery *delivery);
bool delivery_in_transaction(const struct delivery *delivery);
/* Nothing follows: waits until all has arrived or was dropped, and ends the thread. */
void delivery_finish(struct delivery *delivery);
void delivery_free(struct delivery *delivery);

#endif
