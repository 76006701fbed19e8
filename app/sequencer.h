/* The sink's side of the ring: batches come in any order and leave in the order of the input.
 *
 * Threads: one instance, the sink thread. */
#ifndef WHEREFROM_SEQUENCER_H
#define WHEREFROM_SEQUENCER_H

#include "app/ring.h"

/* Batches that came before their turn; never more than the pool has. */
struct sequencer {
    struct ring *ring;
    struct batch *waiting; /* list in no order: a dozen at the most */
    uint32_t input_index;  /* whose turn it is */
    uint64_t sequence;
};

/* The next batch in order out of `arrived` and those that waited, NULL when it has not come yet. Gives `arrived` (may be NULL)
 * to the sequencer. */
struct batch *sequencer_next(struct sequencer *sequencer, struct batch *arrived);

#endif
