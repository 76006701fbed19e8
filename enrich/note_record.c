/* Run for every record, with roll-ups: some numbers, one hash.
 *
 * The hash is XXH3 under a seed that everybody may know. It has to be: sketches are equal for any number of workers and in any later run
 * only if hashes are. So whoever has many addresses can choose some that make a sketch say far too much; what is written is therefore never
 * more than the requests that were counted (enrich/heat.c), and with that he gains no more than by sending each request from another
 * address. To be counted as fewer he need only use fewer.
 *
 * Threads: see the header. */
#define XXH_INLINE_ALL /* length and seed are known: half of the instructions go */
#include "enrich/note_record.h"

#include <xxhash.h>

#include "base/country.h"
#include "base/number.h"
#include "base/percent.h"
#include "enrich/address_token.h"
#include "schemas/heat_slot.h"

#define CLIENT_SEED 0x6865617420313233u
#define INTERVAL_NS (HEAT_INTERVAL_S * 1000000000ull)
#define FIRST_ENTRY_BYTES_MAX 256u /* an address with %HH for each byte has 135 */

/* What a column of that role says; empty when there is none. */
static inline struct slice column_text(const struct record *record, enum field_role role) {
    int column = schema_column(record->schema, role);
    return column >= 0 ? record_text(record, record->fields[column]) : (struct slice){0};
}

static inline uint64_t bytes_sent(const struct record *record) {
    uint64_t bytes;
    if (number_parse_padded(column_text(record, ROLE_BYTES_SENT), &bytes)) return bytes;
    return number_parse_padded(column_text(record, ROLE_BYTES_SENT_2), &bytes) ? bytes : 0;
}

/* 1 to 5, or 0; three digits are nearly all that there is. */
static inline uint8_t status_class(const struct record *record) {
    struct slice text = column_text(record, ROLE_STATUS);
    uint64_t status;
    if (text.len == 3 && text.ptr[0] >= '1' && text.ptr[0] <= '5' && text.ptr[1] >= '0' && text.ptr[1] <= '9' &&
        text.ptr[2] >= '0' && text.ptr[2] <= '9')
        return (uint8_t)(text.ptr[0] - '0');
    if (text.len == 0 || !number_parse_padded(text, &status)) return 0;
    return (uint8_t)(status >= 100 && status < 600 ? status / 100 : 0);
}

/* Addresses of PrivateLink's consumers are unique together with their endpoint. */
static __attribute__((noinline)) uint64_t consumer_hash(const struct client *client) {
    uint64_t seed = XXH3_64bits_withSeed(client->vpce.ptr, client->vpce.len, CLIENT_SEED);
    return XXH3_64bits_withSeed(client->ip.bytes, sizeof client->ip.bytes, seed);
}

uint64_t note_client_hash(const struct ip *client) {
    return XXH3_64bits_withSeed(client->bytes, sizeof client->bytes, CLIENT_SEED);
}

static inline uint64_t client_hash(const struct client *client) {
    if ((client->flags & 1u << HOP_VPCE) != 0) return consumer_hash(client);
    return note_client_hash(&client->ip);
}

static inline uint64_t heat_slot_of(const struct record *record) {
    const struct client *client = &record->client;
    uint16_t zone = record->place.facts.country == COUNTRY_NONE ? HEAT_ZONE_UNKNOWN : record->place.facts.country;
    if (!client->resolved && schema_tells_client(record->schema))
        zone = (uint16_t)(HEAT_ZONE_UNRESOLVED + client->verdict);
    return heat_slot((uint32_t)((uint64_t)record->time.ns / INTERVAL_NS), record->place.facts.tile, zone);
}

/* --- rates ---------------------------------------------------------------------------------------- */

/* When the request came. Flow logs have intervals instead, whose end it is: when they were written down. */
static inline int64_t start_of(const struct record *record) {
    bool is_flow = schema_column(record->schema, ROLE_LOG_STATUS) >= 0;
    return record->start.known && !is_flow ? record->start.ns : record->time.ns;
}

/* Connections and flows last as long as somebody wants them to. */
static inline uint32_t latency_of(const struct record *record) {
    if (record->network || !record->start.known || !record->end.known || record->end.ns < record->start.ns)
        return LATENCY_UNKNOWN;
    uint64_t us = (uint64_t)(record->end.ns - record->start.ns) / 1000;
    return us < LATENCY_UNKNOWN ? (uint32_t)us : LATENCY_UNKNOWN - 1;
}

static inline bool is_name(struct slice text, const char *name) {
    for (size_t i = 0; i < text.len; i++)
        if (name[i] == '\0' || text.ptr[i] != name[i]) return false;
    return name[text.len] == '\0';
}

/* Most are GET, which the first bytes tell: no call is worth it. Letters' case counts (RFC 9110 section 9.1). */
static inline uint8_t method_of(const struct record *record) {
    struct slice text = record_text(record, record->request.method);
    if (text.len == 0) return METHOD_NONE;
    for (uint32_t i = METHOD_NONE + 1; i < METHOD_OTHER; i++)
        if (is_name(text, request_method_names[i])) return (uint8_t)i;
    return METHOD_OTHER;
}

/* As far as a comma. CloudFront writes the list with %HH, and may so write the comma. */
static struct slice first_entry(const struct record *record, int column, char room[FIRST_ENTRY_BYTES_MAX]) {
    struct slice list = record_text(record, record->fields[column]);
    struct slice entry = slice_cut(&list, ',');
    if (record->schema->fields[column].kind != FIELD_PERCENT || memchr(entry.ptr, '%', entry.len) == NULL) return entry;
    if (entry.len > FIRST_ENTRY_BYTES_MAX) entry.len = FIRST_ENTRY_BYTES_MAX;
    struct slice decoded = {room, (size_t)(percent_decode(room, entry) - room)};
    return slice_cut(&decoded, ',');
}

/* What AWS WAF would have counted: the list's first entry, when it is an address (HOPS.md, fact 10). */
static void note_first(const struct record *record, struct rollup_note *note) {
    char room[FIRST_ENTRY_BYTES_MAX];
    int column = schema_column(record->schema, ROLE_FORWARDED_FOR);
    note->has_first = record->has_waf_view;
    note->first = record->waf_view;
    note->claim = (struct slice){0};
    if (column < 0 || record_null(record, record->fields[column])) return;
    struct slice list = record_text(record, record->fields[column]);
    note->claim = token_trim(slice_cut(&list, ','));
    if (record->schema->takes_first) return;
    struct address_token first;
    address_token_read(token_trim(first_entry(record, column, room)), TOKEN_XFF, &first);
    note->has_first = first.kind == TOKEN_ADDRESS;
    note->first = first.ip;
}

void note_record_rates(const struct record *record, const struct path_class *classes, struct rollup_note *note) {
    note->start_ns = start_of(record);
    note->latency_us = latency_of(record);
    note->method = method_of(record);
    note->path_class = path_class_find(classes, record_text(record, record->request.path));
    note->has_peer = record->has_peer;
    note->peer = record->peer.address.ip;
    note_first(record, note);
}

void note_record(const struct record *record, const struct origin *origin, struct rollup_note *note) {
    const struct client *client = &record->client;
    note->origin = origin;
    note->position = record->position;
    note->message_line = record->message_line;
    note->heat_slot = heat_slot_of(record);
    note->bytes = bytes_sent(record);
    note->status = status_class(record);
    note->refused = false;
    note->resolved = client->resolved;
    note->verdict = client->verdict;
    note->trust = client->trust;
    note->tells_client = schema_tells_client(record->schema);
    note->time_ns = record->time.ns;
    note->start_ns = record->start.known ? record->start.ns : record->time.ns;
    int service = schema_column(record->schema, ROLE_SERVICE);
    bool known = service >= 0 && !record_null(record, record->fields[service]);
    note->lb = known ? record_text(record, record->fields[service]) : (struct slice){0};
    note->place = record->place.facts;
    note->as_name = (struct slice){0};
    note->recounted = false;
    const struct residency *residency = record->residency;
    note->residency = residency == NULL ? (struct residency_note){.verdict = RESIDENCY_NONE}
                                        : (struct residency_note){.policy = residency->policy,
                                                                  .reasons = residency->reasons,
                                                                  .verdict = residency->verdict,
                                                                  .zone = residency->zone,
                                                                  .place = residency->place};
    note->vpce = (struct slice){0};
    if (!client->resolved) return;
    note->client = client->ip;
    note->client_hash = client_hash(client);
    if ((client->flags & 1u << HOP_VPCE) != 0) note->vpce = client->vpce;
}
