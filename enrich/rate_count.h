/* Rates counted: requests by key in slots of event time, and what windows over them say (schemas/rate.h, ANALYTICS.md section 3).
 *
 * A record counts in the slot of its `start_ns`, once for each dim; a record of a format that tells of no clients, and one that the output
 * refused, counts nowhere. Of a record that lacks a part of a dim's key nothing is counted there: an address of `peer`, `claim` or
 * `first-xff`. All else has a value for what is not known: AS 0, no country, method none, an empty balancer, and a client that nobody knows
 * counts by its verdict. Key bytes, by which ties are broken, are the members of struct rate_key in their order, texts as memcmp has it, a
 * shorter one first.
 *
 * Slots: number s covers [s, s + 1) * slot_s, its end is (s + 1) * slot_s. Times before 1970 or in slots beyond 2^32 are left out and
 * counted (`out_of_range`). A window that ends at t has the slots that end in (t - W, t].
 *
 * Results do not depend on the order of what is added, nor on the hash's seed, as long as memory suffices. Beyond, each slot of a dim keeps
 * the keys with the highest counts, the same number k of them in each, and a floor F: no other key had more. This is Space-Saving (Metwally,
 * Agrawal, El Abbadi, ICDT 2005) by batches, as summaries are merged (Agarwal, Cormode, Huang, Phillips, Wei, Yi, "Mergeable summaries",
 * PODS 2012): a key that comes back begins with count F and error F. So for each key and slot
 *     count - error <= true <= count,   absent keys: true <= F,   F <= N / (k + 1) with N requests of that dim in the slot.
 * (When F rises by x, k kept counts and a dropped one lose x of what they are above the floor; that sum gains 1 by each request and never
 * falls below 0.) Errors of a window are the sums over its slots. Limits are then judged by what is certain, count - error.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_RATE_COUNT_H
#define WHEREFROM_RATE_COUNT_H

#include <stddef.h>

#include "schemas/rate.h"
#include "schemas/rollup_note.h"

struct rate;

/* The least that there is room in for everything. An empty one takes some 40 KB of memory whatever `bytes_max` is, and grows with use; all
 * of it together is never more than that. With little memory and many `rows` there are fewer. */
#define RATE_BYTES_MIN (8u * 1024 * 1024)

/* Settings have to live as long; rows point into them. NULL when the system refuses. */
struct rate *rate_new(const struct rate_settings *settings, size_t bytes_max);
void rate_free(struct rate *rate); /* NULL is allowed */

void rate_add(struct rate *rate, const struct rollup_note *notes, uint32_t notes_count);

/* What a row points to lives until the function returns. */
typedef void rate_row_function(void *context, const struct rate_row *row);

/* Gives all rows of windows that end at `until_ns` or before and were not given yet, and forgets slots that no later window needs.
 *
 * Order: RATE_TOP by end, window (as in the settings), dim, rank; then of each limit and view (the true one first) RATE_BREACH by key and
 * from. With INT64_MAX, which is for runs that have an end, all there is: RATE_IMPACT behind a view's breaches, and at last RATE_ADVICE by
 * dim, window and group, then by limit and group. Those two are about everything that is still held, so streams have none.
 *
 * A limit is judged at each slot end t. A breach is told when it has ended, `until_ns` given, and one of more than RATE_BREACH_PIECE_S in
 * pieces then: each ends at a multiple of that, and the next one goes on, as blocked as it was.
 *
 * Blocking with a delay of d seconds begins d seconds after the first crossing: all requests of the key (in the rule's scope) in slots that
 * end in (from + d, to] would have been blocked. excess_most has d = 10, excess_least d = 30 (AWS WAF's reaction).
 *
 * Two views, of a limit by `client`: the same by `first-xff`, as AWS WAF would count. A slot is blocked for a key when it is by d = 10.
 *   evaded: requests in slots blocked for their client while their first address is not over the limit at that slot's end (or there is none)
 *   framed: requests in slots blocked for their first address while their client is not over it at that slot's end
 * Both stand in the true view's RATE_IMPACT.
 *
 * Advice: over all keys of a dim that is one address or AS and nothing else, and of each limit, clients that nobody knows left out, the highest window of each (sliding) goes
 * into a DDSketch (error 1 %). `suggest`: the lowest limits of which no more than 0.1 % and 0.01 % of keys are over; `would_stop`: the share
 * of requests that they would have blocked, by d = 10. The keys of addresses of clients are told by group, too, when a database said of
 * any that it belongs to a hosting provider. */
void rate_report(struct rate *rate, int64_t until_ns, rate_row_function *function, void *context);
#define RATE_BREACH_PIECE_S 3600u

/* Start of the oldest slot with something in it that a window which was not reported yet needs; INT64_MAX: none. */
int64_t rate_needs_ns(const struct rate *rate);

/* Streams: a record is late, and only counted as that, when its slot ended `lateness_s` or more before the newest start_ns of all records
 * before it. Windows that end up to rate_closes_ns may be reported, then: nothing in them can change. (A record of a slot that was reported
 * nevertheless is late, too. Without rate_set_stream that is all there is.)
 *
 * Going on where another process stopped: note rate_stream and the position in the stream at one moment, and the position of the first
 * record that was not before rate_needs_ns. Later: rate_set_stream with that, all records from the latter position to the former one, then
 * rate_recount_ends, and on. Rows from then on are those that the other process would have given.
 *
 * Why that is so, though the record that made another one late may not be read again: say that N was newest when a record was late, of a slot
 * that ended before N. If a window that is not done has that slot, then N's own slot is in that window or in a later one, so it is still
 * needed, and N is read again before the late one is. If none has it, it is forgotten whether it was late or not. */
void rate_set_stream(struct rate *rate,
                     struct rate_stream from); /* before the first record; RATE_STREAM_BEGIN: it begins */
void rate_recount_ends(struct rate *rate);     /* totals begin here */
struct rate_stream rate_stream(const struct rate *rate);
int64_t rate_closes_ns(const struct rate *rate); /* INT64_MIN: nothing was added */

/* Whether a record counts at all, unless it is late or its time is none. */
static inline bool rate_counts(const struct rollup_note *note) {
    return !note->refused && note->tells_client;
}

/* Records that began before that time may be missing: rows of windows with such times are approximate. */
void rate_set_approximate(struct rate *rate, int64_t until_ns);

struct rate_totals {
    uint64_t requests;     /* that were counted, each once */
    uint64_t late;         /* that came too late */
    uint64_t out_of_range; /* whose time is no time */
    /* Memory: */
    bool approximate;
    uint64_t keys;           /* held now, of all dims */
    uint64_t counters_kept;  /* k, the least so far: of a slot and dim; UINT64_MAX while all are */
    uint64_t folded;         /* counters that were dropped */
    uint64_t floor_max;      /* the largest F */
    uint64_t texts_lost;     /* records whose balancer or endpoint was one too many: they count as RATE_TEXT_OTHER */
    uint64_t sketches_lost;  /* records that are missing in clients and latencies of some row, which then has none */
    size_t bytes, bytes_max; /* in use now, about; never more than */
};
struct rate_totals rate_totals(const struct rate *rate);
/* Of parts of one stream together: `counters_kept` is the least, `floor_max` and `bytes_max` the largest. */
void rate_totals_add(struct rate_totals *sum, const struct rate_totals *totals);

/* Bytes in use, about. For parts that share memory: */
size_t rate_bytes(const struct rate *rate);
/* Drops half of what is counted, as if memory were short. False: there is little. */
bool rate_shrink(struct rate *rate);

/* Name of balancers and endpoints beyond those that there is room for. */
#define RATE_TEXT_OTHER "(other)"

#endif
