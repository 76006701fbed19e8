/* What URLs and configs mean for Kafka, and what is said of those that are wrong.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/kafka_probe.h"
#include "schemas/limits.h"
#include "tests/unit/kafka_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define IN(url) \
    { url }
#define OUT(url) \
    { "-", "-o", url }
#define NAME_RULE "expected a name of letters, digits, and . _ - with at most 249 bytes"
#define BROKER_RULE "expected HOST:PORT, with an IPv6 address in brackets"
#define TIME_RULE "expected earliest, latest, or a UTC time such as 2025-12-01 or 2025-12-01T10:00:00Z"

struct url_case {
    const char *what;
    const char *argv[KAFKA_CASE_ARGUMENTS_MAX];
    const char *expected;
};

static void check_cases(const struct url_case *cases, size_t cases_count) {
    for (size_t i = 0; i < cases_count; i++) {
        struct kafka_case test;
        print_message("%s\n", cases[i].what);
        assert_string_equal(kafka_case_resolve(&test, NULL, cases[i].argv), cases[i].expected);
        kafka_case_end(&test);
    }
}

static void good_urls(void **state) {
    (void)state;
    static const struct url_case cases[] = {
        {"no Kafka at all", {"a.log", "-o", "b"}, ""},
        {"shortest", IN("kafka://h/t"), "in h:9092 [t] wherefrom earliest"},
        {"two of each", IN("kafka://h:1,i.example:65535/t,u.v_w-1"),
         "in h:1,i.example:65535 [t u.v_w-1] wherefrom earliest"},
        {"addresses", IN("kafka://127.0.0.1,[::1],[2001:db8::1]:9/t"),
         "in 127.0.0.1:9092,[::1]:9092,[2001:db8::1]:9 [t] wherefrom earliest"},
        {"group", IN("kafka://h/t?group=g.1"), "in h:9092 [t] g.1 earliest"},
        {"earliest", IN("kafka://h/t?start=earliest"), "in h:9092 [t] wherefrom earliest"},
        {"latest", IN("kafka://h/t?start=latest&group=g"), "in h:9092 [t] g latest"},
        {"a day", IN("kafka://h/t?group=g&start=2025-12-01"), "in h:9092 [t] g 1764547200000"},
        {"a time, encoded", IN("kafka://h/t?start=2025-12-01T00%3A00%3a01.0000001Z"),
         "in h:9092 [t] wherefrom 1764547201001"},
        {"a regular expression", IN("kafka://h/t,^alb-(a|b)$"), "in h:9092 [t ^alb-(a|b)$] wherefrom earliest"},
        {"one with separators", IN("kafka://h/%5Ea%3Fb%2C%2f%26{1%2C2}$"),
         "in h:9092 [^a?b,/&{1,2}$] wherefrom earliest"},
        {"output", OUT("kafka://h,i:1/t"), "out h:9092,i:1 records t rejects -"},
        {"rejects only", {"-", "--rejects", "kafka://h/t"}, "out h:9092 records - rejects t"},
        {"both", {"-", "-o", "kafka://h/t", "--rejects", "kafka://h:9092/u"}, "out h:9092 records t rejects u"},
        {"in and out",
         {"kafka://h/t", "-o", "kafka://h/u"},
         "in h:9092 [t] wherefrom earliest | out h:9092 records u rejects -"},
        {"beside files", {"a", "kafka://h/t", "b"}, "in h:9092 [t] wherefrom earliest"},
        {"the same topic elsewhere",
         {"kafka://h/t", "-o", "kafka://i/t"},
         "in h:9092 [t] wherefrom earliest | out i:9092 records t rejects -"},
        {"a regular expression that fits no output",
         {"kafka://h/^t$", "-o", "kafka://h/tt"},
         "in h:9092 [^t$] wherefrom earliest | out h:9092 records tt rejects -"},
        {"properties for who knows them",
         {"kafka://h/t", "-o", "kafka://i/t", "--librdkafka=client.id=c", "--librdkafka=linger.ms=7",
          "--librdkafka=session.timeout.ms=6000"},
         "in h:9092 client.id=c session.timeout.ms=6000 [t] wherefrom earliest | out i:9092 client.id=c linger.ms=7 "
         "records t "
         "rejects -"},
        {"a later property behind an earlier one",
         {"kafka://h/t", "--librdkafka=client.id=a", "--librdkafka=client.id=b=c"},
         "in h:9092 client.id=a client.id=b=c [t] wherefrom earliest"},
        {"instance", {"kafka://h/t", "--instance", "a-1"}, "in h:9092 [t] wherefrom earliest"},
        {"a compressed output without Kafka", {"-", "-o", "a.gz"}, ""},
        {"an output elsewhere whose name ends so",
         {"kafka://h/t", "-o", "opensearch+http://h/a.gz"},
         "in h:9092 [t] wherefrom earliest"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static void bad_urls(void **state) {
    (void)state;
    static const struct url_case cases[] = {
        {"nothing", IN("kafka://"), "input \"kafka://\": expected kafka://HOST:PORT[,HOST:PORT]/TOPIC"},
        {"no topic", IN("kafka://h"), "input \"kafka://h\": expected kafka://HOST:PORT[,HOST:PORT]/TOPIC"},
        {"empty topic", IN("kafka://h/"), "input \"kafka://h/\": expected kafka://HOST:PORT[,HOST:PORT]/TOPIC"},
        {"no broker", IN("kafka:///t"), "input \"kafka:///t\": expected kafka://HOST:PORT[,HOST:PORT]/TOPIC"},
        {"a password", IN("kafka://u:geheim@h/t"),
         "input kafka://...: a user and a password do not belong into the URL; give librdkafka's sasl.username and "
         "sasl.password_env"},
        {"empty broker", IN("kafka://,h/t"),
         "input \"kafka://,h/t\": brokers: " BROKER_RULE ", got an empty text or a NUL"},
        {"port 0", IN("kafka://h:0/t"), "input \"kafka://h:0/t\": brokers: " BROKER_RULE ", got \"h:0\""},
        {"port 65536", IN("kafka://h:65536/t"),
         "input \"kafka://h:65536/t\": brokers: " BROKER_RULE ", got \"h:65536\""},
        {"a long port", IN("kafka://h:009092/t"),
         "input \"kafka://h:009092/t\": brokers: " BROKER_RULE ", got \"h:009092\""},
        {"no port behind the colon", IN("kafka://h:/t"),
         "input \"kafka://h:/t\": brokers: " BROKER_RULE ", got \"h:\""},
        {"IPv6 without brackets", IN("kafka://::1/t"),
         "input \"kafka://::1/t\": brokers: " BROKER_RULE ", got \"::1\""},
        {"half a bracket", IN("kafka://[::1/t"), "input \"kafka://[::1/t\": brokers: " BROKER_RULE ", got \"[::1\""},
        {"text behind the bracket", IN("kafka://[::1]9092/t"),
         "input \"kafka://[::1]9092/t\": brokers: " BROKER_RULE ", got \"[::1]9092\""},
        {"a quad in brackets", IN("kafka://[127.0.0.1]/t"),
         "input \"kafka://[127.0.0.1]/t\": brokers: " BROKER_RULE ", got \"[127.0.0.1]\""},
        {"a space in a host", IN("kafka://a b/t"), "input \"kafka://a b/t\": brokers: " BROKER_RULE ", got \"a b\""},
        {"empty topic in a list", IN("kafka://h/t,"),
         "input \"kafka://h/t,\": topics: " NAME_RULE ", got an empty text or a NUL"},
        {"a topic's letters", IN("kafka://h/a%20b"), "input \"kafka://h/a%20b\": topics: " NAME_RULE ", got \"a b\""},
        {"a topic named ..", IN("kafka://h/.."), "input \"kafka://h/..\": topics: " NAME_RULE ", got \"..\""},
        {"a NUL", IN("kafka://h/a%00b"),
         "input \"kafka://h/a%00b\": topics: " NAME_RULE ", got an empty text or a NUL"},
        {"no escape", IN("kafka://h/a%2"), "input \"kafka://h/a%2\": topics: " NAME_RULE ", got \"a%2\""},
        {"twice the same", IN("kafka://h/a,b,%61"), "input \"kafka://h/a,b,%61\": topics: \"a\" is given twice"},
        {"no regular expression", IN("kafka://h/^a("),
         "input \"kafka://h/^a(\": topics: \"^a(\" is no regular expression: Unmatched ( or \\("},
        {"unknown key", IN("kafka://h/t?gruop=g"),
         "input \"kafka://h/t?gruop=g\": unknown key \"gruop\", did you mean \"group\"?"},
        {"a key of the path", IN("kafka://h/t?topics=g"), "input \"kafka://h/t?topics=g\": \"topics\" is given twice"},
        {"key twice", IN("kafka://h/t?group=a&group=b"),
         "input \"kafka://h/t?group=a&group=b\": \"group\" is given twice"},
        {"no value", IN("kafka://h/t?group"),
         "input \"kafka://h/t?group\": expected NAME=VALUE behind the ? and every &"},
        {"nothing behind the ?", IN("kafka://h/t?"),
         "input \"kafka://h/t?\": expected NAME=VALUE behind the ? and every &"},
        {"empty group", IN("kafka://h/t?group="),
         "input \"kafka://h/t?group=\": group: " NAME_RULE ", got an empty text or a NUL"},
        {"start", IN("kafka://h/t?start=noon"), "input \"kafka://h/t?start=noon\": start: " TIME_RULE ", got \"noon\""},
        {"properties in the URL", IN("kafka://h/t?librdkafka=x"),
         "input \"kafka://h/t?librdkafka=x\": expected properties of librdkafka such as {client.id: web}, got a text"},
        {"several mistakes", IN("kafka://h:x/a%20b?group=%2F"),
         "input \"kafka://h:x/a%20b?group=%2F\": brokers: " BROKER_RULE ", got \"h:x\"\n"
         "input \"kafka://h:x/a%20b?group=%2F\": topics: " NAME_RULE ", got \"a b\"\n"
         "input \"kafka://h:x/a%20b?group=%2F\": group: " NAME_RULE ", got \"/\""},
        {"a second input",
         {"kafka://h/a", "kafka://h/b"},
         "input \"kafka://h/b\": is a second kafka:// input; list the topics of one cluster with commas, "
         "kafka://HOST:PORT/TOPIC,TOPIC, and start another wherefrom for another one"},
        {"two topics of an output", OUT("kafka://h/a,b"),
         "output \"kafka://h/a,b\": topic: " NAME_RULE ", got \"a,b\""},
        {"a regular expression of an output", OUT("kafka://h/^a"),
         "output \"kafka://h/^a\": topic: " NAME_RULE ", got \"^a\""},
        {"an output's group", OUT("kafka://h/a?group=b"),
         "output \"kafka://h/a?group=b\": unknown key \"group\"; known are brokers, topic, librdkafka"},
        {"rejects elsewhere",
         {"-", "-o", "kafka://h/t", "--rejects", "kafka://i/u"},
         "rejects \"kafka://i/u\": rejects go to the output's cluster, h:9092; write the same brokers, or a file"},
        {"one topic for both",
         {"-", "-o", "kafka://h/t", "--rejects", "kafka://h/t"},
         "rejects \"kafka://h/t\": records and rejects must have topics of their own"},
        {"a circle",
         {"kafka://h/t,u", "-o", "kafka://h:9092/u"},
         "topic u is written, and would be read again by the input"},
        {"a circle by a regular expression",
         {"kafka://h/^.*", "-o", "x", "--rejects", "kafka://h/u"},
         "topic u is written, and would be read again by the input"},
        {"compressed",
         {"kafka://h/t", "-o", "a.gz"},
         "output: a.gz: offsets of a Kafka input are committed when records are on disk, and a compressor holds some "
         "back; "
         "write to a file without .gz"},
        {"compressed rejects",
         {"kafka://h/t", "--rejects", "a.gz"},
         "output: a.gz: offsets of a Kafka input are committed when records are on disk, and a compressor holds some "
         "back; "
         "write to a file without .gz"},
        {"instance", {"-", "--instance", "a b"}, "--instance: NAME: " NAME_RULE ", got \"a b\""},
        {"property without a value", {"-", "--librdkafka", "client.id"}, "--librdkafka: expected KEY=VALUE"},
        {"property that is refused",
         {"-", "--librdkafka", "group.id=g"},
         "--librdkafka: group.id: refused: the group stands in the URL (?group=NAME), in the config under `group`"},
        {"a secret",
         {"-", "--librdkafka", "sasl.password=geheim"},
         "--librdkafka: sasl.password: a secret must not stand here; write sasl.password_env and the name of an "
         "environment "
         "variable, or sasl.password_file and the path of a file"},
    };
    check_cases(cases, COUNT_OF(cases));
}

static const struct {
    const char *what, *config;
    const char *argv[KAFKA_CASE_ARGUMENTS_MAX];
    const char *expected;
} config_cases[] = {
    {"a whole input",
     "inputs:\n- kafka:\n    brokers: [\"h:1\", \"[::1]\"]\n    topics: [t, \"^u,v\"]\n    group: g\n    start: "
     "2025-12-01\n"
     "    formats: {\"alb-*\": alb_access, \"*\": auto}\n    librdkafka: {client.id: c, check.crcs: true}\n  chain: "
     "alb\n",
     {NULL},
     "in h:1,[::1]:9092 client.id=c check.crcs=true [t ^u,v] g 1764547200000 alb-*:alb_access *:auto"},
    {"texts with commas",
     "inputs: {kafka: {brokers: \"h:1,i\", topics: \"t,u\"}}",
     {NULL},
     "in h:1,i:9092 [t u] wherefrom earliest"},
    {"URLs",
     "inputs: [a, \"kafka://h/t\"]\noutput: kafka://h/u\nrejects: kafka://h/v\n",
     {NULL},
     "in h:9092 [t] wherefrom earliest | out h:9092 records u rejects v"},
    {"output and rejects",
     "output: {kafka: {brokers: h, topic: t, librdkafka: {linger.ms: 7}}}\nrejects: {kafka: {topic: u}}",
     {NULL},
     "out h:9092 linger.ms=7 records t rejects u"},
    {"rejects with the same brokers",
     "output: {kafka: {brokers: [h, i], topic: t}}\nrejects: {kafka: {topic: u, brokers: \"h:9092,i\"}}",
     {NULL},
     "out h:9092,i:9092 records t rejects u"},
    {"rejects only", "rejects: {kafka: {topic: u, brokers: h}}", {NULL}, "out h:9092 records - rejects u"},
    {"properties for all",
     "librdkafka: {client.id: c, linger.ms: 7}\ninputs: [\"kafka://h/t\"]\noutput: kafka://i/u\n",
     {NULL},
     "in h:9092 client.id=c [t] wherefrom earliest | out i:9092 client.id=c linger.ms=7 records u rejects -"},
    {"own properties behind common ones",
     "librdkafka: {client.id: c}\noutput: {kafka: {brokers: h, topic: t, librdkafka: {client.id: d}}}\n",
     {NULL},
     "out h:9092 client.id=c client.id=d records t rejects -"},
    {"the command line wins",
     "inputs: {kafka: {brokers: h, topics: t}}\noutput: {kafka: {brokers: h, topic: u}}\n",
     {"kafka://i/v", "-o", "kafka://i/w"},
     "in i:9092 [v] wherefrom earliest | out i:9092 records w rejects -"},
    {"the command line's file wins", "output: {kafka: {brokers: h, topic: u}}\n", {"-", "-o", "-"}, ""},
    {"one of several outputs",
     "outputs: {a: f, b: {kafka: {brokers: h, topic: t}}, c: g}",
     {"-"},
     "out h:9092 records t rejects -"},
    {"one of several, a URL that is wrong",
     "outputs: {a: f, b: \"kafka://h\"}",
     {"-"},
     "1:20: output \"kafka://h\": expected kafka://HOST:PORT[,HOST:PORT]/TOPIC"},
    {"nothing in it",
     "inputs: {kafka: {}}",
     {NULL},
     "1:17: input: kafka: no \"brokers\": write brokers: [HOST:PORT, HOST:PORT]\n"
     "1:17: input: kafka: no \"topics\": write topics: [NAME, \"^REGEX\"]"},
    {"no mapping",
     "inputs:\n- {kafka: h}\noutput: {kafka: [h]}\n",
     {NULL},
     "2:11: input: kafka: expected a mapping with brokers and topics, got a text\n"
     "3:17: output: kafka: expected a mapping with brokers and a topic, got a list"},
    {"each with its place",
     "inputs:\n- kafka:\n    brokers: [h, a b]\n    topics: [t, {}, t u]\n    grup: g\n    start: 7\n    formats: [a]\n"
     "    librdkafka: {acks: all, retries: 3}\n",
     {NULL},
     "5:5: input: kafka: unknown key \"grup\", did you mean \"group\"?\n"
     "3:18: input: kafka: brokers: " BROKER_RULE ", got \"a b\"\n"
     "8:38: input: kafka: retries: refused: a message is sent again until it is there\n"
     "4:17: input: kafka: topics: " NAME_RULE ", got a mapping\n"
     "4:21: input: kafka: topics: " NAME_RULE ", got \"t u\"\n"
     "6:12: input: kafka: start: " TIME_RULE ", got \"7\"\n"
     "7:14: input: kafka: formats: expected a mapping such as {\"alb-*\": alb_access} of at most 256 members"},
    {"empty lists",
     "inputs: {kafka: {brokers: [], topics: []}}",
     {NULL},
     "1:27: input: kafka: brokers: expected 1 to 64, got 0\n1:39: input: kafka: topics: expected 1 to 256, got 0"},
    {"no lists",
     "inputs: {kafka: {brokers: {}, topics: }}",
     {NULL},
     "1:27: input: kafka: brokers: expected a list, or a text with commas, got a mapping\n"
     "1:39: input: kafka: topics: expected a list, or a text with commas, got nothing"},
    {"a format that is none",
     "inputs: {kafka: {brokers: h, topics: t, formats: {a: [b]}}}",
     {NULL},
     "1:54: input: kafka: formats: expected GLOB: FORMAT, got a list"},
    {"a producer's property of an input",
     "inputs: {kafka: {brokers: h, topics: t, librdkafka: {linger.ms: 5}}}",
     {NULL},
     "1:53: input: kafka: linger.ms: has no meaning here, only for an output"},
    {"a consumer's property of an output",
     "output: {kafka: {brokers: h, topic: t, librdkafka: {session.timeout.ms: 6000}}}",
     {NULL},
     "1:52: output: kafka: session.timeout.ms: has no meaning here, only for an input"},
    {"the place of a URL",
     "inputs: [a, \"kafka://h/t?x=1\"]\n",
     {NULL},
     "1:13: input \"kafka://h/t?x=1\": unknown key \"x\"; known are brokers, topics, group, start, formats, "
     "librdkafka"},
    {"rejects without a cluster",
     "rejects: {kafka: {topic: u}}",
     {"-", "-o", "x"},
     "1:18: rejects: kafka: no \"brokers\", and the output is no topic that has some"},
    {"rejects with properties",
     "output: kafka://h/t\nrejects: {kafka: {topic: u, librdkafka: {}}}",
     {NULL},
     "2:29: rejects: kafka: unknown key \"librdkafka\"; known are brokers, topic"},
    {"two inputs",
     "inputs: [{kafka: {brokers: h, topics: t}}, {kafka: {brokers: h, topics: u}}]",
     {NULL},
     "1:52: input: kafka: is a second kafka:// input; list the topics of one cluster with commas, "
     "kafka://HOST:PORT/TOPIC,TOPIC, and start another wherefrom for another one"},
};

static void configs(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(config_cases); i++) {
        struct kafka_case test;
        print_message("%s\n", config_cases[i].what);
        assert_string_equal(kafka_case_resolve(&test, config_cases[i].config, config_cases[i].argv),
                            config_cases[i].expected);
        kafka_case_end(&test);
    }
}

/* `count` items of `item`, numbered, with commas. */
static void put_numbered(char *out, const char *item, unsigned count) {
    for (unsigned i = 0; i < count; i++) out += sprintf(out, "%s%s%u", i > 0 ? "," : "", item, i);
}

static void limits(void **state) {
    (void)state;
    static char url[65536];
    const struct {
        const char *what, *before, *item, *behind;
        unsigned count_max;
        const char *expected;
    } cases[] = {
        {"topics", "kafka://h/", "t", "", KAFKA_TOPICS_MAX, "topics: expected 1 to 256, got 257"},
        {"brokers", "kafka://", "h", "/t", KAFKA_BROKERS_MAX, "brokers: expected 1 to 64, got 65"},
    };
    struct kafka_case test;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (unsigned more = 0; more <= 1; more++) {
            print_message("%s and %u\n", cases[i].what, more);
            strcpy(url, cases[i].before);
            put_numbered(url + strlen(url), cases[i].item, cases[i].count_max + more);
            strcat(url, cases[i].behind);
            const char *text = kafka_case_resolve(&test, NULL, (const char *const[]){url, NULL});
            assert_int_equal(strstr(text, cases[i].expected) != NULL, more);
            assert_int_equal(test.problems.errors_count, more);
            kafka_case_end(&test);
        }
    }
    for (unsigned bytes = KAFKA_NAME_BYTES_MAX; bytes <= KAFKA_NAME_BYTES_MAX + 1; bytes++) {
        sprintf(url, "kafka://h/%0*d", (int)bytes, 0);
        (void)kafka_case_resolve(&test, NULL, (const char *const[]){url, NULL});
        assert_int_equal(test.problems.errors_count, bytes > KAFKA_NAME_BYTES_MAX);
        kafka_case_end(&test);
    }
    for (unsigned bytes = KAFKA_REGEX_BYTES_MAX; bytes <= KAFKA_REGEX_BYTES_MAX + 1; bytes++) {
        sprintf(url, "kafka://h/^%0*d", (int)bytes - 1, 0);
        (void)kafka_case_resolve(&test, NULL, (const char *const[]){url, NULL});
        assert_int_equal(test.problems.errors_count, bytes > KAFKA_REGEX_BYTES_MAX);
        kafka_case_end(&test);
    }
}

static void input_is_known_by_its_place(void **state) {
    (void)state;
    struct kafka_case test;
    (void)kafka_case_resolve(&test, "inputs: [a, b, {kafka: {brokers: h, topics: t}}, c]", NULL);
    assert_int_equal(test.problems.errors_count, 0);
    assert_int_equal(test.kafka.input_argument, 2);
    assert_string_equal(test.arguments.inputs.items[2], "kafka://h/t");
    kafka_case_end(&test);
}

/* Nobody listens there; the broker's answers are for the tests that have one. */
static void silence_is_reported_with_its_reason(void **state) {
    (void)state;
    static const char *const topics[] = {"t", "^u"};
    const struct kafka_cluster cluster = {.brokers = "127.0.0.1:1"};
    const struct kafka_probe probe = {&cluster, topics, COUNT_OF(topics), 300};
    struct problems problems = {.first = NULL};
    const struct problem_scope scope = {.problems = &problems, .where = "input"};
    assert_false(kafka_probe(&probe, &scope, stdout));
    assert_int_equal(problems.errors_count, 1);
    assert_non_null(strstr(problems.first->text, "input: no answer from the brokers: 127.0.0.1:1"));
    assert_non_null(strstr(problems.first->text, "Connection refused"));
    problems_destroy(&problems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls),
        cmocka_unit_test(bad_urls),
        cmocka_unit_test(configs),
        cmocka_unit_test(limits),
        cmocka_unit_test(input_is_known_by_its_place),
        cmocka_unit_test(silence_is_reported_with_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
