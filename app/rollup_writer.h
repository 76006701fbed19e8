/* Brings documents of roll-ups to where they go, a file, OpenSearch or Kafka: the way that records go, in batches.
 *
 * Threads: one at a time, but for what says `any thread`. */
#ifndef WHEREFROM_ROLLUP_WRITER_H
#define WHEREFROM_ROLLUP_WRITER_H

#include "base/error.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/kafka_client.h"
#include "schemas/kafka.h"
#include "schemas/opensearch.h"
#include "sinks/sink_file.h"

struct privacy;

struct rollup_writer_request {
    struct sink_file *file;                 /* where they go, rollup_writer_close closes it; or, NULL: */
    const struct opensearch_output *output; /* an index; or, NULL, too: */
    const struct kafka_output *kafka;       /* its records_topic; keys are ids */
    bool
        versions; /* several may write one document, and the one with the highest revision is to stay: an index sees to that itself */
    kafka_report *kafka_report;
    void (*report)(bool warning, const char *message);
};

/* One document. */
struct rollup_text {
    int64_t time_ns;         /* its @timestamp */
    char id[HASH_ID_DIGITS]; /* its event.id */
    uint64_t revision;       /* with `versions` */
    const char *format;      /* its kind: "heat" */
    const struct ip
        *client;      /* whose sum it is, where an address stands in its key; NULL: nobody's, or not an address */
    uint16_t country; /* with it, base/country.h */
    const char *json; /* with a newline behind it; ROLLUP_DOCUMENT_BYTES_MAX at most */
    size_t bytes;
};

struct rollup_writer;

/* A node that is there is asked whether it lets us in; one that is not there is asked again when there is something to write. What `request`
 * points to stays valid; rollup_writer_free is safe after any outcome. */
enum status rollup_writer_open(const struct rollup_writer_request *request, struct rollup_writer **writer,
                               struct error *error) WARN_UNUSED;
void rollup_writer_free(struct rollup_writer *writer); /* NULL is allowed */

/* What documents may tell from here on: addresses in them leave as they do in records of the same client, ids are keyed. `privacy` lives as long as the
 * writer. */
void rollup_writer_set_privacy(struct rollup_writer *writer, const struct privacy *privacy);

/* Takes a document; a cluster that takes its time is waited for. After a failure, which rollup_writer_finish tells, nothing is taken. */
void rollup_writer_put(struct rollup_writer *writer, const struct rollup_text *document);

/* Sends what was put, without waiting for it to arrive. */
void rollup_writer_flush(struct rollup_writer *writer);

/* Documents that were put, or, any thread, that have arrived: they do in the order in which they were put. */
uint64_t rollup_writer_put_count(const struct rollup_writer *writer);
uint64_t rollup_writer_arrived(const struct rollup_writer *writer);

/* Any thread. Whether not all of them will arrive: `error` says why. */
bool rollup_writer_failed(struct rollup_writer *writer, struct error *error);

/* Waits until all documents have arrived. STATUS_FAILED: not all of them did. Documents may be put again after that. */
enum status rollup_writer_finish(struct rollup_writer *writer, struct error *error) WARN_UNUSED;

/* Nothing follows. */
enum status rollup_writer_close(struct rollup_writer *writer, struct error *error) WARN_UNUSED;

#endif
