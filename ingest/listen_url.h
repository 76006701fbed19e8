/* `tcp://ADDRESS:PORT[?proxy=off|v1|v2|auto]`: where to listen, and what every connection must begin with.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_LISTEN_URL_H
#define WHEREFROM_LISTEN_URL_H

#include "base/error.h"
#include "base/ip.h"

/* Whether there is a PROXY header is never guessed (proxy-protocol.txt section 2): a client could write its own. */
enum listen_proxy {
    LISTEN_PROXY_OFF,
    LISTEN_PROXY_V1,
    LISTEN_PROXY_V2,
    LISTEN_PROXY_AUTO /* one of either version */
};

struct listen_url {
    struct endpoint at; /* port 0: any free one */
    enum listen_proxy proxy;
};

/* STATUS_USAGE, naming `url` and what was expected, when it is anything else. IPv6 addresses stand in brackets (RFC 3986 section
 * 3.2.2); names are not looked up. */
enum status listen_url_parse(const char *url, struct listen_url *out, struct error *error) WARN_UNUSED;

#endif
