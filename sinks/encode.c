/* The hot loop of the output: runs a plan over a record.
 *
 * Every value is written with a comma behind it; a closing object overwrites the last one, and an object that stayed
 * empty is taken back whole, so no value has to know its neighbours. Texts without an odd byte (99 % of real lines) are
 * copied 32 bytes at a time; the others go through base/json.c.
 *
 * Threads: one call belongs to one worker; the encoder is read-only. */
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/plan.h"

/* One record being written. */
struct writer {
    char *out;
    const struct record *record;
    const struct encoder_context *context;
    const struct encoder *encoder;
    uint64_t position;
    enum json_source source;
    bool lossy;
    uint64_t raw[FIELDS_MAX / 64]; /* columns whose text did not parse */
    char *opened[OUTPUT_DEPTH_MAX + 1];
    uint32_t depth;
};

/* --- small pieces ------------------------------------------------------------------------------- */

static inline void put(struct writer *writer, const char *text, uint32_t bytes) {
    writer->out = json_copy_plain(writer->out, text, bytes);
}

static inline void put_literal(struct writer *writer, struct slice text) {
    memcpy(writer->out, text.ptr, text.len);
    writer->out += text.len;
}

static inline void put_char(struct writer *writer, char c) {
    *writer->out++ = c;
}

/* The end of a quoted value whose first quote came with its key. */
static inline void end_quoted(struct writer *writer) {
    memcpy(writer->out, "\",", 2);
    writer->out += 2;
}

static inline void put_text(struct writer *writer, struct span span) {
    if (__builtin_expect(writer->record->plain, 1))
        put(writer, writer->record->text + span.offset, span.length);
    else
        writer->out = json_escape(writer->out, record_text(writer->record, span), writer->source, &writer->lossy);
}

static void put_number(struct writer *writer, uint64_t value) {
    writer->out += number_write(value, writer->out);
    put_char(writer, ',');
}

static inline void put_ip(struct writer *writer, const struct ip *ip) {
    writer->out += ip_format(ip, writer->out);
    end_quoted(writer);
}

static inline void mark_raw(struct writer *writer, uint32_t column) {
    writer->raw[column / 64] |= (uint64_t)1 << (column % 64);
}

/* --- columns ------------------------------------------------------------------------------------ */

static struct span trimmed(const struct record *record, struct span span) {
    while (span.length > 0 && record->text[span.offset] == ' ') span.offset++, span.length--;
    while (span.length > 0 && record->text[span.offset + span.length - 1] == ' ') span.length--;
    return span;
}

/* Integers leave as they came, but without leading zeros, which JSON does not know. */
static bool put_integer(struct writer *writer, struct slice text) {
    uint64_t value;
    if (number_is_plain_integer(text)) {
        put(writer, text.ptr, (uint32_t)text.len);
        put_char(writer, ',');
        return true;
    }
    if (!number_parse(text, &value)) return false;
    put_number(writer, value);
    return true;
}

static bool put_list_item(struct writer *writer, enum field_kind kind, struct slice item) {
    if (kind == FIELD_INTEGERS_SPACE) return slice_equal(item, SLICE("-")) || put_integer(writer, item);
    if (kind == FIELD_TEXTS_QUOTED) { /* the last quote may have been cut off */
        if (item.len > 0 && item.ptr[0] == '"') item.ptr++, item.len--;
        if (item.len > 0 && item.ptr[item.len - 1] == '"') item.len--;
    }
    if (item.len == 0) return true;
    writer->out = json_quote(writer->out, item, writer->source, &writer->lossy);
    put_char(writer, ',');
    return true;
}

/* A list column as an array. False when an item does not parse: then nothing of it is written. */
static bool put_list(struct writer *writer, enum field_kind kind, struct slice text) {
    char separator = kind == FIELD_TEXTS_COMMA || kind == FIELD_TEXTS_QUOTED ? ',' : ' ';
    put_char(writer, '[');
    const char *end = text.ptr + text.len;
    for (const char *item = text.ptr; item <= end;) {
        const char *stop = item < end ? memchr(item, separator, (size_t)(end - item)) : NULL;
        if (stop == NULL) stop = end;
        if (!put_list_item(writer, kind, (struct slice){item, (size_t)(stop - item)})) return false;
        item = stop + 1;
    }
    if (writer->out[-1] == ',') writer->out--;
    memcpy(writer->out, "],", 2);
    writer->out += 2;
    return true;
}

static bool put_time_column(struct writer *writer, struct slice text) {
    struct timestamp_cache days = {.day = ""};
    int64_t ns;
    uint32_t digits;
    if (!timestamp_parse(text, &days, &ns, &digits)) return false;
    put(writer, text.ptr, digits);
    put_char(writer, 'Z');
    end_quoted(writer);
    return true;
}

/* Everything but plain text, numbers and seconds. */
static bool put_rare_column(struct writer *writer, enum field_kind kind, struct span span) {
    struct slice text = record_text(writer->record, span);
    switch (kind) {
    case FIELD_SIGNED:
        if (text.len > 1 && text.ptr[0] == '-') {
            put_char(writer, '-');
            text.ptr++, text.len--;
        }
        return put_integer(writer, text);
    case FIELD_TIME:
        return put_time_column(writer, text);
    case FIELD_TEXTS_COMMA: case FIELD_TEXTS_SPACE: case FIELD_TEXTS_QUOTED: case FIELD_INTEGERS_SPACE:
        return put_list(writer, kind, text);
    case FIELD_NAME:
        put_text(writer, trimmed(writer->record, span));
        end_quoted(writer);
        return true;
    default: /* addresses are derived values, not columns */
        return false;
    }
}

static inline void put_column(struct writer *writer, const struct op *op, const char *keys) {
    const struct record *record = writer->record;
    if (op->index >= record->fields_count) return;
    struct span span = record->fields[op->index];
    if (record_null(record, span)) return;
    char *before = writer->out;
    put(writer, keys + op->key, op->key_bytes);
    struct slice text = record_text(record, span);
    switch ((enum field_kind)op->what) {
    case FIELD_TEXT: case FIELD_REQUEST:
        put_text(writer, span);
        end_quoted(writer);
        return;
    case FIELD_INTEGER:
        if (put_integer(writer, text)) return;
        break;
    case FIELD_SECONDS:
        if (number_is_plain_decimal(text)) {
            put(writer, text.ptr, span.length);
            put_char(writer, ',');
            return;
        }
        if (slice_equal(text, SLICE("-1"))) { /* null: not dispatched, closed, or idle timeout */
            writer->out = before;
            return;
        }
        break;
    default:
        if (put_rare_column(writer, (enum field_kind)op->what, span)) return;
    }
    writer->out = before;
    mark_raw(writer, op->index);
}

/* --- derived values ----------------------------------------------------------------------------- */

static bool put_span(struct writer *writer, struct span span) {
    if (span.length == 0) return false;
    put_text(writer, span);
    end_quoted(writer);
    return true;
}

static bool put_moment(struct writer *writer, const struct moment *moment) {
    if (!moment->known) return false;
    if (moment->text.length > 0) {
        put(writer, writer->record->text + moment->text.offset, moment->text.length);
        put_char(writer, 'Z');
    } else {
        writer->out += timestamp_format(moment->ns, writer->out);
    }
    end_quoted(writer);
    return true;
}

static bool put_quoted_constant(struct writer *writer, const char *text) {
    put_char(writer, '"');
    put_literal(writer, slice_from(text));
    end_quoted(writer);
    return true;
}

/* A column that a derived value was made of and that is neither null nor readable. */
static bool mark_role_raw(struct writer *writer, enum field_role role) {
    const struct record *record = writer->record;
    int column = schema_column(record->schema, role);
    if (column >= 0 && column < record->fields_count && !record_null(record, record->fields[column]))
        mark_raw(writer, (uint32_t)column);
    return false;
}

static bool put_hop_flags(struct writer *writer) {
    uint32_t flags = writer->record->client.flags;
    if (flags == 0) return false;
    put_char(writer, '[');
    for (uint32_t flag = 0; flag < HOP_FLAGS; flag++)
        if ((flags & 1u << flag) != 0) put_quoted_constant(writer, hop_flag_names[flag]);
    writer->out[-1] = ']';
    put_char(writer, ',');
    return true;
}

/* "TLSv1.2", "tlsv12", "SSLv3" -> protocol and "1.2"; false for anything else. */
static bool tls_version(struct slice text, bool *ssl, char version[4], uint32_t *version_bytes) {
    if (text.len < 5 || text.len > 7) return false;
    char name[4] = {(char)(text.ptr[0] | 0x20), (char)(text.ptr[1] | 0x20), (char)(text.ptr[2] | 0x20), (char)(text.ptr[3] | 0x20)};
    *ssl = memcmp(name, "sslv", 4) == 0;
    if (!*ssl && memcmp(name, "tlsv", 4) != 0) return false;
    uint32_t digits = 0;
    for (size_t i = 4; i < text.len; i++) {
        if (text.ptr[i] == '.' && i == 5 && text.len == 7) continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || digits == 2) return false;
        version[digits == 0 ? 0 : 2] = text.ptr[i];
        digits++;
    }
    version[1] = '.';
    if (digits == 1) version[2] = '0';
    *version_bytes = *ssl ? 1 : 3;
    return true;
}

static bool put_tls(struct writer *writer, enum value value) {
    const struct record *record = writer->record;
    int column = schema_column(record->schema, ROLE_TLS_VERSION);
    if (column >= record->fields_count) return false;
    char version[4];
    uint32_t bytes;
    bool ssl;
    if (!tls_version(record_text(record, record->fields[column]), &ssl, version, &bytes))
        return mark_role_raw(writer, ROLE_TLS_VERSION);
    if (value == VALUE_TLS_PROTOCOL) return put_quoted_constant(writer, ssl ? "ssl" : "tls");
    memcpy(writer->out, version, sizeof version);
    writer->out += bytes;
    end_quoted(writer);
    return true;
}

/* Part `part` of arn:partition:service:region:account:resource; length 0 when the column is no ARN. */
static struct span arn_part(const struct record *record, int part) {
    int column = schema_column(record->schema, ROLE_RESOURCE_ARN);
    if (column < 0 || column >= record->fields_count) return (struct span){0, 0};
    struct span arn = record->fields[column];
    const char *text = record->text + arn.offset;
    if (arn.length < 4 || memcmp(text, "arn:", 4) != 0) return (struct span){0, 0};
    uint32_t start = 0, limit = arn.length < 128 ? arn.length : 128;
    for (uint32_t i = 0; i < limit; i++) {
        if (text[i] != ':') continue;
        if (part-- == 0) return (struct span){arn.offset + start, i - start};
        start = i + 1;
    }
    return (struct span){0, 0};
}

static bool put_cloud(struct writer *writer, const char *from_key, uint32_t from_key_bytes, int part) {
    if (from_key_bytes > 0) {
        put(writer, from_key, from_key_bytes);
        put_char(writer, ',');
        return true;
    }
    struct span span = arn_part(writer->record, part);
    if (span.length == 0) return false;
    put_char(writer, '"');
    return put_span(writer, span);
}

/* Columns behind the last one known, as an array of texts; null ones are left out. */
static bool put_extra(struct writer *writer) {
    const struct record *record = writer->record;
    char *before = writer->out;
    put_char(writer, '[');
    for (uint32_t i = record->schema->fields_count; i < record->fields_count; i++) {
        if (record_null(record, record->fields[i])) continue;
        put_char(writer, '"');
        put_span(writer, record->fields[i]);
    }
    if (writer->out == before + 1) return false;
    writer->out[-1] = ']';
    put_char(writer, ',');
    return true;
}

/* The text of columns that did not parse, by column name. Stands behind every op that could mark one. */
static bool put_raw(struct writer *writer) {
    bool any = false;
    for (uint32_t i = 0; i < writer->record->schema->fields_count; i++) {
        if ((writer->raw[i / 64] >> (i % 64) & 1) == 0) continue;
        put_char(writer, any ? ',' : '{');
        any = true;
        put_char(writer, '"');
        for (const char *c = writer->record->schema->fields[i].name; *c != '\0'; c++) put_char(writer, *c == ':' ? '_' : *c);
        put_literal(writer, SLICE("\":\""));
        put_text(writer, writer->record->fields[i]);
        put_char(writer, '"');
    }
    if (any) put_literal(writer, SLICE("},"));
    return any;
}

static bool put_duration(struct writer *writer) {
    const struct record *record = writer->record;
    if (!record->start.known || !record->end.known || record->end.ns < record->start.ns) return false;
    put_number(writer, (uint64_t)(record->end.ns - record->start.ns));
    return true;
}

static bool put_id(struct writer *writer) {
    const struct record *record = writer->record;
    hash_event_id(writer->context->origin->name, writer->position, record_text(record, record->line), writer->out);
    writer->out += HASH_ID_DIGITS;
    end_quoted(writer);
    return true;
}

static bool put_node(struct writer *writer) {
    const struct record *record = writer->record;
    const struct ip_parsed *node = record->has_node ? &record->node : &writer->context->origin->node;
    if (!record->has_node) mark_role_raw(writer, ROLE_NODE);
    if (node->family == IP_NONE) return false;
    put_ip(writer, &node->ip);
    return true;
}

static bool put_literal_value(struct writer *writer, struct slice text) {
    put_literal(writer, text);
    return true;
}

static bool put_count(struct writer *writer, bool known, uint64_t value) {
    if (known) put_number(writer, value);
    return known;
}

static bool put_address(struct writer *writer, bool known, const struct ip *ip) {
    if (known) put_ip(writer, ip);
    return known;
}

/* The text of a derived value, without its key. False when the record does not have it. */
static bool write_value(struct writer *writer, const struct op *op) {
    const struct record *record = writer->record;
    const struct encoder_context *context = writer->context;
    switch ((enum value)op->what) {
    case VALUE_CONSTANT:
        put_literal(writer, slice_from(writer->encoder->schema->fields[op->index].constant));
        put_char(writer, ',');
        return true;
    case VALUE_CATEGORY:
        return put_literal_value(writer, record->network ? SLICE("[\"network\"],") : SLICE("[\"web\"],"));
    case VALUE_OUTCOME:
        if (record->outcome == OUTCOME_UNKNOWN) return false;
        return put_literal_value(writer, record->outcome == OUTCOME_SUCCESS ? SLICE("\"success\",") : SLICE("\"failure\","));
    case VALUE_TIMESTAMP: {
        bool by_end = schema_column(record->schema, ROLE_TIME_END) >= 0;
        return put_moment(writer, by_end ? &record->end : &record->start);
    }
    case VALUE_START: return put_moment(writer, &record->start) || mark_role_raw(writer, ROLE_TIME_START);
    case VALUE_END: return put_moment(writer, &record->end);
    case VALUE_DURATION: return put_duration(writer);
    case VALUE_ID: return put_id(writer);
    case VALUE_ORIGINAL: {
        enum json_source source = writer->source;
        writer->source = JSON_VERBATIM;
        /* wrapping quotes are part of the line but of no column: never plain */
        writer->out = json_escape(writer->out, record_text(record, record->line), JSON_VERBATIM, &writer->lossy);
        writer->source = source;
        end_quoted(writer);
        return true;
    }
    case VALUE_CLIENT_IP: return put_address(writer, record->client.resolved, &record->client.ip);
    case VALUE_CLIENT_PORT: return put_count(writer, record->client.port != 0, record->client.port);
    case VALUE_PEER_IP: return put_address(writer, record->has_peer, &record->peer.address.ip);
    case VALUE_PEER_PORT: return put_count(writer, record->has_peer, record->peer.port);
    case VALUE_DESTINATION_IP:
        return put_address(writer, record->has_destination, &record->destination.address.ip) ||
               (!record->has_destination && mark_role_raw(writer, ROLE_DESTINATION));
    case VALUE_DESTINATION_PORT: return put_count(writer, record->has_destination, record->destination.port);
    case VALUE_NODE_IP: return put_node(writer);
    case VALUE_HOP_VERDICT: return put_quoted_constant(writer, verdict_names[record->client.verdict]);
    case VALUE_HOP_PROVENANCE: return put_quoted_constant(writer, provenance_names[record->client.provenance]);
    case VALUE_HOP_TRUST: return put_count(writer, true, record->client.trust);
    case VALUE_HOP_DEPTH: return put_count(writer, true, record->client.depth);
    case VALUE_HOP_FLAGS: return put_hop_flags(writer);
    case VALUE_METHOD: return put_span(writer, record->request.method);
    case VALUE_URL: return put_span(writer, record->request.url);
    case VALUE_URL_SCHEME: return put_span(writer, record->request.scheme);
    case VALUE_URL_DOMAIN: return put_span(writer, record->request.domain);
    case VALUE_URL_PORT: return put_count(writer, record->request.port != 0, record->request.port);
    case VALUE_URL_PATH: return put_span(writer, record->request.path);
    case VALUE_URL_QUERY: return put_span(writer, record->request.query);
    case VALUE_HTTP_VERSION: return put_span(writer, record->request.version);
    case VALUE_TLS_VERSION: case VALUE_TLS_PROTOCOL: return put_tls(writer, (enum value)op->what);
    case VALUE_REGION: return put_cloud(writer, context->region_json, context->region_json_bytes, 3);
    case VALUE_ACCOUNT: return put_cloud(writer, context->account_json, context->account_json_bytes, 4);
    case VALUE_TRANSPORT: return put_literal_value(writer, record->network ? SLICE("\"tcp\",") : SLICE("\"http\","));
    case VALUE_BLOCKED_BY: return record->waf_blocked && put_literal_value(writer, SLICE("\"waf\","));
    case VALUE_EXTRA: return record->fields_count > record->schema->fields_count && put_extra(writer);
    case VALUE_RAW: return (writer->raw[0] | writer->raw[1]) != 0 && put_raw(writer);
    case VALUE_LOG_PATH:
        put(writer, context->path_json, context->path_json_bytes);
        put_char(writer, ',');
        return true;
    case VALUE_LOG_OFFSET: return put_count(writer, true, writer->position);
    case VALUE_LOG_FLAGS: return writer->lossy && put_literal_value(writer, SLICE("[\"lossy\"],"));
    default: ASSERT(!"a value that belongs to no record"); return false;
    }
}

static inline void put_value(struct writer *writer, const struct op *op, const char *keys) {
    if (op->what == VALUE_CLIENT_PLACE) { /* members of the object that is open here */
        if (writer->record->place.length > 0) put(writer, writer->record->place.json, writer->record->place.length);
        return;
    }
    char *before = writer->out;
    put(writer, keys + op->key, op->key_bytes);
    if (!write_value(writer, op)) writer->out = before;
}

_Static_assert(FIELDS_MAX == 128, "struct writer's raw mask is tested as two words");

size_t encoder_write(const struct encoder *encoder, const struct encoder_context *context, const struct record *record,
                     uint64_t position, char *out) {
    const struct plan *plan = encoder->plans;
    while (plan->schema != record->schema) plan++;
    struct writer writer = {
        .out = out, .record = record, .context = context, .encoder = encoder, .position = position,
        .source = record->schema->layout == LAYOUT_SPACE_QUOTED ? JSON_AWS_ESCAPES : JSON_VERBATIM,
    };
    put_char(&writer, '{');
    for (const struct op *op = plan->ops;; op++) {
        switch ((enum op_code)op->code) {
        case OP_OPEN:
            writer.opened[writer.depth++] = writer.out;
            put(&writer, plan->keys + op->key, op->key_bytes);
            break;
        case OP_CLOSE:
            writer.depth--;
            if (writer.out[-1] == ',') {
                memcpy(writer.out - 1, "},", 2);
                writer.out++;
            } else { /* nothing in it: take it back */
                writer.out = writer.opened[writer.depth];
            }
            break;
        case OP_COLUMN: put_column(&writer, op, plan->keys); break;
        case OP_VALUE: put_value(&writer, op, plan->keys); break;
        case OP_END:
            if (writer.out[-1] == ',') writer.out--;
            memcpy(writer.out, "}\n", 2);
            return (size_t)(writer.out + 2 - out);
        }
    }
}
