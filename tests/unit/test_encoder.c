/* Records as JSON: whole records written down, then what must be true of every one.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/unit/encode_line.h"
#include "tests/unit/json_text.h"
#include "tests/unit/sample_lines.h"
#include "tests/unit/seeded.h"

#define LINE_BYTES_ROOM 16384u
#define ENCODERS 6 /* three schemas, without and with the original */

static struct encoder *encoders[ENCODERS];
static const struct scan_kernel *kernel;
static struct encode_line encode;
static struct json_text json;

static const struct origin origin_plain = {.path = {"web.log", 7}, .name = {"web.log", 7}};

static struct encoder *make_encoder(const struct output_schema *schema, bool keep_original, const char *const *fields,
                                    size_t count) {
    struct encoder_request request = {.schema = schema, .keep_original = keep_original, .fields = {fields, count}};
    struct encoder *encoder = NULL;
    struct error error;
    if (encoder_new(&request, &encoder, &error) != STATUS_OK) fail_msg("%s", error.message);
    return encoder;
}

static int set_up(void **state) {
    (void)state;
    schemas_init();
    for (int i = 0; i < ENCODERS; i++) encoders[i] = make_encoder(output_schemas[i / 2], i % 2 == 1, NULL, 0);
    kernel = scan_choose();
    encode_line_init(&encode, kernel);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < ENCODERS; i++) encoder_free(encoders[i]);
    encode_line_destroy(&encode);
    return 0;
}

/* Encodes a line that must be a record, checks what holds for every record, and leaves its leaves in `json`. */
static void write_line(const struct encoder *encoder, const struct origin *origin, struct slice line,
                       struct slice place) {
    encode_line(&encode, encoder, origin, line, place);
    assert_int_equal(encode.reading.kind, READING_RECORD);
    assert_true(encode.out_bytes > 2 && encode.out[encode.out_bytes - 1] == '\n');
    if (!json_text_parse((struct slice){encode.out, encode.out_bytes - 1}, &json))
        fail_msg("not valid: %.*s", (int)encode.out_bytes, encode.out);
    for (uint32_t i = 0; i < json.leaves_count; i++) {
        struct slice value = json.leaves[i].value;
        if (slice_equal(value, SLICE("{}")) || slice_equal(value, SLICE("[]")) || slice_equal(value, SLICE("\"\"")) ||
            slice_equal(value, SLICE("null")))
            fail_msg("%s is empty", json.leaves[i].path);
    }
}

static void assert_leaf(const char *path, const char *expected) {
    struct slice got = json_text_find(&json, path);
    if (!slice_equal(got, slice_from(expected)))
        fail_msg("%s is %.*s instead of %s\n%.*s", path, (int)got.len, got.len > 0 ? got.ptr : "", expected,
                 (int)encode.out_bytes, encode.out);
}

/* --- whole records ------------------------------------------------------------------------------ */

/* The line and the record of INTERFACE.md section 4. */
static const char documented_line[] =
    "https 2025-12-01T00:00:01.500000Z app/web/50dc6c495c0c9188 81.2.69.142:42173 10.0.0.80:8080 0.001 0.048 0.000 200 "
    "200 814 57 "
    "\"GET https://www.example.com:443/a/b?x=1 HTTP/1.1\" \"curl/7.78.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 \"Root=1-5-6\" "
    "\"www.example.com\" \"-\" 0 "
    "2025-12-01T00:00:01.451000Z \"forward\" \"-\" \"-\" \"10.0.0.80:8080\" \"200\" \"-\" \"-\" TID_ab";

static const char documented_record[] =
    "{\"@timestamp\":\"2025-12-01T00:00:01.500000Z\","
    "\"event\":{\"kind\":\"event\",\"category\":[\"web\"],\"outcome\":\"success\",\"start\":\"2025-12-01T00:00:01."
    "451000Z\","
    "\"end\":\"2025-12-01T00:00:01.500000Z\",\"duration\":49000000,\"id\":\"%.32s\"},"
    "\"client\":{\"ip\":\"81.2.69.142\",\"port\":42173,\"geo\":{\"country_iso_code\":\"GB\",\"continent_code\":\"EU\","
    "\"location\":{\"lon\":-2.0,\"lat\":54.0},\"accuracy\":\"country\"},"
    "\"as\":{\"number\":20712,\"organization\":{\"name\":\"Andrews & Arnold Ltd\"}}},"
    "\"source\":{\"ip\":\"81.2.69.142\",\"port\":42173},\"destination\":{\"ip\":\"10.0.0.80\",\"port\":8080},"
    "\"hop\":{\"verdict\":\"ok\",\"prov\":\"peer\",\"trust\":1,\"depth\":0},"
    "\"http\":{\"version\":\"1.1\",\"request\":{\"method\":\"GET\",\"bytes\":814},\"response\":{\"status_code\":200,"
    "\"bytes\":57}},"
    "\"url\":{\"original\":\"https://www.example.com:443/a/"
    "b?x=1\",\"scheme\":\"https\",\"domain\":\"www.example.com\",\"port\":443,"
    "\"path\":\"/a/b\",\"query\":\"x=1\"},\"user_agent\":{\"original\":\"curl/7.78.0\"},"
    "\"tls\":{\"cipher\":\"ECDHE-RSA-AES128-GCM-SHA256\",\"version\":\"1.2\",\"version_protocol\":\"tls\","
    "\"client\":{\"server_name\":\"www.example.com\"}},\"trace\":{\"id\":\"Root=1-5-6\"},"
    "\"cloud\":{\"provider\":\"aws\",\"region\":\"us-east-2\",\"account\":{\"id\":\"123456789012\"}},"
    "\"aws\":{\"elb\":{\"type\":\"https\",\"name\":\"app/web/50dc6c495c0c9188\","
    "\"target_group\":{\"arn\":\"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067\"},"
    "\"request_processing_time\":0.001,\"target_processing_time\":0.048,\"response_processing_time\":0.000,\"target_"
    "status_code\":200,"
    "\"matched_rule_priority\":0,\"action_executed\":[\"forward\"],\"target_port\":[\"10.0.0.80:8080\"],\"target_"
    "status_codes\":[200],"
    "\"conn_trace_id\":\"TID_ab\"}},\"log\":{\"file\":{\"path\":\"web.log\"},\"offset\":4711},\"ecs\":{\"version\":\"9."
    "4.0\"}}\n";

static void test_documented_record(void **state) {
    (void)state;
    struct place place = {
        .longitude = -2, .latitude = 54, .has_location = true, .accuracy = PLACE_ACCURACY_COUNTRY, .as_number = 20712};
    place.texts[PLACE_COUNTRY_ISO_CODE] = SLICE("GB");
    place.texts[PLACE_CONTINENT_CODE] = SLICE("EU");
    place.texts[PLACE_AS_ORGANIZATION] = SLICE("Andrews & Arnold Ltd");
    char rendered[PLACE_JSON_BYTES_MAX + 64] = "", id[HASH_ID_DIGITS], expected[8192];
    struct slice fragment = {rendered, encoder_render_place(encoders[0], &place, rendered)};
    write_line(encoders[0], &origin_plain, slice_from(documented_line), fragment);
    hash_event_id(origin_plain.name, 4711, 0, slice_from(documented_line), id);
    snprintf(expected, sizeof expected, documented_record, id);
    encode.out[encode.out_bytes] = '\0';
    assert_string_equal(encode.out, expected);
}

struct leaf_case {
    const char *what;
    int encoder;               /* 0 ecs, 1 ecs with original, 2 ss4o, 4 flat */
    int sample;                /* of sample_lines */
    const char *column, *text; /* replaced in it */
    const char *path, *value;  /* "" for none */
};

enum { ECS = 0, SS4O = 2, FLAT = 4, ALB = 0, CLB = 1, NLB = 2 };

/* clang-format off */
static const struct leaf_case leaf_cases[] = {
    {"SS4O's timestamp", SS4O, ALB, "elb", "x", "@timestamp", "\"2025-12-01T00:00:01.500000Z\""},
    {"SS4O's peer", SS4O, ALB, "elb", "x", "communication.source.ip", "\"81.2.69.142\""},
    {"SS4O's client", SS4O, ALB, "elb", "x", "aws.elb.client.port", "42173"},
    {"SS4O's trace", SS4O, ALB, "elb", "x", "traceId", "\"Root=1-5-6\""},
    {"flat names", FLAT, ALB, "elb", "x", "elb", "\"x\""},
    {"flat lists", FLAT, ALB, "elb", "x", "target_port_list", "[\"10.0.0.80:8080\",\"10.0.0.81:8080\"]"},
    {"flat has no objects", FLAT, ALB, "elb", "x", "log_offset", "4711"},
    {"NLB's time has no zone letter", ECS, NLB, "elb", "x", "@timestamp", "\"2025-12-01T00:00:01Z\""},
    {"NLB's start", ECS, NLB, "elb", "x", "event.start", "\"2025-12-01T00:00:00Z\""},
    {"an IPv6 client", ECS, NLB, "elb", "x", "client.ip", "\"2001:218::1\""},
    {"not canonical IPv6", ECS, NLB, "client:port", "2001:0218:0:0:0:0:0:1:80", "client.ip", "\"2001:218::1\""},
    {"a port with a zero in front", ECS, ALB, "client:port", "81.2.69.142:080", "client.port", "80"},
    {"port 0 is none of a client", ECS, ALB, "client:port", "81.2.69.142:0", "client.port", ""},
    {"mapped IPv4", ECS, ALB, "client:port", "::ffff:81.2.69.142:80", "client.ip", "\"81.2.69.142\""},
    {"mapped IPv4 is marked", ECS, ALB, "client:port", "::ffff:81.2.69.142:80", "hop.flags", "[\"v4-mapped\"]"},
    {"two flags", ECS, ALB, "client:port", "::ffff:10.0.0.1:80", "hop.flags", "[\"non-global\",\"v4-mapped\"]"},
    {"no client", ECS, ALB, "client:port", "-", "client.ip", ""},
    {"no client says so", ECS, ALB, "client:port", "-", "hop.verdict", "\"peer-invalid\""},
    {"a list cut inside its last item", ECS, NLB, "elb", "x", "aws.elb.alpn_client_preference_list", "[\"h2\",\"http/1.1\",\"ht\"]"},
    {"a column with two names", ECS, NLB, "elb", "x", "tls.curve", "\"x25519\""},
    {"a column with two names, the second", ECS, NLB, "elb", "x", "aws.elb.tls_named_group", "\"x25519\""},
    {"classic: the end is worked out", ECS, CLB, "elb", "x", "event.end", "\"2025-12-01T00:00:01.501178Z\""},
    {"classic: nanoseconds", ECS, CLB, "backend_processing_time", "0.0010483", "event.end", "\"2025-12-01T00:00:01.501178300Z\""},
    {"classic: protocol", ECS, CLB, "request", "\"- - - \"", "aws.elb.protocol", "\"tcp\""},
    {"a name is trimmed", ECS, ALB, "elb", "x", "tls.client.server_name", "\"www.example.com\""},
    {"a negative number", ECS, ALB, "matched_rule_priority", "-1", "aws.elb.matched_rule_priority", "-1"},
    {"zeros in front", ECS, ALB, "sent_bytes", "00057", "http.response.bytes", "57"},
    {"zeros in front and negative", ECS, ALB, "matched_rule_priority", "-007", "aws.elb.matched_rule_priority", "-7"},
    {"-1 seconds are none", ECS, ALB, "target_processing_time", "-1", "aws.elb.target_processing_time", ""},
    {"the largest long", ECS, ALB, "sent_bytes", "9223372036854775807", "http.response.bytes", "9223372036854775807"},
    {"beyond a long", ECS, ALB, "sent_bytes", "9223372036854775808", "http.response.bytes", ""},
    {"beyond a long, kept", ECS, ALB, "sent_bytes", "9223372036854775808", "aws.elb.raw.sent_bytes", "\"9223372036854775808\""},
    {"no number, kept", ECS, ALB, "target_status_code", "2OO", "aws.elb.raw.target_status_code", "\"2OO\""},
    {"no seconds, kept", ECS, ALB, "response_processing_time", "1.", "aws.elb.raw.response_processing_time", "\"1.\""},
    {"no time, kept", ECS, ALB, "request_creation_time", "now", "aws.elb.raw.request_creation_time", "\"now\""},
    {"no target, kept without a colon in its name", ECS, ALB, "target:port", "nowhere", "aws.elb.raw.target_port", "\"nowhere\""},
    {"no TLS version, kept", ECS, ALB, "ssl_protocol", "QUIC", "aws.elb.raw.ssl_protocol", "\"QUIC\""},
    {"no TLS version, no protocol", ECS, ALB, "ssl_protocol", "QUIC", "tls.version_protocol", ""},
    {"no node, kept", ECS, ALB, "ip_address", "here", "aws.elb.raw.ip_address", "\"here\""},
    {"one item that is no number spoils a list", ECS, ALB, "target_status_code_list", "\"200 x\"", "aws.elb.raw.target_status_code_list", "\"200 x\""},
    {"null items are left out", ECS, ALB, "target_status_code_list", "\"200 - 0404\"", "aws.elb.target_status_codes", "[200,404]"},
    {"only null items are none", ECS, ALB, "target_status_code_list", "\"- -\"", "aws.elb.target_status_codes", ""},
    {"only separators are none", ECS, ALB, "actions_executed", "\",,\"", "aws.elb.action_executed", ""},
    {"raw in SS4O", SS4O, ALB, "sent_bytes", "x", "aws.elb.raw.sent_bytes", "\"x\""},
    {"raw in flat", FLAT, ALB, "sent_bytes", "x", "raw.sent_bytes", "\"x\""},
    {"SSLv3", ECS, ALB, "ssl_protocol", "SSLv3", "tls.version", "\"3\""},
    {"SSLv3's protocol", ECS, ALB, "ssl_protocol", "SSLv3", "tls.version_protocol", "\"ssl\""},
    {"TLSv1", ECS, ALB, "ssl_protocol", "TLSv1", "tls.version", "\"1.0\""},
    {"NLB's spelling", ECS, NLB, "elb", "x", "tls.version", "\"1.2\""},
    {"ended by WAF", ECS, ALB, "actions_executed", "\"forward,waf\"", "aws.elb.blocked_by", "\"waf\""},
    {"passed by WAF", ECS, ALB, "actions_executed", "\"waf,forward\"", "aws.elb.blocked_by", ""},
    {"an AWS escape", ECS, ALB, "user_agent", "\"a\\x22b\\xEC\\x97\\x90\"", "user_agent.original", "\"a\\\"b\xec\x97\x90\""},
    {"no escapes in NLB", ECS, NLB, "domain_name", "a\\x22b", "tls.client.server_name", "\"a\\\\x22b\""},
    {"a control byte", ECS, ALB, "user_agent", "\"a\x01" "b\"", "user_agent.original", "\"a\\u0001b\""},
    {"a quote inside a column", ECS, NLB, "domain_name", "a\"b", "tls.client.server_name", "\"a\\\"b\""},
    {"bytes that are not UTF-8", ECS, ALB, "user_agent", "\"a\xff\"", "user_agent.original", "\"a\xef\xbf\xbd\""},
    {"bytes that are not UTF-8 are marked", ECS, ALB, "user_agent", "\"a\xff\"", "log.flags", "[\"lossy\"]"},
    {"escapes that are not UTF-8 are marked", ECS, ALB, "redirect_url", "\"\\xff\"", "log.flags", "[\"lossy\"]"},
    {"UTF-8 is not", ECS, ALB, "user_agent", "\"a\xc3\xa9\"", "log.flags", ""},
    {"lossy in flat", FLAT, ALB, "user_agent", "\"a\xff\"", "log_flags", "[\"lossy\"]"},
    {"an ARN of no known form", ECS, ALB, "target_group_arn", "arn:aws:x", "cloud.region", ""},
    {"an ARN without a region", ECS, ALB, "target_group_arn", "arn:aws:s3::123:x", "cloud.account.id", "\"123\""},
    {"an ARN without a region has none", ECS, ALB, "target_group_arn", "arn:aws:s3::123:x", "cloud.region", ""},
};
/* clang-format on */

static int column_index(const struct schema *schema, const char *name) {
    int index = 0;
    while (strcmp(schema->fields[index].name, name) != 0) index++;
    assert_true(index < schema->fields_count);
    return index;
}

static void test_leaves(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(leaf_cases); i++) {
        const struct leaf_case *expected = &leaf_cases[i];
        const struct sample_line *sample = &sample_lines[expected->sample];
        struct origin origin = origin_plain;
        origin.schema = sample->schema;
        char line[LINE_BYTES_ROOM];
        int column = column_index(sample->schema, expected->column);
        size_t bytes = sample_line_write(sample, SAMPLE_COLUMNS_MAX, column, slice_from(expected->text), line);
        write_line(encoders[expected->encoder], &origin, (struct slice){line, bytes}, (struct slice){0});
        struct slice got = json_text_find(&json, expected->path);
        if (!slice_equal(got, slice_from(expected->value)))
            fail_msg("%s: %s is %.*s", expected->what, expected->path, (int)got.len, got.len > 0 ? got.ptr : "absent");
    }
}

static void test_extra_columns(void **state) {
    (void)state;
    char line[LINE_BYTES_ROOM];
    size_t bytes = sample_line_write(&sample_lines[ALB], SAMPLE_COLUMNS_MAX, -1, (struct slice){0}, line);
    static const char more[] = " \"-\" - \"new one\"  a\\x22b";
    memcpy(line + bytes, more, sizeof more - 1);
    struct slice text = {line, bytes + sizeof more - 1};
    write_line(encoders[ECS], &origin_plain, text, (struct slice){0});
    assert_leaf("aws.elb.extra", "[\"new one\",\"a\\\"b\"]");
    write_line(encoders[FLAT], &origin_plain, text, (struct slice){0});
    assert_leaf("extra", "[\"new one\",\"a\\\"b\"]");
    text.len = bytes + 6; /* null ones alone */
    write_line(encoders[ECS], &origin_plain, text, (struct slice){0});
    assert_leaf("aws.elb.extra", "");
}

/* Layouts that are more than columns between separators: every byte in a text of the client is good JSON afterwards, and the columns
 * beside it are as they were. */
static void test_every_byte_of_a_text(void **state) {
    (void)state;
    static const struct {
        const char *before, *behind;
    } lines[] = {
        {"81.2.69.142 - - [01/Dec/2025:00:00:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a", "b\""},
        {"81.2.69.142:33317 [01/Dec/2025:00:00:01.000] in~ back/srv 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a",
         "b} \"GET / HTTP/1.1\""},
        {"[2025-12-01T00:00:01.000Z] \"GET / HTTP/1.1\" 200 - 0 92 6 - \"81.2.69.142\" \"a",
         "b\" \"7\" \"example.com\" \"10.0.2.105:8080\""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        for (int byte = 1; byte < 256; byte++) {
            char line[256];
            if (byte == '\n') continue;
            int bytes = snprintf(line, sizeof line, "%s%c%s", lines[i].before, byte, lines[i].behind);
            encode_line(&encode, encoders[0], &origin_plain, (struct slice){line, (size_t)bytes}, (struct slice){0});
            if (encode.reading.kind != READING_RECORD) {
                assert_non_null(strchr("\"{}", byte)); /* what ends the text */
                continue;
            }
            if (!json_text_parse((struct slice){encode.out, encode.out_bytes - 1}, &json)) fail_msg("%s", line);
            assert_leaf("@timestamp", "\"2025-12-01T00:00:01.000000Z\"");
            assert_leaf("http.version", "\"1.1\"");
        }
}

static void test_original(void **state) {
    (void)state;
    char line[LINE_BYTES_ROOM];
    size_t bytes = sample_line_write(&sample_lines[CLB], SAMPLE_COLUMNS_MAX, 12, SLICE("\"a\\x22b\""), line);
    write_line(encoders[ECS + 1], &origin_plain, (struct slice){line, bytes}, (struct slice){0});
    struct slice got = json_text_find(&json, "event.original");
    char decoded[LINE_BYTES_ROOM];
    size_t decoded_bytes = 0;
    assert_true(got.len > 2 && text_model_decode((struct slice){got.ptr + 1, got.len - 2}, decoded, &decoded_bytes));
    assert_int_equal(decoded_bytes, bytes);
    assert_memory_equal(decoded, line, bytes); /* escapes of AWS are part of it */
    write_line(encoders[ECS], &origin_plain, (struct slice){line, bytes}, (struct slice){0});
    assert_leaf("event.original", "");
}

static void test_origin(void **state) {
    (void)state;
    char line[LINE_BYTES_ROOM];
    size_t bytes = sample_line_write(&sample_lines[ALB], 33, -1, (struct slice){0}, line);
    struct origin origin = {.path = SLICE("a\"\xff"
                                          "b"),
                            .name = SLICE("n"),
                            .account = SLICE("42"),
                            .region = SLICE("eu-west-1")};
    assert_true(ip_parse(SLICE("192.0.2.9"), &origin.node));
    write_line(encoders[ECS], &origin, (struct slice){line, bytes}, (struct slice){0});
    assert_leaf("log.file.path", "\"a\\\"\xef\xbf\xbd"
                                 "b\"");
    assert_leaf("cloud.account.id", "\"42\"");
    assert_leaf("cloud.region", "\"eu-west-1\"");
    assert_leaf("observer.ip", "\"192.0.2.9\"");
    assert_leaf("log.flags", ""); /* the path's, not the record's */
    write_line(encoders[ECS], &origin_plain, (struct slice){line, bytes}, (struct slice){0});
    assert_leaf("log.file.path", "\"web.log\"");
    assert_leaf("cloud.account.id", "\"123456789012\"");
    assert_leaf("observer.ip", "");
}

/* --- what is true of every record --------------------------------------------------------------- */

/* With any one column null, nothing says "-" and no object is left empty (write_line looks). */
static void test_null_columns(void **state) {
    (void)state;
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++)
        for (int column = -1; column < sample_lines[s].schema->fields_count; column++)
            for (int i = 0; i < ENCODERS; i += 2) {
                const struct schema *schema = sample_lines[s].schema;
                struct origin origin = origin_plain;
                origin.schema = schema;
                if (column >= 0 && column == schema_time_column(schema)) continue; /* no record without its time */
                char line[LINE_BYTES_ROOM];
                size_t bytes = sample_line_write(&sample_lines[s], SAMPLE_COLUMNS_MAX, column, SLICE("-"), line);
                write_line(encoders[i], &origin, (struct slice){line, bytes}, (struct slice){0});
                for (uint32_t leaf = 0; leaf < json.leaves_count; leaf++)
                    if (slice_equal(json.leaves[leaf].value, SLICE("\"-\"")))
                        fail_msg("%s is a dash", json.leaves[leaf].path);
            }
}

/* A line with columns left as they are, null, odd, or lossy by chance: as many shapes of records as there are. */
static size_t random_line(struct seeded *seeded, const struct sample_line *sample, char *line) {
    static const char *const texts[] = {"-",   "x",          "1",         "\\x22",   "a\x01", "\xff",
                                        "0.5", "10.0.0.9:1", "192.0.2.1", "TLSv1.3", "waf"};
    size_t bytes = 0, count = 12 + seeded_below(seeded, 30);
    for (size_t i = 0; i < count; i++) {
        bool known = i < sample->schema->fields_count;
        enum field_role role = known ? sample->schema->fields[i].role : ROLE_NONE;
        bool keep = known &&
                    (role == ROLE_TIME_END || role == ROLE_TIME_START || role == ROLE_TIME || role == ROLE_STATUS ||
                     role == ROLE_PEER || role == ROLE_PEER_IP || seeded_below(seeded, 3) > 0);
        const char *text = keep ? sample->columns[i] : texts[seeded_below(seeded, COUNT_OF(texts))];
        bytes += (size_t)sprintf(line + bytes, "%s%s", i == 0 ? "" : " ", text);
    }
    return bytes;
}

/* A record is the same whatever the context has written before: more shapes than it keeps, other formats, other ARNs. */
static void test_context_changes_nothing(void **state) {
    (void)state;
    struct seeded seeded = {12};
    for (int round = 0; round < 3000; round++) {
        const struct sample_line *sample = &sample_lines[seeded_below(&seeded, SAMPLE_LINES_COUNT)];
        const struct encoder *encoder = encoders[seeded_below(&seeded, ENCODERS)];
        struct origin origin = origin_plain;
        origin.schema = sample->schema;
        char line[LINE_BYTES_ROOM];
        size_t bytes = random_line(&seeded, sample, line);
        if (sample->schema->fields_count_min > 12 && bytes < 200) continue;
        struct encode_line fresh;
        encode_line_init(&fresh, kernel);
        encode_line(&fresh, encoder, &origin, (struct slice){line, bytes}, (struct slice){0});
        encode_line(&encode, encoder, &origin, (struct slice){line, bytes}, (struct slice){0});
        assert_int_equal(fresh.reading.kind, encode.reading.kind);
        assert_int_equal(fresh.out_bytes, encode.out_bytes);
        if (fresh.out_bytes > 0) {
            assert_memory_equal(fresh.out, encode.out, fresh.out_bytes);
            assert_true(json_text_parse((struct slice){fresh.out, fresh.out_bytes - 1}, &json));
        }
        encode_line_destroy(&fresh);
    }
}

/* Lines that expand as much as a line can: encode_line aborts when a record is longer than the batch has room for. */
static void test_worst_lines(void **state) {
    (void)state;
    static const char *const fillers[] = {"\x01",  "\xff",  "\"",    "\\", "a,", "1 ",
                                          "?\x01", "\\x01", "\xff,", "'",  "9",  "0"};
    static char path[4000];
    memset(path, '\x02', sizeof path);
    struct origin origin = {.path = {path, sizeof path}, .name = SLICE("n")};
    char line[LINE_BYTES_ROOM], text[4096];
    uint32_t written = 0;
    for (size_t s = 0; s < SAMPLE_LINES_COUNT; s++)
        for (size_t filler = 0; filler < COUNT_OF(fillers); filler++)
            for (int column = 0; column <= sample_lines[s].schema->fields_count + 1; column++)
                for (int i = 1; i < ENCODERS; i += 2) {
                    size_t bytes = 0, unit = strlen(fillers[filler]);
                    bool request = column < sample_lines[s].schema->fields_count &&
                                   sample_lines[s].schema->fields[column].kind == FIELD_REQUEST;
                    bytes += (size_t)sprintf(text, "%s", request ? "\"GET http://h:80/" : "");
                    while (bytes + unit < 3000) {
                        memcpy(text + bytes, fillers[filler], unit);
                        bytes += unit;
                    }
                    if (request) text[bytes++] = '"';
                    struct slice spoilt = {text, bytes};
                    origin.schema = sample_lines[s].schema;
                    size_t line_bytes = sample_line_write(&sample_lines[s], SAMPLE_COLUMNS_MAX, column, spoilt, line);
                    if (column >= sample_lines[s].schema->fields_count) {
                        line[line_bytes++] = ' ';
                        memcpy(line + line_bytes, text, bytes);
                        line_bytes += bytes;
                    }
                    encode_line(&encode, encoders[i], &origin, (struct slice){line, line_bytes}, (struct slice){0});
                    if (encode.reading.kind != READING_RECORD) continue;
                    written++;
                    assert_true(json_text_parse((struct slice){encode.out, encode.out_bytes - 1}, &json));
                }
    assert_true(written > 1000);
}

/* --- --fields ----------------------------------------------------------------------------------- */

static void test_fields(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *fields[3], *there, *gone;
    } cases[] = {
        {{"-user_agent"}, "url.path", "user_agent.original"},
        {{"-client.geo"}, "client.ip", "client.geo.country_iso_code"},
        {{"+client", "+@timestamp"}, "client.ip", "event.kind"},
        {{"-aws", "+aws.elb.name"}, "aws.elb.name", "aws.elb.type"},
        {{"+aws", "-aws.elb.name"}, "aws.elb.type", "aws.elb.name"},
        {{"-log.offset"}, "log.file.path", "log.offset"},
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t count = 0;
        while (count < 3 && cases[i].fields[count] != NULL) count++;
        struct encoder *encoder = make_encoder(&output_ecs, false, cases[i].fields, count);
        struct place place = {.as_number = 5};
        place.texts[PLACE_COUNTRY_ISO_CODE] = SLICE("GB");
        char rendered[PLACE_JSON_BYTES_MAX + 64];
        struct slice fragment = {rendered, encoder_render_place(encoder, &place, rendered)};
        write_line(encoder, &origin_plain, slice_from(documented_line), fragment);
        if (json_text_find(&json, cases[i].there).len == 0) fail_msg("%s: no %s", cases[i].fields[0], cases[i].there);
        if (json_text_find(&json, cases[i].gone).len > 0)
            fail_msg("%s: %s is there", cases[i].fields[0], cases[i].gone);
        encoder_free(encoder);
    }
}

static void test_wrong_fields(void **state) {
    (void)state;
    static const char *const wrong[] = {"user_agent",          "",           "-",           "+",
                                        "-user_agent.no_such", "-user_agen", "-client.ip.x"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct encoder_request request = {.schema = &output_ecs, .fields = {&wrong[i], 1}};
        struct encoder *encoder = NULL;
        struct error error = {""};
        if (encoder_new(&request, &encoder, &error) != STATUS_USAGE) fail_msg("\"%s\" is taken", wrong[i]);
        assert_null(encoder);
        assert_non_null(strstr(error.message, wrong[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_record),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_extra_columns),
        cmocka_unit_test(test_every_byte_of_a_text),
        cmocka_unit_test(test_original),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_null_columns),
        cmocka_unit_test(test_worst_lines),
        cmocka_unit_test(test_context_changes_nothing),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_wrong_fields),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
