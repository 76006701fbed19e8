/* A consumer without a group that asks for metadata. What went wrong on the way (name, connection, TLS, SASL) librdkafka says to its error
 * callback only, while the request itself just times out.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/kafka_probe.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>
#include <string.h>

#include "base/monotonic.h"
#include "schemas/limits.h"

/* The last that a client said was wrong. */
struct trouble {
    char text[512];
};

static void note_error(rd_kafka_t *client, int code, const char *reason, void *opaque) {
    struct trouble *trouble = opaque;
    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && trouble->text[0] != '\0') return; /* why was said before */
    snprintf(trouble->text, sizeof trouble->text, "%s", reason);
}

static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client, (void)level, (void)facility, (void)text;
}

static rd_kafka_t *client_new(const struct kafka_probe *probe, const struct problem_scope *scope,
                              struct trouble *trouble) {
    char reason[512] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, trouble);
    rd_kafka_conf_set_error_cb(conf, note_error);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    bool good = rd_kafka_conf_set(conf, "bootstrap.servers", probe->cluster->brokers, reason, sizeof reason) ==
                RD_KAFKA_CONF_OK;
    for (size_t i = 0; good && i < probe->cluster->properties_count; i++) /* each was taken once when it was read */
        if (probe->cluster->properties[i].consumer)
            good = rd_kafka_conf_set(conf, probe->cluster->properties[i].name, probe->cluster->properties[i].value,
                                     NULL, 0) == RD_KAFKA_CONF_OK;
    rd_kafka_t *client = good ? rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason) : NULL;
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        (void)problem_report(scope, NULL, "%s", reason);
    }
    return client;
}

static bool report_silence(const struct problem_scope *scope, rd_kafka_t *client, const struct trouble *trouble,
                           rd_kafka_resp_err_t code) {
    (void)rd_kafka_poll(client, 0); /* calls note_error */
    return problem_report(scope, NULL, "no answer from the brokers: %s",
                          trouble->text[0] != '\0' ? trouble->text : rd_kafka_err2str(code));
}

static const char *advice(rd_kafka_resp_err_t code) {
    switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return "; check the name, or create it";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: return "; the user needs an ACL for it (Describe)";
    default: return "";
    }
}

/* What the answer says of one topic that was asked for by name. */
static bool check_topic(const struct problem_scope *scope, const struct rd_kafka_metadata *answer, const char *name,
                        FILE *out) {
    const struct rd_kafka_metadata_topic *found = NULL;
    for (int i = 0; i < answer->topic_cnt; i++)
        if (strcmp(answer->topics[i].topic, name) == 0) found = &answer->topics[i];
    rd_kafka_resp_err_t code = found != NULL ? found->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return problem_report(scope, NULL, "topic %s: %s%s", name, rd_kafka_err2str(code), advice(code));
    fprintf(out, "topic %s: %d partition%s\n", name, found->partition_cnt, found->partition_cnt == 1 ? "" : "s");
    return true;
}

static bool check_regex(const struct problem_scope *scope, const struct rd_kafka_metadata *answer, const char *text,
                        FILE *out) {
    regex_t compiled;
    int topics = 0, partitions = 0;
    if (regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) != 0)
        return problem_report(scope, NULL, "%s is no regular expression", text);
    for (int i = 0; i < answer->topic_cnt; i++) {
        if (regexec(&compiled, answer->topics[i].topic, 0, NULL, 0) != 0) continue;
        topics++;
        partitions += answer->topics[i].partition_cnt;
    }
    regfree(&compiled);
    if (topics == 0)
        return problem_report(scope, NULL, "no topic fits %s; those that come later are read, but is it right?", text);
    fprintf(out, "topics %s: %d, with %d partition%s\n", text, topics, partitions, partitions == 1 ? "" : "s");
    return true;
}

/* Two questions: for topics by name, which also tells those that may not be seen, and for all when a regular expression asks. */
static bool ask(const struct kafka_probe *probe, const struct problem_scope *scope, rd_kafka_t *client,
                const struct trouble *trouble, FILE *out) {
    const int64_t until = (int64_t)monotonic_ms() + probe->wait_ms_max;
    bool good = true;
    for (int all = 0; all <= 1; all++) {
        bool wanted = all == 0; /* the first one tells whether the cluster answers */
        for (size_t i = 0; i < probe->topics_count; i++) wanted = wanted || probe->topics[i][0] == '^';
        if (!wanted) continue;
        const struct rd_kafka_metadata *answer;
        int64_t left = until - (int64_t)monotonic_ms();
        rd_kafka_resp_err_t code = rd_kafka_metadata(client, all, NULL, &answer, left > 0 ? (int)left : 0);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return report_silence(scope, client, trouble, code);
        if (all == 0) {
            char *id = rd_kafka_clusterid(client, 0);
            fprintf(out, "kafka %s: %d broker%s, cluster %s\n", probe->cluster->brokers, answer->broker_cnt,
                    answer->broker_cnt == 1 ? "" : "s", id != NULL ? id : "without an id");
            if (id != NULL) rd_kafka_mem_free(client, id);
        }
        for (size_t i = 0; i < probe->topics_count; i++)
            if ((probe->topics[i][0] == '^') == (all == 1))
                good = (all == 1 ? check_regex : check_topic)(scope, answer, probe->topics[i], out) && good;
        rd_kafka_metadata_destroy(answer);
    }
    return good;
}

bool kafka_probe(const struct kafka_probe *probe, const struct problem_scope *scope, FILE *out) {
    struct trouble trouble = {""};
    rd_kafka_topic_t *topics[KAFKA_TOPICS_MAX] = {NULL};
    rd_kafka_t *client = client_new(probe, scope, &trouble);
    if (client == NULL) return false;
    for (size_t i = 0; i < probe->topics_count && i < KAFKA_TOPICS_MAX; i++) /* what is known by name is asked for */
        if (probe->topics[i][0] != '^') topics[i] = rd_kafka_topic_new(client, probe->topics[i], NULL);
    bool good = ask(probe, scope, client, &trouble, out);
    for (size_t i = 0; i < KAFKA_TOPICS_MAX; i++)
        if (topics[i] != NULL) rd_kafka_topic_destroy(topics[i]);
    rd_kafka_destroy(client);
    return good;
}
