/* Raw deflate data (RFC 1951) by whichever library the build chose: the seam below inflate_gzip.c.
 *
 * The gzip framing (headers, trailers, members, padding, ends) is ours and written once; a library
 * only turns deflate data into bytes and computes CRC-32. So both builds accept and refuse the same
 * files with the same words, and neither library's idea of a file's end matters.
 * Exactly one of inflate_isal.c and inflate_zlib.c is linked.
 *
 * Threads: an inflate_raw belongs to one reader; inflate_raw_crc32 is a pure function. */
#ifndef WHEREFROM_INFLATE_RAW_H
#define WHEREFROM_INFLATE_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "ingest/inflate.h"

/* A library reads ahead; what it took from behind the deflate data comes back this way. Never more
 * than the 8 bytes of a gzip trailer. */
#define INFLATE_RAW_READ_AHEAD_BYTES_MAX 8u

struct inflate_raw_rest {
    uint8_t bytes[INFLATE_RAW_READ_AHEAD_BYTES_MAX];
    size_t bytes_count;
};

enum inflate_raw_result {
    INFLATE_RAW_ON,  /* not at the end; io->in_bytes or io->out_bytes (or both) has become 0, or a library's
                        own limit was hit: call again */
    INFLATE_RAW_END, /* the last block is done and all its bytes are delivered; `rest` is filled */
    INFLATE_RAW_BAD  /* damaged; everything decoded before it has been delivered */
};

struct inflate_raw;

extern const char inflate_raw_gzip_name[]; /* for inflate_ops.name */

struct inflate_raw *inflate_raw_new(void); /* NULL when memory is short */
void inflate_raw_free(struct inflate_raw *raw);

/* Ready for the next deflate stream. */
void inflate_raw_reset(struct inflate_raw *raw);

/* One call of the library. ON with io->out_bytes == 0 may hide bytes that wait for room; ON with room
 * left hides none. */
enum inflate_raw_result inflate_raw_step(struct inflate_raw *raw, struct inflate_io *io, struct inflate_raw_rest *rest);

/* CRC-32 of RFC 1952; start with 0. */
uint32_t inflate_raw_crc32(uint32_t crc, const uint8_t *bytes, size_t bytes_count);

#endif
