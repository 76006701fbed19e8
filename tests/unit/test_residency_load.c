/* The config's section `residency`: what is wrong and where, what its parts become, and what its digest is of.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/country.h"
#include "base/whole_file.h"
#include "enrich/residency_decide.h"
#include "tests/unit/residency_config.h"

#define LISTS TESTS_DIR "/../lists"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A section in which one line is another one; each key has a line of its own. */
enum line { ZONES = 2, PLACES, RULES, OTHER };
static const char *const usual[] = {"zones: {ch: [CH], other: [\"*\"]}",
                                    "places: {ch: [eu-central-2], us: [us-*], gov: [us-gov-*]}",
                                    "rules: [{zone: ch, allow: [ch]}]", "edge: report"};

static const char *section_with(enum line line, const char *text) {
    static char section[4096];
    size_t used = (size_t)snprintf(section, sizeof section, "residency:\n");
    for (enum line at = ZONES; at <= OTHER; at++)
        used += (size_t)snprintf(section + used, sizeof section - used, "  %s\n",
                                 at == line ? text : usual[at - ZONES]);
    ASSERT(used < sizeof section);
    return section;
}

/* --- what is wrong ---------------------------------------------------------------------------------- */

static const struct {
    enum line line;
    const char *text, *problems; /* in part; "": none */
} cases[] = {
    {OTHER, "edge: enforce", ""},
    {OTHER, "privacy: {key_env: RESIDENCY_KEY, ch: {ip: drop}}", ""},
    {OTHER, "route: {ch: here, \"*\": there}", ""},
    {OTHER, "edge: [report]", "5:9: residency: edge: expected a value such as report, got a list"},
    {OTHER, "edge: enforced", "5:9: residency: unknown value of edge \"enforced\", did you mean \"enforce\"?"},
    {OTHER, "egde: report", "5:3: residency: unknown key \"egde\", did you mean \"edge\"?"},
    {OTHER, "lists: [nowhere.list]",
     "5:11: residency.lists: \"nowhere.list\": no such file, neither beside the config nor"},
    {OTHER, "lists: [/nowhere.list]", "5:11: residency.lists: \"/nowhere.list\": no such file"},
    {OTHER, "lists: [[a]]",
     "5:11: residency.lists: expected the name of a file, such as eu-eea-2026-02.list, got a list"},
    {OTHER, "lists: [eu-eea-2026-02.list, eu-eea-2026-02.list]", "the set \"eu\" is there already"},
    {OTHER, "unsure: 3", "5:11: residency.unsure: expected keys such as {min_trust: 2}, got a text"},
    {OTHER, "unsure: {min_trust: 4}",
     "5:23: residency.unsure: min_trust: expected a whole number from 0 to 3, got \"4\""},
    {OTHER, "unsure: {anycast: maybe}", "5:21: residency.unsure: unknown value of anycast \"maybe\""},
    {OTHER, "unsure: {age: 3}", "5:12: residency.unsure: unknown key \"age\""},

    {ZONES, "zones: []",
     "2:10: residency.zones: expected names of zones and their countries, such as {ch: [CH], other: "
     "[\"*\"]}, got a list"},
    {ZONES, "zones: {}", "2:10: residency.zones: expected names of zones"},
    {ZONES, "zones: {ch: CH, other: \"*\"}", ""},
    {ZONES, "zones: {ch: [NO], other: [\"*\"]}", ""},
    {ZONES, "zones: {ch: [XK], other: [\"*\"]}", ""},
    {ZONES, "zones: {ch: [CH, CH], other: [\"*\"]}", ""},
    {ZONES, "zones: {ch: [UK]}",
     "2:16: residency.zones.ch: \"UK\" is no ISO 3166-1 code of a country, such as IS: the "
     "United Kingdom is GB"},
    {ZONES, "zones: {ch: [ch]}", "\"ch\" is no ISO 3166-1 code of a country, such as IS, did you mean CH?"},
    {ZONES, "zones: {ch: [CA-QC]}", "parts of countries are not told apart"},
    {ZONES, "zones: {ch: [EU]}",
     "\"EU\" is no ISO 3166-1 code of a country, such as IS: that is no country; name a list"},
    {ZONES, "zones: {ch: [ZZ]}", "\"ZZ\" is no ISO 3166-1 code"},
    {ZONES, "zones: {ch: [\"00\"]}", "\"00\" is no ISO 3166-1 code"},
    {ZONES, "zones: {ch: [\"\"]}", "\"\" is no ISO 3166-1 code"},
    {ZONES, "zones: {ch: [{a: b}]}",
     "expected a country such as IS, a set such as \"@eu\", or \"*\" for all others, got a mapping"},
    {ZONES, "zones: {ch: }", "got nothing"},
    {ZONES, "zones: {ch: [\"@eu\"]}", "2:16: residency.zones.ch: \"@eu\": no list is there; write lists: "},
    {ZONES, "zones: {ch: [CH], more: [CH], other: [\"*\"]}",
     "2:27: residency.zones.more: no country can be in it: zones in front"},
    {ZONES, "zones: {other: [\"*\"], ch: [CH]}", "2:29: residency.zones.ch: no country can be in it"},
    {ZONES, "zones: {ch: [], other: [\"*\"]}", "2:15: residency.zones.ch: no country is in it; write some"},
    {ZONES, "zones: {unknown: [CH]}", "and not \"unknown\", got \"unknown\""},
    {ZONES, "zones: {\"a b\": [CH]}",
     "residency.zones: expected a name of letters, digits and _ . -, at most 64 bytes"},
    {ZONES, "zones: {ch: [CH], other: [US]}",
     "2:10: warning: residency.zones: 248 countries are in no zone, AD for example"},

    {PLACES, "places: 1", "3:11: residency.places: expected names of places and their regions"},
    {PLACES, "places: {ch: eu-central-2}", ""},
    {PLACES, "places: {ch: [\"*\"]}",
     "3:17: residency.places.ch: expected a region such as eu-central-1, or how regions begin, "
     "such as us-*; got \"*\": a region that nobody has named stays unknown"},
    {PLACES, "places: {ch: [eu central]}", "got \"eu central\""},
    {PLACES, "places: {ch: []}", "3:16: residency.places.ch: no region is in it"},
    {PLACES, "places: {ch: [a-1, a-1]}",
     "3:22: residency.places.ch: a-1 is already in place ch; a region is in one place"},
    {PLACES, "places: {ch: [a-1], us: [a-1]}", "3:28: residency.places.us: a-1 is already in place ch"},
    {PLACES, "places: {ch: [a-*], us: [a-*]}", "3:28: residency.places.us: a-* is already in place ch"},
    {PLACES, "places: {ch: [a-*], us: [a-1, a-b*]}", ""},
    {PLACES, "places: {ch: [\"eu-*\"]}",
     "3:16: warning: residency.places: ch: eu-* also takes eu-west-2, which is London and not "
     "in the EU; name it in the place where it belongs\n"
     "3:16: warning: residency.places: ch: eu-* also takes eu-central-2, which is Zurich"},
    {PLACES, "places: {ch: [eu-*], uk: [eu-west-2, eu-central-2]}", ""},

    {RULES, "rules: {zone: ch}",
     "4:10: residency.rules: expected a list of at most 64 rules such as {zone: ch, allow: [ch]}"},
    {RULES, "rules: []", "4:10: residency.rules: expected a list"},
    {RULES, "rules: [ch]", "4:11: residency.rules 1: expected a rule such as {zone: ch, allow: [ch]}, got a text"},
    {RULES, "rules: [{allow: ch}]",
     "4:11: residency.rules 1: no \"zone\": write whose clients it is about, such as zone: ch"},
    {RULES, "rules: [{zone: cn}]", "4:18: residency.rules 1: unknown zone \"cn\", did you mean \"ch\"?"},
    {RULES, "rules: [{zone: [ch]}]", "4:18: residency.rules 1: zone: expected the name of one zone, got a list"},
    {RULES, "rules: [{zone: ch}, {zone: ch}]",
     "4:30: residency.rules 2: zone ch has a rule already; put the two into one"},
    {RULES, "rules: [{zone: ch, allow: [uss]}]",
     "4:30: residency.rules 1: unknown place \"uss\", did you mean \"us\"?"},
    {RULES, "rules: [{zone: ch, allow: [us], conditional: [us]}]",
     "4:11: residency.rules 1: place us stands in allow and in conditional"},
    {RULES, "rules: [{zone: ch, allow: [cn-*], else: ok}, {zone: other, allow: [cn-*, ap-east-1, \"*\"]}]", ""},
    {RULES, "rules: [{zone: ch, allow: [eu-central-2]}]",
     "4:30: residency.rules 1: eu-central-2 has regions of place ch: write ch here"},
    {RULES, "rules: [{zone: ch, allow: [us-east-1]}]", "us-east-1 has regions of place us: write us here"},
    {RULES, "rules: [{zone: ch, allow: [eu-*]}]", "eu-* has regions of place ch: write ch here"},
    {RULES, "rules: [{zone: ch, else: vilation}]",
     "4:28: residency.rules 1: unknown verdict \"vilation\", did you mean \"violation\"?"},
    {RULES, "rules: [{zone: ch, else: exempt}]", "unknown verdict \"exempt\""},
    {RULES, "rules: [{zone: ch, alow: us}]", "4:22: residency.rules 1: unknown key \"alow\", did you mean \"allow\"?"},
    {RULES, "rules: [{zone: ch, name: a b}]", "4:28: residency.rules 1: name: expected letters"},
};

static void says_what_is_wrong(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct residency_policy *policy = residency_config_load(&config, section_with(cases[i].line, cases[i].text),
                                                                LISTS);
        const char *problems = chain_config_problems(&config);
        bool good = cases[i].problems[0] == '\0' ? problems[0] == '\0' : strstr(problems, cases[i].problems) != NULL;
        if (!good) fail_msg("%s:\n  %s\nexpected\n  %s", cases[i].text, problems, cases[i].problems);
        assert_int_equal(policy != NULL, config.problems.errors_count == 0);
        residency_unload(policy);
    }
    chain_config_destroy(&config);
}

/* Without zones, places and rules the least that there must be is shown, and that is a policy. */
static void shows_an_example(void **state) {
    (void)state;
    struct chain_config config;
    char text[1024];
    chain_config_init(&config);
    static const char *const empty[] = {"residency: {}\n", "residency:\n", "residency: []\n",
                                        "residency: {zones: {a: [\"*\"]}, places: {b: [c]}}\n"};
    for (size_t i = 0; i < COUNT(empty); i++) {
        assert_null(residency_config_load(&config, empty[i], LISTS));
        assert_non_null(strstr(chain_config_problems(&config), residency_example));
    }
    snprintf(text, sizeof text, "residency: %s\n", residency_example);
    struct residency_policy *policy = residency_config_load(&config, text, LISTS);
    assert_string_equal(chain_config_problems(&config), "");
    assert_non_null(policy);
    residency_unload(policy);
    chain_config_destroy(&config);
}

/* --- lists ------------------------------------------------------------------------------------------ */

#define FACTS "# name: n\n# source: s\n# date: 2026-02-01\n"

static const struct {
    const char *list, *problems; /* in part; "": none */
} lists[] = {
    {FACTS "@ch: CH LI\n", ""},
    {FACTS "\n# a comment: of mine\n@ch: CH \t\r\n@more:  CA=conditional US\n", ""},
    {"# source: s\n# date: 2026-02-01\n@ch: CH\n",
     "l.list:0:0: residency.lists: says no name: write a line such as # name: EU and EEA"},
    {"# name: n\n# date: 2026-02-01\n@ch: CH\n", "l.list:0:0: residency.lists: says no source: write a line such as"},
    {"# name: n\n# source: s\n@ch: CH\n",
     "l.list:0:0: residency.lists: says no date: write a line such as # date: 2026-02-01"},
    {"# name: n\n# source:\n# date: 2026-02-01\n@ch: CH\n", "says no source"},
    {"# name: n\n# source: s\n# date: 2026-02-30\n@ch: CH\n",
     "l.list:3:1: residency.lists: date: expected a day such as 2026-02-01, got "
     "\"2026-02-30\""},
    {"# name: n\n# source: s\n# date: February 2026\n@ch: CH\n", "date: expected a day"},
    {FACTS "@ch: CH UK\n", "l.list:4:1: residency.lists: \"UK\" is no ISO 3166-1 code of two letters"},
    {FACTS "@ch: CH=maybe\n", "\"CH=maybe\" is no ISO 3166-1 code"},
    {FACTS "@ch: CH CH=conditional\n", "\"CH=conditional\" stands twice in its set"},
    {FACTS "@ch: CH\n@ch: LI\n", "l.list:5:1: residency.lists: the set \"ch\" is there already"},
    {FACTS "@ch:\n", "the set \"ch\" is empty"},
    {FACTS "@c h: CH\n", "expected a name of letters, digits and _ . - behind the @, got \"c h\""},
    {FACTS "@ch CH\n", "expected a set such as @eu: AT BE, or a comment with #, got \"@ch CH\""},
    {FACTS "AT BE\n@ch: CH\n", "expected a set such as"},
    {"", "says no name"},
};

static void reads_lists(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT(lists); i++) {
        chain_config_write(&config, "l.list", lists[i].list);
        struct residency_policy *policy = residency_config_load(
            &config,
            "residency:\n  lists: l.list\n  zones: {ch: [\"@ch\"], other: [\"*\"]}\n  places: {a: b}\n  "
            "rules: [{zone: ch}]\n",
            LISTS);
        const char *problems = chain_config_problems(&config);
        bool good = lists[i].problems[0] == '\0' ? problems[0] == '\0' : strstr(problems, lists[i].problems) != NULL;
        if (!good) fail_msg("%s:\n  %s\nexpected\n  %s", lists[i].list, problems, lists[i].problems);
        assert_int_equal(policy != NULL, lists[i].problems[0] == '\0');
        residency_unload(policy);
    }
    chain_config_destroy(&config);
}

/* --- what it becomes -------------------------------------------------------------------------------- */

/* The example that comes with wherefrom. */
static struct residency_policy *load_example(struct chain_config *config) {
    struct slice text;
    struct error error;
    assert_int_equal(whole_file_read(TESTS_DIR "/../examples/residency.yaml", 1u << 20, &text, &error), STATUS_OK);
    char *copy = strndup(text.ptr, text.len);
    whole_file_free(text);
    struct residency_policy *policy = residency_config_load(config, copy, LISTS);
    assert_string_equal(chain_config_problems(config), "");
    assert_non_null(policy);
    free(copy);
    return policy;
}

static const char *zone_of(const struct residency_policy *policy, const char *code) {
    return residency_zone_name(policy, residency_country_of(policy, country_number(slice_from(code)))->zone);
}

static const char *place_of(const struct residency_policy *policy, const char *region) {
    return residency_place_name(policy, residency_place_of(policy, slice_from(region)));
}

static void puts_every_country_into_one_zone(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = load_example(&config);
    uint32_t count = 0, eea = 0;
    for (uint16_t number = country_iso(0); number != COUNTRY_NONE; number = country_iso(++count)) {
        const struct residency_country *country = residency_country_of(policy, number);
        assert_true(country->is_country && country->zone < policy->zones_count);
        eea += strcmp(zone_of(policy, country_code(number).text), "eea") == 0;
    }
    assert_int_equal(count, 249);
    assert_int_equal(eea, 27 + 3 + 7);
    static const char *const zones[][2] = {{"NO", "eea"},     {"SJ", "other"},   {"GL", "other"},   {"RE", "eea"},
                                           {"GB", "uk"},      {"GG", "other"},   {"CN", "cn"},      {"HK", "other"},
                                           {"XK", "other"},   {"UK", "unknown"}, {"EU", "unknown"}, {"eu", "unknown"},
                                           {"00", "unknown"}, {"zz", "unknown"}};
    for (size_t i = 0; i < COUNT(zones); i++) assert_string_equal(zone_of(policy, zones[i][0]), zones[i][1]);
    for (uint32_t number = 0; number <= UINT16_MAX; number++) /* whatever a database says */
        assert_int_equal(residency_country_of(policy, (uint16_t)number)->zone < policy->zones_count,
                         country_is_known((uint16_t)number));
    residency_unload(policy);
    chain_config_destroy(&config);
}

/* Who is adequate under conditions alone is never adequate without. */
static void knows_who_is_adequate(void **state) {
    (void)state;
    static const char adequate[] = "AD AR BR CA CH FO GB GG IL IM JE JP KR NZ US UY", conditional[] = "CA US";
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = residency_config_load(
        &config,
        "residency:\n  lists: [adequacy-2026-02.list]\n  zones: {adequate: [\"@adequacy\"], other: [\"*\"]}\n"
        "  places: {eu: [eu-west-1]}\n  rules: [{zone: adequate, allow: [eu]}]\n",
        LISTS);
    assert_string_equal(chain_config_problems(&config), "");
    uint32_t index = 0;
    for (uint16_t number = country_iso(0); number != COUNTRY_NONE; number = country_iso(++index)) {
        const char *code = country_code(number).text;
        const struct residency_country *country = residency_country_of(policy, number);
        if (strstr(adequate, code) == NULL) assert_string_equal(zone_of(policy, code), "other");
        if (strstr(adequate, code) != NULL) assert_string_equal(zone_of(policy, code), "adequate");
        assert_int_equal(country->conditional, strstr(conditional, code) != NULL);
    }
    residency_unload(policy);
    chain_config_destroy(&config);
}

static void finds_places(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = load_example(&config);
    static const char *const places[][2] = {
        {"eu-central-1", "eu"},     {"eu-west-2", "uk"},    {"eu-central-2", "ch"},   {"us-east-1", "us"},
        {"us-gov-west-1", "us"},    {"cn-north-1", "cn-*"}, {"ap-east-1", "unknown"}, {"eu-central-10", "unknown"},
        {"eu-central", "unknown"},  {"", "unknown"},        {"us", "unknown"},        {"us-", "us"},
        {"EU-CENTRAL-1", "unknown"}};
    for (size_t i = 0; i < COUNT(places); i++) assert_string_equal(place_of(policy, places[i][0]), places[i][1]);
    residency_unload(policy);
    policy = residency_config_load(&config, section_with(OTHER, "edge: report"), LISTS);
    assert_string_equal(place_of(policy, "us-gov-west-1"), "gov"); /* the longer beginning, whichever comes first */
    assert_string_equal(place_of(policy, "us-west-1"), "us");
    residency_unload(policy);
    chain_config_destroy(&config);
}

/* YAML's own traps: NO is a country, and subtrees stay as they were written when the config is gone. */
static void keeps_texts_as_they_are(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = residency_config_load(
        &config,
        "residency:\n  zones: {no: [NO], other: [\"*\"]}\n  places: {no: [eu-north-1]}\n"
        "  rules: [{zone: no, allow: [no], name: n-1}, {zone: other, allow: \"*\"}]\n  route: {no: [NO, {a: "
        "~}], \"*\": b}\n",
        LISTS);
    assert_string_equal(chain_config_problems(&config), "");
    chain_config_unload(&config);
    assert_string_equal(zone_of(policy, "NO"), "no");
    assert_string_equal(residency_rule_name(policy, policy->zones[0].rule), "n-1");
    assert_string_equal(residency_rule_name(policy, policy->zones[1].rule), "other");
    assert_string_equal(residency_rule_name(policy, RESIDENCY_INDEX_NONE), "");
    assert_null(policy->privacy);
    const struct config_node *item = config_node_member(policy->route, "no")->first;
    assert_true(config_node_is(item, "NO"));
    assert_int_equal(config_node_member(item->next, "a")->kind, CONFIG_NULL);
    assert_int_equal(item->next->place.line, 5);
    assert_true(config_node_is(config_node_member(policy->route, "*"), "b"));
    residency_unload(policy);
    chain_config_destroy(&config);
}

/* --- digests ---------------------------------------------------------------------------------------- */

#define BASE                                                                              \
    "residency:\n  lists: [l.list]\n  zones: {ch: [\"@ch\"], fr: [FR], other: [\"*\"]}\n" \
    "  places: {ch: [eu-central-2], fr: [eu-west-3, eu-west-9]}\n"                        \
    "  rules: [{zone: ch, allow: [ch]}, {zone: fr, allow: [fr], conditional: [ch]}]\n  edge: report\n"

static const struct {
    const char *what, *from, *to; /* of the text above */
    bool same;
} changes[] = {
    {"nothing", "", "", true},
    {"a comment", "  edge: report\n", "  edge: report # as before\n", true},
    {"a default that is said", "  edge: report\n", "  edge: report\n  unsure: {min_trust: 2, geo_age_days: 30}\n",
     true},
    {"a default that is left out", "  edge: report\n", "", true},
    {"what does not decide", "  edge: report\n",
     "  edge: report\n  route: {\"*\": a}\n  privacy: {key_env: RESIDENCY_KEY, ch: {ip: drop}}\n", true},
    {"order of regions", "eu-west-3, eu-west-9", "eu-west-9, eu-west-3", true},
    {"order of rules", "[{zone: ch, allow: [ch]}, {zone: fr, allow: [fr], conditional: [ch]}]",
     "[{conditional: [ch], zone: fr, allow: [fr]}, {zone: ch, allow: [ch]}]", true},
    {"order of zones that share nothing", "ch: [\"@ch\"], fr: [FR]", "fr: [FR], ch: [\"@ch\"]", true},
    {"order of places", "{ch: [eu-central-2], fr: [eu-west-3, eu-west-9]}",
     "{fr: [eu-west-3, eu-west-9], ch: [eu-central-2]}", true},
    {"how countries are named", "[\"@ch\"]", "[CH, LI]", true},
    {"edge", "edge: report", "edge: enforce", false},
    {"a zone's name", "fr: [FR]", "FR: [FR]", false},
    {"a country", "[FR]", "[FR, MC]", false},
    {"a region", "eu-west-9", "eu-west-8", false},
    {"a region's place", "ch: [eu-central-2], fr: [eu-west-3, eu-west-9]",
     "ch: [eu-central-2, eu-west-9], fr: [eu-west-3]", false},
    {"a region that becomes a beginning", "eu-west-9", "eu-west-9*", false},
    {"what is allowed", "[fr], conditional: [ch]", "[fr, ch]", false},
    {"what is conditional", ", conditional: [ch]", "", false},
    {"else", "conditional: [ch]}", "conditional: [ch], else: conditional}", false},
    {"a rule's name", "conditional: [ch]}", "conditional: [ch], name: x}", false},
    {"a rule", "{zone: ch, allow: [ch]}, ", "", false},
    {"trust", "edge: report", "unsure: {min_trust: 1}", false},
    {"anycast", "edge: report", "unsure: {anycast: flag}", false},
    {"registered", "edge: report", "unsure: {registered_differs: flag}", false},
    {"hosting", "edge: report", "unsure: {hosting_asn: ignore}", false},
    {"age", "edge: report", "unsure: {geo_age_days: 31}", false},
};

static struct residency_digest digest_of(struct chain_config *config, const char *from, const char *to) {
    char text[2048];
    const char *at = from[0] == '\0' ? BASE : strstr(BASE, from);
    ASSERT(at != NULL);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - BASE), BASE, to, at + strlen(from));
    text[strlen(BASE) - strlen(from) + strlen(to)] = '\0';
    if (strcmp(from, "fr: [FR]") == 0) { /* it has a rule */
        char *rule = strstr(text, "zone: fr");
        memcpy(rule, "zone: FR", 8);
    }
    struct residency_policy *policy = residency_config_load(config, text, LISTS);
    if (policy == NULL) fail_msg("%s -> %s: %s", from, to, chain_config_problems(config));
    struct residency_digest digest = policy->digest;
    residency_unload(policy);
    return digest;
}

static void digests_what_decides(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    chain_config_write(&config, "l.list", FACTS "@ch: CH LI\n");
    struct residency_digest base = digest_of(&config, "", "");
    assert_int_equal(strlen(base.text), 71);
    assert_memory_equal(base.text, "sha256:", 7);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct residency_digest digest = digest_of(&config, changes[i].from, changes[i].to);
        if ((strcmp(digest.text, base.text) == 0) != changes[i].same)
            fail_msg("%s: the digest is %s", changes[i].what, changes[i].same ? "another one" : "the same");
    }
    chain_config_write(&config, "l.list", FACTS "@ch: CH LI\n# seen again today\n"); /* a list is its bytes */
    assert_string_not_equal(digest_of(&config, "", "").text, base.text);
    chain_config_destroy(&config);
}

/* As sha256sum says. */
static void digests_lists(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    chain_config_write(&config, "l.list", FACTS "@ch: CH LI\n");
    struct residency_policy *policy = residency_config_load(&config, BASE, LISTS);
    assert_int_equal(policy->lists_count, 1);
    assert_string_equal(policy->lists[0].name, "n");
    assert_string_equal(policy->lists[0].source, "s");
    assert_string_equal(policy->lists[0].date, "2026-02-01");
    char command[256], line[128], expected[160];
    snprintf(command, sizeof command, "sha256sum < %s/l.list", config.folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    snprintf(expected, sizeof expected, "sha256:%.64s", line);
    assert_string_equal(policy->lists[0].digest.text, expected);
    residency_unload(policy);
    chain_config_destroy(&config);
}

int main(void) {
    setenv("RESIDENCY_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(shows_an_example),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(puts_every_country_into_one_zone),
        cmocka_unit_test(knows_who_is_adequate),
        cmocka_unit_test(finds_places),
        cmocka_unit_test(keeps_texts_as_they_are),
        cmocka_unit_test(digests_what_decides),
        cmocka_unit_test(digests_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
