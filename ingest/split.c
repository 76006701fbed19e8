/* Lines -> columns. The kernel finds the ends of columns; here they become spans without their quotes.
 *
 * Threads: a splitter belongs to one worker. */
#include "ingest/split.h"

#include "base/check.h"
#include "ingest/header_line.h"
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

/* "2018-09-22T20:28:14.000Z" in front of a flow, as an export from CloudWatch Logs has it. */
static bool is_export_time(struct slice text) {
    return text.len >= 20 && text.ptr[4] == '-' && text.ptr[10] == 'T' && text.ptr[text.len - 1] == 'Z';
}

/* Puts columns in the order of a header line into that of the table; those that the table does not know come behind. Runs of spaces
 * are one, since real lines have them. Returns how many columns the line has. */
static uint32_t arrange(const struct header *header, struct record *record, const uint32_t *ends, uint32_t count) {
    const struct schema *schema = record->schema;
    uint32_t seen = 0, extras = 0, start = 0, base = record->line.offset;
    memset(record->fields, 0, schema->fields_count * sizeof record->fields[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct span span = {base + start, ends[i] - start};
        start = ends[i] + 1;
        if (span.length == 0 || (seen == 0 && is_export_time(record_text(record, span)))) continue;
        uint32_t row = header == NULL ? seen : seen < header->columns_count ? header->columns[seen] : HEADER_UNKNOWN;
        if (row >= schema->fields_count) row = schema->fields_count + extras++;
        if (row < FIELDS_MAX) record->fields[row] = span;
        seen++;
    }
    record->fields_count = (uint16_t)(schema->fields_count + extras); /* more than FIELDS_MAX: not all are stored */
    return seen;
}

/* Columns by spaces, and which of them were wrapped in quotes. */
static void take_columns(struct splitter *splitter, const char *text, const struct scan_line *line, bool quoted,
                         struct record *record) {
    const struct schema *schema = record->schema;
    uint32_t *ends = splitter->ends;
    static const struct quoting without_quotes;
    const struct quoting *quoting = &without_quotes;
    if (quoted) {
        if (!quoted_alike(&splitter->quoting, text, ends, line))
            learn_quoting(&splitter->quoting, text, ends, line->ends_count);
        quoting = &splitter->quoting;
    }
    record->fields_count = (uint16_t)line->ends_count;
    fill_fields(record, ends, line->ends_count, quoting->skip);
    if (schema != NULL && line->ends_count < schema->fields_count)
        memset(&record->fields[line->ends_count], 0,
               (schema->fields_count - line->ends_count) * sizeof record->fields[0]);
    record->plain = !line->odd && line->quotes_count == 2 * quoting->quoted_count;
}

static bool split_as(struct splitter *splitter, const struct schema *schema, const char *text, uint32_t text_left,
                     struct record *record, struct reading *reading, uint32_t *consumed) {
    struct scan_line line;
    bool quoted = schema == NULL || schema->layout == LAYOUT_SPACE_QUOTED;
    splitter->kernel->line(text, text_left, quoted, splitter->ends + 1, FIELDS_MAX, &line);
    *consumed = line.consumed;
    record->schema = schema;
    record->line.length = line.length;
    reading->schema = schema;
    if (line.ends_count > FIELDS_MAX) {
        record->fields_count = 0;
        return reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
    }
    if (schema != NULL && schema->layout == LAYOUT_HEADER) {
        const struct header *header = splitter->header.schema == schema ? &splitter->header : NULL;
        uint32_t count = arrange(header, record, splitter->ends + 1, line.ends_count);
        record->plain = !line.odd && line.quotes_count == 0;
        if (record->fields_count > FIELDS_MAX) {
            record->fields_count = 0;
            return reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
        }
        if (count < (header != NULL ? header->columns_count : schema->fields_count_min)) {
            record->fields_count = (uint16_t)count; /* for the message */
            return reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
        }
        if (header == NULL && count > schema->headless_count_max)
            return reject(reading, REJECT_UNKNOWN_FORMAT, "a header line that says the order of so many columns");
        return derive(record, splitter, reading);
    }
    take_columns(splitter, text, &line, quoted, record);
    if (line.quote_open) return reject(reading, REJECT_UNTERMINATED_QUOTE, "a closing quote");
    if (schema == NULL) return reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (record->fields_count < schema->fields_count_min) return reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
    return derive(record, splitter, reading);
}

/* Whether lines of this origin can have header lines among them. */
static bool may_have_header(const struct origin *origin) {
    return origin->schema == NULL || origin->schema->layout == LAYOUT_HEADER;
}

static bool is_test_message(const struct record *record) {
    return slice_starts_with(record_text(record, record->line), SLICE("Enable AccessLog for ELB: "));
}

/* Flows as arrange() takes them: without the columns that runs of spaces made, and without the time of an export in front. */
static const struct schema *detect_flow(struct record *record) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->fields_count; i++)
        if (record->fields[i].length > 0 && !(count == 0 && is_export_time(record_text(record, record->fields[i]))))
            record->fields[count++] = record->fields[i];
    if (count == record->fields_count) return NULL;
    record->fields_count = (uint16_t)count;
    const struct schema *found = detect(record);
    return found != NULL && found->layout == LAYOUT_HEADER ? found : NULL;
}

/* A header line is in force from here on. */
static bool take_header(struct splitter *splitter, const struct schema *schema, const char *line, uint32_t left,
                        struct record *record, uint32_t *consumed) {
    if (!header_line_parse((struct slice){line, left}, schema, &splitter->header)) return false;
    const char *newline = memchr(line, '\n', left);
    *consumed = newline != NULL ? (uint32_t)(newline + 1 - line) : left;
    record->line.length = newline != NULL ? *consumed - 1 : left;
    if (line[record->line.length - 1] == '\r') record->line.length--;
    record->schema = splitter->header.schema;
    record->fields_count = 0;
    return true;
}

/* Whether a line of no known origin is what it was read as: what it would be found to be without a guess, or by a header line
 * exactly what that announces. */
static bool agrees(const struct splitter *splitter, const struct record *record, const struct reading *reading) {
    const struct schema *schema = record->schema;
    if (schema->layout != LAYOUT_HEADER || splitter->header.schema != schema) return detect_agrees(record);
    return record->fields_count == schema->fields_count && (reading->kind == READING_SKIPPED || record->has_peer);
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
    if (may_have_header(origin) && take_header(splitter, origin->schema, line, left, record, &consumed)) {
        reading->kind = READING_SKIPPED;
        reading->skip = SKIP_HEADER;
        reading->schema = record->schema;
        return consumed;
    }
    if ((split_as(splitter, guess, line, left, record, reading, &consumed) || reading->kind == READING_SKIPPED) &&
        (origin->schema != NULL || agrees(splitter, record, reading))) {
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
    if (found == NULL) found = detect_flow(record);
    bool by_header = found == NULL && origin->schema == NULL; /* then a header line above may say it */
    if (found == NULL) found = by_header ? splitter->header.schema : origin->schema;
    if (found == NULL) return consumed;
    reading->kind = READING_RECORD;
    bool good = split_as(splitter, found, line, left, record, reading, &consumed) || reading->kind == READING_SKIPPED;
    if (good && by_header && !agrees(splitter, record, reading))
        good = reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (good) splitter->last = found;
    return consumed;
}
