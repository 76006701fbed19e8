/* Bytes of a connection -> segments of batches.
 *
 *   bytes that came ---+--> [ PROXY header | whole lines ] --> batch
 *   held from before --'                   [ start of a line ] --> held
 *
 * New bytes are looked at where they were read; only when there is something held already are they put behind that. A sender of
 * single bytes costs a look at each of them, not at all that came before.
 *
 * Threads: see tcp_connection.h. */
#define _GNU_SOURCE
#include "ingest/tcp_connection.h"

#include <stdlib.h>

#include "base/check.h"

/* --- what is held ------------------------------------------------------------------------------- */

/* Room for `bytes`, with some to grow: a long line that comes in small pieces is copied a few times, not each time. */
static bool make_room(struct tcp_connection *connection, size_t bytes, size_t *held_sum) {
    ASSERT(bytes > 0);
    size_t room = (bytes + bytes / 4 + 255) & ~(size_t)255;
    if (bytes <= connection->held_room && connection->held_room <= 2 * room) return true;
    char *held = realloc(connection->held, room);
    if (held == NULL) return false;
    *held_sum += room - connection->held_room;
    connection->held = held;
    connection->held_room = room;
    return true;
}

void tcp_connection_drop(struct tcp_connection *connection, size_t *held_sum) {
    *held_sum -= connection->held_room;
    free(connection->held);
    connection->held = NULL;
    connection->held_bytes = connection->held_room = 0;
}

/* Makes the last `count` bytes of `bytes` what is held. They may be held already. */
static bool hold_rest(struct tcp_connection *connection, struct slice bytes, size_t count, size_t *held_sum) {
    const char *rest = bytes.ptr + bytes.len - count;
    if (count == 0) {
        tcp_connection_drop(connection, held_sum);
        return true;
    }
    if (bytes.ptr == connection->held) {
        if (rest != connection->held) memmove(connection->held, rest, count);
        connection->held_bytes = count;
        return make_room(connection, count, held_sum);
    }
    if (!make_room(connection, count, held_sum)) return false;
    memcpy(connection->held, rest, count);
    connection->held_bytes = count;
    return true;
}

/* --- PROXY header ------------------------------------------------------------------------------- */

static struct proxy_facts facts_of(const struct proxy_header *header) {
    struct proxy_facts facts = {.version = header->version,
                                .command = header->command,
                                .family = header->family,
                                .has_source = header->has_source};
    if (header->has_source) {
        bool v4 = ip_is_v4(&header->source);
        facts.source.address = (struct ip_parsed){header->source, v4 ? IP_V4 : IP_V6, header->source_mapped};
        facts.source.port = header->source_port;
    }
    ASSERT(header->vpce.len <= sizeof facts.vpce);
    facts.vpce_bytes = (uint8_t)header->vpce.len;
    if (header->vpce.len > 0) memcpy(facts.vpce, header->vpce.ptr, header->vpce.len);
    return facts;
}

/* Returns the bytes of the header, 0 when it is not whole or is bad. */
static size_t take_header(struct tcp_connection *connection, struct slice bytes, enum proxy_accept accept) {
    struct proxy_header header;
    size_t consumed = 0;
    const char *why = NULL;
    switch (proxy_header_parse(bytes, accept, &header, &consumed, &why)) {
    case PROXY_MORE: break;
    case PROXY_BAD:
        connection->end = TCP_BAD_PROXY_HEADER;
        connection->why = why;
        break;
    case PROXY_DONE:
        connection->header_wanted = false;
        connection->facts.proxy = facts_of(&header);
        break;
    }
    return consumed;
}

/* --- lines -------------------------------------------------------------------------------------- */

bool tcp_batch_is_full(const struct batch *batch) {
    return batch->text_bytes >= BATCH_TEXT_BYTES || batch->lines_count == BATCH_LINES_MAX ||
           batch->segments_count == SEGMENTS_MAX;
}

/* Puts a piece of `bytes`, the first of which stands at the connection's position, into the batch. */
static void deliver(struct tcp_connection *connection, const char *bytes, const struct frames_piece *piece,
                    struct batch *batch, bool cut_short) {
    struct segment *segment = batch_add_segment(batch);
    segment->position = connection->position + piece->start;
    segment->line_number = connection->line_number;
    segment->line_too_long = piece->too_long;
    segment->cut_short = cut_short;
    segment->connected = true;
    segment->connection = connection->facts;
    memcpy(batch->text + batch->text_bytes, bytes + piece->start, piece->end - piece->start);
    batch->text_bytes += (uint32_t)(piece->end - piece->start);
    batch->lines_count += piece->lines;
    connection->line_number += piece->lines;
}

/* Whole lines of `bytes` up to what the batch takes; sets how many bytes were used up. False when it is full. */
static bool deliver_lines(struct tcp_connection *connection, char *bytes, size_t bytes_count, struct batch *batch,
                          size_t *used) {
    for (*used = 0;;) {
        if (tcp_batch_is_full(batch)) return *used == bytes_count;
        struct frames_piece piece = {.lines = BATCH_LINES_MAX - batch->lines_count};
        enum frames_result result = frames_next(&connection->frames, bytes + *used, bytes_count - *used,
                                                BATCH_TEXT_ROOM - batch->text_bytes, &piece);
        if (result == FRAMES_FOUND) deliver(connection, bytes + *used, &piece, batch, false);
        *used += piece.end;
        connection->position += piece.end;
        if (result == FRAMES_FOUND) continue;
        if (result == FRAMES_BAD) connection->end = TCP_BAD_FRAMING;
        return result != FRAMES_FULL;
    }
}

bool tcp_connection_take(struct tcp_connection *connection, struct slice bytes, enum proxy_accept accept,
                         struct batch *batch, size_t *held_sum) {
    char *text = (char *)(uintptr_t)bytes.ptr;
    size_t text_bytes = connection->held_bytes + bytes.len, used = 0;
    if (text_bytes == 0) return true;
    if (connection->held_bytes > 0) {
        if (!make_room(connection, text_bytes, held_sum)) {
            connection->end = TCP_NO_MEMORY;
            return true;
        }
        if (bytes.len > 0) memcpy(connection->held + connection->held_bytes, bytes.ptr, bytes.len);
        connection->held_bytes = text_bytes;
        text = connection->held;
    }
    if (connection->header_wanted) used = take_header(connection, (struct slice){text, text_bytes}, accept);
    bool done = true;
    if (!connection->header_wanted && connection->end != TCP_BAD_PROXY_HEADER) {
        size_t of_lines;
        done = deliver_lines(connection, text + used, text_bytes - used, batch, &of_lines);
        used += of_lines;
    }
    if (!hold_rest(connection, (struct slice){text, text_bytes}, text_bytes - used, held_sum))
        connection->end = TCP_NO_MEMORY;
    return done;
}

bool tcp_connection_finish(struct tcp_connection *connection, struct batch *batch) {
    bool whole;
    if (connection->header_wanted ||
        !frames_rest(&connection->frames, connection->held, connection->held_bytes, &whole))
        return true;
    struct frames_piece piece = {.end = connection->held_bytes, .lines = 1};
    if (piece.end > BATCH_TEXT_ROOM) piece.end = BATCH_TEXT_ROOM;
    if (tcp_batch_is_full(batch) || piece.end > BATCH_TEXT_ROOM - batch->text_bytes) return false;
    deliver(connection, connection->held, &piece, batch, !whole || connection->end != TCP_ENDED);
    return true;
}
