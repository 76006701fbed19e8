/* A part of a stream on its own: what is over and when, what counts still, what comes again; and what is written of that into a group's
 * offset.
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

#define LATENESS_S 60u

static struct rollup_part *new_part(void) {
    const struct rollup_part_request request = {
        .kind = ROLLUP_PART_PARTITION, .bytes_max = 64u << 20, .lateness_s = LATENESS_S, .writer = writer};
    struct rollup_part *part = rollup_part_new(&request);
    assert_non_null(part);
    return part;
}

/* A request at that second from BEGIN_S on. */
static struct rollup_note note_at(int64_t second, uint64_t offset, uint32_t line) {
    int64_t time_s = BEGIN_S + second;
    return (struct rollup_note){
        .origin = &origin,
        .position = offset,
        .message_line = line,
        .time_ns = time_s * SECOND_NS,
        .heat_slot = heat_slot((uint32_t)(time_s / HEAT_INTERVAL_S), TILE_NONE, HEAT_ZONE_UNKNOWN),
        .bytes = 1};
}

static void count(struct rollup_part *part, int64_t second, uint64_t offset, uint32_t line) {
    const struct rollup_note note = note_at(second, offset, line);
    rollup_part_count(part, &note, 1, NOW_NS);
}

/* What was written, as "SECOND:REQUESTS@REVISION " for each document. */
static char *written(void) {
    static char text[65536];
    char line[4096];
    size_t used = 0;
    FILE *in = written_documents();
    text[0] = '\0';
    while (fgets(line, sizeof line, in) != NULL) {
        int hour, minute;
        unsigned requests, revision;
        const char *found = strstr(line, "\"requests\":"), *last = strstr(line, "\"revision\":");
        assert_int_equal(sscanf(line, "{\"@timestamp\":\"2026-03-01T%d:%d", &hour, &minute), 2);
        assert_true(found != NULL && last != NULL && strstr(line, "\"part\":\"edge/3\"") != NULL);
        assert_int_equal(sscanf(found, "\"requests\":%u", &requests), 1);
        assert_int_equal(sscanf(last, "\"revision\":%u", &revision), 1);
        used += (size_t)snprintf(text + used, sizeof text - used, "%d:%u@%u ", (hour - 10) * 3600 + minute * 60,
                                 requests, revision);
    }
    fclose(in);
    return text;
}

static void assert_need(const struct rollup_part *part, int64_t offset, int64_t closed_second) {
    struct kafka_need need = rollup_part_need(part);
    assert_int_equal(need.offset, offset);
    assert_int_equal(need.closed_s - BEGIN_S, closed_second);
}

static void test_over_by_event_time(void **state) {
    struct rollup_part *part = new_part();
    struct rollup_part_counts counts = {0};
    (void)state;
    count(part, 10, 5, 1);
    assert_need(part, 5, -50);
    count(part, 310, 6, 1);
    count(part, 20, 7, 1); /* still open */
    assert_string_equal(written(), "");
    assert_need(part, 5, 250);
    count(part, 359, 8, 1);
    assert_string_equal(written(), "");
    count(part, 360, 9, 1);
    assert_string_equal(written(), "0:2@9 ");
    assert_need(part, 6, 300);
    count(part, 299, 10, 1);          /* late by a second */
    count(part, 86400 + 3600, 11, 1); /* as far ahead as it may be, and further */
    count(part, 86400 + 3601, 12, 1);
    assert_string_equal(written(), "0:2@9 300:3@11 ");
    rollup_part_count_up(part, &counts);
    assert_int_equal(counts.late, 1);
    assert_int_equal(counts.ahead, 1);
    rollup_part_free(part);
}

/* One by one or all at once, as batches are cut: the same documents. */
static void test_however_batches_are_cut(void **state) {
    struct rollup_note notes[400];
    char *at_once = NULL;
    (void)state;
    for (uint32_t i = 0; i < 400; i++) notes[i] = note_at((int64_t)i * 7 - (i * 7919 % 211), i, 1);
    for (uint32_t each = 400; each > 0; each /= 3) {
        struct rollup_part *part = new_part();
        char before[65536];
        snprintf(before, sizeof before, "%s", written());
        for (uint32_t i = 0; i < 400; i += each)
            rollup_part_count(part, notes + i, each < 400 - i ? each : 400 - i, NOW_NS);
        char *now = written() + strlen(before);
        assert_true(strlen(now) > 20);
        if (at_once == NULL)
            at_once = strdup(now);
        else
            assert_string_equal(now, at_once);
        rollup_part_free(part);
    }
    free(at_once);
}

/* Messages that come again within an assignment, be it the lines of one. */
static void test_again(void **state) {
    struct rollup_part *part = new_part();
    (void)state;
    count(part, 10, 5, 1);
    count(part, 10, 5, 2);
    count(part, 10, 5, 1);
    count(part, 10, 5, 2);
    count(part, 10, 5, 3);
    count(part, 10, 4, 9);
    count(part, 10, 6, 1);
    rollup_part_show(part);
    assert_string_equal(written(), "0:4@7 ");
    rollup_part_show(part);
    assert_string_equal(written(), "0:4@7 ");
    rollup_part_free(part);
}

/* Somebody else goes on from what is needed: the same documents as one alone has, late ones included. */
static void test_handed_over(void **state) {
    struct rollup_note notes[600];
    static char alone[65536];
    (void)state;
    for (uint32_t i = 0; i < 600; i++) notes[i] = note_at((int64_t)i * 7 - (i * 7919 % 211) * 2, i, 1);
    struct rollup_part *part = new_part();
    rollup_part_count(part, notes, 600, NOW_NS);
    snprintf(alone, sizeof alone, "%s", written());
    struct rollup_part_counts counts = {0};
    rollup_part_count_up(part, &counts);
    assert_true(counts.late > 10 && strlen(alone) > 50);
    rollup_part_free(part);
    for (uint32_t cut = 1; cut < 600; cut += 37) {
        part = new_part();
        size_t before = strlen(written());
        rollup_part_count(part, notes, cut, NOW_NS);
        struct kafka_need need = rollup_part_need(part);
        size_t first = strlen(written());
        assert_memory_equal(written() + before, alone, first - before);
        rollup_part_free(part);
        part = new_part();
        rollup_part_begin(part, &need);
        rollup_part_count(part, notes + need.offset, 600 - (uint32_t)need.offset, NOW_NS);
        assert_string_equal(written() + first, alone + (first - before));
        rollup_part_free(part);
    }
}

/* --- what goes with an offset --------------------------------------------------------------------- */

static void test_metadata(void **state) {
    static const struct {
        const char *text;
        bool good;
        struct kafka_need need;
    } cases[] = {
        {"wf1:o=0,c=0", true, {0}},
        {"wf1:o=12345,c=1772359200", true, {.offset = 12345, .closed_s = 1772359200}},
        {"wf1:o=9223372036854775807,c=1", true, {.offset = INT64_MAX, .closed_s = 1}},
        {"wf2:o=7,c=1,p=9,l=3,n=1772359200123456789,r=1772358300",
         true,
         {.offset = 7,
          .closed_s = 1,
          .has_rates = true,
          .position = 9,
          .line = 3,
          .rates = {.newest_ns = 1772359200123456789, .reported_ns = 1772358300 * SECOND_NS}}},
        {"wf2:o=7,c=1,p=9,l=4294967295,n=5,r=0,x=0.12.0.9223372036854775807",
         true,
         {.offset = 7,
          .closed_s = 1,
          .has_rates = true,
          .position = 9,
          .line = UINT32_MAX,
          .rates = {.newest_ns = 5, .late = {0, 12, 0, INT64_MAX}}}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=6,x=1.2.3.4.5.6.7.8",
         true,
         {.offset = 7,
          .closed_s = 1,
          .has_rates = true,
          .position = 9,
          .line = 3,
          .rates = {.newest_ns = 5, .reported_ns = 6 * SECOND_NS, .late = {1, 2, 3, 4, 5, 6, 7, 8}}}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=6,x=1.2.3.4.5.6.7.8.9", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=6,x=", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=6,x=1.", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=6.1", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=5", false, {0}},
        {"wf2:o=7,c=1,p=9,l=4294967296,n=5,r=6", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=-5,r=6", false, {0}},
        {"wf2:o=7,c=1,p=9,l=3,n=5,r=9223372037", false, {0}},
        {"", false, {0}},
        {"wf1:", false, {0}},
        {"wf1:o=1", false, {0}},
        {"wf1:o=1,c=", false, {0}},
        {"wf1:o=,c=1", false, {0}},
        {"wf1:o=-1,c=1", false, {0}},
        {"wf1:o=9223372036854775808,c=1", false, {0}},
        {"wf1:o=1,c=1 ", false, {0}},
        {"wf2:o=1,c=1", false, {0}},
        {"wf3:o=1,c=1", false, {0}},
        {"{\"source\":\"somebody else\"}", false, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kafka_need need;
        char *exact = strndup(cases[i].text, strlen(cases[i].text));
        assert_int_equal(kafka_need_read((struct slice){exact, strlen(exact)}, &need), cases[i].good);
        free(exact);
        if (!cases[i].good) continue;
        char text[KAFKA_NEED_BYTES_MAX];
        assert_int_equal(need.offset, cases[i].need.offset);
        assert_int_equal(need.closed_s, cases[i].need.closed_s);
        assert_int_equal(need.has_rates, cases[i].need.has_rates);
        assert_int_equal(need.position, cases[i].need.position);
        assert_int_equal(need.line, cases[i].need.line);
        assert_memory_equal(&need.rates, &cases[i].need.rates, sizeof need.rates);
        assert_int_equal(kafka_need_write(&need, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_over_by_event_time, open_part_file, close_part_file),
        cmocka_unit_test_setup_teardown(test_however_batches_are_cut, open_part_file, close_part_file),
        cmocka_unit_test_setup_teardown(test_again, open_part_file, close_part_file),
        cmocka_unit_test_setup_teardown(test_handed_over, open_part_file, close_part_file),
        cmocka_unit_test(test_metadata)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
