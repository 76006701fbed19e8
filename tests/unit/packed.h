/* Compressed texts, for tests that are about something else.
 *
 * Threads: one. */
#ifndef WHEREFROM_PACKED_H
#define WHEREFROM_PACKED_H

#include <zlib.h>
#include <zstd.h>

#include "base/check.h"
#include "base/slice.h"

struct packed {
    size_t count;
    uint8_t bytes[8u << 20];
};

static inline struct slice packed_slice(const struct packed *packed) {
    return (struct slice){(const char *)packed->bytes, packed->count};
}

/* Bytes as they are behind what is there. */
static inline void packed_add(struct packed *packed, struct slice bytes) {
    ASSERT(bytes.len <= sizeof packed->bytes - packed->count);
    memcpy(packed->bytes + packed->count, bytes.ptr, bytes.len);
    packed->count += bytes.len;
}

/* One gzip member. */
static inline void packed_add_gzip(struct packed *packed, struct slice text) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text.ptr,
                       .avail_in = (uInt)text.len,
                       .next_out = packed->bytes + packed->count,
                       .avail_out = (uInt)(sizeof packed->bytes - packed->count)};
    ASSERT(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed->count = sizeof packed->bytes - stream.avail_out;
    deflateEnd(&stream);
}

static inline void packed_gzip(struct packed *packed, struct slice text) {
    packed->count = 0;
    packed_add_gzip(packed, text);
}

/* One frame with a checksum. */
static inline void packed_zstd(struct packed *packed, struct slice text) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ASSERT(context != NULL);
    ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    packed->count = ZSTD_compress2(context, packed->bytes, sizeof packed->bytes, text.ptr, text.len);
    ASSERT(!ZSTD_isError(packed->count));
    ZSTD_freeCCtx(context);
}

#endif
