/* Bytes into a gzip stream (RFC 1952, one member) at the fastest level that still packs, by whichever library the build chose: exactly one of
 * gzip_write_isal.c and gzip_write_zlib.c is linked. The same bytes in the same pieces give the same stream.
 *
 * Threads: a writer has one owner. */
#ifndef WHEREFROM_GZIP_WRITE_H
#define WHEREFROM_GZIP_WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* What is left to take, and room for what comes of it; both move on. */
struct gzip_io {
    const char *in;
    size_t in_bytes;
    char *out;
    size_t out_bytes;
};

struct gzip_writer;

struct gzip_writer *gzip_writer_new(void); /* NULL when memory is short */
void gzip_writer_free(struct gzip_writer *writer);

/* Ready for the next stream. */
void gzip_writer_reset(struct gzip_writer *writer);

/* Takes and writes what it can. As long as no room is left there may be more to write: call again with more of it. `finish`: nothing follows
 * `in`; true: the end of the stream is written. */
bool gzip_writer_step(struct gzip_writer *writer, struct gzip_io *io, bool finish);

#endif
