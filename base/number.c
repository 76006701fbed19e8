/* Decimal numbers. Written eight digits at a time, without a loop and with one division by 10^8 at most per eight.
 *
 * Threads: pure functions. */
#include "base/number.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first digit must be the lowest byte of a word");

#define EIGHT_DIGITS 100000000u

static __attribute__((noinline)) uint32_t write_nine_or_more(uint64_t value, char *out) {
    uint32_t head = number_write(value / EIGHT_DIGITS, out);
    uint64_t digits = number_eight_digits((uint32_t)(value % EIGHT_DIGITS)) | NUMBER_ZEROS;
    memcpy(out + head, &digits, sizeof digits);
    return head + 8;
}

uint32_t number_write_long(uint64_t value, char *out) {
    if (value >= EIGHT_DIGITS) return write_nine_or_more(value, out);
    uint64_t digits = number_eight_digits((uint32_t)value);
    uint32_t zeros = (uint32_t)__builtin_ctzll(digits) / 8;
    digits = (digits | NUMBER_ZEROS) >> (8 * zeros);
    memcpy(out, &digits, sizeof digits);
    return 8 - zeros;
}

bool number_parse(struct slice text, uint64_t *value) {
    if (text.len == 0) return false;
    uint64_t sum = 0;
    size_t i = 0;
    if (text.len >= 8) {
        if (!number_digits_8(text.ptr, 8)) return false;
        sum = number_of_8(text.ptr, 8);
        i = 8;
    }
    for (; i < text.len && i < 18; i++) { /* cannot overflow */
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9) return false;
        sum = sum * 10 + digit;
    }
    for (; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9 || sum > ((uint64_t)INT64_MAX - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool number_seconds_to_ns(struct slice text, int64_t *ns) {
    if (!number_is_plain_decimal(text)) return false;
    uint64_t whole = 0, fraction = 0, scale = 1000000000;
    size_t i = 0;
    for (; i < text.len && text.ptr[i] != '.'; i++) {
        whole = whole * 10 + (uint64_t)(text.ptr[i] - '0');
        if (whole > 1000000000) return false; /* 31 years */
    }
    for (i++; i < text.len && scale > 1; i++) {
        scale /= 10;
        fraction += scale * (uint64_t)(text.ptr[i] - '0');
    }
    *ns = (int64_t)(whole * 1000000000 + fraction);
    return true;
}

bool number_milliseconds_to_ns(struct slice text, int64_t *ns) {
    uint64_t value;
    if (text.len > 1 && text.ptr[0] == '+') text.ptr++, text.len--;
    if (!number_parse(text, &value) || value > 1000000000000u) return false; /* 31 years */
    *ns = (int64_t)value * 1000000;
    return true;
}
