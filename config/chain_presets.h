/* Set-ups that need no hop by hop: a name, and peers where nobody can guess them.
 *
 * Threads: constants. */
#ifndef WHEREFROM_CHAIN_PRESETS_H
#define WHEREFROM_CHAIN_PRESETS_H

#include <stdio.h>

#include "config/problems.h"

/* The hops of a preset as chain_load takes them. `node` is its name, a text, or {preset: NAME, peers: ..}: networks for the only hop that
 * takes some, or a mapping from types of hops to theirs. NULL: a problem was added. */
const struct config_node *chain_preset_expand(struct arena *arena, const struct problem_scope *scope,
                                              const struct config_node *node);

/* Whether it is meant as the name of a preset. */
bool chain_preset_is(struct slice name);

/* The names of presets that need no peers to be said, one after the other from index 0, those of count:N too; NULL behind the last. */
struct chain_preset_name {
    char text[24];
};
bool chain_preset_name(size_t index, struct chain_preset_name *name);

/* One a line: name and meaning; for people. */
void chain_presets_print(FILE *out);

#endif
