/* How far a file has been read: worked out from batches in the same way by its source, which goes on from there when a followed file has
 * grown, and by the checkpoint, from which the next run does.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_FILE_REACHED_H
#define WHEREFROM_FILE_REACHED_H

#include "ingest/file_identity.h"
#include "schemas/batch.h"

/* Between a followed file and its source, for one time that it is read. */
struct file_reached {
    bool ends; /* in: a last line without LF is handed on, for nothing was added to it for long */
    bool
        missed; /* out: the file is gone, or another one than `origin.place` is of; nothing was read, and nothing is wrong */
    bool opened;             /* out: what follows is filled */
    bool rests;              /* out: a last line without LF was left */
    bool packed;             /* out: it is compressed */
    struct file_place place; /* out: without name, columns and day */
    struct header header;    /* out: in force there */
};

/* `bytes` bytes, which are `lines` lines, of the batch of a file were handed on: `place` and `header` are moved behind them. */
void file_place_note(struct file_place *place, struct header *header, const struct batch *batch, size_t bytes,
                     uint64_t lines);

#endif
