/* Replies to _bulk: cases; each of them whole, byte by byte, in two pieces, and cut at every byte.
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

#include "base/json.h"
#include "sinks/bulk_reply.h"
#include "tests/unit/guard.h"

/* What was called back, as text: "201; 400 type: reason; " */
struct heard {
    char text[16 * 1024];
    size_t bytes;
    uint64_t items_count;
    enum bulk_outcome outcome;
};

static void put_item(struct heard *heard, const struct bulk_item *item, const char *end) {
    size_t left = sizeof heard->text - heard->bytes;
    bool has_error = item->type.len + item->reason.len > 0;
    int bytes = snprintf(heard->text + heard->bytes, left, "%u%s%.*s%s%.*s%s", item->status, has_error ? " " : "",
                         (int)item->type.len, item->type.ptr, has_error ? ": " : "", (int)item->reason.len,
                         item->reason.ptr, end);
    assert_true(bytes > 0 && (size_t)bytes < left);
    heard->bytes += (size_t)bytes;
}

static void hear(void *context, const struct bulk_item *item) {
    struct heard *heard = context;
    assert_int_equal(item->index, heard->items_count);
    assert_true(json_utf8_valid(item->type) && json_utf8_valid(item->reason));
    heard->items_count++;
    put_item(heard, item, "; ");
}

/* In pieces of `first` bytes, then `rest` at a time. Each piece ends at an unreadable page. */
static void read_pieces(struct slice body, size_t first, size_t rest, struct heard *heard) {
    struct bulk_reply *reply = malloc(sizeof *reply);
    struct bulk_item whole;
    uint64_t items_count;
    assert_non_null(reply);
    memset(reply, 0xa5, sizeof *reply);
    heard->bytes = heard->items_count = 0;
    heard->text[0] = '\0';
    bulk_reply_start(reply, hear, heard);
    for (size_t at = 0, bytes = first; at < body.len; at += bytes, bytes = rest) {
        if (bytes > body.len - at) bytes = body.len - at;
        bulk_reply_feed(reply, guard_copy((struct slice){body.ptr + at, bytes}));
    }
    heard->outcome = bulk_reply_finish(reply, &items_count, &whole);
    assert_int_equal(items_count, heard->items_count);
    assert_true(json_utf8_valid(whole.type) && json_utf8_valid(whole.reason));
    put_item(heard, &whole, "");
    free(reply);
}

/* Without what is said of the whole request, which a cut may change. */
static size_t items_bytes(const struct heard *heard) {
    const char *end = heard->text;
    for (uint64_t i = 0; i < heard->items_count; i++) end = strstr(end, "; ") + 2;
    return (size_t)(end - heard->text);
}

static void check_same(const char *what, const struct heard *heard, const struct heard *expected) {
    if (strcmp(heard->text, expected->text) != 0 || heard->outcome != expected->outcome)
        fail_msg("%s: %d %s\ninstead of %d %s", what, heard->outcome, heard->text, expected->outcome, expected->text);
}

/* The reply gives `expected` however it comes; what is cut off gives the items that were whole, and is never complete. */
static void check_reply(const char *what, struct slice body, const struct heard *expected) {
    static struct heard heard, bytewise;
    read_pieces(body, body.len, 1, &heard);
    check_same(what, &heard, expected);
    read_pieces(body, 1, 1, &heard);
    check_same(what, &heard, expected);
    for (size_t cut = 0; cut < body.len; cut++) {
        read_pieces(body, cut, body.len, &heard);
        check_same(what, &heard, expected);
        struct slice start = {body.ptr, cut};
        read_pieces(start, cut, 1, &heard);
        read_pieces(start, 1, 1, &bytewise);
        check_same(what, &bytewise, &heard);
        if (strspn(body.ptr + cut, " \r\n") == body.len - cut) continue; /* only white space is missing */
        if (expected->outcome == BULK_COMPLETE) assert_int_not_equal(heard.outcome, BULK_COMPLETE);
        assert_memory_equal(heard.text, expected->text, items_bytes(&heard));
        if (heard.items_count > 0) assert_int_not_equal(heard.outcome, BULK_NOT_BULK);
    }
}

struct reply_case {
    const char *what, *body;
    enum bulk_outcome outcome;
    const char *heard; /* items, and last what is said of the whole request */
};

#define ITEMS(items) "{\"errors\":true,\"items\":[" items "]}"
#define FAILED(error) ITEMS("{\"create\":{\"status\":400,\"error\":" error "}}")

/* clang-format off */
static const struct reply_case cases[] = {
    {"filtered", "{\"errors\":false,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":200}}]}", BULK_COMPLETE, "201; 200; 0"},
    {"whole", "{\"took\":7,\"errors\":false,\"items\":[{\"create\":{\"_index\":\"flows-1\",\"_id\":\"a1\",\"_version\":1,\"result\":\"created\",\"_shards\":{\"total\":2,\"successful\":1,\"failed\":0},\"_seq_no\":0,\"_primary_term\":1,\"status\":201}}]}", BULK_COMPLETE, "201; 0"},
    {"some fail", ITEMS("{\"create\":{\"status\":201}},{\"create\":{\"_id\":\"d\",\"status\":400,\"error\":{\"type\":\"mapper_parsing_exception\",\"reason\":\"no ip\",\"caused_by\":{\"type\":\"illegal_argument_exception\",\"reason\":\"inner\"}}}},{\"create\":{\"status\":201}}"), BULK_COMPLETE, "201; 400 mapper_parsing_exception: no ip; 201; 0"},
    {"any order", "{\"items\":[{\"create\":{\"error\":{\"caused_by\":{\"type\":\"x\"},\"reason\":\"r\",\"root_cause\":[{\"type\":\"y\"}],\"type\":\"t\"},\"status\":409}}],\"errors\":true,\"took\":1}", BULK_COMPLETE, "409 t: r; 0"},
    {"no id", ITEMS("{\"index\":{\"_index\":\"x\",\"_id\":null,\"status\":404,\"error\":{\"type\":\"t\",\"reason\":null}}}"), BULK_COMPLETE, "404 t: ; 0"},
    {"every action", ITEMS("{\"create\":{\"status\":201}},{\"index\":{\"status\":202}},{\"update\":{\"status\":203}},{\"delete\":{\"status\":204}},{\"upsert\":{\"status\":205}}"), BULK_COMPLETE, "201; 202; 203; 204; 0; 0"},
    {"an error that is a string", FAILED("\"all \\u0041bout it\""), BULK_COMPLETE, "400 : all About it; 0"},
    {"errors that are nothing", ITEMS("{\"create\":{\"status\":1,\"error\":null}},{\"create\":{\"error\":[{\"type\":\"t\"}],\"status\":500}},{\"create\":{\"error\":{\"type\":7,\"reason\":{\"reason\":\"r\"}},\"status\":500}}"), BULK_COMPLETE, "0; 500; 500; 0"},
    {"statuses that are none", ITEMS("{\"create\":{\"status\":\"201\"}},{\"create\":{\"status\":-201}},{\"create\":{\"status\":201.5}},{\"create\":{\"status\":2010}},{\"create\":{\"status\":99}},{\"create\":{\"status\":4294967497}},{\"create\":{\"status\":2e2}},{\"create\":{\"status\":null}},{\"create\":{\"status\":[201]}},{\"create\":{\"status\":{\"status\":201}}}"), BULK_COMPLETE, "0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0"},
    {"items that are none", ITEMS("1,\"create\",null,[{\"create\":{\"status\":201}}],{},{\"create\":201},{\"create\":[{\"status\":201}]},{\"create\":{}},{\"status\":201}"), BULK_COMPLETE, "0; 0; 0; 0; 0; 0; 0; 0; 0; 0"},
    {"an item after one with an error has none of it", ITEMS("{\"create\":{\"status\":400,\"error\":{\"type\":\"t\",\"reason\":\"r\"}}},{\"create\":{}},{\"create\":{\"status\":201}}"), BULK_COMPLETE, "400 t: r; 0; 201; 0"},
    {"items that are none behind one", ITEMS("{\"create\":{\"error\":{\"reason\":\"r\"}}},\"s\",{\"create\":{\"status\":201}},404"), BULK_COMPLETE, "0 : r; 0; 201; 0; 0"},
    {"of twins the last", ITEMS("{\"create\":{\"status\":201,\"status\":429,\"error\":{\"type\":\"a\",\"reason\":\"b\"},\"error\":{\"type\":\"c\"}}},{\"index\":{\"status\":201},\"create\":{\"error\":\"e\"}},{\"create\":{\"error\":{\"type\":\"t\",\"type\":1,\"reason\":\"r\",\"reason\":\"s\"},\"status\":400,\"status\":null}}"), BULK_COMPLETE, "429 c: ; 0 : e; 0 : s; 0"},
    {"names with escapes", "{\"\\u0069tems\":[{\"cr\\u0065ate\":{\"\\u0073tatus\":201}}]}", BULK_COMPLETE, "201; 0"},
    {"names that begin alike", "{\"items_\":[],\"items\":[{\"creates\":{\"status\":500},\"create\":{\"statuses\":500,\"status\":201,\"stat\":500,\"statusstatusstatus\":500}}]}", BULK_COMPLETE, "201; 0"},
    {"names elsewhere", "{\"meta\":{\"items\":[{\"create\":{\"status\":500}}]},\"list\":[{\"items\":[1]},\"items\"],\"items\":[{\"create\":{\"status\":201,\"_shards\":{\"status\":500,\"error\":\"e\"},\"x\":[\"reason\",{\"error\":{\"type\":\"t\"}}]}}]}", BULK_COMPLETE, "201; 0"},
    {"quotes and brackets in texts", FAILED("{\"type\":\"a\\\"]}\",\"reason\":\"\\\\\\\"}]}{\\/\\b\\f\\n\\r\\t\"}"), BULK_COMPLETE, "400 a\"]}: \\\"}]}{/\b\f\n\r\t; 0"},
    {"characters", FAILED("{\"type\":\"\xc3\xa4\",\"reason\":\"\\u00e4\\u20ac\\ud83d\\ude00 \xf0\x9f\x98\x80\xe2\x82\xac\"}"), BULK_COMPLETE, "400 \xc3\xa4: \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \xf0\x9f\x98\x80\xe2\x82\xac; 0"},
    {"half characters", FAILED("{\"reason\":\"\\ud83d|\\ude00|\\ud83d\\ud83d\\ude00|\\ud83dx\\ude00|\\ud83d\\n\\ude00|\\ud83d\"}"), BULK_COMPLETE, "400 : \xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xf0\x9f\x98\x80|\xef\xbf\xbdx\xef\xbf\xbd|\xef\xbf\xbd\n\xef\xbf\xbd|\xef\xbf\xbd; 0"},
    {"bytes that are no UTF-8", FAILED("{\"type\":\"\xff\",\"reason\":\"a\xc3(\xed\xa0\x80\xc0\xaf\xf0\x9f\x98\"}"), BULK_COMPLETE, "400 \xef\xbf\xbd: a\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd; 0"},
    {"white space", " \r\n{ \"items\" :\t[ { \"create\" : { \"status\" : 201 } } , { \"create\" : { \"status\"\n:\n429\n}\n}\n]\n} \r\n", BULK_COMPLETE, "201; 429; 0"},
    {"numbers and words", "{\"a\":-1.5E+10,\"b\":true,\"c\":false,\"d\":null,\"e\":[0,1e-3],\"items\":[]}", BULK_COMPLETE, "0"},
    {"status of the request behind items", "{\"status\":500,\"error\":\"e\",\"items\":[{\"create\":{}}],\"status\":200,\"error\":\"f\"}", BULK_COMPLETE, "0; 0"},

    {"an error object", "{\"error\":{\"root_cause\":[{\"type\":\"x\",\"reason\":\"y\"}],\"type\":\"rejected_execution_exception\",\"reason\":\"too much\"},\"status\":429}", BULK_NOT_BULK, "429 rejected_execution_exception: too much"},
    {"an error text", "{\"error\":\"Content-Type header [] is not supported\",\"status\":406}", BULK_NOT_BULK, "406 : Content-Type header [] is not supported"},
    {"of AWS", "{\"message\":\"The security token included in the request is invalid.\"}", BULK_NOT_BULK, "0 : The security token included in the request is invalid."},
    {"of a domain's policy", "{\"Message\":\"User: anonymous is not authorized\"}", BULK_NOT_BULK, "0 : User: anonymous is not authorized"},
    {"of a serverless collection", "{\"status\":403,\"request-id\":\"1-2\",\"error\":{\"reason\":\"403 Forbidden\",\"type\":\"Forbidden\"}}", BULK_NOT_BULK, "403 Forbidden: 403 Forbidden"},
    {"items that are no list", "{\"items\":{\"create\":{\"status\":201}}}", BULK_NOT_BULK, "0"},
    {"an object", "{\"took\":3,\"errors\":false}\n", BULK_NOT_BULK, "0"},
    {"a page", "<html>\n<head><title>502 Bad Gateway</title></head></html>", BULK_NOT_BULK, "0"},
    {"a text", "upstream connect error", BULK_NOT_BULK, "0"},
    {"a list", "[{\"items\":[{\"create\":{\"status\":201}}]}]", BULK_NOT_BULK, "0"},
    {"a string", "\"items\"", BULK_NOT_BULK, "0"},
    {"a number", "503", BULK_NOT_BULK, "0"},
    {"nothing", "", BULK_NOT_BULK, "0"},
    {"blanks", " \n", BULK_NOT_BULK, "0"},

    {"ends in an item", "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":2", BULK_CUT, "201; 0"},
    {"ends behind items", "{\"items\":[{\"create\":{\"status\":201}}]", BULK_CUT, "201; 0"},
    {"ends before items", "{\"took\":1,\"error\":{\"type\":\"t\",", BULK_CUT, "0 t: "},
    {"garbage behind it", "{\"items\":[{\"create\":{\"status\":201}}]}x", BULK_CUT, "201; 0"},
    {"twice", "{\"items\":[{\"create\":{\"status\":201}}]}{\"items\":[{\"create\":{\"status\":500}}]}", BULK_CUT, "201; 0"},
    {"two lists of items", "{\"items\":[{\"create\":{\"status\":201}}],\"items\":[{\"create\":{\"status\":500}}]}", BULK_CUT, "201; 0"},
    {"closed by the wrong one", "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":500]}", BULK_CUT, "201; 0"},
    {"a list closed as an object", "{\"items\":[{\"create\":{\"status\":201}}}}", BULK_CUT, "201; 0"},
    {"no comma", "{\"items\":[{\"create\":{\"status\":201}} {\"create\":{\"status\":201}}]}", BULK_CUT, "201; 0"},
    {"two commas", "{\"items\":[{\"create\":{\"status\":201}},,{\"create\":{\"status\":201}}]}", BULK_CUT, "201; 0"},
    {"a comma at the end", "{\"items\":[{\"create\":{\"status\":201}},]}", BULK_CUT, "201; 0"},
    {"a comma at an object's end", "{\"items\":[{\"create\":{\"status\":201,}}]}", BULK_CUT, "0"},
    {"no colon", "{\"items\":[{\"create\" {\"status\":201}}]}", BULK_CUT, "0"},
    {"no colon but something", "{\"items\":[{\"create\";{\"status\":201}}]}", BULK_CUT, "0"},
    {"no name", "{\"items\":[{\"create\":{201}}]}", BULK_CUT, "0"},
    {"no value", "{\"items\":[{\"create\":{\"status\":}}]}", BULK_CUT, "0"},
    {"an escape that is none", FAILED("\"\\x41\""), BULK_CUT, "0"},
    {"a unit that is none", FAILED("\"\\u004g\""), BULK_CUT, "0"},
    {"a newline in a text", FAILED("\"a\nb\""), BULK_CUT, "0"},
    {"a word with other letters", FAILED("True"), BULK_CUT, "0"},
};
/* clang-format on */

static void test_cases(void **state) {
    static struct heard expected;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply_case *c = &cases[i];
        expected.outcome = c->outcome;
        snprintf(expected.text, sizeof expected.text, "%s", c->heard);
        check_reply(c->what, slice_from(c->body), &expected);
    }
}

/* Characters of every length at every place around the limit, in pieces of every kind. */
static void test_long_texts(void **state) {
    static const char *const characters[][2] = {{"x", "x"},
                                                {"\xc3\xa4", "\xc3\xa4"},
                                                {"\xe2\x82\xac", "\xe2\x82\xac"},
                                                {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                                                {"\\n", "\n"},
                                                {"\\u20ac", "\xe2\x82\xac"},
                                                {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
                                                {"\xff", "\xef\xbf\xbd"},
                                                {"\\ud83d", "\xef\xbf\xbd"}};
    static struct heard heard;
    (void)state;
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++)
        for (size_t front = BULK_REASON_BYTES_MAX - 6; front < BULK_REASON_BYTES_MAX + 2; front++)
            for (size_t rest = 1; rest <= 1024; rest *= 32) {
                char body[4096], expected[2048];
                char *at = stpcpy(body, "{\"items\":[{\"create\":{\"error\":{\"type\":\""),
                     *out = stpcpy(expected, "0 ");
                for (size_t i = 0; i < BULK_TYPE_BYTES_MAX + 100; i++) *at++ = 't';
                for (size_t i = 0; i < BULK_TYPE_BYTES_MAX; i++) *out++ = 't';
                at = stpcpy(at, "\",\"reason\":\"");
                out = stpcpy(out, ": ");
                size_t bytes = front < BULK_REASON_BYTES_MAX ? front : BULK_REASON_BYTES_MAX;
                memset(at, 'a', front);
                memset(out, 'a', bytes);
                at += front;
                out += bytes;
                bool fits = true;
                for (int times = 0; times < 40; times++) {
                    size_t length = strlen(characters[c][1]);
                    at = stpcpy(at, characters[c][0]);
                    fits = fits && bytes + length <= BULK_REASON_BYTES_MAX;
                    if (fits) out = stpcpy(out, characters[c][1]);
                    if (fits) bytes += length;
                }
                at = stpcpy(at, "\"}}}]}");
                stpcpy(out, "; 0");
                read_pieces((struct slice){body, (size_t)(at - body)}, rest, rest, &heard);
                assert_int_equal(heard.outcome, BULK_COMPLETE);
                if (strcmp(heard.text, expected) != 0)
                    fail_msg("%s at %zu, pieces of %zu: %s", characters[c][0], front, rest, heard.text);
            }
}

/* As deep as may be is skipped; one deeper is no reply. */
static void test_depth(void **state) {
    static struct heard heard;
    (void)state;
    for (size_t depth = BULK_DEPTH_MAX - 1; depth <= BULK_DEPTH_MAX; depth++) {
        char body[1024], *at = stpcpy(body, "{\"x\":");
        for (size_t i = 0; i < depth; i++) *at++ = '[';
        for (size_t i = 0; i < depth; i++) *at++ = ']';
        at = stpcpy(at, ",\"items\":[{\"create\":{\"status\":201}}]}");
        read_pieces((struct slice){body, (size_t)(at - body)}, 7, 7, &heard);
        assert_int_equal(heard.outcome, depth < BULK_DEPTH_MAX ? BULK_COMPLETE : BULK_NOT_BULK);
        assert_string_equal(heard.text, depth < BULK_DEPTH_MAX ? "201; 0" : "0");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_long_texts),
                                       cmocka_unit_test(test_depth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
