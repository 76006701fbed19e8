/* Decimal numbers. Two digits at a time from a table of pairs: half the divisions.
 *
 * Threads: pure functions. */
#include "base/number.h"

static const char pairs[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

uint32_t number_write(uint64_t value, char *out) {
    char digits[NUMBER_BYTES_MAX];
    uint32_t at = NUMBER_BYTES_MAX;
    while (value >= 100) {
        at -= 2;
        memcpy(digits + at, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + 2 * value, 2);
    } else {
        digits[--at] = (char)('0' + value);
    }
    memcpy(out, digits + at, NUMBER_BYTES_MAX - at);
    return NUMBER_BYTES_MAX - at;
}

bool number_parse(struct slice text, uint64_t *value) {
    if (text.len == 0) return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
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
