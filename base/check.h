/* Assertions by meaning.
 *
 * ASSERT(x)  our own mistake if false: on in release builds too, prints the place and aborts.
 * NEVER(x)   believed impossible, yet survivable: `if (NEVER(x)) { handle }`. Aborts in debug builds
 *            so that tests see it; in release the branch handles it.
 *
 * Threads: any. */
#ifndef WHEREFROM_CHECK_H
#define WHEREFROM_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define ASSERT(condition) (__builtin_expect(!(condition), 0) ? check_failed(#condition, __FILE__, __LINE__) : (void)0)

#ifdef NDEBUG
#define NEVER(condition) __builtin_expect(!!(condition), 0)
#else
#define NEVER(condition) ((condition) ? (check_failed("never: " #condition, __FILE__, __LINE__), 1) : 0)
#endif

__attribute__((noreturn, cold)) static inline void check_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "wherefrom: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}

#endif
