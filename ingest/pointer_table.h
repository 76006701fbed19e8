/* Pointers found by a hash; several may have the same one, and whoever asks compares what they point to.
 *
 * The hash must have a secret seed where names of others enter it.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_POINTER_TABLE_H
#define WHEREFROM_POINTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pointer_slot {
    uint64_t hash;
    void *pointer; /* NULL: free */
};

/* All zero is an empty table. */
struct pointer_table {
    struct pointer_slot *slots;
    size_t room, used, count; /* a power of two; slots that are not free, pointers */
};

/* False when memory is short. */
bool pointer_table_add(struct pointer_table *table, uint64_t hash, void *pointer) __attribute__((warn_unused_result));
/* It must be in the table. */
void pointer_table_remove(struct pointer_table *table, uint64_t hash, const void *pointer);
/* The pointers of a hash one after the other, in no order: *at is 0 for the first. NULL: there is no other. */
void *pointer_table_next(const struct pointer_table *table, uint64_t hash, size_t *at);
/* All pointers one after the other: *at is 0 for the first. The one that was given last may be removed meanwhile. NULL: there is no other. */
void *pointer_table_walk(const struct pointer_table *table, size_t *at);
void pointer_table_destroy(struct pointer_table *table);

#endif
