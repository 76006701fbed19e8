/* Fuzz target: any bytes as an input file, plain or compressed, through the file source.
 *
 * Input: one byte (bits 0-2: size of reads, bits 3-4: plain, gzip in one member, in two, or gzip cut off, bit 5: a pipe, bits 6-7:
 * what the file's name says), then the text. Oracle: the batches' texts in a row are the input; all but the last end at a line's end;
 * numbers of lines and positions go on without a gap; of a file that is cut off a beginning arrives, and it is said to be
 * damaged. And each batch read by a splitter that has seen none before, with the header and the spare room that the batch has, gives
 * the same records as all of the text read in a row: who reads which batch makes no difference.
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
#include "tests/unit/encode_line.h"

#define TEXT_BYTES_MAX 32000u /* and its gzip: less than a pipe holds */

enum form { PLAIN, GZIP, GZIP_MEMBERS, GZIP_CUT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t stored[2 * TEXT_BYTES_MAX];

/* --- what lines say --------------------------------------------------------------------------------------------------- */

/* All of the text in a row, and a batch of it. */
static struct splitter in_a_row, of_a_batch;
static char whole[SPARE_EXPANSION * TEXT_BYTES_MAX + SPARE_LINE_BYTES * TEXT_BYTES_MAX + TEXT_BYTES_MAX +
                  3 * TEXT_PADDING_BYTES];
static uint32_t whole_from; /* the text in it, behind its spare room */

static void start_in_a_row(const uint8_t *text, size_t bytes) {
    whole_from = SPARE_EXPANSION * TEXT_BYTES_MAX + SPARE_LINE_BYTES * TEXT_BYTES_MAX + TEXT_PADDING_BYTES;
    memcpy(whole + whole_from, text, bytes);
    encode_line_splitter_forget(&in_a_row, in_a_row.kernel);
    in_a_row.spare = (struct spare){whole, 0, whole_from - TEXT_PADDING_BYTES};
}

/* Whether two readings of a line say the same: fuzz_split looks closer. */
static void check_same(const struct reading *a, const struct record *in_a, const struct reading *b,
                       const struct record *in_b) {
    ASSERT(a->kind == b->kind);
    if (a->kind == READING_SKIPPED) {
        ASSERT(a->skip == b->skip);
        return;
    }
    ASSERT(a->schema == b->schema && in_a->fields_count == in_b->fields_count);
    for (uint32_t i = 0; i < in_a->fields_count; i++)
        ASSERT(slice_equal(record_text(in_a, in_a->fields[i]), record_text(in_b, in_b->fields[i])));
    if (a->kind == READING_REJECTED) ASSERT(a->reject == b->reject && a->column == b->column);
    if (a->kind == READING_RECORD) ASSERT(in_a->time.ns == in_b->time.ns && in_a->flags == in_b->flags);
}

static void check_lines(struct batch *batch, size_t text_bytes) {
    static struct record record, expected;
    struct reading reading, wanted;
    encode_line_splitter_forget(&of_a_batch, of_a_batch.kernel);
    of_a_batch.header = batch->header;
    of_a_batch.spare = batch_spare(batch);
    for (uint32_t offset = 0; offset < batch->text_bytes;) {
        uint32_t from = whole_from + (uint32_t)batch->segments[0].position + offset,
                 to = whole_from + (uint32_t)text_bytes;
        uint32_t bytes = splitter_read(&of_a_batch, batch->text, offset, batch->text_bytes, batch->origin, &record,
                                       &reading);
        if (batch->segments[0].cut_short && offset + bytes == batch->text_bytes)
            break; /* the rest of this line is not there */
        ASSERT(splitter_read(&in_a_row, whole, from, to, batch->origin, &expected, &wanted) == bytes);
        check_same(&reading, &record, &wanted, &expected);
        offset += bytes;
    }
    batch_keep_spare(batch, &of_a_batch.spare);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

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

/* One batch that carries on at `position` and `line_number` of `text`. */
static void check_batch(struct batch *batch, const uint8_t *text, size_t text_bytes, size_t position,
                        uint64_t line_number) {
    ASSERT(batch->segments_count == 1 && batch->segments[0].offset == 0);
    ASSERT(batch->segments[0].position == position && batch->segments[0].line_number == line_number);
    ASSERT(batch->text_bytes <= text_bytes - position);
    if (batch->text_bytes == 0) {
        ASSERT(batch->last && batch->lines_count == 0);
        return;
    }
    ASSERT(memcmp(batch->text, text + position, batch->text_bytes) == 0);
    ASSERT(batch->lines_count == count_lines(batch->text, batch->text_bytes));
    ASSERT(batch->last || batch->text[batch->text_bytes - 1] == '\n');
    ASSERT(!batch->segments[0].line_too_long);
    check_lines(batch, text_bytes);
}

static void check_source(struct source_file *source, struct batch *batch, const struct origin *origin, enum form form,
                         const uint8_t *text, size_t text_bytes) {
    struct error error;
    size_t position = 0;
    uint64_t line_number = 1;
    uint32_t failures = 0;
    ASSERT(source_file_ops.open(source, origin, &error) == STATUS_OK);
    bool last = false;
    while (!last) {
        batch_reset(batch);
        failures += source_file_ops.fill(source, batch, &error) != STATUS_OK;
        check_batch(batch, text, text_bytes, position, line_number);
        ASSERT(!batch->segments[0].cut_short || (form == GZIP_CUT && failures == 1));
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
    if (batch.magic == 0) {
        schemas_init();
        ASSERT(batch_init(&batch));
        encode_line_splitter(&in_a_row, scan_choose());
        encode_line_splitter(&of_a_batch, scan_choose());
    }
    if (size < 1 || size > TEXT_BYTES_MAX) return 0;
    const uint8_t *text = data + 1;
    size_t text_bytes = size - 1;
    if (inflate_detect(text, text_bytes) != NULL) return 0; /* what fuzz_inflate is for */
    enum form form = (enum form)(data[0] >> 3 & 3);
    int file = open_stored(store(form, text, text_bytes), (data[0] & 32) != 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    static const char *const formats[4] = {NULL, "vpc_flow", "cloudfront", "alb_access"};
    const char *format = formats[data[0] >> 6];
    const struct origin origin = {.path = slice_from(path),
                                  .name = slice_from(path),
                                  .schema = format != NULL ? schema_find(slice_from(format)) : NULL};
    start_in_a_row(text, text_bytes);
    struct source_file_settings settings = {.read_bytes = read_sizes[data[0] & 7]};
    struct source_file *source = source_file_new(&settings, scan_choose(), -1);
    ASSERT(source != NULL);
    check_source(source, &batch, &origin, form, text, text_bytes);
    source_file_free(source);
    close(file);
    return 0;
}
