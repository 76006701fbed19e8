/* UTC timestamps of AWS logs: ISO 8601 / RFC 3339 with `T`, whole or fractional seconds, with or without `Z`.
 *
 * strptime and timegm cost 58 ns each; a log has few distinct days, so the day is remembered and the rest is
 * checked and summed sixteen bytes at a time (7 ns).
 *
 * Threads: a cache belongs to one worker. */
#ifndef WHEREFROM_TIMESTAMP_H
#define WHEREFROM_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define TIMESTAMP_TEXT_BYTES 30u /* 2025-12-01T00:00:01.500000000Z */

struct timestamp_cache {
    bool known;
    char day[11]; /* "2025-12-01T" */
    int64_t day_ns;
};

/* Parses all of `text`: YYYY-MM-DDTHH:MM:SS[.1-9 digits][Z], years 1970-2261, real calendar days, no leap second (OpenSearch
 * takes none). Sets *ns since 1970 UTC and *digits_len, the length without the Z. */
bool timestamp_parse(struct slice text, struct timestamp_cache *cache, int64_t *ns, uint32_t *digits_len)
    __attribute__((warn_unused_result));

/* All of `text` as whole seconds since 1970, from 2001-09-09 (long before there were flow logs: a smaller number is some other number)
 * to the end of 2261. */
bool timestamp_parse_unix(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

/* Writes `ns` (>= 0) with six digits behind the dot (nine when the last three are not 0) and a Z; returns the length. */
uint32_t timestamp_format(int64_t ns, char out[TIMESTAMP_TEXT_BYTES]);

/* Days since 1970-01-01 of a Gregorian date; months and days must be valid. */
int64_t timestamp_days(int year, int month, int day);

#endif
