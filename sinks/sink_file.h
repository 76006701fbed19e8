/* NDJSON to a file, a gzip file or stdout.
 *
 * Threads: one at a time; sink_file_bytes: any. */
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
 * Fails when the file is shorter. */
enum status sink_file_cut_back(struct sink_file *sink, uint64_t bytes, struct error *error) WARN_UNUSED;
/* How long the file is with all that was written; of a .gz the member ends here. */
enum status sink_file_mark(struct sink_file *sink, uint64_t *bytes, struct error *error) WARN_UNUSED;
/* Returns when all up to the last mark is on disk. By any thread, beside another one that writes. */
enum status sink_file_sync(const struct sink_file *sink, struct error *error) WARN_UNUSED;
bool sink_file_is_packed(const struct sink_file *sink);

extern const struct sink_ops sink_file_ops;

#endif
