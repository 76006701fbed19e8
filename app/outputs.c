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
    atomic_uint_fast64_t written, duplicates, refused;
    struct latency latency;
    atomic_uint_fast64_t records; /* that are on their way, or being written */
    /* of deliveries: */
    atomic_uint_fast64_t pushed, arrived; /* batches */
    atomic_uint_fast64_t moved_ms;        /* when the last batch arrived, or came when none was on its way */
    atomic_uint_fast64_t bytes;           /* of records that have arrived */
    /* of files: */
    atomic_uint_fast64_t writing_us; /* since when; 0: it is not */
};

struct outputs {
    struct outputs_request request;
    struct item items[OUTPUTS_MAX];
    uint32_t deliveries_count;
    atomic_uint_fast64_t rejecting_us; /* since when rejects are being written; 0: they are not */
    atomic_bool failed;
};

static void fail(struct outputs *outputs, bool gone, const struct error *error) {
    atomic_store(&outputs->failed, true);
    outputs->request.fail(outputs->request.context, gone, error);
}

/* Of a share; with `timed` it is said that it goes on, and how long it took. */
static enum status write_records(struct outputs *outputs, uint32_t index, const struct batch *share,
                                 struct error *error) {
    struct item *item = &outputs->items[index];
    struct sink_file *file = outputs->request.items[index].file;
    if (!outputs->request.timed) return sink_file_ops.write(file, share->out, share->out_bytes, error);
    uint64_t begun_us = monotonic_us();
    bool only_file = item->delivery == NULL; /* else its rejects go to Kafka, and records are counted there */
    if (only_file) atomic_store(&item->records, share->tally.written);
    atomic_store(&item->writing_us, begun_us);
    enum status status = sink_file_ops.write(file, share->out, share->out_bytes, error);
    latency_add(&item->latency, monotonic_us() - begun_us);
    atomic_store(&item->writing_us, 0);
    if (only_file) atomic_store(&item->records, 0);
    return status;
}

static enum status write_rejects(struct outputs *outputs, const struct batch *batch, struct error *error) {
    if (outputs->request.timed) atomic_store(&outputs->rejecting_us, monotonic_us());
    enum status status = sink_file_ops.write(outputs->request.rejects, batch->reject, batch->reject_bytes, error);
    atomic_store(&outputs->rejecting_us, 0);
    return status;
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
        status = write_records(outputs, i, share, &error);
        gone = status != STATUS_OK && sink_file_reader_gone(file);
    }
    if (status == STATUS_OK && request->rejects != NULL && batch->reject_bytes > 0)
        status = write_rejects(outputs, batch, &error);
    if (status != STATUS_OK) fail(outputs, gone, &error);
    return status == STATUS_OK;
}

static uint64_t refused(const struct tally *tally) {
    return tally->rejected[REJECT_REFUSED] + tally->rejected[REJECT_TOO_LARGE];
}

/* Records that an output had, whatever it said of them. */
static uint64_t handed_over(const struct tally *tally) {
    return tally->written + tally->duplicates + refused(tally);
}

static void count_item(struct item *item, const struct tally *tally) {
    atomic_fetch_add(&item->written, tally->written);
    atomic_fetch_add(&item->duplicates, tally->duplicates);
    atomic_fetch_add(&item->refused, refused(tally));
}

static void count_batch(struct outputs *outputs, const struct batch *batch) {
    if (batch->shares == NULL) {
        count_item(&outputs->items[0], &batch->tally);
        return;
    }
    for (uint32_t i = 0; i < batch->shares_count; i++) count_item(&outputs->items[i], &batch->shares[i].tally);
}

/* All outputs that take their time have their shares; `dropped`: not all do. */
static void end_batch(struct outputs *outputs, struct batch *batch, bool dropped) {
    const struct outputs_request *request = &outputs->request;
    batch_gather_shares(batch);
    bool good = !dropped && !atomic_load(&outputs->failed) && write_files(outputs, batch);
    if (good) {
        count_batch(outputs, batch);
        request->count(request->context, &batch->tally, batch->origin->source);
    }
    request->release(request->context, batch, !good);
}

/* --- deliveries ----------------------------------------------------------------------------------- */

static bool write_rest(void *context, const struct batch *batch) {
    const struct item *item = context;
    return batch->whole != NULL || write_files(item->outputs, batch);
}

/* Of the only output. */
static void count(void *context, const struct tally *tally, enum source_kind source) {
    struct item *item = context;
    count_item(item, tally);
    item->outputs->request.count(item->outputs->request.context, tally, source);
}

static void note_arrival(struct item *item, const struct batch *batch, bool dropped) {
    atomic_fetch_sub(&item->records, handed_over(&batch->tally));
    atomic_fetch_add(&item->arrived, 1);
    if (item->outputs->request.timed && !dropped) {
        latency_add(&item->latency, monotonic_us() - batch->handed_over_us);
        atomic_fetch_add(&item->bytes, batch->out_bytes);
    }
    atomic_store(&item->moved_ms, monotonic_ms());
}

static void end_share(void *context, struct batch *batch, bool dropped) {
    struct item *item = context;
    struct outputs *outputs = item->outputs;
    struct batch *whole = batch->whole;
    note_arrival(item, batch, dropped);
    if (whole == NULL) {
        outputs->request.release(outputs->request.context, batch, dropped);
        return;
    }
    if (dropped) atomic_store(&whole->shares_dropped, true);
    if (atomic_fetch_sub(&whole->shares_open, 1) == 1) end_batch(outputs, whole, atomic_load(&whole->shares_dropped));
}

static void delivery_failed(void *context, const struct error *error) {
    fail(((struct item *)context)->outputs, false, error);
}

static void push_share(struct item *item, struct batch *share) {
    if (atomic_load(&item->pushed) == atomic_load(&item->arrived)) atomic_store(&item->moved_ms, monotonic_ms());
    if (item->outputs->request.timed) share->handed_over_us = monotonic_us();
    atomic_fetch_add(&item->records, share->tally.written);
    atomic_fetch_add(&item->pushed, 1);
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
    if (outputs->request.items_count == 1) return awaited; /* there is nobody whom it holds up */
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
    const struct item *item = &outputs->items[index];
    return (struct output_counts){atomic_load(&item->written), atomic_load(&item->duplicates),
                                  atomic_load(&item->refused)};
}

static uint64_t age_ms(uint64_t now_us, uint64_t since_us) {
    return since_us == 0 || now_us < since_us ? 0 : (now_us - since_us) / 1000;
}

static void look_at(const struct outputs *outputs, uint32_t index, struct output_look *look) {
    const struct item *item = &outputs->items[index];
    uint64_t now_us = monotonic_us(), arrived = atomic_load(&item->arrived), pushed = atomic_load(&item->pushed),
             writing_us = atomic_load(&item->writing_us);
    *look = (struct output_look){.name = outputs->request.items[index].name,
                                 .is_open = item->delivery == NULL || delivery_is_open(item->delivery),
                                 .batches = pushed - arrived + (writing_us != 0),
                                 .records = atomic_load(&item->records),
                                 .stalled_ms = age_ms(now_us, writing_us),
                                 .bytes = atomic_load(&item->bytes),
                                 .counts = outputs_counts(outputs, index)};
    if (pushed != arrived) look->stalled_ms = age_ms(now_us, 1000 * atomic_load(&item->moved_ms));
    latency_see(&item->latency, &look->latency);
}

void outputs_look(const struct outputs *outputs, struct outputs_look *look) {
    look->items_count = outputs->request.items_count;
    look->in_transaction = false;
    for (uint32_t i = 0; i < look->items_count; i++) {
        const struct delivery *delivery = outputs->items[i].delivery;
        look_at(outputs, i, &look->items[i]);
        look->in_transaction |= delivery != NULL && delivery_in_transaction(delivery);
    }
    look->rejects_stalled_ms = age_ms(monotonic_us(), atomic_load(&outputs->rejecting_us));
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
