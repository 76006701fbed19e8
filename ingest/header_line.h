/* Header lines: names of columns, as flow logs have them in the first line of a file.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HEADER_LINE_H
#define WHEREFROM_HEADER_LINE_H

#include "base/lanes.h"
#include "base/slice.h"
#include "schemas/batch.h"

/* Whether the line that `text` begins with can be a header: nearly every other one has a time, an address or a path in its first 32
 * bytes. Reads 32 bytes, whatever the length. */
static inline bool header_line_possible(struct slice text) {
    uint64_t good = 0, ends = (uint64_t)1 << (text.len < 32 ? text.len : 32);
    for (uint32_t from = 0; from < 32; from += 16) {
        bytes16 bytes = lanes_load(text.ptr + from);
        good |= (uint64_t)lanes_bits((bytes16)(bytes - 'a' < 26) | (bytes16)(bytes - '0' < 10) |
                                     (bytes16)(bytes == ' ') | (bytes16)(bytes == '-') | (bytes16)(bytes == '_'))
                << from;
        ends |= (uint64_t)lanes_bits((bytes16)(bytes == '\n') | (bytes16)(bytes == '\r')) << from;
    }
    uint64_t line = (ends & (0 - ends)) - 1; /* the bits below the lowest end */
    return text.ptr[0] >= 'a' && text.ptr[0] <= 'z' && (good & line) == line;
}

#define W3C_FIELDS "#Fields:"

/* header_line_parse of a line that can be one. */
bool header_line_read(struct slice text, const struct schema *schema, struct header *header);

/* Reads the line that `text` begins with, up to its LF or CR LF, as a header of `schema`, or (NULL) of the format that knows most of
 * its names; of several the last one, so that what fits transit gateways as well is VPC's. False, and `header` unchanged, if it
 * is none: a header is words alone, and more than half of them are names of one format's columns. (New names come without notice;
 * values hold digits, dots and dashes of their own somewhere in every line.) A line of a W3C log that begins with `#` always is one:
 * what it says replaces what was in force, even when we do not know the format (schema NULL) - unless it is another directive than
 * `#Fields:`, which changes nothing. 32 bytes are read, whatever the length. */
static inline bool header_line_parse(struct slice text, const struct schema *schema, struct header *header) {
    return (text.ptr[0] == '#' || header_line_possible(text)) && header_line_read(text, schema, header);
}

/* The header that header_text_write wrote, perhaps in another version of the program. False: it is none. */
bool header_text_read(struct slice text, struct header *header);

/* Which format's header lines may stand in text of this origin; NULL: any. An object's name does not tell a VPC from a transit gateway,
 * but it does tell CloudFront, whose users may choose columns that any web server has. */
static inline const struct schema *header_schema_of(const struct origin *origin) {
    bool certain = origin->schema_fixed || (origin->schema != NULL && origin->schema->layout == LAYOUT_W3C);
    return certain ? origin->schema : NULL;
}

#endif
