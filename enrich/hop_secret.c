/* Digests by libnettle, whose functions allocate nothing and take no locks. They are compared byte by byte: how far they agree tells
 * nothing about the secret.
 *
 * Threads: pure function. */
#include "enrich/hop_secret.h"

#include <nettle/sha2.h>

bool hop_secret_holds(const struct hop *hop, struct slice value) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    if (value.len == 0 || !hop->has_digest) return value.len > 0;
    sha256_init(&context);
    sha256_update(&context, value.len, (const uint8_t *)value.ptr);
    sha256_digest(&context, sizeof digest, digest);
    return memcmp(digest, hop->digest, sizeof digest) == 0;
}
