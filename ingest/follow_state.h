/* Private to follow.c and its parts: what the watching thread has, and what it shares with the readers.
 *
 * Threads: see struct follow. */
#ifndef WHEREFROM_FOLLOW_STATE_H
#define WHEREFROM_FOLLOW_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ingest/follow.h"
#include "ingest/follow_files.h"

/* One reading of one file. Made by the watching thread, then its reader's, then the watching thread's again. */
struct follow_piece {
    struct origin origin; /* first: readers only know this */
    struct file_reached reached;
    struct file_place place;
    struct file_identity identity;
    struct input input;
    struct followed_file *file;
    struct file_identity seen; /* when it was found to have something new */
    atomic_uint users;         /* the watching thread, and each batch */
    struct follow_piece *next;
    char texts[]; /* path and name */
};

/* A file that is looked at again at a time. */
struct follow_waiter {
    struct followed_file *file;
    uint64_t size_bytes;
    int64_t mtime_ns;
    uint64_t since_ms, due_ms; /* it has been as it is since; monotonic */
};

/* A name with news, or (NULL) a folder that may hold some. */
struct follow_change {
    struct followed_folder *folder;
    char *name;
};

struct follow_list {
    struct follow_piece *first, *last;
    size_t count;
};

struct follow {
    struct follow_request request;
    char **real_roots; /* without links; NULL: not asked yet */
    int notify_fd, wake_fd;
    struct follow_files files;
    struct pointer_table folders;     /* by prefix */
    struct followed_folder **watched; /* by inotify's number */
    size_t watched_room, folders_count;
    bool is_single_file; /* the one INPUT */
    bool watches_short;  /* said that there are too few */
    bool overflow;       /* events were lost: all is looked at */
    bool no_memory;      /* likewise, later */
    struct follow_change *changes;
    size_t changes_count, changes_room;
    struct follow_waiter *waiters;
    size_t waiters_count, waiters_room;
    struct followed_file **due; /* ring */
    size_t due_first, due_count, due_room;
    struct follow_counts counts;
    pthread_mutex_t lock; /* guards what follows, which readers use, too */
    struct follow_list ready, has_read;
    uint64_t next_index;
};

void follow_say(const struct follow *follow, enum follow_word word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint32_t follow_today(void);

/* --- follow_walk.c: folders ----------------------------------------------------------------------- */

/* Looks at the roots, and watches them. */
enum status follow_walk_open(struct follow *follow, struct error *error) WARN_UNUSED;
void follow_walk_close(struct follow *follow);
/* Looks at all there is. */
void follow_walk_all(struct follow *follow);
/* Whether it is an INPUT itself. */
bool follow_is_root(const struct follow *follow, const char *path);
/* Takes events in; true when there was one. */
bool follow_walk_listen(struct follow *follow);
/* Looks at what they were about. */
void follow_walk_changes(struct follow *follow);

/* --- follow_judge.c: files ------------------------------------------------------------------------ */

/* A regular file was seen. */
void follow_judge(struct follow *follow, const struct sighting *seen);
/* Those that have waited for long enough. */
void follow_judge_waiting(struct follow *follow, uint64_t now_ms);
/* When the next one has; UINT64_MAX: there is none. */
uint64_t follow_waits_until(const struct follow *follow);
/* A piece of it has been read. */
void follow_judge_read(struct follow *follow, const struct follow_piece *piece);
/* The file that has been due for longest; NULL: there is none. */
struct followed_file *follow_next_due(struct follow *follow);

#endif
