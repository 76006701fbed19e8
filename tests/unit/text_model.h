/* What happens to a text between a log line and JSON, by the book and slowly: AWS's escapes, UTF-8 (RFC 3629), JSON
 * strings (RFC 8259). Written apart from base/json.c, to be compared with it.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_TEXT_MODEL_H
#define WHEREFROM_TEXT_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

/* Value of `count` hexadecimal digits in front of `end`, -1 if they are not there. */
static inline int32_t text_model_hex(const char *text, const char *end, int count) {
    int32_t value = 0;
    if (end - text < count) return -1;
    for (int i = 0; i < count; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF",
                   *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL) return -1;
        value = value * 16 + (int32_t)((digit - digits) % 16);
    }
    return value;
}

/* Takes AWS's escapes apart: \xHH, \x000000HH, \" and \\; anything else stands for itself. `out` has text.len bytes. */
static inline size_t text_model_unescape(struct slice text, char *out) {
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t bytes = 0;
    while (at < end) {
        bool escape = *at == '\\' && end - at >= 2;
        if (escape && at[1] == 'x' && end - at >= 10 && memcmp(at + 2, "000000", 6) == 0 &&
            text_model_hex(at + 8, end, 2) >= 0) {
            out[bytes++] = (char)text_model_hex(at + 8, end, 2);
            at += 10;
        } else if (escape && at[1] == 'x' && text_model_hex(at + 2, end, 2) >= 0) {
            out[bytes++] = (char)text_model_hex(at + 2, end, 2);
            at += 4;
        } else if (escape && (at[1] == '"' || at[1] == '\\')) {
            out[bytes++] = at[1];
            at += 2;
        } else {
            out[bytes++] = *at++;
        }
    }
    return bytes;
}

/* Writes a code point (no surrogate) as UTF-8; returns its 1 to 4 bytes. */
static inline size_t text_model_put(uint32_t point, char out[4]) {
    static const uint32_t leads[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = bytes; i-- > 1; point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(leads[bytes] | point);
    return bytes;
}

/* Length of the character at the start of `text` (len >= 1), 0 if there is none: the sequence is well-formed when
 * writing the code point that it stands for gives the same bytes. */
static inline size_t text_model_character(struct slice text) {
    const unsigned char *byte = (const unsigned char *)text.ptr;
    static const unsigned char lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char again[4];
    for (size_t bytes = 1; bytes <= 4 && bytes <= text.len; bytes++) {
        uint32_t point = byte[0] & lead_bits[bytes];
        for (size_t i = 1; i < bytes; i++) point = point << 6 | (byte[i] & 0x3fu);
        bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        if (scalar && text_model_put(point, again) == bytes && memcmp(again, byte, bytes) == 0) return bytes;
    }
    return 0;
}

/* Replaces each byte that belongs to no character by U+FFFD. `out` has 3 * text.len bytes. */
static inline size_t text_model_repair(struct slice text, char *out, bool *lossy) {
    size_t bytes = 0;
    for (size_t at = 0; at < text.len;) {
        size_t character = text_model_character((struct slice){text.ptr + at, text.len - at});
        memcpy(out + bytes, character > 0 ? text.ptr + at : "\xef\xbf\xbd", character > 0 ? character : 3);
        bytes += character > 0 ? character : 3;
        at += character > 0 ? character : 1;
        *lossy = *lossy || character == 0;
    }
    return bytes;
}

/* Takes the escapes of a JSON string apart, given without its quotes. `out` has text.len bytes. False if it is not what
 * may stand between quotes: a control byte, a quote, an unknown escape, half a surrogate pair, bytes that are not UTF-8. */
static inline bool text_model_decode(struct slice text, char *out, size_t *bytes) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = text.ptr, *end = text.ptr + text.len;
    *bytes = 0;
    while (at < end) {
        if ((unsigned char)*at < 0x20 || *at == '"') return false;
        if (*at != '\\') {
            size_t character = text_model_character((struct slice){at, (size_t)(end - at)});
            if (character == 0) return false;
            memcpy(out + *bytes, at, character);
            *bytes += character;
            at += character;
            continue;
        }
        if (end - at < 2) return false;
        const char *name = at[1] == '\0' ? NULL : strchr(names, at[1]);
        if (name != NULL) {
            out[(*bytes)++] = values[name - names];
            at += 2;
            continue;
        }
        int32_t point = at[1] == 'u' ? text_model_hex(at + 2, end, 4) : -1, low;
        if (point < 0) return false;
        at += 6;
        if (point >= 0xd800 && point <= 0xdfff) {
            if (point > 0xdbff || end - at < 2 || at[0] != '\\' || at[1] != 'u') return false;
            low = text_model_hex(at + 2, end, 4);
            if (low < 0xdc00 || low > 0xdfff) return false;
            point = 0x10000 + (point - 0xd800) * 0x400 + (low - 0xdc00);
            at += 6;
        }
        *bytes += text_model_put((uint32_t)point, out + *bytes);
    }
    return true;
}

#endif
