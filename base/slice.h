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

#endif
