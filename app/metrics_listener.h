/* An HTTP listener for pages that are made when they are asked for: GET and HEAD, one request at a time, and limits on all that a client
 * can take (schemas/limits.h).
 *
 * Threads: opened and closed by one thread; pages are made by the listener's own. */
#ifndef WHEREFROM_METRICS_LISTENER_H
#define WHEREFROM_METRICS_LISTENER_H

#include "base/error.h"
#include "base/ip.h"

struct metrics_answer {
    unsigned status;  /* of HTTP */
    const char *type; /* Content-Type */
    char *text;       /* from malloc, the listener's from then on; NULL: there was no memory */
    size_t bytes;
};

struct metrics_path {
    const char *path;
    struct metrics_answer (*answer)(void *context);
};

struct metrics_listener_request {
    struct endpoint at; /* port 0: any free one */
    const struct metrics_path *paths;
    size_t paths_count;
    void *context;
};

struct metrics_listener;

/* ADDRESS:PORT, an IPv6 address in brackets, or a PORT alone: of 127.0.0.1. STATUS_USAGE says what was expected. */
enum status metrics_listener_parse(const char *text, struct endpoint *at, struct error *error) WARN_UNUSED;

/* Listens from here on; STATUS_FAILED says why it cannot. `*bound` is where. */
enum status metrics_listener_open(const struct metrics_listener_request *request, struct metrics_listener **listener,
                                  struct endpoint *bound, struct error *error) WARN_UNUSED;
void metrics_listener_close(struct metrics_listener *listener); /* NULL is fine */

/* Cuts connections that have been open for too long; now and then, by the thread that opened it. */
void metrics_listener_sweep(struct metrics_listener *listener);

#endif
