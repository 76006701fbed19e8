/* The chains in force, swapped as a whole while workers use them (SIGHUP).
 *
 * A worker says which table it uses for the batch that it is at, and the main thread frees an old table once no worker says so any
 * more: no lock, no count that every batch would fight for. A batch is walked by one table from its first record to its last.
 *
 * Threads: enter and leave by workers, the rest by the main thread. */
#ifndef WHEREFROM_LIVE_CHAINS_H
#define WHEREFROM_LIVE_CHAINS_H

#include <stdatomic.h>

#include "app/chains.h"

/* One per worker: the table that it uses, NULL between batches. */
struct chains_guard {
    _Atomic(struct chains *) used;
    struct chains_guard *next; /* of all workers; made at start */
};

struct live_chains {
    _Atomic(struct chains *) current;
    struct chains *retired; /* not freed yet; linked by `retired_next` */
    struct residency_policy
        *policies; /* that were in force: what is said of records points to them; linked by `before` */
    struct chains_guard *guards;
};

/* From here on it owns `chains`. */
void live_chains_init(struct live_chains *live, struct chains *chains);
/* When no worker runs any more. */
void live_chains_destroy(struct live_chains *live);

/* Before the worker begins. */
void live_chains_join(struct live_chains *live, struct chains_guard *guard);

/* The table for the next batch, good until live_chains_leave; its policy for the whole run. */
const struct chains *live_chains_enter(struct live_chains *live, struct chains_guard *guard);
void live_chains_leave(struct chains_guard *guard);

/* Puts `chains` in force and takes them over. */
void live_chains_swap(struct live_chains *live, struct chains *chains);
/* Frees what no worker uses any more; now and then. */
void live_chains_sweep(struct live_chains *live);

#endif
