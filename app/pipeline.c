/* Starts the threads and ends in order.
 *
 * All threads are alike: each reads an input into batches, turns batches into records, and writes what is next in order:
 *
 *   idle pool -> read -> work queue -> worker_run -> sequencer -> write -> idle pool
 *
 * A thread that has an input reads ahead until a batch waits for each thread and one more, so that nobody runs dry meanwhile,
 * then works off one; a thread without an input only works. So there are never more threads than cores that want one. (With
 * readers, workers and a sink of their own, -j 2 over one .gz used 1.5 cores: whoever had to go on next was often the one that
 * had to wait for a core.) A single thread works off each batch at once, while it is in its cache.
 *
 * Streams are begun first, since they have no end: a thread that reads one waits for it without a batch, and works between.
 *
 * Every input that a thread has begun ends with a batch marked `last`, also after a signal or a damage, so the output's order
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
#include "app/pipeline_state.h"
#include "base/check.h"
#include "base/monotonic.h"
#include "sinks/sink_file.h"

#define TICK_MS 250
#define KEEP_ALIVE_MS 500 /* a member of a group waits no longer for a batch before it polls */
#define FINISH_MS 1000

void pipeline_stop(struct pipeline *pipeline) {
    atomic_store(&pipeline->stop, true);
    (void)eventfd_write(pipeline->stop_fd, 1); /* it is full only when it is readable anyway */
}

/* --- reading ------------------------------------------------------------------------------------ */

static void input_failed(struct pipeline *pipeline, const struct error *error) {
    atomic_fetch_add(&pipeline->inputs_failed, 1);
    log_limited(LOG_KIND_INPUT, LOG_ERROR, "%s", error->message);
}

static void begin_origin(struct thread *thread, const struct origin *origin) {
    struct error error;
    thread->origin = origin;
    thread->sequence = 0;
    thread->given_up = thread->ended = false;
    thread->opened = thread->ops->open(thread->source, origin, &error) == STATUS_OK;
    bool missed = origin->reached != NULL && origin->reached->missed; /* whoever follows it looks again */
    if (!thread->opened && !missed) input_failed(thread->pipeline, &error);
    if (thread->opened && origin->stream && thread->pipeline->request->meter != NULL)
        meter_stream_opened(thread->pipeline->request->meter);
}

/* Goes on to what is to be read of a followed file. False when there is nothing now. */
static bool begin_followed(struct thread *thread) {
    struct pipeline *pipeline = thread->pipeline;
    atomic_store(&pipeline->next_input, pipeline->request->origins_count); /* or it would begin anew one day */
    const struct origin *origin = pipeline->request->follow != NULL ? follow_take(pipeline->request->follow) : NULL;
    if (origin == NULL) return false;
    thread->ops = &source_file_ops;
    thread->source = thread->file;
    begin_origin(thread, origin);
    return true;
}

/* Goes on to the next input. False when there is none; asked again, too. */
static bool begin_input(struct thread *thread) {
    struct pipeline *pipeline = thread->pipeline;
    if (atomic_load(&pipeline->stop)) return false;
    const struct pipeline_request *request = pipeline->request;
    unsigned index = atomic_fetch_add(&pipeline->next_input, 1),
             files = request->origins_count - request->streams_count;
    if (index >= request->origins_count) return begin_followed(thread);
    index = index < request->streams_count ? files + index : index - request->streams_count;
    const struct origin *origin = &request->origins[index];
    bool replays = request->replay != NULL;
    thread->ops = origin->stream ? &source_tcp_ops : replays ? &source_replay_ops : &source_file_ops;
    thread->source = origin->stream ? (void *)thread->tcp : replays ? (void *)thread->replay : (void *)thread->file;
    begin_origin(thread, origin);
    return true;
}

static void end_input(struct thread *thread) {
    thread->ops->close(thread->source);
    if (thread->origin->reached != NULL) follow_has_read(thread->pipeline->request->follow, thread->origin);
    thread->origin = NULL;
}

/* Fills `batch` from the thread's input and gives it to whoever is free. */
static void read_batch(struct thread *thread, struct batch *batch) {
    struct pipeline *pipeline = thread->pipeline;
    struct error error;
    if (thread->opened && !thread->given_up && atomic_load(&pipeline->stop)) {
        thread->given_up = true;
        thread->ops->give_up(thread->source);
    }
    if (!thread->opened) { /* an empty batch that says: nothing comes from this input */
        batch->origin = thread->origin;
        batch->last = true;
    } else if (thread->ops->fill(thread->source, batch, &error) != STATUS_OK) {
        input_failed(pipeline, &error);
    }
    if (batch->text_bytes == 0 && batch->ranges_count == 0 && !batch->last) {
        ring_give_back(&pipeline->ring, batch);
        return;
    }
    batch->given_up = batch->last && thread->given_up;
    batch->sequence = thread->sequence++;
    if (pipeline->request->meter != NULL && batch->text_bytes > 0)
        meter_hold(pipeline->request->meter, (uint32_t)(batch - pipeline->ring.batches));
    thread->ended = batch->last;
    if (batch->origin->reached != NULL) follow_keep(batch->origin);
    queue_push(&pipeline->work, batch);
}

/* --- every thread ------------------------------------------------------------------------------- */

static void work_off(struct thread *thread, struct batch *batch) {
    worker_run(&thread->worker, batch, UINT64_MAX);
    pipeline_settle(thread->pipeline, batch);
}

/* Reads one batch, or works one off because enough are waiting or none is idle. */
static void read_or_work(struct thread *thread) {
    struct pipeline *pipeline = thread->pipeline;
    uint32_t threads = pipeline->threads_count;
    uint64_t input = thread->origin->stream ? RING_STREAM : thread->origin->input_index;
    /* whoever is alone, or waits for a silent input, lets nothing lie */
    bool at_once = threads == 1 || (thread->opened && thread->ops->is_live(thread->source));
    uint32_t ahead = at_once ? 1 : threads + 1;
    struct batch *waiting = queue_try_pop(&pipeline->work, ahead);
    if (waiting == NULL && thread->opened && thread->ops->wait != NULL) thread->ops->wait(thread->source);
    struct batch *idle = waiting == NULL ? ring_try_take(&pipeline->ring, input) : NULL;
    if (waiting == NULL && idle == NULL) waiting = queue_try_pop(&pipeline->work, 1);
    if (waiting != NULL)
        work_off(thread, waiting);
    else
        read_batch(thread, idle != NULL ? idle : ring_take(&pipeline->ring, input));
    if (thread->ended) end_input(thread);
}

/* Somebody has to look again what there is to do: the watching thread says so, also when the run shall end. */
static void wake_readers(void *context) {
    struct pipeline *pipeline = context;
    queue_nudge(&pipeline->work);
}

static void *watch_files(void *argument) {
    struct pipeline *pipeline = argument;
    follow_watch(pipeline->request->follow, pipeline->stop_fd, wake_readers, pipeline);
    return NULL;
}

static void end_reading(struct pipeline *pipeline) {
    if (atomic_fetch_sub(&pipeline->reading, 1) == 1) queue_close(&pipeline->work);
}

/* What was counted is written while nobody else counts it. */
static void finish_rollups(struct pipeline *pipeline) {
    if (pipeline->request->rollups != NULL && !atomic_load(&pipeline->failed))
        rollups_finish(pipeline->request->rollups);
}

/* Whoever is the last one waits for what is still on its way. */
static void end_thread(struct pipeline *pipeline) {
    if (atomic_fetch_sub(&pipeline->running, 1) != 1) return;
    outputs_finish(pipeline->outputs);
    finish_rollups(pipeline);
    (void)eventfd_write(pipeline->end_fd, 1);
}

/* --- the thread that polls Kafka ------------------------------------------------------------------ */

/* An idle batch; while there is none the group is told that this member lives. */
static struct batch *take_polling(struct pipeline *pipeline) {
    struct batch *batch;
    while ((batch = ring_take_within(&pipeline->ring, RING_STREAM, KEEP_ALIVE_MS)) == NULL)
        source_kafka_keep_alive(pipeline->request->kafka);
    return batch;
}

static void *feed(void *argument) {
    struct thread *thread = argument;
    struct pipeline *pipeline = thread->pipeline;
    struct source_kafka *kafka = pipeline->request->kafka;
    thread->ops = &source_kafka_ops;
    thread->source = kafka;
    begin_origin(thread, pipeline->kafka_origin);
    while (!thread->ended) {
        if (thread->opened && !atomic_load(&pipeline->stop)) thread->ops->wait(kafka);
        read_batch(thread, take_polling(pipeline));
    }
    end_reading(pipeline);
    while (thread->opened && !source_kafka_finish(kafka, FINISH_MS)) {
    }
    finish_rollups(pipeline);
    end_input(thread);
    end_thread(pipeline);
    return NULL;
}

static bool has_to_read(void *context) {
    struct pipeline *pipeline = context;
    return atomic_load(&pipeline->stop) || follow_has_more(pipeline->request->follow);
}

static void *thread_main(void *argument) {
    struct thread *thread = argument;
    struct pipeline *pipeline = thread->pipeline;
    struct batch *batch;
    for (;;) {
        while (thread->origin != NULL || begin_input(thread)) read_or_work(thread);
        if (pipeline->request->follow == NULL || atomic_load(&pipeline->stop)) break;
        batch = queue_pop_unless(&pipeline->work, has_to_read, pipeline);
        if (batch != NULL) work_off(thread, batch);
    }
    end_reading(pipeline);
    while ((batch = queue_pop(&pipeline->work)) != NULL) work_off(thread, batch);
    end_thread(pipeline);
    return NULL;
}

/* --- the main thread ---------------------------------------------------------------------------- */

/* All threads are started with these signals blocked; only the main thread's descriptor sees them. */
static enum status open_events(struct pipeline *pipeline, struct error *error) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (pipeline->request->reload != NULL) sigaddset(&signals, SIGHUP);
    ASSERT(pthread_sigmask(SIG_BLOCK, &signals, &pipeline->old_signals) == 0);
    pipeline->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    pipeline->stop_fd = eventfd(0, EFD_CLOEXEC);
    pipeline->end_fd = eventfd(0, EFD_CLOEXEC);
    if (pipeline->signal_fd < 0 || pipeline->stop_fd < 0 || pipeline->end_fd < 0)
        return error_set_errno(error, errno, "pipeline: no descriptors left");
    return STATUS_OK;
}

/* Threads may be waiting for what will not come: nothing of theirs can be ended in order any more, and none of it is committed. */
static _Noreturn void leave_unsettled(const struct pipeline *pipeline) {
    const char *name = outputs_awaited(pipeline->outputs, 0).name;
    log_message(LOG_ERROR,
                "stopped: %s%s did not take all within --shutdown-timeout (%u s); %llu records are not "
                "confirmed, and what is "
                "read by offsets is read again from there at the next start",
                name != NULL ? "output " : "the output", name != NULL ? name : "",
                pipeline->request->shutdown_timeout_s,
                (unsigned long long)atomic_load(&pipeline->progress->records_under_way));
    _exit(EXIT_FAILURE);
}

/* Waits for the end; passes a first signal on, leaves at the second. True when there was one. */
static bool watch(struct pipeline *pipeline) {
    bool signalled = false;
    uint64_t deadline_ms = 0;
    struct pollfd descriptors[2] = {{.fd = pipeline->end_fd, .events = POLLIN},
                                    {.fd = pipeline->signal_fd, .events = POLLIN}};
    for (;;) {
        int ready = poll(descriptors, 2, TICK_MS);
        if (pipeline->request->meter != NULL) meter_tick(pipeline->request->meter);
        pipeline->progress->awaited = outputs_awaited(pipeline->outputs, OUTPUT_STALLED_MS);
        if (pipeline->request->tick != NULL) pipeline->request->tick(pipeline->request->context);
        if (signalled && monotonic_ms() >= deadline_ms) leave_unsettled(pipeline);
        if (ready <= 0) continue;
        if ((descriptors[0].revents & POLLIN) != 0) return signalled;
        struct signalfd_siginfo signal;
        if (read(pipeline->signal_fd, &signal, sizeof signal) != (ssize_t)sizeof signal) continue;
        if (signal.ssi_signo == SIGHUP) {
            pipeline->request->reload(pipeline->request->context);
            continue;
        }
        if (signalled) _exit(128 + (int)signal.ssi_signo);
        signalled = true;
        if (pipeline->request->meter != NULL) meter_stop(pipeline->request->meter);
        if (pipeline->request->stopping != NULL) pipeline->request->stopping(pipeline->request->context);
        deadline_ms = monotonic_ms() + 1000 * (uint64_t)pipeline->request->shutdown_timeout_s;
        pipeline_stop(pipeline);
    }
}

/* What a listener has to say; it may be much. */
static void say(bool warning, const char *message) {
    if (warning)
        log_limited(LOG_KIND_CONNECTION, LOG_WARNING, "%s", message);
    else
        log_message(LOG_INFO, "%s", message);
}

static bool workers_idle(void *context) {
    struct pipeline *pipeline = context;
    return queue_is_starving(&pipeline->work);
}

static uint32_t batches_wanted(const struct pipeline *pipeline) {
    uint32_t wanted = BATCHES_PER_WORKER * pipeline->threads_count + BATCHES_EXTRA;
    for (uint32_t i = 0; i < pipeline->request->outputs_count; i++) wanted += pipeline->request->outputs[i].batches;
    return wanted < pipeline->request->batches_max ? wanted : pipeline->request->batches_max;
}

static enum status start_outputs(struct pipeline *pipeline, struct error *error) {
    const struct pipeline_request *request = pipeline->request;
    if (request->kafka != NULL) {
        pipeline->kafka_origin = &request->origins[request->origins_count];
        source_kafka_attach(request->kafka, workers_idle, pipeline, pipeline->stop_fd);
        if (request->rollups != NULL) source_kafka_set_counting(request->kafka, rollups_counting(request->rollups));
    }
    const struct outputs_request outputs = {.items = request->outputs,
                                            .items_count = request->outputs_count,
                                            .rejects = request->rejects,
                                            .rejects_to_kafka = request->rejects_to_kafka,
                                            .timed = request->meter != NULL,
                                            .source = request->transactional ? request->kafka : NULL,
                                            .count = pipeline_count,
                                            .release = pipeline_release,
                                            .fail = pipeline_fail,
                                            .context = pipeline};
    pipeline->outputs = outputs_new(&outputs);
    return pipeline->outputs != NULL ? STATUS_OK : error_set(error, STATUS_FAILED, "pipeline: out of memory");
}

/* For the meter: any thread. */
static void look(void *context, struct queues_look *look) {
    struct pipeline *pipeline = context;
    look->batches = pipeline->ring.batches_count;
    look->idle_batches = ring_idle_count(&pipeline->ring);
    look->work_batches = queue_count(&pipeline->work);
    look->waiting_batches = 0;
    ASSERT(pthread_mutex_lock(&pipeline->order) == 0);
    for (const struct batch *batch = pipeline->sequencer.waiting; batch != NULL; batch = batch->next)
        look->waiting_batches++;
    ASSERT(pthread_mutex_unlock(&pipeline->order) == 0);
    outputs_look(pipeline->outputs, &look->outputs);
}

static void begin_meter(struct pipeline *pipeline) {
    const struct pipeline_request *request = pipeline->request;
    struct meter_run run = {.batches = pipeline->ring.batches_count,
                            .streams = request->streams_count + (request->kafka != NULL),
                            .look = look,
                            .context = pipeline};
    for (uint32_t i = 0; i < request->origins_count; i++) run.used[request->origins[i].source] = true;
    if (request->kafka != NULL) run.used[SOURCE_KAFKA] = true;
    meter_begin(request->meter, &run);
}

static enum status start(struct pipeline *pipeline, struct thread *threads, struct error *error) {
    const struct pipeline_request *request = pipeline->request;
    enum status status = open_events(pipeline, error);
    const struct source_tcp_request tcp = {request->tcp, request->proxy_from, pipeline->stop_fd, say};
    bool good = ring_init(&pipeline->ring, batches_wanted(pipeline)) &&
                (request->outputs_count == 1 || ring_add_shares(&pipeline->ring, request->outputs_count));
    if (status != STATUS_OK) return status;
    for (uint32_t i = 0; i < pipeline->threads_count; i++) {
        struct thread *thread = &threads[i];
        thread->pipeline = pipeline;
        const struct scan_kernel *kernel = request->worker_plan->kernel;
        if (request->replay != NULL)
            thread->replay = source_replay_new(request->replay, request->source, kernel, pipeline->stop_fd);
        else
            thread->file = source_file_new(request->source, kernel, pipeline->stop_fd);
        good = worker_init(&thread->worker, request->worker_plan) && good &&
               (thread->file != NULL || thread->replay != NULL);
        if (request->streams_count == 0) continue;
        thread->tcp = source_tcp_new(&tcp);
        good = good && thread->tcp != NULL;
    }
    if (request->limit != 0) good = worker_init(&pipeline->limiter, request->worker_plan) && good;
    pipeline->input_progress = calloc(request->origins_count + 1, sizeof *pipeline->input_progress);
    if (!good || pipeline->input_progress == NULL)
        return error_set(error, STATUS_FAILED, "pipeline: not enough memory for %u workers; try fewer with -j",
                         pipeline->threads_count);
    return start_outputs(pipeline, error);
}

/* True when a signal ended the run. */
static bool run_threads(struct pipeline *pipeline, struct thread *threads) {
    uint32_t workers = pipeline->threads_count, all = workers + (pipeline->request->kafka != NULL);
    struct thread feeder = {.pipeline = pipeline};
    pthread_t handles[WORKERS_MAX + 1], watcher;
    bool follows = pipeline->request->follow != NULL;
    atomic_store(&pipeline->reading, all);
    atomic_store(&pipeline->running, all);
    for (uint32_t i = 0; i < workers; i++) ASSERT(pthread_create(&handles[i], NULL, thread_main, &threads[i]) == 0);
    if (all > workers) ASSERT(pthread_create(&handles[workers], NULL, feed, &feeder) == 0);
    if (follows) ASSERT(pthread_create(&watcher, NULL, watch_files, pipeline) == 0);
    if (pipeline->request->rollups != NULL) rollups_start(pipeline->request->rollups);
    bool signalled = watch(pipeline);
    for (uint32_t i = 0; i < all; i++) ASSERT(pthread_join(handles[i], NULL) == 0);
    if (follows) ASSERT(pthread_join(watcher, NULL) == 0);
    ASSERT(pipeline->sequencer.waiting == NULL);
    return signalled;
}

static void finish(struct pipeline *pipeline, struct thread *threads) {
    for (uint32_t i = 0; i < pipeline->threads_count; i++) {
        source_tcp_free(threads[i].tcp, &pipeline->outcome->connections);
        source_file_free(threads[i].file);
        source_replay_free(threads[i].replay);
        worker_destroy(&threads[i].worker);
    }
    worker_destroy(&pipeline->limiter);
    outputs_free(pipeline->outputs);
    ring_destroy(&pipeline->ring);
    queue_destroy(&pipeline->work);
    ASSERT(pthread_mutex_destroy(&pipeline->order) == 0);
    free(pipeline->input_progress);
    if (pipeline->signal_fd >= 0) close(pipeline->signal_fd);
    if (pipeline->stop_fd >= 0) close(pipeline->stop_fd);
    if (pipeline->end_fd >= 0) close(pipeline->end_fd);
    ASSERT(pthread_sigmask(SIG_SETMASK, &pipeline->old_signals, NULL) == 0);
}

static uint32_t threads_wanted(const struct pipeline_request *request) {
    uint32_t least = request->streams_count +
                     (request->origins_count > request->streams_count || request->follow != NULL);
    return request->workers < least ? least : request->workers;
}

enum status pipeline_run(const struct pipeline_request *request, struct pipeline_progress *progress,
                         struct pipeline_outcome *outcome, pipeline_places_function *places, void *places_context,
                         struct error *error) {
    ASSERT(request->workers >= 1 && request->workers <= WORKERS_MAX && request->streams_count <= STREAMS_MAX);
    struct pipeline pipeline = {.request = request,
                                .threads_count = threads_wanted(request),
                                .progress = progress,
                                .outcome = outcome,
                                .stop_fd = -1,
                                .end_fd = -1,
                                .signal_fd = -1};
    struct thread *threads = calloc(pipeline.threads_count, sizeof *threads);
    if (threads == NULL) return error_set(error, STATUS_FAILED, "pipeline: out of memory");
    *outcome = (struct pipeline_outcome){.end = PIPELINE_DONE};
    pipeline.sequencer.ring = &pipeline.ring;
    queue_init(&pipeline.work);
    ASSERT(pthread_mutex_init(&pipeline.order, NULL) == 0);
    enum status status = start(&pipeline, threads, error);
    if (status == STATUS_OK && request->meter != NULL) begin_meter(&pipeline);
    if (status == STATUS_OK) {
        bool signalled = run_threads(&pipeline, threads);
        if (signalled && outcome->end == PIPELINE_DONE) outcome->end = PIPELINE_STOPPED;
        outcome->inputs_failed = atomic_load(&pipeline.inputs_failed);
        for (uint32_t i = 0; i < request->outputs_count; i++) outcome->outputs[i] = outputs_counts(pipeline.outputs, i);
        for (uint32_t i = 0; i < pipeline.threads_count; i++)
            if (threads[i].worker.places != NULL && request->limit == 0)
                places(places_context, threads[i].worker.places);
    }
    if (request->meter != NULL) meter_end(request->meter);
    finish(&pipeline, threads);
    free(threads);
    return status;
}
