/* One line of the rejects file: what was wrong, where, and the line itself, so that it can be sent again.
 *
 * `original` is there when the line is UTF-8, else `original_base64`; both are cut at REJECT_ORIGINAL_BYTES_MAX.
 * The time is the record's own when it could be read: the same input gives the same bytes.
 *
 * Threads: pure function. */
#define _GNU_SOURCE /* mempcpy */
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/disguise_text.h"
#include "sinks/reject_origin.h"

static char *put(char *out, struct slice text) {
    memcpy(out, text.ptr, text.len);
    return out + text.len;
}

static char *put_base64(char *out, struct slice text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < text.len; i += 3) {
        size_t left = text.len - i;
        uint32_t word = (uint32_t)(unsigned char)text.ptr[i] << 16;
        if (left > 1) word |= (uint32_t)(unsigned char)text.ptr[i + 1] << 8;
        if (left > 2) word |= (unsigned char)text.ptr[i + 2];
        out[0] = digits[word >> 18];
        out[1] = digits[word >> 12 & 63];
        out[2] = left > 1 ? digits[word >> 6 & 63] : '=';
        out[3] = left > 2 ? digits[word & 63] : '=';
        out += 4;
    }
    return out;
}

/* "column client:port: expected an address and port, found \"x\"" */
static char *put_detail(char *out, const struct rejected *rejected) {
    bool lossy = false;
    if (rejected->said.ptr != NULL) return json_escape(out, rejected->said, JSON_VERBATIM, &lossy);
    if (rejected->column != NULL) {
        out = put(out, SLICE("column "));
        out = put(out, slice_from(rejected->column));
        out = put(out, SLICE(": "));
    }
    out = put(out, SLICE("expected "));
    out = json_escape(out, slice_from(rejected->expected), JSON_VERBATIM, &lossy); /* may show quotes */
    if (rejected->found.ptr != NULL) {
        struct slice found = rejected->found;
        if (found.len > DETAIL_TEXT_BYTES_MAX) found.len = DETAIL_TEXT_BYTES_MAX;
        out = put(out, SLICE(", found \\\""));
        out = json_escape(out, found, JSON_VERBATIM, &lossy);
        out = put(out, SLICE("\\\""));
    }
    return out;
}

static char *put_original(char *out, struct slice line) {
    bool lossy = false;
    if (json_utf8_valid(line)) {
        out = put(out, SLICE(",\"original\":"));
        return json_quote(out, line, JSON_VERBATIM, &lossy);
    }
    out = put(out, SLICE(",\"original_base64\":\""));
    out = put_base64(out, line);
    *out++ = '"';
    return out;
}

static char *put_line(char *out, const struct rejected *rejected) {
    struct slice line = rejected->line;
    bool cut = line.len > REJECT_ORIGINAL_BYTES_MAX;
    if (cut) {
        line.len = REJECT_ORIGINAL_BYTES_MAX;
        /* not in the middle of a character */
        for (int i = 0; i < 3 && line.len > 0 && ((unsigned char)line.ptr[line.len] & 0xc0) == 0x80; i++) line.len--;
    }
    out = put_original(out, line);
    return cut || rejected->truncated ? put(out, SLICE(",\"truncated\":true")) : out;
}

/* All but what closes it. */
static char *put_members(const struct encoder_context *context, const struct rejected *rejected, char *out) {
    *out++ = '{';
    if (rejected->has_time) {
        out = put(out, SLICE("\"@timestamp\":\""));
        struct timestamp_cache days = {.known = false};
        out += timestamp_format(rejected->time_ns, &days, out);
        out = put(out, SLICE("\","));
    }
    out = put(out, SLICE("\"reason\":\""));
    out = put(out, slice_from(rejected->reason));
    out = put(out, SLICE("\",\"stage\":\""));
    out = put(out, slice_from(rejected->stage != NULL ? rejected->stage : "split"));
    out = put(out, SLICE("\",\"detail\":\""));
    out = put_detail(out, rejected);
    *out++ = '"';
    if (rejected->format != NULL) {
        out = put(out, SLICE(",\"format\":\""));
        out = put(out, slice_from(rejected->format));
        *out++ = '"';
    }
    out = put(out, SLICE(",\"origin\":"));
    out = reject_origin_write(context, rejected, out);
    if (rejected->status != 0) {
        out = put(out, SLICE(",\"status\":"));
        out += number_write(rejected->status, out);
    }
    if (rejected->error_type.len > 0) {
        bool lossy = false;
        out = put(out, SLICE(",\"error_type\":"));
        out = json_quote(out, rejected->error_type, JSON_VERBATIM, &lossy);
    }
    out = put(out, SLICE(",\"event_id\":\""));
    const struct hash_line id = {context->name, rejected->position, rejected->message_line, rejected->line};
    if (context->disguise != NULL)
        disguise_event_id(context->disguise, &id, out);
    else
        hash_event_id(id.origin_name, id.position, id.message_line, id.line, out);
    out = put(out + HASH_ID_DIGITS, SLICE("\""));
    return context->disguise != NULL ? put(out, SLICE(",\"privacy\":\"dropped\"")) : put_line(out, rejected);
}

size_t reject_line_write(const struct encoder_context *context, const struct rejected *rejected, char *out) {
    char *start = context->disguise != NULL ? context->disguise->scratch : out;
    char *end = put(put_members(context, rejected, start), SLICE("}\n"));
    if (context->disguise == NULL) return (size_t)(end - start);
    disguise_line(context->disguise);
    return disguise_text(context->disguise, (struct slice){start, (size_t)(end - start)}, out, 0);
}

/* Where the JSON string ends that begins at `at`, behind its quote. */
static const char *string_end(const char *at, const char *end) {
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* Where the member ends whose name begins at `at`, when it holds the log's line; else `at`. No other text looks like one: quotes in texts
 * are escaped. */
static const char *line_end(const char *at, const char *end) {
    static const struct slice names[] = {SLICE("\"original\""), SLICE("\"original_base64\"")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!slice_starts_with((struct slice){at, (size_t)(end - at)}, names[i])) continue;
        const char *next = at + names[i].len;
        while (next < end && strchr(" \t\r\n", *next) != NULL) next++;
        if (next == end || *next++ != ':') continue;
        while (next < end && strchr(" \t\r\n", *next) != NULL) next++;
        if (next < end && *next == '"') return string_end(next + 1, end);
    }
    return at;
}

size_t reject_line_copy(const struct encoder_context *context, struct slice line, char *out) {
    if (context->disguise == NULL) {
        memcpy(out, line.ptr, line.len);
        return line.len;
    }
    const char *end = line.ptr + line.len;
    char *scratch = context->disguise->scratch, *copy = scratch;
    for (const char *at = line.ptr; at < end;) {
        const char *next = memchr(at, '"', (size_t)(end - at));
        if (next == NULL) next = end;
        copy = mempcpy(copy, at, (size_t)(next - at));
        const char *behind = line_end(next, end);
        if (behind > next) {
            copy = put(copy, SLICE("\"privacy\":\"dropped\""));
        } else if (next < end) {
            behind = string_end(next + 1, end);
            copy = mempcpy(copy, next, (size_t)(behind - next));
        }
        at = behind;
    }
    disguise_line(context->disguise);
    return disguise_text(context->disguise, (struct slice){scratch, (size_t)(copy - scratch)}, out, 0);
}
