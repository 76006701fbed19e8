/* What a consumer and a producer of librdkafka have in common.
 *
 * librdkafka's own log lines are dropped: what matters comes as an error, too, with a code that can be looked up here. Who gives the
 * property `debug` wants to read them; then they go to stderr as librdkafka writes them.
 *
 * Threads: pure functions. */
#include "base/kafka_client.h"

#include <string.h>

#include "base/check.h"

static const struct kafka_setting of_all[] = {
    {"client.id", "wherefrom"},
    {"log.connection.close", "false"},
    {"reconnect.backoff.max.ms", "2000"}, /* not 10 s until it is seen that a broker is back */
};

rd_kafka_conf_t *kafka_conf_new(const struct kafka_setting *settings, size_t settings_count, struct error *error) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool debug = false;
    for (size_t i = 0; i < sizeof of_all / sizeof of_all[0]; i++)
        ASSERT(rd_kafka_conf_set(conf, of_all[i].name, of_all[i].value, NULL, 0) == RD_KAFKA_CONF_OK);
    for (size_t i = 0; i < settings_count; i++) {
        char why[256];
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, why, sizeof why) != RD_KAFKA_CONF_OK) {
            /* `why` may quote the value */
            (void)error_set(error, STATUS_USAGE,
                            "kafka: librdkafka %s does not take this value of %s, or has no such property; see its "
                            "CONFIGURATION.md",
                            rd_kafka_version_str(), settings[i].name);
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
        debug = debug || strcmp(settings[i].name, "debug") == 0;
    }
    if (!debug) rd_kafka_conf_set_log_cb(conf, NULL);
    return conf;
}

/* Errors that no retry ends, and what ends them. */
struct hopeless {
    rd_kafka_resp_err_t code;
    const char *advice;
};

#define ADVICE_RIGHTS "; the broker's operator must allow it (ACL)"
#define ADVICE_LOGIN "; check security.protocol, sasl.* and ssl.* of librdkafka"
#define ADVICE_FENCED "; another process has the same name: give each its own --instance or group.instance.id"
#define ADVICE_EPOCH ADVICE_FENCED "; or this one stood still for longer than transaction.timeout.ms"

static const struct hopeless hopeless[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "; check the name, or create the topic"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "; check the name, or create the topic"},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, "; check the name"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ADVICE_RIGHTS},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ADVICE_RIGHTS},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ADVICE_RIGHTS},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ADVICE_RIGHTS},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ADVICE_LOGIN},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, ADVICE_LOGIN},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, ADVICE_LOGIN},
    {RD_KAFKA_RESP_ERR__SSL, ADVICE_LOGIN},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, "; the group has members that do not assign partitions "
                                                    "cooperatively (cooperative-sticky): use a group of its own"},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, "; the topic's settings do not allow such messages"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "; a policy of the cluster does not allow it"},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, "; the broker's transaction.max.timeout.ms is below ours"},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, "; check the group's name"},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, "; the broker allows no more members (group.max.size)"},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
     "; the broker's group.min.session.timeout.ms and group.max.session.timeout.ms bound session.timeout.ms"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "; the broker is too old"},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, "; the broker is too old"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ADVICE_FENCED},
    {RD_KAFKA_RESP_ERR__FENCED, ADVICE_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ADVICE_EPOCH},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, ADVICE_EPOCH},
    {RD_KAFKA_RESP_ERR__FATAL, ""},
};

static const struct hopeless *find(rd_kafka_resp_err_t code) {
    for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0]; i++)
        if (hopeless[i].code == code) return &hopeless[i];
    return NULL;
}

enum kafka_trouble kafka_trouble(rd_kafka_resp_err_t code) {
    return find(code) != NULL ? KAFKA_HOPELESS : KAFKA_PASSING;
}

const char *kafka_advice(rd_kafka_resp_err_t code) {
    const struct hopeless *found = find(code);
    return found != NULL ? found->advice : "";
}
