/* Who the client is by what AWS logs: balancers, flows, CloudFront, WAF, Lambda targets.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vantage.h"

#define ALB(peer)                                                                                                   \
    "https 2026-03-01T12:00:01.250000Z app/web/50dc6c495c0c9188 " peer                                              \
    " 10.0.0.80:8080 0.001 0.048 0.000 200 200 814 57 "                                                             \
    "\"GET https://a.example:443/ HTTP/1.1\" \"curl/8.5.0\" - - - \"-\" \"-\" \"-\" 3 2026-03-01T12:00:01.200000Z " \
    "\"forward\" \"-\" \"-\" \"-\" \"-\" \"-\" \"-\" TID_1\n"
#define NLB(peer)                                                                                  \
    "tls 2.0 2026-03-01T12:00:01 net/a/c6e77e28c25b2234 g3d4b5e8bb8464cd " peer                    \
    " 172.100.100.185:443 5 2 98 246 - - - ECDHE-RSA-AES128-SHA tlsv12 - my.example h2 h2 \"h2\" " \
    "2026-03-01T12:00:00\n"
#define CLB(peer)                                                                                   \
    "2026-03-01T12:00:00.945958Z old " peer " 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 " \
    "\"GET http://a.example:80/ HTTP/1.1\" \"curl/7.38.0\" - -\n"
#define FLOW                                                                                                     \
    "vpc_flow:version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end " \
    "action log-status"
#define FLOW_LINE(source, rest) \
    "5 123456789012 eni-1 " source " 10.0.0.9 40000 443 6 1 60 1764547200 1764547260 ACCEPT OK" rest "\n"
#define CLOUDFRONT(client, xff)                                                     \
    "2026-03-01\t12:00:01\tLHR62-C2\t529\t" client                                  \
    "\tGET\td1.cloudfront.net\t/\t200\t-\tcurl\t-\t-\tMiss\tid\ta.example\thttps\t" \
    "182\t0.190\t" xff "\tTLSv1.3\tcipher\tMiss\tHTTP/2.0\t-\t-\t11040\t0.190\tMiss\ttext/html\t-\t-\t-\n"
#define WAF(source, client, headers)                                                                          \
    "{\"timestamp\":1772366401000,\"webaclId\":\"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b\"," \
    "\"action\":\"ALLOW\",\"httpSourceName\":\"" source "\",\"httpRequest\":{\"clientIp\":\"" client          \
    "\",\"headers\":[" headers "],\"uri\":\"/\"}}\n"
#define WAF_HEADER(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"
#define LAMBDA(headers)                                                                                       \
    "{\"requestContext\":{\"elb\":{\"targetGroupArn\":\"arn:aws:elasticloadbalancing:eu-west-1:123456789012:" \
    "targetgroup/f/1\"}},\"httpMethod\":\"GET\",\"path\":\"/\"," headers ",\"body\":\"\"}\n"
#define ONE(rest) "\"headers\":{\"x-amzn-trace-id\":\"Root=1-692cd981-0123456789abcdef01234567\"" rest "}"
#define MANY(rest) "\"multiValueHeaders\":{\"x-amzn-trace-id\":[\"Root=1-692cd981-0123456789abcdef01234567\"]" rest "}"

static const struct vantage_hop nobody[] = {{NULL}};
static const struct vantage_hop edge_alb[] = {
    {.type = "alb", .carrier = CARRIER_APPEND},
    {.type = "cloudfront", .carrier = CARRIER_APPEND, .hides_as = VERDICT_CF_EDGE_ONLY},
    {NULL}};

static void test_without_chain(void **state) {
    (void)state;
    static const struct vantage_case cases[] = {
        VANTAGE("ALB", "alb_access", NULL, ALB("81.2.69.142:42173"), "81.2.69.142:42173 peer ok trust=1 depth=0"),
        VANTAGE("ALB, IPv6 without brackets", "alb_access", NULL, ALB("2001:218::1:443"),
                "2001:218::1:443 peer ok trust=1 depth=0"),
        VANTAGE("NLB", "nlb_access", NULL, NLB("81.2.69.142:51341"), "81.2.69.142:51341 peer ok trust=1 depth=0"),
        VANTAGE("CLB", "clb_access", NULL, CLB("10.0.9.9:2817"), "10.0.9.9:2817 peer ok trust=1 depth=0 non-global"),
        VANTAGE("a peer that is nobody", "clb_access", NULL, CLB("0.0.0.0:2817"),
                "- none peer-invalid trust=0 depth=0"),
        VANTAGE("flow", FLOW, NULL, FLOW_LINE("81.2.69.142", ""), "81.2.69.142:40000 peer ok trust=1 depth=0"),
        VANTAGE("flow through a NAT gateway: the packet's own source", FLOW " pkt-srcaddr", NULL,
                FLOW_LINE("10.0.0.5", " 81.2.69.142"), "81.2.69.142:40000 peer ok trust=1 depth=0"),
        VANTAGE("flow whose packet source is null", FLOW " pkt-srcaddr", NULL, FLOW_LINE("81.2.69.142", " -"),
                "81.2.69.142:40000 peer ok trust=1 depth=0"),
        VANTAGE("GA: the client, and not where the accelerator connects from", "ga_flow", NULL,
                "1.0 123456789012 a1 81.2.69.142 50000 75.2.0.1 443 10.0.0.9 443 TCP IPV4 1 60 1764547200 1764547260 "
                "ACCEPT "
                "OK "
                "99.83.200.9 20011 eu-west-1 LHR1 INGRESS\n",
                "81.2.69.142:50000 peer ok trust=1 depth=0"),
        VANTAGE("CloudFront: what the viewer sent is unused", "cloudfront", NULL,
                CLOUDFRONT("81.2.69.142", "192.0.2.1,%20192.0.2.2"),
                "81.2.69.142:11040 peer ok trust=1 depth=0 evidence-unused"),
        VANTAGE("CloudFront, nothing sent", "cloudfront", NULL, CLOUDFRONT("2001:218::1", "-"),
                "2001:218::1:11040 peer ok trust=1 depth=0"),
        VANTAGE("WAF", "waf", NULL, WAF("ALB", "10.0.3.7", WAF_HEADER("X-Forwarded-For", "192.0.2.1, 81.2.69.142")),
                "10.0.3.7 peer ok trust=1 depth=0 waf=192.0.2.1 evidence-unused,non-global",
                .has = "\"waf_view\":\"192.0.2.1\""),
        VANTAGE("WAF's view with a port, of several lines", "waf", NULL,
                WAF("ALB", "81.2.69.142",
                    WAF_HEADER("x-FORWARDED-for", " [2001:218::1]:80") "," WAF_HEADER("X-Forwarded-For", "192.0.2.9")),
                "81.2.69.142 peer ok trust=1 depth=0 waf=2001:218::1 evidence-unused"),
        VANTAGE("WAF's view is of the first entry alone", "waf", NULL,
                WAF("ALB", "81.2.69.142", WAF_HEADER("X-Forwarded-For", "unknown, 192.0.2.1")),
                "81.2.69.142 peer ok trust=1 depth=0 evidence-unused", .lacks = "waf_view"),
        VANTAGE("Lambda: the balancer's peer is the last entry", "alb_lambda_event", NULL,
                LAMBDA(ONE(",\"x-forwarded-for\":\"192.0.2.1, 81.2.69.142\"")),
                "81.2.69.142 xff client-proxy trust=1 depth=0 claim=192.0.2.1 assumed-chain,base=ok-assumed"),
        VANTAGE("Lambda, multi-value headers", "alb_lambda_event", NULL,
                LAMBDA(MANY(",\"x-forwarded-for\":[\"192.0.2.1\",\"81.2.69.142:4711\"]")),
                "81.2.69.142:4711 xff client-proxy trust=1 depth=0 claim=192.0.2.1 assumed-chain,base=ok-assumed"),
        VANTAGE("Lambda's health checks", "alb_lambda_event", NULL,
                LAMBDA(ONE(",\"user-agent\":\"ELB-HealthChecker/2.0\"")),
                "- none xff-missing trust=0 depth=0 assumed-chain"),
    };
    VANTAGE_CHECK(NULL, cases);
}

static void test_nobody_in_between(void **state) {
    (void)state;
    static const struct vantage_case cases[] = {
        VANTAGE("ALB", "alb_access", NULL, ALB("81.2.69.142:42173"), "81.2.69.142:42173 peer ok trust=3 depth=0"),
        VANTAGE("CloudFront: the viewer's own list is a claim", "cloudfront", NULL,
                CLOUDFRONT("81.2.69.142", "216.160.83.56,%20192.0.2.2"),
                "81.2.69.142:11040 peer spoofed-leftmost trust=3 depth=0 claim=216.160.83.56 base=ok"),
        VANTAGE("WAF: any letters", "waf", NULL,
                WAF("CF", "81.2.69.142", WAF_HEADER("X-FORWARDED-FOR", "192.168.1.20")),
                "81.2.69.142 peer client-proxy trust=3 depth=0 claim=192.168.1.20 waf=192.168.1.20 base=ok"),
    };
    VANTAGE_CHECK(nobody, cases);
}

static void test_cloudfront_and_alb(void **state) {
    (void)state;
    static const struct vantage_case cases[] = {
        VANTAGE("ALB: its log has no list", "alb_access", NULL, ALB("130.176.96.72:4433"),
                "- none cf-edge-only trust=0 depth=0 via=130.176.96.72"),
        VANTAGE("ALB, past CloudFront", "alb_access", NULL, ALB("81.2.69.142:4433"),
                "81.2.69.142:4433 peer bypass trust=3 depth=0"),
        VANTAGE("CloudFront wrote it", "cloudfront", NULL, CLOUDFRONT("81.2.69.142", "-"),
                "81.2.69.142:11040 peer ok trust=3 depth=0"),
        VANTAGE("one CloudFront in front of another", "cloudfront", NULL,
                CLOUDFRONT("130.176.1.1", "216.160.83.56,81.2.69.142"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=130.176.1.1 claim=216.160.83.56 base=ok"),
        VANTAGE(
            "WAF at the balancer", "waf", NULL,
            WAF("ALB", "130.176.96.72", WAF_HEADER("x-forwarded-for", "216.160.83.56, 81.2.69.142")),
            "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=130.176.96.72 claim=216.160.83.56 waf=216.160.83.56 "
            "base=ok"),
        VANTAGE("WAF at CloudFront", "waf", NULL,
                WAF("CF", "81.2.69.142", WAF_HEADER("x-forwarded-for", "216.160.83.56")),
                "81.2.69.142 peer spoofed-leftmost trust=3 depth=0 claim=216.160.83.56 waf=216.160.83.56 base=ok"),
        VANTAGE("WAF at something that is no hop", "waf", NULL,
                WAF("APPSYNC", "81.2.69.142", WAF_HEADER("x-forwarded-for", "216.160.83.56")),
                "81.2.69.142 peer bypass trust=3 depth=0 claim=216.160.83.56 waf=216.160.83.56 xff-ignored"),
        VANTAGE("the same behind a balancer", "waf", NULL,
                WAF("APPSYNC", "10.0.3.7", WAF_HEADER("x-forwarded-for", "81.2.69.142, 130.176.96.72")),
                "81.2.69.142 xff ok trust=2 depth=2 via=130.176.96.72 waf=81.2.69.142"),
        VANTAGE("Lambda", "alb_lambda_event", NULL,
                LAMBDA(ONE(",\"x-forwarded-for\":\"216.160.83.56, 81.2.69.142, 130.176.96.72\"")),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=2 via=130.176.96.72 claim=216.160.83.56 base=ok"),
        VANTAGE("Lambda, multi-value", "alb_lambda_event", NULL,
                LAMBDA(MANY(",\"x-forwarded-for\":[\"81.2.69.142, 130.176.96.72\"]")),
                "81.2.69.142 xff ok trust=2 depth=2 via=130.176.96.72"),
        VANTAGE("Lambda, past CloudFront", "alb_lambda_event", NULL,
                LAMBDA(ONE(",\"x-forwarded-for\":\"130.176.1.1, 81.2.69.142\"")),
                "81.2.69.142 xff bypass trust=2 depth=1 claim=130.176.1.1 xff-ignored"),
        VANTAGE("Lambda's health check", "alb_lambda_event", NULL, LAMBDA(ONE("")),
                "- none xff-missing trust=0 depth=0"),
        VANTAGE("flow to the balancer: nobody wrote it", FLOW, NULL, FLOW_LINE("130.176.96.72", ""),
                "- none hop-unexpected trust=0 depth=0 via=130.176.96.72"),
        VANTAGE("flow from the balancer: no list", FLOW, NULL, FLOW_LINE("10.0.3.7", ""),
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
    };
    VANTAGE_CHECK(edge_alb, cases);
}

static void test_network_balancers(void **state) {
    (void)state;
    static const struct vantage_hop hidden[] = {
        {.type = "nlb", .carrier = CARRIER_TRANSPARENT},
        {.type = "ga", .carrier = CARRIER_NONE, .hides_as = VERDICT_GA_NAT, .peers = "99.83.128.0/17"},
        {NULL}};
    static const struct vantage_case cases[] = {
        VANTAGE("NLB's own log behind an accelerator", "nlb_access", NULL, NLB("99.83.200.9:20011"),
                "- none ga-nat trust=0 depth=0 via=99.83.200.9"),
        VANTAGE("GA's own log", "ga_flow", NULL,
                "1.0 123456789012 a1 81.2.69.142 50000 75.2.0.1 443 10.0.0.9 443 TCP IPV4 1 60 1764547200 1764547260 "
                "ACCEPT "
                "OK "
                "99.83.200.9 20011 eu-west-1 LHR1 INGRESS\n",
                "81.2.69.142:50000 peer ok trust=3 depth=0"),
        VANTAGE("flow behind both", FLOW, NULL, FLOW_LINE("99.83.200.9", ""),
                "- none ga-nat trust=0 depth=0 via=99.83.200.9 via-"),
    };
    VANTAGE_CHECK(hidden, cases);
    static const struct vantage_hop classic[] = {
        {.type = "clb", .carrier = CARRIER_APPEND},
        {.type = "haproxy", .carrier = CARRIER_APPEND, .peers = "192.0.2.0/24"},
        {NULL}};
    static const struct vantage_case classics[] = {
        VANTAGE("CLB's own log, a proxy in front, no list", "clb_access", NULL, CLB("192.0.2.9:1"),
                "- none xff-missing trust=0 depth=0 via=192.0.2.9"),
    };
    VANTAGE_CHECK(classic, classics);
}

/* A header that a hop says the client in, and a secret that says whose CloudFront it was. */
static void test_headers(void **state) {
    (void)state;
    static const struct vantage_hop hops[] = {{.type = "alb", .carrier = CARRIER_APPEND},
                                              {.type = "cloudfront",
                                               .carrier = CARRIER_HEADER,
                                               .header = "cloudfront-viewer-address",
                                               .last_colon = true,
                                               .appends = true,
                                               .secret = "x-origin-verify",
                                               .secret_value = "open sesame"},
                                              {NULL}};
#define EDGE WAF_HEADER("X-Forwarded-For", "81.2.69.142")
#define VIEWER WAF_HEADER("CloudFront-Viewer-Address", "81.2.69.142:46532")
    static const struct vantage_case cases[] = {
        VANTAGE("right", "waf", NULL,
                WAF("ALB", "130.176.96.72", EDGE "," VIEWER "," WAF_HEADER("X-Origin-Verify", "open sesame")),
                "81.2.69.142:46532 header ok trust=2 depth=1 via=130.176.96.72 waf=81.2.69.142",
                .has = "{\"name\":\"X-Origin-Verify\",\"value\":\"REDACTED\"}", .lacks = "sesame"),
        VANTAGE("wrong", "waf", NULL,
                WAF("ALB", "130.176.96.72", EDGE "," VIEWER "," WAF_HEADER("x-origin-verify", "open simsim")),
                "- none origin-unverified trust=0 depth=0 via=130.176.96.72 claim=81.2.69.142 waf=81.2.69.142 claim",
                .lacks = "simsim"),
        VANTAGE("absent", "waf", NULL, WAF("ALB", "130.176.96.72", EDGE "," VIEWER),
                "- none origin-unverified trust=0 depth=0 via=130.176.96.72 claim=81.2.69.142 waf=81.2.69.142 claim",
                .has = "81.2.69.142:46532"),
        VANTAGE("twice", "waf", NULL,
                WAF("ALB", "130.176.96.72",
                    EDGE "," VIEWER
                         "," WAF_HEADER("x-origin-verify", "open sesame") "," WAF_HEADER("x-origin-verify", "me, too")),
                "- none origin-unverified trust=0 depth=0 via=130.176.96.72 claim=81.2.69.142 waf=81.2.69.142 claim",
                .lacks = "sesame"),
        VANTAGE("with escapes", "waf", NULL,
                WAF("ALB", "130.176.96.72", EDGE "," VIEWER "," WAF_HEADER("x-origin-verify", "open\\u0020sesame")),
                "81.2.69.142:46532 header ok trust=2 depth=1 via=130.176.96.72 waf=81.2.69.142", .lacks = "sesame"),
        VANTAGE("no viewer", "waf", NULL,
                WAF("ALB", "130.176.96.72", EDGE "," WAF_HEADER("x-origin-verify", "open sesame")),
                "- none header-missing trust=0 depth=0 via=130.176.96.72 claim=81.2.69.142 waf=81.2.69.142 claim",
                .lacks = "sesame"),
        VANTAGE("the list says another one", "waf", NULL,
                WAF("ALB", "130.176.96.72",
                    WAF_HEADER("X-Forwarded-For", "192.0.2.1") "," VIEWER
                                                               "," WAF_HEADER("x-origin-verify", "open sesame")),
                "81.2.69.142:46532 header ok trust=2 depth=1 via=130.176.96.72 waf=192.0.2.1 carrier-mismatch"),
        VANTAGE("Lambda", "alb_lambda_event", NULL,
                LAMBDA(ONE(",\"x-forwarded-for\":\"81.2.69.142, "
                           "130.176.96.72\",\"cloudfront-viewer-address\":\"81.2.69.142:46532\","
                           "\"x-origin-verify\":\"open sesame\"")),
                "81.2.69.142:46532 header ok trust=2 depth=2 via=130.176.96.72", .lacks = "sesame"),
        VANTAGE(
            "Lambda, multi-value, wrong", "alb_lambda_event", NULL,
            LAMBDA(MANY(
                ",\"x-forwarded-for\":[\"81.2.69.142, 130.176.96.72\"],\"x-origin-verify\":[\"open sesame\",\"x\"]")),
            "- none origin-unverified trust=0 depth=1 via=130.176.96.72 claim=81.2.69.142 claim", .lacks = "sesame"),
    };
    VANTAGE_CHECK(hops, cases);
}

/* So many headers that they are read as a tree of their own: the secret is hidden there, too, and what stands last still counts. */
static void test_many_headers(void **state) {
    (void)state;
    static const struct vantage_hop hops[] = {{.type = "alb", .carrier = CARRIER_APPEND, .secret = "x-origin-verify"},
                                              {NULL}};
    static char line[200000];
    char *out = line;
    out += sprintf(
        out, "{\"timestamp\":1772366401000,\"webaclId\":\"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b\","
             "\"action\":\"ALLOW\",\"httpSourceName\":\"-\",\"httpRequest\":{\"clientIp\":\"10.0.3.7\",\"headers\":[");
    for (int i = 0; i < 310; i++) out += sprintf(out, WAF_HEADER("h%d", "v") ",", i);
    sprintf(out, WAF_HEADER("x-origin-verify", "open sesame") "," WAF_HEADER(
                     "x-forwarded-for", "81.2.69.142") "],\"uri\":\"/\"},"
                                                       "\"labels\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},"
                                                       "{\"name\":\"d\"},{\"name\":\"e\"},{\"name\":\"f\"},"
                                                       "{\"name\":\"g\"},{\"name\":\"h\"},{\"name\":\"i\"},{\"name\":"
                                                       "\"j\"},{\"name\":\"k\"},{\"name\":\"l\"},{\"name\":\"m\"}"
                                                       ",{\"name\":\"n\"},{\"name\":\"o\"},{\"name\":\"p\"},{\"name\":"
                                                       "\"q\"},{\"name\":\"r\"},{\"name\":\"s\"},{\"name\":\"t\"}"
                                                       ",{\"name\":\"u\"},{\"name\":\"v\"},{\"name\":\"w\"},{\"name\":"
                                                       "\"x\"},{\"name\":\"y\"},{\"name\":\"z\"},{\"name\":\"0\"}"
                                                       ",{\"name\":\"1\"},{\"name\":\"2\"},{\"name\":\"3\"},{\"name\":"
                                                       "\"4\"},{\"name\":\"5\"},{\"name\":\"6\"},{\"name\":\"7\"}"
                                                       ",{\"name\":\"8\"},{\"name\":\"9\"},{\"name\":\"A\"},{\"name\":"
                                                       "\"B\"},{\"name\":\"C\"},{\"name\":\"D\"},{\"name\":\"E\"}]}\n");
    const struct vantage_case cases[] = {VANTAGE("many headers", "waf", NULL, line,
                                                 "81.2.69.142 xff ok trust=2 depth=1 via=10.0.3.7 waf=81.2.69.142",
                                                 .has = "REDACTED", .lacks = "sesame")};
    VANTAGE_CHECK(hops, cases);
}

/* A header that comes very often: the entries that count are the last ones. */
static void test_repeated_headers(void **state) {
    (void)state;
    static const struct vantage_hop hops[] = {{.type = "alb", .carrier = CARRIER_APPEND}, {NULL}};
    static char line[100000];
    struct vantage_bench bench;
    struct encode_line encode;
    const struct origin origin = {.path = SLICE("a.log"), .name = SLICE("a.log"), .schema = schema_find(SLICE("waf"))};
    vantage_init(&bench, hops);
    encode_line_init(&encode, scan_choose());
    encode.rules = &bench.rules;
    for (uint32_t count = 1; count <= 300; count++) {
        for (uint32_t names = 1; names <= 2; names++) {
            char *out = line;
            out += sprintf(out, "{\"timestamp\":1772366401000,\"webaclId\":\"a\",\"action\":\"ALLOW\",\"httpRequest\":{"
                                "\"clientIp\":\"10.0.3.7\",\"headers\":[");
            for (uint32_t i = 0; i < count; i++)
                out += sprintf(out, WAF_HEADER("%s", "216.160.83.56, 216.160.83.56, 216.160.83.56") ",",
                               i % names == 0 ? "x-forwarded-for" : "forwarded");
            sprintf(out, WAF_HEADER("x-forwarded-for", "81.2.69.142") "],\"uri\":\"/\"}}\n");
            (void)encode_line(&encode, bench.encoder, &origin, slice_from(line), (struct slice){0});
            assert_int_equal(encode.reading.kind, READING_RECORD);
            assert_true(strstr(vantage_show(&encode.record), "81.2.69.142 xff spoofed-leftmost") != NULL);
        }
    }
    encode_line_destroy(&encode);
    vantage_destroy(&bench);
}

static int init(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_chain),
        cmocka_unit_test(test_nobody_in_between),
        cmocka_unit_test(test_cloudfront_and_alb),
        cmocka_unit_test(test_network_balancers),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_repeated_headers),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
