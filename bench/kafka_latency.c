/* wherefrom-kafka-latency: how long a line takes from its producer to where wherefrom puts it. One process sends lines that hold the
 * time of their sending, another one looks at what comes out, and takes the difference.
 *
 *   send BROKERS TOPIC PER_SECOND SECONDS [QUIET]    to all partitions in turn; with QUIET to partition 0, and one line a second to each of
 *                                                    the partitions 1 to QUIET, which say that they are
 *   file PATH COUNT SKIP                             follows a file until it has COUNT lines, the first SKIP of which do not count
 *   topic BROKERS TOPIC COUNT SKIP                   likewise with what is committed in a topic
 *
 * Threads: one, and librdkafka's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 1000000
#define LINE_BYTES 1024
#define BLOCK_BYTES (1u << 20)
#define GIVE_UP_MS 60000 /* when nothing comes any more */
#define TIME_MARK "sent="
#define QUIET_MARK "quiet="

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "wherefrom-kafka-latency: %s: %s\n", what, why);
    exit(1);
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- sending -------------------------------------------------------------------------------------- */

static rd_kafka_t *new_client(rd_kafka_type_t type, const char *brokers, const char *const settings[][2],
                              size_t count) {
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) != RD_KAFKA_CONF_OK) fail(brokers, why);
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
            fail(settings[i][0], why);
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client == NULL) fail(brokers, why);
    return client;
}

static void send_line(rd_kafka_t *client, const char *topic, int32_t partition, uint64_t number, bool quiet) {
    char line[LINE_BYTES];
    int bytes = snprintf(line, sizeof line,
                         "https 2026-03-01T10:00:00.250000Z app/shop/50dc6c495c0c9188 81.2.%" PRIu64 ".%" PRIu64
                         ":42173 10.0.0.80:8080 0.001 0.048 0.000 200 200 "
                         "814 57 \"GET https://shop.example.com:443/item/%" PRIu64 "?" TIME_MARK "%016" PRId64
                         "%s HTTP/1.1\" \"curl/8.5.0\" "
                         "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
                         "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 "
                         "\"Root=1-69a42d01-0123456789abcdef01234567\" \"shop.example.com\" \"-\" 3 "
                         "2026-03-01T10:00:00.201000Z \"forward\" \"-\" \"-\" "
                         "\"10.0.0.80:8080\" \"200\" \"-\" \"-\" TID_0123456789abcdef0123456789abcdef",
                         number / 250 % 250, number % 250, number, now_us(), quiet ? "&" QUIET_MARK "1" : "");
    while (rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_VALUE(line, (size_t)bytes), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(client, 1);
}

static int partitions_of(rd_kafka_t *client, const char *name) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    int count = 0;
    for (int waited_ms = 0; count == 0; waited_ms += 100) { /* one that was just made is not known at once */
        if (waited_ms > GIVE_UP_MS ||
            rd_kafka_metadata(client, 0, topic, &metadata, GIVE_UP_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
            fail(name, "no such topic");
        count = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
        if (count == 0) usleep(100000);
    }
    rd_kafka_topic_destroy(topic);
    return count;
}

static void send_lines(const char *brokers, const char *topic, uint64_t per_second, uint64_t seconds, int32_t quiet) {
    static const char *const settings[][2] = {
        {"linger.ms", "5"}, {"acks", "1"}, {"queue.buffering.max.messages", "1000000"}};
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, brokers, settings, sizeof settings / sizeof settings[0]);
    int32_t partitions = quiet > 0 ? 1 : partitions_of(client, topic);
    int64_t begin_us = now_us();
    uint64_t total = per_second * seconds, quiet_total = (uint64_t)quiet * seconds, sent = 0, quiet_sent = 0;
    while (sent < total || quiet_sent < quiet_total) {
        uint64_t elapsed_us = (uint64_t)(now_us() - begin_us);
        for (uint64_t due = elapsed_us * per_second / 1000000; sent < due && sent < total; sent++)
            send_line(client, topic, (int32_t)(sent % (uint64_t)partitions), sent, false);
        for (uint64_t due = elapsed_us * (uint64_t)quiet / 1000000; quiet_sent < due && quiet_sent < quiet_total;
             quiet_sent++)
            send_line(client, topic, 1 + (int32_t)(quiet_sent % (uint64_t)quiet), quiet_sent, true);
        rd_kafka_poll(client, 0);
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    if (rd_kafka_flush(client, GIVE_UP_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) fail(topic, "not all could be sent");
    rd_kafka_destroy(client);
}

/* --- what comes out ------------------------------------------------------------------------------- */

struct latencies {
    int64_t *values; /* microseconds */
    size_t count;
};

struct seen {
    size_t wanted, skip, lines;
    struct latencies all, quiet;
};

static void see_line(struct seen *seen, const char *line, size_t bytes, int64_t at_us) {
    if (seen->lines++ < seen->skip) return;
    const char *mark = memmem(line, bytes, TIME_MARK, strlen(TIME_MARK));
    if (mark == NULL || (size_t)(line + bytes - mark) < strlen(TIME_MARK) + 16) fail("line", "holds no time");
    int64_t took_us = at_us - strtoll(mark + strlen(TIME_MARK), NULL, 10);
    struct latencies *into = memmem(mark, (size_t)(line + bytes - mark), QUIET_MARK, strlen(QUIET_MARK)) != NULL
                                 ? &seen->quiet
                                 : &seen->all;
    into->values[into->count++] = took_us;
}

static struct seen seen_new(size_t count, size_t skip) {
    struct seen seen = {.wanted = count,
                        .skip = skip,
                        .all.values = calloc(count, sizeof(int64_t)),
                        .quiet.values = calloc(count, sizeof(int64_t))};
    if (seen.all.values == NULL || seen.quiet.values == NULL) fail("memory", "there is not enough");
    return seen;
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* KIND COUNT and the 50th, 99th, 99.9th and 100th percentile in milliseconds. */
static void print_latencies(const char *kind, struct latencies *latencies) {
    if (latencies->count > 0) {
        qsort(latencies->values, latencies->count, sizeof latencies->values[0], compare);
        printf("%s %zu", kind, latencies->count);
        static const double parts[] = {0.5, 0.99, 0.999, 1};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            printf(" %.1f", (double)latencies->values[(size_t)((double)(latencies->count - 1) * parts[i])] / 1000);
        putchar('\n');
    }
    free(latencies->values);
}

/* Looks every millisecond; what is there by then has arrived now. */
static void follow_file(const char *path, struct seen *seen) {
    static char block[2 * BLOCK_BYTES];
    size_t held = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path, "cannot be opened");
    for (int idle = 0; seen->lines < seen->wanted;) {
        ssize_t got = read(file, block + held, BLOCK_BYTES);
        if (got < 0) fail(path, "cannot be read");
        if (got == 0) {
            if (idle++ > GIVE_UP_MS) fail(path, "nothing comes any more");
            nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
            continue;
        }
        idle = 0;
        int64_t at_us = now_us();
        const char *line = block, *end = block + held + got;
        for (const char *lf; seen->lines < seen->wanted && (lf = memchr(line, '\n', (size_t)(end - line))) != NULL;
             line = lf + 1)
            see_line(seen, line, (size_t)(lf - line), at_us);
        held = (size_t)(end - line);
        if (held >= BLOCK_BYTES) fail(path, "a line is too long");
        memmove(block, line, held);
    }
    close(file);
}

static void follow_topic(const char *brokers, const char *topic, struct seen *seen) {
    static const char *const settings[][2] = {{"group.id", "wherefrom-kafka-latency"},
                                              {"enable.auto.commit", "false"},
                                              {"isolation.level", "read_committed"}};
    rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER, brokers, settings, sizeof settings / sizeof settings[0]);
    rd_kafka_poll_set_consumer(client);
    int count = partitions_of(client, topic);
    rd_kafka_topic_partition_list_t *partitions = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(partitions, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    if (rd_kafka_assign(client, partitions) != RD_KAFKA_RESP_ERR_NO_ERROR) fail(topic, "cannot be read");
    while (seen->lines < seen->wanted) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, GIVE_UP_MS);
        if (message == NULL) fail(topic, "nothing comes any more");
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) see_line(seen, message->payload, message->len, now_us());
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_destroy(client);
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "send") == 0 && (argc == 6 || argc == 7)) {
        send_lines(argv[2], argv[3], strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10),
                   argc == 7 ? (int32_t)strtol(argv[6], NULL, 10) : 0);
        return 0;
    }
    bool of_file = strcmp(command, "file") == 0 && argc == 5, of_topic = strcmp(command, "topic") == 0 && argc == 6;
    if (!of_file && !of_topic) {
        fputs("usage: wherefrom-kafka-latency send BROKERS TOPIC PER_SECOND SECONDS [QUIET] | file PATH COUNT SKIP | "
              "topic BROKERS TOPIC COUNT SKIP\n",
              stderr);
        return 2;
    }
    struct seen seen = seen_new(strtoull(argv[argc - 2], NULL, 10), strtoull(argv[argc - 1], NULL, 10));
    if (of_file)
        follow_file(argv[2], &seen);
    else
        follow_topic(argv[2], argv[3], &seen);
    print_latencies("all", &seen.all);
    print_latencies("quiet", &seen.quiet);
    return 0;
}
