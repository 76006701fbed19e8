/* An IPv6 address without brackets is refused: its last group would pass for a port.
 *
 * Threads: see the header. */
#include "config/host_port.h"

#include "base/ip.h"
#include "base/number.h"

bool host_port_read(struct slice text, struct slice *host, struct slice *port) {
    struct ip_parsed address;
    *host = text;
    *port = (struct slice){0};
    const char *end = memchr(text.ptr, ']', text.len);
    bool bracketed = text.len > 0 && text.ptr[0] == '[' && end != NULL;
    const char *colon = bracketed ? end + 1 : memchr(text.ptr, ':', text.len);
    if (colon != NULL) host->len = (size_t)(colon - text.ptr);
    if (colon != NULL && host->len < text.len) {
        *port = (struct slice){colon + 1, text.len - host->len - 1};
        uint64_t number;
        if (*colon != ':' || port->len > 5 || !number_parse(*port, &number) || number == 0 || number > 65535)
            return false;
    }
    if (bracketed)
        return ip_parse((struct slice){host->ptr + 1, host->len - 2}, &address) &&
               memchr(host->ptr, ':', host->len) != NULL;
    return host->len > 0 && host->len <= HOST_BYTES_MAX && strspn(host->ptr, HOST_BYTES) >= host->len;
}
