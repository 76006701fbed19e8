/* Memory that is too small for distinct clients and latencies, and for limits, or that is given back: what is told all the same is right.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "enrich/ddsketch.h"
#include "enrich/rate_count.h"
#include "tests/unit/rate_notes.h"

#define FIRST_S 1700000040
#define WINDOW_S 60u
#define WINDOWS 40u
#define NETWORKS 1500u
#define NETWORKS_FEW 200u
#define CLIENTS 8u /* of a network */
#define NOTES 400000u

/* --- sketches ----------------------------------------------------------------------------------- */

static struct {
    uint32_t requests;
    uint8_t clients; /* a bit each */
} counts[WINDOWS][NETWORKS];
static uint32_t told, untold;

static void look(void *context, const struct rate_row *row) {
    (void)context;
    if (row->kind != RATE_TOP) return;
    uint32_t window = (uint32_t)(row->time_s - FIRST_S) / WINDOW_S - 1, network = row->key.country;
    assert_int_equal(row->requests, counts[window][network].requests);
    told += row->has_clients;
    untold += !row->has_clients;
    if (!row->has_clients) return;
    assert_int_equal(row->clients, __builtin_popcount(counts[window][network].clients));
    double latency_s = (network + 1) * 1e-6;
    assert_true(row->latency.known && row->latency.p99_s >= latency_s * (1 - DDSKETCH_ERROR));
    assert_true(row->latency.p50_s <= latency_s * (1 + DDSKETCH_ERROR));
}

/* Counts notes of so many networks, one of `late` at any time and the others in order; how many notes sketches lost. */
static uint64_t sketch(uint32_t networks, uint32_t late) {
    struct rate_settings settings = {
        .slot_s = WINDOW_S,
        .windows_count = 1,
        .windows_s = {WINDOW_S},
        .dims_count = 1,
        .dims = {{.name = "country", .parts = 1u << RATE_COUNTRY, .v4_prefix = 0, .v6_prefix = 0}},
        .rows = 200};
    struct crowd crowd = crowd_new(networks, 0.8);
    struct seeded seeded = {5};
    struct rate *rate = rate_new(&settings, RATE_BYTES_MIN);
    memset(counts, 0, sizeof counts);
    told = untold = 0;
    for (uint32_t i = 0; i < NOTES; i++) {
        uint32_t network = crowd_draw(&crowd, &seeded), client = seeded_below(&seeded, CLIENTS);
        uint32_t second = (uint32_t)((uint64_t)i * WINDOWS * WINDOW_S / NOTES);
        if (i % late == 0) second = seeded_below(&seeded, WINDOWS * WINDOW_S);
        struct rollup_note note = request_of(network * CLIENTS + client, (FIRST_S + second) * 1000000000ll);
        note.place.country = (uint16_t)network;
        note.latency_us = network + 1;
        counts[second / WINDOW_S][network].requests++;
        counts[second / WINDOW_S][network].clients |= (uint8_t)(1u << client);
        rate_add(rate, &note, 1);
    }
    uint64_t lost = rate_totals(rate).sketches_lost;
    assert_false(rate_totals(rate).approximate);
    rate_report(rate, INT64_MAX, look, NULL);
    rate_free(rate);
    crowd_free(&crowd);
    return lost;
}

/* Rows that have clients and latencies have all of them, those with the most requests before others. */
static void test_sketches(void **state) {
    (void)state;
    assert_true(sketch(NETWORKS, 5) > 0);
    assert_true(told > 0 && untold > 0);
}

/* What there is room for in order there is room for without any. */
static void test_sketches_without_order(void **state) {
    static const uint32_t late[] = {NOTES, 5, 1};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        assert_int_equal(sketch(NETWORKS_FEW, late[i]), 0);
        assert_true(told > 0 && untold == 0);
    }
}

/* --- limits ------------------------------------------------------------------------------------- */

#define HEAVY 5u /* clients that are over the limit in every slot, each behind a first address of its own */

struct limit_rows {
    uint32_t breaches, impacts, advice;
};

static void look_at_limits(void *context, const struct rate_row *row) {
    struct limit_rows *rows = context;
    if (row->kind == RATE_BREACH && !row->waf_view) {
        rows->breaches++;
        assert_true(row->approximate && row->peak <= 6 * 100); /* what they sent, never more */
        assert_true(row->peak >= 6 * 100 / 2);
    }
    if (row->kind == RATE_IMPACT) {
        rows->impacts++;
        assert_true(row->approximate && row->would_block_least <= row->would_block_most);
        assert_true(row->would_block_most <= row->total && row->evaded <= row->total && row->framed <= row->total);
    }
    rows->advice += row->kind == RATE_ADVICE;
}

static struct rate_settings many_requests(void) {
    struct rate_settings settings = settings_of_clients(WINDOW_S, 10);
    settings.limits[settings.limits_count++] = (struct rate_limit){"many",      settings.dims[0], RATE_CLASS_NONE,
                                                                   METHOD_NONE, WINDOW_S,         200};
    return settings;
}

/* Among floods of clients, each of which comes once, those over the limit are found, and no others. */
static void test_limits(void **state) {
    struct rate_settings settings = many_requests();
    struct rate *rate = rate_new(&settings, RATE_BYTES_MIN);
    struct limit_rows rows = {0};
    (void)state;
    for (uint32_t second = 0; second < 300; second++)
        for (uint32_t i = 0; i < 1000; i++) {
            bool is_heavy = i < HEAVY * 10;
            uint32_t client = is_heavy ? i % HEAVY : HEAVY + second * 1000 + i;
            struct rollup_note note = request_of(client, (FIRST_S + second) * 1000000000ll);
            note.client = address_v6(client);
            note.has_first = true;
            note.first = address_v6(i % 3 == 0 ? client : 10000000 + client);
            rate_add(rate, &note, 1);
        }
    assert_true(rate_totals(rate).approximate);
    rate_report(rate, INT64_MAX, look_at_limits, &rows);
    assert_int_equal(rows.breaches, HEAVY);
    assert_int_equal(rows.impacts, 2);
    assert_true(rows.advice > 0);
    rate_free(rate);
}

/* --- half of it dropped --------------------------------------------------------------------------- */

#define LIGHT 20000u /* clients that come once, before those that are heavy */
#define SECONDS 120u
#define KEPT_MAX 200u

/* What is told of heavy clients and of all. */
struct kept {
    enum rate_row_kind kind;
    int64_t time_s;
    uint64_t values[5];
};
struct kept_rows {
    struct kept rows[KEPT_MAX];
    uint32_t count, sketched;
};

static void keep(void *context, const struct rate_row *row) {
    struct kept_rows *kept = context;
    struct kept one = {.kind = row->kind, .time_s = row->time_s};
    uint64_t p50_us = row->latency.known ? (uint64_t)(row->latency.p50_s * 1e6) : 0;
    bool is_client = row->dim != NULL && (row->dim->parts & 1u << RATE_CLIENT) != 0;
    if (row->kind == RATE_ADVICE || (row->kind == RATE_TOP && is_client && row->requests < 50)) return;
    if (row->kind == RATE_TOP && is_client)
        memcpy(one.values, (uint64_t[5]){row->requests, row->error, row->country, row->as_number, row->bytes},
               sizeof one.values);
    if (row->kind == RATE_TOP && !is_client)
        memcpy(one.values, (uint64_t[5]){row->requests, row->has_clients, row->clients, p50_us, row->error},
               sizeof one.values);
    if (row->kind == RATE_BREACH)
        memcpy(one.values, (uint64_t[5]){(uint64_t)row->from_s, (uint64_t)row->to_s, row->peak, row->waf_view},
               sizeof one.values);
    if (row->kind == RATE_IMPACT)
        memcpy(one.values, (uint64_t[5]){row->evaded, row->framed, row->keys}, sizeof one.values);
    kept->sketched += row->has_clients && row->latency.known;
    assert_true(kept->count < KEPT_MAX);
    kept->rows[kept->count++] = one;
}

static struct kept_rows count_heavy(bool shrinks) {
    struct rate_settings settings = many_requests();
    settings.dims[settings.dims_count++] = (struct rate_dim){.name = "country", .parts = 1u << RATE_COUNTRY};
    struct rate *rate = rate_new(&settings, 8u * RATE_BYTES_MIN);
    struct kept_rows kept = {.count = 0};
    assert_non_null(rate);
    for (uint32_t second = 0; second < SECONDS; second++) {
        for (uint32_t i = 0; i < (second == 0 ? LIGHT : 0) + HEAVY * 10; i++) {
            bool is_heavy = second > 0 || i >= LIGHT;
            struct rollup_note note = request_of(is_heavy ? i % HEAVY : HEAVY + i, (FIRST_S + second) * 1000000000ll);
            note.has_first = true;
            note.first = note.client;
            if (is_heavy && i % 2 == 0) note.first = address_v4(10000000); /* one that all of them borrow */
            if (is_heavy) note.place.country = country_number(SLICE("JP"));
            note.latency_us = 1000 + i % 7;
            rate_add(rate, &note, 1);
        }
        if (shrinks && second == SECONDS / 2) assert_true(rate_shrink(rate));
    }
    assert_int_equal(rate_totals(rate).approximate, shrinks);
    rate_report(rate, INT64_MAX, keep, &kept);
    rate_free(rate);
    return kept;
}

/* Clients that come once go, numbers of others change; what is told of those stays: counts, places, breaches, both views, sketches. */
static void test_shrunk(void **state) {
    struct kept_rows whole = count_heavy(false), shrunk = count_heavy(true);
    (void)state;
    assert_true(whole.count > 2 * HEAVY && whole.sketched > 2);
    assert_int_equal(whole.count, shrunk.count);
    for (uint32_t i = 0; i < whole.count; i++) {
        assert_int_equal(whole.rows[i].kind, shrunk.rows[i].kind);
        assert_int_equal(whole.rows[i].time_s, shrunk.rows[i].time_s);
        for (uint32_t j = 0; j < COUNT_OF(whole.rows[i].values); j++)
            assert_int_equal(whole.rows[i].values[j], shrunk.rows[i].values[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sketches), cmocka_unit_test(test_sketches_without_order),
                                       cmocka_unit_test(test_limits), cmocka_unit_test(test_shrunk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
