/* A sink that has batches for a while: what app/delivery.c asks of every such one.
 *
 * Threads: one at a time, but `wake`: any. */
#ifndef WHEREFROM_ASYNC_SINK_H
#define WHEREFROM_ASYNC_SINK_H

#include "base/error.h"
#include "schemas/batch.h"

enum sink_result {
    SINK_DONE,
    SINK_WAIT, /* not yet: the server cannot be reached, or something has to end first; serve, then call again */
    SINK_ABORT, /* the transaction cannot be committed, `error` says why: it is to be aborted, and everything in it comes once more */
    SINK_FAILED, /* for good, `error` says why: fenced, not authorised, no such topic, ... */
};

struct async_sink_ops {
    /* Prepares for the first batch, waiting up to `wait_ms`. */
    enum sink_result (*prepare)(void *sink, uint32_t wait_ms, struct error *error);
    /* Takes a batch, which must stay as it is until its `undelivered` is 0. Never waits. After SINK_WAIT nothing was taken; after SINK_ABORT
     * and SINK_FAILED part of it may have been. */
    enum sink_result (*send)(void *sink, struct batch *batch, struct error *error);
    /* Takes up what has become of batches, waiting up to `wait_ms` for something to happen. */
    enum sink_result (*serve)(void *sink, uint32_t wait_ms, struct error *error);
    /* For good: nothing is on its way any more, every `undelivered` is 0, and the sink takes nothing more. */
    void (*purge)(void *sink);
    /* Makes `serve` return, the next one when none waits now. What woke it is to be looked at after every other call, too: one that waits
     * may use it up. */
    void (*wake)(void *sink);
};

#endif
