/* A second reading of the walk (HOPS.md 4.3, 4.3a): the whole list first, then hop by hop. Written from the rules and not from
 * enrich/client.c.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_WALK_MODEL_H
#define WHEREFROM_WALK_MODEL_H

#include "enrich/client.h"
#include "tests/fuzz/list_model.h"

/* A network as bytes and bits of a family. */
struct model_network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
    unsigned bits;
};

struct model_peers {
    struct model_network networks[4];
    size_t count;
};

struct model_walk {
    const struct chain *chain;
    const struct evidence *evidence;
    const struct model_peers *const *peers; /* of each hop */
    struct model_list list;
    size_t proxies_used;
    struct model_token cur;
    uint32_t base; /* ok, ok-assumed or ok-privatelink, so far */
    bool ended;
    struct client client; /* the answer */
};

static inline bool model_inside(const struct model_peers *peers, const uint8_t *ip) {
    bool v4 = memcmp(ip, model_mapped, 12) == 0;
    for (size_t i = 0; i < peers->count; i++) {
        const struct model_network *network = &peers->networks[i];
        if (v4 != (network->family == AF_INET)) continue;
        const uint8_t *bytes = v4 ? ip + 12 : ip;
        unsigned same = 0;
        while (same < network->bits && ((bytes[same / 8] ^ network->bytes[same / 8]) >> (7 - same % 8) & 1) == 0)
            same++;
        if (same == network->bits) return true;
    }
    return false;
}

static inline void model_stop(struct model_walk *walk, uint32_t verdict) {
    walk->client.verdict = (uint8_t)verdict;
    walk->ended = true;
}

/* At an address that was read: `token` must be one. */
static inline void model_move(struct model_walk *walk, const struct model_token *token, enum provenance provenance) {
    walk->cur = *token;
    walk->client.flags |= token->flags;
    walk->client.provenance = (uint8_t)provenance;
}

/* One entry for a hop that appends: false when it says no address. */
static inline bool model_append(struct model_walk *walk, const struct hop *hop, bool repeated, unsigned depth) {
    struct model_token token = model_pop(&walk->list);
    switch (token.kind) {
    case TOKEN_EMPTY: model_stop(walk, repeated ? VERDICT_ALL_TRUSTED : VERDICT_XFF_MISSING); return false;
    case TOKEN_UNKNOWN: model_stop(walk, VERDICT_XFF_UNKNOWN); return false;
    case TOKEN_OBFUSCATED: model_stop(walk, VERDICT_XFF_OBFUSCATED); return false;
    case TOKEN_BAD: model_stop(walk, VERDICT_XFF_GARBLED); return false;
    case TOKEN_ADDRESS: break;
    }
    model_move(walk, &token, walk->list.forwarded ? PROVENANCE_FORWARDED : PROVENANCE_XFF);
    if (hop->xff_port && token.port == 0) walk->client.flags |= MODEL_FLAG(HOP_PORT_MISSING);
    walk->client.depth = (uint16_t)(walk->client.depth + depth);
    return true;
}

static inline void model_proxy(struct model_walk *walk) {
    if (walk->proxies_used == walk->evidence->proxies_count) {
        model_stop(walk, VERDICT_PP_MISSING);
        return;
    }
    const struct proxy_header *proxy = &walk->evidence->proxies[walk->proxies_used++];
    struct model_token token = {.port = proxy->source_port};
    memcpy(token.ip, proxy->source.bytes, sizeof token.ip);
    if (proxy->source_mapped) token.flags = MODEL_FLAG(HOP_V4_MAPPED);
    model_settle(&token);
    bool tcp = proxy->family == PROXY_TCP4 || proxy->family == PROXY_TCP6;
    if (proxy->garbled) {
        model_stop(walk, VERDICT_PP_GARBLED);
    } else if (proxy->command != PROXY_PROXY || !tcp) {
        model_stop(walk, VERDICT_PP_LOCAL);
    } else if (!proxy->has_source || token.kind != TOKEN_ADDRESS) {
        model_stop(walk, VERDICT_PP_GARBLED);
    } else {
        model_move(walk, &token, proxy->version == 1 ? PROVENANCE_PP1 : PROVENANCE_PP2);
        walk->client.depth++;
        if (proxy->vpce.ptr == NULL) return;
        walk->base = VERDICT_OK_PRIVATELINK;
        walk->client.flags |= MODEL_FLAG(HOP_VPCE);
        walk->client.vpce = proxy->vpce;
    }
}

static inline void model_header(struct model_walk *walk, const struct hop *hop) {
    struct slice value = model_trim(walk->evidence->headers[hop->header]);
    struct model_token token = model_token(value, (enum token_mode)hop->token_mode);
    if (token.kind != TOKEN_ADDRESS) {
        model_stop(walk, token.kind == TOKEN_EMPTY ? VERDICT_HEADER_MISSING : VERDICT_HEADER_GARBLED);
        return;
    }
    model_move(walk, &token, PROVENANCE_HEADER);
    walk->client.depth++;
    if (!hop->appends) return;
    struct model_token other = model_pop(&walk->list);
    if (other.kind != TOKEN_ADDRESS || memcmp(other.ip, token.ip, sizeof token.ip) != 0)
        walk->client.flags |= MODEL_FLAG(HOP_CARRIER_MISMATCH);
}

static inline bool model_secret(struct model_walk *walk, size_t index) {
    if (walk->chain->hops[index].secret == HEADER_NONE || (walk->evidence->secrets >> index & 1) != 0) return true;
    model_stop(walk, VERDICT_ORIGIN_UNVERIFIED);
    return false;
}

/* What a hop says that the walk has matched; returns the index of the next one. */
static inline size_t model_hop(struct model_walk *walk, size_t index, bool *repeated) {
    const struct hop *hop = &walk->chain->hops[index];
    bool again = *repeated;
    *repeated = false;
    if (!model_secret(walk, index)) return index;
    switch ((enum carrier)hop->carrier) {
    case CARRIER_NONE: model_stop(walk, hop->hides_as); break;
    case CARRIER_PP: model_proxy(walk); break;
    case CARRIER_HEADER: model_header(walk, hop); break;
    case CARRIER_REMOVE: model_stop(walk, VERDICT_XFF_REMOVED); break;
    case CARRIER_PRESERVE:
        walk->client.flags |= MODEL_FLAG(HOP_ASSUMED_CHAIN);
        index++;
        if (index == walk->chain->hops_count) {
            model_stop(walk, VERDICT_XFF_UNTRUSTED);
        } else if (model_secret(walk, index) && model_append(walk, hop + 1, false, 2)) {
            walk->base = VERDICT_OK_ASSUMED;
            *repeated = hop[1].repeat;
            if (*repeated) return index;
        }
        break;
    case CARRIER_APPEND:
        if (model_append(walk, hop, again, 1) && hop->repeat) {
            *repeated = true;
            return index;
        }
        break;
    case CARRIER_TRANSPARENT:
    case CARRIERS: ASSERT(false);
    }
    return index + 1;
}

/* Whether one of the chain's hops connects from there, other than those that connect from everywhere. */
static inline bool model_own(const struct chain *chain, const struct model_peers *const *peers, const uint8_t *ip) {
    int family = memcmp(ip, model_mapped, 12) == 0 ? AF_INET : AF_INET6;
    for (size_t i = 0; i < chain->hops_count; i++) {
        bool inside = chain->hops[i].carrier != CARRIER_TRANSPARENT && model_inside(peers[i], ip);
        for (size_t j = 0; inside && j < peers[i]->count; j++)
            if (peers[i]->networks[j].family == family && peers[i]->networks[j].bits == 0) inside = false;
        if (inside) return true;
    }
    return false;
}

static inline void model_via(struct model_walk *walk) {
    walk->client.has_via = true;
    memcpy(walk->client.via.bytes, walk->cur.ip, sizeof walk->cur.ip);
}

static inline void model_hops(struct model_walk *walk) {
    struct client *client = &walk->client;
    bool repeated = false;
    for (size_t i = 0; i < walk->chain->hops_count && !walk->ended;) {
        const struct hop *hop = &walk->chain->hops[i];
        if (hop->carrier == CARRIER_TRANSPARENT) {
            client->flags |= MODEL_FLAG(HOP_VIA);
            client->passed |= (uint16_t)(1u << i++);
        } else if (model_inside(walk->peers[i], walk->cur.ip)) {
            model_via(walk);
            i = model_hop(walk, i, &repeated);
        } else if (repeated) {
            repeated = false;
            i++;
        } else if (hop->optional) {
            client->flags |= MODEL_FLAG(HOP_SKIPPED);
            client->skipped |= (uint16_t)(1u << i++);
        } else {
            model_stop(walk, VERDICT_BYPASS);
        }
    }
    if (!walk->ended) client->verdict = (uint8_t)walk->base;
    bool own = (!walk->ended || client->verdict == VERDICT_BYPASS) && model_own(walk->chain, walk->peers, walk->cur.ip);
    if (!own || client->verdict == VERDICT_OK_PRIVATELINK) return;
    model_via(walk);
    client->verdict = client->verdict == VERDICT_BYPASS ? VERDICT_HOP_UNEXPECTED : VERDICT_ALL_TRUSTED;
}

/* What the client itself said, now that it is known how far the chain can be believed. */
static inline void model_finish(struct model_walk *walk) {
    struct client *client = &walk->client;
    struct slice shown;
    struct model_token claim = model_claim(&walk->list, &shown);
    bool left = claim.kind != TOKEN_EMPTY && client->verdict != VERDICT_XFF_REMOVED;
    if (left) {
        size_t bytes = shown.len < MODEL_CLAIM_BYTES_MAX ? shown.len : MODEL_CLAIM_BYTES_MAX;
        while (bytes < shown.len && bytes > 0 && ((uint8_t)shown.ptr[bytes] & 0xc0) == 0x80) bytes--;
        client->claim_bytes = (uint32_t)bytes;
        if (bytes > 0) memcpy(client->claim, shown.ptr, bytes);
    }
    if (walk->list.truncated) client->flags |= MODEL_FLAG(HOP_XFF_TRUNCATED);
    if (!verdict_is_resolved(client->verdict)) {
        client->provenance = PROVENANCE_NONE;
        if (left) client->flags |= MODEL_FLAG(HOP_CLAIM);
        return;
    }
    bool proven = client->provenance == PROVENANCE_PEER || client->provenance == PROVENANCE_PP1 ||
                  client->provenance == PROVENANCE_PP2;
    bool assumed = client->verdict == VERDICT_OK_ASSUMED || client->verdict == VERDICT_ALL_TRUSTED;
    client->trust = assumed ? 1 : proven ? 3 : 2;
    client->resolved = true;
    client->port = (uint16_t)walk->cur.port;
    memcpy(client->ip.bytes, walk->cur.ip, sizeof walk->cur.ip);
    client->global = ip_is_global(&client->ip);
    if (!client->global) client->flags |= MODEL_FLAG(HOP_NON_GLOBAL);
    if (!left) return;
    if (client->verdict == VERDICT_BYPASS || client->verdict == VERDICT_ALL_TRUSTED) {
        client->flags |= MODEL_FLAG(HOP_XFF_IGNORED);
        return;
    }
    struct ip ip;
    memcpy(ip.bytes, claim.ip, sizeof ip.bytes);
    bool global = claim.kind == TOKEN_ADDRESS && ip_is_global(&ip);
    if (global && memcmp(ip.bytes, client->ip.bytes, sizeof ip.bytes) == 0) return;
    client->flags |= MODEL_FLAG(HOP_BASE);
    client->base = client->verdict;
    client->verdict = claim.kind != TOKEN_ADDRESS ? VERDICT_CLAIM_GARBLED
                      : global                    ? VERDICT_SPOOFED_LEFTMOST
                                                  : VERDICT_CLIENT_PROXY;
}

static inline struct client model_walk(const struct chain *chain, const struct evidence *evidence,
                                       const struct model_peers *const *peers) {
    struct model_walk walk = {.chain = chain, .evidence = evidence, .peers = peers, .base = VERDICT_OK};
    walk.client.chain = chain;
    if (evidence->peer.kind != TOKEN_ADDRESS) {
        walk.client.verdict = VERDICT_PEER_INVALID;
        return walk.client;
    }
    struct model_token peer = {.kind = TOKEN_ADDRESS, .port = evidence->peer.port, .flags = evidence->peer.flags};
    memcpy(peer.ip, evidence->peer.ip.bytes, sizeof peer.ip);
    model_move(&walk, &peer, PROVENANCE_PEER);
    model_list_make(&walk.list, evidence->lines, evidence->lines_count, evidence->forwarded);
    model_hops(&walk);
    model_finish(&walk);
    model_list_free(&walk.list);
    return walk.client;
}

#endif
