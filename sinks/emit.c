/* Chooses the emitter for this processor.
 *
 * Threads: any; without state. */
#include "sinks/emit.h"

#include "base/cpu.h"
#include "schemas/limits.h"

_Static_assert(EMIT_CHUNK_BYTES <= TEXT_PADDING_BYTES, "copies read no further than a batch allows");
_Static_assert(EMIT_CHUNK_BYTES <= OUT_PADDING_BYTES, "copies write no further than a batch allows");

static const struct emit_kernel *const by_level[CPU_LEVELS] = {
    [CPU_BASELINE] = &emit_baseline,
#if defined(__x86_64__)
    [CPU_AVX2] = &emit_avx2,
    [CPU_AVX512] = &emit_avx2,
#endif
};

const struct emit_kernel *emit_choose(void) {
    return by_level[cpu_level()];
}
