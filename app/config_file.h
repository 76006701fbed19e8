/* The config file: YAML, one mapping of option names to values (INTERFACE section 3).
 *
 * Keys are the names of the option table with _ for - (- is taken too); `inputs`, `output` and `rejects` may be
 * mappings (app/config_item.h);
 * and sections, which are kept as trees for whoever knows what they mean. A list option takes a list or one text.
 * Anchors, aliases, tags and merge keys are refused, so that the work is bounded by the file's size.
 *
 * Threads: main thread only, before others start. */
#ifndef WHEREFROM_CONFIG_FILE_H
#define WHEREFROM_CONFIG_FILE_H

#include "base/error.h"
#include "config/config_tree.h"
#include "config/option_value.h"

enum config_section {
    CONFIG_CHAINS,
    CONFIG_SELECT,
    CONFIG_RESIDENCY,
    CONFIG_OUTPUTS,
    CONFIG_RATE,
    CONFIG_FILTER,
    CONFIG_SECTIONS
};

/* What of the file is no option. All zero before anything was read. */
struct config_sections {
    struct arena arena;                               /* holds the trees */
    const struct config_node *trees[CONFIG_SECTIONS]; /* NULL: the file does not have it */
    struct config_node *inputs; /* a list beside `inputs` of the file, of texts and mappings; NULL: no inputs */
    const struct config_node
        *output; /* {kafka: ..} or {opensearch: ..}, of which the option's text is only a name; NULL: a text, or none */
    const struct config_node *rejects; /* likewise */
    const struct config_node *rollups; /* likewise */
};
void config_sections_destroy(struct config_sections *sections);

/* Sets `values` and `sections` from the file at `path`, UTF-8 and at most CONFIG_BYTES_MAX; what the command line has set stays.
 * An empty file is fine. Every problem is STATUS_USAGE with one sentence, "config: FILE:LINE:COLUMN: ...", line and
 * column (in characters) from 1; only lack of memory is STATUS_FAILED. */
enum status config_file_read(const char *path, struct option_values *values, struct config_sections *sections,
                             struct error *error) WARN_UNUSED;

#endif
