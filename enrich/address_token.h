/* One entry of a list of addresses, or one column of an ELB log, as an address: a total function (HOPS.md 4.2).
 *
 * Strict on purpose: an entry that one program reads as an address and the next one as another is how clients are forged. No
 * inet_aton forms, no leading zeros, no port where it could be part of an IPv6 address.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ADDRESS_TOKEN_H
#define WHEREFROM_ADDRESS_TOKEN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/ip.h"
#include "schemas/chain.h"
#include "schemas/client_facts.h"

enum token_kind {
    TOKEN_EMPTY,      /* nothing but blanks */
    TOKEN_ADDRESS,    /* the only kind with ip and port */
    TOKEN_UNKNOWN,    /* "unknown", RFC 7239 section 6.2 */
    TOKEN_OBFUSCATED, /* "_hidden", RFC 7239 section 6.3 */
    TOKEN_BAD
};

struct address_token {
    uint8_t kind;   /* enum token_kind */
    uint16_t port;  /* 0: none */
    uint32_t flags; /* 1 << enum hop_flag: HOP_QUOTED, HOP_V4_MAPPED, HOP_ZONE, HOP_NAT64 */
    struct ip ip;
    struct slice canonical; /* the address as it was written, when that was a dotted quad; borrowed; else empty */
};

/* Addresses that no client has: unspecified, multicast, broadcast. */
static inline bool address_is_nobody(const struct ip *ip, bool v4) {
    static const uint8_t zeros[16] = {0};
    const uint8_t *octets = ip->bytes + 12;
    if (v4) return octets[0] >> 4 == 0xe || memcmp(octets, zeros, 4) == 0 || memcmp(octets, "\xff\xff\xff\xff", 4) == 0;
    return ip->bytes[0] == 0xff || memcmp(ip->bytes, zeros, sizeof zeros) == 0;
}

/* Without the blanks (SP, HTAB) on both sides. */
static inline struct slice token_trim(struct slice text) {
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) text.ptr++, text.len--;
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
    return text;
}

/* What is no plain IPv4 address, or does not mean one. */
void address_token_read_other(struct slice text, enum token_mode mode, struct address_token *out);

/* Reads a text without blanks around. Puts the token where it is wanted, member by member: who copies a structure that was just made
 * so waits for all of it (2.4 % of a run over NGINX lines with three entries). Inline as far as nearly all entries go: 120 of
 * the walk's 1,900 instructions. */
static inline void address_token_read(struct slice text, enum token_mode mode, struct address_token *out) {
    if (mode != TOKEN_XFF || !ip_parse_v4(text, &out->ip)) {
        address_token_read_other(text, mode, out);
        return;
    }
    out->kind = address_is_nobody(&out->ip, true) ? TOKEN_BAD : TOKEN_ADDRESS;
    out->port = 0;
    out->flags = 0;
    out->canonical = text;
}

static inline struct address_token address_token_parse(struct slice text, enum token_mode mode) {
    struct address_token token;
    address_token_read(token_trim(text), mode, &token);
    return token;
}

/* The token of an address that was read in another way; TOKEN_BAD when it is nobody's, whose `ip` means nothing. Inline: every
 * record has one. */
static inline void address_token_put(const struct ip *ip, bool v4_mapped, uint16_t port, struct address_token *out) {
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}; /* RFC 6052 section 2.1 */
    bool v4 = ip_is_v4(ip);
    bool behind_nat64 = !v4 && memcmp(ip->bytes, nat64, sizeof nat64) == 0;
    out->kind = address_is_nobody(ip, v4) ? TOKEN_BAD : TOKEN_ADDRESS;
    out->port = port;
    out->flags = (v4_mapped ? 1u << HOP_V4_MAPPED : 0) | (behind_nat64 ? 1u << HOP_NAT64 : 0);
    out->ip = *ip;
    out->canonical = (struct slice){0};
}

static inline struct address_token address_token_of(const struct ip *ip, bool v4_mapped, uint16_t port) {
    struct address_token token;
    address_token_put(ip, v4_mapped, port, &token);
    return token;
}

#endif
