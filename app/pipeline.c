/* Starts the threads, hands batches round, ends in order.
 *
 *   readers (one input each, in order) -> work queue -> workers -> sink queue -> sink thread -> idle pool
 *
 * Every input that a reader has begun ends with a batch marked `last`, also after a signal or a damage, so the sink's order
 * has no gaps and needs no special case.
 *
 * Threads: said per function. */
#define _GNU_SOURCE
#include "app/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/log.h"
#include "app/sequencer.h"
#include "base/check.h"
#include "sinks/sink_file.h"

#define TICK_MS 250

struct pipeline {
    const struct pipeline_request *request;
    struct pipeline_progress *progress;
    struct ring ring;
    struct queue work, done;
    atomic_uint next_input;
    atomic_bool stop; /* readers begin nothing more */
    atomic_uint_fast64_t inputs_failed;
    atomic_uint readers_running, workers_running; /* the last one out closes the queue that they fed */
    int stop_fd; /* eventfd: readable once `stop` is set; wakes readers of silent pipes */
    int end_fd;  /* eventfd: the sink thread has ended */
    int signal_fd;
    sigset_t old_signals;
    uint64_t *input_progress;         /* by input: stored bytes reported so far; sink thread */
    struct worker limiter;            /* sink thread; only with a limit */
    struct pipeline_outcome *outcome; /* sink thread until it has ended */
};

static void raise_fd(int fd) {
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored; /* an eventfd is full only when it is readable anyway */
}

static void request_stop(struct pipeline *pipeline) {
    atomic_store(&pipeline->stop, true);
    raise_fd(pipeline->stop_fd);
}

/* --- readers ------------------------------------------------------------------------------------ */

static void input_failed(struct pipeline *pipeline, const struct error *error) {
    atomic_fetch_add(&pipeline->inputs_failed, 1);
    log_limited(LOG_KIND_INPUT, LOG_ERROR, "%s", error->message);
}

/* An empty batch that says: nothing (more) comes from this input. */
static void end_input(struct batch *batch, const struct origin *origin, uint64_t sequence) {
    batch->origin = origin;
    batch->sequence = sequence;
    batch->last = true;
}

/* Reader thread. */
static void read_input(struct pipeline *pipeline, struct source_file *source, const struct origin *origin) {
    struct error error;
    bool opened = source_file_ops.open(source, origin, &error) == STATUS_OK;
    if (!opened) input_failed(pipeline, &error);
    bool last = false, given_up = false;
    for (uint64_t sequence = 0; !last; sequence++) {
        struct batch *batch = ring_take(&pipeline->ring, origin->input_index);
        if (opened && !given_up && atomic_load(&pipeline->stop)) {
            given_up = true;
            source_file_ops.give_up(source);
        }
        if (!opened) {
            end_input(batch, origin, sequence);
        } else if (source_file_ops.fill(source, batch, &error) != STATUS_OK) {
            input_failed(pipeline, &error);
        }
        last = batch->last;
        queue_push(&pipeline->work, batch);
    }
    source_file_ops.close(source);
}

struct reader {
    struct pipeline *pipeline;
    struct source_file *source;
};

static void *reader_main(void *argument) {
    struct reader *reader = argument;
    struct pipeline *pipeline = reader->pipeline;
    while (!atomic_load(&pipeline->stop)) {
        unsigned index = atomic_fetch_add(&pipeline->next_input, 1);
        if (index >= pipeline->request->origins_count) break;
        read_input(pipeline, reader->source, &pipeline->request->origins[index]);
    }
    if (atomic_fetch_sub(&pipeline->readers_running, 1) == 1) queue_close(&pipeline->work);
    return NULL;
}

/* --- workers ------------------------------------------------------------------------------------ */

struct worker_thread {
    struct pipeline *pipeline;
    struct worker worker;
};

static void *worker_main(void *argument) {
    struct worker_thread *thread = argument;
    struct batch *batch;
    while ((batch = queue_pop(&thread->pipeline->work)) != NULL) {
        worker_run(&thread->worker, batch, UINT64_MAX);
        queue_push(&thread->pipeline->done, batch);
    }
    if (atomic_fetch_sub(&thread->pipeline->workers_running, 1) == 1) queue_close(&thread->pipeline->done);
    return NULL;
}

/* --- sink --------------------------------------------------------------------------------------- */

static void add_tally(struct tally *sum, const struct tally *part) {
    sum->read += part->read;
    sum->written += part->written;
    sum->bytes_read += part->bytes_read;
    for (int i = 0; i < REJECT_REASONS; i++) sum->rejected[i] += part->rejected[i];
    for (int i = 0; i < SKIP_REASONS; i++) sum->skipped[i] += part->skipped[i];
    for (int i = 0; i < VERDICTS; i++) sum->verdicts[i] += part->verdicts[i];
}

static enum status write_batch(struct pipeline *pipeline, struct batch *batch, struct error *error) {
    const struct pipeline_request *request = pipeline->request;
    enum status status = STATUS_OK;
    if (request->sink != NULL && batch->out_bytes > 0)
        status = sink_file_ops.write(request->sink, batch->out, batch->out_bytes, error);
    if (status == STATUS_OK && request->rejects != NULL && batch->reject_bytes > 0)
        status = sink_file_ops.write(request->rejects, batch->reject, batch->reject_bytes, error);
    return status;
}

/* Sink thread: one batch in its turn. After a failure, or beyond the limit, batches only pass through. */
static void settle_batch(struct pipeline *pipeline, struct batch *batch) {
    struct pipeline_outcome *outcome = pipeline->outcome;
    uint64_t limit = pipeline->request->limit;
    bool failed = outcome->end == PIPELINE_SINK_FAILED || outcome->end == PIPELINE_READER_GONE;
    bool beyond = limit != 0 && outcome->tally.written >= limit;
    if (failed || beyond) return;
    if (limit != 0 && outcome->tally.written + batch->tally.written >= limit) {
        /* the batch that reaches the limit is read again up to it, so that nothing behind it shows anywhere */
        worker_run(&pipeline->limiter, batch, limit - outcome->tally.written);
        request_stop(pipeline);
    }
    if (write_batch(pipeline, batch, &outcome->error) != STATUS_OK) {
        outcome->end = pipeline->request->sink != NULL && sink_file_reader_gone(pipeline->request->sink)
                           ? PIPELINE_READER_GONE
                           : PIPELINE_SINK_FAILED;
        request_stop(pipeline);
        return;
    }
    add_tally(&outcome->tally, &batch->tally);
    atomic_fetch_add(&pipeline->progress->records, batch->tally.written);
    uint64_t *before = &pipeline->input_progress[batch->origin->input_index];
    if (batch->input_progress > *before) {
        atomic_fetch_add(&pipeline->progress->stored_bytes, batch->input_progress - *before);
        *before = batch->input_progress;
    }
}

static void *sink_main(void *argument) {
    struct pipeline *pipeline = argument;
    struct sequencer sequencer = {.ring = &pipeline->ring};
    struct batch *batch;
    while ((batch = queue_pop(&pipeline->done)) != NULL) {
        while ((batch = sequencer_next(&sequencer, batch)) != NULL) {
            settle_batch(pipeline, batch);
            ring_give_back(&pipeline->ring, batch);
            batch = NULL;
        }
    }
    ASSERT(sequencer.waiting == NULL);
    raise_fd(pipeline->end_fd);
    return NULL;
}

/* --- the main thread ---------------------------------------------------------------------------- */

/* All threads are started with these signals blocked; only the main thread's descriptor sees them. */
static enum status open_events(struct pipeline *pipeline, struct error *error) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    ASSERT(pthread_sigmask(SIG_BLOCK, &signals, &pipeline->old_signals) == 0);
    pipeline->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    pipeline->stop_fd = eventfd(0, EFD_CLOEXEC);
    pipeline->end_fd = eventfd(0, EFD_CLOEXEC);
    if (pipeline->signal_fd < 0 || pipeline->stop_fd < 0 || pipeline->end_fd < 0)
        return error_set_errno(error, errno, "pipeline: no descriptors left");
    return STATUS_OK;
}

/* Waits for the end; passes a first signal on, leaves at the second. True when there was one. */
static bool watch(struct pipeline *pipeline) {
    bool signalled = false;
    struct pollfd descriptors[2] = {{.fd = pipeline->end_fd, .events = POLLIN},
                                    {.fd = pipeline->signal_fd, .events = POLLIN}};
    for (;;) {
        int ready = poll(descriptors, 2, TICK_MS);
        if (pipeline->request->tick != NULL) pipeline->request->tick(pipeline->request->tick_context);
        if (ready <= 0) continue;
        if ((descriptors[0].revents & POLLIN) != 0) return signalled;
        struct signalfd_siginfo signal;
        if (read(pipeline->signal_fd, &signal, sizeof signal) != (ssize_t)sizeof signal) continue;
        if (signalled) _exit(128 + (int)signal.ssi_signo);
        signalled = true;
        request_stop(pipeline);
    }
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
    int result = pthread_create(thread, NULL, run, argument);
    ASSERT(result == 0);
}

static enum status start(struct pipeline *pipeline, struct reader *readers, struct worker_thread *workers,
                         struct error *error) {
    const struct pipeline_request *request = pipeline->request;
    enum status status = open_events(pipeline, error);
    bool good = ring_init(&pipeline->ring, BATCHES_PER_WORKER * request->workers + BATCHES_EXTRA);
    if (status != STATUS_OK) return status;
    for (uint32_t i = 0; i < request->workers; i++) {
        readers[i] = (struct reader){pipeline,
                                     source_file_new(request->source, request->worker_plan->kernel, pipeline->stop_fd)};
        workers[i].pipeline = pipeline;
        good = worker_init(&workers[i].worker, request->worker_plan) && good && readers[i].source != NULL;
    }
    if (request->limit != 0) good = worker_init(&pipeline->limiter, request->worker_plan) && good;
    pipeline->input_progress = calloc(request->origins_count + 1, sizeof *pipeline->input_progress);
    if (!good || pipeline->input_progress == NULL)
        return error_set(error, STATUS_FAILED, "pipeline: not enough memory for %u workers; try fewer with -j",
                         request->workers);
    return STATUS_OK;
}

/* True when a signal ended the run. */
static bool run_threads(struct pipeline *pipeline, struct reader *readers, struct worker_thread *workers) {
    uint32_t count = pipeline->request->workers;
    pthread_t reader_threads[WORKERS_MAX], worker_threads[WORKERS_MAX], sink_thread;
    atomic_store(&pipeline->readers_running, count);
    atomic_store(&pipeline->workers_running, count);
    start_thread(&sink_thread, sink_main, pipeline);
    for (uint32_t i = 0; i < count; i++) start_thread(&worker_threads[i], worker_main, &workers[i]);
    for (uint32_t i = 0; i < count; i++) start_thread(&reader_threads[i], reader_main, &readers[i]);
    bool signalled = watch(pipeline);
    for (uint32_t i = 0; i < count; i++) ASSERT(pthread_join(reader_threads[i], NULL) == 0);
    for (uint32_t i = 0; i < count; i++) ASSERT(pthread_join(worker_threads[i], NULL) == 0);
    ASSERT(pthread_join(sink_thread, NULL) == 0);
    return signalled;
}

static void finish(struct pipeline *pipeline, struct reader *readers, struct worker_thread *workers) {
    for (uint32_t i = 0; i < pipeline->request->workers; i++) {
        source_file_free(readers[i].source);
        worker_destroy(&workers[i].worker);
    }
    worker_destroy(&pipeline->limiter);
    ring_destroy(&pipeline->ring);
    queue_destroy(&pipeline->work);
    queue_destroy(&pipeline->done);
    free(pipeline->input_progress);
    if (pipeline->signal_fd >= 0) close(pipeline->signal_fd);
    if (pipeline->stop_fd >= 0) close(pipeline->stop_fd);
    if (pipeline->end_fd >= 0) close(pipeline->end_fd);
    ASSERT(pthread_sigmask(SIG_SETMASK, &pipeline->old_signals, NULL) == 0);
}

enum status pipeline_run(const struct pipeline_request *request, struct pipeline_progress *progress,
                         struct pipeline_outcome *outcome, pipeline_places_function *places, void *places_context,
                         struct error *error) {
    ASSERT(request->workers >= 1 && request->workers <= WORKERS_MAX);
    struct pipeline pipeline = {
        .request = request, .progress = progress, .outcome = outcome, .stop_fd = -1, .end_fd = -1, .signal_fd = -1};
    struct reader readers[WORKERS_MAX] = {{0}};
    struct worker_thread *workers = calloc(request->workers, sizeof *workers);
    if (workers == NULL) return error_set(error, STATUS_FAILED, "pipeline: out of memory");
    *outcome = (struct pipeline_outcome){.end = PIPELINE_DONE};
    queue_init(&pipeline.work);
    queue_init(&pipeline.done);
    enum status status = start(&pipeline, readers, workers, error);
    if (status == STATUS_OK) {
        bool signalled = run_threads(&pipeline, readers, workers);
        if (signalled && outcome->end == PIPELINE_DONE) outcome->end = PIPELINE_STOPPED;
        outcome->inputs_failed = atomic_load(&pipeline.inputs_failed);
        for (uint32_t i = 0; i < request->workers; i++)
            if (workers[i].worker.places != NULL && request->limit == 0)
                places(places_context, workers[i].worker.places);
    }
    finish(&pipeline, readers, workers);
    free(workers);
    return status;
}
