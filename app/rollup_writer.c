/* To a file a batch is written when it is full; to OpenSearch and Kafka a delivery has its thread from the first document to the end.
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* memmem */
#include "app/rollup_writer.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "base/check.h"
#include "sinks/bulk_action.h"
#include "sinks/disguise_text.h"
#include "sinks/mapping_check.h"
#include "sinks/rollup_document.h"
#include "sinks/sink_kafka.h"
#include "sinks/sink_opensearch.h"

#define BATCHES 4u         /* one that is filled, the others on their way */
#define ASK_MS 2000u       /* at the start, for a node that answers */
#define REFUSAL_SHOWN 600u /* bytes of a reject line: its reason stands in front */

struct rollup_writer {
    struct rollup_writer_request request;
    struct sink_opensearch *documents; /* one of both; NULL: to a file */
    struct sink_kafka *messages;
    struct bulk_action action;
    struct timestamp_cache days;
    struct disguise *disguise; /* NULL: documents leave as they are */
    uint64_t put_count;
    atomic_uint_fast64_t arrived_count;
    struct ring ring;
    struct batch *batch;       /* that is being filled; NULL: none */
    struct delivery *delivery; /* NULL: not running */
    pthread_mutex_t lock;      /* of the next two */
    bool failed;
    struct error error; /* the first one */
};

static const struct origin no_origin; /* documents were made here */

static void fail(struct rollup_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct rollup_writer *writer, const char *format, ...) {
    ASSERT(pthread_mutex_lock(&writer->lock) == 0);
    if (!writer->failed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(writer->error.message, sizeof writer->error.message, format, arguments);
        va_end(arguments);
    }
    writer->failed = true;
    ASSERT(pthread_mutex_unlock(&writer->lock) == 0);
}

bool rollup_writer_failed(struct rollup_writer *writer, struct error *error) {
    ASSERT(pthread_mutex_lock(&writer->lock) == 0);
    bool failed = writer->failed;
    if (failed) *error = writer->error;
    ASSERT(pthread_mutex_unlock(&writer->lock) == 0);
    return failed;
}

/* --- OpenSearch, Kafka ------------------------------------------------------------------------------ */

static uint64_t documents_of(const struct batch *batch) {
    return batch->tally.written + batch->tally.duplicates;
}

/* All of a batch has arrived. What a node refuses of it is our mistake, or an index that somebody made for something else. */
static bool take_arrived(void *context, const struct batch *batch) {
    struct rollup_writer *writer = context;
    if (batch->reject_bytes == 0) {
        atomic_fetch_add(&writer->arrived_count, documents_of(batch));
        return true;
    }
    const char *end = memchr(batch->reject, '\n', batch->reject_bytes);
    int bytes = (int)(end != NULL ? (size_t)(end - batch->reject) : batch->reject_bytes);
    if (bytes > (int)REFUSAL_SHOWN) bytes = (int)REFUSAL_SHOWN;
    if (writer->messages != NULL)
        fail(writer, "rollups: kafka %s refused documents: %.*s", writer->request.kafka->records_topic, bytes,
             batch->reject);
    else
        fail(writer,
             "rollups: %s/%s refused documents; make the index with the template of `wherefrom template --rollups`: "
             "%.*s",
             writer->request.output->url, writer->request.output->name, bytes, batch->reject);
    return false;
}

static void count_nothing(void *context, const struct tally *tally, enum source_kind source) {
    (void)context;
    (void)tally;
    (void)source;
}

static void take_back(void *context, struct batch *batch, bool dropped) {
    (void)dropped;
    ring_give_back(&((struct rollup_writer *)context)->ring, batch);
}

static void delivery_failed(void *context, const struct error *error) {
    fail(context, "rollups: %.900s", error->message);
}

static bool start_delivery(struct rollup_writer *writer) {
    bool to_kafka = writer->messages != NULL;
    const struct delivery_request request = {.ops = to_kafka ? &sink_kafka_ops : &sink_opensearch_ops,
                                             .sink = to_kafka ? (void *)writer->messages : (void *)writer->documents,
                                             .kafka = writer->messages,
                                             .write_rest = take_arrived,
                                             .count = count_nothing,
                                             .release = take_back,
                                             .fail = delivery_failed,
                                             .context = writer};
    if (writer->delivery == NULL) writer->delivery = delivery_new(&request);
    return writer->delivery != NULL;
}

/* --- batches -------------------------------------------------------------------------------------- */

static void send_batch(struct rollup_writer *writer) {
    struct batch *batch = writer->batch;
    writer->batch = NULL;
    if (writer->request.file == NULL) {
        delivery_push(writer->delivery, batch);
        return;
    }
    struct error error;
    if (!rollup_writer_failed(writer, &error)) {
        if (sink_file_ops.write(writer->request.file, batch->out, batch->out_bytes, &error) == STATUS_OK)
            atomic_fetch_add(&writer->arrived_count, documents_of(batch));
        else
            fail(writer, "%s", error.message);
    }
    ring_give_back(&writer->ring, batch);
}

/* The batch that the next document goes into; NULL: there is no memory to deliver it. */
static struct batch *batch_with_room(struct rollup_writer *writer, size_t bytes) {
    struct batch *batch = writer->batch;
    if (batch != NULL &&
        (batch->marks_count == BATCH_LINES_MAX || batch->out_bytes + BULK_ACTION_BYTES_MAX + bytes > BATCH_TEXT_BYTES))
        send_batch(writer);
    if (writer->batch != NULL) return writer->batch;
    if (writer->request.file == NULL && !start_delivery(writer)) return NULL;
    writer->batch = ring_take(&writer->ring, RING_STREAM);
    writer->batch->origin = &no_origin;
    (void)batch_add_segment(writer->batch);
    return writer->batch;
}

void rollup_writer_set_privacy(struct rollup_writer *writer, const struct privacy *privacy) {
    if (privacy == NULL) return;
    if (writer->disguise == NULL) writer->disguise = disguise_new();
    ASSERT(writer->disguise != NULL); /* once per run: there is no sensible way on without */
    disguise_use(writer->disguise, privacy);
}

/* Returns the bytes. A sum is of the time in front of its own: that of a window is its end. */
static size_t write_document(struct rollup_writer *writer, const struct rollup_text *document, const char *id,
                             char *out) {
    struct disguise *disguise = writer->disguise;
    if (disguise == NULL) {
        memcpy(out, document->json, document->bytes);
        return document->bytes;
    }
    char *scratch = memcpy(disguise->scratch, document->json, document->bytes);
    char *plain = memmem(scratch, document->bytes, document->id, sizeof document->id);
    ASSERT(plain != NULL);
    memcpy(plain, id, sizeof document->id);
    if (document->client != NULL)
        disguise_sum(disguise, document->client, document->country, document->time_ns - 1);
    else
        disguise_line(disguise);
    return disguise_text(disguise, (struct slice){scratch, document->bytes}, out, ROLLUP_DOCUMENT_BYTES_MAX);
}

/* Its mark is what a delivery needs, and says nothing of a line. */
void rollup_writer_put(struct rollup_writer *writer, const struct rollup_text *document) {
    ASSERT(document->bytes <= ROLLUP_DOCUMENT_BYTES_MAX);
    char id[HASH_ID_DIGITS];
    memcpy(id, document->id, sizeof id);
    if (writer->disguise != NULL) disguise_id(writer->disguise, id);
    struct batch *batch = batch_with_room(writer,
                                          writer->disguise != NULL ? ROLLUP_DOCUMENT_BYTES_MAX : document->bytes);
    if (batch == NULL) {
        fail(writer, "rollups: out of memory");
        return;
    }
    char *out = batch->out + batch->out_bytes;
    if (writer->documents != NULL) {
        bulk_action_write(&writer->action, id, document->time_ns, &writer->days, out);
        bulk_action_set_version(&writer->action, document->revision, out);
        out += writer->action.bytes;
    }
    batch->out_bytes = (size_t)(out - batch->out) + write_document(writer, document, id, out);
    struct record_mark *mark = &batch->marks[batch->marks_count++];
    *mark = (struct record_mark){
        .end = (uint32_t)batch->out_bytes, .format = document->format, .origin = &no_origin, .note = UINT32_MAX};
    memcpy(mark->id, id, sizeof mark->id);
    batch->tally.written++;
    batch->tally.formats[0].outcomes[OUTCOME_WRITTEN]++;
    writer->put_count++;
}

void rollup_writer_flush(struct rollup_writer *writer) {
    if (writer->batch != NULL) send_batch(writer);
}

enum status rollup_writer_finish(struct rollup_writer *writer, struct error *error) {
    rollup_writer_flush(writer);
    if (writer->delivery != NULL) {
        delivery_finish(writer->delivery);
        delivery_free(writer->delivery);
        writer->delivery = NULL;
    }
    return rollup_writer_failed(writer, error) ? STATUS_FAILED : STATUS_OK;
}

enum status rollup_writer_close(struct rollup_writer *writer, struct error *error) {
    enum status status = rollup_writer_finish(writer, error);
    return status == STATUS_OK && writer->request.file != NULL ? sink_file_ops.close(writer->request.file, error)
                                                               : status;
}

uint64_t rollup_writer_put_count(const struct rollup_writer *writer) {
    return writer->put_count;
}

uint64_t rollup_writer_arrived(const struct rollup_writer *writer) {
    return atomic_load(&writer->arrived_count);
}

/* --- life ----------------------------------------------------------------------------------------- */

static enum status open_index(struct rollup_writer *writer, struct error *error) {
    const struct rollup_writer_request *request = &writer->request;
    static const struct mapping_wanted wanted = {
        .rollups = true, .count = 1, .fields = {{"geo.location", "geo_point"}}};
    const struct sink_opensearch_request sink = {
        .output = request->output, .wanted = request->output->any_mapping ? NULL : &wanted, .report = request->report};
    bulk_action_init(&writer->action, request->output, request->versions ? BULK_INDEX_VERSION : BULK_INDEX);
    enum status status = sink_opensearch_new(&sink, &writer->documents, error);
    if (status == STATUS_OK && sink_opensearch_ops.prepare(writer->documents, ASK_MS, error) == SINK_FAILED)
        status = STATUS_FAILED;
    return status;
}

static enum status open_topic(struct rollup_writer *writer, struct error *error) {
    const struct rollup_writer_request *request = &writer->request;
    const struct sink_kafka_request sink = {.cluster = &request->kafka->cluster,
                                            .records_topic = request->kafka->records_topic,
                                            .report = request->kafka_report};
    return sink_kafka_new(&sink, &writer->messages, error);
}

enum status rollup_writer_open(const struct rollup_writer_request *request, struct rollup_writer **result,
                               struct error *error) {
    struct rollup_writer *writer = calloc(1, sizeof *writer);
    *result = writer;
    if (writer == NULL) return error_set(error, STATUS_FAILED, "rollups: out of memory");
    writer->request = *request;
    ASSERT(pthread_mutex_init(&writer->lock, NULL) == 0);
    if (!ring_init(&writer->ring, BATCHES)) return error_set(error, STATUS_FAILED, "rollups: out of memory");
    if (request->output != NULL) return open_index(writer, error);
    return request->kafka != NULL ? open_topic(writer, error) : STATUS_OK;
}

void rollup_writer_free(struct rollup_writer *writer) {
    if (writer == NULL) return;
    sink_opensearch_free(writer->documents);
    sink_kafka_free(writer->messages);
    disguise_free(writer->disguise);
    ring_destroy(&writer->ring);
    ASSERT(pthread_mutex_destroy(&writer->lock) == 0);
    free(writer);
}
