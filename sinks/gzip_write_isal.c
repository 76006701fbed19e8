/* ISA-L at level 1: a body of NDJSON takes a fifth of zlib's time, and a little more room.
 *
 * Threads: see the header. */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "sinks/gzip_write.h"

struct gzip_writer {
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_DEF_LVL1_DEFAULT];
};

struct gzip_writer *gzip_writer_new(void) {
    struct gzip_writer *writer = malloc(sizeof *writer);
    if (writer != NULL) gzip_writer_reset(writer);
    return writer;
}

void gzip_writer_free(struct gzip_writer *writer) {
    free(writer);
}

void gzip_writer_reset(struct gzip_writer *writer) {
    struct isal_zstream *stream = &writer->stream;
    isal_deflate_init(stream);
    stream->gzip_flag = IGZIP_GZIP;
    stream->level = 1;
    stream->level_buf = writer->level_buffer;
    stream->level_buf_size = sizeof writer->level_buffer;
}

bool gzip_writer_step(struct gzip_writer *writer, struct gzip_io *io, bool finish) {
    struct isal_zstream *stream = &writer->stream;
    uint32_t in_bytes = io->in_bytes < UINT32_MAX ? (uint32_t)io->in_bytes : UINT32_MAX;
    uint32_t out_bytes = io->out_bytes < UINT32_MAX ? (uint32_t)io->out_bytes : UINT32_MAX;
    stream->next_in = (uint8_t *)(uintptr_t)io->in;
    stream->avail_in = in_bytes;
    stream->next_out = (uint8_t *)io->out;
    stream->avail_out = out_bytes;
    stream->end_of_stream = finish && in_bytes == io->in_bytes;
    (void)isal_deflate(stream); /* fails for levels and flags only that do not exist */
    io->in += in_bytes - stream->avail_in;
    io->in_bytes -= in_bytes - stream->avail_in;
    io->out += out_bytes - stream->avail_out;
    io->out_bytes -= out_bytes - stream->avail_out;
    return stream->internal_state.state == ZSTATE_END;
}
