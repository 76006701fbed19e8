/* Decimal numbers. Two digits at a time from a table of pairs: half the divisions.
 *
 * Threads: pure functions. */
#include "base/number.h"

static const char pairs[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* Digits of `value` (>= 1): the bits give a guess that one comparison corrects. */
static uint32_t count_digits(uint64_t value) {
    static const uint64_t powers[20] = {0,
                                        10,
                                        100,
                                        1000,
                                        10000,
                                        100000,
                                        1000000,
                                        10000000,
                                        100000000,
                                        1000000000,
                                        10000000000,
                                        100000000000,
                                        1000000000000,
                                        10000000000000,
                                        100000000000000,
                                        1000000000000000,
                                        10000000000000000,
                                        100000000000000000,
                                        1000000000000000000,
                                        10000000000000000000u};
    uint32_t guess = (uint32_t)(64 - __builtin_clzll(value)) * 1233 >> 12;
    return guess + (value >= powers[guess]);
}

uint32_t number_write_long(uint64_t value, char *out) {
    uint32_t digits = count_digits(value);
    char *at = out + digits;
    while (value >= 100) {
        uint64_t rest = value / 100;
        at -= 2;
        memcpy(at, pairs + 2 * (value - 100 * rest), 2);
        value = rest;
    }
    if (value >= 10)
        memcpy(out, pairs + 2 * value, 2);
    else
        *out = (char)('0' + value);
    return digits;
}

bool number_parse(struct slice text, uint64_t *value) {
    if (text.len == 0) return false;
    uint64_t sum = 0;
    size_t i = 0;
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
