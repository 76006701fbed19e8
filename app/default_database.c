/* Looks relative to the running program, so that a build tree and an installed copy both work wherever they are.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include "app/default_database.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "wherefrom-geo.mmdb"

/* The path of what comes with wherefrom, when it is there. */
static bool find(const char *name, char path[PATH_BYTES_MAX]) {
    static const char *const places[] = {"", "../share/wherefrom/"};
    char program[PATH_BYTES_MAX];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    if (bytes <= 0) return false;
    program[bytes] = '\0';
    char *slash = strrchr(program, '/');
    if (slash != NULL) slash[1] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (snprintf(path, PATH_BYTES_MAX, "%s%s%s", program, places[i], name) < (int)PATH_BYTES_MAX &&
            access(path, R_OK) == 0)
            return true;
    return false;
}

bool default_lists_find(char *path) {
    return find("lists", path);
}

enum status default_database_find(char *path, struct error *error) {
    if (find(FILE_NAME, path)) return STATUS_OK;
    return error_set(
        error, STATUS_FAILED,
        "geo: %s, the database that comes with wherefrom, is not beside the program nor in ../share/wherefrom; "
        "name one with --geo FILE or use --no-geo",
        FILE_NAME);
}
