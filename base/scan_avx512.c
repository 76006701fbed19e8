/* The scanner with AVX-512BW: one load, and one compare for each mask of a block. Needs VBMI2, too, for
 * compressing bytes (Ice Lake, Zen 4 and later); chosen at run time.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_avx512
#define SCAN_TEXT "avx512"
#define SCAN_VECTOR_BYTES 64

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

struct block {
    __m512i bytes;
};

static inline struct block load_block(const char *text) {
    return (struct block){_mm512_loadu_si512((const void *)text)};
}

static inline uint64_t equal_mask(struct block block, char byte) {
    return _mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8(byte));
}

/* signed: bytes >= 0x80 are below 0x20, too */
static inline uint64_t odd_mask(struct block block) {
    return _mm512_cmplt_epi8_mask(block.bytes, _mm512_set1_epi8(0x20));
}

static inline bool needs_care(struct block block, bool pending) {
    return (odd_mask(block) | equal_mask(block, '\\') | pending) != 0;
}

static inline uint64_t prefix_xor(uint64_t mask) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)mask), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* The positions themselves are compressed by the mask: five instructions for up to 16 columns (30 a block less than the loop). */
static inline void store_ends(uint32_t *ends, uint64_t spaces, uint32_t found, size_t base) {
    const __m512i numbers = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45,
                                            44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26,
                                            25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
                                            5, 4, 3, 2, 1, 0);
    __m512i positions = _mm512_maskz_compress_epi8(spaces, numbers), first = _mm512_set1_epi32((int)base);
    _mm512_storeu_si512(ends, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(positions)), first));
    for (uint32_t stored = 16; stored < found; stored += 16) { /* a block of hardly anything but spaces */
        for (int i = 0; i < 16; i++) spaces &= spaces - 1;
        positions = _mm512_maskz_compress_epi8(spaces, numbers);
        _mm512_storeu_si512(ends + stored,
                            _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(positions)), first));
    }
}

#define SCAN_STORES_ENDS
#include "base/scan_kernel.h"
