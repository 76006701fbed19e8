/* One key against a limit: when its sliding window was over, and how much that was.
 *
 * What is certain counts: requests - error of each cell.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_OVER_H
#define WHEREFROM_RATE_OVER_H

#include "enrich/rate_cells.h"

static inline uint32_t rate_certain(const struct rate_cell *cell) {
    return cell->requests - cell->error;
}

/* Slots at whose ends a key was over. */
struct rate_run {
    uint64_t from, to;
    uint64_t since; /* less than `from`: the run is a piece, and this is where the first one began */
    uint64_t peak;
};

/* A walk along the cells of one key. */
struct rate_over {
    const struct rate_cell *cells; /* in order of their slots */
    uint32_t count;
    uint64_t limit, window_slots;
    uint64_t last_slot;       /* the last one at whose end is judged, less than UINT64_MAX */
    uint32_t piece_s, slot_s; /* runs are cut at ends of slots that are multiples of that; 0: they are not */
    /* where it is: */
    uint32_t next, oldest; /* cells that enter and leave next */
    uint64_t sum;
    bool is_over, continues; /* so is a run that begins in the next slot: of the run before */
    struct rate_run run;
};

/* The next run or piece; false: no more. One that may go on behind last_slot is told, too, up to there. */
bool rate_over_next(struct rate_over *walk, struct rate_run *run);

/* The last slot of the piece that `slot` is in. */
uint64_t rate_over_piece_end(const struct rate_over *walk, uint64_t slot);

/* The highest sum of a window. */
uint64_t rate_peak(const struct rate_cell *cells, uint32_t count, uint64_t window_slots);

/* What blocking would have stopped of a run's requests when it begins `delay_s` after the first crossing: those in slots that end later
 * than that. */
uint64_t rate_blocked(const struct rate_over *walk, const struct rate_run *run, uint32_t delay_s);

/* The last slot that is not blocked. */
static inline uint64_t rate_free_slot(const struct rate_over *walk, const struct rate_run *run, uint32_t delay_s) {
    uint64_t free = run->since + delay_s / walk->slot_s;
    return free >= run->from ? free : run->from - 1;
}

#endif
