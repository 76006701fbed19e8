/* One chain of the config: what its hops become, and what is said of those that are wrong.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/chain_load.h"
#include "tests/unit/chain_config.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define A_PEER "peers: 10.0.0.0/8"

/* One chain per case, as `chains: {x: ..}` with a rule that uses it, so that no warning is in the way. */
static const struct {
    const char *what, *chain;
    const char *hops;     /* as chain_config_hops; NULL: it is wrong */
    const char *problems; /* line 3 is the chain's; NULL: none */
} cases[] = {
    {"nobody", "[]", "", NULL},
    {"appends", "[{type: alb, " A_PEER ", carrier: append}]", "alb append", NULL},
    {"every flag", "[{type: alb, " A_PEER ", carrier: append, xff_port: true, optional: True, repeat: TRUE}]",
     "alb append port optional repeat", NULL},
    {"flags that are off stand beside anything",
     "[{type: nlb, carrier: transparent, xff_port: false, optional: false, repeat: false}]", "nlb transparent", NULL},
    {"two lists of peers", "[{type: alb, peers: [10.0.0.0/16, \"fd00:ec2::/32\"], carrier: pp}]", "alb pp", NULL},
    {"preserve", "[{type: alb, " A_PEER ", carrier: preserve}, {type: cloudfront, " A_PEER ", carrier: append}]",
     "alb preserve, cloudfront append", NULL},
    {"header",
     "[{type: cf, " A_PEER ", carrier: header, header: CloudFront-Viewer-Address, fmt: lastcolon, xff: append}]",
     "cf header cloudfront-viewer-address lastcolon appends", NULL},
    {"header in the usual form", "[{type: cf, " A_PEER ", carrier: header, header: X-Real-IP, fmt: xff}]",
     "cf header x-real-ip", NULL},
    {"secret", "[{type: cf, " A_PEER ", carrier: append, secret: {header: X-Origin}}]", "cf append secret x-origin",
     NULL},
    {"secret with digest",
     "[{type: cf, " A_PEER ", carrier: append, secret: {sha256: "
     "0123456789abcdefABCDEF00112233445566778899aabbccddeeff0123456789, header: X-Origin}}]",
     "cf append secret x-origin digest", NULL},
    {"one header in two places",
     "[{type: a, " A_PEER ", carrier: header, header: X-Real-IP, secret: {header: x-real-ip}}]",
     "a header x-real-ip secret x-real-ip", NULL},
    {"Forwarded",
     "[{type: a, " A_PEER ", carrier: append, header: forwarded}, {type: b, " A_PEER
     ", carrier: append, header: Forwarded}]",
     "a append, b append (Forwarded)", NULL},
    {"X-Forwarded-For by name", "[{type: a, " A_PEER ", carrier: append, header: X-Forwarded-For}]", "a append", NULL},
    {"hides", "[{type: cloudfront, " A_PEER ", carrier: none}]", "cloudfront none as cf-edge-only", NULL},
    {"hides, accelerator", "[{type: ga, " A_PEER ", carrier: none}]", "ga none as ga-nat", NULL},
    {"hides, balancer", "[{type: nlb, " A_PEER ", carrier: none}]", "nlb none as nlb-nat", NULL},
    {"hides by a usual name", "[{type: vpn, " A_PEER ", carrier: none, as: ga-nat}]", "vpn none as ga-nat", NULL},
    {"hides by a name of its own", "[{type: vpn, " A_PEER ", carrier: none, as: behind-vpn}]", "vpn none as behind-vpn",
     NULL},
    {"the same name again", "[{type: ga, " A_PEER ", carrier: none, as: behind-vpn}]", "ga none as behind-vpn", NULL},
    {"removes", "[{type: alb, " A_PEER ", carrier: remove}]", "alb remove",
     "3:7: warning: chains.x: hop 1 (alb) removes X-Forwarded-For: no client that comes through it is ever resolved; "
     "set "
     "it up to append, if you can"},
    {"hides, and can be missed",
     "[{type: nlb, " A_PEER ", carrier: none, optional: true}, {type: a, " A_PEER ", carrier: append}]",
     "nlb none optional as nlb-nat, a append", NULL},
    {"everybody is trusted", "[{type: a, peers: [0.0.0.0/0, \"::/0\"], carrier: append}]", "a append", NULL},
    {"optional and everywhere",
     "[{type: a, peers: [0.0.0.0/0, \"::/0\"], carrier: append, optional: true}, {type: b, " A_PEER
     ", carrier: append}]",
     "a append optional, b append", NULL},
    {"JSON is YAML", "[{\"type\": \"alb\", \"peers\": [\"10.0.0.0/8\"], \"carrier\": \"append\"}]", "alb append", NULL},
    {"a mapped network", "[{type: a, peers: [\"::ffff:10.0.0.0/104\"], carrier: append}]", "a append", NULL},

    {"a hop that is a text", "[alb]", NULL,
     "3:7: chains.x hop 1: expected a hop such as {type: alb, peers: [10.0.0.0/16], carrier: append}, got a text"},
    {"nothing", "", NULL, "3:5: chains.x: expected a list of hops, or the name of a preset such as alb, got nothing"},
    {"no type", "[{" A_PEER ", carrier: append}]", NULL,
     "3:7: chains.x hop 1: no \"type\": write what it is, such as alb, cloudfront, nlb, nginx"},
    {"no carrier", "[{type: a, " A_PEER "}]", NULL,
     "3:7: chains.x hop 1 (a): no \"carrier\": write how it passes addresses on: append, preserve, remove, pp, header, "
     "none "
     "or transparent"},
    {"no peers", "[{type: a, carrier: append}]", NULL,
     "3:7: chains.x hop 1 (a): no \"peers\": write the networks that it connects from, such as peers: [10.0.0.0/16]"},
    {"unknown key", "[{type: a, " A_PEER ", carier: append}]", NULL,
     "3:36: chains.x hop 1 (a): unknown key \"carier\", did you mean \"carrier\"?"},
    {"unknown carrier", "[{type: a, " A_PEER ", carrier: apend}]", NULL,
     "3:45: chains.x hop 1 (a): unknown carrier \"apend\", did you mean \"append\"?"},
    {"type with capitals", "[{type: ALB, " A_PEER ", carrier: append}]", NULL,
     "3:14: chains.x hop 1: type: expected a name of a-z, 0-9 and -, at most 32 bytes, such as alb"},
    {"type with a dash at its end", "[{type: alb-, " A_PEER ", carrier: append}]", NULL,
     "3:14: chains.x hop 1: type: expected a name of a-z, 0-9 and -, at most 32 bytes, such as alb"},
    {"type of 33 bytes", "[{type: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, " A_PEER ", carrier: append}]", NULL,
     "3:14: chains.x hop 1: type: expected a name of a-z, 0-9 and -, at most 32 bytes, such as alb"},
    {"a flag that is none", "[{type: a, " A_PEER ", carrier: append, optional: maybe}]", NULL,
     "3:63: chains.x hop 1 (a): optional: expected true or false, got \"maybe\""},
    {"peers of what can't be seen", "[{type: nlb, carrier: transparent, " A_PEER "}]", NULL,
     "3:48: chains.x hop 1 (nlb): peers means nothing with carrier transparent; leave it out"},
    {"two that mean nothing", "[{type: a, " A_PEER ", carrier: pp, repeat: true, as: x}]", NULL,
     "3:57: chains.x hop 1 (a): repeat means nothing with carrier pp; leave it out\n"
     "3:67: chains.x hop 1 (a): as means nothing with carrier pp; leave it out"},
    {"header missing", "[{type: a, " A_PEER ", carrier: header}]", NULL,
     "3:7: chains.x hop 1 (a): no \"header\": write which one has the address, such as header: "
     "CloudFront-Viewer-Address"},
    {"header is no token", "[{type: a, " A_PEER ", carrier: header, header: \"X Real\"}]", NULL,
     "3:61: chains.x hop 1 (a): header: expected the name of a header, such as CloudFront-Viewer-Address"},
    {"fmt", "[{type: a, " A_PEER ", carrier: header, header: X, fmt: last}]", NULL,
     "3:69: chains.x hop 1 (a): fmt: expected xff (192.0.2.1, [2001:db8::1]:80) or lastcolon (192.0.2.1:80, "
     "2001:db8::1:80)"},
    {"xff", "[{type: a, " A_PEER ", carrier: header, header: X, xff: true}]", NULL,
     "3:69: chains.x hop 1 (a): xff: expected append, or nothing when it does not append to X-Forwarded-For"},
    {"appends elsewhere", "[{type: a, " A_PEER ", carrier: append, header: X-Real-IP}]", NULL,
     "3:61: chains.x hop 1 (a): header: with carrier append expected X-Forwarded-For or Forwarded, got \"X-Real-IP\"; "
     "a header "
     "with one address is carrier: header"},
    {"two lists", "[{type: a, " A_PEER ", carrier: append, header: Forwarded}, {type: b, " A_PEER ", carrier: append}]",
     NULL,
     "3:73: chains.x hop 2 (b): appends to X-Forwarded-For, and a hop in front of it to Forwarded; one chain has one "
     "list"},
    {"secret without header", "[{type: a, " A_PEER ", carrier: append, secret: {sha256: 00}}]", NULL,
     "3:61: chains.x hop 1 (a): secret: expected {header: NAME, sha256: HEX}, sha256 may be left out"},
    {"secret of a case", "[{type: a, " A_PEER ", carrier: append, secret: true}]", NULL,
     "3:61: chains.x hop 1 (a): secret: expected {header: NAME, sha256: HEX}, sha256 may be left out"},
    {"short digest", "[{type: a, " A_PEER ", carrier: append, secret: {header: X, sha256: 0012}}]", NULL,
     "3:81: chains.x hop 1 (a): secret: sha256: expected 64 hex digits, as `printf %s VALUE | sha256sum` prints"},
    {"digest that is none",
     "[{type: a, " A_PEER ", carrier: append, secret: {header: X, sha256: "
     "g123456789abcdefABCDEF00112233445566778899aabbccddeeff0123456789}}]",
     NULL, "3:81: chains.x hop 1 (a): secret: sha256: expected 64 hex digits, as `printf %s VALUE | sha256sum` prints"},
    {"secret's unknown key", "[{type: a, " A_PEER ", carrier: append, secret: {header: X, sha: 0}}]", NULL,
     "3:73: chains.x hop 1 (a): unknown key \"sha\", did you mean \"sha256\"?"},
    {"hides and does not say", "[{type: vpn, " A_PEER ", carrier: none}]", NULL,
     "3:7: chains.x hop 1 (vpn): no \"as\": write what records are called whose client it hides, such as as: "
     "behind-vpn"},
    {"hides as what is taken", "[{type: vpn, " A_PEER ", carrier: none, as: xff-missing}]", NULL,
     "3:57: chains.x hop 1 (vpn): as: \"xff-missing\" already means something else; write a name of your own"},
    {"hides as no name", "[{type: vpn, " A_PEER ", carrier: none, as: Behind VPN}]", NULL,
     "3:57: chains.x hop 1 (vpn): as: expected a name of a-z, 0-9 and -, at most 32 bytes, such as nlb-nat"},
    {"preserve and nobody behind it", "[{type: alb, " A_PEER ", carrier: preserve}]", NULL,
     "3:7: chains.x: can never resolve: with preserve the header is the client's own word; write the hop that is "
     "outside of "
     "this one behind it, or carrier: append"},
    {"preserve in front of what does not append",
     "[{type: alb, " A_PEER ", carrier: preserve}, {type: nlb, carrier: transparent}, {type: a, " A_PEER
     ", carrier: append}]",
     NULL, "3:7: chains.x: with preserve the hop behind it must have carrier append, it has transparent"},
    {"hides everybody", "[{type: nlb, peers: [0.0.0.0/0, \"::/0\"], carrier: none}]", NULL,
     "3:7: chains.x: can never resolve: hop 1 (nlb, none) hides every client, since its peers are all addresses; write "
     "the "
     "networks that it connects from"},
    {"hides everybody, in two pieces each",
     "[{type: nlb, peers: [0.0.0.0/1, 128.0.0.0/1, \"::/1\", \"8000::/1\"], carrier: none}]", NULL,
     "3:7: chains.x: can never resolve: hop 1 (nlb, none) hides every client, since its peers are all addresses; write "
     "the "
     "networks that it connects from"},
    {"all ways end hidden",
     "[{type: nlb, " A_PEER
     ", carrier: none, optional: true}, {type: ga, peers: [0.0.0.0/0, \"::/0\"], carrier: none}]",
     NULL,
     "3:70: chains.x: can never resolve: hop 2 (ga, none) hides every client, since its peers are all addresses; write "
     "the "
     "networks that it connects from"},
    {"behind what hides",
     "[{type: a, " A_PEER ", carrier: append}, {type: nlb, " A_PEER ", carrier: none}, {type: b, " A_PEER
     ", carrier: append}]",
     NULL,
     "3:101: chains.x: hop 3 is never reached: hop 2 (nlb, none) ends every walk; leave it out, or make that one "
     "optional"},
    {"behind what takes everything",
     "[{type: a, peers: [0.0.0.0/0, \"::/0\"], carrier: append, repeat: true}, {type: b, " A_PEER ", carrier: append}]",
     NULL,
     "3:77: chains.x: hop 2 is never reached: hop 1 (a, append) ends every walk; leave it out, or make that one "
     "optional"},
    {"17 hops", "[{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]", NULL,
     "3:6: chains.x: expected at most 16 hops, got 17"},
    {"nine headers",
     "[{type: a, " A_PEER ", carrier: header, header: h1, secret: {header: h2}}, {type: a, " A_PEER
     ", carrier: header, header: h3, secret: {header: h4}}, {type: a, " A_PEER
     ", carrier: header, header: h5, secret: {header: h6}}, {type: a, " A_PEER
     ", carrier: header, header: h7, secret: {header: h8}}, {type: a, " A_PEER ", carrier: header, header: h9}]",
     NULL, "3:385: chains.x hop 5 (a): expected at most 8 different headers in a chain, got more"},
    {"peers, empty", "[{type: a, peers: [], carrier: append}]", NULL,
     "3:24: chains.x hop 1 (a): peers: expected networks, got an empty list; leave the hop out if it is not there"},
    {"peers, nothing", "[{type: a, peers: , carrier: append}]", NULL,
     "3:24: chains.x hop 1 (a): peers: expected a network such as 10.0.0.0/16, got nothing"},
    {"peers, a list in a list", "[{type: a, peers: [[10.0.0.0/8]], carrier: append}]", NULL,
     "3:25: chains.x hop 1 (a): peers: expected a network such as 10.0.0.0/16, got a list"},
    {"peers, no network", "[{type: a, peers: [10.0.0.0/8, example.com], carrier: append}]", NULL,
     "3:37: chains.x hop 1 (a): peers: \"example.com\" is no network: expected an address such as 10.0.3.7, or with a "
     "prefix "
     "length such as 10.0.0.0/16"},
    {"peers, mapped and short", "[{type: a, peers: [\"::ffff:0.0.0.0/95\"], carrier: append}]", NULL,
     "3:25: chains.x hop 1 (a): peers: \"::ffff:0.0.0.0/95\" is a mapped network shorter than /96: it would hold IPv4 "
     "and IPv6 "
     "alike; write the IPv4 network"},
    {"peers, one inside another", "[{type: a, peers: [10.0.0.0/16, 10.0.1.0/24], carrier: append}]", NULL,
     "3:38: chains.x hop 1 (a): peers: 10.0.1.0/24 is already inside 10.0.0.0/16: leave it out"},
    {"peers, one around another", "[{type: a, peers: [192.168.0.0/16, 10.0.1.0/24, 10.0.0.0/16], carrier: append}]",
     NULL, "3:54: chains.x hop 1 (a): peers: 10.0.1.0/24 is already inside 10.0.0.0/16: leave it out"},
    {"peers, mapped inside", "[{type: a, peers: [10.0.0.0/16, \"::ffff:10.0.0.1\"], carrier: append}]", NULL,
     "3:38: chains.x hop 1 (a): peers: ::ffff:10.0.0.1 is already inside 10.0.0.0/16: leave it out"},
    {"peers, twice", "[{type: a, peers: [10.0.0.0/16, 10.0.0.0/16], carrier: append}]", NULL,
     "3:38: chains.x hop 1 (a): peers: 10.0.0.0/16 is given twice"},
    {"peers, union", "[{type: a, peers: [10.0.0.0/18, 10.0.64.0/18, 10.0.0.0/17], carrier: append}]", NULL,
     "3:52: chains.x hop 1 (a): peers: 10.0.0.0/18 is already inside 10.0.0.0/17: leave it out"},
};

static void test_config(void **state) {
    (void)state;
    struct chain_config config;
    size_t wrong = 0; /* all are shown */
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[2048];
        snprintf(text, sizeof text, "select: [{chain: x}]\nchains:\n  x: %s\n", cases[i].chain);
        chain_config_load(&config, text, NULL);
        if (config.chains == NULL) fail_msg("%s: %s", cases[i].what, config.error.message);
        const char *problems = chain_config_problems(&config),
                   *expected = cases[i].problems != NULL ? cases[i].problems : "";
        if (strcmp(problems, expected) != 0)
            print_error("%s:\nexpected %s\nfound    %s\n", cases[i].what, expected, problems), wrong++;
        assert_int_equal(config.problems.errors_count == 0, cases[i].hops != NULL);
        if (cases[i].hops == NULL) continue;
        const char *hops = chain_config_hops(config.chains->rules.otherwise);
        if (strcmp(hops, cases[i].hops) != 0) fail_msg("%s: expected %s, found %s", cases[i].what, cases[i].hops, hops);
    }
    chain_config_destroy(&config);
    assert_int_equal(wrong, 0);
}

static void test_values(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    chain_config_load(
        &config,
        "chains:\n  x: [{type: nlb, carrier: transparent}, {type: alb, peers: 10.0.0.0/8, carrier: append, secret: "
        "{header: S, sha256: 00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF}}, {type: nlb, peers: "
        "192.168.0.0/16, carrier: append}]\n",
        "x");
    assert_string_equal(chain_config_problems(&config), "");
    const struct chain *chain = config.chains->rules.always;
    assert_string_equal(chain->name, "x");
    assert_int_equal(chain->hops_count, 3);
    /* flags are written in order of types, those of one type in order of the chain */
    static const uint8_t by_type[] = {1, 0, 2};
    assert_memory_equal(chain->by_type, by_type, sizeof by_type);
    assert_null(chain->hops[0].peers);
    static const uint8_t digest[16] = {0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    assert_memory_equal(chain->hops[1].digest, digest, 16);
    assert_memory_equal(chain->hops[1].digest + 16, digest, 16);
    assert_int_equal(chain->hops[1].secret, 0);
    assert_int_equal(chain->hops[2].secret, HEADER_NONE);
    struct ip_parsed ip;
    assert_true(ip_parse(SLICE("192.168.1.1"), &ip));
    assert_true(cidr_set_has(chain->hops[2].peers, &ip.ip) && !cidr_set_has(chain->hops[1].peers, &ip.ip));
    chain_config_destroy(&config);
}

/* --- cases of `resolve` ------------------------------------------------------------------------------ */

static const struct {
    const char *what, *json, *hops, *problem;
} json_cases[] = {
    {"nobody", "[]", "", NULL},
    {"ends in preserve", "[{\"type\":\"alb\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"preserve\"}]", "alb preserve",
     NULL},
    {"secret", "[{\"type\":\"a\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"append\",\"secret\":true}]",
     "a append secret ", NULL},
    {"no secret", "[{\"type\":\"a\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"append\",\"secret\":false}]", "a append",
     NULL},
    {"overlap", "[{\"type\":\"a\",\"peers\":[\"10.0.0.0/8\",\"10.0.0.0/8\",\"10.1.0.0/16\"],\"carrier\":\"append\"}]",
     "a append", NULL},
    {"behind what hides",
     "[{\"type\":\"nlb\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"none\"},{\"type\":\"a\",\"peers\":\"10.0.0.0/"
     "8\",\"carrier\":\"append\"}]",
     "nlb none as nlb-nat, a append", NULL},
    {"a file", "[{\"type\":\"a\",\"peers\":[{\"file\":\"/etc/passwd\"}],\"carrier\":\"append\"}]", NULL,
     "0:0: case hop 1 (a): peers: files belong into a config; write the networks"},
    {"no list", "{}", NULL, "0:0: case: expected a list of hops, got a mapping"},
    {"NUL in a type", "[{\"type\":\"a\\u0000b\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"append\"}]", NULL,
     "0:0: case hop 1: type: expected a name of a-z, 0-9 and -, at most 32 bytes, such as alb"},
    {"NUL in a carrier", "[{\"type\":\"a\",\"peers\":[\"10.0.0.0/8\"],\"carrier\":\"append\\u0000\"}]", NULL,
     "0:0: case hop 1 (a): carrier: expected a word, got \"append\""},
    {"NUL in a network", "[{\"type\":\"a\",\"peers\":[\"10.0.0.0/8\\u0000\"],\"carrier\":\"append\"}]", NULL,
     "0:0: case hop 1 (a): peers: \"10.0.0.0/8\" is no network: expected an address such as 10.0.3.7, or with a prefix "
     "length "
     "such as 10.0.0.0/16"},
    {"preserve in front of what does not append",
     "[{\"type\":\"a\",\"peers\":\"10.0.0.0/"
     "8\",\"carrier\":\"preserve\"},{\"type\":\"b\",\"carrier\":\"transparent\"}]",
     NULL, "0:0: case: with preserve the hop behind it must have carrier append, it has transparent"},
};

static void test_cases_of_resolve(void **state) {
    (void)state;
    struct arena arena = {0};
    struct chain_config config = {.path = "-"};
    for (size_t round = 0; round < 3; round++) { /* the arena is used again and again */
        for (size_t i = 0; i < COUNT_OF(json_cases); i++) {
            struct problem_scope scope = {.problems = &config.problems, .where = "case"};
            struct error error;
            const struct config_node *root;
            assert_int_equal(config_tree_from_json(&arena, guard_copy(slice_from(json_cases[i].json)), &root, &error),
                             STATUS_OK);
            struct chain *chain = chain_load(&arena, &scope, "case", root);
            const char *expected = json_cases[i].problem != NULL ? json_cases[i].problem : "";
            const char *problems = chain_config_problems(&config);
            if (strcmp(problems, expected) != 0)
                fail_msg("%s:\nexpected %s\nfound    %s", json_cases[i].what, expected, problems);
            assert_int_equal(chain != NULL, json_cases[i].hops != NULL);
            if (chain != NULL) assert_string_equal(chain_config_hops(chain), json_cases[i].hops);
            chain_unload(chain);
            arena_reset(&arena);
            problems_reset(&config.problems);
        }
    }
    arena_destroy(&arena);
    problems_destroy(&config.problems);
}

/* Names of verdicts are numbered once for all chains, and there is an end to them. */
static void test_verdict_names_end(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    char text[8192];
    int used = snprintf(text, sizeof text, "chains:\n");
    uint32_t room = VERDICTS_MAX - verdicts_count();
    for (uint32_t i = 0; i <= room; i++)
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "  c%u: [{type: a, " A_PEER ", carrier: none, as: name-%u}]\n", i, i);
    chain_config_load(&config, text, NULL);
    assert_int_equal(config.problems.errors_count, 1);
    assert_non_null(strstr(config.problems.first->text, "different names, got more"));
    assert_int_equal(verdicts_count(), VERDICTS_MAX);
    chain_config_destroy(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cases_of_resolve),
        cmocka_unit_test(test_verdict_names_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
