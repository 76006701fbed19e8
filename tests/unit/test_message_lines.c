/* Messages in batches: the same lines at the same places, whatever is in the batch before, and wherever it is full.
 *
 * Texts end at an unreadable page.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>

#include "tests/unit/guard.h"
#include "tests/unit/message_model.h"
#include "tests/unit/packed.h"
#include "tests/unit/seeded.h"

static struct batch batch;
static struct message_filler filler;
static struct packed packed; /* too large for a stack */
static const struct origin origins[] = {{.partition = 0}, {.partition = 1}};

static int set_up(void **state) {
    (void)state;
    if (!batch_init(&batch)) return -1;
    filler.writer = (struct message_writer){.batch = &batch, .kernel = scan_choose()};
    filler.reader = message_reader_new(2u * MESSAGE_TEXT_BYTES_MAX);
    return filler.reader != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    message_reader_free(filler.reader);
    batch_destroy(&batch);
    return 0;
}

/* --- what there is ------------------------------------------------------------------------------ */

/* A message of partition 0 or 1 (1 when its offset is 100 or more). */
struct payload {
    uint64_t offset;
    const char *text;
};

/* Of each segment: M for messages or m for one, partition@offset#number, its text; `!` and why it is unreadable. */
static const struct {
    const char *what;
    struct payload payloads[4];
    const char *expected;
} few_cases[] = {
    {"a line", {{5, "a"}}, "M0@5#1 a\n"},
    {"a line with its end", {{5, "a\n"}}, "M0@5#1 a\n"},
    {"CR LF stays", {{5, "a\r\n"}}, "M0@5#1 a\r\n"},
    {"CR alone stays", {{5, "a\r"}}, "M0@5#1 a\r\n"},
    {"an empty line", {{5, "\n"}}, "M0@5#1 \n"},
    {"the first message of all", {{0, "a"}, {1, "b"}}, "M0@0#1 a\nb\n"},
    {"in a row", {{5, "a"}, {6, "b\n"}, {7, "c\r\n"}, {8, "\n"}}, "M0@5#1 a\nb\nc\r\n\n"},
    {"with a gap", {{5, "a"}, {7, "b"}}, "M0@5#1 a\nM0@7#1 b\n"},
    {"with an empty one between", {{5, "a"}, {6, "\xef\xbb\xbf"}, {7, "b"}}, "M0@5#1 a\nM0@7#1 b\n"},
    {"behind another partition", {{5, "a"}, {106, "b"}, {107, "c"}}, "M0@5#1 a\nM1@106#1 b\nc\n"},
    {"as if in a row", {{99, "a"}, {100, "b"}}, "M0@99#1 a\nM1@100#1 b\n"},
    {"and back", {{5, "a"}, {106, "b"}, {6, "c"}}, "M0@5#1 a\nM1@106#1 b\nM0@6#1 c\n"},
    {"read again", {{5, "a"}, {5, "a"}}, "M0@5#1 a\nM0@5#1 a\n"},
    {"lines", {{5, "a\nb\n"}}, "m0@5#1 a\nb\n"},
    {"the last one without an end", {{5, "a\nb\nc"}}, "m0@5#1 a\nb\nm0@5#3 c\n"},
    {"lines with CR LF", {{5, "a\r\nb\r\n"}}, "m0@5#1 a\r\nb\r\n"},
    {"nothing but ends", {{5, "\n\n\r\n"}}, "m0@5#1 \n\n\r\n"},
    {"two of lines", {{5, "a\nb"}, {6, "c\nd\n"}}, "m0@5#1 a\nm0@5#2 b\nm0@6#1 c\nd\n"},
    {"lines between single ones",
     {{5, "a"}, {6, "b\nc\n"}, {7, "d"}, {8, "e"}},
     "M0@5#1 a\nm0@6#1 b\nc\nM0@7#1 d\ne\n"},
    {"an array", {{5, "[{\"a\":1},{}]"}}, "m0@5#1 {\"a\":1}\n{}\n"},
    {"an array of one", {{5, "[{}]"}, {6, "[{}]"}}, "M0@5#1 {}\n{}\n"},
    {"an envelope",
     {{5, "{\"owner\":\"1\",\"logEvents\":[{\"id\":\"2\"},{\"id\":\"3\"}]}"}},
     "m0@5#1 {\"id\":\"2\",\"owner\":\"1\"}\n{\"id\":\"3\",\"owner\":\"1\"}\n"},
    {"an envelope without events", {{5, "a"}, {6, "{\"logEvents\":[]}"}, {7, "b"}}, "M0@5#1 a\nM0@7#1 b\n"},
    {"damage", {{5, "\x1f\x8b\x08zzz"}}, "m0@5#1 \x1f\x8b\x08zzz!the gzip header has\n"},
    {"damage between lines",
     {{5, "a"}, {6, "\x1f\x8b\x08zzz"}, {7, "b"}},
     "M0@5#1 a\nm0@6#1 \x1f\x8b\x08zzz!the gzip header has\nM0@7#1 b\n"},
};

static void render(struct slice *out) {
    static char text[4096];
    size_t used = 0;
    for (uint32_t i = 0; i < batch.segments_count; i++) {
        const struct segment *segment = &batch.segments[i];
        uint32_t end = batch_segment_end(&batch, i);
        used += (size_t)snprintf(text + used, sizeof text - used, "%c%d@%" PRIu64 "#%" PRIu64 " %.*s",
                                 segment->kind == SEGMENT_MESSAGES ? 'M' : 'm', segment->origin->partition,
                                 segment->position, segment->line_number, (int)(end - segment->offset),
                                 batch.text + segment->offset);
        if (segment->unreadable)
            used += (size_t)snprintf(text + used, sizeof text - used, "!%.*s\n", 19, segment->damage);
        assert_true(used < sizeof text && !segment->line_too_long);
    }
    *out = (struct slice){text, used};
}

static void a_few_messages(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(few_cases); i++) {
        struct slice found;
        message_filler_start(&filler, 0, 0, 0);
        for (size_t at = 0; at < 4 && few_cases[i].payloads[at].text != NULL; at++) {
            const struct payload *payload = &few_cases[i].payloads[at];
            message_filler_take(&filler, &origins[payload->offset >= 100], payload->offset,
                                guard_copy(slice_from(payload->text)));
        }
        render(&found);
        if (!slice_equal(found, slice_from(few_cases[i].expected)))
            fail_msg("%s: %.*s instead of %s", few_cases[i].what, (int)found.len, found.ptr, few_cases[i].expected);
        message_filler_finish(&filler);
    }
}

/* --- where a batch ends ------------------------------------------------------------------------- */

enum { BIG_BYTES = 4 << 20 };
static char big[BIG_BYTES];

static struct slice repeated(const char *text, size_t times) {
    size_t bytes = strlen(text);
    assert_true(bytes * times <= BIG_BYTES);
    for (size_t i = 0; i < times; i++) memcpy(big + i * bytes, text, bytes);
    return (struct slice){big, bytes * times};
}

static struct message_lines lines_of(struct slice text, bool one_line) {
    return (struct message_lines){
        .origin = &origins[0], .offset = 5, .rest = text, .line_number = 1, .one_line = one_line};
}

static void a_message_goes_on_in_the_next_batch(void **state) {
    (void)state;
    message_filler_start(&filler, 0, 0, 0);
    struct message_lines lines = lines_of(guard_copy(repeated("a\r\n", 2 * BATCH_LINES_MAX + 2)), false);
    for (uint64_t number = 1; number < 2 * BATCH_LINES_MAX; number += BATCH_LINES_MAX) {
        assert_false(message_lines_put(&lines, &filler.writer));
        assert_int_equal(batch.segments_count, 1);
        assert_int_equal(batch.segments[0].kind, SEGMENT_MESSAGE);
        assert_int_equal(batch.segments[0].position, 5);
        assert_int_equal(batch.segments[0].line_number, number);
        assert_int_equal(batch.lines_count, BATCH_LINES_MAX);
        assert_int_equal(batch.text_bytes, 3 * BATCH_LINES_MAX);
        assert_false(message_lines_put(&lines, &filler.writer)); /* it is full */
        assert_int_equal(batch.lines_count, BATCH_LINES_MAX);
        assert_int_equal(lines.line_number, number + BATCH_LINES_MAX);
        message_filler_empty(&filler);
    }
    assert_true(message_lines_put(&lines, &filler.writer));
    assert_int_equal(batch.lines_count, 2);
    assert_int_equal(batch.segments[0].line_number, 2 * BATCH_LINES_MAX + 1);
    assert_false(message_batch_is_full(&batch));
    struct message_lines next = lines_of(SLICE("b"), true);
    assert_true(message_lines_put(&next, &filler.writer));
    assert_int_equal(batch.segments_count, 2);
}

static void a_full_batch_takes_no_damage(void **state) {
    (void)state;
    struct slice text = repeated("a\n", BATCH_LINES_MAX);
    struct message_lines lines = lines_of(text, false);
    lines.damage = "broken";
    lines.payload = SLICE("packed\n");
    message_filler_start(&filler, 0, 0, 0);
    assert_false(message_lines_put(&lines, &filler.writer));
    assert_int_equal(batch.segments_count, 1);
    message_filler_empty(&filler);
    assert_true(message_lines_put(&lines, &filler.writer));
    assert_int_equal(batch.segments_count, 1);
    assert_int_equal(batch.lines_count, 1);
    assert_true(batch.segments[0].unreadable);
    assert_string_equal(batch.segments[0].damage, "broken");
    assert_int_equal(batch.segments[0].line_number, BATCH_LINES_MAX + 1);
    assert_int_equal(batch.text_bytes, 7);
}

static void damage_ends_a_run(void **state) {
    (void)state;
    struct message_lines damaged = lines_of(SLICE("a\n"), true), next = lines_of(SLICE("b"), true);
    damaged.damage = "broken";
    damaged.payload = SLICE("packed");
    next.offset = 6;
    message_filler_start(&filler, 0, 0, 0);
    message_filler_put(&filler, damaged);
    message_filler_put(&filler, next);
    assert_int_equal(batch.segments_count, 3);
    message_filler_finish(&filler);
}

static const struct {
    const char *what;
    uint32_t segments, lines, text, ranges;
    bool full;
} full_cases[] = {
    {"nothing", 0, 0, 0, 0, false},
    {"nearly all", SEGMENTS_MAX - 1, BATCH_LINES_MAX - 1, BATCH_TEXT_BYTES - 1, BATCH_LINES_MAX - 1, false},
    {"segments", SEGMENTS_MAX, 1, 1, 1, true},
    {"lines", 1, BATCH_LINES_MAX, 1, 1, true},
    {"text", 1, 1, BATCH_TEXT_BYTES, 1, true},
    {"a long line", 1, 1, BATCH_TEXT_ROOM, 1, true},
    {"partitions", 1, 1, 1, BATCH_LINES_MAX, true},
};

static void batches_are_full(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(full_cases); i++) {
        struct batch full = {.segments_count = full_cases[i].segments,
                             .lines_count = full_cases[i].lines,
                             .text_bytes = full_cases[i].text,
                             .ranges_count = full_cases[i].ranges};
        if (message_batch_is_full(&full) != full_cases[i].full) fail_msg("%s", full_cases[i].what);
    }
}

/* A line of so many bytes with what is around it, in a batch with so many bytes of others. */
static const struct {
    const char *what, *before;
    uint32_t bytes;
    const char *behind;
    uint32_t text_before;
    bool too_long;
    uint32_t batches; /* begun */
} long_cases[] = {
    {"as long as may be", "", LINE_BYTES_MAX, "", 0, false, 1},
    {"with CR LF", "", LINE_BYTES_MAX, "\r\n", 0, false, 1},
    {"one byte more is left to who reads it", "", LINE_BYTES_MAX + 1, "\n", 0, false, 1},
    {"too long", "", LINE_BYTES_MAX + 2, "", 0, true, 1},
    {"too long with LF", "", LINE_BYTES_MAX + 2, "\n", 0, true, 1},
    {"too long by its CR", "", LINE_BYTES_MAX + 1, "\r\n", 0, true, 1},
    {"much too long", "", 3 * LINE_BYTES_MAX, "\n", 0, true, 1},
    {"as it fits", "", LINE_BYTES_MAX - 10, "", 11, false, 1},
    {"as it does not fit", "", LINE_BYTES_MAX - 10, "", 12, false, 2},
    {"with its CR, as it fits", "", LINE_BYTES_MAX - 10, "\r\n", 10, false, 1},
    {"with its CR, as it does not", "", LINE_BYTES_MAX - 10, "\r\n", 11, false, 2},
    {"too long, in a batch of its own", "", LINE_BYTES_MAX + 2, "", 1, true, 2},
    {"lines around", "a\n", LINE_BYTES_MAX, "\nb\n", 0, false, 3},
    {"lines around what is too long", "a\n", LINE_BYTES_MAX + 2, "\nb\nc", 0, true, 3},
    {"lines behind what is too long", "", LINE_BYTES_MAX + 2, "\nb\n", 0, true, 2},
    {"longer than what is left until it is full", "a\n", BATCH_TEXT_BYTES - 5, "\nb\n", 10, false, 2},
};

static void long_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(long_cases); i++) {
        size_t before = strlen(long_cases[i].before), behind = strlen(long_cases[i].behind);
        memcpy(big, long_cases[i].before, before);
        memset(big + before, 'x', long_cases[i].bytes);
        memcpy(big + before + long_cases[i].bytes, long_cases[i].behind, behind);
        message_filler_start(&filler, long_cases[i].text_before > 0, 0, long_cases[i].text_before);
        message_filler_take(&filler, &origins[0], 5,
                            guard_copy((struct slice){big, before + long_cases[i].bytes + behind}));
        uint32_t batches = filler.batches;
        message_filler_check(&filler);
        if (filler.models.long_lines != long_cases[i].too_long || batches != long_cases[i].batches)
            fail_msg("%s: %" PRIu64 " too long, %u batches", long_cases[i].what, filler.models.long_lines, batches);
        message_filler_finish(&filler);
    }
}

/* --- damage ------------------------------------------------------------------------------------- */

static void messages_are_damaged(void **state) {
    (void)state;
    struct seeded seeded = {7};
    for (size_t lines = 1; lines < 70000; lines = lines * 4 + 1) {
        for (size_t i = 0; i < lines * 20; i++) big[i] = i % 20 == 19 ? '\n' : (char)('a' + seeded_below(&seeded, 26));
        packed_gzip(&packed, (struct slice){big, lines * 20});
        packed.count -= 9; /* its checksum, and a byte more */
        message_filler_start(&filler, 1, BATCH_LINES_MAX - 1, BATCH_TEXT_BYTES - 5);
        message_filler_take(&filler, &origins[0], 5, guard_copy(packed_slice(&packed)));
        message_filler_take(&filler, &origins[0], 6, guard_copy(SLICE("behind")));
        message_filler_check(&filler);
        assert_int_equal(filler.models.unreadable, 1);
        assert_true(filler.models.lines >= 1 && filler.models.lines <= lines + 1);
        assert_true(lines < 1000 || filler.models.lines > lines / 2);
        message_filler_finish(&filler);
    }
}

/* --- by chance ---------------------------------------------------------------------------------- */

/* A text of a few or many lines, now and then of long ones. */
static struct slice some_text(struct seeded *seeded) {
    static const uint32_t lengths[] = {1, 2, 2, 70, 70, 700, 5000, BATCH_TEXT_BYTES, LINE_BYTES_MAX + 5};
    static const uint32_t counts[] = {1, 1, 1, 1, 2, 20, 2 * BATCH_LINES_MAX};
    uint32_t count = 1 + seeded_below(seeded, counts[seeded_below(seeded, COUNT_OF(counts))]);
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = seeded_below(seeded, lengths[seeded_below(seeded, COUNT_OF(lengths) - (count > 20 ? 4 : 0))]);
        if (length + 2 > BIG_BYTES - bytes) break;
        if (seeded_below(seeded, 8) == 0 && length > LINE_BYTES_MAX / 2)
            length = LINE_BYTES_MAX + seeded_below(seeded, 4);
        memset(big + bytes, 'a' + (int)seeded_below(seeded, 26), length);
        bytes += length;
        if (seeded_below(seeded, 4) == 0) big[bytes++] = '\r';
        if (i + 1 < count || seeded_below(seeded, 2) == 0) big[bytes++] = '\n';
    }
    return (struct slice){big, bytes};
}

static void take_some(struct seeded *seeded, const struct origin *origin, uint64_t offset, uint64_t *bytes) {
    struct slice text = some_text(seeded);
    if (text.len == 0) return;
    for (size_t i = 0; i < text.len; i++) *bytes += text.ptr[i] != '\n';
    if (text.len <= MESSAGE_EXPANSION_FREE_BYTES && seeded_below(seeded, 4) == 0) {
        packed_gzip(&packed, text);
        text = packed_slice(&packed);
    }
    message_filler_take(&filler, origin, offset, guard_copy(text));
}

/* All that is put comes out, byte by byte, whatever is in the batches before. */
static void messages_by_chance(void **state) {
    (void)state;
    const struct scan_kernel *kernels[3];
    uint32_t kernels_count = scan_kernels(kernels);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct seeded seeded = {seed};
        uint64_t bytes = 0, offsets[2] = {0, 40};
        filler.writer.kernel = kernels[seed % kernels_count];
        message_filler_start(&filler, 1 + seeded_below(&seeded, 20), seeded_below(&seeded, BATCH_LINES_MAX),
                             seeded_below(&seeded, BATCH_TEXT_BYTES));
        for (int i = 0; i < 40; i++) {
            uint32_t which = seeded_below(&seeded, 5) == 0;
            offsets[which] += seeded_below(&seeded, 8) == 0;
            take_some(&seeded, &origins[which], offsets[which]++, &bytes);
        }
        message_filler_check(&filler);
        if (filler.models.bytes != bytes || filler.models.unreadable != 0)
            fail_msg("seed %" PRIu64 ": %" PRIu64 " bytes instead of %" PRIu64, seed, filler.models.bytes, bytes);
        message_filler_finish(&filler);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_messages),
        cmocka_unit_test(a_message_goes_on_in_the_next_batch),
        cmocka_unit_test(a_full_batch_takes_no_damage),
        cmocka_unit_test(damage_ends_a_run),
        cmocka_unit_test(batches_are_full),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(messages_are_damaged),
        cmocka_unit_test(messages_by_chance),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
