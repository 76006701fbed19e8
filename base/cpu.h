/* Which instruction set the hot loops use. The program is built for plain x86-64, or arm64 with its NEON; three loops (scanner, hash, emitter)
 * are compiled for AVX2, two of them for AVX-512 as well, and chosen at run time. Every level gives the same bytes, which tests check.
 *
 * Threads: any. */
#ifndef WHEREFROM_CPU_H
#define WHEREFROM_CPU_H

enum cpu_level {
    CPU_BASELINE,
    CPU_AVX2,   /* with BMI1, PCLMULQDQ and POPCNT: x86-64-v3 processors */
    CPU_AVX512, /* BW and VBMI2, too: Ice Lake, Zen 4 and later */
    CPU_LEVELS
};

/* "baseline", "avx2", "avx512" */
extern const char *const cpu_level_names[CPU_LEVELS];

/* The best level of this processor, or a lower one that the environment variable WHEREFROM_CPU names (for tests and benches). */
enum cpu_level cpu_level(void);

#endif
