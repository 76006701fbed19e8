/* Run for every record, with roll-ups: two numbers, one hash.
 *
 * The hash is XXH3 under a seed that everybody may know. It has to be: sketches are equal for any number of workers and in any later run
 * only if hashes are. So whoever has many addresses can choose some that make a sketch say far too much; what is written is therefore never
 * more than the requests that were counted (enrich/heat.c), and with that he gains no more than by sending each request from another
 * address. To be counted as fewer he need only use fewer.
 *
 * Threads: see the header. */
#define XXH_INLINE_ALL /* length and seed are known: half of the instructions go */
#include "enrich/heat_note.h"

#include <xxhash.h>

#include "base/number.h"

#define CLIENT_SEED 0x6865617420313233u
#define INTERVAL_NS (HEAT_INTERVAL_S * 1000000000ull)

static bool is_code_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

uint16_t heat_zone_of_country(struct slice code) {
    if (code.len != 2 || !is_code_byte(code.ptr[0]) || !is_code_byte(code.ptr[1])) return HEAT_ZONE_UNKNOWN;
    return (uint16_t)((unsigned char)code.ptr[0] << 8 | (unsigned char)code.ptr[1]);
}

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

/* 4, 5 or 0; most lines are told by their first digit. */
static inline uint8_t status_class(const struct record *record) {
    struct slice text = column_text(record, ROLE_STATUS);
    uint64_t status;
    if (text.len == 0 || text.ptr[0] == '2' || text.ptr[0] == '3' || !number_parse_padded(text, &status)) return 0;
    return (uint8_t)(status >= 400 && status < 600 ? status / 100 : 0);
}

/* Addresses of PrivateLink's consumers are unique together with their endpoint. */
static __attribute__((noinline)) uint64_t consumer_hash(const struct client *client) {
    uint64_t seed = XXH3_64bits_withSeed(client->vpce.ptr, client->vpce.len, CLIENT_SEED);
    return XXH3_64bits_withSeed(client->ip.bytes, sizeof client->ip.bytes, seed);
}

static inline uint64_t client_hash(const struct client *client) {
    if ((client->flags & 1u << HOP_VPCE) != 0) return consumer_hash(client);
    return XXH3_64bits_withSeed(client->ip.bytes, sizeof client->ip.bytes, CLIENT_SEED);
}

void heat_note_take(const struct record *record, struct heat_note *note) {
    const struct client *client = &record->client;
    uint16_t zone = record->place.key.zone;
    if (!client->resolved && schema_tells_client(record->schema))
        zone = (uint16_t)(HEAT_ZONE_UNRESOLVED + client->verdict);
    note->slot = heat_slot((uint32_t)((uint64_t)record->time.ns / INTERVAL_NS), record->place.key.tile, zone);
    note->bytes = bytes_sent(record);
    note->status = status_class(record);
    note->refused = false;
    note->has_client = client->resolved;
    if (client->resolved) note->client = client_hash(client);
}
