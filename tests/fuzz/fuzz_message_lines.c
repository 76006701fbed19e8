/* Fuzz target: any bytes as messages of a queue, put into batches of any size.
 *
 * Input: how much is left in every other batch (a byte each: segments, lines, text, see `left`), one that chooses the scanner, then
 * messages: two bytes (length; bits 0-1 of the second: length, 2-3: as it is, gzip, zstd, cut short, 4-5: offsets left out, 6:
 * partition, 7: each byte becomes many, 0xff very many), and the message. Oracle: the lines that the model cuts by hand are in the
 * batches in order, at their places, each once, and nothing else is; batches that take no more are full; a message that could not be
 * read to its end is said to be so, with the reason; and in batches of another size there is as much.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include "tests/unit/message_model.h"
#include "tests/unit/packed.h"

#define MANY 40u /* bytes that one becomes */
#define VERY_MANY 300000u
#define VERY_MANY_MAX 5 /* of them, so that an input takes no seconds */
#define MESSAGES_MAX 40
#define TEXT_BYTES_MAX (1024u * MANY + VERY_MANY_MAX * VERY_MANY)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum form { PLAIN, GZIP, ZSTD, CUT_SHORT };

static struct message_filler filler;
static struct batch batch;
static struct packed packed;

/* Few are left, or all. */
static uint32_t left(uint8_t how, uint32_t all) {
    return how < 128 ? how % 64u + 1 : how < 192 ? (how & 63u) * 64 + 1 : all;
}

/* The message's bytes as a broker has them. */
static struct slice payload_of(enum form form, bool many, struct slice bytes, int *very_many_left) {
    static char text[TEXT_BYTES_MAX];
    struct slice all = {text, 0};
    for (size_t i = 0; i < bytes.len; i++) {
        bool very = many && bytes.ptr[i] == '\xff' && (*very_many_left)-- > 0;
        size_t times = very ? VERY_MANY : many ? MANY : 1;
        ASSERT(all.len + times <= sizeof text);
        memset(text + all.len, bytes.ptr[i], times);
        all.len += times;
    }
    packed.count = 0;
    if (form == PLAIN) packed_add(&packed, all);
    if (form == GZIP || form == CUT_SHORT) packed_add_gzip(&packed, all);
    if (form == ZSTD) packed_zstd(&packed, all);
    if (form == CUT_SHORT) packed.count -= 1 + bytes.len % 9;
    return packed_slice(&packed);
}

/* Takes all messages; how many lines there were, and messages that are unreadable. */
static void take_all(const uint8_t *data, size_t size, uint64_t *lines, uint64_t *unreadable) {
    static const struct origin origins[2] = {{.partition = 0}, {.partition = 1}};
    uint64_t offsets[2] = {0, 3}, expected = 0;
    int very_many_left = VERY_MANY_MAX;
    for (int i = 0; size > 2 && i < MESSAGES_MAX; i++) {
        uint8_t how = data[1];
        size_t bytes = data[0] + 256u * (how & 3u);
        bool which = (how & 64) != 0;
        enum form form = (enum form)(how >> 2 & 3);
        if (bytes > size - 2) bytes = size - 2;
        struct slice text = {(const char *)data + 2, bytes};
        data += 2 + bytes;
        size -= 2 + bytes;
        if (bytes == 0) continue;
        offsets[which] += how >> 4 & 3;
        struct slice payload = payload_of(form, (how & 128) != 0, text, &very_many_left);
        message_filler_take(&filler, &origins[which], offsets[which]++, payload);
        expected += form == CUT_SHORT;
    }
    message_filler_check(&filler);
    ASSERT(filler.models.unreadable >= expected);
    *lines = filler.models.lines;
    *unreadable = filler.models.unreadable;
    message_filler_finish(&filler);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t lines, unreadable, again, unreadable_again;
    const struct scan_kernel *kernels[3];
    if (size < 4) return 0;
    if (filler.reader == NULL) {
        filler.reader = message_reader_new(2u * MESSAGE_TEXT_BYTES_MAX);
        ASSERT(filler.reader != NULL && batch_init(&batch));
    }
    filler.writer = (struct message_writer){.batch = &batch, .kernel = kernels[data[3] % scan_kernels(kernels)]};
    message_filler_start(&filler, SEGMENTS_MAX - left(data[0], SEGMENTS_MAX - 1),
                         BATCH_LINES_MAX - left(data[1], BATCH_LINES_MAX),
                         BATCH_TEXT_BYTES - left(data[2], BATCH_TEXT_BYTES));
    take_all(data + 4, size - 4, &lines, &unreadable);
    message_filler_start(&filler, 0, 0, 0);
    take_all(data + 4, size - 4, &again, &unreadable_again);
    ASSERT(lines == again && unreadable == unreadable_again);
    return 0;
}
