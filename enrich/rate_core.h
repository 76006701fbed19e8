/* What counting and reporting have in common.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_CORE_H
#define WHEREFROM_RATE_CORE_H

#include "enrich/rate_count.h"
#include "enrich/rate_over.h"
#include "enrich/rate_sketches.h"

struct rate {
    const struct rate_settings *settings;
    struct rate_plan plan;
    struct rate_mask masks[RATE_TABLES_MAX];
    bool wants_claim, wants_lb, wants_places, wants_pairs, wants_sketches; /* parts that cost something to find out */
    uint32_t sketch_slots;                                                 /* of the shortest window */
    struct rate_store store;
    struct rate_sketches sketches;
    struct rate_texts texts;
    struct slice latest_lb;    /* of the note before */
    uint16_t latest_lb_number; /* 0: it is not known */
    size_t bytes_max;
    uint64_t slot_ns;
    uint64_t latest_slot_ns; /* start of the slot that the latest record was in: the next one often is, too */
    uint32_t latest_slot, latest_window; /* of sketches */
    uint64_t table_requests[RATE_TABLES_MAX];
    uint64_t requests, late, out_of_range;
    uint64_t late_since[RATE_WINDOWS_MAX]; /* the row before of that window */
    bool is_stream, recounting;
    struct rate_stream resumed; /* while recounting: where counting stood */
    int64_t newest_ns;          /* start of a record */
    int64_t incomplete_s;       /* before that, records may be missing */
    int64_t reported_s;         /* windows that end by then were given; INT64_MIN: none */
};

#define RATE_SECONDS_NONE INT64_MIN

/* Ends of slots in seconds. */
static inline int64_t rate_slot_end_s(const struct rate *rate, uint32_t slot) {
    return ((int64_t)slot + 1) * rate->settings->slot_s;
}

/* Order of two keys of one table, by their serial numbers. */
static inline int rate_compare_serials(const struct rate *rate, uint32_t a, uint32_t b) {
    return rate_key_compare(&rate_store_entry(&rate->store, a)->key, &rate_store_entry(&rate->store, b)->key,
                            &rate->texts);
}

static inline struct rate_key rate_key_of(const struct rate *rate, uint32_t serial) {
    return rate_key_unpack(&rate_store_entry(&rate->store, serial)->key, &rate->texts);
}

/* Rows of windows with ends in (after_s, until_s]; cells are collected. */
struct rate_report {
    struct rate *rate;
    int64_t after_s, until_s;
    bool whole;         /* until the end: nothing goes on */
    uint32_t keep_from; /* the first slot that something later needs */
    rate_row_function *function;
    void *context;
};
void rate_top_rows(struct rate_report *report);
void rate_limit_rows(struct rate_report *report); /* breaches, then, of a whole one, what they mean */
void rate_advice_rows(struct rate_report *report);

/* Blocking begins so many seconds after the first crossing: at the latest, and at the soonest. */
#define RATE_DELAY_MOST_S 30u
#define RATE_DELAY_LEAST_S 10u

/* A walk along the cells of a key that begins at `from` and ends before `to`. */
struct rate_over rate_walk(const struct rate_report *report, uint32_t window_s, uint64_t limit, uint32_t from,
                           uint32_t to);

/* Whether the key has more than `limit` in all; only then a window may have. */
static inline bool rate_has_more(const struct rate *rate, uint32_t from, uint32_t to, uint64_t limit) {
    uint64_t sum = 0;
    for (uint32_t i = from; i < to; i++) sum += rate_certain(&rate->store.cells[i]);
    return sum > limit;
}

/* What is known of the place of a client's key. */
void rate_add_place(const struct rate *rate, uint32_t serial, struct rate_row *row);

/* The end of the newest record's slot. */
int64_t rate_last_end_s(const struct rate *rate);

/* Of a limit with two views: how they differ (enrich/rate_count.h). Marks cells. */
struct rate_views {
    uint64_t evaded, framed;
};
struct rate_views rate_views(const struct rate_report *report, uint32_t limit);

#endif
