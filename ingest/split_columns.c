/* Columns between separators: the kernel finds their ends, here they become spans without their quotes, in the order of the table.
 *
 * Threads: a splitter belongs to one worker. */
#include "base/number.h"
#include "ingest/split.h"

_Static_assert(SCAN_PADDING_BYTES <= TEXT_PADDING_BYTES, "the scanner reads no further than a batch allows");

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

bool is_export_time(struct slice text) {
    return text.len >= 20 && text.ptr[4] == '-' && text.ptr[10] == 'T' && text.ptr[text.len - 1] == 'Z';
}

/* A column that the table has no row for: an extra, with the name that the header gave it. */
static struct span name_extra(struct splitter *splitter, const struct record *record, const char *name,
                              struct span span) {
    struct span named = spare_put_named(&splitter->spare, (struct slice){0}, slice_from(name),
                                        record_text(record, span));
    return named.length > 0 ? named : span; /* rather without its name than not at all */
}

/* The leading columns that need no second look, up to the first one that is empty or that the table does not know; `*start` is where
 * the one behind them starts. Returns how many. (13 instructions a column less than the loop in arrange().) */
static inline uint32_t arrange_simple(const uint32_t *ends, uint32_t count, const uint8_t *rows, struct record *record,
                                      uint32_t *start) {
    uint32_t i = 0, from = 0, base = record->line.offset, rows_count = record->schema->fields_count;
    for (; i < count; i++) {
        uint32_t row = rows != NULL ? rows[i] : i, length = ends[i] - from;
        if (length == 0 || row >= rows_count) break;
        record->fields[row] = (struct span){base + from, length};
        from = ends[i] + 1;
    }
    *start = from;
    return i;
}

/* Puts columns in the order of a header line into that of the table; those that the table does not know come behind. Runs of spaces
 * are one, since real lines have them; between two tabs is an empty column. */
static void arrange(struct splitter *splitter, const struct header *header, struct record *record, uint32_t count) {
    const struct schema *schema = record->schema;
    const uint32_t *ends = splitter->ends + 1;
    uint32_t seen = 0, extras = 0, start = 0, base = record->line.offset;
    bool spaces = schema->layout == LAYOUT_HEADER;
    memset(record->fields, 0, schema->fields_count * sizeof record->fields[0]);
    if (!spaces || !is_export_time((struct slice){record->text + base, ends[0]})) {
        uint32_t simple = header != NULL && header->columns_count < count ? header->columns_count : count;
        seen = arrange_simple(ends, simple, header != NULL ? header->columns : NULL, record, &start);
    }
    for (uint32_t i = seen; i < count; i++) {
        struct span span = {base + start, ends[i] - start};
        start = ends[i] + 1;
        if (spaces && (span.length == 0 || (seen == 0 && is_export_time(record_text(record, span))))) continue;
        if (!spaces && span.length == 0 && i + 1 == count) continue; /* a tab behind the last column is none more */
        uint32_t row = header == NULL ? seen : seen < header->columns_count ? header->columns[seen] : HEADER_UNKNOWN;
        if (row >= schema->fields_count) {
            row = schema->fields_count + extras;
            uint16_t name = header != NULL && seen < header->columns_count ? header->names[seen] : 0;
            if (name != 0 && !record_null(record, span))
                span = name_extra(splitter, record, header->names_text + name, span);
            extras++;
        }
        if (row < FIELDS_MAX) record->fields[row] = span;
        seen++;
    }
    splitter->columns_seen = seen;
    record->fields_count = (uint16_t)(schema->fields_count + extras); /* more than FIELDS_MAX: not all are stored */
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

/* Whether the first column is the word that begins every line in the table's own order, if there is such a word: another version of
 * a flow log has columns that the user chose, as many as the default by chance. */
static bool has_first_word(const struct record *record, const struct schema *schema) {
    return schema->detect_first == NULL ||
           slice_equal(record_text(record, record->fields[0]), slice_from(schema->detect_first));
}

/* The last column of a line that should have more may have been cut, and an address that lost a digit is another one: kept as text.
 * (Any other column that lost its end says less than it did, but nothing that is wrong of somebody else.) */
static void distrust_last(struct splitter *splitter, const struct header *header, struct record *record) {
    const struct schema *schema = record->schema;
    uint32_t last = splitter->columns_seen - 1, row = header != NULL ? header->columns[last] : last;
    if (row >= schema->fields_count || record_null(record, record->fields[row])) return;
    const struct field_spec *field = &schema->fields[row];
    bool address = field->kind == FIELD_IP || field->kind == FIELD_ENDPOINT ||
                   (field->role >= ROLE_FORWARDED_FOR && field->role <= ROLE_VIEWER);
    if (!address) return;
    if (record->fields_count < FIELDS_MAX)
        record->fields[record->fields_count++] = name_extra(splitter, record, field->name, record->fields[row]);
    record->fields[row] = (struct span){0, 0};
    record->plain = false;
}

/* "1764547201.851": what a real-time log of CloudFront begins with, where a standard log has a date. */
static bool has_epoch_first(const struct record *record, const struct schema *schema) {
    int64_t ns;
    return schema->layout == LAYOUT_W3C && timestamp_parse_unix(record_text(record, record->fields[0]), &ns);
}

/* Columns whose order a header line gives, or, up to a point, AWS. */
static bool arrange_columns(struct splitter *splitter, const struct scan_line *line, struct record *record,
                            struct reading *reading) {
    const struct schema *schema = record->schema;
    const struct header *header = splitter->header.schema == schema ? &splitter->header : NULL;
    splitter_limit_spare(splitter, line->length);
    arrange(splitter, header, record, line->ends_count);
    record->plain = !line->odd && line->quotes_count == 0;
    if (record->fields_count > FIELDS_MAX) {
        record->fields_count = 0;
        return reading_reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
    }
    if (header == NULL && has_epoch_first(record, schema))
        return reading_reject(reading, REJECT_UNKNOWN_FORMAT,
                              "a header line; of real-time logs, which have none, the columns are given as -f "
                              "'cloudfront:timestamp c-ip ...'");
    uint32_t count = splitter->columns_seen, wanted = header != NULL ? header->columns_count : schema->fields_count_min;
    if (count < wanted && schema->layout == LAYOUT_W3C && header != NULL) {
        record->flags |= 1u << RECORD_TRUNCATED; /* real ones are, and what is there is good */
    } else if (count < wanted) {
        record->fields_count = (uint16_t)count; /* for the message */
        return reading_reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
    }
    if (header == NULL && count > schema->headless_count_max)
        return reading_reject(reading, REJECT_UNKNOWN_FORMAT, "a header line that says the order of so many columns");
    if (header == NULL && !has_first_word(record, schema))
        return reading_reject(reading, REJECT_UNKNOWN_FORMAT, "a header line that says the order of the columns");
    bool short_one = count < (header != NULL ? header->columns_count : schema->headless_count_max);
    if (schema->layout == LAYOUT_W3C && short_one && count > 0) distrust_last(splitter, header, record);
    return true;
}

bool split_columns(struct splitter *splitter, const char *text, uint32_t text_left, struct record *record,
                   struct reading *reading, uint32_t *consumed) {
    const struct schema *schema = record->schema;
    struct scan_line line;
    bool quoted = schema == NULL || schema->layout == LAYOUT_SPACE_QUOTED;
    bool tabs = schema != NULL && schema->layout == LAYOUT_W3C;
    enum scan_columns columns = quoted ? SCAN_SPACES_QUOTED : tabs ? SCAN_TABS : SCAN_SPACES;
    splitter->kernel->line(text, text_left, columns, splitter->ends + 1, FIELDS_MAX, &line);
    if (tabs && line.ends_count == 1) /* W3C logs may also have spaces between columns */
        splitter->kernel->line(text, text_left, SCAN_SPACES, splitter->ends + 1, FIELDS_MAX, &line);
    *consumed = line.consumed;
    record->line.length = line.length;
    record->aws_escapes = quoted;
    if (line.ends_count > FIELDS_MAX) {
        record->fields_count = 0;
        return reading_reject(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns");
    }
    if (tabs || (schema != NULL && schema->layout == LAYOUT_HEADER))
        return arrange_columns(splitter, &line, record, reading);
    take_columns(splitter, text, &line, quoted, record);
    if (line.quote_open) return reading_reject(reading, REJECT_UNTERMINATED_QUOTE, "a closing quote");
    if (schema == NULL) return reading_reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (record->fields_count < schema->fields_count_min)
        return reading_reject(reading, REJECT_TOO_FEW_FIELDS, "more columns");
    return true;
}
