/* Decimal numbers, both ways, without locale and without snprintf (58 ns against 5).
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_NUMBER_H
#define WHEREFROM_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUMBER_BYTES_MAX 20u /* digits of UINT64_MAX; also a minus and the digits of INT64_MIN */

#define NUMBER_ZEROS 0x3030303030303030u /* "00000000" */

/* The eight digits of `value` (below 10^8) as numbers 0-9, the first one lowest. Each step halves the lanes: quotient to the
 * lower half, remainder to the upper. The factors are 2^20 / 100 and 2^10 / 10, rounded up: exact for what a lane can hold. */
static inline uint64_t number_eight_digits(uint32_t value) {
    uint64_t fours = value / 10000 + ((uint64_t)(value % 10000) << 32);
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007fu;
    uint64_t pairs = hundreds + ((fours - 100 * hundreds) << 16);
    uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000fu;
    return tens + ((pairs - 10 * tens) << 8);
}

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

/* The value of the first `count` (1..8) bytes at `text`, all digits; reads eight bytes. Neighbours are put together three times: to
 * pairs, fours and eight, the earlier one times 10, 100 and 10000. */
static inline uint64_t number_of_8(const char *text, size_t count) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    word = (word << (64 - 8 * count)) & 0x0f0f0f0f0f0f0f0fu; /* zeros in front of fewer than eight */
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
    return (word * 10000 + (word >> 32)) & 0xffffffffu;
}

/* number_parse that reads up to eight bytes behind `text`. */
static inline bool number_parse_padded(struct slice text, uint64_t *value) {
    if (text.len - 1 >= 8) return number_parse(text, value);
    if (!number_digits_8(text.ptr, text.len)) return false;
    *value = number_of_8(text.ptr, text.len);
    return true;
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
