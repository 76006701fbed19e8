/* How far a consumer has come: its partitions, what of them is in flight, and what has settled.
 *
 *   read ---------> handed on (in flight) ---------> settled ---------> committed
 *                                `-- the epoch moved on: dropped, and read again from `settled`
 *
 * Batches settle in the order in which they were handed on, so of each partition one number is enough.
 *
 * Threads: the polling thread's, but for what says `any thread`. */
#ifndef WHEREFROM_KAFKA_PROGRESS_H
#define WHEREFROM_KAFKA_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "schemas/batch.h"
#include "schemas/kafka.h"

struct partition_origin; /* source_kafka.c's */

/* One that is or was assigned. They stay for the run, and so does their place in the table. */
struct kafka_partition {
    char *topic;
    int32_t number;
    uint32_t index;      /* in the table */
    bool assigned;       /* guarded by the lock */
    uint32_t assignment; /* guarded by the lock for other threads. Number of this one, or of the last one */
    bool taken;          /* messages of it were, in this assignment */
    int64_t first;       /* guarded by the lock for other threads. The first one of them; -1: there was none */
    int64_t
        settled; /* guarded by the lock. Next message to settle: where it is read again, and what to commit; -1: not known yet */
    int64_t
        floor; /* guarded by the lock for other threads. What is before it was written by others, and is counted only; -1: nothing */
    int64_t begin;     /* where this assignment is read from, for that; -1: where the group's offset is */
    int64_t committed; /* -1: not known, or not certain */
    int64_t handed;    /* behind the last message that librdkafka gave us in this assignment; -1: there was none */
    uint32_t range;    /* where it is in the last batch that has one of it */
    struct partition_origin *origins;
};

struct kafka_progress {
    pthread_mutex_t lock;
    struct kafka_partition **partitions; /* guarded by the lock when it grows or another thread looks */
    uint32_t partitions_count, partitions_room;
    uint32_t *places; /* hash table of indexes + 1 */
    uint32_t places_mask;
    struct kafka_partition *last_found;
    atomic_uint_fast64_t epoch;
    uint64_t in_flight; /* batches; guarded by the lock */
};

/* False when memory is short; to be destroyed all the same. */
bool kafka_progress_init(struct kafka_progress *progress) WARN_UNUSED;
void kafka_progress_destroy(struct kafka_progress *progress);

/* Finds it, or makes it. NULL when memory is short, or for the first one beyond KAFKA_PARTITIONS_MAX. */
struct kafka_partition *kafka_progress_find(struct kafka_progress *progress, const char *topic, int32_t number);

/* It is read from now on, from `start` (-1: not known), or no longer. */
void kafka_progress_assign(struct kafka_progress *progress, struct kafka_partition *partition, int64_t start);
/* It is read from `begin`, its start, on, and what is before `floor`, the group's offset, is counted only. */
void kafka_progress_recount(struct kafka_progress *progress, struct kafka_partition *partition, int64_t begin,
                            int64_t floor);
void kafka_progress_unassign(struct kafka_progress *progress, struct kafka_partition *partition);
/* Its first message in this assignment has been taken. */
void kafka_progress_begin(struct kafka_progress *progress, struct kafka_partition *partition, int64_t offset);

/* The batch that is being filled goes up to `next` in this partition. It is in flight from its first range on. */
void kafka_progress_extend(struct kafka_progress *progress, struct kafka_partition *partition, struct batch *batch,
                           int64_t next);
/* What became of batches with ranges, in the order in which they were filled. */
struct kafka_settlement {
    const struct batch_range *ranges;
    uint32_t ranges_count, batches_count;
    bool stale; /* they were dropped: nothing of them may be committed */
};

/* Any thread. True: nothing is in flight any more. */
bool kafka_progress_settle(struct kafka_progress *progress, const struct kafka_settlement *settlement);
/* Any thread. */
uint64_t kafka_progress_in_flight(struct kafka_progress *progress);
/* Any thread. The first message that was taken in this assignment, and what of a position of a batch may be committed: no less than the floor. */
int64_t kafka_progress_first(struct kafka_progress *progress, const struct kafka_partition *partition);
int64_t kafka_progress_above_floor(struct kafka_progress *progress, const struct kafka_partition *partition,
                                   int64_t next);
/* Where it has settled is not what we remember. */
void kafka_progress_correct(struct kafka_progress *progress, struct kafka_partition *partition, int64_t settled);
/* Any thread. */
int64_t kafka_progress_settled(struct kafka_progress *progress, const struct kafka_partition *partition);
/* Any thread. The one at this place of the table; only topic, number and index may be looked at, the rest by the functions here. */
const struct kafka_partition *kafka_progress_at(struct kafka_progress *progress, uint32_t index);
/* Any thread. Those that are assigned, with their positions; how many. `list` NULL: only that. */
size_t kafka_progress_list(struct kafka_progress *progress, struct kafka_lag *list, size_t list_max);

#endif
