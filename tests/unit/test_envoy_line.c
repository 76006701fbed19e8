/* Envoy's lines: the columns of both texts, and what a client can and cannot forge.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/envoy_line.h"
#include "schemas/envoy.h"
#include "tests/unit/cut_line.h"

extern const struct schema schema_envoy;

#define TIME "[2026-03-01T10:00:00.123Z] "
#define NUMBERS "\" 200 - 0 92 6 5 \""
#define ISTIO_NUMBERS "\" 200 - via_upstream - \"-\" 0 92 6 5 \""
#define TAIL " outbound|80||shop.example.com 10.0.0.7:40000 10.0.0.7:8080 81.2.69.142:4711 shop.example.com default"
#define SHOWN_TIME "start_time=2026-03-01T10:00:00.123Z; "
#define SHOWN_NUMBERS                                                                                     \
    "protocol=HTTP/2; response_code=200; response_flags=-; bytes_received=0; bytes_sent=92; duration=6; " \
    "upstream_service_time=5; "
#define SHOWN_ISTIO_NUMBERS                                                                                    \
    "protocol=HTTP/2; response_code=200; response_flags=-; response_code_details=via_upstream; "               \
    "connection_termination_details=-; upstream_transport_failure_reason=-; bytes_received=0; bytes_sent=92; " \
    "duration=6; upstream_service_time=5; "
#define SHOWN_TAIL                                                                            \
    "upstream_cluster=outbound|80||shop.example.com; upstream_local_address=10.0.0.7:40000; " \
    "downstream_local_address=10.0.0.7:8080; downstream_remote_address=81.2.69.142:4711; "    \
    "requested_server_name=shop.example.com; route_name=default; "

struct envoy_case {
    const char *what, *line;
    const char *expected; /* NULL: none of Envoy's lines */
};

/* clang-format off */
static const struct envoy_case cases[] = {
    {"the default text",
     TIME "\"GET /a?b=c HTTP/2" NUMBERS "192.0.2.1, 81.2.69.142\" \"curl/8\" \"id-1\" \"example.com\" \"10.0.2.1:80\"",
     SHOWN_TIME "method=GET; path=/a?b=c; " SHOWN_NUMBERS "x_forwarded_for=192.0.2.1, 81.2.69.142; user_agent=curl/8; request_id=id-1; authority=example.com; upstream_host=10.0.2.1:80; quotes=12"},
    {"an upstream with tcp:// in front, a service time that was not measured",
     TIME "\"GET / HTTP/1.1\" 204 UF,URX 154 0 226 - \"-\" \"-\" \"-\" \"-\" \"tcp://10.0.2.1:80\"",
     SHOWN_TIME "method=GET; path=/; protocol=HTTP/1.1; response_code=204; response_flags=UF,URX; bytes_received=154; bytes_sent=0; duration=226; upstream_service_time=-; x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=10.0.2.1:80; quotes=12"},
    {"no response, TCP",
     TIME "\"- - -\" 0 DC 12 0 3 - \"-\" \"-\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=-; path=-; protocol=-; response_code=0; response_flags=DC; bytes_received=12; bytes_sent=0; duration=3; upstream_service_time=-; x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; quotes=12"},
    {"empty headers",
     TIME "\"GET / HTTP/2" NUMBERS "\" \"\" \"\" \"\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "upstream_host=-; quotes=12"},
    {"Istio's text",
     TIME "\"GET /a HTTP/2" ISTIO_NUMBERS "81.2.69.142\" \"curl/8\" \"id-1\" \"example.com\" \"10.0.2.1:80\"" TAIL,
     SHOWN_TIME "method=GET; path=/a; " SHOWN_ISTIO_NUMBERS "x_forwarded_for=81.2.69.142; user_agent=curl/8; request_id=id-1; authority=example.com; upstream_host=10.0.2.1:80; " SHOWN_TAIL "quotes=14"},
    {"Istio's text, IPv6, reasons with spaces",
     TIME "\"GET / HTTP/1.1\" 503 UF upstream_reset{connection_failure} reset by peer \"TLS error: certificate has expired\" 0 91 2 - \"-\" \"-\" \"-\" \"-\" \"[2001:218::1]:80\" c [::1]:1 [::1]:2 [2001:218::1]:4711 - -",
     SHOWN_TIME "method=GET; path=/; protocol=HTTP/1.1; response_code=503; response_flags=UF; response_code_details=upstream_reset{connection_failure}; connection_termination_details=reset by peer; upstream_transport_failure_reason=TLS error: certificate has expired; bytes_received=0; bytes_sent=91; duration=2; upstream_service_time=-; x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=[2001:218::1]:80; upstream_cluster=c; upstream_local_address=[::1]:1; downstream_local_address=[::1]:2; downstream_remote_address=[2001:218::1]:4711; requested_server_name=-; route_name=-; quotes=14"},
    {"a client on a UNIX socket",
     TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"-\" \"-\" \"-\" \"-\" c - /run/in.sock @/run/peer - -",
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; upstream_cluster=c; upstream_local_address=-; downstream_local_address=/run/in.sock; requested_server_name=-; route_name=-; downstream_remote_address=@/run/peer; quotes=14"},
    {"a path with spaces and quotes that end nothing",
     TIME "\"GET /a b\" c \"d HTTP/2" NUMBERS "-\" \"-\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/a b\" c \"d; " SHOWN_NUMBERS "x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; quotes=12"},
    {"quotes in a user agent that end nothing",
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \"a \"quoted\" agent\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "x_forwarded_for=81.2.69.142; user_agent=a \"quoted\" agent; request_id=-; authority=-; upstream_host=-; quotes=12"},
    {"a user agent that brings columns of its own",
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \"LOOK\" \"AT\" \"THIS\" \"-\" \"example.com\" \"10.0.2.1:80\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "upstream_host=10.0.2.1:80; ambiguous=81.2.69.142\" \"LOOK\" \"AT\" \"THIS\" \"-\" \"example.com; +ambiguous; quotes=0"},
    {"an X-Forwarded-For that ends itself",
     TIME "\"GET / HTTP/2" NUMBERS "192.0.2.66\" \"x, 81.2.69.142\" \"curl\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "upstream_host=-; ambiguous=192.0.2.66\" \"x, 81.2.69.142\" \"curl\" \"-\" \"-; +ambiguous; quotes=0"},
    {"one space in quotes as a header",
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \" \" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "x_forwarded_for=81.2.69.142; user_agent= ; request_id=-; authority=-; upstream_host=-; quotes=12"},
    {"a space and a quote as a header", /* the space may end the column before, and this one be empty */
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \" \"\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "request_id=-; authority=-; upstream_host=-; ambiguous=81.2.69.142\" \" \"; +ambiguous; quotes=0"},
    {"a quote, a space and a quote as a header",
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \"\" \"\" \"-\" \"-\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "upstream_host=-; ambiguous=81.2.69.142\" \"\" \"\" \"-\" \"-; +ambiguous; quotes=0"},
    {"a path with numbers of its own: it may end there, and the header begin there",
     TIME "\"GET / HTTP/2\" 404 - 1 1 1 1 \"192.0.2.66 HTTP/2" NUMBERS "81.2.69.142\" \"a\" \"b\" \"c\" \"-\"",
     SHOWN_TIME "method=GET; user_agent=a; request_id=b; authority=c; upstream_host=-; ambiguous=/ HTTP/2\" 404 - 1 1 1 1 \"192.0.2.66 HTTP/2\" 200 - 0 92 6 5 \"81.2.69.142; +ambiguous; quotes=0"},
    {"a path with numbers and headers of its own",
     TIME "\"GET / HTTP/2\" 404 - 1 1 1 1 \"192.0.2.66\" \"u\" \"v HTTP/2" NUMBERS "81.2.69.142\" \"a\" \"b\" \"c\" \"-\"",
     SHOWN_TIME "method=GET; upstream_host=-; ambiguous=/ HTTP/2\" 404 - 1 1 1 1 \"192.0.2.66\" \"u\" \"v HTTP/2\" 200 - 0 92 6 5 \"81.2.69.142\" \"a\" \"b\" \"c; +ambiguous; quotes=0"},
    {"numbers in a user agent, with too few columns behind them to be the numbers",
     TIME "\"GET / HTTP/2" NUMBERS "81.2.69.142\" \"a HTTP/2\" 404 - 1 1 1 1 \"x\" \"b\" \"c\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "x_forwarded_for=81.2.69.142; user_agent=a HTTP/2\" 404 - 1 1 1 1 \"x; request_id=b; authority=c; upstream_host=-; quotes=12"},
    {"an SNI with spaces: nobody knows where the address is",
     TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"-\" \"-\" \"-\" \"-\" c 10.0.0.7:1 10.0.0.7:2 81.2.69.142:4711 x 192.0.2.66:1 y default",
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; ambiguous=c 10.0.0.7:1 10.0.0.7:2 81.2.69.142:4711 x 192.0.2.66:1 y default; +ambiguous; quotes=0"},
    {"an SNI with a whole end of a line",
     TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"-\" \"-\" \"-\" \"-\"" " c 10.0.0.7:1 10.0.0.7:2 81.2.69.142:4711 x\" \"10.0.2.1:80\" d 10.0.0.7:1 10.0.0.7:2 192.0.2.66:1 y default",
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "ambiguous=-\" \"-\" \"-\" \"-\" \"-\" c 10.0.0.7:1 10.0.0.7:2 81.2.69.142:4711 x\" \"10.0.2.1:80\" d 10.0.0.7:1 10.0.0.7:2 192.0.2.66:1 y default; +ambiguous; quotes=0"},
    {"a user agent with a whole end of a line",
     TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"a\" \"b\" \"c\" \"10.0.2.1:80\" d 10.0.0.7:1 10.0.0.7:2 192.0.2.66:1 y default\" \"-\" \"-\" \"-\"" TAIL,
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "ambiguous=-\" \"a\" \"b\" \"c\" \"10.0.2.1:80\" d 10.0.0.7:1 10.0.0.7:2 192.0.2.66:1 y default\" \"-\" \"-\" \"-\"" TAIL "; +ambiguous; quotes=0"},
    {"Istio's tail behind the default text, in the last header", /* the last byte tells which text it is */
     TIME "\"GET / HTTP/2" NUMBERS "-\" \"-\" \"-\" \"x\" \"10.0.2.1:80\"" TAIL "\" \"-\"",
     SHOWN_TIME "method=GET; path=/; " SHOWN_NUMBERS "upstream_host=-; ambiguous=-\" \"-\" \"-\" \"x\" \"10.0.2.1:80\"" TAIL "; +ambiguous; quotes=0"},
    {"an SNI with a quote", TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"-\" \"-\" \"-\" \"-\" c - - 81.2.69.142:4711 - a\"b",
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; ambiguous=c - - 81.2.69.142:4711 - a\"b; +ambiguous; quotes=0"},
    {"a space behind the last word", TIME "\"GET / HTTP/2" ISTIO_NUMBERS "-\" \"-\" \"-\" \"-\" \"-\" c - - 81.2.69.142:4711 - - ",
     SHOWN_TIME "method=GET; path=/; " SHOWN_ISTIO_NUMBERS "x_forwarded_for=-; user_agent=-; request_id=-; authority=-; upstream_host=-; ambiguous=c - - 81.2.69.142:4711 - - ; +ambiguous; quotes=0"},
    {"too few headers", TIME "\"GET / HTTP/2" NUMBERS "-\" \"-\" \"-\" \"-\"", NULL},
    {"cut in the last column", TIME "\"GET / HTTP/2" NUMBERS "-\" \"-\" \"-\" \"-\" \"10.0.2", NULL},
    {"a number that is none", TIME "\"GET / HTTP/2\" 2x0 - 0 92 6 5 \"-\" \"-\" \"-\" \"-\" \"-\"", NULL},
    {"no time", "\"GET / HTTP/2" NUMBERS "-\" \"-\" \"-\" \"-\" \"-\"", NULL},
    {"NGINX", "81.2.69.142 - - [10/Oct/2026:13:55:36 +0200] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\"", NULL},
    {"nothing", "", NULL},
};
/* clang-format on */

static void test_lines(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good = cut_line(envoy_line_cut, &schema_envoy, slice_from(cases[i].line), CUT_SPARE_BYTES, &record, &cut);
        assert_non_null(cut.expected);
        if (good != (cases[i].expected != NULL)) fail_msg("%s: %s", cases[i].what, good ? "taken" : "not taken");
        if (good && strcmp(cut_show(&record, &cut), cases[i].expected) != 0)
            fail_msg("%s:\n%s\nnot\n%s", cases[i].what, cut_show(&record, &cut), cases[i].expected);
    }
}

static bool has_column(const char *shown, const char *name, struct slice value) {
    char text[256];
    snprintf(text, sizeof text, "%s=%.*s; ", name, (int)value.len, value.ptr);
    return strstr(shown, text) != NULL;
}

/* No beginning of a line tells another peer or forwarded address than the line. (But where a client wrote the end of a line, and
 * the line is cut right behind it, that is a line like any other.) */
static void test_cut_at_every_byte(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t bytes = 0; bytes < strlen(cases[i].line); bytes++) {
            struct slice text = {cases[i].line, bytes};
            if (!cut_line(envoy_line_cut, &schema_envoy, text, CUT_SPARE_BYTES, &record, &cut)) continue;
            struct slice peer = record_text(&record, record.fields[ENVOY_DOWNSTREAM_REMOTE_ADDRESS]),
                         forwarded = record_text(&record, record.fields[ENVOY_X_FORWARDED_FOR]);
            bool hostile = cases[i].expected == NULL || strstr(cases[i].expected, "+ambiguous") != NULL;
            if (hostile) continue;
            if ((peer.len > 0 && !has_column(cases[i].expected, "downstream_remote_address", peer)) ||
                (forwarded.len > 0 && !has_column(cases[i].expected, "x_forwarded_for", forwarded)))
                fail_msg("%s: %.*s", cases[i].what, (int)bytes, text.ptr);
        }
}

/* Without room what is doubtful is not kept, and is still not taken for certain. */
static void test_no_room(void **state) {
    (void)state;
    static struct record record, roomy;
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice line = slice_from(cases[i].line);
        if (!cut_line(envoy_line_cut, &schema_envoy, line, CUT_SPARE_BYTES, &roomy, &cut)) continue;
        assert_true(cut_line(envoy_line_cut, &schema_envoy, line, 3, &record, &cut));
        assert_int_equal(record.flags, roomy.flags);
        assert_int_equal(record.fields_count, ENVOY_COLUMNS);
        assert_memory_equal(record.fields, roomy.fields, ENVOY_COLUMNS * sizeof record.fields[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
