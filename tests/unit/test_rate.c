/* Rows of rates against an oracle that counts every window anew: random settings, records and orders, with hashes that collide, in
 * streams, and after a beginning in the middle.
 *
 * `test_rate long` tries a hundred times as many.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "enrich/rate_count.h"
#include "enrich/rate_store.h"
#include "tests/unit/rate_notes.h"
#include "tests/unit/rate_oracle_limits.h"

#define NOTES_MAX 600u
#define WINDOW_SLOTS_MAX 24u
#define FIRST_S 1700006000 /* 400 s before a full hour */
#define NS 1000000000ll

static uint32_t cases = 60;
static struct rollup_note notes[NOTES_MAX];

/* --- random cases ------------------------------------------------------------------------------- */

static const uint16_t part_sets[] = {
    1u << RATE_CLIENT,
    1u << RATE_PEER,
    1u << RATE_CLAIM,
    1u << RATE_FIRST_XFF,
    1u << RATE_ASN,
    1u << RATE_COUNTRY,
    1u << RATE_PATH_CLASS,
    1u << RATE_LB,
    1u << RATE_CLIENT | 1u << RATE_PATH_CLASS,
    1u << RATE_ASN | 1u << RATE_METHOD,
    1u << RATE_CLIENT | 1u << RATE_LB | 1u << RATE_COUNTRY | 1u << RATE_ASN | 1u << RATE_METHOD | 1u << RATE_PATH_CLASS,
    1u << RATE_METHOD | 1u << RATE_LB,
};

static struct rate_dim random_dim(struct seeded *seeded) {
    static const uint8_t v4[] = {32, 32, 24, 16, 0}, v6[] = {64, 64, 56, 48, 128};
    return (struct rate_dim){.name = "made-up",
                             .parts = part_sets[seeded_below(seeded, COUNT_OF(part_sets))],
                             .v4_prefix = v4[seeded_below(seeded, COUNT_OF(v4))],
                             .v6_prefix = v6[seeded_below(seeded, COUNT_OF(v6))]};
}

static struct rate_settings random_settings(struct seeded *seeded) {
    static const uint32_t slots[] = {1, 5, 10, 10, 10, 30}, rows[] = {1, 2, 5, 100, 1000000 /* many passes */};
    struct rate_settings settings = {.slot_s = slots[seeded_below(seeded, COUNT_OF(slots))],
                                     .lateness_s = 60,
                                     .windows_count = 1 + seeded_below(seeded, 4),
                                     .dims_count = 1 + seeded_below(seeded, 4),
                                     .limits_count = seeded_below(seeded, 4),
                                     .topk = 100,
                                     .rows = rows[seeded_below(seeded, COUNT_OF(rows))]};
    for (uint32_t i = 0, length = 0; i < settings.windows_count; i++) {
        length += settings.slot_s * (1 + seeded_below(seeded, 6));
        settings.windows_s[i] = length;
    }
    for (uint32_t i = 0; i < settings.dims_count; i++) settings.dims[i] = random_dim(seeded);
    for (uint32_t i = 0; i < settings.limits_count; i++)
        settings.limits[i] = (struct rate_limit){
            .name = "made-up",
            .key = random_dim(seeded),
            .path_class = (uint8_t)(seeded_below(seeded, 2) == 0 ? RATE_CLASS_NONE : seeded_below(seeded, 3)),
            .method = (uint8_t)(seeded_below(seeded, 2) == 0 ? METHOD_NONE : METHOD_GET),
            .window_s = settings.slot_s * (1 + seeded_below(seeded, 12)),
            .limit = 1 + seeded_below(seeded, 8)};
    return settings;
}

static struct ip address_of(uint32_t client) {
    return client % 3 == 0 ? address_v6(client % 2 == 0 ? client : client << 5) : address_v4(client);
}

/* A place for each client, so that prefixes of several have several. */
static void random_note(struct seeded *seeded, const struct crowd *crowd, uint32_t seconds, struct rollup_note *note) {
    static const char *const balancers[] = {"app/web/1", "app/web/10", "net/x/2", ""}, *const claims[] = {
                                                                                           "10.1.2.3", "unknown",
                                                                                           "2001:db8::1", ""};
    uint32_t client = crowd_draw(crowd, seeded), kind = seeded_below(seeded, 20);
    int64_t start_ns = FIRST_S * NS + (int64_t)(seeded_next(seeded) % ((uint64_t)seconds * NS));
    *note = request_of(client, start_ns);
    note->client = address_of(client);
    note->place.flags = client % 4 == 0 ? PLACE_HOSTING | PLACE_LOCATED : 0;
    note->trust = (uint8_t)seeded_below(seeded, 4);
    note->lb = slice_from(balancers[seeded_below(seeded, COUNT_OF(balancers))]);
    note->claim = slice_from(claims[seeded_below(seeded, COUNT_OF(claims))]);
    note->has_peer = seeded_below(seeded, 4) != 0;
    note->peer = address_of(client % 5);
    note->has_first = seeded_below(seeded, 8) != 0;
    note->first = seeded_below(seeded, 2) == 0 ? note->client : address_of(crowd_draw(crowd, seeded));
    note->status = (uint8_t)(seeded_below(seeded, 2) == 0 ? 0 : 4 + seeded_below(seeded, 2));
    if (seeded_below(seeded, 2) == 0) note->latency_us = seeded_below(seeded, 1u << (1 + seeded_below(seeded, 31)));
    if (kind == 0) note->refused = true;
    if (kind == 1) note->tells_client = false;
    if (kind == 2) note->vpce = SLICE("vpce-0123");
    if (kind == 3 || kind == 4) {
        note->resolved = false;
        note->verdict = (uint8_t)(20 + kind);
        note->place = PLACE_FACTS_UNKNOWN;
    }
}

static uint32_t random_notes(struct seeded *seeded, uint32_t seconds) {
    static const double exponents[] = {0, 0.8, 1.1, 2};
    struct crowd crowd = crowd_new(1 + seeded_below(seeded, 60), exponents[seeded_below(seeded, COUNT_OF(exponents))]);
    uint32_t count = 1 + seeded_below(seeded, NOTES_MAX);
    for (uint32_t i = 0; i < count; i++) random_note(seeded, &crowd, seconds, &notes[i]);
    crowd_free(&crowd);
    return count;
}

static int by_time(const void *a, const void *b) {
    int64_t x = ((const struct rollup_note *)a)->start_ns, y = ((const struct rollup_note *)b)->start_ns;
    return (x > y) - (x < y);
}

/* What a table counts. */
static bool is_counted(const struct rollup_note *note) {
    return !note->refused && note->tells_client;
}

static struct oracle oracle_of(const struct rate_settings *settings, uint32_t count) {
    struct oracle oracle = {.settings = settings, .notes = notes, .notes_count = count, .first_slot = INT64_MAX};
    int64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t slot = oracle_slot(&oracle, &notes[i]);
        if (!is_counted(&notes[i])) continue;
        if (slot < oracle.first_slot) oracle.first_slot = slot;
        if (slot > last) last = slot;
    }
    if (oracle.first_slot != INT64_MAX) oracle.filled = (uint32_t)(last - oracle.first_slot) + 1;
    oracle.slots = oracle.filled + WINDOW_SLOTS_MAX;
    return oracle;
}

/* --- comparing ---------------------------------------------------------------------------------- */

struct gathered {
    struct oracle_row *rows;
    uint32_t count, room;
};

static uint32_t parts_of(const struct rate_row *row) {
    if (!row->waf_view) return row->dim->parts;
    return (row->dim->parts & ~(1u << RATE_CLIENT)) | 1u << RATE_FIRST_XFF;
}

static void gather(void *context, const struct rate_row *row) {
    struct gathered *gathered = context;
    if (gathered->count == gathered->room) {
        gathered->room = 2 * gathered->room + 64;
        gathered->rows = realloc(gathered->rows, gathered->room * sizeof *gathered->rows);
    }
    bool has_key = row->kind == RATE_TOP || row->kind == RATE_BREACH;
    gathered->rows[gathered->count++] = (struct oracle_row){*row, has_key ? oracle_key_of(&row->key, parts_of(row))
                                                                          : (struct oracle_key){{0}}};
}

static bool is_near(double x, double exact) {
    return x >= exact * (1 - DDSKETCH_ERROR) && x <= exact * (1 + DDSKETCH_ERROR);
}

static void assert_blocked_equal(const struct rate_blocked *a, const struct rate_blocked *b, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(a[i].number, b[i].number);
        assert_int_equal(a[i].requests, b[i].requests);
    }
}

static void assert_top_equal(const struct rate_settings *settings, const struct rate_row *a, const struct rate_row *b) {
    bool has_address = (a->dim->parts & RATE_ADDRESS_PARTS) != 0;
    bool has_as = (a->dim->parts & 1u << RATE_ASN) != 0, only_as = a->dim->parts == 1u << RATE_ASN;
    assert_int_equal(a->window_s, b->window_s);
    assert_int_equal(a->dim - settings->dims, b->dim - settings->dims);
    assert_int_equal(a->requests, b->requests);
    assert_int_equal(a->bytes, b->bytes);
    assert_int_equal(a->status_4xx, b->status_4xx);
    assert_int_equal(a->status_5xx, b->status_5xx);
    assert_int_equal(a->trust, b->trust);
    assert_true(a->guaranteed && !a->approximate && a->error == 0);
    assert_int_equal(a->has_clients, !has_address && (!has_as || only_as) && a->window_s % settings->windows_s[0] == 0);
    if (!a->has_clients) {
        assert_false(a->latency.known);
        return;
    }
    assert_int_equal(a->clients, b->clients);
    assert_int_equal(a->latency.known, b->latency.known);
    if (!a->latency.known) return;
    assert_true(is_near(a->latency.p50_s, b->latency.p50_s) && is_near(a->latency.p95_s, b->latency.p95_s));
    assert_true(is_near(a->latency.p99_s, b->latency.p99_s));
}

static void assert_row_equal(const struct rate_settings *settings, const struct oracle_row *a,
                             const struct oracle_row *b) {
    const struct rate_row *x = &a->row, *y = &b->row;
    assert_int_equal(x->kind, y->kind);
    assert_int_equal(x->time_s, y->time_s);
    assert_memory_equal(&a->key, &b->key, sizeof a->key);
    if (x->kind == RATE_TOP) {
        assert_top_equal(settings, x, y);
        return;
    }
    assert_true((x->limit == NULL) == (y->limit == NULL));
    if (x->limit != NULL) assert_string_equal(x->limit->name, y->limit->name);
    assert_int_equal(x->waf_view, y->waf_view);
    assert_int_equal(x->from_s, y->from_s);
    assert_int_equal(x->to_s, y->to_s);
    assert_int_equal(x->peak, y->peak);
    assert_int_equal(x->excess_least, y->excess_least);
    assert_int_equal(x->excess_most, y->excess_most);
    assert_int_equal(x->keys, y->keys);
    assert_int_equal(x->would_block_least, y->would_block_least);
    assert_int_equal(x->would_block_most, y->would_block_most);
    assert_int_equal(x->total, y->total);
    assert_int_equal(x->evaded, y->evaded);
    assert_int_equal(x->framed, y->framed);
    assert_int_equal(x->has_two_views, y->has_two_views);
    if (x->kind == RATE_IMPACT) {
        assert_int_equal(x->blocked_as_count, y->blocked_as_count);
        assert_int_equal(x->blocked_countries_count, y->blocked_countries_count);
        assert_blocked_equal(x->blocked_as, y->blocked_as, x->blocked_as_count);
        assert_blocked_equal(x->blocked_countries, y->blocked_countries, x->blocked_countries_count);
    }
    if (x->kind != RATE_ADVICE) return;
    assert_int_equal(x->group, y->group);
    assert_int_equal(x->window_s, y->window_s);
    assert_true(is_near((double)x->peak_p99, (double)y->peak_p99) &&
                is_near((double)x->peak_p999, (double)y->peak_p999));
    assert_true(is_near((double)x->peak_p9999, (double)y->peak_p9999));
    assert_int_equal(x->suggest_least, y->suggest_least);
    assert_int_equal(x->suggest_most, y->suggest_most);
    assert_true(x->would_stop_least == y->would_stop_least && x->would_stop_most == y->would_stop_most);
}

static void assert_rows_equal(const struct rate_settings *settings, const struct gathered *gathered,
                              const struct oracle *oracle) {
    assert_int_equal(gathered->count, oracle->rows_count);
    for (uint32_t i = 0; i < gathered->count; i++) assert_row_equal(settings, &gathered->rows[i], &oracle->rows[i]);
}

/* --- tests -------------------------------------------------------------------------------------- */

static void add_all(struct rate *rate, struct seeded *seeded, uint32_t count) {
    for (uint32_t i = 0, many; i < count; i += many) {
        many = 1 + seeded_below(seeded, 40);
        if (many > count - i) many = count - i;
        rate_add(rate, notes + i, many);
    }
}

static void check_whole(uint64_t seed) {
    struct seeded seeded = {seed};
    struct rate_settings settings = random_settings(&seeded);
    uint32_t count = random_notes(&seeded, 10 + seeded_below(&seeded, 900)), counted = 0;
    struct rate *rate = rate_new(&settings, RATE_BYTES_MIN);
    struct gathered gathered = {0};
    for (uint32_t i = 0; i < count; i++) counted += is_counted(&notes[i]);
    struct oracle oracle = oracle_of(&settings, count);
    if (oracle.filled > 0) {
        oracle_tops(&oracle);
        oracle_limits(&oracle, true);
        oracle_advices(&oracle);
    }
    add_all(rate, &seeded, count);
    assert_int_equal(rate_totals(rate).requests, counted);
    assert_false(rate_totals(rate).approximate);
    rate_report(rate, INT64_MAX, gather, &gathered);
    if (counted > 0) assert_rows_equal(&settings, &gathered, &oracle);
    free(gathered.rows);
    free(oracle.rows);
    rate_free(rate);
}

static void test_whole(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= cases; seed++) check_whole(seed);
}

static void test_collisions(void **state) {
    (void)state;
    static const uint64_t bits[] = {0, 0xc000000000000000u, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(bits); i++) {
        rate_store_hash_bits = bits[i];
        for (uint64_t seed = 1000; seed <= 1000 + cases / 3; seed++) check_whole(seed);
    }
    rate_store_hash_bits = UINT64_MAX;
}

/* --- streams ------------------------------------------------------------------------------------ */

static int by_row(const void *a, const void *b) {
    const struct oracle_row *x = a, *y = b;
    const int64_t numbers[][2] = {{x->row.kind, y->row.kind},
                                  {x->row.time_s, y->row.time_s},
                                  {x->row.window_s, y->row.window_s},
                                  {(int64_t)(uintptr_t)x->row.limit, (int64_t)(uintptr_t)y->row.limit},
                                  {x->row.waf_view, y->row.waf_view},
                                  {(int64_t)(uintptr_t)x->row.dim, (int64_t)(uintptr_t)y->row.dim},
                                  {-(int64_t)x->row.requests, -(int64_t)y->row.requests}};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i][0] != numbers[i][1]) return numbers[i][0] < numbers[i][1] ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

/* Notes nearly in order, those that are late behind the others; returns how many are not. */
static uint32_t drop_late(const struct rate_settings *settings, struct rollup_note *kept, uint32_t count) {
    int64_t newest_s = INT64_MIN;
    uint32_t kept_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t start_s = notes[i].start_ns / NS, end_s = (start_s / settings->slot_s + 1) * settings->slot_s;
        if (!is_counted(&notes[i])) continue;
        if (newest_s == INT64_MIN || end_s > newest_s - (int64_t)settings->lateness_s) kept[kept_count++] = notes[i];
        if (start_s > newest_s) newest_s = start_s;
    }
    return kept_count;
}

/* Another process goes on: it reads again from the first note that is still needed. */
static struct rate *begin_again(struct rate *rate, const struct rate_settings *settings, uint32_t done) {
    int64_t needs_ns = rate_needs_ns(rate);
    struct rate_stream stream = rate_stream(rate);
    uint32_t first = 0;
    while (first < done && (!is_counted(&notes[first]) || notes[first].start_ns < needs_ns)) first++;
    rate_free(rate);
    rate = rate_new(settings, RATE_BYTES_MIN);
    rate_set_stream(rate, stream);
    rate_add(rate, notes + first, done - first);
    rate_recount_ends(rate);
    return rate;
}

static void check_stream(uint64_t seed, bool with_kills) {
    static struct rollup_note kept[NOTES_MAX];
    struct seeded seeded = {seed};
    struct rate_settings settings = random_settings(&seeded);
    uint32_t count = random_notes(&seeded, 900);
    struct rate *rate = rate_new(&settings, RATE_BYTES_MIN);
    struct gathered gathered = {0};
    qsort(notes, count, sizeof notes[0], by_time);
    for (uint32_t i = 0; i < count; i++) notes[i].start_ns -= (int64_t)seeded_below(&seeded, 70) * NS;
    rate_set_stream(rate, RATE_STREAM_BEGIN);
    rate_recount_ends(rate);
    for (uint32_t i = 0, many; i < count; i += many) {
        many = 1 + seeded_below(&seeded, 60);
        if (many > count - i) many = count - i;
        rate_add(rate, notes + i, many);
        if (seeded_below(&seeded, 2) == 0) rate_report(rate, rate_closes_ns(rate), gather, &gathered);
        if (with_kills && seeded_below(&seeded, 3) == 0) rate = begin_again(rate, &settings, i + many);
    }
    rate_report(rate, (FIRST_S + 3000) * NS, gather, &gathered);
    assert_int_equal(rate_needs_ns(rate), INT64_MAX);
    uint32_t kept_count = drop_late(&settings, kept, count);
    memcpy(notes, kept, sizeof kept);
    struct oracle oracle = oracle_of(&settings, kept_count);
    oracle.piece_s = RATE_BREACH_PIECE_S;
    if (kept_count > 0) {
        oracle_tops(&oracle);
        oracle_limits(&oracle, false);
    }
    for (uint32_t i = 0; i < oracle.rows_count; i++)
        if (oracle.rows[i].row.kind == RATE_BREACH) {
            oracle.rows[i].row.window_s = oracle.rows[i].row.limit->window_s;
            oracle.rows[i].row.dim = &oracle.rows[i].row.limit->key;
        }
    qsort(gathered.rows, gathered.count, sizeof *gathered.rows, by_row);
    qsort(oracle.rows, oracle.rows_count, sizeof *oracle.rows, by_row);
    assert_rows_equal(&settings, &gathered, &oracle);
    free(gathered.rows);
    free(oracle.rows);
    rate_free(rate);
}

static void test_stream(void **state) {
    (void)state;
    for (uint64_t seed = 2000; seed <= 2000 + cases; seed++) check_stream(seed, false);
}

static void test_stream_with_kills(void **state) {
    (void)state;
    for (uint64_t seed = 3000; seed <= 3000 + cases; seed++) check_stream(seed, true);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "long") == 0) cases *= 100;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_collisions),
                                       cmocka_unit_test(test_stream), cmocka_unit_test(test_stream_with_kills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
