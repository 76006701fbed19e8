/* The table of slots against sums that are made the simple way, in any order, with room for all of them and without.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tile.h"
#include "enrich/heat.h"
#include "tests/unit/seeded.h"

#define NOTES 20000u
#define DAYS 3u
#define INTERVALS_A_DAY (HEAT_FOLDED_S / HEAT_INTERVAL_S)

static struct rollup_note note_of(uint32_t interval, uint16_t tile, uint16_t zone, uint64_t client) {
    return (struct rollup_note){.heat_slot = heat_slot(interval, tile, zone),
                                .bytes = 10,
                                .client_hash = client * 0x9e3779b97f4a7c15u,
                                .resolved = client != 0};
}

/* What a table reported or showed. */
#define ROWS_MAX 20000u
static struct heat_row rows[2][ROWS_MAX];
static uint32_t rows_counts[2];

static void keep_row(void *context, const struct heat_row *row) {
    uint32_t which = *(const uint32_t *)context;
    assert_true(rows_counts[which] < ROWS_MAX);
    rows[which][rows_counts[which]++] = *row;
}

static uint32_t report_into(struct heat *heat, int64_t until_ns, uint32_t which) {
    rows_counts[which] = 0;
    heat_report(heat, until_ns, keep_row, &which);
    return rows_counts[which];
}

static struct heat_row only_row(struct heat *heat) {
    assert_int_equal(report_into(heat, INT64_MAX, 0), 1);
    return rows[0][0];
}

static void test_one_slot(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
    struct rollup_note notes[] = {note_of(1, 2, 3, 77), note_of(1, 2, 3, 77), note_of(1, 2, 3, 78), note_of(1, 2, 3, 0),
                                  note_of(1, 2, 3, 99)};
    (void)state;
    notes[0].status = 4;
    notes[1].status = notes[2].status = 5;
    notes[4].refused = true;
    heat_add(heat, notes, COUNT_OF(notes));
    struct heat_row row = only_row(heat);
    assert_int_equal(row.slot, heat_slot(1, 2, 3));
    assert_int_equal(row.requests, 4);
    assert_int_equal(row.bytes, 40);
    assert_int_equal(row.status_4xx, 1);
    assert_int_equal(row.status_5xx, 2);
    assert_true(row.has_clients);
    assert_false(row.approximate);
    assert_int_equal(row.clients, 2);
    heat_free(heat);
}

static void test_without_clients(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
    struct rollup_note notes[] = {note_of(1, TILE_NONE, HEAT_ZONE_UNRESOLVED + 8, 0)};
    (void)state;
    heat_add(heat, notes, 1);
    assert_false(only_row(heat).has_clients);
    heat_free(heat);
}

/* Sums of bytes stay what a `long` can hold, in any order. */
static void test_bytes_stop_at_the_largest(void **state) {
    static const uint64_t bytes[][3] = {{INT64_MAX, 1, 5}, {5, INT64_MAX, INT64_MAX}, {INT64_MAX - 6, 5, 1}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bytes); i++) {
        struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
        for (size_t j = 0; j < 3; j++) {
            struct rollup_note note = note_of(1, 2, 3, 0);
            note.bytes = bytes[i][j];
            heat_add(heat, &note, 1);
        }
        assert_int_equal(only_row(heat).bytes, INT64_MAX);
        heat_free(heat);
    }
}

/* Addresses chosen to fill every register do not make more clients than requests. */
static void test_clients_never_more_than_requests(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
    (void)state;
    for (uint64_t i = 0; i < 4096; i++) {
        struct rollup_note note = note_of(1, 2, 3, 1);
        note.client_hash = i << 52;
        heat_add(heat, &note, 1);
    }
    assert_int_equal(only_row(heat).clients, 4096);
    heat_free(heat);
}

/* --- against the simple way --------------------------------------------------------------------- */

static struct rollup_note notes[NOTES];

static void make_notes(uint32_t slots, uint64_t seed) {
    struct seeded seeded = {seed};
    for (uint32_t i = 0; i < NOTES; i++) {
        uint32_t slot = seeded_below(&seeded, slots), small = seeded_below(&seeded, slots);
        if (small < slot) slot = small; /* some have more than others */
        notes[i] = note_of(slot % (DAYS * INTERVALS_A_DAY), (uint16_t)(slot % 97), (uint16_t)(20000 + slot % 7),
                           seeded_below(&seeded, 50) + 1);
        notes[i].bytes = seeded_below(&seeded, 1000);
        notes[i].status = (uint8_t)(seeded_below(&seeded, 4) + 2);
        notes[i].refused = seeded_below(&seeded, 10) == 0;
        if (notes[i].status < 4) notes[i].status = 0;
    }
}

static int by_slot(const void *a, const void *b) {
    uint64_t x = ((const struct rollup_note *)a)->heat_slot, y = ((const struct rollup_note *)b)->heat_slot;
    return (x > y) - (x < y);
}

static struct heat_row sum_of(uint64_t slot, const struct rollup_note *some, uint32_t count) {
    struct heat_row row = {.slot = slot};
    for (uint32_t i = 0; i < count; i++) {
        bool known = false;
        if (some[i].refused) continue;
        row.requests++;
        row.bytes += some[i].bytes;
        row.status_4xx += some[i].status == 4;
        row.status_5xx += some[i].status == 5;
        row.has_clients = true;
        for (uint32_t j = 0; j < i && !known; j++)
            known = !some[j].refused && some[j].client_hash == some[i].client_hash;
        row.clients += !known;
    }
    return row;
}

static void assert_rows_equal(struct heat_row row, struct heat_row expected) {
    assert_int_equal(row.slot, expected.slot);
    assert_int_equal(row.requests, expected.requests);
    assert_int_equal(row.bytes, expected.bytes);
    assert_int_equal(row.status_4xx, expected.status_4xx);
    assert_int_equal(row.status_5xx, expected.status_5xx);
    assert_int_equal(row.has_clients, expected.has_clients);
    assert_int_equal(row.clients, expected.clients);
}

static void test_sums(void **state) {
    static const uint32_t slots[] = {1, 10, 1000, 15000};
    (void)state;
    for (size_t kind = 0; kind < COUNT_OF(slots); kind++) {
        struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
        make_notes(slots[kind], kind + 1);
        for (uint32_t i = 0; i < NOTES; i += 500) heat_add(heat, notes + i, 500);
        uint32_t rows_count = report_into(heat, INT64_MAX, 0), row_index = 0;
        qsort(notes, NOTES, sizeof notes[0], by_slot);
        for (uint32_t i = 0, end; i < NOTES; i = end) {
            for (end = i + 1; end < NOTES && notes[end].heat_slot == notes[i].heat_slot;) end++;
            struct heat_row expected = sum_of(notes[i].heat_slot, notes + i, end - i);
            if (expected.requests == 0) continue;
            assert_true(row_index < rows_count);
            struct heat_row row = rows[0][row_index++];
            assert_rows_equal(row, expected);
            assert_false(row.approximate);
        }
        assert_int_equal(row_index, rows_count);
        heat_free(heat);
    }
}

/* --- without room ------------------------------------------------------------------------------- */

struct totals {
    uint64_t requests[DAYS], bytes, status_4xx, status_5xx;
};

static void check_folded(size_t bytes_max, uint32_t slots) {
    struct heat *heat = heat_new(bytes_max, HEAT_FOLDED_S), *again = heat_new(bytes_max, HEAT_FOLDED_S);
    struct totals expected = {0}, found = {0};
    make_notes(slots, 9);
    for (uint32_t i = 0; i < NOTES; i++) {
        if (notes[i].refused) continue;
        expected.requests[heat_slot_interval(notes[i].heat_slot) / INTERVALS_A_DAY]++;
        expected.bytes += notes[i].bytes;
        expected.status_4xx += notes[i].status == 4;
        expected.status_5xx += notes[i].status == 5;
    }
    heat_add(heat, notes, NOTES);
    for (uint32_t i = 0; i < NOTES; i += 100) heat_add(again, notes + i, 100); /* batches are cut elsewhere: the same */
    uint32_t rows_count = report_into(heat, INT64_MAX, 0), folded = 0;
    assert_int_equal(report_into(again, INT64_MAX, 1), rows_count);
    assert_true(heat_folded_count(heat) > 0);
    for (uint32_t i = 0; i < rows_count; i++) {
        struct heat_row row = rows[0][i], other = rows[1][i];
        bool is_folded = heat_slot_zone(row.slot) == HEAT_ZONE_FOLDED;
        assert_rows_equal(row, other);
        assert_true(i == 0 || rows[0][i - 1].slot < row.slot);
        assert_true(row.approximate && row.requests > 0);
        assert_int_equal(row.has_clients, !is_folded);
        if (is_folded) assert_int_equal(heat_slot_interval(row.slot) % INTERVALS_A_DAY, 0);
        if (is_folded) assert_int_equal(heat_slot_tile(row.slot), TILE_NONE);
        folded += is_folded;
        found.requests[heat_slot_interval(row.slot) / INTERVALS_A_DAY] += row.requests;
        found.bytes += row.bytes;
        found.status_4xx += row.status_4xx;
        found.status_5xx += row.status_5xx;
    }
    assert_true(folded > 0 && folded <= DAYS);
    assert_memory_equal(&found, &expected, sizeof found);
    heat_free(heat);
    heat_free(again);
}

/* Too many slots for a table, and too many clients for its sketches: sums of days are right, and few slots are lost. */
static void test_folding(void **state) {
    (void)state;
    check_folded(72 * 3 * 1000, 15000);
    check_folded(72 * 3 * 100, 15000);
    check_folded(72 * 3 * 350, 300);
}

/* --- of streams ---------------------------------------------------------------------------------- */

#define INTERVAL_NS (HEAT_INTERVAL_S * INT64_C(1000000000))

static void test_reports_what_is_over(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_INTERVAL_S);
    struct rollup_note some[] = {note_of(7, 1, 300, 1), note_of(5, 2, 300, 1), note_of(5, 1, 300, 2),
                                 note_of(6, 1, 300, 3)};
    (void)state;
    assert_int_equal(heat_needs_ns(heat), 0);
    heat_add(heat, some, COUNT_OF(some));
    assert_int_equal(report_into(heat, 6 * INTERVAL_NS - 1, 0), 0);
    assert_int_equal(heat_needs_ns(heat), 5 * INTERVAL_NS);
    assert_int_equal(report_into(heat, 6 * INTERVAL_NS, 0), 2);
    assert_int_equal(heat_needs_ns(heat), 6 * INTERVAL_NS);
    assert_int_equal(rows[0][0].slot, heat_slot(5, 1, 300));
    assert_int_equal(rows[0][1].slot, heat_slot(5, 2, 300));
    assert_int_equal(report_into(heat, 6 * INTERVAL_NS, 0), 0);
    assert_int_equal(report_into(heat, 2 * INTERVAL_NS, 0), 0);
    some[1].refused = true; /* what is refused is not late either */
    heat_add(heat, some, COUNT_OF(some));
    assert_int_equal(heat_late_count(heat), 1);
    assert_int_equal(report_into(heat, 8 * INTERVAL_NS, 0), 2);
    assert_int_equal(rows[0][0].slot, heat_slot(6, 1, 300));
    assert_int_equal(rows[0][0].requests, 2);
    assert_int_equal(rows[0][0].clients, 1);
    assert_int_equal(rows[0][1].requests, 2);
    assert_int_equal(report_into(heat, INT64_MAX, 0), 0);
    heat_free(heat);
}

static void test_shows_what_has_changed(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_INTERVAL_S);
    struct rollup_note some[] = {note_of(7, 1, 300, 1), note_of(8, 2, 300, 1)};
    uint32_t which = 0;
    (void)state;
    heat_add(heat, some, 2);
    rows_counts[0] = 0;
    heat_show(heat, keep_row, &which);
    assert_int_equal(rows_counts[0], 2);
    heat_show(heat, keep_row, &which);
    assert_int_equal(rows_counts[0], 2);
    heat_add(heat, some + 1, 1);
    heat_show(heat, keep_row, &which);
    assert_int_equal(rows_counts[0], 3);
    assert_int_equal(rows[0][2].slot, some[1].heat_slot);
    assert_int_equal(rows[0][2].requests, 2);
    assert_int_equal(report_into(heat, INT64_MAX, 0), 2); /* shown or not */
    heat_free(heat);
}

/* Interval by interval it gives what it gives at once, in little memory: what is over is given back. */
static void test_stream_of_intervals(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_INTERVAL_S), *whole = heat_new(HEAT_BYTES_MIN, HEAT_FOLDED_S);
    size_t bytes_most = 0;
    (void)state;
    make_notes(15000, 4);
    qsort(notes, NOTES, sizeof notes[0], by_slot);
    heat_add(whole, notes, NOTES);
    uint32_t expected = report_into(whole, INT64_MAX, 0), which = 1;
    rows_counts[1] = 0;
    for (uint32_t i = 0; i < NOTES; i++) {
        heat_report(heat, heat_slot_interval(notes[i].heat_slot) * INTERVAL_NS, keep_row, &which);
        heat_add(heat, &notes[i], 1);
        if (heat_bytes(heat) > bytes_most) bytes_most = heat_bytes(heat);
    }
    heat_report(heat, INT64_MAX, keep_row, &which);
    assert_int_equal(rows_counts[1], expected);
    for (uint32_t i = 0; i < expected; i++) {
        assert_rows_equal(rows[1][i], rows[0][i]);
        assert_int_equal(rows[1][i].interval_s, HEAT_INTERVAL_S);
    }
    assert_int_equal(heat_late_count(heat), 0);
    assert_true(bytes_most < 2u * 1024 * 1024);
    heat_free(heat);
    heat_free(whole);
}

/* What others need is folded within its interval, and only rows of intervals that were open say so. */
static void test_shrinks(void **state) {
    struct heat *heat = heat_new(HEAT_BYTES_MIN, HEAT_INTERVAL_S);
    struct rollup_note some[64];
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(some); i++) some[i] = note_of(5 + i % 2, (uint16_t)i, 300, i + 1);
    heat_add(heat, some, COUNT_OF(some));
    heat_add(heat, some + 32, 32); /* the more important half */
    size_t bytes = heat_bytes(heat);
    assert_true(heat_shrink(heat));
    assert_true(heat_bytes(heat) < bytes);
    struct rollup_note later = note_of(7, 1, 300, 1);
    heat_add(heat, &later, 1);
    uint64_t requests[3] = {0}, folded = 0;
    uint32_t count = report_into(heat, INT64_MAX, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t interval = heat_slot_interval(rows[0][i].slot);
        requests[interval - 5] += rows[0][i].requests;
        assert_int_equal(rows[0][i].interval_s, HEAT_INTERVAL_S);
        assert_int_equal(rows[0][i].approximate, interval < 7);
        folded += heat_slot_zone(rows[0][i].slot) == HEAT_ZONE_FOLDED;
    }
    assert_int_equal(folded, 2);
    assert_int_equal(count, 32 + 2 + 1);
    assert_int_equal(requests[0], 48);
    assert_int_equal(requests[1], 48);
    assert_int_equal(requests[2], 1);
    heat_free(heat);
    heat = heat_new(HEAT_BYTES_MIN, HEAT_INTERVAL_S);
    assert_false(heat_shrink(heat));
    heat_free(heat);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_slot),
                                       cmocka_unit_test(test_without_clients),
                                       cmocka_unit_test(test_bytes_stop_at_the_largest),
                                       cmocka_unit_test(test_clients_never_more_than_requests),
                                       cmocka_unit_test(test_sums),
                                       cmocka_unit_test(test_folding),
                                       cmocka_unit_test(test_reports_what_is_over),
                                       cmocka_unit_test(test_shows_what_has_changed),
                                       cmocka_unit_test(test_stream_of_intervals),
                                       cmocka_unit_test(test_shrinks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
