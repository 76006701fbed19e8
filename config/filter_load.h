/* `filter` of the config -> rules (schemas/filter.h).
 *
 *   filter: [ {drop: {user_agent: "Health*"}}, {sample: 0.1, when: {status: 2xx}} ]
 *
 * Threads: main thread. */
#ifndef WHEREFROM_FILTER_LOAD_H
#define WHEREFROM_FILTER_LOAD_H

#include "config/problems.h"
#include "schemas/filter.h"
#include "schemas/residency.h"

struct filter_load_request {
    const struct problem_scope *scope;
    const struct config_node *filter;      /* the section */
    const struct config_node *rate;        /* whose classes of paths are asked for; NULL: there are none */
    const struct residency_policy *policy; /* whose zones are; NULL likewise */
    bool policy_is_wrong;                  /* there would be one, and that it is wrong has been said */
};

/* NULL: problems were added, all that there are. Borrows of the trees. */
struct filter *filter_load(const struct filter_load_request *request) WARN_UNUSED;
void filter_unload(struct filter *filter); /* NULL is fine */

#endif
