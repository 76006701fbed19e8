/* Messages of a queue -> lines: each payload plain, and packed as gzip and zstd, which has to give the same lines.
 *
 * Payloads end at an unreadable page.
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
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/message.h"
#include "schemas/limits.h"
#include "tests/unit/guard.h"
#include "tests/unit/packed.h"
#include "tests/unit/seeded.h"

static struct message_reader *reader;
static struct packed packed, inner; /* too large for a stack */

static int set_up(void **state) {
    (void)state;
    reader = message_reader_new(2u * MESSAGE_TEXT_BYTES_MAX);
    return reader != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    message_reader_free(reader);
    return 0;
}

/* The result stays readable as long as neither is called again. */
static struct message_text read_copy(struct slice payload) {
    return message_read(reader, guard_copy(payload));
}

static void check(const char *what, struct message_text read, struct slice expected, const char *damage) {
    if (!slice_equal(read.text, expected))
        fail_msg("%s:\n%.*s\ninstead of:\n%.*s", what, (int)read.text.len, read.text.ptr, (int)expected.len,
                 expected.ptr);
    if ((read.damage == NULL) != (damage == NULL) || (damage != NULL && strstr(read.damage, damage) == NULL))
        fail_msg("%s: damage %s", what, read.damage != NULL ? read.damage : "none");
    const char *newline = memchr(expected.ptr, '\n', expected.len);
    assert_int_equal(read.one_line, newline == NULL || newline == expected.ptr + expected.len - 1);
}

static bool is_inside(struct slice part, struct slice whole) {
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* --- what there is ------------------------------------------------------------------------------ */

#define EVENT(id, message) "{\"id\":\"" id "\",\"timestamp\":1510109208016,\"message\":\"" message "\"}"
#define HEAD(type)                                                                                            \
    "{\"messageType\":\"" type "\",\"owner\":\"123456789012\",\"logGroup\":\"/elb/web\",\"logStream\":\"s\"," \
    "\"subscriptionFilters\":[\"all\"],\"logEvents\":["
#define LINE(id, message)                                                                                    \
    "{\"id\":\"" id "\",\"timestamp\":1510109208016,\"message\":\"" message "\",\"owner\":\"123456789012\"," \
    "\"logGroup\":\"/elb/web\",\"logStream\":\"s\"}\n"

struct payload_case {
    const char *what, *payload, *expected;
};

/* Not copied: the text stands in the payload. */
static const struct payload_case as_they_are[] = {
    {"a line", "one line", "one line"},
    {"a byte", "x", "x"},
    {"a line with its end", "one line\r\n", "one line\r\n"},
    {"lines", "a\n\nb\nc", "a\n\nb\nc"},
    {"nothing but ends", "\n\r\n", "\n\r\n"},
    {"blanks in front of text stay", " \ta", " \ta"},
    {"a mark of byte order",
     "\xef\xbb\xbf"
     "a\nb",
     "a\nb"},
    {"only that mark", "\xef\xbb\xbf", ""},
    {"an object", "{\"message\":\"a\"}", "{\"message\":\"a\"}"},
    {"an object with its end", "{\"message\":\"a\"}\r\n", "{\"message\":\"a\"}\r\n"},
    {"blanks in front of an object", "\xef\xbb\xbf\r\n\t {\"a\":1}", "{\"a\":1}"},
    {"an object a line", "{\"a\":\"}{\"}\n{\"b\":2}\n", "{\"a\":\"}{\"}\n{\"b\":2}\n"},
    {"an object a line, the second damaged", "{\"a\":1}\n{\"b\":\n{\"c\":3}", "{\"a\":1}\n{\"b\":\n{\"c\":3}"},
    {"an object without end", "{\"a\":[1,", "{\"a\":[1,"},
    {"Envoy", "[2025-12-01T00:00:01.250Z] \"GET / HTTP/2\"\n[", "[2025-12-01T00:00:01.250Z] \"GET / HTTP/2\"\n["},
    {"an array of numbers", "[1,2]", "[1,2]"},
    {"almost gzip", "\x1f\x8b", "\x1f\x8b"},
};

/* Made into lines. */
static const struct payload_case remade[] = {
    {"an object in several lines", "{\r\n \"a\": \"}{ \\\" ][\",\n\t\"b\": [\n  1 ]\n}\n",
     "{   \"a\": \"}{ \\\" ][\", \t\"b\": [   1 ] }\n"},
    {"its end alone in the next line", "{\"a\":1\n}", "{\"a\":1 }\n"},
    {"several of them", "{\n\"a\":1}{\n\"b\":{}\n}\n\n{\"c\":3}", "{ \"a\":1}\n{ \"b\":{} }\n{\"c\":3}\n"},
    {"text behind them", "{\n\"a\":1}\nb\n{\"c\":\n", "{ \"a\":1}\nb\n{\"c\":\n"},
    {"an array", "[{\"a\":1},{\"b\":[2]} , {}]", "{\"a\":1}\n{\"b\":[2]}\n{}\n"},
    {"an array in lines", " [\n{\"a\":\n1},\n{\"b\":\"]\"}\n]\n", "{\"a\": 1}\n{\"b\":\"]\"}\n"},
    {"an array of this and that", "[{}, 1, \"a,b\", [3, {}], null]", "{}\n1\n\"a,b\"\n[3, {}]\nnull\n"},
    {"arrays", "[{\"a\":1}]\n[{\"b\":1}]", "{\"a\":1}\n{\"b\":1}\n"},
    {"an empty array", "[ ]", ""},
    {"a bracket", "[\n", "[\n"},
    {"an array with a gap", "[{\"a\":1}\n {\"b\":1}]", "[{\"a\":1}  {\"b\":1}]\n"},
    {"an array with a comma too many", "[{\"a\":1},]", "[{\"a\":1},]\n"},
    {"an array without end", "[{\"a\":1},", "[{\"a\":1},"},
    {"brackets that do not match", "[{\"a\":1},{\"b\":]}", "[{\"a\":1},{\"b\":]}\n"},
    {"an object that ends like an array", "{\n\"a\":1]", "{ \"a\":1]\n"},
    {"an end of line in a string", "{\n\"a\":\"\n\"}\n", "{\n\"a\":\"\n\"}\n"},
    {"an escaped end of line in a string", "{\n\"a\":\"\\\n\"}\n", "{\n\"a\":\"\\\n\"}\n"},

    {"events", HEAD("DATA_MESSAGE") EVENT("1", "a \\\"b\\\"\\n") "," EVENT("2", "{\\\"c\\\":[]}") "]}",
     LINE("1", "a \\\"b\\\"\\n") LINE("2", "{\\\"c\\\":[]}")},
    {"no event", HEAD("DATA_MESSAGE") "]}", ""},
    {"a control message", HEAD("CONTROL_MESSAGE") EVENT("", "CWL CONTROL MESSAGE: Checking") "]}", ""},
    {"envelopes", HEAD("DATA_MESSAGE") EVENT("1", "a") "]}" HEAD("DATA_MESSAGE") EVENT("2", "b") "]}\n{\"c\":3}\n",
     LINE("1", "a") LINE("2", "b") "{\"c\":3}\n"},
    {"an envelope in an array", "[" HEAD("DATA_MESSAGE") EVENT("1", "a") "]}]", LINE("1", "a")},
    {"what is around comes last", "{\"logEvents\":[{},{ },{\"message\":\n\"a\"}],\n\"owner\":\n[7]}",
     "{\"owner\":[7]}\n{ \"owner\":[7]}\n{\"message\": \"a\",\"owner\":[7]}\n"},
    {"an empty event with more around it", "{\"owner\":1,\"logEvents\":[{}],\"logStream\":2}",
     "{\"owner\":1,\"logStream\":2}\n"},
    {"events and nothing else", "{\"logEvents\":[{\"message\":\"a\"}]}", "{\"message\":\"a\"}\n"},
    {"events that are no objects", "{\"logEvents\":[\"a\",[{}],{\"b\":1}],\"owner\":1}",
     "\"a\"\n[{}]\n{\"b\":1,\"owner\":1}\n"},
    {"events that are no list", "{\"logEvents\":{\"a\":1},\n\"owner\":1}", "{\"logEvents\":{\"a\":1}, \"owner\":1}\n"},
    {"two lists of events", "{\"logEvents\":[{}],\"logEvents\":[{}]}", "{\"logEvents\":[{}],\"logEvents\":[{}]}\n"},
    {"a damaged list of events", "{\"logEvents\":[{\"a\":1},,{}],\"owner\":1}",
     "{\"logEvents\":[{\"a\":1},,{}],\"owner\":1}\n"},
    {"damage behind the events", "{\"logEvents\":[{\"a\":1}],owner:1}", "{\"logEvents\":[{\"a\":1}],owner:1}\n"},
    {"logEvents that are no member", "{\"a\":\"logEvents\"}", "{\"a\":\"logEvents\"}\n"},
    {"events inside something", "{\"a\":{\"logEvents\":[{}]}}", "{\"a\":{\"logEvents\":[{}]}}\n"},
    {"events without end", HEAD("DATA_MESSAGE") EVENT("1", "a"), HEAD("DATA_MESSAGE") EVENT("1", "a")},
};

static void check_packed(const char *what, struct slice payload, struct slice expected) {
    packed_gzip(&packed, payload);
    check(what, read_copy(packed_slice(&packed)), expected, NULL);
    packed_zstd(&packed, payload);
    check(what, read_copy(packed_slice(&packed)), expected, NULL);
}

static void texts_stay_where_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(as_they_are); i++) {
        const struct payload_case *this = &as_they_are[i];
        struct slice payload = guard_copy(slice_from(this->payload));
        struct message_text read = message_read(reader, payload);
        check(this->what, read, slice_from(this->expected), NULL);
        if (!is_inside(read.text, payload)) fail_msg("%s was copied", this->what);
        check_packed(this->what, slice_from(this->payload), slice_from(this->expected));
    }
}

static void values_become_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(remade); i++) {
        const struct payload_case *this = &remade[i];
        check(this->what, read_copy(slice_from(this->payload)), slice_from(this->expected), NULL);
        check_packed(this->what, slice_from(this->payload), slice_from(this->expected));
    }
}

/* --- cut anywhere ------------------------------------------------------------------------------- */

/* What `text` has beside blanks, quotes and commas, in order: none of it may be lost. */
static size_t gist(struct slice text, char *out) {
    size_t bytes = 0;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n,", text.ptr[i]) == NULL) out[bytes++] = text.ptr[i];
    return bytes;
}

/* A value that lost its end stays as it came. Of arrays and objects in several lines nothing but white space and commas goes away. */
static void nothing_is_lost_when_json_is_cut(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\r\n \"a\": \"}{ \\\" ][\",\n\t\"b\": [\n  1 ]\n}\n{\n\"c\":{}}\n",
        "{\"a\":1}\n{\"b\":\n2}\n",
        HEAD("DATA_MESSAGE") EVENT("1", "a") "," EVENT("2", "b") "],\n\"z\":0}",
    };
    char was[1024], is[1024];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t bytes = 1; bytes < strlen(texts[i]); bytes++) {
            struct slice payload = guard_copy((struct slice){texts[i], bytes});
            struct message_text read = message_read(reader, payload);
            size_t was_bytes = gist(payload, was), is_bytes = gist(read.text, is);
            assert_null(read.damage);
            assert_int_equal(is_bytes, was_bytes);
            assert_memory_equal(is, was, was_bytes);
        }
}

static struct slice whole_lines(struct slice text, size_t bytes) {
    while (bytes > 0 && text.ptr[bytes - 1] != '\n') bytes--;
    return (struct slice){text.ptr, bytes};
}

/* A cut or damaged stream: the lines that are whole, and no more than are in the text. */
static void whole_lines_of_a_cut_stream_stay(void **state) {
    (void)state;
    static char text[20000];
    struct seeded seeded = {7};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 80 == 79 ? '\n' : seeded_byte(&seeded, "abcdefghijklmnopqrstuvwxyz0123456789", 36);
    for (int zstd = 0; zstd < 2; zstd++) {
        size_t most = 0;
        (zstd ? packed_zstd : packed_gzip)(&packed, (struct slice){text, sizeof text});
        for (size_t bytes = 4; bytes < packed.count; bytes++) {
            struct message_text read = read_copy((struct slice){(char *)packed.bytes, bytes});
            struct slice expected = whole_lines((struct slice){text, sizeof text}, read.text.len);
            check("cut", read, expected, "too early");
            if (read.text.len > most) most = read.text.len;
        }
        if (!zstd) assert_true(most > sizeof text / 2); /* zstd has it all in one block */
        packed.bytes[packed.count - 2] ^= 1;
        check("checksum", read_copy(packed_slice(&packed)), (struct slice){text, sizeof text}, zstd ? "zstd" : "gzip");
    }
}

/* What JSON had an end is a line, what was cut off is none. */
static void whole_values_of_a_cut_stream_stay(void **state) {
    (void)state;
    static const struct payload_case cases[] = {
        {"an object a line", "{\"a\":1}\n{\"b\":2", "{\"a\":1}\n"},
        {"objects in lines", "{\n\"a\":1}\n{\n\"b\":2\n,", "{ \"a\":1}\n"},
        {"objects in lines, all but the first line", "{\n\"a\"", ""},
        {"an array", "[\n{\"a\"", ""},
        {"one line", "{\"a\":1", ""},
        {"events", HEAD("DATA_MESSAGE") EVENT("1", "a") ",\n{", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        packed_gzip(&packed, slice_from(cases[i].payload));
        packed.count -= 8; /* the trailer */
        check(cases[i].what, read_copy(packed_slice(&packed)), slice_from(cases[i].expected), "too early");
    }
}

/* --- packed --------------------------------------------------------------------------------------- */

static void members_and_padding(void **state) {
    (void)state;
    packed.count = 0;
    packed_add_gzip(&packed, SLICE("a\nb"));
    packed_add_gzip(&packed, SLICE(""));
    packed_add_gzip(&packed, SLICE("c\n"));
    check("members", read_copy(packed_slice(&packed)), SLICE("a\nbc\n"), NULL);
    packed_add(&packed, SLICE("\0\0\0"));
    check("padding", read_copy(packed_slice(&packed)), SLICE("a\nbc\n"), NULL);
    packed_add(&packed, SLICE("x"));
    check("garbage", read_copy(packed_slice(&packed)), SLICE("a\nbc\n"), "padding");
    packed_gzip(&packed, SLICE(""));
    check("nothing", read_copy(packed_slice(&packed)), SLICE(""), NULL);
}

static void packed_in_packed_is_damage(void **state) {
    (void)state;
    packed_gzip(&inner, SLICE("a\nb\n"));
    packed_zstd(&packed, packed_slice(&inner));
    check("gzip in zstd", read_copy(packed_slice(&packed)), SLICE(""), "another compressed object");
    packed_zstd(&inner, SLICE("a\nb\n"));
    packed_gzip(&packed, packed_slice(&inner));
    check("zstd in gzip", read_copy(packed_slice(&packed)), SLICE(""), "another compressed object");
}

/* --- limits --------------------------------------------------------------------------------------- */

static void small_messages_expand_as_they_like(void **state) {
    (void)state;
    static char text[MESSAGE_EXPANSION_FREE_BYTES + 2];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 1024 == 0 ? '\n' : 'a'; /* also the first byte that may not be */
    packed_gzip(&packed, (struct slice){text, MESSAGE_EXPANSION_FREE_BYTES});
    assert_true(packed.count * MESSAGE_EXPANSION_MAX < sizeof text);
    check("as much as may be", read_copy(packed_slice(&packed)), (struct slice){text, MESSAGE_EXPANSION_FREE_BYTES},
          NULL);
    packed_gzip(&packed, (struct slice){text, MESSAGE_EXPANSION_FREE_BYTES + 1});
    check("a byte more", read_copy(packed_slice(&packed)),
          whole_lines((struct slice){text, sizeof text}, MESSAGE_EXPANSION_FREE_BYTES),
          "more than 1048576 bytes when unpacked");
}

static bool is_resident(const char *at) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char resident = 0;
    uintptr_t page = (uintptr_t)at / page_bytes * page_bytes;
    assert_int_equal(mincore((void *)page, page_bytes, &resident), 0); /* NOLINT(performance-no-int-to-ptr) */
    return (resident & 1) != 0;
}

/* A message that unpacks to more than anything may have: its start, and the memory is given back by the next one. */
static void large_messages_are_bounded_and_forgotten(void **state) {
    (void)state;
    static char text[1u << 20];
    struct seeded seeded = {3};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 128 == 127 ? '\n' : i % 128 < 2 ? seeded_byte(&seeded, "abcdefgh", 8) : 'a';
    packed.count = 0;
    for (size_t i = 0; i < MESSAGE_TEXT_BYTES_MAX / sizeof text; i++)
        packed_add_gzip(&packed, (struct slice){text, sizeof text});
    struct message_text read = read_copy(packed_slice(&packed));
    assert_null(read.damage);
    assert_int_equal(read.text.len, MESSAGE_TEXT_BYTES_MAX);
    packed_add_gzip(&packed, SLICE("x"));
    read = read_copy(packed_slice(&packed));
    assert_non_null(strstr(read.damage, "more than 268435456 bytes"));
    assert_int_equal(read.text.len, MESSAGE_TEXT_BYTES_MAX);
    const char *far = read.text.ptr + read.text.len / 2, *near = read.text.ptr + sizeof text / 2;
    assert_true(is_resident(far));
    check("the next one", read_copy(SLICE("a")), SLICE("a"), NULL);
    assert_false(is_resident(far));
    assert_true(is_resident(near));
}

/* What is unpacked and lines made of it share a reader's memory. */
static void memory_bounds_both_rooms(void **state) {
    (void)state;
    static char text[300000];
    enum { ELEMENT_BYTES = 100, MEMORY_BYTES = 2 * sizeof text - 4000 };
    for (size_t i = 0; i + ELEMENT_BYTES <= sizeof text; i += ELEMENT_BYTES)
        sprintf(text + i, "%c{\"n\":\"%0*zu\"}", i == 0 ? '[' : ',', ELEMENT_BYTES - 10, i);
    for (size_t i = ELEMENT_BYTES - 1; i < sizeof text; i += ELEMENT_BYTES) text[i] = ' ';
    text[sizeof text - 1] = ']';
    struct message_reader *small = message_reader_new(MEMORY_BYTES);
    assert_non_null(small);
    packed_gzip(&packed, (struct slice){text, sizeof text});
    struct message_text read = message_read(small, packed_slice(&packed));
    assert_non_null(read.damage);
    assert_string_equal(read.damage, "more than 596000 bytes when unpacked; raise --memory-max");
    assert_in_range(read.text.len, MEMORY_BYTES - sizeof text - ELEMENT_BYTES, MEMORY_BYTES - sizeof text);
    read = message_read(small, (struct slice){text, sizeof text}); /* the lines alone do fit */
    assert_null(read.damage);
    message_reader_free(small);
    small = message_reader_new(sizeof text - 1);
    assert_non_null(small);
    read = message_read(small, packed_slice(&packed));
    assert_non_null(strstr(read.damage, "more than 299999 bytes when unpacked; raise --memory-max"));
    assert_int_equal(read.text.len, 0); /* there is no line end in it */
    message_reader_free(small);
}

/* Events that all repeat something long: as many as fit, and whole ones. */
static void events_do_not_expand_without_end(void **state) {
    (void)state;
    static char payload[40000];
    char *out = payload + sprintf(payload, "{\"owner\":\"");
    memset(out, 'o', 20000);
    out += 20000;
    out += sprintf(out, "\",\"logEvents\":[{\"message\":\"a\"}");
    for (int i = 0; i < 1000; i++) out += sprintf(out, ",{\"n\":%d}", i);
    out += sprintf(out, "]}");
    struct slice text = {payload, (size_t)(out - payload)};
    assert_true(text.len * MESSAGE_EXPANSION_MAX < 20000u * 1000);
    struct message_text read = read_copy(text);
    assert_non_null(strstr(read.damage, "bytes when unpacked"));
    assert_true(read.text.len <= text.len * MESSAGE_EXPANSION_MAX);
    assert_true(read.text.len > text.len * MESSAGE_EXPANSION_MAX - 30000);
    assert_memory_equal(read.text.ptr + read.text.len - 4, "o\"}\n", 4);
    const char *far = read.text.ptr + read.text.len / 2;
    assert_true(is_resident(far));
    /* the same events, but one that cannot be told: they are taken back, and their memory is given back all the same */
    payload[text.len - 2] = ',';
    read = read_copy(text);
    check("the next one", read_copy(SLICE("{\n}")), SLICE("{ }\n"), NULL);
    assert_false(is_resident(far));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_stay_where_they_are),
        cmocka_unit_test(values_become_lines),
        cmocka_unit_test(nothing_is_lost_when_json_is_cut),
        cmocka_unit_test(whole_lines_of_a_cut_stream_stay),
        cmocka_unit_test(whole_values_of_a_cut_stream_stay),
        cmocka_unit_test(members_and_padding),
        cmocka_unit_test(packed_in_packed_is_damage),
        cmocka_unit_test(small_messages_expand_as_they_like),
        cmocka_unit_test(large_messages_are_bounded_and_forgotten),
        cmocka_unit_test(memory_bounds_both_rooms),
        cmocka_unit_test(events_do_not_expand_without_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
