/* The scanner with AVX2: two 32-byte halves. Compiled with -mavx2 -mbmi -mpopcnt; chosen at run time.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_avx2
#define SCAN_TEXT "avx2"

#include <immintrin.h>
#include <stdint.h>

struct masks {
    uint64_t newline, space, quote, backslash, odd;
};

static inline uint64_t join(__m256i low, __m256i high) {
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t mask_equal(__m256i low, __m256i high, char byte) {
    __m256i wanted = _mm256_set1_epi8(byte);
    return join(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

static inline struct masks load_masks(const char *text) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    __m256i first_printable = _mm256_set1_epi8(0x20);
    struct masks masks = {.newline = mask_equal(low, high, '\n'),
                          .space = mask_equal(low, high, ' '),
                          .quote = mask_equal(low, high, '"'),
                          .backslash = mask_equal(low, high, '\\')};
    /* signed: bytes >= 0x80 are below 0x20, too */
    masks.odd = join(_mm256_cmpgt_epi8(first_printable, low), _mm256_cmpgt_epi8(first_printable, high)) |
                masks.backslash;
    return masks;
}

static inline uint64_t newline_mask(const char *text) {
    return mask_equal(_mm256_loadu_si256((const __m256i *)(const void *)text),
                      _mm256_loadu_si256((const __m256i *)(const void *)(text + 32)), '\n');
}

static inline uint32_t lowest_bit(uint64_t mask) {
    return (uint32_t)_tzcnt_u64(mask);
}

#include "base/scan_kernel.h"
