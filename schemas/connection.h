/* What is known of the TCP connection that lines came by.
 *
 * Copied into each segment of a batch: a connection may be closed long before its last lines are written, and a copy has no
 * lifetime to keep.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_CONNECTION_H
#define WHEREFROM_CONNECTION_H

#include <stdint.h>

#include "base/ip.h"
#include "base/uuid.h"
#include "schemas/limits.h"

/* Of a PROXY protocol header. A bad one closes its connection, so what is here is good. */
struct proxy_facts {
    uint8_t version;                 /* 1 or 2; 0: there was none, and the rest means nothing */
    uint8_t command;                 /* enum proxy_command */
    uint8_t family;                  /* enum proxy_family */
    uint8_t vpce_bytes;              /* 0: not said */
    bool has_source;                 /* an address and a port of TCP or UDP */
    struct endpoint source;          /* who opened the connection at the proxy */
    char vpce[PROXY_VPCE_BYTES_MAX]; /* AWS PrivateLink: the consumer's VPC endpoint */
};

struct connection_facts {
    char uuid[UUID_BYTES]; /* its own name in event.id */
    struct endpoint peer;  /* who connected to us */
    struct proxy_facts proxy;
};

/* Why we closed one. */
enum connection_closed {
    CLOSED_BAD_PROXY_HEADER,
    CLOSED_TIMEOUT,
    CLOSED_LIMIT,       /* --connections-max: at once */
    CLOSED_NOT_ALLOWED, /* not of --proxy-from: at once */
    CLOSED_MEMORY,      /* CONNECTIONS_HELD_BYTES_MAX */
    CLOSED_BAD_FRAMING, /* octet counting without a count */
    CLOSED_REASONS
};

extern const char *const connection_closed_names[CLOSED_REASONS];

/* Of all listeners of a run. */
struct connection_counts {
    uint64_t accepted; /* also those closed at once */
    uint64_t closed[CLOSED_REASONS];
};

#endif
