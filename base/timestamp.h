/* Timestamps of logs: ISO 8601 / RFC 3339, NGINX's time_local, seconds and milliseconds since 1970.
 *
 * strptime and timegm cost 58 ns each; a log has few distinct days, so the day is remembered and the rest is
 * checked and summed sixteen bytes at a time (7 ns).
 *
 * All that is parsed lies in the years 1970 to 2261, which is what timestamp_format() takes and what fits 63 bits of nanoseconds; an
 * offset that leads out of them is refused. There is no leap second (OpenSearch takes none).
 *
 * Threads: a cache belongs to one worker. */
#ifndef WHEREFROM_TIMESTAMP_H
#define WHEREFROM_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define TIMESTAMP_TEXT_BYTES 30u /* 2025-12-01T00:00:01.500000000Z */

/* The day that was parsed or written last, in whatever form: one cache serves all functions. */
struct timestamp_cache {
    bool known;
    char day[11]; /* "2025-12-01T", "01/Dec/2025" */
    int64_t day_ns;
};

/* Parses all of `text`: YYYY-MM-DDTHH:MM:SS[.1-9 digits][Z], real calendar days. Sets *ns since 1970 UTC and *digits_len, the length
 * without the Z. */
bool timestamp_parse(struct slice text, struct timestamp_cache *cache, int64_t *ns, uint32_t *digits_len)
    __attribute__((warn_unused_result));

/* The same with a space or a T between day and time, and behind it a Z, an offset (RFC 3339 section 4.2: +01:00; ISO 8601 basic: +0100)
 * or nothing, which is UTC. */
bool timestamp_parse_zoned(struct slice text, struct timestamp_cache *cache, int64_t *ns)
    __attribute__((warn_unused_result));

/* All of `text` as DD/Mon/YYYY:HH:MM:SS[.1-9 digits][ +0100], months in English: NGINX's $time_local, Apache's %t without brackets,
 * HAProxy's %t and %T. UTC without an offset. */
bool timestamp_parse_local(struct slice text, struct timestamp_cache *cache, int64_t *ns)
    __attribute__((warn_unused_result));

/* YYYY-MM-DD in one text and HH:MM:SS[.1-9 digits] in another, UTC: W3C extended log files. */
bool timestamp_parse_date_clock(struct slice date, struct slice clock, struct timestamp_cache *cache, int64_t *ns)
    __attribute__((warn_unused_result));

/* All of `text` as seconds since 1970 with a fraction of 1-9 digits or none, from 2001-09-09 (long before there were flow logs: a smaller
 * number is some other number) to the end of 2261. With a fraction the seconds have no leading zeros. */
bool timestamp_parse_unix(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

/* The same in whole milliseconds. */
bool timestamp_parse_unix_ms(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

/* The same of seconds that are a number already. */
bool timestamp_from_unix(uint64_t seconds, int64_t *ns) __attribute__((warn_unused_result));

/* Writes `ns` (>= 0) with six digits behind the dot (nine when the last three are not 0) and a Z; returns the length. */
uint32_t timestamp_format(int64_t ns, struct timestamp_cache *cache, char out[TIMESTAMP_TEXT_BYTES]);

/* Days since 1970-01-01 of a Gregorian date; months and days must be valid. */
int64_t timestamp_days(int year, int month, int day);

#endif
