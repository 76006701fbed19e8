/* Where the next line begins.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "ingest/file_reached.h"

#include <string.h>

#include "ingest/split.h"

static void advance(struct file_place *place, struct header *header, const struct batch *batch, size_t bytes,
                    uint64_t lines) {
    const struct segment *segment = &batch->segments[0];
    const char *newline = bytes > 0 ? memrchr(batch->text, '\n', bytes) : NULL;
    size_t whole = newline != NULL ? (size_t)(newline + 1 - batch->text) : 0;
    place->inside_line = batch->inside_line && bytes == batch->text_bytes;
    place->tail_bytes = place->inside_line || segment->line_too_long ? 0 : bytes - whole;
    place->position = segment->position + bytes - place->tail_bytes;
    place->line_number = segment->line_number + lines - (place->tail_bytes > 0 || segment->line_too_long);
    *header = batch->header;
    if (!segment->line_too_long) split_follow_headers(batch->origin, (struct slice){batch->text, bytes}, header);
}

void file_place_note(struct file_place *place, struct header *header, const struct batch *batch, size_t bytes,
                     uint64_t lines) {
    /* of an empty text only the end of an over-long line is news, and that a file is another one than it was */
    if (bytes > 0 || place->inside_line || batch->segments[0].position < place->position)
        advance(place, header, batch, bytes, lines);
    place->done = batch->finished && bytes == batch->text_bytes;
    if (batch->input_progress > place->identity.size_bytes) place->identity.size_bytes = batch->input_progress;
}
