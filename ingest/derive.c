/* What columns mean: times, addresses, outcome. Decides whether a line is a record at all: its time must be readable, its peer an
 * address or null, its status a number or null. Any other odd column is kept as raw text by the encoder.
 *
 * Threads: one worker. */
#include "base/number.h"
#include "ingest/split.h"
#include "ingest/trace_time.h"
#include "schemas/field_time.h"

#define PORT_DIGITS_MAX 5u

/* The column of a role, if the format has one and the line is long enough. */
static inline bool column(const struct record *record, enum field_role role, struct span *span, int *index) {
    *index = schema_column(record->schema, role);
    if (*index < 0 || *index >= record->fields_count) return false;
    *span = record->fields[*index];
    return true;
}

static bool reject_column(const struct record *record, struct reading *reading, enum reject_reason reason, int index,
                          const char *expected) {
    reading->kind = READING_REJECTED;
    reading->reject = reason;
    reading->column = index;
    reading->expected = expected;
    reading->found = record_text(record, record->fields[index]);
    return false;
}

/* The time of a text; its own text, when that is how it is written. */
static inline bool parse_moment(const struct record *record, enum field_kind kind, struct span span,
                                struct timestamp_cache *days, struct moment *moment) {
    struct slice text = record_text(record, span);
    moment->text = (struct span){span.offset, 0};
    return kind == FIELD_TIME ? timestamp_parse(text, days, &moment->ns, &moment->text.length)
                              : field_time_parse(kind, text, days, &moment->ns);
}

/* False when the column is there and no time. */
static inline bool derive_moment(const struct record *record, enum field_role role, struct timestamp_cache *days,
                                 struct moment *moment, int *index) {
    struct span span;
    moment->known = false;
    if (!column(record, role, &span, index) || record_null(record, span)) return true;
    moment->known = parse_moment(record, record->schema->fields[*index].kind, span, days, moment);
    if (!moment->known) moment->text.length = 0;
    return moment->known;
}

/* The end where formats have more than one column for it. */
static bool derive_other_end(struct record *record, struct timestamp_cache *days, int *index) {
    for (enum field_role role = ROLE_TIME_END_2; role <= ROLE_TIME_END_3; role++) {
        int other;
        if (!derive_moment(record, role, days, &record->end, &other)) *index = other;
        if (record->end.known) return true;
    }
    struct span date, clock;
    int other;
    bool has_clock = column(record, ROLE_TIME_END_CLOCK, &clock, &other) && !record_null(record, clock);
    if (!column(record, ROLE_TIME_END_DATE, &date, &other) || (record_null(record, date) && !has_clock))
        return *index < 0;
    record->end.known = has_clock && timestamp_parse_date_clock(record_text(record, date), record_text(record, clock),
                                                                days, &record->end.ns);
    record->end.text.length = 0;
    if (record->end.known) return true;
    int64_t ns; /* which of both it is */
    bool day = timestamp_parse_date_clock(record_text(record, date), SLICE("00:00:00"), days, &ns);
    *index = schema_column(record->schema, day ? ROLE_TIME_END_CLOCK : ROLE_TIME_END_DATE);
    return false;
}

/* How long it took, in nanoseconds: the sum of its parts, or, where the order of columns is free, the first that is there. False when
 * that is not known in full. */
static bool derive_duration(const struct record *record, int64_t *sum) {
    bool any = false;
    *sum = 0;
    for (enum field_role role = ROLE_PROCESSING_1; role <= ROLE_PROCESSING_3; role++) {
        struct span span;
        int index;
        int64_t ns;
        if (schema_column(record->schema, role) < 0) break;
        bool there = column(record, role, &span, &index);
        if (record->schema->layout >= LAYOUT_HEADER && (!there || record_null(record, span))) continue;
        if (!there) return false;
        struct slice text = record_text(record, span);
        bool good = record->schema->fields[index].kind == FIELD_MILLISECONDS ? number_milliseconds_to_ns(text, &ns)
                                                                             : number_seconds_to_ns(text, &ns);
        if (!good || __builtin_add_overflow(*sum, ns, sum)) return false;
        if (record->schema->layout >= LAYOUT_HEADER) return true; /* other columns say it in another unit */
        any = true;
    }
    return any;
}

/* An end or a start that is not logged: the other one and the duration, when the sum is a time. */
static void derive_by_duration(struct record *record) {
    int64_t duration, ns;
    if (record->start.known == record->end.known || schema_column(record->schema, ROLE_PROCESSING_1) < 0 ||
        !derive_duration(record, &duration))
        return;
    if (record->start.known && !__builtin_add_overflow(record->start.ns, duration, &ns))
        record->end = (struct moment){.ns = ns, .known = true};
    else if (record->end.known && record->end.ns >= duration)
        record->start = (struct moment){.ns = record->end.ns - duration, .known = true};
}

static const char *time_expected(const struct field_spec *field) {
    return field->role == ROLE_TIME_END_DATE    ? "a day such as 2025-12-01"
           : field->role == ROLE_TIME_END_CLOCK ? "a time of day such as 00:00:01"
           : field->role == ROLE_TRACE          ? "a trace id that tells its time, such as Root=1-692cd981-..."
           : field->kind == FIELD_UNIX_TIME     ? "seconds since 1970"
           : field->kind == FIELD_UNIX_MS       ? "milliseconds since 1970"
           : field->kind == FIELD_TIME          ? "an ISO 8601 time in UTC"
                                                : "a time";
}

/* The record's own time: its end; else its start, where that is all the format has or the order of columns is free; else a moment
 * of another kind. A column that is no time spoils the record, unless another one says the same. */
static bool derive_times(struct record *record, struct timestamp_cache *days, struct reading *reading) {
    const struct schema *schema = record->schema;
    int start = -1, bad = -1, other;
    bool free_order = schema->layout >= LAYOUT_HEADER;
    bool start_good = derive_moment(record, ROLE_TIME_START, days, &record->start, &start);
    bool good = derive_moment(record, ROLE_TIME_END, days, &record->end, &other);
    if (!good) bad = other;
    if (free_order && !record->end.known) good = derive_other_end(record, days, &bad);
    record->time = record->end;
    if (good && !record->time.known && (free_order || schema_column(schema, ROLE_TIME_END) < 0)) {
        record->time = record->start;
        if (!start_good) bad = start;
        good = start_good;
    }
    if (good && !record->time.known) {
        good = derive_moment(record, ROLE_TIME, days, &record->time, &other);
        if (!good) bad = other;
    }
    struct span trace;
    if (good && schema_time_column(schema) < 0 && column(record, ROLE_TRACE, &trace, &bad)) {
        record->time.text.length = 0;
        record->time.known = trace_time(record_text(record, trace), &record->time.ns);
    }
    if (good && record->time.known) {
        derive_by_duration(record);
        return true;
    }
    if (bad < 0) bad = schema_time_column(schema);
    if (bad < 0 || bad >= record->fields_count) return reading_reject(reading, REJECT_BAD_TIME, "a time");
    return reject_column(record, reading, REJECT_BAD_TIME, bad, time_expected(&schema->fields[bad]));
}

/* IPv4 is canonical as logged: copied instead of formatted. */
static inline bool is_canonical(const struct ip_parsed *address) {
    return address->family == IP_V4 && !address->v4_mapped;
}

/* So is a port without a leading zero. */
static struct endpoint_text endpoint_text(const struct record *record, const struct endpoint *endpoint,
                                          struct span span) {
    struct endpoint_text text = {{0, 0}, {0, 0}};
    if (!is_canonical(&endpoint->address)) return text;
    const char *from = record->text + span.offset;
    uint32_t colon = span.length - 2;
    while (from[colon] != ':') colon--;
    text.address = (struct span){span.offset, colon};
    if (from[colon + 1] != '0') text.port = (struct span){span.offset + colon + 1, span.length - colon - 1};
    return text;
}

static inline uint64_t load_8(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* The address, parsed now or earlier; NULL when the text is none. `slots` has one more than `count`. */
static inline const struct known_address *read_known(struct known_address *slots, uint32_t count, bool with_port,
                                                     const struct record *record, struct span span) {
    struct slice text = record_text(record, span);
    struct known_address *known = &slots[count];
    uint64_t first = 0, middle = 0, last = 0;
    if (text.len >= 8 && text.len <= 24) {
        const uint64_t golden = 0x9e3779b97f4a7c15u;
        first = load_8(text.ptr);
        middle = load_8(text.ptr + (text.len < 16 ? text.len - 8 : 8));
        last = load_8(text.ptr + text.len - 8);
        known = &slots[((first * golden ^ last) * golden >> 32) % count];
        if (known->text_length == text.len && known->first == first && known->middle == middle && known->last == last)
            return known;
    }
    *known = (struct known_address){.text_length = 0};
    if (with_port ? !ip_parse_endpoint(text, &known->endpoint) : !ip_parse(text, &known->endpoint.address)) return NULL;
    if (with_port) {
        struct endpoint_text parts = endpoint_text(record, &known->endpoint, span);
        known->address_length = (uint8_t)parts.address.length;
        known->port_length = (uint8_t)parts.port.length;
    } else if (is_canonical(&known->endpoint.address)) {
        known->address_length = (uint8_t)span.length;
    }
    known->first = first, known->middle = middle, known->last = last;
    known->text_length = known < &slots[count] ? span.length : 0;
    return known;
}

/* A port in a column of its own; 0 when there is none that can be read. */
static uint16_t derive_port(const struct record *record, enum field_role role, struct span *text) {
    int index;
    uint64_t port;
    *text = (struct span){0, 0};
    struct span span;
    if (!column(record, role, &span, &index) || span.length > PORT_DIGITS_MAX ||
        !number_parse_padded(record_text(record, span), &port) || port > UINT16_MAX)
        return 0;
    if (record->text[span.offset] != '0' || span.length == 1) *text = span;
    return (uint16_t)port;
}

/* Where address and port have columns of their own. */
struct ip_columns {
    enum field_role real, real_port, ip, port;
};

/* The column that has the address: the real one where it is logged. False when both are null. */
static bool find_ip(const struct record *record, const struct ip_columns *roles, struct span *span, int *index) {
    return (column(record, roles->real, span, index) && !record_null(record, *span)) ||
           (column(record, roles->ip, span, index) && !record_null(record, *span));
}

static bool parse_ip(const struct record *record, const struct ip_columns *roles, int index, struct endpoint *endpoint,
                     struct endpoint_text *text) {
    struct span span = record->fields[index];
    if (ip_parse(record_text(record, span), &endpoint->address)) {
        text->address = is_canonical(&endpoint->address) ? span : (struct span){0, 0};
        int port;
        bool real = index == schema_column(record->schema, roles->real) &&
                    column(record, roles->real_port, &span, &port) && !record_null(record, span);
        endpoint->port = derive_port(record, real ? roles->real_port : roles->port, &text->port);
        return true;
    }
    *text = (struct endpoint_text){{0, 0}, {0, 0}}; /* users' own logs have it with a port or without */
    return record->schema->fields[index].kind == FIELD_ENDPOINT &&
           ip_parse_endpoint(record_text(record, span), endpoint);
}

static void derive_destination(struct record *record, struct known_addresses *addresses) {
    struct span span;
    int index;
    record->has_destination = false;
    if (schema_column(record->schema, ROLE_DESTINATION_IP) >= 0) {
        const struct ip_columns roles = {ROLE_DESTINATION_IP_REAL, ROLE_NONE, ROLE_DESTINATION_IP,
                                         ROLE_DESTINATION_PORT};
        record->has_destination = find_ip(record, &roles, &span, &index) &&
                                  parse_ip(record, &roles, index, &record->destination, &record->destination_text);
        return;
    }
    if (!column(record, ROLE_DESTINATION, &span, &index) || record_null(record, span)) return;
    const struct known_address *known = read_known(addresses->targets, TARGETS_KNOWN, true, record, span);
    if (known == NULL) return;
    record->has_destination = true;
    record->destination = known->endpoint;
    record->destination_text.address = (struct span){span.offset, known->address_length};
    record->destination_text.port = (struct span){span.offset + known->address_length + 1, known->port_length};
}

static void derive_node(struct record *record, struct known_addresses *addresses) {
    struct span span;
    int index;
    record->has_node = false;
    record->node_text = (struct span){0, 0};
    if (!column(record, ROLE_NODE, &span, &index) || record_null(record, span)) return;
    const struct known_address *known = read_known(addresses->nodes, NODES_KNOWN, false, record, span);
    if (known == NULL) return;
    record->has_node = true;
    record->node = known->endpoint.address;
    record->node_text = (struct span){span.offset, known->address_length};
}

static bool derive_peer(struct record *record, struct reading *reading) {
    struct span span;
    int index;
    record->has_peer = column(record, ROLE_PEER, &span, &index) && !record_null(record, span);
    if (record->has_peer) {
        if (!ip_parse_endpoint(record_text(record, span), &record->peer))
            return reject_column(record, reading, REJECT_BAD_PEER, index, "an address and port");
        record->peer_text = endpoint_text(record, &record->peer, span);
        return true;
    }
    const struct ip_columns roles = {ROLE_PEER_IP_REAL, ROLE_PEER_PORT_REAL, ROLE_PEER_IP, ROLE_PEER_PORT};
    record->has_peer = find_ip(record, &roles, &span, &index);
    if (record->has_peer && !parse_ip(record, &roles, index, &record->peer, &record->peer_text))
        return reject_column(record, reading, REJECT_BAD_PEER, index, "an address");
    return true;
}

/* Words that mean success; any other is a failure. */
static enum outcome derive_result(struct slice text) {
    static const char *const words[] = {"PASS", "Success", "ACCEPT", "ALLOW", "COUNT"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_equal(text, slice_from(words[i]))) return OUTCOME_SUCCESS;
    return OUTCOME_FAILURE;
}

bool is_empty_flow(const struct record *record, const struct schema *schema, enum skip_reason *skip) {
    int index = schema_column(schema, ROLE_LOG_STATUS);
    if (index < 0 || index >= record->fields_count) return false;
    struct slice status = record_text(record, record->fields[index]);
    *skip = slice_equal(status, SLICE("NODATA")) ? SKIP_NO_DATA : SKIP_SKIP_DATA;
    return *skip == SKIP_NO_DATA || slice_equal(status, SLICE("SKIPDATA"));
}

/* HAProxy's tcplog, whose duration is another column, its connections that failed, and Envoy's TCP proxy, which has no method: no request
 * that could have a status. */
static bool is_connection(const struct record *record) {
    struct span span;
    int index;
    if (record->schema->layout == LAYOUT_HAPROXY)
        return (column(record, ROLE_PROCESSING_2, &span, &index) && !record_null(record, span)) ||
               (column(record, ROLE_REASON, &span, &index) && !record_null(record, span));
    return record->schema->layout == LAYOUT_ENVOY && column(record, ROLE_METHOD, &span, &index) &&
           record_null(record, span);
}

static bool derive_outcome(struct record *record, struct reading *reading) {
    struct span span;
    int index;
    record->outcome = OUTCOME_UNKNOWN;
    if (column(record, ROLE_RESULT, &span, &index)) {
        if (!record_null(record, span)) record->outcome = (uint8_t)derive_result(record_text(record, span));
    } else if (column(record, ROLE_STATUS, &span, &index) && !record_null(record, span)) {
        uint64_t status = 0;
        struct slice text = record_text(record, span);
        bool may_lack = record->schema->layout >= LAYOUT_W3C; /* 000, 0, -1: it ended before there was one */
        if (!(may_lack && slice_equal(text, SLICE("-1"))) && !number_parse_padded(text, &status))
            return reject_column(record, reading, REJECT_BAD_STATUS, index, "a status code");
        bool none = may_lack && status == 0;
        record->outcome = status < 400 && !none ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
        if (none) record->fields[index].length = 0;
        if (none && is_connection(record)) record->outcome = OUTCOME_UNKNOWN;
    } else if (column(record, ROLE_HANDSHAKE, &span, &index)) {
        record->outcome = record_null(record, span) ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
    } else if (column(record, ROLE_REASON, &span, &index) && !record_null(record, span)) {
        record->outcome = OUTCOME_FAILURE;
    }
    record->waf_blocked = column(record, ROLE_ACTIONS, &span, &index) &&
                          (slice_equal(record_text(record, span), SLICE("waf")) ||
                           slice_ends_with(record_text(record, span), SLICE(",waf")));
    return true;
}

bool derive(struct record *record, struct splitter *splitter, struct reading *reading) {
    if (is_empty_flow(record, record->schema, &reading->skip)) {
        reading->kind = READING_SKIPPED;
        /* detection asks what was found out so far */
        record->time.known = record->start.known = record->end.known = record->has_peer = record->has_destination =
            false;
        return false;
    }
    if (!derive_times(record, &splitter->days, reading) || !derive_peer(record, reading)) return false;
    derive_destination(record, &splitter->known);
    derive_node(record, &splitter->known);
    if (!derive_outcome(record, reading)) return false;
    struct span span;
    int index;
    record->network = record->schema->category == CATEGORY_NETWORK || is_connection(record);
    record->request = (struct request){.port = 0};
    if (column(record, ROLE_REQUEST, &span, &index)) {
        request_line_split(record, span);
        /* a classic balancer's TCP listener writes "- - - "; an application balancer has none, only requests that never came */
        bool classic = schema_column(record->schema, ROLE_PROCESSING_3) >= 0;
        if (classic && record->request.method.length == 0 && record->request.url.length == 0) record->network = true;
    }
    if (record->schema->layout >= LAYOUT_HEADER) request_add_columns(record);
    return true;
}
