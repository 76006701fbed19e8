/* The emitter for AVX-512: one load and store of 64 bytes a chunk. Compiled with -mavx512f and
 * -mprefer-vector-width=512; chosen at run time.
 *
 * Threads: pure function. */
#define EMIT_NAME emit_avx512
#define EMIT_CHUNK_BYTES 64
#include "sinks/emit_kernel.h"
