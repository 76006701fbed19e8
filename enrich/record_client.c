/* Records as evidence.
 *
 * Threads: one resolver per worker. */
#define _GNU_SOURCE /* memrchr */
#include "enrich/record_client.h"

#include <stddef.h>
#include <string.h>

#include "base/percent.h"
#include "enrich/hop_secret.h"

static const struct chain nobody = {.name = "direct"};

void client_resolver_init(struct client_resolver *resolver) {
    resolver->secret.ptr = resolver->secret_text;
    client_resolver_forget(resolver);
}

void client_resolver_forget(struct client_resolver *resolver) {
    resolver->rules = NULL;
    resolver->generation = 0;
    resolver->named = resolver->topic = NULL;
    resolver->fixed = NULL;
    resolver->selectors = 0;
    resolver->constant = true;
    resolver->last = NULL;
    for (uint32_t i = 0; i < VANTAGES_KNOWN; i++) resolver->vantages[i].schema = NULL;
    for (uint32_t i = 0; i < PICKS_KNOWN; i++) resolver->picks[i].schema = NULL;
    resolver->secret.len = 0;
}

void client_resolver_set(struct client_resolver *resolver, const struct chain_rules *rules,
                         const struct origin *origin) {
    uint64_t generation = rules != NULL ? rules->generation : 0;
    if (resolver->rules == rules && resolver->generation == generation && resolver->named == origin->chain &&
        resolver->topic == origin->topic)
        return;
    client_resolver_forget(resolver);
    resolver->rules = rules;
    resolver->generation = generation;
    resolver->named = origin->chain;
    resolver->topic = origin->topic;
    if (rules == NULL) return;
    resolver->fixed = rules->always;
    if (resolver->fixed == NULL && origin->chain != NULL) resolver->fixed = chain_rules_named(rules, origin->chain);
    for (uint32_t i = 0; i < rules->rules_count; i++)
        for (uint32_t selector = 0; selector < SELECTORS; selector++)
            if (rules->rules[i].globs[selector] != NULL) resolver->selectors |= 1u << selector;
    resolver->constant = resolver->fixed != NULL || resolver->selectors == 0;
}

static struct slice column_text(const struct record *record, int column) {
    if (column < 0 || column >= record->fields_count || record_null(record, record->fields[column]))
        return (struct slice){0};
    return record_text(record, record->fields[column]);
}

/* --- which chain? --------------------------------------------------------------------------------- */

/* Texts that rules look at, each with a NUL behind it. False when they are too long to be remembered. */
static bool write_key(const struct client_resolver *resolver, const struct record *record, char *key, uint32_t *bytes,
                      const char *texts[SELECTORS]) {
    *bytes = 0;
    for (uint32_t i = 0; i < SELECTORS; i++) {
        texts[i] = NULL;
        if ((resolver->selectors >> i & 1) == 0 || i == SELECT_FORMAT || i == SELECT_TOPIC) continue;
        struct slice text = column_text(record, selector_column(record->schema, (enum selector)i));
        if (*bytes + text.len + 1 > PICK_KEY_BYTES) return false;
        if (text.len > 0) texts[i] = key + *bytes;
        memcpy(key + *bytes, text.len > 0 ? text.ptr : "", text.len);
        key[*bytes + text.len] = '\0';
        *bytes += (uint32_t)text.len + 1;
    }
    texts[SELECT_FORMAT] = record->schema->name;
    texts[SELECT_TOPIC] = resolver->topic;
    return true;
}

static const struct chain *pick_chain(struct client_resolver *resolver, const struct record *record) {
    if (resolver->fixed != NULL || resolver->rules == NULL) return resolver->fixed;
    if (resolver->selectors == 0) return resolver->rules->otherwise;
    char key[PICK_KEY_BYTES];
    const char *texts[SELECTORS];
    uint32_t bytes, hash = 0;
    if (!write_key(resolver, record, key, &bytes, texts)) return resolver->rules->otherwise;
    for (uint32_t i = bytes > 32 ? bytes - 32 : 0; i < bytes; i++) hash = 31 * hash + (unsigned char)key[i];
    struct pick *pick = &resolver->picks[hash % PICKS_KNOWN];
    if (pick->schema != record->schema || pick->key_bytes != bytes || memcmp(pick->key, key, bytes) != 0) {
        pick->schema = record->schema;
        pick->key_bytes = bytes;
        memcpy(pick->key, key, bytes);
        pick->chain = chain_rules_pick(resolver->rules, texts);
    }
    return pick->chain;
}

/* --- what does the format say? -------------------------------------------------------------------- */

/* The column that has a header whose name the format does not say: one for the header with one address, as users map it. */
static int16_t header_column(const struct schema *schema, const char *header) {
    if (strcmp(header, "cloudfront-viewer-address") == 0) return (int16_t)schema_column(schema, ROLE_VIEWER);
    if (strcmp(header, "x-real-ip") == 0) return (int16_t)schema_column(schema, ROLE_REAL_IP);
    return -1;
}

/* The first hop of a type. */
static uint8_t hop_of_type(const struct chain *chain, const char *type) {
    for (uint8_t i = 0; type != NULL && i < chain->hops_count; i++)
        if (strcmp(chain->hops[i].type, type) == 0) return i;
    return HOP_INDEX_NONE;
}

static void look_for_evidence(struct vantage *vantage) {
    static const enum field_role roles[EVIDENCE_COLUMNS_MAX] = {ROLE_FORWARDED_FOR, ROLE_FORWARDED, ROLE_REAL_IP,
                                                                ROLE_VIEWER, ROLE_PROXY_IP};
    uint32_t count = 0;
    for (uint32_t i = 0; i < EVIDENCE_COLUMNS_MAX; i++)
        if (schema_column(vantage->schema, roles[i]) >= 0)
            vantage->evidence[count++] = (int16_t)schema_column(vantage->schema, roles[i]);
    vantage->evidence[count] = -1;
}

static void look(const struct client_resolver *resolver, struct vantage *vantage, const struct schema *schema,
                 const struct chain *chain) {
    *vantage = (struct vantage){.schema = schema, .picked = chain, .chain = chain};
    look_for_evidence(vantage);
    if (chain == NULL && schema->list != LIST_WITH_PEER) return;
    if (chain == NULL) vantage->chain = chain = &nobody;
    vantage->writer = hop_of_type(chain, schema->writer);
    if (schema->list == LIST_WITH_PEER)
        vantage->begins = vantage->writer != HOP_INDEX_NONE ? BEGINS_INSIDE : BEGINS_AT_LIST;
    else if (schema->list == LIST_AS_SENT && vantage->writer != HOP_INDEX_NONE)
        vantage->begins = BEGINS_INSIDE;
    vantage->drop_own = schema->list == LIST_AS_SENT;
    vantage->list = (int16_t)schema_column(schema, chain->forwarded ? ROLE_FORWARDED : ROLE_FORWARDED_FOR);
    vantage->proxy_ip = (int16_t)schema_column(schema, ROLE_PROXY_IP);
    vantage->proxy_port = (int16_t)schema_column(schema, ROLE_PROXY_PORT);
    for (uint32_t i = 0; i < chain->headers_count; i++) {
        vantage->wanted[i] = resolver->rules == NULL
                                 ? WANTED_NONE
                                 : wanted_find(&resolver->rules->headers, slice_from(chain->headers[i]));
        vantage->headers[i] = header_column(schema, chain->headers[i]);
    }
    vantage->only_peer = vantage->begins == BEGINS_AT_PEER && vantage->list < 0 && vantage->proxy_ip < 0 &&
                         chain->headers_count == 0 && schema->writers == NULL;
}

static __attribute__((noinline)) struct vantage *find_vantage(struct client_resolver *resolver,
                                                              const struct record *record) {
    const struct schema *schema = record->schema;
    const struct chain *chain = pick_chain(resolver, record);
    uintptr_t mixed = ((uintptr_t)schema ^ (uintptr_t)chain * 31) >> 5;
    struct vantage *vantage = &resolver->vantages[(mixed ^ mixed >> 7) % VANTAGES_KNOWN];
    if (vantage->schema != schema || vantage->picked != chain) look(resolver, vantage, schema, chain);
    return vantage;
}

/* --- what does the record say? -------------------------------------------------------------------- */

/* Right end of a list that is looked at: an escape has four bytes at the most. */
#define LIST_TEXT_BYTES (4 * (LIST_WINDOW_BYTES + 1))

struct room {
    char *text;
    size_t bytes_max;
};

/* What evidence borrows: texts without their escapes, lines of the list, a PROXY header. */
struct evidence_room {
    char list[LIST_TEXT_BYTES];
    char headers[CHAIN_HEADERS_MAX][HEADER_VALUE_BYTES_MAX];
    struct slice lines[2];
    struct proxy_header proxy;
};

/* \x22 -> " as NGINX and AWS write it. Returns the bytes written. */
static size_t unescape(char *out, struct slice text) {
    static const char digits[] = "0123456789ABCDEFabcdef";
    size_t bytes = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '\\' && i + 3 < text.len && text.ptr[i + 1] == 'x') {
            const char *high = memchr(digits, text.ptr[i + 2], 22), *low = memchr(digits, text.ptr[i + 3], 22);
            if (high != NULL && low != NULL) {
                int h = (int)(high - digits), l = (int)(low - digits);
                out[bytes++] = (char)((h > 15 ? h - 6 : h) << 4 | (l > 15 ? l - 6 : l));
                i += 3;
                continue;
            }
        }
        if (byte == '\\' && i + 1 < text.len && (text.ptr[i + 1] == '"' || text.ptr[i + 1] == '\\'))
            byte = text.ptr[++i];
        out[bytes++] = byte;
    }
    return bytes;
}

/* A header's text as the client or a hop sent it. `room` has `bytes_max`; what does not fit there is read from its right end on. */
static struct slice as_sent(const struct record *record, bool percent, struct slice text, struct room room) {
    percent = percent && memchr(text.ptr, '%', text.len) != NULL;
    bool escapes = record->aws_escapes && memchr(text.ptr, '\\', text.len) != NULL;
    if (!percent && !escapes) return text;
    if (text.len > room.bytes_max) text = (struct slice){text.ptr + text.len - room.bytes_max, room.bytes_max};
    size_t bytes = percent ? (size_t)(percent_decode(room.text, text) - room.text) : unescape(room.text, text);
    return (struct slice){room.text, bytes};
}

static struct slice column_as_sent(const struct record *record, int column, struct room room) {
    struct slice text = column_text(record, column);
    if (text.len == 0) return text;
    bool percent = record->schema->fields[column].kind == FIELD_PERCENT;
    return record->plain && !percent ? text : as_sent(record, percent, text, room);
}

/* Empty when the record does not have it. */
static struct slice header_value(const struct vantage *vantage, const struct record *record, uint32_t header,
                                 struct room room) {
    uint8_t wanted = vantage->wanted[header];
    if (wanted == WANTED_NONE || (record->headers_found >> wanted & 1) == 0)
        return column_as_sent(record, vantage->headers[header], room);
    struct slice text = record_text(record, record->headers[wanted]);
    return text.len <= room.bytes_max ? as_sent(record, false, text, room) : text;
}

/* A digest costs as much as the walk, and one secret is right for all records. */
static bool is_verified(struct client_resolver *resolver, const struct hop *hop, struct slice value) {
    if (value.len > 0 && slice_equal(resolver->secret, value) &&
        memcmp(resolver->verified, hop->digest, sizeof hop->digest) == 0)
        return true;
    if (!hop_secret_holds(hop, value)) return false;
    if (hop->has_digest && value.len <= sizeof resolver->secret_text) {
        memcpy(resolver->secret_text, value.ptr, value.len);
        resolver->secret.len = value.len;
        memcpy(resolver->verified, hop->digest, sizeof hop->digest);
    }
    return true;
}

static void add_headers(struct client_resolver *resolver, const struct vantage *vantage, const struct record *record,
                        struct evidence_room *room, struct evidence *evidence) {
    const struct chain *chain = vantage->chain;
    for (uint32_t i = 0; i < chain->headers_count; i++)
        evidence->headers[i] = header_value(vantage, record, i,
                                            (struct room){room->headers[i], HEADER_VALUE_BYTES_MAX});
    for (uint32_t i = 0; i < chain->hops_count; i++) {
        const struct hop *hop = &chain->hops[i];
        if (hop->secret != HEADER_NONE && is_verified(resolver, hop, evidence->headers[hop->secret]))
            evidence->secrets |= 1u << i;
    }
}

static uint16_t port_of(struct slice digits) {
    uint32_t port = 0;
    for (size_t i = 0; i < digits.len && i < 5; i++)
        port = 10 * port + ((uint32_t)(unsigned char)digits.ptr[i] - '0') % 10;
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* A PROXY header whose source the writer logged. It does not log which version it had; classic balancers send the first one. */
static bool read_proxy(const struct vantage *vantage, const struct record *record, struct proxy_header *header) {
    struct slice text = column_text(record, vantage->proxy_ip);
    struct ip_parsed source;
    if (text.len == 0) return false;
    *header = (struct proxy_header){.version = 2, .command = PROXY_PROXY, .garbled = !ip_parse(text, &source)};
    if (header->garbled) return true;
    for (uint32_t i = 0; i < vantage->chain->hops_count; i++)
        if (vantage->chain->hops[i].carrier == CARRIER_PP && strcmp(vantage->chain->hops[i].type, "clb") == 0)
            header->version = 1;
    header->family = source.family == IP_V4 && !source.v4_mapped ? PROXY_TCP4 : PROXY_TCP6;
    header->has_source = true;
    header->source = source.ip;
    header->source_mapped = source.v4_mapped;
    header->source_port = port_of(column_text(record, vantage->proxy_port));
    return true;
}

/* Without the entry that the log writer itself put at the end: its peer. */
static struct slice without_own(struct slice list, const struct address_token *peer) {
    const char *comma = memrchr(list.ptr, ',', list.len);
    const char *from = comma != NULL ? comma + 1 : list.ptr;
    struct address_token last = address_token_parse((struct slice){from, (size_t)(list.ptr + list.len - from)},
                                                    TOKEN_XFF);
    if (last.kind != TOKEN_ADDRESS || memcmp(&last.ip, &peer->ip, sizeof last.ip) != 0) return list;
    return (struct slice){list.ptr, comma != NULL ? (size_t)(comma - list.ptr) : 0};
}

/* X-Forwarded-For or Forwarded. Of one whose end the writer cut, something that is no address stands for what is missing. */
static void add_list(const struct vantage *vantage, const struct record *record, struct evidence_room *room,
                     struct evidence *evidence) {
    struct slice list = column_as_sent(record, vantage->list, (struct room){room->list, LIST_TEXT_BYTES});
    if (vantage->drop_own && list.len > 0) list = without_own(list, &evidence->peer);
    evidence->no_list = vantage->list < 0;
    evidence->forwarded = vantage->chain->forwarded;
    evidence->lines = room->lines;
    if (list.len > 0) room->lines[evidence->lines_count++] = list;
    if (list.len > 0 && record->list_cut) room->lines[evidence->lines_count++] = SLICE("?");
}

/* Who the record is about, by its own word. Put where it is wanted: a copy of what was just made waits for it, and all behind that needs
 * the address, too (2 % of a run over ALB lines with a chain). */
static inline __attribute__((always_inline)) void put_peer(const struct record *record, struct address_token *out) {
    const struct endpoint *peer = &record->peer;
    if (!record->has_peer) {
        *out = (struct address_token){.kind = TOKEN_EMPTY};
        return;
    }
    address_token_put(&peer->address.ip, peer->address.v4_mapped, peer->port, out);
    out->canonical = record_text(record, record->peer_text.address);
}

/* A record that does not say who it is about is about whoever sent it, once a chain says who stands in between; but never what a hop
 * writes of others: then, the connection must begin with a PROXY header, so that somebody meant it so. NULL: it is not. */
static const struct connection_facts *connection_of(const struct vantage *vantage, const struct record *record) {
    const struct connection_facts *connection = record->connection;
    int peer = schema_peer_column(record->schema);
    if (connection == NULL || record->has_peer || vantage->picked == NULL || vantage->begins != BEGINS_AT_PEER)
        return NULL;
    if (peer >= 0 && peer < record->fields_count && record->fields[peer].length > 0) return NULL; /* null */
    return connection->proxy.version != 0 || record->schema->writer == NULL ? connection : NULL;
}

/* What the PROXY header of the connection said. */
static struct proxy_header header_of(const struct proxy_facts *facts) {
    return (struct proxy_header){.version = facts->version,
                                 .command = facts->command,
                                 .family = facts->family,
                                 .has_source = facts->has_source,
                                 .source = facts->source.address.ip,
                                 .source_mapped = facts->source.address.v4_mapped,
                                 .source_port = facts->source.port,
                                 .vpce = {facts->vpce, facts->vpce_bytes}};
}

static void add_proxies(const struct vantage *vantage, const struct record *record, struct evidence_room *room,
                        struct evidence *evidence) {
    const struct connection_facts *connection = connection_of(vantage, record);
    if (connection != NULL) {
        const struct endpoint *peer = &connection->peer;
        evidence->peer = address_token_of(&peer->address.ip, peer->address.v4_mapped, peer->port);
    }
    if (connection != NULL && connection->proxy.version != 0)
        room->proxy = header_of(&connection->proxy);
    else if (vantage->proxy_ip < 0 || !read_proxy(vantage, record, &room->proxy))
        return;
    evidence->proxies = &room->proxy;
    evidence->proxies_count = 1;
}

/* Where a text stands in the line; nowhere when it is a copy without escapes. */
static struct span place_of(const struct record *record, struct slice text) {
    uintptr_t offset = (uintptr_t)text.ptr - (uintptr_t)record->text;
    if (offset - record->line.offset >= record->line.length) return (struct span){0, 0};
    return (struct span){(uint32_t)offset, (uint32_t)text.len};
}

/* The hop that wrote the record, where the record itself says what that was. */
static uint8_t writer_of(const struct vantage *vantage, const struct record *record) {
    const struct field_alias *writer = record->schema->writers;
    if (writer == NULL) return vantage->writer;
    struct slice text = column_text(record, schema_column(record->schema, ROLE_WRITER));
    while (writer->alias != NULL && !slice_equal(slice_from(writer->alias), text)) writer++;
    return hop_of_type(vantage->chain, writer->name);
}

static __attribute__((noinline)) void walk(struct client_resolver *resolver, const struct vantage *vantage,
                                           struct record *record) {
    struct evidence_room room;
    struct evidence evidence; /* headers are not cleared: nobody reads those that the chain does not have */
    evidence.lines_count = evidence.proxies_count = evidence.secrets = 0;
    put_peer(record, &evidence.peer);
    /* Who connected is better than anybody's word of it. */
    evidence.begins = record->has_peer ? BEGINS_AT_PEER : vantage->begins;
    evidence.writer = writer_of(vantage, record);
    add_list(vantage, record, &room, &evidence);
    add_proxies(vantage, record, &room, &evidence);
    if (vantage->chain->headers_count > 0) add_headers(resolver, vantage, record, &room, &evidence);
    struct client *client = &record->client;
    client_walk(vantage->chain, &evidence, client, (struct walk_observer){NULL, NULL});
    if (client->has_via) client->via_text = place_of(record, client->via_canonical);
    if (client->claim_bytes > 0) client->claim_text = place_of(record, client->claim_canonical);
}

static bool is_stranger(const struct chain *chain, const struct ip *ip) {
    for (uint32_t i = 0; i < chain->hops_count; i++)
        if (chain->hops[i].peers != NULL && cidr_set_has(chain->hops[i].peers, ip)) return false;
    return true;
}

/* Nearly all clients of a log without headers: the walk costs 310 instructions, this half of them. */
static void walk_from_peer(struct client_resolver *resolver, struct vantage *vantage, struct record *record) {
    struct client *client = &record->client;
    struct address_token peer;
    put_peer(record, &peer);
    bool stranger = peer.kind == TOKEN_ADDRESS && is_stranger(vantage->chain, &peer.ip);
    if (!stranger || !vantage->stranger_known) {
        walk(resolver, vantage, record);
        if (!stranger) return;
        vantage->stranger = *client;
        vantage->stranger.flags &= ~(peer.flags | 1u << HOP_NON_GLOBAL);
        vantage->stranger_known = true;
    }
    memcpy(client, &vantage->stranger, offsetof(struct client, claim));
    client_set_address(client, &peer);
}

/* What WAF's own rules on forwarded addresses take: the first one (WAFV2 API reference, ForwardedIPConfig). */
static __attribute__((noinline)) void look_as_waf(struct record *record) {
    struct slice list = column_text(record, schema_column(record->schema, ROLE_FORWARDED_FOR));
    const char *comma = list.len > 0 ? memchr(list.ptr, ',', list.len) : NULL;
    if (comma != NULL) list.len = (size_t)(comma - list.ptr);
    struct address_token first = address_token_parse(list, TOKEN_XFF);
    record->has_waf_view = first.kind == TOKEN_ADDRESS;
    if (record->has_waf_view) record->waf_view = first.ip;
}

static bool has_evidence(const struct vantage *vantage, const struct record *record) {
    for (const int16_t *column = vantage->evidence; *column >= 0; column++)
        if (column_text(record, *column).len > 0) return true;
    return false;
}

/* The client's address where the line has it as it will be written. */
static struct endpoint_text text_of(const struct record *record) {
    const struct client *client = &record->client;
    struct endpoint_text text = {{0, 0}, {0, 0}};
    if (client->provenance == PROVENANCE_PEER) return record->has_peer ? record->peer_text : text;
    if (client->provenance == PROVENANCE_XFF) text.address = place_of(record, client->canonical);
    return text;
}

void client_resolve(struct client_resolver *resolver, struct record *record) {
    struct vantage *vantage = resolver->last;
    if (vantage == NULL || vantage->schema != record->schema) {
        vantage = find_vantage(resolver, record);
        if (resolver->constant) resolver->last = vantage;
    }
    if (vantage->chain == NULL) {
        struct address_token peer;
        put_peer(record, &peer);
        client_without_chain(&peer, has_evidence(vantage, record), &record->client);
    } else if (vantage->only_peer && record->connection == NULL) {
        walk_from_peer(resolver, vantage, record);
    } else {
        walk(resolver, vantage, record);
    }
    record->has_waf_view = false;
    if (record->schema->takes_first) look_as_waf(record);
    record->client.text = text_of(record);
}
