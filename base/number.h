/* Decimal numbers, both ways, without locale and without snprintf (58 ns against 5).
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_NUMBER_H
#define WHEREFROM_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUMBER_BYTES_MAX 20u /* digits of UINT64_MAX; also a minus and the digits of INT64_MIN */

uint32_t number_write_long(uint64_t value, char *out); /* from 10 on */

/* Writes `value` and returns the number of characters. `out` has NUMBER_BYTES_MAX bytes, all of which may be written. */
static inline uint32_t number_write(uint64_t value, char *out) {
    if (value >= 10) return number_write_long(value, out);
    *out = (char)('0' + value);
    return 1;
}

/* All of `text` as an integer 0..2^63-1 (leading zeros allowed). False if it is anything else. */
bool number_parse(struct slice text, uint64_t *value) __attribute__((warn_unused_result));

/* The upper bit of every byte of a word that is no digit: what is above '9' reaches it when 0x46 is added, what is below '0' when
 * 0x30 is taken away. Exact up to the first such byte; only bytes behind it can be wrong, by a carry. */
static inline uint64_t number_word_others(uint64_t word) {
    return ((word + 0x4646464646464646u) | (word - 0x3030303030303030u)) & 0x8080808080808080u;
}

/* Whether the first `count` (1..8) bytes at `text` are digits; reads eight bytes. */
static inline bool number_digits_8(const char *text, size_t count) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return number_word_others(word) << (64 - 8 * count) == 0;
}

/* 0..15 of a hexadecimal digit in either case, -1 of anything else. */
static inline int number_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Whether `text` is an integer that can stand in JSON as it is and fits an OpenSearch `long`: no leading zero. */
static inline bool number_is_plain_integer(struct slice text) {
    if (text.len == 0 || text.len > 18 || (text.ptr[0] == '0' && text.len > 1)) return false;
    unsigned bad = 0;
    for (size_t i = 0; i < text.len; i++) bad |= (unsigned)(unsigned char)(text.ptr[i] - '0') > 9;
    return bad == 0;
}

/* The same, and reads up to eight bytes behind `text`. */
static inline bool number_is_plain_integer_padded(struct slice text) {
    if (text.len - 1 >= 8) return number_is_plain_integer(text);
    return (text.ptr[0] != '0' || text.len == 1) && number_digits_8(text.ptr, text.len);
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

/* The same, and reads up to eight bytes behind `text`; fast for "0.001". */
static inline bool number_is_plain_decimal_padded(struct slice text) {
    if (text.len < 3 || text.len > 10 || text.ptr[1] != '.') return number_is_plain_decimal(text);
    return (unsigned)(unsigned char)(text.ptr[0] - '0') <= 9 && number_digits_8(text.ptr + 2, text.len - 2);
}

/* Decimal seconds to nanoseconds; at most nine digits behind the dot count. False if it is no plain decimal or too large. */
bool number_seconds_to_ns(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

/* The same of whole milliseconds; a plus in front (HAProxy: more was to come) is allowed. */
bool number_milliseconds_to_ns(struct slice text, int64_t *ns) __attribute__((warn_unused_result));

#endif
