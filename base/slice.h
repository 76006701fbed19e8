/* Text that somebody else owns: a pointer and a length, never NUL-terminated.
 *
 * A slice lives as long as the buffer behind it. Inside a batch the half as large `struct span`
 * (schemas/record.h) is used instead.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_SLICE_H
#define WHEREFROM_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len; /* bytes */
};

/* A slice over a string literal. */
#define SLICE(literal) ((struct slice){.ptr = ("" literal), .len = sizeof(literal) - 1})

static inline struct slice slice_from(const char *text) {
    return (struct slice){.ptr = text, .len = strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_starts_with(struct slice text, struct slice prefix) {
    return text.len >= prefix.len && (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool slice_ends_with(struct slice text, struct slice suffix) {
    return text.len >= suffix.len &&
           (suffix.len == 0 || memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* What is in front of the next `separator`, or all of it; `rest` is then what is behind that, ptr NULL when there was none. */
static inline struct slice slice_cut(struct slice *rest, char separator) {
    const char *end = rest->len != 0 ? (const char *)memchr(rest->ptr, separator, rest->len) : NULL;
    struct slice part = {rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len};
    *rest = end != NULL ? (struct slice){end + 1, rest->len - part.len - 1} : (struct slice){NULL, 0};
    return part;
}

/* Whether `byte` is in `text`; reads up to seven bytes behind it. For texts of a word or two, where calling memchr costs more than
 * looking: a byte of a word is zero where taking 1 from it borrows and its upper bit was not set. */
static inline bool slice_has_padded(struct slice text, char byte) {
    const uint64_t ones = 0x0101010101010101u, wanted = ones * (unsigned char)byte;
    for (size_t i = 0; i < text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.ptr + i, sizeof word);
        word ^= wanted;
        uint64_t found = (word - ones) & ~word & (ones << 7);
        if (found == 0) continue;
        return i + (size_t)__builtin_ctzll(found) / 8 < text.len; /* the lowest one found is exact */
    }
    return false;
}

#endif
