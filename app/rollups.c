/* Documents go the way that records go: batches of them to a file, or by a delivery to OpenSearch.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/rollups.h"

#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "base/check.h"
#include "enrich/heat.h"
#include "sinks/bulk_action.h"
#include "sinks/mapping_check.h"
#include "sinks/rollup_document.h"
#include "sinks/sink_opensearch.h"

#define BATCHES 4u         /* one that is filled, the others on their way */
#define ASK_MS 2000u       /* at the start, for a node that answers */
#define REFUSAL_SHOWN 600u /* bytes of a reject line: its reason stands in front */

struct rollups {
    struct rollups_request request;
    struct heat *heat;
    struct sink_opensearch *sink; /* NULL: to a file */
    struct bulk_action action;
    struct timestamp_cache days;
    uint64_t documents_count;
    /* while they are written: */
    struct ring ring;
    enum status status; /* the first failure, and its error */
    struct error *error;
};

/* --- batches of documents ------------------------------------------------------------------------- */

static const struct origin no_origin; /* documents were made here */

/* One more document; its mark is what a delivery needs, and says nothing of a line. */
static void add_document(struct rollups *rollups, struct batch *batch, const struct heat_row *row) {
    char id[HASH_ID_DIGITS], *out = batch->out + batch->out_bytes;
    rollup_heat_id(row, id);
    if (rollups->sink != NULL) {
        bulk_action_write(&rollups->action, id, rollup_heat_time_ns(row), &rollups->days, out);
        out += rollups->action.bytes;
    }
    out += rollup_heat_write(row, id, &rollups->days, out);
    batch->out_bytes = (size_t)(out - batch->out);
    struct record_mark *mark = &batch->marks[batch->marks_count++];
    *mark = (struct record_mark){
        .end = (uint32_t)batch->out_bytes, .format = "heat", .origin = &no_origin, .note = UINT32_MAX};
    memcpy(mark->id, id, sizeof mark->id);
    batch->tally.written++;
}

/* Rows from `*next` on, as many as fit. */
static void fill(struct rollups *rollups, struct batch *batch, uint32_t *next, uint32_t rows_count) {
    size_t room = BULK_ACTION_BYTES_MAX + ROLLUP_DOCUMENT_BYTES_MAX;
    (void)batch_add_segment(batch);
    while (*next < rows_count && batch->marks_count < BATCH_LINES_MAX && batch->out_bytes + room < BATCH_TEXT_BYTES) {
        const struct heat_row row = heat_row(rollups->heat, (*next)++);
        add_document(rollups, batch, &row);
    }
}

/* --- to OpenSearch -------------------------------------------------------------------------------- */

/* All of a batch has arrived. What a node refuses of it is our mistake, or an index that somebody made for something else. */
static bool take_arrived(void *context, const struct batch *batch) {
    struct rollups *rollups = context;
    rollups->documents_count += batch->tally.written;
    if (batch->reject_bytes == 0) return true;
    const char *end = memchr(batch->reject, '\n', batch->reject_bytes);
    size_t bytes = end != NULL ? (size_t)(end - batch->reject) : batch->reject_bytes;
    rollups->status = error_set(
        rollups->error, STATUS_FAILED,
        "rollups: %s/%s refused documents; make the index with the template of `wherefrom template --rollups`: %.*s",
        rollups->request.output->url, rollups->request.output->name,
        (int)(bytes < REFUSAL_SHOWN ? bytes : REFUSAL_SHOWN), batch->reject);
    return false;
}

static void count_nothing(void *context, const struct tally *tally) {
    (void)context;
    (void)tally;
}

static void take_back(void *context, struct batch *batch, bool dropped) {
    (void)dropped;
    ring_give_back(&((struct rollups *)context)->ring, batch);
}

static void delivery_failed(void *context, const struct error *error) {
    struct rollups *rollups = context;
    rollups->status = error_set(rollups->error, STATUS_FAILED, "rollups: %.900s", error->message);
}

static enum status deliver(struct rollups *rollups, uint32_t rows_count) {
    const struct delivery_request request = {.ops = &sink_opensearch_ops,
                                             .sink = rollups->sink,
                                             .write_rest = take_arrived,
                                             .count = count_nothing,
                                             .release = take_back,
                                             .fail = delivery_failed,
                                             .context = rollups};
    struct delivery *delivery = ring_init(&rollups->ring, BATCHES) ? delivery_new(&request) : NULL;
    if (delivery == NULL) {
        ring_destroy(&rollups->ring);
        return error_set(rollups->error, STATUS_FAILED, "rollups: out of memory");
    }
    for (uint32_t next = 0; next < rows_count;) {
        struct batch *batch = ring_take(&rollups->ring, RING_STREAM);
        fill(rollups, batch, &next, rows_count);
        delivery_push(delivery, batch);
    }
    delivery_finish(delivery);
    delivery_free(delivery);
    ring_destroy(&rollups->ring);
    return rollups->status;
}

/* --- to a file ------------------------------------------------------------------------------------ */

static enum status write_file(struct rollups *rollups, uint32_t rows_count) {
    struct batch batch;
    enum status status = STATUS_OK;
    if (!batch_init(&batch)) status = error_set(rollups->error, STATUS_FAILED, "rollups: out of memory");
    for (uint32_t next = 0; next < rows_count && status == STATUS_OK; batch_reset(&batch)) {
        fill(rollups, &batch, &next, rows_count);
        status = sink_file_ops.write(rollups->request.file, batch.out, batch.out_bytes, rollups->error);
        if (status == STATUS_OK) rollups->documents_count += batch.tally.written;
    }
    batch_destroy(&batch);
    return status == STATUS_OK ? sink_file_ops.close(rollups->request.file, rollups->error) : status;
}

/* --- life ----------------------------------------------------------------------------------------- */

void rollups_count(struct rollups *rollups, const struct batch *batch) {
    heat_add(rollups->heat, batch->notes, batch->notes_count);
}

enum status rollups_write(struct rollups *rollups, struct error *error) {
    uint32_t rows_count = heat_sort(rollups->heat);
    rollups->error = error;
    return rollups->sink != NULL ? deliver(rollups, rows_count) : write_file(rollups, rows_count);
}

struct rollups_counts rollups_counts(const struct rollups *rollups) {
    return (struct rollups_counts){rollups->documents_count, heat_folded_count(rollups->heat)};
}

enum status rollups_open(const struct rollups_request *request, struct rollups **result, struct error *error) {
    struct rollups *rollups = calloc(1, sizeof *rollups);
    *result = rollups;
    if (rollups != NULL) rollups->heat = heat_new(request->bytes_max);
    if (rollups == NULL || rollups->heat == NULL) return error_set(error, STATUS_FAILED, "rollups: out of memory");
    rollups->request = *request;
    if (request->output == NULL) return STATUS_OK;
    static const struct mapping_wanted wanted = {
        .rollups = true, .count = 1, .fields = {{"geo.location", "geo_point"}}};
    const struct sink_opensearch_request sink = {
        .output = request->output, .wanted = request->output->any_mapping ? NULL : &wanted, .report = request->report};
    bulk_action_init(&rollups->action, request->output, BULK_INDEX);
    enum status status = sink_opensearch_new(&sink, &rollups->sink, error);
    if (status == STATUS_OK && sink_opensearch_ops.prepare(rollups->sink, ASK_MS, error) == SINK_FAILED)
        status = STATUS_FAILED;
    return status;
}

void rollups_free(struct rollups *rollups) {
    if (rollups == NULL) return;
    sink_opensearch_free(rollups->sink);
    heat_free(rollups->heat);
    free(rollups);
}
