/* What the tests want of a broker, without the seconds that Kafka's own tools take to start: topics, rights, messages in, messages out,
 * and where a group stands. `kafka_admin` alone says how it is called. Messages are written and read as frames:
 *
 *   PARTITION TIMESTAMP_MS KEY_BYTES VALUE_BYTES HEADERS LF   key value, and for each header: NAME_BYTES VALUE_BYTES LF name value
 *
 * where bytes of -1 are a key or value that is not there; what is read has the message's offset behind PARTITION. In, a partition of -1
 * is left to the key, and a timestamp of 0 is the present.
 *
 * Threads: one, and librdkafka's. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define TIMEOUT_MS 30000
#define WAIT_MS 100
#define VALUE_BYTES_MAX (64 << 20)
#define QUEUED_MESSAGES_MAX 100000
#define FETCH_WAIT_MS "20" /* what a topic's end costs a reader */

struct properties {
    const char *texts[64];
    size_t count;
};

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "kafka_admin: %s: %s\n", what, why);
    exit(1);
}

static void check(rd_kafka_resp_err_t code, const char *what) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(code));
}

/* What passes when a broker has just been started, or a topic just been made. Waits a little; not for ever. */
static bool passes(rd_kafka_resp_err_t code, int *waits) {
    switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: usleep(WAIT_MS * 1000); return (*waits)++ < TIMEOUT_MS / WAIT_MS;
    default: return false;
    }
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) fail(name, why);
}

/* What the user says comes last. */
static void set_properties(rd_kafka_conf_t *conf, const struct properties *properties) {
    for (size_t i = 0; i < properties->count; i++) {
        char name[256];
        const char *value = strchr(properties->texts[i], '=');
        if (value == NULL || (size_t)(value - properties->texts[i]) >= sizeof name)
            fail(properties->texts[i], "KEY=VALUE is wanted");
        memcpy(name, properties->texts[i], (size_t)(value - properties->texts[i]));
        name[value - properties->texts[i]] = '\0';
        set(conf, name, value + 1);
    }
}

static rd_kafka_t *new_client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const struct properties *properties) {
    char why[512];
    set_properties(conf, properties);
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client == NULL) fail("client", why);
    return client;
}

/* --- topics and rights ---------------------------------------------------------------------------- */

/* The result of each topic, or of each right. */
static void check_event(rd_kafka_queue_t *queue) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (event == NULL) fail("broker", "no answer");
    check(rd_kafka_event_error(event), "request");
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = NULL;
    const rd_kafka_CreateTopics_result_t *created = rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_DeleteTopics_result_t *deleted = rd_kafka_event_DeleteTopics_result(event);
    if (created != NULL) topics = rd_kafka_CreateTopics_result_topics(created, &count);
    if (deleted != NULL) topics = rd_kafka_DeleteTopics_result_topics(deleted, &count);
    for (size_t i = 0; i < count; i++)
        check(rd_kafka_topic_result_error(topics[i]), rd_kafka_topic_result_name(topics[i]));
    const rd_kafka_CreateAcls_result_t *allowed = rd_kafka_event_CreateAcls_result(event);
    const rd_kafka_acl_result_t **rights = allowed != NULL ? rd_kafka_CreateAcls_result_acls(allowed, &count) : NULL;
    for (size_t i = 0; rights != NULL && i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_acl_result_error(rights[i]);
        if (error != NULL) fail("right", rd_kafka_error_string(error));
    }
    rd_kafka_event_destroy(event);
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *client) {
    char why[256];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_ANY);
    if (rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS, why, sizeof why) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail("options", why);
    return options;
}

/* NAME:PARTITIONS[,KEY=VALUE]... */
static rd_kafka_NewTopic_t *new_topic(char *text) {
    char why[256], *rest = NULL;
    char *first = strtok_r(text, ",", &rest), *count = first != NULL ? strchr(first, ':') : NULL;
    if (count == NULL) fail(text, "NAME:PARTITIONS is wanted");
    *count++ = '\0';
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(first, (int)strtol(count, NULL, 10), 1, why, sizeof why);
    if (topic == NULL) fail(first, why);
    for (char *setting; (setting = strtok_r(NULL, ",", &rest)) != NULL;) {
        char *value = strchr(setting, '=');
        if (value == NULL) fail(setting, "KEY=VALUE is wanted");
        *value++ = '\0';
        check(rd_kafka_NewTopic_set_config(topic, setting, value), setting);
    }
    return topic;
}

static void create_topics(rd_kafka_t *client, char **texts, size_t count) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options = admin_options(client);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_NewTopic_t *topic = new_topic(texts[i]);
        rd_kafka_CreateTopics(client, &topic, 1, options, queue);
        rd_kafka_NewTopic_destroy(topic);
    }
    for (size_t i = 0; i < count; i++) check_event(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

static void delete_topics(rd_kafka_t *client, char **names, size_t count) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options = admin_options(client);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(names[i]);
        rd_kafka_DeleteTopics(client, &topic, 1, options, queue);
        rd_kafka_DeleteTopic_destroy(topic);
        check_event(queue);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

/* Messages before that offset are gone, as by retention. */
static void truncate_partition(rd_kafka_t *client, char **words) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options = admin_options(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, words[0], (int32_t)strtol(words[1], NULL, 10))->offset = strtoll(words[2],
                                                                                                             NULL, 10);
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client, &records, 1, options, queue);
    check_event(queue);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

/* The controller says that a right is given before the broker knows of it. */
static void await_right(rd_kafka_t *client, rd_kafka_AclBindingFilter_t *right) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    size_t found = 0;
    for (int waits = 0; found == 0; waits++) {
        if (waits > TIMEOUT_MS / WAIT_MS) fail("right", "is not in force");
        if (waits > 0) usleep(WAIT_MS * 1000);
        rd_kafka_DescribeAcls(client, right, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
        if (event == NULL) fail("broker", "no answer");
        check(rd_kafka_event_error(event), "right");
        (void)rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &found);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
}

static void allow(rd_kafka_t *client, char **words) {
    static const struct {
        const char *name;
        rd_kafka_ResourceType_t type;
    } kinds[] = {{"topic", RD_KAFKA_RESOURCE_TOPIC}, {"group", RD_KAFKA_RESOURCE_GROUP}};
    static const struct {
        const char *name;
        rd_kafka_AclOperation_t operation;
    } operations[] = {{"read", RD_KAFKA_ACL_OPERATION_READ},
                      {"write", RD_KAFKA_ACL_OPERATION_WRITE},
                      {"describe", RD_KAFKA_ACL_OPERATION_DESCRIBE}};
    rd_kafka_ResourceType_t type = RD_KAFKA_RESOURCE_UNKNOWN;
    rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_UNKNOWN;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(words[1], kinds[i].name) == 0) type = kinds[i].type;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(words[3], operations[i].name) == 0) operation = operations[i].operation;
    char why[256], principal[256];
    snprintf(principal, sizeof principal, "User:%s", words[0]);
    rd_kafka_AclBinding_t *right = rd_kafka_AclBinding_new(type, words[2], RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal,
                                                           "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why,
                                                           sizeof why);
    if (right == NULL) fail("right", why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateAcls(client, &right, 1, NULL, queue);
    check_event(queue);
    rd_kafka_AclBindingFilter_t *given = rd_kafka_AclBindingFilter_new(
        type, words[2], RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal, "*", operation,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof why);
    if (given == NULL) fail("right", why);
    await_right(client, given);
    rd_kafka_AclBinding_destroy(given);
    rd_kafka_AclBinding_destroy(right);
    rd_kafka_queue_destroy(queue);
}

/* --- messages in ---------------------------------------------------------------------------------- */

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *context) {
    (void)client;
    (void)context;
    check(message->err, "message");
}

/* Memory of its own; NULL for -1. */
static char *read_bytes(ssize_t bytes) {
    if (bytes < 0) return NULL;
    if (bytes > VALUE_BYTES_MAX) fail("frame", "too large");
    char *text = malloc((size_t)bytes + 1);
    if (text == NULL) fail("frame", "out of memory");
    if (fread(text, 1, (size_t)bytes, stdin) != (size_t)bytes) fail("frame", "ends too early");
    return text;
}

static rd_kafka_headers_t *read_headers(size_t count) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        char line[64];
        ssize_t name_bytes, value_bytes;
        if (fgets(line, sizeof line, stdin) == NULL || sscanf(line, "%zd %zd", &name_bytes, &value_bytes) != 2)
            fail("header", "no frame");
        char *name = read_bytes(name_bytes), *value = read_bytes(value_bytes);
        check(rd_kafka_header_add(headers, name, name_bytes, value, value_bytes), "header");
        free(name);
        free(value);
    }
    return headers;
}

static void produce_one(rd_kafka_t *client, const char *topic, const char *frame) {
    int32_t partition;
    int64_t timestamp;
    ssize_t key_bytes, value_bytes;
    size_t headers_count;
    if (sscanf(frame, "%" SCNd32 " %" SCNd64 " %zd %zd %zu", &partition, &timestamp, &key_bytes, &value_bytes,
               &headers_count) != 5)
        fail(frame, "no frame");
    char *key = read_bytes(key_bytes), *value = read_bytes(value_bytes);
    rd_kafka_headers_t *headers = read_headers(headers_count);
    while (rd_kafka_outq_len(client) >= QUEUED_MESSAGES_MAX) rd_kafka_poll(client, 10);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = timestamp},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = key, .size = key != NULL ? (size_t)key_bytes : 0}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = value, .size = value != NULL ? (size_t)value_bytes : 0}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS,
         .u.i = value != NULL ? RD_KAFKA_MSG_F_FREE : 0}, /* then it is librdkafka's */
    };
    rd_kafka_error_t *error = rd_kafka_produceva(client, parts, sizeof parts / sizeof parts[0]);
    if (error != NULL) fail(topic, rd_kafka_error_string(error));
    free(key);
    rd_kafka_poll(client, 0);
}

static void produce(const char *topic, const struct properties *properties) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "message.max.bytes", "67108864");
    set(conf, "queue.buffering.max.messages", "1000000");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, conf, properties);
    for (char line[128]; fgets(line, sizeof line, stdin) != NULL;) produce_one(client, topic, line);
    check(rd_kafka_flush(client, 10 * TIMEOUT_MS), "flush");
    rd_kafka_destroy(client);
}

/* --- messages out --------------------------------------------------------------------------------- */

static rd_kafka_t *new_consumer(const char *group, const struct properties *properties) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "group.id", group);
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "isolation.level", "read_committed");
    set(conf, "fetch.wait.max.ms", FETCH_WAIT_MS);
    set(conf, "fetch.error.backoff.ms", FETCH_WAIT_MS);
    rd_kafka_t *client = new_client(RD_KAFKA_CONSUMER, conf, properties);
    check(rd_kafka_poll_set_consumer(client), "consumer");
    return client;
}

/* All partitions of a topic, from their beginnings. */
static rd_kafka_topic_partition_list_t *partitions_of(rd_kafka_t *client, const char *name) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    for (int waits = 0;; rd_kafka_metadata_destroy(metadata)) {
        check(rd_kafka_metadata(client, 0, topic, &metadata, TIMEOUT_MS), name);
        if (!passes(metadata->topics[0].err, &waits)) break;
    }
    check(metadata->topics[0].err, name);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(metadata->topics[0].partition_cnt);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, name, metadata->topics[0].partitions[i].id)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return list;
}

static void print_frame(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) headers = NULL;
    size_t headers_count = headers != NULL ? rd_kafka_header_cnt(headers) : 0;
    printf("%" PRId32 " %" PRId64 " %" PRId64 " %zd %zd %zu\n", message->partition, message->offset,
           rd_kafka_message_timestamp(message, NULL), message->key != NULL ? (ssize_t)message->key_len : -1,
           message->payload != NULL ? (ssize_t)message->len : -1, headers_count);
    if (message->key != NULL) fwrite(message->key, 1, message->key_len, stdout);
    if (message->payload != NULL) fwrite(message->payload, 1, message->len, stdout);
    for (size_t i = 0; i < headers_count; i++) {
        const char *name;
        const void *value;
        size_t bytes;
        check(rd_kafka_header_get_all(headers, i, &name, &value, &bytes), "header");
        printf("%zu %zd\n%s", strlen(name), value != NULL ? (ssize_t)bytes : -1, name);
        if (value != NULL) fwrite(value, 1, bytes, stdout);
    }
}

/* Of each value only what is between two texts, for topics that are too large to be looked at whole. */
static void print_part(const rd_kafka_message_t *message, const char *begin, const char *end) {
    const char *from = message->payload != NULL ? memmem(message->payload, message->len, begin, strlen(begin)) : NULL;
    if (from == NULL) fail(begin, "is not in a message");
    from += strlen(begin);
    const char *to = memmem(from, (size_t)((const char *)message->payload + message->len - from), end, strlen(end));
    if (to == NULL) fail(end, "is not in a message");
    printf("%" PRId32 " %" PRId64 " %.*s\n", message->partition, message->offset, (int)(to - from), from);
}

static void read_topic(const char *topic, const char *begin, const char *end, const struct properties *properties) {
    rd_kafka_t *client = new_consumer("kafka_admin", properties);
    rd_kafka_topic_partition_list_t *partitions = partitions_of(client, topic);
    check(rd_kafka_assign(client, partitions), topic);
    int waits = 0;
    for (int left = partitions->cnt; left > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, TIMEOUT_MS);
        if (message == NULL) fail(topic, "nothing comes, not even its end");
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            left--;
        } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (!passes(message->err, &waits)) fail(topic, rd_kafka_message_errstr(message));
        } else if (begin != NULL) {
            print_part(message, begin, end);
        } else {
            print_frame(message);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_destroy(client);
}

/* PARTITION COMMITTED END for each partition; COMMITTED is -1 where the group has none. */
static void print_offsets(const char *group, const char *topic, const struct properties *properties) {
    rd_kafka_t *client = new_consumer(group, properties);
    rd_kafka_topic_partition_list_t *partitions = partitions_of(client, topic);
    rd_kafka_resp_err_t code;
    int waits = 0;
    do {
        code = rd_kafka_committed(client, partitions, TIMEOUT_MS);
    } while (passes(code, &waits));
    check(code, group);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &partitions->elems[i];
        int64_t low, high;
        check(one->err, topic);
        do {
            code = rd_kafka_query_watermark_offsets(client, topic, one->partition, &low, &high, TIMEOUT_MS);
        } while (passes(code, &waits));
        check(code, topic);
        printf("%" PRId32 " %" PRId64 " %" PRId64 "\n", one->partition, one->offset >= 0 ? one->offset : -1, high);
    }
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_destroy(client);
}

static void print_cluster_id(const struct properties *properties) {
    rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), properties);
    char *id = rd_kafka_clusterid(client, TIMEOUT_MS);
    if (id == NULL) fail("cluster", "no answer");
    puts(id);
    rd_kafka_mem_free(client, id);
    rd_kafka_destroy(client);
}

static int usage(void) {
    fputs("usage: kafka_admin [-X KEY=VALUE]... COMMAND    (-X bootstrap.servers=HOST:PORT at least)\n"
          "  cluster-id\n"
          "  create TOPIC:PARTITIONS[,KEY=VALUE]...        one or several\n"
          "  delete TOPIC...\n"
          "  truncate TOPIC PARTITION OFFSET               messages before that are gone\n"
          "  allow USER topic|group NAME read|write|describe\n"
          "  produce TOPIC                                 frames on stdin\n"
          "  read TOPIC [BEGIN END]                        all that is committed, as frames; or PARTITION OFFSET and "
          "what is between two texts\n"
          "  offsets GROUP TOPIC                           PARTITION COMMITTED END\n",
          stderr);
    return 2;
}

int main(int argc, char **argv) {
    struct properties properties = {.count = 0};
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "-X") == 0; at += 2) {
        if (properties.count == sizeof properties.texts / sizeof properties.texts[0]) return usage();
        properties.texts[properties.count++] = argv[at + 1];
    }
    if (at >= argc) return usage();
    const char *command = argv[at++];
    int words_count = argc - at;
    char **words = argv + at;
    if (strcmp(command, "cluster-id") == 0 && words_count == 0) {
        print_cluster_id(&properties);
    } else if (strcmp(command, "produce") == 0 && words_count == 1) {
        produce(words[0], &properties);
    } else if (strcmp(command, "read") == 0 && (words_count == 1 || words_count == 3)) {
        read_topic(words[0], words_count == 3 ? words[1] : NULL, words_count == 3 ? words[2] : NULL, &properties);
    } else if (strcmp(command, "offsets") == 0 && words_count == 2) {
        print_offsets(words[0], words[1], &properties);
    } else {
        bool is_create = strcmp(command, "create") == 0, is_delete = strcmp(command, "delete") == 0;
        bool is_allow = strcmp(command, "allow") == 0 && words_count == 4;
        bool is_truncate = strcmp(command, "truncate") == 0 && words_count == 3;
        if (words_count == 0 || !(is_create || is_delete || is_allow || is_truncate)) return usage();
        rd_kafka_t *client = new_client(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &properties);
        if (is_create) create_topics(client, words, (size_t)words_count);
        if (is_delete) delete_topics(client, words, (size_t)words_count);
        if (is_allow) allow(client, words);
        if (is_truncate) truncate_partition(client, words);
        rd_kafka_destroy(client);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
