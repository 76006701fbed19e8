/* Every batch that the sink has is a piece of work in one of three states: under way, due at some time, or gone. What time it is due is all
 * that back-off, Retry-After and pauses come down to.
 *
 * Threads: one at a time; libcurl calls back within our own calls. */
#define _GNU_SOURCE
#include "sinks/sink_opensearch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "sinks/aws_credentials.h"
#include "sinks/bulk_body.h"
#include "sinks/bulk_reply.h"
#include "sinks/bulk_verdict.h"
#include "sinks/http_client.h"
#include "sinks/reject_record.h"

#define BACK_OFF_MS_MIN 100u  /* doubled from try to try, */
#define BACK_OFF_MS_MAX 3000u /* not beyond: a server that recovers has its full load within five seconds */
#define PAUSE_MS_MIN 1000u    /* likewise, while somebody has to put something right */
#define PAUSE_MS_MAX 10000u
#define CONNECT_MS_MAX 10000u
#define SAY_MS 60000u /* between two words about the same trouble */
#define SAID_BYTES_MAX 768u
#define BODY_BYTES_MIN (64u * 1024) /* a server that takes no more than less gets one document at a time */
#define WORKS_PER_CONNECTION 2u     /* one under way, one that is ready when its reply comes */
#define REPLY_BYTES_PER_DOCUMENT 4096u

struct work {
    struct sink_opensearch *sink;
    struct batch *batch; /* NULL: none */
    bool under_way;
    uint64_t due_ms, started_ms;
    uint32_t tries;         /* without any document settled */
    uint32_t unclear_tries; /* and with an error that nobody knows */
    uint64_t accepted_before;
    /* of the request under way: */
    uint32_t documents_count, settled_count;
    size_t body_bytes;
    bool *settled; /* BATCH_LINES_MAX of them */
    bool unclear, trouble;
    struct bulk_reply reply;
};

struct sink_opensearch {
    struct sink_opensearch_request request;
    struct http_client *client;
    struct aws_credentials *credentials; /* NULL: nothing is signed */
    char *path;
    struct work *works;
    uint32_t works_count, under_way;
    double window;      /* requests that may be under way */
    uint64_t slowed_ms; /* when it was halved: replies to what was started before count once */
    size_t body_bytes_max;
    uint64_t accepted;  /* documents, new or there before */
    bool in_trouble;    /* one request at a time tries */
    uint64_t paused_ms; /* until then none does */
    uint32_t pause_ms;
    uint64_t say_ms; /* not before then: a word about trouble */
    struct encoder_context rejects;
    atomic_uint_fast64_t requests, requests_failed, documents, duplicates, refused, documents_again, bytes_sent;
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
    char text[SAID_BYTES_MAX + 512];
    snprintf(text, sizeof text, "opensearch: %s/%s: %.700s%s%s; trying again until it is taken",
             sink->request.output->url, sink->request.output->name, what, advice != NULL ? "; " : "",
             advice != NULL ? advice : "");
    sink->request.report(true, text);
}

static void say_item(struct sink_opensearch *sink, const struct bulk_item *item, const char *advice) {
    char what[SAID_BYTES_MAX];
    snprintf(what, sizeof what, "%u %.*s: %.*s", item->status, (int)item->type.len, item->type.ptr,
             (int)item->reason.len, item->reason.ptr);
    say(sink, what, advice);
}

/* The server has too much to do; what was under way at that time says so only once. */
static void slow_down(struct sink_opensearch *sink, const struct work *work) {
    if (work->started_ms <= sink->slowed_ms && sink->slowed_ms != 0) return;
    sink->slowed_ms = monotonic_ms();
    sink->window = sink->window > 2 ? sink->window / 2 : 1;
}

static void pause(struct sink_opensearch *sink) {
    sink->pause_ms = !sink->in_trouble                   ? PAUSE_MS_MIN
                     : 2 * sink->pause_ms < PAUSE_MS_MAX ? 2 * sink->pause_ms
                                                         : PAUSE_MS_MAX;
    sink->in_trouble = true;
    sink->paused_ms = monotonic_ms() + sink->pause_ms;
}

/* Half of it is chance, so that many of us do not come back at once. */
static uint64_t back_off_ms(uint32_t tries) {
    uint64_t ms = BACK_OFF_MS_MIN << (tries < 8 ? tries : 8);
    if (ms > BACK_OFF_MS_MAX) ms = BACK_OFF_MS_MAX;
    return ms / 2 + (uint64_t)rand() % (ms / 2 + 1);
}

/* --- replies -------------------------------------------------------------------------------------- */

static void settle(struct work *work, uint64_t index) {
    work->settled[index] = true;
    work->settled_count++;
}

static void refuse(struct work *work, uint64_t index, const struct bulk_item *item, enum reject_reason reason) {
    struct sink_opensearch *sink = work->sink;
    const struct refusal refusal = {
        .reason = reason, .detail = item->reason, .status = item->status, .error_type = item->type};
    reject_record(&sink->rejects, work->batch, &work->batch->marks[index], &refusal);
    settle(work, index);
    add(&sink->refused, 1);
}

static void on_item(void *context, const struct bulk_item *item) {
    struct work *work = context;
    struct sink_opensearch *sink = work->sink;
    if (item->index >= work->documents_count || work->settled[item->index]) return;
    const struct bulk_judgement judgement = bulk_verdict(BULK_SCOPE_ITEM, item);
    switch (judgement.verdict) {
    case BULK_DUPLICATE:
        work->batch->tally.written--;
        work->batch->tally.duplicates++;
        add(&sink->duplicates, 1);
        sink->accepted++;
        settle(work, item->index);
        break;
    case BULK_DONE:
        add(&sink->documents, 1);
        sink->accepted++;
        settle(work, item->index);
        break;
    case BULK_REFUSED:
    case BULK_TOO_LARGE: refuse(work, item->index, item, REJECT_REFUSED); break;
    case BULK_UNCLEAR:
        if (work->unclear_tries >= BULK_UNCLEAR_TRIES && sink->accepted > work->accepted_before) {
            refuse(work, item->index, item, REJECT_REFUSED);
            break;
        }
        work->unclear = true;
        say_item(sink, item, judgement.advice);
        break;
    case BULK_TROUBLE:
        work->trouble = true;
        say_item(sink, item, judgement.advice);
        break;
    case BULK_AGAIN: slow_down(sink, work); break;
    }
}

static void receive(void *context, const char *bytes, size_t bytes_count) {
    struct work *work = context;
    bulk_reply_feed(&work->reply, (struct slice){bytes, bytes_count});
}

/* A request as a whole was not taken. */
static void take_refusal(struct work *work, struct bulk_item *whole, int status) {
    struct sink_opensearch *sink = work->sink;
    whole->status = (uint32_t)status;
    const struct bulk_judgement judgement = bulk_verdict(BULK_SCOPE_WHOLE, whole);
    if (judgement.verdict == BULK_TOO_LARGE && work->documents_count > 1) {
        sink->body_bytes_max = work->body_bytes > 2 * BODY_BYTES_MIN ? work->body_bytes / 2 : 1;
    } else if (judgement.verdict == BULK_TOO_LARGE) {
        const struct bulk_item item = {
            .status = whole->status,
            .reason = SLICE("a request with this document alone is too large for the server"),
            .type = whole->type};
        refuse(work, 0, &item, REJECT_TOO_LARGE);
    } else if (judgement.verdict == BULK_AGAIN) {
        slow_down(sink, work);
    } else {
        work->trouble = true;
        say_item(sink, whole, judgement.advice);
    }
}

static void take_outcome(struct work *work, const struct http_outcome *outcome) {
    struct sink_opensearch *sink = work->sink;
    uint64_t heard;
    struct bulk_item whole;
    enum bulk_outcome reply = bulk_reply_finish(&work->reply, &heard, &whole);
    if (outcome->trouble != HTTP_REPLIED || (outcome->status / 100 == 2 && reply == BULK_NOT_BULK)) {
        add(&sink->requests_failed, 1);
        say(sink, outcome->trouble != HTTP_REPLIED ? outcome->reason : "the reply is none to a _bulk request", NULL);
        if (outcome->trouble == HTTP_TLS_FAILED) work->trouble = true;
        if (outcome->trouble == HTTP_TIMED_OUT) slow_down(sink, work);
    } else if (outcome->status / 100 != 2) {
        add(&sink->requests_failed, 1);
        take_refusal(work, &whole, outcome->status);
    }
}

/* Nothing of it is left, or it is due again at some time. */
static void go_on(struct work *work, uint64_t retry_after_ms) {
    struct sink_opensearch *sink = work->sink;
    struct batch *batch = work->batch;
    uint64_t now = monotonic_ms();
    bool all = work->settled_count == work->documents_count;
    add(&sink->documents_again, work->documents_count - work->settled_count);
    bulk_body_keep(batch, work->documents_count, work->settled);
    if (work->trouble || work->unclear) {
        pause(sink);
    } else if (work->settled_count > 0) {
        sink->in_trouble = false;
        if (all && sink->window < sink->request.output->connections_max) sink->window += 1 / sink->window;
    }
    if (!work->unclear)
        work->unclear_tries = 0;
    else if (work->unclear_tries++ == 0)
        work->accepted_before = sink->accepted;
    work->tries = work->settled_count > 0 ? 0 : work->tries + 1;
    work->due_ms = all ? now : now + back_off_ms(work->tries);
    if (retry_after_ms > 0) work->due_ms = now + retry_after_ms;
    if (batch->marks_count > 0) return;
    work->batch = NULL;
    atomic_store(&batch->undelivered, 0);
}

static void done(void *context, const struct http_outcome *outcome) {
    struct work *work = context;
    struct sink_opensearch *sink = work->sink;
    work->under_way = false;
    sink->under_way--;
    add(&sink->requests, 1);
    add(&sink->bytes_sent, outcome->sent_bytes);
    if (outcome->trouble == HTTP_CANCELLED) return;
    take_outcome(work, outcome);
    go_on(work, outcome->retry_after_ms);
}

/* --- requests ------------------------------------------------------------------------------------- */

static void start_request(struct sink_opensearch *sink, struct work *work) {
    struct aws_keys keys;
    struct error error;
    if (sink->credentials != NULL && aws_credentials_get(sink->credentials, &keys, &error) != STATUS_OK) {
        say(sink, error.message, NULL);
        pause(sink);
        return;
    }
    struct batch *batch = work->batch;
    work->documents_count = bulk_body_take(batch, sink->body_bytes_max, &work->body_bytes);
    work->settled_count = 0;
    work->unclear = work->trouble = false;
    work->started_ms = monotonic_ms();
    memset(work->settled, 0, work->documents_count * sizeof *work->settled);
    bulk_reply_start(&work->reply, on_item, work);
    const struct http_request request = {.method = "POST",
                                         .path = sink->path,
                                         .content_type = "application/x-ndjson",
                                         .body = batch->out,
                                         .body_bytes = work->body_bytes,
                                         .gzip = sink->request.output->gzip,
                                         .keys = sink->credentials != NULL ? &keys : NULL,
                                         .reply_bytes_max = (uint64_t)work->documents_count * REPLY_BYTES_PER_DOCUMENT +
                                                            1024 * 1024,
                                         .receive = receive,
                                         .done = done,
                                         .context = work};
    if (http_client_start(sink->client, &request, &error) != STATUS_OK) {
        say(sink, error.message, NULL);
        pause(sink);
        return;
    }
    work->under_way = true;
    sink->under_way++;
}

/* Starts what is due, as much as may be. Returns how long nothing more can become due, at most `wait_ms`. */
static uint32_t start_due(struct sink_opensearch *sink, uint32_t wait_ms) {
    uint64_t now = monotonic_ms();
    for (uint32_t i = 0; i < sink->works_count; i++) {
        struct work *work = &sink->works[i];
        if (work->batch == NULL || work->under_way) continue;
        uint64_t due_ms = work->due_ms > sink->paused_ms ? work->due_ms : sink->paused_ms;
        if (due_ms <= now && sink->under_way < (sink->in_trouble ? 1 : (uint32_t)sink->window))
            start_request(sink, work);
        else if (due_ms > now && due_ms - now < wait_ms)
            wait_ms = (uint32_t)(due_ms - now);
    }
    return wait_ms;
}

static enum sink_result send(void *instance, struct batch *batch, struct error *error) {
    struct sink_opensearch *sink = instance;
    (void)error;
    if (batch->marks_count == 0) return SINK_DONE;
    for (uint32_t i = 0; i < sink->works_count; i++) {
        struct work *work = &sink->works[i];
        if (work->batch != NULL) continue;
        work->batch = batch;
        work->due_ms = 0;
        work->tries = work->unclear_tries = 0;
        atomic_store(&batch->undelivered, 1);
        (void)start_due(sink, 0);
        return SINK_DONE;
    }
    return SINK_WAIT;
}

static enum sink_result serve(void *instance, uint32_t wait_ms, struct error *error) {
    struct sink_opensearch *sink = instance;
    (void)error;
    http_client_serve(sink->client, start_due(sink, wait_ms));
    (void)start_due(sink, 0);
    return SINK_DONE;
}

static void purge(void *instance) {
    struct sink_opensearch *sink = instance;
    http_client_cancel_all(sink->client);
    for (uint32_t i = 0; i < sink->works_count; i++) {
        if (sink->works[i].batch != NULL) atomic_store(&sink->works[i].batch->undelivered, 0);
        sink->works[i].batch = NULL;
    }
}

static void wake(void *instance) {
    http_client_wake(((struct sink_opensearch *)instance)->client);
}

/* --- life ----------------------------------------------------------------------------------------- */

/* Whether somebody answers, and lets us in. */
static enum sink_result prepare(void *instance, uint32_t wait_ms, struct error *error) {
    struct sink_opensearch *sink = instance;
    const struct opensearch_output *output = sink->request.output;
    uint64_t now = monotonic_ms();
    struct aws_keys keys;
    if (now < sink->paused_ms) {
        http_client_serve(sink->client, wait_ms);
        return SINK_WAIT;
    }
    sink->paused_ms = now + PAUSE_MS_MIN;
    if (sink->credentials != NULL && aws_credentials_get(sink->credentials, &keys, error) != STATUS_OK) {
        say(sink, error->message, NULL);
        return SINK_WAIT;
    }
    const struct http_request request = {
        .method = "GET", .path = "/_cluster/health", .keys = sink->credentials != NULL ? &keys : NULL};
    struct http_outcome outcome;
    char text[4096];
    struct http_text reply = {.bytes = text, .room = sizeof text};
    http_client_ask(sink->client, &request, &reply, &outcome);
    if (outcome.trouble == HTTP_TLS_FAILED) {
        error_set(error, STATUS_FAILED, "opensearch: %s: %s", output->url, outcome.reason);
        return SINK_FAILED;
    }
    if (outcome.trouble == HTTP_REPLIED && outcome.status == 401) {
        error_set(error, STATUS_FAILED, "opensearch: %s: 401: it does not let us in; check user and password",
                  output->url);
        return SINK_FAILED;
    }
    if (outcome.trouble != HTTP_REPLIED && outcome.trouble != HTTP_TOO_LARGE) {
        say(sink, outcome.reason, NULL);
        return SINK_WAIT;
    }
    sink->paused_ms = 0; /* whether we may see the cluster's health is of no interest */
    return SINK_DONE;
}

const struct async_sink_ops sink_opensearch_ops = {prepare, send, serve, purge, wake};

static char *percent_encoded(const char *text, char *out) {
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                     strchr("-._~", byte) != NULL;
        if (plain) {
            *out++ = (char)byte;
        } else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    *out = '\0';
    return out;
}

/* /NAME/_bulk?filter_path=..&pipeline=..: encoded and sorted, as a signature wants it. */
static char *bulk_path(const struct opensearch_output *output) {
    static const char filter[] = "_bulk?filter_path=errors%2Citems.%2A.error.reason%2Citems.%2A.error.type%2C"
                                 "items.%2A.status%2Cerror%2Cstatus%2Cmessage";
    size_t room = 3 * (strlen(output->name) + (output->pipeline != NULL ? strlen(output->pipeline) : 0)) +
                  sizeof filter + 64;
    char *path = malloc(room), *out = path;
    if (path == NULL) return NULL;
    *out++ = '/';
    if (!output->dated) {
        out = percent_encoded(output->name, out);
        *out++ = '/';
    }
    out = stpcpy(out, filter);
    if (output->pipeline != NULL) percent_encoded(output->pipeline, stpcpy(out, "&pipeline="));
    return path;
}

enum status sink_opensearch_new(const struct sink_opensearch_request *request, struct sink_opensearch **result,
                                struct error *error) {
    struct sink_opensearch *sink = calloc(1, sizeof *sink);
    const struct opensearch_output *output = request->output;
    *result = sink;
    if (sink == NULL) return error_set(error, STATUS_FAILED, "opensearch: out of memory");
    sink->request = *request;
    sink->window = output->connections_max;
    sink->body_bytes_max = SIZE_MAX;
    sink->works_count = WORKS_PER_CONNECTION * output->connections_max;
    sink->works = calloc(sink->works_count, sizeof *sink->works);
    sink->path = bulk_path(output);
    bool good = encoder_context_init(&sink->rejects) && sink->works != NULL && sink->path != NULL;
    for (uint32_t i = 0; good && i < sink->works_count; i++) {
        sink->works[i].sink = sink;
        sink->works[i].settled = malloc(BATCH_LINES_MAX * sizeof *sink->works[i].settled);
        good = sink->works[i].settled != NULL;
    }
    if (!good) return error_set(error, STATUS_FAILED, "opensearch: out of memory");
    const struct http_settings settings = {.url = output->url,
                                           .user = output->user,
                                           .password = output->password,
                                           .ca_file = output->ca_file,
                                           .certificate = output->certificate,
                                           .key = output->key,
                                           .aws_region = output->aws_region,
                                           .aws_service = output->aws_service,
                                           .requests_max = output->connections_max,
                                           .connect_ms_max = CONNECT_MS_MAX,
                                           .silence_s_max = output->timeout_s,
                                           .total_ms_max = 10 * 1000 * output->timeout_s};
    enum status status = http_client_new(&settings, &sink->client, error);
    if (status == STATUS_OK && output->aws_region != NULL)
        status = aws_credentials_new(output->aws_region, &sink->credentials, error);
    return status;
}

void sink_opensearch_free(struct sink_opensearch *sink) {
    if (sink == NULL) return;
    if (sink->client != NULL) purge(sink);
    http_client_free(sink->client);
    aws_credentials_free(sink->credentials);
    encoder_context_destroy(&sink->rejects);
    for (uint32_t i = 0; sink->works != NULL && i < sink->works_count; i++) free(sink->works[i].settled);
    free(sink->works);
    free(sink->path);
    free(sink);
}

void sink_opensearch_count(const struct sink_opensearch *sink, struct opensearch_counts *counts) {
    counts->requests += atomic_load_explicit(&sink->requests, memory_order_relaxed);
    counts->requests_failed += atomic_load_explicit(&sink->requests_failed, memory_order_relaxed);
    counts->documents += atomic_load_explicit(&sink->documents, memory_order_relaxed);
    counts->duplicates += atomic_load_explicit(&sink->duplicates, memory_order_relaxed);
    counts->refused += atomic_load_explicit(&sink->refused, memory_order_relaxed);
    counts->documents_again += atomic_load_explicit(&sink->documents_again, memory_order_relaxed);
    counts->bytes_sent += atomic_load_explicit(&sink->bytes_sent, memory_order_relaxed);
}
