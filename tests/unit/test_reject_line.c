/* Lines of the rejects file, and places as JSON: written down, then at their worst.
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

#include "sinks/encoder.h"
#include "tests/unit/json_text.h"
#include "tests/unit/seeded.h"

#define CANARY 0x5a

static struct encoder_context context;
static struct json_text json;
static char *out;
static size_t out_bytes;

static int set_up(void **state) {
    (void)state;
    schemas_init();
    out = malloc(batch_reject_bytes_max());
    return out != NULL && encoder_context_init(&context) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    encoder_context_destroy(&context);
    free(out);
    return 0;
}

/* Writes, checks room and validity; the leaves are in `json`. */
static void write_set_reject(const struct origin *origin, const struct rejected *rejected) {
    size_t bound = 6 * rejected->line.len + RECORD_FIXED_BYTES + REJECT_ORIGIN_BYTES + 6 * origin->path.len;
    assert_true(bound < batch_reject_bytes_max());
    memset(out, CANARY, bound + 1);
    out_bytes = reject_line_write(&context, rejected, out);
    assert_true(out_bytes <= bound);
    for (size_t i = out_bytes; i <= bound; i++) assert_int_equal(out[i], CANARY);
    assert_int_equal(out[out_bytes - 1], '\n');
    if (!json_text_parse((struct slice){out, out_bytes - 1}, &json)) fail_msg("not valid: %.*s", (int)out_bytes, out);
}

static void write_reject(const struct origin *origin, const struct rejected *rejected) {
    encoder_context_set(&context, origin);
    write_set_reject(origin, rejected);
}

/* Of INTERFACE.md section 5. */
static void test_whole_line(void **state) {
    (void)state;
    const struct origin origin = {.path = SLICE("a.log"), .name = SLICE("a.log")};
    struct rejected rejected = {.reason = "bad-peer",
                                .format = "alb_access",
                                .column = "client:port",
                                .expected = "an address and port",
                                .found = SLICE("x\""),
                                .line = SLICE("a \"b\""),
                                .has_time = true,
                                .time_ns = 1764547201500000000,
                                .position = 17,
                                .line_number = 3};
    write_reject(&origin, &rejected);
    out[out_bytes] = '\0';
    char *id = strstr(out, "\"event_id\":\"");
    assert_non_null(id);
    memset(id + 12, '#', 32);
    assert_string_equal(out,
                        "{\"@timestamp\":\"2025-12-01T00:00:01.500000Z\",\"reason\":\"bad-peer\",\"stage\":\"split\","
                        "\"detail\":\"column client:port: expected an address and port, found \\\"x\\\"\\\"\","
                        "\"format\":\"alb_access\",\"origin\":{\"path\":\"a.log\",\"offset\":17,\"line\":3},"
                        "\"event_id\":\"################################\",\"original\":\"a \\\"b\\\"\"}\n");
}

/* What was expected of Envoy's lines was written with its quotes, and the rejects file was no JSON. */
static void test_expected_with_quotes(void **state) {
    (void)state;
    const struct origin origin = {.path = SLICE("a"), .name = SLICE("a")};
    write_reject(&origin, &(struct rejected){.reason = "r", .expected = "[time] \"METHOD\"", .line = SLICE("x")});
    assert_true(slice_equal(json_text_find(&json, "detail"), SLICE("\"expected [time] \\\"METHOD\\\"\"")));
}

static void test_base64(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        struct slice line;
        const char *expected;
    } cases[] = { /* RFC 4648 section 4, by the program base64 */
        {SLICE("\xff"), "\"/w==\""}, {SLICE("\xff\x01"), "\"/wE=\""}, {SLICE("\xff\x01\x02"), "\"/wEC\""},
        {SLICE("ab\xc3"), "\"YWLD\""}, {SLICE("\xfb\xef\xbe\x3f"), "\"++++Pw==\""},
    };
    /* clang-format on */
    const struct origin origin = {.path = SLICE("a"), .name = SLICE("a")};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        write_reject(&origin, &(struct rejected){.reason = "r", .expected = "e", .line = cases[i].line});
        struct slice got = json_text_find(&json, "original_base64");
        assert_true(slice_equal(got, slice_from(cases[i].expected)));
        assert_int_equal(json_text_find(&json, "original").len, 0);
    }
}

/* A line that is cut is cut between characters, and says so. */
static void test_long_lines(void **state) {
    (void)state;
    static char line[REJECT_ORIGINAL_BYTES_MAX + 100];
    const struct origin origin = {.path = SLICE("a"), .name = SLICE("a")};
    for (uint32_t behind = 0; behind < 5; behind++)
        for (uint32_t bytes = REJECT_ORIGINAL_BYTES_MAX - 1; bytes < REJECT_ORIGINAL_BYTES_MAX + 8; bytes++) {
            memset(line, 'x', sizeof line);
            memcpy(line + REJECT_ORIGINAL_BYTES_MAX - behind, "\xf0\x9f\x98\x80", 4);
            if (bytes > REJECT_ORIGINAL_BYTES_MAX - behind && bytes < REJECT_ORIGINAL_BYTES_MAX - behind + 4) continue;
            write_reject(&origin, &(struct rejected){.reason = "r", .expected = "e", .line = {line, bytes}});
            struct slice original = json_text_find(&json, "original");
            size_t kept = bytes;
            if (bytes > REJECT_ORIGINAL_BYTES_MAX)
                kept = behind >= 1 && behind <= 3 ? REJECT_ORIGINAL_BYTES_MAX - behind : REJECT_ORIGINAL_BYTES_MAX;
            assert_int_equal(original.len, kept + 2);
            assert_int_equal(json_text_find(&json, "truncated").len > 0, bytes > REJECT_ORIGINAL_BYTES_MAX);
        }
}

static void test_worst_lines(void **state) {
    (void)state;
    static char path[4000], line[LINE_BYTES_MAX];
    static const char fillers[] = "\x01\xff\"\\x";
    for (const char *filler = fillers; *filler != '\0'; filler++)
        for (size_t bytes = 1; bytes <= sizeof line; bytes = bytes * 8 + 5) {
            memset(path, *filler, sizeof path);
            memset(line, *filler, bytes);
            const struct origin origin = {.path = {path, sizeof path}, .name = {path, sizeof path}};
            write_reject(&origin, &(struct rejected){.reason = "unterminated-quote",
                                                     .format = "alb_access",
                                                     .column = "alpn_client_preference_list",
                                                     .expected = "an ISO 8601 time in UTC",
                                                     .found = {line, bytes},
                                                     .line = {line, bytes},
                                                     .truncated = true,
                                                     .has_time = true,
                                                     .time_ns = INT64_MAX,
                                                     .position = UINT64_MAX,
                                                     .line_number = UINT64_MAX});
            assert_true(slice_equal(json_text_find(&json, "truncated"), SLICE("true")));
        }
}

/* All that an origin can say, as long as it can be. */
static void test_worst_origins(void **state) {
    (void)state;
    static char name[ORIGIN_NAME_BYTES_MAX], chain[CHAIN_NAME_BYTES_MAX + 1];
    static struct header header;
    const struct schema *schema = schema_find(SLICE("cloudfront"));
    memset(name, '\x01', sizeof name);
    memset(chain, '\x01', CHAIN_NAME_BYTES_MAX);
    memset(header.names_text, 'n', sizeof header.names_text);
    header.names_bytes = 1;
    header.schema = schema;
    header.columns_count = FIELDS_MAX;
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        header.columns[i] = i < schema->fields_count ? (uint8_t)i : HEADER_UNKNOWN;
        if (i < schema->fields_count || header.names_bytes + 17u > HEADER_NAMES_BYTES) continue;
        header.names[i] = header.names_bytes;
        header.names_bytes = (uint16_t)(header.names_bytes + 17);
        header.names_text[header.names_bytes - 1] = '\0';
    }
    const struct origin origin = {.stream = true, .name = {name, sizeof name}, .chain = chain};
    struct connection_facts connection = {
        .peer = {.address = {.family = IP_V6}, .port = 65535},
        .proxy = {.version = 2, .command = 1, .family = 6, .has_source = true, .vpce_bytes = PROXY_VPCE_BYTES_MAX}};
    memset(connection.peer.address.ip.bytes, 0xfe, 16);
    memset(connection.proxy.vpce, 'v', PROXY_VPCE_BYTES_MAX);
    memset(connection.uuid, 'u', UUID_BYTES);
    connection.proxy.source = connection.peer;
    const struct rejected rejected = {.reason = "bad-reject",
                                      .expected = "e",
                                      .line = SLICE("x"),
                                      .position = UINT64_MAX,
                                      .line_number = UINT64_MAX,
                                      .header = &header,
                                      .connection = &connection};
    encoder_context_forget(&context);
    encoder_context_set(&context, &origin);
    encoder_context_set_connection(&context, &connection);
    write_set_reject(&origin, &rejected);
    assert_true(out_bytes > 6 * ORIGIN_NAME_BYTES_MAX);
    assert_true(slice_equal(json_text_find(&json, "origin.proxy.family"), SLICE("\"UNIX_DGRAM\"")));
    encoder_context_forget(&context);
}

/* --- places ------------------------------------------------------------------------------------- */

static struct encoder *new_encoder(const struct output_schema *schema) {
    struct encoder_request request = {.schema = schema};
    struct encoder *encoder = NULL;
    struct error error;
    assert_int_equal(encoder_new(&request, &encoder, &error), STATUS_OK);
    return encoder;
}

/* Renders and reads back as the object that it belongs into. */
static uint32_t render_place(const struct encoder *encoder, const struct place *place) {
    static char room[PLACE_JSON_BYTES_MAX + 128];
    memset(room, CANARY, sizeof room);
    uint32_t bytes = encoder_render_place(encoder, place, room + 1);
    assert_true(bytes <= PLACE_JSON_BYTES_MAX);
    for (size_t i = 1 + PLACE_JSON_BYTES_MAX; i < sizeof room; i++) assert_int_equal(room[i], CANARY);
    if (bytes == 0) return 0;
    assert_int_equal(room[bytes], ','); /* the record goes on behind it */
    room[0] = '{';
    room[bytes] = '}';
    assert_true(json_text_parse((struct slice){room, bytes + 1}, &json));
    return bytes;
}

static void test_degrees(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        double longitude, latitude;
        const char *lon, *lat;
    } cases[] = {
        {0, 0, "0.0", "0.0"},          {-180, 90, "-180.0", "90.0"},           {13.4049999, -0.5, "13.405", "-0.5"},
        {0.0000004, -0.0000004, "0.0", "0.0"}, {179.9999999, -89.9999996, "180.0", "-90.0"}, {-0.000001, 1e-6, "-0.000001", "0.000001"},
    };
    /* clang-format on */
    struct encoder *encoder = new_encoder(&output_ecs);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place place = {.longitude = cases[i].longitude, .latitude = cases[i].latitude, .has_location = true};
        render_place(encoder, &place);
        assert_true(slice_equal(json_text_find(&json, "geo.location.lon"), slice_from(cases[i].lon)));
        assert_true(slice_equal(json_text_find(&json, "geo.location.lat"), slice_from(cases[i].lat)));
    }
    encoder_free(encoder);
}

static void test_places_of_any_size(void **state) {
    (void)state;
    static char text[PLACE_TEXT_BYTES_MAX];
    struct seeded seeded = {13};
    for (int s = 0; output_schemas[s] != NULL; s++) {
        struct encoder *encoder = new_encoder(output_schemas[s]);
        assert_int_equal(render_place(encoder, &(struct place){.as_number = 0}), 0);
        for (int round = 0; round < 2000; round++) {
            struct place place = {.as_number = UINT32_MAX >> seeded_below(&seeded, 32),
                                  .marks = seeded_below(&seeded, 64),
                                  .accuracy = (enum place_accuracy)seeded_below(&seeded, 3),
                                  .longitude = -179.123456,
                                  .latitude = -89.123456,
                                  .has_location = seeded_below(&seeded, 2) == 0};
            memset(text, "\x01\"xx"[round % 4], sizeof text);
            uint32_t known = 0;
            for (int i = 0; i < PLACE_TEXTS; i++)
                if (seeded_below(&seeded, 3) > 0) {
                    place.texts[i] = (struct slice){text, 1 + seeded_below(&seeded, round % 2 == 0 ? 20 : sizeof text)};
                    known += i != PLACE_REGISTERED_COUNTRY; /* that one is not written */
                }
            render_place(encoder, &place);
            for (uint32_t i = 0; i < json.leaves_count; i++)
                assert_true(json.leaves[i].value.len > 2 || json.leaves[i].value.ptr[0] != '{');
            bool usual = round % 4 == 2; /* short and without escapes: nothing may be left out */
            for (int mark = 0; mark < PLACE_MARKS; mark++) known += place.marks >> mark & 1;
            known += (uint32_t)(place.has_location ? 2 : 0) + (place.accuracy != PLACE_ACCURACY_NONE);
            known += place.as_number != 0;
            if (usual) assert_int_equal(json.leaves_count, known);
        }
        encoder_free(encoder);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_line),  cmocka_unit_test(test_expected_with_quotes),
        cmocka_unit_test(test_base64),      cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_worst_lines), cmocka_unit_test(test_worst_origins),
        cmocka_unit_test(test_degrees),     cmocka_unit_test(test_places_of_any_size),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
