/* What is counted of a run while it goes on, for who looks on (--metrics): sums of what has become of lines, and since when batches are
 * under way. Without a meter none of it is counted.
 *
 * Threads: said per function. */
#ifndef WHEREFROM_METER_H
#define WHEREFROM_METER_H

#include "app/outputs.h"

enum meter_phase {
    METER_STARTING,
    METER_RUNNING,
    METER_STOPPING, /* a signal came */
    METER_ENDING,   /* the threads have ended; what they left is written */
    METER_PHASES
};

/* The queues of a run. */
struct queues_look {
    uint32_t batches, idle_batches; /* of the pool */
    uint32_t work_batches;          /* read, and not worked off */
    uint32_t waiting_batches;       /* worked off before their turn */
    struct outputs_look outputs;
};

/* A moment. Sums have nothing of what has not settled. */
struct meter_look {
    enum meter_phase phase;
    uint64_t tick_age_ms; /* since the main thread said that it lives */
    uint32_t streams, streams_open;
    bool used[SOURCE_KINDS]; /* there are inputs of this kind */
    struct tally sums[SOURCE_KINDS];
    uint64_t oldest_ms; /* how long ago the oldest text was read that has not settled; 0: there is none */
    struct queues_look queues;
};

struct meter;

/* NULL when memory is short. */
struct meter *meter_new(void);
void meter_free(struct meter *meter); /* NULL is fine */

struct meter_run {
    uint32_t batches, streams; /* streams: those that are read from the start on */
    bool used[SOURCE_KINDS];
    void (*look)(void *context, struct queues_look *look); /* any thread */
    void *context;
};

/* --- main thread ---------------------------------------------------------------------------------- */

/* From here on until meter_end `look` may be called. */
void meter_begin(struct meter *meter, const struct meter_run *run);
void meter_end(struct meter *meter);
void meter_tick(struct meter *meter);
void meter_stop(struct meter *meter);

/* --- any thread of the run ------------------------------------------------------------------------ */

void meter_count(struct meter *meter, enum source_kind source, const struct tally *tally);
void meter_stream_opened(struct meter *meter);
/* Batch `index` of the pool has text. */
void meter_hold(struct meter *meter, uint32_t index);
/* It is free again; `in_transaction`: what it had waits for a commit. */
void meter_let_go(struct meter *meter, uint32_t index, bool in_transaction);
/* A transaction was committed. */
void meter_commit(struct meter *meter);

/* --- who looks on: one at a time ------------------------------------------------------------------ */

void meter_look(struct meter *meter, struct meter_look *look);

#endif
