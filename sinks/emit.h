/* Writes a record from its shape and its slots: copies, nothing else.
 *
 * Compiled for AVX2, too, where a copy is one load and one store; both variants write the same bytes. (Copies of 64 bytes with
 * AVX-512 were tried: 5 % slower, since most texts are short and the stores cross more lines.)
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_EMIT_H
#define WHEREFROM_EMIT_H

#include "sinks/shape.h"

/* Bytes that may be read from the start of any text here, and written behind the end of the record. */
#define EMIT_CHUNK_BYTES 32u

/* Writes the record and returns its end. */
typedef char *emit_function(const struct shape *shape, const struct slot *slots, char *out);

extern emit_function emit_baseline;
#if defined(__x86_64__)
extern emit_function emit_avx2;
#endif

/* The best one for this processor. */
emit_function *emit_choose(void);

#endif
