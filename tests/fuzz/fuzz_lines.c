/* Fuzz target: any bytes as an input file, plain or compressed, through the file source.
 *
 * Input: one byte (bits 0-2: size of reads, bits 3-4: plain, gzip in one member, in two, or gzip cut off, bit 5: a pipe), then
 * the text. Oracle: the batches' texts in a row are the input; all but the last end at a line's end; numbers of lines, positions and
 * sequence go on without a gap; of a file that is cut off a beginning arrives, and it is said to be damaged.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/check.h"
#include "ingest/inflate.h"
#include "ingest/source_file.h"

#define TEXT_BYTES_MAX 32000u /* and its gzip: less than a pipe holds */

enum form { PLAIN, GZIP, GZIP_MEMBERS, GZIP_CUT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t stored[2 * TEXT_BYTES_MAX];

static size_t add_member(size_t at, const uint8_t *text, size_t bytes) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = (uInt)bytes,
                       .next_out = stored + at,
                       .avail_out = (uInt)(sizeof stored - at)};
    ASSERT(deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    ASSERT(deflateEnd(&stream) == Z_OK);
    return sizeof stored - stream.avail_out;
}

/* Puts the file into `stored`; returns its length. */
static size_t store(enum form form, const uint8_t *text, size_t bytes) {
    if (form == PLAIN) {
        memcpy(stored, text, bytes);
        return bytes;
    }
    if (form == GZIP) return add_member(0, text, bytes);
    size_t middle = bytes / 3, stored_bytes = add_member(0, text, middle);
    stored_bytes = add_member(stored_bytes, text + middle, bytes - middle);
    return form == GZIP_CUT ? stored_bytes - 1 - bytes % 12 : stored_bytes;
}

/* A descriptor to read the stored bytes from. */
static int open_stored(size_t bytes, bool pipe_wanted) {
    int ends[2];
    if (pipe_wanted) {
        ASSERT(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], stored, bytes) == (ssize_t)bytes);
        close(ends[1]);
        return ends[0];
    }
    int file = memfd_create("input", MFD_CLOEXEC);
    ASSERT(file >= 0 && write(file, stored, bytes) == (ssize_t)bytes);
    return file;
}

static uint32_t count_lines(const char *text, size_t bytes) {
    uint32_t lines = 0;
    for (size_t i = 0; i < bytes; i++) lines += text[i] == '\n' || i + 1 == bytes;
    return lines;
}

/* One batch that carries on at `position`, `line_number` and `sequence` of `text`. */
static void check_batch(const struct batch *batch, const uint8_t *text, size_t text_bytes, size_t position,
                        uint64_t line_number, uint64_t sequence) {
    ASSERT(batch->position == position && batch->sequence == sequence && batch->line_number == line_number);
    ASSERT(batch->text_bytes <= text_bytes - position);
    if (batch->text_bytes == 0) {
        ASSERT(batch->last && batch->lines_count == 0);
        return;
    }
    ASSERT(memcmp(batch->text, text + position, batch->text_bytes) == 0);
    ASSERT(batch->lines_count == count_lines(batch->text, batch->text_bytes));
    ASSERT(batch->last || batch->text[batch->text_bytes - 1] == '\n');
    ASSERT(!batch->line_too_long);
}

static void check_source(struct source_file *source, struct batch *batch, const struct origin *origin, enum form form,
                         const uint8_t *text, size_t text_bytes) {
    struct error error;
    size_t position = 0;
    uint64_t line_number = 1, sequence = 0;
    uint32_t failures = 0;
    ASSERT(source_file_ops.open(source, origin, &error) == STATUS_OK);
    bool last = false;
    while (!last) {
        batch_reset(batch);
        failures += source_file_ops.fill(source, batch, &error) != STATUS_OK;
        check_batch(batch, text, text_bytes, position, line_number, sequence++);
        ASSERT(!batch->cut_short || (form == GZIP_CUT && failures == 1));
        position += batch->text_bytes;
        line_number += batch->lines_count;
        last = batch->last;
    }
    ASSERT(failures == (form == GZIP_CUT));
    ASSERT(form == GZIP_CUT || position == text_bytes);
    source_file_ops.close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint64_t read_sizes[8] = {1, 2, 7, 64, 100, 1000, 4096, BATCH_TEXT_BYTES};
    static struct batch batch;
    if (batch.magic == 0) ASSERT(batch_init(&batch));
    if (size < 1 || size > TEXT_BYTES_MAX) return 0;
    const uint8_t *text = data + 1;
    size_t text_bytes = size - 1;
    if (inflate_detect(text, text_bytes) != NULL) return 0; /* what fuzz_inflate is for */
    enum form form = (enum form)(data[0] >> 3 & 3);
    int file = open_stored(store(form, text, text_bytes), (data[0] & 32) != 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const struct origin origin = {.path = slice_from(path), .name = slice_from(path)};
    struct source_file_settings settings = {.read_bytes = read_sizes[data[0] & 7]};
    struct source_file *source = source_file_new(&settings, scan_choose(), -1);
    ASSERT(source != NULL);
    check_source(source, &batch, &origin, form, text, text_bytes);
    source_file_free(source);
    close(file);
    return 0;
}
