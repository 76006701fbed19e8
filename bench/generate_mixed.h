/* Lines of all formats in one stream, for tests of detection.
 *
 * Threads: one caller. */
#ifndef WHEREFROM_GENERATE_MIXED_H
#define WHEREFROM_GENERATE_MIXED_H

#include <stdio.h>

#include "bench/generate_format.h"

struct generate_mixed {
    uint64_t seed;
    uint64_t lines;
    uint32_t clients; /* of each format, at least 1 */
    int64_t start_us; /* since 1970 */
};

/* Writes mixed->lines lines to `lines`, each of a format drawn evenly from those that are told without a header line, and for each one
 * a line "NAME SCHEMA" to `labels` (the format's two names; NULL: not). Returns 0, or -1 with errno set. */
int generate_mixed_write(const struct generate_mixed *mixed, FILE *lines, FILE *labels);

#endif
