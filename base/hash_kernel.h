/* event.id's body, included by hash_baseline.c, hash_avx2.c and hash_avx512.c, which define HASH_NAME; the instruction set they
 * are compiled for decides which variant of XXH3 this is. See hash.h for the layout and the figures.
 *
 * Threads: pure function. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

#define ONE_SHOT_BYTES 4096

static void hex(const unsigned char *bytes, char *out) {
    /* eight digits from four bytes: nibbles spread over the bytes of a word, then 0-9 and a-f told apart by the carry
     * of +6 (no table, no shuffle instruction) */
    for (int i = 0; i < 16; i += 4) {
        uint64_t word = (uint64_t)bytes[i] | (uint64_t)bytes[i + 1] << 16 | (uint64_t)bytes[i + 2] << 32 |
                        (uint64_t)bytes[i + 3] << 48;
        uint64_t nibbles = ((word >> 4) & 0x000f000f000f000full) | ((word & 0x000f000f000f000full) << 8);
        uint64_t letters = ((nibbles + 0x0606060606060606ull) >> 4) & 0x0101010101010101ull;
        uint64_t text = nibbles + 0x3030303030303030ull + letters * ('a' - '0' - 10);
        for (int j = 0; j < 8; j++) out[2 * i + j] = (char)(text >> (8 * j));
    }
}

void HASH_NAME(struct slice origin_name, uint64_t position, struct slice line, char *out) {
    unsigned char little_endian[8];
    for (int i = 0; i < 8; i++) little_endian[i] = (unsigned char)(position >> (8 * i));
    size_t total = origin_name.len + 1 + sizeof little_endian + line.len;
    XXH128_hash_t hash;
    if (total <= ONE_SHOT_BYTES) {
        char buffer[ONE_SHOT_BYTES];
        memcpy(buffer, origin_name.ptr, origin_name.len);
        buffer[origin_name.len] = '\0';
        memcpy(buffer + origin_name.len + 1, little_endian, sizeof little_endian);
        memcpy(buffer + origin_name.len + 1 + sizeof little_endian, line.ptr, line.len);
        hash = XXH3_128bits(buffer, total);
    } else {
        XXH3_state_t state;
        XXH3_128bits_reset(&state);
        XXH3_128bits_update(&state, origin_name.ptr, origin_name.len);
        XXH3_128bits_update(&state, "", 1);
        XXH3_128bits_update(&state, little_endian, sizeof little_endian);
        XXH3_128bits_update(&state, line.ptr, line.len);
        hash = XXH3_128bits_digest(&state);
    }
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    hex(canonical.digest, out);
}
