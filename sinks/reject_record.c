/* Refusals are rare, so a mark holds no more than leads to the line: its number is counted when it is asked for.
 *
 * Threads: see the header. */
#include "sinks/reject_record.h"

#include <string.h>

#include "base/check.h"

static uint64_t line_number_of(const struct batch *batch, const struct segment *segment,
                               const struct record_mark *mark) {
    if (segment->kind != SEGMENT_BYTES) return mark->message_line;
    uint64_t number = segment->line_number;
    const char *at = batch->text + segment->offset, *end = batch->text + mark->line.offset;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        number++;
        at++;
    }
    return number;
}

void reject_record(struct encoder_context *context, struct batch *batch, const struct record_mark *mark,
                   const struct refusal *refusal) {
    const struct segment *segment = batch_segment_of(batch, mark->line.offset);
    const struct rejected rejected = {.reason = reject_names[refusal->reason],
                                      .stage = "sink",
                                      .format = mark->format,
                                      .expected = refusal->expected,
                                      .said = refusal->detail,
                                      .status = refusal->status,
                                      .error_type = refusal->error_type,
                                      .line = {batch->text + mark->line.offset, mark->line.length},
                                      .position = mark->position,
                                      .line_number = line_number_of(batch, segment, mark),
                                      .message_line = mark->message_line,
                                      .header = mark->header,
                                      .connection = segment->connected ? &segment->connection : NULL};
    if (batch->replayed) encoder_context_forget(context);
    encoder_context_set_privacy(context, batch->privacy);
    encoder_context_set(context, mark->origin);
    if (segment->connected) encoder_context_set_connection(context, &segment->connection);
    batch->reject_bytes += reject_line_write(context, &rejected, batch->reject + batch->reject_bytes);
    ASSERT(batch->reject_bytes <= batch_reject_bytes_max());
    if (mark->note < batch->notes_count) batch->notes[mark->note].refused = true;
    tally_take_refused(&batch->tally, mark->schema_number, refusal->reason);
}
