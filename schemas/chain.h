/* Who stands between the log writer and the client, from the writer outwards (HOPS.md 4.1).
 *
 * Made by the main thread from the config; nothing in it changes after that.
 *
 * Threads: read-only once published. */
#ifndef WHEREFROM_CHAIN_H
#define WHEREFROM_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cidr_set.h"
#include "schemas/limits.h"

/* How the address of whoever connected to a hop reaches the next one inwards. */
enum carrier {
    CARRIER_APPEND,      /* at the right end of X-Forwarded-For or Forwarded */
    CARRIER_PRESERVE,    /* not at all: the header is let through as it came */
    CARRIER_REMOVE,      /* not at all: the header is dropped */
    CARRIER_PP,          /* in a PROXY protocol header */
    CARRIER_HEADER,      /* in a header of its own */
    CARRIER_NONE,        /* not at all */
    CARRIER_TRANSPARENT, /* as the source of the packets: the hop cannot be seen */
    CARRIERS
};
extern const char *const carrier_names[CARRIERS];

/* How an address with a port is written (HOPS.md 4.2). */
enum token_mode {
    TOKEN_XFF,       /* 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80 */
    TOKEN_LAST_COLON /* as in columns of ELB logs: what follows the last colon is the port, and it must be there */
};

#define HEADER_NONE UINT8_MAX

struct hop {
    const char *type;
    const struct cidr_set *peers; /* what it connects from; NULL with CARRIER_TRANSPARENT alone */
    uint8_t carrier;              /* enum carrier */
    bool xff_port;                /* appends addresses with ports */
    bool optional, repeat;
    bool appends;       /* CARRIER_HEADER: it also appends to the list */
    uint8_t token_mode; /* CARRIER_HEADER: enum token_mode */
    uint8_t hides_as;   /* CARRIER_NONE: the verdict */
    uint8_t header;     /* CARRIER_HEADER: index in the chain's headers */
    uint8_t secret;     /* a header that must be there: index in the chain's headers; HEADER_NONE: no secret */
    bool has_digest;    /* and its value must have this SHA-256 */
    uint8_t digest[32];
};

struct chain {
    const char *name;
    bool forwarded; /* hops append to Forwarded (RFC 7239), not to X-Forwarded-For */
    uint8_t hops_count, headers_count;
    struct hop hops[CHAIN_HOPS_MAX];
    uint8_t by_type[CHAIN_HOPS_MAX];        /* indexes of hops in order of their types: the order of flags */
    const char *headers[CHAIN_HEADERS_MAX]; /* names in lower case, of those that hops look at */
};

#endif
