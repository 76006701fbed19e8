/* The ring at work: readers, workers and the sink as threads, and the main thread that watches them.
 *
 * Threads: pipeline_run is called by the main thread; see each struct for what others touch. */
#ifndef WHEREFROM_PIPELINE_H
#define WHEREFROM_PIPELINE_H

#include <stdatomic.h>

#include "app/checkpoint.h"
#include "app/meter.h"
#include "app/outputs.h"
#include "app/ring.h"
#include "app/rollups.h"
#include "app/worker.h"
#include "enrich/evidence.h"
#include "ingest/follow.h"
#include "ingest/source_file.h"
#include "ingest/source_replay.h"
#include "ingest/source_tcp.h"
#include "schemas/stage.h"

struct pipeline_request {
    const struct origin *origins; /* in the order of output; streams stand last */
    uint32_t origins_count, streams_count;
    uint32_t batches_max; /* for memory's sake */
    uint32_t
        workers; /* more are started where streams need them: each has a thread while it is read, and files one besides */
    const struct worker_plan *worker_plan;
    const struct source_file_settings *source;
    const struct source_replay_request *replay; /* the inputs are rejects files; NULL: they are logs */
    const struct source_tcp_settings *tcp;
    const struct cidr_set *proxy_from; /* NULL: anyone */
    struct follow *
        follow; /* files that are read as they grow, behind the other files in order; NULL: none. It is watched by a thread of its own */
    struct source_kafka *kafka;  /* the last origin, not counted among them; NULL: none. Read by a thread of its own */
    uint32_t shutdown_timeout_s; /* after a signal: how long what is under way may take */
    const struct output *outputs;
    uint32_t outputs_count;
    struct sink_file *rejects; /* takes rejected lines; NULL: they are only counted, or go to Kafka */
    bool rejects_to_kafka;
    bool transactional;            /* what goes to Kafka goes together with the positions of `kafka` */
    uint64_t limit;                /* records to write; 0: all */
    double max_reject_ratio;       /* of REJECT_RATIO_RECORDS_MIN records or more; beyond it the run fails */
    struct checkpoint *checkpoint; /* hears of what has settled; NULL: nobody wants to know */
    struct rollups *rollups;       /* count it; NULL: there are none */
    struct meter *meter;           /* counts what goes on; NULL: nobody looks on */
    struct evidence *evidence;     /* is all that is wanted of the notes; NULL: it is not */
    /* Called by the main thread every 250 ms while the pipeline runs. */
    void (*tick)(void *context);
    /* Called, by one thread at a time, for each batch whose records are written; NULL: nobody wants to know. */
    void (*written)(void *context, const struct batch *batch);
    /* Called by the main thread at the first signal that ends the run; NULL likewise. */
    void (*stopping)(void *context);
    /* Called by the main thread at SIGHUP; NULL: the signal does what it does by default. */
    void (*reload)(void *context);
    void *context; /* of all of them */
};

/* Read by the main thread while the others run. */
struct pipeline_progress {
    atomic_uint_fast64_t stored_bytes; /* of inputs, as stored, finished or not */
    atomic_uint_fast64_t records;
    atomic_uint_fast64_t records_under_way; /* handed to a sink that has not confirmed them yet */
    struct output_awaited awaited;          /* by the main thread alone, before each tick */
};

enum pipeline_end { PIPELINE_DONE, PIPELINE_STOPPED, PIPELINE_SINK_FAILED, PIPELINE_READER_GONE };

struct pipeline_outcome {
    struct tally tally;
    enum pipeline_end end;
    uint64_t inputs_failed;                    /* missing, unreadable or damaged; each was said on stderr */
    struct error error;                        /* of the sink */
    struct output_counts outputs[OUTPUTS_MAX]; /* where there are several */
    struct connection_counts connections;
};

/* Reports what a worker's place cache counted; called for each worker after the threads have ended. Not with a limit: workers were
 * ahead of it. */
typedef void pipeline_places_function(void *context, struct geo_cache *places);

/* Runs to the end of the inputs, a signal (SIGINT, SIGTERM: drain; a second one: exit at once), the limit, or a failure of
 * the sink. STATUS_FAILED only when it could not start. */
enum status pipeline_run(const struct pipeline_request *request, struct pipeline_progress *progress,
                         struct pipeline_outcome *outcome, pipeline_places_function *places, void *places_context,
                         struct error *error) WARN_UNUSED;

#endif
