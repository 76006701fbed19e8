/* Decompression as a stream: any chunking in, any chunking out, every member read.
 *
 * Two formats behind one table of functions: gzip (framing in inflate_gzip.c, deflate data by ISA-L, two to
 * three times faster than zlib, or by zlib; chosen at build time, same results), and zstd. Both read
 * concatenated and empty members and ignore zero bytes behind the last one (tape padding); anything
 * else behind a member is INFLATE_BAD, as is a member that ends too early (seen at inflate_finish).
 *
 * Threads: an inflater belongs to one reader. */
#ifndef WHEREFROM_INFLATE_H
#define WHEREFROM_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum inflate_result {
    INFLATE_MORE, /* all input used; give more, or finish */
    INFLATE_FULL, /* the output room is used up; call again with more room (input may be left) */
    INFLATE_BAD   /* the stream is damaged at this point; what was written before is good */
};

/* A window of input and of output; the call moves the pointers forward. Neither pointer is null, also when
 * no bytes are behind it. */
struct inflate_io {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

struct inflater;

struct inflate_ops {
    const char *name; /* "gzip (isa-l)" */
    /* NULL when memory is short. */
    struct inflater *(*new_inflater)(void);
    /* Decodes as much as fits. On INFLATE_BAD `error` says what is wrong, without naming the file. */
    enum inflate_result (*step)(struct inflater *inflater, struct inflate_io *io, struct error *error);
    /* At the end of the input: STATUS_OK if the stream ended at a member's end. */
    enum status (*finish)(struct inflater *inflater, struct error *error);
    void (*free_inflater)(struct inflater *inflater);
};

extern const struct inflate_ops inflate_gzip, inflate_zstd;

/* Chooses by content: gzip (1f 8b 08), zstd (28 b5 2f fd, or a skippable frame: 5x 2a 4d 18), NULL for
 * anything else = plain. `head` are the first bytes of the input, up to 4. */
const struct inflate_ops *inflate_detect(const uint8_t *head, size_t head_bytes);

#endif
