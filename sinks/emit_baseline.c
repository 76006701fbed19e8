/* The emitter for any processor: two or four loads and stores a chunk.
 *
 * Threads: pure function. */
#define EMIT_NAME emit_baseline
#include "sinks/emit_kernel.h"
