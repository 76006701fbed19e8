/* One connection of a listener: the bytes of it that are no whole line yet, and how its lines get into batches.
 *
 * Memory is held only while part of a line (or of a PROXY header) is waited for, and all connections share one account of it.
 *
 * Threads: that of the listener. */
#ifndef WHEREFROM_TCP_CONNECTION_H
#define WHEREFROM_TCP_CONNECTION_H

#include "ingest/frames.h"
#include "ingest/proxy_header_parse.h"
#include "schemas/batch.h"

/* Why nothing more is read; what is left is delivered first. */
enum tcp_end {
    TCP_OPEN,
    TCP_ENDED, /* by the sender, in order */
    TCP_RESET,
    TCP_STOPPED, /* the run ends */
    TCP_BAD_PROXY_HEADER,
    TCP_HEADER_TIMEOUT,
    TCP_IDLE_TIMEOUT,
    TCP_NO_MEMORY,
    TCP_BAD_FRAMING
};

struct tcp_connection {
    struct tcp_connection *next; /* link of the list that it is in */
    int fd;                      /* -1: not in use */
    bool ready;                  /* in the list of those that have something to do */
    bool header_wanted;          /* a PROXY header comes first */
    enum tcp_end end;
    const char *why;     /* of a bad header: a short constant text */
    uint64_t since_ms;   /* it was opened, or last gave bytes */
    uint64_t last_bytes; /* read since the run shall end */
    struct frames frames;
    char *held; /* what was left over; NULL: nothing */
    size_t held_bytes, held_room;
    uint64_t position, line_number; /* of the first byte held, behind the PROXY header */
    struct connection_facts facts;
};

/* Takes `bytes` that came (NULL: none, only what is held) and puts whole lines into `batch`; the rest is held. `held_sum` is the
 * account. False when the batch is full before all was delivered: to be called again, without new bytes, with another one. Sets `end`
 * when the bytes are bad or no memory could be had. */
bool tcp_connection_take(struct tcp_connection *connection, struct slice bytes, enum proxy_accept accept,
                         struct batch *batch, size_t *held_sum);

/* Puts what is left of an ended connection into `batch`: a line without LF when it ended in order, otherwise one that is `cut_short`.
 * False when there is no room. */
bool tcp_connection_finish(struct tcp_connection *connection, struct batch *batch);

/* Gives its memory back. */
void tcp_connection_drop(struct tcp_connection *connection, size_t *held_sum);

/* Whether no more lines should be put into the batch. */
bool tcp_batch_is_full(const struct batch *batch);

#endif
