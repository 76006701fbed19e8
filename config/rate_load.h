/* The section `rate` of a config.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RATE_LOAD_H
#define WHEREFROM_RATE_LOAD_H

#include <stdio.h>

#include "config/rate_dim.h"
#include "schemas/rate.h"

struct rate_config {
    struct rate_settings settings;
    const struct rate_path *paths; /* in the order of the config: the first that matches counts */
    uint32_t paths_count;
    struct rate_dim_words words; /* what `client` is, and how long prefixes are */
    uint64_t mem_bytes;          /* 0: its share of --memory-max */
};

/* Reads the section, or NULL for what a section `{}` is: all that it leaves out has its default. Lives in `arena` and borrows of it. NULL:
 * problems were added, all that there are. */
struct rate_config *rate_load(struct arena *arena, const struct problem_scope *scope,
                              const struct config_node *node) WARN_UNUSED;

/* A line or two for people. */
void rate_config_print(const struct rate_config *config, FILE *out);

#endif
