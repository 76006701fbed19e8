/* By what a file is known again in a later run, and how far it had been read by then.
 *
 * Device and inode say which file it is under any name; its first bytes say that it is still that one, for inodes are used again and
 * files are written over. A file that is found by its name with another inode (downloaded again, on another disk, or on a device that has
 * another number since the last boot) is the same when its first bytes are.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_FILE_IDENTITY_H
#define WHEREFROM_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct file_identity {
    uint64_t device, inode, size_bytes;
    int64_t mtime_ns;
    uint64_t head_bytes, head_hash; /* of the first FILE_HEAD_BYTES, or of all there were */
};

/* Where the next line begins, and what its reader has to know. */
struct file_place {
    struct file_identity identity;
    struct slice name;    /* origin name that its records have */
    struct slice columns; /* header line in force, as header_text_write has it; empty: the origin's own */
    uint64_t position;    /* in the uncompressed text */
    uint64_t line_number; /* of that line, from 1 */
    uint64_t tail_bytes;  /* of that line that have been handed on because the file ended there, without an LF */
    bool inside_line;     /* the place is inside a line that is too long; its number is of that line */
    bool done;            /* nothing was left of the file as it was */
    uint64_t day;         /* since 1970: when it was met last */
    bool met;             /* in this run: no other file goes on from here */
};

/* Reads what is known of an open regular file. `path` is for the message. */
enum status file_identity_read(int fd, const char *path, struct file_identity *identity,
                               struct error *error) WARN_UNUSED;

/* Whether the open file, found by inode or name, is the one of `before`, as it was or grown. */
bool file_identity_continues(const struct file_identity *before, int fd);

/* What stat says of a path; false when it is no regular file, or none can be found. The head is left out. */
bool file_identity_look(const char *path, struct file_identity *identity) WARN_UNUSED;

/* The same of what stat has said already. */
struct stat;
struct file_identity file_identity_of(const struct stat *about);

/* Whether such a look is enough to know that nothing was added. */
bool file_identity_unchanged(const struct file_identity *before, const struct file_identity *now);

/* Whether an open file lies in that directory, whatever links led to it: what was looked at before may have been swapped. With /proc. */
bool file_is_beneath(int fd, const char *directory);

#endif
