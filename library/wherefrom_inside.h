/* Public shapes and our own: the same facts, so that each may change without the other.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_WHEREFROM_INSIDE_H
#define WHEREFROM_WHEREFROM_INSIDE_H

#include "base/ip.h"
#include "base/slice.h"
#include "library/wherefrom.h"

static inline struct slice slice_inside(struct wherefrom_text text) {
    return (struct slice){text.ptr, text.len};
}

static inline struct wherefrom_text text_outside(struct slice slice) {
    return (struct wherefrom_text){slice.ptr, slice.len};
}

static inline struct ip ip_inside(const struct wherefrom_ip *ip) {
    struct ip inside;
    _Static_assert(sizeof inside == sizeof *ip, "both are 16 bytes");
    memcpy(inside.bytes, ip->bytes, sizeof inside.bytes);
    return inside;
}

static inline struct wherefrom_ip ip_outside(const struct ip *ip) {
    struct wherefrom_ip outside;
    memcpy(outside.bytes, ip->bytes, sizeof outside.bytes);
    return outside;
}

struct chain;

struct wherefrom_chain;
const struct chain *wherefrom_chain_inside(const struct wherefrom_chain *chain); /* NULL of NULL */

#endif
