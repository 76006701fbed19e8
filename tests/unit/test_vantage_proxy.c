/* Who the client is by what proxies log, and logs that are JSON already.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vantage.h"

#define COMBINED \
    "nginx:$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_x_forwarded_for\""
#define COMBINED_LINE(peer, xff) peer " - - [01/Mar/2026:12:00:01 +0000] \"GET / HTTP/1.1\" 200 5 \"" xff "\""
#define HAPROXY(client, rest) \
    "haproxy[1]: " client     \
    " [01/Mar/2026:12:00:01.250] in~ back/srv 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 " rest "\n"
#define ENVOY_JSON(members) "{\"start_time\":\"2026-03-01T12:00:01Z\",\"response_flags\":\"-\"" members "}\n"
#define VERIFY "x-origin-verify"

static const struct vantage_hop alb[] = {{.type = "alb", .carrier = CARRIER_APPEND}, {NULL}};

static void test_nginx(void **state) {
    (void)state;
    static const struct vantage_case unused[] = {
        VANTAGE("list", COMBINED, NULL, COMBINED_LINE("10.0.3.7", "192.0.2.1") "\n",
                "10.0.3.7 peer ok trust=1 depth=0 evidence-unused,non-global"),
        VANTAGE("no list", COMBINED, NULL, COMBINED_LINE("81.2.69.142", "-") "\n",
                "81.2.69.142 peer ok trust=1 depth=0"),
        VANTAGE("PROXY header", "nginx:$remote_addr $proxy_protocol_addr $time_iso8601", NULL,
                "10.0.3.7 81.2.69.142 2026-03-01T12:00:01+00:00\n",
                "10.0.3.7 peer ok trust=1 depth=0 evidence-unused,non-global"),
        VANTAGE("its port before the realip module",
                "nginx:$realip_remote_addr:$realip_remote_port $remote_addr:$remote_port $time_iso8601", NULL,
                "10.0.3.7:40001 81.2.69.142:50001 2026-03-01T12:00:01+00:00\n",
                "10.0.3.7:40001 peer ok trust=1 depth=0 non-global", .has = "remote_port=50001"),
        VANTAGE("the realip module without a port", "nginx:$realip_remote_addr $remote_addr:$remote_port $time_iso8601",
                NULL, "10.0.3.7 81.2.69.142:50001 2026-03-01T12:00:01+00:00\n",
                "10.0.3.7 peer ok trust=1 depth=0 non-global"),
        VANTAGE("the realip module that changed nothing",
                "nginx:$realip_remote_addr $remote_addr:$remote_port $time_iso8601", NULL,
                "81.2.69.142 81.2.69.142:50001 2026-03-01T12:00:01+00:00\n",
                "81.2.69.142:50001 peer ok trust=1 depth=0"),
        VANTAGE("a socket", COMBINED, NULL, COMBINED_LINE("unix:", "81.2.69.142") "\n",
                "- none peer-invalid trust=0 depth=0 evidence-unused"),
    };
    VANTAGE_CHECK(NULL, unused);
    static const struct vantage_case cases[] = {
        VANTAGE("forged left", COMBINED, NULL, COMBINED_LINE("10.0.3.7", "216.160.83.56, 81.2.69.142") "\n",
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 base=ok"),
        VANTAGE("past the balancer", COMBINED, NULL, COMBINED_LINE("89.160.20.112", "81.2.69.142") "\n",
                "89.160.20.112 peer bypass trust=3 depth=0 claim=81.2.69.142 xff-ignored"),
        VANTAGE("escapes", COMBINED, NULL,
                COMBINED_LINE("10.0.3.7", "\\x22192.168.1.1\\x22,\\x09\\x2281.2.69.142\\x22") "\n",
                "81.2.69.142 xff client-proxy trust=2 depth=1 via=10.0.3.7 claim=\"192.168.1.1\" base=ok,quoted"),
        VANTAGE("none", COMBINED, NULL, COMBINED_LINE("10.0.3.7", "-") "\n",
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
        VANTAGE("common format: no list", "nginx", NULL,
                "10.0.3.7 - - [01/Mar/2026:12:00:01 +0000] \"GET / HTTP/1.1\" 200 5\n",
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
        VANTAGE("behind the realip module",
                "nginx:$realip_remote_addr $remote_addr $time_iso8601 \"$http_x_forwarded_for\"", NULL,
                "10.0.3.7 192.0.2.9 2026-03-01T12:00:01+00:00 \"81.2.69.142\"\n",
                "81.2.69.142 xff ok trust=2 depth=1 via=10.0.3.7"),
    };
    VANTAGE_CHECK(alb, cases);
}

static void test_nginx_carriers(void **state) {
    (void)state;
    static const struct vantage_hop tiers[] = {{.type = "nginx", .carrier = CARRIER_APPEND, .peers = "10.1.0.0/16"},
                                               {.type = "alb", .carrier = CARRIER_APPEND},
                                               {NULL}};
    static const struct vantage_case two[] = {
        VANTAGE("the inner one", COMBINED, NULL, COMBINED_LINE("10.1.0.2", "81.2.69.142, 10.0.3.7") "\n",
                "81.2.69.142 xff ok trust=2 depth=2 via=10.0.3.7"),
        VANTAGE("the outer one", COMBINED, NULL, COMBINED_LINE("10.0.3.7", "81.2.69.142") "\n",
                "81.2.69.142 xff ok trust=2 depth=1 via=10.0.3.7"),
        VANTAGE("HAProxy behind both", "haproxy:x-forwarded-for len 100", NULL,
                HAPROXY("10.1.0.2:1", "{81.2.69.142, 10.0.3.7} \"GET / HTTP/1.1\""),
                "81.2.69.142 xff ok trust=2 depth=2 via=10.0.3.7"),
    };
    VANTAGE_CHECK(tiers, two);
    static const struct vantage_hop proxied[] = {{.type = "nlb", .carrier = CARRIER_PP}, {NULL}};
    static const struct vantage_case headers[] = {
        VANTAGE("PROXY header", "nginx:$remote_addr $proxy_protocol_addr:$proxy_protocol_port $time_iso8601", NULL,
                "10.0.3.7 81.2.69.142:51234 2026-03-01T12:00:01+00:00\n",
                "81.2.69.142:51234 pp2 ok trust=3 depth=1 via=10.0.3.7"),
        VANTAGE("IPv6 in it", "nginx:$remote_addr $proxy_protocol_addr $time_iso8601", NULL,
                "10.0.3.7 2001:218::1 2026-03-01T12:00:01+00:00\n", "2001:218::1 pp2 ok trust=3 depth=1 via=10.0.3.7"),
        VANTAGE("none", "nginx:$remote_addr $proxy_protocol_addr $time_iso8601", NULL,
                "10.0.3.7 - 2026-03-01T12:00:01+00:00\n", "- none pp-missing trust=0 depth=0 via=10.0.3.7"),
    };
    VANTAGE_CHECK(proxied, headers);
    static const struct vantage_hop classic[] = {{.type = "clb", .carrier = CARRIER_PP}, {NULL}};
    static const struct vantage_case first[] = {
        VANTAGE("of a classic balancer", "nginx:$remote_addr $proxy_protocol_addr $time_iso8601", NULL,
                "10.0.3.7 81.2.69.142 2026-03-01T12:00:01+00:00\n", "81.2.69.142 pp1 ok trust=3 depth=1 via=10.0.3.7"),
    };
    VANTAGE_CHECK(classic, first);
}

static void test_nginx_forwarded(void **state) {
    (void)state;
    struct vantage_bench bench;
    static const struct vantage_case cases[] = {
        VANTAGE("quotes", "nginx:$remote_addr $time_iso8601 \"$http_forwarded\"", NULL,
                "10.0.3.7 2026-03-01T12:00:01+00:00 \"for=216.160.83.56, "
                "for=\\x22[2001:218::1]:4711\\x22;host=\\x22a,b\\x22\"\n",
                "2001:218::1:4711 forwarded spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 "
                "base=ok,quoted"),
        VANTAGE("HAProxy", "haproxy:host|forwarded len 200", NULL,
                HAPROXY("10.0.3.7:1", "{a.example|for=#22[2001:218::1]#22;host=#22a#7Cb#22} \"GET / HTTP/1.1\""),
                "2001:218::1 forwarded ok trust=2 depth=1 via=10.0.3.7 quoted"),
    };
    vantage_init(&bench, alb);
    bench.chain.forwarded = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) vantage_check(&bench, &cases[i]);
    vantage_destroy(&bench);
}

static void test_secrets(void **state) {
    (void)state;
    static const struct vantage_hop hops[] = {{.type = "cloudfront",
                                               .carrier = CARRIER_HEADER,
                                               .header = "true-client-ip",
                                               .secret = VERIFY,
                                               .secret_value = "a\"b"},
                                              {NULL}};
#define SECRET "nginx:$remote_addr $time_iso8601 \"$http_true_client_ip\" \"$http_x_origin_verify\""
#define CAPTURES "haproxy:true-client-ip|user-agent|" VERIFY " len 50"
#define UNVERIFIED "- none origin-unverified trust=0 depth=0 via=130.176.96.72"
#define CLIENT "81.2.69.142 header ok trust=2 depth=1 via=130.176.96.72"
    static const struct vantage_case cases[] = {
        VANTAGE("NGINX", SECRET, NULL, "130.176.96.72 2026-03-01T12:00:01+00:00 \"81.2.69.142\" \"a\\x22b\"\n", CLIENT,
                .has = "http_true_client_ip=81.2.69.142", .lacks = "verify"),
        VANTAGE("wrong", SECRET, NULL, "130.176.96.72 2026-03-01T12:00:01+00:00 \"81.2.69.142\" \"ab\"\n", UNVERIFIED,
                .lacks = "verify"),
        VANTAGE("absent", SECRET, NULL, "130.176.96.72 2026-03-01T12:00:01+00:00 \"81.2.69.142\" \"-\"\n", UNVERIFIED),
        VANTAGE("not logged", "nginx:$remote_addr $time_iso8601 \"$http_true_client_ip\"", NULL,
                "130.176.96.72 2026-03-01T12:00:01+00:00 \"81.2.69.142\"\n", UNVERIFIED),
        VANTAGE("in doubt", "nginx:$remote_addr [$time_local] $http_true_client_ip $http_x_origin_verify .", NULL,
                "130.176.96.72 [01/Mar/2026:12:00:01 +0000] 81.2.69.142 a b .\n", UNVERIFIED, .lacks = "a b"),
        VANTAGE("HAProxy", CAPTURES, NULL, HAPROXY("130.176.96.72:1", "{81.2.69.142|curl|a#22b} \"GET / HTTP/1.1\""),
                CLIENT, .has = "\"user_agent\":{\"original\":\"curl\"}", .lacks = "verify"),
        VANTAGE("HAProxy, wrong", CAPTURES, NULL,
                HAPROXY("130.176.96.72:1", "{81.2.69.142|curl|a#7Cb} {x} \"GET / HTTP/1.1\""), UNVERIFIED,
                .lacks = "a|b"),
        VANTAGE("HAProxy, another frontend", CAPTURES, NULL,
                HAPROXY("130.176.96.72:1", "{81.2.69.142|a#22b} \"GET / HTTP/1.1\""), UNVERIFIED, .lacks = "a\\\"b"),
        VANTAGE("Envoy", "envoy", NULL,
                ENVOY_JSON(",\"downstream_direct_remote_address\":\"130.176.96.72:1\",\"true_client_ip\":\"81.2.69."
                           "142\",\"x_origin_verify\":\"a\\\"b\""),
                CLIENT, .has = "true_client_ip=81.2.69.142", .lacks = "verify"),
        VANTAGE("ndjson by name", "ndjson", "header.True-Client-IP=who",
                "{\"time\":\"2026-03-01T12:00:01Z\",\"peer\":\"130.176.96.72\",\"who\":\"81.2.69.142\"}\n", UNVERIFIED,
                .has = "who=81.2.69.142"),
    };
    VANTAGE_CHECK(hops, cases);
    static const struct vantage_hop verified[] = {{.type = "cloudfront", .carrier = CARRIER_APPEND, .secret = VERIFY},
                                                  {NULL}};
    static const struct vantage_case any[] = {
        VANTAGE("ndjson", "ndjson", "header.X-Origin-Verify=request.v",
                "{\"time\":\"2026-03-01T12:00:01Z\",\"peer\":\"130.176.96.72\",\"xff\":\"81.2.69.142\",\"request\":{"
                "\"v\":\"sesame\",\"w\":1}}\n",
                "81.2.69.142 xff ok trust=2 depth=1 via=130.176.96.72", .has = "request.w=1", .lacks = "sesame"),
        VANTAGE("ndjson, headers in any letters", "ndjson", "xff=h.headers.X-Forwarded-For",
                "{\"time\":\"2026-03-01T12:00:01Z\",\"peer\":\"130.176.96.72\",\"h\":{\"headers\":{\"x-FORWARDED-for\":"
                "[\"1.1.1.1\",\"81.2.69.142\"],"
                "\"X-Origin-Verify\":\"sesame\"}}}\n",
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=130.176.96.72 claim=1.1.1.1 base=ok",
                .lacks = "sesame"),
    };
    VANTAGE_CHECK(verified, any);
}

/* Entries that the walk has read are written without being read again. */
static void test_forwarded_addresses(void **state) {
    (void)state;
    static const struct vantage_hop edge[] = {
        {.type = "alb", .carrier = CARRIER_APPEND}, {.type = "cloudfront", .carrier = CARRIER_APPEND}, {NULL}};
#define FIRST "nginx:$http_x_forwarded_for|$remote_addr|$time_iso8601"
#define FIRST_LINE(xff) xff "|10.0.3.7|2026-03-01T12:00:01+00:00\n"
    static const struct vantage_case cases[] = {
        VANTAGE("claim, client, hop", COMBINED, NULL,
                COMBINED_LINE("10.0.3.7", "192.0.2.6, 81.2.69.142, 130.176.96.72") "\n",
                "81.2.69.142 xff client-proxy trust=2 depth=2 via=130.176.96.72 claim=192.0.2.6 base=ok",
                .has = "\"forwarded_ip\":[\"192.0.2.6\",\"81.2.69.142\",\"130.176.96.72\"]"),
        VANTAGE(
            "and what none of these is", COMBINED, NULL,
            COMBINED_LINE("10.0.3.7", "192.0.2.6,81.2.69.14,1.1.1.1:80,130.176.96.7, 81.2.69.142,130.176.96.72") "\n",
            "81.2.69.142 xff client-proxy trust=2 depth=2 via=130.176.96.72 claim=192.0.2.6 base=ok",
            .has = "\"forwarded_ip\":[\"192.0.2.6\",\"81.2.69.14\",\"1.1.1.1\",\"130.176.96.7\","
                   "\"81.2.69.142\",\"130.176.96.72\"]"),
        VANTAGE(
            "the longest ones", COMBINED, NULL,
            COMBINED_LINE("10.0.3.7", "222.222.222.222, 222.222.222.221,  222.222.222.220 , 130.176.196.172") "\n",
            "222.222.222.220 xff spoofed-leftmost trust=2 depth=2 via=130.176.196.172 claim=222.222.222.222 base=ok",
            .has = "\"forwarded_ip\":[\"222.222.222.222\",\"222.222.222.221\",\"222.222.222.220\","
                   "\"130.176.196.172\"]"),
        VANTAGE(
            "longer than any dotted quad", COMBINED, NULL,
            COMBINED_LINE("10.0.3.7", "2001:DB8:0:0:0:0:0:0017,2001:218::0:1,2600:9000:5200::1") "\n",
            "2001:218::1 xff client-proxy trust=2 depth=2 via=2600:9000:5200::1 claim=2001:DB8:0:0:0:0:0:0017 base=ok",
            .has = "\"forwarded_ip\":[\"2001:db8::17\",\"2001:218::1\",\"2600:9000:5200::1\"]"),
        VANTAGE("with ports, which belong to none", COMBINED, NULL,
                COMBINED_LINE("10.0.3.7", "192.0.2.6:1, 81.2.69.142:2, 130.176.96.72:3") "\n",
                "81.2.69.142:2 xff client-proxy trust=2 depth=2 via=130.176.96.72 claim=192.0.2.6:1 base=ok",
                .has = "\"forwarded_ip\":[\"192.0.2.6\",\"81.2.69.142\",\"130.176.96.72\"]"),
        VANTAGE("an empty entry where the text begins", FIRST, NULL,
                FIRST_LINE(",2001:218::1,81.2.69.142,,130.176.96.72"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=2 via=130.176.96.72 claim=2001:218::1 base=ok",
                .has = "\"forwarded_ip\":[\"2001:218::1\",\"81.2.69.142\",\"130.176.96.72\"]"),
        VANTAGE("an empty entry there, and no address", FIRST, NULL, FIRST_LINE(",oops,x"),
                "- none xff-garbled trust=0 depth=0 via=10.0.3.7 claim=oops claim", .lacks = "forwarded_ip"),
        VANTAGE("read from a copy without escapes", COMBINED, NULL,
                COMBINED_LINE("10.0.3.7", "192.0.2.6,\\x0981.2.69.142,130.176.96.72") "\n",
                "81.2.69.142 xff client-proxy trust=2 depth=2 via=130.176.96.72 claim=192.0.2.6 base=ok",
                .has = "\"forwarded_ip\":[\"192.0.2.6\",\"130.176.96.72\"]"),
    };
    VANTAGE_CHECK(edge, cases);
}

static void test_haproxy(void **state) {
    (void)state;
#define NAMED "haproxy:x-forwarded-for len 40|user-agent len 10"
    static const struct vantage_case cases[] = {
        VANTAGE("list", NAMED, NULL, HAPROXY("10.0.3.7:1", "{216.160.83.56,81.2.69.142|curl} \"GET / HTTP/1.1\""),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 base=ok",
                .has = "\"forwarded_ip\":[\"216.160.83.56\",\"81.2.69.142\"]", .lacks = "captured"),
        VANTAGE("with a block of the response", NAMED, NULL,
                HAPROXY("10.0.3.7:1", "{81.2.69.142|} {nginx} \"GET / HTTP/1.1\""),
                "81.2.69.142 xff ok trust=2 depth=1 via=10.0.3.7", .has = "\"captured_response_headers\":\"nginx\""),
        VANTAGE("a long list that HAProxy cut: the entries that count are gone", NAMED, NULL,
                HAPROXY("10.0.3.7:1", "{9.9.9.9,9.9.9.9,9.9.9.9,9.9.9.9,9.9.9.9 |curl} \"GET / HTTP/1.1\""),
                "- none xff-garbled trust=0 depth=0 via=10.0.3.7 claim=9.9.9.9 claim", .has = "truncated"),
        VANTAGE("one byte less", NAMED, NULL,
                HAPROXY("10.0.3.7:1", "{9.9.9.9,9.9.9.9,9.9.9.9,9.9.9.9,9.9.9.9|curl} \"GET / HTTP/1.1\""),
                "9.9.9.9 xff ok trust=2 depth=1 via=10.0.3.7 claim=9.9.9.9"),
        VANTAGE("a line that ends inside", NAMED, NULL,
                "haproxy[1]: 10.0.3.7:1 [01/Mar/2026:12:00:01.250] in~ back/srv 10/0/30/69/109 200 2750 - - ---- "
                "1/1/1/1/0 0/0 {216.160.83.56|c\n",
                "- none xff-missing trust=0 depth=0 via=10.0.3.7", .has = "216.160.83.56"),
        VANTAGE("others than were said", NAMED, NULL, HAPROXY("10.0.3.7:1", "{81.2.69.142} \"GET / HTTP/1.1\""),
                "- none xff-missing trust=0 depth=0 via=10.0.3.7", .has = "\"captured_headers\":\"81.2.69.142\""),
        VANTAGE("none", NAMED, NULL, HAPROXY("10.0.3.7:1", "{|curl} \"GET / HTTP/1.1\""),
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
        VANTAGE("past the balancer", NAMED, NULL, HAPROXY("2001:218::1:443", "{81.2.69.142|curl} \"GET / HTTP/1.1\""),
                "2001:218::1:443 peer bypass trust=3 depth=0 claim=81.2.69.142 xff-ignored"),
        VANTAGE("brackets", NAMED, NULL, HAPROXY("[2001:218::1]:443", "{|} \"GET / HTTP/1.1\""),
                "2001:218::1:443 peer bypass trust=3 depth=0"),
        VANTAGE("a socket", NAMED, NULL, HAPROXY("unix:1", "{81.2.69.142|curl} \"GET / HTTP/1.1\""),
                "- none peer-invalid trust=0 depth=0"),
        VANTAGE("names were not said", "haproxy", NULL, HAPROXY("10.0.3.7:1", "{81.2.69.142|curl} \"GET / HTTP/1.1\""),
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
    };
    VANTAGE_CHECK(alb, cases);
}

static void test_names_of_captures(void **state) {
    (void)state;
    static const struct {
        const char *names, *expected; /* NULL: good */
    } cases[] = {
        {"user-agent", NULL},
        {"User-Agent len 5|X-Forwarded-For len 200", NULL},
        {"x-forwarded-for", "needs the length"},
        {"forwarded|a", "needs the length"},
        {"", "got ``"},
        {"a||b", "got ``"},
        {"a len", "got `a len`"},
        {"a len 0", "got `a len 0`"},
        {"a len 5 ", "got `a len 5 `"},
        {"a size 5", "got `a size 5`"},
        {"a len 1234567", "got `a len 1234567`"},
        {"a b", "got `a b`"},
        {"a:b", "got `a:b`"},
        {"a|A", "a is there twice"},
        {"0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v", NULL},
        {"0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w", "more than 32"},
    };
    static const struct wanted_headers none;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct haproxy_captures captures;
        struct error error;
        enum status status = haproxy_captures_init(&captures, guard_copy(slice_from(cases[i].names)), &none, &error);
        if ((status == STATUS_OK) != (cases[i].expected == NULL)) fail_msg("%s", cases[i].names);
        if (status != STATUS_OK && strstr(error.message, cases[i].expected) == NULL)
            fail_msg("%s: %s", cases[i].names, error.message);
    }
}

static void test_envoy(void **state) {
    (void)state;
#define TEXT(xff)                                                        \
    "[2026-03-01T12:00:01.250Z] \"GET / HTTP/1.1\" 200 - 0 5 1 1 \"" xff \
    "\" \"curl\" \"id\" \"a.example\" \"10.0.0.9:80\"\n"
#define DIRECT(direct, xff) \
    ENVOY_JSON(",\"downstream_direct_remote_address\":\"" direct "\",\"x_forwarded_for\":\"" xff "\"")
    static const struct vantage_case unused[] = {
        VANTAGE("text", "envoy", NULL, TEXT("81.2.69.142"), "- none peer-invalid trust=0 depth=0 evidence-unused"),
        VANTAGE("JSON", "envoy", NULL, DIRECT("10.0.3.7:1", "81.2.69.142"),
                "10.0.3.7:1 peer ok trust=1 depth=0 evidence-unused,non-global"),
    };
    VANTAGE_CHECK(NULL, unused);
    static const struct vantage_case peers[] = {
        VANTAGE("text has no peer", "envoy", NULL, TEXT("81.2.69.142"), "- none peer-invalid trust=0 depth=0"),
        VANTAGE("its own entry is dropped", "envoy", NULL, DIRECT("10.0.3.7:1", "216.160.83.56,81.2.69.142,10.0.3.7"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 base=ok"),
        VANTAGE("it has put none", "envoy", NULL, DIRECT("10.0.3.7:1", "216.160.83.56,81.2.69.142"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 base=ok"),
        VANTAGE("past the balancer", "envoy", NULL, DIRECT("81.2.69.142:1", "216.160.83.56,81.2.69.142"),
                "81.2.69.142:1 peer bypass trust=3 depth=0 claim=216.160.83.56 xff-ignored"),
        VANTAGE("only its own", "envoy", NULL, DIRECT("10.0.3.7:1", "10.0.3.7"),
                "- none xff-missing trust=0 depth=0 via=10.0.3.7"),
    };
    VANTAGE_CHECK(alb, peers);
    static const struct vantage_hop hops[] = {{.type = "envoy", .carrier = CARRIER_APPEND, .peers = "10.1.0.0/16"},
                                              {.type = "alb", .carrier = CARRIER_APPEND},
                                              {NULL}};
    static const struct vantage_case inside[] = {
        VANTAGE("text", "envoy", NULL, TEXT("216.160.83.56, 81.2.69.142,10.0.3.7"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=2 via=10.0.3.7 claim=216.160.83.56 base=ok"),
        VANTAGE("past the balancer", "envoy", NULL, TEXT("216.160.83.56,81.2.69.142"),
                "81.2.69.142 xff bypass trust=2 depth=1 claim=216.160.83.56 xff-ignored"),
        VANTAGE("none", "envoy", NULL, TEXT("-"), "- none xff-missing trust=0 depth=0"),
        VANTAGE("JSON, which has the peer", "envoy", NULL, DIRECT("10.0.3.7:1", "216.160.83.56,81.2.69.142,10.0.3.7"),
                "81.2.69.142 xff spoofed-leftmost trust=2 depth=1 via=10.0.3.7 claim=216.160.83.56 base=ok"),
        VANTAGE("two tiers", "envoy", NULL, DIRECT("10.1.0.2:1", "81.2.69.142,10.0.3.7,10.1.0.2"),
                "81.2.69.142 xff ok trust=2 depth=2 via=10.0.3.7"),
        VANTAGE("past all, with an Envoy that appends nothing", "envoy", NULL, DIRECT("81.2.69.142:1", "10.0.3.7"),
                "81.2.69.142:1 peer bypass trust=3 depth=0 claim=10.0.3.7 xff-ignored"),
    };
    VANTAGE_CHECK(hops, inside);
}

static int init(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nginx),           cmocka_unit_test(test_nginx_carriers),
        cmocka_unit_test(test_nginx_forwarded), cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_haproxy),         cmocka_unit_test(test_names_of_captures),
        cmocka_unit_test(test_envoy),           cmocka_unit_test(test_forwarded_addresses),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
