/* Parts of a record that are rendered by themselves, once for many records: a place, what residency says.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_PART_H
#define WHEREFROM_PART_H

#include "sinks/plan.h"

/* Writes the value of an op as JSON and returns the end; NULL when the subject has none. */
typedef char *part_value_function(char *out, const struct op *op, const void *subject);

/* What a part is rendered of, and within which bounds. */
struct part_request {
    const struct plan *plan;
    part_value_function *value;
    const void *subject;
    size_t value_bytes_max, bytes_max; /* members that might not fit are left out */
};

/* Writes the members to `out`, each with a comma behind it, and returns the bytes. */
uint32_t part_render(const struct part_request *request, char *out);

/* Copies a text without its NUL; the end. */
static inline char *part_put(char *out, const char *text) {
    size_t bytes = strlen(text);
    memcpy(out, text, bytes);
    return out + bytes;
}

#endif
