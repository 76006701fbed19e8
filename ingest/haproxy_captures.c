/* Captured headers by name.
 *
 * Threads: pure functions. */
#include "ingest/haproxy_captures.h"

#include <string.h>

#include "base/number.h"
#include "ingest/cursor.h"
#include "schemas/haproxy.h"

static const struct {
    const char *name;
    enum haproxy_column column;
} columns[] = {
    {"x-forwarded-for", HAPROXY_X_FORWARDED_FOR},
    {"forwarded", HAPROXY_FORWARDED},
    {"x-real-ip", HAPROXY_X_REAL_IP},
    {"cloudfront-viewer-address", HAPROXY_VIEWER_ADDRESS},
    {"user-agent", HAPROXY_USER_AGENT},
    {"referer", HAPROXY_REFERER},
    {"host", HAPROXY_HOST},
    {"x-amzn-trace-id", HAPROXY_TRACE_ID},
};

/* What has addresses, and so is evidence in its column. */
static bool is_evidence(const struct haproxy_capture *capture) {
    return capture->column >= HAPROXY_X_FORWARDED_FOR && capture->column <= HAPROXY_VIEWER_ADDRESS;
}

static bool is_list(const struct haproxy_capture *capture) {
    return capture->column == HAPROXY_X_FORWARDED_FOR || capture->column == HAPROXY_FORWARDED;
}

/* --- names ---------------------------------------------------------------------------------------- */

/* A name of a header in small letters (RFC 9110 section 5.1). */
static bool put_name(struct slice text, char *out) {
    if (text.len == 0 || text.len > HEADER_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || strchr("!#$%&'*+-.^_`~", c) == NULL)) return false;
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out[text.len] = '\0';
    return true;
}

/* `NAME` or `NAME len BYTES` */
static bool read_capture(struct slice text, const struct wanted_headers *wanted, struct haproxy_capture *capture) {
    struct cursor cursor = {text.ptr, text.ptr + text.len};
    uint64_t bytes_max = 0;
    *capture = (struct haproxy_capture){.column = HAPROXY_COLUMN_NONE, .wanted = WANTED_NONE};
    if (!put_name(cursor_until(&cursor, ' '), capture->name)) return false;
    if (cursor_skip(&cursor, ' ')) {
        if (!slice_equal(cursor_until(&cursor, ' '), SLICE("len")) || !cursor_skip(&cursor, ' ')) return false;
        struct slice digits = cursor_digits(&cursor);
        if (cursor.at < cursor.end || digits.len > 6) return false;
        for (size_t i = 0; i < digits.len; i++) bytes_max = 10 * bytes_max + (uint64_t)(digits.ptr[i] - '0');
        if (bytes_max == 0) return false;
    }
    capture->bytes_max = (uint32_t)bytes_max;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (strcmp(columns[i].name, capture->name) == 0) capture->column = (uint8_t)columns[i].column;
    capture->wanted = wanted_find(wanted, slice_from(capture->name));
    capture->secret = capture->wanted != WANTED_NONE && wanted->items[capture->wanted].secret;
    return true;
}

enum status haproxy_captures_init(struct haproxy_captures *captures, struct slice names,
                                  const struct wanted_headers *wanted, struct error *error) {
    captures->count = 0;
    for (struct cursor cursor = {names.ptr, names.ptr + names.len};;) {
        struct slice text = cursor_until(&cursor, '|');
        struct haproxy_capture *capture = &captures->items[captures->count];
        if (captures->count == HAPROXY_CAPTURES_MAX)
            return error_set(error, STATUS_USAGE, "more than %u captured headers", HAPROXY_CAPTURES_MAX);
        if (!read_capture(text, wanted, capture))
            return error_set(error, STATUS_USAGE,
                             "expected captured headers such as `x-forwarded-for len 200|user-agent`, got `%.*s`",
                             (int)(text.len < 100 ? text.len : 100), text.ptr);
        if (is_list(capture) && capture->bytes_max == 0)
            return error_set(error, STATUS_USAGE,
                             "%s needs the length that HAProxy's configuration has for it, as in `%s len 200`: a list "
                             "that was cut has lost the entries that count",
                             capture->name, capture->name);
        for (uint32_t i = 0; i < captures->count; i++)
            if (strcmp(captures->items[i].name, capture->name) == 0)
                return error_set(error, STATUS_USAGE, "%s is there twice", capture->name);
        captures->count++;
        if (!cursor_skip(&cursor, '|')) return STATUS_OK;
    }
}

/* --- values --------------------------------------------------------------------------------------- */

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What haproxy_line_cut() left of the escapes: #7C and #23. A # that begins neither is a client's own that was decoded before: HAProxy
 * itself writes no bare one. */
static struct span decoded(const struct record *record, struct spare *spare, struct slice value) {
    char *start = memchr(value.ptr, '#', value.len) != NULL ? spare_room(spare, value.len) : NULL;
    if (start == NULL) return cursor_span(record, value);
    char *out = start;
    for (size_t i = 0; i < value.len; i++) {
        int byte = -1;
        if (value.ptr[i] == '#' && i + 2 < value.len && hex_value(value.ptr[i + 1]) >= 0 &&
            hex_value(value.ptr[i + 2]) >= 0)
            byte = hex_value(value.ptr[i + 1]) * 16 + hex_value(value.ptr[i + 2]);
        bool escape = byte == '|' || byte == '#';
        *out++ = escape ? (char)byte : value.ptr[i];
        i += escape ? 2 : 0;
    }
    return spare_take(spare, out);
}

static void take(const struct haproxy_capture *capture, struct record *record, struct spare *spare,
                 struct slice value) {
    struct span span = decoded(record, spare, value);
    bool cut = capture->bytes_max != 0 && span.length >= capture->bytes_max;
    if (cut) record->flags |= 1u << RECORD_TRUNCATED;
    if (capture->wanted != WANTED_NONE && !cut && !record_null(record, span)) {
        record->headers[capture->wanted] = span;
        record->headers_found |= 1u << capture->wanted;
    }
    if (capture->secret) return;
    if (capture->column == HAPROXY_COLUMN_NONE || (cut && is_evidence(capture) && !is_list(capture))) {
        if (!record_null(record, span)) (void)cursor_add_extra(record, spare, capture->name, record_text(record, span));
        return;
    }
    record->fields[capture->column] = span;
    if (cut && is_list(capture)) record->list_cut = true;
}

static bool any_secret(const struct haproxy_captures *captures) {
    for (uint32_t i = 0; i < captures->count; i++)
        if (captures->items[i].secret) return true;
    return false;
}

void haproxy_captures_take(const struct haproxy_captures *captures, struct record *record, struct spare *spare) {
    bool two = record->fields[HAPROXY_REQUEST_HEADERS].length > 0 ||
               record->fields[HAPROXY_RESPONSE_HEADERS].length > 0;
    struct span *block = &record->fields[two ? HAPROXY_REQUEST_HEADERS : HAPROXY_HEADERS];
    bool ends = record->fields[HAPROXY_HTTP_REQUEST].length > 0 || record->fields[HAPROXY_BAD_REQUEST].length > 0;
    if (block->length == 0) return;
    struct slice text = record_text(record, *block);
    uint32_t count = 1;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == '|';
    bool good = count == captures->count && (two || ends);
    if (good || any_secret(captures)) *block = (struct span){0, 0};
    if (!good) return;
    struct cursor cursor = {text.ptr, text.ptr + text.len};
    for (uint32_t i = 0; i < count; i++) {
        take(&captures->items[i], record, spare, cursor_until(&cursor, '|'));
        (void)cursor_skip(&cursor, '|');
    }
}
