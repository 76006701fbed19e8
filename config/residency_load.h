/* The config's section `residency`: which clients' countries are a zone, which regions are a place, and what may be served where
 * (ANALYTICS.md section 5).
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RESIDENCY_LOAD_H
#define WHEREFROM_RESIDENCY_LOAD_H

#include "config/problems.h"
#include "schemas/residency.h"

/* Makes a policy of `section`. scope->file is the config: list files are looked for from where it stands, then in `lists_folder` (NULL:
 * nowhere else), that of the lists that come with wherefrom. `geo_build` is left 0.
 *
 * NULL: problems were added, as many as there are. */
struct residency_policy *residency_load(const struct problem_scope *scope, const struct config_node *section,
                                        const char *lists_folder) WARN_UNUSED;
void residency_unload(struct residency_policy *policy); /* NULL is fine */

/* An example that says all there is, for messages and help. */
extern const char residency_example[];

#endif
