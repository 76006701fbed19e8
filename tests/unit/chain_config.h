/* Configs of chains for tests: text -> table, and a table as a text that is easy to compare.
 *
 * Threads: one. */
#ifndef WHEREFROM_CHAIN_CONFIG_H
#define WHEREFROM_CHAIN_CONFIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/chains.h"
#include "base/check.h"
#include "schemas/client_facts.h"

struct chain_config {
    char folder[64], path[96];
    struct option_values *values;
    struct option_list inputs;
    struct config_sections sections;
    struct problems problems;
    struct chains *chains; /* NULL: the file can't be read, and `error` says why */
    struct error error;
};

static inline void chain_config_write(const struct chain_config *config, const char *name, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", config->folder, name);
    FILE *file = fopen(path, "we");
    ASSERT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A folder of its own; files beside the config may be put there before it is loaded. */
static inline void chain_config_init(struct chain_config *config) {
    *config = (struct chain_config){.folder = "/tmp/wherefrom-chains-XXXXXX"};
    ASSERT(mkdtemp(config->folder) != NULL);
    snprintf(config->path, sizeof config->path, "%s/c.yaml", config->folder);
}

static inline void chain_config_unload(struct chain_config *config) {
    chains_free(config->chains);
    problems_destroy(&config->problems);
    config_sections_destroy(&config->sections);
    option_values_free(config->values);
    config->chains = NULL;
    config->values = NULL;
    config->error.message[0] = '\0';
}

/* Loads what the file of that text says. */
static inline void chain_config_load(struct chain_config *config, const char *text, const char *always) {
    chain_config_unload(config);
    chain_config_write(config, "c.yaml", text);
    config->values = option_values_new(NULL, 0, &config->inputs);
    ASSERT(config->values != NULL);
    if (config_file_read(config->path, config->values, &config->sections, &config->error) != STATUS_OK) return;
    struct chains_request request = {.file = config->path, .sections = &config->sections, .always = always};
    config->chains = chains_new(&request, &config->problems);
    ASSERT(config->chains != NULL);
}

static inline void chain_config_destroy(struct chain_config *config) {
    chain_config_unload(config);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", config->folder);
    ASSERT(system(command) == 0);
}

/* The problems, one a line, "LINE:COLUMN: [warning: ]what" with only the name of the file when it is another one than the config. */
static inline const char *chain_config_problems(const struct chain_config *config) {
    static char text[8192];
    size_t used = 0;
    text[0] = '\0';
    for (const struct problem *problem = config->problems.first; problem != NULL; problem = problem->next) {
        const char *file = problem->file == NULL || strcmp(problem->file, config->path) == 0 ? "" : problem->file;
        if (file[0] != '\0' && strncmp(file, config->folder, strlen(config->folder)) == 0)
            file += strlen(config->folder) + 1;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%u:%u: %s%s", used > 0 ? "\n" : "", file,
                                 file[0] != '\0' ? ":" : "", problem->place.line, problem->place.column,
                                 problem->severity == PROBLEM_WARNING ? "warning: " : "", problem->text);
        ASSERT(used < sizeof text);
    }
    return text;
}

/* "alb append port, cloudfront header(cloudfront-viewer-address) lastcolon appends optional". */
static inline const char *chain_config_hops(const struct chain *chain) {
    static char text[2048];
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < chain->hops_count; i++) {
        const struct hop *hop = &chain->hops[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i > 0 ? ", " : "", hop->type,
                                 carrier_names[hop->carrier]);
        const struct {
            bool there;
            const char *word, *value;
        } words[] = {
            {hop->header != HEADER_NONE, " ", hop->header != HEADER_NONE ? chain->headers[hop->header] : ""},
            {hop->token_mode == TOKEN_LAST_COLON, " lastcolon", ""},
            {hop->appends, " appends", ""},
            {hop->xff_port, " port", ""},
            {hop->optional, " optional", ""},
            {hop->repeat, " repeat", ""},
            {hop->secret != HEADER_NONE, " secret ", hop->secret != HEADER_NONE ? chain->headers[hop->secret] : ""},
            {hop->has_digest, " digest", ""},
            {hop->carrier == CARRIER_NONE, " as ", verdict_names[hop->hides_as]},
        };
        for (size_t word = 0; word < sizeof words / sizeof words[0]; word++)
            if (words[word].there)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", words[word].word, words[word].value);
        ASSERT(used < sizeof text);
    }
    if (chain->forwarded) snprintf(text + used, sizeof text - used, " (Forwarded)");
    return text;
}

#endif
