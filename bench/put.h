/* Appends text and numbers to a fixed buffer.
 *
 * snprintf costs 60 ns a number, and a line has forty of them; these cost a few each, so that making a corpus is
 * bound by the disk. Running out of room is a mistake of ours (no line comes near PUT_LINE_BYTES_MAX) and aborts.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_PUT_H
#define WHEREFROM_PUT_H

#include <stdint.h>
#include <string.h>

#include "base/check.h"

#define PUT_LINE_BYTES_MAX 8192 /* the longest line that a generator makes is under 2 KiB */

struct put {
    char *next; /* where the next byte goes */
    char *end;  /* first byte that is not ours */
};

static inline char *put_room(struct put *put, size_t bytes) {
    ASSERT((size_t)(put->end - put->next) >= bytes);
    char *room = put->next;
    put->next += bytes;
    return room;
}

static inline void put_char(struct put *put, char letter) {
    *put_room(put, 1) = letter;
}

static inline void put_bytes(struct put *put, const char *bytes, size_t length) {
    memcpy(put_room(put, length), bytes, length);
}

static inline void put_text(struct put *put, const char *text) {
    put_bytes(put, text, strlen(text));
}

static inline void put_number(struct put *put, uint64_t number) {
    char digits[20];
    size_t used = 0;
    do {
        digits[sizeof digits - ++used] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put_bytes(put, digits + sizeof digits - used, used);
}

/* Exactly `width` decimal digits, with leading zeros. */
static inline void put_digits(struct put *put, uint64_t number, uint32_t width) {
    char *room = put_room(put, width);
    for (uint32_t i = width; i-- > 0; number /= 10) room[i] = (char)('0' + number % 10);
}

/* The lowest `width` hex digits of `number`, width at most 16. */
static inline void put_hex(struct put *put, uint64_t number, uint32_t width) {
    char *room = put_room(put, width);
    for (uint32_t i = width; i-- > 0; number >>= 4) room[i] = "0123456789abcdef"[number & 15];
}

/* Hex without leading zeros, as one group of an IPv6 address is written. */
static inline void put_hex_short(struct put *put, uint32_t number) {
    uint32_t width = 1;
    while (width < 8 && number >> (4 * width) != 0) width++;
    put_hex(put, number, width);
}

/* Seconds with three decimals, as ALB writes durations. */
static inline void put_milliseconds(struct put *put, uint32_t milliseconds) {
    put_number(put, milliseconds / 1000);
    put_char(put, '.');
    put_digits(put, milliseconds % 1000, 3);
}

/* yyyy-mm-ddThh:mm:ss in UTC; `time_us` counts microseconds from 1970 and is not negative. The date goes by years that
 * begin in March, so that the day of a leap year comes last, in cycles of 400 years. */
static inline void put_time(struct put *put, int64_t time_us) {
    int64_t seconds = time_us / 1000000;
    int64_t days = seconds / 86400 + 719468; /* from 0000-03-01 */
    int64_t cycle = days / 146097, day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    year += cycle * 400 + (month <= 2);
    put_digits(put, (uint64_t)year, 4);
    put_char(put, '-');
    put_digits(put, (uint64_t)month, 2);
    put_char(put, '-');
    put_digits(put, (uint64_t)day + 1, 2);
    put_char(put, 'T');
    put_digits(put, (uint64_t)(seconds / 3600 % 24), 2);
    put_char(put, ':');
    put_digits(put, (uint64_t)(seconds / 60 % 60), 2);
    put_char(put, ':');
    put_digits(put, (uint64_t)(seconds % 60), 2);
}

/* The same with six decimals and a Z, as ALB and Classic ELB write it. */
static inline void put_time_us(struct put *put, int64_t time_us) {
    put_time(put, time_us);
    put_char(put, '.');
    put_digits(put, (uint64_t)(time_us % 1000000), 6);
    put_char(put, 'Z');
}

#endif
