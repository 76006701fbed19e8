/* Moves bytes only: what a document is nobody looks at.
 *
 * Threads: see the header. */
#include "sinks/bulk_body.h"

#include <string.h>

#include "base/check.h"

uint32_t bulk_body_take(const struct batch *batch, size_t bytes_max, size_t *bytes) {
    uint32_t low = 1, high = batch->marks_count; /* the answer is among these */
    ASSERT(high > 0);
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        if (batch->marks[middle - 1].end <= bytes_max)
            low = middle;
        else
            high = middle - 1;
    }
    *bytes = batch->marks[low - 1].end;
    return low;
}

void bulk_body_keep(struct batch *batch, uint32_t count, const bool *settled) {
    uint32_t kept = 0, begin = 0, out = 0;
    ASSERT(count <= batch->marks_count);
    for (uint32_t i = 0; i < batch->marks_count;) {
        if (i < count && settled[i]) {
            begin = batch->marks[i++].end;
            continue;
        }
        /* a run of those that stay moves at once */
        uint32_t from = begin;
        for (; i < batch->marks_count && (i >= count || !settled[i]); i++) {
            begin = batch->marks[i].end;
            batch->marks[kept] = batch->marks[i];
            batch->marks[kept++].end = out + (begin - from);
        }
        memmove(batch->out + out, batch->out + from, begin - from);
        out += begin - from;
    }
    batch->marks_count = kept;
    batch->out_bytes = out;
}
