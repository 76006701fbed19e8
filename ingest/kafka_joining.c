/* Interceptors on the client's requests; numbers are the API keys of Kafka's protocol.
 *
 * Threads: see the header; the callbacks are called from librdkafka's. */
#define _GNU_SOURCE
#include "ingest/kafka_joining.h"

#include "base/monotonic.h"
#include "schemas/limits.h"

#define JOIN_GROUP 11
#define HEARTBEAT 12
#define SYNC_GROUP 14
#define NAME "joining"
#define TAKEN_UP_MS 50u /* an answer that has come is looked at by another thread of librdkafka */

void kafka_joining_begin(struct kafka_joining *joining) {
    atomic_store(&joining->until_ms, monotonic_ms() + KAFKA_JOINING_MS_MAX);
}

bool kafka_joining_begun(const struct kafka_joining *joining) {
    return atomic_load(&joining->until_ms) != 0;
}

bool kafka_joining_now(const struct kafka_joining *joining) {
    return monotonic_ms() < atomic_load(&joining->until_ms);
}

static rd_kafka_resp_err_t on_request(rd_kafka_t *client, int fd, const char *broker, int32_t broker_id, int16_t key,
                                      int16_t version, int32_t correlation, size_t size, void *opaque) {
    (void)client, (void)fd, (void)broker, (void)broker_id, (void)version, (void)correlation, (void)size;
    if (key == JOIN_GROUP) kafka_joining_begin(opaque);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *client, int fd, const char *broker, int32_t broker_id, int16_t key,
                                       int16_t version, int32_t correlation, size_t size, int64_t round_trip_us,
                                       rd_kafka_resp_err_t code, void *opaque) {
    (void)client, (void)fd, (void)broker, (void)broker_id, (void)version, (void)correlation, (void)size;
    (void)round_trip_us, (void)code;
    struct kafka_joining *joining = opaque;
    uint64_t taken_up_ms = monotonic_ms() + TAKEN_UP_MS;
    /* it may be what makes it join: the JoinGroup is on its way then, and not seen yet */
    if (key == HEARTBEAT && atomic_load(&joining->until_ms) < taken_up_ms)
        atomic_store(&joining->until_ms, taken_up_ms);
    if (key == SYNC_GROUP) atomic_store(&joining->until_ms, taken_up_ms);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *opaque, char *why,
                                  size_t why_size) {
    (void)conf, (void)why, (void)why_size;
    rd_kafka_resp_err_t code = rd_kafka_interceptor_add_on_request_sent(client, NAME, on_request, opaque);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR
               ? code
               : rd_kafka_interceptor_add_on_response_received(client, NAME, on_response, opaque);
}

void kafka_joining_watch(struct kafka_joining *joining, rd_kafka_conf_t *conf) {
    (void)rd_kafka_conf_interceptor_add_on_new(conf, NAME, on_new, joining);
}
