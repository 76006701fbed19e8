/* What --memory-max is divided into.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_MEMORY_PLAN_H
#define WHEREFROM_MEMORY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct memory_plan {
    uint64_t
        fetched_bytes; /* messages of Kafka that are in no batch yet, and a hundredth of it each answer of a broker, packed */
    uint64_t text_bytes;  /* the message that is being read: what is unpacked of it, and lines made of that */
    uint32_t batches_max; /* at least 4, which a ring needs */
    uint64_t rollups_bytes;
};

/* For all that the run allocates. `streams`: there are inputs without an end, such as kafka:// and tcp://; `rollups`: there are roll-ups,
 * which streams have none of. */
struct memory_plan memory_plan_make(uint64_t memory_bytes, bool streams, bool rollups);

#endif
