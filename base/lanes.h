/* Sixteen characters at a time: GNU vectors, SSE2 on x86-64 and NEON on arm64, one source.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_LANES_H
#define WHEREFROM_LANES_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first character must be the lowest byte of a word");

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint32_t words4 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static inline bytes16 lanes_load(const char *text) {
    bytes16 bytes;
    memcpy(&bytes, text, sizeof bytes);
    return bytes;
}

/* One bit per byte, the first one lowest, from lanes that are all ones or all zeros. */
static inline uint32_t lanes_bits(bytes16 lanes) {
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8((__m128i)lanes);
#else
    words2 words = (words2)lanes & 0x0101010101010101u;
    words = words * 0x0102040810204080u >> 56;
    return (uint32_t)(words[0] | words[1] << 8);
#endif
}

/* The same of four words. */
static inline uint32_t lanes_bits_4(words4 lanes) {
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_ps((__m128)lanes);
#else
    words4 bits = lanes & (words4){1, 2, 4, 8};
    return bits[0] | bits[1] | bits[2] | bits[3];
#endif
}

#endif
