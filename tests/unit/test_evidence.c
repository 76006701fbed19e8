/* Evidence against sums that are made the simple way, in any order, with room for all rows and without.
 *
 * Threads: one. */
#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "enrich/evidence.h"
#include "schemas/batch.h"
#include "sinks/evidence_document.h"
#include "tests/unit/seeded.h"

#define HOUR_NS 3600000000000
#define ROWS_MAX 40000u
#define NOTES 8000u

static struct residency_policy policies[3];
static struct origin origins[8];
static char paths[COUNT_OF(origins)][16];

/* The second one is the first with its zones and places in another order, as if it had been reloaded; the third is another one. */
static int set_up(void **state) {
    static const char *const zones[3][2] = {{"eea", "uk"}, {"uk", "eea"}, {"eea", "uk"}},
                             *const places[3][2] = {{"eu", "us"}, {"us", "eu"}, {"eu", "us"}},
                             *const digests[3] = {"sha256:11", "sha256:11", "sha256:22"};
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct residency_policy *policy = &policies[i];
        policy->zones_count = policy->places_count = policy->lists_count = 2;
        policy->geo_build = 1000 + i;
        snprintf(policy->digest.text, sizeof policy->digest.text, "%s", digests[i]);
        for (uint32_t j = 0; j < 2; j++) {
            policy->zones[j].name = zones[i][j];
            policy->places[j] = places[i][j];
            snprintf(policy->lists[j].digest.text, sizeof policy->lists[j].digest.text, "sha256:list%u", 2 - j);
        }
    }
    for (uint32_t i = 0; i < COUNT_OF(origins); i++) {
        snprintf(paths[i], sizeof paths[i], "logs/%u.log", i);
        origins[i].path = slice_from(paths[i]);
    }
    return 0;
}

static struct rollup_note note_of(uint32_t hour, enum residency_verdict verdict, const char *lb, uint64_t client) {
    return (struct rollup_note){
        .time_ns = hour * HOUR_NS + 5,
        .bytes = 10,
        .client_hash = client * 0x9e3779b97f4a7c15u,
        .resolved = client != 0,
        .lb = slice_from(lb),
        .origin = &origins[0],
        .residency = {.verdict = (uint8_t)verdict, .zone = 0, .place = 1, .policy = &policies[0]},
    };
}

/* --- rows as texts, which outlive their evidence -------------------------------------------------- */

struct rows {
    uint32_t count;
    struct evidence_row row[ROWS_MAX];
    char lb[ROWS_MAX][32];
};
static struct rows found, others;

static void take_row(void *context, const struct evidence_row *row) {
    struct rows *rows = context;
    assert_true(rows->count < ROWS_MAX && row->lb.len < sizeof rows->lb[0]);
    memcpy(rows->lb[rows->count], row->lb.ptr, row->lb.len);
    rows->row[rows->count] = *row;
    rows->row[rows->count].lb.ptr = rows->lb[rows->count];
    rows->count++;
}

static void report(struct evidence *evidence, int64_t until_ns, struct rows *rows) {
    rows->count = 0;
    evidence_report(evidence, until_ns, take_row, rows);
}

static void assert_rows_equal(const struct evidence_row *row, const struct evidence_row *expected) {
    assert_int_equal(row->time_ns, expected->time_ns);
    assert_int_equal(row->interval_s, expected->interval_s);
    assert_string_equal(row->basis->policy, expected->basis->policy);
    assert_string_equal(row->zone, expected->zone);
    assert_string_equal(row->place, expected->place);
    assert_int_equal(row->verdict, expected->verdict);
    assert_true(slice_equal(row->lb, expected->lb));
    assert_int_equal(row->requests, expected->requests);
    assert_int_equal(row->bytes, expected->bytes);
    assert_memory_equal(row->reasons, expected->reasons, sizeof row->reasons);
    assert_int_equal(row->first_ns, expected->first_ns);
    assert_int_equal(row->last_ns, expected->last_ns);
    assert_int_equal(row->has_clients, expected->has_clients);
    assert_int_equal(row->clients, expected->clients);
    assert_int_equal(row->inputs.count, expected->inputs.count);
    assert_memory_equal(row->inputs.digest, expected->inputs.digest, sizeof row->inputs.digest);
}

/* --- single cases --------------------------------------------------------------------------------- */

static void test_one_row(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
    struct rollup_note notes[] = {
        note_of(7, RESIDENCY_VIOLATION, "app/a/1", 77), note_of(7, RESIDENCY_VIOLATION, "app/a/1", 77),
        note_of(7, RESIDENCY_VIOLATION, "app/a/1", 78), note_of(7, RESIDENCY_VIOLATION, "app/a/1", 0),
        note_of(7, RESIDENCY_VIOLATION, "app/a/1", 99), note_of(7, RESIDENCY_NONE, "app/a/1", 99)};
    (void)state;
    notes[1].time_ns -= 3;
    notes[2].time_ns += 3;
    notes[0].residency.reasons = 1 << RESIDENCY_STALE_DB;
    notes[2].residency.reasons = 1 << RESIDENCY_STALE_DB | 1 << RESIDENCY_HOSTING;
    notes[4].refused = true;
    notes[5].residency.policy = NULL;
    notes[3].origin = &origins[1];
    evidence_add(evidence, notes, COUNT_OF(notes));
    assert_int_equal(evidence_inputs(evidence).count, 2);
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, 1);
    const struct evidence_row *row = &found.row[0];
    assert_int_equal(row->time_ns, 7 * HOUR_NS);
    assert_int_equal(row->interval_s, 3600);
    assert_string_equal(row->basis->policy, "sha256:11");
    assert_string_equal(row->basis->lists[0], "sha256:list1");
    assert_string_equal(row->zone, "eea");
    assert_string_equal(row->place, "us");
    assert_int_equal(row->verdict, RESIDENCY_VIOLATION);
    assert_true(slice_equal(row->lb, SLICE("app/a/1")));
    assert_int_equal(row->requests, 4);
    assert_int_equal(row->bytes, 40);
    assert_int_equal(row->reasons[RESIDENCY_STALE_DB], 2);
    assert_int_equal(row->reasons[RESIDENCY_HOSTING], 1);
    assert_int_equal(row->first_ns, 7 * HOUR_NS + 2);
    assert_int_equal(row->last_ns, 7 * HOUR_NS + 8);
    assert_true(row->has_clients && !row->folded && !row->approximate);
    assert_int_equal(row->clients, 2);
    assert_int_equal(row->inputs.count, 2);
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, 0);
    evidence_free(evidence);
}

/* Of what a row is. */
static void test_rows_apart(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
    struct rollup_note first = note_of(7, RESIDENCY_OK, "a", 1), notes[9];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(notes); i++) notes[i] = first;
    notes[1].time_ns += HOUR_NS;
    notes[2].residency.zone = 1;
    notes[3].residency.zone = RESIDENCY_INDEX_NONE;
    notes[4].residency.place = 0;
    notes[5].residency.place = RESIDENCY_INDEX_NONE;
    notes[6].residency.verdict = RESIDENCY_EXEMPT;
    notes[7].lb = SLICE("");
    notes[8].residency.policy = &policies[2];
    evidence_add(evidence, notes, COUNT_OF(notes));
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, COUNT_OF(notes));
    static char ids[COUNT_OF(notes)][HASH_ID_DIGITS];
    for (uint32_t i = 0; i < found.count; i++) {
        assert_int_equal(found.row[i].requests, 1);
        evidence_document_id(&found.row[i], NULL, ids[i]);
        for (uint32_t j = 0; j < i; j++) assert_memory_not_equal(ids[i], ids[j], HASH_ID_DIGITS);
    }
    evidence_free(evidence);
}

/* A policy that was loaded again has its zones elsewhere in memory and in another order: they are the same ones. */
static void test_reloaded_policy(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
    struct rollup_note notes[] = {note_of(7, RESIDENCY_OK, "a", 1), note_of(7, RESIDENCY_OK, "a", 2)};
    (void)state;
    notes[1].residency = (struct residency_note){
        .verdict = RESIDENCY_OK, .zone = 1, .place = 0, .policy = &policies[1]}; /* eea and us, too */
    evidence_add(evidence, notes, COUNT_OF(notes));
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.row[0].requests, 2);
    assert_int_equal(found.row[0].basis->geo_build, 1000);
    assert_int_equal(found.row[0].basis->geo_build_newest, 1001);
    evidence_free(evidence);
}

/* Hours are told when they are over, once; what comes later is late. */
static void test_told_hours(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
    struct rollup_note notes[] = {note_of(7, RESIDENCY_OK, "a", 1), note_of(8, RESIDENCY_OK, "a", 2),
                                  note_of(9, RESIDENCY_OK, "a", 3)};
    (void)state;
    notes[1].origin = &origins[1];
    evidence_add(evidence, notes, COUNT_OF(notes));
    report(evidence, 8 * HOUR_NS - 1, &found);
    assert_int_equal(found.count, 0);
    report(evidence, 9 * HOUR_NS, &found);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.row[1].inputs.count, 1);
    assert_int_equal(evidence_late_count(evidence), 0);
    evidence_add(evidence, notes, COUNT_OF(notes));
    assert_int_equal(evidence_late_count(evidence), 2);
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.row[0].requests, 2);
    assert_int_equal(found.row[0].clients, 1);
    assert_int_equal(found.row[0].inputs.count, 1);
    evidence_free(evidence);
}

/* --- against the simple way ----------------------------------------------------------------------- */

static struct rollup_note notes[NOTES];
static char names[NOTES][32];

static void make_notes(uint32_t hours, uint32_t balancers, uint64_t seed) {
    struct seeded seeded = {seed};
    for (uint32_t i = 0; i < NOTES; i++) {
        uint32_t balancer = seeded_below(&seeded, balancers);
        snprintf(names[i], sizeof names[i], "app/web-%u", balancer);
        notes[i] = note_of(seeded_below(&seeded, hours), 1 + seeded_below(&seeded, RESIDENCY_VERDICTS - 1),
                           balancer == 0 ? "" : names[i], seeded_below(&seeded, 50));
        notes[i].time_ns += seeded_below(&seeded, 1000);
        notes[i].bytes = seeded_below(&seeded, 1000);
        notes[i].refused = seeded_below(&seeded, 10) == 0;
        notes[i].origin = &origins[seeded_below(&seeded, COUNT_OF(origins))];
        notes[i].id[0] = seeded_next(&seeded);
        notes[i].id[1] = seeded_next(&seeded);
        struct residency_note *residency = &notes[i].residency;
        residency->policy = &policies[seeded_below(&seeded, 3)];
        residency->zone = (uint8_t)(seeded_below(&seeded, 4) < 3 ? seeded_below(&seeded, 2) : RESIDENCY_INDEX_NONE);
        residency->place = (uint8_t)(seeded_below(&seeded, 4) < 3 ? seeded_below(&seeded, 2) : RESIDENCY_INDEX_NONE);
        residency->reasons = (uint16_t)(1u << seeded_below(&seeded, RESIDENCY_REASONS));
    }
}

static void shuffle(uint64_t seed) {
    struct seeded seeded = {seed};
    for (uint32_t i = NOTES - 1; i > 0; i--) {
        uint32_t j = seeded_below(&seeded, i + 1);
        struct rollup_note note = notes[i];
        notes[i] = notes[j];
        notes[j] = note;
    }
}

static void add_all(struct evidence *evidence, uint32_t at_once) {
    for (uint32_t i = 0; i < NOTES; i += at_once)
        evidence_add(evidence, notes + i, NOTES - i < at_once ? NOTES - i : at_once);
}

/* Whether the note counts in a row of balancers by themselves. */
static bool is_of(const struct rollup_note *note, const struct evidence_row *row) {
    const struct residency_note *residency = &note->residency;
    return !note->refused && note->time_ns / HOUR_NS == row->time_ns / HOUR_NS && residency->verdict == row->verdict &&
           strcmp(residency->policy->digest.text, row->basis->policy) == 0 &&
           strcmp(residency_zone_name(residency->policy, residency->zone), row->zone) == 0 &&
           strcmp(residency_place_name(residency->policy, residency->place), row->place) == 0 &&
           slice_equal(note->lb, row->lb);
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, 16);
}

static struct evidence_inputs inputs_of(int64_t hour, bool all) {
    struct evidence_inputs inputs = {0};
    unsigned char sums[COUNT_OF(origins)][16];
    XXH128_canonical_t canonical;
    for (uint32_t origin = 0; origin < COUNT_OF(origins); origin++) {
        unsigned __int128 sum = 0;
        bool any = false;
        for (uint32_t i = 0; i < NOTES; i++) {
            if (notes[i].refused || notes[i].origin != &origins[origin] || (!all && notes[i].time_ns / HOUR_NS != hour))
                continue;
            sum += (unsigned __int128)notes[i].id[0] << 64 | notes[i].id[1];
            any = true;
        }
        for (int byte = 15; byte >= 0; byte--, sum >>= 8) sums[inputs.count][byte] = (unsigned char)sum;
        inputs.count += any;
    }
    qsort(sums, inputs.count, sizeof sums[0], by_bytes);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(sums, inputs.count * sizeof sums[0]));
    char text[33];
    for (uint32_t i = 0; i < 16; i++) snprintf(text + 2 * i, 3, "%02x", canonical.digest[i]);
    memcpy(inputs.digest, text, sizeof inputs.digest);
    return inputs;
}

static struct evidence_row sum_of(const struct evidence_row *key) {
    static uint64_t clients[NOTES];
    struct evidence_row row = *key;
    row.requests = row.bytes = row.clients = 0;
    row.has_clients = false;
    row.first_ns = INT64_MAX;
    row.last_ns = 0;
    memset(row.reasons, 0, sizeof row.reasons);
    for (uint32_t i = 0; i < NOTES; i++) {
        bool known = false;
        if (!is_of(&notes[i], key)) continue;
        row.requests++;
        row.bytes += notes[i].bytes;
        if (notes[i].time_ns < row.first_ns) row.first_ns = notes[i].time_ns;
        if (notes[i].time_ns > row.last_ns) row.last_ns = notes[i].time_ns;
        row.reasons[__builtin_ctz(notes[i].residency.reasons)]++;
        if (!notes[i].resolved) continue;
        for (uint64_t j = 0; j < row.clients && !known; j++) known = clients[j] == notes[i].client_hash;
        if (!known) clients[row.clients++] = notes[i].client_hash;
        row.has_clients = true;
    }
    row.inputs = inputs_of(key->time_ns / HOUR_NS, false);
    return row;
}

static void test_sums(void **state) {
    static const struct { uint32_t hours, balancers; } kinds[] = {{1, 1}, {2, 3}, {3, 20}};
    (void)state;
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
        make_notes(kinds[kind].hours, kinds[kind].balancers, kind + 1);
        add_all(evidence, 500);
        struct evidence_inputs all = evidence_inputs(evidence), expected = inputs_of(0, true);
        assert_int_equal(all.count, expected.count);
        assert_memory_equal(all.digest, expected.digest, sizeof all.digest);
        report(evidence, INT64_MAX, &found);
        uint64_t requests = 0, counted = 0;
        for (uint32_t i = 0; i < NOTES; i++) counted += !notes[i].refused;
        for (uint32_t i = 0; i < found.count; i++) {
            struct evidence_row row = sum_of(&found.row[i]);
            assert_rows_equal(&found.row[i], &row);
            assert_false(found.row[i].folded || found.row[i].approximate);
            requests += found.row[i].requests;
        }
        assert_int_equal(requests, counted);
        evidence_free(evidence);
    }
}

static void test_any_order(void **state) {
    struct evidence *first = evidence_new(EVIDENCE_BYTES_MIN * 8, EVIDENCE_FOLDED_S);
    (void)state;
    make_notes(5, 40, 9);
    add_all(first, NOTES);
    report(first, INT64_MAX, &others);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN * 4 * seed, EVIDENCE_FOLDED_S);
        shuffle(seed);
        add_all(evidence, (uint32_t)(17 * seed));
        report(evidence, INT64_MAX, &found);
        assert_int_equal(found.count, others.count);
        for (uint32_t i = 0; i < found.count; i++) assert_rows_equal(&found.row[i], &others.row[i]);
        evidence_free(evidence);
    }
    evidence_free(first);
}

/* --- without room --------------------------------------------------------------------------------- */

struct totals {
    uint64_t requests[RESIDENCY_VERDICTS], bytes[RESIDENCY_VERDICTS], reasons[RESIDENCY_REASONS];
};

static void add_note_to(struct totals *totals, const struct rollup_note *note) {
    totals->requests[note->residency.verdict]++;
    totals->bytes[note->residency.verdict] += note->bytes;
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) totals->reasons[i] += note->residency.reasons >> i & 1;
}

static void add_row_to(void *context, const struct evidence_row *row) {
    struct totals *totals = context;
    totals->requests[row->verdict] += row->requests;
    totals->bytes[row->verdict] += row->bytes;
    for (uint32_t i = 0; i < RESIDENCY_REASONS; i++) totals->reasons[i] += row->reasons[i];
    assert_true(row->approximate && row->clients <= row->requests && row->first_ns <= row->last_ns);
    assert_true(row->first_ns >= row->time_ns);
    if (row->interval_s != 0) assert_true(row->last_ns < row->time_ns + row->interval_s * 1000000000ll);
    assert_true(row->folded == (row->lb.len == 0));
    assert_true((row->interval_s == 0) == (row->zone == NULL) && (row->zone == NULL) == (row->place == NULL));
}

static void add_hour_to(void *context, const struct evidence_row *row) {
    assert_int_equal(row->interval_s, EVIDENCE_INTERVAL_S);
    add_row_to(context, row);
}

/* Far more balancers, hours and clients than there is room for: no request is lost, and no verdict is mixed with another. */
static void test_folding_keeps_sums(void **state) {
    static const struct {
        const char *what;
        uint32_t hours, balancers, clients;
    } kinds[] = {{"names", 1, 1000000, 10},
                 {"names of hours", 100, 1000, 10},
                 {"hours", 2500000, 3, 10},
                 {"clients", 50, 20, 1000000}};
    (void)state;
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
        struct totals expected = {0}, totals = {0};
        struct seeded seeded = {kind + 1};
        for (uint32_t i = 0; i < 300000; i++) {
            char lb[32];
            snprintf(lb, sizeof lb, "app/%u", seeded_below(&seeded, kinds[kind].balancers));
            struct rollup_note note = note_of(seeded_below(&seeded, kinds[kind].hours), 1 + i % 5, lb,
                                              1 + seeded_below(&seeded, kinds[kind].clients));
            note.residency.reasons = (uint16_t)(1u << i % RESIDENCY_REASONS);
            evidence_add(evidence, &note, 1);
            add_note_to(&expected, &note);
        }
        assert_true(evidence_folded_count(evidence) > 0);
        evidence_report(evidence, INT64_MAX, add_row_to, &totals);
        assert_memory_equal(&totals, &expected, sizeof totals);
        evidence_free(evidence);
    }
}

/* Clients of balancers that were folded into one row of their hour are still told apart: each request is of another one here. */
static void test_folded_clients(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_INTERVAL_S);
    uint32_t folded = 0;
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        char lb[32];
        snprintf(lb, sizeof lb, "app/%u", i / 500);
        struct rollup_note note = note_of(i % 500, RESIDENCY_OK, lb, 1 + i);
        evidence_add(evidence, &note, 1);
    }
    report(evidence, INT64_MAX, &found);
    for (uint32_t i = 0; i < found.count; i++) {
        folded += found.row[i].folded && found.row[i].requests > 1;
        assert_int_equal(found.row[i].interval_s, 3600);
        assert_int_equal(found.row[i].clients, found.row[i].requests);
    }
    assert_true(folded > 100);
    evidence_free(evidence);
}

/* What a stream asks for: rows that changed, the same ones when nothing has; what still counts; and what was told says what is not right. */
static void test_show(void **state) {
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_INTERVAL_S);
    struct rollup_note first[] = {note_of(7, RESIDENCY_OK, "a", 1), note_of(8, RESIDENCY_OK, "a", 2)};
    (void)state;
    assert_int_equal(evidence_needs_ns(evidence), 0);
    evidence_add(evidence, first, COUNT_OF(first));
    others.count = 0;
    evidence_show(evidence, take_row, &others);
    assert_int_equal(others.count, 2);
    others.count = 0;
    evidence_show(evidence, take_row, &others);
    assert_int_equal(others.count, 0);
    evidence_add(evidence, &first[1], 1);
    evidence_show(evidence, take_row, &others);
    assert_int_equal(others.count, 1);
    assert_int_equal(others.row[0].requests, 2);
    evidence_set_approximate(evidence, 7 * HOUR_NS + 1);
    report(evidence, 8 * HOUR_NS + HOUR_NS / 2, &found);
    assert_int_equal(found.count, 1);
    assert_true(found.row[0].approximate);
    assert_int_equal(evidence_needs_ns(evidence), 8 * HOUR_NS);
    report(evidence, INT64_MAX, &found);
    assert_int_equal(found.count, 1);
    assert_rows_equal(&found.row[0], &others.row[0]);
    assert_false(found.row[0].approximate);
    evidence_free(evidence);
}

/* Until nothing is left to fold, and of a stream's hours nothing is put together. */
static void test_shrink(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN,
                                                 kind == 0 ? EVIDENCE_INTERVAL_S : EVIDENCE_FOLDED_S);
        struct totals expected = {0}, totals = {0};
        uint32_t times = 0;
        make_notes(100, 20, 4);
        add_all(evidence, NOTES);
        for (uint32_t i = 0; i < NOTES; i++)
            if (!notes[i].refused) add_note_to(&expected, &notes[i]);
        size_t before = evidence_bytes(evidence);
        while (evidence_shrink(evidence)) assert_true(++times < 100);
        assert_true(times > 1 && evidence_bytes(evidence) < before);
        evidence_report(evidence, INT64_MAX, kind == 0 ? add_hour_to : add_row_to, &totals);
        assert_memory_equal(&totals, &expected, sizeof totals);
        evidence_free(evidence);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_rows_apart),
        cmocka_unit_test(test_reloaded_policy),
        cmocka_unit_test(test_told_hours),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_folding_keeps_sums),
        cmocka_unit_test(test_folded_clients),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_shrink),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
