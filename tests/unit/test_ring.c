/* Queues, pool and sequencer: order, back-pressure, and that few batches never end in a deadlock. Run under
 * ThreadSanitizer, too. A test that hangs is ended by alarm().
 *
 * Threads: as each test says; assertions of cmocka only in the main thread, ASSERT elsewhere. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/sequencer.h"
#include "base/check.h"
#include "tests/unit/seeded.h"

#define PATIENCE_S 120
#define INPUTS 40u

static int start_alarm(void **state) {
    (void)state;
    alarm(PATIENCE_S);
    return 0;
}

static void sleep_us(uint32_t us) {
    struct timespec time = {.tv_nsec = (long)us * 1000};
    nanosleep(&time, NULL);
}

static pthread_t start(void *(*run)(void *), void *argument) {
    pthread_t thread;
    ASSERT(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

/* --- queue -------------------------------------------------------------------------------------- */

static void test_queue_order(void **state) {
    (void)state;
    struct queue queue;
    struct batch batches[5];
    queue_init(&queue);
    for (int i = 0; i < 5; i++) {
        batches[i] = (struct batch){.magic = BATCH_MAGIC, .sequence = (uint64_t)i};
        queue_push(&queue, &batches[i]);
    }
    assert_null(queue_try_pop(&queue, 6));
    assert_ptr_equal(queue_try_pop(&queue, 5), &batches[0]);
    assert_null(queue_try_pop(&queue, 5));
    for (int i = 1; i < 3; i++) assert_ptr_equal(queue_pop(&queue), &batches[i]);
    queue_push(&queue, &batches[0]); /* what was popped can be pushed again */
    queue_close(&queue);
    assert_ptr_equal(queue_pop(&queue), &batches[3]); /* a closed queue is emptied first */
    assert_ptr_equal(queue_pop(&queue), &batches[4]);
    assert_ptr_equal(queue_pop(&queue), &batches[0]);
    assert_null(queue_pop(&queue));
    assert_null(queue_pop(&queue));
    queue_destroy(&queue);
}

static void *pop_until_closed(void *argument) {
    uintptr_t count = 0;
    while (queue_pop(argument) != NULL) count++;
    return (void *)count;
}

/* Closing wakes every thread that waits, and no batch is lost or seen twice. */
static void test_queue_close_wakes_all(void **state) {
    (void)state;
    struct queue queue;
    static struct batch batches[500];
    pthread_t threads[4];
    uintptr_t sum = 0;
    queue_init(&queue);
    for (int i = 0; i < 4; i++) threads[i] = start(pop_until_closed, &queue);
    for (size_t i = 0; i < COUNT_OF(batches); i++) {
        batches[i] = (struct batch){.magic = BATCH_MAGIC};
        queue_push(&queue, &batches[i]);
    }
    sleep_us(1000);
    queue_close(&queue);
    for (int i = 0; i < 4; i++) {
        void *count;
        assert_int_equal(pthread_join(threads[i], &count), 0);
        sum += (uintptr_t)count;
    }
    assert_int_equal(sum, COUNT_OF(batches));
    queue_destroy(&queue);
}

/* A queue starves while more threads wait than batches are in it; it is over when it is closed and empty. */
static void test_queue_says_how_it_is(void **state) {
    (void)state;
    struct queue queue;
    struct batch batch = {.magic = BATCH_MAGIC};
    queue_init(&queue);
    assert_false(queue_is_starving(&queue));
    pthread_t thread = start(pop_until_closed, &queue);
    while (!queue_is_starving(&queue)) sleep_us(100); /* else the alarm ends this */
    queue_push(&queue, &batch);
    while (!queue_is_starving(&queue)) sleep_us(100);
    assert_false(queue_is_over(&queue));
    queue_close(&queue);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(queue_is_over(&queue));
    assert_false(queue_is_starving(&queue));
    queue_wait(&queue); /* of a closed one it returns */
    queue_destroy(&queue);

    queue_init(&queue);
    batch = (struct batch){.magic = BATCH_MAGIC};
    queue_push(&queue, &batch);
    queue_wait(&queue);
    queue_close(&queue);
    assert_false(queue_is_over(&queue));
    assert_ptr_equal(queue_pop(&queue), &batch);
    assert_true(queue_is_over(&queue));
    queue_destroy(&queue);
}

/* --- pool --------------------------------------------------------------------------------------- */

struct taker {
    struct ring *ring;
    uint32_t input_index, wanted;
    atomic_uint taken;
    struct batch *batches[16];
};

static void *take_all(void *argument) {
    struct taker *taker = argument;
    for (uint32_t i = 0; i < taker->wanted; i++) {
        taker->batches[i] = ring_take(taker->ring, taker->input_index);
        atomic_fetch_add(&taker->taken, 1);
    }
    return NULL;
}

static void wait_for(struct taker *taker, uint32_t taken) {
    while (atomic_load(&taker->taken) < taken) sleep_us(100);
    sleep_us(30000); /* time to take more than it may */
    assert_int_equal(atomic_load(&taker->taken), taken);
}

/* A later input leaves the reserved batches alone; the oldest one gets them, and whoever becomes the oldest. */
static void test_reserve(void **state) {
    (void)state;
    for (uint32_t size = 4; size <= 12; size += 4) {
        struct ring ring;
        assert_true(ring_init(&ring, size));
        uint32_t reserved = ring.reserved;
        assert_in_range(reserved, 2, size / 2);
        struct taker later = {.ring = &ring, .input_index = 1, .wanted = size - 1},
                     oldest = {.ring = &ring, .wanted = reserved};
        pthread_t later_thread = start(take_all, &later);
        wait_for(&later, size - reserved);
        take_all(&oldest); /* does not block, else the alarm ends this */
        assert_int_equal(ring.idle_count, 0);
        for (uint32_t i = 0; i < reserved; i++) ring_give_back(&ring, oldest.batches[i]);
        wait_for(&later, size - reserved); /* given back, but still not for it */
        ring_set_oldest(&ring, 1);
        assert_int_equal(pthread_join(later_thread, NULL), 0);
        assert_int_equal(atomic_load(&later.taken), size - 1);
        for (uint32_t i = 0; i < later.wanted; i++) ring_give_back(&ring, later.batches[i]);
        assert_int_equal(ring.idle_count, size);
        ring_destroy(&ring);
    }
}

static void test_batches_come_back_empty(void **state) {
    (void)state;
    struct ring ring;
    assert_true(ring_init(&ring, 4));
    for (int round = 0; round < 3; round++) {
        struct batch *batch = ring_take(&ring, 0);
        assert_int_equal(batch->magic, BATCH_MAGIC);
        assert_true(batch->text_bytes == 0 && batch->out_bytes == 0 && batch->reject_bytes == 0 &&
                    batch->lines_count == 0);
        assert_true(batch->next == NULL && batch->origin == NULL && !batch->last && batch->segments_count == 0);
        assert_int_equal(batch->tally.read, 0);
        batch->text_bytes = BATCH_TEXT_ROOM; /* the whole room may be used, and is given back */
        batch->out_bytes = batch_out_bytes_max() - OUT_PADDING_BYTES;
        batch->reject_bytes = batch_reject_bytes_max() - OUT_PADDING_BYTES;
        batch->text[batch->text_bytes + TEXT_PADDING_BYTES - 1] = 'x';
        batch->out[batch_out_bytes_max() - 1] = 'x';
        batch->reject[batch_reject_bytes_max() - 1] = 'x';
        batch->last = true;
        (void)batch_add_segment(batch);
        batch->tally.read = 7;
        ring_give_back(&ring, batch);
    }
    ring_destroy(&ring);
}

/* --- sequencer ---------------------------------------------------------------------------------- */

/* Batches that arrive in any order leave by input and sequence. */
static void test_sequencer_order(void **state) {
    (void)state;
    struct seeded seeded = {14};
    for (int round = 0; round < 500; round++) {
        struct ring ring;
        struct origin origins[6];
        struct batch batches[24];
        uint32_t count = 0;
        assert_true(ring_init(&ring, 4));
        struct sequencer sequencer = {.ring = &ring};
        for (uint32_t input = 0; input < 6; input++) {
            origins[input] = (struct origin){.input_index = input};
            uint32_t parts = 1 + seeded_below(&seeded, 4);
            for (uint32_t part = 0; part < parts; part++)
                batches[count++] = (struct batch){
                    .magic = BATCH_MAGIC, .origin = &origins[input], .sequence = part, .last = part + 1 == parts};
        }
        uint32_t order[24], left = 0;
        for (uint32_t i = 0; i < count; i++) order[i] = i;
        for (uint32_t i = count; i > 1; i--) {
            uint32_t other = seeded_below(&seeded, i), swapped = order[i - 1];
            order[i - 1] = order[other];
            order[other] = swapped;
        }
        for (uint32_t i = 0; i < count; i++) {
            struct batch *batch = sequencer_next(&sequencer, &batches[order[i]], false);
            for (; batch != NULL; batch = sequencer_next(&sequencer, NULL, false)) {
                assert_ptr_equal(batch, &batches[left]);
                left++;
                assert_int_equal(ring.oldest_input, left < count ? batches[left].origin->input_index : 6);
            }
        }
        assert_int_equal(left, count);
        assert_null(sequencer.waiting);
        ring_destroy(&ring);
    }
}

/* Streams keep their own order and wait for nobody else, and nobody waits for them. */
static void test_streams_have_an_order_of_their_own(void **state) {
    (void)state;
    enum { PARTS = 6, FIRST_STREAM = 20 };
    struct ring ring;
    assert_true(ring_init(&ring, 4));
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct seeded seeded = {seed};
        struct sequencer sequencer = {.ring = &ring};
        struct origin origins[4] = {{.input_index = 0},
                                    {.input_index = 1},
                                    {.input_index = FIRST_STREAM, .stream = true},
                                    {.input_index = FIRST_STREAM + 1, .stream = true}};
        struct batch batches[4][PARTS];
        bool arrived[4][PARTS] = {{false}};
        uint32_t left[4] = {0}; /* parts that came out */
        for (uint32_t input = 0; input < 4; input++)
            for (uint32_t part = 0; part < PARTS; part++)
                batches[input][part] = (struct batch){
                    .magic = BATCH_MAGIC, .origin = &origins[input], .sequence = part, .last = part + 1 == PARTS};
        for (uint32_t count = 0; count < 4 * PARTS;) {
            uint32_t input = seeded_below(&seeded, 4), part = seeded_below(&seeded, PARTS);
            if (arrived[input][part]) continue;
            arrived[input][part] = true;
            count++;
            struct batch *batch = sequencer_next(&sequencer, &batches[input][part], false);
            for (; batch != NULL; batch = sequencer_next(&sequencer, NULL, false)) {
                uint32_t of = (uint32_t)(batch->origin - origins);
                assert_int_equal(batch->sequence, left[of]);
                left[of]++;
            }
            for (uint32_t i = 0; i < 4; i++) { /* all that could come out did */
                bool next_is_here = left[i] < PARTS && arrived[i][left[i]];
                assert_false(next_is_here && (i != 1 || left[0] == PARTS));
            }
        }
        assert_null(sequencer.waiting);
    }
    ring_destroy(&ring);
}

/* A stream may have the batches that are reserved for the oldest input: it gives them back. */
static void test_streams_take_any_batch(void **state) {
    (void)state;
    struct ring ring;
    struct batch *batches[4];
    assert_true(ring_init(&ring, 4));
    batches[0] = ring_try_take(&ring, 1);
    batches[1] = ring_try_take(&ring, 1);
    assert_non_null(batches[1]);
    assert_null(ring_try_take(&ring, 1));
    batches[2] = ring_try_take(&ring, RING_STREAM);
    batches[3] = ring_take(&ring, RING_STREAM);
    assert_non_null(batches[2]);
    assert_null(ring_try_take(&ring, RING_STREAM));
    for (int i = 0; i < 4; i++) ring_give_back(&ring, batches[i]);
    ring_destroy(&ring);
}

/* --- all of it ---------------------------------------------------------------------------------- */

/* Threads as in app/pipeline.c, with as few batches as may be and every one dawdling. */
struct model {
    struct ring ring;
    struct queue work;
    struct origin origins[INPUTS];
    uint32_t parts[INPUTS];
    uint64_t seed;
    uint32_t threads;
    atomic_uint started, next_input, reading;
    pthread_mutex_t order; /* guards what follows */
    struct sequencer sequencer;
    bool writing;
    uint32_t input, part; /* of the next batch to be settled */
    uint64_t settled;
};

static void dawdle(struct seeded *seeded, uint32_t one_in) {
    if (seeded_below(seeded, one_in) == 0) sleep_us(seeded_below(seeded, 300));
}

/* Writes what is next in order, as app/pipeline.c does: one thread at a time, the others only bring. */
static void settle(struct model *model, struct seeded *seeded, struct batch *batch) {
    ASSERT(pthread_mutex_lock(&model->order) == 0);
    batch = sequencer_next(&model->sequencer, batch, model->writing);
    for (; batch != NULL; batch = sequencer_next(&model->sequencer, NULL, false)) {
        ASSERT(!model->writing);
        model->writing = true;
        ASSERT(pthread_mutex_unlock(&model->order) == 0);
        char expected[32];
        int bytes = snprintf(expected, sizeof expected, "%u:%u", model->input, model->part);
        ASSERT(batch->out_bytes == (size_t)bytes && memcmp(batch->out, expected, (size_t)bytes) == 0);
        model->part = batch->last ? 0 : model->part + 1;
        model->input += batch->last;
        model->settled++;
        dawdle(seeded, 4);
        ring_give_back(&model->ring, batch);
        ASSERT(pthread_mutex_lock(&model->order) == 0);
        model->writing = false;
    }
    ASSERT(pthread_mutex_unlock(&model->order) == 0);
}

static void work(struct model *model, struct seeded *seeded, struct batch *batch) {
    memcpy(batch->out, batch->text, batch->text_bytes);
    batch->out_bytes = batch->text_bytes;
    dawdle(seeded, 4);
    settle(model, seeded, batch);
}

static void read_part(struct model *model, struct seeded *seeded, struct batch *batch, uint32_t input, uint32_t part) {
    batch->origin = &model->origins[input];
    batch->sequence = part;
    batch->last = part + 1 == model->parts[input];
    batch->text_bytes = (uint32_t)snprintf(batch->text, 32, "%u:%u", input, part);
    dawdle(seeded, 8);
    queue_push(&model->work, batch);
}

static void *run_thread(void *argument) {
    struct model *model = argument;
    struct seeded seeded = {model->seed + 77 * (1 + atomic_fetch_add(&model->started, 1))};
    struct batch *batch;
    for (uint32_t input; (input = atomic_fetch_add(&model->next_input, 1)) < INPUTS;) {
        dawdle(&seeded, 2);
        for (uint32_t part = 0; part < model->parts[input];) {
            batch = queue_try_pop(&model->work, model->threads);
            struct batch *idle = batch == NULL ? ring_try_take(&model->ring, input) : NULL;
            if (batch == NULL && idle == NULL) batch = queue_try_pop(&model->work, 1);
            if (batch != NULL)
                work(model, &seeded, batch);
            else
                read_part(model, &seeded, idle != NULL ? idle : ring_take(&model->ring, input), input, part++);
        }
    }
    if (atomic_fetch_sub(&model->reading, 1) == 1) queue_close(&model->work);
    while ((batch = queue_pop(&model->work)) != NULL) work(model, &seeded, batch);
    return NULL;
}

static void run_model(uint32_t count, uint32_t batches, uint64_t seed) {
    static struct model model;
    struct seeded seeded = {seed};
    pthread_t threads[16];
    uint64_t total = 0;
    memset(&model, 0, sizeof model);
    assert_true(ring_init(&model.ring, batches));
    queue_init(&model.work);
    assert_int_equal(pthread_mutex_init(&model.order, NULL), 0);
    model.sequencer.ring = &model.ring;
    model.seed = seed;
    model.threads = count;
    for (uint32_t i = 0; i < INPUTS; i++) {
        model.origins[i] = (struct origin){.input_index = i};
        model.parts[i] = 1 + seeded_below(&seeded, i % 7 == 0 ? 30 : 4);
        total += model.parts[i];
    }
    atomic_store(&model.reading, count);
    for (uint32_t i = 0; i < count; i++) threads[i] = start(run_thread, &model);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(model.settled, total);
    assert_int_equal(model.input, INPUTS);
    assert_null(model.sequencer.waiting);
    assert_int_equal(model.ring.idle_count, batches);
    assert_int_equal(pthread_mutex_destroy(&model.order), 0);
    queue_destroy(&model.work);
    ring_destroy(&model.ring);
}

/* Whoever has something else to do does not wait for ever. */
static void test_take_within(void **state) {
    (void)state;
    struct ring ring;
    struct batch *batches[4];
    assert_true(ring_init(&ring, 4));
    for (int i = 0; i < 4; i++) assert_non_null(batches[i] = ring_take_within(&ring, RING_STREAM, 1000));
    assert_null(ring_take_within(&ring, RING_STREAM, 20));
    ring_give_back(&ring, batches[0]);
    assert_non_null(batches[0] = ring_take_within(&ring, RING_STREAM, PATIENCE_S * 1000));
    for (int i = 0; i < 4; i++) ring_give_back(&ring, batches[i]);
    ring_destroy(&ring);
}

static void test_few_batches_and_many_inputs(void **state) {
    (void)state;
    static const uint32_t cases[][2] = {{1, 4}, {2, 4}, {3, 4}, {8, 4}, {16, 4}, {8, 5}, {4, 10}, {12, 12}, {2, 6}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (uint64_t seed = 1; seed <= 4; seed++) run_model(cases[i][0], cases[i][1], seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_order),
        cmocka_unit_test(test_queue_close_wakes_all),
        cmocka_unit_test(test_queue_says_how_it_is),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_take_within),
        cmocka_unit_test(test_batches_come_back_empty),
        cmocka_unit_test(test_streams_have_an_order_of_their_own),
        cmocka_unit_test(test_streams_take_any_batch),
        cmocka_unit_test(test_sequencer_order),
        cmocka_unit_test(test_few_batches_and_many_inputs),
    };
    return cmocka_run_group_tests(tests, start_alarm, NULL);
}
