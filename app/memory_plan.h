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
    uint64_t rollups_bytes, rates_bytes; /* heat and evidence; rates */
    uint64_t report_bytes;
    uint64_t rates_bytes_max; /* what can be given to rates and leaves the others the least that they need */
};

/* Who is there to share memory. */
struct memory_users {
    bool streams; /* inputs without an end, such as kafka:// and tcp:// */
    bool rollups;
    bool rates;           /* among them */
    bool report;          /* what a page shows is counted */
    uint64_t rates_bytes; /* that the user gave them, at most rates_bytes_max; 0: their share */
    uint32_t outputs;     /* how many, each has room in every batch */
};

/* For all that the run allocates. */
struct memory_plan memory_plan_make(uint64_t memory_bytes, const struct memory_users *users);

/* The plan as people see it: who gets how much at the most. The parts are all of what is allowed, the last one what is left
 * for all others; where the least that each needs is more, `lacking_bytes` says how much. */
#define MEMORY_PARTS_MAX 7u
struct memory_part {
    const char *name, *help;
    uint64_t bytes;
};
struct memory_budget {
    struct memory_part parts[MEMORY_PARTS_MAX];
    uint32_t parts_count;
    uint64_t lacking_bytes;
};
struct memory_budget memory_plan_budget(uint64_t memory_bytes, const struct memory_users *users);

#endif
