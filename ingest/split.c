/* Lines -> columns. The kernel finds the ends of columns; here they become spans without their quotes.
 *
 * Threads: a splitter belongs to one worker. */
#include "ingest/split.h"

#include "base/check.h"
_Static_assert(SCAN_PADDING_BYTES <= TEXT_PADDING_BYTES, "the scanner reads no further than a batch allows");

void splitter_init(struct splitter *splitter, const struct scan_kernel *kernel) {
    *splitter = (struct splitter){.kernel = kernel};
}

static bool reject(struct reading *reading, enum reject_reason reason, const char *expected) {
    reading->kind = READING_REJECTED;
    reading->reject = reason;
    reading->column = -1;
    reading->expected = expected;
    return false;
}

/* Columns from their ends. A quote at both ends of a column is its wrapping; any other quote is text, which then needs
 * escaping. Returns how many quotes are accounted for. (A branch, because the same columns are quoted in every line: the
 * arithmetic without one took 28 instructions a column, this takes 11.) */
static uint32_t fill_fields(struct record *record, const char *line, const uint32_t *ends, uint32_t count) {
    uint32_t start = 0, wrapped = 0, base = record->line.offset;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t end = ends[i], length = end - start;
        record->fields[i] = (struct span){base + start, length};
        if (line[start] == '"' && length >= 2 && line[end - 1] == '"') {
            record->fields[i] = (struct span){base + start + 1, length - 2};
            wrapped += 2;
        }
        start = end + 1;
    }
    return wrapped;
}

static bool split_as(struct splitter *splitter, const struct schema *schema, const char *text, uint32_t text_left,
                     struct record *record, struct reading *reading, uint32_t *consumed) {
    struct scan_line line;
    bool quoted = schema == NULL || schema->layout == LAYOUT_SPACE_QUOTED;
    splitter->kernel->line(text, text_left, quoted, splitter->ends, FIELDS_MAX, &line);
    *consumed = line.consumed;
    record->schema = schema;
    record->line.length = line.length;
    reading->schema = schema;
    if (line.ends_count > FIELDS_MAX) {
        record->fields_count = 0;
        return reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
    }
    record->fields_count = (uint16_t)line.ends_count;
    uint32_t wrapped = quoted ? fill_fields(record, text, splitter->ends, line.ends_count) : 0;
    if (!quoted) {
        uint32_t start = 0;
        for (uint32_t i = 0; i < line.ends_count; i++) {
            record->fields[i] = (struct span){record->line.offset + start, splitter->ends[i] - start};
            start = splitter->ends[i] + 1;
        }
    }
    if (schema != NULL && line.ends_count < schema->fields_count)
        memset(&record->fields[line.ends_count], 0,
               (schema->fields_count - line.ends_count) * sizeof record->fields[0]);
    record->plain = !line.odd && line.quotes_count == wrapped;
    if (line.quote_open) return reject(reading, REJECT_UNTERMINATED_QUOTE, "a closing quote");
    if (schema == NULL) return reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (record->fields_count < schema->fields_count_min) return reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
    return derive(record, &splitter->days, reading);
}

static bool is_test_message(const struct record *record) {
    return slice_starts_with(record_text(record, record->line), SLICE("Enable AccessLog for ELB: "));
}

uint32_t splitter_read(struct splitter *splitter, const char *text, uint32_t offset, uint32_t text_bytes,
                       const struct origin *origin, struct record *record, struct reading *reading) {
    ASSERT(offset < text_bytes);
    const char *line = text + offset;
    uint32_t consumed, left = text_bytes - offset;
    record->text = text;
    record->line = (struct span){offset, 0};
    reading->kind = READING_RECORD;
    const struct schema *guess = origin->schema != NULL ? origin->schema : splitter->last;
    if (split_as(splitter, guess, line, left, record, reading, &consumed) &&
        (origin->schema != NULL || detect_agrees(record))) {
        splitter->last = guess;
        return consumed;
    }
    if (record->line.length == 0 || is_test_message(record)) {
        reading->kind = READING_SKIPPED;
        reading->skip = record->line.length == 0 ? SKIP_EMPTY_LINE : SKIP_TEST_MESSAGE;
        return consumed;
    }
    if (origin->schema_fixed) return consumed;
    /* not what was expected: look at it without any expectation */
    (void)split_as(splitter, NULL, line, left, record, reading, &consumed);
    const struct schema *found = detect(record);
    if (found == NULL) found = origin->schema; /* the file's name says what it should have been */
    if (found != NULL) {
        reading->kind = READING_RECORD;
        if (split_as(splitter, found, line, left, record, reading, &consumed)) splitter->last = found;
    }
    return consumed;
}
