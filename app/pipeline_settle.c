/* What becomes of a batch once it has been worked off: it waits for its turn, goes to its outputs, is counted, and comes back.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/pipeline_state.h"
#include "base/check.h"

void pipeline_fail(void *context, bool gone, const struct error *error) {
    struct pipeline *pipeline = context;
    if (!atomic_exchange(&pipeline->failed, true)) {
        pipeline->outcome->end = gone ? PIPELINE_READER_GONE : PIPELINE_SINK_FAILED;
        pipeline->outcome->error = *error;
    }
    pipeline_stop(pipeline);
}

/* What was read as something that it is not, or goes to somebody who takes none of it, is better stopped than rejected to its end. */
static void brake(struct pipeline *pipeline) {
    const struct tally *sums = &pipeline->outcome->tally;
    uint64_t rejected = tally_rejected(sums), judged = rejected + sums->written + sums->duplicates;
    if (judged < REJECT_RATIO_RECORDS_MIN) return;
    if ((double)rejected <= pipeline->request->max_reject_ratio * (double)judged) return;
    struct error error;
    (void)error_set(&error, STATUS_FAILED,
                    "stopped: %llu of %llu records were rejected (most of them: %s), more than --max-reject-ratio %g; "
                    "look at some in --rejects FILE, and what is wrong for all of them put right; if they are as they "
                    "should be, give a higher ratio",
                    (unsigned long long)rejected, (unsigned long long)judged, reject_names[tally_most_rejected(sums)],
                    pipeline->request->max_reject_ratio);
    outputs_abandon(pipeline->outputs);
    pipeline_fail(pipeline, false, &error);
}

void pipeline_count(void *context, const struct tally *tally, enum source_kind source) {
    struct pipeline *pipeline = context;
    struct meter *meter = pipeline->request->meter;
    if (meter != NULL) meter_count(meter, source, tally);
    if (meter != NULL && pipeline->request->transactional) meter_commit(meter);
    tally_add(&pipeline->outcome->tally, tally);
    atomic_fetch_add(&pipeline->progress->records, tally->written);
    if (!atomic_load(&pipeline->failed)) brake(pipeline);
}

static void settle_checkpoint(struct pipeline *pipeline, const struct batch *batch) {
    struct error error;
    if (checkpoint_settle(pipeline->request->checkpoint, batch, &error) == STATUS_OK) return;
    outputs_abandon(pipeline->outputs);
    pipeline_fail(pipeline, false, &error);
}

static void count_rollups(struct pipeline *pipeline, const struct batch *batch) {
    struct error error;
    if (rollups_count(pipeline->request->rollups, batch, &error) == STATUS_OK) return;
    outputs_abandon(pipeline->outputs);
    pipeline_fail(pipeline, false, &error);
}

static void count_progress(struct pipeline *pipeline, const struct batch *batch) {
    uint64_t *before = &pipeline->input_progress[batch->origin->input_index];
    uint64_t more = batch->input_progress > *before ? batch->input_progress - *before : 0;
    atomic_fetch_add(&pipeline->progress->stored_bytes, more);
    *before += more;
}

void pipeline_release(void *context, struct batch *batch, bool dropped) {
    struct pipeline *pipeline = context;
    const struct origin *origin = batch->origin;
    if (pipeline->request->checkpoint != NULL && !dropped) settle_checkpoint(pipeline, batch);
    if (pipeline->request->rollups != NULL && !dropped) count_rollups(pipeline, batch);
    if (pipeline->request->evidence != NULL && !dropped)
        evidence_add(pipeline->request->evidence, batch->notes, batch->notes_count);
    if (pipeline->request->written != NULL && !dropped) pipeline->request->written(pipeline->request->context, batch);
    if (!dropped && origin->reached == NULL) count_progress(pipeline, batch);
    atomic_fetch_sub(&pipeline->progress->records_under_way, batch->tally.written + batch->tally.duplicates +
                                                                 batch->tally.rejected[REJECT_TOO_LARGE] +
                                                                 batch->tally.rejected[REJECT_REFUSED]);
    if (batch->ranges_count > 0 && !batch->in_transaction) {
        struct kafka_settlement settlement = {.ranges = batch->ranges,
                                              .ranges_count = batch->ranges_count,
                                              .batches_count = 1,
                                              .stale = dropped || batch->limited};
        source_kafka_settle(pipeline->request->kafka, &settlement);
    }
    if (pipeline->request->meter != NULL)
        meter_let_go(pipeline->request->meter, (uint32_t)(batch - pipeline->ring.batches),
                     batch->in_transaction && !dropped);
    ring_give_back(&pipeline->ring, batch);
    if (origin->reached != NULL) follow_release(origin);
}

static bool is_stale(const struct pipeline *pipeline, const struct batch *batch) {
    return batch->origin == pipeline->kafka_origin && source_kafka_is_stale(pipeline->request->kafka, batch->epoch);
}

/* What stands behind a file that was left in the middle is left to the next run, too, or the output would have another order. */
static bool is_left(struct pipeline *pipeline, const struct batch *batch) {
    if (pipeline->request->checkpoint == NULL || batch->origin->identity == NULL) return false;
    bool left = pipeline->file_left;
    pipeline->file_left = left || batch->given_up;
    return left;
}

/* One batch in its turn. After a failure, or beyond the limit, batches only pass through. */
static void settle_batch(struct pipeline *pipeline, struct batch *batch) {
    uint64_t limit = pipeline->request->limit;
    atomic_fetch_add(&pipeline->progress->records_under_way, batch->tally.written);
    if (atomic_load(&pipeline->failed) || (limit != 0 && pipeline->handed_over >= limit) || is_stale(pipeline, batch) ||
        is_left(pipeline, batch)) {
        pipeline_release(pipeline, batch, true);
        return;
    }
    if (limit != 0 && pipeline->handed_over + batch->tally.written >= limit) {
        /* the batch that reaches the limit is read again up to it, so that nothing behind it shows anywhere */
        worker_run(&pipeline->limiter, batch, limit - pipeline->handed_over);
        batch->limited = true; /* and who goes on with a queue gets its messages once more */
        pipeline_stop(pipeline);
    }
    pipeline->handed_over += batch->tally.written;
    outputs_push(pipeline->outputs, batch);
}

void pipeline_settle(struct pipeline *pipeline, struct batch *batch) {
    ASSERT(pthread_mutex_lock(&pipeline->order) == 0);
    struct batch *next = sequencer_next(&pipeline->sequencer, batch, pipeline->writing);
    for (; next != NULL; next = sequencer_next(&pipeline->sequencer, NULL, false)) {
        pipeline->writing = true;
        ASSERT(pthread_mutex_unlock(&pipeline->order) == 0);
        settle_batch(pipeline, next);
        ASSERT(pthread_mutex_lock(&pipeline->order) == 0);
        pipeline->writing = false;
    }
    ASSERT(pthread_mutex_unlock(&pipeline->order) == 0);
}
