/* JSON strings. Only texts with a byte that needs care come here; the rest is copied.
 *
 * Escapes of AWS are decoded first, since the bytes of one character come as several escapes: "\xEC\x97\x90" is one
 * Hangul syllable. Decoding keeps or shrinks the length, so it happens in a window of four bytes at a time.
 *
 * Threads: pure functions. */
#include "base/json.h"

#include "base/number.h"

static int hex_byte(const char *text) {
    int high = number_hex_digit(text[0]), low = number_hex_digit(text[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* The next byte of the text, escapes taken apart. Eight digits count as one escape only when the first six are zero:
 * "\x22" followed by text that looks like hex is far more common. */
static unsigned char next_byte(struct slice *text, enum json_source source) {
    const char *p = text->ptr;
    size_t used = 1;
    unsigned char byte = (unsigned char)p[0];
    if (source == JSON_AWS_ESCAPES && byte == '\\' && text->len >= 4 && p[1] == 'x') {
        int value = hex_byte(p + 2);
        if (value == 0 && text->len >= 10 && memcmp(p + 2, "000000", 6) == 0 && hex_byte(p + 8) >= 0) {
            byte = (unsigned char)hex_byte(p + 8);
            used = 10;
        } else if (value >= 0) {
            byte = (unsigned char)value;
            used = 4;
        }
    } else if (source == JSON_AWS_ESCAPES && byte == '\\' && text->len >= 2 && (p[1] == '"' || p[1] == '\\')) {
        byte = (unsigned char)p[1];
        used = 2;
    }
    text->ptr += used;
    text->len -= used;
    return byte;
}

uint32_t json_utf8_sequence(struct slice text) {
    const unsigned char *p = (const unsigned char *)text.ptr;
    unsigned char lead = p[0];
    if (lead < 0x80) return 1;
    uint32_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                      : (lead & 0xf0) == 0xe0        ? 3
                      : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                     : 0;
    if (length == 0 || text.len < length) return 0;
    for (uint32_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    /* RFC 3629 section 4: overlong forms, surrogates, beyond U+10FFFF */
    if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) || (lead == 0xf0 && p[1] < 0x90) ||
        (lead == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

bool json_utf8_valid(struct slice text) {
    while (text.len > 0) {
        uint32_t length = json_utf8_sequence(text);
        if (length == 0) return false;
        text.ptr += length;
        text.len -= length;
    }
    return true;
}

static char *put_ascii(char *out, unsigned char byte) {
    static const char digits[] = "0123456789abcdef";
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
        *out++ = (char)byte;
        return out;
    }
    *out++ = '\\';
    switch (byte) {
    case '"':
    case '\\': *out++ = (char)byte; break;
    case '\n': *out++ = 'n'; break;
    case '\r': *out++ = 'r'; break;
    case '\t': *out++ = 't'; break;
    case '\b': *out++ = 'b'; break;
    case '\f': *out++ = 'f'; break;
    default:
        memcpy(out, "u00", 3);
        out[3] = digits[byte >> 4];
        out[4] = digits[byte & 15];
        out += 5;
    }
    return out;
}

/* Moves what needs no care, sixteen bytes at a time, up to the first byte that does or the last fifteen of the text. Writes as many as
 * it reads, for which there is room. */
static inline char *copy_plain(char *out, struct slice *text) {
    while (text->len >= sizeof(bytes16)) {
        bytes16 bytes = lanes_load(text->ptr);
        uint32_t odd = json_odd_bytes(bytes), plain = odd != 0 ? (uint32_t)__builtin_ctz(odd) : sizeof bytes;
        memcpy(out, &bytes, sizeof bytes);
        text->ptr += plain;
        text->len -= plain;
        out += plain;
        if (odd != 0) break;
    }
    return out;
}

static bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

char *json_escape(char *out, struct slice text, enum json_source source, bool *lossy) {
    unsigned char window[4]; /* decoded bytes that may start a character */
    size_t have = 0;
    while (have > 0 || text.len > 0) {
        /* most bytes of an odd text are plain ones, too */
        if (have == 0) out = copy_plain(out, &text);
        while (have == 0 && text.len > 0 && is_plain((unsigned char)text.ptr[0])) {
            *out++ = *text.ptr++;
            text.len--;
        }
        if (have == 0 && text.len == 0) break;
        while (have < sizeof window && text.len > 0) window[have++] = next_byte(&text, source);
        size_t used = 1;
        if (window[0] < 0x80) {
            out = put_ascii(out, window[0]);
        } else {
            used = json_utf8_sequence((struct slice){(const char *)window, have});
            if (used > 0) {
                memcpy(out, window, used);
                out += used;
            } else {
                memcpy(out, "\xef\xbf\xbd", 3);
                out += 3;
                used = 1;
                *lossy = true;
            }
        }
        have -= used;
        memmove(window, window + used, have);
    }
    return out;
}

char *json_quote(char *out, struct slice text, enum json_source source, bool *lossy) {
    *out++ = '"';
    out = json_escape(out, text, source, lossy);
    *out++ = '"';
    return out;
}
