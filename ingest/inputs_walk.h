/* Private to inputs.c: the walk through one directory, and what it calls back.
 *
 * Threads: see inputs.h. */
#ifndef WHEREFROM_INPUTS_WALK_H
#define WHEREFROM_INPUTS_WALK_H

#include <sys/stat.h>

#include "ingest/inputs.h"

/* Adds the files below directory `root`, in byte order of their paths (rules: inputs.h). */
enum status inputs_walk(struct inputs *inputs, const char *root, struct error *error) WARN_UNUSED;

/* The three texts joined, with a NUL; lives as long as `inputs`. NULL when memory is short. */
char *inputs_text(struct inputs *inputs, struct slice head, struct slice middle, struct slice tail);

/* Adds one file. `path` is an inputs_text; `own_name` is its origin name if it is no AWS object. */
enum status inputs_add_file(struct inputs *inputs, char *path, const char *own_name, const struct stat *stat,
                            enum input_found found, struct error *error) WARN_UNUSED;

void inputs_leave_out(struct inputs_left_out *left_out, const char *path);

/* Whether it is the name of a file that somebody is still writing: .tmp, .part. */
bool input_is_unfinished(struct slice name);

#endif
