/* The hot loop of the output: runs a plan over a record.
 *
 * Every value is written with a comma behind it; a closing object overwrites the last one, and an object that stayed
 * empty is taken back whole, so no value has to know its neighbours. Texts without an odd byte (99 % of real lines) are
 * copied 32 bytes at a time; the others go through base/json.c.
 *
 * `out` travels through the functions as argument and result, never through a struct: a char store may alias anything, so
 * the compiler would reload it at every byte (encoding took 1.9 times as many instructions that way).
 *
 * Threads: one call belongs to one worker; the encoder is read-only. */
#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/encode_column.h"
#include "sinks/plan.h"

/* --- small pieces: each returns the new end, NULL when the record does not have the value ------------- */

static char *put_constant(char *out, const char *text) {
    size_t bytes = strlen(text);
    *out++ = '"';
    memcpy(out, text, bytes);
    return encode_end_text(out + bytes);
}

/* A name with its quotes and comma, made at start. */
static inline char *put_name(char *out, const struct plan_name *name) {
    return json_copy_plain(out, name->text, name->bytes);
}

static inline char *put_span(const struct encoding *encoding, char *out, struct span span) {
    if (span.length == 0) return NULL;
    return encode_end_text(encode_text(encoding, out, span));
}

static inline char *put_count(char *out, bool known, uint64_t value) {
    return known ? encode_number(out, value) : NULL;
}

/* An address and its port: as logged when that is canonical. */
static inline char *put_address(const struct encoding *encoding, char *out, struct span text, const struct ip *ip) {
    if (text.length > 0)
        out = json_copy_plain(out, encoding->record->text + text.offset, text.length);
    else
        out += ip_format(ip, out);
    return encode_end_text(out);
}

static inline char *put_port(const struct encoding *encoding, char *out, struct span text, uint16_t port) {
    if (text.length == 0) return encode_number(out, port);
    out = json_copy_plain(out, encoding->record->text + text.offset, text.length);
    *out++ = ',';
    return out;
}

static inline char *put_moment(const struct encoding *encoding, char *out, const struct moment *moment) {
    if (!moment->known) return NULL;
    if (moment->text.length > 0) {
        out = json_copy_plain(out, encoding->record->text + moment->text.offset, moment->text.length);
        *out++ = 'Z';
    } else {
        out += timestamp_format(moment->ns, out);
    }
    return encode_end_text(out);
}

/* A column that a derived value was made of and that is neither null nor readable. */
static char *mark_role_raw(struct encoding *encoding, enum field_role role) {
    const struct record *record = encoding->record;
    int column = schema_column(record->schema, role);
    if (column >= 0 && column < record->fields_count && !record_null(record, record->fields[column]))
        encode_mark_raw(encoding, (uint32_t)column);
    return NULL;
}

/* --- rarer values ------------------------------------------------------------------------------- */

static char *put_hop_flags(const struct record *record, char *out) {
    uint32_t flags = record->client.flags;
    if (flags == 0) return NULL;
    *out++ = '[';
    for (uint32_t flag = 0; flag < HOP_FLAGS; flag++)
        if ((flags & 1u << flag) != 0) out = put_constant(out, hop_flag_names[flag]);
    out[-1] = ']';
    *out++ = ',';
    return out;
}

/* "TLSv1.2", "tlsv12", "SSLv3" -> protocol and "1.2"; false for anything else. */
static bool tls_version(struct slice text, bool *ssl, char version[3], uint32_t *version_bytes) {
    if (text.len < 5 || text.len > 7) return false;
    char name[4] = {(char)(text.ptr[0] | 0x20), (char)(text.ptr[1] | 0x20), (char)(text.ptr[2] | 0x20),
                    (char)(text.ptr[3] | 0x20)};
    *ssl = memcmp(name, "sslv", 4) == 0;
    if (!*ssl && memcmp(name, "tlsv", 4) != 0) return false;
    uint32_t digits = 0;
    memcpy(version, "0.0", 3);
    for (size_t i = 4; i < text.len; i++) {
        if (text.ptr[i] == '.' && i == 5 && text.len == 7) continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || digits == 2) return false;
        version[2 * digits++] = text.ptr[i];
    }
    *version_bytes = *ssl ? 1 : 3;
    return true;
}

static char *put_tls(struct encoding *encoding, char *out, bool protocol) {
    const struct record *record = encoding->record;
    struct span span = record->fields[schema_column(record->schema, ROLE_TLS_VERSION)];
    if (record_null(record, span)) return NULL;
    char version[3];
    uint32_t bytes = 3;
    bool ssl = false;
    if (span.length == 7 && memcmp(record->text + span.offset, "TLSv1.", 6) == 0)
        memcpy(version, record->text + span.offset + 4, sizeof version);
    else if (!tls_version(record_text(record, span), &ssl, version, &bytes)) return mark_role_raw(encoding, ROLE_TLS_VERSION);
    if (protocol) return encode_literal(out, ssl ? SLICE("\"ssl\",") : SLICE("\"tls\","));
    memcpy(out, version, sizeof version);
    return encode_end_text(out + bytes);
}

/* Columns behind the last one known, as an array of texts; null ones are left out. */
static char *put_extra(const struct encoding *encoding, char *out) {
    const struct record *record = encoding->record;
    char *start = out;
    *out++ = '[';
    for (uint32_t i = record->schema->fields_count; i < record->fields_count; i++) {
        if (record_null(record, record->fields[i])) continue;
        *out++ = '"';
        out = encode_end_text(encode_text(encoding, out, record->fields[i]));
    }
    if (out == start + 1) return NULL;
    out[-1] = ']';
    *out++ = ',';
    return out;
}

/* The text of columns that did not parse, by column name. Stands behind every op that could mark one. */
static char *put_raw(const struct encoding *encoding, char *out) {
    const struct schema *schema = encoding->record->schema;
    char *start = out;
    *out++ = '{';
    for (uint32_t i = 0; i < schema->fields_count; i++) {
        if ((encoding->raw[i / 64] >> (i % 64) & 1) == 0) continue;
        *out++ = '"';
        for (const char *c = schema->fields[i].name; *c != '\0'; c++) *out++ = *c == ':' ? '_' : *c;
        memcpy(out, "\":\"", 3);
        out = encode_end_text(encode_text(encoding, out + 3, encoding->record->fields[i]));
    }
    if (out == start + 1) return NULL;
    out[-1] = '}';
    *out++ = ',';
    return out;
}

static char *put_node(struct encoding *encoding, char *out) {
    const struct record *record = encoding->record;
    const struct ip_parsed *node = record->has_node ? &record->node : &encoding->context->origin->node;
    if (!record->has_node) mark_role_raw(encoding, ROLE_NODE);
    if (node->family == IP_NONE) return NULL;
    return encode_end_text(out + ip_format(&node->ip, out));
}

static char *put_original(const struct encoding *encoding, char *out) {
    const struct record *record = encoding->record;
    /* never plain: the quotes around columns are part of the line */
    return encode_end_text(json_escape(out, record_text(record, record->line), JSON_VERBATIM, &encoding->context->lossy));
}

static char *put_json(char *out, const char *json, uint32_t bytes) {
    if (bytes == 0) return NULL;
    out = json_copy_plain(out, json, bytes);
    *out++ = ',';
    return out;
}

/* --- the loop ----------------------------------------------------------------------------------- */

/* One value without its key; NULL when the record does not have it. */
__attribute__((always_inline)) static inline char *put_value(struct encoding *encoding, const struct record *record,
                                                              struct encoder_context *context, const struct op *op, char *out) {
    const struct client *client = &record->client;
    switch (op->code) {
    case OP_COLUMN + FIELD_TEXT: case OP_COLUMN + FIELD_REQUEST: {
        struct span span = record->fields[op->index];
        return record_null(record, span) ? NULL : encode_end_text(encode_text(encoding, out, span));
    }
    case OP_COLUMN + FIELD_INTEGER: return encode_integer_column(encoding, op->index, out);
    case OP_COLUMN + FIELD_SECONDS: return encode_seconds_column(encoding, op->index, out);
    case OP_COLUMN + FIELD_NAME: case OP_COLUMN + FIELD_SIGNED: case OP_COLUMN + FIELD_TIME:
    case OP_COLUMN + FIELD_TEXTS_COMMA: case OP_COLUMN + FIELD_TEXTS_SPACE: case OP_COLUMN + FIELD_TEXTS_QUOTED:
    case OP_COLUMN + FIELD_INTEGERS_SPACE:
        return encode_other_column(encoding, op->index, (enum field_kind)(op->code - OP_COLUMN), out);
    case VALUE_CATEGORY:
        return record->network ? encode_literal(out, SLICE("[\"network\"],")) : encode_literal(out, SLICE("[\"web\"],"));
    case VALUE_OUTCOME:
        if (record->outcome == OUTCOME_UNKNOWN) return NULL;
        return encode_literal(out, record->outcome == OUTCOME_SUCCESS ? SLICE("\"success\",") : SLICE("\"failure\","));
    case VALUE_TIMESTAMP:
        return put_moment(encoding, out, schema_column(record->schema, ROLE_TIME_END) >= 0 ? &record->end : &record->start);
    case VALUE_START: {
        char *end = put_moment(encoding, out, &record->start);
        return end != NULL ? end : mark_role_raw(encoding, ROLE_TIME_START);
    }
    case VALUE_END: return put_moment(encoding, out, &record->end);
    case VALUE_DURATION:
        return put_count(out, record->start.known && record->end.known && record->end.ns >= record->start.ns,
                         (uint64_t)(record->end.ns - record->start.ns));
    case VALUE_ID:
        hash_event_id(context->origin->name, encoding->position, record_text(record, record->line), out);
        return encode_end_text(out + HASH_ID_DIGITS);
    case VALUE_ORIGINAL: return put_original(encoding, out);
    case VALUE_CLIENT_IP:
        return client->resolved ? put_address(encoding, out, client->text.address, &client->ip) : NULL;
    case VALUE_CLIENT_PORT:
        return client->port != 0 ? put_port(encoding, out, client->text.port, client->port) : NULL;
    case VALUE_PEER_IP:
        return record->has_peer ? put_address(encoding, out, record->peer_text.address, &record->peer.address.ip) : NULL;
    case VALUE_PEER_PORT: return record->has_peer ? put_port(encoding, out, record->peer_text.port, record->peer.port) : NULL;
    case VALUE_DESTINATION_IP:
        return record->has_destination
                   ? put_address(encoding, out, record->destination_text.address, &record->destination.address.ip)
                   : mark_role_raw(encoding, ROLE_DESTINATION);
    case VALUE_DESTINATION_PORT:
        return record->has_destination ? put_port(encoding, out, record->destination_text.port, record->destination.port) : NULL;
    case VALUE_NODE_IP: return put_node(encoding, out);
    case VALUE_HOP_VERDICT: return put_name(out, &encoding->encoder->verdicts[client->verdict]);
    case VALUE_HOP_PROVENANCE: return put_name(out, &encoding->encoder->provenances[client->provenance]);
    case VALUE_HOP_TRUST: return encode_number(out, client->trust);
    case VALUE_HOP_DEPTH: return encode_number(out, client->depth);
    case VALUE_HOP_FLAGS: return put_hop_flags(record, out);
    case VALUE_METHOD: return put_span(encoding, out, record->request.method);
    case VALUE_URL: return put_span(encoding, out, record->request.url);
    case VALUE_URL_SCHEME: return put_span(encoding, out, record->request.scheme);
    case VALUE_URL_DOMAIN: return put_span(encoding, out, record->request.domain);
    case VALUE_URL_PORT: return put_count(out, record->request.port != 0, record->request.port);
    case VALUE_URL_PATH: return put_span(encoding, out, record->request.path);
    case VALUE_URL_QUERY: return put_span(encoding, out, record->request.query);
    case VALUE_HTTP_VERSION: return put_span(encoding, out, record->request.version);
    case VALUE_TLS_VERSION: return put_tls(encoding, out, false);
    case VALUE_TLS_PROTOCOL: return put_tls(encoding, out, true);
    case VALUE_REGION: return put_json(out, context->region.json, context->region.bytes);
    case VALUE_ACCOUNT: return put_json(out, context->account.json, context->account.bytes);
    case VALUE_TRANSPORT: return encode_literal(out, record->network ? SLICE("\"tcp\",") : SLICE("\"http\","));
    case VALUE_BLOCKED_BY: return record->waf_blocked ? encode_literal(out, SLICE("\"waf\",")) : NULL;
    case VALUE_EXTRA: return record->fields_count > record->schema->fields_count ? put_extra(encoding, out) : NULL;
    case VALUE_RAW: return (encoding->raw[0] | encoding->raw[1]) != 0 ? put_raw(encoding, out) : NULL;
    case VALUE_LOG_PATH: return put_json(out, context->path.json, context->path.bytes);
    case VALUE_LOG_OFFSET: return encode_number(out, encoding->position);
    case VALUE_LOG_FLAGS: return context->lossy ? encode_literal(out, SLICE("[\"lossy\"],")) : NULL;
    default: ASSERT(!"a value that belongs to no record"); return NULL;
    }
}

/* The comma behind a value becomes the end of the objects that it stood alone in. */
static inline char *close_objects(char *out, uint32_t count) {
    out--;
    do *out++ = '}';
    while (--count > 0);
    *out++ = ',';
    return out;
}

static const struct plan *find_plan(const struct encoder *encoder, const struct schema *schema) {
    const struct plan *plan = encoder->plans;
    while (plan->schema != schema) plan++;
    return plan;
}

size_t encoder_write(const struct encoder *encoder, struct encoder_context *context, const struct record *record,
                     uint64_t position, char *out) {
    const struct plan *plan = find_plan(encoder, record->schema);
    const char *keys = plan->keys;
    char *start = out, *opened[OUTPUT_DEPTH_MAX + 1], **innermost = opened;
    struct encoding encoding = {
        .record = record, .context = context, .encoder = encoder, .position = position,
        .source = record->schema->layout == LAYOUT_SPACE_QUOTED ? JSON_AWS_ESCAPES : JSON_VERBATIM,
    };
    encoder_context_learn(context, record);
    context->lossy = false;
    *out++ = '{';
    for (const struct op *op = plan->ops;; op++) {
        if (op->code < OP_OPEN) {
            if (op->code == VALUE_CLIENT_PLACE) { /* members of the object that is open here */
                if (record->place.length > 0) out = json_copy_plain(out, record->place.json, record->place.length);
                continue;
            }
            char *value = json_copy_plain(out, keys + op->key, op->key_bytes);
            char *end = put_value(&encoding, record, context, op, value);
            if (end == NULL) continue;
            out = op->closes == 0 ? end : close_objects(end, op->closes);
            continue;
        }
        if (op->code == OP_OPEN) {
            *innermost++ = out;
            out = json_copy_plain(out, keys + op->key, op->key_bytes);
        } else if (op->code == OP_LITERAL) {
            out = json_copy_plain(out, keys + op->key, op->key_bytes);
        } else if (op->code == OP_CLOSE) {
            innermost--;
            if (out[-1] == ',') {
                memcpy(out - 1, "},", 2);
                out++;
            } else { /* nothing in it: take it back */
                out = *innermost;
            }
        } else {
            if (out[-1] == ',') out--;
            memcpy(out, "}\n", 2);
            return (size_t)(out + 2 - start);
        }
    }
}
