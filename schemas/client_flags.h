/* The flags of a client as texts, in the order of the texts: one place that knows how each is put together.
 *
 * Threads: a walk over flags belongs to one thread. */
#ifndef WHEREFROM_CLIENT_FLAGS_H
#define WHEREFROM_CLIENT_FLAGS_H

#include "schemas/chain.h"
#include "schemas/client_facts.h"

/* A flag is the one text and, right behind it, the other: "base=" and "ok". Both are plain: words, names of types, ids of endpoints. */
struct client_flag {
    const char *name;
    struct slice rest;
};

struct client_flags {
    const struct client *client;
    uint32_t left;     /* 1 << enum hop_flag */
    uint32_t types_at; /* in the chain's by_type, of a flag that has one text per type of hop */
    const char *typed; /* the last one's type */
};

static inline struct client_flags client_flags_of(const struct client *client) {
    return (struct client_flags){.client = client, .left = client->flags};
}

/* The next one; false: that was the last. */
bool client_flags_next(struct client_flags *flags, struct client_flag *flag);

#endif
