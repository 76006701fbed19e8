/* Each key's highest window goes into a sketch; once that says which limits would touch few keys, those are tried on all that have so many
 * requests.
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
    uint64_t limits[2], stopped[2];
};

/* A key, to be looked at again. */
struct tried {
    uint32_t from, total; /* its first cell; certain requests */
};

struct advice {
    struct group groups[RATE_WINDOWS_MAX][RATE_GROUPS];
    uint64_t totals[RATE_GROUPS];
    uint32_t keys_count;
    struct tried keys[];
};

static enum rate_group group_of(const struct rate *rate, uint32_t table, uint32_t serial) {
    bool hosting = rate->plan.tables[table].placed && (rate->store.places[serial].flags & PLACE_HOSTING) != 0;
    return hosting ? RATE_HOSTING : RATE_NOT_HOSTING;
}

static bool is_counted(const struct rate *rate, uint32_t table, uint32_t serial) {
    return !rate->plan.tables[table].placed || (rate->store.places[serial].flags & RATE_PLACE_UNRESOLVED) == 0;
}

/* The key that begins there; behind its last cell. A window of which no two cells are in has no more than the highest one: of most keys
 * that is all that there is to know. */
static uint32_t add_key(const struct rate *rate, const struct subject *subject, uint32_t from, uint32_t to,
                        struct advice *advice) {
    const struct rate_cell *cells = rate->store.cells;
    uint32_t serial = rate_cell_serial(&cells[from]), highest = 0, nearest = UINT32_MAX, end = from;
    uint64_t total = 0;
    do {
        uint32_t certain = rate_certain(&cells[end]), distance = cells[end].slot - cells[end - (end > from)].slot - 1;
        total += certain;
        if (certain > highest) highest = certain;
        if (distance < nearest) nearest = distance;
    } while (++end < to && cells[end].id == cells[from].id);
    if (!is_counted(rate, subject->table, serial)) return end;
    enum rate_group group = group_of(rate, subject->table, serial);
    for (uint32_t w = 0; w < subject->windows_count; w++) {
        uint32_t slots = subject->windows_s[w] / rate->settings->slot_s;
        uint64_t peak = slots - 1 > nearest ? rate_peak(cells + from, end - from, slots) : highest;
        ddsketch_sum_add(&advice->groups[w][group].peaks, peak < UINT32_MAX ? (uint32_t)peak : UINT32_MAX, 1);
    }
    advice->totals[group] += total;
    advice->keys[advice->keys_count++] = (struct tried){from, total < UINT32_MAX ? (uint32_t)total : UINT32_MAX};
    return end;
}

static void join(struct ddsketch_sum *sum, const struct ddsketch_sum *other) {
    for (uint32_t bucket = 0; bucket < DDSKETCH_BUCKETS; bucket++) sum->buckets[bucket] += other->buckets[bucket];
    sum->count += other->count;
}

/* Everyone is in one of the other groups. */
static void add_groups(const struct subject *subject, struct advice *advice) {
    for (enum rate_group group = RATE_EVERYONE + 1; group < RATE_GROUPS; group++) {
        advice->totals[RATE_EVERYONE] += advice->totals[group];
        for (uint32_t w = 0; w < subject->windows_count; w++)
            join(&advice->groups[w][RATE_EVERYONE].peaks, &advice->groups[w][group].peaks);
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
    enum rate_group own = group_of(rate, subject->table, rate_cell_serial(cells));
    for (uint32_t w = 0; w < subject->windows_count; w++) {
        uint64_t peak = rate_peak(cells, to - from, subject->windows_s[w] / rate->settings->slot_s);
        for (uint32_t i = 0; i < 2 * RATE_GROUPS; i++) {
            struct group *group = &advice->groups[w][i / 2];
            if (peak <= group->limits[i % 2]) continue;
            if (i / 2 == RATE_EVERYONE || i / 2 == own)
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
                       enum rate_group number, const struct advice *advice) {
    const struct group *group = &advice->groups[w][number];
    double total = advice->totals[number] > 0 ? (double)advice->totals[number] : 1;
    struct rate_row row = {.kind = RATE_ADVICE,
                           .time_s = rate_last_end_s(report->rate),
                           .approximate = report->rate->store.floors.of_table[subject->table],
                           .dim = subject->dim,
                           .limit = subject->limit,
                           .window_s = subject->windows_s[w],
                           .group = number,
                           .keys = group->peaks.count,
                           .total = advice->totals[number],
                           .peak_p99 = ddsketch_sum_quantile(&group->peaks, 0.99),
                           .peak_p999 = ddsketch_sum_quantile(&group->peaks, 0.999),
                           .peak_p9999 = ddsketch_sum_quantile(&group->peaks, 0.9999),
                           .suggest_least = group->limits[0],
                           .suggest_most = group->limits[1],
                           .would_stop_least = (double)group->stopped[0] / total,
                           .would_stop_most = (double)group->stopped[1] / total};
    report->function(report->context, &row);
}

static void advise(const struct rate_report *report, const struct subject *subject) {
    const struct rate_store *store = &report->rate->store;
    struct advice *advice = (struct advice *)(void *)store->scratch;
    struct rate_range range = rate_store_table(store, subject->table);
    ASSERT(sizeof *advice + store->keys_count * sizeof advice->keys[0] <= store->scratch_max * sizeof *store->scratch);
    memset(advice, 0, sizeof *advice);
    for (uint32_t from = range.from; from < range.to;) from = add_key(report->rate, subject, from, range.to, advice);
    add_groups(subject, advice);
    uint64_t least = suggest(subject, advice);
    for (uint32_t i = 0; i < advice->keys_count; i++) {
        uint32_t from = advice->keys[i].from;
        if (advice->keys[i].total > least)
            try_key(report, subject, from, rate_store_key_end(store, from, range.to), advice);
    }
    bool known = advice->groups[0][RATE_HOSTING].peaks.count > 0;
    for (uint32_t i = 0; i < subject->windows_count * RATE_GROUPS; i++) {
        uint32_t w = i / RATE_GROUPS;
        enum rate_group group = (enum rate_group)(i % RATE_GROUPS);
        if ((known || group == RATE_EVERYONE) && advice->groups[w][group].peaks.count > 0)
            tell_group(report, subject, w, group, advice);
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
