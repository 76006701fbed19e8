/* HAProxy's lines: every format, every prefix, and what a client can and cannot forge.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/haproxy_line.h"
#include "schemas/haproxy.h"
#include "tests/unit/cut_line.h"

extern const struct schema schema_haproxy;

#define CLIENT "81.2.69.142:33317 [01/Mar/2026:10:00:00.123] "
#define TIMERS "web static/srv1 10/0/30/69/109 200 2750 "
#define BLOCK "---- 1/2/3/4/0 5/6"
#define HTTP CLIENT TIMERS "- - " BLOCK
#define SHOWN_CLIENT "client_ip=81.2.69.142; client_port=33317; request_date=01/Mar/2026:10:00:00.123; "
#define SHOWN_TIMERS                                                                                                 \
    "frontend_name=web; backend_name=static; server_name=srv1; TR=10; Tw=0; Tc=30; Tr=69; Ta=109; status_code=200; " \
    "bytes_read=2750; "
#define SHOWN_COOKIES "captured_request_cookie=-; captured_response_cookie=-; "
#define SHOWN_BLOCK \
    "termination_state=----; actconn=1; feconn=2; beconn=3; srv_conn=4; retries=0; srv_queue=5; backend_queue=6; "
#define SHOWN_HTTP SHOWN_CLIENT SHOWN_TIMERS SHOWN_COOKIES SHOWN_BLOCK
#define GET " \"GET / HTTP/1.1\""
#define SHOWN_GET "http_request=GET / HTTP/1.1; quotes=2"

struct haproxy_case {
    const char *what, *line;
    const char *expected; /* NULL: none of HAProxy's lines */
};

/* clang-format off */
static const struct haproxy_case cases[] = {
    /* what stands in front */
    {"nothing in front", HTTP GET, SHOWN_HTTP SHOWN_GET},
    {"RFC 3164", "Mar  1 10:00:00 lb1 haproxy[14389]: " HTTP GET,
     "syslog_time=Mar  1 10:00:00; syslog_host=lb1; process_name=haproxy; pid=14389; " SHOWN_HTTP SHOWN_GET},
    {"RFC 3164 with a priority, two digits of the day", "<134>Mar 11 10:00:00 lb1 haproxy[14389]: " HTTP GET,
     "syslog_priority=134; syslog_time=Mar 11 10:00:00; syslog_host=lb1; process_name=haproxy; pid=14389; " SHOWN_HTTP SHOWN_GET},
    {"RFC 3164 without a host", "<134>Mar 11 10:00:00 haproxy[14389]: " HTTP GET,
     "syslog_priority=134; syslog_time=Mar 11 10:00:00; process_name=haproxy; pid=14389; " SHOWN_HTTP SHOWN_GET},
    {"a host that is an address", "Mar 11 10:00:00 192.0.2.1 haproxy[1]: " HTTP GET,
     "syslog_time=Mar 11 10:00:00; syslog_host=192.0.2.1; process_name=haproxy; pid=1; " SHOWN_HTTP SHOWN_GET},
    {"RFC 5424", "<134>1 2026-03-01T10:00:00.123456+01:00 lb1 haproxy 14389 - - " HTTP GET,
     "syslog_priority=134; syslog_time=2026-03-01T10:00:00.123456+01:00; syslog_host=lb1; process_name=haproxy; pid=14389; " SHOWN_HTTP SHOWN_GET},
    {"RFC 5424 with data, a bracket and a quote in it", "<134>1 - lb1 haproxy - id [a@1 b=\"c]\\\" d\"][e@1] \xef\xbb\xbf" HTTP GET,
     "syslog_priority=134; syslog_host=lb1; process_name=haproxy; pid=-; " SHOWN_HTTP SHOWN_GET},
    {"an ISO time", "2026-03-01T10:00:00+01:00 lb1 haproxy[1]: " HTTP GET,
     "syslog_time=2026-03-01T10:00:00+01:00; syslog_host=lb1; process_name=haproxy; pid=1; " SHOWN_HTTP SHOWN_GET},
    {"an ISO time and nothing else", "<6>2026-03-01T10:00:00.123456+00:00 " HTTP GET,
     "syslog_priority=6; syslog_time=2026-03-01T10:00:00.123456+00:00; " SHOWN_HTTP SHOWN_GET},
    {"the tag alone", "haproxy[674]: " HTTP GET, "process_name=haproxy; pid=674; " SHOWN_HTTP SHOWN_GET},
    {"a tag without a process", "edge: " HTTP GET, "process_name=edge; " SHOWN_HTTP SHOWN_GET},
    {"the priority alone", "<134>" HTTP GET, "syslog_priority=134; " SHOWN_HTTP SHOWN_GET},
    /* clients */
    {"IPv6, TLS", "2001:218::1:443 [01/Mar/2026:10:00:00.123] web~ static/srv1 10/0/30/69/109 200 2750 - - " BLOCK GET,
     "client_ip=2001:218::1; client_port=443; request_date=01/Mar/2026:10:00:00.123; frontend_name=web; frontend_tls=true; backend_name=static; server_name=srv1; TR=10; Tw=0; Tc=30; Tr=69; Ta=109; status_code=200; bytes_read=2750; " SHOWN_COOKIES SHOWN_BLOCK SHOWN_GET},
    {"a UNIX socket, a date with a zone", "unix:3 [01/Mar/2026:10:00:00 +0100] " TIMERS "- - " BLOCK GET,
     "request_date=01/Mar/2026:10:00:00 +0100; " SHOWN_TIMERS SHOWN_COOKIES SHOWN_BLOCK "http_request=GET / HTTP/1.1; client=unix:3; quotes=2"},
    {"no address at all", "-:- [01/Mar/2026:10:00:00] " TIMERS "- - " BLOCK GET,
     "request_date=01/Mar/2026:10:00:00; " SHOWN_TIMERS SHOWN_COOKIES SHOWN_BLOCK SHOWN_GET},
    /* numbers */
    {"logged as soon as it was known", CLIENT "web static/srv1 0/0/0/162/+162 200 +350 - - ---- 1/2/3/4/+3 5/6" GET,
     SHOWN_CLIENT "frontend_name=web; backend_name=static; server_name=srv1; TR=0; Tw=0; Tc=0; Tr=162; Ta=+162; status_code=200; bytes_read=350; " SHOWN_COOKIES "termination_state=----; actconn=1; feconn=2; beconn=3; srv_conn=4; retries=3; redispatched=true; srv_queue=5; backend_queue=6; " SHOWN_GET},
    {"no server, no status, no request", CLIENT "web web/<NOSRV> -1/-1/-1/-1/8490 -1 0 - - CR-- 2/2/2/0/0 0/0 \"\"",
     SHOWN_CLIENT "frontend_name=web; backend_name=web; server_name=<NOSRV>; TR=-1; Tw=-1; Tc=-1; Tr=-1; Ta=8490; status_code=-1; bytes_read=0; " SHOWN_COOKIES "termination_state=CR--; actconn=2; feconn=2; beconn=2; srv_conn=0; retries=0; srv_queue=0; backend_queue=0; quotes=2"},
    {"a bad request", HTTP " \"<BADREQ>\"", SHOWN_HTTP "bad_request=true; quotes=2"},
    /* captures */
    {"two blocks", HTTP " {example.com||a b} {|x}" GET,
     SHOWN_HTTP "captured_request_headers=example.com||a b; captured_response_headers=|x; " SHOWN_GET},
    {"one block", HTTP " {example.com}" GET, SHOWN_HTTP "captured_headers=example.com; " SHOWN_GET},
    {"an empty block", HTTP " {example.com} {}" GET, SHOWN_HTTP "captured_request_headers=example.com; " SHOWN_GET},
    {"escapes: what separates stays escaped", HTTP " {a#22b#7Cc#237C#7B|d#1} {#C3#A9}" GET,
     SHOWN_HTTP "captured_request_headers=a\"b#7Cc#237C{|d#1; captured_response_headers=\xc3\xa9; " SHOWN_GET "; escaped"},
    {"escapes in the request", HTTP " \"GET /a#22b#2320#7c# HTTP/1.1\"",
     SHOWN_HTTP "http_request=GET /a\"b#20#7c# HTTP/1.1; quotes=2; escaped"},
    {"a whole block in a capture", HTTP " {x - ---- 9/9/9/9/9 9/9 }" GET,
     SHOWN_HTTP "captured_headers=x - ---- 9/9/9/9/9 9/9 ; " SHOWN_GET},
    {"a whole block in the request", HTTP " \"GET / - ---- 9/9/9/9/9 9/9 {a} HTTP/1.1\"",
     SHOWN_HTTP "http_request=GET / - ---- 9/9/9/9/9 9/9 {a} HTTP/1.1; quotes=2"},
    /* cookies, which nobody escapes */
    {"cookies", CLIENT TIMERS "S=abc S=def --VN 1/2/3/4/0 5/6" GET,
     SHOWN_CLIENT SHOWN_TIMERS "captured_request_cookie=S=abc; captured_response_cookie=S=def; termination_state=--VN; actconn=1; feconn=2; beconn=3; srv_conn=4; retries=0; srv_queue=5; backend_queue=6; " SHOWN_GET},
    {"a cookie with a space", CLIENT TIMERS "S=a b - " BLOCK GET,
     SHOWN_CLIENT SHOWN_TIMERS SHOWN_BLOCK "http_request=GET / HTTP/1.1; ambiguous=S=a b -; +ambiguous; quotes=2"},
    {"a cookie with a quote", CLIENT TIMERS "S=\"a\" - " BLOCK GET,
     SHOWN_CLIENT SHOWN_TIMERS "captured_request_cookie=S=\"a\"; captured_response_cookie=-; " SHOWN_BLOCK SHOWN_GET},
    {"a cookie with a block of its own", CLIENT TIMERS "S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - " BLOCK GET,
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - " BLOCK GET "; +ambiguous; quotes=0"},
    {"the same in a line that was cut", CLIENT TIMERS "S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - " BLOCK,
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - " BLOCK "; +ambiguous; quotes=0"},
    {"the same, cut even earlier", CLIENT TIMERS "S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - ---- 1/2",
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" - ---- 1/2; +ambiguous; quotes=0"},
    {"a cookie with a block whose request begins only", CLIENT TIMERS "S=a - ---- 9/9/9/9/9 9/9 \"GET /forged - " BLOCK GET,
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - ---- 9/9/9/9/9 9/9 \"GET /forged - " BLOCK GET "; +ambiguous; quotes=0"},
    {"a cookie with all of httpslog, cut in a capture",
     CLIENT TIMERS "S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" 0/0/0/0/0 x - " BLOCK " {a/b/c",
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - ---- 9/9/9/9/9 9/9 \"GET /forged HTTP/1.1\" 0/0/0/0/0 x - " BLOCK " {a/b/c; +ambiguous; quotes=0"},
    {"a cookie, and cut before the request: the block may be the cookie's", CLIENT TIMERS "S=a - " BLOCK " {b",
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - " BLOCK " {b; +ambiguous; quotes=0"},
    /* httpslog */
    {"httpslog", HTTP GET " 0/0A000412/-/0/1 example.com/TLSv1.3/TLS_AES_128_GCM_SHA256",
     SHOWN_HTTP "http_request=GET / HTTP/1.1; fc_err=0; ssl_fc_err=0A000412; ssl_c_err=-; ssl_c_ca_err=0; ssl_fc_is_resumed=1; ssl_fc_sni=example.com; ssl_version=TLSv1.3; ssl_ciphers=TLS_AES_128_GCM_SHA256; quotes=2"},
    {"an SNI with everything in it", HTTP GET " 0/0/0/0/0 x/TLSv1/y \"GET /forged HTTP/1.1\" 1/1/1/1/1 z/TLSv1.3/TLS_AES_128_GCM_SHA256",
     SHOWN_HTTP "http_request=GET / HTTP/1.1; fc_err=0; ssl_fc_err=0; ssl_c_err=0; ssl_c_ca_err=0; ssl_fc_is_resumed=0; ssl_fc_sni=x/TLSv1/y \"GET /forged HTTP/1.1\" 1/1/1/1/1 z; ssl_version=TLSv1.3; ssl_ciphers=TLS_AES_128_GCM_SHA256; quotes=2"},
    {"an SNI with a block of its own behind a captured cookie", CLIENT TIMERS "S=a - " BLOCK GET " 0/0/0/0/0 x - " BLOCK " \"GET /forged HTTP/1.1\" 0/0/0/0/0 y/v/c",
     SHOWN_CLIENT SHOWN_TIMERS "ambiguous=S=a - " BLOCK GET " 0/0/0/0/0 x - " BLOCK " \"GET /forged HTTP/1.1\" 0/0/0/0/0 y/v/c; +ambiguous; quotes=0"},
    {"httpslog, cut", HTTP GET " 0/0/0/0/0 example.c", SHOWN_HTTP "http_request=GET / HTTP/1.1; rest=0/0/0/0/0 example.c; +truncated; quotes=2"},
    {"more than we know", HTTP GET " TLSv1.3 \"a\"", SHOWN_HTTP "http_request=GET / HTTP/1.1; rest=TLSv1.3 \"a\"; quotes=2"},
    /* lines that were cut */
    {"no closing quote", HTTP " \"GET /abc", SHOWN_HTTP "http_request=GET /abc; +truncated; quotes=1"},
    {"cut in the captures", HTTP " {a} {b", SHOWN_HTTP "captured_request_headers=a; captured_response_headers=b; +truncated; quotes=0"},
    {"cut before the request", HTTP, SHOWN_HTTP "+truncated; quotes=0"},
    /* tcplog */
    {"tcplog", CLIENT "web static/srv1 0/1/5007 212 cD 1/2/3/4/+1 5/6",
     SHOWN_CLIENT "frontend_name=web; backend_name=static; server_name=srv1; Tw=0; Tc=1; Tt=5007; bytes_read=212; termination_state=cD; actconn=1; feconn=2; beconn=3; srv_conn=4; retries=1; redispatched=true; srv_queue=5; backend_queue=6; quotes=0"},
    {"tcplog with more", CLIENT "web~ static/<NOSRV> -1/-1/+5 +212 -- 1/2/3/4/0 5/6 x \"y\"",
     SHOWN_CLIENT "frontend_name=web; frontend_tls=true; backend_name=static; server_name=<NOSRV>; Tw=-1; Tc=-1; Tt=+5; bytes_read=212; termination_state=--; actconn=1; feconn=2; beconn=3; srv_conn=4; retries=0; srv_queue=5; backend_queue=6; rest=x \"y\"; quotes=0"},
    /* errors */
    {"an error", "Mar  1 10:00:00 lb1 haproxy[1]: " CLIENT "web:443/in: SSL handshake failure (error: x)",
     "syslog_time=Mar  1 10:00:00; syslog_host=lb1; process_name=haproxy; pid=1; " SHOWN_CLIENT "frontend_name=web:443; bind_name=in; error_message=SSL handshake failure (error: x); quotes=0"},
    /* none of them */
    {"another program that logs what it was told", "Mar  1 10:00:00 lb1 sshd[1]: Invalid user " HTTP GET, NULL},
    {"two hosts", "Mar  1 10:00:00 a b haproxy[1]: " HTTP GET, NULL},
    {"start-up", "Mar  1 10:00:00 lb1 haproxy[1]: Proxy web started.", NULL},
    {"the default log", "Mar  1 10:00:00 lb1 haproxy[1]: Connect from 81.2.69.142:33312 to 192.0.2.7:80 (web/HTTP)", NULL},
    {"a client without a port", "81.2.69.142 [01/Mar/2026:10:00:00.123] " TIMERS "- - " BLOCK GET, NULL},
    {"NGINX", "81.2.69.142 - - [01/Mar/2026:10:00:00 +0100] \"GET / HTTP/1.1\" 200 5", NULL},
    {"four timers", CLIENT "web static/srv1 0/1/2/3 200 1 - - " BLOCK GET, NULL},
    {"a status that is none", CLIENT "web static/srv1 0/1/2/3/4 x 1 - - " BLOCK GET, NULL},
    {"no counters", CLIENT TIMERS "- - ----" GET, NULL},
    {"a brace in a capture", HTTP " {a{b}" GET, NULL},
    {"a timer without digits", CLIENT "web static/srv1 0/1/2/-/4 200 1 - - " BLOCK GET, NULL},
    {"a line cut in the counters", CLIENT TIMERS "- - " "---- 1/2/3", NULL},
    {"nothing", "", NULL},
};
/* clang-format on */

static void test_lines(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice line = slice_from(cases[i].line);
        bool good = cut_line(haproxy_line_cut, &schema_haproxy, line, CUT_SPARE_BYTES, &record, &cut);
        assert_non_null(cut.expected);
        if (good != (cases[i].expected != NULL)) fail_msg("%s: %s", cases[i].what, good ? "taken" : "not taken");
        if (good && strcmp(cut_show(&record, &cut), cases[i].expected) != 0)
            fail_msg("%s:\n%s\nnot\n%s", cases[i].what, cut_show(&record, &cut), cases[i].expected);
    }
}

static bool same_column(const struct record *a, const struct record *b, enum haproxy_column column) {
    return slice_equal(record_text(a, a->fields[column]), record_text(b, b->fields[column]));
}

/* Every beginning of a line that is taken has the line's client, time, status and sizes. */
static void test_cut_at_every_byte(void **state) {
    (void)state;
    static struct record whole, record;
    static char line[2048], seen[2048];
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        strcpy(line, cases[i].line);
        for (size_t bytes = 0; bytes < strlen(line); bytes++) {
            struct slice text = {line, bytes};
            if (!cut_line(haproxy_line_cut, &schema_haproxy, text, CUT_SPARE_BYTES, &record, &cut)) continue;
            memcpy(seen, record.text + record.line.offset, record.line.length);
            struct record copy = record;
            copy.text = seen - record.line.offset;
            if (cases[i].expected == NULL) {
                assert_true(slice_equal(record_text(&copy, copy.fields[HAPROXY_CLIENT_IP]), SLICE("81.2.69.142")));
                continue;
            }
            if (!cut_line(haproxy_line_cut, &schema_haproxy, slice_from(line), CUT_SPARE_BYTES, &whole, &cut)) fail();
            for (int column = 0; column <= HAPROXY_BYTES_READ; column++)
                if (column != HAPROXY_ERROR_MESSAGE && column != HAPROXY_FRONTEND_TLS &&
                    !same_column(&copy, &whole, (enum haproxy_column)column))
                    fail_msg("%s, column %d: %.*s", cases[i].what, column, (int)bytes, line);
        }
    }
}

/* Without room nothing is decoded or added, and nothing doubtful becomes certain. */
static void test_no_room(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].expected == NULL) continue;
        assert_true(cut_line(haproxy_line_cut, &schema_haproxy, slice_from(cases[i].line), 3, &record, &cut));
        assert_int_equal(record.fields_count, HAPROXY_COLUMNS);
        assert_int_equal((record.flags >> RECORD_AMBIGUOUS & 1) != 0, strstr(cases[i].expected, "+ambiguous") != NULL);
        assert_true(record.plain || strstr(cases[i].expected, "; escaped") != NULL);
    }
}

/* 0 a digit, _ a digit or a space, a a letter, anything else itself */
static bool is_like(char shape, char c) {
    bool digit = c >= '0' && c <= '9', letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return shape == '0' ? digit : shape == '_' ? digit || c == ' ' : shape == 'a' ? letter : c == shape;
}

/* Every byte of both times replaced by every other one. */
static void test_times(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    static const char good[] = "Feb  6 12:14:14 haproxy[1]: 81.2.69.142:33317 [06/Feb/2009:12:14:14.655] in back/srv "
                               "10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"";
    static const struct {
        const char *shape;
        size_t start;
        enum haproxy_column column;
    } times[] = {{"aaa _0 00:00:00 ", 0, HAPROXY_SYSLOG_TIME}, {"00/aaa/0000:00:00:00", 47, HAPROXY_REQUEST_DATE}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        for (size_t place = 0; times[i].shape[place] != '\0'; place++)
            for (int byte = 0; byte < 256; byte++) {
                char line[sizeof good];
                memcpy(line, good, sizeof good);
                line[times[i].start + place] = (char)byte;
                struct slice text = {line, sizeof good - 1};
                bool taken = cut_line(haproxy_line_cut, &schema_haproxy, text, CUT_SPARE_BYTES, &record, &cut) &&
                             record.fields[times[i].column].length > 0;
                if (taken != is_like(times[i].shape[place], (char)byte)) fail_msg("%s: %d", line, taken);
            }
    char line[sizeof good + 2];
    for (int byte = ' ' + 1; byte < 127; byte++) { /* a fraction behind the first one, and no other number */
        snprintf(line, sizeof line, "%.15s%c5%s", good, byte, good + 15);
        struct slice text = {line, sizeof line - 1};
        bool taken = cut_line(haproxy_line_cut, &schema_haproxy, text, CUT_SPARE_BYTES, &record, &cut);
        assert_int_equal(taken && record.fields[HAPROXY_SYSLOG_TIME].length == 17, byte == '.');
    }
}

static void test_what_was_expected(void **state) {
    (void)state;
    static struct record record;
    struct line_cut cut;
    const char *line = "<134>Mar  1 10:00:00 haproxy[1]: Connect from 81.2.69.142:33312 to 192.0.2.7:80 (web/HTTP)";
    assert_false(cut_line(haproxy_line_cut, &schema_haproxy, slice_from(line), CUT_SPARE_BYTES, &record, &cut));
    assert_non_null(strstr(cut.expected, "option httplog"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_times), cmocka_unit_test(test_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
