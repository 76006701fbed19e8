/* event.id's body, included by hash_baseline.c, hash_avx2.c and hash_avx512.c, which define HASH_NAME; the instruction set they
 * are compiled for decides which variant of XXH3 this is. See hash.h for the layout and the figures.
 *
 * Threads: pure function. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"
#include "base/lanes.h"

#define ONE_SHOT_BYTES 4096

/* The digits of both nibbles of every byte, high nibble first. */
static inline void hex(bytes16 bytes, char *out) {
    bytes16 high = bytes >> 4, low = bytes & 15;
    bytes16 digits[2] = {
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
        __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
    };
    for (int i = 0; i < 2; i++) digits[i] += '0' + ((bytes16)(digits[i] > 9) & ('a' - '9' - 1));
    memcpy(out, digits, sizeof digits);
}

void HASH_NAME(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line, char *out) {
    char place[sizeof position + sizeof message_line];
    size_t place_bytes = message_line == 0 ? sizeof position : sizeof place;
    memcpy(place, &position, sizeof position);
    memcpy(place + sizeof position, &message_line, sizeof message_line);
    size_t total = origin_name.len + 1 + place_bytes + line.len;
    XXH128_hash_t hash;
    if (total <= ONE_SHOT_BYTES) {
        char buffer[ONE_SHOT_BYTES + sizeof message_line];
        memcpy(buffer, origin_name.ptr, origin_name.len);
        buffer[origin_name.len] = '\0';
        memcpy(buffer + origin_name.len + 1, place, sizeof place); /* the line overwrites what is too much */
        memcpy(buffer + origin_name.len + 1 + place_bytes, line.ptr, line.len);
        hash = XXH3_128bits(buffer, total);
    } else {
        XXH3_state_t state;
        XXH3_128bits_reset(&state);
        XXH3_128bits_update(&state, origin_name.ptr, origin_name.len);
        XXH3_128bits_update(&state, "", 1);
        XXH3_128bits_update(&state, place, place_bytes);
        XXH3_128bits_update(&state, line.ptr, line.len);
        hash = XXH3_128bits_digest(&state);
    }
    hex((bytes16)(words2){__builtin_bswap64(hash.high64), __builtin_bswap64(hash.low64)}, out);
}
