/* The config's `residency.route`: which output each zone's records go to, and what is wrong with it.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/residency_route.h"
#include "tests/unit/residency_config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECTION                                                                                                    \
    "residency:\n  zones: {ch: [CH], us: [US], other: [\"*\"]}\n  places: {ch: [eu-central-2]}\n  rules: [{zone: " \
    "ch, allow: [ch]}]\n"

static const char *const names[] = {"main", "swiss", "states"};

static const struct {
    const char *route;
    uint32_t outputs;
    const char *expected; /* outputs of ch, us, other, and of no zone; or the problem, in part; warnings behind that */
} cases[] = {
    {"", 1, "0000"},
    {"  route: {\"*\": main}\n", 1, "0000"},
    {"  route: {ch: main, \"*\": main}\n", 1, "0000"},
    {"  route: {\"*\": main}\n", 2, "0000 5:10: warning: residency.route: no zone goes to output swiss"},
    {"  route: {ch: swiss, \"*\": main}\n", 2, "1000"},
    {"  route: {\"*\": main, ch: swiss}\n", 2, "1000"},
    {"  route: {ch: main, us: main, other: main, \"*\": swiss}\n", 2, "0001"},
    {"  route: {ch: swiss, us: states, \"*\": main}\n", 3, "1200"},
    {"  route: {us: states, \"*\": swiss, ch: main}\n", 3, "0211"},
    {"", 2,
     "residency.route: there are 2 outputs, and nothing says whose records go where: write residency: {.., route: "
     "{ZONE: "
     "swiss, \"*\": main}}"},
    {"  route: {ch: main}\n", 1, "5:10: residency.route: expected {ZONE: OUTPUT, .., \"*\": OUTPUT}"},
    {"  route: {}\n", 2, "5:10: residency.route: expected {ZONE: OUTPUT, .., \"*\": OUTPUT}"},
    {"  route: main\n", 1, "5:10: residency.route: expected {ZONE: OUTPUT, .., \"*\": OUTPUT}"},
    {"  route: [main]\n", 1, "5:10: residency.route: expected {ZONE: OUTPUT, .., \"*\": OUTPUT}"},
    {"  route:\n", 1, "5:9: residency.route: expected {ZONE: OUTPUT, .., \"*\": OUTPUT}"},
    {"  route: {ch: swis, \"*\": main}\n", 2,
     "5:15: residency.route: unknown output \"swis\", did you mean \"swiss\"?"},
    {"  route: {ch: states, \"*\": main}\n", 2, "5:15: residency.route: unknown output \"states\""},
    {"  route: {ch: swiss, \"*\": mian}\n", 2,
     "5:27: residency.route: unknown output \"mian\", did you mean \"main\"?"},
    {"  route: {hc: swiss, \"*\": main}\n", 2, "5:11: residency.route: unknown key \"hc\", did you mean \"ch\"?"},
    {"  route: {ch: [swiss], \"*\": main}\n", 2,
     "5:15: residency.route: ch: expected the name of an output, got a list"},
    {"  route: {ch: swiss, \"*\": {}}\n", 2, "5:27: residency.route: *: expected the name of an output, got a mapping"},
};

static void says_where_records_go(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024], found[16384];
        snprintf(text, sizeof text, SECTION "%s", cases[i].route);
        struct residency_policy *policy = residency_config_load(&config, text, NULL);
        if (policy == NULL) fail_msg("%s: %s", text, chain_config_problems(&config));
        const struct residency_outputs outputs = {names, cases[i].outputs, NULL};
        const struct problem_scope scope = {.problems = &config.problems, .file = config.path};
        bool good = residency_route_resolve(policy, &outputs, &scope);
        assert_int_equal(good, config.problems.errors_count == 0);
        int used = good ? snprintf(found, sizeof found, "%u%u%u%u", policy->zones[0].output, policy->zones[1].output,
                                   policy->zones[2].output, policy->output)
                        : 0;
        snprintf(found + used, sizeof found - (size_t)used, " %s", chain_config_problems(&config));
        if (strstr(found, cases[i].expected) == NULL)
            fail_msg("%s\n  %s\nexpected\n  %s", text, found, cases[i].expected);
        if (strchr(cases[i].expected, ' ') == NULL) assert_int_equal(config.problems.warnings_count, 0);
        residency_unload(policy);
    }
    chain_config_destroy(&config);
}

/* A record of no zone goes with all others, and so does one of which nothing is said. */
static void each_record_has_an_output(void **state) {
    (void)state;
    struct residency_policy policy = {.zones_count = 2, .output = 2};
    policy.zones[0].output = 0;
    policy.zones[1].output = 1;
    static const struct {
        uint8_t verdict, zone;
        uint32_t expected;
    } records[] = {{RESIDENCY_OK, 0, 0},
                   {RESIDENCY_VIOLATION, 1, 1},
                   {RESIDENCY_INDETERMINATE, 1, 1},
                   {RESIDENCY_INDETERMINATE, RESIDENCY_INDEX_NONE, 2},
                   {RESIDENCY_EXEMPT, RESIDENCY_INDEX_NONE, 2}};
    for (size_t i = 0; i < COUNT(records); i++) {
        const struct residency residency = {.verdict = records[i].verdict, .zone = records[i].zone};
        assert_int_equal(residency_output(&policy, &residency), records[i].expected);
    }
    assert_int_equal(residency_output(&policy, NULL), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_where_records_go),
                                       cmocka_unit_test(each_record_has_an_output)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
