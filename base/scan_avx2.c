/* The scanner with AVX2: two 32-byte halves. Compiled with -mavx2 -mbmi -mpclmul -mpopcnt; chosen at run time.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_avx2
#define SCAN_TEXT "avx2"
#define SCAN_VECTOR_BYTES 32

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

struct block {
    __m256i low, high;
};

static inline struct block load_block(const char *text) {
    return (struct block){_mm256_loadu_si256((const __m256i *)(const void *)text),
                          _mm256_loadu_si256((const __m256i *)(const void *)(text + 32))};
}

static inline uint64_t join(__m256i low, __m256i high) {
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t equal_mask(struct block block, char byte) {
    __m256i wanted = _mm256_set1_epi8(byte);
    return join(_mm256_cmpeq_epi8(block.low, wanted), _mm256_cmpeq_epi8(block.high, wanted));
}

/* Signed, here and below: bytes >= 0x80 are below 0x20, too. */
static inline uint64_t odd_mask(struct block block) {
    __m256i first_printable = _mm256_set1_epi8(0x20);
    return join(_mm256_cmpgt_epi8(first_printable, block.low), _mm256_cmpgt_epi8(first_printable, block.high));
}

/* Saturated, the difference to 0x20 is negative where odd_mask() has a bit. */
static inline bool needs_care(struct block block, bool pending) {
    __m256i backslash = _mm256_set1_epi8('\\'), lower = _mm256_min_epi8(block.low, block.high);
    __m256i bad = _mm256_or_si256(
        _mm256_subs_epi8(lower, _mm256_set1_epi8(0x20)),
        _mm256_or_si256(_mm256_cmpeq_epi8(block.low, backslash), _mm256_cmpeq_epi8(block.high, backslash)));
    return ((uint32_t)_mm256_movemask_epi8(bad) | pending) != 0;
}

static inline uint64_t prefix_xor(uint64_t mask) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)mask), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline uint32_t lowest_bit(uint64_t mask) {
    return (uint32_t)_tzcnt_u64(mask);
}

#include "base/scan_kernel.h"
