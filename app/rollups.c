/* The polling thread may not wait for an index, so it only notes which partitions came and went; whoever counts next takes that up.
 *
 *   polling thread   events, needs           under `lock`, which nobody holds for long
 *   whoever counts   parts, the writer       under `work`, which may be held while an index takes its time
 *   the clock's      the same, every TICK_MS
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/rollups.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/monotonic.h"
#include "base/uuid.h"

#define TICK_MS 250
#define NAME_BYTES_MAX (UUID_BYTES + 8u)

enum event_kind { EVENT_BEGIN, EVENT_END, EVENT_LOSE };

struct event {
    enum event_kind kind;
    uint32_t partition, assignment;
    struct kafka_need need; /* with EVENT_BEGIN */
};

/* What parts share, each with memory of its own. */
enum shared { SHARED_SUMS, SHARED_RATES, SHARED_COUNT };
static const struct {
    size_t (*bytes)(const struct rollup_part *part);
    bool (*shrink)(struct rollup_part *part);
} shared[SHARED_COUNT] = {{rollup_part_bytes, rollup_part_shrink}, {rollup_part_rate_bytes, rollup_part_rate_shrink}};

/* Of the memory for rates a part takes no more than so many times an equal share: some is laid out by what it may take. */
#define RATES_SHARES 4u

/* A partition, as those that count see it. */
struct counted {
    struct rollup_part *part; /* NULL: it is not assigned */
    uint32_t assignment;
    bool current; /* the batch at hand is of this assignment */
    size_t bytes[SHARED_COUNT];
};

/* And as the polling thread does: what it needs. */
struct needed {
    uint32_t assignment;
    bool known, has_next;
    struct kafka_need need;
    struct kafka_need next; /* once so many documents have arrived: */
    uint64_t next_documents;
};

struct rollups {
    struct rollups_request request;
    struct kafka_counting counting;
    char name[NAME_BYTES_MAX]; /* of what comes by connections */
    pthread_mutex_t work;
    struct rollup_writer *writer;
    struct rollup_part *whole;           /* all that is of no partition */
    struct counted *counted;             /* by partition */
    uint32_t counted_count, parts_count; /* parts: those that are assigned */
    size_t bytes[SHARED_COUNT];
    bool inside_message; /* what was counted last ends inside one */
    uint64_t shown_ms;
    struct rollup_part_counts gone; /* of parts that are no more */
    pthread_mutex_t lock;
    struct event *events;
    uint32_t events_count, events_room;
    struct needed *needed; /* by partition */
    uint32_t needed_count;
    pthread_t clock;
    pthread_cond_t ending;
    bool clock_runs, ends;
};

static void lock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_lock(mutex) == 0);
}

static void unlock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_unlock(mutex) == 0);
}

/* --- what the polling thread says ------------------------------------------------------------------ */

static void note_event(struct rollups *rollups, const struct event *event) {
    if (rollups->events_count == rollups->events_room) {
        rollups->events_room = 2 * rollups->events_room + 64;
        rollups->events = realloc(rollups->events, rollups->events_room * sizeof *rollups->events);
        ASSERT(rollups->events != NULL); /* some bytes for each partition that comes or goes */
    }
    rollups->events[rollups->events_count++] = *event;
}

static struct needed *needed_of(struct rollups *rollups, uint32_t partition) {
    if (partition >= rollups->needed_count) {
        uint32_t count = 2 * partition + 64;
        rollups->needed = realloc(rollups->needed, count * sizeof *rollups->needed);
        ASSERT(rollups->needed != NULL); /* some bytes for each partition that is read */
        for (uint32_t i = rollups->needed_count; i < count; i++) rollups->needed[i] = (struct needed){0};
        rollups->needed_count = count;
    }
    return &rollups->needed[partition];
}

static void begin(void *context, uint32_t partition, uint32_t assignment, const struct kafka_need *need) {
    struct rollups *rollups = context;
    struct event event = {.kind = EVENT_BEGIN, .partition = partition, .assignment = assignment};
    if (need != NULL) event.need = *need;
    lock(&rollups->lock);
    *needed_of(rollups, partition) = (struct needed){.assignment = assignment, .known = need != NULL};
    if (need != NULL) rollups->needed[partition].need = *need;
    note_event(rollups, &event);
    unlock(&rollups->lock);
}

static void end(void *context, uint32_t partition) {
    struct rollups *rollups = context;
    lock(&rollups->lock);
    note_event(rollups, &(struct event){.kind = EVENT_END, .partition = partition});
    unlock(&rollups->lock);
}

static void lose(void *context, uint32_t partition) {
    struct rollups *rollups = context;
    lock(&rollups->lock);
    note_event(rollups, &(struct event){.kind = EVENT_LOSE, .partition = partition});
    unlock(&rollups->lock);
}

/* Documents arrive in the order in which they were put, so their number says which have. */
static bool need(void *context, uint32_t partition, struct kafka_need *result) {
    struct rollups *rollups = context;
    lock(&rollups->lock);
    struct needed *needed = needed_of(rollups, partition);
    if (needed->has_next && rollup_writer_arrived(rollups->writer) >= needed->next_documents) {
        needed->need = needed->next;
        needed->known = true;
        needed->has_next = false;
    }
    *result = needed->need;
    bool known = needed->known;
    unlock(&rollups->lock);
    return known;
}

/* What it needs now counts once all documents have arrived that were put so far. One that waits already goes first. */
static void say_need(struct rollups *rollups, uint32_t partition) {
    const struct counted *counted = &rollups->counted[partition];
    struct kafka_need now = rollup_part_need(counted->part), ignored;
    (void)need(rollups, partition, &ignored);
    lock(&rollups->lock);
    struct needed *needed = needed_of(rollups, partition);
    if (needed->assignment == counted->assignment && !needed->has_next) {
        needed->next = now;
        needed->next_documents = rollup_writer_put_count(rollups->writer);
        needed->has_next = true;
    }
    unlock(&rollups->lock);
}

/* --- parts ---------------------------------------------------------------------------------------- */

static size_t rates_bytes(const struct rollups *rollups, enum rollup_part_kind kind) {
    size_t bytes = rollups->request.rates_bytes, share;
    if (kind != ROLLUP_PART_PARTITION || rollups->parts_count <= RATES_SHARES) return bytes;
    share = bytes / rollups->parts_count * RATES_SHARES;
    return share > RATE_BYTES_MIN ? share : RATE_BYTES_MIN;
}

static struct rollup_part *new_part(struct rollups *rollups, enum rollup_part_kind kind) {
    const struct rollup_part_request request = {.kind = kind,
                                                .bytes_max = rollups->request.bytes_max,
                                                .residency = rollups->request.residency,
                                                .rates = rollups->request.rates,
                                                .rates_bytes = rates_bytes(rollups, kind),
                                                .lateness_s = rollups->request.lateness_s,
                                                .name = kind == ROLLUP_PART_CONNECTIONS ? rollups->name : NULL,
                                                .writer = rollups->writer};
    return rollup_part_new(&request);
}

static struct counted *counted_of(struct rollups *rollups, uint32_t partition) {
    if (partition >= rollups->counted_count) {
        uint32_t count = 2 * partition + 64;
        rollups->counted = realloc(rollups->counted, count * sizeof *rollups->counted);
        ASSERT(rollups->counted != NULL); /* likewise */
        for (uint32_t i = rollups->counted_count; i < count; i++) rollups->counted[i] = (struct counted){0};
        rollups->counted_count = count;
    }
    return &rollups->counted[partition];
}

static void free_part(struct rollups *rollups, struct counted *counted) {
    if (counted->part == NULL) return;
    rollup_part_count_up(counted->part, &rollups->gone);
    rollups->gone.rates.keys = rollups->gone.rates.bytes = 0; /* those are what is held */
    rollup_part_free(counted->part);
    for (uint32_t i = 0; i < SHARED_COUNT; i++) rollups->bytes[i] -= counted->bytes[i];
    rollups->parts_count--;
    *counted = (struct counted){0};
}

/* What is counted of a partition that is ours no longer is whose it is now. */
static void take_event(struct rollups *rollups, const struct event *event) {
    struct counted *counted = counted_of(rollups, event->partition);
    if (event->kind == EVENT_LOSE) {
        if (counted->part != NULL) rollup_part_lose(counted->part);
        return;
    }
    free_part(rollups, counted);
    if (event->kind == EVENT_END) return;
    counted->part = new_part(rollups, ROLLUP_PART_PARTITION); /* counted among them already */
    ASSERT(counted->part != NULL);                            /* address space, and some hundred bytes */
    counted->assignment = event->assignment;
    rollup_part_begin(counted->part, &event->need);
}

static void take_events(struct rollups *rollups) {
    lock(&rollups->lock);
    struct event *events = rollups->events;
    uint32_t events_count = rollups->events_count;
    rollups->events = NULL;
    rollups->events_count = rollups->events_room = 0;
    unlock(&rollups->lock);
    for (uint32_t i = 0; i < events_count; i++) rollups->parts_count += events[i].kind == EVENT_BEGIN;
    for (uint32_t i = 0; i < events_count; i++) take_event(rollups, &events[i]);
    free(events);
}

static void look_at_memory(struct rollups *rollups, struct counted *counted, enum shared which) {
    size_t bytes = shared[which].bytes(counted->part);
    rollups->bytes[which] += bytes - counted->bytes[which];
    counted->bytes[which] = bytes;
}

static void keep_memory(struct rollups *rollups, struct counted *counted, enum shared which) {
    size_t bytes_max = which == SHARED_RATES ? rollups->request.rates_bytes : rollups->request.bytes_max;
    look_at_memory(rollups, counted, which);
    while (rollups->bytes[which] > bytes_max) {
        struct counted *most = counted;
        for (uint32_t i = 0; i < rollups->counted_count; i++)
            if (rollups->counted[i].bytes[which] > most->bytes[which]) most = &rollups->counted[i];
        if (!shared[which].shrink(most->part)) return;
        look_at_memory(rollups, most, which);
    }
}

/* --- counting ------------------------------------------------------------------------------------- */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The part that these notes are of; NULL: it is counted by somebody else by now. */
static struct rollup_part *part_of(struct rollups *rollups, const struct origin *origin) {
    if (origin->topic == NULL) return rollups->whole;
    struct counted *counted = counted_of(rollups, origin->partition_index);
    return counted->current ? counted->part : NULL;
}

/* Which of the batch's partitions are those that are counted. */
static void look_at_ranges(struct rollups *rollups, const struct batch *batch) {
    for (uint32_t i = 0; i < batch->ranges_count; i++) {
        struct counted *counted = counted_of(rollups, batch->ranges[i].partition);
        counted->current = counted->part != NULL && counted->assignment == batch->ranges[i].assignment;
    }
}

static void count_notes(struct rollups *rollups, const struct batch *batch) {
    int64_t now = rollups->request.streams ? now_ns() : 0;
    for (uint32_t i = 0, next; i < batch->notes_count; i = next) {
        const struct origin *origin = batch->notes[i].origin;
        for (next = i + 1; next < batch->notes_count && batch->notes[next].origin == origin;) next++;
        struct rollup_part *part = part_of(rollups, origin);
        if (part != NULL) rollup_part_count(part, batch->notes + i, next - i, now);
    }
}

enum status rollups_count(struct rollups *rollups, const struct batch *batch, struct error *error) {
    lock(&rollups->work);
    take_events(rollups);
    rollup_writer_set_privacy(rollups->writer, batch->privacy);
    look_at_ranges(rollups, batch);
    count_notes(rollups, batch);
    rollups->inside_message = batch->message_open;
    if (rollups->request.streams) rollup_writer_flush(rollups->writer);
    for (uint32_t i = 0; i < batch->ranges_count; i++) {
        struct counted *counted = &rollups->counted[batch->ranges[i].partition];
        if (!counted->current) continue;
        say_need(rollups, batch->ranges[i].partition);
        for (uint32_t which = 0; which < SHARED_COUNT; which++) keep_memory(rollups, counted, which);
    }
    bool failed = rollups->request.streams && rollup_writer_failed(rollups->writer, error);
    unlock(&rollups->work);
    return failed ? STATUS_FAILED : STATUS_OK;
}

/* --- what is open ---------------------------------------------------------------------------------- */

static void show(struct rollups *rollups) {
    if (rollups->whole != NULL) rollup_part_show(rollups->whole);
    for (uint32_t i = 0; i < rollups->counted_count; i++)
        if (rollups->counted[i].part != NULL) rollup_part_show(rollups->counted[i].part);
    rollups->shown_ms = monotonic_ms();
    rollup_writer_flush(rollups->writer);
}

/* Not inside a message: it would be another document with the same revision. */
static void *tick(void *argument) {
    struct rollups *rollups = argument;
    lock(&rollups->lock);
    while (!rollups->ends) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&rollups->ending, &rollups->lock, &until);
        if (rollups->ends) break;
        unlock(&rollups->lock);
        lock(&rollups->work);
        take_events(rollups);
        bool due = monotonic_ms() - rollups->shown_ms >= 1000 * (uint64_t)rollups->request.every_s;
        if (due && !rollups->inside_message) show(rollups);
        unlock(&rollups->work);
        lock(&rollups->lock);
    }
    unlock(&rollups->lock);
    return NULL;
}

void rollups_start(struct rollups *rollups) {
    if (!rollups->request.streams) return;
    rollups->shown_ms = monotonic_ms();
    rollups->clock_runs = true;
    ASSERT(pthread_create(&rollups->clock, NULL, tick, rollups) == 0);
}

static void stop_clock(struct rollups *rollups) {
    if (!rollups->clock_runs) return;
    lock(&rollups->lock);
    rollups->ends = true;
    ASSERT(pthread_cond_signal(&rollups->ending) == 0);
    unlock(&rollups->lock);
    ASSERT(pthread_join(rollups->clock, NULL) == 0);
    rollups->clock_runs = false;
}

void rollups_finish(struct rollups *rollups) {
    struct error ignored; /* rollups_write says it */
    if (!rollups->request.streams) return;
    lock(&rollups->work);
    take_events(rollups);
    show(rollups);
    (void)!rollup_writer_finish(rollups->writer, &ignored);
    unlock(&rollups->work);
}

enum status rollups_write(struct rollups *rollups, struct error *error) {
    stop_clock(rollups);
    rollups_finish(rollups);
    lock(&rollups->work); /* somebody may ask for the counts */
    rollup_part_close(rollups->whole);
    enum status status = rollup_writer_close(rollups->writer, error);
    unlock(&rollups->work);
    return status;
}

bool rollups_of_streams(const struct rollups *rollups) {
    return rollups->request.streams;
}

/* By who has the lock. */
static struct rollups_counts count_up(const struct rollups *rollups) {
    struct rollups_counts counts = {rollup_writer_arrived(rollups->writer), rollups->gone};
    if (rollups->whole != NULL) rollup_part_count_up(rollups->whole, &counts.parts);
    for (uint32_t i = 0; i < rollups->counted_count; i++)
        if (rollups->counted[i].part != NULL) rollup_part_count_up(rollups->counted[i].part, &counts.parts);
    return counts;
}

struct rollups_counts rollups_counts(struct rollups *rollups) {
    lock(&rollups->work); /* after a failure the clock's thread is still there */
    struct rollups_counts counts = count_up(rollups);
    unlock(&rollups->work);
    return counts;
}

bool rollups_try_counts(struct rollups *rollups, struct rollups_counts *counts) {
    if (pthread_mutex_trylock(&rollups->work) != 0) return false;
    *counts = count_up(rollups);
    unlock(&rollups->work);
    return true;
}

/* --- life ----------------------------------------------------------------------------------------- */

const struct kafka_counting *rollups_counting(struct rollups *rollups) {
    return &rollups->counting;
}

static void init_locks(struct rollups *rollups) {
    pthread_condattr_t attributes;
    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&rollups->ending, &attributes) == 0);
    ASSERT(pthread_condattr_destroy(&attributes) == 0);
    ASSERT(pthread_mutex_init(&rollups->work, NULL) == 0);
    ASSERT(pthread_mutex_init(&rollups->lock, NULL) == 0);
}

enum status rollups_open(const struct rollups_request *request, struct rollups **result, struct error *error) {
    struct rollups *rollups = calloc(1, sizeof *rollups);
    char uuid[UUID_BYTES];
    *result = rollups;
    if (rollups == NULL) return error_set(error, STATUS_FAILED, "rollups: out of memory");
    rollups->request = *request;
    rollups->counting = (struct kafka_counting){begin, end, lose, need, rollups};
    init_locks(rollups);
    if (!uuid_random(uuid)) return error_set(error, STATUS_FAILED, "rollups: no random numbers to be had");
    snprintf(rollups->name, sizeof rollups->name, "tcp/%.*s", (int)UUID_BYTES, uuid);
    enum status status = rollup_writer_open(&request->writer, &rollups->writer, error);
    if (status != STATUS_OK) return status;
    rollups->whole = new_part(rollups, request->streams ? ROLLUP_PART_CONNECTIONS : ROLLUP_PART_FILES);
    return rollups->whole != NULL ? STATUS_OK : error_set(error, STATUS_FAILED, "rollups: out of memory");
}

void rollups_free(struct rollups *rollups) {
    if (rollups == NULL) return;
    stop_clock(rollups);
    for (uint32_t i = 0; i < rollups->counted_count; i++) rollup_part_free(rollups->counted[i].part);
    rollup_part_free(rollups->whole);
    rollup_writer_free(rollups->writer);
    free(rollups->counted);
    free(rollups->needed);
    free(rollups->events);
    ASSERT(pthread_cond_destroy(&rollups->ending) == 0);
    ASSERT(pthread_mutex_destroy(&rollups->work) == 0);
    ASSERT(pthread_mutex_destroy(&rollups->lock) == 0);
    free(rollups);
}
