/* Columns -> slots, by what their kind asks for.
 *
 * Threads: one worker. */
#include "base/check.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/prepare.h"

static void mark_raw(struct preparation *preparation, uint32_t column) {
    preparation->raw[column / 64] |= (uint64_t)1 << (column % 64);
}

static void prepare_texts(struct preparation *preparation, const struct plan_columns *columns) {
    const struct record *record = preparation->record;
    for (uint32_t i = 0; i < columns->count; i++) {
        struct span span = record->fields[columns->items[i].column];
        if (!record_null(record, span)) prepare_text(preparation, columns->items[i].number, span);
    }
}

/* An integer that JSON does not take as it stands (leading zeros), or none at all. */
static void prepare_odd_integer(struct preparation *preparation, const struct plan_column *column, struct slice text) {
    uint64_t value;
    if (number_parse(text, &value))
        prepare_set_scratch(preparation, column->number, preparation->scratch + number_write(value, preparation->scratch));
    else
        mark_raw(preparation, column->column);
}

static void prepare_integers(struct preparation *preparation, const struct plan_columns *columns) {
    const struct record *record = preparation->record;
    for (uint32_t i = 0; i < columns->count; i++) {
        struct span span = record->fields[columns->items[i].column];
        struct slice text = record_text(record, span);
        if (number_is_plain_integer_padded(text))
            prepare_set(preparation, columns->items[i].number, text.ptr, span.length);
        else if (!record_null(record, span))
            prepare_odd_integer(preparation, &columns->items[i], text);
    }
}

/* Times of processing leave as they came; -1 (not dispatched, closed, idle timeout) is null. */
static void prepare_seconds(struct preparation *preparation, const struct plan_columns *columns) {
    const struct record *record = preparation->record;
    for (uint32_t i = 0; i < columns->count; i++) {
        struct span span = record->fields[columns->items[i].column];
        struct slice text = record_text(record, span);
        if (number_is_plain_decimal_padded(text))
            prepare_set(preparation, columns->items[i].number, text.ptr, span.length);
        else if (!record_null(record, span) && !slice_equal(text, SLICE("-1")))
            mark_raw(preparation, columns->items[i].column);
    }
}

/* --- the other kinds: each returns the end of what it rendered to `out`, NULL when the text does not parse -- */

static struct span trimmed(const struct record *record, struct span span) {
    while (span.length > 0 && record->text[span.offset] == ' ') span.offset++, span.length--;
    while (span.length > 0 && record->text[span.offset + span.length - 1] == ' ') span.length--;
    return span;
}

static char *render_integer(char *out, struct slice text) {
    uint64_t value;
    return number_parse(text, &value) ? out + number_write(value, out) : NULL;
}

static char *render_signed(char *out, struct slice text) {
    if (text.len > 1 && text.ptr[0] == '-') {
        *out++ = '-';
        text.ptr++, text.len--;
    }
    return render_integer(out, text);
}

static bool is_time(struct slice text, uint32_t *digits) {
    struct timestamp_cache days = {.day = ""};
    int64_t ns;
    return timestamp_parse(text, &days, &ns, digits);
}

/* One item of a list, with what separates it from the next one behind it; a null one is left out. */
static char *render_item(struct preparation *preparation, enum field_kind kind, struct slice item, char *out) {
    if (kind == FIELD_TEXTS_QUOTED) { /* the last quote may have been cut off */
        if (item.len > 0 && item.ptr[0] == '"') item.ptr++, item.len--;
        if (item.len > 0 && item.ptr[item.len - 1] == '"') item.len--;
    }
    if (item.len == 0) return out;
    if (kind == FIELD_INTEGERS_SPACE) {
        if (slice_equal(item, SLICE("-"))) return out;
        out = render_integer(out, item);
        if (out == NULL) return NULL;
        *out++ = ',';
        return out;
    }
    out = json_escape(out, item, preparation->source, &preparation->lossy);
    memcpy(out, "\",\"", 3);
    return out + 3;
}

static char *render_list(struct preparation *preparation, enum field_kind kind, struct slice text) {
    char separator = kind == FIELD_TEXTS_COMMA || kind == FIELD_TEXTS_QUOTED ? ',' : ' ', *start = preparation->scratch, *out = start;
    const char *end = text.ptr + text.len;
    for (const char *item = text.ptr; item < end;) {
        const char *stop = item;
        while (stop < end && *stop != separator) stop++;
        out = render_item(preparation, kind, (struct slice){item, (size_t)(stop - item)}, out);
        if (out == NULL) return NULL;
        item = stop + 1;
    }
    size_t between = kind == FIELD_INTEGERS_SPACE ? 1 : 3;
    return out == start ? out : out - between;
}

/* A list of one item that needs no care, which most are: the column's text is the item. */
static bool is_single(const struct record *record, enum field_kind kind, struct slice text) {
    switch (kind) {
    case FIELD_TEXTS_COMMA: return record->plain && memchr(text.ptr, ',', text.len) == NULL;
    case FIELD_TEXTS_SPACE: return record->plain && memchr(text.ptr, ' ', text.len) == NULL;
    case FIELD_INTEGERS_SPACE: return number_is_plain_integer_padded(text);
    default: return false;
    }
}

static void prepare_list(struct preparation *preparation, const struct plan_column *column, struct slice text) {
    if (is_single(preparation->record, column->kind, text)) {
        prepare_set(preparation, column->number, text.ptr, (uint32_t)text.len);
        return;
    }
    char *end = render_list(preparation, column->kind, text);
    if (end == NULL)
        mark_raw(preparation, column->column);
    else if (end > preparation->scratch)
        prepare_set_scratch(preparation, column->number, end);
}

static void prepare_other(struct preparation *preparation, const struct plan_column *column, struct span span) {
    struct slice text = record_text(preparation->record, span);
    uint32_t digits;
    char *end;
    switch ((enum field_kind)column->kind) {
    case FIELD_NAME:
        span = trimmed(preparation->record, span);
        if (span.length > 0) prepare_text(preparation, column->number, span);
        return;
    case FIELD_SIGNED:
        if (number_is_plain_integer_padded(text)) {
            prepare_set(preparation, column->number, text.ptr, span.length);
            return;
        }
        end = render_signed(preparation->scratch, text);
        if (end != NULL) prepare_set_scratch(preparation, column->number, end);
        break;
    case FIELD_TIME:
        end = is_time(text, &digits) ? preparation->scratch : NULL;
        if (end != NULL) prepare_set(preparation, column->number, text.ptr, digits);
        break;
    case FIELD_TEXTS_COMMA: case FIELD_TEXTS_SPACE: case FIELD_TEXTS_QUOTED: case FIELD_INTEGERS_SPACE:
        prepare_list(preparation, column, text);
        return;
    default: ASSERT(!"a kind that is no column of its own"); return;
    }
    if (end == NULL) mark_raw(preparation, column->column);
}

void prepare_columns(struct preparation *preparation) {
    const struct plan *plan = preparation->plan;
    const struct record *record = preparation->record;
    prepare_texts(preparation, &plan->texts);
    prepare_integers(preparation, &plan->integers);
    prepare_seconds(preparation, &plan->seconds);
    for (uint32_t i = 0; i < plan->others.count; i++) {
        struct span span = record->fields[plan->others.items[i].column];
        if (!record_null(record, span)) prepare_other(preparation, &plan->others.items[i], span);
    }
}
