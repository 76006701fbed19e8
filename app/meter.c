/* Sums are added once a batch, under a lock; who looks on has it for a copy.
 *
 * Threads: see the header. */
#include "app/meter.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/monotonic.h"

struct meter {
    pthread_mutex_t counting; /* guards the sums */
    struct tally sums[SOURCE_KINDS];
    pthread_mutex_t looking; /* guards the next two, and that a run is there for as long as it is looked at */
    struct meter_run run;
    struct queues_look last; /* when it ended */
    atomic_int phase;
    atomic_uint streams_open;
    atomic_uint_fast64_t ticked_ms;
    atomic_uint_fast64_t arrived_ms; /* of the oldest text that waits for a commit; 0: there is none */
    atomic_uint_fast64_t *held_ms;   /* by batch: when its text was read; 0: it has none */
};

static void lock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_lock(mutex) == 0);
}

static void unlock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_unlock(mutex) == 0);
}

struct meter *meter_new(void) {
    struct meter *meter = calloc(1, sizeof *meter);
    if (meter == NULL) return NULL;
    ASSERT(pthread_mutex_init(&meter->counting, NULL) == 0);
    ASSERT(pthread_mutex_init(&meter->looking, NULL) == 0);
    atomic_init(&meter->phase, METER_STARTING);
    return meter;
}

void meter_free(struct meter *meter) {
    if (meter == NULL) return;
    ASSERT(pthread_mutex_destroy(&meter->counting) == 0);
    ASSERT(pthread_mutex_destroy(&meter->looking) == 0);
    free(meter->held_ms);
    free(meter);
}

void meter_begin(struct meter *meter, const struct meter_run *run) {
    atomic_uint_fast64_t *held_ms = calloc(run->batches, sizeof *held_ms);
    ASSERT(held_ms != NULL); /* 8 bytes a batch */
    lock(&meter->looking);
    meter->held_ms = held_ms;
    meter->run = *run;
    unlock(&meter->looking);
    meter_tick(meter);
    atomic_store(&meter->phase, METER_RUNNING);
}

void meter_end(struct meter *meter) {
    lock(&meter->looking);
    if (meter->run.look != NULL) meter->run.look(meter->run.context, &meter->last);
    meter->run.look = NULL;
    unlock(&meter->looking);
    atomic_store(&meter->phase, METER_ENDING);
}

void meter_tick(struct meter *meter) {
    atomic_store(&meter->ticked_ms, monotonic_ms());
}

void meter_stop(struct meter *meter) {
    atomic_store(&meter->phase, METER_STOPPING);
}

void meter_count(struct meter *meter, enum source_kind source, const struct tally *tally) {
    lock(&meter->counting);
    tally_add(&meter->sums[source], tally);
    unlock(&meter->counting);
}

void meter_stream_opened(struct meter *meter) {
    atomic_fetch_add(&meter->streams_open, 1);
}

void meter_hold(struct meter *meter, uint32_t index) {
    atomic_store(&meter->held_ms[index], monotonic_ms());
}

void meter_let_go(struct meter *meter, uint32_t index, bool in_transaction) {
    uint64_t held_ms = atomic_load(&meter->held_ms[index]), arrived_ms = atomic_load(&meter->arrived_ms);
    if (in_transaction && held_ms != 0 && (arrived_ms == 0 || held_ms < arrived_ms))
        atomic_store(&meter->arrived_ms, held_ms);
    atomic_store(&meter->held_ms[index], 0);
}

void meter_commit(struct meter *meter) {
    atomic_store(&meter->arrived_ms, 0);
}

static uint64_t oldest_ms(const struct meter *meter, bool in_transaction) {
    uint64_t oldest = in_transaction ? atomic_load(&meter->arrived_ms) : 0, now = monotonic_ms();
    for (uint32_t i = 0; meter->run.look != NULL && i < meter->run.batches; i++) {
        uint64_t held_ms = atomic_load(&meter->held_ms[i]);
        if (held_ms != 0 && (oldest == 0 || held_ms < oldest)) oldest = held_ms;
    }
    return oldest != 0 && oldest < now ? now - oldest : 0;
}

void meter_look(struct meter *meter, struct meter_look *look) {
    lock(&meter->counting);
    memcpy(look->sums, meter->sums, sizeof look->sums);
    unlock(&meter->counting);
    lock(&meter->looking);
    if (meter->run.look != NULL)
        meter->run.look(meter->run.context, &look->queues);
    else
        look->queues = meter->last;
    look->oldest_ms = oldest_ms(meter, look->queues.outputs.in_transaction);
    look->streams = meter->run.streams;
    memcpy(look->used, meter->run.used, sizeof look->used);
    unlock(&meter->looking);
    uint64_t now = monotonic_ms(), ticked_ms = atomic_load(&meter->ticked_ms);
    look->tick_age_ms = ticked_ms != 0 && ticked_ms < now ? now - ticked_ms : 0;
    look->phase = (enum meter_phase)atomic_load(&meter->phase);
    look->streams_open = atomic_load(&meter->streams_open);
}
