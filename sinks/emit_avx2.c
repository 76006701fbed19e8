/* The emitter for AVX2: one load and store of 32 bytes a chunk. Compiled with -mavx2; chosen at run time.
 *
 * Threads: pure function. */
#define EMIT_NAME emit_avx2
#include "sinks/emit_kernel.h"
