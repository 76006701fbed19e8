/* What counting costs: with `bench` the time that a note and dim takes, for people; without, the same once and small, so that it is known
 * to run.
 *
 *     test_rate_cost bench [NOTES [SECONDS [CLIENTS [EXPONENT [DIM]]]]]
 *     test_rate_cost flood [KEYS [MEGABYTES]]        as many IPv6 /64: memory, and the bound of errors
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "enrich/rate_count.h"
#include "tests/unit/rate_notes.h"

#define BATCH 512u
#define FIRST_S 1700000000

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t resident_bytes(void) {
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%lu %lu", &all, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static const struct rate_dim dims[] = {
    {.name = "client", .parts = 1u << RATE_CLIENT, .v4_prefix = 32, .v6_prefix = 64},
    {.name = "asn", .parts = 1u << RATE_ASN, .v4_prefix = 0, .v6_prefix = 0},
    {.name = "country", .parts = 1u << RATE_COUNTRY, .v4_prefix = 0, .v6_prefix = 0},
    {.name = "client+path_class", .parts = 1u << RATE_CLIENT | 1u << RATE_PATH_CLASS, .v4_prefix = 32, .v6_prefix = 64},
    {.name = "asn+method", .parts = 1u << RATE_ASN | 1u << RATE_METHOD, .v4_prefix = 0, .v6_prefix = 0},
    {.name = "lb", .parts = 1u << RATE_LB, .v4_prefix = 0, .v6_prefix = 0},
};

static struct rate_settings settings_of(uint32_t first_dim, uint32_t dims_count) {
    struct rate_settings settings = {.slot_s = 10,
                                     .windows_count = 4,
                                     .windows_s = {60, 120, 300, 600},
                                     .dims_count = dims_count,
                                     .topk = 8192,
                                     .rows = 100};
    for (uint32_t i = 0; i < dims_count; i++) settings.dims[i] = dims[first_dim + i];
    return settings;
}

static void count_row(void *context, const struct rate_row *row) {
    (void)row;
    ++*(uint64_t *)context;
}

struct drawn {
    uint32_t client, offset_ms;
};

static void measure(const char *name, struct rate_settings settings, const struct drawn *drawn, uint32_t count) {
    static struct rollup_note notes[BATCH];
    struct rate *rate = rate_new(&settings, 512u << 20);
    struct seeded seeded = {7};
    double adding = 0, reporting = -now_s();
    uint64_t rows = 0;
    assert_non_null(rate);
    for (uint32_t i = 0; i < count;) {
        uint32_t many = count - i < BATCH ? count - i : BATCH;
        for (uint32_t j = 0; j < many; j++, i++) {
            notes[j] = request_of(drawn[i].client, FIRST_S * 1000000000ll + drawn[i].offset_ms * 1000000ll);
            notes[j].lb = SLICE("app/web/50dc6c495c0c9188");
            notes[j].latency_us = 1000 + seeded_below(&seeded, 100000);
        }
        double began = now_s();
        rate_add(rate, notes, many);
        adding += now_s() - began;
    }
    struct rate_totals totals = rate_totals(rate);
    reporting = -now_s();
    rate_report(rate, INT64_MAX, count_row, &rows);
    reporting += now_s();
    printf("%-20s add %6.1f ns, report %6.1f ns a note; %llu rows, %llu keys, %zu MB%s\n", name, adding / count * 1e9,
           reporting / count * 1e9, (unsigned long long)rows, (unsigned long long)totals.keys, totals.bytes >> 20,
           totals.approximate ? ", approximate" : "");
    rate_free(rate);
}

/* Each dim by itself, and all; `only` 1 to 7: that one. */
static void bench(uint32_t count, uint32_t seconds, uint32_t clients, double exponent, uint32_t only) {
    struct crowd crowd = crowd_new(clients, exponent);
    struct drawn *drawn = malloc(count * sizeof *drawn);
    struct seeded seeded = {3};
    for (uint32_t i = 0; i < count; i++)
        drawn[i] = (struct drawn){crowd_draw(&crowd, &seeded), (uint32_t)((uint64_t)seconds * 1000 * i / count)};
    printf("%u notes, %u s, %u clients, Zipf %.1f\n", count, seconds, clients, exponent);
    for (uint32_t i = 0; i < COUNT_OF(dims); i++)
        if (only == 0 || only == i + 1) measure(dims[i].name, settings_of(i, 1), drawn, count);
    if (only == 0 || only == COUNT_OF(dims) + 1) measure("all six", settings_of(0, COUNT_OF(dims)), drawn, count);
    free(drawn);
    crowd_free(&crowd);
}

static void test_runs(void **state) {
    (void)state;
    bench(20000, 600, 1000, 1.1, 0);
}

static void flood(uint32_t keys, size_t bytes_max) {
    static struct rollup_note notes[BATCH];
    struct rate_settings settings = settings_of(0, 1);
    size_t before = resident_bytes(), most = 0;
    struct rate *rate = rate_new(&settings, bytes_max);
    double began = now_s();
    uint64_t rows = 0;
    assert_non_null(rate);
    for (uint32_t i = 0; i < keys;) {
        uint32_t many = keys - i < BATCH ? keys - i : BATCH;
        for (uint32_t j = 0; j < many; j++, i++) {
            notes[j] = request_of(i, FIRST_S * 1000000000ll + i / 100 * 1000000ll);
            notes[j].client = address_v6(i);
        }
        rate_add(rate, notes, many);
        size_t here = resident_bytes() - before;
        if (here > most) most = here;
    }
    double added = now_s();
    rate_report(rate, INT64_MAX, count_row, &rows);
    if (resident_bytes() - before > most) most = resident_bytes() - before;
    struct rate_totals totals = rate_totals(rate);
    printf("%u keys in %u s: %.0f ns a key, report %.1f s, %.1f MB of %.1f at most, k %lld, floor %llu, %llu rows\n",
           keys, keys / 100000, (added - began) / keys * 1e9, now_s() - added, (double)most / 1048576,
           (double)bytes_max / 1048576, (long long)totals.counters_kept, (unsigned long long)totals.floor_max,
           (unsigned long long)rows);
    assert_true(totals.bytes <= bytes_max);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they have memory of their own for each page */
    assert_true(most <= bytes_max);
#endif
    rate_free(rate);
}

static void test_memory(void **state) {
    (void)state;
    flood(5000000, 32u << 20);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "bench") == 0) {
        bench(argc > 2 ? (uint32_t)atoi(argv[2]) : 2000000, argc > 3 ? (uint32_t)atoi(argv[3]) : 3600,
              argc > 4 ? (uint32_t)atoi(argv[4]) : 170000, argc > 5 ? atof(argv[5]) : 1.1,
              argc > 6 ? (uint32_t)atoi(argv[6]) : 0);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "flood") == 0) {
        flood(argc > 2 ? (uint32_t)atoi(argv[2]) : 50000000, (argc > 3 ? (size_t)atoi(argv[3]) : 512) << 20);
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
