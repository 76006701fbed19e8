/* The time inside an X-Amzn-Trace-Id header, for records that have no other.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_TRACE_TIME_H
#define WHEREFROM_TRACE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The time of `Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678` (ELB user guide, Request tracing):
 * eight hexadecimal digits, seconds since 1970, in the bounds of timestamp_parse_unix(). Of the first Self that has one, since the
 * balancer writes it, else of the first Root, which may be the client's own word. False when neither has. */
bool trace_time(struct slice header, int64_t *ns) __attribute__((warn_unused_result));

#endif
