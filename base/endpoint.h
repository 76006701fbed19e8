/* Addresses with ports as sockets and people have them.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ENDPOINT_H
#define WHEREFROM_ENDPOINT_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/ip.h"

struct endpoint endpoint_of_socket(const struct sockaddr_storage *address);
/* Returns the bytes of `address` that are used. */
socklen_t endpoint_to_socket(const struct endpoint *endpoint, struct sockaddr_storage *address);

#define ENDPOINT_TEXT_BYTES (IP_TEXT_BYTES_MAX + sizeof "[]:65535")
/* "1.2.3.4:5" or "[::1]:5" with a NUL. */
void endpoint_format(const struct endpoint *endpoint, char *out, size_t out_bytes);

#endif
