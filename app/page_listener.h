/* An HTTP listener for pages that are made when they are asked for: GET and HEAD, one request at a time, and limits on all that a client
 * can take (schemas/limits.h).
 *
 * Threads: opened and closed by one thread; pages are made by the listener's own. */
#ifndef WHEREFROM_PAGE_LISTENER_H
#define WHEREFROM_PAGE_LISTENER_H

#include "base/error.h"
#include "base/ip.h"

struct page_answer {
    unsigned status;  /* of HTTP */
    const char *type; /* Content-Type */
    char *text;       /* from malloc, the listener's from then on; NULL: there was no memory */
    size_t bytes;
};

struct page_path {
    const char *path;
    struct page_answer (*answer)(void *context);
};

struct page_header {
    const char *name, *value;
};

struct page_listener_request {
    const char *option; /* of the command line that asked for it, without its dashes: for messages */
    struct endpoint at; /* port 0: any free one */
    const struct page_path *paths;
    size_t paths_count;
    const char *paths_help;            /* what there is, for who asks for something else */
    const struct page_header *headers; /* of every answer */
    size_t headers_count;
    /* Requests are answered only when the Host that they ask for is an address, localhost, or this machine's name: a page from elsewhere whose own
     * name is made to lead here cannot read what is here (DNS rebinding). */
    bool checks_host;
    void *context;
};

struct page_listener;

/* ADDRESS:PORT, an IPv6 address in brackets, or a PORT alone: of 127.0.0.1. STATUS_USAGE says what was expected of `option`. */
enum status page_listener_parse(const char *option, const char *text, struct endpoint *at,
                                struct error *error) WARN_UNUSED;

/* Listens from here on; STATUS_FAILED says why it cannot. `*bound` is where. */
enum status page_listener_open(const struct page_listener_request *request, struct page_listener **listener,
                               struct endpoint *bound, struct error *error) WARN_UNUSED;
void page_listener_close(struct page_listener *listener); /* NULL is fine */

/* Cuts connections that have been open for too long; now and then, by the thread that opened it. */
void page_listener_sweep(struct page_listener *listener);

#endif
