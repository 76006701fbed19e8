/* Sets of networks in CIDR notation (RFC 4632, RFC 4291 section 2.3): who a hop connects from.
 *
 * A trie of 4 bits a step with a root for each family: a node is one cache line, 10.0.0.0/16 is found in 4 steps and
 * 2600:9000:5200::/40 in 10, whatever the size of the set. The roots are apart since a native IPv6 network must never hold an
 * IPv4 address by way of ::ffff:0:0/96, nor the other way round: `::/0` holds no IPv4 address.
 *
 * Threads: filled by one thread, read by any number after that. */
#ifndef WHEREFROM_CIDR_SET_H
#define WHEREFROM_CIDR_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct cidr {
    struct ip network; /* host bits are zero */
    uint8_t family;    /* enum ip_family */
    uint8_t bits;      /* of the family: 0..32 or 0..128 */
};

/* Reads "10.0.0.0/16", "fd00:ec2::/32" or a single address. A mapped network (::ffff:10.0.0.0/112) is the IPv4 one. On false,
 * `problem` says what is wrong in a way that fits behind the text: not a network, bits behind the prefix that are not zero, a mapped
 * network shorter than /96 (it would hold IPv4 and IPv6 addresses alike). */
bool cidr_parse(struct slice text, struct cidr *out, const char **problem) __attribute__((warn_unused_result));

struct cidr_set;

/* NULL: out of memory. */
struct cidr_set *cidr_set_new(void);
void cidr_set_free(struct cidr_set *set); /* NULL is fine */

enum cidr_added {
    CIDR_ADDED,
    CIDR_INSIDE, /* a network of the set holds it already */
    CIDR_AROUND, /* it holds networks of the set, which it takes in */
    CIDR_NO_MEMORY,
};
enum cidr_added cidr_set_add(struct cidr_set *set, const struct cidr *cidr) __attribute__((warn_unused_result));

bool cidr_set_has(const struct cidr_set *set, const struct ip *ip);

/* Whether it holds every address of a family, written as networks of up to 4 bits: 0.0.0.0/0, ::/0. */
bool cidr_set_has_family(const struct cidr_set *set, enum ip_family family);

/* Of both families: every address there is. */
static inline bool cidr_set_has_all(const struct cidr_set *set) {
    return cidr_set_has_family(set, IP_V4) && cidr_set_has_family(set, IP_V6);
}

#endif
