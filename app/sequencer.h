/* The end of the ring: batches come in any order and leave in the order of the input. Files follow one another; a stream has no end
 * to wait for, so that its batches have an order among themselves only.
 *
 * Threads: one at a time, by the caller's lock. */
#ifndef WHEREFROM_SEQUENCER_H
#define WHEREFROM_SEQUENCER_H

#include "app/ring.h"

/* Batches that came before their turn; never more than the pool has. */
struct sequencer {
    struct ring *ring;
    struct batch *waiting; /* list in no order: a dozen at the most */
    uint64_t input_index;  /* of files: whose turn it is */
    uint64_t sequence;
    uint64_t stream_sequences[STREAMS_MAX]; /* of each stream, by its index modulo STREAMS_MAX: they are in a row */
};

/* Gives `arrived` (may be NULL) to the sequencer. Returns the next batch in order, which need not be that one; NULL when it has not
 * come yet, or with `keep`: then whoever takes the next ones will come for them. */
struct batch *sequencer_next(struct sequencer *sequencer, struct batch *arrived, bool keep);

#endif
