/* Memory that is freed at once: for what is made together, lives together, and is many small pieces.
 *
 * Threads: a struct arena belongs to its caller. */
#ifndef WHEREFROM_ARENA_H
#define WHEREFROM_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t used;                /* bytes of that one */
};

/* An empty arena is all zero. */

/* Zeroed memory for any object; NULL: out of memory. */
void *arena_take(struct arena *arena, size_t bytes) __attribute__((warn_unused_result, malloc, alloc_size(2)));

/* A copy with a NUL behind it; ptr is NULL: out of memory. */
struct slice arena_copy(struct arena *arena, struct slice text) __attribute__((warn_unused_result));

/* Takes everything back, and keeps a block for what comes next. */
void arena_reset(struct arena *arena);
void arena_destroy(struct arena *arena);

#endif
