/* Requests as evidence, and the client that comes of them.
 *
 * Threads: pure functions. */
#include "base/check.h"
#include "enrich/client.h"
#include "enrich/hop_secret.h"
#include "library/wherefrom_inside.h"
#include "schemas/client_flags.h"

/* Lines are handed on as they are: there may be any number, and nothing is allocated. What reads them is compiled for the library
 * without assumptions on types (-fno-strict-aliasing). */
_Static_assert(sizeof(struct wherefrom_text) == sizeof(struct slice) &&
                   offsetof(struct wherefrom_text, ptr) == offsetof(struct slice, ptr) &&
                   offsetof(struct wherefrom_text, len) == offsetof(struct slice, len),
               "a text is a slice");

_Static_assert(WHEREFROM_CLAIM_BYTES == CLAIM_BYTES_MAX, "what the walk keeps of a claim");

static struct address_token token_inside(const struct wherefrom_token *token) {
    return (struct address_token){
        .kind = (uint8_t)token->kind, .port = token->port, .flags = token->details, .ip = ip_inside(&token->ip)};
}

static struct proxy_header proxy_inside(const struct wherefrom_proxy *proxy) {
    return (struct proxy_header){.garbled = proxy->garbled,
                                 .version = proxy->version,
                                 .command = proxy->local ? PROXY_LOCAL : PROXY_PROXY,
                                 .family = proxy->family,
                                 .has_source = proxy->has_addresses,
                                 .source_mapped = proxy->source_mapped,
                                 .source = ip_inside(&proxy->source),
                                 .source_port = proxy->source_port,
                                 .vpce = slice_inside(proxy->vpce)};
}

/* Whether a field's name is `known`, which is in lower case. */
static bool is_name(struct wherefrom_text name, const char *known) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (known[i] == '\0' || (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != known[i]) return false;
    }
    return known[name.len] == '\0';
}

/* Without blanks around (RFC 9110 section 5.5); ptr NULL: not there. Of a field that comes twice nobody knows which one is meant. */
static struct slice find_header(const struct wherefrom_request *request, const char *name) {
    struct slice found = {NULL, 0};
    for (size_t i = 0; i < request->headers_count; i++) {
        const struct wherefrom_header *header = &request->headers[i];
        if (!is_name(header->name, name)) continue;
        if (found.ptr != NULL) return SLICE(",");
        found = token_trim(header->value.ptr != NULL ? slice_inside(header->value) : SLICE(""));
    }
    return found;
}

static void add_headers(const struct chain *chain, const struct wherefrom_request *request, struct evidence *evidence) {
    for (uint32_t i = 0; i < chain->headers_count; i++) evidence->headers[i] = find_header(request, chain->headers[i]);
    for (uint32_t i = 0; i < chain->hops_count; i++) {
        const struct hop *hop = &chain->hops[i];
        if (hop->secret != HEADER_NONE && hop_secret_holds(hop, evidence->headers[hop->secret]))
            evidence->secrets |= 1u << i;
    }
}

static void walk(const struct chain *chain, const struct wherefrom_request *request, struct client *client) {
    struct proxy_header proxies[CHAIN_HOPS_MAX]; /* each hop takes one at the most */
    struct evidence evidence = {.peer = token_inside(&request->peer),
                                .writer = HOP_INDEX_NONE,
                                .forwarded = chain->forwarded,
                                .proxies = proxies};
    size_t lines_count = chain->forwarded ? request->forwarded_count : request->forwarded_for_count;
    ASSERT(lines_count <= UINT32_MAX);
    evidence.lines = (const struct slice *)(chain->forwarded ? request->forwarded : request->forwarded_for);
    evidence.lines_count = (uint32_t)lines_count;
    for (; evidence.proxies_count < request->proxies_count && evidence.proxies_count < CHAIN_HOPS_MAX;
         evidence.proxies_count++)
        proxies[evidence.proxies_count] = proxy_inside(&request->proxies[evidence.proxies_count]);
    add_headers(chain, request, &evidence);
    client_walk(chain, &evidence, client, (struct walk_observer){NULL, NULL});
}

static bool has_text(const struct wherefrom_text *lines, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (lines[i].len > 0) return true;
    return false;
}

static void give(struct wherefrom_client *out, const struct client *client, const struct wherefrom_chain *chain) {
    *out = (struct wherefrom_client){.resolved = client->resolved,
                                     .global = client->global,
                                     .has_via = client->has_via,
                                     .trust = client->trust,
                                     .port = client->port,
                                     .depth = client->depth,
                                     .ip = ip_outside(&client->ip),
                                     .via = ip_outside(&client->via),
                                     .verdict = verdict_names[client->verdict],
                                     .provenance = provenance_names[client->provenance],
                                     .vpce = text_outside(client->vpce),
                                     .claim_bytes = client->claim_bytes,
                                     .flags = {.chain = chain,
                                               .bits = client->flags,
                                               .skipped = client->skipped,
                                               .passed = client->passed,
                                               .base = client->base}};
    if (client->resolved) (void)wherefrom_ip_text(&out->ip, out->ip_text);
    memcpy(out->claim, client->claim, client->claim_bytes);
}

void wherefrom_resolve(const struct wherefrom_chain *chain, const struct wherefrom_request *request,
                       struct wherefrom_client *client) {
    struct client found;
    if (chain != NULL) {
        walk(wherefrom_chain_inside(chain), request, &found);
    } else {
        struct address_token peer = token_inside(&request->peer);
        bool unused = has_text(request->forwarded_for, request->forwarded_for_count) ||
                      has_text(request->forwarded, request->forwarded_count) || request->proxies_count > 0;
        client_without_chain(&peer, unused, &found);
    }
    give(client, &found, chain);
}

static void put(struct slice piece, char *text, size_t bytes, size_t *length) {
    if (*length < bytes) {
        size_t room = bytes - *length;
        memcpy(text + *length, piece.len > 0 ? piece.ptr : "", piece.len < room ? piece.len : room);
    }
    *length += piece.len;
}

size_t wherefrom_client_flags(const struct wherefrom_client *client, char *text, size_t bytes) {
    struct client inside;
    inside.chain = wherefrom_chain_inside(client->flags.chain);
    inside.flags = client->flags.bits;
    inside.skipped = client->flags.skipped;
    inside.passed = client->flags.passed;
    inside.base = client->flags.base;
    inside.vpce = slice_inside(client->vpce);
    struct client_flags flags = client_flags_of(&inside);
    struct client_flag flag;
    size_t length = 0;
    while (client_flags_next(&flags, &flag)) {
        put(length > 0 ? SLICE(",") : SLICE(""), text, bytes, &length);
        put(slice_from(flag.name), text, bytes, &length);
        put(flag.rest, text, bytes, &length);
    }
    if (bytes > 0) text[length < bytes ? length : bytes - 1] = '\0';
    return length;
}
