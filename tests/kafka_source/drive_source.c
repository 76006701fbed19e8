/* The source of kafka:// without the rest of the program: batches are filled, wait a while, and settle in order.
 *
 *   drive_source BROKERS GROUP TOPICS [KEY=VALUE]...
 *
 * Keys: start=earliest|latest|MS, delay=MS from fill to settling, batches=N, linger=MS, memory=BYTES, idle=0|1 what workers say, commits=0|1,
 * print=0|1, lines=N to settle before it stops, sure=0|1 batches count as written
 * although they are stale by now; any other is a property of librdkafka. Said on stdout, a line each:
 *
 *   line EPOCH PARTITION OFFSET NUMBER BYTES KIND FIRST...   a line has settled; KIND: - long damaged; FIRST: its first 40 bytes
 *   batch EPOCH LINES BYTES RANGES STALE TOMBSTONES EMPTIES   behind those of a batch
 *   say TEXT, fail TEXT, lag TOPIC PARTITION POSITION LAG, count NAME NUMBER..., end FINISHED
 *
 * On stdin: rewind, hold (nothing settles), go, lags, stop (also SIGTERM, and the end of stdin).
 *
 * Threads: the main thread polls and fills, one settles, one reads stdin. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "ingest/source_kafka.h"

#define BATCHES_MAX 64
#define FINISH_MS 30000 /* as long as --shutdown-timeout lets a run: a group may be joining anew */

static struct {
    struct source_kafka *source;
    uint64_t delay_ms, batches_count;
    bool print, idle, held, ended, sure;
    int stop_fd;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch batches[BATCHES_MAX];
    uint64_t due_ms[BATCHES_MAX]; /* of the batch with number % BATCHES_MAX */
    uint64_t filled, settled;     /* batches: their difference is on its way */
    uint64_t lines, lines_max;
    atomic_uint_fast64_t epoch; /* of the last batch */
} drive = {.batches_count = 8,
           .lines_max = UINT64_MAX,
           .print = true,
           .idle = true,
           .lock = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER};

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void stop(int signal_number) {
    (void)signal_number;
    uint64_t one = 1;
    ssize_t ignored = write(drive.stop_fd, &one, sizeof one);
    (void)ignored;
}

/* --- settling ----------------------------------------------------------------------------------- */

static void print_segment(const struct batch *batch, uint32_t index) {
    const struct segment *segment = &batch->segments[index];
    const char *at = batch->text + segment->offset, *end = batch->text + batch_segment_end(batch, index);
    uint64_t offset = segment->position, number = segment->line_number;
    const char *kind = segment->line_too_long ? "long" : segment->unreadable ? "damaged" : "-";
    while (at < end) {
        const char *newline = *kind == '-' ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        size_t bytes = (size_t)((newline != NULL ? newline : end) - at);
        printf("line %" PRIu64 " %" PRId32 " %" PRIu64 " %" PRIu64 " %zu %s %.*s\n", batch->epoch,
               segment->origin->partition, offset, number, bytes, kind, (int)(bytes < 40 ? bytes : 40), at);
        at += bytes + (newline != NULL);
        if (segment->kind == SEGMENT_MESSAGES)
            offset++;
        else
            number++;
    }
}

static void settle(struct batch *batch) {
    atomic_store(&drive.epoch, batch->epoch);
    bool stale = !drive.sure && source_kafka_is_stale(drive.source, batch->epoch);
    if (drive.print) {
        for (uint32_t i = 0; i < batch->segments_count && !stale; i++) print_segment(batch, i);
        printf("batch %" PRIu64 " %u %u %u %d %u %u\n", batch->epoch, batch->lines_count, batch->text_bytes,
               batch->ranges_count, stale, batch->tombstones_count, batch->empty_messages_count);
        fflush(stdout);
    }
    drive.lines += stale ? 0 : batch->lines_count;
    if (drive.lines >= drive.lines_max) stop(0);
    const struct kafka_settlement settlement = {batch->ranges, batch->ranges_count, batch->ranges_count > 0, stale};
    source_kafka_settle(drive.source, &settlement);
    batch_reset(batch);
}

static void *settle_all(void *argument) {
    ASSERT(pthread_mutex_lock(&drive.lock) == 0);
    for (;;) {
        if (drive.settled == drive.filled || drive.held) {
            if (drive.ended && drive.settled == drive.filled) break;
            pthread_cond_wait(&drive.changed, &drive.lock);
            continue;
        }
        uint64_t index = drive.settled % BATCHES_MAX, now = now_ms();
        ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
        if (drive.due_ms[index] > now) {
            pause_ms((long)(drive.due_ms[index] - now < 20 ? drive.due_ms[index] - now : 20));
        } else {
            settle(&drive.batches[drive.settled % drive.batches_count]);
            now = 0;
        }
        ASSERT(pthread_mutex_lock(&drive.lock) == 0);
        drive.settled += now == 0;
        pthread_cond_broadcast(&drive.changed);
    }
    ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
    return argument;
}

/* --- commands ----------------------------------------------------------------------------------- */

static void print_lags(void) {
    struct kafka_lag lags[1024];
    size_t count = source_kafka_lags(drive.source, lags, 1024);
    for (size_t i = 0; i < count; i++)
        printf("lag %s %" PRId32 " %" PRId64 " %" PRId64 "\n", lags[i].topic, lags[i].partition, lags[i].position,
               lags[i].lag);
    ASSERT(pthread_mutex_lock(&drive.lock) == 0);
    printf("unsettled %" PRIu64 "\n", drive.filled - drive.settled);
    ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
    printf("lags %zu\n", count);
    fflush(stdout);
}

static void hold(bool held) {
    ASSERT(pthread_mutex_lock(&drive.lock) == 0);
    drive.held = held;
    pthread_cond_broadcast(&drive.changed);
    ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
}

static void *obey(void *argument) {
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "rewind\n") == 0) source_kafka_rewind(drive.source, atomic_load(&drive.epoch));
        if (strcmp(line, "hold\n") == 0) hold(true);
        if (strcmp(line, "go\n") == 0) hold(false);
        if (strcmp(line, "lags\n") == 0) print_lags();
        if (strcmp(line, "stop\n") == 0) break;
    }
    stop(0);
    return argument;
}

/* --- filling ------------------------------------------------------------------------------------ */

/* An empty batch; the source is kept alive while there is none. */
static struct batch *take_batch(void) {
    for (;;) {
        ASSERT(pthread_mutex_lock(&drive.lock) == 0);
        bool there = drive.filled - drive.settled < drive.batches_count;
        ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
        if (there) return &drive.batches[drive.filled % drive.batches_count];
        source_kafka_keep_alive(drive.source);
        pause_ms(1);
    }
}

static bool is_stopping(void) {
    struct pollfd descriptor = {.fd = drive.stop_fd, .events = POLLIN};
    return poll(&descriptor, 1, 0) > 0;
}

static void fill_all(void) {
    bool given_up = false, last = false;
    struct error error;
    while (!last) {
        source_kafka_ops.wait(drive.source);
        struct batch *batch = take_batch();
        if (!given_up && is_stopping()) {
            given_up = true;
            source_kafka_ops.give_up(drive.source);
        }
        if (source_kafka_ops.fill(drive.source, batch, &error) != STATUS_OK) printf("fail %s\n", error.message);
        last = batch->last;
        atomic_store(&drive.epoch, batch->epoch);
        if (batch->ranges_count == 0) {
            batch_reset(batch);
            continue;
        }
        ASSERT(pthread_mutex_lock(&drive.lock) == 0);
        drive.due_ms[drive.filled % BATCHES_MAX] = now_ms() + drive.delay_ms;
        drive.filled++;
        pthread_cond_broadcast(&drive.changed);
        ASSERT(pthread_mutex_unlock(&drive.lock) == 0);
    }
}

static const struct origin *origin_of(void *context, const char *topic, const char *format) {
    static const struct origin plain = {.stream = true};
    (void)context;
    if (format != NULL) printf("say format %s of %s\n", format, topic);
    return format != NULL && strcmp(format, "refused") == 0 ? NULL : &plain;
}

static bool workers_idle(void *context) {
    (void)context;
    return drive.idle;
}

static void report(bool warning, const char *message) {
    printf("say %s%s\n", warning ? "" : "(info) ", message);
    fflush(stdout);
}

/* --- the command line --------------------------------------------------------------------------- */

struct settings {
    struct source_kafka_settings source;
    struct kafka_input input;
    struct source_kafka_request request;
    struct kafka_property properties[64];
    const char *topics[64];
};

static void set(struct settings *settings, char *text) {
    char *value = strchr(text, '=');
    ASSERT(value != NULL);
    *value++ = '\0';
    uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(text, "start") == 0) {
        settings->input.start = strcmp(value, "earliest") == 0 ? KAFKA_START_EARLIEST
                                : strcmp(value, "latest") == 0 ? KAFKA_START_LATEST
                                                               : KAFKA_START_TIME;
        settings->input.start_ms = (int64_t)number;
    } else if (strcmp(text, "delay") == 0) {
        drive.delay_ms = number;
    } else if (strcmp(text, "batches") == 0) {
        drive.batches_count = number;
    } else if (strcmp(text, "linger") == 0) {
        settings->source.linger_ms_max = number;
    } else if (strcmp(text, "memory") == 0) {
        settings->request.fetched_bytes = number;
    } else if (strcmp(text, "idle") == 0) {
        drive.idle = number != 0;
    } else if (strcmp(text, "commits") == 0) {
        settings->request.commits_itself = number != 0;
    } else if (strcmp(text, "lines") == 0) {
        drive.lines_max = number;
    } else if (strcmp(text, "sure") == 0) {
        drive.sure = number != 0;
    } else if (strcmp(text, "print") == 0) {
        drive.print = number != 0;
    } else {
        ASSERT(settings->input.cluster.properties_count < 64);
        settings->properties[settings->input.cluster.properties_count++] = (struct kafka_property){
            .name = text, .value = value, .consumer = true};
    }
}

static void print_counts(void) {
    struct kafka_counts counts = {0};
    source_kafka_count(drive.source, &counts);
    printf("count lines %" PRIu64 " messages %" PRIu64 " tombstones %" PRIu64 " empty_messages %" PRIu64
           " rebalances %" PRIu64 " commits %" PRIu64 " commits_failed %" PRIu64 " rewinds %" PRIu64 "\n",
           drive.lines, counts.messages, counts.tombstones, counts.empty_messages, counts.rebalances, counts.commits,
           counts.commits_failed, counts.rewinds);
}

int main(int count, char **arguments) {
    static struct settings settings;
    if (count < 4) return 2;
    settings.source.linger_ms_max = 50;
    settings.input = (struct kafka_input){.cluster = {.brokers = arguments[1], .properties = settings.properties},
                                          .topics = settings.topics,
                                          .group = arguments[2]};
    for (char *topic = strtok(arguments[3], ","); topic != NULL; topic = strtok(NULL, ","))
        settings.topics[settings.input.topics_count++] = topic;
    drive.stop_fd = eventfd(0, EFD_CLOEXEC);
    settings.request = (struct source_kafka_request){.settings = &settings.source,
                                                     .input = &settings.input,
                                                     .fetched_bytes = 64u << 20,
                                                     .text_bytes = 2u * MESSAGE_TEXT_BYTES_MAX,
                                                     .commits_itself = true,
                                                     .origin_of = origin_of,
                                                     .report = report};
    for (int i = 4; i < count; i++) set(&settings, arguments[i]);
    for (uint64_t i = 0; i < drive.batches_count; i++) ASSERT(batch_init(&drive.batches[i]));
    signal(SIGTERM, stop);

    struct error error;
    static const struct origin origin = {.stream = true};
    enum status status = source_kafka_new(&settings.request, &drive.source, &error);
    if (status == STATUS_OK) source_kafka_attach(drive.source, workers_idle, NULL, drive.stop_fd);
    if (status != STATUS_OK || source_kafka_ops.open(drive.source, &origin, &error) != STATUS_OK) {
        printf("fail %s\n", error.message);
        return 1;
    }
    pthread_t settler, obeyer;
    ASSERT(pthread_create(&settler, NULL, settle_all, NULL) == 0);
    ASSERT(pthread_create(&obeyer, NULL, obey, NULL) == 0);
    fill_all();
    bool finished = source_kafka_finish(drive.source, FINISH_MS);
    hold(false);
    drive.ended = true;
    hold(false);
    ASSERT(pthread_join(settler, NULL) == 0);
    source_kafka_ops.close(drive.source);
    print_counts();
    printf("end %d\n", finished);
    fflush(stdout);
    pthread_cancel(obeyer);
    pthread_join(obeyer, NULL);
    source_kafka_free(drive.source);
    for (uint64_t i = 0; i < drive.batches_count; i++) batch_destroy(&drive.batches[i]);
    close(drive.stop_fd);
    return 0;
}
