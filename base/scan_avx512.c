/* The scanner with AVX-512BW: one load and five compares make all masks of a block. Compiled with -mavx512bw -mbmi
 * -mpopcnt; chosen at run time.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_avx512
#define SCAN_TEXT "avx512"

#include <immintrin.h>
#include <stdint.h>

struct masks {
    uint64_t newline, space, quote, backslash, odd;
};

static inline struct masks load_masks(const char *text) {
    __m512i block = _mm512_loadu_si512((const void *)text);
    struct masks masks = {.newline = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n')),
                          .space = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(' ')),
                          .quote = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"')),
                          .backslash = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'))};
    /* signed: bytes >= 0x80 are below 0x20, too */
    masks.odd = _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(0x20)) | masks.backslash;
    return masks;
}

static inline uint64_t newline_mask(const char *text) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512((const void *)text), _mm512_set1_epi8('\n'));
}

#include "base/scan_kernel.h"
