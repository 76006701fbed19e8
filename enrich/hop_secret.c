/* Digests are compared byte by byte: how far they agree tells nothing about the secret.
 *
 * Threads: pure function. */
#include "enrich/hop_secret.h"

#include "base/sha256.h"

bool hop_secret_holds(const struct hop *hop, struct slice value) {
    uint8_t digest[SHA256_BYTES];
    if (value.len == 0 || !hop->has_digest) return value.len > 0;
    sha256(value, digest);
    return memcmp(digest, hop->digest, sizeof digest) == 0;
}
