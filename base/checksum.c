/* The library's code, compiled in here: no other file needs to see it.
 *
 * Threads: pure function. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/checksum.h"

uint64_t checksum(const void *bytes, size_t bytes_count, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, bytes_count, seed);
}
