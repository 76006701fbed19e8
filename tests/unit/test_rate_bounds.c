/* When memory is short: what rows say may be too high by their error and never too low, the error has the bound that is promised, and
 * nobody with more than that is missing. Of Zipf's laws, of clients that all have the same, and of a stream that is made to evict.
 *
 * Prints how many of the true first 100 are found.
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
#include "tests/unit/rate_notes.h"

#define FIRST_S 1700000040 /* of a window */
#define WINDOW_S 60u
#define WINDOWS 2u
#define SECONDS (WINDOWS * WINDOW_S)
#define CLIENTS 400000u
#define NOTES 1000000u
#define BATCH 256u

struct stream {
    const char *name;
    double exponent; /* of Zipf's law; 0: all the same */
    bool adversarial;
    size_t shared_bytes; /* it is shrunk to that, as one of several parts that share memory; 0: it is alone */
};

static uint32_t counts[WINDOWS][CLIENTS], sums[WINDOWS];
static uint32_t clients[NOTES];
static uint8_t seconds[NOTES];

/* Floods of clients that come once, and some that come back after each of them, in all slots. */
static void draw_adversarial(void) {
    uint32_t flood = 2000, back = 300, next_new = back;
    for (uint32_t i = 0; i < NOTES; i++) {
        uint32_t round = i / (flood + back), place = i % (flood + back);
        clients[i] = place < flood ? next_new++ % CLIENTS : place - flood;
        seconds[i] = (uint8_t)(round * 10 % SECONDS);
    }
}

static void draw(const struct stream *stream, uint64_t seed) {
    struct crowd crowd = crowd_new(CLIENTS, stream->exponent);
    struct seeded seeded = {seed};
    if (stream->adversarial) draw_adversarial();
    for (uint32_t i = 0; i < NOTES && !stream->adversarial; i++) {
        clients[i] = crowd_draw(&crowd, &seeded);
        seconds[i] = (uint8_t)(stream->exponent > 1 ? seeded_below(&seeded, SECONDS) : (uint64_t)i * SECONDS / NOTES);
    }
    crowd_free(&crowd);
    memset(counts, 0, sizeof counts);
    memset(sums, 0, sizeof sums);
    for (uint32_t i = 0; i < NOTES; i++) {
        counts[seconds[i] / WINDOW_S][clients[i]]++;
        sums[seconds[i] / WINDOW_S]++;
    }
}

/* --- rows --------------------------------------------------------------------------------------- */

struct seen {
    uint32_t requests[WINDOWS][CLIENTS]; /* 0: no row */
    uint32_t rows[WINDOWS], guaranteed[WINDOWS];
    uint64_t error_most, least[WINDOWS];
};

static uint32_t client_of(const struct ip *ip) {
    return (uint32_t)ip->bytes[4] << 24 | (uint32_t)ip->bytes[5] << 16 | (uint32_t)ip->bytes[6] << 8 | ip->bytes[7];
}

static void look(void *context, const struct rate_row *row) {
    struct seen *seen = context;
    if (row->kind != RATE_TOP) return;
    uint32_t window = (uint32_t)(row->time_s - FIRST_S) / WINDOW_S - 1, client = client_of(&row->key.address);
    uint32_t exact = counts[window][client];
    assert_true(row->requests >= exact && row->requests - row->error <= exact);
    if (row->error > seen->error_most) seen->error_most = row->error;
    seen->requests[window][client] = (uint32_t)row->requests;
    seen->least[window] = row->requests;
    seen->rows[window]++;
    seen->guaranteed[window] += row->guaranteed;
}

static int descending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

/* The count that place 100 has, of a window's clients. */
static uint32_t hundredth(const uint32_t *of_window) {
    static uint32_t sorted[CLIENTS];
    memcpy(sorted, of_window, sizeof sorted);
    qsort(sorted, CLIENTS, sizeof sorted[0], descending);
    return sorted[99];
}

static void check_window(const struct seen *seen, uint32_t window, uint64_t k, const char *name) {
    uint32_t bound = (uint32_t)(sums[window] / (k + 1)), found = 0, all = 0, at_least = hundredth(counts[window]);
    for (uint32_t client = 0; client < CLIENTS; client++) {
        uint32_t exact = counts[window][client], told = seen->requests[window][client];
        if (told == 0) assert_true(exact <= bound && exact <= seen->least[window]);
        if (exact < at_least || at_least <= 1) continue;
        all++;
        found += told != 0;
    }
    printf("%-12s window %u: k %llu, error at most %llu of %u, %u rows, %u of them certain, %u of the first %u found\n",
           name, window, (unsigned long long)k, (unsigned long long)seen->error_most, bound, seen->rows[window],
           seen->guaranteed[window], found, all);
    assert_true(seen->error_most <= bound);
    assert_true(found == all || at_least <= bound);
}

static void check(const struct stream *stream, uint32_t rows, uint64_t seed) {
    static struct rollup_note notes[BATCH];
    static struct seen seen;
    struct rate_settings settings = settings_of_clients(WINDOW_S, rows);
    struct rate *rate = rate_new(&settings, stream->shared_bytes > 0 ? 8 * RATE_BYTES_MIN : RATE_BYTES_MIN);
    memset(&seen, 0, sizeof seen);
    draw(stream, seed);
    for (uint32_t i = 0; i < NOTES; i += BATCH) {
        uint32_t many = NOTES - i < BATCH ? NOTES - i : BATCH;
        for (uint32_t j = 0; j < many; j++) {
            notes[j] = request_of(clients[i + j], (FIRST_S + seconds[i + j]) * 1000000000ll);
            notes[j].client = address_v6(clients[i + j]);
        }
        rate_add(rate, notes, many);
        while (stream->shared_bytes > 0 && rate_bytes(rate) > stream->shared_bytes) assert_true(rate_shrink(rate));
    }
    rate_report(rate, INT64_MAX, look, &seen);
    struct rate_totals totals = rate_totals(rate);
    assert_true(totals.approximate && totals.folded > 0 && totals.requests == NOTES);
    for (uint32_t window = 0; window < WINDOWS; window++)
        check_window(&seen, window, totals.counters_kept, stream->name);
    rate_free(rate);
}

static const struct stream streams[] = {
    {"Zipf 0.8", 0.8, false, 0}, {"Zipf 1.1", 1.1, false, 0}, {"uniform", 0, false, 0}, {"adversarial", 0, true, 0}};

static void test_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) check(&streams[i], 5000, i + 1);
}

static void test_shared_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct stream shared = streams[i];
        shared.shared_bytes = RATE_BYTES_MIN;
        check(&shared, 5000, i + 1);
    }
}

/* Few rows: those that are called certain are among the first by right. */
static void look_at_certain(void *context, const struct rate_row *row) {
    uint32_t *rows = context, window = (uint32_t)(row->time_s - FIRST_S) / WINDOW_S - 1, more = 0;
    if (row->kind != RATE_TOP || !row->guaranteed) return;
    for (uint32_t client = 0; client < CLIENTS; client++)
        more += counts[window][client] > counts[window][client_of(&row->key.address)];
    assert_true(more < 20);
    ++*rows;
}

static void test_certain(void **state) {
    static struct rollup_note note;
    struct rate_settings settings = settings_of_clients(WINDOW_S, 20);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct rate *rate = rate_new(&settings, RATE_BYTES_MIN);
        uint32_t rows = 0;
        draw(&streams[i], 40 + i);
        for (uint32_t j = 0; j < NOTES; j++) {
            note = request_of(clients[j], (FIRST_S + seconds[j]) * 1000000000ll);
            note.client = address_v6(clients[j]);
            rate_add(rate, &note, 1);
        }
        rate_report(rate, INT64_MAX, look_at_certain, &rows);
        if (streams[i].exponent > 1) assert_true(rows > 0);
        rate_free(rate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds), cmocka_unit_test(test_shared_memory),
                                       cmocka_unit_test(test_certain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
