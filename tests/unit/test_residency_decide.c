/* What a policy says of records: every reason, every verdict, and whatever comes: an unknown region is never ok.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/country.h"
#include "enrich/residency_decide.h"
#include "tests/unit/residency_config.h"
#include "tests/unit/seeded.h"

#define LISTS TESTS_DIR "/../lists"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The database was built on 2026-01-01; records are of 2026-01-02 unless they are late. */
#define BUILD 1767225600u
#define DAY_NS 86400000000000

#define POLICY                                                                                                   \
    "residency:\n  lists: [l.list]\n  zones: {eea: [\"@eea\"], uk: [GB], cn: [CN], us: [US], other: [\"*\"]}\n"  \
    "  places: {eu: [eu-central-1, eu-west-1, FRA*], uk: [eu-west-2], us: [us-*, IAD*]}\n"                       \
    "  rules: [{zone: eea, allow: [eu], conditional: [uk], else: violation}, {zone: uk, allow: [uk, eu], name: " \
    "uk-2}, "                                                                                                    \
    "{zone: cn, allow: [cn-*], else: indeterminate}, {zone: us, allow: [us], else: ok}]\n"
#define TRUST_1 "  unsure: {min_trust: 1}\n"
#define ENFORCE "  edge: enforce\n"

enum who { RESOLVED, UNRESOLVED, UNDECLARED /* resolved, and there are headers that no chain uses */ };

static const struct {
    const char *what, *more; /* of the policy; NULL: nothing */
    const char *format, *region,
        *column; /* region of the object's name; text of the column that may say one: ARN, region, edge */
    const char *address;
    enum who who;
    uint8_t trust;
    const char *country;
    uint16_t flags;
    uint32_t days;        /* after the database */
    const char *expected; /* "verdict zone place rule [reasons] regions edge" */
} cases[] = {
#define ALB "alb_access"
#define ARN(region) "arn:aws:elasticloadbalancing:" region ":123456789012:targetgroup/t/73e2d6bc24d8a067"
#define ACL(where) "arn:aws:wafv2:us-east-1:123456789012:" where "/webacl/a/1"
    {"ok", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1, "ok eea eu eea [] eu-west-1"},
    {"trust 3", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 3, "SE", 0, 1, "ok eea eu eea [] eu-west-1"},
    {"conditional", NULL, ALB, "eu-west-2", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "conditional eea uk eea [] eu-west-2"},
    {"violation", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "violation eea us eea [] us-east-1"},
    {"a rule's own name", NULL, ALB, "us-east-1", "-", "81.2.69.142", RESOLVED, 2, "GB", 0, 1,
     "violation uk us uk-2 [] us-east-1"},
    {"the list says conditional", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "CH", 0, 1,
     "conditional eea eu eea [] eu-west-1"},
    {"and violation stays", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "CH", 0, 1,
     "violation eea us eea [] us-east-1"},
    {"else: indeterminate", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "CN", 0, 1,
     "indeterminate cn us cn [no-rule] us-east-1"},
    {"a place that a rule names", NULL, ALB, "cn-north-1", "-", "89.160.20.112", RESOLVED, 2, "CN", 0, 1,
     "ok cn cn-* cn [] cn-north-1"},
    {"no rule", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "JP", 0, 1,
     "indeterminate other eu - [no-rule] eu-west-1"},
    {"unknown place", NULL, ALB, "eu-west-9", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place] eu-west-9"},
    {"no region at all", NULL, ALB, "", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place]"},
    {"a region that is none", NULL, ALB, "eu west", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place]"},
    {"low trust", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 1, "SE", 0, 1,
     "indeterminate eea eu eea [low-trust] eu-west-1"},
    {"low trust hides a violation", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 1, "SE", 0, 1,
     "indeterminate eea us eea [low-trust] us-east-1"},
    {"trust 1 is enough", TRUST_1, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 1, "SE", 0, 1,
     "ok eea eu eea [] eu-west-1"},
    {"unresolved", NULL, ALB, "eu-west-1", "-", "89.160.20.112", UNRESOLVED, 0, "", 0, 1,
     "indeterminate unknown eu - [low-trust] eu-west-1"},
    {"unresolved, and any trust is enough", "  unsure: {min_trust: 0}\n", ALB, "eu-west-1", "-", "89.160.20.112",
     UNRESOLVED, 0, "", 0, 1, "indeterminate unknown eu - [low-trust] eu-west-1"},
    {"no geo", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "", 0, 1,
     "indeterminate unknown eu - [no-geo] eu-west-1"},
    {"a code that no country has", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "EU", 0, 1,
     "indeterminate unknown eu - [no-geo] eu-west-1"},
    {"two reasons, in order", NULL, ALB, "eu-west-9", "-", "89.160.20.112", RESOLVED, 1, "", 0, 1,
     "indeterminate unknown unknown - [low-trust no-geo unknown-place] eu-west-9"},
    {"anycast", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "SE", PLACE_ANYCAST, 1,
     "indeterminate eea eu eea [anycast] eu-west-1"},
    {"anycast flagged", "  unsure: {anycast: flag}\n", ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "SE",
     PLACE_ANYCAST, 1, "ok eea eu eea [anycast] eu-west-1"},
    {"anycast ignored", "  unsure: {anycast: ignore}\n", ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "SE",
     PLACE_ANYCAST, 1, "ok eea eu eea [] eu-west-1"},
    {"registered elsewhere", NULL, ALB, "eu-west-1", "-", "89.160.20.112", RESOLVED, 2, "SE",
     PLACE_REGISTERED_ELSEWHERE, 1, "indeterminate eea eu eea [registered-differs] eu-west-1"},
    {"hosting", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "SE", PLACE_HOSTING | PLACE_LOCATED, 1,
     "violation eea us eea [hosting] us-east-1"},
    {"hosting decides", "  unsure: {hosting_asn: indeterminate}\n", ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2,
     "SE", PLACE_HOSTING, 1, "indeterminate eea us eea [hosting] us-east-1"},
    {"all doubts", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 1, "JP",
     PLACE_HOSTING | PLACE_ANYCAST | PLACE_REGISTERED_ELSEWHERE, 31,
     "indeterminate other us - [anycast hosting low-trust no-rule registered-differs stale-db] us-east-1"},
    {"stale", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 31,
     "violation eea us eea [stale-db] us-east-1"},
    {"just not stale", NULL, ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 30,
     "violation eea us eea [] us-east-1"},
    {"any age", "  unsure: {geo_age_days: 0}\n", ALB, "us-east-1", "-", "89.160.20.112", RESOLVED, 2, "SE", 0, 3000,
     "violation eea us eea [] us-east-1"},
    /* one's own network */
    {"private", NULL, ALB, "eu-west-9", "-", "10.1.2.3", RESOLVED, 2, "", 0, 1,
     "exempt unknown unknown - [private] eu-west-9"},
    {"private, of little trust", NULL, ALB, "eu-west-1", "-", "172.16.2.3", RESOLVED, 1, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"private, and shows headers", NULL, ALB, "eu-west-1", "-", "192.168.2.3", UNDECLARED, 1, "", 0, 1,
     "indeterminate unknown eu - [low-trust no-geo] eu-west-1"},
    {"shared", NULL, ALB, "eu-west-1", "-", "100.64.0.1", RESOLVED, 2, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"loopback", NULL, ALB, "eu-west-1", "-", "127.0.0.1", RESOLVED, 2, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"loopback, IPv6", NULL, ALB, "eu-west-1", "-", "::1", RESOLVED, 2, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"unique-local", NULL, ALB, "eu-west-1", "-", "fd00::1", RESOLVED, 2, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"link-local", NULL, ALB, "eu-west-1", "-", "fe80::1", RESOLVED, 2, "", 0, 1,
     "exempt unknown eu - [private] eu-west-1"},
    {"documentation is nobody's", NULL, ALB, "eu-west-1", "-", "192.0.2.1", RESOLVED, 2, "", 0, 1,
     "indeterminate unknown eu - [no-geo] eu-west-1"},
    {"unspecified", NULL, ALB, "eu-west-1", "-", "0.0.0.0", RESOLVED, 2, "", 0, 1,
     "indeterminate unknown eu - [no-geo] eu-west-1"},
    {"unresolved and private", NULL, ALB, "eu-west-1", "-", "10.1.2.3", UNRESOLVED, 0, "", 0, 1,
     "indeterminate unknown eu - [low-trust] eu-west-1"},
    /* where it was served */
    {"by the ARN", NULL, ALB, "", ARN("eu-west-1"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "ok eea eu eea [] eu-west-1"},
    {"balancer and target are one", NULL, ALB, "eu-west-1", ARN("eu-west-1"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "ok eea eu eea [] eu-west-1"},
    {"the target is worse", NULL, ALB, "eu-west-1", ARN("us-east-1"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "violation eea us eea [] eu-west-1,us-east-1"},
    {"the balancer is worse", NULL, ALB, "us-east-1", ARN("eu-west-2"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "violation eea us eea [] us-east-1,eu-west-2"},
    {"conditional is worse than ok", NULL, ALB, "eu-west-1", ARN("eu-west-2"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "conditional eea uk eea [] eu-west-1,eu-west-2"},
    {"unknown is worse than conditional", NULL, ALB, "eu-west-9", ARN("eu-west-2"), "89.160.20.112", RESOLVED, 2, "SE",
     0, 1, "indeterminate eea unknown eea [unknown-place] eu-west-9,eu-west-2"},
    {"violation is worse than unknown", NULL, ALB, "eu-west-9", ARN("us-east-1"), "89.160.20.112", RESOLVED, 2, "SE", 0,
     1, "violation eea us eea [unknown-place] eu-west-9,us-east-1"},
    {"an ARN that is none", NULL, ALB, "", "arn:aws", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place]"},
    {"a web ACL of a region", NULL, "waf", "", ACL("regional"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "violation eea us eea [] us-east-1"},
    {"a web ACL of CloudFront", NULL, "waf", "", ACL("global"), "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place]"},
    {"a column", NULL, "vpc_flow", "", "eu-west-1", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "ok eea eu eea [] eu-west-1"},
    {"a column that knows nothing", NULL, "vpc_flow", "", "unknown", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place]"},
    {"the object's name knows better", NULL, "vpc_flow", "eu-west-1", "us-east-1", "89.160.20.112", RESOLVED, 2, "SE",
     0, 1, "ok eea eu eea [] eu-west-1"},
    {"an edge is reported", NULL, "cloudfront", "", "FRA56-P1", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place] edge FRA56"},
    {"an edge counts", ENFORCE, "cloudfront", "", "FRA56-P1", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "ok eea eu eea [] edge FRA56"},
    {"an edge counts beside a region", ENFORCE, "cloudfront", "eu-west-1", "IAD66", "89.160.20.112", RESOLVED, 2, "SE",
     0, 1, "violation eea us eea [] eu-west-1 edge IAD66"},
    {"an edge of nowhere", ENFORCE, "cloudfront", "eu-west-1", "XXX1", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "indeterminate eea unknown eea [unknown-place] eu-west-1 edge XXX1"},
    {"an edge is ignored", "  edge: ignore\n", "cloudfront", "eu-west-1", "IAD66", "89.160.20.112", RESOLVED, 2, "SE",
     0, 1, "ok eea eu eea [] eu-west-1"},
    {"an edge that is no text of one", NULL, "cloudfront", "eu-west-1", "a\"b", "89.160.20.112", RESOLVED, 2, "SE", 0,
     1, "ok eea eu eea [] eu-west-1"},
    {"an accelerator's edge", NULL, "ga_flow", "eu-west-1", "FRA", "89.160.20.112", RESOLVED, 2, "SE", 0, 1,
     "ok eea eu eea [] eu-west-1 edge FRA"},
    {"no client", NULL, "alb_health_check", "eu-west-1", NULL, "89.160.20.112", RESOLVED, 2, "SE", 0, 1, "none"},
};

/* A record of the format, with a text in the column of that role. */
struct made {
    struct record record;
    struct origin origin;
    char text[256];
};

static void make(struct made *made, size_t i) {
    static const enum field_role roles[] = {ROLE_EDGE, ROLE_RESOURCE_ARN, ROLE_REGION};
    const char *column = cases[i].column;
    struct ip_parsed address;
    assert_true(ip_parse(slice_from(cases[i].address), &address));
    *made = (struct made){.origin.region = slice_from(cases[i].region)};
    struct record *record = &made->record;
    record->schema = schema_find(slice_from(cases[i].format));
    assert_non_null(record->schema);
    record->text = made->text;
    record->fields_count = record->schema->fields_count;
    for (size_t role = 0; column != NULL && role < COUNT(roles); role++) {
        if (schema_column(record->schema, roles[role]) < 0) continue;
        strcpy(made->text, column);
        record->fields[schema_column(record->schema, roles[role])] = (struct span){0, (uint32_t)strlen(column)};
        break;
    }
    record->time.ns = (int64_t)BUILD * 1000000000 + cases[i].days * DAY_NS;
    record->client = (struct client){.ip = address.ip,
                                     .resolved = cases[i].who != UNRESOLVED,
                                     .global = cases[i].who != UNRESOLVED && ip_is_global(&address.ip),
                                     .trust = cases[i].trust,
                                     .flags = cases[i].who == UNDECLARED ? 1u << HOP_EVIDENCE_UNUSED : 0};
    record->place.facts = PLACE_FACTS_UNKNOWN;
    record->place.facts.country = country_number(slice_from(cases[i].country));
    record->place.facts.flags = cases[i].flags;
}

static const char *described(const struct residency *said) {
    static char line[512];
    const struct residency_policy *policy = said->policy;
    if (said->verdict == RESIDENCY_NONE) return "none";
    size_t used = (size_t)snprintf(line, sizeof line, "%s %s %s %s [", residency_verdict_names[said->verdict],
                                   residency_zone_name(policy, said->zone), residency_place_name(policy, said->place),
                                   said->rule == RESIDENCY_INDEX_NONE ? "-" : residency_rule_name(policy, said->rule));
    const char *blank = "";
    for (int reason = 0; reason < RESIDENCY_REASONS; reason++) {
        if ((said->reasons >> reason & 1) == 0) continue;
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", blank, residency_reason_names[reason]);
        blank = " ";
    }
    used += (size_t)snprintf(line + used, sizeof line - used, "]");
    for (int i = 0; i < 2; i++)
        if (said->regions[i].len > 0)
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%.*s", i == 0 ? " " : ",",
                                     (int)said->regions[i].len, said->regions[i].ptr);
    if (said->edge.len > 0)
        snprintf(line + used, sizeof line - used, " edge %.*s", (int)said->edge.len, said->edge.ptr);
    return line;
}

static struct residency_policy *load(struct chain_config *config, const char *more) {
    char text[1024];
    snprintf(text, sizeof text, "%s%s", POLICY, more != NULL ? more : "");
    chain_config_write(config, "l.list", "# name: n\n# source: s\n# date: 2026-01-01\n@eea: SE FR CH=conditional\n");
    struct residency_policy *policy = residency_config_load(config, text, LISTS);
    if (policy == NULL) fail_msg("%s", chain_config_problems(config));
    policy->geo_build = BUILD;
    return policy;
}

static void decide(struct residency_decider *decider, const struct record *record, struct residency *said) {
    residency_ask(decider, record);
    const struct residency *decided = residency_decide(decider);
    *said = decided != NULL ? *decided : (struct residency){.verdict = RESIDENCY_NONE};
}

/* Each case alone, again from memory, and all of them by one decider that has seen the others. */
static void says_what_it_should(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    struct residency_decider *known = residency_decider_new();
    assert_non_null(known);
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct made made;
        struct residency_policy *policy = load(&config, cases[i].more);
        struct residency_decider *fresh = residency_decider_new();
        assert_non_null(fresh);
        make(&made, i);
        struct residency_decider *deciders[] = {fresh, fresh, known};
        for (size_t d = 0; d < COUNT(deciders); d++) {
            struct residency said;
            residency_decider_set(deciders[d], policy);
            residency_decider_begin(deciders[d], &made.origin);
            decide(deciders[d], &made.record, &said);
            if (strcmp(described(&said), cases[i].expected) != 0)
                fail_msg("%s (%zu):\n  %s, expected\n  %s", cases[i].what, d, described(&said), cases[i].expected);
        }
        residency_decider_set(known, NULL);
        residency_decider_free(fresh);
        residency_unload(policy);
    }
    residency_decider_free(known);
    chain_config_destroy(&config);
}

/* Random records: by a decider that remembers as by one that does not; equal ids say equal things; what no place has is never ok. */
static void remembers_rightly(void **state) {
    (void)state;
    static const char *const regions[] = {"eu-central-1", "eu-west-2", "eu-west-9", "us-east-1", "",
                                          "cn-north-1",   "ap-east-1", "eu-west-1"};
    static const char *const countries[] = {"SE", "FR", "CH", "GB", "CN", "JP", "US", "", "EU"};
    enum { ROUNDS = 20000, IDS = ROUNDS + 1 };
    static char lines[IDS][256];
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = load(&config, ENFORCE);
    struct residency_decider *known = residency_decider_new();
    residency_decider_set(known, policy);
    struct seeded seeded = {7};
    uint32_t unknown = 0, ok = 0;
    for (int round = 0; round < ROUNDS; round++) {
        static struct made made;
        make(&made, seeded_below(&seeded, COUNT(cases)));
        made.origin.region = slice_from(regions[seeded_below(&seeded, COUNT(regions))]);
        made.record.place.facts.country = country_number(
            slice_from(countries[seeded_below(&seeded, COUNT(countries))]));
        made.record.place.facts.flags = (uint16_t)(seeded_below(&seeded, 4) == 0 ? seeded_below(&seeded, 16) : 0);
        made.record.client.trust = (uint8_t)seeded_below(&seeded, 4);
        struct residency_decider *fresh = round % 16 == 0 ? residency_decider_new() : NULL;
        struct residency said, again;
        residency_decider_begin(known, &made.origin);
        decide(known, &made.record, &said);
        if (said.verdict == RESIDENCY_NONE) {
            residency_decider_free(fresh);
            continue;
        }
        assert_true(said.id > 0 && said.id < IDS);
        if (lines[said.id][0] == '\0') snprintf(lines[said.id], sizeof lines[0], "%s", described(&said));
        assert_string_equal(lines[said.id], described(&said));
        bool nowhere = said.place == RESIDENCY_INDEX_NONE || (said.reasons >> RESIDENCY_UNKNOWN_PLACE & 1) != 0;
        if (nowhere) assert_true(said.verdict != RESIDENCY_OK && said.verdict != RESIDENCY_CONDITIONAL);
        unknown += nowhere;
        ok += said.verdict == RESIDENCY_OK;
        if (fresh == NULL) continue;
        residency_decider_set(fresh, policy);
        residency_decider_begin(fresh, &made.origin);
        decide(fresh, &made.record, &again);
        assert_string_equal(described(&again), lines[said.id]);
        residency_decider_free(fresh);
    }
    assert_true(unknown > 1000 && ok > 100);
    residency_decider_free(known);
    residency_unload(policy);
    chain_config_destroy(&config);
}

/* Regions without end: those beyond the limit are unknown, and no text of before has changed. */
static void bounds_what_it_remembers(void **state) {
    (void)state;
    struct chain_config config;
    chain_config_init(&config);
    struct residency_policy *policy = load(&config, NULL);
    struct residency_decider *decider = residency_decider_new();
    residency_decider_set(decider, policy);
    static struct made made;
    static struct residency said[RESIDENCY_REGIONS_MET_MAX + 10];
    make(&made, 0);
    for (uint32_t i = 0; i < COUNT(said); i++) {
        char region[32];
        snprintf(region, sizeof region, "us-%u", i);
        made.origin.region = slice_from(region);
        residency_decider_begin(decider, &made.origin);
        decide(decider, &made.record, &said[i]);
        assert_int_equal(said[i].verdict,
                         i < RESIDENCY_REGIONS_MET_MAX ? RESIDENCY_VIOLATION : RESIDENCY_INDETERMINATE);
    }
    for (uint32_t i = 0; i < COUNT(said); i++) {
        char region[32];
        snprintf(region, sizeof region, "us-%u", i);
        struct slice expected = i < RESIDENCY_REGIONS_MET_MAX ? slice_from(region) : (struct slice){0};
        assert_true(slice_equal(said[i].regions[0], expected));
    }
    residency_decider_free(decider);
    residency_unload(policy);
    chain_config_destroy(&config);
}

static int init_schemas(void **state) {
    (void)state;
    schemas_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_should),
        cmocka_unit_test(remembers_rightly),
        cmocka_unit_test(bounds_what_it_remembers),
    };
    return cmocka_run_group_tests(tests, init_schemas, NULL);
}
