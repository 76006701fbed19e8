/* Keys are short: nothing is gained by vectors.
 *
 * Threads: pure function. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

uint64_t hash_key(struct slice key, uint64_t seed) {
    return XXH3_64bits_withSeed(key.ptr, key.len, seed);
}
