/* Lines and messages in a connection's bytes.
 *
 * Threads: pure functions. */
#include "ingest/frames.h"

#include <string.h>

#define COUNT_DIGITS_MAX 10u

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits of a count at `bytes`: at most COUNT_DIGITS_MAX, 0 when there is none. */
static size_t count_digits(const char *bytes, size_t bytes_count) {
    size_t digits = 0;
    while (digits < bytes_count && digits < COUNT_DIGITS_MAX && is_digit(bytes[digits])) digits++;
    return digits > 0 && bytes[0] == '0' ? 0 : digits;
}

/* FRAMING_UNKNOWN: too few bytes to tell. */
static enum framing recognise(const char *bytes, size_t bytes_count) {
    size_t at = count_digits(bytes, bytes_count);
    if (at == bytes_count) return FRAMING_UNKNOWN;
    if (at == 0 || bytes[at] != ' ') return FRAMING_LINES;
    if (at + 1 < bytes_count && bytes[at + 1] != '<') return FRAMING_LINES;
    if (at + 2 < bytes_count) return is_digit(bytes[at + 2]) ? FRAMING_OCTETS : FRAMING_LINES;
    return FRAMING_UNKNOWN;
}

static void join_lines(char *text, size_t bytes) {
    for (char *end = text + bytes; (text = memchr(text, '\n', (size_t)(end - text))) != NULL;) *text = ' ';
}

/* The first bytes of a line or message that has more than a line may have. */
static enum frames_result found_too_long(struct frames *frames, size_t bytes_max, struct frames_piece *piece) {
    size_t bytes = (size_t)frames->line_bytes_max + 2;
    if (bytes > bytes_max) return FRAMES_FULL;
    frames->skipping = true;
    frames->seen = 0;
    piece->end = piece->start + bytes;
    piece->lines = 1;
    piece->too_long = true;
    return FRAMES_FOUND;
}

static enum frames_result next_lines(struct frames *frames, const char *bytes, size_t bytes_count, size_t bytes_max,
                                     struct frames_piece *piece) {
    const uint32_t lines_max = piece->lines;
    const size_t length_max = (size_t)frames->line_bytes_max + 1; /* with its CR */
    size_t from = frames->seen;                                   /* where an LF is looked for */
    piece->lines = 0;
    if (frames->skipping) {
        const char *newline = memchr(bytes, '\n', bytes_count);
        frames->skipping = newline == NULL;
        piece->start = piece->end = from = newline == NULL ? bytes_count : (size_t)(newline + 1 - bytes);
    }
    while (piece->lines < lines_max) {
        const char *newline = from < bytes_count ? memchr(bytes + from, '\n', bytes_count - from) : NULL;
        size_t line_end = newline != NULL ? (size_t)(newline - bytes) : bytes_count;
        if (line_end - piece->end > length_max) {
            if (piece->lines > 0) break;
            return found_too_long(frames, bytes_max, piece);
        }
        if (newline == NULL) break;
        if (line_end + 1 - piece->start > bytes_max) {
            if (piece->lines > 0) break;
            return FRAMES_FULL;
        }
        from = piece->end = line_end + 1;
        piece->lines++;
    }
    frames->seen = piece->lines > 0 ? 0 : bytes_count - piece->end;
    return piece->lines > 0 ? FRAMES_FOUND : FRAMES_MORE;
}

static enum frames_result next_message(struct frames *frames, char *bytes, size_t bytes_count, size_t bytes_max,
                                       struct frames_piece *piece) {
    size_t at = frames->skip_bytes < bytes_count ? (size_t)frames->skip_bytes : bytes_count;
    frames->skip_bytes -= at;
    frames->skipping = frames->skip_bytes > 0;
    while (at < bytes_count && (bytes[at] == '\n' || bytes[at] == '\r')) at++; /* some send a line's end, too */
    piece->start = piece->end = at;
    piece->lines = 0;
    size_t digits = count_digits(bytes + at, bytes_count - at);
    if (at + digits == bytes_count) return FRAMES_MORE;
    if (digits == 0 || bytes[at + digits] != ' ') return FRAMES_BAD;
    uint64_t count = 0;
    for (size_t i = 0; i < digits; i++) count = 10 * count + (uint64_t)(bytes[at + i] - '0');
    size_t text = at + digits + 1, bytes_there = bytes_count - text;
    bool too_long = count > (uint64_t)frames->line_bytes_max + 2;
    if (bytes_there < (too_long ? (uint64_t)frames->line_bytes_max + 2 : count)) return FRAMES_MORE;
    if (!too_long && count > bytes_max) return FRAMES_FULL;
    piece->start = text;
    if (too_long) {
        if (found_too_long(frames, bytes_max, piece) == FRAMES_FULL) {
            piece->start = piece->end = at;
            return FRAMES_FULL;
        }
        frames->skip_bytes = count - (piece->end - text);
    } else {
        piece->end = text + (size_t)count;
        piece->lines = 1;
    }
    join_lines(bytes + text, piece->end - text - 1);
    return FRAMES_FOUND;
}

enum frames_result frames_next(struct frames *frames, char *bytes, size_t bytes_count, size_t bytes_max,
                               struct frames_piece *piece) {
    piece->start = piece->end = 0;
    piece->too_long = false;
    if (frames->framing == FRAMING_UNKNOWN) frames->framing = recognise(bytes, bytes_count);
    if (frames->framing == FRAMING_LINES) return next_lines(frames, bytes, bytes_count, bytes_max, piece);
    if (frames->framing == FRAMING_OCTETS) return next_message(frames, bytes, bytes_count, bytes_max, piece);
    piece->lines = 0;
    return FRAMES_MORE;
}

bool frames_rest(const struct frames *frames, char *bytes, size_t bytes_count, bool *whole) {
    *whole = frames->framing != FRAMING_OCTETS;
    if (bytes_count == 0) return false;
    if (!*whole) join_lines(bytes, bytes_count);
    return true;
}
