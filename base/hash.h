/* XXH3 of 128 bits, the hash behind event.id.
 *
 * One-shot over contiguous bytes costs 34 ns for a line, the streaming form 61; lines that fit are therefore put
 * behind their prefix in a buffer first (10 ns).
 *
 * Threads: pure function. */
#ifndef WHEREFROM_HASH_H
#define WHEREFROM_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define HASH_ID_DIGITS 32u

/* XXH3-128, seed 0, canonical (big endian) order, lower-case hex, over: origin name, NUL, position as 8 bytes little endian,
 * line (INTERFACE.md section 4). Writes HASH_ID_DIGITS characters. */
void hash_event_id(struct slice origin_name, uint64_t position, struct slice line, char *out);

#endif
