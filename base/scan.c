/* Chooses the scanner for this processor.
 *
 * Threads: any; without state. */
#include "base/scan.h"

#include "base/cpu.h"

static const struct scan_kernel *const by_level[CPU_LEVELS] = {
    [CPU_BASELINE] = &scan_kernel_baseline,
#if defined(__x86_64__)
    [CPU_AVX2] = &scan_kernel_avx2,
    [CPU_AVX512] = &scan_kernel_avx512,
#endif
};

uint32_t scan_kernels(const struct scan_kernel *kernels[3]) {
    uint32_t count = (uint32_t)cpu_level() + 1;
    for (uint32_t i = 0; i < count; i++) kernels[i] = by_level[i];
    return count;
}

const struct scan_kernel *scan_choose(void) {
    return by_level[cpu_level()];
}
