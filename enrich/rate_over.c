/* A window's sum changes only where a cell enters it or leaves it; between those slots nothing has to be looked at.
 *
 * Threads: see the header. */
#include "enrich/rate_over.h"

/* The next slot at whose end the sum is another one; last_slot + 1: there is none. */
static uint64_t next_change(const struct rate_over *walk) {
    uint64_t enters = walk->next < walk->count ? walk->cells[walk->next].slot : UINT64_MAX;
    uint64_t leaves = walk->oldest < walk->next ? walk->cells[walk->oldest].slot + walk->window_slots : UINT64_MAX;
    uint64_t slot = enters < leaves ? enters : leaves;
    return slot <= walk->last_slot ? slot : walk->last_slot + 1;
}

static void change(struct rate_over *walk, uint64_t slot) {
    if (walk->oldest < walk->next && walk->cells[walk->oldest].slot + walk->window_slots == slot)
        walk->sum -= rate_certain(&walk->cells[walk->oldest++]);
    if (walk->next < walk->count && walk->cells[walk->next].slot == slot)
        walk->sum += rate_certain(&walk->cells[walk->next++]);
}

uint64_t rate_over_piece_end(const struct rate_over *walk, uint64_t slot) {
    if (walk->piece_s == 0) return UINT64_MAX;
    uint64_t end_s = (slot + 1) * walk->slot_s;
    return (end_s + walk->piece_s - 1) / walk->piece_s * walk->piece_s / walk->slot_s - 1;
}

/* Ends the run; what begins in the next slot is a piece of the same. */
static bool end_run(struct rate_over *walk, uint64_t to, struct rate_run *run) {
    walk->run.to = to;
    *run = walk->run;
    walk->is_over = false;
    return true;
}

static void begin_run(struct rate_over *walk, uint64_t slot) {
    walk->run = (struct rate_run){.from = slot, .since = walk->continues ? walk->run.since : slot};
    walk->is_over = true;
}

bool rate_over_next(struct rate_over *walk, struct rate_run *run) {
    for (;;) {
        uint64_t slot = next_change(walk);
        if (walk->continues && walk->run.to + 1 < slot) { /* still over where the piece before ended */
            begin_run(walk, walk->run.to + 1);
            walk->run.peak = walk->sum;
        }
        uint64_t end = walk->is_over ? rate_over_piece_end(walk, walk->run.from) : UINT64_MAX;
        if (end < slot) {
            walk->continues = true;
            return end_run(walk, end, run);
        }
        if (slot > walk->last_slot) {
            walk->continues = false;
            return walk->is_over && end_run(walk, walk->last_slot, run);
        }
        change(walk, slot);
        bool was_over = walk->is_over;
        if (walk->sum > walk->limit && !was_over) begin_run(walk, slot);
        if (walk->is_over && walk->sum > walk->run.peak) walk->run.peak = walk->sum;
        walk->continues = false;
        if (was_over && walk->sum <= walk->limit) return end_run(walk, slot - 1, run);
    }
}

uint64_t rate_peak(const struct rate_cell *cells, uint32_t count, uint64_t window_slots) {
    uint64_t sum = 0, peak = 0;
    for (uint32_t i = 0, oldest = 0; i < count; i++) {
        while (cells[oldest].slot + window_slots <= cells[i].slot) sum -= rate_certain(&cells[oldest++]);
        sum += rate_certain(&cells[i]);
        if (sum > peak) peak = sum;
    }
    return peak;
}

uint64_t rate_blocked(const struct rate_over *walk, const struct rate_run *run, uint32_t delay_s) {
    uint64_t sum = 0, free = rate_free_slot(walk, run, delay_s);
    for (uint32_t i = 0; i < walk->count && walk->cells[i].slot <= run->to; i++)
        if (walk->cells[i].slot > free) sum += rate_certain(&walk->cells[i]);
    return sum;
}
