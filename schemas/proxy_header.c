/* Words of the PROXY protocol's spec, section 2.2.
 *
 * Threads: constants. */
#include "schemas/proxy_header.h"

const char *const proxy_command_names[PROXY_PROXY + 1] = {[PROXY_LOCAL] = "LOCAL", [PROXY_PROXY] = "PROXY"};

const char *const proxy_family_names[PROXY_FAMILIES] = {
    [PROXY_UNSPEC] = "UNSPEC",
    [PROXY_TCP4] = "TCP4",
    [PROXY_UDP4] = "UDP4",
    [PROXY_TCP6] = "TCP6",
    [PROXY_UDP6] = "UDP6",
    [PROXY_UNIX_STREAM] = "UNIX_STREAM",
    [PROXY_UNIX_DGRAM] = "UNIX_DGRAM",
};
