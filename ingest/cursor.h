/* Walking along one line, and columns that have no row: what the cutters of text layouts share.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_CURSOR_H
#define WHEREFROM_CURSOR_H

#include "base/lanes.h"
#include "base/slice.h"
#include "schemas/spare.h"

/* What is left of a line: nothing at or behind `end` is read. */
struct cursor {
    const char *at, *end;
};

/* Takes `wanted` when it stands there. */
static inline bool cursor_skip(struct cursor *cursor, char wanted) {
    if (cursor->at == cursor->end || *cursor->at != wanted) return false;
    cursor->at++;
    return true;
}

/* The first byte from `from` on that is one of three, or `end`. Sixteen bytes at a time: most words are shorter than what calling
 * memchr takes. */
static inline const char *cursor_find(const char *from, const char *end, char one, char two, char three) {
    for (; end - from >= 16; from += 16) {
        bytes16 bytes = lanes_load(from);
        uint32_t found = lanes_bits((bytes16)(bytes == (uint8_t)one) | (bytes16)(bytes == (uint8_t)two) |
                                    (bytes16)(bytes == (uint8_t)three));
        if (found != 0) return from + __builtin_ctz(found);
    }
    while (from < end && *from != one && *from != two && *from != three) from++;
    return from;
}

/* Takes everything before the next `stop`, or all that is left. */
static inline struct slice cursor_until(struct cursor *cursor, char stop) {
    struct slice text = {cursor->at, 0};
    cursor->at = cursor_find(cursor->at, cursor->end, stop, stop, stop);
    text.len = (size_t)(cursor->at - text.ptr);
    return text;
}

/* Takes the digits there; empty when there are none. */
static inline struct slice cursor_digits(struct cursor *cursor) {
    struct slice text = {cursor->at, 0};
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') cursor->at++;
    text.len = (size_t)(cursor->at - text.ptr);
    return text;
}

/* Where a piece of the record's text stands. */
static inline struct span cursor_span(const struct record *record, struct slice text) {
    return (struct span){(uint32_t)(text.ptr - record->text), (uint32_t)text.len};
}

/* Appends `name=value` behind the columns. False when there is no room for it. */
static inline bool cursor_add_extra(struct record *record, struct spare *spare, const char *name, struct slice value) {
    if (record->fields_count >= FIELDS_MAX) return false;
    struct span extra = spare_put_named(spare, (struct slice){0}, slice_from(name), value);
    if (extra.length > 0) record->fields[record->fields_count++] = extra;
    return extra.length > 0;
}

#endif
