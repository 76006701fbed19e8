/* Header lines in front of replayed lines.
 *
 * A reject says which header line was in force. But a header line may have been rejected itself, by a -f that said another format; then it is in
 * force for what follows it where it stood, as if both were read there now.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_REPLAY_HEADER_H
#define WHEREFROM_REPLAY_HEADER_H

#include "ingest/reject_read.h"
#include "schemas/batch.h"

/* The last header line that was replayed. All zero: none. */
struct replay_header {
    enum reject_place place;
    char name[ORIGIN_NAME_BYTES_MAX]; /* of its origin */
    size_t name_bytes;
    uint64_t position, line_number; /* where it stood */
    struct header header;           /* schema NULL: nothing is in force */
    struct header before; /* what its own reject says: lines whose reject says another one stood behind that */
};

/* What is in force at this line; NULL: nothing. */
const struct header *replay_header_at(const struct replay_header *last, const struct reject_read *read);

/* Takes the line, should it be a header. `text` is the line with its end, and 32 bytes behind it may be read. */
void replay_header_follow(struct replay_header *last, const struct reject_read *read, const struct origin *origin,
                          struct slice text);

#endif
