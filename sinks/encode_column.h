/* Columns as JSON values. Inside the encoder: encode.c has the loop, this has what a column's kind means.
 *
 * Every function writes a value and the comma behind it and returns the new end; NULL says that there is no value. A column
 * whose text does not parse is marked, so that its text is kept under `raw`.
 *
 * Threads: one worker. */
#ifndef WHEREFROM_ENCODE_COLUMN_H
#define WHEREFROM_ENCODE_COLUMN_H

#include "base/json.h"
#include "base/number.h"
#include "sinks/encoder.h"

/* One record being written. */
struct encoding {
    const struct record *record;
    struct encoder_context *context;
    const struct encoder *encoder;
    uint64_t position;
    enum json_source source;
    uint64_t raw[FIELDS_MAX / 64]; /* columns whose text did not parse */
};

_Static_assert(FIELDS_MAX == 128, "encode.c tests `raw` as two words");

static inline void encode_mark_raw(struct encoding *encoding, uint32_t column) {
    encoding->raw[column / 64] |= (uint64_t)1 << (column % 64);
}

static inline char *encode_literal(char *out, struct slice text) {
    memcpy(out, text.ptr, text.len);
    return out + text.len;
}

/* The end of a text whose first quote came with its key. */
static inline char *encode_end_text(char *out) {
    memcpy(out, "\",", 2);
    return out + 2;
}

static inline char *encode_number(char *out, uint64_t value) {
    out += number_write(value, out);
    *out++ = ',';
    return out;
}

static inline char *encode_text(const struct encoding *encoding, char *out, struct span span) {
    const struct record *record = encoding->record;
    if (__builtin_expect(record->plain, 1)) return json_copy_plain(out, record->text + span.offset, span.length);
    return json_escape(out, record_text(record, span), encoding->source, &encoding->context->lossy);
}

/* A plain integer leaves as it came. */
char *encode_odd_integer(struct encoding *encoding, uint32_t column, char *out);

static inline char *encode_integer_column(struct encoding *encoding, uint32_t column, char *out) {
    struct slice text = record_text(encoding->record, encoding->record->fields[column]);
    if (!number_is_plain_integer_padded(text)) return encode_odd_integer(encoding, column, out);
    out = json_copy_plain(out, text.ptr, (uint32_t)text.len);
    *out++ = ',';
    return out;
}

char *encode_odd_seconds(struct encoding *encoding, uint32_t column, char *out);

static inline char *encode_seconds_column(struct encoding *encoding, uint32_t column, char *out) {
    struct slice text = record_text(encoding->record, encoding->record->fields[column]);
    if (!number_is_plain_decimal_padded(text)) return encode_odd_seconds(encoding, column, out);
    out = json_copy_plain(out, text.ptr, (uint32_t)text.len);
    *out++ = ',';
    return out;
}

/* Lists, times, names, signed integers. */
char *encode_other_column(struct encoding *encoding, uint32_t column, enum field_kind kind, char *out);

#endif
