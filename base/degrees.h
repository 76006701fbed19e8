/* Longitudes and latitudes as they are written: with at most six digits behind the dot, which is 11 cm.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_DEGREES_H
#define WHEREFROM_DEGREES_H

#define DEGREES_BYTES_MAX 32u /* of what is written, and what may be written behind it */

/* Writes degrees of -1000..1000 with at least one digit behind the dot, 54.0, -2.5, and returns the end. */
char *degrees_write(char *out, double degrees);

/* What a reader makes of that. */
double degrees_as_read(double degrees);

#endif
