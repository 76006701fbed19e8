/* Random names: UUIDs of version 4 (RFC 9562 section 5.4).
 *
 * Threads: any. */
#ifndef WHEREFROM_UUID_H
#define WHEREFROM_UUID_H

#include <stdbool.h>

#define UUID_BYTES 36u

/* Writes a new one as text, without a NUL. False, with errno, when the system has no random bytes. */
bool uuid_random(char text[UUID_BYTES]) __attribute__((warn_unused_result));

#endif
