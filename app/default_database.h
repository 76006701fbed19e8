/* The database and the lists that come with wherefrom.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_DEFAULT_DATABASE_H
#define WHEREFROM_DEFAULT_DATABASE_H

#include <stdbool.h>

#include "base/error.h"
#include "schemas/limits.h"

/* Finds it beside the program (build tree) or in ../share/wherefrom (installed): the whole folder may be moved. The path has
 * PATH_BYTES_MAX bytes. STATUS_FAILED, with what to do, when it is not there. */
enum status default_database_find(char *path, struct error *error) WARN_UNUSED;

/* The folder of the lists of countries, likewise; false: it is not there. */
bool default_lists_find(char *path) WARN_UNUSED;

#endif
