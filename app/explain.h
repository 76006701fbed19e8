/* The walk of a case for people: a line for who the client is, and one for each thing that was believed, or not, and why.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_EXPLAIN_H
#define WHEREFROM_EXPLAIN_H

#include <stdio.h>

#include "app/resolve_case.h"

/* `client` is what the walk of the case has found. What came from outside is shown in quotes, control characters as '?', cut. */
void explain(FILE *out, uint64_t number, const struct resolve_case *resolve_case, const struct client *client);

#endif
