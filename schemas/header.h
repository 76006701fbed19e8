/* The order of columns that a header line gave, for formats whose lines have one.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_HEADER_H
#define WHEREFROM_HEADER_H

#include "schemas/limits.h"
#include "schemas/schema.h"

#define HEADER_UNKNOWN UINT8_MAX

/* In force for the lines behind it, up to the next one. */
struct header {
    const struct schema *schema; /* NULL: there was none */
    uint32_t columns_count;
    uint8_t
        columns[FIELDS_MAX]; /* the table's row of each column of a line; HEADER_UNKNOWN: a name that we do not know */
};

_Static_assert(SCHEMA_FIELDS_MAX < HEADER_UNKNOWN, "a row is a byte");

#endif
