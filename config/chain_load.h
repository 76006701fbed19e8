/* A list of hops of the config, or of a case of `resolve` -> a chain (HOPS.md sections 2, 4.1, 4.3a).
 *
 * Threads: main thread. */
#ifndef WHEREFROM_CHAIN_LOAD_H
#define WHEREFROM_CHAIN_LOAD_H

#include "config/problems.h"
#include "schemas/chain.h"

/* The name in `headers` of what `secret: true` stands for: no header has it. Only cases have such hops; whether the secret was there and
 * right stands in the case. */
#define CHAIN_CASE_SECRET ""

/* Makes a chain of `hops`, a list of mappings. It and its texts live in `arena`; sets of peers and names of verdicts do not.
 *
 * scope->file says where it comes from. NULL: a case of `resolve`, which may end in a preserve hop, hide what is behind a hop, have peers
 * that overlap, and say `secret: true`; it may not name files. In a config all of that is refused, or the other way round.
 * scope->where is "chains.NAME" or the like; "hop N (TYPE)" goes behind it.
 *
 * NULL: problems were added, as many as there are. */
struct chain *chain_load(struct arena *arena, const struct problem_scope *scope, const char *name,
                         const struct config_node *hops) WARN_UNUSED;

/* Frees the sets of peers. What lives in the arena goes with it. NULL is fine. */
void chain_unload(struct chain *chain);

#endif
