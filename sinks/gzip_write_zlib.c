/* zlib at its level 1.
 *
 * Threads: see the header. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "sinks/gzip_write.h"

#define GZIP_WINDOW (15 + 16) /* with a gzip header and trailer */
#define MEMORY_LEVEL 8        /* zlib's own default */

struct gzip_writer {
    z_stream stream;
};

struct gzip_writer *gzip_writer_new(void) {
    struct gzip_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return NULL;
    if (deflateInit2(&writer->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
        return writer;
    free(writer);
    return NULL;
}

void gzip_writer_free(struct gzip_writer *writer) {
    if (writer != NULL) deflateEnd(&writer->stream);
    free(writer);
}

void gzip_writer_reset(struct gzip_writer *writer) {
    (void)deflateReset(&writer->stream); /* fails only for a stream that is none */
}

bool gzip_writer_step(struct gzip_writer *writer, struct gzip_io *io, bool finish) {
    z_stream *stream = &writer->stream;
    unsigned in_bytes = io->in_bytes < UINT_MAX ? (unsigned)io->in_bytes : UINT_MAX;
    unsigned out_bytes = io->out_bytes < UINT_MAX ? (unsigned)io->out_bytes : UINT_MAX;
    stream->next_in = (Bytef *)(uintptr_t)io->in;
    stream->avail_in = in_bytes;
    stream->next_out = (Bytef *)io->out;
    stream->avail_out = out_bytes;
    int result = deflate(stream, finish && in_bytes == io->in_bytes ? Z_FINISH : Z_NO_FLUSH);
    io->in += in_bytes - stream->avail_in;
    io->in_bytes -= in_bytes - stream->avail_in;
    io->out += out_bytes - stream->avail_out;
    io->out_bytes -= out_bytes - stream->avail_out;
    return result == Z_STREAM_END;
}
