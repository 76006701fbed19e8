/* Percent-encoding: RFC 3986 section 2.1.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_PERCENT_H
#define WHEREFROM_PERCENT_H

#include "base/slice.h"

/* Writes `text` with every %HH (digits in either case) as the byte that it stands for, and returns the end. A % that begins no escape
 * stays. `out` has room for text.len bytes, all of which may be written, and lies apart from `text`. */
char *percent_decode(char *out, struct slice text);

/* The same, and %25HH is one escape for the byte HH: that is how CloudFront wrote user agents until 2019 (%2520 is a space). Nothing
 * else is decoded a second time: only a % that came from %25 begins another escape, and only with digits that were not escaped. */
char *percent_decode_twice(char *out, struct slice text);

/* Writes `text` with every byte but unreserved characters (section 2.3) as %HH in upper case, and returns the end. `out` has room for
 * 3 * text.len bytes. */
char *percent_encode(char *out, struct slice text);

#endif
