/* Looks are by stat(2): a dozen files each few seconds, and it works on every file system.
 *
 * Threads: see the header. */
#define _DEFAULT_SOURCE /* st_mtim */
#include "app/databases.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/default_database.h"
#include "base/check.h"

#define NS_PER_SECOND 1000000000

/* All zero: there is no such file. */
static struct database_seen look_at(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0) return (struct database_seen){0};
    return (struct database_seen){file.st_dev, file.st_ino, (uint64_t)file.st_size,
                                  file.st_mtim.tv_sec * (int64_t)NS_PER_SECOND + file.st_mtim.tv_nsec};
}

static bool is_same(const struct database_seen *a, const struct database_seen *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static enum status open_files(struct databases *databases, const char *const *paths, size_t count,
                              struct error *error) {
    for (size_t i = 0; i < count && i < DATABASES_MAX; i++) databases->opened[i] = look_at(paths[i]);
    return geo_open(&databases->geo, paths, count, error);
}

static enum status open_all(struct databases *databases, const struct run_settings *settings, struct error *error) {
    char path[PATH_BYTES_MAX];
    const char *only = path;
    if (settings->no_geo && settings->geo.count > 0)
        return error_set(error, STATUS_USAGE, "--no-geo and --geo contradict each other; give one of them");
    if (settings->no_geo) return STATUS_OK;
    if (settings->geo.count > 0) return open_files(databases, settings->geo.items, settings->geo.count, error);
    enum status status = default_database_find(path, error);
    return status == STATUS_OK ? open_files(databases, &only, 1, error) : status;
}

struct databases *databases_open(const struct run_settings *settings, struct error *error, enum status *status) {
    struct databases *databases = calloc(1, sizeof *databases);
    *status = databases != NULL ? open_all(databases, settings, error)
                                : error_set(error, STATUS_FAILED, "databases: out of memory");
    if (databases != NULL) atomic_init(&databases->users, 1);
    if (*status == STATUS_OK) return databases;
    databases_release(databases);
    return NULL;
}

struct databases *databases_keep(struct databases *databases) {
    atomic_fetch_add(&databases->users, 1);
    return databases;
}

void databases_release(struct databases *databases) {
    if (databases == NULL) return;
    unsigned users = atomic_fetch_sub(&databases->users, 1);
    ASSERT(users > 0);
    if (users > 1) return;
    geo_close(&databases->geo);
    free(databases);
}

bool databases_changed(struct databases *databases) {
    bool changed = false, still = databases->looked_once, refused = true;
    for (size_t i = 0; i < databases->geo.databases_count; i++) {
        const struct database_seen now = look_at(databases->geo.databases[i].path), none = {0};
        if (is_same(&now, &none))
            return false; /* it is being replaced, or somebody took it away: what was read stays good */
        changed |= !is_same(&now, &databases->opened[i]);
        refused &= is_same(&now, &databases->refused[i]);
        still &= is_same(&now, &databases->looked[i]);
        databases->looked[i] = now;
    }
    databases->looked_once = true;
    return changed && still && !refused;
}

void databases_refuse(struct databases *databases) {
    memcpy(databases->refused, databases->looked, sizeof databases->refused);
}
