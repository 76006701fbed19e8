/* gzip framing (RFC 1952) around raw deflate data: members, headers, trailers, padding and the end of the file.
 *
 * Why not the libraries' own gzip modes: zlib stops behind the first member and leaves padding to the
 * caller; igzip takes several members but stumbles over zero padding and is silent about a file
 * that was cut short. Balancer logs have several members a file, and tools that read only the
 * first one lost records without a word. Written once here, both builds decide alike.
 *
 *   member := fixed(10) [extra] [name] [comment] [header crc] deflate data, trailer(8)
 *   file   := member+ zero*
 *
 * Header and trailer go byte by byte (some thirty bytes a member); the data between goes through
 * the library straight into the caller's buffer.
 *
 * Threads: see inflate.h. */
#include <stdlib.h>

#include "base/check.h"
#include "ingest/inflate_raw.h"

enum part { /* in the order of the file */
            PART_FIXED,
            PART_EXTRA_LENGTH,
            PART_EXTRA,
            PART_NAME,
            PART_COMMENT,
            PART_HEADER_CRC,
            PART_DATA,
            PART_TRAILER,
            PART_BETWEEN, /* behind a member: the file may end, go on with a member, or be padded */
            PART_PADDING
};

enum { FLAG_HEADER_CRC = 0x02, FLAG_EXTRA = 0x04, FLAG_NAME = 0x08, FLAG_COMMENT = 0x10, FLAGS_RESERVED = 0xe0 };

static const uint8_t part_flags[PART_DATA] = {
    [PART_EXTRA_LENGTH] = FLAG_EXTRA, [PART_EXTRA] = FLAG_EXTRA,           [PART_NAME] = FLAG_NAME,
    [PART_COMMENT] = FLAG_COMMENT,    [PART_HEADER_CRC] = FLAG_HEADER_CRC,
};

struct inflater {
    struct inflate_raw *raw;
    const char *damage; /* what is wrong, once something is; stays */
    uint64_t value;     /* little-endian number being gathered in this part */
    uint64_t members_count;
    enum part part;
    uint32_t part_bytes; /* bytes of this part seen */
    uint32_t extra_bytes;
    uint32_t header_crc;
    uint32_t data_crc;
    uint32_t data_bytes; /* modulo 2^32, as the trailer has it */
    uint8_t flags;
};

static void enter(struct inflater *inflater, enum part part) {
    inflater->part = part;
    inflater->part_bytes = 0;
    inflater->value = 0;
}

static void enter_member(struct inflater *inflater) {
    inflate_raw_reset(inflater->raw);
    inflater->header_crc = 0;
    inflater->data_crc = 0;
    inflater->data_bytes = 0;
    inflater->extra_bytes = 0;
    inflater->flags = 0;
    enter(inflater, PART_FIXED);
}

static void enter_next_header_part(struct inflater *inflater) {
    enum part part = inflater->part;
    do {
        part++;
    } while (part < PART_DATA &&
             ((inflater->flags & part_flags[part]) == 0 || (part == PART_EXTRA && inflater->extra_bytes == 0)));
    enter(inflater, part);
}

/* True when the number of `bytes_count` bytes is complete. */
static bool gather(struct inflater *inflater, uint8_t byte, uint32_t bytes_count) {
    inflater->value |= (uint64_t)byte << (8 * inflater->part_bytes);
    return ++inflater->part_bytes == bytes_count;
}

static void take_fixed(struct inflater *inflater, uint8_t byte) {
    static const uint8_t magic_and_method[3] = {0x1f, 0x8b, 0x08};
    uint32_t position = inflater->part_bytes++;
    if (position < sizeof magic_and_method) {
        if (byte != magic_and_method[position]) {
            inflater->damage = inflater->members_count == 0 ? "not a gzip stream"
                                                            : "bytes behind the gzip stream that are no gzip member";
        }
    } else if (position == 3) {
        inflater->flags = byte;
        if ((byte & FLAGS_RESERVED) != 0) {
            inflater->damage = "the gzip header has flags that RFC 1952 does not know";
        }
    } else if (position == 9) {
        enter_next_header_part(inflater);
    }
}

static void take_header(struct inflater *inflater, uint8_t byte) {
    if (inflater->part != PART_HEADER_CRC) {
        inflater->header_crc = inflate_raw_crc32(inflater->header_crc, &byte, 1);
    }
    switch (inflater->part) {
    case PART_FIXED: take_fixed(inflater, byte); break;
    case PART_EXTRA_LENGTH:
        if (gather(inflater, byte, 2)) {
            inflater->extra_bytes = (uint32_t)inflater->value;
            enter_next_header_part(inflater);
        }
        break;
    case PART_EXTRA:
        if (++inflater->part_bytes == inflater->extra_bytes) {
            enter_next_header_part(inflater);
        }
        break;
    case PART_NAME:
    case PART_COMMENT:
        if (byte == 0) {
            enter_next_header_part(inflater);
        }
        break;
    default:
        ASSERT(inflater->part == PART_HEADER_CRC);
        if (gather(inflater, byte, 2)) {
            if (inflater->value != (inflater->header_crc & 0xffff)) {
                inflater->damage = "the gzip header's checksum is wrong";
            }
            enter_next_header_part(inflater);
        }
        break;
    }
}

static void take_trailer(struct inflater *inflater, uint8_t byte) {
    if (!gather(inflater, byte, 8)) {
        return;
    }
    if ((uint32_t)inflater->value != inflater->data_crc) {
        inflater->damage = "the gzip data's checksum is wrong";
    } else if ((uint32_t)(inflater->value >> 32) != inflater->data_bytes) {
        inflater->damage = "the gzip data's length is wrong";
    }
    inflater->members_count++;
    enter(inflater, PART_BETWEEN);
}

/* Any byte outside the deflate data. */
static void take(struct inflater *inflater, uint8_t byte) {
    if (inflater->part < PART_DATA) {
        take_header(inflater, byte);
    } else if (inflater->part == PART_TRAILER) {
        take_trailer(inflater, byte);
    } else if (byte == 0) {
        enter(inflater, PART_PADDING);
    } else if (inflater->part == PART_BETWEEN) {
        enter_member(inflater);
        take_header(inflater, byte);
    } else {
        inflater->damage = "bytes behind the gzip stream's zero padding";
    }
}

/* False when the library can't go on without more input or room. */
static bool take_data(struct inflater *inflater, struct inflate_io *io) {
    const struct inflate_io before = *io;
    struct inflate_raw_rest rest;
    enum inflate_raw_result result = inflate_raw_step(inflater->raw, io, &rest);
    size_t made = before.out_bytes - io->out_bytes;
    if (made > 0) {
        inflater->data_crc = inflate_raw_crc32(inflater->data_crc, before.out, made);
        inflater->data_bytes += (uint32_t)made;
    }
    if (result == INFLATE_RAW_END) {
        enter(inflater, PART_TRAILER);
        for (size_t i = 0; i < rest.bytes_count; i++) {
            take(inflater, rest.bytes[i]);
        }
        return true;
    }
    if (result == INFLATE_RAW_BAD) {
        inflater->damage = "the gzip data is damaged";
        return true;
    }
    if (io->in_bytes == 0 || io->out_bytes == 0) {
        return false;
    }
    if (NEVER(io->in_bytes == before.in_bytes && io->out_bytes == before.out_bytes)) {
        inflater->damage = "the gzip data can't be decoded";
    }
    return true;
}

static enum inflate_result gzip_step(struct inflater *inflater, struct inflate_io *io, struct error *error) {
    /* igzip subtracts its slack from the ends of both windows, and that wraps around at a null pointer */
    ASSERT(io->in != NULL && io->out != NULL);
    while (inflater->damage == NULL) {
        if (inflater->part == PART_DATA) {
            if (!take_data(inflater, io)) {
                return io->out_bytes == 0 ? INFLATE_FULL : INFLATE_MORE;
            }
        } else if (io->in_bytes == 0) {
            return INFLATE_MORE;
        } else {
            io->in_bytes--;
            take(inflater, *io->in++);
        }
    }
    error_set(error, STATUS_FAILED, "%s", inflater->damage);
    return INFLATE_BAD;
}

static enum status gzip_finish(struct inflater *inflater, struct error *error) {
    if (inflater->damage != NULL) {
        return error_set(error, STATUS_FAILED, "%s", inflater->damage);
    }
    if (inflater->part < PART_BETWEEN) {
        return error_set(error, STATUS_FAILED, "the gzip stream ends too early: it was cut short");
    }
    return STATUS_OK;
}

static void gzip_free(struct inflater *inflater) {
    if (inflater != NULL) {
        inflate_raw_free(inflater->raw);
        free(inflater);
    }
}

static struct inflater *gzip_new(void) {
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL) {
        return NULL;
    }
    inflater->raw = inflate_raw_new();
    if (inflater->raw == NULL) {
        free(inflater);
        return NULL;
    }
    enter_member(inflater);
    return inflater;
}

const struct inflate_ops inflate_gzip = {.name = inflate_raw_gzip_name,
                                         .new_inflater = gzip_new,
                                         .step = gzip_step,
                                         .finish = gzip_finish,
                                         .free_inflater = gzip_free};
