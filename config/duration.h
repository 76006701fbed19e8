/* Spans of time as configs have them: 90, 90s, 15m, 24h, 7d.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_DURATION_H
#define WHEREFROM_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Whole seconds; a number alone is seconds. False when it is anything else, or more than 32 bits hold. */
bool duration_parse(struct slice text, uint32_t *seconds) __attribute__((warn_unused_result));

#endif
