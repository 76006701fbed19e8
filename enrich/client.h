/* Who is the client? The walk from the log writer outwards over the hops that the user declares (HOPS.md 4.3, 4.3a).
 *
 * Each hop is believed only as far as it can be: its own address must be one of those it was declared with, and then it says one
 * thing, the address of whoever connected to it. The walk never goes left of an entry that it cannot read, since everything there
 * may be forged: "unresolved, because" is a good answer.
 *
 * Threads: pure functions: no allocation, no locale, no state. */
#ifndef WHEREFROM_CLIENT_H
#define WHEREFROM_CLIENT_H

#include "enrich/address_token.h"
#include "schemas/chain.h"
#include "schemas/client_facts.h"
#include "schemas/proxy_header.h"

enum walk_begin {
    BEGINS_AT_PEER,
    BEGINS_INSIDE, /* there is no peer: the list was logged as the chain's first hop sent it on, which needs no match */
    BEGINS_AT_LIST /* there is no peer: the last entry of the list is taken for it, as nobody declared otherwise */
};

/* What a record, a connection or a case says. Texts are borrowed, and those in the result, too. */
struct evidence {
    struct address_token peer; /* who opened the connection to the log writer */
    uint8_t begins;            /* enum walk_begin */
    /* The chain's hop that wrote the log itself; those before it are not on the way. It only counts as a hop when it also stands in
     * front of itself. HOP_INDEX_NONE: the first hop is in front of the writer. */
    uint8_t writer;
    bool no_list; /* the log has no column for the list: a hop that appends says nothing */
    bool forwarded;
    const struct slice *lines; /* of X-Forwarded-For, or Forwarded, in order */
    uint32_t lines_count;
    const struct proxy_header *proxies; /* in order; the first one that was not used yet counts */
    uint32_t proxies_count;
    struct slice headers[CHAIN_HEADERS_MAX]; /* values of the chain's headers; ptr NULL: not there */
    uint32_t secrets;                        /* 1 << hop: its secret header was there, with the right value */
};

#define HOP_INDEX_NONE UINT8_MAX

/* What the walk did, for people. */
enum walk_event {
    WALK_PEER,        /* begins at `token`; kind TOKEN_BAD: at nothing */
    WALK_WRITER,      /* the hop wrote the log */
    WALK_TRANSPARENT, /* the hop leaves no trace */
    WALK_SKIPPED,     /* `token`, where the walk is, is none of its peers; it is optional */
    WALK_REPEATED,    /* nor is it any more of the hop that repeats */
    WALK_BYPASS,      /* nor is it, and it is not optional */
    WALK_MATCHED,     /* it is one of its peers */
    WALK_ASSUMED,     /* the hop lets the client's header through; the next one is assumed to be there */
    WALK_TOOK,        /* believes the hop: now at `token`, read from `text` */
    WALK_MISMATCH,    /* its list says `text` instead */
    WALK_STOPPED,     /* unresolved, with `verdict`, because of `text` */
    WALK_OWN,         /* ends at an address that one of the hops connects from */
    WALK_CLAIM,       /* what is left says `text` */
    WALK_END,         /* with `verdict` */
};

struct walk_step {
    enum walk_event event;
    uint8_t hop; /* index */
    uint8_t verdict;
    struct address_token token;
    struct slice text;
};

/* Told of every step; `function` NULL: nobody is. */
struct walk_observer {
    void (*function)(void *context, const struct walk_step *step);
    void *context;
};

/* Fills `client`, but for `text`. Bounded: as many entries as there are hops, LIST_WINDOW_BYTES for one that repeats. */
void client_walk(const struct chain *chain, const struct evidence *evidence, struct client *client,
                 struct walk_observer observer);

/* What of a client is that of its address: flags are added to those that are there. */
static inline void client_set_address(struct client *client, const struct address_token *token) {
    client->ip = token->ip;
    client->port = token->port;
    client->canonical.ptr = token->canonical.ptr; /* by member, as it was written */
    client->canonical.len = token->canonical.len;
    client->global = ip_is_global(&token->ip);
    client->flags |= token->flags | (client->global ? 0 : 1u << HOP_NON_GLOBAL);
}

/* Without a declared chain the peer is taken for the client: verdict ok, prov peer, trust 1. `unused`: there are headers of proxies. Members
 * that only mean something with a flag or a bool, which are not set here, are left. Inline: it is all that most records need. */
static inline void client_without_chain(const struct address_token *peer, bool unused, struct client *client) {
    bool good = peer->kind == TOKEN_ADDRESS;
    client->ip = peer->ip;
    client->port = good ? peer->port : 0;
    client->resolved = good;
    client->global = good && ip_is_global(&peer->ip);
    client->has_via = false;
    client->verdict = good ? VERDICT_OK : VERDICT_PEER_INVALID;
    client->provenance = good ? PROVENANCE_PEER : PROVENANCE_NONE;
    client->trust = good;
    client->depth = 0;
    client->flags = unused ? 1u << HOP_EVIDENCE_UNUSED : 0;
    if (good) client->flags |= peer->flags | (client->global ? 0 : 1u << HOP_NON_GLOBAL);
    client->skipped = client->passed = 0;
    client->base = 0;
    client->chain = NULL;
    client->claim_bytes = 0;
}

#endif
