/* Who had most in each window: cells, which stand by key and slot, are walked in one pass, and each window's end keeps its best ones in a
 * heap. Heaps live in memory of the store that is free meanwhile; when ends are too many for it there are more passes.
 *
 * Threads: see enrich/rate_count.h. */
#include <string.h>

#include "base/check.h"
#include "enrich/rate_core.h"

/* A key in a window. What it has above the floors of its slots counts; what those may hide is the same for all keys. */
struct candidate {
    int64_t above;
    uint32_t serial, last_cell;
};

struct heap {
    struct candidate *candidates; /* the worst one first */
    int64_t least;                /* what a key must have to come in */
    uint32_t count;
};

struct window {
    uint32_t slots, first, count; /* numbers of windows, whose ends are in the pass */
    uint64_t reciprocal;          /* of `slots` */
    uint32_t heaps_from;
};

struct pass {
    struct rate_report *report;
    const struct rate *rate;
    int64_t from_s, to_s; /* ends in (from, to] */
    uint32_t slots_to;
    struct window windows[RATE_WINDOWS_MAX];
    struct heap *heaps; /* by window, dim and number */
    struct candidate *candidates;
    uint32_t heaps_max, heap_room; /* candidates of a heap: one more than rows, the best one outside */
    uint32_t next_slot;            /* the first one behind the pass that has something */
    bool goes_on;                  /* windows that end later have slots in it */
};

/* --- heaps -------------------------------------------------------------------------------------- */

static bool is_worse(const struct rate *rate, const struct candidate *a, const struct candidate *b) {
    if (a->above != b->above) return a->above < b->above;
    return rate_compare_serials(rate, a->serial, b->serial) > 0;
}

static void sink(const struct rate *rate, struct candidate *heap, uint32_t count, uint32_t at) {
    const struct candidate moved = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(rate, &heap[child + 1], &heap[child])) child++;
        if (!is_worse(rate, &heap[child], &moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void rise(const struct rate *rate, struct candidate *heap, uint32_t at) {
    const struct candidate moved = heap[at];
    for (uint32_t parent; at > 0 && is_worse(rate, &moved, &heap[parent = (at - 1) / 2]); at = parent)
        heap[at] = heap[parent];
    heap[at] = moved;
}

static struct heap *heaps_of(const struct pass *pass, uint32_t w, uint32_t dim) {
    return &pass->heaps[pass->windows[w].heaps_from + dim * pass->windows[w].count];
}

/* One that has no less than `least`. */
static __attribute__((noinline)) void offer(const struct pass *pass, struct heap *heap, struct candidate candidate) {
    struct candidate *candidates = heap->candidates;
    if (heap->count < pass->heap_room) {
        candidates[heap->count++] = candidate;
        rise(pass->rate, candidates, heap->count - 1);
    } else if (is_worse(pass->rate, &candidates[0], &candidate)) {
        candidates[0] = candidate;
        sink(pass->rate, candidates, heap->count, 0);
    }
    if (heap->count == pass->heap_room) heap->least = candidates[0].above;
}

/* The best one first. */
static void sort_heap(const struct rate *rate, struct heap *heap) {
    for (uint32_t left = heap->count; left > 1; left--) {
        const struct candidate worst = heap->candidates[0];
        heap->candidates[0] = heap->candidates[left - 1];
        heap->candidates[left - 1] = worst;
        sink(rate, heap->candidates, left - 1, 0);
    }
}

/* --- one pass ----------------------------------------------------------------------------------- */

/* Which window of the pass a slot is in; `count` or more: none. */
static inline uint32_t number_of(const struct window *window, uint32_t slot) {
    uint64_t number = window->slots == 1 ? slot : (uint64_t)((unsigned __int128)window->reciprocal * slot >> 64);
    return (uint32_t)number - window->first;
}

/* A key's cells in one window. */
struct run {
    struct heap *heaps;
    int64_t above;
    uint32_t number;
};

/* The cell goes into each window's run; whether it is the last one of that, the next slot says. Nobody can foresee that, so that a branch
 * is taken only where a key has enough, which few have. */
static inline void add_cell(const struct pass *pass, struct run *runs, uint32_t i, int64_t above, uint32_t next_slot,
                            bool is_last) {
    for (uint32_t w = 0; w < pass->rate->settings->windows_count; w++) {
        const struct window *window = &pass->windows[w];
        struct run *run = &runs[w];
        uint32_t number = number_of(window, next_slot);
        bool ends = is_last | (number != run->number), is_in = run->number < window->count;
        struct heap *heap = &run->heaps[is_in ? run->number : 0];
        run->above += above;
        if (ends & is_in & (run->above >= heap->least))
            offer(pass, heap, (struct candidate){run->above, rate_cell_serial(&pass->rate->store.cells[i]), i});
        run->above = ends ? 0 : run->above;
        run->number = number;
    }
}

static void walk_dim(struct pass *pass, uint32_t dim) {
    const struct rate *rate = pass->rate;
    const struct rate_cell *cells = rate->store.cells;
    uint32_t table = rate->plan.of_dim[dim], windows_count = rate->settings->windows_count, last_slot = 0;
    struct rate_range range = rate_store_table(&rate->store, table);
    struct run runs[RATE_WINDOWS_MAX];
    bool has_floors = rate->store.floors.of_table[table];
    if (range.from == range.to) return;
    for (uint32_t w = 0; w < windows_count; w++)
        runs[w] = (struct run){heaps_of(pass, w, dim), 0, number_of(&pass->windows[w], cells[range.from].slot)};
    for (uint32_t i = range.from; i < range.to; i++) {
        const struct rate_cell *cell = &cells[i], *next = i + 1 < range.to ? cell + 1 : cell;
        bool is_behind = cell->slot >= pass->slots_to;
        pass->next_slot = is_behind & (cell->slot < pass->next_slot) ? cell->slot : pass->next_slot;
        last_slot = !is_behind & (cell->slot > last_slot) ? cell->slot : last_slot;
        int64_t above = cell->requests;
        if (has_floors) above -= rate_floor(&rate->store.floors, table, cell->slot);
        add_cell(pass, runs, i, above, next->slot, (next == cell) | (next->id != cell->id));
    }
    pass->goes_on |= rate_slot_end_s(rate, last_slot) + rate->settings->windows_s[windows_count - 1] > pass->to_s;
}

/* --- rows --------------------------------------------------------------------------------------- */

/* What any key may have had in a window without a cell that says so. */
static uint64_t floor_of(const struct rate *rate, uint32_t table, uint32_t first_slot, uint32_t slots) {
    uint64_t sum = 0;
    if (!rate->store.floors.of_table[table]) return 0;
    for (uint32_t i = 0; i < slots; i++) sum += rate_floor(&rate->store.floors, table, first_slot + i);
    return sum;
}

void rate_add_place(const struct rate *rate, uint32_t serial, struct rate_row *row) {
    const struct rate_place *place = &rate->store.places[serial];
    row->has_place = !row->key.unresolved;
    row->country = place->country;
    row->as_number = place->as_number;
    row->has_location = (place->flags & PLACE_LOCATED) != 0;
    row->longitude = place->longitude;
    row->latitude = place->latitude;
}

static void add_sketched(struct rate *rate, const struct rate_cell *cells, uint32_t count, struct rate_row *row) {
    struct rate_sketched told;
    row->has_clients = row->latency.known = false;
    if (row->window_s % rate->settings->windows_s[0] != 0) return;
    if (!rate_sketches_tell(&rate->sketches, cells, count, rate->sketch_slots, row->requests, &told)) return;
    row->has_clients = true;
    row->clients = told.clients;
    row->latency = told.latency;
}

/* Sums of the candidate's cells of the window; `hidden`: what its floors hide of every key. The first of them. */
static uint32_t add_counts(const struct rate *rate, const struct candidate *candidate, uint32_t first_slot,
                           uint64_t hidden, struct rate_row *row) {
    const struct rate_cell *cells = rate->store.cells;
    uint32_t at = candidate->last_cell, first = at, id = cells[at].id, table = rate_cell_table(&cells[at]);
    row->requests = (uint64_t)((int64_t)hidden + candidate->above);
    row->error = hidden;
    row->bytes = row->status_4xx = row->status_5xx = 0;
    row->trust = RATE_TRUST_MAX;
    for (uint32_t i = at + 1; i-- > 0 && cells[i].id == id && cells[i].slot >= first_slot;) {
        first = i;
        row->error += cells[i].error;
        if (hidden != 0) row->error -= rate_floor(&rate->store.floors, table, cells[i].slot);
        row->bytes = rate_sum_64(row->bytes, cells[i].bytes);
        row->status_4xx += cells[i].status_4xx;
        row->status_5xx += cells[i].status_5xx;
        if (cells[i].trust < row->trust) row->trust = cells[i].trust;
    }
    return first;
}

/* False: nobody has anything there. */
static bool write_heap(const struct pass *pass, uint32_t w, uint32_t number, uint32_t dim) {
    struct rate *rate = pass->report->rate;
    const struct window *window = &pass->windows[w];
    struct heap *heap = &heaps_of(pass, w, dim)[number - window->first];
    uint32_t table = rate->plan.of_dim[dim], first_slot = number * window->slots;
    if (heap->count == 0) return false;
    uint64_t hidden = floor_of(rate, table, first_slot, window->slots), outside = hidden;
    sort_heap(rate, heap);
    uint32_t rows = heap->count < pass->heap_room ? heap->count : heap->count - 1;
    if (rows < heap->count) outside = (uint64_t)((int64_t)hidden + heap->candidates[rows].above);
    if (outside < hidden) outside = hidden;
    struct rate_row row = {.kind = RATE_TOP, /* one for all: it is large */
                           .time_s = ((int64_t)number + 1) * rate->settings->windows_s[w],
                           .window_s = rate->settings->windows_s[w],
                           .dim = &rate->settings->dims[dim],
                           .late = rate->late_since[w]};
    for (uint32_t i = 0; i < rows; i++) {
        const struct candidate *candidate = &heap->candidates[i];
        row.key = rate_key_of(rate, candidate->serial);
        uint32_t first = add_counts(rate, candidate, first_slot, hidden, &row);
        row.approximate = row.error > 0 || hidden > 0 || row.time_s - row.window_s < rate->incomplete_s;
        row.guaranteed = !rate->store.floors.of_table[table] || row.requests - row.error > outside;
        if (rate->plan.tables[table].placed)
            rate_add_place(rate, candidate->serial, &row);
        else
            row.trust = 0;
        if (rate->plan.tables[table].has_clients)
            add_sketched(rate, &rate->store.cells[first], candidate->last_cell + 1 - first, &row);
        pass->report->function(pass->report->context, &row);
    }
    return true;
}

/* Heaps in order of time, window and dim. */
static void write_heaps(const struct pass *pass) {
    struct rate *rate = pass->report->rate;
    uint32_t numbers[RATE_WINDOWS_MAX], windows_count = rate->settings->windows_count;
    for (uint32_t w = 0; w < windows_count; w++) numbers[w] = pass->windows[w].first;
    for (;;) {
        int64_t end_s = INT64_MAX;
        for (uint32_t w = 0; w < windows_count; w++) {
            int64_t own_s = ((int64_t)numbers[w] + 1) * rate->settings->windows_s[w];
            if (numbers[w] < pass->windows[w].first + pass->windows[w].count && own_s < end_s) end_s = own_s;
        }
        if (end_s == INT64_MAX) return;
        for (uint32_t w = 0; w < windows_count; w++) {
            if (((int64_t)numbers[w] + 1) * rate->settings->windows_s[w] != end_s) continue;
            if (numbers[w] >= pass->windows[w].first + pass->windows[w].count) continue;
            bool any = false;
            for (uint32_t dim = 0; dim < rate->settings->dims_count; dim++) any |= write_heap(pass, w, numbers[w], dim);
            if (any) rate->late_since[w] = 0;
            numbers[w]++;
        }
    }
}

/* --- passes ------------------------------------------------------------------------------------- */

/* Memory of heaps: behind the cells. */
static void find_memory(struct pass *pass) {
    const struct rate_store *store = &pass->rate->store;
    const struct rate_settings *settings = pass->rate->settings;
    char *from = (char *)(store->cells + store->count), *to = (char *)(store->cells + store->cells_max);
    size_t bytes = (size_t)(to - from), least = settings->dims_count * settings->windows_count; /* heaps */
    size_t room = (bytes / least - sizeof(struct heap)) / sizeof(struct candidate);
    pass->heap_room = room < settings->rows + 1 ? (uint32_t)room : settings->rows + 1;
    size_t heaps = bytes / (sizeof(struct heap) + pass->heap_room * sizeof(struct candidate));
    pass->heaps_max = heaps < UINT32_MAX ? (uint32_t)heaps : UINT32_MAX;
    pass->heaps = (struct heap *)(void *)from;
}

/* Seconds whose windows have room at once, whatever second is the first one. */
static int64_t seconds_at_once(const struct pass *pass) {
    const struct rate_settings *settings = pass->rate->settings;
    double a_second = 0, heaps = (double)pass->heaps_max / settings->dims_count - settings->windows_count;
    for (uint32_t w = 0; w < settings->windows_count; w++) a_second += 1.0 / settings->windows_s[w];
    int64_t seconds = heaps > 0 ? (int64_t)(heaps / a_second) : 0;
    return seconds > settings->slot_s ? seconds : settings->slot_s;
}

static void set_pass(struct pass *pass, int64_t from_s, int64_t to_s) {
    const struct rate_settings *settings = pass->rate->settings;
    int64_t slot_s = settings->slot_s;
    uint32_t heaps_count = 0;
    pass->from_s = from_s;
    pass->to_s = to_s;
    pass->slots_to = to_s / slot_s < RATE_SLOT_NONE ? (uint32_t)(to_s / slot_s) : RATE_SLOT_NONE;
    pass->next_slot = RATE_SLOT_NONE;
    pass->goes_on = false;
    for (uint32_t w = 0; w < settings->windows_count; w++) {
        struct window *window = &pass->windows[w];
        int64_t length_s = settings->windows_s[w];
        window->slots = settings->windows_s[w] / settings->slot_s;
        window->reciprocal = UINT64_MAX / window->slots + 1; /* exact for 32 bits: Lemire, Kaser, Kurz 2019 */
        window->first = (uint32_t)(from_s / length_s);
        window->count = (uint32_t)(to_s / length_s - from_s / length_s);
        window->heaps_from = heaps_count;
        heaps_count += window->count * settings->dims_count;
    }
    ASSERT(heaps_count <= pass->heaps_max);
    pass->candidates = (struct candidate *)(void *)(pass->heaps + heaps_count);
    for (uint32_t i = 0; i < heaps_count; i++)
        pass->heaps[i] = (struct heap){pass->candidates + (size_t)i * pass->heap_room, INT64_MIN, 0};
}

void rate_top_rows(struct rate_report *report) {
    const struct rate *rate = report->rate;
    struct pass pass = {.report = report, .rate = rate};
    if (rate->store.count == 0 || rate->settings->dims_count == 0) return;
    int64_t from_s = (int64_t)rate->store.oldest_slot * rate->settings->slot_s;
    if (from_s < report->after_s) from_s = report->after_s;
    find_memory(&pass);
    int64_t seconds = seconds_at_once(&pass);
    while (from_s < report->until_s) {
        int64_t to_s = from_s + seconds < report->until_s ? from_s + seconds : report->until_s;
        set_pass(&pass, from_s, to_s);
        for (uint32_t dim = 0; dim < rate->settings->dims_count; dim++) walk_dim(&pass, dim);
        write_heaps(&pass);
        if (!pass.goes_on && pass.next_slot == RATE_SLOT_NONE) return;
        int64_t next_s = pass.goes_on ? to_s : (int64_t)pass.next_slot * rate->settings->slot_s;
        from_s = next_s > to_s ? next_s : to_s;
    }
}
