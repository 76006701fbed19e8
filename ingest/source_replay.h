/* Rejects files as a source of batches: each line of them becomes the line that was rejected, at the place where it stood.
 *
 * What is a reject but cannot be read again (reject_read.h) is handed on as it is, and what is none becomes a reject itself, so
 * that nothing of a rejects file is lost.
 *
 * Threads: an instance belongs to one thread. */
#ifndef WHEREFROM_SOURCE_REPLAY_H
#define WHEREFROM_SOURCE_REPLAY_H

#include "ingest/source_file.h"

struct source_replay_request {
    /* What lines of `origin` are read as: all is filled in that its path, name, topic and chain lead to. `format` is the one
     * that an output's reject was read as, else empty. False: they cannot be, and `error` says why; then they are handed on. Called by any
     * thread. */
    bool (*dress)(void *context, struct slice format, struct origin *origin, struct error *error);
    void *context;
    /* Something to say of one line. Called by any thread. */
    void (*report)(const char *message);
};

struct source_replay;

/* What leads to bytes is as of source_file_new(); `request` must outlive the source. NULL when memory is short. */
struct source_replay *source_replay_new(const struct source_replay_request *request,
                                        const struct source_file_settings *settings, const struct scan_kernel *kernel,
                                        int stop_fd);
void source_replay_free(struct source_replay *source); /* NULL is fine */

extern const struct source_ops source_replay_ops;

#endif
