/* JSON text, written: RFC 8259 strings out of untrusted bytes.
 *
 * What is written is always valid UTF-8: a byte that does not belong to a well-formed sequence (RFC 3629: no
 * surrogates, no overlong forms) becomes U+FFFD.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_JSON_H
#define WHEREFROM_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lanes.h"
#include "base/slice.h"

#define JSON_EXPANSION 6u /* a byte becomes \u00XX at the worst */

/* How bytes of the text are to be read before they are escaped. */
enum json_source {
    JSON_VERBATIM,
    JSON_AWS_ESCAPES /* \xHH, and the old \x000000HH, stand for bytes (undocumented by AWS; NGINX's escape=default) */
};

/* Of sixteen bytes those that need care, a bit each: control characters, quotes, backslashes, and all of UTF-8 beyond ASCII. */
static inline uint32_t json_odd_bytes(bytes16 bytes) {
    typedef int8_t signed16 __attribute__((vector_size(16)));
    return lanes_bits((bytes16)((signed16)bytes < 0x20) | (bytes16)(bytes == '"') | (bytes16)(bytes == '\\'));
}

/* Whether `text` stands in JSON as it is; reads up to 15 bytes behind it. */
static inline bool json_is_plain_padded(struct slice text) {
    for (size_t i = 0; i < text.len; i += 16) {
        uint32_t odd = json_odd_bytes(lanes_load(text.ptr + i));
        if (odd != 0) return i + (size_t)__builtin_ctz(odd) >= text.len;
    }
    return true;
}

/* Writes `text` escaped, without the quotes around it, and returns the end. At most JSON_EXPANSION bytes are written per
 * byte of text; some of them may lie behind the end. `*lossy` is set when a byte had to be replaced, and never cleared. */
char *json_escape(char *out, struct slice text, enum json_source source, bool *lossy);

/* The same with quotes around it. */
char *json_quote(char *out, struct slice text, enum json_source source, bool *lossy);

/* Length of the well-formed UTF-8 sequence at the start of `text` (len >= 1), 0 if there is none. */
uint32_t json_utf8_sequence(struct slice text);

/* Whether all of `text` is well-formed UTF-8. */
bool json_utf8_valid(struct slice text);

#endif
