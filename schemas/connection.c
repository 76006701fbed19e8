/* Names of why connections were closed.
 *
 * Threads: constants. */
#include "schemas/connection.h"

const char *const connection_closed_names[CLOSED_REASONS] = {
    [CLOSED_BAD_PROXY_HEADER] = "closed_bad_proxy_header",
    [CLOSED_TIMEOUT] = "closed_timeout",
    [CLOSED_LIMIT] = "closed_limit",
    [CLOSED_NOT_ALLOWED] = "closed_not_allowed",
    [CLOSED_MEMORY] = "closed_memory",
    [CLOSED_BAD_FRAMING] = "closed_bad_framing",
};
