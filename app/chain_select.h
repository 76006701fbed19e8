/* `select` of the config -> rules that say which chain a record belongs to.
 *
 *   select: [ {elb: "app/web-*", chain: web}, {format: nginx, chain: edge}, {chain: direct} ]
 *
 * Threads: main thread. */
#ifndef WHEREFROM_CHAIN_SELECT_H
#define WHEREFROM_CHAIN_SELECT_H

#include "config/problems.h"
#include "enrich/chain_rules.h"

/* Adds to `rules`, whose chains are complete, what `select` says; a rule without a selector, which must be the last one, becomes
 * `otherwise`. Rules live in `arena`, their texts in that of the tree. A rule that can't match, since one in front of it takes
 * everything that it does, is a mistake. On false problems were added. */
bool chain_select_load(struct arena *arena, const struct problem_scope *scope, const struct config_node *select,
                       struct chain_rules *rules);

/* The chain that a text names; NULL after a report with the nearest name. */
const struct chain *chain_select_named(const struct problem_scope *scope, const struct config_node *node,
                                       const struct chain_rules *rules);

#endif
