/* SHA-256: what secrets are compared by, so that a config need not hold them.
 *
 * Our own, since libcrypto's one-shot call allocates and takes locks, and everything else of that library would come along with it into
 * programs that link ours. Spec: FIPS 180-4 sections 4.1.2, 4.2.2, 5.1.1, 6.2.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_SHA256_H
#define WHEREFROM_SHA256_H

#include <stdint.h>

#include "base/slice.h"

#define SHA256_BYTES 32

void sha256(struct slice text, uint8_t digest[SHA256_BYTES]);

#endif
