/* Kinds of time, each with its parser.
 *
 * Threads: pure function but for the caller's cache. */
#include "schemas/field_time.h"

#include "base/check.h"

bool field_time_parse(enum field_kind kind, struct slice text, struct timestamp_cache *days, int64_t *ns) {
    uint32_t digits;
    switch (kind) {
    case FIELD_TIME: return timestamp_parse(text, days, ns, &digits);
    case FIELD_TIME_LOCAL: return timestamp_parse_local(text, days, ns);
    case FIELD_UNIX_TIME: return timestamp_parse_unix(text, ns);
    case FIELD_UNIX_MS: return timestamp_parse_unix_ms(text, ns);
    case FIELD_TIME_ANY:
        return timestamp_parse_zoned(text, days, ns) || timestamp_parse_local(text, days, ns) ||
               timestamp_parse_unix_ms(text, ns) || timestamp_parse_unix(text, ns);
    default: ASSERT(false && "a kind that is no time"); return false;
    }
}
