/* WAF's objects that broke other parsers, and damage of any format: ODDITIES rows 48, 49, 53 and 54, a test each.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define ALB "alb_access"
#define CLB "clb_access"
#define NLB "nlb_access"
#define CLIENT \
    { "client.ip", JSON_STRING("81.2.69.142") }
#define LOSSY \
    { "log.flags", "[\"lossy\"]" }

/* WAF writes null, "null", [], "" and "-" where there is nothing: one as good as the other. */
static void oddity_48_nothing_in_many_ways(void **state) {
    (void)state;
#define WAF_LINE(details, source, lists, rules, code, headers, request)                                               \
    "{\"timestamp\":1764547201500,\"formatVersion\":1,\"webaclId\":\"arn:aws:wafv2:us-east-1:123456789012:global/"    \
    "webacl/w/1\",\"terminatingRuleId\":\"Default_Action\",\"terminatingRuleType\":\"REGULAR\",\"action\":\"ALLOW\"," \
    "\"terminatingRuleMatchDetails\":" details ",\"httpSourceName\":" source ",\"httpSourceId\":" source              \
    ",\"ruleGroupList\":" lists ",\"rateBasedRuleList\":" lists ",\"nonTerminatingMatchingRules\":" rules             \
    ",\"requestHeadersInserted\":" lists ",\"responseCodeSent\":" code                                                \
    ",\"httpRequest\":{\"clientIp\":\"81.2.69.142\",\"country\":\"-\",\"headers\":" headers "," request               \
    "},\"labels\":" lists "}"
#define NOTHING                                                                                                    \
    CLIENT, {"@timestamp", JSON_STRING("2025-12-01T00:00:01.500000Z")}, {"event.action", JSON_STRING("ALLOW")},    \
        {"url", NULL}, {"user_agent", NULL}, {"http.request.method", NULL}, {"http.version", NULL},                \
        {"http.response", NULL}, {"aws.waf.http_source_name", NULL}, {"aws.waf.http_source_id", NULL},             \
        {"aws.waf.http_request", NULL}, {"aws.waf.rule_group_list", NULL}, {"aws.waf.rate_based_rule_list", NULL}, \
        {"aws.waf.labels", NULL}, {"aws.waf.terminating_rule_match_details", NULL}, {                              \
        "aws.waf.extra", NULL                                                                                      \
    }
#define NO_REQUEST "\"uri\":\"\",\"args\":\"\",\"httpVersion\":\"-\",\"httpMethod\":\"\",\"requestId\":null"
    static const char *const lines[] = {
        WAF_LINE("null", "\"-\"", "null", "null", "null", "null", NO_REQUEST),
        WAF_LINE("[]", "null", "[]", "[]", "null", "[]", NO_REQUEST),
        WAF_LINE("[ ]", "\"\"", "[ ]", "[]", "\"-\"", "{}", NO_REQUEST),
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        oddity_is_record(lines[i], "waf", NOTHING, {"http.request", NULL},
                         {"aws.waf.non_terminating_matching_rules", NULL});
    /* nothing inside of something is as it came; and the word is a word, since an id may be any */
    oddity_is_record(WAF_LINE("null", "\"-\"", "[]", "[{\"ruleId\":\"r\",\"ruleMatchDetails\":null}]", "null", "[]",
                              "\"uri\":\"\",\"requestId\":\"null\""),
                     "waf", NOTHING, {"http.request.id", JSON_STRING("null")});
    oddity_is_record(WAF_LINE("null", "\"CF\"", "null", "null", "403",
                              "[{\"name\":\"Host\",\"value\":\"example.com\"}]",
                              "\"uri\":\"/a\",\"args\":\"x=1\",\"httpMethod\":\"GET\""),
                     "waf", CLIENT, {"aws.waf.http_source_name", JSON_STRING("CF")}, {"url.path", JSON_STRING("/a")},
                     {"url.query", JSON_STRING("x=1")}, {"url.domain", JSON_STRING("example.com")},
                     {"http.response.status_code", "403"});
#undef NO_REQUEST
#undef NOTHING
#undef WAF_LINE
}

/* Bytes that are no UTF-8, raw: a reader of S3 access logs died of a UnicodeDecodeError on Latin-1. */
static void oddity_49_bytes_that_are_no_utf_8(void **state) {
    (void)state;
    oddity_is_record(ALB_WITH_AGENT("\"caf\xe9 1\""), ALB, CLIENT, LOSSY,
                     {"user_agent.original", JSON_STRING("caf\xef\xbf\xbd 1")},
                     {"observer.ip", JSON_STRING("192.0.2.9")});
    oddity_is_record(ALB_WITH_REQUEST("\"GET http://www.example.com:80/caf\xe9?\xfc HTTP/1.1\""), ALB, CLIENT, LOSSY,
                     {"url.path", JSON_STRING("/caf\xef\xbf\xbd")}, {"url.query", JSON_STRING("\xef\xbf\xbd")},
                     {"http.version", JSON_STRING("1.1")});
    oddity_is_record(ALB_WITH_AGENT("\"caf\xc3\xa9 1\""), ALB, CLIENT, {"log.flags", NULL},
                     {"user_agent.original", JSON_STRING("caf\xc3\xa9 1")});
    oddity_is_record(CLB_START CLB_PEERS CLB_COUNTS CLB_ASKED " \"caf\xe9\" - -", CLB, CLIENT, LOSSY,
                     {"user_agent.original", JSON_STRING("caf\xef\xbf\xbd")});
    oddity_is_record(NLB_START NLB_PEERS NLB_COUNTS "ECDHE-RSA-AES128-SHA tlsv12 x25519 \xe9.example.com " NLB_ALPN,
                     NLB, CLIENT, LOSSY, {"tls.client.server_name", JSON_STRING("\xef\xbf\xbd.example.com")},
                     {"event.start", JSON_STRING("2025-12-01T00:00:00Z")});
    oddity_is_record("version srcaddr dstaddr new-column start end\n"
                     "11 81.2.69.142 10.0.0.62 caf\xe9 1764547200 1764547260",
                     "vpc_flow", CLIENT, LOSSY, {"aws.vpcflow.extra", "[\"new-column=caf\xef\xbf\xbd\"]"});
    oddity_is_none(ALB_START "81.2.69.\xe9:42173 - " ALB_COUNTS ALB_ASKED, ALB, ODDITY_NAMED | ODDITY_FIXED,
                   "bad-peer");
}

/* IPv6 in capitals and with a double colon, as in a sample of AWS's own: Vector's class of characters has no capitals. */
static void oddity_53_ipv6_in_capitals(void **state) {
    (void)state;
#define CAPITALS {"client.ip", JSON_STRING("2001:218:0:21f:5bff:febf:ce22:8a2e")}, {"client.port", "35646"}
    oddity_is_record(ALB_START "2001:218::21F:5BFF:FEBF:CE22:8A2E:35646 - " ALB_COUNTS ALB_ASKED ALB_AGENT ALB_15_TO_25,
                     ALB, CAPITALS);
    oddity_is_record(CLB_START "2001:218::21f:5bff:febf:ce22:8a2e:35646 2001:218::A:80 " CLB_COUNTS CLB_ASKED CLB_REST,
                     CLB, CAPITALS, {"destination.ip", JSON_STRING("2001:218::a")});
    oddity_is_record(NLB_START "2001:218::21F:5bff:FEBF:ce22:8A2e:35646 10.0.0.9:443 " NLB_COUNTS NLB_TLS NLB_ALPN, NLB,
                     CAPITALS);
    oddity_is_record(
        "2 123456789012 eni-1 2001:218::21F:5BFF:FEBF:CE22:8A2E 2001:218::A 35646 443 6 20 4249 1764547200 "
        "1764547260 ACCEPT OK",
        "vpc_flow", CAPITALS, {"destination.ip", JSON_STRING("2001:218::a")}, {"network.type", JSON_STRING("ipv6")});
    oddity_is_record(ALB_START "::FFFF:81.2.69.142:35646 - " ALB_COUNTS ALB_ASKED, ALB, CLIENT,
                     {"hop.flags", "[\"v4-mapped\"]"});
#undef CAPITALS
}

/* Fixtures that an editor damaged (links in Markdown, backslashes before quotes): text like any other, and nothing is mended. */
static void oddity_54_damaged_fixtures(void **state) {
    (void)state;
    oddity_is_record(NLB_START NLB_PEERS NLB_COUNTS
                     "ECDHE-RSA-AES128-SHA tlsv12 x25519 "
                     "[www.example.com](https://www.example.com) h2 \\\"http/1.1\\\" - 2025-12-01T00:00:00",
                     NLB, CLIENT, {"tls.client.server_name", JSON_STRING("[www.example.com](https://www.example.com)")},
                     {"aws.elb.alpn_be_protocol", JSON_STRING("\\\\\\\"http/1.1\\\\\\\"")},
                     {"event.start", JSON_STRING("2025-12-01T00:00:00Z")});
    oddity_is_record(ALB_14 ALB_TLS ALB_GROUP ALB_TRACE
                     "\"[www.example.com](https://www.example.com)\" " ALB_RULE ALB_ACTIONS ALB_26_TO_34,
                     ALB, CLIENT,
                     {"tls.client.server_name", JSON_STRING("[www.example.com](https://www.example.com)")});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_48_nothing_in_many_ways),
        cmocka_unit_test(oddity_49_bytes_that_are_no_utf_8),
        cmocka_unit_test(oddity_53_ipv6_in_capitals),
        cmocka_unit_test(oddity_54_damaged_fixtures),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
