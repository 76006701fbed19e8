/* The stages at both ends of the ring, as tables of functions. app/pipeline.c runs them.
 *
 * Threads: said per function. */
#ifndef WHEREFROM_STAGE_H
#define WHEREFROM_STAGE_H

#include "base/error.h"
#include "schemas/batch.h"

/* Reads one input into batches. One instance per thread, reused for input after input. */
struct source_ops {
    const char *name;
    /* Opens the input behind `origin`. On failure nothing is open. */
    enum status (*open)(void *source, const struct origin *origin, struct error *error);
    /* Whether the open input may be silent for long. */
    bool (*is_live)(const void *source);
    /* Blocks until fill() has something to do or the run shall end, without a batch in hand. NULL: fill() is always called at once. */
    void (*wait)(void *source);
    /* Fills an empty batch with whole lines; batch->last says that nothing follows. A damaged input ends with a last batch, too,
     * and STATUS_FAILED: what could be read is in the batch. A batch that stays empty and is not the last counts as never taken. Blocks
     * while a live input without wait() is silent. */
    enum status (*fill)(void *source, struct batch *batch, struct error *error);
    /* The run shall end: nothing more is read, and the next batches hold what a live input has given already (of a file, which can be
     * read again, nothing). */
    void (*give_up)(void *source);
    void (*close)(void *source);
};

/* Writes encoded batches. One instance per run. */
struct sink_ops {
    const char *name;
    /* Writes a batch's bytes; in the order of the input. One thread at a time. */
    enum status (*write)(void *sink, const char *bytes, size_t bytes_count, struct error *error);
    /* Safe after any failure; a failure to write the last bytes is reported. */
    enum status (*close)(void *sink, struct error *error);
};

#endif
