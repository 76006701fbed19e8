/* Decimal numbers, both ways, without locale and without snprintf (58 ns against 5).
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_NUMBER_H
#define WHEREFROM_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUMBER_BYTES_MAX 20u /* digits of UINT64_MAX; also a minus and the digits of INT64_MIN */

/* Writes `value` and returns the number of characters (1..NUMBER_BYTES_MAX). */
uint32_t number_write(uint64_t value, char *out);

/* All of `text` as an integer 0..2^63-1 (leading zeros allowed). False if it is anything else. */
bool number_parse(struct slice text, uint64_t *value) __attribute__((warn_unused_result));

/* Whether `text` is an integer that can stand in JSON as it is and fits an OpenSearch `long`: no leading zero. */
static inline bool number_is_plain_integer(struct slice text) {
    if (text.len == 0 || text.len > 18 || (text.ptr[0] == '0' && text.len > 1)) return false;
    unsigned bad = 0;
    for (size_t i = 0; i < text.len; i++) bad |= (unsigned)(unsigned char)(text.ptr[i] - '0') > 9;
    return bad == 0;
}

/* Whether `text` is digits, a dot and digits: a non-negative decimal that can stand in JSON as it is. */
static inline bool number_is_plain_decimal(struct slice text) {
    size_t dots = 0, dot = text.len;
    unsigned bad = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.') {
            dots++;
            dot = i;
        } else {
            bad |= (unsigned)(unsigned char)(text.ptr[i] - '0') > 9;
        }
    }
    return bad == 0 && dots <= 1 && text.len <= 24 && dot > 0 && dot != text.len - 1 && text.len > 0 &&
           (text.ptr[0] != '0' || dot == 1 || text.len == 1);
}

/* Decimal seconds to nanoseconds; at most nine digits behind the dot count. False if it is no plain decimal or too large. */
bool number_seconds_to_ns(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

#endif
