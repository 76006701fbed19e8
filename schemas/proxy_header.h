/* What a PROXY protocol header says: who opened the connection at the proxy in front, and what that proxy knows of it.
 *
 * Threads: plain values; slices borrow the bytes that were parsed. */
#ifndef WHEREFROM_PROXY_HEADER_H
#define WHEREFROM_PROXY_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/slice.h"

enum proxy_command {
    PROXY_LOCAL, /* the proxy's own connection, such as a health check: says nothing about any client */
    PROXY_PROXY
};

/* In the order of version 2's byte: address family, then stream before datagram. */
enum proxy_family {
    PROXY_UNSPEC, /* of LOCAL, too, and of version 1's UNKNOWN */
    PROXY_TCP4,
    PROXY_UDP4,
    PROXY_TCP6,
    PROXY_UDP6,
    PROXY_UNIX_STREAM,
    PROXY_UNIX_DGRAM,
    PROXY_FAMILIES
};

/* As the spec calls them. */
extern const char *const proxy_command_names[PROXY_PROXY + 1], *const proxy_family_names[PROXY_FAMILIES];

/* Texts hold any bytes, also none, and are as long as the header lets them be where nothing else is said; ptr NULL: not sent.
 * The proxy vouches for them, but some are the client's own words (alpn, authority, ssl_cn). */
struct proxy_header {
    bool garbled;    /* what came was no good header; nothing else is set */
    uint8_t version; /* 1 or 2 */
    uint8_t command; /* enum proxy_command */
    uint8_t family;  /* enum proxy_family */

    bool has_source;    /* TCP and UDP; otherwise there are no addresses and no ports */
    bool source_mapped; /* an IPv4 address that was sent as IPv6, ::ffff:... */
    struct ip source, destination;
    uint16_t source_port, destination_port;

    bool crc_checked;  /* there was a CRC32C, and it is right */
    struct slice vpce; /* AWS PrivateLink: the consumer's VPC endpoint, [a-z0-9-]{1,PROXY_VPCE_BYTES_MAX} */
    struct slice alpn, authority, netns;
    struct slice unique_id; /* at most PROXY_UNIQUE_ID_BYTES_MAX */

    bool has_ssl;
    uint8_t ssl_client;  /* 1: TLS, 2: certificate in this connection, 4: in this session */
    uint32_t ssl_verify; /* 0: a certificate was there and is good */
    struct slice ssl_version, ssl_cn, ssl_cipher, ssl_sig_alg, ssl_key_alg;
};

#endif
