/* A verdict as JSON, outside of a record: what `wherefrom resolve` prints.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_VERDICT_JSON_H
#define WHEREFROM_VERDICT_JSON_H

#include "base/json.h"
#include "schemas/client_facts.h"

/* Every name of a flag, with every type of a chain, and a claim of nothing but escapes. */
#define VERDICT_JSON_BYTES_MAX 4096u

/* Writes {"ip","port","prov","verdict","depth","trust","claim","via","flags"} without a newline, null where there is none, and returns
 * the end. `out` has VERDICT_JSON_BYTES_MAX bytes. */
char *verdict_json(char *out, const struct client *client);

#endif
