/* What may be committed: of each partition the end of what has settled, whatever else happens to it meanwhile.
 *
 * Threads: one, but for the last test. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/kafka_progress.h"
#include "schemas/limits.h"
#include "tests/unit/seeded.h"

enum { BATCHES_MAX = 8, PARTITIONS = 4, RANGES_MAX = PARTITIONS };

static struct batch_range ranges_of[BATCHES_MAX][RANGES_MAX];
static struct batch batches[BATCHES_MAX];
static struct kafka_progress progress;

/* An empty batch, whose memory says what it said before. */
static struct batch *empty_batch(uint32_t index) {
    batches[index].ranges = ranges_of[index];
    batches[index].ranges_count = 0;
    return &batches[index];
}

static int set_up(void **state) {
    (void)state;
    memset(ranges_of, 0, sizeof ranges_of);
    return kafka_progress_init(&progress) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    kafka_progress_destroy(&progress);
    return 0;
}

/* --- one thing after the other ------------------------------------------------------------------ */

/* Steps, a word each; x, y: partitions; 0..7: batches.
 *   x+5   x is assigned, from 5 on; `?`: from nobody knows where         x-     it is assigned no longer
 *   x@5   its first message in this assignment is 5                      x=5    it had settled at 5
 *   0x5   batch 0 (emptied by `0!`) goes up to 5 in x                    0. 0~  batch 0 settles, was dropped
 *   01. 01~  both in one settlement, ranges of the second one behind
 * What is said: `i`/`b` (idle, busy) for each settlement, then assigned partitions with what has settled, and batches in flight. */
struct step_case {
    const char *what, *steps, *expected;
};

static const struct step_case step_cases[] = {
    {"nothing", "", " 0"},
    {"not known where", "x+?", " x:-1 0"},
    {"known where", "x+7", " x:7 0"},
    {"its first message", "x+? x@3", " x:3 0"},
    {"its first message, when it is known where", "x+7 x@9", " x:7 0"},
    {"offset 0 is known", "x+0 x@9", " x:0 0"},
    {"in flight", "x+0 0! 0x5", " x:0 1"},
    {"settled", "x+0 0! 0x5 0.", "i x:5 0"},
    {"dropped", "x+0 0! 0x5 0~", "i x:0 0"},
    {"a batch goes on in its partition", "x+0 0! 0x5 0x6 0x9 0.", "i x:9 0"},
    {"and behind another one", "x+0 y+0 0! 0x5 0y1 0x6 0y2 0.", "i x:6 y:2 0"},
    {"batch by batch", "x+0 0! 0x5 1! 1x8 0.", "b x:5 1"},
    {"all of them", "x+0 0! 0x5 1! 1x8 0. 1.", "bi x:8 0"},
    {"together", "x+0 y+0 0! 0x5 0y2 1! 1x8 01.", "i x:8 y:2 0"},
    {"together dropped", "x+0 y+0 0! 0x5 0y2 1! 1x8 01~", "i x:0 y:0 0"},
    {"a batch used again", "x+0 y+0 0! 0x5 0y6 0. 0! 0y7 0.", "ii x:5 y:7 0"},
    {"a batch used again, another order", "x+0 y+0 0! 0x5 0y6 0. 0! 0y7 0x8 0.", "ii x:8 y:7 0"},
    {"less than before changes nothing", "x+0 0! 0x9 0. 1! 1x4 1.", "ii x:9 0"},
    {"the middle of a message", "x+3 0! 0x3 0.", "i x:3 0"},
    {"one was dropped, and is read again", "x+0 0! 0x5 1! 1x8 0. 1~ 2! 2x6 2.", "bii x:6 0"},
    {"others have committed less than we know", "x+0 0! 0x5 0. x=2 1! 1x4 1.", "ii x:4 0"},
    {"others have committed more", "x+0 x=7 0! 0x5 0.", "i x:7 0"},
    {"assigned no longer", "x+0 y+1 0! 0x5 0. x-", "i y:1 0"},
    {"assigned again, known where", "x+0 0! 0x5 0. x- x+2", "i x:2 0"},
    {"assigned again, not known where", "x+0 0! 0x5 0. x- x+?", "i x:-1 0"},
    {"and its first message", "x+0 0! 0x5 0. x- x+? x@1", "i x:1 0"},
    {"settles too late for its assignment", "x+0 0! 0x5 x- x+2 0.", "i x:2 0"},
    {"likewise, not known where", "x+0 0! 0x5 x- x+? 0.", "i x:-1 0"},
    {"but those behind it count", "x+0 0! 0x5 x- x+2 1! 1x3 0. 1.", "bi x:3 0"},
    {"while another partition goes on", "x+0 y+0 0! 0x5 0y5 x- x+2 0.", "i x:2 y:5 0"},
    {"together with what counts", "x+0 y+0 0! 0x9 x- x+2 1! 1y3 01.", "i x:2 y:3 0"},
    {"assigned while a batch is filled", "x+0 0! 0x5 y+3 0y4 0.", "i x:5 y:4 0"},
    {"assigned again while one is filled", "x+0 y+0 x- 0! 0y5 x+1 0x4 0.", "i x:4 y:5 0"},
};

static struct kafka_partition *partition_at(char letter) {
    struct kafka_partition *partition = kafka_progress_find(&progress, letter == 'x' ? "x" : "y", 7);
    assert_non_null(partition);
    return partition;
}

static bool settle_text(const char *step) {
    struct batch_range ranges[BATCHES_MAX * RANGES_MAX];
    struct kafka_settlement settlement = {.ranges = ranges};
    for (; *step != '.' && *step != '~'; step++) {
        const struct batch *batch = &batches[*step - '0'];
        memcpy(ranges + settlement.ranges_count, batch->ranges, batch->ranges_count * sizeof *ranges);
        settlement.ranges_count += batch->ranges_count;
        settlement.batches_count++;
    }
    settlement.stale = *step == '~';
    return kafka_progress_settle(&progress, &settlement);
}

/* Does a step; what it says. */
static const char *take_step(const char *step) {
    int64_t offset = step[2] == '?' ? -1 : atoll(step + 2);
    if (step[1] == '!') {
        (void)empty_batch((uint32_t)(*step - '0'));
    } else if (step[1] == 'x' || step[1] == 'y') {
        kafka_progress_extend(&progress, partition_at(step[1]), &batches[*step - '0'], offset);
    } else if (*step >= '0' && *step <= '9') {
        return settle_text(step) ? "i" : "b";
    } else {
        struct kafka_partition *partition = partition_at(*step);
        switch (step[1]) {
        case '+': kafka_progress_assign(&progress, partition, offset); break;
        case '-': kafka_progress_unassign(&progress, partition); break;
        case '@': kafka_progress_begin(&progress, partition, offset); break;
        case '=': kafka_progress_correct(&progress, partition, offset); break;
        default: fail_msg("step %s", step);
        }
    }
    return "";
}

static void steps_settle(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(step_cases); i++) {
        char steps[128], said[128] = "";
        struct kafka_lag lags[PARTITIONS];
        assert_int_equal(set_up(NULL), 0);
        snprintf(steps, sizeof steps, "%s", step_cases[i].steps);
        for (char *step = strtok(steps, " "); step != NULL; step = strtok(NULL, " ")) strcat(said, take_step(step));
        size_t count = kafka_progress_list(&progress, lags, PARTITIONS);
        for (size_t at = 0; at < count; at++)
            sprintf(said + strlen(said), " %s:%" PRId64, lags[at].topic, lags[at].position);
        sprintf(said + strlen(said), " %" PRIu64, kafka_progress_in_flight(&progress));
        if (strcmp(said, step_cases[i].expected) != 0)
            fail_msg("%s: %s instead of %s", step_cases[i].what, said, step_cases[i].expected);
        (void)tear_down(NULL);
    }
}

static void assignments_begin_anew(void **state) {
    (void)state;
    struct kafka_partition *partition = partition_at('x');
    assert_int_equal(partition->settled, -1);
    assert_int_equal(partition->committed, -1);
    assert_false(partition->assigned);
    kafka_progress_assign(&progress, partition, -1);
    assert_true(partition->assigned);
    assert_int_equal(partition->committed, -1);
    kafka_progress_begin(&progress, partition, 5);
    assert_true(partition->taken);
    assert_int_equal(partition->committed, 5); /* whoever comes next would begin there, too */
    kafka_progress_unassign(&progress, partition);
    kafka_progress_assign(&progress, partition, 9);
    assert_false(partition->taken);
    assert_int_equal(partition->committed, 9);
    partition->committed = -1; /* a commit has failed */
    kafka_progress_begin(&progress, partition, 11);
    assert_int_equal(partition->committed, -1);
    assert_int_equal(kafka_progress_settled(&progress, partition), 9);
}

/* --- the table ---------------------------------------------------------------------------------- */

static const struct {
    const char *topic;
    int32_t number;
} names[] = {{"x", 0},  {"x", 1},  {"x", 10}, {"x1", 0}, {"x1", 1}, {"1", 0},         {"", 0},
             {"X", 0},  {"xx", 0}, {"x", -1}, {"x.", 0}, {"x", 11}, {"x", INT32_MAX}, {"xxxxxxxxxxxxxxxxxxxxxxxx", 0},
             {"y", 10}, {"z", 10}};

static void partitions_have_their_names(void **state) {
    (void)state;
    const struct kafka_partition *found[COUNT_OF(names)];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char topic[32]; /* not kept by the table */
        snprintf(topic, sizeof topic, "%s", names[i].topic);
        found[i] = kafka_progress_find(&progress, topic, names[i].number);
        assert_non_null(found[i]);
        memset(topic, '#', sizeof topic - 1);
        assert_int_equal(found[i]->index, i);
        assert_string_equal(found[i]->topic, names[i].topic);
        assert_int_equal(found[i]->number, names[i].number);
    }
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = COUNT_OF(names); i-- > 0;)
            assert_ptr_equal(kafka_progress_find(&progress, names[i].topic, names[i].number), found[i]);
    assert_int_equal(progress.partitions_count, COUNT_OF(names));
}

static void the_table_grows_up_to_its_limit(void **state) {
    (void)state;
    struct kafka_partition **found = calloc(KAFKA_PARTITIONS_MAX, sizeof(struct kafka_partition *));
    assert_non_null(found);
    for (uint32_t i = 0; i < KAFKA_PARTITIONS_MAX; i++) {
        found[i] = kafka_progress_find(&progress, i % 2 == 0 ? "even" : "odd", (int32_t)i / 2);
        assert_non_null(found[i]);
    }
    assert_null(kafka_progress_find(&progress, "even", KAFKA_PARTITIONS_MAX));
    assert_null(kafka_progress_find(&progress, "even", KAFKA_PARTITIONS_MAX));
    for (uint32_t i = 0; i < KAFKA_PARTITIONS_MAX; i++) {
        assert_ptr_equal(kafka_progress_find(&progress, i % 2 == 0 ? "even" : "odd", (int32_t)i / 2), found[i]);
        assert_ptr_equal(kafka_progress_at(&progress, i), found[i]);
        assert_int_equal(found[i]->index, i);
    }
    free(found);
}

static void lists_have_what_is_assigned(void **state) {
    (void)state;
    struct kafka_lag list[6];
    for (int32_t i = 0; i < 6; i++) {
        struct kafka_partition *partition = kafka_progress_find(&progress, "x", i);
        assert_non_null(partition);
        if (i % 2 == 1) kafka_progress_assign(&progress, partition, 10 * i);
    }
    assert_int_equal(kafka_progress_list(&progress, NULL, 0), 3);
    for (size_t room = 0; room < 6; room++) {
        size_t expected = room < 3 ? room : 3;
        memset(list, 0xff, sizeof list);
        assert_int_equal(kafka_progress_list(&progress, list, room), expected);
        for (size_t i = 0; i < expected; i++) {
            assert_string_equal(list[i].topic, "x");
            assert_int_equal(list[i].partition, 2 * i + 1);
            assert_int_equal(list[i].position, 10 * (2 * i + 1));
            assert_int_equal(list[i].lag, -1); /* is not known here */
        }
        assert_int_equal(list[expected].partition, -1);
    }
}

/* --- a group's life, by chance ------------------------------------------------------------------ */

/* A log of messages, some in several parts, with gaps between them. What the model knows is which parts have settled. */
enum { LOG_MESSAGES = 400, PARTS_MAX = 3, PIECES_MAX = 64 };

struct model_partition {
    struct kafka_partition *real;
    bool assigned, known;
    uint32_t assignment;
    int64_t floor;          /* settled when it was assigned, or when it was begun again */
    uint32_t message, part; /* next to read */
    int64_t offset[LOG_MESSAGES];
    uint32_t parts[LOG_MESSAGES];
    uint32_t settled[LOG_MESSAGES]; /* parts, in this assignment */
};

struct piece {
    uint32_t partition, assignment, message;
};

static struct {
    struct seeded seeded;
    struct model_partition partitions[PARTITIONS];
    struct piece pieces[BATCHES_MAX][PIECES_MAX];
    uint32_t pieces_count[BATCHES_MAX];
    uint32_t first, filling;  /* numbers of batches: in flight are those from one to the other */
    bool rewinding, dropping; /* once one was dropped, all behind it are */
    int open;                 /* partition of the message that is not read to its end; -1: none */
} model;

static uint32_t chance(uint32_t limit) {
    return seeded_below(&model.seeded, limit);
}

static int64_t model_settled(const struct model_partition *partition) {
    int64_t settled = partition->floor;
    for (uint32_t i = 0; partition->known && i < LOG_MESSAGES; i++) {
        if (partition->offset[i] < partition->floor) continue;
        if (partition->settled[i] > 0) settled = partition->offset[i];
        if (partition->settled[i] < partition->parts[i]) break;
        settled = partition->offset[i] + 1;
    }
    return partition->known ? settled : -1;
}

static uint32_t model_in_flight(void) {
    return model.filling - model.first + (model.pieces_count[model.filling % BATCHES_MAX] > 0);
}

/* The message from which on it is read. */
static uint32_t message_from(const struct model_partition *partition, int64_t offset) {
    uint32_t message = 0;
    while (message < LOG_MESSAGES && partition->offset[message] < offset) message++;
    return message;
}

static void model_begin(void) {
    model.open = -1;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        struct model_partition *partition = &model.partitions[i];
        int64_t offset = 0;
        partition->real = kafka_progress_find(&progress, "log", i);
        assert_non_null(partition->real);
        for (uint32_t message = 0; message < LOG_MESSAGES; message++) {
            offset += chance(3) == 0 ? 1 + chance(4) : 0;
            partition->offset[message] = offset++;
            partition->parts[message] = chance(4) == 0 ? 1 + chance(PARTS_MAX) : 1;
        }
    }
    (void)empty_batch(0);
}

static void model_close_batch(void) {
    if (model.pieces_count[model.filling % BATCHES_MAX] == 0 || model.filling - model.first == BATCHES_MAX - 1) return;
    model.filling++;
    model.pieces_count[model.filling % BATCHES_MAX] = 0;
    (void)empty_batch(model.filling % BATCHES_MAX);
}

static void model_read(void) {
    uint32_t slot = model.filling % BATCHES_MAX, which = model.open >= 0 ? (uint32_t)model.open : chance(PARTITIONS);
    struct model_partition *partition = &model.partitions[which];
    if (!partition->assigned || model.rewinding || model.pieces_count[slot] == PIECES_MAX ||
        partition->message == LOG_MESSAGES)
        return;
    uint32_t message = partition->message;
    int64_t offset = partition->offset[message];
    if (!partition->real->taken) kafka_progress_begin(&progress, partition->real, offset);
    if (!partition->known) partition->floor = offset;
    partition->known = true;
    model.pieces[slot][model.pieces_count[slot]++] = (struct piece){which, partition->assignment, message};
    bool done = ++partition->part == partition->parts[message];
    if (done) partition->message++;
    if (done) partition->part = 0;
    model.open = done ? -1 : (int)which;
    kafka_progress_extend(&progress, partition->real, &batches[slot], done ? offset + 1 : offset);
    if (!done) model_close_batch(); /* it is full */
}

/* One batch, or as many as a transaction has. */
static void model_settle(void) {
    struct batch_range ranges[BATCHES_MAX * RANGES_MAX];
    uint32_t there = model.filling - model.first;
    if (there == 0) return;
    model.dropping = model.dropping || (model.rewinding && chance(3) > 0);
    struct kafka_settlement settlement = {
        .ranges = ranges, .batches_count = 1 + (chance(3) == 0 ? chance(there) : 0), .stale = model.dropping};
    for (uint32_t i = 0; i < settlement.batches_count; i++, model.first++) {
        uint32_t slot = model.first % BATCHES_MAX;
        memcpy(ranges + settlement.ranges_count, batches[slot].ranges, batches[slot].ranges_count * sizeof *ranges);
        settlement.ranges_count += batches[slot].ranges_count;
        for (uint32_t at = 0; at < model.pieces_count[slot] && !settlement.stale; at++) {
            const struct piece *piece = &model.pieces[slot][at];
            struct model_partition *partition = &model.partitions[piece->partition];
            if (piece->assignment == partition->assignment) partition->settled[piece->message]++;
        }
    }
    assert_int_equal(kafka_progress_settle(&progress, &settlement), model_in_flight() == 0);
}

static void begin_at(struct model_partition *partition, int64_t settled) {
    memset(partition->settled, 0, sizeof partition->settled);
    partition->floor = settled;
    partition->message = message_from(partition, settled);
    partition->part = 0;
}

static void model_assign(struct model_partition *partition) {
    if (partition->assigned) return;
    bool known = chance(2) == 0; /* the group's own position stands in no list */
    int64_t start = partition->known ? partition->floor + chance(8) : 0;
    begin_at(partition, start);
    partition->assigned = true;
    partition->known = known;
    partition->assignment++;
    kafka_progress_assign(&progress, partition->real, known ? start : -1);
}

/* In order when all has settled; otherwise in a hurry, and what is in flight is given up. */
static void model_unassign(struct model_partition *partition) {
    bool drained = model_in_flight() == 0 && model.open < 0;
    if (!partition->assigned || (!drained && chance(4) > 0)) return;
    if (!drained) model.rewinding = true;
    partition->assigned = false;
    partition->floor = model_settled(partition) < 0 ? 0 : model_settled(partition);
    kafka_progress_unassign(&progress, partition->real);
}

static void model_end_rewind(void) {
    model_close_batch();
    if (!model.rewinding || model_in_flight() > 0) return;
    model.rewinding = model.dropping = false;
    model.open = -1;
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        struct model_partition *partition = &model.partitions[i];
        if (!partition->assigned || !partition->known) continue;
        int64_t settled = kafka_progress_settled(&progress, partition->real);
        if (chance(4) == 0) { /* the broker knows better */
            settled = settled > 3 ? settled - chance(4) : settled + chance(4);
            kafka_progress_correct(&progress, partition->real, settled);
        }
        begin_at(partition, settled);
    }
}

static void model_check(uint64_t seed, uint32_t step) {
    struct kafka_lag list[PARTITIONS];
    size_t count = 0;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        const struct model_partition *partition = &model.partitions[i];
        if (!partition->assigned) continue;
        int64_t expected = model_settled(partition), found = kafka_progress_settled(&progress, partition->real);
        if (found != expected)
            fail_msg("seed %" PRIu64 " step %u: partition %d has settled up to %" PRId64 " instead of %" PRId64, seed,
                     step, i, found, expected);
        count++;
    }
    assert_int_equal(kafka_progress_in_flight(&progress), model_in_flight());
    assert_int_equal(kafka_progress_list(&progress, list, PARTITIONS), count);
}

static void lives_of_groups(void **state) {
    (void)state;
    enum { GROUPS = 200, STEPS = 1500 };
    for (uint64_t seed = 1; seed <= GROUPS; seed++) {
        assert_int_equal(set_up(NULL), 0);
        memset(&model, 0, sizeof model);
        model.seeded.state = seed;
        model_begin();
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t what = chance(100);
            struct model_partition *partition = &model.partitions[chance(PARTITIONS)];
            if (what < 60)
                model_read();
            else if (what < 72)
                model_close_batch();
            else if (what < 90)
                model_settle();
            else if (what < 94)
                model_assign(partition);
            else if (what < 97)
                model_unassign(partition);
            else if (what < 98)
                model.rewinding = true;
            if (model.rewinding) model_end_rewind();
            model_check(seed, step);
        }
        (void)tear_down(NULL);
    }
}

/* --- threads ------------------------------------------------------------------------------------ */

/* What any thread may do, while the table grows under it. */
static void *look_on(void *argument) {
    struct kafka_lag list[8];
    static const struct batch_range range = {.assignment = 1, .next = 1};
    const struct kafka_settlement settlement = {.ranges = &range, .ranges_count = 1};
    for (uint32_t i = 0; i < 20000; i++) {
        (void)kafka_progress_settle(argument, &settlement);
        size_t count = kafka_progress_list(argument, list, 8);
        ASSERT(count >= 1 && list[0].position == 1 && strcmp(list[0].topic, "x") == 0);
        ASSERT(kafka_progress_at(argument, 0)->index == 0 && kafka_progress_in_flight(argument) == 0);
    }
    return argument;
}

static void others_look_on(void **state) {
    (void)state;
    pthread_t other;
    kafka_progress_assign(&progress, partition_at('x'), 0);
    assert_int_equal(pthread_create(&other, NULL, look_on, &progress), 0);
    for (int32_t i = 0; i < 30000; i++) kafka_progress_assign(&progress, kafka_progress_find(&progress, "y", i), i);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(kafka_progress_list(&progress, NULL, 0), 30001);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_settle),
        cmocka_unit_test_setup_teardown(assignments_begin_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partitions_have_their_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_table_grows_up_to_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_have_what_is_assigned, set_up, tear_down),
        cmocka_unit_test(lives_of_groups),
        cmocka_unit_test_setup_teardown(others_look_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
