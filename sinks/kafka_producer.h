/* A producer of librdkafka with our settings: made, replaced, asked.
 *
 * Threads: one at a time, but for kafka_producer_wake: any. */
#ifndef WHEREFROM_KAFKA_PRODUCER_H
#define WHEREFROM_KAFKA_PRODUCER_H

#include <pthread.h>

#include "base/kafka_client.h"
#include "schemas/kafka.h"

#define KAFKA_CLUSTER_ID_BYTES 128u

/* Called by rd_kafka_poll and what contains it, with the request's `opaque`. */
struct kafka_producer_events {
    void (*on_delivery)(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque);
    void (*on_error)(rd_kafka_t *client, int code, const char *text, void *opaque);
};

struct kafka_producer_request {
    const struct kafka_cluster *cluster;
    const char *records_topic, *rejects_topic, *transactional_id; /* NULL: none */
    int set_bytes;                                                /* batch.size; 0: the usual, or the user's */
    const struct kafka_producer_events *events;
    void *opaque;
};

struct kafka_producer {
    pthread_mutex_t lock; /* of `queue` against kafka_producer_wake */
    rd_kafka_t *client;   /* NULL: none is open */
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *records, *rejects; /* NULL: none */
    int set_bytes; /* bytes of messages that may be in a set; one that has as many or more is alone in it */
    int64_t transaction_ms_max;
    const struct kafka_producer_events *events;
    void *opaque;
};

void kafka_producer_init(struct kafka_producer *producer);
void kafka_producer_destroy(struct kafka_producer *producer);

/* STATUS_USAGE when librdkafka refuses the settings. */
enum status kafka_producer_open(struct kafka_producer *producer, const struct kafka_producer_request *request,
                                struct error *error) WARN_UNUSED;
/* Messages that have not ended are forgotten without a word. */
void kafka_producer_close(struct kafka_producer *producer);

/* What the cluster says of a topic; an error of the connection when it says nothing in time. */
rd_kafka_resp_err_t kafka_producer_ask(struct kafka_producer *producer, rd_kafka_topic_t *topic, uint32_t wait_ms);
/* `id` has KAFKA_CLUSTER_ID_BYTES; "" when it is not known yet. */
void kafka_producer_cluster_id(struct kafka_producer *producer, char *id);

void kafka_producer_wake(struct kafka_producer *producer);

/* Of a clock that goes on while the machine sleeps. */
int64_t kafka_producer_now_ms(void);

#endif
