/* Who the client is, and how that is known (HOPS.md 4.4).
 *
 * Threads: constants; a struct client belongs to one worker. Names of verdicts: see verdict_add. */
#ifndef WHEREFROM_CLIENT_FACTS_H
#define WHEREFROM_CLIENT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/slice.h"
#include "schemas/limits.h"

struct chain;

/* What was concluded. Those up to VERDICT_ALL_TRUSTED come with an address, the others without. */
enum verdict {
    VERDICT_OK,
    VERDICT_OK_ASSUMED,       /* as far as a hop that let the client's own header through can be believed */
    VERDICT_OK_PRIVATELINK,   /* an address of a consumer's VPC: unique only together with its endpoint */
    VERDICT_SPOOFED_LEFTMOST, /* the client also sent an X-Forwarded-For that names somebody else */
    VERDICT_CLIENT_PROXY,     /* or an address of its own network: it is a proxy */
    VERDICT_CLAIM_GARBLED,    /* or no address at all */
    VERDICT_BYPASS,           /* it came past the next hop: whoever connected is the client */
    VERDICT_ALL_TRUSTED,      /* every address was a hop's: the outermost one */
    VERDICT_PEER_INVALID,     /* from here on unresolved: the log writer's peer is no address */
    VERDICT_HOP_UNEXPECTED,   /* a hop connected where another one was declared */
    VERDICT_XFF_MISSING,
    VERDICT_XFF_UNKNOWN,
    VERDICT_XFF_OBFUSCATED,
    VERDICT_XFF_GARBLED,
    VERDICT_XFF_UNTRUSTED, /* a hop let the client's own header through, and nobody outside of it is declared */
    VERDICT_XFF_REMOVED,
    VERDICT_ORIGIN_UNVERIFIED, /* the secret header of a hop is missing or wrong */
    VERDICT_PP_MISSING,
    VERDICT_PP_LOCAL, /* the proxy itself spoke: a health check */
    VERDICT_PP_GARBLED,
    VERDICT_HEADER_MISSING,
    VERDICT_HEADER_GARBLED,
    VERDICT_CF_EDGE_ONLY, /* the usual names for a hop that hides the client: `as` */
    VERDICT_GA_NAT,
    VERDICT_NLB_NAT,
    VERDICTS_BUILT_IN /* users' own names follow */
};
#define VERDICTS_MAX 64u

/* Where the client's address stood. */
enum provenance {
    PROVENANCE_NONE,
    PROVENANCE_PEER,
    PROVENANCE_XFF,
    PROVENANCE_FORWARDED,
    PROVENANCE_PP1,
    PROVENANCE_PP2,
    PROVENANCE_HEADER,
    PROVENANCES
};

/* In the order of their texts, which is that of the output. */
enum hop_flag {
    HOP_ASSUMED_CHAIN,
    HOP_BASE, /* base=VERDICT: what it would be without the claim */
    HOP_CARRIER_MISMATCH,
    HOP_CLAIM,           /* unresolved, and there is text left that claims something */
    HOP_EVIDENCE_UNUSED, /* headers of proxies are there and no chain says what to make of them */
    HOP_NAT64,
    HOP_NON_GLOBAL,
    HOP_PORT_MISSING,
    HOP_QUOTED,
    HOP_SKIPPED, /* skipped-TYPE: optional hops that were not used */
    HOP_V4_MAPPED,
    HOP_VIA,         /* via-TYPE: hops that leave no trace */
    HOP_VPCE,        /* vpce=ID */
    HOP_XFF_IGNORED, /* a bypass, and text is left */
    HOP_XFF_TRUNCATED,
    HOP_ZONE,
    HOP_FLAGS
};

/* NULL from verdicts_count on. */
extern const char *verdict_names[VERDICTS_MAX];
extern const char *const provenance_names[PROVENANCES];
extern const char
    *const hop_flag_names[HOP_FLAGS]; /* of HOP_BASE, HOP_SKIPPED, HOP_VIA and HOP_VPCE: what comes before */

/* The verdict of that name, made when there is none yet; VERDICTS_MAX when there are too many. The name must live as long as the
 * program. Main thread; what others see of it is published with the chains that use it. */
uint32_t verdict_add(struct slice name);
uint32_t verdicts_count(void);

/* A verdict with an address. */
static inline bool verdict_is_resolved(uint32_t verdict) {
    return verdict <= VERDICT_ALL_TRUSTED;
}

struct span {
    uint32_t offset, length; /* bytes, into the batch's text */
};

/* An address and its port where the line has them in canonical form; a length of 0: format them. */
struct endpoint_text {
    struct span address, port;
};

struct client {
    struct ip ip;
    struct endpoint_text text;
    uint16_t port; /* 0: not known */
    bool resolved; /* ip and port mean something */
    bool global;   /* has a place in the world: look it up */
    bool has_via;
    uint8_t verdict; /* enum verdict, or a name of the user's */
    uint8_t base;    /* with HOP_BASE */
    uint8_t provenance;
    uint8_t trust;             /* 0 unresolved, 1 assumed, 2 stated by a trusted hop, 3 proven by the network */
    uint16_t depth;            /* hops whose evidence was used; one that repeats counts each time */
    uint32_t flags;            /* 1 << enum hop_flag */
    uint16_t skipped, passed;  /* with HOP_SKIPPED, HOP_VIA: 1 << index in the chain */
    const struct chain *chain; /* NULL: none is declared */
    struct slice canonical;    /* `ip` as a dotted quad, where one was at hand; borrowed from the evidence */
    struct slice vpce;         /* with HOP_VPCE; borrowed from the evidence */
    struct ip via;             /* the last infrastructure address that a hop matched */
    uint32_t claim_bytes;      /* 0: none */
    char claim[CLAIM_BYTES_MAX];
    struct slice via_canonical;       /* with has_via: as `canonical` */
    struct slice claim_canonical;     /* with claim_bytes: all of it, when that is a dotted quad */
    struct span via_text, claim_text; /* where the line has them; a length of 0: nowhere */
};

#endif
