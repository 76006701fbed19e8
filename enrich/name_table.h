/* Texts as small numbers: each different one is kept once, as long as there is room.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_NAME_TABLE_H
#define WHEREFROM_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define NAME_NONE UINT32_MAX

struct name_table {
    struct slice *names; /* by number; with a NUL behind each */
    uint32_t count, names_room;
    uint32_t *index; /* of a name, plus 1; 0: free */
    uint32_t index_mask;
    uint64_t seed; /* of hashes: nobody can choose texts that meet */
    struct arena texts;
    size_t used_bytes, bytes_max;
    uint32_t last; /* that was asked for */
};

/* False when there is no memory; name_table_destroy is safe after any outcome. */
bool name_table_init(struct name_table *table, size_t bytes_max) __attribute__((warn_unused_result));
void name_table_destroy(struct name_table *table);

/* The number of `name`, counted from 0 in the order in which names were met; NAME_NONE: there is no room for another one. */
uint32_t name_table_add(struct name_table *table, struct slice name);

#endif
