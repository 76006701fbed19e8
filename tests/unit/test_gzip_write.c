/* What is written is what zlib reads back, however it was fed and however little room there was.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sinks/gzip_write.h"

#define TEXT_BYTES (1024u * 1024)
#define PACKED_BYTES (2u * TEXT_BYTES)

enum content { NOTHING, ONE_BYTE, WORDS, NOISE };

struct feed {
    const char *what;
    enum content content;
    size_t in_piece, out_piece;
};

static size_t fill(char *text, enum content content) {
    uint32_t random = 2463534242u;
    if (content == NOTHING) return 0;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        text[i] = content == NOISE ? (char)random : "{\"client\":"[random % 3 + i % 7];
    }
    return content == ONE_BYTE ? 1 : TEXT_BYTES;
}

/* Returns how many bytes the stream has. */
static size_t pack(struct gzip_writer *writer, const struct feed *feed, const char *text, size_t text_bytes,
                   char *packed) {
    size_t taken = 0, written = 0;
    bool ended = false;
    while (!ended) {
        bool last = text_bytes - taken <= feed->in_piece;
        struct gzip_io io = {.in = text + taken, .in_bytes = last ? text_bytes - taken : feed->in_piece};
        taken += io.in_bytes;
        do {
            io.out = packed + written;
            io.out_bytes = feed->out_piece;
            ended = gzip_writer_step(writer, &io, last);
            written += feed->out_piece - io.out_bytes;
            assert_true(written + feed->out_piece <= PACKED_BYTES);
        } while (io.out_bytes == 0 || io.in_bytes > 0);
        assert_true(!ended || last);
    }
    return written;
}

static void check(const struct feed *feed, const char *text, size_t text_bytes, char *packed, size_t packed_bytes) {
    z_stream stream = {.next_in = (Bytef *)packed, .avail_in = (uInt)packed_bytes};
    char *back = malloc(TEXT_BYTES + 1);
    assert_non_null(back);
    stream.next_out = (Bytef *)back;
    stream.avail_out = TEXT_BYTES + 1;
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    int result = inflate(&stream, Z_FINISH);
    if (result != Z_STREAM_END || stream.total_out != text_bytes || stream.avail_in != 0 ||
        memcmp(back, text, text_bytes) != 0)
        fail_msg("%s: %d, %lu bytes of %zu, %u left over", feed->what, result, stream.total_out, text_bytes,
                 stream.avail_in);
    inflateEnd(&stream);
    free(back);
}

static void comes_back(void **state) {
    static const struct feed feeds[] = {
        {"nothing", NOTHING, 1, 4096},
        {"one byte", ONE_BYTE, 1, 4096},
        {"words at once", WORDS, TEXT_BYTES, PACKED_BYTES / 2},
        {"small pieces", WORDS, 7, 64 * 1024},
        {"little room", WORDS, 65536, 19},
        {"noise", NOISE, 100000, 100000},
        {"noise, little room", NOISE, 4099, 31},
        {"one byte of room", WORDS, 5000, 1},
    };
    (void)state;
    char *text = malloc(TEXT_BYTES), *packed = malloc(PACKED_BYTES), *again = malloc(PACKED_BYTES);
    struct gzip_writer *writer = gzip_writer_new();
    assert_true(text != NULL && packed != NULL && again != NULL && writer != NULL);
    for (size_t i = 0; i < sizeof feeds / sizeof feeds[0]; i++) {
        size_t text_bytes = fill(text, feeds[i].content);
        size_t packed_bytes = pack(writer, &feeds[i], text, text_bytes, packed);
        check(&feeds[i], text, text_bytes, packed, packed_bytes);
        if (feeds[i].content == WORDS && packed_bytes > TEXT_BYTES / 2)
            fail_msg("%s: %zu bytes are not packed", feeds[i].what, packed_bytes);
        gzip_writer_reset(writer); /* the same again gives the same */
        assert_true(pack(writer, &feeds[i], text, text_bytes, again) == packed_bytes);
        assert_memory_equal(again, packed, packed_bytes);
        gzip_writer_reset(writer);
    }
    gzip_writer_free(writer);
    free(text), free(packed), free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
