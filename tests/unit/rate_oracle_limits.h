/* Limits and advice the simple way: each slot's end is judged by itself, each request by itself.
 *
 * Threads: one. */
#ifndef WHEREFROM_RATE_ORACLE_LIMITS_H
#define WHEREFROM_RATE_ORACLE_LIMITS_H

#include "enrich/ddsketch.h"
#include "tests/unit/rate_oracle.h"

/* A line's runs as rows; returns how much of it would be blocked after 10 s. */
static inline uint64_t oracle_breaches(struct oracle *oracle, const struct rate_limit *limit, bool waf,
                                       struct oracle_line *line, struct rate_row *impact) {
    uint64_t most = 0;
    for (uint32_t from = 0, to; from < oracle->slots; from = to + 1) {
        uint64_t peak = 0;
        to = from;
        if (!line->over[from]) continue;
        for (uint32_t slot = from; slot < oracle->slots && line->over[slot]; slot++) {
            int64_t piece_s = oracle->piece_s != 0 ? oracle->piece_s : INT32_MAX * 1000ll;
            if ((oracle_end_s(oracle, slot) - 1) / piece_s != (oracle_end_s(oracle, from) - 1) / piece_s) break;
            to = slot;
            uint64_t sum = oracle_window(oracle, line, slot, limit->window_s);
            if (sum > peak) peak = sum;
        }
        struct oracle_row *made = oracle_add(oracle);
        made->key = line->key;
        made->row = (struct rate_row){.kind = RATE_BREACH,
                                      .time_s = oracle_end_s(oracle, to),
                                      .limit = limit,
                                      .waf_view = waf,
                                      .from_s = oracle_end_s(oracle, from),
                                      .to_s = oracle_end_s(oracle, to),
                                      .peak = peak};
        oracle_mark(oracle, line, limit->window_s, limit->limit, 30);
        made->row.excess_least = oracle_blocked(line, from, to);
        oracle_mark(oracle, line, limit->window_s, limit->limit, 10);
        made->row.excess_most = oracle_blocked(line, from, to);
        impact->would_block_least += made->row.excess_least;
        impact->would_block_most += made->row.excess_most;
        most += made->row.excess_most;
    }
    return most;
}

static inline void oracle_add_blocked(struct rate_blocked *blocked, uint32_t *count, uint32_t number,
                                      uint64_t requests) {
    for (uint32_t i = 0; i < *count; i++)
        if (blocked[i].number == number) {
            blocked[i].requests += requests;
            return;
        }
    blocked[(*count)++] = (struct rate_blocked){requests, number};
}

static inline int oracle_by_blocked(const void *a, const void *b) {
    const struct rate_blocked *x = a, *y = b;
    if (x->requests != y->requests) return x->requests < y->requests ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static inline uint32_t oracle_best_blocked(struct rate_blocked *from, uint32_t count, struct rate_blocked *to) {
    qsort(from, count, sizeof *from, oracle_by_blocked);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count && kept < RATE_BLOCKED_MAX; i++)
        if (from[i].requests > 0) to[kept++] = from[i];
    return kept;
}

static inline void oracle_judge(struct oracle *oracle, uint32_t number, bool waf, struct oracle_table *tables,
                                bool whole) {
    const struct rate_limit *limit = &oracle->settings->limits[number];
    struct oracle_table *table = &tables[waf];
    uint32_t parts = limit->key.parts, as_count = 0, countries_count = 0;
    bool client = (parts & 1u << RATE_CLIENT) != 0 && !waf;
    struct rate_row impact = {.kind = RATE_IMPACT, .limit = limit, .waf_view = waf, .total = table->total};
    struct rate_blocked *as = calloc(table->count + 1, sizeof *as), *countries = calloc(table->count + 1, sizeof *as);
    for (uint32_t i = 0; i < table->count; i++) {
        struct oracle_line *line = &table->lines[i];
        uint32_t before = oracle->rows_count;
        uint64_t blocked = oracle_breaches(oracle, limit, waf, line, &impact);
        impact.keys += oracle->rows_count > before;
        const struct place_facts *place = &line->some->place;
        if (client || (parts & 1u << RATE_ASN) != 0) oracle_add_blocked(as, &as_count, place->as_number, blocked);
        if (client || (parts & 1u << RATE_COUNTRY) != 0)
            oracle_add_blocked(countries, &countries_count, place->country, blocked);
    }
    impact.blocked_as_count = oracle_best_blocked(as, as_count, impact.blocked_as);
    impact.blocked_countries_count = oracle_best_blocked(countries, countries_count, impact.blocked_countries);
    impact.time_s = oracle_end_s(oracle, oracle->filled - 1);
    for (uint32_t i = 0; client && i < oracle->notes_count; i++) {
        const struct rollup_note *note = &oracle->notes[i];
        struct oracle_key key, first_key;
        if (!oracle_in_scope(note, limit) || !oracle_find(note, &limit->key, parts, &key)) continue;
        uint32_t first_parts = (parts & ~(1u << RATE_CLIENT)) | 1u << RATE_FIRST_XFF;
        bool has_first = oracle_find(note, &limit->key, first_parts, &first_key);
        const struct oracle_line *own = oracle_line(&tables[0], &key);
        const struct oracle_line *first = has_first ? oracle_line(&tables[1], &first_key) : NULL;
        int64_t slot = oracle_slot(oracle, note) - oracle->first_slot;
        impact.evaded += own->blocked[slot] && (first == NULL || !first->over[slot]);
        impact.framed += first != NULL && first->blocked[slot] && !own->over[slot];
    }
    impact.has_two_views = client;
    if (whole) oracle_add(oracle)->row = impact;
    free(as);
    free(countries);
}

static inline void oracle_limits(struct oracle *oracle, bool whole) {
    const struct rate_settings *settings = oracle->settings;
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct rate_limit *limit = &settings->limits[i];
        bool client = (limit->key.parts & 1u << RATE_CLIENT) != 0;
        struct oracle_table tables[2] = {oracle_table(oracle, &limit->key, limit->key.parts, limit)};
        uint32_t first_parts = (limit->key.parts & ~(1u << RATE_CLIENT)) | 1u << RATE_FIRST_XFF;
        if (client) tables[1] = oracle_table(oracle, &limit->key, first_parts, limit);
        for (uint32_t t = 0; t < 2; t++)
            for (uint32_t j = 0; j < tables[t].count; j++)
                oracle_mark(oracle, &tables[t].lines[j], limit->window_s, limit->limit, 10);
        oracle_judge(oracle, i, false, tables, whole);
        if (client) oracle_judge(oracle, i, true, tables, whole);
        oracle_table_free(&tables[0]);
        oracle_table_free(&tables[1]);
    }
}

/* --- advice ------------------------------------------------------------------------------------- */

static inline int oracle_descending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static inline bool oracle_has(const struct oracle_line *line, bool client, enum rate_group group) {
    if (client && line->key.bytes[36] != 0) return false; /* nobody knows it */
    return group == RATE_EVERYONE || (client && line->hosting) == (group == RATE_HOSTING);
}

static inline void oracle_advise(struct oracle *oracle, const struct rate_dim *dim, const struct rate_limit *limit,
                                 uint32_t window_s) {
    struct oracle_table table = oracle_table(oracle, dim, dim->parts, limit);
    uint64_t *peaks = malloc((table.count + 1) * sizeof *peaks);
    bool client = (dim->parts & 1u << RATE_CLIENT) != 0, hosting = false;
    for (uint32_t i = 0; i < table.count; i++) hosting |= oracle_has(&table.lines[i], client, RATE_HOSTING);
    for (enum rate_group group = RATE_EVERYONE; group < (hosting ? RATE_GROUPS : RATE_HOSTING); group++) {
        struct rate_row row = {.kind = RATE_ADVICE, .limit = limit, .dim = dim, .window_s = window_s, .group = group};
        uint64_t stopped[2] = {0, 0};
        for (uint32_t i = 0; i < table.count; i++) {
            if (!oracle_has(&table.lines[i], client, group)) continue;
            row.total += table.lines[i].total;
            uint64_t *peak = &peaks[row.keys++];
            *peak = 0;
            for (uint32_t slot = 0; slot < oracle->slots; slot++) {
                uint64_t sum = oracle_window(oracle, &table.lines[i], slot, window_s);
                if (sum > *peak) *peak = sum;
            }
        }
        if (row.keys == 0) continue;
        qsort(peaks, row.keys, sizeof *peaks, oracle_descending);
        row.peak_p99 = peaks[row.keys - 1 - (uint64_t)(0.99 * (double)(row.keys - 1))];
        row.peak_p999 = peaks[row.keys - 1 - (uint64_t)(0.999 * (double)(row.keys - 1))];
        row.peak_p9999 = peaks[row.keys - 1 - (uint64_t)(0.9999 * (double)(row.keys - 1))];
        row.suggest_least = ddsketch_highest(ddsketch_bucket((uint32_t)peaks[row.keys / 1000]));
        row.suggest_most = ddsketch_highest(ddsketch_bucket((uint32_t)peaks[row.keys / 10000]));
        for (uint32_t i = 0; i < 2 * table.count; i++) {
            struct oracle_line *line = &table.lines[i / 2];
            if (!oracle_has(line, client, group)) continue;
            oracle_mark(oracle, line, window_s, i % 2 == 0 ? row.suggest_least : row.suggest_most, 10);
            stopped[i % 2] += oracle_blocked(line, 0, oracle->slots - 1);
        }
        row.would_stop_least = (double)stopped[0] / (double)row.total;
        row.would_stop_most = (double)stopped[1] / (double)row.total;
        row.time_s = oracle_end_s(oracle, oracle->filled - 1);
        oracle_add(oracle)->row = row;
    }
    free(peaks);
    oracle_table_free(&table);
}

static inline void oracle_advices(struct oracle *oracle) {
    const struct rate_settings *settings = oracle->settings;
    for (uint32_t i = 0; i < settings->dims_count; i++) {
        uint32_t parts = settings->dims[i].parts;
        bool single = parts == 1u << RATE_ASN || parts == 1u << RATE_CLIENT || parts == 1u << RATE_PEER ||
                      parts == 1u << RATE_CLAIM || parts == 1u << RATE_FIRST_XFF;
        for (uint32_t w = 0; single && w < settings->windows_count; w++)
            oracle_advise(oracle, &settings->dims[i], NULL, settings->windows_s[w]);
    }
    for (uint32_t i = 0; i < settings->limits_count; i++)
        oracle_advise(oracle, &settings->limits[i].key, &settings->limits[i], settings->limits[i].window_s);
}

#endif
