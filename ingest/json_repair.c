/* Repairs, byte by byte: few lines come here.
 *
 * Outside of strings a backslash is an error that remains one, so where strings begin and end does not matter.
 *
 * Threads: pure functions. */
#include "ingest/json_repair.h"

#include "base/json.h"

#define ESCAPE_BYTES 6u /* \uXXXX */

/* The UTF-16 unit of the \uXXXX at the start of `text`, -1 if there is none. */
static int32_t escaped_unit(struct slice text) {
    if (text.len < ESCAPE_BYTES || text.ptr[0] != '\\' || text.ptr[1] != 'u') return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < ESCAPE_BYTES; i++) {
        char c = text.ptr[i];
        int32_t digit = c >= '0' && c <= '9'                     ? c - '0'
                        : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                 : -1;
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int32_t unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Bytes of the escape at the start of `text` that are one character, at most a pair; `*half`: it is half of one. */
static size_t escape_bytes(struct slice text, bool *half) {
    int32_t unit = escaped_unit(text);
    if (unit < 0) return text.len >= 2 && (unsigned char)text.ptr[1] < 0x80 ? 2 : 1;
    if (is_high(unit) && is_low(escaped_unit((struct slice){text.ptr + ESCAPE_BYTES, text.len - ESCAPE_BYTES})))
        return 2u * ESCAPE_BYTES;
    *half = is_high(unit) || is_low(unit);
    return ESCAPE_BYTES;
}

char *json_repair(char *out, struct slice text, bool *repaired) {
    while (text.len > 0) {
        bool half = false;
        size_t bytes = text.ptr[0] == '\\' ? escape_bytes(text, &half) : json_utf8_sequence(text);
        if (half) {
            memcpy(out, "\\ufffd", ESCAPE_BYTES);
            out += ESCAPE_BYTES;
        } else if (bytes == 0) {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
        } else {
            memcpy(out, text.ptr, bytes);
            out += bytes;
        }
        *repaired = *repaired || half || bytes == 0;
        if (bytes == 0) bytes = 1;
        text.ptr += bytes;
        text.len -= bytes;
    }
    return out;
}
