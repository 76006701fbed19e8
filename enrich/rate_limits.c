/* Keys that were over a limit are listed first and told in the order of their bytes then.
 *
 * Threads: see enrich/rate_count.h. */
#include "base/check.h"
#include "enrich/rate_core.h"

/* A key that was over, or what was blocked of it. */
struct listed {
    uint32_t first_cell, number; /* an AS or a country, when they are added up */
    uint64_t requests;
};

/* One limit in one view. */
struct view {
    struct rate_report *report;
    const struct rate *rate;
    const struct rate_limit *limit;
    bool waf;
    uint32_t table;
    struct rate_range range;
    struct listed *listed;
    uint32_t listed_count;
    uint64_t blocked_least, blocked_most;
};

typedef bool listed_order_function(const struct rate *rate, const struct listed *a, const struct listed *b);

/* --- lists -------------------------------------------------------------------------------------- */

static bool key_before(const struct rate *rate, const struct listed *a, const struct listed *b) {
    const struct rate_cell *cells = rate->store.cells;
    return rate_compare_serials(rate, rate_cell_serial(&cells[a->first_cell]),
                                rate_cell_serial(&cells[b->first_cell])) < 0;
}

static bool number_before(const struct rate *rate, const struct listed *a, const struct listed *b) {
    (void)rate;
    return a->number < b->number;
}

static void sink(const struct view *view, uint32_t count, uint32_t at, listed_order_function *before) {
    struct listed *heap = view->listed;
    const struct listed moved = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(view->rate, &heap[child], &heap[child + 1])) child++;
        if (!before(view->rate, &moved, &heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* In its place, whatever its length. */
static void sort_listed(const struct view *view, listed_order_function *before) {
    for (uint32_t at = view->listed_count / 2; at-- > 0;) sink(view, view->listed_count, at, before);
    for (uint32_t left = view->listed_count; left > 1; left--) {
        const struct listed last = view->listed[0];
        view->listed[0] = view->listed[left - 1];
        view->listed[left - 1] = last;
        sink(view, left - 1, 0, before);
    }
}

/* --- runs --------------------------------------------------------------------------------------- */

struct rate_over rate_walk(const struct rate_report *report, uint32_t window_s, uint64_t limit, uint32_t from,
                           uint32_t to) {
    const struct rate *rate = report->rate;
    uint32_t slot_s = rate->settings->slot_s;
    bool cut = !report->whole || report->after_s != RATE_SECONDS_NONE;
    int64_t slots = report->until_s / slot_s;
    return (struct rate_over){.cells = rate->store.cells + from,
                              .count = to - from,
                              .limit = limit,
                              .window_slots = window_s / slot_s,
                              .last_slot = report->whole ? UINT64_MAX - 1
                                           : slots > 0   ? (uint64_t)slots - 1
                                                         : 0,
                              .piece_s = cut ? RATE_BREACH_PIECE_S : 0,
                              .slot_s = slot_s};
}

/* Whether the run has ended by the report's end and had not by the one before. The next slot shows that, or the piece's end. */
static bool is_news(const struct view *view, const struct rate_over *walk, const struct rate_run *run) {
    const struct rate_report *report = view->report;
    uint64_t known = run->to == rate_over_piece_end(walk, run->to) ? run->to : run->to + 1;
    int64_t known_s = ((int64_t)known + 1) * walk->slot_s;
    return known <= walk->last_slot && (report->after_s == RATE_SECONDS_NONE || known_s > report->after_s);
}

/* What is needed to judge the slots behind the report: of a run that may go on its piece, and how long it lasted before. */
static void keep_for(const struct view *view, const struct rate_over *walk, const struct rate_run *run) {
    uint64_t piece_to = rate_over_piece_end(walk, run->to + 1), piece = RATE_BREACH_PIECE_S / walk->slot_s;
    uint64_t piece_from = piece_to > piece ? piece_to - piece : 0;
    uint64_t from = run->since > piece_from ? run->since : piece_from;
    uint64_t before = walk->window_slots + RATE_DELAY_MOST_S / walk->slot_s + 2;
    uint64_t first = from > before ? from - before : 0;
    if (first < view->report->keep_from) view->report->keep_from = (uint32_t)first;
}

static void list_keys(struct view *view) {
    const struct rate *rate = view->rate;
    for (uint32_t from = view->range.from, to; from < view->range.to; from = to) {
        struct rate_run run;
        bool news = false;
        to = rate_store_key_end(&rate->store, from, view->range.to);
        if (!rate_has_more(rate, from, to, view->limit->limit)) continue;
        struct rate_over walk = rate_walk(view->report, view->limit->window_s, view->limit->limit, from, to);
        while (rate_over_next(&walk, &run)) {
            news |= is_news(view, &walk, &run);
            if (!view->report->whole && run.to == walk.last_slot) keep_for(view, &walk, &run);
        }
        if (news) view->listed[view->listed_count++] = (struct listed){.first_cell = from};
    }
}

static void tell_breaches(struct view *view, struct listed *listed) {
    const struct rate *rate = view->rate;
    uint32_t from = listed->first_cell, to = rate_store_key_end(&rate->store, from, view->range.to);
    uint32_t serial = rate_cell_serial(&rate->store.cells[from]);
    struct rate_over walk = rate_walk(view->report, view->limit->window_s, view->limit->limit, from, to);
    for (struct rate_run run; rate_over_next(&walk, &run);) {
        if (!is_news(view, &walk, &run)) continue;
        struct rate_row row = {.kind = RATE_BREACH,
                               .from_s = (int64_t)(run.from + 1) * walk.slot_s,
                               .to_s = (int64_t)(run.to + 1) * walk.slot_s,
                               .key = rate_key_of(rate, serial),
                               .dim = &view->limit->key,
                               .limit = view->limit,
                               .window_s = view->limit->window_s,
                               .waf_view = view->waf,
                               .peak = run.peak,
                               .excess_least = rate_blocked(&walk, &run, RATE_DELAY_MOST_S),
                               .excess_most = rate_blocked(&walk, &run, RATE_DELAY_LEAST_S),
                               .approximate = rate->store.floors.of_table[view->table]};
        row.approximate |= row.from_s - row.window_s < rate->incomplete_s;
        row.time_s = row.to_s;
        view->blocked_least += row.excess_least;
        view->blocked_most += row.excess_most;
        listed->requests += row.excess_most;
        if (rate->plan.tables[view->table].placed) rate_add_place(rate, serial, &row);
        view->report->function(view->report->context, &row);
    }
}

/* --- what a limit would have done --------------------------------------------------------------- */

/* Puts a number among those with the most requests, of equal ones the lesser number first. */
static void add_blocked(struct rate_blocked *blocked, uint32_t *count, struct rate_blocked added) {
    uint32_t at = *count;
    if (added.requests == 0) return;
    while (at > 0 && blocked[at - 1].requests < added.requests) at--;
    if (at == RATE_BLOCKED_MAX) return;
    if (*count < RATE_BLOCKED_MAX) ++*count;
    for (uint32_t i = *count - 1; i > at; i--) blocked[i] = blocked[i - 1];
    blocked[at] = added;
}

/* Sums by number, which `listed` has. */
static uint32_t sum_blocked(const struct view *view, struct rate_blocked *blocked) {
    uint32_t count = 0;
    sort_listed(view, number_before);
    for (uint32_t i = 0, end; i < view->listed_count; i = end) {
        struct rate_blocked sum = {.number = view->listed[i].number};
        for (end = i; end < view->listed_count && view->listed[end].number == sum.number; end++)
            sum.requests += view->listed[end].requests;
        add_blocked(blocked, &count, sum);
    }
    return count;
}

/* AS and country of a listed key, of its place or of the key itself. */
static bool find_numbers(const struct view *view, enum rate_part part) {
    const struct rate *rate = view->rate;
    const struct rate_table *table = &rate->plan.tables[view->table];
    if (!table->placed && (table->parts & 1u << part) == 0) return false;
    for (uint32_t i = 0; i < view->listed_count; i++) {
        uint32_t serial = rate_cell_serial(&rate->store.cells[view->listed[i].first_cell]);
        const struct rate_place *place = &rate->store.places[serial];
        const union rate_packed *key = &rate_store_entry(&rate->store, serial)->key;
        if ((table->parts & 1u << part) != 0)
            view->listed[i].number = part == RATE_ASN ? key->as_number : key->country;
        else
            view->listed[i].number = part == RATE_ASN ? place->as_number : place->country;
    }
    return true;
}

int64_t rate_last_end_s(const struct rate *rate) {
    return rate_slot_end_s(rate, (uint32_t)((uint64_t)rate->newest_ns / rate->slot_ns));
}

static void tell_impact(const struct view *view, uint32_t limit, int64_t time_s) {
    const struct rate *rate = view->rate;
    struct rate_row row = {.kind = RATE_IMPACT,
                           .time_s = time_s,
                           .limit = view->limit,
                           .dim = &view->limit->key,
                           .window_s = view->limit->window_s,
                           .waf_view = view->waf,
                           .keys = view->listed_count,
                           .would_block_least = view->blocked_least,
                           .would_block_most = view->blocked_most,
                           .total = rate->table_requests[view->table],
                           .has_two_views = !view->waf && rate->plan.of_limit[limit].waf != RATE_TABLE_NONE,
                           .approximate = rate->store.floors.of_table[view->table]};
    if (find_numbers(view, RATE_ASN)) row.blocked_as_count = sum_blocked(view, row.blocked_as);
    if (find_numbers(view, RATE_COUNTRY)) row.blocked_countries_count = sum_blocked(view, row.blocked_countries);
    if (row.has_two_views) {
        struct rate_views views = rate_views(view->report, limit);
        row.evaded = views.evaded;
        row.framed = views.framed;
        row.approximate |= rate->store.floors.of_table[rate->plan.of_limit[limit].waf];
        row.approximate |= rate->store.floors.of_table[rate->plan.of_limit[limit].pairs];
    }
    view->report->function(view->report->context, &row);
}

static void judge(struct rate_report *report, uint32_t limit, bool waf) {
    const struct rate *rate = report->rate;
    const struct rate_limit_tables *tables = &rate->plan.of_limit[limit];
    struct view view = {.report = report,
                        .rate = rate,
                        .limit = &rate->settings->limits[limit],
                        .waf = waf,
                        .table = waf ? tables->waf : tables->own,
                        .listed = (struct listed *)(void *)rate->store.scratch};
    view.range = rate_store_table(&rate->store, view.table);
    list_keys(&view);
    sort_listed(&view, key_before);
    for (uint32_t i = 0; i < view.listed_count; i++) tell_breaches(&view, &view.listed[i]);
    if (report->whole) tell_impact(&view, limit, rate_last_end_s(rate));
}

void rate_limit_rows(struct rate_report *report) {
    const struct rate *rate = report->rate;
    for (uint32_t i = 0; i < rate->settings->limits_count; i++) {
        judge(report, i, false);
        if (rate->plan.of_limit[i].waf != RATE_TABLE_NONE) judge(report, i, true);
    }
}
