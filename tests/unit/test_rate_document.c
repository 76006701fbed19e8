/* Keys of rates as texts, and rows as documents: valid JSON whatever a name is, ids by what is counted.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/country.h"
#include "schemas/client_facts.h"
#include "sinks/rate_document.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define ENTRIES 10u

static const struct rate_settings settings = {.classes_count = 2, .classes = {"login", "static"}};

static const struct rate_dim client = {.name = "client",
                                       .parts = 1 << RATE_CLIENT,
                                       .parts_count = 1,
                                       .order = {RATE_CLIENT},
                                       .v4_prefix = 32,
                                       .v6_prefix = 64};
static const struct rate_dim client_24 = {.name = "client",
                                          .parts = 1 << RATE_CLIENT,
                                          .parts_count = 1,
                                          .order = {RATE_CLIENT},
                                          .v4_prefix = 24,
                                          .v6_prefix = 128};
static const struct rate_dim all = {
    .name = "lb+client+path_class+method+asn+country",
    .parts = 1 << RATE_CLIENT | 1 << RATE_ASN | 1 << RATE_COUNTRY | 1 << RATE_PATH_CLASS | 1 << RATE_METHOD |
             1 << RATE_LB,
    .parts_count = 6,
    .order = {RATE_LB, RATE_CLIENT, RATE_PATH_CLASS, RATE_METHOD, RATE_ASN, RATE_COUNTRY},
    .v4_prefix = 32,
    .v6_prefix = 64};

static struct ip address(const char *text) {
    struct ip_parsed parsed;
    assert_true(ip_parse(slice_from(text), &parsed));
    return parsed.ip;
}

static void test_keys(void **state) {
    const struct {
        const struct rate_dim *dim;
        struct rate_key key;
        const char *text;
    } cases[] = {
        {&client, {.address = address("81.2.69.142")}, "81.2.69.142"},
        {&client, {.address = address("2001:db8:1:2::")}, "2001:db8:1:2::/64"},
        {&client_24, {.address = address("81.2.69.0")}, "81.2.69.0/24"},
        {&client_24, {.address = address("2001:db8::1")}, "2001:db8::1"},
        {&client, {.address = address("10.0.0.1"), .vpce = SLICE("vpce-0a1b")}, "vpce-0a1b|10.0.0.1"},
        {&client, {.unresolved = true, .verdict = VERDICT_NLB_NAT}, "unresolved:nlb-nat"},
        {&all,
         {.address = address("1.2.3.4"),
          .as_number = 29518,
          .country = country_number(SLICE("SE")),
          .path_class = 1,
          .method = METHOD_POST,
          .lb = SLICE("app/web/1")},
         "app/web/1|1.2.3.4|static|POST|29518|SE"},
        {&all,
         {.address = address("1.2.3.4"), .path_class = RATE_CLASS_NONE},
         "unknown|1.2.3.4|other|none|unknown|unknown"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[RATE_KEY_BYTES_MAX];
        size_t bytes = rate_key_write(&settings, cases[i].dim, &cases[i].key, text);
        if (!slice_equal((struct slice){text, bytes}, slice_from(cases[i].text)))
            fail_msg("expected %s, found %.*s", cases[i].text, (int)bytes, text);
    }
}

static struct rate_row row_of(enum rate_row_kind kind, const struct rate_limit *limit) {
    struct rate_row row = {.kind = kind,
                           .time_s = 1764547500,
                           .window_s = 300,
                           .key = {.address = address("89.160.20.112")},
                           .requests = 18231,
                           .guaranteed = true,
                           .bytes = 93118231,
                           .status_4xx = 17001,
                           .has_place = true,
                           .country = country_number(SLICE("SE")),
                           .as_number = 29518,
                           .has_location = true,
                           .longitude = 15.625F,
                           .latitude = 58.4375F,
                           .trust = 2,
                           .from_s = 1764547200,
                           .to_s = 1764547500,
                           .peak = 812,
                           .excess_least = 612,
                           .excess_most = 688,
                           .keys = 48112,
                           .would_block_least = 10,
                           .would_block_most = 20,
                           .total = 100,
                           .peak_p99 = 14,
                           .peak_p999 = 55,
                           .peak_p9999 = 240,
                           .suggest_least = 60,
                           .suggest_most = 245,
                           .would_stop_least = 0.0031,
                           .would_stop_most = 0.0002};
    if (limit == NULL)
        row.dim = &client;
    else
        row.limit = limit;
    return row;
}

static const struct rate_limit login = {.name = "login-ip",
                                        .key = {.name = "client",
                                                .parts = 1 << RATE_CLIENT,
                                                .parts_count = 1,
                                                .order = {RATE_CLIENT},
                                                .v4_prefix = 32,
                                                .v6_prefix = 64},
                                        .path_class = 0,
                                        .window_s = 300,
                                        .limit = 100};

/* The document without its id, which is put into `id`. */
static const char *write_down(const struct rate_row *row, const struct rollup_part_name *part,
                              char id[HASH_ID_DIGITS + 1]) {
    static char out[ROLLUP_DOCUMENT_BYTES_MAX];
    struct timestamp_cache days = {.known = false};
    size_t bytes = rate_document_write(&settings, row, part, &days, id, out);
    assert_true(bytes > 0 && out[bytes - 1] == '\n');
    json_error_t problem;
    json_t *document = json_loadb(out, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    if (document == NULL) fail_msg("%s: %.*s", problem.text, (int)bytes, out);
    id[HASH_ID_DIGITS] = '\0';
    assert_string_equal(json_string_value(json_object_get(json_object_get(document, "event"), "id")), id);
    json_decref(document);
    out[bytes - 1] = '\0';
    char *from = strstr(out, ",\"event\""), *to = strchr(from, '}') + 1;
    memmove(from, to, strlen(to) + 1);
    return out;
}

static void test_documents(void **state) {
    char id[HASH_ID_DIGITS + 1];
    (void)state;
    struct rate_row row = row_of(RATE_TOP, NULL);
    assert_string_equal(
        write_down(&row, NULL, id),
        "{\"@timestamp\":\"2025-12-01T00:05:00.000000Z\",\"kind\":\"top\",\"win\":300,\"dim\":\"client\","
        "\"key\":\"89.160.20.112\",\"n\":18231,\"err\":0,\"guaranteed\":true,\"rps\":60.77,\"bytes\":93118231,"
        "\"s4xx\":17001,\"s5xx\":0,\"geo\":{\"country_iso_code\":\"SE\",\"location\":{\"lon\":15.625,\"lat\":58.4375}},"
        "\"as\":{\"number\":29518},\"trust\":2}");
    row.has_place = row.guaranteed = false;
    row.approximate = row.has_clients = row.latency.known = true;
    row.error = 3;
    row.clients = 77;
    row.late = 2;
    row.latency.p50_s = 0.05;
    row.latency.p95_s = 0.25;
    row.latency.p99_s = 1.5;
    const struct rollup_part_name part = {"edge/3", SLICE("cluster edge 3"), 12};
    assert_string_equal(
        write_down(&row, &part, id),
        "{\"@timestamp\":\"2025-12-01T00:05:00.000000Z\",\"kind\":\"top\",\"win\":300,\"dim\":\"client\","
        "\"key\":\"89.160.20.112\",\"n\":18231,\"err\":3,\"guaranteed\":false,\"rps\":60.77,\"bytes\":93118231,"
        "\"s4xx\":17001,\"s5xx\":0,\"clients\":{\"estimate\":77,\"error\":0.016},\"latency\":{\"p50\":0.050000,"
        "\"p95\":0.250000,\"p99\":1.500000},\"late\":2,\"part\":\"edge/3\",\"revision\":12,\"approx\":true}");
    row = row_of(RATE_BREACH, &login);
    assert_string_equal(
        write_down(&row, NULL, id),
        "{\"@timestamp\":\"2025-12-01T00:05:00.000000Z\",\"kind\":\"breach\",\"rule\":\"login-ip\",\"view\":\"client\","
        "\"win\":300,\"dim\":\"client\",\"key\":\"89.160.20.112\",\"from\":\"2025-12-01T00:00:00.000000Z\","
        "\"to\":\"2025-12-01T00:05:00.000000Z\",\"peak\":812,\"limit\":100,\"excess\":[612,688]}");
    row = row_of(RATE_IMPACT, &login);
    row.has_two_views = row.waf_view = true;
    row.evaded = 5;
    row.blocked_as_count = 1;
    row.blocked_as[0] = (struct rate_blocked){18, 29518};
    row.blocked_countries_count = 2;
    row.blocked_countries[0] = (struct rate_blocked){15, country_number(SLICE("SE"))};
    row.blocked_countries[1] = (struct rate_blocked){5, COUNTRY_NONE};
    assert_string_equal(
        write_down(&row, NULL, id),
        "{\"@timestamp\":\"2025-12-01T00:05:00.000000Z\",\"kind\":\"impact\",\"rule\":\"login-ip\","
        "\"view\":\"first-xff\",\"win\":300,\"dim\":\"client\",\"limit\":100,\"keys\":48112,\"total\":100,"
        "\"would_block\":[10,20],\"share_of_all\":[0.100000,0.200000],\"evaded\":5,\"framed\":0,"
        "\"blocked\":{\"as\":[{\"number\":29518,\"n\":18}],\"country\":[{\"iso_code\":\"SE\",\"n\":15},"
        "{\"iso_code\":\"unknown\",\"n\":5}]}}");
    row = row_of(RATE_ADVICE, &login);
    row.group = RATE_HOSTING;
    assert_string_equal(
        write_down(&row, NULL, id),
        "{\"@timestamp\":\"2025-12-01T00:05:00.000000Z\",\"kind\":\"advice\",\"rule\":\"login-ip\",\"win\":300,"
        "\"dim\":\"client\",\"group\":\"hosting\",\"keys\":48112,\"total\":100,\"p99\":14,\"p999\":55,\"p9999\":240,"
        "\"suggest\":60,\"would_stop\":0.003100,\"suggest_p9999\":245,\"would_stop_p9999\":0.000200}");
}

/* Each of them counts something else. */
static void test_ids(void **state) {
    static const struct rollup_part_name parts[] = {{"a", SLICE("a"), 1}, {"b", SLICE("b"), 1}};
    static const struct rate_limit named = {
        .name = "client",
        .key = {.name = "client", .parts = 1, .parts_count = 1, .order = {RATE_CLIENT}, .v4_prefix = 32},
        .window_s = 300};
    char ids[ENTRIES][HASH_ID_DIGITS + 1], again[HASH_ID_DIGITS + 1];
    struct rate_row rows[ENTRIES];
    (void)state;
    for (size_t i = 0; i < ENTRIES; i++) rows[i] = row_of(RATE_TOP, NULL);
    rows[1].time_s += 10;
    rows[2].window_s = 60;
    rows[3].dim = &client_24;
    rows[4].key.address = address("89.160.20.113");
    rows[5] = row_of(RATE_BREACH, &login);
    rows[6] = row_of(RATE_BREACH, &login);
    rows[6].waf_view = true;
    rows[7] = row_of(RATE_IMPACT, &login);
    rows[8] = row_of(RATE_ADVICE, NULL);
    rows[9] = row_of(RATE_ADVICE, &named);
    for (size_t i = 0; i < ENTRIES; i++) {
        (void)write_down(&rows[i], NULL, ids[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(ids[i], ids[j]) == 0) fail_msg("%zu and %zu have one id", i, j);
        rows[i].requests++, rows[i].peak++, rows[i].keys++, rows[i].total++;
        (void)write_down(&rows[i], NULL, again);
        assert_string_equal(ids[i], again);
        (void)write_down(&rows[i], &parts[0], again);
        assert_string_not_equal(ids[i], again);
    }
    char first[HASH_ID_DIGITS + 1], second[HASH_ID_DIGITS + 1];
    (void)write_down(&rows[0], &parts[0], first);
    (void)write_down(&rows[0], &parts[1], second);
    assert_string_not_equal(first, second);
    rows[5].to_s += 10; /* it goes on */
    rows[5].time_s += 10;
    (void)write_down(&rows[5], NULL, again);
    assert_string_equal(ids[5], again);
}

/* Names that anybody may have made: valid JSON, and two of them have two ids. */
static void test_hostile_names(void **state) {
    static const struct rate_dim endpoint = {.name = "client+lb",
                                             .parts = 1 << RATE_CLIENT | 1 << RATE_LB,
                                             .parts_count = 2,
                                             .order = {RATE_CLIENT, RATE_LB},
                                             .v4_prefix = 32};
    static char name[RATE_TEXT_BYTES_MAX];
    char id[HASH_ID_DIGITS + 1], other[HASH_ID_DIGITS + 1];
    struct seeded seeded = {3};
    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t bytes = seeded_below(&seeded, RATE_TEXT_BYTES_MAX) + 1;
        for (size_t i = 0; i < bytes; i++) name[i] = (char)(round % 3 == 0 ? 1 : seeded_next(&seeded) >> 40);
        struct rate_row row = row_of(RATE_TOP, NULL);
        row.dim = &endpoint;
        row.key.lb = row.key.vpce = guard_copy((struct slice){name, bytes});
        (void)write_down(&row, NULL, id);
        name[bytes - 1] ^= 1;
        row.key.lb = guard_copy((struct slice){name, bytes});
        row.key.vpce = row.key.lb;
        (void)write_down(&row, NULL, other);
        assert_string_not_equal(id, other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys), cmocka_unit_test(test_documents),
                                       cmocka_unit_test(test_ids), cmocka_unit_test(test_hostile_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
