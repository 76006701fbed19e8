/* HOST[:PORT] as URLs have it (RFC 3986 section 3.2).
 *
 * Threads: pure function. */
#ifndef WHEREFROM_HOST_PORT_H
#define WHEREFROM_HOST_PORT_H

#include <stdbool.h>

#include "base/slice.h"

#define HOST_BYTES_MAX 255u
#define HOST_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-" /* of a name */

/* Cuts all of `text`, HOST, HOST:PORT, [IPv6] or [IPv6]:PORT; *host keeps its brackets, *port (1 to 65535, at most five digits) is empty
 * when there is none. `text` has a NUL or another byte that is none of HOST_BYTES behind it. False: it is something else. */
bool host_port_read(struct slice text, struct slice *host, struct slice *port) __attribute__((warn_unused_result));

#endif
