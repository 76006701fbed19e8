/* Times in trace ids.
 *
 * Threads: pure functions. */
#include "ingest/trace_time.h"

#include "base/number.h"
#include "base/timestamp.h"

#define SECONDS_DIGITS 8

/* "1-67891234-..." */
static bool id_time(struct slice id, int64_t *ns) {
    const struct slice version = SLICE("1-");
    uint64_t seconds = 0;
    size_t end = version.len + SECONDS_DIGITS;
    if (id.len <= end || !slice_starts_with(id, version) || id.ptr[end] != '-') return false;
    for (size_t i = version.len; i < end; i++) {
        int digit = number_hex_digit(id.ptr[i]);
        if (digit < 0) return false;
        seconds = seconds * 16 + (uint64_t)digit;
    }
    return timestamp_from_unix(seconds, ns);
}

bool trace_time(struct slice header, int64_t *ns) {
    const struct slice self = SLICE("Self="), root = SLICE("Root=");
    bool found = false;
    for (struct slice part; header.len > 0; header.ptr += part.len, header.len -= part.len) {
        if (header.ptr[0] == ' ' || header.ptr[0] == ';') {
            part.len = 1;
            continue;
        }
        const char *stop = memchr(header.ptr, ';', header.len);
        part = (struct slice){header.ptr, stop != NULL ? (size_t)(stop - header.ptr) : header.len};
        if (slice_starts_with(part, self) && id_time((struct slice){part.ptr + self.len, part.len - self.len}, ns))
            return true;
        if (!found && slice_starts_with(part, root))
            found = id_time((struct slice){part.ptr + root.len, part.len - root.len}, ns);
    }
    return found;
}
