/* IP addresses: strict parser and canonical formatter of our own.
 *
 * inet_pton is strict but several times slower, getaddrinfo slower still, and inet_aton takes 127.1
 * and octal for addresses; a wrong client address is the worst bug that we can ship, so the grammar
 * here is exactly RFC 4291 section 2.2 text (and dotted quads without leading zeros), and the output
 * exactly RFC 5952. Fuzzed against inet_pton and inet_ntop.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_IP_H
#define WHEREFROM_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define IPV4_BYTES_MAX 15u   /* of a dotted quad */
#define IP_TEXT_BYTES_MAX 48 /* room that ip_format may write; the longest address has 39 characters */

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* An address in network order. IPv4 is kept in its mapped form, ::ffff:a.b.c.d, so that equal
 * addresses have equal bytes and one 16-byte key serves both families. */
struct ip {
    uint8_t bytes[16];
};

struct ip_parsed {
    struct ip ip;
    uint8_t family; /* enum ip_family of the address after normalising: a mapped address is IP_V4 */
    bool v4_mapped; /* was written as IPv6 inside ::ffff:0:0/96 */
};

/* Parses all of `text` as one address: a dotted quad of four decimal parts 0-255 without leading
 * zeros, or RFC 4291 IPv6 text in any case, with `::` and a trailing dotted quad allowed. No zone,
 * no brackets, no white space. False if it is anything else; `out` is then unspecified.
 * Never reads outside `text`. */
bool ip_parse(struct slice text, struct ip_parsed *out) __attribute__((warn_unused_result));

/* The same of nothing but a dotted quad; what most texts are, put at once where it is wanted. */
bool ip_parse_v4(struct slice text, struct ip *out) __attribute__((warn_unused_result));

/* Writes the canonical text (dotted quad for mapped addresses, RFC 5952 otherwise) without a NUL and
 * returns its length. `out` has IP_TEXT_BYTES_MAX bytes, all of which may be written. */
uint32_t ip_format(const struct ip *ip, char *out);

static inline bool ip_is_v4(const struct ip *ip) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(ip->bytes, mapped, sizeof mapped) == 0;
}

/* Whether the address can be a host on the public Internet. False for what the IANA special-purpose
 * registries (RFC 6890 and successors) call not globally reachable: private, shared (100.64/10),
 * loopback, link-local, documentation, benchmarking, reserved, unique-local, and for multicast and
 * unspecified addresses. One table, in ip_global.c. */
bool ip_is_global(const struct ip *ip);

/* Whether it is an address of one's own network: private (RFC 1918), shared (RFC 6598), loopback, link-local, unique-local (RFC 4193). */
bool ip_is_internal(const struct ip *ip);

/* An address with its port as the columns of AWS load balancers have it: the port follows the LAST
 * colon, IPv6 has no brackets ("2001:218::1:443" is 2001:218::1 port 443); "[v6]:port" is taken too.
 * The port is 1 to 5 digits and at most 65535, and must be there. */
struct endpoint {
    struct ip_parsed address;
    uint16_t port;
};
bool ip_parse_endpoint(struct slice text, struct endpoint *out) __attribute__((warn_unused_result));

#endif
