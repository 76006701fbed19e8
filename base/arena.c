/* Blocks of a size that grows with the arena, filled from their start. A reset keeps the newest block, which is the largest of
 * ordinary size, so that an arena that is used a million times asks for memory once.
 *
 * Threads: see the header. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_BYTES_MIN 4096u
#define BLOCK_BYTES_MAX (256u * 1024)

struct arena_block {
    struct arena_block *next;
    size_t room;
    alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(size_t room) {
    struct arena_block *block = malloc(sizeof *block + room);
    if (block != NULL) *block = (struct arena_block){.room = room};
    return block;
}

void *arena_take(struct arena *arena, size_t bytes) {
    const size_t unit = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + unit - 1) / unit * unit;
    size_t room = arena->blocks == NULL ? 0 : arena->blocks->room;
    if (arena->blocks == NULL || room - arena->used < bytes) {
        size_t wanted = room < BLOCK_BYTES_MIN       ? BLOCK_BYTES_MIN
                        : room > BLOCK_BYTES_MAX / 2 ? BLOCK_BYTES_MAX
                                                     : 2 * room;
        struct arena_block *block = block_new(wanted < bytes ? bytes : wanted);
        if (block == NULL) return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->used = 0;
    }
    void *taken = arena->blocks->bytes + arena->used;
    arena->used += bytes;
    return memset(taken, 0, bytes);
}

struct slice arena_copy(struct arena *arena, struct slice text) {
    char *copy = arena_take(arena, text.len + 1);
    if (copy == NULL) return (struct slice){0};
    if (text.len != 0) memcpy(copy, text.ptr, text.len);
    return (struct slice){.ptr = copy, .len = text.len};
}

static void free_from(struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena) {
    if (arena->blocks == NULL) return;
    if (arena->blocks->room > BLOCK_BYTES_MAX) { /* made for one large text */
        arena_destroy(arena);
        return;
    }
    free_from(arena->blocks->next);
    arena->blocks->next = NULL;
    arena->used = 0;
}

void arena_destroy(struct arena *arena) {
    free_from(arena->blocks);
    *arena = (struct arena){0};
}
