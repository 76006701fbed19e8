/* The directory of --state: one checkpoint file, written by one process at a time.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_STATE_DIR_H
#define WHEREFROM_STATE_DIR_H

#include "app/checkpoint_text.h"

struct state_dir {
    const char *path;       /* borrowed */
    char file[4200];        /* the checkpoint's path, for messages */
    int directory_fd;       /* holds the lock, unless it is only looked at */
    bool looked_at;         /* nothing is changed */
    int fd;                 /* of the checkpoint, where it can be added to; -1: there is none */
    uint64_t bytes;         /* of whole blocks in it */
    uint64_t torn_bytes;    /* that were behind them when it was read first */
    uint64_t bytes_compact; /* when it was written anew */
    uint64_t checksum;      /* of the last block */
};

/* Makes the directory if there is none, and locks it (flock: until the process ends, however it ends). state_dir_close is safe after any
 * outcome. */
enum status state_dir_open(struct state_dir *directory, const char *path, struct error *error) WARN_UNUSED;
/* The same of one that is there, without a lock, and nothing of it is changed; *held: another process has the lock, as far as /proc/locks
 * says. Only state_dir_read and state_dir_close may follow. */
enum status state_dir_look(struct state_dir *directory, const char *path, bool *held, struct error *error) WARN_UNUSED;
void state_dir_close(struct state_dir *directory);

/* Reads the checkpoint; *found says whether there is one. */
enum status state_dir_read(struct state_dir *directory, struct checkpoint_text *text, bool *found,
                           struct error *error) WARN_UNUSED;

/* Makes it one that says what `text` does, and nothing that no longer counts or was met last STATE_KEPT_DAYS before `today`: a file
 * under another name, on disk, and then under its own. */
enum status state_dir_replace(struct state_dir *directory, const struct checkpoint_text *text, uint64_t today,
                              struct error *error) WARN_UNUSED;

/* Adds a block of these lines, on disk when this returns. When the file has grown by too much that no longer counts, it is replaced. */
enum status state_dir_add(struct state_dir *directory, struct slice lines, struct error *error) WARN_UNUSED;

/* Days since 1970. */
uint64_t state_dir_today(void);

#endif
