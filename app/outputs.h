/* The outputs of a run while it goes on: each record goes to one of them, and a batch has come to its end when all of them have theirs.
 *
 *   batch in its turn -> share of each output that takes its time -> its delivery -. the last one
 *                        shares of files wait here ------------------------------- +-> written to the files -> release
 *
 * Each output gets its records in the order of the input. One that takes nothing holds the batches, and so at last the inputs; what the
 * others have they keep. With one output a batch is its own share.
 *
 * Files are written last: what stands in one is settled but for the source's own note of it.
 *
 * Threads: outputs_push by any thread, one at a time; outputs_abandon by any; outputs_awaited and the rest by the main thread, the
 * rest before the others start and after they have ended. The functions of a request are called by whoever pushes, or by the thread of a
 * delivery, `count` and, for what is not dropped, `release` by one at a time and in order. */
#ifndef WHEREFROM_OUTPUTS_H
#define WHEREFROM_OUTPUTS_H

#include "app/delivery.h"
#include "app/latency.h"
#include "sinks/sink_file.h"

struct output {
    const char *name;                 /* "main" where there is but one */
    struct sink_file *file;           /* takes the records; NULL: nobody (--dry-run), or */
    const struct async_sink_ops *ops; /* takes the records, or beside a file the rejects; NULL: nobody */
    void *sink;                       /* its own */
    struct sink_kafka *kafka;         /* the same, when it is one; else NULL */
    uint32_t batches;                 /* for what is on its way there */
};

struct outputs_request {
    const struct output *items;
    uint32_t items_count;        /* 1 to OUTPUTS_MAX; with more than one, batches have as many shares */
    struct sink_file *rejects;   /* takes rejected lines; NULL: they are only counted, or go to Kafka */
    bool rejects_to_kafka;       /* only with one output */
    bool timed;                  /* outputs_look is asked how long they take */
    struct source_kafka *source; /* whose positions go with transactions; NULL: none. Only with one output */
    /* This has become of lines, for good. */
    void (*count)(void *context, const struct tally *tally, enum source_kind source);
    /* The batch is free again; `dropped`: nothing of it counts. */
    void (*release)(void *context, struct batch *batch, bool dropped);
    /* An output has failed for good, with an error or because the reader of stdout is `gone`, and the others are abandoned. May be called
     * more than once, and while outputs_new has not returned. */
    void (*fail)(void *context, bool gone, const struct error *error);
    void *context;
};

/* What an output has taken, where there are several. */
struct output_counts {
    uint64_t written, duplicates, refused;
};

struct outputs;

/* Starts a thread for each output that takes its time. NULL when memory is short. */
struct outputs *outputs_new(const struct outputs_request *request);
/* Gives the batch away; it is the next in order. */
void outputs_push(struct outputs *outputs, struct batch *batch);
/* Somebody else has failed: what is on its way is given up, and what comes from here on is dropped. */
void outputs_abandon(struct outputs *outputs);
/* Nothing follows: waits until all has arrived or was dropped. */
void outputs_finish(struct outputs *outputs);
void outputs_free(struct outputs *outputs); /* NULL is fine */

/* Among several, the output that is waited for: it has records and has taken none for `stalled_ms`. */
struct output_awaited {
    const char *name; /* NULL: none */
    uint64_t records; /* that it has not confirmed */
    uint64_t since_ms;
};
struct output_awaited outputs_awaited(const struct outputs *outputs, uint32_t stalled_ms);

/* An output while the run goes on. */
struct output_look {
    const char *name;
    bool is_open;              /* it takes batches */
    uint64_t batches, records; /* that it has and has not confirmed; of a file those that are being written just now */
    uint64_t stalled_ms;       /* for how long it has taken none of them */
    uint64_t bytes;            /* of records that a Kafka output has confirmed */
    struct output_counts counts;
    struct latency_look latency; /* from hand-over until it has all of a batch; without the commit of a transaction */
};

struct outputs_look {
    struct output_look items[OUTPUTS_MAX];
    uint32_t items_count;
    uint64_t rejects_stalled_ms; /* the file of rejects is being written for so long; 0: it is not */
    bool in_transaction;         /* what has arrived waits for a commit */
};
/* Any thread, with `timed`. */
void outputs_look(const struct outputs *outputs, struct outputs_look *look);

/* Of output `index`, be it the only one. After outputs_finish. */
struct output_counts outputs_counts(const struct outputs *outputs, uint32_t index);

#endif
