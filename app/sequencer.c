/* Puts batches back into the order of the input.
 *
 * Threads: the caller's lock. */
#include "app/sequencer.h"

#include "base/check.h"

/* Whether the batch's turn has come; then it is the next one's. */
static bool take_turn(struct sequencer *sequencer, const struct batch *batch) {
    uint64_t input = batch->origin->input_index;
    if (batch->origin->stream) {
        uint64_t *sequence = &sequencer->stream_sequences[input % STREAMS_MAX];
        *sequence += batch->sequence == *sequence;
        return batch->sequence < *sequence;
    }
    if (input != sequencer->input_index || batch->sequence != sequencer->sequence) return false;
    sequencer->sequence++;
    if (batch->last) {
        sequencer->input_index++;
        sequencer->sequence = 0;
        ring_set_oldest(sequencer->ring, sequencer->input_index);
    }
    return true;
}

struct batch *sequencer_next(struct sequencer *sequencer, struct batch *arrived, bool keep) {
    if (arrived != NULL) {
        ASSERT(arrived->next == NULL);
        ASSERT(arrived->origin->stream || arrived->origin->input_index >= sequencer->input_index);
        arrived->next = sequencer->waiting;
        sequencer->waiting = arrived;
    }
    if (keep) return NULL;
    for (struct batch **link = &sequencer->waiting; *link != NULL; link = &(*link)->next) {
        struct batch *batch = *link;
        if (!take_turn(sequencer, batch)) continue;
        *link = batch->next;
        batch->next = NULL;
        return batch;
    }
    return NULL;
}
