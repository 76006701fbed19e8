/* Properties of librdkafka: which are taken, which are refused and why, where values come from, and that none is shown.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>

#include "config/config_yaml.h"
#include "config/kafka_properties.h"
#include "schemas/limits.h"
#include "tests/unit/kafka_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define SECRET "geheim-4711"
#define SECRET_RULE(name)                                                                                       \
    name ": a secret must not stand here; write " name "_env and the name of an environment variable, or " name \
         "_file and the path of a file"

/* The properties of a YAML mapping as "name=value/CP", or what is wrong with them. */
static const char *load(struct kafka_case *test, const char *yaml) {
    static struct arena arena;
    const struct config_node *root;
    struct kafka_properties properties = {.count = 0};
    struct error error;
    *test = (struct kafka_case){.config = ""};
    arena_reset(&arena);
    assert_int_equal(config_tree_from_yaml(&arena, "c", slice_from(yaml), &root, &error), STATUS_OK);
    const struct problem_scope scope = {.problems = &test->problems, .file = "c"};
    bool good = kafka_properties_load(&arena, &scope, root, &properties);
    assert_int_equal(good, test->problems.errors_count == 0);
    kafka_case_put_problems(test, &test->problems);
    for (size_t i = 0; good && i < properties.count; i++) {
        const struct kafka_property *property = &properties.items[i];
        kafka_case_put(test, "%s%s=%s/%s%s", i > 0 ? " " : "", property->name, property->value,
                       property->consumer ? "C" : "", property->producer ? "P" : "");
    }
    problems_destroy(&test->problems);
    return test->text;
}

static const struct {
    const char *what, *yaml, *expected;
} cases[] = {
    {"none", "{}", ""},
    {"kinds of client", "{client.id: c, linger.ms: 5, session.timeout.ms: 6000, compression.type: lz4}",
     "client.id=c/CP linger.ms=5/P session.timeout.ms=6000/C compression.type=lz4/P"},
    {"security",
     "{security.protocol: sasl_ssl, ssl.ca.location: /ca.pem, sasl.mechanisms: SCRAM-SHA-512, sasl.username: u}",
     "security.protocol=sasl_ssl/CP ssl.ca.location=/ca.pem/CP sasl.mechanisms=SCRAM-SHA-512/CP sasl.username=u/CP"},
    {"static membership", "{group.instance.id: a}", "group.instance.id=a/C"},
    {"what holds anyhow may be said",
     "{enable.auto.commit: false, isolation.level: read_committed, acks: all, request.required.acks: -1, "
     "enable.idempotence: True, max.in.flight: 5}",
     "enable.auto.commit=false/C isolation.level=read_committed/C acks=all/P request.required.acks=-1/P "
     "enable.idempotence=True/P max.in.flight=5/CP"},
    {"a secret of the environment", "{sasl.password_env: KAFKA_TEST_SECRET}", "sasl.password=" SECRET "/CP"},
    {"a secret of a file", "{ssl.key.password_file: SECRET_FILE}", "ssl.key.password=" SECRET "/CP"},
    {"others, too", "{sasl.username_env: KAFKA_TEST_SECRET, client.id_file: SECRET_FILE}",
     "sasl.username=" SECRET "/CP client.id=" SECRET "/CP"},
    {"no mapping", "[a]", "1:1: expected properties of librdkafka such as {client.id: web}, got a list"},
    {"unknown", "{linger.msec: 5}",
     "1:15: librdkafka VERSION knows no property \"linger.msec\", did you mean \"linger.ms\"?"},
    {"unknown and nothing near", "{zebra: 5}", "1:9: librdkafka VERSION knows no property \"zebra\""},
    {"one that is refused is not suggested", "{plugin.library.path: x}",
     "1:23: librdkafka VERSION knows no property \"plugin.library.path\""},
    {"hidden ones are unknown", "{test.mock.num.brokers: 3}",
     "1:25: librdkafka VERSION knows no property \"test.mock.num.brokers\""},
    {"unknown with an ending", "{_env: A, a_file: B}",
     "1:8: librdkafka VERSION knows no property \"_env\"\n1:19: librdkafka VERSION knows no property \"a_file\""},
    {"case counts", "{Client.Id: c}",
     "1:13: librdkafka VERSION knows no property \"Client.Id\", did you mean \"client.id\"?"},
    {"a range", "{socket.timeout.ms: " SECRET "}", "1:21: socket.timeout.ms: expected 10 .. 300000"},
    {"outside of it", "{socket.timeout.ms: 1}", "1:21: socket.timeout.ms: expected 10 .. 300000"},
    {"words", "{security.protocol: " SECRET "}",
     "1:21: security.protocol: expected plaintext, ssl, sasl_plaintext, sasl_ssl"},
    {"many words", "{debug: " SECRET "}",
     "1:9: debug: expected generic, broker, topic, metadata, feature, queue, msg, protocol, cgrp, security, fetch, "
     "interceptor,..."},
    {"no words", "{partitioner: " SECRET "}", "1:15: partitioner: librdkafka does not take this value"},
    {"auto commit", "{enable.auto.commit: " SECRET "}",
     "1:22: enable.auto.commit: only false is taken: wherefrom commits offsets itself, behind what has settled"},
    {"its old name", "{auto.commit.enable: true}",
     "1:22: auto.commit.enable: only false is taken: wherefrom commits offsets itself, behind what has settled"},
    {"offset files", "{offset.store.path: x}",
     "1:21: offset.store.path: refused: wherefrom commits offsets itself, behind what has settled"},
    {"uncommitted", "{isolation.level: read_uncommitted}",
     "1:19: isolation.level: only read_committed is taken: what a transaction took back must not be read"},
    {"assignment", "{partition.assignment.strategy: \"cooperative-sticky,range\"}",
     "1:33: partition.assignment.strategy: only cooperative-sticky is taken: all members of a group must agree, and "
     "partitions that stay are read on"},
    {"acks", "{acks: 1, request.required.acks: 0}",
     "1:8: acks: only all|-1 is taken: a message counts as written when all replicas have it\n"
     "1:34: request.required.acks: only all|-1 is taken: a message counts as written when all replicas have it"},
    {"in flight", "{max.in.flight: 6, max.in.flight.requests.per.connection: 55}",
     "1:17: max.in.flight: only 1|2|3|4|5 is taken: with more, what is sent again may be there twice or out of order\n"
     "1:59: max.in.flight.requests.per.connection: only 1|2|3|4|5 is taken: with more, what is sent again may be there "
     "twice or out of order"},
    {"part of a word is none", "{acks: al, enable.idempotence: \"\"}",
     "1:8: acks: only all|-1 is taken: a message counts as written when all replicas have it\n"
     "1:32: enable.idempotence: the value is empty, or has a NUL in it"},
    {"code", "{plugin.library.paths: x, ssl.engine.location: y, ssl.providers: z}",
     "1:24: plugin.library.paths: refused: it loads code into the program\n"
     "1:48: ssl.engine.location: refused: it loads code into the program\n"
     "1:66: ssl.providers: refused: it loads code into the program"},
    {"callbacks", "{dr_msg_cb: x, rebalance_cb: x, ssl_key: x}",
     "1:13: dr_msg_cb: refused: it can be set by a program only\n1:30: rebalance_cb: refused: it can be set by a "
     "program "
     "only\n1:42: ssl_key: refused: it can be set by a program only"},
    {"secrets", "{sasl.password: " SECRET ", ssl.key.pem: " SECRET ", sasl.oauthbearer.client.secret: " SECRET "}",
     "1:17: " SECRET_RULE("sasl.password") "\n1:43: " SECRET_RULE("ssl.key.pem") "\n1:88: " SECRET_RULE(
         "sasl.oauthbearer.client.secret")},
    {"a variable that is not there", "{sasl.password_env: KAFKA_TEST_MISSING}",
     "1:21: sasl.password_env: the environment has no variable of that name"},
    {"a secret in place of a name", "{sasl.password_env: " SECRET ", ssl.key.password_file: " SECRET "}",
     "1:21: sasl.password_env: the environment has no variable of that name\n"
     "1:57: ssl.key.password_file: the file that is named: No such file or directory"},
    {"timeouts", "{message.timeout.ms: 0, delivery.timeout.ms: 1000}",
     "1:22: message.timeout.ms: refused: a message is sent again until it is there\n"
     "1:46: delivery.timeout.ms: refused: a message is sent again until it is there"},
    {"an empty variable", "{sasl.password_env: KAFKA_TEST_EMPTY}",
     "1:21: sasl.password_env: the value is empty, or has a NUL in it"},
    {"a file that is not there", "{sasl.password_file: /nowhere/x}",
     "1:22: sasl.password_file: the file that is named: No such file or directory"},
    {"what is refused stays so in a file", "{acks_file: SECRET_FILE}",
     "1:13: acks: only all|-1 is taken: a message counts as written when all replicas have it"},
    {"a value that is wrong in a file", "{security.protocol_env: KAFKA_TEST_SECRET}",
     "1:25: security.protocol: expected plaintext, ssl, sasl_plaintext, sasl_ssl"},
    {"a list", "{client.id: [a], sasl.password_env: {}, sasl.password_file: }",
     "1:13: client.id: expected a value, got a list\n"
     "1:37: sasl.password_env: expected the name of an environment variable, got a mapping\n"
     "1:61: sasl.password_file: expected the path of a file, got nothing"},
};

/* `text` with every `word` replaced. */
static void replace(char *out, const char *text, const char *word, const char *by) {
    for (const char *found; (found = strstr(text, word)) != NULL; text = found + strlen(word))
        out += sprintf(out, "%.*s%s", (int)(found - text), text, by);
    strcpy(out, text);
}

static void write_file(int file, const void *bytes, size_t bytes_count) {
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(pwrite(file, bytes, bytes_count, 0), (ssize_t)bytes_count);
}

static void properties(void **state) {
    (void)state;
    char path[64], yaml[1024], expected[2048];
    int file = memfd_create("secret", MFD_CLOEXEC);
    write_file(file, SECRET "\n", sizeof SECRET);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    assert_int_equal(setenv("KAFKA_TEST_SECRET", SECRET, 1) + setenv("KAFKA_TEST_EMPTY", "", 1), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kafka_case test;
        print_message("%s\n", cases[i].what);
        replace(yaml, cases[i].yaml, "SECRET_FILE", path);
        replace(expected, cases[i].expected, "VERSION", rd_kafka_version_str());
        assert_string_equal(load(&test, yaml), expected);
    }
    close(file);
}

/* Only the last LF goes, NUL and too long are refused. */
static void files(void **state) {
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t bytes_count;
        const char *expected;
    } files[] = {
        {"no LF", "ab", 2, "client.id=ab/CP"},
        {"two LF", "ab\n\n", 4, "client.id=ab\n/CP"},
        {"CR LF", "ab\r\n", 4, "client.id=ab\r/CP"},
        {"empty", "", 0, "1:17: client.id_file: the value is empty, or has a NUL in it"},
        {"only an LF", "\n", 1, "1:17: client.id_file: the value is empty, or has a NUL in it"},
        {"a NUL", "a\0b", 3, "1:17: client.id_file: the value is empty, or has a NUL in it"},
    };
    char path[64], yaml[128], expected[256];
    struct kafka_case test;
    int file = memfd_create("value", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    snprintf(yaml, sizeof yaml, "client.id_file: %s", path);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        print_message("%s\n", files[i].what);
        write_file(file, files[i].bytes, files[i].bytes_count);
        assert_string_equal(load(&test, yaml), files[i].expected);
    }
    static char large[SECRET_BYTES_MAX + 1];
    memset(large, 'a', sizeof large);
    write_file(file, large, sizeof large);
    snprintf(expected, sizeof expected,
             "client.id_file: the file that is named: expected at most %u bytes, the file has more", SECRET_BYTES_MAX);
    assert_non_null(strstr(load(&test, yaml), expected));
    close(file);
}

static void limits(void **state) {
    (void)state;
    static char yaml[16384];
    struct kafka_case test;
    size_t used = 0;
    for (unsigned i = 0; i <= KAFKA_PROPERTIES_MAX; i++) used += (size_t)sprintf(yaml + used, "x%u: y\n", i);
    assert_string_equal(load(&test, yaml), "1:1: expected at most 128 properties, got more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties),
        cmocka_unit_test(files),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
