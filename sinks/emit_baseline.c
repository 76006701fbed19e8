/* The emitter for any processor: two or four loads and stores a chunk.
 *
 * Threads: pure function. */
#define EMIT_NAME emit_baseline
#define EMIT_CHUNK_BYTES 32
#include "sinks/emit_kernel.h"
