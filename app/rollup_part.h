/* What is counted of one part of a run's records, and its documents: all of a run, what comes by connections, or a partition.
 *
 * A stream has no end, so what came of an interval is written when nothing of it is expected any more: when the highest event time that the
 * part has seen is `lateness_s` behind the interval's end. What comes later still is late, and counted as that alone. Until then documents
 * are written as they are from time to time (rollup_part_show), under the same ids. All that depends on the order of the records alone, not
 * on batches or time, so whoever counts a partition again makes the same documents of it.
 *
 * Times that lie ahead of the clock by more than ROLLUPS_AHEAD_S are no event times; they would close all others, and count nowhere.
 *
 * Rates go by times of their own: when requests came, and `lateness_s` of their settings.
 *
 * Engines (enrich/heat.h, enrich/evidence.h) have the same shape: new, free; add(notes); report(until, row): rows of what is over by then, forgotten after
 * that; show(row): rows that changed, kept; needs_ns: the time from which on events count; bytes, shrink.
 *
 * Threads: one at a time. */
#ifndef WHEREFROM_ROLLUP_PART_H
#define WHEREFROM_ROLLUP_PART_H

#include "app/rollup_writer.h"
#include "enrich/heat.h"
#include "enrich/rate_count.h"
#include "schemas/kafka.h"
#include "schemas/rollup_note.h"

/* The least that a part of files takes, heat with three fourths of it. */
#define ROLLUPS_BYTES_MIN (HEAT_BYTES_MIN / 3 * 4)

enum rollup_part_kind {
    ROLLUP_PART_FILES,       /* all of a run that ends: no part in its documents, and nothing is over before the end */
    ROLLUP_PART_CONNECTIONS, /* what this process hears */
    ROLLUP_PART_PARTITION
};

struct rollup_part_request {
    enum rollup_part_kind kind;
    size_t bytes_max;
    bool residency;                    /* evidence is counted; a fourth of the memory is for it */
    const struct rate_settings *rates; /* NULL: none are counted */
    size_t rates_bytes;                /* of memory, for those */
    uint32_t lateness_s;
    const char *name; /* ROLLUP_PART_CONNECTIONS: a random one, since nobody else can count the same */
    struct rollup_writer *writer;
};

struct rollup_part;

/* NULL when memory is short. */
struct rollup_part *rollup_part_new(const struct rollup_part_request *request);
void rollup_part_free(struct rollup_part *part); /* NULL is allowed */

/* Before anything is counted: somebody said what rollup_part_need did. Records from there on follow. */
void rollup_part_begin(struct rollup_part *part, const struct kafka_need *need);
/* What was up to now may be incomplete. */
void rollup_part_lose(struct rollup_part *part);

/* Notes of this part in the order of its records; those of a partition that were counted before are passed over. Puts documents of what is
 * over into the writer. `now_ns`: by the clock. */
void rollup_part_count(struct rollup_part *part, const struct rollup_note *notes, uint32_t notes_count, int64_t now_ns);

/* Puts documents that have changed, but for those of rates, of which rows come and go while their window is open. */
void rollup_part_show(struct rollup_part *part);
/* Puts all of files; of connections all of rates. Nothing follows. A partition is open until somebody else goes on with it. */
void rollup_part_close(struct rollup_part *part);

/* What has to be counted again by whoever goes on with this partition. */
struct kafka_need rollup_part_need(const struct rollup_part *part);

size_t rollup_part_bytes(const struct rollup_part *part);
/* False: there is nothing to be folded. */
bool rollup_part_shrink(struct rollup_part *part);
/* Likewise of rates, which the two above leave out. */
size_t rollup_part_rate_bytes(const struct rollup_part *part);
bool rollup_part_rate_shrink(struct rollup_part *part);

struct rollup_part_counts {
    uint64_t folded; /* slots, for lack of memory */
    uint64_t late, ahead;
    bool has_rates;
    uint64_t rate_documents; /* that were handed to the writer */
    struct rate_totals rates;
};
/* Adds. */
void rollup_part_count_up(const struct rollup_part *part, struct rollup_part_counts *counts);

#endif
