/* The emitter's body, included by emit_baseline.c and emit_avx2.c, which define EMIT_NAME.
 *
 * Threads: pure function. */
#include <string.h>

#include "sinks/emit.h"

/* A first chunk without asking: most texts are no longer. */
static inline char *copy(char *to, const char *from, uint32_t bytes) {
    memcpy(to, from, EMIT_CHUNK_BYTES);
    for (uint32_t done = EMIT_CHUNK_BYTES; done < bytes; done += EMIT_CHUNK_BYTES) memcpy(to + done, from + done, EMIT_CHUNK_BYTES);
    return to + bytes;
}

char *EMIT_NAME(const struct shape *shape, const struct slot *slots, char *out) {
    for (const struct shape_step *step = shape->steps, *end = step + shape->steps_count; step < end; step++) {
        const struct slot *slot = &slots[step->number];
        out = copy(out, shape->text + step->text, step->bytes);
        out = copy(out, slot->text, slot->bytes);
    }
    return copy(out, shape->text + shape->end, shape->end_bytes);
}
