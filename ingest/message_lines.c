/* The usual message is one line, and is put by one look for its end and one copy.
 *
 * Threads: see message_lines.h. */
#include "ingest/message_lines.h"

#include <stdio.h>

#include "base/check.h"

#define LINE_WITH_CR_BYTES_MAX (LINE_BYTES_MAX + 1u)

bool message_batch_is_full(const struct batch *batch) {
    return batch->text_bytes >= BATCH_TEXT_BYTES || batch->lines_count == BATCH_LINES_MAX ||
           batch->segments_count == SEGMENTS_MAX || batch->ranges_count == BATCH_LINES_MAX;
}

/* Copies lines, and an LF where the last one has none. */
static void append(struct batch *batch, struct slice text, uint32_t lines) {
    bool lacks_end = text.ptr[text.len - 1] != '\n';
    ASSERT(batch->text_bytes + text.len + lacks_end <= BATCH_TEXT_ROOM);
    memcpy(batch->text + batch->text_bytes, text.ptr, text.len);
    batch->text_bytes += (uint32_t)text.len;
    if (lacks_end) batch->text[batch->text_bytes++] = '\n';
    batch->lines_count += lines;
}

static struct segment *add_segment(const struct message_lines *lines, struct message_writer *writer,
                                   enum segment_kind kind) {
    struct segment *segment = batch_add_segment(writer->batch);
    segment->kind = kind;
    segment->origin = lines->origin;
    segment->position = lines->offset;
    segment->line_number = lines->line_number;
    segment->counted_only = lines->counted_only;
    writer->run_next = 0;
    return segment;
}

static void put_one_line(const struct message_lines *lines, struct message_writer *writer) {
    struct batch *batch = writer->batch;
    bool continues = writer->run_next != 0 && writer->run_next == lines->offset &&
                     batch->segments[batch->segments_count - 1].origin == lines->origin &&
                     batch->segments[batch->segments_count - 1].counted_only == lines->counted_only;
    if (!continues) add_segment(lines, writer, SEGMENT_MESSAGES);
    append(batch, lines->rest, 1);
    writer->run_next = lines->offset + 1;
}

/* Puts the start of a text as the only line of a segment, which says why it is no usual one. */
static struct segment *put_alone(const struct message_lines *lines, struct message_writer *writer, struct slice text) {
    struct batch *batch = writer->batch;
    struct segment *segment = add_segment(lines, writer, SEGMENT_MESSAGE);
    memcpy(batch->text + batch->text_bytes, text.ptr, text.len);
    batch->text_bytes += (uint32_t)text.len;
    batch->lines_count++;
    return segment;
}

/* Takes the first line off the rest: all of it, or when it is too long its start. False: no room. */
static bool put_first_line(struct message_lines *lines, struct message_writer *writer) {
    struct batch *batch = writer->batch;
    struct slice line = lines->rest;
    size_t room = BATCH_TEXT_ROOM - batch->text_bytes;
    const char *newline = memchr(line.ptr, '\n', line.len);
    size_t used = newline != NULL ? (size_t)(newline + 1 - line.ptr) : line.len;
    line.len = newline != NULL ? used - 1 : used;
    if (line.len > LINE_WITH_CR_BYTES_MAX) {
        if (room < BATCH_TEXT_ROOM) return false;
        line.len = BATCH_TEXT_ROOM;
        put_alone(lines, writer, line)->line_too_long = true;
    } else {
        if (line.len + 1 > room) return false;
        if (lines->one_line) {
            put_one_line(lines, writer);
        } else {
            add_segment(lines, writer, SEGMENT_MESSAGE);
            append(batch, (struct slice){line.ptr, used}, 1);
        }
    }
    lines->rest = (struct slice){lines->rest.ptr + used, lines->rest.len - used};
    lines->line_number++;
    return true;
}

/* Takes whole lines off the rest, as many as fill the batch; false when not even one is so short. They are counted behind the copy:
 * there the scanner may read beyond the end. */
static bool put_lines(struct message_lines *lines, struct message_writer *writer) {
    struct batch *batch = writer->batch;
    char *to = batch->text + batch->text_bytes;
    size_t window = BATCH_TEXT_BYTES - batch->text_bytes, end;
    if (window > lines->rest.len) window = lines->rest.len;
    memcpy(to, lines->rest.ptr, window);
    uint32_t count = writer->kernel->newlines(to, window, BATCH_LINES_MAX - batch->lines_count, &end);
    if (count == 0) return false;
    add_segment(lines, writer, SEGMENT_MESSAGE);
    batch->text_bytes += (uint32_t)end;
    batch->lines_count += count;
    lines->rest = (struct slice){lines->rest.ptr + end, lines->rest.len - end};
    lines->line_number += count;
    return true;
}

_Static_assert(BATCH_TEXT_BYTES + MESSAGE_DAMAGED_BYTES <= BATCH_TEXT_ROOM, "what is not full has room for it");

static void put_damage(struct message_lines *lines, struct message_writer *writer) {
    struct slice start = lines->payload;
    if (start.len > MESSAGE_DAMAGED_BYTES) start.len = MESSAGE_DAMAGED_BYTES;
    struct segment *segment = put_alone(lines, writer, start);
    segment->unreadable = true;
    snprintf(segment->damage, sizeof segment->damage, "%s", lines->damage);
    lines->damage = NULL;
}

bool message_lines_put(struct message_lines *lines, struct message_writer *writer) {
    while (lines->rest.len > 0) {
        if (message_batch_is_full(writer->batch)) return false;
        if (!lines->one_line && put_lines(lines, writer)) continue;
        if (!put_first_line(lines, writer)) return false;
    }
    if (lines->damage == NULL) return true;
    if (message_batch_is_full(writer->batch)) return false;
    put_damage(lines, writer);
    return true;
}
