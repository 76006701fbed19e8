/* `route` of the config's section `residency`: which output the records of a zone go to.
 *
 *   route: {eea: opensearch-eu, "*": main}     "*": of all other zones, and of records that are of no zone
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RESIDENCY_ROUTE_H
#define WHEREFROM_RESIDENCY_ROUTE_H

#include "config/problems.h"
#include "schemas/residency.h"

struct residency_outputs {
    const char *const *names; /* by index */
    uint32_t count;
    const struct config_node *node; /* where the config names them; NULL: nowhere */
};

/* Sets where the records of `policy` go. With one output they may go there unsaid; with several each zone must have one. An output that no
 * zone goes to is a warning. On false problems were added. scope->file is the config. */
bool residency_route_resolve(struct residency_policy *policy, const struct residency_outputs *outputs,
                             const struct problem_scope *scope) WARN_UNUSED;

#endif
