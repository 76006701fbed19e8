/* Whole millionths, so that nothing depends on how the C library prints.
 *
 * Threads: see the header. */
#include "base/degrees.h"

#include <math.h>
#include <stdio.h>

#include "base/number.h"

char *degrees_write(char *out, double degrees) {
    int64_t millionths = (int64_t)llround(fabs(degrees) * 1e6);
    if (degrees < 0 && millionths != 0) *out++ = '-';
    out += number_write((uint64_t)(millionths / 1000000), out);
    char digits[8];
    snprintf(digits, sizeof digits, "%06d", (int)(millionths % 1000000));
    size_t count = 6;
    while (count > 1 && digits[count - 1] == '0') count--;
    *out++ = '.';
    memcpy(out, digits, count);
    return out + count;
}

double degrees_as_read(double degrees) {
    return copysign((double)llround(fabs(degrees) * 1e6) / 1e6, degrees);
}
