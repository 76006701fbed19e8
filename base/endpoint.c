/* Bytes are copied, since an address in memory may be of another type than the one that is asked for.
 *
 * Threads: pure functions. */
#include "base/endpoint.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct endpoint endpoint_of_socket(const struct sockaddr_storage *address) {
    struct endpoint endpoint = {.port = 0};
    struct ip *ip = &endpoint.address.ip;
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memset(ip->bytes + 10, 0xff, 2);
        memcpy(ip->bytes + 12, &v4.sin_addr, 4);
        endpoint.port = ntohs(v4.sin_port);
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(ip->bytes, &v6.sin6_addr, sizeof ip->bytes);
        endpoint.port = ntohs(v6.sin6_port);
    }
    endpoint.address.family = ip_is_v4(ip) ? IP_V4 : IP_V6;
    return endpoint;
}

socklen_t endpoint_to_socket(const struct endpoint *endpoint, struct sockaddr_storage *address) {
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    if (endpoint->address.family == IP_V4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
        memcpy(&v4.sin_addr, endpoint->address.ip.bytes + 12, 4);
        memcpy(address, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
    memcpy(&v6.sin6_addr, endpoint->address.ip.bytes, sizeof endpoint->address.ip.bytes);
    memcpy(address, &v6, sizeof v6);
    return sizeof v6;
}

void endpoint_format(const struct endpoint *endpoint, char *out, size_t out_bytes) {
    char ip[IP_TEXT_BYTES_MAX];
    int bytes = (int)ip_format(&endpoint->address.ip, ip);
    bool brackets = endpoint->address.family == IP_V6;
    snprintf(out, out_bytes, "%s%.*s%s:%u", brackets ? "[" : "", bytes, ip, brackets ? "]" : "", endpoint->port);
}
