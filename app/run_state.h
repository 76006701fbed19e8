/* --state in a run: which inputs are done, where the others go on, and how long the outputs were.
 *
 * Threads: main thread, before the others start and after they have ended. */
#ifndef WHEREFROM_RUN_STATE_H
#define WHEREFROM_RUN_STATE_H

#include "app/arguments.h"
#include "app/checkpoint.h"
#include "app/run_outputs.h"
#include "app/run_settings.h"
#include "ingest/follow.h"
#include "ingest/inputs.h"

struct run_state {
    bool wanted;      /* there is a --state */
    bool resumed;     /* and a checkpoint in it */
    bool has_places;  /* inputs go on from places in `text` */
    bool idle;        /* there is nothing to read */
    bool keeps_names; /* an output cannot be cut back: what was sent has to have the same ids when it is sent again */
    bool refresh;     /* a file that was met is about to count as forgotten */
    struct state_dir directory;
    struct checkpoint_text text;
    struct file_identity *identities; /* of the inputs, by their place in the list */
    struct checkpoint *checkpoint;    /* NULL: not begun */
};

struct run_state_request {
    const struct arguments *arguments;
    const struct run_settings *settings;
    const struct run_outputs *outputs;
    struct follow *follow; /* what is followed, and goes on where the last run left it; NULL: nothing is */
    bool reads_kafka;
};

/* Locks the directory and reads what is in it; refuses what cannot be resumed, and options that are not those of the checkpoint. Inputs
 * to which nothing was added are taken off the list, unless there are roll-ups, and the others get their places; their names are those under which they were
 * read first. Without --state nothing happens. run_state_close is safe after any outcome. */
enum status run_state_open(struct run_state *state, const struct run_state_request *request, struct inputs *inputs,
                           struct error *error) WARN_UNUSED;

/* Once the outputs are open, and `rejects` (NULL: no file), of a resumed run to be added to: cuts files back, or writes a first checkpoint, and begins to
 * write others. */
enum status run_state_begin(struct run_state *state, const struct run_state_request *request, struct sink_file *rejects,
                            struct error *error) WARN_UNUSED;

/* These files are about to be read. Those that are read from their start keep their names, and so the ids of their records, whatever they are called after a kill: where
 * an output cannot be cut back this is on disk when it returns. By any thread while the run goes on, and before. */
void run_state_know(struct run_state *state, const struct input *const *inputs, size_t count);

/* What run_state_open would refuse, for `wherefrom check`: nothing is made, locked or changed. `missing`: there is no such directory yet. */
struct run_state_seen {
    bool held;    /* by another process */
    bool resumed; /* there is a checkpoint, of so many files */
    size_t files_count;
    uint64_t torn_bytes; /* of its end */
};
enum status run_state_look(const struct run_state_request *request, const struct inputs *inputs, bool missing,
                           struct run_state_seen *seen, struct error *error) WARN_UNUSED;

/* When the threads have ended; see checkpoint_finish. */
enum status run_state_finish(struct run_state *state, bool whole, struct error *error) WARN_UNUSED;
void run_state_close(struct run_state *state);

#endif
