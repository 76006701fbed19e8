/* Columns -> slots, by what their kind asks for.
 *
 * Threads: one worker. */
#include "base/check.h"
#include "base/number.h"
#include "base/percent.h"
#include "base/timestamp.h"
#include "schemas/field_time.h"
#include "sinks/prepare.h"

static inline uint64_t bit(uint32_t column) {
    return (uint64_t)1 << column;
}

static void mark_raw(struct preparation *preparation, uint32_t column) {
    preparation->raw |= bit(column);
}

static void set(struct preparation *preparation, uint32_t column, struct slot slot) {
    preparation->slots[column] = slot;
    preparation->presence.columns |= bit(column);
}

/* Which of `columns` are not null: all that are longer than "-", and of the single bytes all but that one. */
static uint64_t find_present(const struct record *record, uint64_t columns, struct lengths lengths) {
    uint64_t present = columns & lengths.longer;
    for (uint64_t left = columns & lengths.some & ~lengths.longer; left != 0; left &= left - 1) {
        uint32_t column = (uint32_t)__builtin_ctzll(left);
        if (record->text[record->fields[column].offset] != '-') present |= bit(column);
    }
    return present;
}

static void prepare_texts(struct preparation *preparation, uint64_t present) {
    preparation->presence.columns |= present;
    if (__builtin_expect(preparation->record->plain, 1)) return;
    for (uint64_t left = present; left != 0; left &= left - 1) {
        uint32_t column = (uint32_t)__builtin_ctzll(left);
        preparation->slots[column] = prepare_text(preparation, preparation->record->fields[column]);
    }
}

/* An integer that JSON does not take as it stands (leading zeros), or none at all. */
static void prepare_odd_integer(struct preparation *preparation, uint32_t column, struct slice text) {
    uint64_t value;
    if (number_parse(text, &value))
        set(preparation, column,
            prepare_rendered(preparation, preparation->scratch + number_write(value, preparation->scratch)));
    else
        mark_raw(preparation, column);
}

static void prepare_integers(struct preparation *preparation, uint64_t present) {
    const struct record *record = preparation->record;
    preparation->presence.columns |= present;
    for (uint64_t left = present; left != 0; left &= left - 1) {
        uint32_t column = (uint32_t)__builtin_ctzll(left);
        struct slice text = record_text(record, record->fields[column]);
        if (number_is_plain_integer_padded(text)) continue;
        preparation->presence.columns ^= bit(column);
        prepare_odd_integer(preparation, column, text);
    }
}

/* Times of processing leave as they came; -1 (not dispatched, closed, idle timeout) is null. */
static void prepare_seconds(struct preparation *preparation, uint64_t present) {
    const struct record *record = preparation->record;
    preparation->presence.columns |= present;
    for (uint64_t left = present; left != 0; left &= left - 1) {
        uint32_t column = (uint32_t)__builtin_ctzll(left);
        struct slice text = record_text(record, record->fields[column]);
        if (number_is_plain_decimal_padded(text)) continue;
        preparation->presence.columns ^= bit(column);
        if (!slice_equal(text, SLICE("-1"))) mark_raw(preparation, column);
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
    ASSERT(out != NULL);
    if (text.len > 1 && text.ptr[0] == '-') {
        *out++ = '-';
        text.ptr++, text.len--;
    }
    return render_integer(out, text);
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
    char separator = kind == FIELD_TEXTS_COMMA || kind == FIELD_TEXTS_QUOTED ? ',' : ' ', *start = preparation->scratch,
         *out = start;
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

static void prepare_list(struct preparation *preparation, uint32_t column, enum field_kind kind, struct slice text) {
    char *end = render_list(preparation, kind, text);
    if (end == NULL)
        mark_raw(preparation, column);
    else if (end > preparation->scratch)
        set(preparation, column, prepare_rendered(preparation, end));
}

static void prepare_signed(struct preparation *preparation, uint32_t column, struct slice text) {
    char *end = render_signed(preparation->scratch, text);
    if (end == NULL)
        mark_raw(preparation, column);
    else
        set(preparation, column, prepare_rendered(preparation, end));
}

/* A date like every other, without its Z, which comes with the suffix. */
static void prepare_time(struct preparation *preparation, uint32_t column, enum field_kind kind, struct slice text) {
    struct timestamp_cache days = {.known = false};
    int64_t ns;
    uint32_t digits;
    char *out = preparation->scratch;
    if (kind == FIELD_TIME && timestamp_parse(text, &days, &ns, &digits))
        set(preparation, column, (struct slot){text.ptr, digits});
    else if (kind != FIELD_TIME && field_time_parse(kind, text, &days, &ns))
        set(preparation, column,
            prepare_rendered(preparation, out + timestamp_format(ns, &preparation->context->days, out) - 1));
    else
        mark_raw(preparation, column);
}

/* The plus of HAProxy says that more came behind the line; -1 that there was nothing to measure. */
static void prepare_milliseconds(struct preparation *preparation, uint32_t column, struct slice text) {
    if (slice_equal(text, SLICE("-1"))) return;
    struct slice digits = {text.ptr + (text.ptr[0] == '+'), text.len - (text.ptr[0] == '+')};
    char *end = render_integer(preparation->scratch, digits);
    if (end == NULL)
        mark_raw(preparation, column);
    else
        set(preparation, column, prepare_rendered(preparation, end));
}

/* Decoded behind the room for its own escaping. */
static void prepare_percent(struct preparation *preparation, uint32_t column, enum field_kind kind, struct slice text) {
    char *decoded = preparation->scratch + JSON_EXPANSION * text.len;
    char *end = kind == FIELD_PERCENT ? percent_decode(decoded, text) : percent_decode_twice(decoded, text);
    struct slice whole = {decoded, (size_t)(end - decoded)};
    set(preparation, column,
        prepare_rendered(preparation, json_escape(preparation->scratch, whole, JSON_VERBATIM, &preparation->lossy)));
}

static __attribute__((noinline)) void prepare_other(struct preparation *preparation, uint32_t column) {
    struct span span = preparation->record->fields[column];
    struct slice text = record_text(preparation->record, span);
    enum field_kind kind = (enum field_kind)preparation->plan->kinds[column];
    switch (kind) {
    case FIELD_NAME:
        span = trimmed(preparation->record, span);
        if (span.length > 0) set(preparation, column, prepare_text(preparation, span));
        break;
    case FIELD_SIGNED: prepare_signed(preparation, column, text); break;
    case FIELD_BOOLEAN: mark_raw(preparation, column); break; /* it is neither of the two */
    case FIELD_PERCENT:
    case FIELD_PERCENT_TWICE: prepare_percent(preparation, column, kind, text); break;
    case FIELD_MILLISECONDS: prepare_milliseconds(preparation, column, text); break;
    case FIELD_TIME:
    case FIELD_TIME_LOCAL:
    case FIELD_TIME_ANY:
    case FIELD_UNIX_MS:
    case FIELD_UNIX_TIME: prepare_time(preparation, column, kind, text); break;
    case FIELD_ENDPOINT: set(preparation, column, prepare_text(preparation, span)); break;
    case FIELD_TEXTS_COMMA:
    case FIELD_TEXTS_SPACE:
    case FIELD_TEXTS_QUOTED:
    case FIELD_INTEGERS_SPACE: prepare_list(preparation, column, kind, text); break;
    default: ASSERT(false && "a kind that is no column of its own");
    }
}

/* Whether the text can stand in the output as it is, which most can: a list of one item, a name without spaces around it. */
static inline bool is_verbatim(enum field_kind kind, bool plain, struct slice text) {
    switch (kind) {
    case FIELD_JSON: return true;
    case FIELD_BOOLEAN: return slice_equal(text, SLICE("true")) || slice_equal(text, SLICE("false"));
    case FIELD_PERCENT:
    case FIELD_PERCENT_TWICE: return plain && !slice_has_padded(text, '%');
    case FIELD_NAME: return plain && text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' ';
    case FIELD_TEXTS_COMMA: return plain && !slice_has_padded(text, ',');
    case FIELD_TEXTS_SPACE: return plain && !slice_has_padded(text, ' ');
    case FIELD_SIGNED:
    case FIELD_MILLISECONDS:
    case FIELD_INTEGERS_SPACE: return number_is_plain_integer_padded(text);
    default: return false;
    }
}

static void prepare_others(struct preparation *preparation, uint64_t present) {
    const struct record *record = preparation->record;
    preparation->presence.columns |= present;
    for (uint64_t left = present; left != 0; left &= left - 1) {
        uint32_t column = (uint32_t)__builtin_ctzll(left);
        struct slice text = record_text(record, record->fields[column]);
        if (is_verbatim((enum field_kind)preparation->plan->kinds[column], record->plain, text)) continue;
        preparation->presence.columns ^= bit(column);
        prepare_other(preparation, column);
    }
}

void prepare_columns(struct preparation *preparation, struct lengths lengths) {
    const struct plan *plan = preparation->plan;
    uint64_t columns = plan->texts | plan->integers | plan->seconds | plan->others;
    uint64_t present = find_present(preparation->record, columns, lengths);
    prepare_texts(preparation, plan->texts & present);
    prepare_integers(preparation, plan->integers & present);
    prepare_seconds(preparation, plan->seconds & present);
    prepare_others(preparation, plan->others & present);
}
