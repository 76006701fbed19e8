/* Rates of a part of a stream: however batches are cut, and whoever goes on wherever, be it inside a message and from what was needed some
 * time before, the documents are the same, `late` and `revision` included.
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
#include <unistd.h>

#include "base/tile.h"
#include "ingest/kafka_recount.h"
#include "schemas/heat_slot.h"
#include "tests/unit/part_file.h"

#define NOTES 1200u
#define LINES 3u /* of a message */
#define TEXT_BYTES (1u << 20)

static struct rollup_note notes[NOTES];

static const struct rate_dim client = {.name = "client",
                                       .parts = 1u << RATE_CLIENT,
                                       .parts_count = 1,
                                       .order = {RATE_CLIENT},
                                       .v4_prefix = 32,
                                       .v6_prefix = 64};
static struct rate_settings settings = {.slot_s = 10,
                                        .lateness_s = 60,
                                        .windows_count = 2,
                                        .windows_s = {60, 120},
                                        .dims_count = 1,
                                        .limits_count = 1,
                                        .topk = 2048,
                                        .rows = 3};

static int set_up(void **state) {
    settings.dims[0] = client;
    settings.limits[0] = (struct rate_limit){.name = "all",
                                             .key = client,
                                             .path_class = RATE_CLASS_NONE,
                                             .method = METHOD_NONE,
                                             .window_s = 120,
                                             .limit = 9};
    for (uint32_t i = 0; i < NOTES; i++) {
        uint32_t dice = i * 2654435761u >> 8;
        int64_t time_s = BEGIN_S + i * 2 - dice % 90 - (i % 29 == 28 ? 500 : 0);
        notes[i] = (struct rollup_note){
            .origin = &origin,
            .position = i / LINES,
            .message_line = i % LINES + 1,
            .time_ns = time_s * SECOND_NS,
            .start_ns = (time_s - dice / 90 % 40) * SECOND_NS,
            .heat_slot = heat_slot((uint32_t)(time_s / HEAT_INTERVAL_S), TILE_NONE, HEAT_ZONE_UNKNOWN),
            .resolved = true,
            .tells_client = i % 17 != 0,
            .client = {{[10] = 0xff, [11] = 0xff, [12] = 81, [15] = (uint8_t)(1 + dice / 7 % 5)}},
            .latency_us = LATENCY_UNKNOWN,
            .bytes = 1};
    }
    return open_part_file(state);
}

static struct rollup_part *new_part(enum rollup_part_kind kind) {
    const struct rollup_part_request request = {.kind = kind,
                                                .bytes_max = 64u << 20,
                                                .rates = &settings,
                                                .rates_bytes = RATE_BYTES_MIN,
                                                .lateness_s = 60,
                                                .name = kind == ROLLUP_PART_CONNECTIONS ? "tcp/1" : NULL,
                                                .writer = writer};
    struct rollup_part *part = rollup_part_new(&request);
    assert_non_null(part);
    return part;
}

/* All that was written since the call before. */
static void take_written(char text[TEXT_BYTES]) {
    static long seen;
    FILE *in = written_documents();
    fseek(in, 0, SEEK_END);
    if (ftell(in) < seen) seen = 0; /* a file of another test */
    fseek(in, seen, SEEK_SET);
    size_t bytes = fread(text, 1, TEXT_BYTES - 1, in);
    assert_true(bytes < TEXT_BYTES - 1);
    text[bytes] = '\0';
    seen += (long)bytes;
    fclose(in);
}

static unsigned occurrences(const char *text, const char *word) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) count++;
    return count;
}

static void count(struct rollup_part *part, uint32_t from, uint32_t to, uint32_t each) {
    for (uint32_t i = from; i < to; i += each)
        rollup_part_count(part, notes + i, each < to - i ? each : to - i, NOW_NS);
}

static char alone[TEXT_BYTES], before[TEXT_BYTES], after[TEXT_BYTES];

static void test_batches(void **state) {
    (void)state;
    for (uint32_t each = NOTES; each > 0; each /= 5) {
        struct rollup_part *part = new_part(ROLLUP_PART_PARTITION);
        count(part, 0, NOTES, each);
        take_written(each == NOTES ? alone : after);
        if (each != NOTES) assert_string_equal(after, alone);
        rollup_part_free(part);
    }
    assert_true(occurrences(alone, "\"kind\":\"top\"") > 50 && occurrences(alone, "\"kind\":\"breach\"") > 5);
    assert_true(occurrences(alone, "\"late\":") > 20 && occurrences(alone, "\"part\":\"edge/3\"") > 60);
    assert_int_equal(occurrences(alone, "\"kind\":\"impact\"") + occurrences(alone, "\"kind\":\"advice\""), 0);
}

/* As it goes with an offset. */
static struct kafka_need carried(const struct rollup_part *part) {
    struct kafka_need need = rollup_part_need(part), read;
    char text[KAFKA_NEED_BYTES_MAX];
    size_t bytes = kafka_need_write(&need, text);
    assert_true(kafka_need_read((struct slice){text, bytes}, &read));
    assert_int_equal(read.offset, need.offset);
    return read;
}

/* Killed after `cut` notes, when what was needed was that after `said` notes, and whoever goes on with that is, too. */
static void check_handed_over(uint32_t said, uint32_t cut) {
    struct rollup_part *part = new_part(ROLLUP_PART_PARTITION);
    count(part, 0, said, 7);
    take_written(before);
    struct kafka_need need = carried(part);
    count(part, said, cut, 7);
    take_written(after); /* is written again */
    size_t known = strlen(before);
    assert_memory_equal(before, alone, known);
    assert_memory_equal(after, alone + known, strlen(after));
    for (uint32_t again = 0; again < 2; again++) {
        rollup_part_free(part);
        part = new_part(ROLLUP_PART_PARTITION);
        rollup_part_begin(part, &need);
        uint32_t from = (uint32_t)need.offset * LINES, middle = from < said ? from + (said - from) / 2 : from;
        count(part, from, middle, 5);
        if (middle < said) need = carried(part); /* in the midst of counting again */
        count(part, middle, cut, 5);
        take_written(after);
        assert_memory_equal(after, alone + known, strlen(after));
        if (again == 0) continue;
        count(part, cut, NOTES, 11);
        take_written(before);
        assert_string_equal(before, alone + known + strlen(after));
    }
    rollup_part_free(part);
}

static void test_handed_over(void **state) {
    uint32_t moved = 0;
    (void)state;
    struct rollup_part *part = new_part(ROLLUP_PART_PARTITION);
    count(part, 0, NOTES, NOTES);
    take_written(alone);
    assert_true(rollup_part_need(part).offset > (int64_t)(NOTES / LINES / 2)); /* it moves on */
    rollup_part_free(part);
    for (uint32_t said = 1; said < NOTES; said += 37)
        for (uint32_t later = 0; later < 200; later += 61, moved++)
            check_handed_over(said, said + later < NOTES ? said + later : NOTES);
    assert_true(moved > 100);
}

/* Of what has no end nothing is open when it is left; of a partition that is for whoever goes on. */
static void test_end(void **state) {
    static const enum rollup_part_kind kinds[] = {ROLLUP_PART_PARTITION, ROLLUP_PART_CONNECTIONS};
    unsigned tops[2];
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct rollup_part_counts counts = {0};
        struct rollup_part *part = new_part(kinds[i]);
        count(part, 0, NOTES, 9);
        rollup_part_close(part);
        take_written(alone);
        tops[i] = occurrences(alone, "\"kind\":\"top\"");
        assert_int_equal(occurrences(alone, "\"kind\":\"impact\"") + occurrences(alone, "\"kind\":\"advice\""), 0);
        rollup_part_count_up(part, &counts);
        rollup_part_count_up(part, &counts);
        assert_true(counts.has_rates && counts.rates.late > 20 && counts.rates.keys == (i == 0 ? 10 : 0));
        rollup_part_free(part);
    }
    assert_true(tops[1] > tops[0] + 3);
}

/* Records that counted are gone: windows that may have had some say so, later ones do not. */
static void test_lost(void **state) {
    (void)state;
    struct rollup_part *part = new_part(ROLLUP_PART_PARTITION);
    rollup_part_lose(part); /* by the clock, which is later than all of them */
    count(part, 0, NOTES, 9);
    take_written(alone);
    assert_int_equal(occurrences(alone, "\"approx\":true"), occurrences(alone, "\"kind\":"));
    rollup_part_free(part);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_batches, set_up, close_part_file),
                                       cmocka_unit_test_setup_teardown(test_handed_over, set_up, close_part_file),
                                       cmocka_unit_test_setup_teardown(test_end, set_up, close_part_file),
                                       cmocka_unit_test_setup_teardown(test_lost, set_up, close_part_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
