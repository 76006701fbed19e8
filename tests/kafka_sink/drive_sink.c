/* The Kafka sink on a string: does what the lines on stdin say, and answers each with one line. tests/kafka_sink/run.py pulls it.
 *
 *   drive_sink [-X KEY=VALUE]... BROKERS RECORDS_TOPIC REJECTS_TOPIC TRANSACTIONAL_ID       "-" for none
 *
 *   prepare MS                 until it is done, at most that long in all
 *   send COUNT BYTES CLIENTS REJECTS [noise]   a batch of records of so many bytes ("noise": that do not shrink) of as many clients, each
 *                              with a number one up from the one before; every fifth has no client
 *   file PATH COUNT            so many records, the lines of a file over and over
 *   wait MS                    until all is delivered
 *   rejects                    sends one reject for each record that was refused
 *   commit MS [GROUP TOPIC OFFSET [GENERATION]]
 *   abort MS
 *   wake MS                    serves that long, and is woken after 50 ms by another thread
 *   renumber N                 the next record's number
 *   left                       messages that are on their way
 *   count
 *
 * Answers: RESULT [what it says]; "done" of send and wait has the number of records that were refused, of wake the milliseconds it took.
 *
 * Threads: one, and the one that wakes. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "sinks/sink_kafka.h"

#define BATCHES 16
#define BATCH_RECORDS BATCH_LINES_MAX

struct driver {
    struct sink_kafka *sink;
    struct batch batches[BATCHES];
    size_t used; /* batches that were handed to the sink and not looked at since */
    uint64_t number;
    struct error error;
};

static const char *const results[] = {"done", "wait", "abort", "failed"};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void report(bool warning, const char *message) {
    fprintf(stderr, "%s: %s\n", warning ? "warning" : "note", message);
}

static void answer(const struct driver *driver, enum sink_result result, uint64_t number) {
    if (result == SINK_DONE)
        printf("done %" PRIu64 "\n", number);
    else
        printf("%s %s\n", results[result], driver->error.message);
    fflush(stdout);
}

/* --- batches -------------------------------------------------------------------------------------- */

static uint64_t refused(const struct driver *driver) {
    uint64_t count = 0;
    for (size_t i = 0; i < driver->used; i++) count += driver->batches[i].refused_count;
    return count;
}

static uint64_t left(const struct driver *driver) {
    uint64_t count = 0;
    for (size_t i = 0; i < driver->used; i++) count += atomic_load(&driver->batches[i].undelivered);
    return count;
}

/* All are back. */
static void recycle(struct driver *driver) {
    for (size_t i = 0; i < driver->used; i++) batch_reset(&driver->batches[i]);
    driver->used = 0;
}

static struct record_mark *add_mark(struct driver *driver, struct batch *batch) {
    ASSERT(batch->marks_count < BATCH_RECORDS);
    struct record_mark *mark = &batch->marks[batch->marks_count++];
    *mark = (struct record_mark){.format = "alb_access"};
    char id[HASH_ID_DIGITS + 1];
    snprintf(id, sizeof id, "%032" PRIx64, driver->number++);
    memcpy(mark->id, id, sizeof mark->id);
    return mark;
}

struct wish {
    uint32_t records_count, record_bytes, clients_count, rejects_count;
    bool noise;
};

static void fill(struct driver *driver, struct batch *batch, const struct wish *wish) {
    static uint64_t state = 88172645463325252u;
    for (uint32_t i = 0; i < wish->records_count; i++) {
        uint64_t number = driver->number;
        uint32_t client = (uint32_t)(number % wish->clients_count);
        struct record_mark *mark = add_mark(driver, batch);
        char *start = batch->out + batch->out_bytes, *out = start;
        if (number % 5 != 4) {
            mark->has_client = true;
            mark->client = (struct ip){{[10] = 0xff, [11] = 0xff, 203, 0, (uint8_t)(client >> 8), (uint8_t)client}};
        }
        out += sprintf(out, "{\"number\":%" PRIu64 ",\"pad\":\"", number);
        while (out - start + 2 < (ptrdiff_t)wish->record_bytes) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            *out++ = wish->noise ? (char)(' ' + 3 + state % 56) : 'x';
        }
        memcpy(out, "\"}\n", 3);
        batch->out_bytes += (size_t)(out + 3 - start);
        mark->end = (uint32_t)batch->out_bytes;
    }
    for (uint32_t i = 0; i < wish->rejects_count; i++)
        batch->reject_bytes += (size_t)sprintf(batch->reject + batch->reject_bytes, "{\"reject\":%" PRIu64 "}\n",
                                               driver->number++);
}

static struct batch *next_batch(struct driver *driver) {
    ASSERT(driver->used < BATCHES);
    return &driver->batches[driver->used++];
}

static enum sink_result await(struct driver *driver, int64_t wait_ms) {
    int64_t deadline_ms = now_ms() + wait_ms;
    for (;;) {
        enum sink_result result = sink_kafka_serve(driver->sink, 100, &driver->error);
        if (result == SINK_ABORT || result == SINK_FAILED) return result;
        if (left(driver) == 0) return SINK_DONE;
        if (now_ms() > deadline_ms) return SINK_WAIT;
    }
}

static enum sink_result send_batch(struct driver *driver, struct batch *batch) {
    for (;;) {
        enum sink_result result = sink_kafka_send(driver->sink, batch, &driver->error);
        if (result != SINK_WAIT) return result;
        result = sink_kafka_serve(driver->sink, 100, &driver->error);
        if (result == SINK_ABORT || result == SINK_FAILED) return result;
    }
}

/* For measuring: as many batches at a time as a small run has. */
static enum sink_result send_file(struct driver *driver, const char *path, uint64_t count) {
    FILE *file = fopen(path, "r");
    ASSERT(file != NULL);
    char *line = NULL;
    size_t room = 0;
    enum sink_result result = SINK_DONE;
    while (result == SINK_DONE && count > 0) {
        if (driver->used == 6) {
            result = await(driver, 60000);
            recycle(driver);
        }
        struct batch *batch = next_batch(driver);
        while (count > 0 && batch->out_bytes < 512u * 1024 && batch->marks_count < BATCH_RECORDS) {
            ssize_t bytes = getline(&line, &room, file);
            if (bytes <= 0) {
                rewind(file);
                continue;
            }
            memcpy(batch->out + batch->out_bytes, line, (size_t)bytes);
            batch->out_bytes += (size_t)bytes;
            uint8_t client = (uint8_t)(driver->number * 7);
            struct record_mark *mark = add_mark(driver, batch);
            mark->has_client = true;
            mark->client = (struct ip){{[10] = 0xff, [11] = 0xff, 203, 0, 113, client}};
            mark->end = (uint32_t)batch->out_bytes;
            count--;
        }
        if (result == SINK_DONE) result = send_batch(driver, batch);
    }
    free(line);
    fclose(file);
    if (result == SINK_DONE) result = await(driver, 60000);
    recycle(driver);
    return result;
}

/* --- commands ------------------------------------------------------------------------------------- */

static enum sink_result send_refused(struct driver *driver) {
    enum sink_result result = SINK_DONE;
    for (size_t i = 0; i < driver->used && result == SINK_DONE; i++) {
        struct batch *batch = &driver->batches[i];
        size_t begin = batch->reject_bytes;
        for (uint32_t mark = 0; mark < batch->marks_count; mark++)
            if (batch->marks[mark].refused)
                batch->reject_bytes += (size_t)sprintf(batch->reject + batch->reject_bytes,
                                                       "{\"too_large\":\"%.32s\"}\n", batch->marks[mark].id);
        batch->refused_count = 0;
        result = sink_kafka_send_rejects(driver->sink, batch, begin, &driver->error);
    }
    return result;
}

static enum sink_result commit(struct driver *driver, int64_t wait_ms, char **words) {
    rd_kafka_topic_partition_list_t *positions = NULL;
    rd_kafka_consumer_group_metadata_t *group = NULL;
    if (words[0] != NULL) {
        positions = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(positions, words[1], 0)->offset = strtoll(words[2], NULL, 10);
        group = words[3] != NULL ? rd_kafka_consumer_group_metadata_new_with_genid(
                                       words[0], (int32_t)strtol(words[3], NULL, 10), "nobody", NULL)
                                 : rd_kafka_consumer_group_metadata_new(words[0]);
    }
    int64_t deadline_ms = now_ms() + wait_ms;
    enum sink_result result;
    do result = sink_kafka_commit(driver->sink, positions, group, 200, &driver->error);
    while (result == SINK_WAIT && now_ms() < deadline_ms);
    if (positions != NULL) rd_kafka_topic_partition_list_destroy(positions);
    if (group != NULL) rd_kafka_consumer_group_metadata_destroy(group);
    return result;
}

static enum sink_result repeat(struct driver *driver, int64_t wait_ms,
                               enum sink_result (*step)(struct sink_kafka *, uint32_t, struct error *)) {
    int64_t deadline_ms = now_ms() + wait_ms;
    enum sink_result result;
    do result = step(driver->sink, 200, &driver->error);
    while (result == SINK_WAIT && now_ms() < deadline_ms);
    return result;
}

static void *wake(void *sink) {
    usleep(50000);
    sink_kafka_wake(sink);
    return NULL;
}

static void serve_woken(struct driver *driver, int64_t wait_ms) {
    pthread_t thread;
    ASSERT(pthread_create(&thread, NULL, wake, driver->sink) == 0);
    int64_t began_ms = now_ms();
    enum sink_result result = sink_kafka_serve(driver->sink, (uint32_t)wait_ms, &driver->error);
    int64_t took_ms = now_ms() - began_ms;
    pthread_join(thread, NULL);
    answer(driver, result, (uint64_t)took_ms);
}

static void count(struct driver *driver) {
    struct kafka_counts counts = {0};
    sink_kafka_count(driver->sink, &counts);
    printf("delivered=%" PRIu64 " committed=%" PRIu64 " aborted=%" PRIu64 " producers=%" PRIu64 " cluster=%s\n",
           counts.delivered, counts.transactions_committed, counts.transactions_aborted, counts.producers,
           sink_kafka_cluster_id(driver->sink));
    fflush(stdout);
}

static uint32_t number_of(const char *word) {
    return word != NULL ? (uint32_t)strtoul(word, NULL, 10) : 0;
}

static void obey(struct driver *driver, char **words) {
    const char *command = words[0];
    if (strcmp(command, "prepare") == 0) {
        answer(driver, repeat(driver, number_of(words[1]), sink_kafka_prepare), 0);
    } else if (strcmp(command, "send") == 0) {
        struct wish wish = {number_of(words[1]), number_of(words[2]), number_of(words[3]), number_of(words[4]),
                            words[5] != NULL};
        struct batch *batch = next_batch(driver);
        fill(driver, batch, &wish);
        enum sink_result result = send_batch(driver, batch);
        answer(driver, result, refused(driver));
    } else if (strcmp(command, "file") == 0) {
        answer(driver, send_file(driver, words[1], number_of(words[2])), 0);
    } else if (strcmp(command, "wait") == 0) {
        enum sink_result result = await(driver, number_of(words[1]));
        answer(driver, result, refused(driver));
        if (result == SINK_DONE && refused(driver) == 0) recycle(driver);
    } else if (strcmp(command, "rejects") == 0) {
        answer(driver, send_refused(driver), 0);
    } else if (strcmp(command, "commit") == 0) {
        enum sink_result result = commit(driver, number_of(words[1]), words + 2);
        if (result == SINK_DONE) ASSERT(left(driver) == 0);
        if (result == SINK_DONE) recycle(driver);
        answer(driver, result, 0);
    } else if (strcmp(command, "abort") == 0) {
        enum sink_result result = repeat(driver, number_of(words[1]), sink_kafka_abort);
        if (result == SINK_DONE) ASSERT(left(driver) == 0);
        if (left(driver) == 0) recycle(driver);
        answer(driver, result, 0);
    } else if (strcmp(command, "wake") == 0) {
        serve_woken(driver, number_of(words[1]));
    } else if (strcmp(command, "renumber") == 0) {
        driver->number = number_of(words[1]);
        answer(driver, SINK_DONE, 0);
    } else if (strcmp(command, "left") == 0) {
        answer(driver, SINK_DONE, left(driver));
    } else {
        ASSERT(strcmp(command, "count") == 0);
        count(driver);
    }
}

static const char *given(const char *word) {
    return strcmp(word, "-") != 0 ? word : NULL;
}

int main(int argc, char **argv) {
    static struct driver driver;
    struct kafka_property properties[16];
    struct kafka_cluster cluster = {.properties = properties};
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "-X") == 0; at += 2) {
        char *value = strchr(argv[at + 1], '=');
        ASSERT(value != NULL && cluster.properties_count < 16);
        *value = '\0';
        properties[cluster.properties_count++] = (struct kafka_property){.name = argv[at + 1], .value = value + 1};
    }
    ASSERT(argc - at == 4);
    cluster.brokers = argv[at];
    struct sink_kafka_request request = {.cluster = &cluster,
                                         .records_topic = given(argv[at + 1]),
                                         .rejects_topic = given(argv[at + 2]),
                                         .transactional_id = given(argv[at + 3]),
                                         .report = report};
    for (size_t i = 0; i < BATCHES; i++) ASSERT(batch_init(&driver.batches[i]));
    if (sink_kafka_new(&request, &driver.sink, &driver.error) != STATUS_OK) {
        printf("refused %s\n", driver.error.message);
    } else {
        char line[1024];
        while (fgets(line, sizeof line, stdin) != NULL) {
            char *words[8] = {NULL}, *rest = NULL;
            size_t words_count = 0;
            for (char *word = strtok_r(line, " \n", &rest); word != NULL && words_count < 7;
                 word = strtok_r(NULL, " \n", &rest))
                words[words_count++] = word;
            if (words_count > 0) obey(&driver, words);
        }
    }
    sink_kafka_free(driver.sink);
    for (size_t i = 0; i < BATCHES; i++) batch_destroy(&driver.batches[i]);
    return 0;
}
