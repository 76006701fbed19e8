/* Lines of proxies that broke other parsers: ODDITIES rows 50 to 52, a test each.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define ENVOY "envoy"
#define HAPROXY "haproxy"
#define NGINX "nginx"
#define CLIENT \
    { "client.ip", JSON_STRING("81.2.69.142") }
#define AMBIGUOUS \
    { "log.flags", "[\"ambiguous\"]" }
#define TRUNCATED \
    { "log.flags", "[\"truncated\"]" }

/* Envoy escapes no quotes: what a client sends looks like columns. Those before and behind it stand; what can be cut in more than
 * one way is one text and flagged, and no address comes from it. */
static void oddity_50_quotes_that_nobody_escapes(void **state) {
    (void)state;
#define START "[2025-12-01T00:00:01.500Z] \"GET /a HTTP/1.1\" 200 - 0 4521 7 - "
#define TAIL " \"id-1\" \"www.example.com\" \"10.0.0.80:8080\""
#define NUMBERS                                                                                               \
    {"@timestamp", JSON_STRING("2025-12-01T00:00:01.500000Z")}, {"http.response.status_code", "200"},         \
        {"http.response.body.bytes", "4521"}, {"url.path", JSON_STRING("/a")}, {"event.duration", "7000000"}, \
        {"client", NULL}
    /* one quote more that ends nothing: still one way */
    oddity_is_record(START "\"192.0.2.1\" \"A \"B\" C\"" TAIL, ENVOY, NUMBERS, {"log.flags", NULL},
                     {"user_agent.original", JSON_STRING("A \\\"B\\\" C")}, {"http.request.id", JSON_STRING("id-1")},
                     {"network.forwarded_ip", "[\"192.0.2.1\"]"}, {"destination.ip", JSON_STRING("10.0.0.80")});
    oddity_is_record(START "\"192.0.2.1\" \"AGENT\" \"I\" \"WANT\" \"SEEN\"" TAIL, ENVOY, NUMBERS, AMBIGUOUS,
                     {"user_agent", NULL}, {"http.request.id", NULL}, {"network.forwarded_ip", NULL},
                     {"url.domain", NULL});
    /* columns of its own, down to the last one */
    oddity_is_record(START "\"192.0.2.1\" \"x\" \"id-2\" \"example.com\" \"192.0.2.2:80\"" TAIL, ENVOY, NUMBERS,
                     AMBIGUOUS, {"user_agent", NULL}, {"http.request.id", NULL}, {"network.forwarded_ip", NULL});
    oddity_is_record(START "\"192.0.2.2\" \"x\" \"192.0.2.1\" \"curl/8.5.0\"" TAIL, ENVOY, NUMBERS, AMBIGUOUS,
                     {"network.forwarded_ip", NULL}, {"user_agent", NULL});
    oddity_is_record(START "\"192.0.2.1\" \"AGENT\" \"x\"" TAIL "\n" START "\"192.0.2.1\" \"curl/8.5.0\"" TAIL, ENVOY,
                     NUMBERS, {"log.flags", NULL}, {"user_agent.original", JSON_STRING("curl/8.5.0")});
#undef NUMBERS
#undef TAIL
#undef START
}

/* HAProxy: a request that was none, no status, a line cut by syslog, captures of which nobody knows whose they are, a client
 * without an address. */
static void oddity_51_haproxy_without_this_or_that(void **state) {
    (void)state;
#define START "Dec  1 00:00:02 lb1 haproxy[14389]: 81.2.69.142:33317 [01/Dec/2025:00:00:01.500] web~ "
#define BAD(rest) START "web/<NOSRV> -1/-1/-1/-1/8490 " rest " - - PR-- 2/2/2/0/0 0/0 \"<BADREQ>\""
#define SERVED "static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "
#define SECOND {"@timestamp", JSON_STRING("2025-12-01T00:00:01.500000Z")}, {"client.port", "33317"}
    oddity_is_record(BAD("400 187"), HAPROXY, CLIENT, SECOND, {"http.response.status_code", "400"}, {"url", NULL},
                     {"http.request", NULL}, {"haproxy.bad_request", "true"}, {"haproxy.req_timer_hdr", NULL},
                     {"haproxy.server_name", JSON_STRING("<NOSRV>")}, {"haproxy.txn_timer_total", "8490"},
                     {"haproxy.raw", NULL}, {"log.flags", NULL});
    oddity_is_record(BAD("-1 0"), HAPROXY, CLIENT, SECOND, {"http.response.status_code", NULL},
                     {"haproxy.bad_request", "true"}, {"haproxy.raw", NULL});
    oddity_is_record(START "web/<NOSRV> -1/-1/-1/-1/8490 -1 0 - - CR-- 2/2/2/0/0 0/0 \"\"", HAPROXY, CLIENT, SECOND,
                     {"http.response.status_code", NULL}, {"http.request", NULL}, {"url", NULL});
    oddity_is_record(START SERVED "\"GET /very/lon", HAPROXY, CLIENT, SECOND, TRUNCATED,
                     {"url.path", JSON_STRING("/very/lon")}, {"http.request.method", JSON_STRING("GET")},
                     {"http.response.status_code", "200"});
    oddity_is_record(START SERVED "{192.0.2.1} \"GET /a HTTP/1.1\"", HAPROXY, CLIENT, SECOND, {"log.flags", NULL},
                     {"haproxy.captured_headers", JSON_STRING("192.0.2.1")}, {"network.forwarded_ip", NULL},
                     {"haproxy.captured_request_headers", NULL}, {"haproxy.captured_response_headers", NULL},
                     {"url.path", JSON_STRING("/a")});
    oddity_is_record(START SERVED "{www.example.com} {text/html} \"GET /a HTTP/1.1\"", HAPROXY, CLIENT, SECOND,
                     {"haproxy.captured_headers", NULL},
                     {"haproxy.captured_request_headers", JSON_STRING("www.example.com")},
                     {"haproxy.captured_response_headers", JSON_STRING("text/html")});
    oddity_is_record("Dec  1 00:00:02 lb1 haproxy[14389]: unix:3 [01/Dec/2025:00:00:01.500] web " SERVED
                     "\"GET /a HTTP/1.1\"",
                     HAPROXY, {"client", NULL}, {"source", NULL}, {"haproxy.extra", "[\"client=unix:3\"]"},
                     {"url.path", JSON_STRING("/a")}, {"http.response.status_code", "200"});
    oddity_is_record("2001:218::1:39759 [01/Dec/2025:00:00:01.500] web " SERVED "\"GET /a HTTP/1.1\"", HAPROXY,
                     {"client.ip", JSON_STRING("2001:218::1")}, {"client.port", "39759"});
#undef SECOND
#undef SERVED
#undef BAD
#undef START
}

/* NGINX: nothing where the request belongs, or what a TLS client said to a plain port: bytes, and none of them a method or a URL. */
static void oddity_52_requests_that_are_none(void **state) {
    (void)state;
#define LINE(request) "81.2.69.142 - - [01/Dec/2025:00:00:01 +0100] " request " 400 166 \"-\" \"curl/8.5.0\""
#define REST                                                                                    \
    CLIENT, {"@timestamp", JSON_STRING("2025-11-30T23:00:01.000000Z")}, {"http.request", NULL}, \
        {"http.version", NULL}, {"url", NULL}, {"http.response.status_code", "400"},            \
        {"user_agent.original", JSON_STRING("curl/8.5.0")}
    oddity_is_record(LINE("\"-\""), NGINX, REST, {"nginx", NULL});
    oddity_is_record(LINE("\"\""), NGINX, REST, {"nginx", NULL});
    oddity_is_record(LINE("\"\\x16\\x03\\x01\\x02\\x00\\x01\\x00\""), NGINX, REST, {"log.flags", NULL},
                     {"nginx.raw.request", JSON_STRING("\\u0016\\u0003\\u0001\\u0002\\u0000\\u0001\\u0000")});
    oddity_is_record(
        LINE("\"\\x16\\x03\\x01 \\xFC\\x03 http://192.0.2.1/ HTTP/1.1\""), NGINX, REST, {"log.flags", "[\"lossy\"]"},
        {"nginx.raw.request", JSON_STRING("\\u0016\\u0003\\u0001 \xef\xbf\xbd\\u0003 http://192.0.2.1/ HTTP/1.1")});
    oddity_is_record(LINE("\"\x16\x03\x01\""), NGINX, REST,
                     {"nginx.raw.request", JSON_STRING("\\u0016\\u0003\\u0001")}); /* escape=none */
    oddity_is_record(LINE("\"\\x22GET / HTTP/1.1\""), NGINX, REST,
                     {"nginx.raw.request", JSON_STRING("\\\"GET / HTTP/1.1")});
    oddity_is_record(LINE("\"GET\""), NGINX, CLIENT, {"http.request.method", JSON_STRING("GET")}, {"url", NULL},
                     {"nginx", NULL});
    oddity_is_record(LINE("\"GET /a\""), NGINX, CLIENT, {"http.request.method", JSON_STRING("GET")},
                     {"url.path", JSON_STRING("/a")}, {"http.version", NULL}, {"nginx", NULL});
    oddity_is_record("unix: - - [01/Dec/2025:00:00:01 +0100] \"GET /a HTTP/1.1\" 200 166 \"-\" \"-\"", NGINX,
                     {"client", NULL}, {"source", NULL}, {"url.path", JSON_STRING("/a")});
#undef REST
#undef LINE
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_50_quotes_that_nobody_escapes),
        cmocka_unit_test(oddity_51_haproxy_without_this_or_that),
        cmocka_unit_test(oddity_52_requests_that_are_none),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
