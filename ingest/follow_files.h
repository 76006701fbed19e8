/* Private to follow.c: the files that are known, those that are there and those that were read and may come again.
 *
 * Threads: the watching thread. */
#ifndef WHEREFROM_FOLLOW_FILES_H
#define WHEREFROM_FOLLOW_FILES_H

#include <sys/stat.h>

#include "base/arena.h"
#include "ingest/file_identity.h"
#include "ingest/pointer_table.h"

struct followed_folder {
    char *prefix; /* what stands in front of its names: with a slash at its end, or empty */
    size_t prefix_bytes;
    size_t root_bytes; /* of the prefix: what stands in front of origin names */
    size_t root;       /* index */
    unsigned depth;    /* below the root */
    int watch;         /* of inotify; -1: none */
    bool whole;        /* all of it is followed, not only files that were given by name */
};

struct followed_file {
    struct file_identity identity;  /* as it was when it was read last; size_bytes 0: it was not */
    struct slice name;              /* origin name: in `texts` */
    struct followed_folder *folder; /* where it was seen last; NULL: not yet in this run */
    char *file_name;                /* there; own */
    const char *columns;            /* NULL: none */
    uint64_t position, line_number, tail_bytes;
    uint64_t number;       /* of files, in the order in which they became known */
    uint32_t day, day_met; /* since 1970: when a checkpoint was told of it last, and when it was there last */
    bool inside_line, done;
    bool known;   /* by an earlier run, under this name: records of it may have left */
    bool settled; /* nothing is to be done as long as it stays as it was */
    bool packed;
    bool ignored; /* another one has its name */
    bool renamed; /* where it is now it would have another name, so that another one may have its */
    bool due, busy, waiting;
    bool ends;   /* the piece that is due takes its last line without LF */
    char text[]; /* of `name` */
};

struct follow_files {
    struct pointer_table by_inode, by_name;
    struct arena columns;
    const char **columns_known;
    size_t columns_count, columns_room;
    uint64_t seed, number, count;
};

/* One that was seen in a folder. */
struct sighting {
    struct followed_folder *folder;
    const char *name;
    const char *path;
    struct file_identity now; /* without its head */
};

enum followed_match {
    FOLLOWED_NEW,       /* *file is NULL */
    FOLLOWED_MOVED,     /* *file was known by its inode at another place, or not yet in this run */
    FOLLOWED_COPIED,    /* *file had the name, and this begins as that did: it was downloaded again */
    FOLLOWED_REPLACED,  /* *file had the name, and this is not it */
    FOLLOWED_SAME_NAME, /* *file has the name, and is there, too */
    FOLLOWED_UNWANTED   /* it is none that is followed */
};

bool follow_files_init(struct follow_files *files) __attribute__((warn_unused_result));
void follow_files_destroy(struct follow_files *files);

/* The one that lies there and is the same inode; NULL: there is none. */
struct followed_file *follow_files_known(const struct follow_files *files, const struct sighting *seen);
/* Looks up what was seen and is not known there; `name` is the origin name that it would have. */
enum followed_match follow_files_find(const struct follow_files *files, const struct sighting *seen, struct slice name,
                                      bool wanted, struct followed_file **file);
/* A new one, of which nothing was read. NULL when memory is short. */
struct followed_file *follow_files_add(struct follow_files *files, const struct file_identity *identity,
                                       struct slice name);
/* It is here now, where it would be called `own_name`. False when memory is short. */
bool follow_files_move(struct follow_files *files, struct followed_file *file, const struct sighting *seen,
                       struct slice own_name) __attribute__((warn_unused_result));
/* It has another device or inode. */
bool follow_files_set_identity(struct follow_files *files, struct followed_file *file,
                               const struct file_identity *identity) __attribute__((warn_unused_result));
/* The same text for all that have it; NULL when memory is short. */
const char *follow_files_columns(struct follow_files *files, struct slice columns);
/* Forgets those that were there last before `day`. */
void follow_files_prune(struct follow_files *files, uint32_t day);
uint64_t follow_files_hash(const struct follow_files *files, const void *bytes, size_t bytes_count);

/* To be freed; NULL when memory is short. */
char *followed_path(const struct followed_file *file);

#endif
