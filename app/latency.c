/* A dozen counters, each with one writer at a time.
 *
 * Threads: see the header. */
#include "app/latency.h"

const uint64_t latency_bounds_us[LATENCY_BOUNDS] = {1000,    5000,    25000,   100000,   250000,   500000,
                                                    1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

void latency_add(struct latency *latency, uint64_t took_us) {
    unsigned index = 0;
    while (index < LATENCY_BOUNDS && took_us > latency_bounds_us[index]) index++;
    atomic_fetch_add_explicit(&latency->counts[index], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&latency->sum_us, took_us, memory_order_relaxed);
}

void latency_see(const struct latency *latency, struct latency_look *look) {
    for (unsigned i = 0; i <= LATENCY_BOUNDS; i++)
        look->counts[i] = atomic_load_explicit(&latency->counts[i], memory_order_relaxed);
    look->sum_us = atomic_load_explicit(&latency->sum_us, memory_order_relaxed);
}
