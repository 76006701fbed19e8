/* Cells stand one behind the other, in the order in which they were made; an index with open addressing leads to them. Slots are hashed by a
 * multiplication without a secret: time, tile and zone are no texts of a client, who would need a place on the map for each collision.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/heat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/tile.h"
#include "enrich/hyperloglog.h"

#define INDEX_PLACES_MIN 1024u
#define AT_ONCE 16u /* notes */
#define INTERVAL_NS (HEAT_INTERVAL_S * INT64_C(1000000000))
#define SPARE_BYTES (1024u * 1024) /* of sketches that were reported; when it is more, those that stay move together */

struct heat_cell {
    uint64_t slot, requests, bytes, status_4xx, status_5xx : 63;
    uint64_t changed : 1; /* since it was shown */
    struct hyperloglog clients;
};

struct heat {
    struct heat_cell *cells; /* reserved */
    uint32_t cells_count, cells_max;
    uint32_t *index;                    /* of a cell, plus 1; 0: free */
    uint32_t index_shift, index_mask;   /* of hashes; of places */
    struct pool pool;                   /* of the cells' sketches */
    uint32_t folded_intervals;          /* that a folded slot stands for */
    uint32_t open_from;                 /* the first interval that was not reported */
    uint64_t folded_count, moves_count; /* slots; times that cells changed their places */
    uint64_t late_count;
    uint32_t exact_from; /* the first interval whose sums are right */
};

/* --- the index ---------------------------------------------------------------------------------- */

static uint32_t first_place(const struct heat *heat, uint64_t slot) {
    return (uint32_t)(slot * 0x9e3779b97f4a7c15u >> heat->index_shift);
}

/* Where the slot's cell is said, or the free place where it belongs. */
static inline uint32_t *find(const struct heat *heat, uint64_t slot) {
    for (uint32_t at = first_place(heat, slot);; at++) {
        uint32_t *place = &heat->index[at & heat->index_mask];
        if (*place == 0 || heat->cells[*place - 1].slot == slot) return place;
    }
}

/* For `cells_count` cells and as many more. */
static void make_index(struct heat *heat, uint32_t cells_count) {
    uint32_t places = INDEX_PLACES_MIN, bits = (uint32_t)__builtin_ctz(INDEX_PLACES_MIN);
    for (; places < 4 * (uint64_t)cells_count; places *= 2) bits++;
    free(heat->index);
    heat->index_shift = 64 - bits;
    heat->index_mask = places - 1;
    heat->index = calloc(places, sizeof *heat->index);
    ASSERT(heat->index != NULL); /* 16 bytes a cell, of what the table may take */
    for (uint32_t i = 0; i < heat->cells_count; i++) *find(heat, heat->cells[i].slot) = i + 1;
}

/* NULL: there is no room for another one. */
static __attribute__((noinline)) struct heat_cell *make_cell(struct heat *heat, uint64_t slot, uint32_t *place) {
    if (heat->cells_count == heat->cells_max) return NULL;
    struct heat_cell *cell = &heat->cells[heat->cells_count++];
    *cell = (struct heat_cell){.slot = slot};
    *place = heat->cells_count;
    if (2 * heat->cells_count > heat->index_mask) make_index(heat, heat->cells_count);
    return cell;
}

/* Likewise. */
static inline struct heat_cell *cell_of(struct heat *heat, uint64_t slot) {
    uint32_t *place = find(heat, slot);
    return *place != 0 ? &heat->cells[*place - 1] : make_cell(heat, slot, place);
}

/* --- folding ------------------------------------------------------------------------------------ */

static bool is_folded(const struct heat_cell *cell) {
    return heat_slot_zone(cell->slot) == HEAT_ZONE_FOLDED;
}

static uint64_t folded_slot(const struct heat *heat, uint64_t slot) {
    uint32_t interval = heat_slot_interval(slot);
    return heat_slot(interval - interval % heat->folded_intervals, TILE_NONE, HEAT_ZONE_FOLDED);
}

/* Those that are folded first stand first; what stands for others is never folded. */
static int by_importance(const void *a, const void *b) {
    const struct heat_cell *x = a, *y = b;
    if (is_folded(x) != is_folded(y)) return is_folded(x) ? 1 : -1;
    if (x->requests != y->requests) return x->requests < y->requests ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static uint64_t sum(uint64_t a, uint64_t b) {
    return a + b > INT64_MAX ? INT64_MAX : a + b;
}

/* Sketches that stay move together, so that what is free is good for blocks of any size. */
static void pack_sketches(struct heat *heat) {
    struct pool pool;
    ASSERT(pool_init(&pool, heat->pool.bytes_max)); /* what was there has room */
    for (uint32_t i = 0; i < heat->cells_count; i++) ASSERT(hyperloglog_move(&heat->cells[i].clients, &pool));
    pool_destroy(&heat->pool);
    heat->pool = pool;
}

/* In what interval a slot is too low from now on, and which slots of others there will be, a table that is bounded by days cannot say. */
static void set_folded(struct heat *heat, uint64_t slot) {
    uint64_t from = heat->folded_intervals > 1 ? UINT32_MAX : (uint64_t)heat_slot_interval(slot) + 1;
    if (from > heat->exact_from) heat->exact_from = (uint32_t)from;
}

static void add_folded(struct heat *heat, const struct heat_cell *folded) {
    struct heat_cell *cell = cell_of(heat, folded_slot(heat, folded->slot));
    ASSERT(cell != NULL);
    cell->requests += folded->requests;
    cell->bytes = sum(cell->bytes, folded->bytes);
    cell->status_4xx += folded->status_4xx;
    cell->status_5xx += folded->status_5xx;
    cell->changed = true;
    heat->folded_count++;
    set_folded(heat, folded->slot);
}

/* Keeps no more than that, and what is folded already. False: all is. */
static bool fold(struct heat *heat, uint32_t cells_kept, size_t bytes_kept) {
    uint32_t count = heat->cells_count, kept = 0;
    heat->moves_count++;
    ASSERT(heat->cells != NULL);
    qsort(heat->cells, count, sizeof *heat->cells, by_importance);
    for (size_t bytes = 0; kept < count; kept++) {
        const struct heat_cell *cell = &heat->cells[count - 1 - kept];
        bytes += hyperloglog_bytes(&cell->clients);
        if (!is_folded(cell) && (kept >= cells_kept || bytes > bytes_kept)) break;
    }
    uint32_t folded_count = count - kept;
    struct heat_cell *folded = malloc((folded_count + 1) * sizeof *folded);
    ASSERT(folded != NULL);
    memcpy(folded, heat->cells, folded_count * sizeof *folded);
    memmove(heat->cells, heat->cells + folded_count, kept * sizeof *heat->cells);
    heat->cells_count = kept;
    make_index(heat, kept);
    pack_sketches(heat);
    for (uint32_t i = 0; i < folded_count; i++)
        if (folded[i].requests > 0) add_folded(heat, &folded[i]); /* else it was being made */
    free(folded);
    return folded_count > 0;
}

bool heat_shrink(struct heat *heat) {
    return fold(heat, heat->cells_count / 2, heat->pool.taken_bytes / 2);
}

/* --- adding ------------------------------------------------------------------------------------- */

/* To cell `known` - 1; 0: it has to be looked for. */
static inline void add(struct heat *heat, const struct rollup_note *note, uint32_t known) {
    struct heat_cell *cell = known != 0 ? &heat->cells[known - 1] : cell_of(heat, note->heat_slot);
    while (cell == NULL || (note->resolved && !hyperloglog_add(&cell->clients, &heat->pool, note->client_hash))) {
        ASSERT(fold(heat, heat->cells_max / 2, heat->pool.bytes_max / 2));
        cell = cell_of(heat, note->heat_slot);
    }
    cell->requests++;
    cell->bytes = sum(cell->bytes, note->bytes);
    cell->status_4xx += note->status == 4;
    cell->status_5xx += note->status == 5;
    cell->changed = true;
}

/* Where a note's cell is, with its sketch on the way: of some at once, since sketches are seldom in a cache (2.6 % of a run over ALB lines
 * with 170,000 clients was waiting for them). */
static inline uint32_t look_up(const struct heat *heat, const struct rollup_note *note) {
    uint32_t known = *find(heat, note->heat_slot);
    if (known != 0 && note->resolved) hyperloglog_prefetch(&heat->cells[known - 1].clients, note->client_hash);
    return known;
}

void heat_add(struct heat *heat, const struct rollup_note *notes, uint32_t notes_count) {
    uint32_t known[AT_ONCE];
    for (uint32_t count; notes_count > 0; notes += count, notes_count -= count) {
        count = notes_count < AT_ONCE ? notes_count : AT_ONCE;
        for (uint32_t i = 0; i < count; i++) known[i] = look_up(heat, &notes[i]);
        uint64_t moves_count = heat->moves_count; /* when that changes cells are elsewhere */
        for (uint32_t i = 0; i < count; i++)
            if (heat_slot_interval(notes[i].heat_slot) < heat->open_from)
                heat->late_count += !notes[i].refused;
            else if (!notes[i].refused)
                add(heat, &notes[i], heat->moves_count == moves_count ? known[i] : 0);
    }
}

/* --- rows --------------------------------------------------------------------------------------- */

static int by_slot(const void *a, const void *b) {
    uint64_t x = ((const struct heat_cell *)a)->slot, y = ((const struct heat_cell *)b)->slot;
    return (x > y) - (x < y);
}

static struct heat_row row_of(const struct heat *heat, const struct heat_cell *cell) {
    uint64_t clients = hyperloglog_estimate(&cell->clients);
    return (struct heat_row){.slot = cell->slot,
                             .interval_s = (is_folded(cell) ? heat->folded_intervals : 1) * HEAT_INTERVAL_S,
                             .requests = cell->requests,
                             .bytes = cell->bytes,
                             .status_4xx = cell->status_4xx,
                             .status_5xx = cell->status_5xx,
                             .has_clients = cell->clients.block != NULL,
                             .clients = clients < cell->requests ? clients : cell->requests,
                             .approximate = heat_slot_interval(cell->slot) < heat->exact_from};
}

/* Behind its last interval. */
static uint64_t end_of(const struct heat *heat, const struct heat_cell *cell) {
    return (uint64_t)heat_slot_interval(cell->slot) + (is_folded(cell) ? heat->folded_intervals : 1);
}

/* Those that are not over stay, in order. */
static void keep_open(struct heat *heat, uint64_t open_from) {
    uint32_t kept = 0;
    size_t bytes = 0;
    heat->moves_count++;
    for (uint32_t i = 0; i < heat->cells_count; i++) {
        struct heat_cell *cell = &heat->cells[i];
        if (end_of(heat, cell) > open_from) {
            bytes += hyperloglog_bytes(&cell->clients);
            heat->cells[kept++] = *cell;
        } else if (cell->clients.block != NULL) {
            pool_give_back(&heat->pool, cell->clients.block, cell->clients.size);
        }
    }
    heat->cells_count = kept;
    make_index(heat, kept);
    if (heat->pool.taken_bytes > 2 * bytes + SPARE_BYTES) pack_sketches(heat);
}

void heat_report(struct heat *heat, int64_t until_ns, heat_row_function *row, void *context) {
    uint64_t open_from = until_ns == INT64_MAX ? UINT32_MAX : (uint64_t)(until_ns > 0 ? until_ns / INTERVAL_NS : 0);
    if (open_from <= heat->open_from) return;
    heat->open_from = (uint32_t)open_from;
    if (until_ns == INT64_MAX) open_from = UINT64_MAX;
    qsort(heat->cells, heat->cells_count, sizeof *heat->cells, by_slot);
    for (uint32_t i = 0; i < heat->cells_count; i++) {
        if (end_of(heat, &heat->cells[i]) > open_from) continue;
        const struct heat_row one = row_of(heat, &heat->cells[i]);
        row(context, &one);
    }
    keep_open(heat, open_from);
}

void heat_show(struct heat *heat, heat_row_function *row, void *context) {
    for (uint32_t i = 0; i < heat->cells_count; i++) {
        if (!heat->cells[i].changed) continue;
        heat->cells[i].changed = false;
        const struct heat_row one = row_of(heat, &heat->cells[i]);
        row(context, &one);
    }
}

int64_t heat_needs_ns(const struct heat *heat) {
    return heat->open_from * INTERVAL_NS;
}

void heat_set_approximate(struct heat *heat, int64_t until_ns) {
    uint64_t from = until_ns > 0 ? (uint64_t)(until_ns / INTERVAL_NS) + 1 : 0;
    if (from > heat->exact_from) heat->exact_from = (uint32_t)from;
}

uint64_t heat_folded_count(const struct heat *heat) {
    return heat->folded_count;
}

uint64_t heat_late_count(const struct heat *heat) {
    return heat->late_count;
}

/* --- memory ------------------------------------------------------------------------------------- */

size_t heat_bytes(const struct heat *heat) {
    return heat->cells_count * sizeof *heat->cells + ((size_t)heat->index_mask + 1) * sizeof *heat->index +
           heat->pool.taken_bytes;
}

struct heat *heat_new(size_t bytes_max, uint32_t folded_s) {
    struct heat *heat = calloc(1, sizeof *heat);
    if (heat == NULL) return NULL;
    heat->folded_intervals = folded_s / HEAT_INTERVAL_S;
    heat->cells_max = (uint32_t)(bytes_max / 3 / (sizeof *heat->cells + 4 * sizeof *heat->index));
    void *cells = mmap(NULL, heat->cells_max * sizeof *heat->cells, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cells != MAP_FAILED) heat->cells = cells;
    if (heat->cells == NULL || !pool_init(&heat->pool, bytes_max / 3 * 2)) {
        heat_free(heat);
        return NULL;
    }
    make_index(heat, 0);
    return heat;
}

void heat_free(struct heat *heat) {
    if (heat == NULL) return;
    pool_destroy(&heat->pool);
    if (heat->cells != NULL) munmap(heat->cells, heat->cells_max * sizeof *heat->cells);
    free(heat->index);
    free(heat);
}
