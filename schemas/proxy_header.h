/* Placeholder until the parser's own comes: what the walk needs. */
#ifndef WHEREFROM_PROXY_HEADER_FACTS_H
#define WHEREFROM_PROXY_HEADER_FACTS_H
#include "base/ip.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>
enum proxy_command { PROXY_LOCAL, PROXY_PROXY };
enum proxy_family { PROXY_UNSPEC, PROXY_TCP4, PROXY_UDP4, PROXY_TCP6, PROXY_UDP6, PROXY_UNIX_STREAM, PROXY_UNIX_DGRAM };
struct proxy_header {
    uint8_t version, command, family;
    bool has_source;
    struct ip source, destination;
    bool source_mapped;
    uint16_t source_port, destination_port;
    struct slice vpce;
    bool garbled;
};
#endif
