/* Lines -> records: which splitter a line goes to, and what it is when nobody said.
 *
 * A line is first taken for what its file's name or its predecessor says. Where nobody said anything, formats are told apart by what
 * a line looks like and by the columns that matter, so that the answer is the same whatever the guess was.
 *
 * Threads: a splitter belongs to one worker. */
#include "ingest/split.h"

#include "base/check.h"
#include "ingest/cursor.h"
#include "ingest/envoy_line.h"
#include "ingest/haproxy_captures.h"
#include "ingest/haproxy_line.h"
#include "ingest/header_line.h"
#include "ingest/split_json.h"
#include "ingest/split_tables.h"
#include "ingest/syslog_prefix.h"

void splitter_init(struct splitter *splitter, const struct scan_kernel *kernel) {
    *splitter = (struct splitter){.kernel = kernel, .headers_count = true, .ends = {UINT32_MAX}};
}

bool reading_reject(struct reading *reading, enum reject_reason reason, const char *expected) {
    reading->kind = READING_REJECTED;
    reading->reject = reason;
    reading->column = -1;
    reading->expected = expected;
    return false;
}

/* --- lines that are more than columns between separators -------------------------------------------------------------- */

static void clear_fields(struct record *record) {
    memset(record->fields, 0, record->schema->fields_count * sizeof record->fields[0]);
    record->fields_count = record->schema->fields_count;
    record->flags &= 1u << RECORD_LOSSY;
}

static bool cut_by_formats(struct splitter *splitter, const struct origin *origin, struct record *record,
                           struct line_cut *cut) {
    struct spare *spare = &splitter->spare;
    if (origin->log_format != NULL) return log_format_cut(origin->log_format, record, spare, cut);
    cut->expected = "a line of one of the usual log formats; yours is given as -f 'nginx:LOG_FORMAT'";
    const struct split_tables *tables = splitter->tables;
    return tables != NULL && log_format_cut_any(tables->log_formats, tables->log_formats_count,
                                                &splitter->last_log_format, record, spare, cut);
}

static bool split_line(struct splitter *splitter, const char *text, uint32_t left, const struct origin *origin,
                       struct record *record, struct reading *reading, uint32_t *consumed) {
    struct scan_line line;
    struct line_cut cut = {.expected = NULL};
    splitter->kernel->line(text, left, SCAN_WHOLE, splitter->ends + 1, FIELDS_MAX, &line);
    *consumed = line.consumed;
    splitter_limit_spare(splitter, line.length);
    record->line.length = line.length;
    record->aws_escapes = record->schema->layout == LAYOUT_LOG_FORMAT;
    record->plain = true;
    clear_fields(record);
    bool good = record->schema->layout == LAYOUT_HAPROXY ? haproxy_line_cut(record, &splitter->spare, &cut)
                : record->schema->layout == LAYOUT_ENVOY ? envoy_line_cut(record, &splitter->spare, &cut)
                                                         : cut_by_formats(splitter, origin, record, &cut);
    if (good && origin->captures != NULL && record->schema->layout == LAYOUT_HAPROXY)
        haproxy_captures_take(origin->captures, record, &splitter->spare);
    if (line.odd || line.quotes_count != cut.quotes) record->plain = false;
    return good || reading_reject(reading, REJECT_UNKNOWN_FORMAT, cut.expected);
}

/* One line as a row of a format (NULL: just columns); consumed is always set. */
static bool split_as(struct splitter *splitter, const struct schema *schema, const char *text, uint32_t left,
                     const struct origin *origin, struct record *record, struct reading *reading, uint32_t *consumed) {
    record->schema = schema;
    reading->schema = schema;
    record->flags &= 1u << RECORD_LOSSY; /* of the JSON around it */
    record->headers_found = 0;
    record->list_cut = false;
    bool lines = schema != NULL && schema->layout >= LAYOUT_LOG_FORMAT && schema->layout <= LAYOUT_ENVOY;
    bool good = lines ? split_line(splitter, text, left, origin, record, reading, consumed)
                      : split_columns(splitter, text, left, record, reading, consumed);
    return good && derive(record, splitter, reading);
}

/* --- which format? ---------------------------------------------------------------------------------------------------- */

static struct slice line_at(const char *line, uint32_t left) {
    const char *newline = memchr(line, '\n', left);
    return (struct slice){line, newline != NULL ? (size_t)(newline - line) : left};
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* `[01/Dec/2025:00:00:01`: NGINX has a zone behind it, HAProxy has none. The first one counts: before it in NGINX's line stands at
 * most a user's name, and that cannot hold a colon (RFC 7617 section 2). */
static enum layout look_for_local_time(struct slice line) {
    const char *end = line.ptr + line.len - (line.len < 22 ? line.len : 22); /* where no such time can begin any more */
    for (const char *from = line.ptr; (from = cursor_find(from, end, '[', '[', '[')) < end; from++) {
        if (is_digit(from[1]) && is_digit(from[2]) && from[3] == '/' && from[7] == '/' && from[12] == ':' &&
            from[15] == ':' && from[18] == ':')
            return from[21] == ' ' ? LAYOUT_LOG_FORMAT : LAYOUT_HAPROXY;
    }
    return LAYOUT_SPACE_QUOTED;
}

/* Formats of columns have an ISO time among the first three words, or, flows, a short number as the first. */
static bool may_be_columns(struct slice line) {
    const char *word = line.ptr, *end = line.ptr + line.len;
    for (int i = 0; i < 3 && word < end; i++) {
        const char *stop = cursor_find(word, end, ' ', ' ', ' ');
        if (stop - word >= 19 && word[4] == '-' && word[10] == 'T') return true;
        if (i == 0 && stop - word <= 3 && is_digit(word[0])) return true;
        word = stop + 1;
    }
    return false;
}

/* What a line is told by its looks to be; LAYOUT_SPACE_QUOTED stands for all formats of columns. */
static enum layout look_at(struct slice line) {
    if (line.len > 0 && line.ptr[0] == '[') return LAYOUT_ENVOY;
    if (line.len > 10 && is_digit(line.ptr[0]) && (line.ptr[10] == '\t' || (line.len > 14 && line.ptr[14] == '\t')))
        return LAYOUT_W3C;
    return may_be_columns(line) ? LAYOUT_SPACE_QUOTED : look_for_local_time(line);
}

static const struct schema *schema_of(enum layout layout) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (schemas_all[i]->layout == layout) return schemas_all[i];
    return NULL;
}

/* Whether lines of this origin can have header lines among them. */
static bool may_have_header(const struct origin *origin) {
    return origin->schema == NULL || origin->schema->layout == LAYOUT_HEADER || origin->schema->layout == LAYOUT_W3C;
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

/* By the columns, which are read for it, else by the looks; NULL when neither says anything. */
static const struct schema *find_format(struct splitter *splitter, const char *line, uint32_t left,
                                        struct record *record, struct reading *reading, uint32_t *consumed) {
    record->schema = reading->schema = NULL;
    (void)split_columns(splitter, line, left, record, reading, consumed);
    struct slice text = line_at(line, left);
    enum layout layout = look_at(text);
    if (layout == LAYOUT_SPACE_QUOTED) {
        const struct schema *found = detect(record);
        if (found == NULL) found = detect_flow(record);
        if (found != NULL) return found;
        layout = look_for_local_time(text);
    }
    return layout == LAYOUT_SPACE_QUOTED ? NULL : schema_of(layout);
}

/* Whether a line of no known origin is what it was read as: by a header line exactly what that announces, else what it would be found
 * to be without a guess. */
static bool agrees(const struct splitter *splitter, const struct record *record, const struct reading *reading) {
    const struct schema *schema = record->schema;
    if (splitter->header.schema == schema) {
        /* CloudFront's lines are sometimes cut, and columns are appended before anybody is told */
        if (schema->layout == LAYOUT_W3C && look_at(record_text(record, record->line)) == LAYOUT_W3C) return true;
        return splitter->columns_seen == splitter->header.columns_count &&
               (reading->kind == READING_SKIPPED || record->has_peer);
    }
    bool looks = schema->layout >= LAYOUT_W3C;
    return look_at(record_text(record, record->line)) == (looks ? schema->layout : LAYOUT_SPACE_QUOTED) &&
           (looks || detect_agrees(record));
}

/* --- one line ----------------------------------------------------------------------------------------------------------- */

/* A header line is in force from here on. */
static bool take_header(struct header *header, const struct schema *schema, const char *line, uint32_t left,
                        struct record *record, struct reading *reading, uint32_t *consumed) {
    if (!header_line_parse((struct slice){line, left}, schema, header)) return false;
    struct slice text = line_at(line, left);
    *consumed = (uint32_t)text.len + (text.len < left);
    record->line.length = (uint32_t)text.len - (text.ptr[text.len - 1] == '\r');
    record->schema = reading->schema = header->schema;
    record->fields_count = 0;
    reading->kind = READING_SKIPPED;
    reading->skip = SKIP_HEADER;
    return true;
}

/* A line that is not what was expected, looked at without any expectation; `sure` is what it should have been. False: rejected. */
static bool read_unexpected(struct splitter *splitter, const struct schema *sure, uint32_t left,
                            const struct origin *origin, struct record *record, struct reading *reading,
                            uint32_t *consumed) {
    const char *line = record->text + record->line.offset;
    const struct schema *found = find_format(splitter, line, left, record, reading, consumed);
    if (found == NULL) found = sure; /* whose reason it is then */
    if (found == NULL || found->layout == LAYOUT_JSON) return false;
    reading->kind = READING_RECORD;
    bool good = split_as(splitter, found, line, left, origin, record, reading, consumed) ||
                reading->kind == READING_SKIPPED;
    if (good && origin->schema == NULL && splitter->header.schema == found && !agrees(splitter, record, reading))
        good = reading_reject(reading, REJECT_UNKNOWN_FORMAT, "a line of a known format");
    if (good) splitter->last = found;
    return good;
}

/* A line that is no JSON, at record->line.offset; `left` bytes of text are there. Returns the bytes up to the next one. */
static uint32_t read_text(struct splitter *splitter, uint32_t left, const struct origin *origin, struct record *record,
                          struct reading *reading) {
    const char *line = record->text + record->line.offset;
    const struct schema *known = origin->schema, *in_force = splitter->header.schema;
    const struct spare spare = splitter->spare;
    if (known != NULL && in_force != NULL && known->layout == in_force->layout && !origin->schema_fixed)
        known = in_force;
    const struct schema *sure = known != NULL ? known : in_force; /* of a header line, as long as the line fits it */
    const struct schema *guesses[2] = {sure != NULL ? sure : splitter->last, splitter->last};
    int guesses_count = known == NULL && in_force != NULL && splitter->last != NULL && splitter->last != in_force ? 2
                                                                                                                  : 1;
    uint32_t consumed;
    for (int i = 0; i < guesses_count; i++) {
        const struct schema *guess = guesses[i] != NULL && guesses[i]->layout == LAYOUT_JSON ? NULL : guesses[i];
        splitter->spare = spare;
        reading->kind = READING_RECORD;
        if ((split_as(splitter, guess, line, left, origin, record, reading, &consumed) ||
             reading->kind == READING_SKIPPED) &&
            (known != NULL || agrees(splitter, record, reading))) {
            splitter->last = guess;
            return consumed;
        }
    }
    splitter->spare = spare;
    bool empty = record->line.length == 0, good = false;
    if (origin->schema_fixed && origin->schema->layout == LAYOUT_JSON) {
        reading->schema = origin->schema;
        (void)reading_reject(reading, REJECT_BAD_JSON, "a JSON object");
    } else if (!origin->schema_fixed && !empty) {
        good = read_unexpected(splitter, sure, left, origin, record, reading, &consumed);
    }
    if (empty || (!good && is_test_message(record))) { /* that it begins like one may be the client's own words */
        reading->kind = READING_SKIPPED;
        reading->skip = empty ? SKIP_EMPTY_LINE : SKIP_TEST_MESSAGE;
    }
    return consumed;
}

/* An object: a record by its keys, or a line of any format inside `message` or the like, and so on inwards. */
static uint32_t read_json(struct splitter *splitter, uint32_t left, const struct origin *origin, struct record *record,
                          struct reading *reading) {
    const struct span whole = {record->line.offset, 0};
    struct slice text = line_at(record->text + whole.offset, left);
    uint32_t consumed = (uint32_t)text.len + (text.len < left);
    uint32_t length = (uint32_t)text.len - (text.ptr[text.len - 1] == '\r');
    struct span inner;
    record->line.length = length;
    splitter_limit_spare(splitter, length);
    splitter->around.count = 0;
    enum split_json_result result = split_json(splitter, origin, record, reading, &inner);
    for (int wraps = 1; result == SPLIT_JSON_WRAPPED && wraps < JSON_WRAPS_MAX; wraps++) {
        record->line = inner;
        if (record->text[inner.offset] != '{') break;
        result = split_json(splitter, origin, record, reading, &inner);
    }
    if (result == SPLIT_JSON_WRAPPED) {
        struct header header; /* one in there is in force for nothing */
        header.schema = NULL;
        const char *line = record->text + inner.offset;
        uint32_t taken;
        record->line = inner; /* also where it was not unwrapped to the end */
        if (!may_have_header(origin) ||
            !take_header(&header, header_schema_of(origin), line, inner.length, record, reading, &taken))
            taken = read_text(splitter, inner.length, origin, record, reading);
        if (taken < inner.length && reading->kind != READING_REJECTED) {
            if (reading->kind == READING_SKIPPED)
                reading->schema = NULL; /* an empty line is of the format of its neighbours */
            (void)reading_reject(reading, REJECT_UNKNOWN_FORMAT, "one line in each object");
        }
    } else if (result == SPLIT_JSON_RECORD) {
        (void)derive(record, splitter, reading);
    }
    if (reading->kind == READING_RECORD) split_json_add_around(splitter, record);
    record->line = (struct span){whole.offset, length};
    return consumed;
}

/* A message without what syslog may have put around it. */
static uint32_t read_message(struct splitter *splitter, uint32_t left, const struct origin *origin,
                             struct record *record, struct reading *reading) {
    const char *line = record->text + record->line.offset;
    uint32_t consumed;
    if (line[0] == '{' && splitter->tables != NULL && origin->log_format == NULL)
        return read_json(splitter, left, origin, record, reading);
    splitter->passed.schema = NULL;
    if (may_have_header(origin) && take_header(splitter->headers_count ? &splitter->header : &splitter->passed,
                                               header_schema_of(origin), line, left, record, reading, &consumed))
        return consumed;
    return read_text(splitter, left, origin, record, reading);
}

/* The bytes of syslog's prefix that the line of a message is read without; 0 also of HAProxy's lines, which have columns for it. */
static uint32_t prefix_bytes(const struct origin *origin, struct slice line) {
    struct syslog_prefix prefix;
    if (line.len == 0 || line.ptr[0] != '<' || !syslog_prefix_parse(line, &prefix) || prefix.priority.len == 0)
        return 0;
    struct slice message = {line.ptr + prefix.bytes, line.len - prefix.bytes};
    bool haproxy = origin->schema_fixed ? origin->schema->layout == LAYOUT_HAPROXY : look_at(message) == LAYOUT_HAPROXY;
    return haproxy || message.len == 0 ? 0 : (uint32_t)prefix.bytes;
}

void split_follow_headers(const struct origin *origin, struct slice text, struct header *header) {
    if (!may_have_header(origin)) return;
    const struct schema *only = header_schema_of(origin);
    for (const char *line = text.ptr, *end = line + text.len; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline != NULL ? newline : end;
        const char *start = line + prefix_bytes(origin, (struct slice){line, (size_t)(stop - line)});
        (void)header_line_parse((struct slice){start, (size_t)(stop - start)}, only, header);
        line = stop + 1;
    }
}

/* One line, whatever it is. What is hashed and kept of a line is all of it. */
static uint32_t read_line(struct splitter *splitter, uint32_t left, const struct origin *origin, struct record *record,
                          struct reading *reading) {
    const uint32_t offset = record->line.offset;
    uint32_t prefix = 0;
    if (__builtin_expect(record->text[offset] == '<', 0))
        prefix = prefix_bytes(origin, line_at(record->text + offset, left));
    record->line.offset += prefix;
    uint32_t consumed = read_message(splitter, left - prefix, origin, record, reading);
    if (prefix != 0) record->line = (struct span){offset, prefix + record->line.length};
    return prefix + consumed;
}

uint32_t splitter_read(struct splitter *splitter, const char *text, uint32_t offset, uint32_t text_bytes,
                       const struct origin *origin, struct record *record, struct reading *reading) {
    ASSERT(offset < text_bytes);
    record->text = text;
    record->line = (struct span){offset, 0};
    record->flags = 0;
    reading->kind = READING_RECORD;
    const uint32_t spare_used = splitter->spare.used, spare_end = splitter->spare.end;
    uint32_t consumed = read_line(splitter, text_bytes - offset, origin, record, reading);
    splitter->spare.end = spare_end;
    if (reading->kind != READING_RECORD) splitter->spare.used = spare_used;
    return consumed;
}
