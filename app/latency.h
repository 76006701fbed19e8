/* How long something took, counted by how much: a histogram whose bounds are the same for all.
 *
 * Threads: latency_add and latency_see by any. */
#ifndef WHEREFROM_LATENCY_H
#define WHEREFROM_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

#define LATENCY_BOUNDS 12u
/* Upper bounds, included. From a file in the page cache to a cluster that is waited for. */
extern const uint64_t latency_bounds_us[LATENCY_BOUNDS];

struct latency {
    atomic_uint_fast64_t counts[LATENCY_BOUNDS + 1]; /* between bounds; the last one beyond all of them */
    atomic_uint_fast64_t sum_us;
};

/* What was counted. */
struct latency_look {
    uint64_t counts[LATENCY_BOUNDS + 1], sum_us;
};

void latency_add(struct latency *latency, uint64_t took_us);
void latency_see(const struct latency *latency, struct latency_look *look);

#endif
