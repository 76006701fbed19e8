/* Decompression: every kind of gzip and zstd file in every chunking, against zlib's own verdict.
 *
 * Input windows end at an unreadable page. The reference for gzip is zlib's gzip mode in one call per
 * member, with the rules for padding and garbage of inflate.h around it.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "ingest/inflate.h"
#include "tests/unit/guard.h"

#define ROOM_BYTES (8u * 1024 * 1024)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct bytes {
    uint8_t *ptr;
    size_t count;
};

enum verdict { GOOD, BAD, CUT };

struct outcome {
    struct bytes text;
    enum verdict verdict;
    struct error error;
};

static const size_t chunkings[] = {1, 7, 4096};
static uint8_t text_room[ROOM_BYTES], reference_room[ROOM_BYTES];

static void append(struct bytes *file, const void *what, size_t count) {
    file->ptr = realloc(file->ptr, file->count + count + 1);
    assert_non_null(file->ptr);
    if (count > 0) {
        memcpy(file->ptr + file->count, what, count);
    }
    file->count += count;
}

/* One gzip member; `header` may be NULL. */
static void append_member(struct bytes *file, const void *text, size_t count, int level, gz_header *header) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    if (header != NULL) {
        assert_int_equal(deflateSetHeader(&stream, header), Z_OK);
    }
    size_t room = deflateBound(&stream, count) + 1024;
    uint8_t *out = malloc(room);
    assert_non_null(out);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    append(file, out, room - stream.avail_out);
    deflateEnd(&stream);
    free(out);
}

static void append_frame(struct bytes *file, const void *text, size_t count) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(context);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t room = ZSTD_compressBound(count);
    uint8_t *out = malloc(room);
    assert_non_null(out);
    size_t made = ZSTD_compress2(context, out, room, text, count);
    assert_false(ZSTD_isError(made));
    append(file, out, made);
    free(out);
    ZSTD_freeCCtx(context);
}

/* Text like a log: repeats itself, yet not exactly. */
static struct bytes log_text(size_t count) {
    struct bytes text = {.ptr = malloc(count + 128)};
    assert_non_null(text.ptr);
    uint32_t random = 12345;
    while (text.count < count) {
        random = random * 1664525u + 1013904223u;
        int length = snprintf((char *)text.ptr + text.count, 128,
                              "https 2025-12-01T00:00:%02u.%06uZ app/web/50dc 10.%u.%u.80:%u \"GET /\"\n", random % 60,
                              (random >> 8) % 1000000, random >> 24, (random >> 16) % 256, random >> 16);
        text.count += (size_t)length;
    }
    text.count = count;
    return text;
}

/* The file in windows of `in_bytes`, the text through windows of `out_bytes`. */
static struct outcome unpack(const struct inflate_ops *ops, struct bytes file, size_t in_bytes, size_t out_bytes) {
    const uint8_t *in = (const uint8_t *)guard_copy((struct slice){(const char *)file.ptr, file.count}).ptr;
    struct inflater *inflater = ops->new_inflater();
    assert_non_null(inflater);
    struct outcome outcome = {.text = {.ptr = text_room}, .verdict = GOOD};
    size_t taken = 0;
    enum inflate_result result = INFLATE_MORE;
    while (result != INFLATE_BAD && (taken < file.count || result == INFLATE_FULL)) {
        size_t window = file.count - taken < in_bytes ? file.count - taken : in_bytes;
        assert_true(outcome.text.count + out_bytes <= ROOM_BYTES);
        struct inflate_io io = {in + taken, window, text_room + outcome.text.count, out_bytes};
        result = ops->step(inflater, &io, &outcome.error);
        assert_true(io.in_bytes <= window && io.out_bytes <= out_bytes);
        assert_ptr_equal(io.in, in + taken + (window - io.in_bytes));
        assert_ptr_equal(io.out, text_room + outcome.text.count + (out_bytes - io.out_bytes));
        assert_true(result != INFLATE_MORE || io.in_bytes == 0);
        assert_true(result != INFLATE_FULL || io.out_bytes == 0);
        taken += window - io.in_bytes;
        outcome.text.count += out_bytes - io.out_bytes;
    }
    if (result == INFLATE_BAD) {
        struct error again;
        assert_int_equal(ops->finish(inflater, &again), STATUS_FAILED);
        assert_string_equal(again.message, outcome.error.message);
        outcome.verdict = BAD;
    } else if (ops->finish(inflater, &outcome.error) != STATUS_OK) {
        outcome.verdict = CUT;
    }
    ops->free_inflater(inflater);
    return outcome;
}

/* What zlib makes of a gzip file. */
static struct outcome reference(struct bytes file) {
    struct outcome outcome = {.text = {.ptr = reference_room}, .verdict = CUT};
    z_stream stream = {.next_in = file.ptr, .avail_in = (uInt)file.count};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    while (stream.avail_in > 0) {
        stream.next_out = reference_room + outcome.text.count;
        stream.avail_out = (uInt)(ROOM_BYTES - outcome.text.count);
        int result = inflate(&stream, Z_SYNC_FLUSH);
        outcome.text.count = ROOM_BYTES - stream.avail_out;
        if (result != Z_STREAM_END) {
            outcome.verdict = result == Z_OK || result == Z_BUF_ERROR ? CUT : BAD;
            break;
        }
        bool padding = false;
        while (stream.avail_in > 0 && *stream.next_in == 0) {
            padding = true;
            stream.next_in++;
            stream.avail_in--;
        }
        outcome.verdict = stream.avail_in == 0 ? GOOD : padding ? BAD : CUT;
        if (padding) {
            break;
        }
        assert_int_equal(inflateReset(&stream), Z_OK);
    }
    inflateEnd(&stream);
    return outcome;
}

static void assert_agrees(const struct outcome *got, const struct outcome *expected, bool to_the_last_byte) {
    assert_int_equal(got->verdict, expected->verdict);
    assert_true(got->text.count <= expected->text.count);
    assert_memory_equal(got->text.ptr, expected->text.ptr, got->text.count);
    if (to_the_last_byte) {
        assert_int_equal(got->text.count, expected->text.count);
    }
}

static void assert_in_every_chunking(const struct inflate_ops *ops, struct bytes file, struct bytes text,
                                     enum verdict verdict, const char *message) {
    for (size_t i = 0; i < COUNT(chunkings); i++) {
        for (size_t o = 0; o < COUNT(chunkings); o++) {
            struct outcome got = unpack(ops, file, chunkings[i], chunkings[o]);
            struct outcome expected = {.text = text, .verdict = verdict};
            assert_agrees(&got, &expected, true);
            if (verdict != GOOD) {
                assert_string_equal(got.error.message, message);
            }
        }
    }
}

static void detects_by_content(void **state) {
    (void)state;
    static const struct {
        const char *what;
        uint8_t head[4];
        size_t head_bytes;
        const struct inflate_ops *expected;
    } cases[] = {
        {"gzip", {0x1f, 0x8b, 0x08, 0x00}, 4, &inflate_gzip},
        {"gzip, three bytes", {0x1f, 0x8b, 0x08}, 3, &inflate_gzip},
        {"gzip, two bytes are not enough", {0x1f, 0x8b, 0x08}, 2, NULL},
        {"compress(1) method", {0x1f, 0x8b, 0x07, 0x00}, 4, NULL},
        {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, &inflate_zstd},
        {"zstd, skippable frame first", {0x5a, 0x2a, 0x4d, 0x18}, 4, &inflate_zstd},
        {"zstd, three bytes", {0x28, 0xb5, 0x2f, 0xfd}, 3, NULL},
        {"text", {'h', 't', 't', 'p'}, 4, NULL},
        {"nothing", {0}, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_ptr_equal(inflate_detect(cases[i].head, cases[i].head_bytes), cases[i].expected);
    }
    assert_non_null(strstr(inflate_gzip.name, "gzip"));
}

static const char hello[] = "hello log, hello log, hello log\n";
#define HELLO_BYTES (sizeof hello - 1)
#define GARBAGE "bytes behind the gzip stream that are no gzip member"
#define PADDED_GARBAGE "bytes behind the gzip stream's zero padding"
#define CUT_SHORT "the gzip stream ends too early: it was cut short"

static void gzip_members_and_ends(void **state) {
    (void)state;
    /* parts: m member of `hello`, e empty member, s stored member, 0 a zero byte, others as they are */
    static const struct {
        const char *what, *parts;
        size_t hellos_count;
        enum verdict verdict;
        const char *message;
    } cases[] = {
        {"one member", "m", 1, GOOD, ""},
        {"two members", "mm", 2, GOOD, ""},
        {"a stored member between", "msm", 3, GOOD, ""},
        {"an empty member alone", "e", 0, GOOD, ""},
        {"empty members everywhere", "eemeeme", 2, GOOD, ""},
        {"one zero behind", "m0", 1, GOOD, ""},
        {"zeros behind", "mm00000000000000000", 2, GOOD, ""},
        {"zeros behind an empty member", "e000", 0, GOOD, ""},
        {"garbage behind", "mxyz", 1, BAD, GARBAGE},
        {"garbage that begins like a member", "m\x1fx", 1, BAD, GARBAGE},
        {"a member of an unknown method", "m\x1f\x8b\x07", 1, BAD, GARBAGE},
        {"garbage behind zeros", "m00x", 1, BAD, PADDED_GARBAGE},
        {"a member behind zeros", "m00m", 1, BAD, PADDED_GARBAGE},
        {"a member's first byte", "m\x1f", 1, CUT, CUT_SHORT},
        {"a member's first bytes", "m\x1f\x8b\x08", 1, CUT, CUT_SHORT},
        {"no gzip at all", "xyz", 0, BAD, "not a gzip stream"},
        {"flags unknown", "m\x1f\x8b\x08\x20", 1, BAD, "the gzip header has flags that RFC 1952 does not know"},
        {"nothing", "", 0, CUT, CUT_SHORT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        struct bytes file = {0}, text = {0};
        append(&file, "", 0);
        for (const char *part = cases[i].parts; *part != '\0'; part++) {
            if (*part == 'm' || *part == 's') {
                append_member(&file, hello, HELLO_BYTES, *part == 'm' ? 9 : 0, NULL);
            } else if (*part == 'e') {
                append_member(&file, "", 0, 6, NULL);
            } else {
                append(&file, *part == '0' ? "" : part, 1);
            }
        }
        append(&text, "", 0);
        for (size_t n = 0; n < cases[i].hellos_count; n++) {
            append(&text, hello, HELLO_BYTES);
        }
        assert_in_every_chunking(&inflate_gzip, file, text, cases[i].verdict, cases[i].message);
        free(file.ptr);
        free(text.ptr);
    }
}

/* A member with all optional header parts; `with` chooses them. */
static void append_headed_member(struct bytes *file, unsigned with) {
    static Bytef extra[300] = "extra", name[] = "a name", comment[] = "a comment";
    gz_header header = {.os = 3,
                        .extra = (with & 1) != 0 ? extra : Z_NULL,
                        .extra_len = (with & 1) != 0 ? ((with & 16) != 0 ? 0 : sizeof extra) : 0,
                        .name = (with & 2) != 0 ? name : Z_NULL,
                        .comment = (with & 4) != 0 ? comment : Z_NULL,
                        .hcrc = (with & 8) != 0};
    append_member(file, hello, HELLO_BYTES, 6, &header);
}

static void gzip_optional_header_parts(void **state) {
    (void)state;
    for (unsigned with = 0; with < 32; with++) {
        struct bytes file = {0}, text = {0};
        append_headed_member(&file, with);
        append_headed_member(&file, with);
        append(&text, hello, HELLO_BYTES);
        append(&text, hello, HELLO_BYTES);
        assert_in_every_chunking(&inflate_gzip, file, text, GOOD, "");
        free(file.ptr);
        free(text.ptr);
    }
}

static void gzip_wrong_sums_are_told_after_all_bytes(void **state) {
    (void)state;
    struct bytes text = log_text(200000);
    static const struct {
        const char *what;
        size_t from_end;
        const char *message;
    } cases[] = {
        {"crc", 8, "the gzip data's checksum is wrong"},
        {"crc, last byte", 5, "the gzip data's checksum is wrong"},
        {"length", 4, "the gzip data's length is wrong"},
        {"length, last byte", 1, "the gzip data's length is wrong"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        struct bytes file = {0};
        append_member(&file, text.ptr, text.count, 6, NULL);
        file.ptr[file.count - cases[i].from_end] ^= 0x10;
        append_member(&file, hello, HELLO_BYTES, 6, NULL); /* must not be reached */
        assert_in_every_chunking(&inflate_gzip, file, text, BAD, cases[i].message);
        free(file.ptr);
    }
    struct bytes file = {0};
    append_headed_member(&file, 8);
    file.ptr[10] ^= 1;
    assert_in_every_chunking(&inflate_gzip, file, (struct bytes){text.ptr, 0}, BAD,
                             "the gzip header's checksum is wrong");
    free(file.ptr);
    free(text.ptr);
}

static void gzip_cut_at_every_byte(void **state) {
    (void)state;
    struct bytes file = {0};
    append_headed_member(&file, 15);
    append_member(&file, "", 0, 6, NULL);
    append_member(&file, hello, HELLO_BYTES, 0, NULL);
    append(&file, "\0\0\0", 3);
    size_t good_count = 0;
    for (size_t cut = 0; cut < file.count; cut++) {
        struct bytes part = {file.ptr, cut};
        struct outcome expected = reference(part);
        good_count += expected.verdict == GOOD;
        for (size_t c = 0; c < COUNT(chunkings); c++) {
            struct outcome got = unpack(&inflate_gzip, part, chunkings[c], chunkings[COUNT(chunkings) - 1 - c]);
            assert_agrees(&got, &expected, expected.verdict == GOOD);
            assert_true(expected.text.count - got.text.count <= 3); /* igzip decodes up to three literals at once */
        }
    }
    assert_int_equal(good_count, 5); /* behind each member and each zero but the last */
    free(file.ptr);
}

static void gzip_every_bit_flipped(void **state) {
    (void)state;
    struct bytes file = {0};
    append_headed_member(&file, 14);
    append_member(&file, hello, HELLO_BYTES, 0, NULL);
    append(&file, "\0", 1);
    size_t verdicts[3] = {0};
    for (size_t bit = 0; bit < file.count * 8; bit++) {
        file.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct outcome expected = reference(file);
        verdicts[expected.verdict]++;
        for (size_t c = 0; c < COUNT(chunkings); c++) {
            struct outcome got = unpack(&inflate_gzip, file, chunkings[c], chunkings[COUNT(chunkings) - 1 - c]);
            if (expected.verdict == GOOD) {
                assert_agrees(&got, &expected, true);
            } else {
                /* which comes first, damage or end, may differ: both are told */
                assert_int_not_equal(got.verdict, GOOD);
            }
        }
        file.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_true(verdicts[GOOD] > 50 && verdicts[BAD] > 500); /* time, OS and level bytes don't matter */
    free(file.ptr);
}

/* Deflate data by hand: 100 KB of stored blocks, then a block of type 3, which does not exist. */
static void gzip_gives_all_that_precedes_damage(void **state) {
    (void)state;
    struct bytes text = log_text(100000), file = {0};
    append(&file, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    for (size_t at = 0; at < text.count; at += 50000) {
        append(&file, "\0\x50\xc3\xaf\x3c", 5); /* stored, not last, 50,000 bytes */
        append(&file, text.ptr + at, 50000);
    }
    append(&file, "\7", 1);
    assert_in_every_chunking(&inflate_gzip, file, text, BAD, "the gzip data is damaged");
    free(file.ptr);
    free(text.ptr);
}

/* Data that was packed with a dictionary refers to bytes that do not exist. igzip then counted the match
 * as made (stale memory came out as text) and gave wrong numbers for the rest of both windows. */
static void gzip_match_before_the_beginning_gives_no_stale_bytes(void **state) {
    (void)state;
    struct bytes text = log_text(80000), file = {0};
    append(&file, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    static uint8_t dictionary[4000], packed[100000];
    for (size_t i = 0; i < sizeof dictionary; i++) {
        dictionary[i] = (uint8_t)(128 + i * i % 127);
    }
    memcpy(text.ptr + 20000, dictionary + 1000, 2000);
    z_stream stream = {
        .next_in = text.ptr, .avail_in = (uInt)text.count, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflateSetDictionary(&stream, dictionary, sizeof dictionary), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    append(&file, packed, sizeof packed - stream.avail_out);
    deflateEnd(&stream);
    struct outcome expected = reference(file);
    assert_int_equal(expected.verdict, BAD);
    assert_int_equal(expected.text.count, 20000);
    static const size_t windows[][2] = {
        {1, 1}, {7, 4096}, {4096, 7}, {4096, 4096}, {1u << 20, 1u << 20}, {1u << 20, 20100}, {1u << 20, 19900}};
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct outcome got = unpack(&inflate_gzip, file, windows[i][0], windows[i][1]);
        assert_agrees(&got, &expected, false);
        assert_true(got.text.count + 258 >= expected.text.count);
        assert_string_equal(got.error.message, "the gzip data is damaged");
    }
    free(file.ptr);
    free(text.ptr);
}

static void gzip_large_and_many(void **state) {
    (void)state;
    struct bytes text = log_text(3000000), file = {0};
    append_member(&file, text.ptr, 1000000, 1, NULL);
    append_member(&file, text.ptr + 1000000, 65536, 0, NULL);
    append_member(&file, text.ptr + 1065536, 1934464, 9, NULL);
    static const size_t windows[][2] = {{1, 70000},      {70000, 1},  {3, 5},
                                        {65536, 262144}, {4096, 100}, {1u << 22, 1u << 22}};
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct outcome got = unpack(&inflate_gzip, file, windows[i][0], windows[i][1]);
        struct outcome expected = {.text = text, .verdict = GOOD};
        assert_agrees(&got, &expected, true);
    }
    free(file.ptr);
    free(text.ptr);
}

static void no_room_and_no_input_are_harmless(void **state) {
    (void)state;
    const struct inflate_ops *all[] = {&inflate_gzip, &inflate_zstd};
    for (size_t i = 0; i < COUNT(all); i++) {
        struct bytes file = {0};
        if (all[i] == &inflate_gzip) {
            append_member(&file, hello, HELLO_BYTES, 6, NULL);
        } else {
            append_frame(&file, hello, HELLO_BYTES);
        }
        struct inflater *inflater = all[i]->new_inflater();
        assert_non_null(inflater);
        struct inflate_io io = {file.ptr, 0, text_room, 0};
        assert_int_not_equal(all[i]->step(inflater, &io, NULL), INFLATE_BAD);
        io.in = file.ptr;
        io.in_bytes = file.count;
        for (size_t again = 0; again < 200; again++) {
            io.out_bytes = again == 100 ? 5 : 0;
            assert_int_equal(all[i]->step(inflater, &io, NULL), INFLATE_FULL);
        }
        assert_int_equal(all[i]->finish(inflater, NULL), STATUS_FAILED);
        io.out_bytes = HELLO_BYTES - 5;
        (void)all[i]->step(inflater, &io, NULL);
        assert_memory_equal(text_room, hello, HELLO_BYTES);
        assert_int_equal(io.out_bytes, 0);
        io.out_bytes = 1;
        assert_int_equal(all[i]->step(inflater, &io, NULL), INFLATE_MORE);
        assert_int_equal(io.out_bytes, 1);
        assert_int_equal(all[i]->finish(inflater, NULL), STATUS_OK);
        all[i]->free_inflater(inflater);
        all[i]->free_inflater(NULL);
        free(file.ptr);
    }
}

static void zstd_frames_and_ends(void **state) {
    (void)state;
    /* parts: m frame of `hello`, e empty frame, k skippable frame, 0 a zero byte, others as they are */
    static const struct {
        const char *what, *parts;
        size_t hellos_count;
        enum verdict verdict;
        const char *message;
    } cases[] = {
        {"one frame", "m", 1, GOOD, ""},
        {"frames, empty and skippable ones", "kmekmek", 2, GOOD, ""},
        {"only an empty frame", "e", 0, GOOD, ""},
        {"zeros behind", "mm0000000", 2, GOOD, ""},
        {"garbage behind", "mxyzxyz", 1, BAD, "damaged zstd data: bytes behind the zstd stream that are no zstd frame"},
        {"garbage behind zeros", "m0x", 1, BAD, "damaged zstd data: bytes behind the zstd stream's zero padding"},
        {"a frame's first bytes", "m\x28\xb5", 1, CUT, "the zstd stream ends too early: it was cut short"},
        {"nothing", "", 0, CUT, "the zstd stream ends too early: it was cut short"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("  %s\n", cases[i].what);
        struct bytes file = {0}, text = {0};
        append(&file, "", 0);
        for (const char *part = cases[i].parts; *part != '\0'; part++) {
            if (*part == 'm' || *part == 'e') {
                append_frame(&file, hello, *part == 'm' ? HELLO_BYTES : 0);
            } else if (*part == 'k') {
                append(&file, "\x5e\x2a\x4d\x18\3\0\0\0abc", 11);
            } else {
                append(&file, *part == '0' ? "" : part, 1);
            }
        }
        append(&text, "", 0);
        for (size_t n = 0; n < cases[i].hellos_count; n++) {
            append(&text, hello, HELLO_BYTES);
        }
        assert_in_every_chunking(&inflate_zstd, file, text, cases[i].verdict, cases[i].message);
        free(file.ptr);
        free(text.ptr);
    }
}

/* Two raw blocks, then one of type 3, which does not exist: with file and room given at once, too. */
static void zstd_gives_all_that_precedes_damage(void **state) {
    (void)state;
    struct bytes text = log_text(100000), file = {0};
    append(&file, "\x28\xb5\x2f\xfd\0\x40", 6); /* a window of 256 KiB, no size, no checksum */
    for (size_t at = 0; at < text.count; at += 50000) {
        append(&file, "\x80\x1a\x06", 3); /* 50,000 * 8: raw, not last */
        append(&file, text.ptr + at, 50000);
    }
    append(&file, "\6\0\0more", 7);
    static const size_t windows[][2] = {
        {1u << 20, 1u << 20}, {4096, 4096}, {7, 1000}, {1u << 20, 50000}, {1u << 20, 1}};
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct outcome got = unpack(&inflate_zstd, file, windows[i][0], windows[i][1]);
        struct outcome expected = {.text = text, .verdict = BAD};
        assert_agrees(&got, &expected, true);
    }
    free(file.ptr);
    free(text.ptr);
}

static void zstd_cut_flipped_and_large(void **state) {
    (void)state;
    struct bytes text = log_text(600000), file = {0};
    append_frame(&file, text.ptr, text.count);
    struct outcome whole = {.text = text, .verdict = GOOD};
    struct outcome got = unpack(&inflate_zstd, file, 4096, 1000);
    assert_agrees(&got, &whole, true);
    got = unpack(&inflate_zstd, file, file.count, 1u << 20);
    assert_agrees(&got, &whole, true);
    for (size_t cut = 1; cut < file.count; cut += 997) {
        whole.verdict = CUT;
        got = unpack(&inflate_zstd, (struct bytes){file.ptr, cut}, 4096, 4096);
        assert_agrees(&got, &whole, false);
    }
    /* the checksum at the end: all bytes come first, also when file and room are given at once */
    file.ptr[file.count - 1] ^= 1;
    whole.verdict = BAD;
    got = unpack(&inflate_zstd, file, file.count, 1u << 20);
    assert_agrees(&got, &whole, true);
    got = unpack(&inflate_zstd, file, 7, 7);
    assert_agrees(&got, &whole, true);
    free(file.ptr);
    free(text.ptr);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detects_by_content),
        cmocka_unit_test(gzip_members_and_ends),
        cmocka_unit_test(gzip_optional_header_parts),
        cmocka_unit_test(gzip_wrong_sums_are_told_after_all_bytes),
        cmocka_unit_test(gzip_cut_at_every_byte),
        cmocka_unit_test(gzip_every_bit_flipped),
        cmocka_unit_test(gzip_gives_all_that_precedes_damage),
        cmocka_unit_test(gzip_match_before_the_beginning_gives_no_stale_bytes),
        cmocka_unit_test(gzip_large_and_many),
        cmocka_unit_test(no_room_and_no_input_are_harmless),
        cmocka_unit_test(zstd_frames_and_ends),
        cmocka_unit_test(zstd_gives_all_that_precedes_damage),
        cmocka_unit_test(zstd_cut_flipped_and_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
