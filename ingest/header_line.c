/* Header lines, read against the tables of the formats that have them.
 *
 * Threads: pure functions. */
#include "ingest/header_line.h"

#include "base/check.h"

/* The next word, without the blanks around it; empty at the end. Tabs are blanks where rows have them. */
static struct slice next_word(struct slice *rest, bool w3c) {
    const char blank = w3c ? '\t' : ' ';
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == blank)) rest->ptr++, rest->len--;
    struct slice word = {rest->ptr, 0};
    while (word.len < rest->len && rest->ptr[word.len] != ' ' && rest->ptr[word.len] != blank) word.len++;
    rest->ptr += word.len, rest->len -= word.len;
    return word;
}

static bool is_between(char c, char first, char last) {
    return c >= first && c <= last;
}

/* In W3C logs names also have capitals and parentheses: cs(User-Agent). */
static bool is_name(struct slice word, bool w3c) {
    if (!is_between(word.ptr[0], 'a', 'z')) return false;
    for (size_t i = 1; i < word.len; i++) {
        char c = word.ptr[i];
        bool good = is_between(c, 'a', 'z') || is_between(c, '0', '9') || c == '-' || c == '_';
        if (!good && !(w3c && (is_between(c, 'A', 'Z') || c == '(' || c == ')'))) return false;
    }
    return true;
}

static uint8_t find_column(const struct schema *schema, struct slice word) {
    for (const struct field_alias *alias = schema->aliases; alias != NULL && alias->alias != NULL; alias++)
        if (slice_equal(slice_from(alias->alias), word)) word = slice_from(alias->name);
    for (uint8_t i = 0; i < schema->fields_count; i++)
        if (slice_equal(slice_from(schema->fields[i].name), word)) return i;
    return HEADER_UNKNOWN;
}

static void keep_name(struct header *header, struct slice word) {
    if (header->names_bytes + word.len + 1 > HEADER_NAMES_BYTES - 32) return;
    header->names[header->columns_count] = header->names_bytes;
    memcpy(header->names_text + header->names_bytes, word.ptr, word.len);
    header->names_bytes = (uint16_t)(header->names_bytes + word.len + 1);
}

/* How many of the names this format knows; 0 when the line is no header of it. */
static uint32_t read_as(const struct schema *schema, bool certain, struct slice line, struct header *header) {
    uint32_t known = 0;
    uint64_t seen = 0;
    bool w3c = schema->layout == LAYOUT_W3C, own = certain || !w3c;
    *header = (struct header){.schema = schema, .names_bytes = 1};
    for (struct slice word; (word = next_word(&line, w3c)).len > 0;) {
        if (header->columns_count == FIELDS_MAX || !is_name(word, w3c)) return 0;
        uint8_t column = find_column(schema, word);
        if (column != HEADER_UNKNOWN) {
            if ((seen >> column & 1) != 0) return 0; /* the same column twice is no order */
            seen |= (uint64_t)1 << column;
            known++;
            own = own || slice_starts_with(word, SLICE("x-"));
        } else {
            keep_name(header, word);
        }
        header->columns[header->columns_count++] = column;
    }
    /* `date time c-ip cs-method` is in every web server's W3C log; only CloudFront's has names of its own */
    return known >= 2 && 2 * known > header->columns_count && own ? known : 0;
}

bool header_line_read(struct slice text, const struct schema *schema, struct header *header) {
    const char *newline = memchr(text.ptr, '\n', text.len);
    struct slice line = {text.ptr, newline != NULL ? (size_t)(newline - text.ptr) : text.len};
    const struct slice fields = SLICE(W3C_FIELDS);
    bool w3c = line.len > 0 && line.ptr[0] == '#';
    if (w3c && schema != NULL && schema->layout != LAYOUT_W3C) return false;
    if (w3c && !slice_starts_with(line, fields)) return slice_starts_with(line, SLICE("#Version:"));
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    if (w3c) line.ptr += fields.len, line.len -= fields.len;
    uint32_t best = 0;
    for (uint32_t i = 0; i < schemas_count; i++) {
        struct header candidate;
        if (schemas_all[i]->layout != (w3c ? LAYOUT_W3C : LAYOUT_HEADER) ||
            (schema != NULL && schema != schemas_all[i]))
            continue;
        uint32_t known = read_as(schemas_all[i], schema != NULL, line, &candidate);
        if (known == 0 || known < best) continue;
        best = known;
        *header = candidate;
    }
    if (best == 0 && w3c) *header = (struct header){.schema = NULL};
    return best > 0 || w3c;
}

static bool read_names(struct slice names, const struct schema *schema, struct header *header) {
    uint64_t seen = 0;
    *header = (struct header){.schema = schema, .names_bytes = 1};
    for (struct slice word; (word = next_word(&names, false)).len > 0;) {
        bool nameless = slice_equal(word, SLICE(HEADER_NAMELESS));
        if (header->columns_count == FIELDS_MAX || (!nameless && !is_name(word, true))) return false;
        uint8_t column = nameless ? HEADER_UNKNOWN : find_column(schema, word);
        if (column != HEADER_UNKNOWN) {
            if ((seen >> column & 1) != 0) return false;
            seen |= (uint64_t)1 << column;
        } else if (!nameless) {
            keep_name(header, word);
        }
        header->columns[header->columns_count++] = column;
    }
    return header->columns_count > 0;
}

bool header_text_read(struct slice text, struct header *header) {
    *header = (struct header){.schema = NULL};
    if (slice_equal(text, SLICE(HEADER_OF_NO_FORMAT))) return true;
    const char *colon = memchr(text.ptr, ':', text.len);
    if (colon == NULL) return false;
    const struct schema *schema = schema_find((struct slice){text.ptr, (size_t)(colon - text.ptr)});
    return schema != NULL && (schema->layout == LAYOUT_HEADER || schema->layout == LAYOUT_W3C) &&
           read_names((struct slice){colon + 1, (size_t)(text.ptr + text.len - (colon + 1))}, schema, header);
}
