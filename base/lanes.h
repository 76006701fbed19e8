/* Vectors: GNU C's, so that SSE2, AVX2 and NEON have one source, and what those cannot say.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_LANES_H
#define WHEREFROM_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first character must be the lowest byte of a word");

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));
typedef uint64_t longs4 __attribute__((vector_size(32)));

static inline bytes16 lanes_load(const char *text) {
    bytes16 bytes;
    memcpy(&bytes, text, sizeof bytes);
    return bytes;
}

#if defined(__aarch64__)
/* A bit of its own for each byte of eight; adding neighbours three times collects them (NEON has no instruction that does). */
static inline uint8x16_t lanes_weighed(bytes16 lanes) {
    const bytes16 weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return (uint8x16_t)(lanes & weights);
}
#endif

/* One bit per byte, the first one lowest, from lanes that are all ones or all zeros. */
static inline uint32_t lanes_bits(bytes16 lanes) {
#if defined(__SSE2__)
    return (uint32_t)_mm_movemask_epi8((__m128i)lanes);
#elif defined(__aarch64__)
    uint8x16_t bits = lanes_weighed(lanes);
    for (int i = 0; i < 3; i++) bits = vpaddq_u8(bits, bits);
    return vgetq_lane_u16((uint16x8_t)bits, 0);
#else
    words2 words = (words2)lanes & 0x0101010101010101u;
    words = words * 0x0102040810204080u >> 56;
    return (uint32_t)(words[0] | words[1] << 8);
#endif
}

/* The same of 64 bytes. */
static inline uint64_t lanes_bits_64(const bytes16 lanes[4]) {
#if defined(__aarch64__)
    uint8x16_t low = vpaddq_u8(lanes_weighed(lanes[0]), lanes_weighed(lanes[1]));
    uint8x16_t high = vpaddq_u8(lanes_weighed(lanes[2]), lanes_weighed(lanes[3]));
    uint8x16_t bits = vpaddq_u8(low, high);
    return vgetq_lane_u64((uint64x2_t)vpaddq_u8(bits, bits), 0);
#else
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) bits |= (uint64_t)lanes_bits(lanes[i]) << (16 * i);
    return bits;
#endif
}

/* Whether any lane is all ones. */
static inline bool lanes_any(bytes16 lanes) {
#if defined(__aarch64__)
    return vget_lane_u64((uint64x1_t)vshrn_n_u16((uint16x8_t)lanes, 4), 0) != 0;
#else
    return lanes_bits(lanes) != 0;
#endif
}

/* The same of four long words. (By pointer, since how such a vector is passed depends on the compiler's options.) */
static inline uint32_t lanes_bits_4(const longs4 *lanes) {
#if defined(__AVX2__)
    return (uint32_t)_mm256_movemask_pd((__m256d)*lanes);
#elif defined(__SSE2__)
    words2 halves[2];
    memcpy(halves, lanes, sizeof halves);
    return (uint32_t)(_mm_movemask_pd((__m128d)halves[0]) | _mm_movemask_pd((__m128d)halves[1]) << 2);
#else
    longs4 bits = *lanes & (longs4){1, 2, 4, 8};
    return (uint32_t)(bits[0] | bits[1] | bits[2] | bits[3]);
#endif
}

#endif
