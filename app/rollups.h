/* The roll-ups of a run: counted behind the sink, of records that are written.
 *
 * Of files everything is one part, written when the run has ended and all of its records are. Of streams each partition is a part
 * (app/rollup_part.h), and what comes by connections is one; documents of what is over are written at once, those of what is open every
 * `every_s` seconds.
 *
 * There is no store of what was counted. With each offset that is committed goes the oldest offset that still counts (schemas/kafka.h),
 * and whoever is assigned the partition begins there, counting only what was written before. An offset counts until the documents of all
 * that it counted in have arrived.
 *
 * Threads: rollups_count by one at a time; what rollups_counting leads to by the polling thread, and its `need` by any; the others by the
 * main thread, before the others start and after they have ended, but for what says `any thread`. */
#ifndef WHEREFROM_ROLLUPS_H
#define WHEREFROM_ROLLUPS_H

#include "app/rollup_part.h"
#include "app/rollup_writer.h"
#include "enrich/rate_count.h"
#include "schemas/batch.h"

struct rollups_request {
    size_t bytes_max;                  /* of memory, ROLLUPS_BYTES_MIN at least for files */
    bool streams;                      /* there are no files */
    bool residency;                    /* a policy is in force: there is evidence, too */
    uint32_t lateness_s, every_s;      /* of streams */
    const struct rate_settings *rates; /* NULL: none */
    size_t rates_bytes;                /* of memory, for those */
    struct rollup_writer_request writer;
};

struct rollups;

/* See rollup_writer_open; rollups_free is safe after any outcome. */
enum status rollups_open(const struct rollups_request *request, struct rollups **rollups,
                         struct error *error) WARN_UNUSED;
void rollups_free(struct rollups *rollups); /* NULL is allowed */

/* Starts what streams need a thread for; nothing else. */
void rollups_start(struct rollups *rollups);

/* For a source of partitions; valid as long as the roll-ups. */
const struct kafka_counting *rollups_counting(struct rollups *rollups);

/* Takes up the notes of a batch whose records are written. STATUS_FAILED: documents were not. */
enum status rollups_count(struct rollups *rollups, const struct batch *batch, struct error *error) WARN_UNUSED;

/* Any thread, of streams: writes what is open, and waits for it to arrive. For a run that ends, before it leaves what it read to others. */
void rollups_finish(struct rollups *rollups);

/* Writes all; an index that takes its time is waited for. STATUS_FAILED: not all of them are written. */
enum status rollups_write(struct rollups *rollups, struct error *error) WARN_UNUSED;

/* Whether the run's inputs are streams: then what it has counted is good at any time. */
bool rollups_of_streams(const struct rollups *rollups);

struct rollups_counts {
    uint64_t documents; /* written */
    struct rollup_part_counts parts;
};
struct rollups_counts rollups_counts(struct rollups *rollups);
/* Any thread. False: they are being counted or written just now, and `counts` is left alone. */
bool rollups_try_counts(struct rollups *rollups, struct rollups_counts *counts);

#endif
