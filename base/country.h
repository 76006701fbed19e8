/* Countries as numbers: the two bytes of an ISO 3166-1 alpha-2 code, so that they compare, sort and index like any other number.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_COUNTRY_H
#define WHEREFROM_COUNTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define COUNTRY_NONE 0u
#define COUNTRY_LEAST 12336u /* "00": all codes are letters or digits, some databases have codes of their own (XK) */
#define COUNTRY_MOST 31354u  /* "zz" */

static inline bool country_is_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* COUNTRY_NONE for what is no code. */
static inline uint16_t country_number(struct slice code) {
    if (code.len != 2 || !country_is_byte(code.ptr[0]) || !country_is_byte(code.ptr[1])) return COUNTRY_NONE;
    return (uint16_t)((unsigned char)code.ptr[0] << 8 | (unsigned char)code.ptr[1]);
}

/* The code of a number that is one, with a NUL. */
struct country_code {
    char text[3];
};
static inline struct country_code country_code(uint16_t number) {
    return (struct country_code){{(char)(number >> 8), (char)(number & 0xff), '\0'}};
}

#define COUNTRY_KOSOVO ((uint16_t)('X' << 8 | 'K'))

/* The codes of ISO 3166-1 in order, from 0; COUNTRY_NONE behind the last one. */
uint16_t country_iso(uint32_t index);

/* Whether it is one of them, or COUNTRY_KOSOVO. */
bool country_is_known(uint16_t number);

#endif
