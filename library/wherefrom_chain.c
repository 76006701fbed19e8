/* Chains of libwherefrom: one entry of a config's `chains` without the config.
 *
 * Names of verdicts are a table of the whole process (schemas/client_facts.h): one lock around the loader is enough, as readers only look
 * at entries that were there before their chain was.
 *
 * Threads: any; see the public header. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "config/chain_load.h"
#include "config/chain_presets.h"
#include "config/config_yaml.h"
#include "library/wherefrom_inside.h"

static const char text_name[] = "hops"; /* in front of mistakes */

struct wherefrom_chain {
    struct arena arena; /* holds the chain */
    struct chain *chain;
};

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static enum status load(struct wherefrom_chain *chain, const char *hops, struct error *error) {
    struct arena scratch = {0};
    struct problems problems = {0};
    struct problem_scope scope = {.problems = &problems, .file = text_name, .where = "chain"};
    const struct config_node *tree;
    enum status status = config_tree_from_yaml(&scratch, text_name, slice_from(hops), &tree, error);
    if (status == STATUS_OK && tree == NULL) {
        status = error_set(error, STATUS_USAGE,
                           "%s: expected a list of hops, or the name of a preset such as alb, got nothing", text_name);
    } else if (status == STATUS_OK) {
        if (tree->kind != CONFIG_LIST) tree = chain_preset_expand(&scratch, &scope, tree);
        if (tree != NULL) chain->chain = chain_load(&chain->arena, &scope, text_name, tree);
        if (chain->chain == NULL) status = problems_first_error(&problems, error);
    }
    problems_destroy(&problems);
    arena_destroy(&scratch);
    return status;
}

struct wherefrom_chain *wherefrom_chain_new(const char *hops, char *error, size_t error_bytes) {
    struct wherefrom_chain *chain = calloc(1, sizeof *chain);
    struct error reason = {"hops: out of memory"};
    enum status status = STATUS_FAILED;
    if (chain != NULL) {
        ASSERT(pthread_mutex_lock(&loading) == 0);
        status = load(chain, hops, &reason);
        ASSERT(pthread_mutex_unlock(&loading) == 0);
    }
    if (status == STATUS_OK) return chain;
    if (error_bytes > 0) snprintf(error, error_bytes, "%s", reason.message);
    wherefrom_chain_free(chain);
    return NULL;
}

void wherefrom_chain_free(struct wherefrom_chain *chain) {
    if (chain == NULL) return;
    chain_unload(chain->chain);
    arena_destroy(&chain->arena);
    free(chain);
}

const struct chain *wherefrom_chain_inside(const struct wherefrom_chain *chain) {
    return chain != NULL ? chain->chain : NULL;
}
