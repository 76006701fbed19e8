/* One line of the rejects file: what was wrong, where, and the line itself, so that it can be sent again.
 *
 * `original` is there when the line is UTF-8, else `original_base64`; both are cut at REJECT_ORIGINAL_BYTES_MAX.
 * The time is the record's own when it could be read: the same input gives the same bytes.
 *
 * Threads: pure function. */
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/encoder.h"
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

size_t reject_line_write(const struct encoder_context *context, const struct rejected *rejected, char *out) {
    char *start = out;
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
    hash_event_id(context->name, rejected->position, rejected->message_line, rejected->line, out);
    out = put(out + HASH_ID_DIGITS, SLICE("\""));
    struct slice line = rejected->line;
    bool cut = line.len > REJECT_ORIGINAL_BYTES_MAX;
    if (cut) {
        line.len = REJECT_ORIGINAL_BYTES_MAX;
        /* not in the middle of a character */
        for (int i = 0; i < 3 && line.len > 0 && ((unsigned char)line.ptr[line.len] & 0xc0) == 0x80; i++) line.len--;
    }
    out = put_original(out, line);
    if (cut || rejected->truncated) out = put(out, SLICE(",\"truncated\":true"));
    out = put(out, SLICE("}\n"));
    return (size_t)(out - start);
}
