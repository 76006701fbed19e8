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

/* A word and the space behind it. */
static inline bool cursor_word(struct cursor *cursor, struct slice *word) {
    *word = cursor_until(cursor, ' ');
    return word->len > 0 && cursor_skip(cursor, ' ');
}

static inline struct slice cursor_left(const struct cursor *cursor) {
    return (struct slice){cursor->at, (size_t)(cursor->end - cursor->at)};
}

/* Where a text is like a shape: 0 a digit, _ a digit or a space, a a letter, ? anything, anything else itself. */
static inline bytes16 cursor_like(bytes16 text, bytes16 shape) {
    bytes16 digit = (bytes16)(text - '0' < 10), letter = (bytes16)((text | 0x20) - 'a' < 26);
    bytes16 digit_or_space = digit | (bytes16)(text == ' '), same = (bytes16)(text == shape);
    return ((bytes16)(shape == '0') & digit) | ((bytes16)(shape == '_') & digit_or_space) |
           ((bytes16)(shape == 'a') & letter) | (bytes16)(shape == '?') | ((bytes16)(shape != '_') & same);
}

/* Whether `text` begins like `shape`, which has 16 to 32 bytes: the first and the last sixteen are looked at. (A byte at a time took
 * 13 instructions for each.) */
static inline bool cursor_has_shape(struct slice text, const char *shape) {
    size_t bytes = strlen(shape), last = bytes - sizeof(bytes16);
    if (text.len < bytes) return false;
    bytes16 good = cursor_like(lanes_load(text.ptr), lanes_load(shape)) &
                   cursor_like(lanes_load(text.ptr + last), lanes_load(shape + last));
    return lanes_bits(good) == 0xffff;
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
