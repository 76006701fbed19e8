/* A connection's lines as a test sees them: what was put into batches, taken apart at LF.
 *
 * Threads: one. */
#ifndef WHEREFROM_CONNECTION_LINES_H
#define WHEREFROM_CONNECTION_LINES_H

#include "ingest/tcp_connection.h"

struct connection_line {
    uint64_t position, number;
    bool too_long, cut_short;
    size_t from, bytes; /* in connection_lines.text, without LF */
};

#define CONNECTION_LINES_MAX 65536u
#define CONNECTION_TEXT_MAX (4u * 1024 * 1024)

struct connection_lines {
    struct batch batch;
    uint32_t segments_before; /* every batch begins with so many used up, so that it is soon full */
    struct connection_line lines[CONNECTION_LINES_MAX];
    uint32_t count;
    char text[CONNECTION_TEXT_MAX];
    size_t text_bytes;
};

/* Takes what the batch has, and makes it empty. */
static inline void connection_lines_empty(struct connection_lines *self) {
    struct batch *batch = &self->batch;
    uint32_t lines = 0;
    for (uint32_t i = self->segments_before; i < batch->segments_count; i++) {
        const struct segment *segment = &batch->segments[i];
        uint32_t at = segment->offset, end = batch_segment_end(batch, i);
        uint64_t number = segment->line_number;
        ASSERT(segment->connected && at < end);
        while (at < end) {
            const char *newline = memchr(batch->text + at, '\n', end - at);
            uint32_t next = newline != NULL ? (uint32_t)(newline + 1 - batch->text) : end;
            size_t bytes = next - at - (newline != NULL);
            ASSERT(self->count < CONNECTION_LINES_MAX && bytes <= CONNECTION_TEXT_MAX - self->text_bytes);
            self->lines[self->count++] = (struct connection_line){
                .position = segment->position + (at - segment->offset),
                .number = number++,
                .too_long = segment->line_too_long,
                .cut_short = segment->cut_short && next == end && newline == NULL,
                .from = self->text_bytes,
                .bytes = bytes,
            };
            memcpy(self->text + self->text_bytes, batch->text + at, bytes);
            self->text_bytes += bytes;
            lines++;
            at = next;
        }
    }
    ASSERT(lines == batch->lines_count && batch->lines_count <= BATCH_LINES_MAX);
    batch_reset(batch);
    for (uint32_t i = 0; i < self->segments_before; i++) (void)batch_add_segment(batch);
}

static inline void connection_lines_start(struct connection_lines *self, uint32_t segments_before) {
    if (self->batch.magic == 0) ASSERT(batch_init(&self->batch));
    ASSERT(segments_before < SEGMENTS_MAX);
    self->segments_before = segments_before;
    batch_reset(&self->batch);
    connection_lines_empty(self);
    self->count = 0;
    self->text_bytes = 0;
}

/* As the listener does: gives bytes to the connection, with as many batches as it needs. */
static inline void connection_lines_take(struct connection_lines *self, struct tcp_connection *connection,
                                         struct slice bytes, size_t *held_sum) {
    if (connection->end != TCP_OPEN) return;
    bool done = tcp_connection_take(connection, bytes, PROXY_ACCEPT_EITHER, &self->batch, held_sum);
    while (!done) {
        connection_lines_empty(self);
        done = tcp_connection_take(connection, (struct slice){NULL, 0}, PROXY_ACCEPT_EITHER, &self->batch, held_sum);
    }
}

/* The end, `end` when nothing ended it before; gives the memory back. */
static inline void connection_lines_finish(struct connection_lines *self, struct tcp_connection *connection,
                                           enum tcp_end end, size_t *held_sum) {
    if (connection->end == TCP_OPEN) connection->end = end;
    while (!tcp_connection_finish(connection, &self->batch)) connection_lines_empty(self);
    connection_lines_empty(self);
    tcp_connection_drop(connection, held_sum);
}

#endif
