/* The scanner on every processor: SSE2 on x86-64, words of eight bytes elsewhere.
 *
 * Threads: pure functions. */
#define SCAN_NAME scan_kernel_baseline
#define SCAN_TEXT "baseline"

#include <stdint.h>
#include <string.h>

struct masks {
    uint64_t newline, space, quote, backslash, odd;
};

#if defined(__SSE2__)
#include <emmintrin.h>

static inline uint64_t mask_equal(const __m128i block[4], char byte) {
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block[i], _mm_set1_epi8(byte))) << (16 * i);
    return mask;
}

static inline struct masks load_masks(const char *text) {
    __m128i block[4];
    uint64_t low = 0;
    for (int i = 0; i < 4; i++) {
        block[i] = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
        /* signed: bytes >= 0x80 are below 0x20, too */
        low |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(block[i], _mm_set1_epi8(0x20))) << (16 * i);
    }
    struct masks masks = {.newline = mask_equal(block, '\n'),
                          .space = mask_equal(block, ' '),
                          .quote = mask_equal(block, '"'),
                          .backslash = mask_equal(block, '\\')};
    masks.odd = low | masks.backslash;
    return masks;
}

static inline uint64_t newline_mask(const char *text) {
    __m128i block[4];
    for (int i = 0; i < 4; i++) block[i] = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
    return mask_equal(block, '\n');
}
#else

static inline uint64_t newline_mask(const char *text) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)(text[i] == '\n') << i;
    return mask;
}

static inline struct masks load_masks(const char *text) {
    struct masks masks = {0};
    for (int i = 0; i < 64; i++) {
        uint64_t bit = (uint64_t)1 << i;
        unsigned char byte = (unsigned char)text[i];
        if (byte == '\n') masks.newline |= bit;
        if (byte == ' ') masks.space |= bit;
        if (byte == '"') masks.quote |= bit;
        if (byte == '\\') masks.backslash |= bit;
        if (byte < 0x20 || byte >= 0x80 || byte == '\\') masks.odd |= bit;
    }
    return masks;
}
#endif

static inline uint32_t lowest_bit(uint64_t mask) {
    return mask == 0 ? 0 : (uint32_t)__builtin_ctzll(mask);
}

#include "base/scan_kernel.h"
