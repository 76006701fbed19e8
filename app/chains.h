/* Every chain that is declared, and which records belong to it, what may be served where, and what is not wanted: one table, made from the
 * config, swapped as a whole.
 *
 * Threads: made and freed by the main thread; read-only in between. */
#ifndef WHEREFROM_CHAINS_H
#define WHEREFROM_CHAINS_H

#include "app/config_file.h"
#include "app/databases.h"
#include "config/problems.h"
#include "enrich/chain_rules.h"
#include "enrich/filter_record.h"
#include "schemas/residency.h"

struct chains_request {
    const char *file;                       /* the config; NULL: there is none */
    const struct config_sections *sections; /* of it; must outlive the chains */
    const char *always;                     /* --chain; NULL: not given */
    const char *lists_folder;               /* of the lists that come with wherefrom; NULL: as usual */
};

struct chains {
    struct chain_rules
        rules;          /* rules.chains are the user's in order of the config, then the presets that need no peers */
    uint32_t own_count; /* the user's among them */
    struct residency_policy *policy; /* NULL: the config has none */
    struct record_filter *filter;    /* likewise */
    struct filter *filter_rules;     /* of it */
    struct databases *databases;     /* of which it is a user; set before it is in force */
    struct arena arena;
    struct chain **items;        /* as rules.chains */
    struct chains *retired_next; /* app/live_chains.h */
};

/* A user's chain may have the name of a preset, and hides it then. With errors among the problems the table is incomplete and only good for
 * being freed; chains that nothing leads to are warnings. NULL: out of memory. */
struct chains *chains_new(const struct chains_request *request, struct problems *problems) WARN_UNUSED;
void chains_free(struct chains *chains); /* NULL is fine */

#endif
