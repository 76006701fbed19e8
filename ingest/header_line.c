/* Header lines, read against the tables of the formats that have them.
 *
 * Threads: pure functions. */
#include "ingest/header_line.h"

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

/* The next word, without the spaces around it; empty at the end. */
static struct slice next_word(struct slice *rest) {
    while (rest->len > 0 && rest->ptr[0] == ' ') rest->ptr++, rest->len--;
    struct slice word = {rest->ptr, 0};
    while (word.len < rest->len && rest->ptr[word.len] != ' ') word.len++;
    rest->ptr += word.len, rest->len -= word.len;
    return word;
}

static bool is_name(struct slice word) {
    if (!is_letter(word.ptr[0])) return false;
    for (size_t i = 1; i < word.len; i++) {
        char c = word.ptr[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
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

/* How many of the names this format knows; 0 when the line is no header of it. */
static uint32_t read_as(const struct schema *schema, struct slice line, struct header *header) {
    uint32_t known = 0;
    uint64_t seen = 0;
    *header = (struct header){.schema = schema};
    for (struct slice word; (word = next_word(&line)).len > 0;) {
        if (header->columns_count == FIELDS_MAX || !is_name(word)) return 0;
        uint8_t column = find_column(schema, word);
        if (column != HEADER_UNKNOWN) {
            if ((seen >> column & 1) != 0) return 0; /* the same column twice is no order */
            seen |= (uint64_t)1 << column;
            known++;
        }
        header->columns[header->columns_count++] = column;
    }
    return known >= 2 && 2 * known > header->columns_count ? known : 0;
}

bool header_line_read(struct slice text, const struct schema *schema, struct header *header) {
    const char *newline = memchr(text.ptr, '\n', text.len);
    struct slice line = {text.ptr, newline != NULL ? (size_t)(newline - text.ptr) : text.len};
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    uint32_t best = 0;
    for (uint32_t i = 0; i < schemas_count; i++) {
        struct header candidate;
        if (schemas_all[i]->layout != LAYOUT_HEADER || (schema != NULL && schema != schemas_all[i])) continue;
        uint32_t known = read_as(schemas_all[i], line, &candidate);
        if (known == 0 || known < best) continue;
        best = known;
        *header = candidate;
    }
    return best > 0;
}
