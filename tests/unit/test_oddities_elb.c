/* Lines of network and classic load balancers that broke other parsers, and values that mean something else than they say: ODDITIES
 * rows 20 to 31, a test each.
 *
 * Threads: one. */
#define _GNU_SOURCE /* setenv */
#include <time.h>

#include "tests/unit/oddity.h"

#define ALB "alb_access"
#define CLB "clb_access"
#define NLB "nlb_access"
#define CLIENT \
    { "client.ip", JSON_STRING("81.2.69.142") }

/* An NLB line among ALB's: Vector's ALB parser could not find the client's host. */
static void oddity_20_nlb_line_among_alb_lines(void **state) {
    (void)state;
    const struct oddity_member *members = ODDITY_MEMBERS(
        CLIENT, {"client.port", "51341"}, {"aws.elb.type", JSON_STRING("tls")},
        {"destination.ip", JSON_STRING("10.0.0.9")}, {"source.bytes", "98"}, {"http", NULL}, {"url", NULL});
    static const char *const before[] = {NLB_LINE, ALB_25 "\n" NLB_LINE,
                                         NLB_LINE "\n" ALB_25 ALB_26_TO_34 "\n" NLB_LINE};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        oddity_check(&(struct oddity){
            .text = before[i], .format = NLB, .fate = "record", .known_by = ODDITY_ANY, .members = members});
    /* a file of ALB's by its name: the line says itself what it is; when -f says it, nothing else is tried */
    struct oddity other = {.text = NLB_LINE,
                           .format = NLB,
                           .origin_format = ALB,
                           .fate = "record",
                           .known_by = ODDITY_NAMED,
                           .members = members};
    oddity_check(&other);
    other.fate = "bad-time";
    other.known_by = ODDITY_FIXED;
    oddity_check(&other);
}

/* A handshake that failed: numbers are dashes, which Elastic's %{NUMBER} does not take. */
static void oddity_21_nlb_failed_handshake(void **state) {
    (void)state;
    oddity_is_record(NLB_START NLB_PEERS "0 - 0 0 - - - - - - - - - - 2025-12-01T00:00:01", NLB, CLIENT,
                     {"client.port", "51341"}, {"aws.elb.connection_time", "0"}, {"aws.elb.tls_handshake_time", NULL},
                     {"aws.elb.incoming_tls_alert", NULL}, {"aws.elb.raw", NULL}, {"source.bytes", "0"},
                     {"destination.bytes", "0"}, {"tls", NULL}, {"event.start", JSON_STRING("2025-12-01T00:00:01Z")},
                     {"event.outcome", JSON_STRING("failure")});
}

/* One name missing in Wazuh's list for NLB shifted the columns behind it and left a key called null. */
static void oddity_22_nlb_columns_by_position(void **state) {
    (void)state;
#define BY_POSITION                                                                                               \
    CLIENT, {"tls.client.server_name", JSON_STRING("www.example.com")}, {"tls.next_protocol", JSON_STRING("h2")}, \
        {"aws.elb.alpn_fe_protocol", JSON_STRING("h2")}, {"aws.elb.alpn_be_protocol", JSON_STRING("http/1.1")},   \
        {"aws.elb.alpn_client_preference_list", "[\"h2\",\"http/1.1\"]"},                                         \
        {"event.start", JSON_STRING("2025-12-01T00:00:00Z")}, {"null", NULL}, {"aws.elb.null", NULL}
    oddity_is_record(NLB_LINE, NLB, BY_POSITION, {"aws.elb.extra", NULL});
    oddity_is_record(NLB_LINE " - new", NLB, BY_POSITION, {"aws.elb.extra", "[\"new\"]"});
    oddity_is_record(NLB_START NLB_PEERS NLB_COUNTS "ECDHE-RSA-AES128-SHA tlsv12 - www.example.com", NLB, CLIENT,
                     {"tls.client.server_name", JSON_STRING("www.example.com")}, {"aws.elb.alpn_fe_protocol", NULL},
                     {"event.start", NULL});
#undef BY_POSITION
}

/* A column that was always null has a value since 2025 and a new name; Elastic's pattern gives it a third one. */
static void oddity_23_nlb_named_group(void **state) {
    (void)state;
    oddity_is_record(NLB_LINE, NLB, CLIENT, {"aws.elb.tls_named_group", JSON_STRING("x25519")},
                     {"tls.curve", JSON_STRING("x25519")}, {"tls.version", JSON_STRING("1.2")});
    oddity_check(&(struct oddity){.text = NLB_LINE,
                                  .format = NLB,
                                  .fate = "record",
                                  .schema = &output_flat,
                                  .known_by = ODDITY_ANY,
                                  .members = ODDITY_MEMBERS({"tls_keyexchange", JSON_STRING("x25519")})});
    oddity_is_record(NLB_START NLB_PEERS NLB_COUNTS "TLS_AES_128_GCM_SHA256 tlsv13 - www.example.com " NLB_ALPN, NLB,
                     CLIENT, {"aws.elb.tls_named_group", NULL}, {"tls.curve", NULL},
                     {"tls.version", JSON_STRING("1.3")});
}

/* Times without a zone are UTC, whatever the zone of the machine (parsers that ask the C library take them for local). */
static void oddity_24_nlb_times_are_utc(void **state) {
    (void)state;
    static const char *const zones[] = {"UTC", "LINT-14", "AST4ADT,M3.2.0,M11.1.0"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        oddity_is_record(NLB_LINE, NLB, CLIENT, {"@timestamp", JSON_STRING("2025-12-01T00:00:01Z")},
                         {"event.end", JSON_STRING("2025-12-01T00:00:01Z")},
                         {"event.start", JSON_STRING("2025-12-01T00:00:00Z")}, {"event.duration", "1000000000"},
                         {"aws.elb.tls_connection_creation_time", JSON_STRING("2025-12-01T00:00:00Z")});
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

/* A TCP listener has neither status nor request: goaccess, Logstash and Filebeat wanted numbers and three words. */
static void oddity_25_clb_tcp_listener(void **state) {
    (void)state;
    oddity_is_record(CLB_START
                     "81.2.69.142:2817 10.0.0.1:3306 0.001069 0.000028 0.000041 - - 710 31845 \"- - - \" \"-\" - -",
                     CLB, CLIENT, {"client.port", "2817"}, {"http.response.status_code", NULL},
                     {"aws.elb.backend_status_code", NULL}, {"aws.elb.raw", NULL}, {"http.request.method", NULL},
                     {"http.version", NULL}, {"url", NULL}, {"user_agent", NULL}, {"event.outcome", NULL},
                     {"aws.elb.protocol", JSON_STRING("tcp")}, {"event.category", "[\"network\"]"});
    oddity_is_record(CLB_START
                     "81.2.69.142:2817 10.0.0.1:3306 0.001069 0.000028 0.000041 - - 710 31845 \"- - - \" \"-\" "
                     "ECDHE-ECDSA-AES128-GCM-SHA256 TLSv1.2",
                     CLB, CLIENT, {"tls.version", JSON_STRING("1.2")},
                     {"tls.cipher", JSON_STRING("ECDHE-ECDSA-AES128-GCM-SHA256")}, {"event.category", "[\"network\"]"});
}

/* No backend took the request: AWS's own expression for Athena wants an address and a port there and drops the line. */
static void oddity_26_clb_without_backend(void **state) {
    (void)state;
    oddity_is_record(CLB_START "81.2.69.142:2817 - -1 -1 -1 504 0 0 0 " CLB_ASKED CLB_REST, CLB, CLIENT,
                     {"http.response.status_code", "504"}, {"destination", NULL}, {"aws.elb.raw", NULL},
                     {"aws.elb.request_processing_time", NULL}, {"aws.elb.backend_processing_time", NULL},
                     {"aws.elb.response_processing_time", NULL}, {"event.end", NULL}, {"event.duration", NULL},
                     {"event.start", JSON_STRING("2025-12-01T00:00:01.500000Z")},
                     {"event.outcome", JSON_STRING("failure")}, {"url.path", JSON_STRING("/a")});
}

/* Lines of 2014 end behind the request: elb2loggly and goaccess wanted the three columns that came later. */
static void oddity_27_clb_of_2014(void **state) {
    (void)state;
    oddity_is_record(CLB_START CLB_PEERS CLB_COUNTS CLB_ASKED, CLB, CLIENT, {"http.response.status_code", "200"},
                     {"url.path", JSON_STRING("/a")}, {"http.version", JSON_STRING("1.1")}, {"user_agent", NULL},
                     {"tls", NULL});
    oddity_is_record(CLB_START CLB_PEERS CLB_COUNTS CLB_ASKED " \"curl/7.78.0\" DHE-RSA-AES128-SHA TLSv1.2", CLB,
                     CLIENT, {"user_agent.original", JSON_STRING("curl/7.78.0")},
                     {"tls.cipher", JSON_STRING("DHE-RSA-AES128-SHA")}, {"tls.version", JSON_STRING("1.2")});
}

/* What AWS writes when logging is switched on is no request; OTel made a type of its own for it. */
static void oddity_28_test_object(void **state) {
    (void)state;
    static const char message[] = "Enable AccessLog for ELB: app/web/50dc6c495c0c9188 at 2025-12-01T00:00:01.500Z";
    static const char *const formats[] = {ALB, CLB, NLB, "alb_connection", "alb_health_check"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        oddity_is_none(message, formats[i], ODDITY_ANY, "elb-test-message");
    oddity_is_record("Enable AccessLog for ELB: app/web/50dc6c495c0c9188 at 2025-12-01T00:00:01.500Z\n" ALB_25, ALB,
                     CLIENT);
}

/* The trace header is the client's own words: honeycomb's agent took nothing but a Root. */
static void oddity_29_trace_header_is_free_text(void **state) {
    (void)state;
#define ALB_WITH_TRACE(trace) ALB_14 ALB_TLS ALB_GROUP trace " " ALB_NAME ALB_RULE ALB_ACTIONS ALB_26_TO_34
    oddity_is_record(
        ALB_WITH_TRACE(
            "\"Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678;CalledFrom=app\""),
        ALB, CLIENT,
        {"trace.id", JSON_STRING("Self=1-67891234-12456789abcdef012345678;Root=1-67891233-"
                                 "abcdef012345678912345678;CalledFrom=app")},
        {"tls.client.server_name", JSON_STRING("www.example.com")});
    oddity_is_record(ALB_WITH_TRACE("\"me and my \\x22dog\\x22, = ;\""), ALB, CLIENT,
                     {"trace.id", JSON_STRING("me and my \\\"dog\\\", = ;")},
                     {"tls.client.server_name", JSON_STRING("www.example.com")});
#undef ALB_WITH_TRACE
}

/* That WAF ended a request stands in no column of its own; no other parser derives it. */
static void oddity_30_blocked_by_waf(void **state) {
    (void)state;
#define ENDED_BY(target, statuses, actions)                                                              \
    ALB_START "81.2.69.142:42173 " target " -1 -1 -1 " statuses                                          \
              " 814 147 " ALB_ASKED ALB_AGENT ALB_TLS ALB_GROUP ALB_TRACE ALB_NAME ALB_RULE "\"" actions \
              "\" \"-\" \"-\"" ALB_26_TO_34
#define BLOCKED CLIENT, {"aws.elb.blocked_by", JSON_STRING("waf")}, {"destination", NULL}
    oddity_is_record(ENDED_BY("-", "403 -", "waf"), ALB, BLOCKED, {"http.response.status_code", "403"},
                     {"aws.elb.action_executed", "[\"waf\"]"});
    oddity_is_record(ENDED_BY("-", "429 -", "authenticate,waf"), ALB, BLOCKED, {"http.response.status_code", "429"},
                     {"aws.elb.action_executed", "[\"authenticate\",\"waf\"]"});
    oddity_is_record(ENDED_BY("10.0.0.80:8080", "403 403", "waf,forward"), ALB, CLIENT, {"aws.elb.blocked_by", NULL},
                     {"destination.ip", JSON_STRING("10.0.0.80")});
    oddity_is_record(ENDED_BY("-", "403 -", "waf,fixed-response"), ALB, CLIENT, {"aws.elb.blocked_by", NULL});
    oddity_is_record(ENDED_BY("-", "500 -", "waf-failed"), ALB, CLIENT, {"aws.elb.blocked_by", NULL});
    oddity_is_record(ENDED_BY("-", "403 -", "notwaf"), ALB, CLIENT, {"aws.elb.blocked_by", NULL});
#undef ENDED_BY
#undef BLOCKED
}

/* -1 is null and no more: it stands beside a target, too, when the client has gone away (460). */
static void oddity_31_minus_one_beside_a_target(void **state) {
    (void)state;
    oddity_is_record(ALB_START "81.2.69.142:42173 10.0.0.192:80 -1 -1 -1 460 - 814 0 " ALB_ASKED ALB_AGENT ALB_15_TO_25,
                     ALB, CLIENT, {"destination.ip", JSON_STRING("10.0.0.192")}, {"destination.port", "80"},
                     {"http.response.status_code", "460"}, {"aws.elb.target_status_code", NULL},
                     {"aws.elb.request_processing_time", NULL}, {"aws.elb.target_processing_time", NULL},
                     {"aws.elb.response_processing_time", NULL}, {"aws.elb.raw", NULL}, {"event.duration", "49000000"});
    oddity_is_record(ALB_START
                     "81.2.69.142:42173 10.0.0.192:80 0.000 -1 -1 502 - 814 0 " ALB_ASKED ALB_AGENT ALB_15_TO_25,
                     ALB, CLIENT, {"aws.elb.request_processing_time", "0.000"},
                     {"aws.elb.target_processing_time", NULL}, {"destination.port", "80"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_20_nlb_line_among_alb_lines),
        cmocka_unit_test(oddity_21_nlb_failed_handshake),
        cmocka_unit_test(oddity_22_nlb_columns_by_position),
        cmocka_unit_test(oddity_23_nlb_named_group),
        cmocka_unit_test(oddity_24_nlb_times_are_utc),
        cmocka_unit_test(oddity_25_clb_tcp_listener),
        cmocka_unit_test(oddity_26_clb_without_backend),
        cmocka_unit_test(oddity_27_clb_of_2014),
        cmocka_unit_test(oddity_28_test_object),
        cmocka_unit_test(oddity_29_trace_header_is_free_text),
        cmocka_unit_test(oddity_30_blocked_by_waf),
        cmocka_unit_test(oddity_31_minus_one_beside_a_target),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
