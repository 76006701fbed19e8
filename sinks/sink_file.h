/* NDJSON to a file, a gzip file or stdout.
 *
 * Threads: one at a time; sink_file_bytes and sink_file_reopen: any. */
#ifndef WHEREFROM_SINK_FILE_H
#define WHEREFROM_SINK_FILE_H

#include "schemas/stage.h"

struct sink_file;

enum sink_file_start {
    SINK_FILE_ANEW,
    SINK_FILE_APPEND,
    SINK_FILE_CONTINUE /* as append, behind the last whole line: a process that was killed may have left the start of one */
};

/* `path`: "-" for stdout, an ending `.gz` compresses (not with SINK_FILE_CONTINUE). A new file has mode 0600, since logs hold personal
 * data. */
enum status sink_file_open(const char *path, enum sink_file_start start, struct sink_file **sink,
                           struct error *error) WARN_UNUSED;
void sink_file_free(struct sink_file *sink);

/* Whether the last failure was a reader of stdout that went away (EPIPE): the run then ends quietly. */
bool sink_file_reader_gone(const struct sink_file *sink);
/* Bytes that were cut off at the start: an unfinished last line, or what stood behind a checkpoint. */
uint64_t sink_file_cut_bytes(const struct sink_file *sink);
/* Bytes taken so far, before compression. */
uint64_t sink_file_bytes(const struct sink_file *sink);

/* Right after opening with SINK_FILE_APPEND: takes away what stands behind `bytes`, which sink_file_mark has said (in an earlier run).
 * Fails when the file is shorter, and when `inode`, unless it is 0, is not its own and `bytes` are none: only that tells a file that was
 * moved away, with lines in it that come once more, from its successor. */
enum status sink_file_cut_back(struct sink_file *sink, uint64_t bytes, uint64_t inode, struct error *error) WARN_UNUSED;
/* How long the file is with all that was written; of a .gz the member ends here. */
enum status sink_file_mark(struct sink_file *sink, uint64_t *bytes, struct error *error) WARN_UNUSED;
/* Returns when all up to the last mark is on disk. By any thread, beside another one that writes. */
enum status sink_file_sync(const struct sink_file *sink, struct error *error) WARN_UNUSED;

/* A file that was renamed or removed (logrotate) is left as it is, whole lines and whole gzip members, and what follows goes to a new one
 * under its name, or behind what is there by now. One that is in its place, stdout, a pipe and a device stay open. */
enum sink_file_reopened {
    SINK_FILE_IN_PLACE,
    SINK_FILE_NEW,
    SINK_FILE_BUSY,  /* it is being written; ask again */
    SINK_FILE_FAILED /* `error`: why; what follows goes where it went before, or the old one may not be whole */
};
/* Beside another thread that writes. */
enum sink_file_reopened sink_file_reopen(struct sink_file *sink, struct error *error) WARN_UNUSED;
/* The same in two steps, by the thread that writes: opens what follows, if anything does (*moved), of which `*bytes` are there; and goes on
 * with it. */
enum status sink_file_prepare(struct sink_file *sink, bool *moved, uint64_t *bytes, struct error *error) WARN_UNUSED;
enum status sink_file_switch(struct sink_file *sink, struct error *error) WARN_UNUSED;
uint64_t sink_file_inode(const struct sink_file *sink); /* of the file, or of what follows once it is switched */
const char *sink_file_path(const struct sink_file *sink);

bool sink_file_is_packed(const struct sink_file *sink);

extern const struct sink_ops sink_file_ops;

#endif
