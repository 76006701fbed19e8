/* Run for every record, with roll-ups: two numbers, one hash.
 *
 * The hash is XXH3 under a seed that everybody may know. It has to be: sketches are equal for any number of workers and in any later run
 * only if hashes are. So whoever has many addresses can choose some that make a sketch say far too much; what is written is therefore never
 * more than the requests that were counted (enrich/heat.c), and with that he gains no more than by sending each request from another
 * address. To be counted as fewer he need only use fewer.
 *
 * Threads: see the header. */
#include "enrich/heat_note.h"

#include "base/hash.h"
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

/* The number in the column of a role; false when there is none. */
static bool number_of(const struct record *record, enum field_role role, uint64_t *number) {
    int column = schema_column(record->schema, role);
    return column >= 0 && number_parse_padded(record_text(record, record->fields[column]), number);
}

/* Addresses of PrivateLink's consumers are unique together with their endpoint. */
static uint64_t client_hash(const struct client *client) {
    uint64_t seed = CLIENT_SEED;
    if ((client->flags & 1u << HOP_VPCE) != 0) seed = hash_key(client->vpce, seed);
    return hash_key((struct slice){(const char *)client->ip.bytes, sizeof client->ip.bytes}, seed);
}

void heat_note_take(const struct record *record, struct heat_note *note) {
    const struct client *client = &record->client;
    bool tells = schema_tells_client(record->schema);
    uint16_t tile = record->place.key.tile, zone = record->place.key.zone;
    uint64_t status;
    *note = (struct heat_note){.has_client = tells && client->resolved};
    if (note->has_client)
        note->client = client_hash(client);
    else if (tells)
        zone = (uint16_t)(HEAT_ZONE_UNRESOLVED + client->verdict);
    note->slot = heat_slot((uint32_t)((uint64_t)record->time.ns / INTERVAL_NS), tile, zone);
    if (!number_of(record, ROLE_BYTES_SENT, &note->bytes) && !number_of(record, ROLE_BYTES_SENT_2, &note->bytes))
        note->bytes = 0;
    if (number_of(record, ROLE_STATUS, &status) && (status / 100 == 4 || status / 100 == 5))
        note->status = (uint8_t)(status / 100);
}
