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

#include "base/ip.h"
#include "schemas/chain.h"

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
};

struct address_token address_token_parse(struct slice text, enum token_mode mode);

/* The token of an address that was read in another way; TOKEN_BAD when it is nobody's: unspecified, multicast, broadcast. */
struct address_token address_token_of(const struct ip *ip, bool v4_mapped, uint16_t port);

/* Without the blanks (SP, HTAB) on both sides. */
static inline struct slice token_trim(struct slice text) {
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) text.ptr++, text.len--;
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
    return text;
}

#endif
