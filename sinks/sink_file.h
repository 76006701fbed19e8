/* NDJSON to a file, a gzip file or stdout.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_SINK_FILE_H
#define WHEREFROM_SINK_FILE_H

#include "schemas/stage.h"

struct sink_file;

/* `path`: "-" for stdout, an ending `.gz` compresses. A file is written anew unless `append`; a new one has mode 0600, since
 * logs hold personal data. */
enum status sink_file_open(const char *path, bool append, struct sink_file **sink, struct error *error) WARN_UNUSED;
void sink_file_free(struct sink_file *sink);

/* Whether the last failure was a reader of stdout that went away (EPIPE): the run then ends quietly. */
bool sink_file_reader_gone(const struct sink_file *sink);
/* Bytes taken so far, before compression. */
uint64_t sink_file_bytes(const struct sink_file *sink);

extern const struct sink_ops sink_file_ops;

#endif
