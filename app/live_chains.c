/* Tables of chains, one in force.
 *
 * Threads: see the header. */
#include "app/live_chains.h"

#include "config/residency_load.h"

void live_chains_init(struct live_chains *live, struct chains *chains) {
    *live = (struct live_chains){.retired = NULL};
    atomic_init(&live->current, chains);
}

/* A table may go, its policy not yet. */
static void free_table(struct live_chains *live, struct chains *chains) {
    if (chains->policy != NULL) {
        chains->policy->before = live->policies;
        live->policies = chains->policy;
        chains->policy = NULL;
    }
    chains_free(chains);
}

static void free_all(struct chains *chains) {
    while (chains != NULL) {
        struct chains *next = chains->retired_next;
        chains_free(chains);
        chains = next;
    }
}

void live_chains_destroy(struct live_chains *live) {
    free_all(live->retired);
    chains_free(atomic_load(&live->current));
    while (live->policies != NULL) {
        struct residency_policy *policy = live->policies;
        live->policies = policy->before;
        residency_unload(policy);
    }
    *live = (struct live_chains){.retired = NULL};
}

void live_chains_join(struct live_chains *live, struct chains_guard *guard) {
    atomic_init(&guard->used, NULL);
    guard->next = live->guards;
    live->guards = guard;
}

/* Said first and asked again: either the table is still in force, and whoever retires it later sees that it is used, or it is not. */
const struct chains *live_chains_enter(struct live_chains *live, struct chains_guard *guard) {
    struct chains *chains;
    do {
        chains = atomic_load(&live->current);
        atomic_store(&guard->used, chains);
    } while (chains != atomic_load(&live->current));
    return chains;
}

void live_chains_leave(struct chains_guard *guard) {
    atomic_store(&guard->used, NULL);
}

static bool is_used(const struct live_chains *live, const struct chains *chains) {
    for (struct chains_guard *guard = live->guards; guard != NULL; guard = guard->next)
        if (atomic_load(&guard->used) == chains) return true;
    return false;
}

void live_chains_swap(struct live_chains *live, struct chains *chains) {
    struct chains *old = atomic_exchange(&live->current, chains);
    old->retired_next = live->retired;
    live->retired = old;
    live_chains_sweep(live);
}

void live_chains_sweep(struct live_chains *live) {
    for (struct chains **at = &live->retired; *at != NULL;) {
        struct chains *chains = *at;
        if (is_used(live, chains)) {
            at = &chains->retired_next;
            continue;
        }
        *at = chains->retired_next;
        free_table(live, chains);
    }
}
