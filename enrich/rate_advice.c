/* Each key's highest window goes into a sketch; once that says which limits would touch few keys, those are tried on all of them.
 *
 * Threads: see enrich/rate_count.h. */
#include <string.h>

#include "base/check.h"
#include "enrich/rate_core.h"

/* Keys that advice is about: those of one table, in some windows. */
struct subject {
    const struct rate_dim *dim;
    const struct rate_limit *limit; /* or NULL */
    const uint32_t *windows_s;
    uint32_t windows_count, table;
};

/* What is known of one group in one window. */
struct group {
    struct ddsketch_sum peaks;
    uint64_t total, limits[2], stopped[2];
};

struct advice {
    struct group groups[RATE_WINDOWS_MAX][RATE_GROUPS];
};

static bool group_has(const struct rate *rate, uint32_t table, enum rate_group group, uint32_t serial) {
    if (group == RATE_EVERYONE) return true;
    bool hosting = rate->plan.tables[table].placed && (rate->store.places[serial].flags & PLACE_HOSTING) != 0;
    return hosting == (group == RATE_HOSTING);
}

static bool is_counted(const struct rate *rate, uint32_t table, uint32_t serial) {
    return !rate->plan.tables[table].placed || (rate->store.places[serial].flags & RATE_PLACE_UNRESOLVED) == 0;
}

static void add_key(const struct rate *rate, const struct subject *subject, uint32_t from, uint32_t to,
                    struct advice *advice) {
    const struct rate_cell *cells = rate->store.cells + from;
    uint32_t serial = rate_cell_serial(cells);
    uint64_t total = 0;
    for (uint32_t i = 0; i < to - from; i++) total += rate_certain(&cells[i]);
    for (uint32_t w = 0; w < subject->windows_count; w++) {
        uint64_t peak = rate_peak(cells, to - from, subject->windows_s[w] / rate->settings->slot_s);
        for (enum rate_group group = RATE_EVERYONE; group < RATE_GROUPS; group++) {
            if (!group_has(rate, subject->table, group, serial)) continue;
            ddsketch_sum_add(&advice->groups[w][group].peaks, peak < UINT32_MAX ? (uint32_t)peak : UINT32_MAX, 1);
            advice->groups[w][group].total += total;
        }
    }
}

static uint64_t stopped_of(const struct rate_report *report, uint32_t window_s, uint64_t limit, uint32_t from,
                           uint32_t to) {
    struct rate_over walk = rate_walk(report, window_s, limit, from, to);
    uint64_t sum = 0;
    for (struct rate_run run; rate_over_next(&walk, &run);) sum += rate_blocked(&walk, &run, RATE_DELAY_LEAST_S);
    return sum;
}

/* The limits that are suggested, tried on one key. */
static void try_key(const struct rate_report *report, const struct subject *subject, uint32_t from, uint32_t to,
                    struct advice *advice) {
    const struct rate *rate = report->rate;
    const struct rate_cell *cells = &rate->store.cells[from];
    for (uint32_t w = 0; w < subject->windows_count; w++) {
        uint64_t peak = rate_peak(cells, to - from, subject->windows_s[w] / rate->settings->slot_s);
        for (uint32_t i = 0; i < 2 * RATE_GROUPS; i++) {
            struct group *group = &advice->groups[w][i / 2];
            if (peak <= group->limits[i % 2]) continue;
            if (group_has(rate, subject->table, (enum rate_group)(i / 2), rate_cell_serial(cells)))
                group->stopped[i % 2] += stopped_of(report, subject->windows_s[w], group->limits[i % 2], from, to);
        }
    }
}

static uint64_t suggest(const struct subject *subject, struct advice *advice) {
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < subject->windows_count * RATE_GROUPS; i++) {
        struct group *group = &advice->groups[i / RATE_GROUPS][i % RATE_GROUPS];
        group->limits[0] = ddsketch_sum_limit(&group->peaks, group->peaks.count / 1000);
        group->limits[1] = ddsketch_sum_limit(&group->peaks, group->peaks.count / 10000);
        if (group->peaks.count > 0 && group->limits[0] < least) least = group->limits[0];
    }
    return least;
}

static void tell_group(const struct rate_report *report, const struct subject *subject, uint32_t w,
                       enum rate_group number, const struct group *group) {
    double total = group->total > 0 ? (double)group->total : 1;
    struct rate_row row = {.kind = RATE_ADVICE,
                           .time_s = rate_last_end_s(report->rate),
                           .approximate = report->rate->store.floors.of_table[subject->table],
                           .dim = subject->dim,
                           .limit = subject->limit,
                           .window_s = subject->windows_s[w],
                           .group = number,
                           .keys = group->peaks.count,
                           .total = group->total,
                           .peak_p99 = ddsketch_sum_quantile(&group->peaks, 0.99),
                           .peak_p999 = ddsketch_sum_quantile(&group->peaks, 0.999),
                           .peak_p9999 = ddsketch_sum_quantile(&group->peaks, 0.9999),
                           .suggest_least = group->limits[0],
                           .suggest_most = group->limits[1],
                           .would_stop_least = (double)group->stopped[0] / total,
                           .would_stop_most = (double)group->stopped[1] / total};
    report->function(report->context, &row);
}

/* Two walks along all keys, each for all windows at once. */
static void advise(const struct rate_report *report, const struct subject *subject) {
    const struct rate_store *store = &report->rate->store;
    struct advice *advice = (struct advice *)(void *)store->scratch;
    struct rate_range range = rate_store_table(store, subject->table);
    ASSERT(sizeof *advice <= store->scratch_max * sizeof *store->scratch);
    memset(advice, 0, sizeof *advice);
    for (uint32_t from = range.from, to; from < range.to; from = to) {
        to = rate_store_key_end(store, from, range.to);
        if (is_counted(report->rate, subject->table, rate_cell_serial(&store->cells[from])))
            add_key(report->rate, subject, from, to, advice);
    }
    uint64_t least = suggest(subject, advice);
    for (uint32_t from = range.from, to; from < range.to; from = to) {
        to = rate_store_key_end(store, from, range.to);
        if (!rate_has_more(report->rate, from, to, least)) continue;
        if (is_counted(report->rate, subject->table, rate_cell_serial(&store->cells[from])))
            try_key(report, subject, from, to, advice);
    }
    bool known = advice->groups[0][RATE_HOSTING].peaks.count > 0;
    for (uint32_t i = 0; i < subject->windows_count * RATE_GROUPS; i++) {
        const struct group *group = &advice->groups[i / RATE_GROUPS][i % RATE_GROUPS];
        if ((known || i % RATE_GROUPS == RATE_EVERYONE) && group->peaks.count > 0)
            tell_group(report, subject, i / RATE_GROUPS, (enum rate_group)(i % RATE_GROUPS), group);
    }
}

static bool is_single(const struct rate_dim *dim) {
    return dim->parts == 1u << RATE_ASN ||
           ((dim->parts & RATE_ADDRESS_PARTS) == dim->parts && __builtin_popcount(dim->parts) == 1);
}

void rate_advice_rows(struct rate_report *report) {
    const struct rate *rate = report->rate;
    const struct rate_settings *settings = rate->settings;
    for (uint32_t i = 0; i < settings->dims_count; i++) {
        const struct subject subject = {.dim = &settings->dims[i],
                                        .windows_s = settings->windows_s,
                                        .windows_count = settings->windows_count,
                                        .table = rate->plan.of_dim[i]};
        if (is_single(&settings->dims[i])) advise(report, &subject);
    }
    for (uint32_t i = 0; i < settings->limits_count; i++) {
        const struct subject subject = {.dim = &settings->limits[i].key,
                                        .limit = &settings->limits[i],
                                        .windows_s = &settings->limits[i].window_s,
                                        .windows_count = 1,
                                        .table = rate->plan.of_limit[i].own};
        advise(report, &subject);
    }
}
