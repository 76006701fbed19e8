/* Command line and config file -> settings, by the option tables (base/option.h).
 *
 * Precedence: command line beats config file beats default. A list given on the command line replaces
 * the config's. Unknown names are errors that suggest the nearest known one; config errors name file, line
 * and column. Texts live as long as the struct arguments (those of the command line as long as argv).
 *
 * Two rows mean something here as well: `help` ends the parsing, and the text option `config` names the config file
 * that is read. A command without a `config` row takes no config file; --help and -h work without a row.
 *
 * Threads: main thread only, before others start. */
#ifndef WHEREFROM_ARGUMENTS_H
#define WHEREFROM_ARGUMENTS_H

#include <stdio.h>

#include "app/config_file.h"
#include "base/error.h"
#include "base/option.h"

struct arguments {
    const struct option_group *groups;
    size_t groups_count;
    struct option_list inputs;       /* what is no option, in order; from the config's `inputs` when none is given */
    const char *config_path;         /* of the row `config`, or NULL */
    bool help;                       /* --help or -h was given: nothing else was checked, settings are the defaults */
    struct option_values *values;    /* owns every text and list (config/option_value.h) */
    struct config_sections sections; /* of the config file */
};

/* Parses argv[0..argc) (program and command name already removed). `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, `--no-name` only where the table has it, `--` ends options, `-` is an input. A value in an argument of
 * its own must not begin with `--` (a forgotten value would swallow an option); `--name=--value` says it.
 * A scalar given twice takes the last value, a list takes both.
 * Reads the config file when one is named. Fills every group's settings with defaults first.
 * Errors are STATUS_USAGE, or STATUS_FAILED out of memory. arguments_destroy is safe after any outcome. */
enum status arguments_parse(struct arguments *arguments, const struct option_group *groups, size_t groups_count,
                            int argc, char **argv, struct error *error) WARN_UNUSED;
void arguments_destroy(struct arguments *arguments);

/* `node`, the config's mapping for that option, where the command line says nothing else; NULL then. */
const struct config_node *arguments_node(const struct arguments *arguments, const char *option,
                                         const struct config_node *node);

/* The options part of --help: groups with their titles, one option a line or two, wrapped at 100 columns, with
 * choices and default. */
void arguments_print_options(FILE *out, const struct option_group *groups, size_t groups_count);

/* The same rows as a Markdown table for the README (checked by a test against the README's text). */
void arguments_print_markdown(FILE *out, const struct option_group *groups, size_t groups_count);

#endif
