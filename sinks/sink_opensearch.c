/* Every batch that the sink has is a piece of work in one of three states: waiting until it is due, in a request that is under way, or gone.
 * What time it is due is all that back-off, Retry-After and pauses come down to.
 *
 * Threads: one at a time; libcurl calls back within our own calls. */
#define _GNU_SOURCE
#include "sinks/sink_opensearch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "sinks/bulk_body.h"
#include "sinks/bulk_path.h"
#include "sinks/bulk_reply.h"
#include "sinks/bulk_verdict.h"
#include "sinks/cluster.h"
#include "sinks/http_client.h"
#include "sinks/mapping_check.h"
#include "sinks/reject_record.h"

#define BACK_OFF_MS_MIN 100u  /* doubled from try to try, */
#define BACK_OFF_MS_MAX 3000u /* not beyond: a server that recovers has its full load within five seconds */
#define STUCK_MS 5000u        /* what passes by itself should have by then */
#define PAUSE_MS_MIN 1000u    /* likewise, while somebody has to put something right */
#define PAUSE_MS_MAX 3000u
#define SAY_MS 60000u /* between two words about the same trouble */
#define SAID_BYTES_MAX 768u
#define BODY_BYTES_MAX (10u * 1024 * 1024)
#define BODY_BYTES_ENOUGH (5u * 1024 * 1024) /* for another request while there is one under way; */
#define LINGER_MS 100u                       /* or so long nothing more has come */
#define BODY_BYTES_MIN (64u * 1024)          /* a server that takes no more than less gets one document at a time */
#define REPLY_BYTES_PER_DOCUMENT 4096u

/* A batch. */
struct work {
    struct batch *batch; /* NULL: none */
    struct work *next;   /* in its list */
    uint64_t sequence;   /* among all that were sent */
    uint64_t came_ms, due_ms;
    uint64_t stuck_ms;      /* since when no document was settled */
    uint32_t tries;         /* without any document settled */
    uint32_t unclear_tries; /* and with an error that nobody knows */
    uint64_t accepted_before;
    /* of the request under way: */
    uint32_t documents_count, settled_count;
    bool *settled; /* BATCH_LINES_MAX of them */
    bool unclear, trouble;
};

/* What is under way on one connection. */
struct bulk_request {
    struct sink_opensearch *sink;
    struct work *first; /* its batches, in order; NULL: not under way */
    struct work *at;    /* the one that the reply is at, */
    uint64_t at_begin;  /* and its first document among all */
    uint64_t documents_count, accepted, started_ms;
    size_t body_bytes;
    struct slice parts[BULK_PARTS_MAX];
    bool trouble; /* of all of them */
    struct bulk_reply reply;
};

struct sink_opensearch {
    struct sink_opensearch_request request;
    struct cluster cluster;
    char *path;
    struct work *works, *idle, *waiting; /* `waiting` in the order in which they came */
    struct bulk_request *requests;
    uint32_t works_count, under_way;
    uint64_t sequence;
    double window;      /* requests that may be under way */
    uint64_t slowed_ms; /* when it was halved: replies to what was started before count once */
    size_t body_bytes_max;
    uint64_t accepted;  /* documents, new or there before */
    bool in_trouble;    /* one request at a time tries */
    uint64_t paused_ms; /* until then none does; Retry-After is that, too */
    uint32_t pause_ms;
    uint64_t say_ms; /* not before then: a word about trouble */
    unsigned chance;
    struct encoder_context rejects;
    atomic_uint_fast64_t requests_done, requests_failed, documents, duplicates, refused, documents_again, throttled,
        bytes_sent;
};

static void add(atomic_uint_fast64_t *count, uint64_t more) {
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

/* --- what goes wrong ------------------------------------------------------------------------------ */

/* Once a minute, with the name of what it is about. */
static void say(struct sink_opensearch *sink, const char *what, const char *advice) {
    uint64_t now = monotonic_ms();
    if (now < sink->say_ms) return;
    sink->say_ms = now + SAY_MS;
    const char *label = sink->request.label;
    char text[SAID_BYTES_MAX + 640];
    snprintf(text, sizeof text, "%s%s%sopensearch: %s/%s: %.700s%s%s; trying again until it is taken",
             label != NULL ? "output " : "", label != NULL ? label : "", label != NULL ? ": " : "",
             sink->request.output->url, sink->request.output->name, what, advice != NULL ? "; " : "",
             advice != NULL ? advice : "");
    sink->request.report(true, text);
}

static void say_item(struct sink_opensearch *sink, const struct bulk_item *item, const char *advice) {
    char what[SAID_BYTES_MAX];
    snprintf(what, sizeof what, "%u%s%.*s%s%.*s", item->status, item->type.len > 0 ? " " : "", (int)item->type.len,
             item->type.ptr, item->reason.len > 0 ? ": " : "", (int)item->reason.len, item->reason.ptr);
    say(sink, what, advice);
}

/* It should pass by itself. */
static void say_stuck(struct sink_opensearch *sink, const struct work *work, const struct bulk_item *item) {
    if (monotonic_ms() - work->stuck_ms >= STUCK_MS)
        say_item(sink, item, "the cluster has too much to do, or a shard of it is not there: see GET _cluster/health");
}

/* The server has too much to do; what was under way at that time says so only once. */
static void slow_down(struct sink_opensearch *sink, const struct bulk_request *request) {
    if (request->started_ms <= sink->slowed_ms && sink->slowed_ms != 0) return;
    sink->slowed_ms = monotonic_ms();
    sink->window = sink->window > 2 ? sink->window / 2 : 1;
}

static void hold_all(struct sink_opensearch *sink) {
    sink->pause_ms = !sink->in_trouble                   ? PAUSE_MS_MIN
                     : 2 * sink->pause_ms < PAUSE_MS_MAX ? 2 * sink->pause_ms
                                                         : PAUSE_MS_MAX;
    sink->in_trouble = true;
    sink->paused_ms = monotonic_ms() + sink->pause_ms;
}

/* Half of it is chance, so that many of us do not come back at once. */
static uint64_t back_off_ms(struct sink_opensearch *sink, uint32_t tries) {
    uint64_t ms = BACK_OFF_MS_MIN << (tries < 8 ? tries : 8);
    if (ms > BACK_OFF_MS_MAX) ms = BACK_OFF_MS_MAX;
    return ms / 2 + (uint64_t)rand_r(&sink->chance) % (ms / 2 + 1);
}

/* --- replies -------------------------------------------------------------------------------------- */

static void settle(struct work *work, uint64_t index) {
    work->settled[index] = true;
    work->settled_count++;
}

static void accept(struct bulk_request *request, struct work *work, uint64_t index) {
    request->accepted++;
    request->sink->accepted++;
    settle(work, index);
}

static void refuse(struct sink_opensearch *sink, struct work *work, uint64_t index, const struct refusal *refusal) {
    reject_record(&sink->rejects, work->batch, &work->batch->marks[index], refusal);
    settle(work, index);
    add(&sink->refused, 1);
}

/* Whether others were accepted beside what is unclear in it, or since. Then it is hardly the cluster's, and they need not wait for it. */
static bool others_pass(const struct bulk_request *request, const struct work *work) {
    return request->accepted > 0 || (work->unclear_tries > 0 && request->sink->accepted > work->accepted_before);
}

static void take_item(struct bulk_request *request, struct work *work, uint64_t index, const struct bulk_item *item) {
    struct sink_opensearch *sink = request->sink;
    const struct refusal refusal = {
        .reason = REJECT_REFUSED, .detail = item->reason, .status = item->status, .error_type = item->type};
    const struct bulk_judgement judgement = bulk_verdict(BULK_SCOPE_ITEM, item);
    add(&sink->throttled, item->status == 429 || item->status == 503);
    switch (judgement.verdict) {
    case BULK_DUPLICATE:
        tally_take_duplicate(&work->batch->tally, work->batch->marks[index].schema_number);
        add(&sink->duplicates, 1);
        accept(request, work, index);
        break;
    case BULK_DONE:
        add(&sink->documents, 1);
        accept(request, work, index);
        break;
    case BULK_REFUSED:
    case BULK_TOO_LARGE: refuse(sink, work, index, &refusal); break;
    case BULK_UNCLEAR:
        if (work->unclear_tries >= BULK_UNCLEAR_TRIES && others_pass(request, work)) {
            refuse(sink, work, index, &refusal);
            break;
        }
        work->unclear = true;
        say_item(sink, item, judgement.advice);
        break;
    case BULK_TROUBLE:
        work->trouble = true;
        say_item(sink, item, judgement.advice);
        break;
    case BULK_AGAIN:
        slow_down(sink, request);
        say_stuck(sink, work, item);
        break;
    }
}

/* Items come in the order of the documents. */
static void on_item(void *context, const struct bulk_item *item) {
    struct bulk_request *request = context;
    if (item->index >= request->documents_count) return;
    while (item->index - request->at_begin >= request->at->documents_count) {
        request->at_begin += request->at->documents_count;
        request->at = request->at->next;
    }
    take_item(request, request->at, item->index - request->at_begin, item);
}

static void receive(void *context, const char *bytes, size_t bytes_count) {
    struct bulk_request *request = context;
    bulk_reply_feed(&request->reply, (struct slice){bytes, bytes_count});
}

/* A request as a whole was not taken. */
static void take_refusal(struct bulk_request *request, struct bulk_item *whole, int status) {
    struct sink_opensearch *sink = request->sink;
    whole->status = (uint32_t)status;
    const struct bulk_judgement judgement = bulk_verdict(BULK_SCOPE_WHOLE, whole);
    add(&sink->throttled, whole->status == 429 || whole->status == 503);
    if (judgement.verdict == BULK_TOO_LARGE && request->documents_count > 1) {
        sink->body_bytes_max = request->body_bytes > 2 * BODY_BYTES_MIN ? request->body_bytes / 2 : 1;
    } else if (judgement.verdict == BULK_TOO_LARGE) {
        const struct refusal refusal = {
            .reason = REJECT_TOO_LARGE,
            .detail = SLICE("a request with this document alone is too large for the server"),
            .status = whole->status,
            .error_type = whole->type};
        refuse(sink, request->first, 0, &refusal);
    } else if (judgement.verdict == BULK_AGAIN) {
        slow_down(sink, request);
        say_stuck(sink, request->first, whole);
    } else {
        request->trouble = true;
        say_item(sink, whole, judgement.advice);
    }
}

static void take_outcome(struct bulk_request *request, const struct http_outcome *outcome) {
    struct sink_opensearch *sink = request->sink;
    uint64_t heard;
    struct bulk_item whole;
    enum bulk_outcome reply = bulk_reply_finish(&request->reply, &heard, &whole);
    if (outcome->trouble != HTTP_REPLIED || (outcome->status / 100 == 2 && reply == BULK_NOT_BULK)) {
        add(&sink->requests_failed, 1);
        say(sink, outcome->trouble != HTTP_REPLIED ? outcome->reason : "the reply is none to a _bulk request", NULL);
        if (outcome->trouble == HTTP_TLS_FAILED) request->trouble = true;
        if (outcome->trouble == HTTP_TIMED_OUT) slow_down(sink, request);
    } else if (outcome->status / 100 != 2) {
        add(&sink->requests_failed, 1);
        take_refusal(request, &whole, outcome->status);
    } else if (heard < request->documents_count) {
        add(&sink->requests_failed, 1);
        say(sink, "the reply ends before it has told of all documents", NULL);
    }
}

/* In the order in which they came: what is oldest holds back what is settled behind it. */
static void put_waiting(struct sink_opensearch *sink, struct work *work) {
    struct work **place = &sink->waiting;
    while (*place != NULL && (*place)->sequence < work->sequence) place = &(*place)->next;
    work->next = *place;
    *place = work;
}

/* Nothing of it is left, or it is due again at some time. */
static void go_on(const struct bulk_request *request, struct work *work) {
    struct sink_opensearch *sink = request->sink;
    struct batch *batch = work->batch;
    uint64_t now = monotonic_ms();
    bool all = work->settled_count == work->documents_count;
    add(&sink->documents_again, work->documents_count - work->settled_count);
    bulk_body_keep(batch, work->documents_count, work->settled);
    if (!work->unclear)
        work->unclear_tries = 0;
    else if (work->unclear_tries++ == 0)
        work->accepted_before = sink->accepted - request->accepted; /* these came through beside it */
    work->tries = work->settled_count > 0 ? 0 : work->tries + 1;
    work->due_ms = all ? now : now + back_off_ms(sink, work->tries);
    if (batch->marks_count > 0) {
        put_waiting(sink, work);
        return;
    }
    work->batch = NULL;
    work->next = sink->idle;
    sink->idle = work;
    atomic_store(&batch->undelivered, 0);
}

static void done(void *context, const struct http_outcome *outcome) {
    struct bulk_request *request = context;
    struct sink_opensearch *sink = request->sink;
    uint64_t asked_ms = monotonic_ms() + outcome->retry_after_ms;
    bool trouble, all = true, any = false;
    sink->under_way--;
    add(&sink->requests_done, 1);
    add(&sink->bytes_sent, outcome->sent_bytes);
    if (outcome->trouble != HTTP_CANCELLED) take_outcome(request, outcome);
    trouble = request->trouble;
    for (const struct work *work = request->first; work != NULL; work = work->next) {
        trouble = trouble || work->trouble || (work->unclear && !others_pass(request, work));
        all = all && work->settled_count == work->documents_count;
        any = any || work->settled_count > 0;
    }
    if (trouble) {
        hold_all(sink);
    } else if (any) {
        sink->in_trouble = false;
        if (all && sink->window < sink->request.output->connections_max) sink->window += 1 / sink->window;
    }
    if (outcome->retry_after_ms > 0 && asked_ms > sink->paused_ms) sink->paused_ms = asked_ms;
    for (struct work *work = request->first, *next; work != NULL; work = next) {
        next = work->next;
        go_on(request, work);
    }
    request->first = NULL;
}

/* --- requests ------------------------------------------------------------------------------------- */

/* Takes what is due at `now` from those that wait, up to the size of a body, at least one document. False: nothing is. */
static bool gather(struct sink_opensearch *sink, struct bulk_request *request, uint64_t now) {
    struct work **place = &sink->waiting, **end = &request->first;
    uint32_t parts_count = 0;
    request->documents_count = request->body_bytes = request->accepted = 0;
    while (*place != NULL && parts_count < BULK_PARTS_MAX && request->body_bytes < sink->body_bytes_max) {
        struct work *work = *place;
        size_t bytes;
        if (work->due_ms > now) {
            place = &work->next;
            continue;
        }
        if (parts_count > 0 && request->body_bytes + work->batch->marks[0].end > sink->body_bytes_max) break;
        work->documents_count = bulk_body_take(work->batch, sink->body_bytes_max - request->body_bytes, &bytes);
        work->settled_count = 0;
        if (work->tries == 0) work->stuck_ms = now;
        work->unclear = work->trouble = false;
        memset(work->settled, 0, work->documents_count * sizeof *work->settled);
        request->parts[parts_count++] = (struct slice){work->batch->out, bytes};
        request->documents_count += work->documents_count;
        request->body_bytes += bytes;
        *place = work->next;
        *end = work;
        end = &work->next;
    }
    *end = NULL;
    request->at = request->first;
    request->at_begin = 0;
    return parts_count > 0;
}

static void give_back(struct sink_opensearch *sink, struct bulk_request *request) {
    for (struct work *work = request->first, *next; work != NULL; work = next) {
        next = work->next;
        put_waiting(sink, work);
    }
    request->first = NULL;
}

static uint32_t parts_of(const struct bulk_request *request) {
    uint32_t count = 0;
    for (const struct work *work = request->first; work != NULL; work = work->next) count++;
    return count;
}

/* False: nothing more can be started now. */
static bool start_request(struct sink_opensearch *sink, struct bulk_request *request, uint64_t now) {
    struct aws_keys room;
    const struct aws_keys *keys;
    struct error error;
    if (cluster_keys(&sink->cluster, &room, &keys, &error) != STATUS_OK) {
        say(sink, error.message, NULL);
        hold_all(sink);
        return false;
    }
    if (!gather(sink, request, now)) return false;
    request->started_ms = now;
    request->trouble = false;
    bulk_reply_start(&request->reply, on_item, request);
    const struct http_request asked = {.method = "POST",
                                       .path = sink->path,
                                       .content_type = "application/x-ndjson",
                                       .body = request->parts,
                                       .body_parts = parts_of(request),
                                       .gzip = sink->request.output->gzip,
                                       .keys = keys,
                                       .reply_bytes_max = request->documents_count * REPLY_BYTES_PER_DOCUMENT +
                                                          1024 * 1024,
                                       .receive = receive,
                                       .done = done,
                                       .context = request};
    if (http_client_start(sink->cluster.client, &asked, &error) != STATUS_OK) {
        say(sink, error.message, NULL);
        hold_all(sink);
        give_back(sink, request);
        return false;
    }
    sink->under_way++;
    return true;
}

/* Whether a request is worth it: nothing is under way, or there is enough for one, or what there is has waited long enough. Else `wait_ms`
 * becomes how long that takes at the most. */
static bool is_worth_it(const struct sink_opensearch *sink, uint64_t now, uint32_t *wait_ms) {
    size_t bytes = 0;
    uint64_t due_ms = UINT64_MAX;
    for (const struct work *work = sink->waiting; work != NULL; work = work->next) {
        uint64_t latest_ms = work->due_ms > work->came_ms + LINGER_MS ? work->due_ms : work->came_ms + LINGER_MS;
        if (work->due_ms <= now) bytes += work->batch->out_bytes;
        if (sink->under_way == 0) latest_ms = work->due_ms;
        if (latest_ms < due_ms) due_ms = latest_ms;
    }
    if (due_ms <= now || bytes >= BODY_BYTES_ENOUGH || bytes >= sink->body_bytes_max) return true;
    if (due_ms - now < *wait_ms) *wait_ms = (uint32_t)(due_ms - now);
    return false;
}

/* Starts what is due, as much as may be. Returns how long nothing more can become due, at most `wait_ms`. */
static uint32_t start_due(struct sink_opensearch *sink, uint32_t wait_ms) {
    uint64_t now = monotonic_ms();
    if (sink->paused_ms > now) return sink->paused_ms - now < wait_ms ? (uint32_t)(sink->paused_ms - now) : wait_ms;
    for (struct bulk_request *request = sink->requests;
         sink->under_way < (sink->in_trouble ? 1 : (uint32_t)sink->window) && is_worth_it(sink, now, &wait_ms);) {
        while (request->first != NULL) request++;
        if (!start_request(sink, request, now)) break;
    }
    return wait_ms;
}

static enum sink_result send(void *instance, struct batch *batch, struct error *error) {
    struct sink_opensearch *sink = instance;
    (void)error;
    if (batch->marks_count == 0) return SINK_DONE;
    struct work *work = sink->idle;
    if (work == NULL) return SINK_WAIT;
    sink->idle = work->next;
    work->batch = batch;
    work->sequence = sink->sequence++;
    work->came_ms = monotonic_ms();
    work->due_ms = 0;
    work->tries = work->unclear_tries = 0;
    atomic_store(&batch->undelivered, 1);
    put_waiting(sink, work);
    (void)start_due(sink, 0);
    return SINK_DONE;
}

static enum sink_result serve(void *instance, uint32_t wait_ms, struct error *error) {
    struct sink_opensearch *sink = instance;
    (void)error;
    http_client_serve(sink->cluster.client, start_due(sink, wait_ms));
    (void)start_due(sink, 0);
    return SINK_DONE;
}

static void purge(void *instance) {
    struct sink_opensearch *sink = instance;
    http_client_cancel_all(sink->cluster.client); /* whose batches wait again then */
    for (struct work *work; (work = sink->waiting) != NULL;) {
        sink->waiting = work->next;
        atomic_store(&work->batch->undelivered, 0);
        work->batch = NULL;
        work->next = sink->idle;
        sink->idle = work;
    }
}

static void wake(void *instance) {
    http_client_wake(((struct sink_opensearch *)instance)->cluster.client);
}

/* --- life ----------------------------------------------------------------------------------------- */

/* Whether somebody answers, lets us in, and has the fields that are written. */
static enum sink_result prepare(void *instance, uint32_t wait_ms, struct error *error) {
    struct sink_opensearch *sink = instance;
    if (monotonic_ms() < sink->paused_ms) {
        http_client_serve(sink->cluster.client, wait_ms);
        return SINK_WAIT;
    }
    sink->paused_ms = 0;
    switch (mapping_first_look(&sink->cluster, sink->request.output, sink->request.wanted, error)) {
    case MAPPING_NOT_LET_IN:
    case MAPPING_SPOILS: return SINK_FAILED;
    case MAPPING_LATER:
        say(sink, error->message, NULL);
        sink->paused_ms = monotonic_ms() + PAUSE_MS_MIN;
        return SINK_WAIT;
    case MAPPING_UNKNOWN: sink->request.report(true, error->message); break;
    case MAPPING_GOOD: break;
    }
    return SINK_DONE;
}

const struct async_sink_ops sink_opensearch_ops = {prepare, send, serve, purge, wake};

enum status sink_opensearch_new(const struct sink_opensearch_request *request, struct sink_opensearch **result,
                                struct error *error) {
    struct sink_opensearch *sink = calloc(1, sizeof *sink);
    const struct opensearch_output *output = request->output;
    *result = sink;
    if (sink == NULL) return error_set(error, STATUS_FAILED, "opensearch: out of memory");
    sink->request = *request;
    sink->chance = (unsigned)getpid() ^ (unsigned)monotonic_ms();
    sink->window = output->connections_max;
    sink->body_bytes_max = BODY_BYTES_MAX;
    sink->works_count = sink_opensearch_batches(output);
    sink->works = calloc(sink->works_count, sizeof *sink->works);
    sink->requests = calloc(output->connections_max, sizeof *sink->requests);
    sink->path = bulk_path(output);
    bool good = encoder_context_init(&sink->rejects) && sink->works != NULL && sink->requests != NULL &&
                sink->path != NULL;
    for (uint32_t i = 0; good && i < output->connections_max; i++) sink->requests[i].sink = sink;
    for (uint32_t i = 0; good && i < sink->works_count; i++) {
        struct work *work = &sink->works[i];
        work->settled = malloc(BATCH_LINES_MAX * sizeof *work->settled);
        good = work->settled != NULL;
        work->next = sink->idle;
        sink->idle = work;
    }
    if (!good) return error_set(error, STATUS_FAILED, "opensearch: out of memory");
    return cluster_open(output, NULL, output->connections_max, &sink->cluster, error);
}

uint32_t sink_opensearch_batches(const struct opensearch_output *output) {
    return BULK_BATCHES * (output->connections_max + 1);
}

void sink_opensearch_free(struct sink_opensearch *sink) {
    if (sink == NULL) return;
    if (sink->cluster.client != NULL) purge(sink);
    cluster_close(&sink->cluster);
    encoder_context_destroy(&sink->rejects);
    for (uint32_t i = 0; sink->works != NULL && i < sink->works_count; i++) free(sink->works[i].settled);
    free(sink->works);
    free(sink->requests);
    free(sink->path);
    free(sink);
}

void sink_opensearch_count(const struct sink_opensearch *sink, struct opensearch_counts *counts) {
    counts->requests += atomic_load_explicit(&sink->requests_done, memory_order_relaxed);
    counts->requests_failed += atomic_load_explicit(&sink->requests_failed, memory_order_relaxed);
    counts->documents += atomic_load_explicit(&sink->documents, memory_order_relaxed);
    counts->duplicates += atomic_load_explicit(&sink->duplicates, memory_order_relaxed);
    counts->refused += atomic_load_explicit(&sink->refused, memory_order_relaxed);
    counts->documents_again += atomic_load_explicit(&sink->documents_again, memory_order_relaxed);
    counts->throttled += atomic_load_explicit(&sink->throttled, memory_order_relaxed);
    counts->bytes_sent += atomic_load_explicit(&sink->bytes_sent, memory_order_relaxed);
}
