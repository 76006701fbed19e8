/* libwherefrom: who is the client of this request?
 *
 * A backend behind load balancers says who stands in between (a chain of hops) and what a request brought along (the TCP peer, header
 * lines, PROXY protocol headers), and is told who the client is, how that is known, and what the client merely claims. The same walk as
 * `wherefrom run --chain`; its rules are in the README under "Which chain is mine?".
 *
 * This file is C99 and C++11 and needs nothing but the standard library. Input may be anything that the network brings: every function
 * is total, reads nothing outside of what it is given, and knows no locale. Pointers must not be NULL where nothing else is said; that,
 * and sizes that are not true, are mistakes of the program, which may end it.
 *
 * ABI: the SONAME changes when a program must be compiled anew. Structs have reserved room: those that you fill must be zero where
 * you do not know them, so begin with `struct wherefrom_request request = {0};` (C++: `{}`). Texts of verdicts, provenances and flags are
 * the interface, not their numbers; new ones may come.
 *
 * Threads: a chain is never changed once it is made: any number of threads may resolve with it at the same time. Chains may be made and
 * freed by any thread; freeing one that is in use is a mistake. All other functions are pure: they allocate nothing, take no lock, and
 * need less than 16 KiB of stack. */
#ifndef WHEREFROM_WHEREFROM_H
#define WHEREFROM_WHEREFROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEREFROM_VERSION "0.1.0"

#if defined(__GNUC__)
#define WHEREFROM_API __attribute__((visibility("default")))
#else
#define WHEREFROM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running; WHEREFROM_VERSION is that of this file. */
WHEREFROM_API const char *wherefrom_version(void);

/* Text of somebody else: `len` bytes, any of them, no NUL behind. ptr NULL: not there. */
struct wherefrom_text {
    const char *ptr;
    size_t len;
};

/* --- addresses ------------------------------------------------------------------------------------ */

/* Network order; IPv4 is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that equal addresses have equal bytes. */
struct wherefrom_ip {
    uint8_t bytes[16];
};

#define WHEREFROM_IP_TEXT_BYTES 48

/* 4 or 6. */
WHEREFROM_API int wherefrom_ip_family(const struct wherefrom_ip *ip);

/* The canonical text (RFC 5952; a dotted quad for IPv4) with a NUL behind it; `text` has WHEREFROM_IP_TEXT_BYTES, all of which may be
 * written. Returns its length. */
WHEREFROM_API size_t wherefrom_ip_text(const struct wherefrom_ip *ip, char *text);

/* What stands where an address is expected. */
enum wherefrom_token_kind {
    WHEREFROM_TOKEN_EMPTY,      /* nothing but blanks */
    WHEREFROM_TOKEN_ADDRESS,    /* the only kind with ip and port */
    WHEREFROM_TOKEN_UNKNOWN,    /* "unknown" (RFC 7239 section 6.2) */
    WHEREFROM_TOKEN_OBFUSCATED, /* "_hidden" (RFC 7239 section 6.3) */
    WHEREFROM_TOKEN_BAD
};

struct wherefrom_token {
    int kind;      /* enum wherefrom_token_kind */
    uint16_t port; /* 0: none */
    struct wherefrom_ip ip;
    uint32_t details; /* the library's own: quotes, a zone, a mapped address */
    uint64_t reserved;
};

enum wherefrom_token_mode {
    WHEREFROM_TOKEN_XFF, /* 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80: header fields */
    WHEREFROM_TOKEN_LAST_COLON /* what follows the last colon is the port, and must be there: CloudFront-Viewer-Address, ELB logs */
};

/* Reads one address, strictly: all of `text` (blanks around and one pair of quotes are fine), at most 64 bytes; no leading zeros, no
 * short forms such as 127.1. Mapped IPv6 addresses become IPv4, zones are cut off. Unspecified, multicast and broadcast addresses
 * are BAD. Returns token->kind. */
WHEREFROM_API enum wherefrom_token_kind
wherefrom_token_parse(struct wherefrom_text text, enum wherefrom_token_mode mode, struct wherefrom_token *token);

/* The peer of a socket, as accept or getpeername say it: `bytes` of AF_INET or AF_INET6; all else is BAD. Returns token->kind. */
struct sockaddr;
WHEREFROM_API enum wherefrom_token_kind wherefrom_token_from_sockaddr(const struct sockaddr *address, size_t bytes,
                                                                      struct wherefrom_token *token);

/* --- PROXY protocol ------------------------------------------------------------------------------- */

enum wherefrom_proxy_family {                         /* in the order of version 2's byte */
                              WHEREFROM_PROXY_UNSPEC, /* of LOCAL, too, and of version 1's UNKNOWN */
                              WHEREFROM_PROXY_TCP4,
                              WHEREFROM_PROXY_UDP4,
                              WHEREFROM_PROXY_TCP6,
                              WHEREFROM_PROXY_UDP6,
                              WHEREFROM_PROXY_UNIX_STREAM,
                              WHEREFROM_PROXY_UNIX_DGRAM
};

/* What a header says (HAProxy's proxy-protocol.txt). Texts point into the bytes that were parsed and hold anything; ptr NULL: not sent.
 * The proxy vouches for them, but alpn, authority and ssl_cn are the client's own words. */
struct wherefrom_proxy {
    bool garbled;       /* what came was no good header; nothing else is set. Resolving with it says pp-garbled */
    uint8_t version;    /* 1 or 2 */
    bool local;         /* the proxy's own connection, such as a health check */
    uint8_t family;     /* enum wherefrom_proxy_family */
    bool has_addresses; /* TCP and UDP */
    bool source_mapped; /* an IPv4 address that was sent as IPv6 */
    bool crc_checked;   /* there was a CRC32C, and it is right */
    bool has_ssl;
    uint8_t ssl_client;  /* 1: TLS, 2: certificate in this connection, 4: in this session */
    uint32_t ssl_verify; /* 0: a certificate was there and is good */
    uint16_t source_port, destination_port;
    struct wherefrom_ip source, destination;
    struct wherefrom_text vpce;      /* AWS PrivateLink: id of the consumer's VPC endpoint */
    struct wherefrom_text unique_id; /* at most 128 bytes */
    struct wherefrom_text alpn, authority, netns;
    struct wherefrom_text ssl_version, ssl_cn, ssl_cipher, ssl_sig_alg, ssl_key_alg;
    uint64_t reserved[8];
};

enum wherefrom_proxy_accept { WHEREFROM_PROXY_V1, WHEREFROM_PROXY_V2, WHEREFROM_PROXY_EITHER };

enum wherefrom_parsed {
    WHEREFROM_DONE, /* *proxy is the header, and *consumed its length; what follows is the connection's data */
    WHEREFROM_MORE, /* good so far: call again with the same bytes and more behind them */
    WHEREFROM_BAD   /* no header, whatever follows: close the connection. *reason is a short constant text */
};

#define WHEREFROM_PROXY_BYTES_MAX (16 + 65535) /* so many are always enough for an answer other than MORE */

/* Parses the header that `bytes` begin with, in front of all other data of a connection. *consumed is 0 and *reason NULL where nothing else
 * is said; a BAD *proxy is `garbled`. There is no way to accept connections without a header on the same port: clients would write
 * their own. */
WHEREFROM_API enum wherefrom_parsed wherefrom_proxy_parse(struct wherefrom_text bytes,
                                                          enum wherefrom_proxy_accept accept,
                                                          struct wherefrom_proxy *proxy, size_t *consumed,
                                                          const char **reason);

/* --- chains --------------------------------------------------------------------------------------- */

struct wherefrom_chain;

/* Who stands in between, from this backend outwards: YAML or JSON with what a config has under `chains: NAME:`. That is the name of
 * a preset ("alb", "nlb-pp2", "count:2"), a preset with peers, or a list of hops:
 *
 *     [{type: alb,        peers: [10.0.0.0/16],                                              carrier: append},
 *      {type: cloudfront, peers: {aws: CLOUDFRONT_ORIGIN_FACING, file: /etc/ip-ranges.json}, carrier: append}]
 *
 * "[]" says that nobody does. Relative paths start at the working directory. NULL: `error`, of `error_bytes` (0: none), holds the first
 * mistake as one sentence, "hops:LINE:COLUMN: ..."; what is too long is cut. For start-up and reloads: it allocates, may read files,
 * and takes a lock. Verdicts of your own (`as: NAME`) are kept for the life of the process, at most 39 different ones. */
WHEREFROM_API struct wherefrom_chain *wherefrom_chain_new(const char *hops, char *error, size_t error_bytes);
WHEREFROM_API void wherefrom_chain_free(struct wherefrom_chain *chain); /* NULL is fine */

/* --- requests ------------------------------------------------------------------------------------- */

struct wherefrom_header {
    struct wherefrom_text name, value; /* names are compared without case; blanks around values do not count */
};

/* What a request brought along; all is borrowed for the call. Pointers may be NULL where the count is 0. */
struct wherefrom_request {
    struct wherefrom_token peer; /* who opened the connection to this backend */
    /* Each field line of X-Forwarded-For, and of Forwarded, in order of arrival; the chain says which of the two counts. Lines must not
     * be left out: an entry that is not looked at is how clients are forged. Only the last 8,192 bytes matter. */
    const struct wherefrom_text *forwarded_for, *forwarded;
    size_t forwarded_for_count, forwarded_count;
    /* Other fields: those that hops of the chain name (CloudFront-Viewer-Address, secrets) are looked at, so all may be given. One
     * of them that comes twice is neither an address nor a right secret. */
    const struct wherefrom_header *headers;
    size_t headers_count;
    /* PROXY headers of the connection in order, the outermost bytes first; one that a client sent behind that of the proxy is
     * data and does no harm. */
    const struct wherefrom_proxy *proxies;
    size_t proxies_count;
    uint64_t reserved[8];
};

#define WHEREFROM_CLAIM_BYTES 64

struct wherefrom_client {
    bool resolved;  /* ip and port are the client's; otherwise `verdict` says why nobody knows, and they are zero */
    bool global;    /* an address of the public Internet: look it up */
    bool has_via;   /* `via` is the last address of a hop that was seen */
    uint8_t trust;  /* 0 unresolved, 1 assumed, 2 stated by a trusted hop, 3 proven by the network */
    uint16_t port;  /* 0: not known */
    uint16_t depth; /* hops whose evidence was used */
    struct wherefrom_ip ip, via;
    char ip_text[WHEREFROM_IP_TEXT_BYTES]; /* canonical, with a NUL behind; "" when unresolved */
    /* resolved: ok, ok-assumed, ok-privatelink, spoofed-leftmost, client-proxy, claim-garbled, bypass, all-trusted; else peer-invalid,
     * hop-unexpected, xff-missing, xff-unknown, xff-obfuscated, xff-garbled, xff-untrusted, xff-removed, origin-unverified, pp-missing,
     * pp-local, pp-garbled, header-missing, header-garbled, cf-edge-only, ga-nat, nlb-nat, or a name of the chain's own. Constant. */
    const char *verdict;
    const char *provenance; /* none, peer, xff, forwarded, pp1, pp2, header. Constant */
    /* ok-privatelink: the consumer's VPC endpoint. Its private addresses are unique only together with it. Borrowed from the
     * request's PROXY header. */
    struct wherefrom_text vpce;
    /* What the client says of itself, left of what the hops said: believe nothing of it. A NUL stands behind, others may be in it. */
    size_t claim_bytes;
    char claim[WHEREFROM_CLAIM_BYTES + 1];
    struct { /* what wherefrom_client_flags makes texts of */
        const struct wherefrom_chain *chain;
        uint32_t bits;
        uint16_t skipped, passed;
        uint8_t base;
    } flags;
    uint64_t reserved[8];
};

/* Fills *client. `chain` NULL: none is declared: the peer is taken for the client, trust 1, and flag evidence-unused says that there
 * were headers. */
WHEREFROM_API void wherefrom_resolve(const struct wherefrom_chain *chain, const struct wherefrom_request *request,
                                     struct wherefrom_client *client);

/* The flags in order, with a comma between them: "base=ok,v4-mapped", "" for none: assumed-chain, base=VERDICT, carrier-mismatch, claim,
 * evidence-unused, nat64, non-global, port-missing, quoted, skipped-TYPE, v4-mapped, via-TYPE, vpce=ID, xff-ignored, xff-truncated, zone.
 * Writes what fits into `bytes` with a NUL behind it (0: nothing), and returns the length of the whole, as snprintf does. The chain
 * and the vpce of *client must still be there. */
WHEREFROM_API size_t wherefrom_client_flags(const struct wherefrom_client *client, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
