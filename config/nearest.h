/* "did you mean": the known word that a mistyped one was probably meant to be.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_NEAREST_H
#define WHEREFROM_NEAREST_H

#include <stddef.h>

/* Nearest of `known` by edit distance (insert, delete, replace, swap neighbours), ASCII case and the
 * difference of - and _ ignored; the first one of equals. A known word that starts with `word` counts
 * as near too ("memory" for "memory-max"). NULL when none is within a third (rounded up) of the word's length, or
 * when `word` has more than 64 bytes: a bad suggestion is worse than none. */
const char *nearest_word(const char *word, const char *const *known, size_t known_count);

#endif
