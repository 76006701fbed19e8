/* Derived values -> slots. One row of plain code instead of a loop over ops: what is where is known at compile time.
 *
 * Threads: one worker. */
#define _GNU_SOURCE /* memmem */
#include <strings.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "sinks/disguise.h"
#include "sinks/prepare_set.h"

/* A column that a derived value was made of, that is neither null nor readable, and whose text stands nowhere else. */
static void mark_role_raw(struct preparation *preparation, enum field_role role) {
    const struct record *record = preparation->record;
    int column = schema_column(record->schema, role);
    if (column < 0 || column >= record->fields_count || record_null(record, record->fields[column])) return;
    const struct field_spec *field = &record->schema->fields[column];
    bool written_as_text = (field->kind == FIELD_TEXT || field->kind == FIELD_IP) && field->ecs != NULL;
    if (!written_as_text) preparation->raw |= (uint64_t)1 << column;
}

/* --- times -------------------------------------------------------------------------------------- */

/* A duration that is nothing but that, and cannot be read. */
static void mark_duration_raw(struct preparation *preparation) {
    const struct record *record = preparation->record;
    int column = schema_column(record->schema, ROLE_PROCESSING_1);
    int64_t ns;
    if (column < 0 || record->schema->fields[column].ecs != NULL || record_null(record, record->fields[column])) return;
    struct slice text = record_text(record, record->fields[column]);
    if (!slice_equal(text, SLICE("-1")) && !number_seconds_to_ns(text, &ns))
        mark_role_raw(preparation, ROLE_PROCESSING_1);
}

static uint64_t set_moment(struct preparation *preparation, enum value value, const struct moment *moment) {
    if (moment->text.length > 0) return set_verbatim(preparation, value, moment->text);
    /* without its Z, which comes with the suffix */
    uint32_t bytes = timestamp_format(moment->ns, &preparation->context->days, preparation->scratch) - 1;
    return set_rendered(preparation, value, preparation->scratch + bytes);
}

/* A moment that is nearly always the record's own time, whose text is there already. */
static uint64_t set_moment_again(struct preparation *preparation, enum value value, const struct moment *moment) {
    const struct moment *time = &preparation->record->time;
    if (moment->ns != time->ns || moment->text.length != time->text.length)
        return set_moment(preparation, value, moment);
    preparation->slots[PLAN_SLOT_VALUES + value] = preparation->slots[PLAN_SLOT_VALUES + VALUE_TIMESTAMP];
    return (uint64_t)1 << value;
}

static uint64_t prepare_times(struct preparation *preparation) {
    const struct record *record = preparation->record;
    const struct moment *start = &record->start, *end = &record->end;
    uint64_t found = set_moment(preparation, VALUE_TIMESTAMP, &record->time);
    if (start->known)
        found |= set_moment_again(preparation, VALUE_START, start);
    else
        mark_role_raw(preparation, ROLE_TIME_START);
    if (end->known) found |= set_moment_again(preparation, VALUE_END, end);
    if (start->known && end->known && end->ns >= start->ns)
        found |= set_number(preparation, VALUE_DURATION, (uint64_t)(end->ns - start->ns));
    else
        mark_duration_raw(preparation);
    return found;
}

/* --- addresses ---------------------------------------------------------------------------------- */

static inline uint64_t set_port(struct preparation *preparation, enum value value, struct span text, uint16_t port) {
    return text.length > 0 ? set_verbatim(preparation, value, text) : set_number(preparation, value, port);
}

/* The port of an address; one in a column of its own (`role`) may be missing or none, and 0 is one only beside the address. */
static uint64_t set_port_of(struct preparation *preparation, enum value value, enum field_role role, struct span text,
                            uint16_t port) {
    const struct schema *schema = preparation->record->schema;
    enum field_role together = role == ROLE_PEER_PORT ? ROLE_PEER : ROLE_DESTINATION;
    if (text.length > 0 || port != 0 || schema_column(schema, together) >= 0)
        return set_port(preparation, value, text, port);
    mark_role_raw(preparation, role);
    return 0;
}

static uint64_t prepare_addresses(struct preparation *preparation) {
    const struct record *record = preparation->record;
    const struct client *client = &record->client;
    uint64_t found = 0;
    if (client->resolved) found |= set_ip(preparation, VALUE_CLIENT_IP, client->text.address, &client->ip);
    if (client->resolved && client->port != 0)
        found |= set_port(preparation, VALUE_CLIENT_PORT, client->text.port, client->port);
    if (record->has_peer) {
        found |= set_ip(preparation, VALUE_PEER_IP, record->peer_text.address, &record->peer.address.ip);
        found |= set_port_of(preparation, VALUE_PEER_PORT, ROLE_PEER_PORT, record->peer_text.port, record->peer.port);
    }
    if (record->has_destination) {
        const struct endpoint *destination = &record->destination;
        found |= set_ip(preparation, VALUE_DESTINATION_IP, record->destination_text.address, &destination->address.ip);
        found |= set_port_of(preparation, VALUE_DESTINATION_PORT, ROLE_DESTINATION_PORT, record->destination_text.port,
                             destination->port);
    } else {
        mark_role_raw(preparation, ROLE_DESTINATION);
        mark_role_raw(preparation, ROLE_DESTINATION_IP);
    }
    const struct ip_parsed *node = record->has_node ? &record->node : &preparation->context->origin->node;
    if (node->family != IP_NONE) found |= set_ip(preparation, VALUE_NODE_IP, record->node_text, &node->ip);
    if (!record->has_node) mark_role_raw(preparation, ROLE_NODE);
    if (record->place.length > 0) /* its last comma comes with the suffix */
        found |= set(preparation, VALUE_CLIENT_PLACE, record->place.json, record->place.length - 1);
    return found;
}

/* --- request, TLS, cloud ------------------------------------------------------------------------ */

/* Bytes where a request line belongs; the dashes of a request that never came are none. */
static void mark_request_raw(struct preparation *preparation) {
    const struct record *record = preparation->record;
    int column = schema_column(record->schema, ROLE_REQUEST);
    if (column < 0 || column >= record->fields_count || record->fields[column].length == 0) return;
    if (record->text[record->fields[column].offset] != '-') mark_role_raw(preparation, ROLE_REQUEST);
}

static uint64_t prepare_request(struct preparation *preparation) {
    const struct request *request = &preparation->record->request;
    if (request->method.length == 0 && request->url.length == 0) mark_request_raw(preparation);
    return set_text(preparation, VALUE_METHOD, request->method) | set_text(preparation, VALUE_URL, request->url) |
           set_text(preparation, VALUE_URL_SCHEME, request->scheme) |
           set_text(preparation, VALUE_URL_DOMAIN, request->domain) |
           (request->port != 0 ? set_number(preparation, VALUE_URL_PORT, request->port) : 0) |
           set_text(preparation, VALUE_URL_PATH, request->path) |
           set_text(preparation, VALUE_URL_QUERY, request->query) |
           set_text(preparation, VALUE_HTTP_VERSION, request->version);
}

/* "TLSv1", "tlsv12", "SSLv3" -> "1.0", "1.2", "3"; false for anything else. */
static bool tls_version(struct slice text, bool *is_ssl, char version[3]) {
    if (text.len < 5 || text.len > 7) return false;
    char name[4] = {(char)(text.ptr[0] | 0x20), (char)(text.ptr[1] | 0x20), (char)(text.ptr[2] | 0x20),
                    (char)(text.ptr[3] | 0x20)};
    *is_ssl = memcmp(name, "sslv", 4) == 0;
    if (!*is_ssl && memcmp(name, "tlsv", 4) != 0) return false;
    uint32_t digits = 0;
    memcpy(version, "0.0", 3);
    for (size_t i = 4; i < text.len; i++) {
        if (text.ptr[i] == '.' && i == 5 && text.len == 7) continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || digits == 2) return false;
        version[2 * digits++] = text.ptr[i];
    }
    return true;
}

static uint64_t prepare_tls(struct preparation *preparation) {
    const struct record *record = preparation->record;
    int column = schema_column(record->schema, ROLE_TLS_VERSION);
    if (column < 0 || record_null(record, record->fields[column])) return 0;
    struct slice text = record_text(record, record->fields[column]);
    if (text.len == 7 && memcmp(text.ptr, "TLSv1.", 6) == 0 && text.ptr[6] >= '0' &&
        text.ptr[6] <= '9') { /* what ALB writes */
        preparation->presence.tls = SHAPE_TLS;
        return set(preparation, VALUE_TLS_VERSION, text.ptr + 4, 3);
    }
    char version[3];
    bool is_ssl;
    if (!tls_version(text, &is_ssl, version)) {
        mark_role_raw(preparation, ROLE_TLS_VERSION);
        return 0;
    }
    memcpy(preparation->scratch, version, sizeof version);
    preparation->presence.tls = is_ssl ? SHAPE_SSL : SHAPE_TLS;
    return set_rendered(preparation, VALUE_TLS_VERSION, preparation->scratch + (is_ssl ? 1 : 3));
}

/* The time behind `name` in "NotBefore=TIME;NotAfter=TIME". */
static uint64_t set_validity(struct preparation *preparation, enum value value, struct slice text, struct slice name) {
    const char *from = memmem(text.ptr, text.len, name.ptr, name.len), *end = text.ptr + text.len;
    if (from == NULL) return 0;
    from += name.len;
    const char *stop = memchr(from, ';', (size_t)(end - from));
    struct slice time = {from, (size_t)((stop != NULL ? stop : end) - from)};
    struct timestamp_cache days = {.known = false};
    uint32_t digits;
    int64_t ns;
    return timestamp_parse(time, &days, &ns, &digits) ? set(preparation, value, time.ptr, digits) : 0;
}

/* Why something failed: behind the result, or in a column of its own. */
static uint64_t prepare_reason(struct preparation *preparation) {
    const struct record *record = preparation->record;
    const struct slice failed = SLICE("Failed:");
    int result = schema_column(record->schema, ROLE_RESULT);
    struct span span = result >= 0 ? record->fields[result] : (struct span){0, 0};
    if (slice_starts_with(record_text(record, span), failed))
        return set_text(preparation, VALUE_REASON,
                        (struct span){span.offset + (uint32_t)failed.len, span.length - (uint32_t)failed.len});
    int column = schema_column(record->schema, ROLE_REASON);
    if (column < 0 || record_null(record, record->fields[column])) return 0;
    return set_text(preparation, VALUE_REASON, record->fields[column]);
}

static uint64_t prepare_validity(struct preparation *preparation, int column) {
    const struct record *record = preparation->record;
    struct slice text = record_text(record, record->fields[column]);
    uint64_t found = set_validity(preparation, VALUE_NOT_BEFORE, text, SLICE("NotBefore=")) |
                     set_validity(preparation, VALUE_NOT_AFTER, text, SLICE("NotAfter="));
    if (found == 0) mark_role_raw(preparation, ROLE_VALIDITY);
    return found;
}

static inline uint64_t set_column(struct preparation *preparation, enum value value, enum field_role role) {
    return set_text(preparation, value, record_cloud_column(preparation->record, role));
}

/* Account and region: the object's name knows best; else an ARN of the record. */
static uint64_t prepare_cloud(struct preparation *preparation) {
    struct encoder_context *context = preparation->context;
    bool account_known = context->account.len > 0, region_known = context->region.len > 0;
    uint64_t found = 0;
    if (account_known) found |= set(preparation, VALUE_ACCOUNT, context->account.ptr, context->account.len);
    if (region_known) found |= set(preparation, VALUE_REGION, context->region.ptr, context->region.len);
    if (!account_known) found |= set_column(preparation, VALUE_ACCOUNT, ROLE_ACCOUNT);
    if (!region_known) found |= set_column(preparation, VALUE_REGION, ROLE_REGION);
    struct record_arn arn;
    if ((account_known && region_known) || !record_arn(&context->arn, preparation->record, &arn)) return found;
    if (!account_known) found |= set_text(preparation, VALUE_ACCOUNT, arn.account);
    if (!region_known) found |= set_text(preparation, VALUE_REGION, arn.region);
    return found;
}

/* --- flows -------------------------------------------------------------------------------------- */

/* Names of transports (ECS: in lower case) by IANA protocol number. */
static const struct {
    uint8_t number, bytes;
    char name[EMIT_CHUNK_BYTES]; /* that much may be read */
} transports[] = {{1, 4, "icmp"},       {2, 4, "igmp"},  {6, 3, "tcp"},   {17, 3, "udp"},
                  {41, 4, "ipv6"},      {47, 3, "gre"},  {50, 3, "esp"},  {51, 2, "ah"},
                  {58, 9, "ipv6-icmp"}, {89, 4, "ospf"}, {132, 4, "sctp"}};

static bool equal_in_any_case(struct slice text, const char *word, size_t bytes) {
    return text.len == bytes && strncasecmp(text.ptr, word, bytes) == 0; /* the locale is C */
}

static uint64_t prepare_transport(struct preparation *preparation, int column) {
    const struct record *record = preparation->record;
    struct slice text = record_text(record, record->fields[column]);
    uint64_t number, found = 0;
    if (record_null(record, record->fields[column])) return 0;
    bool is_number = number_parse_padded(text, &number);
    if (is_number && number > 255) is_number = false;
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        bool same = is_number ? transports[i].number == number
                              : equal_in_any_case(text, transports[i].name, transports[i].bytes);
        if (!same) continue;
        is_number = true;
        number = transports[i].number;
        found = set(preparation, VALUE_NETWORK_TRANSPORT, transports[i].name, transports[i].bytes);
    }
    if (is_number) return found | set_number(preparation, VALUE_NETWORK_NUMBER, number);
    mark_role_raw(preparation, ROLE_PROTOCOL);
    return 0;
}

static uint64_t prepare_flags(struct preparation *preparation, int column) {
    static const char names[8][4] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
    const struct record *record = preparation->record;
    uint64_t flags;
    if (!number_parse_padded(record_text(record, record->fields[column]), &flags) || flags == 0 || flags > 255)
        return 0;
    char *out = preparation->scratch;
    for (int i = 0; i < 8; i++) {
        if ((flags >> i & 1) == 0) continue;
        out = separate(preparation, out);
        out = (char *)memcpy(out, names[i], 3) + 3;
    }
    return set_rendered(preparation, VALUE_TCP_FLAGS, out);
}

static uint64_t prepare_flow(struct preparation *preparation, int protocol) {
    static const char types[2][EMIT_CHUNK_BYTES] = {"ipv4", "ipv6"};
    static const char directions[2][EMIT_CHUNK_BYTES] = {"ingress", "egress"};
    const struct record *record = preparation->record;
    uint64_t found = prepare_transport(preparation, protocol);
    if (record->has_peer) found |= set(preparation, VALUE_NETWORK_TYPE, types[record->peer.address.family == IP_V6], 4);
    int direction = schema_column(record->schema, ROLE_DIRECTION),
        flags = schema_column(record->schema, ROLE_TCP_FLAGS);
    for (int i = 0; direction >= 0 && i < 2; i++) {
        size_t bytes = strlen(directions[i]);
        if (equal_in_any_case(record_text(record, record->fields[direction]), directions[i], bytes))
            found |= set(preparation, VALUE_NETWORK_DIRECTION, directions[i], bytes);
    }
    if (direction >= 0 && (found >> VALUE_NETWORK_DIRECTION & 1) == 0) mark_role_raw(preparation, ROLE_DIRECTION);
    if (flags >= 0) found |= prepare_flags(preparation, flags);
    return found;
}

/* --- forwarded addresses ------------------------------------------------------------------------ */

/* One entry of X-Forwarded-For without blanks, quotes, brackets and a port; CloudFront writes the blank as %20. */
static struct slice forwarded_entry(struct slice entry) {
    while (entry.len > 0 && (entry.ptr[0] == ' ' || entry.ptr[0] == '\t')) entry.ptr++, entry.len--;
    while (slice_starts_with(entry, SLICE("%20"))) entry.ptr += 3, entry.len -= 3;
    while (entry.len > 0 && (entry.ptr[entry.len - 1] == ' ' || entry.ptr[entry.len - 1] == '\t')) entry.len--;
    return entry;
}

/* The comma behind the entry at `from`, or the end. Most entries have 16 bytes at the most: a call of memchr for each cost more. */
static inline const char *entry_end(const char *from, const char *end) {
    uint32_t commas = lanes_bits((bytes16)(lanes_load(from) == ','));
    size_t bytes = (size_t)(end - from), first = commas != 0 ? (size_t)__builtin_ctz(commas) : 16;
    if (first >= bytes) return end;
    if (commas != 0) return from + first;
    const char *comma = memchr(from + 16, ',', bytes - 16);
    return comma != NULL ? comma : end;
}

/* Whether the walk has found it to be a dotted quad as it will be written: reading the three of a list again cost 350 instructions. */
static inline bool is_known(const struct record *record, struct slice entry) {
    const struct client *client = &record->client;
    struct span span = {(uint32_t)(entry.ptr - record->text), (uint32_t)entry.len};
    if (entry.len == 0 || entry.len > IPV4_BYTES_MAX) return false;
    return (client->claim_bytes > 0 && memcmp(&span, &client->claim_text, sizeof span) == 0) ||
           memcmp(&span, &client->text.address, sizeof span) == 0 ||
           (client->has_via && memcmp(&span, &client->via_text, sizeof span) == 0);
}

/* Writes the address that an entry is; NULL when it is none. */
static char *put_forwarded(const struct record *record, struct slice entry, char *out) {
    struct endpoint endpoint;
    struct ip address;
    if (is_known(record, entry) || ip_parse_v4(entry, &address))
        return (char *)memcpy(out, entry.ptr, IPV4_BYTES_MAX + 1) + entry.len;
    /* IPv6 without brackets is an address as a whole */
    if (!ip_parse(entry, &endpoint.address) && !ip_parse_endpoint(entry, &endpoint)) return NULL;
    return out + ip_format(&endpoint.address.ip, out);
}

/* The addresses among its entries, in order, at most FORWARDED_MAX; a claim of whoever sent it, and nothing more. The whole text
 * is raw when it says something else, too. */
static uint64_t prepare_forwarded(struct preparation *preparation, int column) {
    const struct record *record = preparation->record;
    struct slice text = record_text(record, record->fields[column]);
    char *out = preparation->scratch;
    uint32_t count = 0;
    bool others = false;
    for (const char *from = text.ptr, *end = text.ptr + text.len; from < end;) {
        const char *stop = entry_end(from, end);
        struct slice entry = forwarded_entry((struct slice){from, (size_t)(stop - from)});
        char *next = count < FORWARDED_MAX ? put_forwarded(record, entry, separate(preparation, out)) : NULL;
        from = stop + 1;
        others = others || (next == NULL && entry.len > 0);
        count += next != NULL;
        out = next != NULL ? next : out;
    }
    if (others) mark_role_raw(preparation, ROLE_FORWARDED_FOR);
    return count > 0 ? set_rendered(preparation, VALUE_FORWARDED_IP, out) : 0;
}

/* --- what is rarely there ------------------------------------------------------------------------ */

/* Columns behind the last one known, as texts; null ones are left out. */
static uint64_t prepare_extra(struct preparation *preparation) {
    const struct record *record = preparation->record;
    char *out = preparation->scratch;
    for (uint32_t i = record->schema->fields_count; i < record->fields_count; i++) {
        if (record_null(record, record->fields[i])) continue;
        out = separate(preparation, out);
        out = json_escape(out, record_text(record, record->fields[i]), preparation->source, &preparation->lossy);
    }
    return out > preparation->scratch ? set_rendered(preparation, VALUE_EXTRA, out) : 0;
}

static bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}

/* A column's name in snake_case: `cs(User-Agent)` is cs_user_agent, `httpRequest.clientIp` is http_request_client_ip. HAProxy's timers
 * stay as they are, since TR and Tr are two. */
static char *put_snake_case(char *out, const char *name) {
    char *start = out;
    for (const char *c = name; *c != '\0'; c++) {
        bool letter = is_capital(*c) && !is_capital(name[0]);
        bool word = (letter && c > name && !is_capital(c[-1])) || (*c != '\0' && strchr(":.-(", *c) != NULL);
        if (word && out > start && out[-1] != '_') *out++ = '_';
        if (strchr(":.-()", *c) == NULL) *out++ = letter ? (char)(*c | 0x20) : *c;
    }
    return out;
}

/* The text of columns that did not parse, by column name. */
static uint64_t prepare_raw(struct preparation *preparation) {
    const struct schema *schema = preparation->record->schema;
    char *out = preparation->scratch;
    for (uint32_t i = 0; i < schema->fields_count; i++) {
        if ((preparation->raw >> i & 1) == 0) continue;
        if (out > preparation->scratch) *out++ = ',';
        *out++ = '"';
        out = put_snake_case(out, schema->fields[i].name);
        out = (char *)memcpy(out, "\":", 2) + 2;
        out = json_quote(out, record_text(preparation->record, preparation->record->fields[i]), preparation->source,
                         &preparation->lossy);
    }
    return set_rendered(preparation, VALUE_RAW, out);
}

static uint64_t prepare_log_flags(struct preparation *preparation, uint8_t flags) {
    char *out = preparation->scratch;
    for (uint32_t flag = 0; flag < RECORD_FLAGS; flag++) {
        if ((flags >> flag & 1) == 0) continue;
        out = separate(preparation, out);
        for (const char *c = record_flag_names[flag]; *c != '\0'; c++) *out++ = *c;
    }
    return set_rendered(preparation, VALUE_LOG_FLAGS, out);
}

static uint64_t prepare_rare(struct preparation *preparation) {
    const struct record *record = preparation->record;
    uint64_t found = 0;
    if (record->fields_count > record->schema->fields_count) found |= prepare_extra(preparation);
    if (preparation->raw != 0) found |= prepare_raw(preparation);
    if (written(preparation, VALUE_ORIGINAL)) {
        /* never as it is: the quotes around columns are part of the line */
        char *end = json_escape(preparation->scratch, record_text(record, record->line), JSON_VERBATIM,
                                &preparation->lossy);
        found |= set_rendered(preparation, VALUE_ORIGINAL, end);
    }
    uint8_t flags = (uint8_t)(record->flags | preparation->lossy << RECORD_LOSSY);
    if (flags != 0) found |= prepare_log_flags(preparation, flags);
    return found;
}

/* What the walk concluded. The depth is no part of the shape: a hop that repeats may count to hundreds. */
static inline uint64_t prepare_hop(struct preparation *preparation) {
    static const char digits[9 + EMIT_CHUNK_BYTES] = "0123456789"; /* that much may be read of each */
    const struct record *record = preparation->record;
    const struct client *client = &record->client;
    preparation->presence.verdict = client->verdict;
    preparation->presence.provenance = client->provenance;
    preparation->presence.trust = client->trust;
    uint64_t found = client->depth <= 9 ? set(preparation, VALUE_HOP_DEPTH, digits + client->depth, 1)
                                        : set_number(preparation, VALUE_HOP_DEPTH, client->depth);
    bool more = client->claim_bytes > 0 || client->has_via || record->has_waf_view || client->flags != 0;
    return more ? found | prepare_hop_rest(preparation) : found;
}

/* Where the line was found. */
static inline uint64_t prepare_place_of_line(struct preparation *preparation) {
    const struct encoder_context *context = preparation->context;
    uint64_t position = preparation->record->position, found = 0;
    if (context->topic.len > 0)
        return set(preparation, VALUE_KAFKA_TOPIC, context->topic.ptr, context->topic.len) |
               set(preparation, VALUE_KAFKA_PARTITION, context->partition.ptr, context->partition.len) |
               set_number(preparation, VALUE_KAFKA_OFFSET, position);
    if (context->path.len > 0)
        found = set(preparation, VALUE_LOG_PATH, context->path.ptr, context->path.len);
    else if (context->address.len > 0)
        found = set(preparation, VALUE_LOG_ADDRESS, context->address.ptr, context->address.len);
    return found | set_number(preparation, VALUE_LOG_OFFSET, position);
}

#define VALUE_BIT(value) ((uint64_t)1 << VALUE_##value)

/* What does not leave at all. The addresses that do are disguised as text, see encode.c. */
static uint64_t withhold(struct preparation *preparation, uint64_t found) {
    const uint64_t raw = VALUE_BIT(RAW) | VALUE_BIT(EXTRA) | VALUE_BIT(ORIGINAL);
    const uint64_t addresses = VALUE_BIT(CLIENT_IP) | VALUE_BIT(PEER_IP) | VALUE_BIT(FORWARDED_IP) |
                               VALUE_BIT(HOP_CLAIM) | VALUE_BIT(HOP_VIA) | VALUE_BIT(HOP_WAF_VIEW);
    const struct privacy_rule *rule = preparation->context->disguise->rule;
    if (!rule->keep_raw) found &= ~raw;
    if (rule->address == PRIVACY_DROP) found &= ~addresses;
    if (rule->drop_agent) preparation->presence.columns &= ~preparation->plan->agents;
    return found;
}

void prepare_values(struct preparation *preparation) {
    const struct record *record = preparation->record;
    struct encoder_context *context = preparation->context;
    uint64_t found = prepare_times(preparation);
    preparation->presence.outcome = record->outcome;
    preparation->presence.network = record->network;
    preparation->presence.waf_blocked = record->waf_blocked;
    if (written(preparation, VALUE_ID) || context->id_wanted) {
        const struct hash_line line = {context->name, record->position, record->message_line,
                                       record_text(record, record->line)};
        if (__builtin_expect(context->disguise != NULL, 0))
            disguise_event_id(context->disguise, &line, context->id);
        else
            hash_event_id(line.origin_name, line.position, line.message_line, line.line, context->id);
        found |= set(preparation, VALUE_ID, context->id, sizeof context->id);
    }
    found |= prepare_addresses(preparation);
    found |= prepare_hop(preparation);
    if (record->residency != NULL) found |= prepare_residency(preparation);
    found |= prepare_request(preparation);
    found |= prepare_tls(preparation);
    found |= prepare_cloud(preparation);
    int validity = schema_column(record->schema, ROLE_VALIDITY),
        forwarded = schema_column(record->schema, ROLE_FORWARDED_FOR);
    if (written(preparation, VALUE_REASON)) found |= prepare_reason(preparation);
    if (forwarded >= 0) found |= prepare_forwarded(preparation, forwarded);
    if (validity >= 0) found |= prepare_validity(preparation, validity);
    int protocol = schema_column(record->schema, ROLE_PROTOCOL);
    if (protocol >= 0) found |= prepare_flow(preparation, protocol);
    found |= prepare_place_of_line(preparation);
    found |= prepare_rare(preparation);
    if (__builtin_expect(context->disguise != NULL, 0)) found = withhold(preparation, found);
    preparation->presence.values = found & preparation->plan->values;
}
