/* Chooses the scanner for this processor.
 *
 * Threads: called by the main thread at start. */
#include "base/scan.h"

#include <stdlib.h>
#include <string.h>

uint32_t scan_kernels(const struct scan_kernel *kernels[3]) {
    uint32_t count = 0;
    kernels[count++] = &scan_kernel_baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
        kernels[count++] = &scan_kernel_avx2;
    if (count == 2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2")) kernels[count++] = &scan_kernel_avx512;
#endif
    return count;
}

const struct scan_kernel *scan_choose(void) {
    const struct scan_kernel *kernels[3];
    uint32_t count = scan_kernels(kernels);
    const char *wanted = getenv("WHEREFROM_CPU");
    if (wanted != NULL)
        for (uint32_t i = 0; i < count; i++)
            if (strcmp(kernels[i]->name, wanted) == 0) return kernels[i];
    return kernels[count - 1];
}
