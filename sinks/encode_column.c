/* Columns as JSON values: the kinds that are not copied as they are.
 *
 * Threads: one worker. */
#include "sinks/encode_column.h"

#include "base/check.h"
#include "base/timestamp.h"

/* Integers without leading zeros, which JSON does not know. NULL if it is none. */
static char *put_integer(char *out, struct slice text) {
    uint64_t value;
    return number_parse(text, &value) ? encode_number(out, value) : NULL;
}

static char *parsed_or_raw(struct encoding *encoding, uint32_t column, char *end) {
    if (end == NULL) encode_mark_raw(encoding, column);
    return end;
}

char *encode_odd_integer(struct encoding *encoding, uint32_t column, char *out) {
    struct span span = encoding->record->fields[column];
    if (record_null(encoding->record, span)) return NULL;
    return parsed_or_raw(encoding, column, put_integer(out, record_text(encoding->record, span)));
}

/* -1: not dispatched, connection closed, or idle timeout: null. */
char *encode_odd_seconds(struct encoding *encoding, uint32_t column, char *out) {
    struct span span = encoding->record->fields[column];
    (void)out;
    if (!record_null(encoding->record, span) && !slice_equal(record_text(encoding->record, span), SLICE("-1")))
        encode_mark_raw(encoding, column);
    return NULL;
}

static struct span trimmed(const struct record *record, struct span span) {
    while (span.length > 0 && record->text[span.offset] == ' ') span.offset++, span.length--;
    while (span.length > 0 && record->text[span.offset + span.length - 1] == ' ') span.length--;
    return span;
}

static char *put_text(const struct encoding *encoding, char *out, struct slice text) {
    *out++ = '"';
    out = encoding->record->plain ? json_copy_plain(out, text.ptr, (uint32_t)text.len)
                                  : json_escape(out, text, encoding->source, &encoding->context->lossy);
    return encode_end_text(out);
}

/* One item of a list; a null one is left out. NULL when it does not parse. */
static char *put_item(const struct encoding *encoding, enum field_kind kind, struct slice item, char *out) {
    if (kind == FIELD_TEXTS_QUOTED) { /* the last quote may have been cut off */
        if (item.len > 0 && item.ptr[0] == '"') item.ptr++, item.len--;
        if (item.len > 0 && item.ptr[item.len - 1] == '"') item.len--;
    }
    if (item.len == 0) return out;
    if (kind == FIELD_INTEGERS_SPACE) return slice_equal(item, SLICE("-")) ? out : put_integer(out, item);
    return put_text(encoding, out, item);
}

static char *put_list(const struct encoding *encoding, enum field_kind kind, struct slice text, char *out) {
    char separator = kind == FIELD_TEXTS_COMMA || kind == FIELD_TEXTS_QUOTED ? ',' : ' ';
    const char *end = text.ptr + text.len;
    *out++ = '[';
    for (const char *item = text.ptr; item < end;) {
        const char *stop = item;
        while (stop < end && *stop != separator) stop++;
        out = put_item(encoding, kind, (struct slice){item, (size_t)(stop - item)}, out);
        if (out == NULL) return NULL;
        item = stop + 1;
    }
    if (out[-1] == ',') out--;
    memcpy(out, "],", 2);
    return out + 2;
}

static char *put_time(struct slice text, char *out) {
    struct timestamp_cache days = {.day = ""};
    int64_t ns;
    uint32_t digits;
    if (!timestamp_parse(text, &days, &ns, &digits)) return NULL;
    memcpy(out, text.ptr, digits);
    out[digits] = 'Z';
    return encode_end_text(out + digits + 1);
}

static char *put_signed(struct slice text, char *out) {
    if (text.len > 1 && text.ptr[0] == '-') {
        *out++ = '-';
        text.ptr++, text.len--;
    }
    return put_integer(out, text);
}

char *encode_other_column(struct encoding *encoding, uint32_t column, enum field_kind kind, char *out) {
    struct span span = encoding->record->fields[column];
    if (record_null(encoding->record, span)) return NULL;
    struct slice text = record_text(encoding->record, span);
    switch (kind) {
    case FIELD_NAME: return encode_end_text(encode_text(encoding, out, trimmed(encoding->record, span)));
    case FIELD_SIGNED: return parsed_or_raw(encoding, column, put_signed(text, out));
    case FIELD_TIME: return parsed_or_raw(encoding, column, put_time(text, out));
    case FIELD_TEXTS_COMMA: case FIELD_TEXTS_SPACE: case FIELD_TEXTS_QUOTED: case FIELD_INTEGERS_SPACE:
        return parsed_or_raw(encoding, column, put_list(encoding, kind, text, out));
    default: ASSERT(!"a kind that is no column of its own"); return NULL;
    }
}
