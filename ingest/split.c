/* Lines -> columns. The kernel finds the ends of columns; here they become spans without their quotes.
 *
 * Threads: a splitter belongs to one worker. */
#include "ingest/split.h"

#include "base/check.h"
_Static_assert(SCAN_PADDING_BYTES <= TEXT_PADDING_BYTES, "the scanner reads no further than a batch allows");

void splitter_init(struct splitter *splitter, const struct scan_kernel *kernel) {
    *splitter = (struct splitter){.kernel = kernel, .ends = {UINT32_MAX}};
}

static bool reject(struct reading *reading, enum reject_reason reason, const char *expected) {
    reading->kind = READING_REJECTED;
    reading->reject = reason;
    reading->column = -1;
    reading->expected = expected;
    return false;
}

typedef uint32_t lanes4 __attribute__((vector_size(16)));

static inline lanes4 load_lanes(const uint32_t *from) {
    lanes4 lanes;
    memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

/* Columns from their ends, four at a time; `skip` is 1 where a quote stands at either end of the column. */
static void fill_fields(struct record *record, const uint32_t *ends, uint32_t count, const uint32_t *skip) {
    uint32_t base = record->line.offset + 1;
    for (uint32_t i = 0; i < count; i += 4) {
        lanes4 before = load_lanes(ends + i), quote = load_lanes(skip + i);
        lanes4 offsets = before + quote + base, lengths = load_lanes(ends + i + 1) - before - quote - quote - 1;
        lanes4 first = __builtin_shufflevector(offsets, lengths, 0, 4, 1, 5);
        lanes4 second = __builtin_shufflevector(offsets, lengths, 2, 6, 3, 7);
        memcpy(&record->fields[i], &first, sizeof first);
        memcpy(&record->fields[i + 2], &second, sizeof second);
    }
}

/* Whether exactly the columns of `quoting` are wrapped: each begins and ends with a quote, and there are no other quotes.
 * (A column of one quote alone does both, but it is the last one then and leaves the count odd.) */
static bool quoted_alike(const struct quoting *quoting, const char *line, const uint32_t *ends,
                         const struct scan_line *scan) {
    if (scan->odd || scan->ends_count != quoting->columns_count || scan->quotes_count != 2 * quoting->quoted_count)
        return false;
    for (uint32_t i = 0; i < quoting->quoted_count; i++) {
        const uint32_t *end = ends + quoting->quoted[i]; /* of the column before, and then of this one */
        if (line[(ptrdiff_t)(int32_t)end[0] + 1] != '"' || line[(ptrdiff_t)end[1] - 1] != '"') return false;
    }
    return true;
}

/* A quote at both ends of a column is its wrapping; any other quote is text, which then needs escaping. */
static void learn_quoting(struct quoting *quoting, const char *line, const uint32_t *ends, uint32_t count) {
    quoting->columns_count = count;
    quoting->quoted_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = ends[i] + 1, end = ends[i + 1];
        quoting->skip[i] = end - start >= 2 && line[start] == '"' && line[end - 1] == '"';
        quoting->quoted[quoting->quoted_count] = (uint8_t)i;
        quoting->quoted_count += quoting->skip[i];
    }
}

static bool split_as(struct splitter *splitter, const struct schema *schema, const char *text, uint32_t text_left,
                     struct record *record, struct reading *reading, uint32_t *consumed) {
    struct scan_line line;
    bool quoted = schema == NULL || schema->layout == LAYOUT_SPACE_QUOTED;
    uint32_t *ends = splitter->ends;
    splitter->kernel->line(text, text_left, quoted, ends + 1, FIELDS_MAX, &line);
    *consumed = line.consumed;
    record->schema = schema;
    record->line.length = line.length;
    reading->schema = schema;
    if (line.ends_count > FIELDS_MAX) {
        record->fields_count = 0;
        return reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
    }
    record->fields_count = (uint16_t)line.ends_count;
    static const struct quoting without_quotes;
    const struct quoting *quoting = &without_quotes;
    if (quoted) {
        if (!quoted_alike(&splitter->quoting, text, ends, &line))
            learn_quoting(&splitter->quoting, text, ends, line.ends_count);
        quoting = &splitter->quoting;
    }
    fill_fields(record, ends, line.ends_count, quoting->skip);
    if (schema != NULL && line.ends_count < schema->fields_count)
        memset(&record->fields[line.ends_count], 0,
               (schema->fields_count - line.ends_count) * sizeof record->fields[0]);
    record->plain = !line.odd && line.quotes_count == 2 * quoting->quoted_count;
    if (line.quote_open) return reject(reading, REJECT_UNTERMINATED_QUOTE, "a closing quote");
    if (schema == NULL) return reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (record->fields_count < schema->fields_count_min) return reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
    return derive(record, splitter, reading);
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
