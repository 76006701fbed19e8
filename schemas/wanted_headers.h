/* Headers that hops of any chain look at by name: whoever cuts a line puts their values aside, in any format that has them, so that
 * nobody looks for names later (struct record, `headers`).
 *
 * Threads: made by the main thread with the chains, read-only after that. */
#ifndef WHEREFROM_WANTED_HEADERS_H
#define WHEREFROM_WANTED_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "schemas/limits.h"

#define WANTED_NONE UINT8_MAX

struct wanted_header {
    char name[HEADER_NAME_BYTES_MAX + 1];     /* x-origin-verify */
    char variable[HEADER_NAME_BYTES_MAX + 1]; /* x_origin_verify: as NGINX and Envoy name it in logs */
    bool secret;                              /* its value is written nowhere */
};

struct wanted_headers {
    uint32_t count;
    struct wanted_header items[HEADERS_WANTED_MAX];
};

/* What stands in place of a secret where a text around it is written; AWS WAF has the same word for headers that it was told to hide. */
#define SECRET_REDACTED "REDACTED"

/* Index of the header that is called so in small letters; WANTED_NONE: nobody looks at it. */
static inline uint8_t wanted_find(const struct wanted_headers *wanted, struct slice name) {
    for (uint32_t i = 0; i < wanted->count; i++)
        if (slice_equal(slice_from(wanted->items[i].name), name)) return (uint8_t)i;
    return WANTED_NONE;
}

/* The same for x_origin_verify. */
static inline uint8_t wanted_find_variable(const struct wanted_headers *wanted, struct slice variable) {
    for (uint32_t i = 0; i < wanted->count; i++)
        if (slice_equal(slice_from(wanted->items[i].variable), variable)) return (uint8_t)i;
    return WANTED_NONE;
}

#endif
