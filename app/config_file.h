/* The config file: YAML, one mapping of option names to values (INTERFACE section 3).
 *
 * Keys are the names of the option table with _ for - (- is taken too), and `inputs`: texts, or mappings
 * {path: TEXT}. A list option takes a list or one text. Anchors, aliases, tags and merge keys are refused, so that the
 * work is bounded by the file's size.
 *
 * Threads: main thread only, before others start. */
#ifndef WHEREFROM_CONFIG_FILE_H
#define WHEREFROM_CONFIG_FILE_H

#include "app/option_value.h"
#include "base/error.h"

/* Sets `values` from the file at `path`, UTF-8 and at most CONFIG_BYTES_MAX; what the command line has set stays.
 * An empty file is fine. Every problem is STATUS_USAGE with one sentence, "config: FILE:LINE:COLUMN: ...", line and
 * column (in characters) from 1; only lack of memory is STATUS_FAILED. */
enum status config_file_read(const char *path, struct option_values *values, struct error *error) WARN_UNUSED;

#endif
