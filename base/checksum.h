/* XXH3 of 64 bits: tells whether bytes are those that they were. No protection against who wants to be taken for another.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_CHECKSUM_H
#define WHEREFROM_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* `seed` chains: the checksum of what stands in front, or 0. */
uint64_t checksum(const void *bytes, size_t bytes_count, uint64_t seed);

#endif
