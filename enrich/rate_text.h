/* Names in keys as numbers: balancers and endpoints, of which there are few. Number 0 is the empty text, RATE_TEXT_LAST all those that came
 * when there was no more room.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_RATE_TEXT_H
#define WHEREFROM_RATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define RATE_TEXT_LAST UINT16_MAX

struct rate_texts {
    struct rate_text *texts; /* by number */
    uint32_t count, room;
    uint16_t *index; /* numbers; 0: free */
    uint32_t index_mask;
    size_t bytes, bytes_max;
    uint64_t seed, lost;
    uint16_t latest; /* number of the text that was asked for last: lines of one file have the same balancer */
};

/* An empty one takes no memory. */
void rate_texts_init(struct rate_texts *texts, size_t bytes_max, uint64_t seed);
void rate_texts_destroy(struct rate_texts *texts);

/* The text's number; RATE_TEXT_LAST, counted in `lost`, when it is one too many. Of longer texts RATE_TEXT_BYTES_MAX bytes count. */
uint16_t rate_text_number(struct rate_texts *texts, struct slice text);

struct slice rate_text(const struct rate_texts *texts, uint16_t number);

#endif
