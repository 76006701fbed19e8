/* The documents of a batch that are not settled yet: those in front of its `out` and its marks.
 *
 * Threads: whoever has the batch. */
#ifndef WHEREFROM_BULK_BODY_H
#define WHEREFROM_BULK_BODY_H

#include "schemas/batch.h"

/* How many of them fit `bytes_max`, at least one; and how many bytes these are. */
uint32_t bulk_body_take(const struct batch *batch, size_t bytes_max, size_t *bytes);

/* Drops those of the first `count` for which `settled` says so; the others, and all behind them, move together in their order. */
void bulk_body_keep(struct batch *batch, uint32_t count, const bool *settled);

#endif
