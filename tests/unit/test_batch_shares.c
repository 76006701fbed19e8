/* Shares of a batch: what is its own in each, what is the whole's, and that nothing is left of a batch before.
 *
 * Threads: one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schemas/batch.h"

#define SHARES 3u

static void put(char *room, size_t *bytes, const char *text) {
    memcpy(room + *bytes, text, strlen(text));
    *bytes += strlen(text);
}

static void shares_are_gathered(void **state) {
    (void)state;
    struct batch batch;
    static const struct origin origin = {.stream = true};
    assert_true(batch_init(&batch));
    assert_ptr_equal(batch_share(&batch, 0), &batch);
    batch_end_shares(&batch);
    batch_gather_shares(&batch); /* without any */
    assert_true(batch_add_shares(&batch, SHARES));
    for (int round = 0; round < 2; round++) {
        batch.origin = &origin;
        (void)batch_add_segment(&batch);
        put(batch.text, &(size_t){0}, "text");
        batch.text_bytes = 4;
        batch.notes_count = 7;
        batch.privacy = (const struct privacy *)&batch; /* only handed on */
        batch_begin_shares(&batch);
        put(batch.reject, &batch.reject_bytes, "{whole}\n");
        batch.tally = (struct tally){.read = 10, .written = 9, .rejected[REJECT_BAD_TIME] = 1};
        for (uint32_t i = 0; i < SHARES; i++) {
            struct batch *share = batch_share(&batch, i);
            assert_ptr_equal(share->whole, &batch);
            assert_int_equal(share->out_bytes + share->reject_bytes + share->marks_count + share->refused_count, 0);
            assert_int_equal(share->tally.written + share->tally.duplicates, 0);
            share->tally.written = 3;
            share->tally.formats[1 + i].outcomes[OUTCOME_WRITTEN] = 3;
            share->marks_count = 3;
            share->marks[2].end = 100 + i;
            put(share->out, &share->out_bytes, "record");
        }
        batch_end_shares(&batch);
        for (uint32_t i = 0; i < SHARES; i++) {
            const struct batch *share = batch_share(&batch, i);
            assert_ptr_equal(share->text, batch.text);
            assert_ptr_equal(share->notes, batch.notes);
            assert_ptr_equal(share->origin, &origin);
            assert_ptr_equal(share->privacy, batch.privacy); /* of what an output refuses no line may leave */
            assert_ptr_equal(batch_segment_of(share, 2), &batch.segments[0]);
            assert_int_equal(share->notes_count, 7);
            assert_int_equal(share->marks[2].end, 100 + i);
        }
        struct batch *first = batch_share(&batch, 0), *last = batch_share(&batch, 2);
        tally_take_duplicate(&first->tally, 1);
        tally_take_duplicate(&first->tally, 1);
        tally_take_refused(&last->tally, 3, REJECT_REFUSED);
        put(last->reject, &last->reject_bytes, "{refused}\n");
        batch_gather_shares(&batch);
        assert_int_equal(batch.tally.read, 10);
        assert_int_equal(batch.tally.written, 6);
        assert_int_equal(batch.tally.duplicates, 2);
        assert_int_equal(batch.tally.rejected[REJECT_REFUSED], 1);
        assert_int_equal(batch.tally.rejected[REJECT_BAD_TIME], 1);
        static const uint64_t outcomes[SHARES][OUTCOMES] = {{[OUTCOME_WRITTEN] = 1, [OUTCOME_DUPLICATE] = 2},
                                                            {[OUTCOME_WRITTEN] = 3},
                                                            {[OUTCOME_WRITTEN] = 2, [OUTCOME_REJECTED] = 1}};
        for (uint32_t i = 0; i < SHARES; i++)
            assert_memory_equal(batch.tally.formats[1 + i].outcomes, outcomes[i], sizeof outcomes[i]);
        assert_int_equal(batch.reject_bytes, strlen("{whole}\n{refused}\n"));
        assert_memory_equal(batch.reject, "{whole}\n{refused}\n", batch.reject_bytes);
        batch_reset(&batch);
        assert_int_equal(batch.shares_count, SHARES);
    }
    batch_destroy(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares_are_gathered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
