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

#endif
