/* Lines of JSON: which are good, what is in them, what becomes of those with too much in them or with odd characters.
 *
 * A line stands in front of hostile padding, an unreadable page is behind that, and the spare room ends at another one; what is good
 * is compared with a reader of its own (json_model.h).
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ingest/json_repair.h"
#include "tests/unit/guard.h"
#include "tests/unit/json_model.h"
#include "tests/unit/seeded.h"

#define ROOM_BYTES (8u << 20) /* for either half */
#define SPARE_PADDING_BYTES 32u

static struct json_reader *reader;
static struct json_tree tree;
static const char *expected;
static char *room; /* lines, an unreadable page, spare room, an unreadable page */
static uint32_t page_bytes;

static int set_up(void **state) {
    (void)state;
    page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    size_t bytes = 2 * (size_t)ROOM_BYTES;
    room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(room != MAP_FAILED);
    assert_int_equal(mprotect(room + ROOM_BYTES - page_bytes, page_bytes, PROT_NONE), 0);
    assert_int_equal(mprotect(room + bytes - page_bytes, page_bytes, PROT_NONE), 0);
    reader = json_reader_new();
    return reader == NULL;
}

static int tear_down(void **state) {
    (void)state;
    json_reader_free(reader);
    return munmap(room, 2 * (size_t)ROOM_BYTES);
}

static struct span place(struct slice line, char behind) {
    uint32_t offset = ROOM_BYTES - page_bytes - TEXT_PADDING_BYTES - (uint32_t)line.len;
    if (line.len > 0) memcpy(room + offset, line.ptr, line.len);
    memset(room + offset + line.len, behind, TEXT_PADDING_BYTES);
    return (struct span){offset, (uint32_t)line.len};
}

static struct spare spare_of(size_t bytes) {
    uint32_t end = 2 * ROOM_BYTES - page_bytes - SPARE_PADDING_BYTES;
    return (struct spare){room, end - (uint32_t)bytes, end};
}

/* Reads it, checks what is true of every line, and returns the outcome. */
static enum json_result read_line(struct slice line, char behind) {
    struct span span = place(line, behind);
    struct spare spare = spare_of(JSON_SPARE_BYTES(line.len));
    uint32_t used = spare.used;
    expected = NULL;
    enum json_result result = json_tree_read(reader, room, span, &spare, &tree, &expected);
    assert_int_equal(result == JSON_GOOD, expected == NULL);
    if (result != JSON_GOOD) {
        assert_int_equal(spare.used, used);
        return result;
    }
    struct slice meant = {room + span.offset, span.length};
    if (tree.repaired) meant = (struct slice){room + tree.nodes[0].text.offset, tree.nodes[0].text.length};
    struct json_model model = json_model_new(meant.len);
    assert_true(json_model_read(&model, meant, false));
    (void)json_model_check(&model, 0, room, &tree);
    json_model_free(&model);
    return result;
}

static struct slice text_of(struct span span) {
    return (struct slice){room + span.offset, span.length};
}

/* The first member of that name, 0 if there is none. */
static uint32_t member(uint32_t object, const char *key) {
    for (uint32_t i = object + 1; i < tree.nodes[object].next; i = tree.nodes[i].next)
        if (slice_equal(text_of(tree.nodes[i].key), slice_from(key))) return i;
    return 0;
}

/* --- which lines --------------------------------------------------------------------------------- */

struct line_case {
    const char *what, *line;
    enum json_result result;
};

/* clang-format off */
static const struct line_case line_cases[] = {
    {"nothing in it", "{}", JSON_GOOD},
    {"white space everywhere", " \t{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \r", JSON_GOOD},
    {"every kind", "{\"a\":null,\"b\":false,\"c\":true,\"d\":-1.5e+3,\"e\":\"x\",\"f\":[],\"g\":{}}", JSON_GOOD},
    {"an empty key", "{\"\":1}", JSON_GOOD},
    {"a key twice", "{\"a\":1,\"a\":2}", JSON_GOOD},
    {"an integer beyond 64 bits", "{\"a\":123456789012345678901234567890}", JSON_GOOD},
    {"an exponent beyond double", "{\"a\":1e99999,\"b\":-1E-99999}", JSON_GOOD},
    {"minus zero", "{\"a\":-0,\"b\":0.0,\"c\":0e1}", JSON_GOOD},
    {"every escape", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"}", JSON_GOOD},
    {"an escape in a key", "{\"\\u0061b\":1}", JSON_GOOD},
    {"delete is no control character here", "{\"a\":\"\x7f\"}", JSON_GOOD},
    {"nothing", "", JSON_BAD},
    {"white space", " \t ", JSON_BAD},
    {"an array", "[1]", JSON_BAD},
    {"a string", "\"a\"", JSON_BAD},
    {"a number", "1", JSON_BAD},
    {"no JSON", "https 2025-12-01T00:00:01.5Z app/w/1", JSON_BAD},
    {"a byte order mark", "\xef\xbb\xbf{}", JSON_BAD},
    {"two objects", "{} {}", JSON_BAD},
    {"a word behind", "{\"a\":1} x", JSON_BAD},
    {"a brace behind", "{\"a\":1}}", JSON_BAD},
    {"a comma behind", "{\"a\":1},", JSON_BAD},
    {"an object that is open", "{\"a\":1", JSON_BAD},
    {"an object inside that is open", "{\"a\":{\"b\":{}", JSON_BAD},
    {"an array inside that is open", "{\"a\":[{}", JSON_BAD},
    {"an array that ends as an object", "{\"a\":[1}}", JSON_BAD},
    {"an object that ends as an array", "{\"a\":{]}", JSON_BAD},
    {"a key at the end", "{\"a\"", JSON_BAD},
    {"a key and no more", "{\"a\"}", JSON_BAD},
    {"a colon and no more", "{\"a\":}", JSON_BAD},
    {"two colons", "{\"a\"::1}", JSON_BAD},
    {"a colon behind a value", "{\"a\":\"b\":1}", JSON_BAD},
    {"a key that is a number", "{1:2}", JSON_BAD},
    {"a key without quotes", "{a:1}", JSON_BAD},
    {"a comma too many", "{\"a\":1,}", JSON_BAD},
    {"a comma too many in front", "{,\"a\":1}", JSON_BAD},
    {"a comma too many in an array", "{\"a\":[1,]}", JSON_BAD},
    {"two commas", "{\"a\":[1,,2]}", JSON_BAD},
    {"a comma too few", "{\"a\":1 \"b\":2}", JSON_BAD},
    {"a comma too few in an array", "{\"a\":[1 2]}", JSON_BAD},
    {"a comma for a colon", "{\"a\",1}", JSON_BAD},
    {"a byte that simdjson takes for a colon at first", "{\"a\"\x1a" "1}", JSON_BAD},
    {"a byte that simdjson takes for a comma at first", "{\"a\":1\x0c\"b\":2}", JSON_BAD},
    {"a form feed between", "{\"a\":\x0c" "1}", JSON_BAD},
    {"a string that is open", "{\"a\":\"b", JSON_BAD},
    {"a string that is open by its escape", "{\"a\":\"b\\\"}", JSON_BAD},
    {"a tab in a string", "{\"a\":\"\t\"}", JSON_BAD},
    {"an unknown escape", "{\"a\":\"\\x41\"}", JSON_BAD},
    {"an unknown escape in a key", "{\"\\a\":1}", JSON_BAD},
    {"a short escape", "{\"a\":\"\\u12\"}", JSON_BAD},
    {"an escape that is not hexadecimal", "{\"a\":\"\\u12g4\"}", JSON_BAD},
    {"an escape outside", "{\\u0061:1}", JSON_BAD},
    {"an escaped bracket outside", "{\"a\":\\[5,}", JSON_BAD},
    {"an escaped quote outside", "{\"a\":\\\"{}", JSON_BAD},
    {"text behind a string", "{\"a\":\"b\"c}", JSON_BAD},
    {"a string behind a number", "{\"a\":1\"b\"}", JSON_BAD},
    {"a leading zero", "{\"a\":01}", JSON_BAD},
    {"a leading zero behind a minus", "{\"a\":-01}", JSON_BAD},
    {"a leading plus", "{\"a\":+1}", JSON_BAD},
    {"a minus alone", "{\"a\":-}", JSON_BAD},
    {"no digit in front of the point", "{\"a\":.5}", JSON_BAD},
    {"no digit behind the point", "{\"a\":1.}", JSON_BAD},
    {"no digit in the exponent", "{\"a\":1e+}", JSON_BAD},
    {"a hexadecimal number", "{\"a\":0x10}", JSON_BAD},
    {"no number", "{\"a\":NaN}", JSON_BAD},
    {"another language's word", "{\"a\":None}", JSON_BAD},
    {"a word cut short", "{\"a\":nul}", JSON_BAD},
    {"a word with more", "{\"a\":trues}", JSON_BAD},
    {"a word in capitals", "{\"a\":True}", JSON_BAD},
    {"an apostrophe", "{'a':1}", JSON_BAD},
    {"a comment", "{\"a\":1/*x*/}", JSON_BAD},
};
/* clang-format on */

/* What stands behind a line, the next one for example, never counts. */
static const char behind_bytes[] = "}]\":,1 \\\xff{\n";

static void test_which_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
        const char *first = NULL;
        for (size_t j = 0; j < sizeof behind_bytes; j++) {
            if (read_line(slice_from(line_cases[i].line), behind_bytes[j]) != line_cases[i].result)
                fail_msg("%s: %s", line_cases[i].what, expected != NULL ? expected : "good");
            if (first == NULL) first = expected;
            if (first != expected) fail_msg("%s: %s or %s", line_cases[i].what, first, expected);
        }
    }
}

/* A line cut anywhere is none, whatever comes behind it: also what would complete it. */
static void test_cut_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
        struct slice line = slice_from(line_cases[i].line);
        if (line_cases[i].result != JSON_GOOD) continue;
        while (line.len > 0 && line.ptr[line.len - 1] != '}') line.len--;
        for (size_t length = 0; length < line.len; length++)
            for (size_t j = 0; j < sizeof behind_bytes; j++)
                assert_int_equal(read_line((struct slice){line.ptr, length}, behind_bytes[j]), JSON_BAD);
    }
}

/* Every byte at every place of a line with some of everything: good exactly when the model says so. */
static void test_changed_bytes(void **state) {
    (void)state;
    static const char line[] = "{\"a\":[0,-1.5e3,true],\"\\u0062\":{\"c\":\"\\ud83d\\ude00\xc3\xa9\"} ,\"d\":[]}";
    struct json_model model = json_model_new(sizeof line);
    uint32_t good = 0;
    for (size_t at = 0; at < sizeof line - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            char changed[sizeof line], repaired[3 * sizeof line];
            memcpy(changed, line, sizeof line);
            changed[at] = (char)byte;
            bool lossy = false;
            size_t bytes = text_model_repair((struct slice){changed, sizeof line - 1}, repaired, &lossy);
            json_model_pair_up(repaired, bytes);
            bool valid = json_model_read(&model, (struct slice){repaired, bytes}, false);
            if (read_line((struct slice){changed, sizeof line - 1}, '}') != (valid ? JSON_GOOD : JSON_BAD))
                fail_msg("byte %d at %zu: %s", byte, at, expected != NULL ? expected : "good");
            good += valid;
        }
    assert_true(good > 1000 && good < 6000);
    json_model_free(&model);
}

static void test_expected(void **state) {
    (void)state;
    static const struct {
        const char *line, *expected;
    } cases[] = {{"", "a JSON object"},
                 {"[]", "a JSON object"},
                 {"{\"a\":\"b}", "a closing quote"},
                 {"{\"a\":{}", "as many closing brackets as opening ones"},
                 {"{\"a\":01,\"b\":{}", "as many closing brackets as opening ones"},
                 {"{\"a\":\"\\q\",\"b\":\"}\\\"\",\"c\":{}", "as many closing brackets as opening ones"},
                 {"{\"a\":1}}", "as many closing brackets as opening ones"},
                 {"{\"a\":1", "as many closing brackets as opening ones"},
                 {"{\"a\":1} x", "a closing bracket at the end"},
                 {"{\"a\":1} {}", "nothing behind the closing bracket"},
                 {"{\"a\":01}", "a number as JSON has them"},
                 {"{\"a\":nil}", "null, true or false"},
                 {"{\"a\":'b'}", "a value"},
                 {"{\"a\":\"\\q\"}", "an escape that JSON has"},
                 {"{\"a\":\"\x01\"}", "no control characters in strings"},
                 {"{\"a\" 1}", "a comma, a colon or a closing bracket between values"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t j = 0; j < sizeof behind_bytes; j++) {
            assert_int_equal(read_line(slice_from(cases[i].line), behind_bytes[j]), JSON_BAD);
            assert_string_equal(expected, cases[i].expected);
        }
    }
}

/* --- what is in them ------------------------------------------------------------------------------ */

static void test_texts(void **state) {
    (void)state;
    assert_int_equal(
        read_line(SLICE("{\"plain\":\"as it is\",\"k\\u0065y\":\"a\\tb\",\"o\":{ \"x\" : [ 1 ] },\"n\":-1e9 }"), 'x'),
        JSON_GOOD);
    assert_false(tree.plain);
    assert_false(tree.repaired);
    const struct json_node *plain = &tree.nodes[member(0, "plain")], *key = &tree.nodes[member(0, "key")];
    assert_true(slice_equal(text_of(plain->text), SLICE("as it is")));
    assert_false(plain->decoded);
    assert_true(plain->text.offset < ROOM_BYTES && plain->key.offset < ROOM_BYTES); /* both in the line */
    assert_true(slice_equal(text_of(key->text), SLICE("a\tb")));
    assert_true(key->decoded);
    assert_true(key->text.offset > ROOM_BYTES && key->key.offset > ROOM_BYTES); /* both in the spare room */
    assert_true(slice_equal(text_of(tree.nodes[member(0, "o")].text), SLICE("{ \"x\" : [ 1 ] }")));
    assert_true(slice_equal(text_of(tree.nodes[member(member(0, "o"), "x")].text), SLICE("[ 1 ]")));
    assert_true(slice_equal(text_of(tree.nodes[member(0, "n")].text), SLICE("-1e9")));
    assert_int_equal(tree.nodes[0].next, 7);
    assert_int_equal(read_line(SLICE("{\"a\":\"b\"}"), 'x'), JSON_GOOD);
    assert_true(tree.plain);
}

struct repair_case {
    const char *what, *line, *repaired;
};

/* clang-format off */
static const struct repair_case repair_cases[] = {
    {"a byte in a value", "{\"a\":\"x\xffy\"}", "{\"a\":\"x\xef\xbf\xbdy\"}"},
    {"a byte in a key", "{\"\xc3\":1}", "{\"\xef\xbf\xbd\":1}"},
    {"a character cut by a quote", "{\"a\":\"\xe2\x82\"}", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}"},
    {"a surrogate as bytes", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}"},
    {"a high surrogate alone", "{\"a\":\"\\uD800\"}", "{\"a\":\"\\ufffd\"}"},
    {"a low surrogate alone", "{\"a\":\"\\udfff.\"}", "{\"a\":\"\\ufffd.\"}"},
    {"two high ones, the second with its low one", "{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "{\"a\":\"\\ufffd\\ud83d\\ude00\"}"},
    {"in the wrong order", "{\"a\":\"\\ude00\\ud83d\"}", "{\"a\":\"\\ufffd\\ufffd\"}"},
    {"in a key", "{\"\\ud83d\":1}", "{\"\\ufffd\":1}"},
    {"behind an escaped backslash", "{\"a\":\"\\\\ud800\\ud800\"}", "{\"a\":\"\\\\ud800\\ufffd\"}"},
    {"both faults", "{\"a\":\"\\ud83d\xff\",\"b\":[\"\\n\"]}", "{\"a\":\"\\ufffd\xef\xbf\xbd\",\"b\":[\"\\n\"]}"},
};
/* clang-format on */

static void test_repair(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(repair_cases); i++) {
        const struct repair_case *c = &repair_cases[i];
        if (read_line(slice_from(c->line), '\x80') != JSON_GOOD) fail_msg("%s: %s", c->what, expected);
        struct slice root = text_of(tree.nodes[0].text);
        if (!tree.repaired || !slice_equal(root, slice_from(c->repaired)))
            fail_msg("%s: %.*s", c->what, (int)root.len, root.ptr);
        assert_true(tree.nodes[0].text.offset > ROOM_BYTES);
        bool repaired = false;
        char copy[256];
        struct slice again = {copy, (size_t)(json_repair(copy, guard_copy(slice_from(c->line)), &repaired) - copy)};
        assert_true(repaired && slice_equal(again, root));
        for (size_t length = 0; length < strlen(c->line); length++)
            (void)json_repair(copy, guard_copy((struct slice){c->line, length}), &repaired);
    }
}

/* Without enough spare room a line with escapes is bad, and never is anything written beyond. */
static void test_little_room(void **state) {
    (void)state;
    static const char *const lines[] = {"{\"a\":\"\\n\",\"\\n\":\"bcd\\t\"}", "{\"a\":\"\xff\\n\"}"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        size_t good = 0;
        for (size_t bytes = 0; bytes <= JSON_SPARE_BYTES(strlen(lines[i])); bytes++) {
            struct spare spare = spare_of(bytes);
            enum json_result result = json_tree_read(reader, room, place(slice_from(lines[i]), '}'), &spare, &tree,
                                                     &expected);
            assert_true(result == JSON_GOOD || (result == JSON_BAD && good == 0));
            if (result == JSON_BAD) assert_string_equal(expected, "a line whose escapes fit the room for them");
            good += result == JSON_GOOD;
        }
        assert_true(good > 0);
    }
}

/* --- much in them --------------------------------------------------------------------------------- */

static char *repeat(char *out, const char *text, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) out = stpcpy(out, text);
    return out;
}

static void test_depth(void **state) {
    (void)state;
    char line[1024];
    for (uint32_t inside = JSON_DEPTH_MAX - 3; inside < JSON_DEPTH_MAX + 3; inside++) {
        enum json_result result = inside < JSON_DEPTH_MAX ? JSON_GOOD : JSON_TOO_DEEP;
        char *end = stpcpy(repeat(repeat(stpcpy(line, "{\"a\":"), "[", inside), "]", inside), "}");
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, ']'), result);
        end = repeat(stpcpy(repeat(line, "{\"a\":", inside), "{}"), "}", inside);
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), result);
    }
    /* too deep and open: found by fuzzing to be one or the other, by what stood behind the line */
    char *end = repeat(repeat(line, "{\"a\":", 90), "}", 40);
    for (size_t j = 0; j < sizeof behind_bytes; j++)
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, behind_bytes[j]), JSON_BAD);
}

/* A long list of rules in front of the request of a WAF line: the headers are not what is lost. */
static void test_headers_behind_many_rules(void **state) {
    (void)state;
    static char line[1 << 16];
    for (uint32_t rules = 0; rules < 400; rules += 7) {
        char *end = stpcpy(line, "{\"timestamp\":1,\"ruleGroupList\":[");
        end = repeat(end, "{\"ruleGroupId\":\"x\",\"terminatingRule\":null,\"matches\":[{\"ruleId\":\"y\"}]},", rules);
        end = stpcpy(end, "{}],\"httpRequest\":{\"clientIp\":\"81.2.69.142\",\"headers\":[");
        end = repeat(end, "{\"name\":\"x-a\",\"value\":\"1\"},", 29);
        end = stpcpy(end,
                     "{\"name\":\"host\",\"value\":\"example.com\"}],\"uri\":\"/\"},\"labels\":[{\"name\":\"z\"}]}");
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), JSON_GOOD);
        assert_false(tree.cut);
        uint32_t request = member(0, "httpRequest"), headers = member(request, "headers"), last = 0, count = 0;
        for (uint32_t i = headers + 1; i < tree.nodes[headers].next; i = tree.nodes[i].next) last = i, count++;
        assert_int_equal(count, 30);
        assert_true(slice_equal(text_of(tree.nodes[member(last, "value")].text), SLICE("example.com")));
        assert_true(member(request, "uri") != 0 && member(0, "timestamp") != 0);
        assert_int_equal(tree.nodes[member(0, "labels")].next - member(0, "labels"), 3);
        assert_int_equal(tree.nodes[member(0, "ruleGroupList")].skipped, 6 * rules + 101 > JSON_NODES_MAX);
    }
}

/* Of an object with a long list in it only the list is lost, and that can be read by itself. */
static void test_many_headers(void **state) {
    enum { HEADERS = (JSON_NODES_MAX - 1) / 3 };
    (void)state;
    static char line[1 << 16];
    char *end = stpcpy(line, "{\"httpRequest\":{\"clientIp\":\"81.2.69.142\",\"headers\":[");
    end = repeat(end, "{\"name\":\"x-a\",\"value\":\"1\"},", HEADERS - 1);
    end = stpcpy(end, "{\"name\":\"host\",\"value\":\"\\u0065\"}],\"uri\":\"/\"},\"labels\":[]}");
    assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), JSON_GOOD);
    uint32_t request = member(0, "httpRequest"), headers = member(request, "headers");
    assert_true(tree.nodes[headers].skipped && !tree.nodes[request].skipped);
    assert_true(member(request, "clientIp") != 0 && member(request, "uri") != 0 && member(0, "labels") != 0);
    struct spare spare = spare_of(JSON_SPARE_BYTES(tree.nodes[headers].text.length));
    static struct json_tree all;
    assert_int_equal(json_tree_read_value(reader, room, tree.nodes[headers].text, &spare, &all, &expected), JSON_GOOD);
    assert_int_equal(all.count, 1 + 3 * HEADERS);
    assert_true(slice_equal(text_of(all.nodes[all.count - 1].text), SLICE("e")));
    assert_int_equal(json_tree_read(reader, room, tree.nodes[headers].text, &spare, &all, &expected), JSON_BAD);
}

/* What has no nodes is checked and repaired like all else. */
static void test_faults_in_skipped(void **state) {
    (void)state;
    static const struct {
        const char *fault;
        enum json_result result;
        bool repaired;
    } cases[] = {{"\"\\n\"", JSON_GOOD, false},    {"\"\\q\"", JSON_BAD, false},  {"{\"\\q\":1}", JSON_BAD, false},
                 {"\"\\ud800\"", JSON_GOOD, true}, {"\"\xff\"", JSON_GOOD, true}, {"01", JSON_BAD, false},
                 {"[1,]", JSON_BAD, false},        {"nul", JSON_BAD, false}};
    char line[2 * 2 * JSON_NODES_MAX + 64];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *end = stpcpy(stpcpy(repeat(stpcpy(line, "{\"a\":["), "1,", 2 * JSON_NODES_MAX), cases[i].fault), "]}");
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), cases[i].result);
        if (cases[i].result != JSON_GOOD) continue;
        assert_true(tree.nodes[1].skipped && !tree.plain == (i == 0 || i == 3));
        assert_int_equal(tree.repaired, cases[i].repaired);
    }
}

/* More members than nodes: the first ones, and all of the line is checked nevertheless. */
static void test_many_members(void **state) {
    (void)state;
    static char line[1 << 16];
    for (uint32_t members = JSON_NODES_MAX - 3; members < JSON_NODES_MAX + 3; members++) {
        char *end = stpcpy(repeat(stpcpy(line, "{"), "\"a\":[1],", members - 1), "\"b\":[2]}");
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), JSON_GOOD);
        assert_int_equal(tree.cut, members > JSON_NODES_MAX - 1);
        assert_int_equal(tree.count, JSON_NODES_MAX);
        end[-3] = 'x';
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), JSON_BAD);
    }
}

/* Random lines with many and deep values, against the model, and each value that was skipped once more by itself. */
static void test_random_lines(void **state) {
    (void)state;
    static char line[1 << 16];
    static const char *const scalars[] = {"1",  "-2.5e7", "\"s\"", "\"\\n\\u00e9\"", "null", "true", "\"\xc3\xa9\"",
                                          "[]", "{}"};
    struct seeded seeded = {11};
    uint32_t skipped = 0, cut = 0;
    for (int round = 0; round < 3000; round++) {
        char *end = line, closers[40];
        uint32_t depth = 0, wanted = seeded_below(&seeded, 3000), deep = 1 + seeded_below(&seeded, 6);
        uint32_t closing = 1 + seeded_below(&seeded, 40);
        *end++ = '{', closers[depth++] = '}';
        for (uint32_t i = 0; i < wanted && end < line + sizeof line - 128; i++) {
            if (depth > 1 && seeded_below(&seeded, closing) == 0) *end++ = closers[--depth];
            if (end[-1] != '{' && end[-1] != '[') *end++ = ',';
            if (closers[depth - 1] == '}') end = stpcpy(end, "\"k\":");
            if (depth <= deep && seeded_below(&seeded, 8) == 0) {
                closers[depth] = seeded_below(&seeded, 2) == 0 ? '}' : ']';
                *end++ = closers[depth++] == '}' ? '{' : '[';
                end = stpcpy(end, closers[depth - 1] == '}' ? "\"f\":1" : "1");
            } else {
                end = stpcpy(end, scalars[seeded_below(&seeded, COUNT_OF(scalars))]);
            }
        }
        while (depth > 0) *end++ = closers[--depth];
        assert_int_equal(read_line((struct slice){line, (size_t)(end - line)}, '}'), JSON_GOOD);
        cut += tree.cut;
        for (uint32_t i = 0; i < tree.count; i++) skipped += tree.nodes[i].skipped;
    }
    assert_true(skipped > 500 && cut > 50);
}

/* The longest line, and one that a repair makes three times as long. */
static void test_long_lines(void **state) {
    (void)state;
    char *line = malloc(LINE_BYTES_MAX);
    assert_non_null(line);
    memset(line, 'x', LINE_BYTES_MAX);
    memcpy(line, "{\"a\":\"", 6);
    memcpy(line + LINE_BYTES_MAX - 2, "\"}", 2);
    struct slice whole = {line, LINE_BYTES_MAX};
    assert_int_equal(read_line(whole, '}'), JSON_GOOD);
    assert_int_equal(tree.nodes[1].text.length, LINE_BYTES_MAX - 8);
    memset(line + 6, 0xff, LINE_BYTES_MAX - 8);
    memcpy(line + 6, "\\n", 2);
    struct span span = place(whole, '}');
    struct spare spare = spare_of(JSON_SPARE_BYTES(LINE_BYTES_MAX));
    assert_int_equal(json_tree_read(reader, room, span, &spare, &tree, &expected), JSON_GOOD);
    assert_true(tree.repaired);
    assert_int_equal(tree.nodes[1].text.length, 3 * (LINE_BYTES_MAX - 10) + 1);
    free(line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_lines),
        cmocka_unit_test(test_cut_lines),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_little_room),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_headers_behind_many_rules),
        cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_faults_in_skipped),
        cmocka_unit_test(test_random_lines),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
