/* The emitter's body, included by emit_baseline.c and emit_avx2.c, which define EMIT_NAME.
 *
 * Threads: pure functions. */
#include <string.h>

#include "base/lanes.h"
#include "sinks/emit.h"

/* As one register where there is one: for a bare memcpy gcc takes two of 16 bytes. */
typedef char chunk __attribute__((vector_size(EMIT_CHUNK_BYTES)));

typedef int64_t signed_longs4 __attribute__((vector_size(32)));

static struct lengths spread(const struct record *record, struct slot *slots) {
    _Static_assert(sizeof(struct slot) == 16 && sizeof(struct span) == 8,
                   "four spans are a vector, and so are two slots");
    const uint64_t text = (uintptr_t)record->text;
    struct lengths lengths = {0, 0};
    for (uint32_t i = 0; i < record->schema->fields_count; i += 4) {
        longs4 spans; /* the offset in the lower half of each word, the length in the upper one */
        memcpy(&spans, &record->fields[i], sizeof spans);
        longs4 texts = (spans & 0xffffffffu) + text, bytes = spans >> 32;
        longs4 first = __builtin_shufflevector(texts, bytes, 0, 4, 1, 5);
        longs4 second = __builtin_shufflevector(texts, bytes, 2, 6, 3, 7);
        memcpy(&slots[i], &first, sizeof first);
        memcpy(&slots[i + 2], &second, sizeof second);
        longs4 some = (longs4)((signed_longs4)bytes > 0), longer = (longs4)((signed_longs4)bytes > 1);
        lengths.some |= (uint64_t)lanes_bits_4(&some) << i;
        lengths.longer |= (uint64_t)lanes_bits_4(&longer) << i;
    }
    return lengths;
}

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

static char *write(const struct shape *shape, const struct slot *slots, char *out) {
    for (const struct shape_step *step = shape->steps, *end = step + shape->steps_count; step < end; step++) {
        const struct slot *slot = (const struct slot *)(const void *)((const char *)slots + step->slot_offset);
        out = copy(out, shape->text + step->text, step->bytes);
        out = copy(out, slot->text, slot->bytes);
    }
    return copy(out, shape->text + shape->end, shape->end_bytes);
}

const struct emit_kernel EMIT_NAME = {spread, write};
