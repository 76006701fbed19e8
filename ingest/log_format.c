/* Compiles log_formats: what each variable can hold decides how lines are cut (log_format_cut.c).
 *
 * Threads: pure functions. */
#include "ingest/log_format.h"

struct known_value {
    const char *name;
    enum log_value value;
};

/* Variables whose values NGINX makes itself, so that nothing from outside can put a space into them. A name that is not here is free.
 * ($req_id of ingress-nginx is the client's X-Request-ID, $host one of three things: free.) */
static const struct known_value known_values[] = {
    {"connection_time", LOG_SECONDS},
    {"hostname", LOG_WORD},
    {"pipe", LOG_WORD},
    {"request_id", LOG_WORD},
    {"request_method", LOG_WORD},
    {"scheme", LOG_WORD},
    {"server_protocol", LOG_WORD},
    {"ssl_cipher", LOG_WORD},
    {"ssl_curve", LOG_WORD},
    {"ssl_protocol", LOG_WORD},
    {"upstream_addr", LOG_LIST},
    {"upstream_bytes_received", LOG_LIST_INTEGER},
    {"upstream_bytes_sent", LOG_LIST_INTEGER},
    {"upstream_cache_status", LOG_WORD},
    {"upstream_connect_time", LOG_LIST_SECONDS},
    {"upstream_first_byte_time", LOG_LIST_SECONDS},
    {"upstream_header_time", LOG_LIST_SECONDS},
    {"upstream_queue_time", LOG_LIST_SECONDS},
    {"upstream_response_length", LOG_LIST_INTEGER},
    {"upstream_response_time", LOG_LIST_SECONDS},
    {"upstream_session_time", LOG_LIST_SECONDS},
    {"upstream_status", LOG_LIST_INTEGER},
};

/* A format while it is read. */
struct compilation {
    struct slice pattern;
    size_t at; /* byte of the pattern that comes next */
    struct log_format *format;
    uint32_t text_bytes;
    struct error *error;
};

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Text up to the next variable. */
static enum status read_literal(struct compilation *compilation, struct log_literal *literal) {
    struct log_format *format = compilation->format;
    const struct slice pattern = compilation->pattern;
    char *text = format->text + compilation->text_bytes;
    *literal = (struct log_literal){.offset = (uint16_t)compilation->text_bytes};
    for (; compilation->at < pattern.len && pattern.ptr[compilation->at] != '$'; compilation->at++) {
        char c = pattern.ptr[compilation->at];
        if (c == '\n' || c == '\r' || c == '\0')
            return error_set(compilation->error, STATUS_USAGE,
                             "log_format, byte %zu: a line break or NUL, which no line of a log holds",
                             compilation->at + 1);
        if (c == '"') literal->quotes++;
        text[literal->bytes++] = c;
    }
    compilation->text_bytes += literal->bytes;
    size_t first = literal->bytes < sizeof literal->word ? literal->bytes : sizeof literal->word;
    memcpy(&literal->word, text, first);
    memset(&literal->mask, 0xff, first);
    format->quotes += literal->quotes;
    return STATUS_OK;
}

/* `$name` or `${name}`, which is put into the format's text in small letters: NGINX does not tell them apart. */
static enum status read_name(struct compilation *compilation, struct log_part *part) {
    const struct slice pattern = compilation->pattern;
    size_t dollar = compilation->at++;
    bool braced = compilation->at < pattern.len && pattern.ptr[compilation->at] == '{';
    compilation->at += braced;
    part->name = (uint16_t)compilation->text_bytes;
    for (; compilation->at < pattern.len && is_name_byte(pattern.ptr[compilation->at]); compilation->at++) {
        char c = pattern.ptr[compilation->at];
        compilation->format->text[compilation->text_bytes++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        part->name_bytes++;
    }
    if (part->name_bytes == 0)
        return error_set(compilation->error, STATUS_USAGE,
                         "log_format, byte %zu: expected the name of a variable behind `$`", dollar + 1);
    if (!braced) return STATUS_OK;
    if (compilation->at == pattern.len || pattern.ptr[compilation->at] != '}')
        return error_set(compilation->error, STATUS_USAGE, "log_format, byte %zu: `${` without a closing `}`",
                         dollar + 1);
    compilation->at++;
    return STATUS_OK;
}

static uint8_t find_row(const struct schema *schema, struct slice name) {
    for (const struct field_alias *alias = schema->aliases; alias != NULL && alias->alias != NULL; alias++)
        if (slice_equal(slice_from(alias->alias), name)) name = slice_from(alias->name);
    for (uint8_t i = 0; i < schema->fields_count; i++)
        if (slice_equal(slice_from(schema->fields[i].name), name)) return i;
    return LOG_ROW_NONE;
}

static enum log_value find_value(const struct schema *schema, uint8_t row, struct slice name) {
    if (row != LOG_ROW_NONE) {
        switch (schema->fields[row].kind) {
        case FIELD_INTEGER: return LOG_INTEGER;
        case FIELD_SECONDS:
        case FIELD_UNIX_TIME: return LOG_SECONDS;
        case FIELD_IP: return LOG_ADDRESS;
        case FIELD_TIME_LOCAL: return LOG_TIME_LOCAL;
        case FIELD_TIME: return LOG_TIME_ISO;
        default: break;
        }
    }
    for (size_t i = 0; i < sizeof known_values / sizeof known_values[0]; i++)
        if (slice_equal(slice_from(known_values[i].name), name)) return known_values[i].value;
    return LOG_FREE;
}

static enum field_role role_of(const struct log_format *format, const struct log_part *part) {
    return part->row == LOG_ROW_NONE ? ROLE_NONE : format->schema->fields[part->row].role;
}

/* Whether by itself it says when a line was written. */
static bool is_time(enum field_role role) {
    return (role >= ROLE_TIME && role <= ROLE_TIME_START && role != ROLE_TIME_END_DATE &&
            role != ROLE_TIME_END_CLOCK) ||
           role == ROLE_TRACE;
}

/* What the table and the text on both sides say of a part. */
static void complete_part(struct log_format *format, uint32_t index) {
    struct log_part *part = &format->parts[index];
    const struct log_literal *before = index == 0 ? &format->head : &format->parts[index - 1].literal;
    const struct slice name = {format->text + part->name, part->name_bytes};
    const char *behind = format->text + part->literal.offset;
    part->row = find_row(format->schema, name);
    for (uint32_t i = 0; i < index; i++)
        part->again = part->again || (part->row != LOG_ROW_NONE && format->parts[i].row == part->row);
    enum log_value value = find_value(format->schema, part->row, name);
    part->wrapped = before->bytes > 0 && format->text[before->offset + before->bytes - 1] == '"';
    bool word = value == LOG_WORD || (value >= LOG_LIST && value <= LOG_LIST_SECONDS);
    if ((value == LOG_FREE || (word && part->wrapped)) && part->literal.bytes > 0 && behind[0] == '"')
        value = LOG_QUOTED;
    part->value = (uint8_t)value;
    part->exact = value == LOG_QUOTED || value == LOG_TIME_LOCAL || value == LOG_TIME_ISO || part->literal.bytes == 0 ||
                  !log_value_holds(value, behind[0]);
    enum field_role role = role_of(format, part);
    part->peer = role == ROLE_PEER || role == ROLE_PEER_IP || role == ROLE_PEER_PORT || role == ROLE_PEER_IP_REAL;
    part->address = part->row != LOG_ROW_NONE && format->schema->fields[part->row].kind == FIELD_IP;
    if (part->again) return;
    part->never_null = role == ROLE_PEER_IP;
    if (role == ROLE_PEER_IP) format->peer_ip = (int8_t)index;
    if (role == ROLE_PEER_PORT) format->peer_port = (int8_t)index;
    if (role == ROLE_PEER_IP_REAL) format->peer_ip_real = (int8_t)index;
}

static enum status read_parts(struct compilation *compilation) {
    struct log_format *format = compilation->format;
    enum status status = read_literal(compilation, &format->head);
    while (status == STATUS_OK && compilation->at < compilation->pattern.len) {
        size_t dollar = compilation->at;
        if (format->parts_count == LOG_FORMAT_PARTS_MAX)
            return error_set(compilation->error, STATUS_USAGE, "log_format, byte %zu: more than %u variables",
                             dollar + 1, LOG_FORMAT_PARTS_MAX);
        struct log_part *before = format->parts_count > 0 ? &format->parts[format->parts_count - 1] : NULL;
        struct log_part *part = &format->parts[format->parts_count];
        *part = (struct log_part){.row = LOG_ROW_NONE, .wanted = WANTED_NONE};
        status = read_name(compilation, part);
        if (status != STATUS_OK) return status;
        if (before != NULL && before->literal.bytes == 0)
            return error_set(compilation->error, STATUS_USAGE,
                             "log_format, byte %zu: $%.*s touches $%.*s, and nobody can tell where the first one ends; "
                             "put a text between them",
                             dollar + 1, (int)part->name_bytes, format->text + part->name, (int)before->name_bytes,
                             format->text + before->name);
        status = read_literal(compilation, &part->literal);
        format->parts_count++;
    }
    return status;
}

enum status log_format_compile(struct slice pattern, const struct schema *schema, struct log_format *out,
                               struct error *error) {
    *out = (struct log_format){.schema = schema, .peer_ip = -1, .peer_port = -1, .peer_ip_real = -1};
    struct compilation compilation = {.pattern = pattern, .format = out, .error = error};
    if (pattern.len > LOG_FORMAT_BYTES_MAX)
        return error_set(error, STATUS_USAGE, "log_format, byte %u: longer than %u bytes", LOG_FORMAT_BYTES_MAX + 1,
                         LOG_FORMAT_BYTES_MAX);
    enum status status = read_parts(&compilation);
    if (status != STATUS_OK) return status;
    bool timed = false;
    for (uint32_t i = 0; i < out->parts_count; i++) {
        complete_part(out, i);
        timed = timed || is_time(role_of(out, &out->parts[i]));
    }
    if (!timed)
        return error_set(
            error, STATUS_USAGE,
            "log_format, byte %zu: nothing in it tells the time; expected $time_local, $time_iso8601 or $msec",
            pattern.len + 1);
    return STATUS_OK;
}

void log_format_want(struct log_format *format, const struct wanted_headers *wanted) {
    const struct slice prefix = SLICE("http_");
    for (uint32_t i = 0; i < format->parts_count; i++) {
        struct log_part *part = &format->parts[i];
        struct slice name = {format->text + part->name, part->name_bytes};
        part->wanted = WANTED_NONE;
        if (slice_starts_with(name, prefix))
            part->wanted = wanted_find_variable(wanted, (struct slice){name.ptr + prefix.len, name.len - prefix.len});
        if (part->wanted == WANTED_NONE) continue;
        format->wanted_parts[format->wanted_count++] = (uint8_t)i;
        part->secret = wanted->items[part->wanted].secret;
        if (part->secret) part->row = LOG_ROW_NONE;
    }
}

uint32_t log_format_compile_all(const struct schema *schema, struct log_format *out) {
    uint32_t count = 0;
    for (const char *const *pattern = schema->patterns; pattern != NULL && *pattern != NULL; pattern++) {
        ASSERT(count < LOG_FORMATS_MAX);
        ASSERT(log_format_compile(slice_from(*pattern), schema, &out[count], NULL) == STATUS_OK);
        count++;
    }
    return count;
}
