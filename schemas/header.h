/* The order of columns that a header line gave, for formats whose lines have one.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_HEADER_H
#define WHEREFROM_HEADER_H

#include <string.h>

#include "schemas/limits.h"
#include "schemas/schema.h"

#define HEADER_UNKNOWN UINT8_MAX

/* In force for the lines behind it, up to the next one. */
struct header {
    const struct schema *schema; /* NULL: there was none, or none that we know */
    uint32_t columns_count;
    uint8_t
        columns[FIELDS_MAX]; /* the table's row of each column of a line; HEADER_UNKNOWN: a name that we do not know */
    uint16_t
        names[FIELDS_MAX]; /* of unknown ones: where the name stands below, with a 0 behind it; 0: it found no room */
    uint16_t names_bytes;  /* from 1 on */
    char names_text[HEADER_NAMES_BYTES]; /* 32 bytes behind any name may be read */
};

/* Whether both give lines the same columns. */
static inline bool header_is_same(const struct header *a, const struct header *b) {
    return a->schema == b->schema && a->columns_count == b->columns_count &&
           memcmp(a->columns, b->columns, a->columns_count) == 0 &&
           memcmp(a->names, b->names, a->columns_count * sizeof a->names[0]) == 0 && a->names_bytes == b->names_bytes &&
           memcmp(a->names_text, b->names_text, a->names_bytes) == 0;
}

/* As text that other versions of the program understand, too: the format, and the names of its columns. No byte of it is escaped in JSON.
 * Returns how many bytes were written, at most HEADER_TEXT_BYTES. */
#define HEADER_OF_NO_FORMAT "-" /* no format */
#define HEADER_NAMELESS "0"     /* a column without a name */
#define HEADER_TEXT_BYTES (SCHEMA_FIELDS_MAX * FIELD_NAME_BYTES + 2u * FIELDS_MAX + HEADER_NAMES_BYTES)
size_t header_text_write(const struct header *header, char *out);

_Static_assert(SCHEMA_FIELDS_MAX < HEADER_UNKNOWN, "a row is a byte");

#endif
