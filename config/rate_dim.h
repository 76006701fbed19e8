/* Dimensions of rates by their names: "client", "asn+method", "client/56".
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RATE_DIM_H
#define WHEREFROM_RATE_DIM_H

#include "config/problems.h"
#include "schemas/rate.h"

/* What names mean. */
struct rate_dim_words {
    enum rate_part client; /* "client" */
    uint8_t v4_prefix, v6_prefix;
    bool classes; /* there are some, so that paths can be told apart */
};

/* IPv6 prefixes of roll-ups are that long or longer. */
#define RATE_V6_PREFIX_MIN 32u

/* Reads a name of parts with + between them, of which one at most is an address; behind that may stand /BITS for IPv6. The dimension's name
 * says what is counted: where `client` stands for peer, it is "peer". Lives in `arena`. False: a problem was added, which begins with `what`;
 * it is about `node`, NULL: none. */
bool rate_dim_read(struct arena *arena, const struct problem_scope *scope, const struct config_node *node,
                   const char *what, struct slice name, const struct rate_dim_words *words,
                   struct rate_dim *dim) WARN_UNUSED;

/* Whether both count the same. */
static inline bool rate_dim_is_same(const struct rate_dim *a, const struct rate_dim *b) {
    return a->parts == b->parts &&
           ((a->parts & RATE_ADDRESS_PARTS) == 0 || (a->v4_prefix == b->v4_prefix && a->v6_prefix == b->v6_prefix));
}

#endif
