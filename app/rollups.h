/* The roll-ups of a run: counted while it goes on, written when it has ended and all of its records are.
 *
 * Threads: rollups_count by one at a time; the others by the main thread, before the others start and after they have ended. */
#ifndef WHEREFROM_ROLLUPS_H
#define WHEREFROM_ROLLUPS_H

#include "base/error.h"
#include "schemas/batch.h"
#include "schemas/opensearch.h"
#include "sinks/sink_file.h"

struct rollups_request {
    size_t bytes_max;                       /* of memory, HEAT_BYTES_MIN at least */
    struct sink_file *file;                 /* where they go, rollups_write closes it; or, NULL: */
    const struct opensearch_output *output; /* an index */
    void (*report)(bool warning, const char *message);
};

struct rollups;

/* A node that is there is asked whether it lets us in; one that is not there is asked again when there is something to write. What `request`
 * points to stays valid; rollups_free is safe after any outcome. */
enum status rollups_open(const struct rollups_request *request, struct rollups **rollups,
                         struct error *error) WARN_UNUSED;
void rollups_free(struct rollups *rollups); /* NULL is allowed */

/* Takes up the notes of a batch whose records are written. */
void rollups_count(struct rollups *rollups, const struct batch *batch);

/* Writes all; an index that takes its time is waited for. STATUS_FAILED: not all of them are written. */
enum status rollups_write(struct rollups *rollups, struct error *error) WARN_UNUSED;

struct rollups_counts {
    uint64_t documents; /* written */
    uint64_t folded;    /* slots, for lack of memory */
};
struct rollups_counts rollups_counts(const struct rollups *rollups);

#endif
