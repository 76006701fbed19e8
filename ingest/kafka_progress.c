/* Partitions in a table that only grows, found by a hash of their names; a run of messages of one partition is found at once.
 *
 * Threads: see kafka_progress.h. */
#define _GNU_SOURCE
#include "ingest/kafka_progress.h"

#include <stdlib.h>

#include "base/check.h"

#define PARTITIONS_ROOM 64u /* at first; doubles */

static void lock(struct kafka_progress *progress) {
    ASSERT(pthread_mutex_lock(&progress->lock) == 0);
}

static void unlock(struct kafka_progress *progress) {
    ASSERT(pthread_mutex_unlock(&progress->lock) == 0);
}

bool kafka_progress_init(struct kafka_progress *progress) {
    *progress = (struct kafka_progress){.partitions_room = PARTITIONS_ROOM, .places_mask = 2 * PARTITIONS_ROOM - 1};
    ASSERT(pthread_mutex_init(&progress->lock, NULL) == 0);
    progress->partitions = calloc(PARTITIONS_ROOM, sizeof(struct kafka_partition *));
    progress->places = calloc(progress->places_mask + 1, sizeof *progress->places);
    return progress->partitions != NULL && progress->places != NULL;
}

void kafka_progress_destroy(struct kafka_progress *progress) {
    for (uint32_t i = 0; i < progress->partitions_count; i++) {
        free(progress->partitions[i]->topic);
        free(progress->partitions[i]);
    }
    free(progress->partitions);
    free(progress->places);
    ASSERT(pthread_mutex_destroy(&progress->lock) == 0);
}

/* --- the table ---------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *topic, int32_t number) {
    uint64_t hash = (uint32_t)number;
    for (; *topic != '\0'; topic++) hash = (hash ^ (unsigned char)*topic) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

static bool is(const struct kafka_partition *partition, const char *topic, int32_t number) {
    return partition->number == number && strcmp(partition->topic, topic) == 0;
}

/* The place where it is, or where it belongs. */
static uint32_t *place_of(struct kafka_progress *progress, const char *topic, int32_t number) {
    uint32_t place = hash_of(topic, number) & progress->places_mask;
    while (progress->places[place] != 0 && !is(progress->partitions[progress->places[place] - 1], topic, number))
        place = (place + 1) & progress->places_mask;
    return &progress->places[place];
}

/* Twice the room. */
static bool grow(struct kafka_progress *progress) {
    uint32_t room = 2 * progress->partitions_room;
    uint32_t *places = calloc(2 * room, sizeof *places);
    lock(progress);
    struct kafka_partition **partitions = realloc(progress->partitions, room * sizeof(struct kafka_partition *));
    if (partitions != NULL) progress->partitions = partitions;
    unlock(progress);
    if (places == NULL || partitions == NULL) {
        free(places);
        return false;
    }
    free(progress->places);
    progress->places = places;
    progress->places_mask = 2 * room - 1;
    progress->partitions_room = room;
    for (uint32_t i = 0; i < progress->partitions_count; i++)
        *place_of(progress, partitions[i]->topic, partitions[i]->number) = i + 1;
    return true;
}

static struct kafka_partition *add(struct kafka_progress *progress, const char *topic, int32_t number) {
    if (progress->partitions_count == KAFKA_PARTITIONS_MAX) return NULL;
    if (progress->partitions_count == progress->partitions_room && !grow(progress)) return NULL;
    struct kafka_partition *partition = calloc(1, sizeof *partition);
    char *name = strdup(topic);
    if (partition == NULL || name == NULL) {
        free(partition);
        free(name);
        return NULL;
    }
    *partition = (struct kafka_partition){.topic = name,
                                          .number = number,
                                          .index = progress->partitions_count,
                                          .settled = -1,
                                          .first = -1,
                                          .floor = -1,
                                          .begin = -1,
                                          .committed = -1};
    *place_of(progress, topic, number) = partition->index + 1;
    lock(progress);
    progress->partitions[progress->partitions_count++] = partition;
    unlock(progress);
    return partition;
}

struct kafka_partition *kafka_progress_find(struct kafka_progress *progress, const char *topic, int32_t number) {
    struct kafka_partition *partition = progress->last_found;
    if (partition != NULL && is(partition, topic, number)) return partition;
    uint32_t place = *place_of(progress, topic, number);
    partition = place != 0 ? progress->partitions[place - 1] : add(progress, topic, number);
    progress->last_found = partition;
    return partition;
}

/* --- what is read, and what has settled --------------------------------------------------------- */

void kafka_progress_assign(struct kafka_progress *progress, struct kafka_partition *partition, int64_t start) {
    lock(progress);
    partition->assigned = true;
    partition->assignment++;
    partition->settled = start;
    partition->floor = partition->first = -1;
    unlock(progress);
    partition->taken = false;
    partition->begin = -1;
    partition->handed = -1;
    partition->committed = start;
}

void kafka_progress_recount(struct kafka_progress *progress, struct kafka_partition *partition, int64_t begin,
                            int64_t floor) {
    lock(progress);
    partition->floor = floor;
    unlock(progress);
    partition->begin = begin;
    partition->committed = floor;
}

int64_t kafka_progress_first(struct kafka_progress *progress, const struct kafka_partition *partition) {
    lock(progress);
    int64_t first = partition->first;
    unlock(progress);
    return first;
}

int64_t kafka_progress_above_floor(struct kafka_progress *progress, const struct kafka_partition *partition,
                                   int64_t next) {
    lock(progress);
    int64_t floor = partition->floor;
    unlock(progress);
    return next > floor ? next : floor;
}

void kafka_progress_unassign(struct kafka_progress *progress, struct kafka_partition *partition) {
    lock(progress);
    partition->assigned = false;
    unlock(progress);
}

void kafka_progress_begin(struct kafka_progress *progress, struct kafka_partition *partition, int64_t offset) {
    partition->taken = true;
    lock(progress);
    bool known = partition->settled >= 0;
    if (!known) partition->settled = offset;
    partition->first = offset;
    unlock(progress);
    if (!known) partition->committed = offset; /* as good as: whoever comes next would begin there, too */
}

void kafka_progress_extend(struct kafka_progress *progress, struct kafka_partition *partition, struct batch *batch,
                           int64_t next) {
    uint32_t range = partition->range;
    if (range >= batch->ranges_count || batch->ranges[range].partition != partition->index) {
        range = partition->range = batch->ranges_count++;
        lock(progress);
        progress->in_flight += range == 0;
        unlock(progress);
    }
    batch->ranges[range] = (struct batch_range){partition->index, partition->assignment, next};
}

bool kafka_progress_settle(struct kafka_progress *progress, const struct kafka_settlement *settlement) {
    lock(progress);
    ASSERT(settlement->batches_count <= progress->in_flight);
    progress->in_flight -= settlement->batches_count;
    for (uint32_t i = 0; i < settlement->ranges_count && !settlement->stale; i++) {
        const struct batch_range *range = &settlement->ranges[i];
        ASSERT(range->partition < progress->partitions_count);
        struct kafka_partition *partition = progress->partitions[range->partition];
        if (range->assignment == partition->assignment && range->next > partition->settled)
            partition->settled = range->next;
    }
    bool idle = progress->in_flight == 0;
    unlock(progress);
    return idle;
}

uint64_t kafka_progress_in_flight(struct kafka_progress *progress) {
    lock(progress);
    uint64_t in_flight = progress->in_flight;
    unlock(progress);
    return in_flight;
}

void kafka_progress_correct(struct kafka_progress *progress, struct kafka_partition *partition, int64_t settled) {
    lock(progress);
    partition->settled = settled;
    unlock(progress);
}

int64_t kafka_progress_settled(struct kafka_progress *progress, const struct kafka_partition *partition) {
    lock(progress);
    int64_t settled = partition->settled;
    unlock(progress);
    return settled;
}

const struct kafka_partition *kafka_progress_at(struct kafka_progress *progress, uint32_t index) {
    lock(progress);
    ASSERT(index < progress->partitions_count);
    const struct kafka_partition *partition = progress->partitions[index];
    unlock(progress);
    return partition;
}

size_t kafka_progress_list(struct kafka_progress *progress, struct kafka_lag *list, size_t list_max) {
    size_t count = 0;
    lock(progress);
    for (uint32_t i = 0; i < progress->partitions_count && (list == NULL || count < list_max); i++) {
        const struct kafka_partition *partition = progress->partitions[i];
        if (!partition->assigned) continue;
        if (list == NULL)
            count++;
        else
            list[count++] = (struct kafka_lag){
                partition->topic, partition->number,
                partition->settled > partition->floor ? partition->settled : partition->floor, -1};
    }
    unlock(progress);
    return count;
}
