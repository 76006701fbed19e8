/* Blocks of 16, 32, 64 .. 4096 bytes out of one bounded piece of memory, for what grows in steps and is many: a bound that holds for all
 * of them together, no call of the system for each, and blocks that are given back serve the next one of their size.
 *
 * Threads: a struct pool belongs to its caller. */
#ifndef WHEREFROM_POOL_H
#define WHEREFROM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_BLOCK_BYTES_MIN 16u
#define POOL_SIZES 9u /* of blocks: 16 << 0 to 16 << 8 */

struct pool_free;

struct pool {
    char *memory; /* reserved; a page costs memory once it is used */
    size_t bytes_max, taken_bytes;
    struct pool_free *free[POOL_SIZES];
};

/* False when the system refuses. pool_destroy is safe after any outcome. */
bool pool_init(struct pool *pool, size_t bytes_max) __attribute__((warn_unused_result));
void pool_destroy(struct pool *pool);

/* A zeroed block of POOL_BLOCK_BYTES_MIN << size bytes; NULL: nothing is left. */
void *pool_take(struct pool *pool, unsigned size) __attribute__((warn_unused_result));

/* A block with what `from`, of any pool, has; NULL: nothing is left. */
void *pool_copy(struct pool *pool, const void *from, unsigned size) __attribute__((warn_unused_result));
void pool_give_back(struct pool *pool, void *block, unsigned size);

#endif
