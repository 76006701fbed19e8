/* Which form of time a column's kind stands for: what is derived from a column and what is written of it agree by asking here.
 *
 * Threads: pure function but for the caller's cache. */
#ifndef WHEREFROM_FIELD_TIME_H
#define WHEREFROM_FIELD_TIME_H

#include "base/timestamp.h"
#include "schemas/schema.h"

/* Parses all of `text` as a time of this kind (FIELD_TIME and the kinds behind it, up to FIELD_UNIX_MS) into ns since 1970 UTC. */
bool field_time_parse(enum field_kind kind, struct slice text, struct timestamp_cache *days, int64_t *ns)
    __attribute__((warn_unused_result));

#endif
