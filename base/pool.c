/* A pointer that moves on, and a list of free blocks for each size.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "base/pool.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

struct pool_free {
    struct pool_free *next;
};

bool pool_init(struct pool *pool, size_t bytes_max) {
    void *memory = mmap(NULL, bytes_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *pool = (struct pool){.memory = memory == MAP_FAILED ? NULL : memory, .bytes_max = bytes_max};
    return pool->memory != NULL;
}

void pool_destroy(struct pool *pool) {
    if (pool->memory != NULL) munmap(pool->memory, pool->bytes_max);
    *pool = (struct pool){0};
}

/* One that is the pool's, with anything in it. */
static void *take(struct pool *pool, unsigned size) {
    ASSERT(size < POOL_SIZES);
    size_t bytes = (size_t)POOL_BLOCK_BYTES_MIN << size;
    struct pool_free *block = pool->free[size];
    if (block != NULL) {
        pool->free[size] = block->next;
    } else {
        if (bytes > pool->bytes_max - pool->taken_bytes) return NULL;
        block = (struct pool_free *)(void *)(pool->memory + pool->taken_bytes);
        pool->taken_bytes += bytes;
    }
    return block;
}

void *pool_take(struct pool *pool, unsigned size) {
    void *block = take(pool, size);
    return block != NULL ? memset(block, 0, (size_t)POOL_BLOCK_BYTES_MIN << size) : NULL;
}

void *pool_copy(struct pool *pool, const void *from, unsigned size) {
    void *block = take(pool, size);
    return block != NULL ? memcpy(block, from, (size_t)POOL_BLOCK_BYTES_MIN << size) : NULL;
}

void pool_give_back(struct pool *pool, void *block, unsigned size) {
    struct pool_free *given = block;
    ASSERT(size < POOL_SIZES);
    given->next = pool->free[size];
    pool->free[size] = given;
}
