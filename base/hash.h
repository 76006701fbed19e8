/* XXH3 of 128 bits, the hash behind event.id.
 *
 * Compiled once per instruction set like the scanner (a line of 650 bytes: 600 instructions with SSE2, 150 with AVX-512);
 * every variant gives the same digits. One-shot over contiguous bytes costs half of the streaming form, so a line that
 * fits is put behind its prefix in a buffer first.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HASH_H
#define WHEREFROM_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define HASH_ID_DIGITS 32u

/* XXH3-128, seed 0, canonical (big endian) order, lower-case hex, over: origin name, NUL, position as 8 bytes little endian, of a line
 * inside a message its number from 1 as 4 more (0: none are there), line (INTERFACE.md section 4). Writes HASH_ID_DIGITS characters. */
typedef void hash_event_id_function(struct slice origin_name, uint64_t position, uint32_t message_line,
                                    struct slice line, char *out);

extern hash_event_id_function hash_event_id_baseline;
#if defined(__x86_64__)
extern hash_event_id_function hash_event_id_avx2, hash_event_id_avx512;
#endif

/* The fastest one for this processor. */
void hash_event_id(struct slice origin_name, uint64_t position, uint32_t message_line, struct slice line, char *out);

#endif
