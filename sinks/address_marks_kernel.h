/* Where addresses may be, included by address_marks_baseline.c and others, which define MARKS_NAME; the instruction set that they are compiled for
 * decides how wide a vector is.
 *
 * Threads: pure function. */
#include "base/lanes.h"
#include "sinks/address_marks.h"

#define BLOCK_BYTES 64 /* ADDRESS_MARKS_BYTES, and what stands behind */

#if defined(__AVX512BW__)
#define LANES 64
#elif defined(__AVX2__)
#define LANES 32
#else
#define LANES 16
#endif
typedef uint8_t lanes __attribute__((vector_size(LANES)));

struct block {
    lanes parts[BLOCK_BYTES / LANES];
};

/* One bit per byte, the first one lowest, from lanes that are all ones or all zeros. */
static inline uint64_t bits(const struct block *all) {
#if defined(__AVX512BW__)
    return _mm512_movepi8_mask((__m512i)all->parts[0]);
#elif defined(__AVX2__)
    return (uint32_t)_mm256_movemask_epi8((__m256i)all->parts[0]) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8((__m256i)all->parts[1]) << 32;
#else
    return lanes_bits_64(all->parts);
#endif
}

/* Bytes of a block by what they are, a bit each, the first one lowest. */
struct kinds {
    uint64_t digits, hex, colons, separators, escapes;
};

static inline struct kinds kinds_of(const char *text) {
    struct block digits, hex, colons, separators, escapes;
    for (uint32_t i = 0; i < BLOCK_BYTES / LANES; i++) {
        lanes bytes;
        memcpy(&bytes, text + LANES * i, sizeof bytes);
        digits.parts[i] = (lanes)(bytes - '0' < 10);
        hex.parts[i] = digits.parts[i] | (lanes)((bytes | 0x20) - 'a' < 6);
        colons.parts[i] = (lanes)(bytes == ':');
        separators.parts[i] = (lanes)(bytes == '.') | (lanes)(bytes == '-') | (lanes)(bytes == '_');
        escapes.parts[i] = (lanes)(bytes == '%') | (lanes)(bytes == '\\');
    }
    return (struct kinds){.digits = bits(&digits),
                          .hex = bits(&hex),
                          .colons = bits(&colons),
                          .separators = bits(&separators),
                          .escapes = bits(&escapes)};
}

/* Those of `from` behind which one to three, or four, of `digits` stand and then one of `to`. */
static inline uint64_t before_3(uint64_t from, uint64_t digits, uint64_t to) {
    return from & digits >> 1 & (to >> 2 | (digits >> 2 & (to >> 3 | (digits >> 3 & to >> 4))));
}

static inline uint64_t before_4(uint64_t from, uint64_t digits, uint64_t to) {
    return from & digits >> 1 &
           (to >> 2 | (digits >> 2 & (to >> 3 | (digits >> 3 & (to >> 4 | (digits >> 4 & to >> 5))))));
}

/* Quads: the first of three separators. Groups: a colon with a second one, behind a group or not, or with two more behind groups. */
static inline uint64_t marks_of(const char *block) {
    struct kinds kinds = kinds_of(block);
    uint64_t two = before_3(kinds.separators, kinds.digits, kinds.separators & kinds.digits >> 1);
    uint64_t quads = before_3(kinds.separators, kinds.digits, two);
    uint64_t gaps = kinds.colons & kinds.colons >> 1;
    uint64_t more = before_4(kinds.colons, kinds.hex, kinds.colons);
    uint64_t groups = gaps | before_4(kinds.colons, kinds.hex, gaps | more);
    return (quads | groups | kinds.escapes) & ((1ull << ADDRESS_MARKS_BYTES) - 1);
}

const char *MARKS_NAME(const char *block, const char *end, uint64_t *marks) {
    for (; block < end; block += ADDRESS_MARKS_BYTES)
        if ((*marks = marks_of(block)) != 0) break;
    if (block >= end)
        *marks = 0;
    else if (end - block < ADDRESS_MARKS_BYTES)
        *marks &= ~(UINT64_MAX << (end - block));
    return block;
}
