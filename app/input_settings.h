/* What the config says of single inputs: chain and format of their own, and formats of Kafka's topics.
 *
 * Threads: made by the main thread before others start, read-only after that. */
#ifndef WHEREFROM_INPUT_SETTINGS_H
#define WHEREFROM_INPUT_SETTINGS_H

#include "app/arguments.h"
#include "app/format_choice.h"
#include "config/problems.h"

/* What the config says of the INPUT at this index: a text or a mapping; NULL: it is not from there. */
const struct config_node *input_node(const struct arguments *arguments, size_t argument);

/* Its chain; NULL: none of its own. */
const char *input_chain(const struct arguments *arguments, size_t argument);

/* Formats by the texts that name them, each made ready once. All zero: none. */
struct format_table {
    struct arena arena;
    struct format_entry *first;
};

/* Adds what a text of the config names; on false a problem was added. `wanted` must outlive the table. */
bool format_table_add(struct format_table *table, const struct problem_scope *scope, const struct config_node *node,
                      const struct wanted_headers *wanted) WARN_UNUSED;

/* Adds `format` of every INPUT and `formats` of Kafka's; on false problems were added. */
bool format_table_add_inputs(struct format_table *table, const struct arguments *arguments,
                             const struct wanted_headers *wanted, struct problems *problems) WARN_UNUSED;

/* NULL: no such text was added. Stays where it is as long as the table. */
const struct format_choice *format_table_find(const struct format_table *table, const char *format);
void format_table_destroy(struct format_table *table);

/* The format of an INPUT: its own, but where the command line says one for all; else `common`. */
const struct format_choice *input_format(const struct arguments *arguments, size_t argument,
                                         const struct format_table *table, const struct format_choice *common);

#endif
