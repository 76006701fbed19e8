/* Time that only goes forward, for deadlines and ages.
 *
 * Threads: any. */
#ifndef WHEREFROM_MONOTONIC_H
#define WHEREFROM_MONOTONIC_H

#include <stdint.h>

/* Milliseconds since some moment in the past. */
uint64_t monotonic_ms(void);
/* The same in microseconds. */
uint64_t monotonic_us(void);

#endif
