/* Counts of keys in slots, as arrays that are sorted by key and slot and merged.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_CELLS_H
#define WHEREFROM_RATE_CELLS_H

#include <stdbool.h>
#include <stdint.h>

/* A key's identity: its table above, its serial number below. */
#define RATE_SERIAL_BITS 25u
#define RATE_SERIAL_MASK ((1u << RATE_SERIAL_BITS) - 1)

struct rate_cell {
    uint32_t id, slot;
    uint32_t requests; /* as all counts here it stops at its largest */
    uint32_t error;    /* so much of `requests` may never have been */
    uint32_t status_4xx;
    uint32_t status_5xx : 26;
    uint32_t trust : 3;             /* the least */
    uint32_t over : 1, blocked : 1; /* marks of enrich/rate_views.c */
    uint64_t bytes;
};
_Static_assert(sizeof(struct rate_cell) == 32, "two in a cache line");

#define RATE_5XX_MAX ((1u << 26) - 1)
#define RATE_TRUST_MAX 7u

static inline uint32_t rate_cell_table(const struct rate_cell *cell) {
    return cell->id >> RATE_SERIAL_BITS;
}

static inline uint32_t rate_cell_serial(const struct rate_cell *cell) {
    return cell->id & RATE_SERIAL_MASK;
}

static inline uint64_t rate_sum_64(uint64_t a, uint64_t b) {
    return a + b > INT64_MAX || a + b < a ? INT64_MAX : a + b;
}

static inline uint32_t rate_sum_32(uint32_t a, uint32_t b) {
    return a + b < a ? UINT32_MAX : a + b;
}

/* Sorts by id and slot, and adds up those of the same key and slot; at least one. `sorted` has room for all. How many are in it then. */
uint32_t rate_cells_sort(const struct rate_cell *cells, struct rate_cell *sorted, uint32_t count);

/* By id, then slot. */
static inline uint64_t rate_cell_order(const struct rate_cell *cell) {
    return (uint64_t)cell->id << 32 | cell->slot;
}

/* Adds another cell of the same key and slot. */
static inline void rate_cell_add(struct rate_cell *cell, const struct rate_cell *other) {
    uint32_t status_5xx = (uint32_t)cell->status_5xx + other->status_5xx;
    cell->requests = rate_sum_32(cell->requests, other->requests);
    cell->error = rate_sum_32(cell->error, other->error);
    cell->status_4xx = rate_sum_32(cell->status_4xx, other->status_4xx);
    cell->status_5xx = (status_5xx < RATE_5XX_MAX ? status_5xx : RATE_5XX_MAX) & RATE_5XX_MAX;
    if (other->trust < cell->trust) cell->trust = other->trust;
    cell->bytes = rate_sum_64(cell->bytes, other->bytes);
}

/* First cell at or behind (id, slot) of sorted ones. */
uint32_t rate_cells_find(const struct rate_cell *cells, uint32_t count, uint32_t id, uint32_t slot);

#endif
