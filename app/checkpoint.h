/* Writes down, every second and at the end, how far all inputs have been settled and how long the outputs were then, so that a run that
 * was killed goes on from there.
 *
 *   batch settled -> checkpoint_settle: what has changed since the last block, and the outputs' lengths at this very point
 *                                        | every CHECKPOINT_MS
 *   its thread:      fsync of the outputs, then a block is added to the checkpoint (app/state_dir.h)
 *
 * A block never says more than what is on disk. A .gz output has a length that can be cut back to only at the end of a member, so there
 * a settled batch ends one when a block is due.
 *
 * Threads: checkpoint_settle by whoever settles, one at a time; checkpoint_reopen and checkpoint_add by any; the others by the main thread. */
#ifndef WHEREFROM_CHECKPOINT_H
#define WHEREFROM_CHECKPOINT_H

#include "app/state_dir.h"
#include "schemas/batch.h"
#include "sinks/sink_file.h"

struct checkpoint_request {
    struct state_dir *directory;
    struct sink_file *outputs[CHECKPOINT_OUTPUTS]; /* NULL: goes elsewhere, or nowhere */
    bool watches_names; /* the checkpoint says which files they are, and must not when the run has ended in order */
};

struct checkpoint;

/* Starts the thread. WHEREFROM_CHECKPOINT_MS in the environment is another interval, for tests. NULL when memory is short. */
struct checkpoint *checkpoint_new(const struct checkpoint_request *request);

/* A batch has come to its end: what its lines became stands in the outputs, and nothing of later ones. Batches of inputs whose origin has
 * no identity change nothing. Fails when an output or the checkpoint could not be written, now or since the last call: then the
 * run has to end. */
enum status checkpoint_settle(struct checkpoint *checkpoint, const struct batch *batch,
                              struct error *error) WARN_UNUSED;

/* Outputs that were renamed away are written anew under their name from the next batch on: what is settled by then stands in the old ones and
 * is on disk, and the checkpoint speaks of the new ones before anything is written there. Any thread. */
void checkpoint_reopen(struct checkpoint *checkpoint);

/* A block of these lines, on disk when this returns; they are about files of which nothing has settled. That it failed is said by
 * checkpoint_settle. Any thread. */
void checkpoint_add(struct checkpoint *checkpoint, struct slice lines);

/* Nothing follows: ends the thread and writes the last block, unless something failed before. `whole`: no output has failed. Before the
 * outputs are closed. */
enum status checkpoint_finish(struct checkpoint *checkpoint, bool whole, struct error *error) WARN_UNUSED;
void checkpoint_free(struct checkpoint *checkpoint);

#endif
