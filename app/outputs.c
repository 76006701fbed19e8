/* Batches end in order, and one after the other: every one of them passes every delivery, in the order in which they came, and the last
 * delivery to have it ends it before it goes on to the next.
 *
 * Threads: see the header. */
#include "app/outputs.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/monotonic.h"

struct item {
    struct outputs *outputs;
    struct delivery *delivery; /* NULL: a file, or nothing */
    struct output_counts counts;
    /* of deliveries: */
    atomic_uint_fast64_t pushed, arrived; /* batches; */
    atomic_uint_fast64_t records;         /* that are on their way */
    atomic_uint_fast64_t moved_ms;        /* when the last batch arrived, or came when none was on its way */
};

struct outputs {
    struct outputs_request request;
    struct item items[OUTPUTS_MAX];
    uint32_t deliveries_count;
    atomic_bool failed;
};

static void fail(struct outputs *outputs, bool gone, const struct error *error) {
    atomic_store(&outputs->failed, true);
    outputs->request.fail(outputs->request.context, gone, error);
}

/* What of a batch goes to files. False: that failed, and was said. */
static bool write_files(struct outputs *outputs, const struct batch *batch) {
    const struct outputs_request *request = &outputs->request;
    enum status status = STATUS_OK;
    struct error error;
    bool gone = false;
    for (uint32_t i = 0; i < request->items_count && status == STATUS_OK; i++) {
        struct sink_file *file = request->items[i].file;
        const struct batch *share = batch->shares != NULL ? &batch->shares[i] : batch;
        if (file == NULL || share->out_bytes == 0) continue;
        status = sink_file_ops.write(file, share->out, share->out_bytes, &error);
        gone = status != STATUS_OK && sink_file_reader_gone(file);
    }
    if (status == STATUS_OK && request->rejects != NULL && batch->reject_bytes > 0)
        status = sink_file_ops.write(request->rejects, batch->reject, batch->reject_bytes, &error);
    if (status != STATUS_OK) fail(outputs, gone, &error);
    return status == STATUS_OK;
}

static void count_shares(struct outputs *outputs, const struct batch *batch) {
    for (uint32_t i = 0; i < batch->shares_count; i++) {
        const struct tally *tally = &batch->shares[i].tally;
        struct output_counts *counts = &outputs->items[i].counts;
        counts->written += tally->written;
        counts->duplicates += tally->duplicates;
        counts->refused += tally->rejected[REJECT_REFUSED] + tally->rejected[REJECT_TOO_LARGE];
    }
}

/* All outputs that take their time have their shares; `dropped`: not all do. */
static void end_batch(struct outputs *outputs, struct batch *batch, bool dropped) {
    const struct outputs_request *request = &outputs->request;
    batch_gather_shares(batch);
    bool good = !dropped && !atomic_load(&outputs->failed) && write_files(outputs, batch);
    if (good) {
        count_shares(outputs, batch);
        request->count(request->context, &batch->tally);
    }
    request->release(request->context, batch, !good);
}

/* --- deliveries ----------------------------------------------------------------------------------- */

static bool write_rest(void *context, const struct batch *batch) {
    const struct item *item = context;
    return batch->whole != NULL || write_files(item->outputs, batch);
}

static void count(void *context, const struct tally *tally) {
    const struct outputs_request *request = &((struct item *)context)->outputs->request;
    request->count(request->context, tally);
}

static void end_share(void *context, struct batch *batch, bool dropped) {
    struct item *item = context;
    struct outputs *outputs = item->outputs;
    struct batch *whole = batch->whole;
    if (whole == NULL) {
        outputs->request.release(outputs->request.context, batch, dropped);
        return;
    }
    const struct tally *tally = &batch->tally;
    atomic_fetch_sub(&item->records, tally->written + tally->duplicates + tally->rejected[REJECT_REFUSED] +
                                         tally->rejected[REJECT_TOO_LARGE]);
    atomic_fetch_add(&item->arrived, 1);
    atomic_store(&item->moved_ms, monotonic_ms());
    if (dropped) atomic_store(&whole->shares_dropped, true);
    if (atomic_fetch_sub(&whole->shares_open, 1) == 1) end_batch(outputs, whole, atomic_load(&whole->shares_dropped));
}

static void delivery_failed(void *context, const struct error *error) {
    fail(((struct item *)context)->outputs, false, error);
}

static void push_share(struct item *item, struct batch *share) {
    if (share->whole != NULL) {
        if (atomic_load(&item->pushed) == atomic_load(&item->arrived)) atomic_store(&item->moved_ms, monotonic_ms());
        atomic_fetch_add(&item->records, share->tally.written);
        atomic_fetch_add(&item->pushed, 1);
    }
    delivery_push(item->delivery, share);
}

void outputs_push(struct outputs *outputs, struct batch *batch) {
    if (outputs->deliveries_count == 0) {
        end_batch(outputs, batch, false);
        return;
    }
    atomic_store(&batch->shares_open, outputs->deliveries_count);
    for (uint32_t i = 0, left = outputs->deliveries_count; left > 0; i++) {
        if (outputs->items[i].delivery == NULL) continue;
        left--; /* with the last share the batch is gone */
        push_share(&outputs->items[i], batch_share(batch, i));
    }
}

struct output_awaited outputs_awaited(const struct outputs *outputs, uint32_t stalled_ms) {
    struct output_awaited awaited = {.name = NULL};
    uint64_t now = monotonic_ms(), least = UINT64_MAX;
    for (uint32_t i = 0; i < outputs->request.items_count; i++) {
        const struct item *item = &outputs->items[i];
        uint64_t arrived = atomic_load(&item->arrived), moved_ms = atomic_load(&item->moved_ms);
        if (atomic_load(&item->pushed) == arrived || now < moved_ms + stalled_ms || arrived >= least) continue;
        least = arrived;
        awaited = (struct output_awaited){outputs->request.items[i].name, atomic_load(&item->records), now - moved_ms};
    }
    return awaited;
}

struct output_counts outputs_counts(const struct outputs *outputs, uint32_t index) {
    ASSERT(index < outputs->request.items_count);
    return outputs->items[index].counts;
}

/* --- life ----------------------------------------------------------------------------------------- */

static bool start_delivery(struct outputs *outputs, uint32_t index) {
    const struct outputs_request *request = &outputs->request;
    const struct output *output = &request->items[index];
    struct item *item = &outputs->items[index];
    const struct delivery_request delivery = {.ops = output->ops,
                                              .sink = output->sink,
                                              .kafka = output->kafka,
                                              .rejects = request->rejects_to_kafka,
                                              .source = request->source,
                                              .write_rest = write_rest,
                                              .count = count,
                                              .release = end_share,
                                              .fail = delivery_failed,
                                              .context = item,
                                              .abandoned = &outputs->failed};
    if (output->ops == NULL) return true;
    item->delivery = delivery_new(&delivery);
    outputs->deliveries_count += item->delivery != NULL;
    return item->delivery != NULL;
}

struct outputs *outputs_new(const struct outputs_request *request) {
    ASSERT(request->items_count >= 1 && request->items_count <= OUTPUTS_MAX);
    ASSERT(request->items_count == 1 || (!request->rejects_to_kafka && request->source == NULL));
    struct outputs *outputs = calloc(1, sizeof *outputs);
    if (outputs == NULL) return NULL;
    outputs->request = *request;
    bool good = true;
    for (uint32_t i = 0; i < request->items_count && good; i++) {
        outputs->items[i].outputs = outputs;
        good = start_delivery(outputs, i);
    }
    if (good) return outputs;
    outputs_finish(outputs);
    outputs_free(outputs);
    return NULL;
}

void outputs_abandon(struct outputs *outputs) {
    atomic_store(&outputs->failed, true); /* deliveries look at it */
}

void outputs_finish(struct outputs *outputs) {
    for (uint32_t i = 0; i < outputs->request.items_count; i++)
        if (outputs->items[i].delivery != NULL) delivery_finish(outputs->items[i].delivery);
}

void outputs_free(struct outputs *outputs) {
    if (outputs == NULL) return;
    for (uint32_t i = 0; i < outputs->request.items_count; i++) delivery_free(outputs->items[i].delivery);
    free(outputs);
}
