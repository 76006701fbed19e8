/* What lines of a rejects file are read as: by -f, else as `run` would by name and content. A source_replay_request's `dress`.
 *
 * Threads: filled by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_REPLAY_ORIGINS_H
#define WHEREFROM_REPLAY_ORIGINS_H

#include "app/format_choice.h"
#include "enrich/chain_rules.h"

struct replay_origins {
    const struct format_choice *format; /* of -f */
    const struct chain_rules *rules;    /* those of the whole run */
};

/* `origins` is a struct replay_origins. False: the line's input had a chain of its own that is not among the rules. */
bool replay_origins_dress(void *origins, struct slice format, struct origin *origin, struct error *error);

#endif
