/* Policies for tests: a config's text -> policy, or the problems.
 *
 * Threads: one. */
#ifndef WHEREFROM_RESIDENCY_CONFIG_H
#define WHEREFROM_RESIDENCY_CONFIG_H

#include "config/residency_load.h"
#include "tests/unit/chain_config.h"

/* Loads the section of the config that says `text`, with the lists of that folder; NULL: the problems say why. Files beside the config may
 * be written before. */
static inline struct residency_policy *residency_config_load(struct chain_config *config, const char *text,
                                                             const char *lists) {
    chain_config_unload(config);
    chain_config_write(config, "c.yaml", text);
    config->values = option_values_new(NULL, 0, &config->inputs);
    ASSERT(config->values != NULL);
    if (config_file_read(config->path, config->values, &config->sections, &config->error) != STATUS_OK) return NULL;
    const struct problem_scope scope = {.problems = &config->problems, .file = config->path};
    return residency_load(&scope, config->sections.trees[CONFIG_RESIDENCY], lists);
}

#endif
