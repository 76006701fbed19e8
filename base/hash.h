/* XXH3 of 128 bits, the hash behind event.id.
 *
 * Compiled once per instruction set like the scanner (a line of 650 bytes: 600 instructions with SSE2, 150 with AVX-512);
 * every variant gives the same digits. One-shot over contiguous bytes costs half of the streaming form, so a line that
 * fits is put behind its prefix in a buffer first.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HASH_H
#define WHEREFROM_HASH_H

#include <stdint.h>

#include "base/lanes.h"
#include "base/slice.h"

#define HASH_ID_DIGITS 32u

/* A line and where it stands: what event.id is made of. */
struct hash_line {
    struct slice origin_name;
    uint64_t position;
    uint32_t message_line; /* 0: of no message */
    struct slice line;
};

/* XXH3-128, seed 0, canonical (big endian) order, lower-case hex, over: origin name, NUL, position as 8 bytes little endian, of a line
 * inside a message its number from 1 as 4 more (0: none are there), line (INTERFACE.md section 4). Writes HASH_ID_DIGITS characters. */
typedef void hash_event_id_function(struct slice origin_name, uint64_t position, uint32_t message_line,
                                    struct slice line, char *out);

extern hash_event_id_function hash_event_id_baseline;
#if defined(__x86_64__)
extern hash_event_id_function hash_event_id_avx2, hash_event_id_avx512;
#endif

/* The fastest one for this processor. */
void hash_event_id(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line, char *out);

/* Such digits as a number, its upper half first. */
static inline void hash_id_words(const char digits[HASH_ID_DIGITS], uint64_t words[2]) {
    bytes16 halves[2];
    memcpy(halves, digits, sizeof halves);
    for (int i = 0; i < 2; i++) halves[i] -= '0' + ((bytes16)(halves[i] > '9') & ('a' - '9' - 1));
    bytes16 high = __builtin_shufflevector(halves[0], halves[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
                                           30),
            low = __builtin_shufflevector(halves[0], halves[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29,
                                          31);
    words2 both = (words2)(high << 4 | low);
    words[0] = __builtin_bswap64(both[0]);
    words[1] = __builtin_bswap64(both[1]);
}

#endif
