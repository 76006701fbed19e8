/* `wherefrom top`: the keys with the most requests, on a terminal while they come, and as a table at the end.
 *
 * At the end, and exactly while memory suffices, either the whole input is one window, or each key has its busiest window. On a terminal what
 * came is counted anew every second, and what is shown is the sum of the last seconds, or of all of them.
 *
 * Threads: top_count by one at a time, beside the main thread, which calls all others. */
#ifndef WHEREFROM_TOP_H
#define WHEREFROM_TOP_H

#include <stdio.h>

#include "base/error.h"
#include "config/rate_load.h"
#include "enrich/geo.h"
#include "schemas/batch.h"

/* What the command line asks for. */
struct top_settings {
    const char *by, *window; /* `window` NULL: none */
    uint64_t rows;
    bool json;
};

struct top_request {
    const struct rate_config *config; /* classes of paths, and what `client` means */
    const struct rate_dim *dim;       /* copied */
    uint32_t rows, window_s;          /* 0: the whole input */
    bool live;                        /* show it while it comes, on stdout */
    bool endless;                     /* there are inputs without an end */
    bool json;
    uint64_t bytes_max; /* of memory */
    const struct geo *geo;
};

struct top;

/* NULL: out of memory. The request's pointers stay valid. */
struct top *top_new(const struct top_request *request);
void top_free(struct top *top); /* NULL is allowed */

/* Takes up the notes of a batch. */
void top_count(struct top *top, const struct batch *batch);

/* Draws the screen anew when it is time to; and, before the run's end, gives the terminal back. */
void top_tick(struct top *top);
void top_leave_screen(struct top *top);

/* The table, or lines of JSON, to stdout. STATUS_FAILED: it cannot be written. */
enum status top_print(struct top *top, struct error *error) WARN_UNUSED;

#endif
