/* Percent-encoding. Sixteen bytes are copied at a time and those behind the next % are copied over: the user agents of CloudFront
 * have one every ten or twenty bytes, for which calling memchr and memcpy takes longer than looking.
 *
 * Threads: pure functions. */
#include "base/percent.h"

#include <string.h>

#include "base/lanes.h"
#include "base/number.h"

/* The byte that the two digits at `text` stand for; -1 when they are none. */
static inline int hex_byte(const char *text, const char *end) {
    if (end - text < 2) return -1;
    int high = number_hex_digit(text[0]), low = number_hex_digit(text[1]);
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

/* Copies up to the next % or the end; returns how many bytes. */
static inline size_t copy_plain(char *out, const char *text, const char *end) {
    const char *from = text;
    while (end - text >= 16) {
        bytes16 bytes = lanes_load(text);
        memcpy(out + (text - from), &bytes, sizeof bytes);
        uint32_t found = lanes_bits((bytes16)(bytes == '%'));
        if (found != 0) return (size_t)(text - from) + (size_t)__builtin_ctz(found);
        text += 16;
    }
    for (; text < end && *text != '%'; text++) out[text - from] = *text;
    return (size_t)(text - from);
}

static inline char *decode(char *out, struct slice slice, bool twice) {
    const char *text = slice.ptr, *end = text + slice.len;
    for (;;) {
        size_t bytes = copy_plain(out, text, end);
        out += bytes;
        text += bytes;
        if (text == end) return out;
        int byte = hex_byte(++text, end), inner = -1;
        if (byte >= 0) text += 2;
        if (twice && byte == '%') inner = hex_byte(text, end);
        if (inner >= 0) text += 2;
        *out++ = (char)(inner >= 0 ? inner : byte >= 0 ? byte : '%');
    }
}

char *percent_decode(char *out, struct slice text) {
    return decode(out, text, false);
}

char *percent_decode_twice(char *out, struct slice text) {
    return decode(out, text, true);
}

char *percent_encode(char *out, struct slice text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i], letter = byte | 0x20;
        if ((byte >= '0' && byte <= '9') || (letter >= 'a' && letter <= 'z') || memchr("-._~", byte, 4) != NULL) {
            *out++ = (char)byte;
        } else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    return out;
}
