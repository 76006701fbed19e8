/* The databases in force: opened together, used until nothing that was made with them is left, and replaced as a whole when a file changes.
 *
 * A file counts as changed when its identity, size or time is another one, and as done when that stays so from one look to the next. What it is
 * replaced by is opened and checked before anything else happens (enrich/geo.h has a copy of its own of every file); if that fails, the
 * databases of before stay.
 *
 * Threads: databases_keep and databases_release by any, the struct geo inside is read by all; the rest is the main thread's. */
#ifndef WHEREFROM_DATABASES_H
#define WHEREFROM_DATABASES_H

#include <stdatomic.h>

#include "app/run_settings.h"
#include "enrich/geo.h"

/* What a file looked like. */
struct database_seen {
    uint64_t device, inode, size;
    int64_t changed_ns;
};

struct databases {
    struct geo geo;
    atomic_uint users;                          /* tables that point here; whoever takes the last one away frees them */
    struct database_seen opened[DATABASES_MAX]; /* before they were read */
    struct database_seen looked[DATABASES_MAX]; /* at the last look */
    struct database_seen refused[DATABASES_MAX]; /* what could not be used: not tried again */
    bool looked_once;
};

/* Those of --geo, or the default one; none with --no-geo. One user. NULL: the error names the file. */
struct databases *databases_open(const struct run_settings *settings, struct error *error,
                                 enum status *status) WARN_UNUSED;

/* One more user; whoever asks is one, or knows one that does not go meanwhile. */
struct databases *databases_keep(struct databases *databases);
void databases_release(struct databases *databases); /* NULL is fine */

/* Whether files have changed since they were opened, and no longer do; asked now and then. */
bool databases_changed(struct databases *databases);

/* What is there now is of no use. */
void databases_refuse(struct databases *databases);

#endif
