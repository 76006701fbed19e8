/* Cells of both views are marked: where their keys are over the limit, where they are blocked. Requests of which client and first address
 * are the same are not counted as pairs: they are those of the first address, less its pairs. So what they add is taken from cells of the
 * first address, and put right for each of its pairs.
 *
 * Threads: see enrich/rate_count.h. */
#include <string.h>

#include "enrich/rate_core.h"

struct marks {
    const struct rate_report *report;
    const struct rate *rate;
    const struct rate_limit *limit;
    const struct rate_limit_tables *tables;
    uint8_t *marked; /* by serial number: the key has cells that are marked */
};

static void mark_run(struct rate_cell *cells, const struct rate_over *walk, const struct rate_run *run) {
    uint64_t free = rate_free_slot(walk, run, RATE_DELAY_LEAST_S);
    for (uint32_t i = 0; i < walk->count; i++) {
        if (cells[i].slot < run->from || cells[i].slot > run->to) continue;
        cells[i].over = 1;
        cells[i].blocked = cells[i].slot > free;
    }
}

static void mark_table(const struct marks *marks, uint32_t table) {
    const struct rate_store *store = &marks->rate->store;
    struct rate_range range = rate_store_table(store, table);
    for (uint32_t from = range.from, to; from < range.to; from = to) {
        to = rate_store_key_end(store, from, range.to);
        for (uint32_t i = from; i < to; i++) store->cells[i].over = store->cells[i].blocked = 0;
        if (!rate_has_more(marks->rate, from, to, marks->limit->limit)) continue;
        struct rate_over walk = rate_walk(marks->report, marks->limit->window_s, marks->limit->limit, from, to);
        for (struct rate_run run; rate_over_next(&walk, &run);) {
            mark_run(store->cells + from, &walk, &run);
            marks->marked[rate_cell_serial(&store->cells[from])] = 1;
        }
    }
}

static const struct rate_cell *cell_at(const struct rate_store *store, uint32_t table, uint32_t serial, uint32_t slot) {
    static const struct rate_cell none;
    uint32_t id = table << RATE_SERIAL_BITS | serial, at = rate_cells_find(store->cells, store->count, id, slot);
    bool found = serial != 0 && at < store->count && store->cells[at].id == id && store->cells[at].slot == slot;
    return found ? &store->cells[at] : &none;
}

/* The key of the other view with the same address; 0: there is none. */
static uint32_t twin_of(const struct marks *marks, uint32_t serial, uint32_t other_table) {
    const struct rate_store *store = &marks->rate->store;
    union rate_packed key = rate_store_entry(store, serial)->key;
    if (key.unresolved != 0 || key.vpce != 0) return 0;
    key.table = (uint8_t)other_table;
    key.beside = 0;
    return rate_store_serial(store, &key);
}

/* Requests in cells of one view that are blocked, less those that the other view would have stopped as well were they all of one address
 * in both: of the first address that is what its cell says. */
static uint64_t blocked_in(const struct marks *marks, uint32_t table, uint32_t other_table) {
    const struct rate_store *store = &marks->rate->store;
    struct rate_range range = rate_store_table(store, table);
    uint64_t sum = 0;
    for (uint32_t i = range.from; i < range.to; i++) {
        const struct rate_cell *cell = &store->cells[i];
        if (cell->blocked == 0) continue;
        uint32_t twin = twin_of(marks, rate_cell_serial(cell), other_table);
        const struct rate_cell *other = cell_at(store, other_table, twin, cell->slot);
        sum += rate_certain(cell);
        if (other->over != 0) sum -= rate_certain(table == marks->tables->waf ? cell : other);
    }
    return sum;
}

static void add_pair(const struct marks *marks, const struct rate_cell *pair, struct rate_views *views) {
    const struct rate_store *store = &marks->rate->store;
    const struct rate_limit_tables *tables = marks->tables;
    uint32_t serials[2];
    memcpy(serials, rate_store_entry(store, rate_cell_serial(pair))->key.address, sizeof serials);
    if (marks->marked[serials[1]] == 0) return;
    const struct rate_cell *first = cell_at(store, tables->waf, serials[1], pair->slot);
    const struct rate_cell *client = cell_at(store, tables->own, serials[0], pair->slot);
    uint32_t twin = twin_of(marks, serials[1], tables->own);
    const struct rate_cell *same = cell_at(store, tables->own, twin, pair->slot);
    uint64_t requests = rate_certain(pair);
    if (first->over != 0 && same->blocked != 0) views->evaded += requests;
    if (first->over != 0 && client->blocked != 0) views->evaded -= requests;
    if (first->blocked != 0 && same->over != 0) views->framed += requests;
    if (first->blocked != 0 && client->over != 0) views->framed -= requests;
}

struct rate_views rate_views(const struct rate_report *report, uint32_t limit) {
    const struct rate *rate = report->rate;
    const struct rate_store *store = &rate->store;
    struct marks marks = {.report = report,
                          .rate = rate,
                          .limit = &rate->settings->limits[limit],
                          .tables = &rate->plan.of_limit[limit],
                          .marked = (uint8_t *)store->scratch};
    memset(marks.marked, 0, store->serials_used + 1);
    mark_table(&marks, marks.tables->own);
    mark_table(&marks, marks.tables->waf);
    struct rate_views views = {blocked_in(&marks, marks.tables->own, marks.tables->waf),
                               blocked_in(&marks, marks.tables->waf, marks.tables->own)};
    struct rate_range range = rate_store_table(store, marks.tables->pairs);
    for (uint32_t i = range.from; i < range.to; i++) add_pair(&marks, &store->cells[i], &views);
    if (store->floors.any && (int64_t)views.evaded < 0) views.evaded = 0; /* pairs that were dropped are missing */
    if (store->floors.any && (int64_t)views.framed < 0) views.framed = 0;
    return views;
}
