/* The emitter's body, included by emit_baseline.c and emit_avx2.c, which define EMIT_NAME.
 *
 * Threads: pure functions. */
#include <string.h>

#include "base/lanes.h"
#include "sinks/emit.h"

/* As one register where there is one: for a bare memcpy gcc takes two of 16 bytes. */
typedef char chunk __attribute__((vector_size(EMIT_CHUNK_BYTES)));

typedef int64_t signed_longs4 __attribute__((vector_size(32)));

_Static_assert(sizeof(struct slot) == 16 && sizeof(struct span) == 8, "four spans are a vector, and so are two slots");

/* Slots of four columns; their lengths, a bit each from the lowest on. */
static inline struct lengths spread_4(const struct span *fields, uint64_t text, struct slot *slots) {
#if defined(__aarch64__)
    uint32x4x2_t spans = vld2q_u32(&fields->offset); /* four offsets, four lengths */
    uint64x2_t start = vdupq_n_u64(text);
    vst2q_u64((uint64_t *)(void *)&slots[0],
              (uint64x2x2_t){{vaddw_u32(start, vget_low_u32(spans.val[0])), vmovl_u32(vget_low_u32(spans.val[1]))}});
    vst2q_u64((uint64_t *)(void *)&slots[2],
              (uint64x2x2_t){{vaddw_high_u32(start, spans.val[0]), vmovl_high_u32(spans.val[1])}});
    const uint32x4_t some = {1, 2, 4, 8}, longer = {16, 32, 64, 128};
    uint32_t bits = vaddvq_u32(((spans.val[1] > 0) & some) | ((spans.val[1] > 1) & longer));
    return (struct lengths){.some = bits & 15, .longer = bits >> 4};
#else
    longs4 spans; /* the offset in the lower half of each word, the length in the upper one */
    memcpy(&spans, fields, sizeof spans);
    longs4 texts = (spans & 0xffffffffu) + text, bytes = spans >> 32;
    longs4 first = __builtin_shufflevector(texts, bytes, 0, 4, 1, 5);
    longs4 second = __builtin_shufflevector(texts, bytes, 2, 6, 3, 7);
    memcpy(&slots[0], &first, sizeof first);
    memcpy(&slots[2], &second, sizeof second);
    longs4 some = (longs4)((signed_longs4)bytes > 0), longer = (longs4)((signed_longs4)bytes > 1);
    return (struct lengths){.some = lanes_bits_4(&some), .longer = lanes_bits_4(&longer)};
#endif
}

static struct lengths spread(const struct record *record, struct slot *slots) {
    const uint64_t text = (uintptr_t)record->text;
    struct lengths lengths = {0, 0};
    for (uint32_t i = 0; i < record->schema->fields_count; i += 4) {
        struct lengths four = spread_4(&record->fields[i], text, &slots[i]);
        lengths.some |= four.some << i;
        lengths.longer |= four.longer << i;
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
