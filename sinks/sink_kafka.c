/* Messages out of batches, and what becomes of them.
 *
 * librdkafka says of an error of a transaction whether it is fatal, to be aborted or to be tried again; of a message only that it was not
 * delivered. So a transaction in which a message failed is asked for its own error, by an attempt to begin another one: there is no other
 * way to see its state (2.0.2). A producer that is lost for good, above all after its transaction timed out at the broker (we were stopped,
 * or the broker was), is replaced by a new one: the broker's answer is then the same as when another process took our id, so the age of the
 * transaction decides which of the two it was. If that is wrong nothing is lost or doubled: the two take the id from each other, and the
 * one with the younger transaction ends.
 *
 * A broker measures sets of messages, compressed, and librdkafka gives up a set that is too large as a whole. A message of `set_bytes` or
 * more is always alone in its set, so a smaller one is sent again by a producer with half of that until it passes or is alone.
 *
 * Threads: one at a time; librdkafka calls on_delivery and on_error within our own calls, on_log at any time. */
#include "sinks/sink_kafka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sinks/kafka_producer.h"

#define MISSING_MS_MAX 3000 /* a topic that is made when it is asked for takes a moment */
#define DROP_MS_MAX 1000    /* purged messages are reported at once */
#define LOSSES_MAX 20       /* producers lost in a row, without a transaction committed in between */

/* A message that has to be sent once more by the next producer. */
struct parked {
    struct batch *batch;
    struct slice value;
};

struct sink_kafka {
    struct sink_kafka_request request;
    struct kafka_producer producer;
    bool topics_seen;         /* it did work once */
    bool ready;               /* this producer may send */
    int64_t missing_since_ms; /* 0: no topic is missing */
    char cluster_id[KAFKA_CLUSTER_ID_BYTES];

    bool in_transaction;
    bool positions_sent, committing; /* how far its commit is */
    bool undone;                     /* a message of it was not delivered */
    int64_t began_ms;

    bool lost;           /* the producer is of no more use */
    bool sets_too_large; /* nor is it, for the topics that there are */
    bool dropping;       /* messages fail because we want it */
    uint32_t losses_count;
    struct error failure; /* for good; "" is none */

    struct parked *parked;
    size_t parked_count, parked_room;
    uint32_t refused_count;
    size_t refused_bytes_min; /* of records known as refused */
    char (*refused)[HASH_ID_DIGITS];

    atomic_uint_fast64_t delivered, committed, aborted, producers;
};

static enum sink_result fail(struct sink_kafka *sink, rd_kafka_resp_err_t code, const char *text, struct error *error) {
    if (sink->failure.message[0] == '\0')
        error_set(&sink->failure, STATUS_FAILED, "kafka: %s: %s%s", sink->request.cluster->brokers, text,
                  kafka_advice(code));
    if (error != NULL) *error = sink->failure;
    return SINK_FAILED;
}

/* --- what went wrong ------------------------------------------------------------------------------ */

/* The producer can do nothing more. */
static enum sink_result lose(struct sink_kafka *sink, rd_kafka_resp_err_t code, const char *text, struct error *error) {
    const char *id = sink->request.transactional_id;
    bool fenced = code == RD_KAFKA_RESP_ERR__FENCED;
    if (id == NULL || (!fenced && kafka_trouble(code) == KAFKA_HOPELESS)) return fail(sink, code, text, error);
    /* a tenth less, since the broker has a clock of its own */
    int64_t age_ms = kafka_producer_now_ms() - sink->began_ms;
    bool timed_out = sink->in_transaction && age_ms >= sink->producer.transaction_ms_max * 9 / 10;
    if (fenced && !timed_out) {
        char taken[512];
        snprintf(taken, sizeof taken, "the transactional id %s is used by a newer process", id);
        return fail(sink, code, taken, error);
    }
    if (!sink->lost && ++sink->losses_count > LOSSES_MAX) return fail(sink, code, text, error);
    sink->lost = true;
    error_set(error, STATUS_FAILED, "kafka: %s: %s; going on with a new producer", sink->request.cluster->brokers,
              text);
    return SINK_ABORT;
}

/* What an error of the transactional functions asks for. Takes it. */
static enum sink_result judge(struct sink_kafka *sink, rd_kafka_error_t *problem, struct error *error) {
    if (problem == NULL) return SINK_DONE;
    rd_kafka_resp_err_t code = rd_kafka_error_code(problem);
    const char *text = rd_kafka_error_string(problem);
    enum sink_result result = SINK_ABORT;
    error_set(error, STATUS_FAILED, "kafka: %s: %s", sink->request.cluster->brokers, text);
    if (rd_kafka_error_is_fatal(problem))
        result = lose(sink, code, text, error);
    else if (rd_kafka_error_is_retriable(problem))
        result = SINK_WAIT;
    else if (!rd_kafka_error_txn_requires_abort(problem) ||
             (kafka_trouble(code) == KAFKA_HOPELESS &&
              code != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)) /* that is the consumer's */
        result = fail(sink, code, text, error);
    rd_kafka_error_destroy(problem);
    return result;
}

/* What became known since the last call. */
static enum sink_result look(struct sink_kafka *sink, struct error *error) {
    if (sink->failure.message[0] != '\0') {
        *error = sink->failure;
        return SINK_FAILED;
    }
    char text[512];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(sink->producer.client, text, sizeof text);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return lose(sink, code, text, error);
    if (!sink->undone) return SINK_DONE;
    rd_kafka_error_t *problem = rd_kafka_begin_transaction(sink->producer.client);
    ASSERT(problem != NULL);
    if (rd_kafka_error_txn_requires_abort(problem) || rd_kafka_error_is_fatal(problem))
        return judge(sink, problem, error);
    /* librdkafka sees nothing wrong before it shall commit: a message came too late */
    rd_kafka_error_destroy(problem);
    error_set(error, STATUS_FAILED, "kafka: %s: messages were not delivered within %lld ms",
              sink->request.cluster->brokers, (long long)sink->producer.transaction_ms_max);
    return SINK_ABORT;
}

static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque) {
    struct sink_kafka *sink = opaque;
    (void)client;
    if (code == RD_KAFKA_RESP_ERR__FATAL) return; /* seen by look() */
    sink->request.report(true, text);
    /* before anything worked it is the settings, later it may be one broker of several */
    if (!sink->topics_seen && kafka_trouble(code) == KAFKA_HOPELESS) fail(sink, code, text, NULL);
}

/* --- too large ------------------------------------------------------------------------------------ */

/* NULL for a reject. */
static struct record_mark *mark_of(const struct batch *batch, const char *value) {
    if (value < batch->out || value >= batch->out + batch->out_bytes) return NULL;
    size_t offset = (size_t)(value - batch->out);
    uint32_t low = 0, high = batch->marks_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (offset < batch->marks[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return &batch->marks[low];
}

static void refuse(struct batch *batch, struct record_mark *mark) {
    mark->refused = true;
    batch->refused_count++;
}

/* Known, so that the transaction can be tried again without it. */
static void remember(struct sink_kafka *sink, const struct record_mark *mark, size_t value_bytes) {
    if (sink->refused_count == KAFKA_REFUSED_MAX) {
        fail(sink, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
             "the topic refuses too many records as too large; raise its max.message.bytes", NULL);
        return;
    }
    if (sink->refused_count == 0 || value_bytes < sink->refused_bytes_min) sink->refused_bytes_min = value_bytes;
    memcpy(sink->refused[sink->refused_count++], mark->id, HASH_ID_DIGITS);
}

static bool is_known(const struct sink_kafka *sink, const struct record_mark *mark, size_t value_bytes) {
    if (sink->refused_count == 0 || value_bytes < sink->refused_bytes_min) return false;
    for (uint32_t i = 0; i < sink->refused_count; i++)
        if (memcmp(sink->refused[i], mark->id, HASH_ID_DIGITS) == 0) return true;
    return false;
}

static void park(struct sink_kafka *sink, struct batch *batch, struct slice value) {
    if (sink->parked_count == sink->parked_room) {
        size_t room = sink->parked_room == 0 ? 64 : 2 * sink->parked_room;
        struct parked *parked = realloc(sink->parked, room * sizeof *parked);
        ASSERT(parked != NULL);
        sink->parked = parked;
        sink->parked_room = room;
    }
    sink->parked[sink->parked_count++] = (struct parked){batch, value};
}

/* Whether the message is still on its way. */
static bool take_too_large(struct sink_kafka *sink, struct batch *batch, struct slice value) {
    bool transactional = sink->request.transactional_id != NULL;
    if (value.len < (size_t)sink->producer.set_bytes) {
        sink->sets_too_large = true;
        if (!transactional) park(sink, batch, value);
        return !transactional;
    }
    struct record_mark *mark = mark_of(batch, value.ptr);
    if (mark == NULL)
        fail(sink, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
             "the topic of the rejects refuses one as too large; raise its max.message.bytes", NULL);
    else if (transactional)
        remember(sink, mark, value.len);
    else
        refuse(batch, mark);
    return false;
}

/* --- out ------------------------------------------------------------------------------------------ */

static bool is_too_large(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct sink_kafka *sink = opaque;
    struct batch *batch = message->_private;
    bool transactional = sink->request.transactional_id != NULL, too_large = is_too_large(message->err);
    ASSERT(batch->magic == BATCH_MAGIC);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_fetch_add_explicit(&sink->delivered, 1, memory_order_relaxed);
    } else if (too_large && (transactional || !sink->dropping)) { /* may come only while its transaction is aborted */
        if (take_too_large(sink, batch, (struct slice){message->payload, message->len})) return;
    } else if (!transactional && !sink->dropping) {
        char text[512];
        rd_kafka_resp_err_t code = rd_kafka_fatal_error(client, text,
                                                        sizeof text); /* then this message was only purged */
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            code = message->err;
            snprintf(text, sizeof text, "topic %s: %s", rd_kafka_topic_name(message->rkt), rd_kafka_err2str(code));
        }
        fail(sink, code, text, NULL);
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && transactional && !sink->dropping) sink->undone = true;
    atomic_fetch_sub_explicit(&batch->undelivered, 1, memory_order_release);
}

/* What a message that was not even taken means. Takes the problem. */
static enum sink_result not_taken(struct sink_kafka *sink, rd_kafka_error_t *problem, struct error *error) {
    enum sink_result result = look(sink, error);
    if (result == SINK_DONE && sink->in_transaction) {
        result = SINK_ABORT;
        error_set(error, STATUS_FAILED, "kafka: %s: %s", sink->request.cluster->brokers,
                  rd_kafka_error_string(problem));
    } else if (result == SINK_DONE) {
        result = fail(sink, rd_kafka_error_code(problem), rd_kafka_error_string(problem), error);
    }
    rd_kafka_error_destroy(problem);
    return result;
}

/* A record, or without a mark a reject. */
static enum sink_result produce(struct sink_kafka *sink, struct batch *batch, struct record_mark *mark,
                                struct slice value, struct error *error) {
    char address[IP_TEXT_BYTES_MAX];
    rd_kafka_vu_t parts[5];
    size_t parts_count = 3;
    parts[0].vtype = RD_KAFKA_VTYPE_RKT;
    parts[0].u.rkt = mark != NULL ? sink->producer.records : sink->producer.rejects;
    parts[1].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[1].u.mem.ptr = (void *)(uintptr_t)value.ptr;
    parts[1].u.mem.size = value.len;
    parts[2].vtype = RD_KAFKA_VTYPE_OPAQUE;
    parts[2].u.ptr = batch;
    if (mark != NULL) {
        parts[3].vtype = RD_KAFKA_VTYPE_KEY;
        parts[3].u.mem.ptr = mark->has_client ? address : mark->id;
        parts[3].u.mem.size = mark->has_client ? ip_format(&mark->client, address) : HASH_ID_DIGITS;
        parts[4].vtype = RD_KAFKA_VTYPE_HEADER;
        parts[4].u.header.name = "format";
        parts[4].u.header.val = mark->format;
        parts[4].u.header.size = (ssize_t)strlen(mark->format);
        parts_count = 5;
    }
    rd_kafka_error_t *problem = rd_kafka_produceva(sink->producer.client, parts, parts_count);
    if (problem == NULL) {
        atomic_fetch_add_explicit(&batch->undelivered, 1, memory_order_relaxed);
        return SINK_DONE;
    }
    if (mark == NULL || !is_too_large(rd_kafka_error_code(problem))) return not_taken(sink, problem, error);
    rd_kafka_error_destroy(problem); /* larger than the user's message.max.bytes */
    refuse(batch, mark);
    return SINK_DONE;
}

static enum sink_result begin(struct sink_kafka *sink, struct error *error) {
    ASSERT(sink->ready && !sink->committing);
    enum sink_result result = look(sink, error);
    if (result != SINK_DONE || sink->request.transactional_id == NULL || sink->in_transaction) return result;
    result = judge(sink, rd_kafka_begin_transaction(sink->producer.client), error);
    if (result != SINK_DONE) return result;
    sink->in_transaction = true;
    sink->began_ms = kafka_producer_now_ms();
    return SINK_DONE;
}

enum sink_result sink_kafka_send_rejects(struct sink_kafka *sink, struct batch *batch, size_t begin_at,
                                         struct error *error) {
    if (sink->parked_count > 0) return SINK_WAIT;
    enum sink_result result = begin(sink, error);
    if (sink->producer.rejects == NULL) return result;
    const char *line = batch->reject + begin_at, *end = batch->reject + batch->reject_bytes;
    while (result == SINK_DONE && line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        ASSERT(line_end != NULL);
        result = produce(sink, batch, NULL, (struct slice){line, (size_t)(line_end - line)}, error);
        line = line_end + 1;
    }
    return result;
}

enum sink_result sink_kafka_send(struct sink_kafka *sink, struct batch *batch, struct error *error) {
    if (sink->parked_count > 0) return SINK_WAIT;
    enum sink_result result = begin(sink, error);
    if (result != SINK_DONE) return result;
    uint32_t at = 0;
    for (uint32_t i = 0; sink->producer.records != NULL && i < batch->marks_count; i++) {
        struct record_mark *mark = &batch->marks[i];
        struct slice value = {batch->out + at, mark->end - at - 1};
        at = mark->end;
        if (is_known(sink, mark, value.len))
            refuse(batch, mark);
        else if ((result = produce(sink, batch, mark, value, error)) != SINK_DONE)
            return result;
    }
    return sink_kafka_send_rejects(sink, batch, 0, error);
}

/* --- producers ------------------------------------------------------------------------------------ */

static enum status make_producer(struct sink_kafka *sink, int set_bytes, struct error *error) {
    static const struct kafka_producer_events events = {on_delivery, on_error};
    struct kafka_producer_request request = {.cluster = sink->request.cluster,
                                             .records_topic = sink->request.records_topic,
                                             .rejects_topic = sink->request.rejects_topic,
                                             .transactional_id = sink->request.transactional_id,
                                             .set_bytes = set_bytes,
                                             .events = &events,
                                             .opaque = sink};
    sink->ready = sink->lost = sink->sets_too_large = false;
    atomic_fetch_add_explicit(&sink->producers, 1, memory_order_relaxed);
    return kafka_producer_open(&sink->producer, &request, error);
}

/* Every message ends, as purged when not otherwise: false when that takes longer. */
static bool drop_all(struct sink_kafka *sink, uint32_t wait_ms) {
    sink->dropping = true;
    rd_kafka_purge(sink->producer.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    bool done = rd_kafka_flush(sink->producer.client, (int)wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    sink->dropping = false;
    for (size_t i = 0; i < sink->parked_count; i++)
        atomic_fetch_sub_explicit(&sink->parked[i].batch->undelivered, 1, memory_order_release);
    sink->parked_count = 0;
    return done;
}

/* A new producer, with half as large sets when they were too large. All messages of the old one have ended. */
static enum sink_result replace_producer(struct sink_kafka *sink, struct error *error) {
    int set_bytes = sink->producer.set_bytes;
    if (sink->sets_too_large) {
        set_bytes = set_bytes > 1 ? set_bytes / 2 : 1;
        sink->request.report(
            true, "a topic takes no messages as large as batch.size: sending less at a time; a batch.size of the "
                  "topic's max.message.bytes at most avoids this");
    }
    kafka_producer_close(&sink->producer);
    if (make_producer(sink, set_bytes, error) == STATUS_OK) return SINK_DONE;
    return fail(sink, RD_KAFKA_RESP_ERR_NO_ERROR, error->message, error);
}

/* Parked messages go out by a producer with smaller sets once the present one has nothing left. */
static enum sink_result resend(struct sink_kafka *sink, struct error *error) {
    if (sink->parked_count == 0 || rd_kafka_outq_len(sink->producer.client) > 0) return SINK_DONE;
    enum sink_result result = replace_producer(sink, error);
    sink->ready = true;
    struct parked *parked = sink->parked;
    size_t count = sink->parked_count;
    sink->parked = NULL; /* produce() parks nothing, but a next delivery may */
    sink->parked_count = sink->parked_room = 0;
    for (size_t i = 0; i < count; i++) {
        struct batch *batch = parked[i].batch;
        struct slice value = parked[i].value;
        if (result == SINK_DONE) result = produce(sink, batch, mark_of(batch, value.ptr), value, error);
        atomic_fetch_sub_explicit(&batch->undelivered, 1, memory_order_release);
    }
    free(parked);
    return result;
}

enum status sink_kafka_new(const struct sink_kafka_request *request, struct sink_kafka **result, struct error *error) {
    struct sink_kafka *sink = calloc(1, sizeof *sink);
    *result = sink;
    if (sink == NULL) return error_set(error, STATUS_FAILED, "kafka: out of memory");
    sink->request = *request;
    kafka_producer_init(&sink->producer);
    sink->refused = calloc(KAFKA_REFUSED_MAX, sizeof *sink->refused);
    if (sink->refused == NULL) return error_set(error, STATUS_FAILED, "kafka: out of memory");
    return make_producer(sink, 0, error);
}

void sink_kafka_free(struct sink_kafka *sink) {
    if (sink == NULL) return;
    if (sink->producer.client != NULL) drop_all(sink, DROP_MS_MAX);
    kafka_producer_close(&sink->producer);
    kafka_producer_destroy(&sink->producer);
    free(sink->parked);
    free(sink->refused);
    free(sink);
}

/* --- transactions --------------------------------------------------------------------------------- */

static uint32_t left_ms(int64_t deadline_ms) {
    int64_t left = deadline_ms - kafka_producer_now_ms();
    return left > 0 ? (uint32_t)left : 0;
}

static enum sink_result see_topics(struct sink_kafka *sink, int64_t deadline_ms, struct error *error) {
    rd_kafka_topic_t *const topics[] = {sink->producer.records, sink->producer.rejects};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        if (topics[i] == NULL) continue;
        rd_kafka_resp_err_t code = kafka_producer_ask(&sink->producer, topics[i], left_ms(deadline_ms));
        rd_kafka_poll(sink->producer.client, 0); /* for on_error */
        if (sink->failure.message[0] != '\0') return look(sink, error);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        error_set(error, STATUS_FAILED, "kafka: %s: topic %s: %s", sink->request.cluster->brokers,
                  rd_kafka_topic_name(topics[i]), rd_kafka_err2str(code));
        if (kafka_trouble(code) != KAFKA_HOPELESS) return SINK_WAIT;
        if (sink->missing_since_ms == 0) sink->missing_since_ms = kafka_producer_now_ms();
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
            kafka_producer_now_ms() - sink->missing_since_ms < MISSING_MS_MAX) {
            rd_kafka_poll(sink->producer.client, (int)(left_ms(deadline_ms) < 100 ? left_ms(deadline_ms) : 100));
            return SINK_WAIT;
        }
        char text[512];
        snprintf(text, sizeof text, "topic %s: %s", rd_kafka_topic_name(topics[i]), rd_kafka_err2str(code));
        return fail(sink, code, text, error);
    }
    sink->topics_seen = true;
    return SINK_DONE;
}

enum sink_result sink_kafka_prepare(struct sink_kafka *sink, uint32_t wait_ms, struct error *error) {
    int64_t deadline_ms = kafka_producer_now_ms() + wait_ms;
    rd_kafka_poll(sink->producer.client, 0); /* for on_error */
    if (sink->failure.message[0] != '\0') return look(sink, error);
    if (!sink->topics_seen) {
        enum sink_result result = see_topics(sink, deadline_ms, error);
        if (result != SINK_DONE) return result;
        kafka_producer_cluster_id(&sink->producer, sink->cluster_id);
    }
    if (!sink->ready && sink->request.transactional_id != NULL) {
        enum sink_result result = judge(
            sink, rd_kafka_init_transactions(sink->producer.client, (int)left_ms(deadline_ms)), error);
        if (result != SINK_DONE) return result;
    }
    sink->ready = true;
    return SINK_DONE;
}

enum sink_result sink_kafka_serve(struct sink_kafka *sink, uint32_t wait_ms, struct error *error) {
    rd_kafka_poll(sink->producer.client, (int)wait_ms);
    enum sink_result result = look(sink, error);
    return result == SINK_DONE ? resend(sink, error) : result;
}

static void end_transaction(struct sink_kafka *sink, atomic_uint_fast64_t *count) {
    if (sink->in_transaction) atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    sink->in_transaction = sink->positions_sent = sink->undone = false;
}

enum sink_result sink_kafka_commit(struct sink_kafka *sink, const rd_kafka_topic_partition_list_t *positions,
                                   const rd_kafka_consumer_group_metadata_t *group, uint32_t wait_ms,
                                   struct error *error) {
    int64_t deadline_ms = kafka_producer_now_ms() + wait_ms;
    rd_kafka_t *client = sink->producer.client;
    if (!sink->committing) {
        enum sink_result result = begin(sink, error); /* there is none yet when no line became a message */
        if (result != SINK_DONE) return result;
        rd_kafka_resp_err_t code = rd_kafka_flush(client, (int)wait_ms);
        result = look(sink, error);
        if (result != SINK_DONE) return result;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return SINK_WAIT;
        if (positions != NULL && !sink->positions_sent) {
            /* not `wait_ms`: when this takes longer than it may, the transaction is to be aborted */
            result = judge(
                sink,
                rd_kafka_send_offsets_to_transaction(client, positions, group, (int)sink->producer.transaction_ms_max),
                error);
            if (result != SINK_DONE) return result;
            sink->positions_sent = true;
        }
        sink->committing = true;
    }
    enum sink_result result = judge(sink, rd_kafka_commit_transaction(client, (int)left_ms(deadline_ms)), error);
    if (result == SINK_WAIT) return result;
    sink->committing = false;
    if (result != SINK_DONE) return result;
    end_transaction(sink, &sink->committed);
    sink->losses_count = 0;
    sink->refused_count = 0;
    return SINK_DONE;
}

enum sink_result sink_kafka_abort(struct sink_kafka *sink, uint32_t wait_ms, struct error *error) {
    int64_t deadline_ms = kafka_producer_now_ms() + wait_ms;
    ASSERT(!sink->committing);
    if (sink->in_transaction && !sink->lost && !sink->sets_too_large) {
        sink->dropping = true;
        enum sink_result result = judge(sink, rd_kafka_abort_transaction(sink->producer.client, (int)wait_ms), error);
        sink->dropping = false;
        if (result == SINK_FAILED) return result;
        if (result != SINK_DONE && !sink->lost) return SINK_WAIT;
    }
    if (!drop_all(sink, left_ms(deadline_ms))) return SINK_WAIT;
    if (sink->lost || sink->sets_too_large) {
        enum sink_result result = replace_producer(sink, error);
        if (result != SINK_DONE) return result;
    }
    end_transaction(sink, &sink->aborted);
    return sink->ready ? SINK_DONE : sink_kafka_prepare(sink, left_ms(deadline_ms), error);
}

void sink_kafka_purge(struct sink_kafka *sink) {
    while (!drop_all(sink, DROP_MS_MAX)) {
    }
}

/* --- small things --------------------------------------------------------------------------------- */

void sink_kafka_wake(struct sink_kafka *sink) {
    kafka_producer_wake(&sink->producer);
}

const char *sink_kafka_cluster_id(struct sink_kafka *sink) {
    return sink->cluster_id;
}

void sink_kafka_count(const struct sink_kafka *sink, struct kafka_counts *counts) {
    counts->delivered += atomic_load_explicit(&sink->delivered, memory_order_relaxed);
    counts->producers += atomic_load_explicit(&sink->producers, memory_order_relaxed);
    counts->transactions_committed += atomic_load_explicit(&sink->committed, memory_order_relaxed);
    counts->transactions_aborted += atomic_load_explicit(&sink->aborted, memory_order_relaxed);
}

/* --- as any asynchronous sink --------------------------------------------------------------------- */

static enum sink_result prepare_any(void *sink, uint32_t wait_ms, struct error *error) {
    return sink_kafka_prepare(sink, wait_ms, error);
}

static enum sink_result send_any(void *sink, struct batch *batch, struct error *error) {
    return sink_kafka_send(sink, batch, error);
}

static enum sink_result serve_any(void *sink, uint32_t wait_ms, struct error *error) {
    return sink_kafka_serve(sink, wait_ms, error);
}

static void purge_any(void *sink) {
    sink_kafka_purge(sink);
}

static void wake_any(void *sink) {
    sink_kafka_wake(sink);
}

const struct async_sink_ops sink_kafka_ops = {prepare_any, send_any, serve_any, purge_any, wake_any};
