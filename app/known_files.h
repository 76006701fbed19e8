/* The files that earlier runs have read, and how far.
 *
 * Threads: built by one thread, read-only after that. */
#ifndef WHEREFROM_KNOWN_FILES_H
#define WHEREFROM_KNOWN_FILES_H

#include <stddef.h>

#include "ingest/file_identity.h"

struct known_files {
    struct file_place *places; /* in the order in which they were added */
    size_t count, room;
    struct file_place **by_inode, **by_name;
};

/* All zero is an empty table. */

/* What is said last of an inode under one name counts: hard links are files of their own, as long as they are met under both names. The texts are borrowed. False when memory is short. */
bool known_files_add(struct known_files *files, const struct file_place *place) __attribute__((warn_unused_result));

/* Leaves one place of each file, and makes them findable; nothing may be added after that. False when memory is short. */
bool known_files_sort(struct known_files *files) __attribute__((warn_unused_result));

/* The places of an inode, the newest first, and how many. */
struct file_place *const *known_files_by_inode(const struct known_files *files, uint64_t device, uint64_t inode,
                                               size_t *count);
/* Of several files of one name, the one that was added last; NULL: there is none. */
struct file_place *known_files_by_name(const struct known_files *files, struct slice name);

void known_files_destroy(struct known_files *files);

#endif
