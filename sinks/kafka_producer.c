/* Settings, the first ones ours, then the user's, then those that depend on both.
 *
 * batch.size stays below a broker's usual limit of 1 MiB, which holds for sets of messages once they are compressed; message.max.bytes is the
 * largest that librdkafka takes, since only the broker knows what a topic allows. The queue of messages has no limit: the batches of the
 * ring are the limit, and a second one that is smaller would be one more way to stop. With transactions librdkafka gives up a message after
 * transaction.timeout.ms, without them never.
 *
 * Threads: see header. */
#define _GNU_SOURCE
#include "sinks/kafka_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "schemas/limits.h"

#define OURS_MAX 16u

int64_t kafka_producer_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kafka_producer_init(struct kafka_producer *producer) {
    *producer = (struct kafka_producer){.client = NULL};
    ASSERT(pthread_mutex_init(&producer->lock, NULL) == 0);
}

void kafka_producer_destroy(struct kafka_producer *producer) {
    ASSERT(producer->client == NULL);
    pthread_mutex_destroy(&producer->lock);
}

/* --- settings ------------------------------------------------------------------------------------- */

static rd_kafka_conf_t *make_conf(const struct kafka_producer_request *request, struct error *error) {
    const struct kafka_cluster *cluster = request->cluster;
    struct kafka_setting settings[OURS_MAX + KAFKA_PROPERTIES_MAX + 1] = {
        {"bootstrap.servers", cluster->brokers},
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"compression.codec", "zstd"},
        {"compression.level", "3"},
        {"linger.ms", "5"},
        {"batch.size", "1000000"},
        {"partitioner", "murmur2_random"}, /* as the Java clients do, so that keys of both lie together */
        {"queue.buffering.max.messages", "0"},
        {"queue.buffering.max.kbytes", "2147483647"},
        {"message.max.bytes", "1000000000"},
    };
    size_t count = 0;
    while (settings[count].name != NULL) count++;
    if (request->transactional_id != NULL) {
        settings[count++] = (struct kafka_setting){"transactional.id", request->transactional_id};
        settings[count++] = (struct kafka_setting){"transaction.timeout.ms", "10000"};
    } else {
        settings[count++] = (struct kafka_setting){"message.timeout.ms", "0"};
    }
    ASSERT(count <= OURS_MAX && cluster->properties_count <= KAFKA_PROPERTIES_MAX);
    for (size_t i = 0; i < cluster->properties_count; i++)
        settings[count++] = (struct kafka_setting){cluster->properties[i].name, cluster->properties[i].value};
    char set_bytes[16];
    snprintf(set_bytes, sizeof set_bytes, "%d", request->set_bytes);
    if (request->set_bytes > 0) settings[count++] = (struct kafka_setting){"batch.size", set_bytes};
    return kafka_conf_new(settings, count, error);
}

static int64_t number_of(const rd_kafka_conf_t *conf, const char *name) {
    char text[32];
    size_t text_bytes = sizeof text;
    ASSERT(rd_kafka_conf_get(conf, name, text, &text_bytes) == RD_KAFKA_CONF_OK);
    return strtoll(text, NULL, 10);
}

/* --- events --------------------------------------------------------------------------------------- */

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    const struct kafka_producer *producer = opaque;
    producer->events->on_delivery(client, message, producer->opaque);
}

static void on_error(rd_kafka_t *client, int code, const char *text, void *opaque) {
    const struct kafka_producer *producer = opaque;
    producer->events->on_error(client, code, text, producer->opaque);
}

/* --- life ----------------------------------------------------------------------------------------- */

static void set_queue(struct kafka_producer *producer, rd_kafka_queue_t *queue) {
    pthread_mutex_lock(&producer->lock);
    rd_kafka_queue_t *old = producer->queue;
    producer->queue = queue;
    pthread_mutex_unlock(&producer->lock);
    if (old != NULL) rd_kafka_queue_destroy(old);
}

enum status kafka_producer_open(struct kafka_producer *producer, const struct kafka_producer_request *request,
                                struct error *error) {
    ASSERT(producer->client == NULL);
    rd_kafka_conf_t *conf = make_conf(request, error);
    if (conf == NULL) return STATUS_USAGE;
    producer->set_bytes = (int)number_of(conf, "batch.size");
    producer->transaction_ms_max = number_of(conf, "transaction.timeout.ms");
    producer->events = request->events;
    producer->opaque = request->opaque;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    char why[512];
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (producer->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, STATUS_USAGE, "kafka: %s", why);
    }
    if (request->records_topic != NULL)
        producer->records = rd_kafka_topic_new(producer->client, request->records_topic, NULL);
    if (request->rejects_topic != NULL)
        producer->rejects = rd_kafka_topic_new(producer->client, request->rejects_topic, NULL);
    if ((request->records_topic != NULL && producer->records == NULL) ||
        (request->rejects_topic != NULL && producer->rejects == NULL)) {
        kafka_producer_close(producer);
        return error_set(error, STATUS_USAGE, "kafka: %s: the name of a topic is refused; check it",
                         request->cluster->brokers);
    }
    set_queue(producer, rd_kafka_queue_get_main(producer->client));
    return STATUS_OK;
}

void kafka_producer_close(struct kafka_producer *producer) {
    set_queue(producer, NULL);
    if (producer->records != NULL) rd_kafka_topic_destroy(producer->records);
    if (producer->rejects != NULL) rd_kafka_topic_destroy(producer->rejects);
    if (producer->client != NULL) rd_kafka_destroy(producer->client);
    producer->records = producer->rejects = NULL;
    producer->client = NULL;
}

/* --- questions ------------------------------------------------------------------------------------ */

rd_kafka_resp_err_t kafka_producer_ask(struct kafka_producer *producer, rd_kafka_topic_t *topic, uint32_t wait_ms) {
    const struct rd_kafka_metadata *answer = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(producer->client, 0, topic, &answer, (int)wait_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    code = answer->topic_cnt == 1 ? answer->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_metadata_destroy(answer);
    return code;
}

void kafka_producer_cluster_id(struct kafka_producer *producer, char *id) {
    char *known = rd_kafka_clusterid(producer->client, 0);
    snprintf(id, KAFKA_CLUSTER_ID_BYTES, "%s", known != NULL ? known : "");
    if (known != NULL) rd_kafka_mem_free(producer->client, known);
}

void kafka_producer_wake(struct kafka_producer *producer) {
    pthread_mutex_lock(&producer->lock);
    if (producer->queue != NULL) rd_kafka_queue_yield(producer->queue);
    pthread_mutex_unlock(&producer->lock);
}
