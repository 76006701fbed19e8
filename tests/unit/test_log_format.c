/* log_formats: what is refused, how lines are cut, and what a hostile client can not do to them.
 *
 * A line stands in the middle of a text with hostile padding, and an unreadable page is behind that.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ingest/log_format.h"
#include "tests/unit/guard.h"

#define BEFORE "0 \"odd\\"
#define LINE_BYTES_ROOM 16384u
#define SPARE_BYTES (3 * LINE_BYTES_ROOM)

#define COMMON "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent"
#define COMBINED COMMON " \"$http_referer\" \"$http_user_agent\""
#define TIME "01/Dec/2025:00:00:01 +0000"
#define REST "[" TIME "] \"GET / HTTP/1.1\" 200 5"
#define TAIL REST " \"-\" \"curl/8\""

extern const struct schema schema_nginx;
static struct log_format built_in[LOG_FORMATS_MAX];
static uint32_t built_in_count;

static int set_up(void **state) {
    (void)state;
    schemas_init();
    built_in_count = log_format_compile_all(&schema_nginx, built_in);
    return 0;
}

/* The last line cut. */
struct result {
    bool good;
    uint32_t which; /* of the built-in formats */
    struct record record;
    struct spare spare;
    struct line_cut cut;
};

/* Text, padding, spare: the last bytes that may be read stand at the end of a page. */
static void place(struct slice line, struct result *result) {
    static char room[sizeof BEFORE + LINE_BYTES_ROOM + TEXT_PADDING_BYTES + SPARE_BYTES];
    size_t bytes = sizeof BEFORE - 1;
    assert_true(line.len <= LINE_BYTES_ROOM);
    memset(room, '"', sizeof room);
    memcpy(room, BEFORE, bytes);
    memcpy(room + bytes, line.ptr, line.len);
    uint32_t start = (uint32_t)bytes, end = start + (uint32_t)line.len;
    for (size_t i = 0; i < TEXT_PADDING_BYTES; i++) room[end + i] = " \"\\] 1-"[i % 7];
    struct slice copy = guard_copy((struct slice){room, end + TEXT_PADDING_BYTES + SPARE_BYTES});
    memset(result, 0xa5, sizeof *result);
    result->spare = (struct spare){
        .text = (char *)(uintptr_t)copy.ptr, .used = end + TEXT_PADDING_BYTES, .end = (uint32_t)copy.len - 32};
    result->cut = (struct line_cut){NULL, 0};
    struct record *record = &result->record;
    record->schema = &schema_nginx;
    record->text = copy.ptr;
    record->line = (struct span){start, (uint32_t)line.len};
    record->flags = 0;
    record->fields_count = schema_nginx.fields_count;
    memset(record->fields, 0, schema_nginx.fields_count * sizeof record->fields[0]);
}

/* The line and, where an unreadable page is right behind its padding, the same. */
static struct result *cut(const struct log_format *format, const char *line) {
    static struct result result;
    place(slice_from(line), &result);
    result.good = log_format_cut(format, &result.record, &result.spare, &result.cut);
    if (!result.good) assert_non_null(result.cut.expected);
    return &result;
}

static struct result *cut_any_at(struct slice line, uint32_t last) {
    static struct result result;
    place(line, &result);
    result.which = last;
    result.good = log_format_cut_any(built_in, built_in_count, &result.which, &result.record, &result.spare,
                                     &result.cut);
    if (!result.good) assert_non_null(result.cut.expected);
    return &result;
}

static bool same_result(const struct result *a, const struct result *b) {
    if (a->good != b->good) return false;
    if (!a->good) return true;
    return a->which == b->which && a->record.fields_count == b->record.fields_count &&
           a->record.flags == b->record.flags && a->cut.quotes == b->cut.quotes &&
           memcmp(a->record.fields, b->record.fields, a->record.fields_count * sizeof a->record.fields[0]) == 0;
}

/* By all built-in formats; wherever the search begins, the same comes out. */
static struct result *cut_any(struct slice line) {
    static struct result first;
    first = *cut_any_at(line, UINT32_MAX);
    for (uint32_t last = 0; last < built_in_count; last++)
        if (!same_result(&first, cut_any_at(line, last)))
            fail_msg("%.*s: depends on %u", (int)line.len, line.ptr, last);
    (void)cut_any_at(line, UINT32_MAX); /* the spans are the same, and the text is there */
    return &first;
}

static struct slice field(const struct result *result, const char *name) {
    for (uint16_t i = 0; i < schema_nginx.fields_count; i++)
        if (strcmp(schema_nginx.fields[i].name, name) == 0)
            return record_text(&result->record, result->record.fields[i]);
    fail_msg("no row %s", name);
    return (struct slice){"", 0};
}

static void compile(const char *pattern, struct log_format *format) {
    struct error error;
    if (log_format_compile(slice_from(pattern), &schema_nginx, format, &error) != STATUS_OK)
        fail_msg("%s: %s", pattern, error.message);
}

/* "name=value|name=value" of all rows that hold something, in the order of the table, then the extras; "" when the line does not fit. */
static const char *shown(const struct result *result) {
    static char text[4 * LINE_BYTES_ROOM];
    size_t bytes = 0;
    text[0] = '\0';
    if (!result->good) return text;
    for (uint16_t i = 0; i < result->record.fields_count; i++) {
        struct slice value = record_text(&result->record, result->record.fields[i]);
        bool row = i < schema_nginx.fields_count;
        if (row && value.len == 0) continue;
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%s%s%s%.*s", bytes > 0 ? "|" : "",
                                  row ? schema_nginx.fields[i].name : "+", row ? "=" : "", (int)value.len, value.ptr);
    }
    if ((result->record.flags & 1u << RECORD_AMBIGUOUS) != 0) snprintf(text + bytes, sizeof text - bytes, "|AMBIGUOUS");
    return text;
}

/* --- what is refused ---------------------------------------------------------------------------- */

struct refusal {
    const char *what, *pattern, *message; /* the message holds this; NULL: not refused */
};

static const struct refusal refusals[] = {
    {"combined", COMBINED, NULL},
    {"braces", "${remote_addr} ${time_local}", NULL},
    {"large letters", "$Remote_Addr $TIME_LOCAL", NULL},
    {"a variable alone", "$time_local", NULL},
    {"two that touch", "$time_local $remote_addr$remote_user", "byte 25: $remote_user touches $remote_addr"},
    {"two in braces", "${host}${uri} $msec", "byte 8: $uri touches $host"},
    {"no name", "$time_local $", "byte 13: expected the name"},
    {"no name before a space", "$ $time_local", "byte 1: expected the name"},
    {"an empty name", "$time_local ${}", "byte 13: expected the name"},
    {"no closing brace", "$time_local ${host", "byte 13: `${` without"},
    {"something else in braces", "$time_local ${host-name}", "byte 13: `${` without"},
    {"a dollar", "$time_local $$host", "byte 13: expected the name"},
    {"a line break", "$time_local\n$host", "byte 12: a line break"},
    {"no time", "$remote_addr $host", "byte 19: nothing in it tells the time"},
    {"nothing", "", "byte 1: nothing in it tells the time"},
    {"text alone", "abc", "byte 4: nothing in it tells the time"},
    {"a trace id has a time", "$remote_addr $http_x_amzn_trace_id", NULL},
};

static void test_refusals(void **state) {
    (void)state;
    static struct log_format format;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *c = &refusals[i];
        struct error error = {""};
        enum status status = log_format_compile(slice_from(c->pattern), &schema_nginx, &format, &error);
        assert_int_equal(status, c->message == NULL ? STATUS_OK : STATUS_USAGE);
        if (c->message != NULL && strstr(error.message, c->message) == NULL) fail_msg("%s: %s", c->what, error.message);
    }
}

static void test_limits(void **state) {
    (void)state;
    static struct log_format format;
    static char pattern[LOG_FORMAT_BYTES_MAX + 1];
    struct error error;
    size_t bytes = (size_t)snprintf(pattern, sizeof pattern, "$msec");
    for (uint32_t i = 1; i < LOG_FORMAT_PARTS_MAX; i++)
        bytes += (size_t)snprintf(pattern + bytes, sizeof pattern - bytes, " $http_x%02u", i);
    assert_int_equal(log_format_compile((struct slice){pattern, bytes}, &schema_nginx, &format, &error), STATUS_OK);
    assert_int_equal(format.parts_count, LOG_FORMAT_PARTS_MAX);
    bytes += (size_t)snprintf(pattern + bytes, sizeof pattern - bytes, " $pid");
    assert_int_equal(log_format_compile((struct slice){pattern, bytes}, &schema_nginx, &format, &error), STATUS_USAGE);
    assert_non_null(strstr(error.message, "more than 64 variables"));
    memset(pattern, 'x', sizeof pattern);
    memcpy(pattern, "$msec ", 6);
    assert_int_equal(log_format_compile((struct slice){pattern, sizeof pattern - 1}, &schema_nginx, &format, &error),
                     STATUS_OK);
    assert_int_equal(log_format_compile((struct slice){pattern, sizeof pattern}, &schema_nginx, &format, &error),
                     STATUS_USAGE);
    assert_non_null(strstr(error.message, "longer than 4096 bytes"));
}

/* --- built-in formats --------------------------------------------------------------------------- */

struct line_case {
    const char *what, *pattern, *line, *expected; /* pattern NULL: the built-in ones */
};

#define COLUMNS "time_local=" TIME "|request=GET / HTTP/1.1|"
#define NUMBERS "status=200|body_bytes_sent=5"
#define AGENT "|http_referer=-|http_user_agent=curl/8"
#define USUAL "remote_addr=81.2.69.142|remote_user=-|" COLUMNS NUMBERS

/* clang-format off */
static const struct line_case built_in_cases[] = {
    {"common", NULL, "81.2.69.142 - - " REST, USUAL},
    {"combined", NULL, "81.2.69.142 - - " TAIL, USUAL AGENT},
    {"IPv6", NULL, "2001:218::1 - bob " TAIL, "remote_addr=2001:218::1|remote_user=bob|" COLUMNS NUMBERS AGENT},
    {"X-Forwarded-For", NULL, "10.0.0.1 - - " TAIL " \"81.2.69.142, 10.0.0.2\"", "remote_addr=10.0.0.1|remote_user=-|" COLUMNS NUMBERS AGENT "|http_x_forwarded_for=81.2.69.142, 10.0.0.2"},
    {"X-Forwarded-For in front, no peer", NULL, "\"81.2.69.142, 10.0.0.2\" " TAIL, COLUMNS NUMBERS AGENT "|http_x_forwarded_for=81.2.69.142, 10.0.0.2"},
    {"a host in front", NULL, "example.com 81.2.69.142 - - " TAIL, "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "host=example.com|" NUMBERS AGENT},
    {"a host in front of common", NULL, "example.com:80 81.2.69.142 - - " REST, "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "host=example.com:80|" NUMBERS},
    {"a host that is an address", NULL, "192.0.2.1 81.2.69.142 - - " TAIL, "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "host=192.0.2.1|" NUMBERS AGENT},
    {"a host and X-Forwarded-For", NULL, "example.com 10.0.0.1 - - " TAIL " \"-\"", "remote_addr=10.0.0.1|remote_user=-|" COLUMNS "host=example.com|" NUMBERS AGENT "|http_x_forwarded_for=-"},
    {"request_time", NULL, "81.2.69.142 - - " TAIL " 0.012", USUAL AGENT "|request_time=0.012"},
    {"request_time and upstream_response_time", NULL, "81.2.69.142 - - " TAIL " 0.012 0.010, 0.001 : 0.000", USUAL AGENT "|request_time=0.012|upstream_response_time=0.010, 0.001 : 0.000"},
    {"no upstream", NULL, "81.2.69.142 - - " TAIL " 0.000 -", USUAL AGENT "|request_time=0.000|upstream_response_time=-"},
    {"X-Forwarded-For and times", NULL, "10.0.0.1 - - " TAIL " \"-\" 0.012 0.010", "remote_addr=10.0.0.1|remote_user=-|" COLUMNS NUMBERS AGENT "|http_x_forwarded_for=-|request_time=0.012|upstream_response_time=0.010"},
    {"X-Forwarded-For and request_time", NULL, "10.0.0.1 - - " TAIL " \"-\" 0.012", "remote_addr=10.0.0.1|remote_user=-|" COLUMNS NUMBERS AGENT "|http_x_forwarded_for=-|request_time=0.012"},
    {"a host and times", NULL, "a.example.com 81.2.69.142 - - " TAIL " 0.012 0.010", "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "host=a.example.com|" NUMBERS AGENT "|request_time=0.012|upstream_response_time=0.010"},
    {"a host, X-Forwarded-For and times", NULL, "a.example.com 81.2.69.142 - - " TAIL " \"-\" 0.012 0.010", "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "host=a.example.com|" NUMBERS AGENT "|http_x_forwarded_for=-|request_time=0.012|upstream_response_time=0.010"},
    {"upstream times", NULL, "81.2.69.142 - - " TAIL " rt=0.010 uct=\"0.001\" uht=\"0.002, -\" urt=\"0.009\"", USUAL AGENT "|request_time=0.010|upstream_response_time=0.009|upstream_connect_time=0.001|upstream_header_time=0.002, -"},
    {"upstream times as the guide prints them", NULL, "81.2.69.142 - - " TAIL "rt=0.010 uct=\"-\" uht=\"-\" urt=\"-\"", USUAL AGENT "|request_time=0.010|upstream_response_time=-|upstream_connect_time=-|upstream_header_time=-"},
    {"upstream times and X-Forwarded-For", NULL, "81.2.69.142 - - " TAIL " \"192.0.2.1\" rt=0.010 uct=\"-\" uht=\"-\" urt=\"-\"", USUAL AGENT "|http_x_forwarded_for=192.0.2.1|request_time=0.010|upstream_response_time=-|upstream_connect_time=-|upstream_header_time=-"},
    {"ingress-nginx", NULL, "81.2.69.142 - - " TAIL " 89 0.001 [default-web-8080] [] 10.0.0.5:8080 59 0.000 200 0123456789abcdef", USUAL "|request_length=89|http_referer=-|http_user_agent=curl/8|request_id=0123456789abcdef|request_time=0.001|upstream_addr=10.0.0.5:8080|upstream_status=200|upstream_response_time=0.000|upstream_response_length=59|proxy_upstream_name=default-web-8080"},
    {"ingress-nginx without an upstream", NULL, "81.2.69.142 - - " TAIL " 0 0.000 [] [] - - - - 0123", USUAL "|request_length=0|http_referer=-|http_user_agent=curl/8|request_id=0123|request_time=0.000|upstream_addr=-|upstream_status=-|upstream_response_time=-|upstream_response_length=-"},
    {"ingress-nginx, several servers", NULL, "81.2.69.142 - - " TAIL " 89 0.001 [a-b-80] [c-d-80] 10.0.0.5:80, 10.0.0.6:80 : [2001:218::1]:80 0, 59 : 1 0.100, 0.004 : 0.001 502, 200, 204 x1", USUAL "|request_length=89|http_referer=-|http_user_agent=curl/8|request_id=x1|request_time=0.001|upstream_addr=10.0.0.5:80, 10.0.0.6:80 : [2001:218::1]:80|upstream_status=502, 200, 204|upstream_response_time=0.100, 0.004 : 0.001|upstream_response_length=0, 59 : 1|proxy_upstream_name=a-b-80|proxy_alternative_upstream_name=c-d-80"},
    {"a request id in the client's own words", NULL, "81.2.69.142 - - " TAIL " 89 0.001 [a] [] 10.0.0.5:80 59 0.000 200 6.6.6.6:1 7 0.1 200 x", USUAL "|request_length=89|http_referer=-|http_user_agent=curl/8|request_id=6.6.6.6:1 7 0.1 200 x|request_time=0.001|upstream_addr=10.0.0.5:80|upstream_status=200|upstream_response_time=0.000|upstream_response_length=59|proxy_upstream_name=a"},
    {"one that could belong to the servers", NULL, "81.2.69.142 - - " TAIL " 89 0.001 [a] [] 10.0.0.5:80 59 0.000 200 : 500 x", USUAL "|request_length=89|http_referer=-|http_user_agent=curl/8|request_time=0.001|upstream_addr=10.0.0.5:80|upstream_response_time=0.000|upstream_response_length=59|proxy_upstream_name=a|+upstream_status+req_id=200 : 500 x|AMBIGUOUS"},
    {"no request (ODDITIES 52)", NULL, "81.2.69.142 - - [" TIME "] \"-\" 400 0 \"-\" \"-\"", "remote_addr=81.2.69.142|remote_user=-|time_local=" TIME "|request=-|status=400|body_bytes_sent=0|http_referer=-|http_user_agent=-"},
    {"an empty request", NULL, "81.2.69.142 - - [" TIME "] \"\" 400 0 \"-\" \"-\"", "remote_addr=81.2.69.142|remote_user=-|time_local=" TIME "|status=400|body_bytes_sent=0|http_referer=-|http_user_agent=-"},
    {"TLS bytes", NULL, "81.2.69.142 - - [" TIME "] \"\\x16\\x03\\x01\\x22\\x5C\" 400 157 \"-\" \"-\"", "remote_addr=81.2.69.142|remote_user=-|time_local=" TIME "|request=\\x16\\x03\\x01\\x22\\x5C|status=400|body_bytes_sent=157|http_referer=-|http_user_agent=-"},
    {"escape=json and Apache: quotes behind a backslash", NULL, "81.2.69.142 - - " REST " \"a\\\" \\\"b\\\\\" \"\\\"\"", USUAL "|http_referer=a\\\" \\\"b\\\\|http_user_agent=\\\""},
    {"a socket has no address", NULL, "unix: - - " TAIL, "remote_user=-|" COLUMNS NUMBERS AGENT "|+remote_addr=unix:"},
    {"Apache's null bytes", NULL, "81.2.69.142 - - [" TIME "] \"GET / HTTP/1.1\" 304 -", "remote_addr=81.2.69.142|remote_user=-|" COLUMNS "status=304|body_bytes_sent=-"},
    {"more quotes than any format has", NULL, "81.2.69.142 - - " TAIL " \"x\" \"y\"", ""},
    {"a raw quote in a value", NULL, "81.2.69.142 - - " REST " \"-\" \"a\"b\"", ""},
    {"a number that is none", NULL, "81.2.69.142 - - [" TIME "] \"GET / HTTP/1.1\" 2x0 5", ""},
    {"whole seconds are no request_time", NULL, "81.2.69.142 - - " TAIL " 12", ""},
    {"a name in place of the address", NULL, "host.example.com - - " TAIL, ""},
    {"nor is a number with two dots (found by fuzzing)", NULL, "81.2.69.142 - - " TAIL " 1.12.", ""},
    {"a short time", NULL, "81.2.69.142 - - [01/Dec/2025:00:00:01] \"GET / HTTP/1.1\" 200 5", ""},
    {"another log", NULL, "https 2025-12-01T00:00:01.5Z app/w/1 81.2.69.142:4711 10.0.0.1:80 0.1 0.1 0.1 200 200 1 1 \"GET / HTTP/1.1\" \"-\"", ""},
    {"nothing", NULL, "", ""},
};

/* --- hostile clients ---------------------------------------------------------------------------- */

static const struct line_case hostile_cases[] = {
    {"a user with dashes and brackets", NULL, "81.2.69.142 - a - b [c] [ " TAIL, "remote_addr=81.2.69.142|remote_user=a - b [c] [|" COLUMNS NUMBERS AGENT},
    {"a user that forges a time", NULL, "81.2.69.142 - x [01/Jan/2001:00:00:00 +0000] - " TAIL, "remote_addr=81.2.69.142|remote_user=x [01/Jan/2001:00:00:00 +0000] -|" COLUMNS NUMBERS AGENT},
    {"a user that forges all there is, quotes escaped", NULL, "81.2.69.142 - x [01/Jan/2001:00:00:00 +0000] \\x22GET / HTTP/1.1\\x22 200 1 " TAIL, "remote_addr=81.2.69.142|remote_user=x [01/Jan/2001:00:00:00 +0000] \\x22GET / HTTP/1.1\\x22 200 1|" COLUMNS NUMBERS AGENT},
    {"a user or a host: two peers are none", NULL, "6.6.6.6 - x 81.2.69.142 - - " TAIL, ""},
    {"the same the other way round", NULL, "81.2.69.142 - 6.6.6.6 - - " TAIL, ""},
    {"a user with a dash in front (nobody connects without an address)", NULL, "81.2.69.142 - - x " TAIL, "remote_addr=81.2.69.142|remote_user=- x|" COLUMNS NUMBERS AGENT},
    {"no address", NULL, "- - - " TAIL, ""},
    {"a user that is an address alone", NULL, "81.2.69.142 - 6.6.6.6 " TAIL, "remote_addr=81.2.69.142|remote_user=6.6.6.6|" COLUMNS NUMBERS AGENT},
    {"but the format, when it is given, tells", COMBINED, "81.2.69.142 - 6.6.6.6 - - " TAIL, "remote_addr=81.2.69.142|remote_user=6.6.6.6 - -|" COLUMNS NUMBERS AGENT},
    {"a host with an address in it", "$http_host $remote_addr - $remote_user [$time_local]", "x 6.6.6.6 81.2.69.142 - - [" TIME "]", "remote_addr=81.2.69.142|remote_user=-|time_local=" TIME "|http_host=x 6.6.6.6"},
    {"a host that looks like the rest", "$http_host $remote_addr - $remote_user [$time_local]", "x 6.6.6.6 - y 81.2.69.142 - - [" TIME "]", ""},
    {"a request with spaces", NULL, "81.2.69.142 - - [" TIME "] \"GET /a b] [c 200 5 HTTP/1.1\" 200 5", "remote_addr=81.2.69.142|remote_user=-|time_local=" TIME "|request=GET /a b] [c 200 5 HTTP/1.1|status=200|body_bytes_sent=5"},
    {"an agent with spaces and an unquoted X-Forwarded-For", "$remote_addr [$time_local] $http_user_agent $http_x_forwarded_for", "10.0.0.1 [" TIME "] Mozilla/5.0 (X11) 6.6.6.6, 81.2.69.142", "remote_addr=10.0.0.1|time_local=" TIME "|+http_user_agent+http_x_forwarded_for=Mozilla/5.0 (X11) 6.6.6.6, 81.2.69.142|AMBIGUOUS"},
    {"without spaces it is certain", "$remote_addr [$time_local] $http_user_agent $http_x_forwarded_for", "10.0.0.1 [" TIME "] curl/8 81.2.69.142", "remote_addr=10.0.0.1|time_local=" TIME "|http_user_agent=curl/8|http_x_forwarded_for=81.2.69.142"},
    {"an unquoted X-Forwarded-For before a peer", "$http_x_forwarded_for $remote_addr [$time_local]", "6.6.6.6, 81.2.69.142 10.0.0.1 [" TIME "]", "remote_addr=10.0.0.1|time_local=" TIME "|http_x_forwarded_for=6.6.6.6, 81.2.69.142"},
    {"an unquoted X-Forwarded-For behind a peer that forges", "$remote_addr $http_x_forwarded_for [$time_local] $status", "10.0.0.1 6.6.6.6 [01/Jan/2001:00:00:00 +0000] 200 [" TIME "] 404", "remote_addr=10.0.0.1|time_local=" TIME "|status=404|http_x_forwarded_for=6.6.6.6 [01/Jan/2001:00:00:00 +0000] 200"},
    {"what a path and a user say of times", "$remote_addr $uri [$time_local] $host", "10.0.0.1 /a [01/Jan/2001:00:00:00 +0000] b [" TIME "] c", "remote_addr=10.0.0.1|+uri+time_local+host=/a [01/Jan/2001:00:00:00 +0000] b [" TIME "] c|AMBIGUOUS"},
    {"an agent in single quotes", "$remote_addr '$http_user_agent' '$http_x_forwarded_for' $msec", "10.0.0.1 'a' 'b' '81.2.69.142' 1764547201.000", "remote_addr=10.0.0.1|msec=1764547201.000|+http_user_agent+http_x_forwarded_for=a' 'b' '81.2.69.142|AMBIGUOUS"},
    {"a header that ends like a line", "$msec $http_x_y $remote_addr", "1764547201.000 a 6.6.6.6 81.2.69.142", "remote_addr=81.2.69.142|msec=1764547201.000|+http_x_y=a 6.6.6.6"},
    {"a header that moves the peer's port", "$msec $remote_addr:$remote_port $http_x_y", "1764547201.000 81.2.69.142:4711 6.6.6.6:1 x", "remote_addr=81.2.69.142|remote_port=4711|msec=1764547201.000|+http_x_y=6.6.6.6:1 x"},
    {"peers that two places claim", "$msec $http_x_y $remote_addr $http_x_z", "1764547201.000 a 6.6.6.6 81.2.69.142 b", ""},
    {"a peer that differs from itself", "$msec $remote_addr $http_x_y $remote_addr", "1764547201.000 6.6.6.6 a 81.2.69.142", ""},
};

/* --- other formats ------------------------------------------------------------------------------ */

static const struct line_case format_cases[] = {
    {"text in front and behind", "<13>nginx: $remote_addr ($msec).", "<13>nginx: 10.0.0.1 (1764547201.123).", "remote_addr=10.0.0.1|msec=1764547201.123"},
    {"the text in front is another", "<13>nginx: $remote_addr ($msec).", "<14>nginx: 10.0.0.1 (1764547201.123).", ""},
    {"the text behind is another", "<13>nginx: $remote_addr ($msec).", "<13>nginx: 10.0.0.1 (1764547201.123)", ""},
    {"a long text behind", "$remote_addr---------- $msec", "10.0.0.1---------- 1764547201.123", "remote_addr=10.0.0.1|msec=1764547201.123"},
    {"a long text that is not there", "$remote_addr---------- $msec", "10.0.0.1---------x 1764547201.123", ""},
    {"names of either case, aliases", "${REMOTE_ADDR} $query_string $Msec", "10.0.0.1 a=b 1764547201.123", "remote_addr=10.0.0.1|msec=1764547201.123|args=a=b"},
    {"what is no row", "$msec $upstream_http_x_id \"$http_foo\" \"$cookie_a\" \"$arg_b\"", "1764547201.123 x y \"a b\" \"-\" \"\"", "msec=1764547201.123|+upstream_http_x_id=x y|+http_foo=a b"},
    {"a variable twice", "$host $msec $host", "a.example.com 1764547201.123 a.example.com", "msec=1764547201.123|host=a.example.com"},
    {"a variable twice, another text", "$host $msec $host", "a.example.com 1764547201.123 b.example.com", "msec=1764547201.123|host=a.example.com|+host=b.example.com"},
    {"IPv6 and a port", "$remote_addr:$remote_port $msec", "2001:218::1:4711 1764547201.123", "remote_addr=2001:218::1|remote_port=4711|msec=1764547201.123"},
    {"IPv6 that is whole without the port", "$remote_addr:$remote_port $msec", "2001:218:0:0:0:0:0:1:4711 1764547201.123", "remote_addr=2001:218:0:0:0:0:0:1|remote_port=4711|msec=1764547201.123"},
    {"a socket and no port", "$remote_addr:$remote_port $msec", "unix::- 1764547201.123", "remote_port=-|msec=1764547201.123|+remote_addr=unix:"},
    {"a socket twice", "$remote_addr $msec $remote_addr", "unix: 1764547201.123 unix:", "msec=1764547201.123|+remote_addr=unix:"},
    {"a server's socket", "$server_addr $msec", "unix:/run/a.sock 1764547201.123", "msec=1764547201.123|+server_addr=unix:/run/a.sock"},
    {"ISO time", "[$time_iso8601] $remote_addr", "[2025-12-01T00:00:01+01:00] 10.0.0.1", "remote_addr=10.0.0.1|time_iso8601=2025-12-01T00:00:01+01:00"},
    {"a space in a time", "$time_local $remote_addr", TIME " 10.0.0.1", "remote_addr=10.0.0.1|time_local=" TIME},
    {"JSON", "{\"t\":\"$time_iso8601\",\"a\":\"$remote_addr\",\"p\":\"$proxy_protocol_addr\",\"s\":$status,\"u\":\"$http_user_agent\"}", "{\"t\":\"2025-12-01T00:00:01+00:00\",\"a\":\"10.0.0.1\",\"p\":\"\",\"s\":200,\"u\":\"a\\\",\\\"a\\\":\\\"6.6.6.6\"}", "remote_addr=10.0.0.1|time_iso8601=2025-12-01T00:00:01+00:00|status=200|http_user_agent=a\\\",\\\"a\\\":\\\"6.6.6.6"},
    {"a request in parts", "$remote_addr [$time_local] \"$request_method $request_uri $server_protocol\" $status", "10.0.0.1 [" TIME "] \"GET /a b c HTTP/1.1\" 200", "remote_addr=10.0.0.1|time_local=" TIME "|request_method=GET|request_uri=/a b c|server_protocol=HTTP/1.1|status=200"},
    {"servers and bars", "$msec|$upstream_addr|$upstream_status|$host", "1764547201.123|10.0.0.1:80, 10.0.0.2:80 : unix:/a|502, 200 : -|x", "msec=1764547201.123|host=x|upstream_addr=10.0.0.1:80, 10.0.0.2:80 : unix:/a|upstream_status=502, 200 : -"},
    {"the realip module did nothing", "$remote_addr:$remote_port $realip_remote_addr:$realip_remote_port $msec", "10.0.0.1:7 10.0.0.1:7 1764547201.123", "remote_addr=10.0.0.1|remote_port=7|msec=1764547201.123|realip_remote_addr=10.0.0.1|realip_remote_port=7"},
    {"the realip module put a header's address in place", "$remote_addr $remote_port $realip_remote_addr $realip_remote_port $msec", "81.2.69.142 0 10.0.0.1 4711 1764547201.123", "msec=1764547201.123|realip_remote_addr=10.0.0.1|realip_remote_port=4711|+remote_addr=81.2.69.142|+remote_port=0"},
    {"the realip module behind a socket", "$remote_addr $realip_remote_addr $msec", "81.2.69.142 unix: 1764547201.123", "msec=1764547201.123|+realip_remote_addr=unix:|+remote_addr=81.2.69.142"},
    {"the realip module is not there", "$remote_addr $realip_remote_addr $msec", "81.2.69.142 - 1764547201.123", "remote_addr=81.2.69.142|msec=1764547201.123|realip_remote_addr=-"},
};
/* clang-format on */

static void check_cases(const struct line_case *cases, size_t count) {
    static struct log_format format;
    for (size_t i = 0; i < count; i++) {
        const struct line_case *c = &cases[i];
        if (c->pattern != NULL) compile(c->pattern, &format);
        const struct result *result = c->pattern == NULL ? cut_any(slice_from(c->line)) : cut(&format, c->line);
        const char *text = shown(result);
        if (strcmp(text, c->expected) != 0) fail_msg("%s:\n  got      %s\n  expected %s", c->what, text, c->expected);
    }
}

static void test_built_in(void **state) {
    (void)state;
    check_cases(built_in_cases, sizeof built_in_cases / sizeof built_in_cases[0]);
}

static void test_hostile(void **state) {
    (void)state;
    check_cases(hostile_cases, sizeof hostile_cases / sizeof hostile_cases[0]);
}

static void test_formats(void **state) {
    (void)state;
    check_cases(format_cases, sizeof format_cases / sizeof format_cases[0]);
}

/* Every built-in pattern is what some line of the table above needs. */
static void test_every_pattern(void **state) {
    (void)state;
    uint32_t seen = 0;
    for (size_t i = 0; i < sizeof built_in_cases / sizeof built_in_cases[0]; i++) {
        const struct result *result = cut_any(slice_from(built_in_cases[i].line));
        if (!result->good) continue;
        seen |= (uint32_t)1 << result->which;
        for (uint32_t other = 0; other < built_in_count; other++) { /* and no other one fits */
            bool fits = cut(&built_in[other], built_in_cases[i].line)->good;
            if (fits != (other == result->which)) fail_msg("%s: format %u", built_in_cases[i].what, other);
        }
    }
    assert_int_equal(seen, ((uint32_t)1 << built_in_count) - 1);
}

/* Cut short anywhere, a line is none or has the address, the user and the time that it had. */
static void test_truncated(void **state) {
    (void)state;
    static struct result whole;
    for (size_t i = 0; i < sizeof built_in_cases / sizeof built_in_cases[0]; i++) {
        struct slice line = slice_from(built_in_cases[i].line);
        whole = *cut_any(line);
        for (size_t bytes = 0; bytes < line.len; bytes++) {
            const struct result *result = cut_any((struct slice){line.ptr, bytes});
            if (!result->good || !whole.good) continue;
            for (uint16_t row = 0; row < 4; row++) /* spans count from the same place */
                if (memcmp(&result->record.fields[row], &whole.record.fields[row], sizeof(struct span)) != 0)
                    fail_msg("%s, %zu bytes: %s", built_in_cases[i].what, bytes, schema_nginx.fields[row].name);
        }
    }
    static struct log_format format;
    const struct line_case *all[] = {hostile_cases, format_cases};
    const size_t counts[] = {sizeof hostile_cases / sizeof hostile_cases[0],
                             sizeof format_cases / sizeof format_cases[0]};
    for (size_t table = 0; table < 2; table++)
        for (size_t i = 0; i < counts[table]; i++) {
            struct slice line = slice_from(all[table][i].line);
            if (all[table][i].pattern != NULL) compile(all[table][i].pattern, &format);
            for (size_t bytes = 0; bytes < line.len; bytes++) {
                char part[1024];
                memcpy(part, line.ptr, bytes);
                part[bytes] = '\0';
                (void)(all[table][i].pattern != NULL ? cut(&format, part) : cut_any((struct slice){line.ptr, bytes}));
            }
        }
}

static void test_quotes(void **state) {
    (void)state;
    static struct log_format format;
    assert_int_equal(cut_any(slice_from("81.2.69.142 - - " TAIL))->cut.quotes, 6);
    assert_int_equal(cut_any(slice_from("\"-\" " TAIL))->cut.quotes, 8);
    /* quotes inside a text in doubt belong to it */
    compile("$msec $http_a <\"> $http_b <$status", &format);
    const struct result *result = cut(&format, "1764547201.123 x <\"> y <200");
    assert_string_equal(shown(result), "msec=1764547201.123|status=200|+http_a=x|+http_b=y");
    assert_int_equal(result->cut.quotes, 1);
}

static void test_no_room(void **state) {
    (void)state;
    static struct result result;
    static struct log_format format;
    compile("$msec $http_a", &format);
    place(SLICE("1764547201.123 abc"), &result);
    uint32_t used = result.spare.used;
    result.spare.end = used + 9; /* http_a=abc needs ten */
    assert_false(log_format_cut(&format, &result.record, &result.spare, &result.cut));
    assert_non_null(result.cut.expected);
    place(SLICE("1764547201.123 abc"), &result);
    result.spare.end = result.spare.used + 10;
    assert_true(log_format_cut(&format, &result.record, &result.spare, &result.cut));
    assert_int_equal(result.spare.used, result.spare.end);
}

/* The work is bounded: more places than LOG_FORMAT_WAYS_MAX make a line none of the format, and long values are no trouble. */
static void test_many_ways(void **state) {
    (void)state;
    static char line[LINE_BYTES_ROOM];
    static struct log_format format;
    for (uint32_t spaces = LOG_FORMAT_WAYS_MAX - 2; spaces <= LOG_FORMAT_WAYS_MAX + 2; spaces++) {
        size_t bytes = (size_t)snprintf(line, sizeof line, "10.0.0.1 [" TIME "] ");
        for (uint32_t i = 0; i < spaces; i++) bytes += (size_t)snprintf(line + bytes, sizeof line - bytes, "a ");
        snprintf(line + bytes, sizeof line - bytes, "b");
        compile("$remote_addr [$time_local] $http_user_agent $http_x_forwarded_for", &format);
        assert_int_equal(cut(&format, line)->good, spaces <= LOG_FORMAT_WAYS_MAX);
    }
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "81.2.69.142 - - " REST " \"", strlen("81.2.69.142 - - " REST " \""));
    memcpy(line + 8000, "\" \"", 3);
    line[sizeof line - 2] = '"';
    const struct result *result = cut_any(slice_from(line));
    assert_true(result->good);
    assert_int_equal(field(result, "http_user_agent").len, sizeof line - 2 - 8003);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_limits),  cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_formats), cmocka_unit_test(test_every_pattern),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_quotes),  cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_many_ways),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
