/* The request headers that a browser, an app or a script sends: for the formats that log headers.
 *
 * Threads: one struct, one thread. */
#ifndef WHEREFROM_GENERATE_HEADERS_H
#define WHEREFROM_GENERATE_HEADERS_H

#include "bench/generate_request.h"

/* How a format writes one header; names in lower case, the value raw. `first` is true for the first of a request. */
typedef void generate_header_put(struct put *out, const char *name, const char *value, bool first);

/* 7 or 8 headers for programs, 8 to 14 for browsers. X-Forwarded-For is not among them: who adds it differs. */
void generate_headers(struct generate_line *line, const struct generate_request *request, struct put *out,
                      generate_header_put *put);

#endif
