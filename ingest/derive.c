/* What columns mean: times, addresses, outcome. Decides whether a line is a record at all: its time must be readable, its peer an
 * address or null, its status a number or null. Any other odd column is kept as raw text by the encoder.
 *
 * Threads: one worker. */
#include "base/number.h"
#include "ingest/split.h"

#define PORT_DIGITS_MAX 5u

/* The column of a role, if the format has one and the line is long enough. */
static bool column(const struct record *record, enum field_role role, struct span *span, int *index) {
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

/* False when the column is there and no time. */
static inline bool derive_moment(const struct record *record, enum field_role role, struct timestamp_cache *days,
                                 struct moment *moment, int *index) {
    struct span span;
    moment->known = false;
    if (!column(record, role, &span, index) || record_null(record, span)) return true;
    if (record->schema->fields[*index].kind == FIELD_UNIX_TIME) {
        moment->text = (struct span){0, 0};
        return moment->known = timestamp_parse_unix(record_text(record, span), &moment->ns);
    }
    moment->known = timestamp_parse(record_text(record, span), days, &moment->ns, &moment->text.length);
    moment->text.offset = span.offset;
    return moment->known;
}

/* An end that is not logged: the start and the parts of the duration, when all are known and the sum is a time. */
static void derive_end(struct record *record) {
    int64_t sum = record->start.ns;
    if (!record->start.known || schema_column(record->schema, ROLE_PROCESSING_1) < 0) return;
    for (enum field_role role = ROLE_PROCESSING_1; role <= ROLE_PROCESSING_3; role++) {
        struct span span;
        int index;
        int64_t ns;
        if (schema_column(record->schema, role) < 0) break;
        if (!column(record, role, &span, &index) || !number_seconds_to_ns(record_text(record, span), &ns) ||
            __builtin_add_overflow(sum, ns, &sum))
            return;
    }
    record->end = (struct moment){.ns = sum, .known = true};
}

static bool derive_times(struct record *record, struct timestamp_cache *days, struct reading *reading) {
    int start = -1, end = -1, own = schema_time_column(record->schema);
    bool start_good = derive_moment(record, ROLE_TIME_START, days, &record->start, &start);
    bool end_good = derive_moment(record, ROLE_TIME_END, days, &record->end, &end), good = false;
    if (own == end) {
        bool by_start = record->schema->layout == LAYOUT_HEADER && end_good && !record->end.known; /* not logged */
        good = by_start ? start_good : end_good;
        record->time = by_start ? record->start : record->end;
    } else if (own == start) {
        good = start_good;
        record->time = record->start;
        derive_end(record);
    } else {
        good = derive_moment(record, ROLE_TIME, days, &record->time, &own);
    }
    if (good && record->time.known) return true;
    bool unix_time = record->schema->fields[own].kind == FIELD_UNIX_TIME;
    return reject_column(record, reading, REJECT_BAD_TIME, own,
                         unix_time ? "seconds since 1970" : "an ISO 8601 time in UTC");
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
        !number_parse(record_text(record, span), &port) || port > UINT16_MAX)
        return 0;
    if (record->text[span.offset] != '0' || span.length == 1) *text = span;
    return (uint16_t)port;
}

/* Where address and port have columns of their own. */
struct ip_columns {
    enum field_role real, ip, port;
};

/* The column that has the address: the real one where it is logged. False when both are null. */
static bool find_ip(const struct record *record, const struct ip_columns *roles, struct span *span, int *index) {
    return (column(record, roles->real, span, index) && !record_null(record, *span)) ||
           (column(record, roles->ip, span, index) && !record_null(record, *span));
}

static bool parse_ip(const struct record *record, const struct ip_columns *roles, struct span span,
                     struct endpoint *endpoint, struct endpoint_text *text) {
    if (!ip_parse(record_text(record, span), &endpoint->address)) return false;
    text->address = is_canonical(&endpoint->address) ? span : (struct span){0, 0};
    endpoint->port = derive_port(record, roles->port, &text->port);
    return true;
}

static void derive_destination(struct record *record, struct known_addresses *addresses) {
    struct span span;
    int index;
    record->has_destination = false;
    if (schema_column(record->schema, ROLE_DESTINATION_IP) >= 0) {
        const struct ip_columns roles = {ROLE_DESTINATION_IP_REAL, ROLE_DESTINATION_IP, ROLE_DESTINATION_PORT};
        record->has_destination = find_ip(record, &roles, &span, &index) &&
                                  parse_ip(record, &roles, span, &record->destination, &record->destination_text);
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
    const struct ip_columns roles = {ROLE_PEER_IP_REAL, ROLE_PEER_IP, ROLE_PEER_PORT};
    record->has_peer = find_ip(record, &roles, &span, &index);
    if (record->has_peer && !parse_ip(record, &roles, span, &record->peer, &record->peer_text))
        return reject_column(record, reading, REJECT_BAD_PEER, index, "an address");
    return true;
}

/* Words that mean success; any other is a failure. */
static enum outcome derive_result(struct slice text) {
    bool good = slice_equal(text, SLICE("PASS")) || slice_equal(text, SLICE("Success")) ||
                slice_equal(text, SLICE("ACCEPT"));
    return good ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
}

bool is_empty_flow(const struct record *record, const struct schema *schema, enum skip_reason *skip) {
    int index = schema_column(schema, ROLE_LOG_STATUS);
    if (index < 0 || index >= record->fields_count) return false;
    struct slice status = record_text(record, record->fields[index]);
    *skip = slice_equal(status, SLICE("NODATA")) ? SKIP_NO_DATA : SKIP_SKIP_DATA;
    return *skip == SKIP_NO_DATA || slice_equal(status, SLICE("SKIPDATA"));
}

static bool derive_outcome(struct record *record, struct reading *reading) {
    struct span span;
    int index;
    record->outcome = OUTCOME_UNKNOWN;
    if (column(record, ROLE_RESULT, &span, &index)) {
        if (!record_null(record, span)) record->outcome = (uint8_t)derive_result(record_text(record, span));
    } else if (column(record, ROLE_STATUS, &span, &index) && !record_null(record, span)) {
        uint64_t status;
        if (!number_parse(record_text(record, span), &status))
            return reject_column(record, reading, REJECT_BAD_STATUS, index, "a status code");
        record->outcome = status < 400 ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
    } else if (column(record, ROLE_HANDSHAKE, &span, &index)) {
        record->outcome = record_null(record, span) ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
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
    record->network = record->schema->category == CATEGORY_NETWORK;
    record->request = (struct request){.port = 0};
    if (column(record, ROLE_REQUEST, &span, &index)) {
        request_line_split(record, span);
        /* a classic balancer's TCP listener writes "- - - "; an application balancer has none, only requests that never came */
        bool classic = schema_column(record->schema, ROLE_PROCESSING_3) >= 0;
        if (classic && record->request.method.length == 0 && record->request.url.length == 0) record->network = true;
    }
    return true;
}
