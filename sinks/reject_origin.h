/* Where a rejected line stood, and what replay must know to read it there again.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_REJECT_ORIGIN_H
#define WHEREFROM_REJECT_ORIGIN_H

#include "sinks/encoder.h"

/* Writes the object and returns its end: path | topic, partition | address; offset, line; then what there is of: name (enters event.id, where
 * the path alone does not say it), lossy (true: the name is no UTF-8 and stands here damaged), chain (the input's own), header (FORMAT:COLUMN COLUMN ... as a header line gave them, a 0 for one whose
 * name is not known any more), proxy (of the connection's PROXY header). ingest/reject_read.c reads it. */
char *reject_origin_write(const struct encoder_context *context, const struct rejected *rejected, char *out);

#endif
