/* The walk.
 *
 * Threads: pure functions. */
#include "enrich/client.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "enrich/address_list.h"

struct walk {
    const struct chain *chain;
    const struct evidence *evidence;
    struct client *client;
    struct walk_observer observer;
    /* Where the walk is: the peer, or one of these two. Pointed at and never copied: who reads a structure in one go that was just
     * written member by member waits for all of it. */
    const struct address_token *now;
    struct list_member members[2];
    uint32_t strangers; /* 1 << hop: `now` is none of its peers, as was found out */
    uint32_t proxies_used;
    uint8_t verdict; /* when nothing more comes */
    struct address_list list;
};

static void tell(const struct walk *walk, enum walk_event event, uint32_t hop, uint32_t verdict, struct slice text) {
    if (walk->observer.function == NULL) return;
    struct walk_step step = {
        .event = event, .hop = (uint8_t)hop, .verdict = (uint8_t)verdict, .token = *walk->now, .text = text};
    walk->observer.function(walk->observer.context, &step);
}

/* By member, as it was written: a copy of both at once waits for them (a sixth of client_walk's time). */
static void put_slice(struct slice *out, const struct slice *slice) {
    out->ptr = slice->ptr;
    out->len = slice->len;
}

static void set_flag(struct walk *walk, enum hop_flag flag) {
    walk->client->flags |= 1u << flag;
}

static void believe(struct walk *walk, const struct address_token *token, enum provenance provenance) {
    walk->now = token;
    walk->strangers = 0;
    walk->client->flags |= token->flags;
    walk->client->provenance = (uint8_t)provenance;
}

/* Where the next address may be put. */
static struct list_member *free_member(struct walk *walk) {
    return &walk->members[walk->now == &walk->members[0].token];
}

/* --- carriers: each takes what the hop says of who connected to it, or a verdict ------------------ */

/* HOP_INDEX_NONE of NULL. */
static uint32_t hop_index(const struct walk *walk, const struct hop *hop) {
    return hop != NULL ? (uint32_t)(hop - walk->chain->hops) : HOP_INDEX_NONE;
}

static uint32_t stop(struct walk *walk, const struct hop *hop, uint32_t verdict, struct slice text) {
    tell(walk, WALK_STOPPED, hop_index(walk, hop), verdict, text);
    return verdict;
}

/* The next entry of the list; `repeated`: when there is none, this is where the walk ends well. */
static inline __attribute__((always_inline)) uint32_t take_entry(struct walk *walk, const struct hop *hop,
                                                                 bool repeated) {
    static const uint8_t verdicts[] = {[TOKEN_UNKNOWN] = VERDICT_XFF_UNKNOWN,
                                       [TOKEN_OBFUSCATED] = VERDICT_XFF_OBFUSCATED,
                                       [TOKEN_BAD] = VERDICT_XFF_GARBLED};
    struct list_member *member = free_member(walk);
    if (!address_list_pop(&walk->list, member)) {
        uint32_t verdict = walk->list.truncated ? VERDICT_XFF_GARBLED
                           : repeated           ? VERDICT_ALL_TRUSTED
                                                : VERDICT_XFF_MISSING;
        return stop(walk, hop, verdict, (struct slice){0});
    }
    if (member->token.kind != TOKEN_ADDRESS) return stop(walk, hop, verdicts[member->token.kind], member->text);
    believe(walk, &member->token, walk->evidence->forwarded ? PROVENANCE_FORWARDED : PROVENANCE_XFF);
    tell(walk, WALK_TOOK, hop_index(walk, hop), 0, member->text);
    return VERDICT_OK;
}

static uint32_t take_list(struct walk *walk, const struct hop *hop, bool repeated) {
    if (walk->evidence->no_list && hop->hides_as == VERDICT_CF_EDGE_ONLY)
        return stop(walk, hop, VERDICT_CF_EDGE_ONLY, (struct slice){0});
    uint32_t verdict = take_entry(walk, hop, repeated);
    if (verdict == VERDICT_OK && hop->xff_port && walk->now->port == 0) set_flag(walk, HOP_PORT_MISSING);
    return verdict;
}

static uint32_t take_proxy_header(struct walk *walk, const struct hop *hop) {
    if (walk->proxies_used == walk->evidence->proxies_count)
        return stop(walk, hop, VERDICT_PP_MISSING, (struct slice){0});
    const struct proxy_header *header = &walk->evidence->proxies[walk->proxies_used++];
    if (header->garbled) return stop(walk, hop, VERDICT_PP_GARBLED, (struct slice){0});
    bool tcp = header->family == PROXY_TCP4 || header->family == PROXY_TCP6;
    if (header->command == PROXY_LOCAL || !tcp) return stop(walk, hop, VERDICT_PP_LOCAL, (struct slice){0});
    struct address_token *source = &free_member(walk)->token;
    *source = address_token_of(&header->source, header->source_mapped, header->source_port);
    if (!header->has_source || source->kind != TOKEN_ADDRESS)
        return stop(walk, hop, VERDICT_PP_GARBLED, (struct slice){0});
    believe(walk, source, header->version == 1 ? PROVENANCE_PP1 : PROVENANCE_PP2);
    if (header->vpce.len > 0) {
        walk->verdict = VERDICT_OK_PRIVATELINK;
        walk->client->vpce = header->vpce;
        set_flag(walk, HOP_VPCE);
    }
    tell(walk, WALK_TOOK, hop_index(walk, hop), 0, header->vpce);
    return VERDICT_OK;
}

static uint32_t take_header(struct walk *walk, const struct hop *hop) {
    struct slice value = walk->evidence->headers[hop->header];
    struct address_token *token = &free_member(walk)->token;
    *token = (struct address_token){.kind = TOKEN_EMPTY};
    if (value.ptr != NULL) *token = address_token_parse(value, (enum token_mode)hop->token_mode);
    if (token->kind == TOKEN_EMPTY) return stop(walk, hop, VERDICT_HEADER_MISSING, value);
    if (token->kind != TOKEN_ADDRESS) return stop(walk, hop, VERDICT_HEADER_GARBLED, value);
    believe(walk, token, PROVENANCE_HEADER);
    tell(walk, WALK_TOOK, hop_index(walk, hop), 0, value);
    struct list_member member = {.token = {.kind = TOKEN_EMPTY}};
    if (!hop->appends) return VERDICT_OK;
    if (!address_list_pop(&walk->list, &member) || member.token.kind != TOKEN_ADDRESS ||
        memcmp(&member.token.ip, &token->ip, sizeof token->ip) != 0) {
        set_flag(walk, HOP_CARRIER_MISMATCH);
        tell(walk, WALK_MISMATCH, hop_index(walk, hop), 0, member.text);
    }
    return VERDICT_OK;
}

static uint32_t take(struct walk *walk, const struct hop *hop, bool repeated) {
    switch ((enum carrier)hop->carrier) {
    case CARRIER_APPEND: return take_list(walk, hop, repeated);
    case CARRIER_PP: return take_proxy_header(walk, hop);
    case CARRIER_HEADER: return take_header(walk, hop);
    case CARRIER_REMOVE: return stop(walk, hop, VERDICT_XFF_REMOVED, (struct slice){0});
    case CARRIER_NONE: return stop(walk, hop, hop->hides_as, (struct slice){0});
    case CARRIER_PRESERVE:
    case CARRIER_TRANSPARENT:
    case CARRIERS: break;
    }
    ASSERT(false); /* the walk itself sees to these */
}

/* --- hops ----------------------------------------------------------------------------------------- */

static bool has_secret(const struct walk *walk, uint32_t hop) {
    return walk->chain->hops[hop].secret == HEADER_NONE || (walk->evidence->secrets >> hop & 1) != 0;
}

/* What becomes of a hop that the walk does not stand at; WALK_MATCHED when it does. */
static enum walk_event meet(struct walk *walk, uint32_t index, bool repeated) {
    const struct hop *hop = &walk->chain->hops[index];
    if (hop->carrier == CARRIER_TRANSPARENT) return index == walk->evidence->writer ? WALK_WRITER : WALK_TRANSPARENT;
    if (walk->now->kind != TOKEN_ADDRESS || cidr_set_has(hop->peers, &walk->now->ip)) return WALK_MATCHED;
    walk->strangers |= 1u << index;
    return repeated                          ? WALK_REPEATED
           : index == walk->evidence->writer ? WALK_WRITER
           : hop->optional                   ? WALK_SKIPPED
                                             : WALK_BYPASS;
}

static void set_via(struct walk *walk) {
    struct client *client = walk->client;
    client->has_via = true;
    client->via = walk->now->ip;
    put_slice(&client->via_canonical, &walk->now->canonical);
}

/* The hop at `*index` is where the walk stands: goes on to who connected to it. */
static uint32_t pass(struct walk *walk, uint32_t *index, bool repeated) {
    const struct chain *chain = walk->chain;
    struct client *client = walk->client;
    if (walk->now->kind == TOKEN_ADDRESS) set_via(walk);
    if (!has_secret(walk, *index))
        return stop(walk, &chain->hops[*index], VERDICT_ORIGIN_UNVERIFIED, (struct slice){0});
    uint16_t depth = 1;
    if (chain->hops[*index].carrier == CARRIER_PRESERVE) {
        set_flag(walk, HOP_ASSUMED_CHAIN);
        if (*index + 1u == chain->hops_count)
            return stop(walk, &chain->hops[*index], VERDICT_XFF_UNTRUSTED, (struct slice){0});
        tell(walk, WALK_ASSUMED, *index, 0, (struct slice){0});
        walk->verdict = VERDICT_OK_ASSUMED;
        depth = 2;
        ++*index;
        if (!has_secret(walk, *index))
            return stop(walk, &chain->hops[*index], VERDICT_ORIGIN_UNVERIFIED, (struct slice){0});
    }
    uint32_t verdict = take(walk, &chain->hops[*index], repeated);
    if (verdict == VERDICT_OK) client->depth = (uint16_t)(client->depth + depth);
    return verdict;
}

static uint32_t walk_hops(struct walk *walk) {
    const struct chain *chain = walk->chain;
    struct client *client = walk->client;
    bool repeated = false;
    uint32_t index = walk->evidence->writer != HOP_INDEX_NONE ? walk->evidence->writer : 0;
    while (index < chain->hops_count) {
        enum walk_event event = meet(walk, index, repeated);
        tell(walk, event, index, 0, (struct slice){0});
        if (event == WALK_BYPASS) return VERDICT_BYPASS;
        if (event == WALK_MATCHED) {
            uint32_t verdict = pass(walk, &index, repeated);
            if (verdict != VERDICT_OK) return verdict;
            repeated = chain->hops[index].repeat;
            index += !repeated;
            continue;
        }
        if (event == WALK_SKIPPED) client->skipped |= (uint16_t)(1u << index);
        if (event == WALK_TRANSPARENT) client->passed |= (uint16_t)(1u << index);
        repeated = false;
        index++;
    }
    return walk->verdict;
}

/* --- the end -------------------------------------------------------------------------------------- */

/* Whether a hop connects from where the walk has ended. One that may connect from everywhere says nothing. */
static bool is_own(const struct walk *walk) {
    enum ip_family family = ip_is_v4(&walk->now->ip) ? IP_V4 : IP_V6;
    for (uint32_t i = 0; i < walk->chain->hops_count; i++) {
        const struct cidr_set *peers = walk->chain->hops[i].peers;
        if ((walk->strangers >> i & 1) != 0) continue;
        if (peers != NULL && cidr_set_has(peers, &walk->now->ip) && !cidr_set_has_family(peers, family)) return true;
    }
    return false;
}

/* A text cut to `bytes_max`, not inside a character. */
static uint32_t cut(struct slice text, uint32_t bytes_max) {
    if (text.len <= bytes_max) return (uint32_t)text.len;
    while (bytes_max > 0 && ((unsigned char)text.ptr[bytes_max] & 0xc0) == 0x80) bytes_max--;
    return bytes_max;
}

/* What the client says of itself, left of what hops said. */
static void look_at_claim(struct walk *walk) {
    struct client *client = walk->client;
    struct list_member claim;
    if (walk->list.begin == walk->list.end) return; /* nearly always, where the log has no list */
    if (client->verdict == VERDICT_XFF_REMOVED || !address_list_claim(&walk->list, &claim)) return;
    client->claim_bytes = cut(claim.text, CLAIM_BYTES_MAX);
    memcpy(client->claim, claim.text.ptr, client->claim_bytes);
    put_slice(&client->claim_canonical, &claim.token.canonical);
    tell(walk, WALK_CLAIM, 0, 0, claim.text);
    if (!verdict_is_resolved(client->verdict)) {
        set_flag(walk, HOP_CLAIM);
    } else if (client->verdict == VERDICT_BYPASS || client->verdict == VERDICT_ALL_TRUSTED) {
        set_flag(walk, HOP_XFF_IGNORED);
    } else {
        bool address = claim.token.kind == TOKEN_ADDRESS, global = address && ip_is_global(&claim.token.ip);
        if (global && memcmp(&claim.token.ip, &client->ip, sizeof client->ip) == 0) return;
        client->base = client->verdict;
        set_flag(walk, HOP_BASE);
        client->verdict = global ? VERDICT_SPOOFED_LEFTMOST : address ? VERDICT_CLIENT_PROXY : VERDICT_CLAIM_GARBLED;
    }
}

static uint8_t trust_of(uint32_t verdict, uint32_t provenance) {
    if (!verdict_is_resolved(verdict)) return 0;
    if (verdict == VERDICT_OK_ASSUMED || verdict == VERDICT_ALL_TRUSTED) return 1;
    return provenance == PROVENANCE_PEER || provenance == PROVENANCE_PP1 || provenance == PROVENANCE_PP2 ? 3 : 2;
}

/* The address of a hop is never a client: one's own, at the end of the walk, is the outermost one that is known (an internal
 * client), and in the middle of it nobody knows. */
static uint32_t without_own(struct walk *walk, uint32_t verdict) {
    bool ended = verdict == VERDICT_OK || verdict == VERDICT_OK_ASSUMED;
    if ((!ended && verdict != VERDICT_BYPASS) || !is_own(walk)) return verdict;
    tell(walk, WALK_OWN, 0, 0, (struct slice){0});
    set_via(walk);
    return ended ? VERDICT_ALL_TRUSTED : VERDICT_HOP_UNEXPECTED;
}

static void conclude(struct walk *walk, uint32_t verdict) {
    struct client *client = walk->client;
    verdict = walk->now->kind == TOKEN_ADDRESS ? without_own(walk, verdict)
              : verdict_is_resolved(verdict)   ? VERDICT_PEER_INVALID
                                               : verdict;
    client->verdict = (uint8_t)verdict;
    client->trust = trust_of(verdict, client->provenance);
    client->resolved = verdict_is_resolved(verdict);
    if (client->resolved) {
        client_set_address(client, walk->now);
    } else {
        client->provenance = PROVENANCE_NONE;
    }
    if (client->skipped != 0) set_flag(walk, HOP_SKIPPED);
    if (client->passed != 0) set_flag(walk, HOP_VIA);
    if (walk->list.truncated) set_flag(walk, HOP_XFF_TRUNCATED);
    look_at_claim(walk);
    tell(walk, WALK_END, 0, client->verdict, (struct slice){0});
}

static void clear(struct client *client, const struct chain *chain) {
    static const struct client nothing; /* copied: `rep stos` took a sixth of the walk */
    memcpy(client, &nothing, offsetof(struct client, claim));
    client->chain = chain;
}

void client_walk(const struct chain *chain, const struct evidence *evidence, struct client *client,
                 struct walk_observer observer) {
    struct walk walk;
    walk.chain = chain;
    walk.evidence = evidence;
    walk.client = client;
    walk.observer = observer;
    walk.now = &evidence->peer;
    walk.proxies_used = 0;
    walk.verdict = VERDICT_OK;
    walk.strangers = 0;
    clear(client, chain);
    tell(&walk, WALK_PEER, 0, 0, (struct slice){0});
    if (evidence->begins == BEGINS_AT_PEER && evidence->peer.kind != TOKEN_ADDRESS) {
        client->verdict = VERDICT_PEER_INVALID;
        tell(&walk, WALK_END, 0, client->verdict, (struct slice){0});
        return;
    }
    address_list_init(&walk.list, evidence->lines, evidence->lines_count, evidence->forwarded);
    uint32_t verdict = VERDICT_OK;
    if (evidence->begins == BEGINS_AT_PEER) {
        believe(&walk, &evidence->peer, PROVENANCE_PEER);
    } else if (evidence->begins == BEGINS_AT_LIST) {
        set_flag(&walk, HOP_ASSUMED_CHAIN);
        walk.verdict = VERDICT_OK_ASSUMED;
        verdict = take_entry(&walk, NULL, false);
    }
    conclude(&walk, verdict == VERDICT_OK ? walk_hops(&walk) : verdict);
}
