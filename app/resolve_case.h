/* A case of `wherefrom resolve`: a line of JSON -> a chain and what a record would say.
 *
 *   {"chain": NAME or [hops], "peer": "10.0.3.7:80", "peer_mode": "xff"|"lastcolon", "xff": ["..", ".."], "hdr": "xff"|"forwarded",
 *    "single": {"CloudFront-Viewer-Address": ".."}, "secret": true, "pp": [{"v": 2, "cmd": "LOCAL"|"PROXY", "fam": "TCP4", "src": "..",
 *    "sport": 1, "vpce": ".."}]}
 *
 * All but `peer` may be left out or null; `name` and `expect` are passed over, so that a table of tests can be fed as it is.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RESOLVE_CASE_H
#define WHEREFROM_RESOLVE_CASE_H

#include "config/problems.h"
#include "enrich/chain_rules.h"
#include "enrich/client.h"

/* All zero before the first case. */
struct resolve_case {
    const struct chain *chain; /* NULL: none is declared */
    struct evidence evidence;
    struct slice peer; /* as written */
    struct chain *own; /* written in the case; freed with it */
    struct arena arena;
    struct problems problems;
};

/* Reads the case in `json`, in place of the one before; names of chains are those of `rules`, and rules->always is for cases that
 * name none. What is read lives until the next call. STATUS_USAGE: not a case, says why; STATUS_FAILED: out of memory. */
enum status resolve_case_read(struct resolve_case *resolve_case, const struct chain_rules *rules, struct slice json,
                              struct error *error) WARN_UNUSED;
void resolve_case_destroy(struct resolve_case *resolve_case);

/* Who the client is; `observer` is told how that was found. */
void resolve_case_walk(const struct resolve_case *resolve_case, struct client *client, struct walk_observer observer);

#endif
