/* Asks the processor.
 *
 * Threads: any; without state. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

const char *const cpu_level_names[CPU_LEVELS] = {
    [CPU_BASELINE] = "baseline", [CPU_AVX2] = "avx2", [CPU_AVX512] = "avx512"};

static enum cpu_level best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("pclmul") ||
        !__builtin_cpu_supports("popcnt"))
        return CPU_BASELINE;
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") ? CPU_AVX512 : CPU_AVX2;
#else
    return CPU_BASELINE;
#endif
}

enum cpu_level cpu_level(void) {
    enum cpu_level level = best();
    const char *wanted = getenv("WHEREFROM_CPU");
    for (int lower = CPU_BASELINE; wanted != NULL && lower < (int)level; lower++)
        if (strcmp(wanted, cpu_level_names[lower]) == 0) return (enum cpu_level)lower;
    return level;
}
