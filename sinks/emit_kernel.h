/* The emitter's body, included by emit_baseline.c and emit_avx2.c, which define EMIT_NAME.
 *
 * Threads: pure function. */
#include <string.h>

#include "sinks/emit.h"

/* As one register where there is one: for a bare memcpy gcc takes two of 16 bytes. */
typedef char chunk __attribute__((vector_size(EMIT_CHUNK_BYTES)));

static inline void copy_chunk(char *to, const char *from) {
    chunk bytes;
    memcpy(&bytes, from, sizeof bytes);
    memcpy(to, &bytes, sizeof bytes);
}

/* A first chunk without asking: most texts are no longer. */
static inline char *copy(char *to, const char *from, uint64_t bytes) {
    copy_chunk(to, from);
    if (__builtin_expect(bytes > EMIT_CHUNK_BYTES, 0))
        for (uint64_t done = EMIT_CHUNK_BYTES; done < bytes; done += EMIT_CHUNK_BYTES)
            copy_chunk(to + done, from + done);
    return to + bytes;
}

char *EMIT_NAME(const struct shape *shape, const struct slot *slots, char *out) {
    for (const struct shape_step *step = shape->steps, *end = step + shape->steps_count; step < end; step++) {
        const struct slot *slot = (const struct slot *)(const void *)((const char *)slots + step->slot_offset);
        out = copy(out, shape->text + step->text, step->bytes);
        out = copy(out, slot->text, slot->bytes);
    }
    return copy(out, shape->text + shape->end, shape->end_bytes);
}
