/* A connection's bytes become the same lines however they were cut into packets.
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

#include "tests/unit/connection_lines.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

static struct connection_lines lines;

/* "position:number text", `!` behind a line that is too long and `-` behind one that was cut short, one a line. */
static const char *rendered(void) {
    static char out[65536];
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < lines.count; i++) {
        const struct connection_line *line = &lines.lines[i];
        used += (size_t)snprintf(out + used, sizeof out - used, "%llu:%llu %.*s%s%s\n",
                                 (unsigned long long)line->position, (unsigned long long)line->number, (int)line->bytes,
                                 lines.text + line->from, line->too_long ? "!" : "", line->cut_short ? "-" : "");
        assert_true(used < sizeof out);
    }
    return out;
}

/* Gives `input` in pieces of `piece_bytes`. */
static enum tcp_end run(struct slice input, size_t piece_bytes, enum tcp_end end, bool header,
                        uint32_t line_bytes_max) {
    struct tcp_connection connection = {
        .header_wanted = header, .frames = {.line_bytes_max = line_bytes_max}, .line_number = 1};
    size_t held_sum = 0;
    for (size_t at = 0; at < input.len; at += piece_bytes) {
        size_t bytes = input.len - at < piece_bytes ? input.len - at : piece_bytes;
        connection_lines_take(&lines, &connection, guard_copy((struct slice){input.ptr + at, bytes}), &held_sum);
    }
    connection_lines_finish(&lines, &connection, end, &held_sum);
    assert_int_equal(held_sum, 0);
    assert_null(connection.held);
    return connection.end;
}

enum { MAX = 8 };

#define V1 "PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n"

static const struct {
    const char *what;
    struct slice input;
    enum tcp_end end; /* as the sender has it */
    bool header;
    const char *expected;
    enum tcp_end expected_end;
} cases[] = {
    {"nothing", SLICE(""), TCP_ENDED, false, "", TCP_ENDED},
    {"lines", SLICE("ab\ncd\r\n\ne\n"), TCP_ENDED, false, "0:1 ab\n3:2 cd\r\n7:3 \n8:4 e\n", TCP_ENDED},
    {"last line without LF", SLICE("ab\ncd"), TCP_ENDED, false, "0:1 ab\n3:2 cd\n", TCP_ENDED},
    {"last line when reset", SLICE("ab\ncd"), TCP_RESET, false, "0:1 ab\n3:2 cd-\n", TCP_RESET},
    {"last line when stopped", SLICE("ab\ncd"), TCP_STOPPED, false, "0:1 ab\n3:2 cd-\n", TCP_STOPPED},
    {"stopped behind a line", SLICE("ab\n"), TCP_STOPPED, false, "0:1 ab\n", TCP_STOPPED},
    {"as long as may be", SLICE("12345678\r\n12345678\n"), TCP_ENDED, false, "0:1 12345678\r\n10:2 12345678\n",
     TCP_ENDED},
    {"one more is looked at by the worker", SLICE("123456789\n"), TCP_ENDED, false, "0:1 123456789\n", TCP_ENDED},
    {"too long", SLICE("a\n1234567890xx\nb\n"), TCP_ENDED, false, "0:1 a\n2:2 1234567890!\n15:3 b\n", TCP_ENDED},
    {"just too long", SLICE("1234567890\nb\n"), TCP_ENDED, false, "0:1 1234567890!\n11:2 b\n", TCP_ENDED},
    {"too long to the end", SLICE("1234567890xxxxxxxxxxxxxxxxxxxxxx"), TCP_RESET, false, "0:1 1234567890!\n",
     TCP_RESET},
    {"twice too long", SLICE("1234567890xx\n1234567890x\n"), TCP_ENDED, false, "0:1 1234567890!\n13:2 1234567890!\n",
     TCP_ENDED},

    {"messages", SLICE("4 <1>a6 <2>bcd"), TCP_ENDED, false, "2:1 <1>a\n8:2 <2>bcd\n", TCP_ENDED},
    {"messages when stopped", SLICE("4 <1>a6 <2>bcd"), TCP_STOPPED, false, "2:1 <1>a\n8:2 <2>bcd\n", TCP_STOPPED},
    {"a message need not have a priority later", SLICE("4 <1>a3 bcd"), TCP_ENDED, false, "2:1 <1>a\n8:2 bcd\n",
     TCP_ENDED},
    {"line ends inside and behind", SLICE("8 <1>a\nb\r\n5 <2>c\n"), TCP_ENDED, false, "2:1 <1>a b\r\n12:2 <2>c\n",
     TCP_ENDED},
    {"line ends between", SLICE("4 <1>a\n4 <2>b\r\n"), TCP_ENDED, false, "2:1 <1>a\n9:2 <2>b\n", TCP_ENDED},
    {"message cut off", SLICE("4 <1>a9 <2>b\nc"), TCP_ENDED, false, "2:1 <1>a\n6:2 9 <2>b c-\n", TCP_ENDED},
    {"count cut off", SLICE("4 <1>a12"), TCP_ENDED, false, "2:1 <1>a\n6:2 12-\n", TCP_ENDED},
    {"no count", SLICE("4 <1>axyz\n"), TCP_ENDED, false, NULL, TCP_BAD_FRAMING},
    {"zero", SLICE("4 <1>a0 "), TCP_ENDED, false, NULL, TCP_BAD_FRAMING},
    {"no space", SLICE("4 <1>a4<2>b"), TCP_ENDED, false, NULL, TCP_BAD_FRAMING},
    {"a count of eleven digits", SLICE("4 <1>a12345678901 x"), TCP_ENDED, false, NULL, TCP_BAD_FRAMING},
    {"as long a message as may be", SLICE("10 <1>45678904 <2>b"), TCP_ENDED, false, "3:1 <1>4567890\n15:2 <2>b\n",
     TCP_ENDED},
    {"too long a message", SLICE("12 <1>4567\n90ab4 <2>c"), TCP_ENDED, false, "3:1 <1>4567 90!\n17:2 <2>c\n",
     TCP_ENDED},
    {"too long a message, cut off", SLICE("20 <1>4567890a"), TCP_ENDED, false, "3:1 <1>4567890!\n", TCP_ENDED},

    {"a flow is no message", SLICE("2 123\n"), TCP_ENDED, false, "0:1 2 123\n", TCP_ENDED},
    {"neither is this", SLICE("2 <x\n"), TCP_ENDED, false, "0:1 2 <x\n", TCP_ENDED},
    {"nor this", SLICE("0 <1>\n"), TCP_ENDED, false, "0:1 0 <1>\n", TCP_ENDED},
    {"nor are digits", SLICE("123"), TCP_ENDED, false, "0:1 123\n", TCP_ENDED},
    {"a priority alone", SLICE("<1>a\n"), TCP_ENDED, false, "0:1 <1>a\n", TCP_ENDED},

    {"behind a header", SLICE(V1 "ab\nc"), TCP_ENDED, true, "0:1 ab\n3:2 c\n", TCP_ENDED},
    {"messages behind a header", SLICE(V1 "4 <1>a"), TCP_ENDED, true, "2:1 <1>a\n", TCP_ENDED},
    {"one header only", SLICE(V1 "PROXY\r\n"), TCP_ENDED, true, "0:1 PROXY\r\n", TCP_ENDED},
    {"no header", SLICE("GET / HTTP/1.0\r\n"), TCP_ENDED, true, "", TCP_BAD_PROXY_HEADER},
    {"half a header", SLICE("PROXY TCP4 192."), TCP_ENDED, true, "", TCP_ENDED},
    {"a header alone", SLICE(V1), TCP_RESET, true, "", TCP_RESET},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].what);
        for (size_t piece = cases[i].input.len + 1; piece > 0; piece--) {
            for (uint32_t before = 0; before < SEGMENTS_MAX; before += SEGMENTS_MAX - 1) {
                connection_lines_start(&lines, before);
                enum tcp_end end = run(cases[i].input, piece, cases[i].end, cases[i].header, MAX);
                assert_int_equal(end, cases[i].expected_end);
                if (cases[i].expected != NULL)
                    assert_string_equal(rendered(), cases[i].expected);
                else /* how much of what cannot be read had come makes a difference */
                    assert_int_equal(strncmp(rendered(), "2:1 <1>a\n6:2 ", 13), 0);
            }
        }
    }
}

/* Bad framing: the message before it is there, and one line that says where it was. */
static void test_bad_framing_is_one_reject(void **state) {
    (void)state;
    connection_lines_start(&lines, 0);
    assert_int_equal(run(SLICE("4 <1>a4<2>b\nc\n"), 100, TCP_ENDED, false, MAX), TCP_BAD_FRAMING);
    assert_string_equal(rendered(), "2:1 <1>a\n6:2 4<2>b c -\n");
}

/* The limits of a batch: more lines than it takes, and the longest line behind others. */
static void test_batches_that_are_full(void **state) {
    (void)state;
    const size_t bytes = 3 * (size_t)BATCH_LINES_MAX, long_bytes = LINE_BYTES_MAX;
    char *input = malloc(bytes + long_bytes + 1);
    assert_non_null(input);
    memset(input, '\n', bytes);
    memset(input + bytes, 'x', long_bytes);
    input[bytes + long_bytes] = '\n';
    for (int cut = 0; cut < 2; cut++) {
        static struct tcp_connection connection;
        size_t held_sum = 0;
        connection = (struct tcp_connection){.frames = {.line_bytes_max = LINE_BYTES_MAX}, .line_number = 1};
        connection_lines_start(&lines, 0);
        /* the listener never gives more at a time */
        for (size_t at = 0; at < bytes + long_bytes + 1 - (size_t)cut;) {
            size_t left = bytes + long_bytes + 1 - (size_t)cut - at;
            size_t piece = left < CONNECTION_READ_BYTES ? left : CONNECTION_READ_BYTES;
            connection_lines_take(&lines, &connection, (struct slice){input + at, piece}, &held_sum);
            at += piece;
        }
        connection_lines_finish(&lines, &connection, TCP_ENDED, &held_sum);
        assert_int_equal(lines.count, bytes + 1);
        assert_int_equal(lines.lines[bytes].bytes, long_bytes);
        assert_int_equal(lines.lines[bytes].number, bytes + 1);
        assert_int_equal(lines.lines[bytes].position, bytes);
        assert_int_equal(held_sum, 0);
    }
    free(input);
}

/* Memory is held for what is unfinished and no more. */
static void test_what_is_held(void **state) {
    (void)state;
    struct tcp_connection connection = {.frames = {.line_bytes_max = LINE_BYTES_MAX}, .line_number = 1};
    size_t held_sum = 0;
    static char text[20000];
    memset(text, 'a', sizeof text);
    connection_lines_start(&lines, 0);
    connection_lines_take(&lines, &connection, SLICE("abc\n"), &held_sum);
    assert_int_equal(held_sum, 0);
    connection_lines_take(&lines, &connection, SLICE("abc\nd"), &held_sum);
    assert_int_equal(held_sum, 256);
    for (size_t i = 0; i < sizeof text; i++)
        connection_lines_take(&lines, &connection, (struct slice){text + i, 1}, &held_sum);
    assert_in_range(held_sum, sizeof text, 2 * sizeof text);
    connection_lines_take(&lines, &connection, SLICE("\nab"), &held_sum);
    assert_int_equal(held_sum, 256);
    connection_lines_take(&lines, &connection, SLICE("\n"), &held_sum);
    assert_int_equal(held_sum, 0);
    connection_lines_finish(&lines, &connection, TCP_ENDED, &held_sum);
    assert_int_equal(lines.count, 4);
}

/* What a PROXY header says goes with every line behind it. */
static void test_facts(void **state) {
    (void)state;
    struct tcp_connection connection = {
        .header_wanted = true, .frames = {.line_bytes_max = MAX}, .line_number = 1, .facts.peer.port = 7};
    size_t held_sum = 0;
    connection_lines_start(&lines, 0);
    connection_lines_take(&lines, &connection, SLICE(V1 "ab\n"), &held_sum);
    assert_int_equal(lines.batch.segments_count, 1);
    const struct connection_facts *facts = &lines.batch.segments[0].connection;
    assert_int_equal(facts->peer.port, 7);
    assert_int_equal(facts->proxy.version, 1);
    assert_int_equal(facts->proxy.command, PROXY_PROXY);
    assert_int_equal(facts->proxy.family, PROXY_TCP4);
    assert_true(facts->proxy.has_source);
    assert_int_equal(facts->proxy.source.port, 5);
    assert_int_equal(facts->proxy.source.address.family, IP_V4);
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1};
    assert_memory_equal(facts->proxy.source.address.ip.bytes, address, sizeof address);
    connection_lines_finish(&lines, &connection, TCP_ENDED, &held_sum);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_bad_framing_is_one_reject),
        cmocka_unit_test(test_what_is_held), cmocka_unit_test(test_batches_that_are_full),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
