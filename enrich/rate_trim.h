/* Dropping what memory is too small for (enrich/rate_count.h tells what remains true).
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_TRIM_H
#define WHEREFROM_RATE_TRIM_H

#include "enrich/rate_store.h"

/* After rate_store_collect: keeps the k highest counts of each table and slot, with the largest k for which half of the memory for cells
 * and for keys is enough when spots are twice as many; of equal ones those of keys that were met first. */
void rate_store_trim(struct rate_store *store);

/* The same with half of those that there are. False: there are few. */
bool rate_store_halve(struct rate_store *store);

/* After rate_store_collect: drops keys without cells, and pairs of those. */
void rate_store_sweep(struct rate_store *store);

#endif
