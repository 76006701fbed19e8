/* Puts batches back into the order of the input.
 *
 * Threads: the caller's lock. */
#include "app/sequencer.h"

#include "base/check.h"

struct batch *sequencer_next(struct sequencer *sequencer, struct batch *arrived, bool keep) {
    if (arrived != NULL) {
        ASSERT(arrived->next == NULL);
        ASSERT(arrived->origin->input_index >= sequencer->input_index);
        arrived->next = sequencer->waiting;
        sequencer->waiting = arrived;
    }
    if (keep) return NULL;
    for (struct batch **link = &sequencer->waiting; *link != NULL; link = &(*link)->next) {
        struct batch *batch = *link;
        if (batch->origin->input_index != sequencer->input_index || batch->sequence != sequencer->sequence) continue;
        *link = batch->next;
        batch->next = NULL;
        sequencer->sequence++;
        if (batch->last) {
            sequencer->input_index++;
            sequencer->sequence = 0;
            ring_set_oldest(sequencer->ring, sequencer->input_index);
        }
        return batch;
    }
    return NULL;
}
