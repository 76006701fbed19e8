/* Fuzz target: any log_format and any line.
 *
 * Input: a log_format, a line feed, a line. An empty log_format stands for the built-in ones. Oracle for one format: a model
 * that knows every reading of the line, by trying each place for the end of each variable. The line is cut exactly when it has a
 * reading and no peer in doubt; a column whose ends are the same in all readings is that text, all others are empty; what is cut is
 * the whole line, piece by piece. For the built-in ones: what comes out does not depend on where the search begins, and on none but
 * the format that fits.
 *
 * Threads: one. */
#include <stdlib.h>

#include "base/check.h"
#include "base/ip.h"
#include "ingest/log_format.h"

#define MODEL_LINE_BYTES_MAX 400u /* the model tries all pairs of places */
#define SPARE_BYTES_MAX (64u * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct schema schema_nginx;

/* Which places of the line each part can begin at; [parts_count]: at the end of the line. */
struct model {
    const struct log_format *format;
    struct slice line;
    bool strict; /* addresses are read */
    bool begins[LOG_FORMAT_PARTS_MAX + 1][MODEL_LINE_BYTES_MAX + 1];
    uint32_t counts[LOG_FORMAT_PARTS_MAX + 1], at[LOG_FORMAT_PARTS_MAX + 1]; /* how many, and the last one */
};

static bool in(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_word_byte(char c) {
    return (unsigned char)c > ' ' && c != '"';
}

static bool is_raw_quote(struct slice line, size_t at) {
    size_t slashes = 0;
    while (slashes < at && line.ptr[at - slashes - 1] == '\\') slashes++;
    return line.ptr[at] == '"' && slashes % 2 == 0;
}

static bool is_item_byte(enum log_value value, char c) {
    if (value == LOG_LIST_INTEGER) return in(c, "0123456789-");
    if (value == LOG_LIST_SECONDS) return in(c, "0123456789-.");
    return is_word_byte(c) && c != ',';
}

static bool is_list(enum log_value value, struct slice line, size_t from, size_t to) {
    bool item = false;
    for (size_t i = from; i < to;) {
        struct slice rest = {line.ptr + i, to - i};
        item = is_item_byte(value, rest.ptr[0]);
        size_t step = item                                    ? 1
                      : slice_starts_with(rest, SLICE(", "))  ? 2
                      : slice_starts_with(rest, SLICE(" : ")) ? 3
                                                              : 0;
        if (step == 0) return false;
        i += step;
    }
    bool half = to - from >= 2 && line.ptr[to - 1] == ':' && line.ptr[to - 2] == ' '; /* of a separator */
    return item && !half;
}

static bool has_shape(struct slice text, const char *shape) {
    if (text.len != strlen(shape)) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool good = shape[i] == '0'   ? c >= '0' && c <= '9'
                    : shape[i] == 'A' ? c >= 'A' && c <= 'z'
                    : shape[i] == '+' ? c >= '+' && c <= '-'
                                      : c == shape[i];
        if (!good) return false;
    }
    return true;
}

static bool is_address(const struct model *model, struct slice text) {
    struct ip_parsed ip;
    if (text.len == 1 && text.ptr[0] == '-') return true;
    if (slice_starts_with(text, SLICE("unix:"))) {
        for (size_t i = 0; i < text.len; i++)
            if (!is_word_byte(text.ptr[i])) return false;
        return true;
    }
    for (size_t i = 0; i < text.len; i++)
        if (!in(text.ptr[i], "0123456789abcdefABCDEF.:")) return false;
    return text.len <= 64 && (!model->strict || ip_parse(text, &ip));
}

static bool is_number(struct slice text, bool seconds) {
    if (text.len == 1 && text.ptr[0] == '-') return true;
    for (size_t i = 0; i < text.len; i++) {
        bool dot = seconds && i + 4 == text.len && i > 0;
        if (dot ? text.ptr[i] != '.' : !in(text.ptr[i], "0123456789")) return false;
    }
    return text.len <= 64 && (!seconds || text.len >= 5);
}

/* Whether NGINX can have written [from, to) as the value of a part. */
static bool is_value(const struct model *model, const struct log_part *part, size_t from, size_t to) {
    const struct slice line = model->line, text = {line.ptr + from, to - from};
    if (part->value == LOG_QUOTED || part->value == LOG_FREE) {
        for (size_t i = from; i < to; i++)
            if (is_raw_quote(line, i)) return false;
        return part->value == LOG_FREE || is_raw_quote(line, to);
    }
    if (part->value == LOG_TIME_LOCAL) return has_shape(text, "00/AAA/0000:00:00:00 +0000");
    if (part->value == LOG_TIME_ISO) return has_shape(text, "0000-00-00T00:00:00+00:00");
    if (text.len == 0) return part->wrapped;
    if (part->never_null && slice_equal(text, SLICE("-"))) return false;
    switch (part->value) {
    case LOG_WORD:
        for (size_t i = 0; i < text.len; i++)
            if (!is_word_byte(text.ptr[i])) return false;
        return true;
    case LOG_LIST:
    case LOG_LIST_INTEGER:
    case LOG_LIST_SECONDS: return is_list((enum log_value)part->value, line, from, to);
    case LOG_ADDRESS: return is_address(model, text);
    default: return is_number(text, part->value == LOG_SECONDS);
    }
}

static struct slice literal_text(const struct log_format *format, const struct log_literal *literal) {
    return (struct slice){format->text + literal->offset, literal->bytes};
}

/* Whether a part can begin at `from` and the next one at `to`. */
static bool is_step(const struct model *model, uint32_t index, size_t from, size_t to) {
    const struct log_part *part = &model->format->parts[index];
    const struct slice literal = literal_text(model->format, &part->literal);
    if (to < from + literal.len) return false;
    to -= literal.len;
    return slice_equal((struct slice){model->line.ptr + to, literal.len}, literal) && is_value(model, part, from, to);
}

/* False when there is no way to the end, or on the way more places than the limit. */
static bool model_forward(struct model *model) {
    const struct log_format *format = model->format;
    const size_t bytes = model->line.len;
    memset(model->begins, 0, sizeof model->begins);
    if (!slice_starts_with(model->line, literal_text(format, &format->head))) return false;
    model->begins[0][format->head.bytes] = true;
    for (uint32_t part = 0; part < format->parts_count; part++) {
        uint32_t count = 0;
        bool last = part + 1 == format->parts_count, *reached = model->begins[part + 1];
        for (size_t from = 0; from <= bytes; from++)
            for (size_t to = last ? bytes : from; model->begins[part][from] && to <= bytes; to++) {
                if (reached[to] || !is_step(model, part, from, to)) continue;
                reached[to] = true;
                count++;
            }
        if (count == 0 || (!model->strict && count > LOG_FORMAT_WAYS_MAX)) return false;
    }
    return true;
}

static void model_backward(struct model *model) {
    for (uint32_t part = model->format->parts_count; part-- > 0;)
        for (size_t from = 0; from <= model->line.len; from++) {
            bool *good = &model->begins[part][from], reaches = false;
            for (size_t to = from; *good && to <= model->line.len && !reaches; to++)
                reaches = model->begins[part + 1][to] && is_step(model, part, from, to);
            *good = reaches;
        }
}

/* More than one place for anything. */
static bool model_count(struct model *model) {
    bool several = false;
    for (uint32_t part = 0; part <= model->format->parts_count; part++) {
        model->counts[part] = 0;
        for (uint32_t at = 0; at <= model->line.len; at++)
            if (model->begins[part][at]) model->counts[part]++, model->at[part] = at;
        several = several || model->counts[part] > 1;
    }
    return several;
}

static bool model_read(struct model *model) {
    model->strict = false;
    if (!model_forward(model)) return false;
    if (!model_count(model)) return true;
    model->strict = true;
    if (!model_forward(model)) return false;
    model_backward(model);
    (void)model_count(model);
    return true;
}

/* --- lines -------------------------------------------------------------------------------------- */

struct answer {
    bool good;
    uint32_t which;
    struct record record;
    struct spare spare;
    struct line_cut cut;
};

/* The line in the middle of a text: what is in front and behind would change it. */
static void prepare(struct slice line, char *text, struct answer *answer) {
    *answer = (struct answer){.good = false};
    memset(text, '"', 2);
    text[1] = '\\';
    memcpy(text + 2, line.ptr, line.len);
    memset(text + 2 + line.len, '"', TEXT_PADDING_BYTES);
    struct record *record = &answer->record;
    record->schema = &schema_nginx;
    record->text = text;
    record->line = (struct span){2, (uint32_t)line.len};
    record->fields_count = schema_nginx.fields_count;
    uint32_t used = 2 + (uint32_t)line.len + TEXT_PADDING_BYTES;
    answer->spare = (struct spare){.text = text, .used = used, .end = used + SPARE_BYTES_MAX};
}

static void check_spans(const struct answer *answer) {
    const struct record *record = &answer->record;
    const uint32_t line_end = record->line.offset + record->line.length, spare = line_end + TEXT_PADDING_BYTES;
    ASSERT(record->fields_count <= FIELDS_MAX && record->fields_count >= schema_nginx.fields_count);
    for (uint32_t i = 0; i < record->fields_count; i++) {
        struct span span = record->fields[i];
        bool row = i < schema_nginx.fields_count;
        if (row && span.length == 0) continue;
        ASSERT(span.offset >= (row ? record->line.offset : spare));
        ASSERT(span.offset + span.length <= (row ? line_end : answer->spare.used));
        if (!row) ASSERT(memchr(record->text + span.offset, '=', span.length) != NULL);
    }
}

static bool has_extra(const struct answer *answer, struct slice text) {
    const struct record *record = &answer->record;
    for (uint32_t i = schema_nginx.fields_count; i < record->fields_count; i++) {
        struct slice extra = record_text(record, record->fields[i]);
        const char *equals = memchr(extra.ptr, '=', extra.len);
        struct slice value = {equals + 1, (size_t)(extra.ptr + extra.len - equals - 1)};
        if (slice_equal(value, text)) return true;
    }
    return false;
}

static bool is_null(struct slice text) {
    return text.len == 0 || slice_equal(text, SLICE("-"));
}

/* Whether the peer can be told: it is nowhere in doubt, and the same wherever it stands. */
static bool is_peer_known(const struct model *model) {
    const struct log_format *format = model->format;
    struct slice texts[SCHEMA_FIELDS_MAX] = {{NULL, 0}};
    for (uint32_t i = 0; i < format->parts_count; i++) {
        const struct log_part *part = &format->parts[i];
        if (!part->peer) continue;
        if (model->counts[i] > 1 || model->counts[i + 1] > 1) return false;
        struct slice text = {model->line.ptr + model->at[i], model->at[i + 1] - part->literal.bytes - model->at[i]};
        if (texts[part->row].ptr == NULL)
            texts[part->row] = text;
        else if (!is_null(text) && !slice_equal(text, texts[part->row]) &&
                 !(slice_starts_with(text, SLICE("unix:")) && texts[part->row].len == 0) &&
                 !(slice_starts_with(text, SLICE("unix:")) && slice_starts_with(texts[part->row], SLICE("unix:"))))
            return false;
    }
    return true;
}

/* Each piece of the line is in its row or an extra, and nothing else is in a row. */
static void check_pieces(const struct model *model, const struct answer *answer) {
    const struct log_format *format = model->format;
    uint64_t rows = 0;
    bool ambiguous = false;
    for (uint32_t i = 0; i < format->parts_count; i++) {
        const struct log_part *part = &format->parts[i];
        uint32_t first = i;
        while (model->counts[i + 1] > 1) i++;
        uint32_t end = model->at[i + 1] - format->parts[i].literal.bytes;
        const struct slice text = {model->line.ptr + model->at[first], end - model->at[first]};
        if (first < i) {
            ambiguous = true;
            ASSERT(has_extra(answer, text));
            continue;
        }
        struct span row = part->row == LOG_ROW_NONE ? (struct span){0, 0} : answer->record.fields[part->row];
        if (row.length == text.len && row.offset == answer->record.line.offset + model->at[first])
            rows |= (uint64_t)1 << part->row;
        else
            ASSERT(is_null(text) || has_extra(answer, text) || (part->again && row.length > 0) ||
                   (part->again && part->peer && slice_starts_with(text, SLICE("unix:"))));
    }
    ASSERT(((answer->record.flags & 1u << RECORD_AMBIGUOUS) != 0) == ambiguous);
    for (uint32_t i = 0; i < schema_nginx.fields_count; i++)
        ASSERT(answer->record.fields[i].length == 0 || (rows >> i & 1) != 0);
}

static void check_one(const struct log_format *format, struct slice line, char *text) {
    static struct answer answer, again;
    static struct model model;
    prepare(line, text, &answer);
    answer.good = log_format_cut(format, &answer.record, &answer.spare, &answer.cut);
    prepare(line, text, &again);
    again.good = log_format_cut(format, &again.record, &again.spare, &again.cut);
    ASSERT(answer.good == again.good);
    ASSERT(answer.good || answer.cut.expected != NULL);
    if (answer.good) {
        ASSERT(answer.record.flags == again.record.flags);
        ASSERT(memcmp(answer.record.fields, again.record.fields, sizeof answer.record.fields) == 0);
        check_spans(&answer);
    }
    if (line.len > MODEL_LINE_BYTES_MAX) return;
    model.format = format;
    model.line = (struct slice){text + 2, line.len};
    ASSERT(answer.good == (model_read(&model) && is_peer_known(&model)));
    if (answer.good) check_pieces(&model, &answer);
}

static void check_built_in(const struct log_format *formats, uint32_t count, struct slice line, char *text) {
    static struct answer first, answer;
    for (uint32_t last = 0; last <= count; last++) {
        prepare(line, text, &answer);
        answer.which = last;
        answer.good = log_format_cut_any(formats, count, &answer.which, &answer.record, &answer.spare, &answer.cut);
        if (last == 0) first = answer;
        ASSERT(answer.good == first.good);
        if (!answer.good) continue;
        check_spans(&answer);
        ASSERT(answer.which == first.which && answer.record.flags == first.record.flags);
        ASSERT(memcmp(answer.record.fields, first.record.fields, sizeof first.record.fields) == 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        prepare(line, text, &answer);
        answer.good = log_format_cut(&formats[i], &answer.record, &answer.spare, &answer.cut);
        if (first.good && i == first.which) {
            ASSERT(answer.good);
            ASSERT(memcmp(answer.record.fields, first.record.fields, sizeof first.record.fields) == 0);
        } else if (first.good && answer.good) { /* in another format's eyes there is no other peer */
            ASSERT(answer.record.fields[0].offset == first.record.fields[0].offset &&
                   answer.record.fields[0].length == first.record.fields[0].length);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct log_format built_in[LOG_FORMATS_MAX], format;
    static uint32_t built_in_count;
    if (built_in_count == 0) {
        schemas_init();
        built_in_count = log_format_compile_all(&schema_nginx, built_in);
    }
    const char *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    if (newline == NULL) return 0;
    const struct slice pattern = {(const char *)data, (size_t)(newline - (const char *)data)};
    const struct slice line = {newline + 1, size - pattern.len - 1};
    if (line.len > SPARE_BYTES_MAX / 2) return 0;
    char *text = malloc(2 + line.len + TEXT_PADDING_BYTES + SPARE_BYTES_MAX + 32);
    ASSERT(text != NULL);
    if (pattern.len == 0) {
        check_built_in(built_in, built_in_count, line, text);
        for (uint32_t i = 0; i < built_in_count; i++) check_one(&built_in[i], line, text);
    } else {
        struct error error = {""};
        enum status status = log_format_compile(pattern, &schema_nginx, &format, &error);
        ASSERT(status == STATUS_OK || (status == STATUS_USAGE && error.message[0] != '\0'));
        if (status == STATUS_OK) check_one(&format, line, text);
    }
    free(text);
    return 0;
}
