/* --format and --ndjson, checked.
 *
 * Threads: main thread at start. */
#include "app/format_choice.h"

#include <string.h>

#include "config/nearest.h"
#include "ingest/header_line.h"

#define COLUMNS_BYTES_MAX 4096u /* of -f FORMAT:COLUMNS; what is longer is cut, and then wrong */

/* Columns that CloudFront has and the table has no rows for; any other name that is not known is a mistake. */
static bool is_kept_by_name(const char *name, bool w3c) {
    return w3c && strncmp(name, "cmcd-", 5) == 0;
}

/* FORMAT:COLUMN COLUMN ..., as a header line, or as `${column} ${column}` the way flow logs are ordered from AWS. */
static enum status settle_columns(struct format_choice *choice, const char *columns, struct error *error) {
    char line[COLUMNS_BYTES_MAX + TEXT_PADDING_BYTES] = "";
    bool w3c = choice->schema->layout == LAYOUT_W3C;
    size_t prefix = w3c ? strlen(W3C_FIELDS " ") : 0, bytes = prefix;
    memcpy(line, W3C_FIELDS " ", prefix);
    for (const char *c = columns; *c != '\0' && bytes < COLUMNS_BYTES_MAX; c++)
        if (strchr("${}", *c) == NULL && (bytes > prefix || *c != ' ')) line[bytes++] = *c;
    bool good = header_line_parse((struct slice){line, bytes}, choice->schema, &choice->header) &&
                choice->header.schema != NULL;
    for (uint32_t i = 0; good && i < choice->header.columns_count; i++)
        good = choice->header.columns[i] != HEADER_UNKNOWN ||
               is_kept_by_name(choice->header.names_text + choice->header.names[i], w3c);
    choice->has_header = good;
    if (good) return STATUS_OK;
    return error_set(error, STATUS_USAGE,
                     "expected names of two or more columns behind the colon; `wherefrom formats %s` lists them",
                     choice->schema->name);
}

static enum status settle_log_format(struct format_choice *choice, const char *pattern,
                                     const struct wanted_headers *wanted, struct error *error) {
    enum status status = log_format_compile(slice_from(pattern), choice->schema, &choice->log_format, error);
    choice->has_log_format = status == STATUS_OK;
    log_format_want(&choice->log_format, wanted);
    return status;
}

static enum status settle_captures(struct format_choice *choice, const char *names, const struct wanted_headers *wanted,
                                   struct error *error) {
    enum status status = haproxy_captures_init(&choice->captures, slice_from(names), wanted, error);
    choice->has_captures = status == STATUS_OK;
    return status;
}

static enum status unknown_format(const char *format, struct error *error) {
    const char *names[64];
    size_t count = 0;
    for (uint32_t i = 0; i < schemas_count && i < 64; i++) names[count++] = schemas_all[i]->name;
    const char *near = nearest_word(format, names, count);
    return error_set(error, STATUS_USAGE, "no such format%s%s; `wherefrom formats` lists them",
                     near != NULL ? ", did you mean " : "", near != NULL ? near : "");
}

enum status format_choice_parse(struct format_choice *choice, const char *format, const struct wanted_headers *wanted,
                                struct error *error) {
    *choice = (struct format_choice){.schema = NULL};
    if (strcmp(format, "auto") == 0) return STATUS_OK;
    size_t name_bytes = strcspn(format, ":");
    choice->schema = schema_find((struct slice){format, name_bytes});
    if (choice->schema == NULL) return unknown_format(format, error);
    if (format[name_bytes] == '\0') return STATUS_OK;
    const char *rest = format + name_bytes + 1;
    switch (choice->schema->layout) {
    case LAYOUT_HEADER:
    case LAYOUT_W3C: return settle_columns(choice, rest, error);
    case LAYOUT_LOG_FORMAT: return settle_log_format(choice, rest, wanted, error);
    case LAYOUT_HAPROXY: return settle_captures(choice, rest, wanted, error);
    default:
        return error_set(error, STATUS_USAGE,
                         "the order of this format's columns is fixed; `wherefrom formats %s` lists them",
                         choice->schema->name);
    }
}

enum status format_choice_init(struct format_choice *choice, const char *format, const struct option_list *ndjson,
                               const struct wanted_headers *wanted, struct error *error) {
    static const struct wanted_headers none;
    struct error why;
    if (wanted == NULL) wanted = &none;
    enum status status = format_choice_parse(choice, format, wanted, &why);
    return status == STATUS_OK ? split_tables_new(ndjson, wanted, &choice->tables, error)
                               : error_set(error, status, "--format %s: %s", format, why.message);
}

void format_choice_apply(const struct format_choice *choice, struct origin *origin) {
    origin->schema = choice->schema;
    origin->schema_fixed = choice->schema != NULL;
    origin->header = choice->has_header ? &choice->header : NULL;
    origin->log_format = choice->has_log_format ? &choice->log_format : NULL;
    origin->captures = choice->has_captures ? &choice->captures : NULL;
}

void format_choice_destroy(struct format_choice *choice) {
    split_tables_free(choice->tables);
    choice->tables = NULL;
}
