/* The scanner on every processor: SSE2 on x86-64, words of eight bytes elsewhere.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_baseline
#define SCAN_TEXT "baseline"
#define SCAN_VECTOR_BYTES 16

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

struct block {
    __m128i parts[4];
};

static inline struct block load_block(const char *text) {
    struct block block;
    for (int i = 0; i < 4; i++) block.parts[i] = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
    return block;
}

static inline uint64_t equal_mask(struct block block, char byte) {
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block.parts[i], _mm_set1_epi8(byte))) << (16 * i);
    return mask;
}

/* Signed, here and below: bytes >= 0x80 are below 0x20, too. */
static inline uint64_t odd_mask(struct block block) {
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(block.parts[i], _mm_set1_epi8(0x20))) << (16 * i);
    return mask;
}

static inline bool needs_care(struct block block, bool pending) {
    __m128i bad = _mm_setzero_si128();
    for (int i = 0; i < 4; i++) {
        bad = _mm_or_si128(bad, _mm_cmplt_epi8(block.parts[i], _mm_set1_epi8(0x20)));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block.parts[i], _mm_set1_epi8('\\')));
    }
    return ((uint32_t)_mm_movemask_epi8(bad) | pending) != 0;
}

#else

struct block {
    const char *bytes;
};

static inline struct block load_block(const char *text) {
    return (struct block){text};
}

static inline uint64_t equal_mask(struct block block, char byte) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)(block.bytes[i] == byte) << i;
    return mask;
}

static inline uint64_t odd_mask(struct block block) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)((signed char)block.bytes[i] < 0x20) << i;
    return mask;
}

static inline bool needs_care(struct block block, bool pending) {
    bool bad = pending;
    for (int i = 0; i < 64; i++) bad |= (signed char)block.bytes[i] < 0x20 || block.bytes[i] == '\\';
    return bad;
}

#endif

/* The mask is often 0, and asking is cheaper. */
static inline uint64_t prefix_xor(uint64_t mask) {
    if (mask == 0) return 0;
    for (int by = 1; by < 64; by *= 2) mask ^= mask << by;
    return mask;
}

static inline uint32_t lowest_bit(uint64_t mask) {
    return mask == 0 ? 0 : (uint32_t)__builtin_ctzll(mask);
}

#include "base/scan_kernel.h"
