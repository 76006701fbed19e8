/* Private to pipeline.c and its parts: what the threads of a run share, and what each has.
 *
 * Threads: said per function. */
#ifndef WHEREFROM_PIPELINE_STATE_H
#define WHEREFROM_PIPELINE_STATE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "app/pipeline.h"
#include "app/sequencer.h"

struct pipeline {
    const struct pipeline_request *request;
    uint32_t threads_count;
    struct pipeline_progress *progress;
    struct ring ring;
    struct queue work;
    atomic_uint next_input;
    atomic_bool stop; /* no more is read */
    atomic_uint_fast64_t inputs_failed;
    atomic_uint reading, running; /* threads that may still read; that have not ended */
    int stop_fd;                  /* eventfd: readable once `stop` is set; wakes readers of silent pipes */
    int end_fd;                   /* eventfd: the last thread has ended */
    int signal_fd;
    sigset_t old_signals;
    pthread_mutex_t order; /* guards the next two */
    struct sequencer sequencer;
    struct outputs *outputs;
    const struct origin *kafka_origin;
    atomic_bool failed;       /* a sink did; whoever sets it first says how it ends */
    uint64_t handed_over;     /* records; by whoever writes */
    bool file_left;           /* in the middle, by a signal; by whoever writes */
    bool writing;             /* a thread does; it writes what others bring meanwhile, too, and what follows is its */
    uint64_t *input_progress; /* by input: stored bytes reported so far */
    struct worker limiter;    /* only with a limit */
    struct pipeline_outcome *outcome; /* its inputs_failed apart */
};

struct thread {
    struct pipeline *pipeline;
    struct source_file *file; /* one of both */
    struct source_replay *replay;
    struct source_tcp *tcp;
    const struct source_ops *ops; /* of what is being read, and `source` its own */
    void *source;
    struct worker worker;
    const struct origin *origin; /* being read; NULL: none */
    uint64_t sequence;           /* of its next batch */
    bool opened, given_up, ended;
};

/* No more is read. Any thread. */
void pipeline_stop(struct pipeline *pipeline);

/* --- pipeline_settle.c ---------------------------------------------------------------------------- */

/* Writes all that is next in order, `batch` or others that waited for it, unless another thread is at it. Any thread. */
void pipeline_settle(struct pipeline *pipeline, struct batch *batch);

/* The outputs' callbacks (struct outputs_request); the context is the pipeline.
 * fail: from here on batches only pass through. Any thread.
 * release: a batch has come to its end; `dropped`: as if it had never been read. With transactions its source hears of it when they end. */
void pipeline_fail(void *context, bool gone, const struct error *error);
void pipeline_count(void *context, const struct tally *tally, enum source_kind source);
void pipeline_release(void *context, struct batch *batch, bool dropped);

#endif
