/* The encoder's two inner loops: columns to slots before the values are looked at, slots to the record afterwards.
 *
 * Compiled for AVX2, too, where a copy is one load and one store and four columns are one vector; both variants write the same
 * bytes. (Copies of 64 bytes with AVX-512 were tried: 5 % slower, since most texts are short and the stores cross more lines.)
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_EMIT_H
#define WHEREFROM_EMIT_H

#include "schemas/record.h"
#include "sinks/shape.h"

/* Bytes that may be read from the start of any text here, and written behind the end of the record. */
#define EMIT_CHUNK_BYTES 32u

/* Columns by their length, a bit each. */
struct lengths {
    uint64_t some;   /* not empty */
    uint64_t longer; /* longer than "-": cannot be null */
};

struct emit_kernel {
    /* Makes slots of all columns of the record's format as if all were plain text. Bits, and up to three slots, behind the last column
     * mean nothing. */
    struct lengths (*spread)(const struct record *record, struct slot *slots);
    /* Writes the record and returns its end. */
    char *(*write)(const struct shape *shape, const struct slot *slots, char *out);
};

extern const struct emit_kernel emit_baseline;
#if defined(__x86_64__)
extern const struct emit_kernel emit_avx2;
#endif

/* The best one for this processor. */
const struct emit_kernel *emit_choose(void);

#endif
