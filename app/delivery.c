/* One thread that talks to the sink: no lock is needed around it, and none is held while a broker is waited for.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/delivery.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "sinks/reject_record.h"

#define WAIT_MS 100u /* to look for what has become due; new batches wake the thread */
/* For the end of a transaction: nothing else is to be done meanwhile, and librdkafka 2.0.2 that is asked for the same end again and again
 * with short waits once ended the process (assertion in rd_kafka_txn_set_state). */
#define TRANSACTION_WAIT_MS 5000u

/* What was sent since the last commit. */
struct transaction {
    bool open;         /* something was */
    bool message_open; /* and the last message goes on: it may not end here */
    uint64_t epoch, begun_ms, bytes;
    uint32_t batches_count;
    struct tally tally;
    enum source_kind source;
    struct batch_range *ranges; /* one per partition */
    uint32_t ranges_count, ranges_max;
};

struct delivery {
    struct delivery_request request;
    pthread_t thread;
    struct queue incoming;
    struct batch *first, *last; /* sent, on their way, in order */
    bool failed;
    atomic_bool is_open, in_transaction; /* for who looks on */
    struct transaction transaction;
    struct encoder_context rejects; /* of records that the sink refuses */
};

/* --- on their way ----------------------------------------------------------------------------------- */

static struct batch *take_first(struct delivery *delivery) {
    struct batch *batch = delivery->first;
    delivery->first = batch->next;
    batch->next = NULL;
    return batch;
}

static void drop_sent(struct delivery *delivery) {
    while (delivery->first != NULL) delivery->request.release(delivery->request.context, take_first(delivery), true);
}

/* The end of what was sent since the last commit; `stale`: nothing of it counts. */
static void settle(struct delivery *delivery, bool stale) {
    struct transaction *transaction = &delivery->transaction;
    struct kafka_settlement settlement = {.ranges = transaction->ranges,
                                          .ranges_count = transaction->ranges_count,
                                          .batches_count = transaction->batches_count,
                                          .stale = stale};
    transaction->open = transaction->message_open = false;
    atomic_store(&delivery->in_transaction, false);
    source_kafka_settle(delivery->request.source, &settlement);
}

static void fail(struct delivery *delivery, const struct error *error) {
    delivery->failed = true;
    if (error != NULL) delivery->request.fail(delivery->request.context, error);
    delivery->request.ops->purge(delivery->request.sink);
    drop_sent(delivery);
    if (delivery->transaction.open) settle(delivery, true);
}

static void give_up(struct delivery *delivery);

static void take_result(struct delivery *delivery, enum sink_result result, const struct error *error) {
    if (result == SINK_FAILED) fail(delivery, error);
    if (result == SINK_ABORT) give_up(delivery);
}

/* False: there was none. */
static bool reject_refused(struct delivery *delivery, struct batch *batch, enum sink_result *result,
                           struct error *error) {
    size_t begin = batch->reject_bytes;
    if (batch->refused_count == 0) return false;
    static const struct refusal refusal = {
        .reason = REJECT_TOO_LARGE, .expected = "a record that the topic takes as a message (max.message.bytes)"};
    for (uint32_t i = 0; i < batch->marks_count; i++)
        if (batch->marks[i].refused) {
            reject_record(&delivery->rejects, batch, &batch->marks[i], &refusal);
            batch->marks[i].refused = false;
        }
    batch->refused_count = 0;
    if (delivery->request.rejects) *result = sink_kafka_send_rejects(delivery->request.kafka, batch, begin, error);
    return true;
}

/* Batches that have arrived, as far as all before them have. */
static void release_arrived(struct delivery *delivery) {
    const struct delivery_request *request = &delivery->request;
    while (delivery->first != NULL && atomic_load(&delivery->first->undelivered) == 0) {
        enum sink_result result = SINK_DONE;
        struct error error;
        if (reject_refused(delivery, delivery->first, &result, &error)) {
            take_result(delivery, result, &error);
            continue;
        }
        struct batch *batch = take_first(delivery);
        bool good = request->write_rest(request->context, batch);
        if (good && request->source == NULL && batch->whole == NULL)
            request->count(request->context, &batch->tally, batch->origin->source);
        request->release(request->context, batch, !good);
        if (!good) fail(delivery, NULL);
    }
}

/* --- transactions ----------------------------------------------------------------------------------- */

static void add_range(struct transaction *transaction, const struct batch_range *range) {
    for (uint32_t i = 0; i < transaction->ranges_count; i++) {
        if (transaction->ranges[i].partition != range->partition) continue;
        transaction->ranges[i] = *range;
        return;
    }
    if (transaction->ranges_count == transaction->ranges_max) {
        transaction->ranges_max = 2 * transaction->ranges_max + 16;
        transaction->ranges = realloc(transaction->ranges, transaction->ranges_max * sizeof *transaction->ranges);
        ASSERT(transaction->ranges != NULL); /* 16 bytes for each partition that is read */
    }
    transaction->ranges[transaction->ranges_count++] = *range;
}

static void add_batch(struct delivery *delivery, struct batch *batch) {
    struct transaction *transaction = &delivery->transaction;
    /* the last one, empty: there is nothing to commit, and its source may have left the group, which librdkafka 2.0.2 must not be asked
     * about then (it never answers) */
    if (batch->ranges_count == 0) return;
    if (!transaction->open) {
        transaction->open = true;
        transaction->epoch = batch->epoch;
        transaction->begun_ms = monotonic_ms();
        transaction->bytes = transaction->batches_count = transaction->ranges_count = 0;
        transaction->tally = (struct tally){0};
        transaction->source = batch->origin->source;
        atomic_store(&delivery->in_transaction, true);
    }
    ASSERT(transaction->epoch == batch->epoch);
    batch->in_transaction = true;
    transaction->message_open = batch->message_open;
    transaction->bytes += batch->out_bytes + batch->reject_bytes;
    transaction->batches_count++;
    tally_add(&transaction->tally, &batch->tally);
    for (uint32_t i = 0; i < batch->ranges_count && !batch->limited; i++) add_range(transaction, &batch->ranges[i]);
}

/* Nothing of it has happened; the source reads it again. */
static void give_up(struct delivery *delivery) {
    struct error error;
    enum sink_result result;
    do result = sink_kafka_abort(delivery->request.kafka, TRANSACTION_WAIT_MS, &error);
    while (result == SINK_WAIT);
    source_kafka_rewind(delivery->request.source, delivery->transaction.epoch);
    settle(delivery, true);
    if (result == SINK_FAILED)
        fail(delivery, &error);
    else
        drop_sent(delivery);
}

static void commit(struct delivery *delivery) {
    const struct delivery_request *request = &delivery->request;
    struct transaction *transaction = &delivery->transaction;
    struct error error;
    enum sink_result result = SINK_ABORT;
    /* whose positions these are is asked before whether they still are: see source_kafka_metadata */
    rd_kafka_consumer_group_metadata_t *group = source_kafka_metadata(request->source);
    rd_kafka_topic_partition_list_t *positions = source_kafka_positions(request->source, transaction->ranges,
                                                                        transaction->ranges_count);
    if (group != NULL && positions != NULL && !source_kafka_is_stale(request->source, transaction->epoch)) do
            result = sink_kafka_commit(request->kafka, positions, group, TRANSACTION_WAIT_MS, &error);
        while (result == SINK_WAIT);
    if (group != NULL) rd_kafka_consumer_group_metadata_destroy(group);
    if (positions != NULL) rd_kafka_topic_partition_list_destroy(positions);
    take_result(delivery, result, &error);
    if (result == SINK_DONE) {
        release_arrived(delivery);
        request->count(request->context, &transaction->tally, transaction->source);
        settle(delivery, false);
    }
}

static bool is_due(const struct delivery *delivery, bool over) {
    const struct transaction *transaction = &delivery->transaction;
    if (!transaction->open || transaction->message_open) return false;
    return over || transaction->bytes >= TRANSACTION_BYTES_MAX || source_kafka_is_draining(delivery->request.source) ||
           monotonic_ms() - transaction->begun_ms >= TRANSACTION_MS_MAX;
}

/* --- the thread ------------------------------------------------------------------------------------- */

static bool is_abandoned(const struct delivery *delivery) {
    return delivery->request.abandoned != NULL && atomic_load(delivery->request.abandoned);
}

static void send_batch(struct delivery *delivery, struct batch *batch) {
    const struct delivery_request *request = &delivery->request;
    struct error error;
    if (delivery->transaction.open && delivery->transaction.epoch != batch->epoch) give_up(delivery);
    if (delivery->failed || (request->source != NULL && source_kafka_is_stale(request->source, batch->epoch))) {
        request->release(request->context, batch, true);
        return;
    }
    *(delivery->first == NULL ? &delivery->first : &delivery->last->next) = batch;
    delivery->last = batch;
    enum sink_result result;
    while ((result = request->ops->send(request->sink, batch, &error)) == SINK_WAIT && !is_abandoned(delivery) &&
           (result = request->ops->serve(request->sink, WAIT_MS, &error)) == SINK_DONE) {
    }
    if (result == SINK_WAIT) { /* abandoned: it was not taken */
        fail(delivery, NULL);
        return;
    }
    if (result == SINK_DONE) (void)reject_refused(delivery, batch, &result, &error);
    if (request->source != NULL) add_batch(delivery, batch);
    take_result(delivery, result, &error);
}

/* How long nothing can become due. */
static uint32_t idle_ms(const struct delivery *delivery) {
    if (!delivery->transaction.open) return WAIT_MS;
    uint64_t age_ms = monotonic_ms() - delivery->transaction.begun_ms;
    return age_ms >= TRANSACTION_MS_MAX ? 1 : (uint32_t)(TRANSACTION_MS_MAX - age_ms);
}

static void *deliver(void *argument) {
    struct delivery *delivery = argument;
    const struct delivery_request *request = &delivery->request;
    struct error error;
    enum sink_result result;
    do result = request->ops->prepare(request->sink, WAIT_MS, &error);
    while (result == SINK_WAIT && !queue_is_over(&delivery->incoming) && !is_abandoned(delivery));
    if (result == SINK_FAILED) fail(delivery, &error);
    atomic_store(&delivery->is_open, true);
    for (bool over = false; !over || delivery->first != NULL || delivery->transaction.open;) {
        over = queue_is_over(&delivery->incoming);
        if (is_abandoned(delivery) && !delivery->failed) fail(delivery, NULL);
        struct batch *batch = queue_try_pop(&delivery->incoming, 1);
        if (batch != NULL) send_batch(delivery, batch);
        if (!delivery->failed)
            take_result(delivery, request->ops->serve(request->sink, batch != NULL ? 0 : idle_ms(delivery), &error),
                        &error);
        else if (batch == NULL)
            queue_wait(&delivery->incoming);
        release_arrived(delivery);
        if (!delivery->failed && is_due(delivery, over)) commit(delivery);
    }
    return NULL;
}

struct delivery *delivery_new(const struct delivery_request *request) {
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL) return NULL;
    delivery->request = *request;
    if (!encoder_context_init(&delivery->rejects)) {
        encoder_context_destroy(&delivery->rejects);
        free(delivery);
        return NULL;
    }
    queue_init(&delivery->incoming);
    ASSERT(pthread_create(&delivery->thread, NULL, deliver, delivery) == 0);
    return delivery;
}

void delivery_push(struct delivery *delivery, struct batch *batch) {
    queue_push(&delivery->incoming, batch);
    delivery->request.ops->wake(delivery->request.sink);
}

bool delivery_is_open(const struct delivery *delivery) {
    return atomic_load(&delivery->is_open);
}

bool delivery_in_transaction(const struct delivery *delivery) {
    return atomic_load(&delivery->in_transaction);
}

void delivery_finish(struct delivery *delivery) {
    queue_close(&delivery->incoming);
    delivery->request.ops->wake(delivery->request.sink);
    ASSERT(pthread_join(delivery->thread, NULL) == 0);
}

void delivery_free(struct delivery *delivery) {
    if (delivery == NULL) return;
    queue_destroy(&delivery->incoming);
    free(delivery->transaction.ranges);
    encoder_context_destroy(&delivery->rejects);
    free(delivery);
}
