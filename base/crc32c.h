/* CRC32C (Castagnoli), the checksum of PROXY protocol headers.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_CRC32C_H
#define WHEREFROM_CRC32C_H

#include "base/slice.h"

/* The CRC32C of `bytes` behind those whose CRC32C is `crc`; 0 when there are none. Spec: RFC 3720 section 12.1 and appendix B.4
 * ("123456789" gives e3069283), the polynomial of RFC 4960 appendix B. */
uint32_t crc32c(uint32_t crc, struct slice bytes);

#endif
