/* A worker walks batches record by record: split -> client -> place -> encode.
 *
 * Threads: one instance per worker thread. */
#ifndef WHEREFROM_WORKER_H
#define WHEREFROM_WORKER_H

#include "app/finished_records.h"
#include "app/live_chains.h"
#include "base/scan.h"
#include "enrich/geo_cache.h"
#include "enrich/note_record.h"
#include "enrich/record_client.h"
#include "enrich/residency_decide.h"
#include "ingest/split.h"
#include "sinks/bulk_action.h"
#include "sinks/encoder.h"

/* What an output wants of records. */
struct worker_output {
    bool marks;                       /* batch->marks */
    const struct bulk_action *action; /* and this in front of each; NULL: nothing */
};

/* What all workers share; read-only. */
struct worker_plan {
    const struct scan_kernel *kernel;
    const struct split_tables *tables;
    const struct encoder *encoder;
    struct live_chains *chains;
    const struct worker_output *outputs;
    uint32_t outputs_count;           /* with more than one, the zone of a record says which */
    bool marks;                       /* any of them wants marks */
    bool notes;                       /* roll-ups want batch->notes */
    const struct path_class *classes; /* and rates more in them; NULL: there are none */
    struct finished_records
        *finished; /* records that a run wrote are read as such, too; NULL: they are logs like any others */
    /* Told of a cache of places that goes, by one worker at a time. */
    void (*places_end)(void *context, struct geo_cache *places);
    void *context;
    int64_t since_ns, until_ns; /* records outside [since, until) are skipped; 0: no bound */
};

struct worker {
    const struct worker_plan *plan;
    struct splitter splitter;
    struct geo_cache *places;    /* NULL without databases */
    struct databases *databases; /* that it is of; the worker is one of their users */
    struct chains_guard guard;   /* of what `clients` uses */
    struct client_resolver clients;
    struct residency_decider *residency; /* by the policy of `chains` */
    struct encoder_context context;
    struct finished_reader *finished;  /* NULL: nothing is finished */
    const struct chains *chains;       /* in force for this batch */
    const struct segment *segment;     /* being read */
    const struct header *marked;       /* header of the marks that are made; NULL: none */
    struct record *resolved, *located; /* on their way, see worker.c; NULL between batches */
};

/* False when memory is short; worker_destroy is safe after any outcome. */
bool worker_init(struct worker *worker, const struct worker_plan *plan) __attribute__((warn_unused_result));
void worker_destroy(struct worker *worker);

/* Fills batch->out or the shares', batch->reject and batch->tally, anew if they were filled before. Stops behind the `records_max`th record
 * (UINT64_MAX: all): what follows it is not read. Cannot fail: what is wrong with a line is in the tally. */
void worker_run(struct worker *worker, struct batch *batch, uint64_t records_max);

#endif
