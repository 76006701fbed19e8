/* The walk through libwherefrom: what a backend is told, by chains as users write them.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/library_case.h"

#define ALB "[{type: alb, peers: [10.0.0.0/16, 'fd00:1::/64'], carrier: append}]"
#define PORTS "[{type: alb, peers: [10.0.0.0/16], carrier: append, xff_port: true}]"
#define EDGE                                                 \
    "- {type: alb, peers: [10.0.0.0/16], carrier: append}\n" \
    "- {type: cloudfront, peers: [130.176.0.0/16], carrier: append}\n"
#define MAYBE                                                \
    "- {type: alb, peers: [10.0.0.0/16], carrier: append}\n" \
    "- {type: cloudfront, peers: [130.176.0.0/16], carrier: append, optional: true}\n"
#define SECRET                                                           \
    "- type: alb\n  peers: [10.0.0.0/16]\n  carrier: append\n"           \
    "- type: cloudfront\n  peers: [130.176.0.0/16]\n  carrier: append\n" \
    "  secret:\n    header: X-Origin-Verify\n"                           \
    "    sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n" /* of "secret" */
#define PRESENT "[{type: cdn, peers: [10.0.0.0/16], carrier: append, secret: {header: X-Key}}]"
#define VIEWER "[{type: cdn, peers: [10.0.0.0/16], carrier: header, header: X-Viewer, fmt: lastcolon}]"
#define LETS_THROUGH                                         \
    "[{type: alb, peers: [10.0.0.0/16], carrier: preserve}," \
    " {type: cloudfront, peers: [130.176.0.0/16], carrier: append}]"
#define INSIDE "[{type: proxy, peers: [10.0.0.0/8], carrier: append, repeat: true}]"
#define ELEMENTS "[{type: envoy, peers: [10.0.0.0/16], carrier: append, header: Forwarded}]"
#define BALANCER "[{type: clb, peers: [10.0.9.0/24], carrier: pp}]"
#define HIDES "[{type: vpn, peers: [10.0.0.0/16], carrier: none, as: behind-vpn}]"
#define KEPT                                                                                                       \
    "[{type: nlb, carrier: transparent}, {type: alb, peers: [10.0.0.0/16], carrier: append}, {type: ga, carrier: " \
    "transparent}]"

/* clang-format off */
static const struct library_case cases[] = {
    {"nothing declared", NULL, "81.2.69.142:1000", {0}, {{0}}, NULL, false, "81.2.69.142 1000 ok peer 1 0 []"},
    {"nothing declared, and a header", NULL, "10.0.0.1", {"1.1.1.1"}, {{0}}, NULL, false, "10.0.0.1 0 ok peer 1 0 [evidence-unused,non-global]"},
    {"nothing declared, and an empty header", NULL, "10.0.0.1", {""}, {{0}}, NULL, false, "10.0.0.1 0 ok peer 1 0 [non-global]"},
    {"nothing declared, and the other header", NULL, "10.0.0.1", {"for=1.1.1.1"}, {{0}}, NULL, true, "10.0.0.1 0 ok peer 1 0 [evidence-unused,non-global]"},
    {"nothing declared, and a PROXY header", NULL, "10.0.0.1", {0}, {{0}}, "PROXY UNKNOWN\r\n", false, "10.0.0.1 0 ok peer 1 0 [evidence-unused,non-global]"},
    {"nothing declared, no peer", NULL, "unix:", {0}, {{0}}, NULL, false, "0 peer-invalid none 0 0 []"},
    {"nobody", "[]", "[2001:218::1]:1000", {0}, {{0}}, NULL, false, "2001:218::1 1000 ok peer 3 0 []"},
    {"nobody, and a claim", "[]", "81.2.69.142", {"216.160.83.56"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost peer 3 0 [base=ok] claim=216.160.83.56"},
    {"nobody by its name", "direct", "81.2.69.142", {"216.160.83.56"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost peer 3 0 [base=ok] claim=216.160.83.56"},
    {"JSON, too", "[{\"type\": \"alb\", \"peers\": [\"10.0.0.0/16\"], \"carrier\": \"append\"}]", "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] via=10.0.3.7"},
    {"peer is no address", ALB, "localhost", {"81.2.69.142"}, {{0}}, NULL, false, "0 peer-invalid none 0 0 []"},
    {"peer is empty", ALB, "", {"81.2.69.142"}, {{0}}, NULL, false, "0 peer-invalid none 0 0 []"},
    {"an entry", ALB, "10.0.3.7:33", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] via=10.0.3.7"},
    {"an entry, IPv6 peer", ALB, "fd00:1::7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] via=fd00:1::7"},
    {"a mapped peer", ALB, "::ffff:10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [v4-mapped] via=10.0.3.7"},
    {"missing", ALB, "10.0.3.7", {0}, {{0}}, NULL, false, "0 xff-missing none 0 0 [] via=10.0.3.7"},
    {"empty", ALB, "10.0.3.7", {" \t"}, {{0}}, NULL, false, "0 xff-missing none 0 0 [] via=10.0.3.7"},
    {"empty members", ALB, "10.0.3.7", {",, 81.2.69.142 ,,"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] via=10.0.3.7"},
    {"17 empty members", ALB, "10.0.3.7", {"81.2.69.142,,,,,,,,,,,,,,,,,"}, {{0}}, NULL, false, "0 xff-garbled none 0 0 [claim] claim=81.2.69.142 via=10.0.3.7"},
    {"unknown", ALB, "10.0.3.7", {"9.9.9.9, Unknown:80"}, {{0}}, NULL, false, "0 xff-unknown none 0 0 [claim] claim=9.9.9.9 via=10.0.3.7"},
    {"obfuscated", ALB, "10.0.3.7", {"_x"}, {{0}}, NULL, false, "0 xff-obfuscated none 0 0 [] via=10.0.3.7"},
    {"garbled", ALB, "10.0.3.7", {"81.2.69.142 1.1.1.1"}, {{0}}, NULL, false, "0 xff-garbled none 0 0 [] via=10.0.3.7"},
    {"past it", ALB, "89.160.20.112:4000", {"81.2.69.142"}, {{0}}, NULL, false, "89.160.20.112 4000 bypass peer 3 0 [xff-ignored] claim=81.2.69.142"},
    {"past it with nothing", ALB, "89.160.20.112:4000", {0}, {{0}}, NULL, false, "89.160.20.112 4000 bypass peer 3 0 []"},
    {"its own address at the end", ALB, "10.0.3.7", {"10.0.5.5"}, {{0}}, NULL, false, "10.0.5.5 0 all-trusted xff 1 1 [non-global] via=10.0.5.5"},
    {"forged", ALB, "10.0.3.7", {"9.9.9.9, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost xff 2 1 [base=ok] claim=9.9.9.9 via=10.0.3.7"},
    {"says itself twice", ALB, "10.0.3.7", {"81.2.69.142, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] claim=81.2.69.142 via=10.0.3.7"},
    {"a proxy of its own", ALB, "10.0.3.7", {"172.16.1.1, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 client-proxy xff 2 1 [base=ok] claim=172.16.1.1 via=10.0.3.7"},
    {"a script", ALB, "10.0.3.7", {"<script>, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 claim-garbled xff 2 1 [base=ok] claim=<script> via=10.0.3.7"},
    {"a long claim", ALB, "10.0.3.7", {"0123456789012345678901234567890123456789012345678901234567890123456789, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 claim-garbled xff 2 1 [base=ok] claim=0123456789012345678901234567890123456789012345678901234567890123 via=10.0.3.7"},
    {"four lines", ALB, "10.0.3.7", {"9.9.9.9", "", "1.1.1.1", "81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost xff 2 1 [base=ok] claim=9.9.9.9 via=10.0.3.7"},
    {"a folded line", ALB, "10.0.3.7", {"9.9.9.9,\r\n\t81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost xff 2 1 [base=ok] claim=9.9.9.9 via=10.0.3.7"},
    {"quoted", ALB, "10.0.3.7", {"\"81.2.69.142\""}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [quoted] via=10.0.3.7"},
    {"a zone", ALB, "10.0.3.7", {"fe80::1%eth0"}, {{0}}, NULL, false, "fe80::1 0 ok xff 2 1 [non-global,zone] via=10.0.3.7"},
    {"NAT64", ALB, "10.0.3.7", {"64:ff9b::5102:458e"}, {{0}}, NULL, false, "64:ff9b::5102:458e 0 ok xff 2 1 [nat64] via=10.0.3.7"},
    {"a port", PORTS, "10.0.3.7", {"[2001:218::1]:8080"}, {{0}}, NULL, false, "2001:218::1 8080 ok xff 2 1 [] via=10.0.3.7"},
    {"no port", PORTS, "10.0.3.7", {"2001:218::1"}, {{0}}, NULL, false, "2001:218::1 0 ok xff 2 1 [port-missing] via=10.0.3.7"},
    {"two hops", EDGE, "10.0.3.7", {"81.2.69.142, 130.176.96.72:4433"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 2 [] via=130.176.96.72"},
    {"two hops, the outer one passed by", EDGE, "10.0.3.7", {"81.2.69.142, 89.160.20.112"}, {{0}}, NULL, false, "89.160.20.112 0 bypass xff 2 1 [xff-ignored] claim=81.2.69.142 via=10.0.3.7"},
    {"two hops, the inner one twice", EDGE, "10.0.3.7", {"81.2.69.142, 10.0.4.4"}, {{0}}, NULL, false, "0 hop-unexpected none 0 1 [claim] claim=81.2.69.142 via=10.0.4.4"},
    {"an optional hop", MAYBE, "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [skipped-cloudfront] via=10.0.3.7"},
    {"an optional hop that is there", MAYBE, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 2 [] via=130.176.1.1"},
    {"a secret", SECRET, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{"x-origin-VERIFY", " secret\t"}}, NULL, false, "81.2.69.142 0 ok xff 2 2 [] via=130.176.1.1"},
    {"a wrong secret", SECRET, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{"X-Origin-Verify", "secrets"}}, NULL, false, "0 origin-unverified none 0 1 [claim] claim=81.2.69.142 via=130.176.1.1"},
    {"an empty secret", SECRET, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{"X-Origin-Verify", ""}}, NULL, false, "0 origin-unverified none 0 1 [claim] claim=81.2.69.142 via=130.176.1.1"},
    {"no secret", SECRET, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{"X-Origin-Verif", "secret"}, {"X-Origin-Verify2", "secret"}}, NULL, false, "0 origin-unverified none 0 1 [claim] claim=81.2.69.142 via=130.176.1.1"},
    {"a secret twice", SECRET, "10.0.3.7", {"81.2.69.142, 130.176.1.1"}, {{"X-Origin-Verify", "secret"}, {"X-Origin-Verify", "secret"}}, NULL, false, "0 origin-unverified none 0 1 [claim] claim=81.2.69.142 via=130.176.1.1"},
    {"a secret that must be there", PRESENT, "10.0.3.7", {"81.2.69.142"}, {{"X-Key", "any"}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [] via=10.0.3.7"},
    {"and is empty", PRESENT, "10.0.3.7", {"81.2.69.142"}, {{"X-Key", " "}}, NULL, false, "0 origin-unverified none 0 0 [claim] claim=81.2.69.142 via=10.0.3.7"},
    {"a header", VIEWER, "10.0.3.7", {0}, {{"Host", "x"}, {"X-VIEWER", " 2001:218::1:52325"}}, NULL, false, "2001:218::1 52325 ok header 2 1 [] via=10.0.3.7"},
    {"no header", VIEWER, "10.0.3.7", {0}, {{"Host", "x"}}, NULL, false, "0 header-missing none 0 0 [] via=10.0.3.7"},
    {"a header without a value", VIEWER, "10.0.3.7", {0}, {{"X-Viewer", NULL}}, NULL, false, "0 header-missing none 0 0 [] via=10.0.3.7"},
    {"a header twice", VIEWER, "10.0.3.7", {0}, {{"X-Viewer", "81.2.69.142:1"}, {"x-viewer", "81.2.69.142:1"}}, NULL, false, "0 header-garbled none 0 0 [] via=10.0.3.7"},
    {"a garbled header", VIEWER, "10.0.3.7", {0}, {{"X-Viewer", "81.2.69.142"}}, NULL, false, "0 header-garbled none 0 0 [] via=10.0.3.7"},
    {"preserve", LETS_THROUGH, "10.0.3.7", {"9.9.9.9, 81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost xff 1 2 [assumed-chain,base=ok-assumed] claim=9.9.9.9 via=10.0.3.7"},
    {"preserve, nothing else", LETS_THROUGH, "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok-assumed xff 1 2 [assumed-chain] via=10.0.3.7"},
    {"proxies inside", INSIDE, "10.9.9.9", {"9.9.9.9, 81.2.69.142, 10.1.1.1, 10.2.2.2"}, {{0}}, NULL, false, "81.2.69.142 0 spoofed-leftmost xff 2 3 [base=ok] claim=9.9.9.9 via=10.1.1.1"},
    {"proxies inside alone", INSIDE, "10.9.9.9", {"10.1.1.1, 10.2.2.2"}, {{0}}, NULL, false, "10.1.1.1 0 all-trusted xff 1 2 [non-global] via=10.1.1.1"},
    {"Forwarded", ELEMENTS, "10.0.3.7", {"for=9.9.9.9;host=\"a,b\"", "For=\"[2001:218::1]:80\";proto=https"}, {{0}}, NULL, true, "2001:218::1 80 spoofed-leftmost forwarded 2 1 [base=ok,quoted] claim=9.9.9.9 via=10.0.3.7"},
    {"Forwarded, the other one given", ELEMENTS, "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "0 xff-missing none 0 0 [] via=10.0.3.7"},
    {"X-Forwarded-For, the other one given", ALB, "10.0.3.7", {"for=81.2.69.142"}, {{0}}, NULL, true, "0 xff-missing none 0 0 [] via=10.0.3.7"},
    {"PROXY", BALANCER, "10.0.9.9", {0}, {{0}}, "PROXY TCP4 81.2.69.142 10.0.0.1 35646 80\r\n", false, "81.2.69.142 35646 ok pp1 3 1 [] via=10.0.9.9"},
    {"PROXY, mapped", BALANCER, "10.0.9.9", {0}, {{0}}, "PROXY TCP6 ::ffff:81.2.69.142 2001:218::1 0 80\r\n", false, "81.2.69.142 0 ok pp1 3 1 [v4-mapped] via=10.0.9.9"},
    {"PROXY, unknown", BALANCER, "10.0.9.9", {0}, {{0}}, "PROXY UNKNOWN\r\n", false, "0 pp-local none 0 0 [] via=10.0.9.9"},
    {"PROXY, garbled", BALANCER, "10.0.9.9", {0}, {{0}}, "GET / HTTP/1.1\r\n", false, "0 pp-garbled none 0 0 [] via=10.0.9.9"},
    {"PROXY, multicast", BALANCER, "10.0.9.9", {0}, {{0}}, "PROXY TCP4 224.0.0.1 10.0.0.1 1 80\r\n", false, "0 pp-garbled none 0 0 [] via=10.0.9.9"},
    {"PROXY, none", BALANCER, "10.0.9.9", {0}, {{0}}, NULL, false, "0 pp-missing none 0 0 [] via=10.0.9.9"},
    {"PROXY of a stranger", BALANCER, "89.160.20.112", {0}, {{0}}, "PROXY TCP4 81.2.69.142 10.0.0.1 35646 80\r\n", false, "89.160.20.112 0 bypass peer 3 0 []"},
    {"a verdict of one's own", HIDES, "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "0 behind-vpn none 0 0 [claim] claim=81.2.69.142 via=10.0.3.7"},
    {"hops without a trace", KEPT, "10.0.3.7", {"81.2.69.142"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 1 [via-ga,via-nlb] via=10.0.3.7"},
    {"a preset with peers", "{preset: alb+cloudfront, peers: {cloudfront: [130.176.0.0/16]}}", "172.16.0.9", {"81.2.69.142, 130.176.0.1"}, {{0}}, NULL, false, "81.2.69.142 0 ok xff 2 2 [] via=130.176.0.1"},
};
/* clang-format on */

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[512] = "";
        struct wherefrom_chain *chain = NULL;
        struct wherefrom_client client;
        if (cases[i].chain != NULL) {
            chain = wherefrom_chain_new(cases[i].chain, error, sizeof error);
            if (chain == NULL) fail_msg("%s: %s", cases[i].what, error);
        }
        memset(&client, 0xa5, sizeof client);
        library_case_resolve(&cases[i], chain, &client);
        struct library_said said = library_say(&client);
        if (strcmp(said.text, cases[i].expected) != 0)
            fail_msg("%s: expected %s\nsaid %s", cases[i].what, cases[i].expected, said.text);
        wherefrom_chain_free(chain);
    }
}

/* Proxies that are trusted by their number: of `entries` in the list the client is the one at that number from the right. */
static void test_counted(void **state) {
    (void)state;
    for (unsigned hops = 1; hops <= 16; hops++) {
        char name[16], list[512], expected[128], error[256];
        snprintf(name, sizeof name, "count:%u", hops);
        struct wherefrom_chain *chain = wherefrom_chain_new(name, error, sizeof error);
        assert_non_null(chain);
        for (unsigned entries = 0; entries <= 20; entries++) {
            size_t used = 0;
            list[0] = '\0';
            for (unsigned i = 0; i < entries; i++) /* the leftmost is 81.2.69.1 */
                used += (size_t)snprintf(list + used, sizeof list - used, "%s81.2.69.%u", i > 0 ? ", " : "", i + 1);
            struct library_case given = {.peer = "10.0.0.1", .lines = {list}};
            struct wherefrom_client client;
            library_case_resolve(&given, chain, &client);
            if (entries < hops)
                snprintf(expected, sizeof expected, " xff-missing none 0 %u", entries);
            else
                snprintf(expected, sizeof expected, "81.2.69.%u %s xff 2 %u", entries - hops + 1,
                         entries > hops ? "spoofed-leftmost" : "ok", hops);
            char said[128];
            snprintf(said, sizeof said, "%s %s %s %u %u", client.ip_text, client.verdict, client.provenance,
                     client.trust, client.depth);
            assert_string_equal(said, expected);
            assert_string_equal(client.claim, entries > hops ? "81.2.69.1" : "");
        }
        wherefrom_chain_free(chain);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
