/* Fuzz target: gzip decoding in any chunking against zlib's own gzip mode.
 *
 * Input: one byte that chooses windows (bits 0-2 input, 3-5 output) and mode (bit 6), then the file.
 *   mode 0  the bytes are the file
 *   mode 1  the bytes are deflate data; if zlib decodes it, header and right trailer are put around it, so
 *           that the fuzzer needs not guess a checksum; what stands behind the data stays behind
 * Oracle: the same file is good or not for both, whatever the windows; of a good one all bytes are equal; of
 * a bad one those that both delivered, and the end that zlib has and we lack is no longer than a match.
 *
 * Threads: one. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "ingest/inflate.h"

#define TEXT_BYTES_MAX (1u << 20) /* files that unpack to more are not looked at */
#define FILE_BYTES_MAX (1u << 16)
#define MATCH_BYTES_MAX 258u

struct outcome {
    uint8_t *text;
    size_t text_bytes;
    bool good, too_long;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t reference_room[TEXT_BYTES_MAX], got_room[TEXT_BYTES_MAX], file_room[FILE_BYTES_MAX + 18];

static struct outcome unpack_by_zlib(const uint8_t *file, size_t file_bytes) {
    struct outcome outcome = {.text = reference_room};
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)file, .avail_in = (uInt)file_bytes};
    ASSERT(inflateInit2(&stream, 31) == Z_OK);
    while (stream.avail_in > 0) {
        stream.next_out = reference_room + outcome.text_bytes;
        stream.avail_out = (uInt)(TEXT_BYTES_MAX - outcome.text_bytes);
        int result = inflate(&stream, Z_SYNC_FLUSH);
        outcome.text_bytes = TEXT_BYTES_MAX - stream.avail_out;
        outcome.too_long = stream.avail_out == 0;
        outcome.good = false;
        if (result != Z_STREAM_END || outcome.too_long) {
            break;
        }
        bool padding = false;
        while (stream.avail_in > 0 && *stream.next_in == 0) {
            padding = true;
            stream.next_in++;
            stream.avail_in--;
        }
        outcome.good = stream.avail_in == 0;
        if (padding) {
            break;
        }
        ASSERT(inflateReset(&stream) == Z_OK);
    }
    inflateEnd(&stream);
    return outcome;
}

static struct outcome unpack_by_us(const uint8_t *file, size_t file_bytes, size_t in_bytes, size_t out_bytes) {
    struct outcome outcome = {.text = got_room};
    struct inflater *inflater = inflate_gzip.new_inflater();
    ASSERT(inflater != NULL);
    size_t taken = 0;
    enum inflate_result result = INFLATE_MORE;
    struct error error;
    while (result != INFLATE_BAD && (taken < file_bytes || result == INFLATE_FULL)) {
        size_t window = file_bytes - taken < in_bytes ? file_bytes - taken : in_bytes;
        size_t left = TEXT_BYTES_MAX - outcome.text_bytes;
        size_t room = left < out_bytes ? left : out_bytes;
        if (room == 0) {
            outcome.too_long = true;
            break;
        }
        /* exact allocations: the sanitizer sees a step outside */
        uint8_t *in = malloc(window + 1), *out = malloc(room);
        ASSERT(in != NULL && out != NULL);
        memcpy(in + 1, file + taken, window);
        struct inflate_io io = {in + 1, window, out, room};
        result = inflate_gzip.step(inflater, &io, &error);
        ASSERT(io.in == in + 1 + (window - io.in_bytes) && io.out == out + (room - io.out_bytes));
        ASSERT(result != INFLATE_MORE || io.in_bytes == 0);
        ASSERT(result != INFLATE_FULL || io.out_bytes == 0);
        memcpy(outcome.text + outcome.text_bytes, out, room - io.out_bytes);
        outcome.text_bytes += room - io.out_bytes;
        taken += window - io.in_bytes;
        free(in);
        free(out);
    }
    outcome.good = inflate_gzip.finish(inflater, &error) == STATUS_OK;
    ASSERT(!(outcome.good && result == INFLATE_BAD));
    inflate_gzip.free_inflater(inflater);
    return outcome;
}

/* Puts a header and the right trailer around deflate data that zlib can decode. False if it can't. */
static bool wrap(const uint8_t *data, size_t data_bytes, size_t *file_bytes) {
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)data_bytes};
    ASSERT(inflateInit2(&stream, -15) == Z_OK);
    stream.next_out = reference_room;
    stream.avail_out = TEXT_BYTES_MAX;
    int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) {
        return false;
    }
    size_t used = data_bytes - stream.avail_in;
    size_t text_bytes = TEXT_BYTES_MAX - stream.avail_out;
    uint64_t trailer = crc32_z(0, reference_room, text_bytes) | (uint64_t)text_bytes << 32;
    memcpy(file_room, header, sizeof header);
    memcpy(file_room + 10, data, used);
    for (size_t i = 0; i < 8; i++) {
        file_room[10 + used + i] = (uint8_t)(trailer >> (8 * i));
    }
    memcpy(file_room + 18 + used, data + used, data_bytes - used);
    *file_bytes = data_bytes + 18;
    return true;
}

static void compare(const uint8_t *file, size_t file_bytes, size_t in_bytes, size_t out_bytes) {
    struct outcome expected = unpack_by_zlib(file, file_bytes);
    if (expected.too_long) {
        return;
    }
    struct outcome got = unpack_by_us(file, file_bytes, in_bytes, out_bytes);
    if (got.too_long) { /* on damaged data both may go on differently */
        ASSERT(!expected.good);
        return;
    }
    size_t both = got.text_bytes < expected.text_bytes ? got.text_bytes : expected.text_bytes;
    ASSERT(got.good == expected.good);
    ASSERT(!got.good || got.text_bytes == expected.text_bytes);
    ASSERT(memcmp(got.text, expected.text, both) == 0);
    /* it may be more: igzip takes some Huffman codes for whole that zlib refuses, and stumbles later */
    ASSERT(got.text_bytes + MATCH_BYTES_MAX >= expected.text_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t windows[8] = {1, 2, 7, 9, 100, 4096, 65536, TEXT_BYTES_MAX};
    if (size == 0 || size > FILE_BYTES_MAX) {
        return 0;
    }
    const uint8_t *file = data + 1;
    size_t file_bytes = size - 1;
    if ((data[0] & 0x40) != 0) {
        if (!wrap(file, file_bytes, &file_bytes)) {
            return 0;
        }
        file = file_room;
    }
    compare(file, file_bytes, windows[data[0] & 7], windows[(data[0] >> 3) & 7]);
    compare(file, file_bytes, TEXT_BYTES_MAX, TEXT_BYTES_MAX);
    return 0;
}
