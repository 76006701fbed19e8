/* Records as evidence.
 *
 * Threads: one resolver per worker. */
#define _GNU_SOURCE /* memrchr */
#include "enrich/record_client.h"

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
    resolver->origin = NULL;
    resolver->fixed = NULL;
    resolver->selectors = 0;
    for (uint32_t i = 0; i < VANTAGES_KNOWN; i++) resolver->vantages[i].schema = NULL;
    for (uint32_t i = 0; i < PICKS_KNOWN; i++) resolver->picks[i].schema = NULL;
    resolver->secret.len = 0;
}

void client_resolver_set(struct client_resolver *resolver, const struct chain_rules *rules,
                         const struct origin *origin) {
    if (resolver->rules == rules && resolver->origin == origin) return;
    client_resolver_forget(resolver);
    resolver->rules = rules;
    resolver->origin = origin;
    if (rules == NULL) return;
    resolver->fixed = rules->always;
    if (resolver->fixed == NULL && origin->chain != NULL) resolver->fixed = chain_rules_named(rules, origin->chain);
    for (uint32_t i = 0; i < rules->rules_count; i++)
        for (uint32_t selector = 0; selector < SELECTORS; selector++)
            if (rules->rules[i].globs[selector] != NULL) resolver->selectors |= 1u << selector;
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

/* "cloudfront-viewer-address" in a table that has it as http_cloudfront_viewer_address, or at the end of a path. */
static bool is_header_column(const char *column, const char *header) {
    const char *dot = strrchr(column, '.');
    const char *name = dot != NULL ? dot + 1 : strncmp(column, "http_", 5) == 0 ? column + 5 : NULL;
    if (name == NULL) return false;
    for (; *name != '\0' && (*name == *header || (*name == '_' && *header == '-')); name++) header++;
    return *name == '\0' && *header == '\0';
}

static int16_t header_column(const struct schema *schema, const char *header) {
    if (strcmp(header, "cloudfront-viewer-address") == 0 && schema_column(schema, ROLE_VIEWER) >= 0)
        return (int16_t)schema_column(schema, ROLE_VIEWER);
    if (strcmp(header, "x-real-ip") == 0 && schema_column(schema, ROLE_REAL_IP) >= 0)
        return (int16_t)schema_column(schema, ROLE_REAL_IP);
    for (int16_t i = 0; i < schema->fields_count; i++)
        if (is_header_column(schema->fields[i].name, header)) return i;
    return -1;
}

static void look(struct vantage *vantage, const struct schema *schema, const struct chain *chain) {
    static const enum field_role roles[EVIDENCE_COLUMNS_MAX] = {ROLE_FORWARDED_FOR, ROLE_FORWARDED, ROLE_REAL_IP,
                                                                ROLE_VIEWER, ROLE_PROXY_IP};
    uint32_t evidence = 0;
    *vantage = (struct vantage){.schema = schema, .chain = chain, .writer = HOP_INDEX_NONE};
    for (uint32_t i = 0; i < EVIDENCE_COLUMNS_MAX; i++)
        if (roles[i] != ROLE_NONE && schema_column(schema, roles[i]) >= 0)
            vantage->evidence[evidence++] = (int16_t)schema_column(schema, roles[i]);
    vantage->evidence[evidence] = -1;
    vantage->proxy_ip = (int16_t)schema_column(schema, ROLE_PROXY_IP);
    vantage->proxy_port = (int16_t)schema_column(schema, ROLE_PROXY_PORT);
    if (chain == NULL && schema->list != LIST_WITH_PEER) return;
    if (chain == NULL) vantage->chain = chain = &nobody;
    for (uint8_t i = chain->hops_count; schema->writer != NULL && i-- > 0;)
        if (strcmp(chain->hops[i].type, schema->writer) == 0) vantage->writer = i;
    bool peer_known = schema_column(schema, ROLE_PEER_IP_REAL) >= 0;
    if (schema->list == LIST_WITH_PEER)
        vantage->begins = vantage->writer != HOP_INDEX_NONE ? BEGINS_INSIDE : BEGINS_AT_LIST;
    else if (schema->list == LIST_AS_SENT && vantage->writer != HOP_INDEX_NONE)
        vantage->begins = BEGINS_INSIDE;
    else
        vantage->drop_own = schema->list == LIST_AS_SENT && peer_known;
    vantage->forwarded = chain->forwarded;
    vantage->list = (int16_t)schema_column(schema, chain->forwarded ? ROLE_FORWARDED : ROLE_FORWARDED_FOR);
    vantage->no_list = vantage->list < 0;
    for (uint32_t i = 0; i < chain->headers_count; i++) vantage->headers[i] = header_column(schema, chain->headers[i]);
}

static const struct vantage *vantage_of(struct client_resolver *resolver, const struct schema *schema,
                                        const struct chain *chain) {
    uintptr_t mixed = ((uintptr_t)schema ^ (uintptr_t)chain * 31) >> 5;
    struct vantage *vantage = &resolver->vantages[(mixed ^ mixed >> 7) % VANTAGES_KNOWN];
    if (vantage->schema != schema || (vantage->chain != chain && !(chain == NULL && vantage->chain == &nobody)))
        look(vantage, schema, chain);
    return vantage;
}

/* --- what does the record say? -------------------------------------------------------------------- */

/* Right end of a list that is looked at: an escape has four bytes at the most. */
#define LIST_TEXT_BYTES (4 * (LIST_WINDOW_BYTES + 1))

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

/* The list as it was in the header; `room` has LIST_TEXT_BYTES. */
static struct slice header_text(const struct record *record, int column, char *room) {
    struct slice text = column_text(record, column);
    enum field_kind kind = column < record->schema->fields_count ? record->schema->fields[column].kind : FIELD_TEXT;
    bool percent = kind == FIELD_PERCENT && memchr(text.ptr, '%', text.len) != NULL;
    bool escapes = record->aws_escapes && memchr(text.ptr, '\\', text.len) != NULL;
    if (text.len == 0 || (!percent && !escapes)) return text;
    if (text.len > LIST_TEXT_BYTES) text = (struct slice){text.ptr + text.len - LIST_TEXT_BYTES, LIST_TEXT_BYTES};
    size_t bytes = percent ? (size_t)(percent_decode(room, text) - room) : unescape(room, text);
    return (struct slice){room, bytes};
}

/* `name=value` behind the table's columns, as http_NAME. */
static struct slice find_extra(const struct record *record, const char *header) {
    for (uint32_t i = record->schema->fields_count; i < record->fields_count; i++) {
        struct slice text = record_text(record, record->fields[i]);
        const char *equals = memchr(text.ptr, '=', text.len);
        char name[TOKEN_BYTES_MAX];
        size_t bytes = equals != NULL ? (size_t)(equals - text.ptr) : sizeof name;
        if (bytes >= sizeof name) continue;
        memcpy(name, text.ptr, bytes);
        name[bytes] = '\0';
        if (is_header_column(name, header)) return (struct slice){equals + 1, text.len - bytes - 1};
    }
    return (struct slice){0};
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
                        struct evidence *evidence) {
    const struct chain *chain = vantage->chain;
    for (uint32_t i = 0; i < chain->headers_count; i++)
        evidence->headers[i] = vantage->headers[i] >= 0 ? column_text(record, vantage->headers[i])
                                                        : find_extra(record, chain->headers[i]);
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

static struct address_token peer_of(const struct record *record) {
    if (!record->has_peer) return (struct address_token){.kind = TOKEN_EMPTY};
    return address_token_of(&record->peer.address.ip, record->peer.address.v4_mapped, record->peer.port);
}

static void walk(struct client_resolver *resolver, const struct vantage *vantage, struct record *record) {
    char room[LIST_TEXT_BYTES];
    struct evidence evidence;
    memset(&evidence, 0, sizeof evidence);
    evidence.peer = peer_of(record);
    evidence.begins = vantage->begins;
    evidence.writer = vantage->writer;
    evidence.no_list = vantage->no_list;
    evidence.forwarded = vantage->forwarded;
    struct slice list = vantage->no_list ? (struct slice){0} : header_text(record, vantage->list, room);
    if (vantage->drop_own && list.len > 0) list = without_own(list, &evidence.peer);
    evidence.lines = &list;
    evidence.lines_count = list.len > 0;
    struct proxy_header proxy;
    if (vantage->proxy_ip >= 0 && read_proxy(vantage, record, &proxy)) {
        evidence.proxies = &proxy;
        evidence.proxies_count = 1;
    }
    if (vantage->chain->headers_count > 0) add_headers(resolver, vantage, record, &evidence);
    client_walk(vantage->chain, &evidence, &record->client, (struct walk_observer){NULL, NULL});
}

static bool has_evidence(const struct vantage *vantage, const struct record *record) {
    for (const int16_t *column = vantage->evidence; *column >= 0; column++)
        if (column_text(record, *column).len > 0) return true;
    return false;
}

void client_resolve(struct client_resolver *resolver, struct record *record) {
    const struct vantage *vantage = vantage_of(resolver, record->schema, pick_chain(resolver, record));
    if (vantage->chain == NULL) {
        struct address_token peer = peer_of(record);
        client_without_chain(&peer, has_evidence(vantage, record), &record->client);
    } else {
        walk(resolver, vantage, record);
    }
    bool is_peer = record->client.provenance == PROVENANCE_PEER;
    record->client.text = is_peer ? record->peer_text : (struct endpoint_text){{0, 0}, {0, 0}};
}
