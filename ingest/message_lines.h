/* Lines of messages -> segments of batches.
 *
 * Messages of one line that follow one another in their partition share a segment; a message of several lines has segments of its own,
 * and goes on in the next batch where it does not fit.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_MESSAGE_LINES_H
#define WHEREFROM_MESSAGE_LINES_H

#include "base/scan.h"
#include "ingest/message.h"
#include "schemas/batch.h"

/* Bytes of a damaged message that are handed on for its reject: as many as a reject shows. */
#define MESSAGE_DAMAGED_BYTES REJECT_ORIGINAL_BYTES_MAX

/* A message on its way into batches. */
struct message_lines {
    const struct origin *origin;
    uint64_t offset;
    struct slice rest;    /* of its text: what is in no batch yet */
    uint64_t line_number; /* of the first line of that, from 1 */
    bool one_line;
    bool counted_only;    /* as its segments are */
    const char *damage;   /* NULL, or why it ends early: goes behind its last line, with the start of */
    struct slice payload; /* the message as it came */
};

/* Where lines are put: a batch that is being filled. */
struct message_writer {
    struct batch *batch;
    const struct scan_kernel *kernel;
    uint64_t run_next; /* offset of the message that continues the last segment; of one origin, see message_lines_put */
};

/* Whether a batch takes nothing more. */
bool message_batch_is_full(const struct batch *batch);

/* Puts what the batch takes. True: all of the message is in. False: the batch is full, and the rest goes into the next one. An empty
 * batch always takes something. */
bool message_lines_put(struct message_lines *lines, struct message_writer *writer);

#endif
