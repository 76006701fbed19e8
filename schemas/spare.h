/* Room behind a batch's text for what lines hold in another form: unescaped strings, joined headers, repaired bytes. What is put
 * there has spans like the text itself, and stays as long as the batch.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_SPARE_H
#define WHEREFROM_SPARE_H

#include "base/check.h"
#include "schemas/record.h"

struct spare {
    char *text;         /* the batch's: spans count from it */
    uint32_t used, end; /* offsets: what is free lies between them. 32 bytes behind `end` may be read and written */
};

/* Where the next text goes, when `bytes` more fit; NULL when they do not. */
static inline char *spare_room(const struct spare *spare, size_t bytes) {
    return bytes <= spare->end - spare->used ? spare->text + spare->used : NULL;
}

/* Takes what was written from spare_room() up to `end`. */
static inline struct span spare_take(struct spare *spare, const char *end) {
    struct span span = {spare->used, (uint32_t)(end - (spare->text + spare->used))};
    ASSERT(span.length <= spare->end - spare->used);
    spare->used += span.length;
    return span;
}

/* Puts `name=text` there, or `around.name=text`. Length 0: there was no room. */
static inline struct span spare_put_named(struct spare *spare, struct slice around, struct slice name,
                                          struct slice text) {
    char *out = spare_room(spare, around.len + 1 + name.len + 1 + text.len);
    if (out == NULL) return (struct span){0, 0};
    if (around.len > 0) {
        out = (char *)memcpy(out, around.ptr, around.len) + around.len;
        *out++ = '.';
    }
    if (name.len > 0) memcpy(out, name.ptr, name.len);
    out += name.len;
    *out++ = '=';
    if (text.len > 0) memcpy(out, text.ptr, text.len);
    return spare_take(spare, out + text.len);
}

#endif
