/* zstd (RFC 8878) as a stream: all frames, empty and skippable ones too, zero padding behind the last.
 *
 * A call of libzstd that fails does not say what it had written by then, be it one block or the whole
 * frame. So that what precedes the damage is delivered, a call gets the input of one step only: the
 * first byte of a frame (which rules out the whole-frame shortcut), one block, or one block header
 * (blocks have up to 128 KiB: the calls cost nothing that can be measured). The size of a step is the
 * library's own hint, which counts the next block's header of 3 bytes in; a wrong hint would only
 * deliver less before damage.
 * Frames that need a window over 128 MiB (`zstd --long=28` and up) are refused: memory is bounded.
 *
 * Threads: see inflate.h. */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/check.h"
#include "ingest/inflate.h"

enum place { PLACE_BETWEEN, PLACE_IN_FRAME, PLACE_IN_PADDING, PLACE_DAMAGED };

struct inflater {
    ZSTD_DStream *stream;
    uint64_t frames_count;
    const char *damage;
    size_t step_bytes; /* input of the next call */
    enum place place;
    bool bytes_wait; /* the last call ran out of room: the next one only delivers */
};

#define BLOCK_HEADER_BYTES 3u

static bool damaged(struct inflater *inflater, size_t result) {
    if (ZSTD_isError(result) == 0) {
        return false;
    }
    bool no_frame = ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown;
    inflater->place = PLACE_DAMAGED;
    inflater->damage = no_frame && inflater->frames_count > 0 ? "bytes behind the zstd stream that are no zstd frame"
                                                              : ZSTD_getErrorName(result);
    return true;
}

/* One call of the library; false when it can't go on without more input or room. */
static bool take_data(struct inflater *inflater, struct inflate_io *io) {
    if (inflater->bytes_wait && io->out_bytes == 0) {
        return false; /* libzstd takes a series of calls without any progress for an error */
    }
    size_t step_bytes = inflater->bytes_wait ? 0 : inflater->step_bytes;
    ZSTD_inBuffer in = {.src = io->in, .size = step_bytes < io->in_bytes ? step_bytes : io->in_bytes};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_bytes};
    size_t result = ZSTD_decompressStream(inflater->stream, &out, &in);
    io->in += in.pos;
    io->in_bytes -= in.pos;
    io->out += out.pos;
    io->out_bytes -= out.pos;
    if (damaged(inflater, result)) {
        return true;
    }
    if (result == 0) {
        inflater->frames_count++;
        inflater->place = PLACE_BETWEEN;
        return true;
    }
    inflater->place = PLACE_IN_FRAME;
    inflater->step_bytes = result > BLOCK_HEADER_BYTES ? result - BLOCK_HEADER_BYTES : result;
    inflater->bytes_wait = io->out_bytes == 0;
    return io->in_bytes > 0 && io->out_bytes > 0;
}

/* The byte behind a frame, or the first one: false if a frame begins here. */
static bool take_between(struct inflater *inflater, struct inflate_io *io) {
    if (*io->in == 0 && inflater->frames_count > 0) {
        inflater->place = PLACE_IN_PADDING;
        io->in++;
        io->in_bytes--;
        return true;
    }
    if (inflater->place == PLACE_IN_PADDING) {
        inflater->place = PLACE_DAMAGED;
        inflater->damage = "bytes behind the zstd stream's zero padding";
        return true;
    }
    inflater->step_bytes = 1;
    inflater->bytes_wait = false;
    return false;
}

static enum inflate_result zstd_step(struct inflater *inflater, struct inflate_io *io, struct error *error) {
    ASSERT(io->in != NULL && io->out != NULL);
    while (inflater->place != PLACE_DAMAGED) {
        if (inflater->place != PLACE_IN_FRAME) {
            if (io->in_bytes == 0) {
                return INFLATE_MORE;
            }
            if (take_between(inflater, io)) {
                continue;
            }
        }
        if (!take_data(inflater, io)) {
            return io->out_bytes == 0 ? INFLATE_FULL : INFLATE_MORE;
        }
    }
    error_set(error, STATUS_FAILED, "damaged zstd data: %s", inflater->damage);
    return INFLATE_BAD;
}

static enum status zstd_finish(struct inflater *inflater, struct error *error) {
    if (inflater->place == PLACE_DAMAGED) {
        return error_set(error, STATUS_FAILED, "damaged zstd data: %s", inflater->damage);
    }
    if (inflater->place == PLACE_IN_FRAME || inflater->frames_count == 0) {
        return error_set(error, STATUS_FAILED, "the zstd stream ends too early: it was cut short");
    }
    return STATUS_OK;
}

static void zstd_free(struct inflater *inflater) {
    if (inflater != NULL) {
        ZSTD_freeDStream(inflater->stream);
        free(inflater);
    }
}

static struct inflater *zstd_new(void) {
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL) {
        return NULL;
    }
    inflater->stream = ZSTD_createDStream();
    if (inflater->stream == NULL) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

const struct inflate_ops inflate_zstd = {
    .name = "zstd", .new_inflater = zstd_new, .step = zstd_step, .finish = zstd_finish, .free_inflater = zstd_free};
