/* A small file, read at once: configs, lists of peers.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_WHOLE_FILE_H
#define WHEREFROM_WHOLE_FILE_H

#include "base/error.h"
#include "base/slice.h"

/* The bytes of a file, or of anything else that can be read to its end; at most `bytes_max`. The caller frees `text->ptr`, which is
 * never NULL on success. On STATUS_USAGE the message says what is wrong ("No such file or directory") without the file's name, which
 * belongs in front; STATUS_FAILED is lack of memory. */
enum status whole_file_read(const char *path, size_t bytes_max, struct slice *text, struct error *error) WARN_UNUSED;

/* Frees a text, cast to what free takes. */
void whole_file_free(struct slice text);

#endif
