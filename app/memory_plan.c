/* Eighths: of a run that reads streams, 1 for fetched messages, 4 for a large one of them (or for what connections hold), 2 for batches and
 * what a producer has of them, 1 for the program and for what answers of brokers are when they are unpacked. Files need batches only, and
 * with roll-ups 3 for them (schemas/limits.h).
 *
 * Threads: see the header. */
#include "app/memory_plan.h"

#include "schemas/limits.h"

struct memory_plan memory_plan_make(uint64_t memory_bytes, bool streams, bool rollups) {
    uint64_t eighth = memory_bytes / 8, batches = (streams   ? 2
                                                   : rollups ? 6 - ROLLUPS_MEMORY_EIGHTHS
                                                             : 6) *
                                                  eighth / BATCH_MEMORY_BYTES;
    return (struct memory_plan){.fetched_bytes = eighth,
                                .text_bytes = 4 * eighth,
                                .rollups_bytes = ROLLUPS_MEMORY_EIGHTHS * eighth,
                                .batches_max = batches < BATCHES_MIN  ? BATCHES_MIN
                                               : batches < UINT32_MAX ? (uint32_t)batches
                                                                      : UINT32_MAX};
}
