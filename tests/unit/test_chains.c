/* The table of all chains: presets, peers from files and from AWS's list, rules, and what refers to chains by name.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/chain_presets.h"
#include "tests/unit/chain_config.h"
#include "tests/unit/seeded.h"

/* In the form of AWS's file, with made-up networks. */
static const char ip_ranges[] = "{\"syncToken\": \"1\", \"createDate\": \"2026-01-01-00-00-00\", \"prefixes\": [\n"
                                "{\"ip_prefix\": \"192.0.2.0/25\", \"region\": \"GLOBAL\", \"service\": \"EDGE\", "
                                "\"network_border_group\": \"GLOBAL\"},\n"
                                "{\"ip_prefix\": \"192.0.2.0/24\", \"region\": \"GLOBAL\", \"service\": \"EDGE\", "
                                "\"network_border_group\": \"GLOBAL\"},\n"
                                "{\"ip_prefix\": \"198.51.100.0/25\", \"region\": \"eu-west-1\", \"service\": "
                                "\"EDGE\", \"network_border_group\": \"x\"},\n"
                                "{\"ip_prefix\": \"198.51.100.128/25\", \"region\": \"eu-west-2\", \"service\": "
                                "\"EDGE\", \"network_border_group\": \"x\"},\n"
                                "{\"ip_prefix\": \"203.0.113.0/24\", \"region\": \"us-east-1\", \"service\": "
                                "\"OTHER\", \"network_border_group\": \"x\"}],\n"
                                "\"ipv6_prefixes\": [\n"
                                "{\"ipv6_prefix\": \"2001:db8:1::/48\", \"region\": \"GLOBAL\", \"service\": \"EDGE\", "
                                "\"network_border_group\": \"x\"},\n"
                                "{\"ipv6_prefix\": \"2001:db8:2::/48\", \"region\": \"us-east-1\", \"service\": "
                                "\"EDGE\", \"network_border_group\": \"x\"}]}\n";

/* The addresses out of `probes`, separated by spaces, that a hop connects from. */
static const char *held(const struct cidr_set *peers, const char *probes) {
    static char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (const char *at = probes; *at != '\0';) {
        struct slice address = {at, strcspn(at, " ")};
        struct ip_parsed ip;
        assert_true(ip_parse(address, &ip));
        if (cidr_set_has(peers, &ip.ip))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used > 0 ? " " : "", (int)address.len,
                                     at);
        at += address.len + (at[address.len] == ' ');
    }
    return text;
}

#define PROBES "192.0.2.200 198.51.100.1 198.51.100.200 203.0.113.1 2001:db8:1::1 2001:db8:2::1 10.9.9.9"

static const struct {
    const char *what, *peers;
    const char *held; /* of PROBES; NULL: it is wrong */
    const char *problems;
} peers_cases[] = {
    {"a file", "{file: list.txt}", "198.51.100.200 2001:db8:1::1", ""},
    {"a file in a list", "[file: list.txt, 10.0.0.0/8]", "198.51.100.200 2001:db8:1::1 10.9.9.9", ""},
    {"a file further in", "{file: sub/more.txt}", "10.9.9.9", ""},
    {"a file overlaps with what stands here, and that is fine", "[198.51.100.0/24, {file: list.txt}]",
     "198.51.100.1 198.51.100.200 2001:db8:1::1", ""},
    {"a service", "{aws: EDGE, file: ranges.json}",
     "192.0.2.200 198.51.100.1 198.51.100.200 2001:db8:1::1 2001:db8:2::1", ""},
    {"a region", "{aws: EDGE, file: ranges.json, region: GLOBAL}", "192.0.2.200 2001:db8:1::1", ""},
    {"regions", "{aws: EDGE, file: ranges.json, region: [eu-west-2, us-east-1]}", "198.51.100.200 2001:db8:2::1", ""},
    {"another service", "[{aws: OTHER, file: ranges.json}]", "203.0.113.1", ""},
    {"misspelt service", "[{aws: EDGY, file: ranges.json}]", NULL,
     "1:51: chains.x hop 1 (a): unknown service of peers \"EDGY\", did you mean \"EDGE\"?"},
    {"service that nobody knows", "[{aws: CLOUDFRONT, file: ranges.json}]", NULL,
     "1:51: chains.x hop 1 (a): unknown service of peers \"CLOUDFRONT\"; known are EDGE, OTHER"},
    {"misspelt region", "[{aws: EDGE, file: ranges.json, region: eu-west-3}]", NULL,
     "1:84: chains.x hop 1 (a): unknown region of peers \"eu-west-3\", did you mean \"eu-west-1\"?"},
    {"one good region and a misspelt one", "[{aws: EDGE, file: ranges.json, region: [GLOBAL, x]}]", NULL,
     "1:93: chains.x hop 1 (a): unknown region of peers \"x\"; known are GLOBAL, eu-west-1, eu-west-2, us-east-1"},
    {"service that is not in a region", "[{aws: OTHER, file: ranges.json, region: GLOBAL}]", NULL,
     "1:85: chains.x hop 1 (a): peers: the file has no network of \"OTHER\" there; leave region out or name another"},
    {"service without a file", "[{aws: EDGE}]", NULL,
     "1:45: chains.x hop 1 (a): peers: no \"file\": write where AWS's list is, such as {aws: EDGE, file: "
     "ip-ranges.json}; it is at "
     "https://ip-ranges.amazonaws.com/ip-ranges.json"},
    {"region without a service", "[{file: ranges.json, region: GLOBAL}]", NULL,
     "1:73: chains.x hop 1 (a): peers: region selects from AWS's list; write aws: SERVICE beside it"},
    {"region that is none", "[{aws: EDGE, file: ranges.json, region: []}]", NULL,
     "1:84: chains.x hop 1 (a): peers: region: expected a region or a list of them"},
    {"file that is a list", "[{file: [list.txt]}]", NULL, "1:52: chains.x hop 1 (a): peers: file: expected a text"},
    {"unknown key", "[{flie: x}]", NULL, "1:46: chains.x hop 1 (a): unknown key \"flie\", did you mean \"file\"?"},
    {"an empty mapping", "[{}]", NULL,
     "1:45: chains.x hop 1 (a): peers: expected a network, {file: PATH}, or {aws: SERVICE, file: ip-ranges.json}"},
    {"mistakes in a file", "{file: bad.txt}", NULL,
     "bad.txt:2:1: chains.x hop 1 (a): peers: \"10.0.0.1/8\" has bits behind its prefix; shorten the address or "
     "lengthen the prefix\n"
     "bad.txt:4:1: chains.x hop 1 (a): peers: \"10.0.0.0/8, 10.1.0.0/16\" is no network: expected an address such as "
     "10.0.3.7, or "
     "with a prefix length such as 10.0.0.0/16"},
    {"a file without networks", "{file: empty.txt}", NULL,
     "empty.txt:0:0: chains.x hop 1 (a): peers: no network in it; write one a line, such as 10.0.0.0/16"},
    {"a file that is not JSON", "{aws: EDGE, file: list.txt}", NULL,
     "list.txt:0:0: chains.x hop 1 (a): peers: line 1, column 1: not JSON: invalid token near '#'"},
    {"a file that is another JSON", "{aws: EDGE, file: other.json}", NULL,
     "other.json:0:0: chains.x hop 1 (a): peers: is not AWS's ip-ranges.json: it has no prefixes and ipv6_prefixes"},
    {"an item of another form", "{aws: EDGE, file: items.json}", NULL,
     "items.json:0:0: chains.x hop 1 (a): peers: is not AWS's ip-ranges.json: an item without ip_prefix, region and "
     "service"},
};

static void test_peers(void **state) {
    (void)state;
    struct chain_config config;
    size_t wrong = 0; /* all are shown */
    chain_config_init(&config);
    char sub[96];
    snprintf(sub, sizeof sub, "%s/sub", config.folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    chain_config_write(&config, "ranges.json", ip_ranges);
    chain_config_write(&config, "list.txt", "# ours\n\n 198.51.100.128/25 # a comment\r\n\t2001:db8:1::/48");
    chain_config_write(&config, "sub/more.txt", "10.0.0.0/8\n10.1.0.0/16\n");
    chain_config_write(&config, "bad.txt", "10.0.0.0/8\n10.0.0.1/8\n\n10.0.0.0/8, 10.1.0.0/16\n");
    chain_config_write(&config, "empty.txt", "# nothing\n\n");
    chain_config_write(&config, "other.json", "{\"prefixes\": {}}");
    chain_config_write(&config, "items.json",
                       "{\"prefixes\": [{\"ip_prefix\": \"10.0.0.0/8\"}], \"ipv6_prefixes\": []}");
    for (size_t i = 0; i < COUNT_OF(peers_cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "chains: {x: [{type: a, carrier: pp, peers: %s}]}\n", peers_cases[i].peers);
        chain_config_load(&config, text, "x");
        assert_non_null(config.chains);
        const char *problems = chain_config_problems(&config);
        const char *found = config.problems.errors_count > 0 ? NULL
                                                             : held(config.chains->rules.always->hops[0].peers, PROBES);
        if (strcmp(problems, peers_cases[i].problems) == 0 && (found == NULL) == (peers_cases[i].held == NULL) &&
            (found == NULL || strcmp(found, peers_cases[i].held) == 0))
            continue;
        print_error("%s:\nexpected %s%s\nfound    %s%s\n", peers_cases[i].what,
                    peers_cases[i].held != NULL ? peers_cases[i].held : "", peers_cases[i].problems,
                    found != NULL ? found : "", problems);
        wrong++;
    }
    chain_config_destroy(&config);
    assert_int_equal(wrong, 0);
}

/* --- presets ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *hops; /* NULL: it needs peers */
} presets[] = {
    {"direct", ""},
    {"alb", "alb append"},
    {"alb+cloudfront", NULL},
    {"nlb-pp2", "nlb pp"},
    {"nlb-preserve", "nlb transparent"},
    {"clb-pp1", "clb pp"},
    {"ga-alb", "alb append, ga transparent"},
    {"ga-nat-alb", NULL},
    {"ranges", "proxy append repeat"},
    {"count:1", "proxy append"},
    {"count:3", "proxy append, proxy append, proxy append"},
    {"count:16",
     "proxy append, proxy append, proxy append, proxy append, proxy append, proxy append, proxy append, proxy append, "
     "proxy append, proxy append, proxy append, proxy append, proxy append, proxy append, proxy append, proxy append"},
};

static void test_presets_by_name(void **state) {
    (void)state;
    struct config_sections sections = {0};
    for (size_t i = 0; i < COUNT_OF(presets); i++) {
        struct problems problems = {0};
        struct chains_request request = {.sections = &sections, .always = presets[i].name};
        struct chains *chains = chains_new(&request, &problems);
        assert_non_null(chains);
        if (presets[i].hops == NULL) {
            assert_int_equal(problems.errors_count, 1);
            assert_non_null(strstr(problems.first->text, "--chain: the preset "));
            assert_non_null(strstr(problems.first->text, "file: ip-ranges.json}]}}"));
        } else {
            assert_int_equal(problems.errors_count, 0);
            assert_string_equal(chain_config_hops(chains->rules.always), presets[i].hops);
            assert_string_equal(chains->rules.always->name, presets[i].name);
            assert_ptr_equal(chain_rules_named(&chains->rules, presets[i].name), chains->rules.always);
        }
        assert_int_equal(problems.warnings_count, 0);
        chains_free(chains);
        problems_destroy(&problems);
    }
    chains_free(NULL);
}

static const char probes[] =
    "10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 fd00::1 127.0.0.1 ::1 11.0.0.1 172.32.0.1 100.128.0.1 2001:db8::1";

static const struct {
    const char *what, *chain, *hops, *peers[2], *problems;
} preset_cases[] = {
    {"by name", "alb", "alb append", {"10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 fd00::1"}, ""},
    {"ranges",
     "ranges",
     "proxy append repeat",
     {"10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 fd00::1 127.0.0.1 ::1"},
     ""},
    {"count", "count:2", "proxy append, proxy append", {probes, probes}, ""},
    {"peers of the only hop",
     "{preset: alb, peers: [11.0.0.0/8, 10.0.0.0/8]}",
     "alb append",
     {"10.0.0.1 11.0.0.1"},
     ""},
    {"peers of the only hop by type", "{preset: alb, peers: {alb: 11.0.0.0/8}}", "alb append", {"11.0.0.1"}, ""},
    {"peers from a file", "{preset: alb, peers: {file: list.txt}}", "alb append", {"11.0.0.1"}, ""},
    {"what must be given",
     "{preset: alb+cloudfront, peers: {cloudfront: 11.0.0.0/8}}",
     "alb append, cloudfront append",
     {"10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 fd00::1", "11.0.0.1"},
     ""},
    {"both",
     "{preset: alb+cloudfront, peers: {alb: 172.16.0.0/12, cloudfront: [11.0.0.0/8]}}",
     "alb append, cloudfront append",
     {"172.31.0.1", "11.0.0.1"},
     ""},
    {"accelerator",
     "{preset: ga-nat-alb, peers: {ga: 11.0.0.0/8}}",
     "alb append, ga none as ga-nat",
     {"10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 fd00::1", "11.0.0.1"},
     ""},
    {"what must be given, missing",
     "{preset: ga-nat-alb}",
     NULL,
     {0},
     "2:6: chains.x: the preset ga-nat-alb needs to know where ga connects from: declare a chain {preset: ga-nat-alb, "
     "peers: "
     "{ga: [{aws: GLOBALACCELERATOR, file: ip-ranges.json}]}}"},
    {"a hop that is not there",
     "{preset: alb, peers: {nlb: 11.0.0.0/8}}",
     NULL,
     {0},
     "2:33: chains.x: peers: the preset alb has no hop \"nlb\" that takes peers; it has alb"},
    {"peers of which hop",
     "{preset: ga-nat-alb, peers: 11.0.0.0/8}",
     NULL,
     {0},
     "2:34: chains.x: peers: write of which hop: peers: {alb: [..], ga: [..]}"},
    {"peers of count",
     "{preset: count:2, peers: 11.0.0.0/8}",
     NULL,
     {0},
     "2:31: chains.x: the preset count:2 takes no peers; leave them out"},
    {"peers of what can't be seen",
     "{preset: nlb-preserve, peers: 11.0.0.0/8}",
     NULL,
     {0},
     "2:36: chains.x: the preset nlb-preserve takes no peers; leave them out"},
    {"peers that are wrong",
     "{preset: alb, peers: [11.0.0.1/8]}",
     NULL,
     {0},
     "2:28: chains.x hop 1 (alb): peers: \"11.0.0.1/8\" has bits behind its prefix; shorten the address or lengthen "
     "the prefix"},
    {"count:0", "count:0", NULL, {0}, "2:6: chains.x: expected count:N with N from 1 to 16, got \"count:0\""},
    {"count:17", "count:17", NULL, {0}, "2:6: chains.x: expected count:N with N from 1 to 16, got \"count:17\""},
    {"count:02", "count:02", NULL, {0}, "2:6: chains.x: expected count:N with N from 1 to 16, got \"count:02\""},
    {"count:",
     "{preset: \"count:\"}",
     NULL,
     {0},
     "2:15: chains.x: expected count:N with N from 1 to 16, got \"count:\""},
    {"misspelt",
     "alb+cloudfrnt",
     NULL,
     {0},
     "2:6: chains.x: unknown preset \"alb+cloudfrnt\", did you mean \"alb+cloudfront\"?"},
    {"misspelt key", "{prset: alb}", NULL, {0}, "2:7: chains.x: unknown key \"prset\", did you mean \"preset\"?"},
    {"no name", "{peers: 10.0.0.0/8}", NULL, {0}, "2:6: chains.x: expected preset: NAME, such as preset: alb"},
    {"a name that is a list",
     "{preset: [alb]}",
     NULL,
     {0},
     "2:15: chains.x: expected preset: NAME, such as preset: alb"},
};

static void test_presets(void **state) {
    (void)state;
    struct chain_config config;
    size_t wrong = 0;
    chain_config_init(&config);
    chain_config_write(&config, "list.txt", "11.0.0.0/8\n");
    for (size_t i = 0; i < COUNT_OF(preset_cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "chains:\n  x: %s\n", preset_cases[i].chain);
        chain_config_load(&config, text, "x");
        assert_non_null(config.chains);
        const char *problems = chain_config_problems(&config);
        if (strcmp(problems, preset_cases[i].problems) != 0) {
            print_error("%s:\nexpected %s\nfound    %s\n", preset_cases[i].what, preset_cases[i].problems, problems);
            wrong++;
        }
        if (preset_cases[i].hops == NULL || config.problems.errors_count > 0) continue;
        const struct chain *chain = config.chains->rules.always;
        assert_string_equal(chain_config_hops(chain), preset_cases[i].hops);
        for (size_t hop = 0; hop < chain->hops_count; hop++)
            assert_string_equal(held(chain->hops[hop].peers, probes), preset_cases[i].peers[hop]);
    }
    chain_config_destroy(&config);
    assert_int_equal(wrong, 0);
}

/* --- rules ------------------------------------------------------------------------------------------ */

/* Two chains that inputs use, so that no warning is in the way. */
#define RULES(rules) \
    "chains: {a: alb, b: direct}\ninputs: [{path: x, chain: a}, {path: x, chain: b}]\n\nselect: # line 4\n" rules

static const struct {
    const char *what, *text, *problems;
} rule_cases[] = {
    {"every selector",
     RULES("- {elb: \"app/*\", chain: a}\n- {format: nginx, chain: b}\n- {topic: t, chain: a}\n- {listener: l, chain: "
           "a}\n"
           "- {target_group: g, chain: a}\n- {elb: x, format: \"alb_*\", chain: ranges}\n"),
     ""},
    {"one behind what takes less", RULES("- {elb: \"app/web-*\", chain: a}\n- {elb: \"app/*\", chain: b}\n"), ""},
    {"one that looks at more, in front",
     RULES("- {elb: \"app/*\", topic: t, chain: a}\n- {elb: \"app/*\", chain: b}\n"), ""},
    {"other selectors", RULES("- {elb: \"*\", chain: a}\n- {topic: \"*\", chain: b}\n"), ""},
    {"a glob that takes most", RULES("- {elb: \"*web\", chain: a}\n- {elb: \"*web*\", chain: b}\n"), ""},
    {"two globs of which one looks like a match of the other",
     RULES("- {elb: \"a?c\", chain: a}\n- {elb: \"a*c\", chain: b}\n"), ""},
    {"behind one that is wrong", RULES("- {elb: \"*\", chain: aa}\n- {elb: x, chain: b}\n"),
     "5:21: select rule 1: unknown chain \"aa\", did you mean \"a\"?"},
    {"the rest", RULES("- {elb: \"app/*\", chain: a}\n- {chain: b}\n"), ""},
    {"the same again", RULES("- {elb: \"app/*\", chain: a}\n- {elb: \"app/*\", chain: b}\n"),
     "6:3: select rule 2: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"behind a shorter prefix", RULES("- {elb: \"app/*\", chain: a}\n- {elb: \"app/web-*\", chain: b}\n"),
     "6:3: select rule 2: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"behind everything", RULES("- {elb: \"**\", chain: a}\n- {elb: \"?[a]\", chain: b}\n"),
     "6:3: select rule 2: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"a text behind a glob", RULES("- {elb: \"a[pq]p/?\", chain: a}\n- {elb: app/x, chain: b}\n"),
     "6:3: select rule 2: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"looks at more, behind",
     RULES("- {elb: \"app/*\", chain: a}\n- {topic: x, chain: b}\n- {elb: \"app/*\", topic: y, chain: b}\n"),
     "7:3: select rule 3: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"behind the rest", RULES("- {chain: a}\n- {elb: x, chain: b}\n"),
     "6:3: select rule 2: never matches: rule 1 takes all of it; put this one in front, or leave it out"},
    {"unknown chain", RULES("- {elb: x, chain: aa}\n"),
     "5:19: select rule 1: unknown chain \"aa\", did you mean \"a\"?"},
    {"chain that is a list", RULES("- {elb: x, chain: []}\n"),
     "5:19: select rule 1: chain: expected the name of a chain, got a list"},
    {"no chain", RULES("- {elb: x}\n"),
     "5:3: select rule 1: no \"chain\": write which one these records belong to, such as chain: alb"},
    {"unknown format", RULES("- {format: ngnix, chain: a}\n"),
     "5:12: select rule 1: unknown format \"ngnix\", did you mean \"nginx\"?"},
    {"a glob of no format", RULES("- {format: \"x*\", chain: a}\n"),
     "5:12: select rule 1: unknown format \"x*\"; known are alb_access, alb_connection, alb_health_check, "
     "alb_lambda_event, clb_access, "
     "cloudfront, envoy, ga_flow, haproxy, ndjson, nginx, nlb_access, tgw_flow, vpc_flow, waf"},
    {"unknown key", RULES("- {eln: x, chain: a}\n"), "5:4: select rule 1: unknown key \"eln\", did you mean \"elb\"?"},
    {"a selector that is a list", RULES("- {elb: [x], chain: a}\n"),
     "5:9: select rule 1: elb: expected a name or a glob such as \"app/web-*\", got a list"},
    {"a rule that is a text", RULES("- a\n"),
     "5:3: select rule 1: expected a rule such as {elb: \"app/web-*\", chain: web}, got a text"},
    {"no list", RULES("  a: b\n"),
     "5:3: select: expected a list of at most 1024 rules such as {elb: \"app/web-*\", chain: web}"},
    {"two mistakes", RULES("- {elb: x, chain: c}\n- {foramt: nginx, chain: a}\n"),
     "5:19: select rule 1: unknown chain \"c\"; known are a, b, direct, alb, nlb-pp2, nlb-preserve, "
     "clb-pp1, ga-alb, ranges, count:1, count:2, count:3, count:4, count:5, count:6, count:7, ...\n6:4: select rule 2: "
     "unknown key \"foramt\", did "
     "you mean \"format\"?"},
    {"a chain that is wrong is not also unknown", "chains: {a: [x]}\nselect: [{elb: x, chain: a}]\n",
     "1:14: chains.a hop 1: expected a hop such as {type: alb, peers: [10.0.0.0/16], carrier: append}, got a text"},
    {"a chain of nobody",
     "chains: {a: alb, b: alb, c: alb, d: alb}\nselect: [{elb: x, chain: a}, {chain: d}]\ninputs: [{path: x, chain: "
     "b}, x]\n",
     "1:29: warning: chains.c: is not used: no rule of select, no input and no --chain names it"},
    {"an input's unknown chain", "inputs: [x, {path: x, chain: albb}]\n",
     "1:30: inputs: unknown chain \"albb\", did you mean \"alb\"?"},
    {"names of chains", "chains: {\"a b\": [], \"\": [], -x: []}\n",
     "1:17: chains: expected a name of letters, digits, and . _ + - behind the first, at most 64 bytes, got \"a b\"\n"
     "1:25: chains: expected a name of letters, digits, and . _ + - behind the first, at most 64 bytes, got \"\"\n"
     "1:33: chains: expected a name of letters, digits, and . _ + - behind the first, at most 64 bytes, got \"-x\""},
    {"chains that are a list", "chains: [alb]\n",
     "1:9: chains: expected names of chains and their hops, such as {web: [..]}, got a list"},
};

static void test_rules(void **state) {
    (void)state;
    struct chain_config config;
    size_t wrong = 0;
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT_OF(rule_cases); i++) {
        chain_config_load(&config, rule_cases[i].text, NULL);
        if (config.chains == NULL) fail_msg("%s: %s", rule_cases[i].what, config.error.message);
        const char *problems = chain_config_problems(&config);
        if (strcmp(problems, rule_cases[i].problems) == 0) continue;
        print_error("%s:\nexpected %s\nfound    %s\n", rule_cases[i].what, rule_cases[i].problems, problems);
        wrong++;
    }
    chain_config_destroy(&config);
    assert_int_equal(wrong, 0);
}

/* Which chain a record gets, by the table that was made. */
static void test_table(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    chain_config_load(&config,
                      "chains:\n  alb: [{type: own, carrier: transparent}]\n  web: ranges\n"
                      "select:\n- {elb: \"app/web-*\", chain: web}\n- {format: nginx, topic: \"e?ge\", chain: alb}\n- "
                      "{chain: count:2}\n",
                      NULL);
    assert_string_equal(chain_config_problems(&config), "");
    const struct chain_rules *rules = &config.chains->rules;
    assert_int_equal(rules->rules_count, 2);
    assert_null(rules->always);
    const char *texts[SELECTORS] = {[SELECT_ELB] = "app/web-1/50dc"};
    assert_string_equal(chain_rules_pick(rules, texts)->name, "web");
    texts[SELECT_ELB] = "app/shop/50dc";
    assert_string_equal(chain_rules_pick(rules, texts)->name, "count:2");
    texts[SELECT_FORMAT] = "nginx";
    texts[SELECT_TOPIC] = "edge";
    /* a chain of the user's goes before a preset of its name */
    assert_string_equal(chain_config_hops(chain_rules_pick(rules, texts)), "own transparent");
    assert_int_equal(config.chains->own_count, 2);
    assert_string_equal(rules->chains[1]->name, "web");
    chain_config_destroy(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers), cmocka_unit_test(test_presets_by_name), cmocka_unit_test(test_presets),
        cmocka_unit_test(test_rules), cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
