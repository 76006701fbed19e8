/* Records as documents of an OpenSearch cluster, by `_bulk` requests whose body is a batch's `out` (sinks/bulk_action.h writes the action
 * lines).
 *
 * A request has the documents of as many batches as wait, up to 10 MiB: their `out`s, one behind the other, are its body, so bodies are small
 * and fresh while the server keeps up, and large when it does not. What its reply says of each document decides (sinks/bulk_verdict.h): done,
 * or there before, or refused, which makes a reject of it in the batch; the others are moved together at the front of `out` and sent again. So
 * a batch arrives when nothing of it is left, and its memory is all that a retry needs. There is no limit to retries: ids make them safe, and only a stop ends
 * them.
 *
 * How many requests are on their way follows the server: one more for every round that went well, half as many when it says that it has too
 * much to do (AIMD). What somebody has to put right (a write block, a missing index, a wrong password) stops all requests but one that
 * tries now and then, and is said once a minute.
 *
 * Threads: as in async_sink.h; sink_opensearch_count: any. */
#ifndef WHEREFROM_SINK_OPENSEARCH_H
#define WHEREFROM_SINK_OPENSEARCH_H

#include "schemas/opensearch.h"
#include "sinks/async_sink.h"

struct mapping_wanted;

struct sink_opensearch_request {
    const struct opensearch_output *output;
    const char *label; /* the output's name among several, for what is said; NULL: it is the only one */
    bool rejects;      /* somebody keeps them; else they are only counted, and that is said with the first one */
    const struct mapping_wanted *wanted; /* what has to be mapped before anything is written; NULL: nothing */
    void (*report)(bool warning, const char *message);
};

struct sink_opensearch;

/* What it did. */
struct opensearch_counts {
    uint64_t requests;        /* replied to or not */
    uint64_t requests_failed; /* without a reply, or with one that is no answer to them */
    uint64_t documents, duplicates, refused;
    uint64_t documents_again; /* sent again, as often as they were */
    uint64_t throttled;       /* answers 429 and 503, come later: to a request, or to a document in it */
    uint64_t bytes_sent;      /* of bodies, as they went out */
};

/* STATUS_USAGE when the settings are refused. Nothing is connected yet. What `request` points to stays valid; sink_opensearch_free is safe
 * after any outcome. */
enum status sink_opensearch_new(const struct sink_opensearch_request *request, struct sink_opensearch **sink,
                                struct error *error) WARN_UNUSED;
void sink_opensearch_free(struct sink_opensearch *sink);

/* How many batches it works with: requests on every connection, and one more that waits. */
uint32_t sink_opensearch_batches(const struct opensearch_output *output);

extern const struct async_sink_ops sink_opensearch_ops;

/* Adds to the numbers. */
void sink_opensearch_count(const struct sink_opensearch *sink, struct opensearch_counts *counts);

#endif
