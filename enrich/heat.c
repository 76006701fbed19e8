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

struct heat_cell {
    uint64_t slot, requests, bytes, status_4xx, status_5xx;
    struct hyperloglog clients;
};

struct heat {
    struct heat_cell *cells; /* reserved */
    uint32_t cells_count, cells_max;
    uint32_t *index;                    /* of a cell, plus 1; 0: free */
    uint32_t index_shift, index_mask;   /* of hashes; of places */
    struct pool pool;                   /* of the cells' sketches */
    uint64_t folded_count, folds_count; /* slots; times */
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

static uint64_t day_slot(uint64_t slot) {
    uint32_t interval = heat_slot_interval(slot);
    return heat_slot(interval - interval % (HEAT_FOLDED_S / HEAT_INTERVAL_S), TILE_NONE, HEAT_ZONE_FOLDED);
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
    ASSERT(pool_init(&pool, heat->pool.bytes_max)); /* half of it at most is used */
    for (uint32_t i = 0; i < heat->cells_count; i++) ASSERT(hyperloglog_move(&heat->cells[i].clients, &pool));
    pool_destroy(&heat->pool);
    heat->pool = pool;
}

static void fold(struct heat *heat) {
    uint32_t count = heat->cells_count, kept = 0;
    heat->folds_count++;
    ASSERT(heat->cells != NULL);
    qsort(heat->cells, count, sizeof *heat->cells, by_importance);
    for (size_t bytes = 0; kept < count; kept++) {
        const struct heat_cell *cell = &heat->cells[count - 1 - kept];
        bytes += hyperloglog_bytes(&cell->clients);
        if (!is_folded(cell) && (kept >= heat->cells_max / 2 || bytes > heat->pool.bytes_max / 2)) break;
    }
    uint32_t folded_count = count - kept;
    ASSERT(folded_count > 0);
    struct heat_cell *folded = malloc(folded_count * sizeof *folded);
    ASSERT(folded != NULL);
    memcpy(folded, heat->cells, folded_count * sizeof *folded);
    memmove(heat->cells, heat->cells + folded_count, kept * sizeof *heat->cells);
    heat->cells_count = kept;
    make_index(heat, kept);
    pack_sketches(heat);
    for (uint32_t i = 0; i < folded_count; i++) {
        if (folded[i].requests == 0) continue; /* it was being made */
        struct heat_cell *day = cell_of(heat, day_slot(folded[i].slot));
        ASSERT(day != NULL);
        day->requests += folded[i].requests;
        day->bytes = sum(day->bytes, folded[i].bytes);
        day->status_4xx += folded[i].status_4xx;
        day->status_5xx += folded[i].status_5xx;
        heat->folded_count++;
    }
    free(folded);
}

/* --- adding ------------------------------------------------------------------------------------- */

/* To cell `known` - 1; 0: it has to be looked for. */
static inline void add(struct heat *heat, const struct heat_note *note, uint32_t known) {
    struct heat_cell *cell = known != 0 ? &heat->cells[known - 1] : cell_of(heat, note->slot);
    while (cell == NULL || (note->has_client && !hyperloglog_add(&cell->clients, &heat->pool, note->client))) {
        fold(heat);
        cell = cell_of(heat, note->slot);
    }
    cell->requests++;
    cell->bytes = sum(cell->bytes, note->bytes);
    cell->status_4xx += note->status == 4;
    cell->status_5xx += note->status == 5;
}

/* Where a note's cell is, with its sketch on the way: of some at once, since sketches are seldom in a cache (2.6 % of a run over ALB lines
 * with 170,000 clients was waiting for them). */
static inline uint32_t look_up(const struct heat *heat, const struct heat_note *note) {
    uint32_t known = *find(heat, note->slot);
    if (known != 0 && note->has_client) hyperloglog_prefetch(&heat->cells[known - 1].clients, note->client);
    return known;
}

void heat_add(struct heat *heat, const struct heat_note *notes, uint32_t notes_count) {
    uint32_t known[AT_ONCE];
    for (uint32_t count; notes_count > 0; notes += count, notes_count -= count) {
        count = notes_count < AT_ONCE ? notes_count : AT_ONCE;
        for (uint32_t i = 0; i < count; i++) known[i] = look_up(heat, &notes[i]);
        uint64_t folds_count = heat->folds_count; /* when that changes cells are elsewhere */
        for (uint32_t i = 0; i < count; i++)
            if (!notes[i].refused) add(heat, &notes[i], heat->folds_count == folds_count ? known[i] : 0);
    }
}

/* --- rows --------------------------------------------------------------------------------------- */

static int by_slot(const void *a, const void *b) {
    uint64_t x = ((const struct heat_cell *)a)->slot, y = ((const struct heat_cell *)b)->slot;
    return (x > y) - (x < y);
}

uint32_t heat_sort(struct heat *heat) {
    qsort(heat->cells, heat->cells_count, sizeof *heat->cells, by_slot);
    return heat->cells_count;
}

struct heat_row heat_row(const struct heat *heat, uint32_t index) {
    ASSERT(index < heat->cells_count);
    const struct heat_cell *cell = &heat->cells[index];
    uint64_t clients = hyperloglog_estimate(&cell->clients);
    return (struct heat_row){.slot = cell->slot,
                             .requests = cell->requests,
                             .bytes = cell->bytes,
                             .status_4xx = cell->status_4xx,
                             .status_5xx = cell->status_5xx,
                             .has_clients = cell->clients.block != NULL,
                             .clients = clients < cell->requests ? clients : cell->requests,
                             .approximate = heat->folded_count > 0};
}

uint64_t heat_folded_count(const struct heat *heat) {
    return heat->folded_count;
}

/* --- memory ------------------------------------------------------------------------------------- */

struct heat *heat_new(size_t bytes_max) {
    struct heat *heat = calloc(1, sizeof *heat);
    if (heat == NULL) return NULL;
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
