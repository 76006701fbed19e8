/* What is left of a batch, against a model that copies document by document.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sinks/bulk_body.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

#define DOCUMENTS_MAX 40u
#define DOCUMENT_BYTES_MAX 30u
#define ROUNDS 20000

struct expected {
    char out[DOCUMENTS_MAX * DOCUMENT_BYTES_MAX];
    uint32_t bytes, count, ends[DOCUMENTS_MAX];
    uint64_t positions[DOCUMENTS_MAX];
};

static struct record_mark marks[DOCUMENTS_MAX];
static struct batch batch;

/* Documents of chance, the last one in front of an unreadable page; a mark's position says which it was. */
static void make(struct seeded *seeded) {
    static char text[DOCUMENTS_MAX * DOCUMENT_BYTES_MAX];
    batch.marks = marks;
    batch.marks_count = 1 + seeded_below(seeded, DOCUMENTS_MAX);
    uint32_t end = 0;
    for (uint32_t i = 0; i < batch.marks_count; i++) {
        uint32_t bytes = 1 + seeded_below(seeded, DOCUMENT_BYTES_MAX);
        memset(text + end, 'A' + (int)i, bytes);
        end += bytes;
        marks[i] = (struct record_mark){.end = end, .position = i};
    }
    batch.out = (char *)(uintptr_t)guard_copy((struct slice){text, end}).ptr;
    batch.out_bytes = end;
}

static void expect(struct expected *expected, uint32_t count, const bool *settled) {
    expected->bytes = expected->count = 0;
    for (uint32_t i = 0, begin = 0; i < batch.marks_count; begin = marks[i++].end) {
        if (i < count && settled[i]) continue;
        memcpy(expected->out + expected->bytes, batch.out + begin, marks[i].end - begin);
        expected->bytes += marks[i].end - begin;
        expected->ends[expected->count] = expected->bytes;
        expected->positions[expected->count++] = marks[i].position;
    }
}

static void check(const struct expected *expected) {
    assert_int_equal(batch.marks_count, expected->count);
    assert_int_equal(batch.out_bytes, expected->bytes);
    assert_memory_equal(batch.out, expected->out, expected->bytes);
    for (uint32_t i = 0; i < expected->count; i++) {
        assert_int_equal(marks[i].end, expected->ends[i]);
        assert_int_equal(marks[i].position, expected->positions[i]);
    }
}

/* All that a batch meets, until nothing is left of it: few or many are settled at a time, of all or of those in front. */
static void what_is_left(void **state) {
    struct seeded seeded = {7};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        make(&seeded);
        for (uint32_t share = 1 + seeded_below(&seeded, 4); batch.marks_count > 0;) {
            bool settled[DOCUMENTS_MAX];
            struct expected expected;
            uint32_t count = seeded_below(&seeded, 2) ? batch.marks_count
                                                      : seeded_below(&seeded, batch.marks_count + 1);
            for (uint32_t i = 0; i < DOCUMENTS_MAX; i++) settled[i] = seeded_below(&seeded, share) == 0;
            expect(&expected, count, settled);
            bulk_body_keep(&batch, count, settled);
            check(&expected);
        }
    }
}

static void as_many_as_fit(void **state) {
    struct seeded seeded = {8};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        make(&seeded);
        size_t bytes_max = seeded_below(&seeded, (uint32_t)batch.out_bytes + 20), bytes = 0;
        uint32_t count = 1;
        while (count < batch.marks_count && marks[count].end <= bytes_max) count++;
        assert_int_equal(bulk_body_take(&batch, bytes_max, &bytes), count);
        assert_int_equal(bytes, marks[count - 1].end);
    }
    make(&seeded);
    size_t bytes = 0;
    assert_int_equal(bulk_body_take(&batch, SIZE_MAX, &bytes), batch.marks_count);
    assert_int_equal(bytes, batch.out_bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_left), cmocka_unit_test(as_many_as_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
