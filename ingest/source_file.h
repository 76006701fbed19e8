/* Files, gzip and zstd files, pipes and stdin as a source of batches.
 *
 * Threads: an instance belongs to one thread. */
#ifndef WHEREFROM_SOURCE_FILE_H
#define WHEREFROM_SOURCE_FILE_H

#include "base/option.h"
#include "base/scan.h"
#include "schemas/stage.h"

struct source_file_settings {
    uint64_t read_bytes; /* asked of the input at a time, and text after which a batch is handed on */
};
extern const struct option_spec source_file_options[];
extern const size_t source_file_options_count;

struct source_file;

/* `stop_fd` becomes readable when the run shall end: a read that waits for a silent pipe is then given up. NULL when memory is short. */
struct source_file *source_file_new(const struct source_file_settings *settings, const struct scan_kernel *kernel,
                                    int stop_fd);
void source_file_free(struct source_file *source);

extern const struct source_ops source_file_ops;

#endif
