/* A file's reader fills a batch of our own, whose lines are taken apart into the one that is asked for.
 *
 * There is always room: a reject is longer than all that is put for it, line, path and name; so what a batch of rejects holds is
 * never more than a batch of lines may, but for the number of lines.
 *
 * Threads: see the header. */
#include "ingest/source_replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "ingest/inputs.h"
#include "ingest/message_lines.h"
#include "ingest/reject_read.h"
#include "ingest/replay_header.h"

/* What lines of one origin share, in the arena of their batch. */
struct replay_origin {
    struct origin origin;
    enum reject_place place;
    struct slice name, topic, chain, format; /* as the reject says them */
    struct header *header;                   /* in force; NULL: none */
};

struct source_replay {
    const struct source_replay_request *request;
    struct source_file *file;
    struct reject_reader *reader;
    struct batch stored; /* of the rejects file */
    uint32_t at;         /* in its text: what was put into batches */
    uint32_t lines;      /* likewise */
    const struct origin *origin;
    struct replay_header header;
    /* of the batch that is filled: */
    const struct replay_origin *last; /* NULL: none */
};

struct source_replay *source_replay_new(const struct source_replay_request *request,
                                        const struct source_file_settings *settings, const struct scan_kernel *kernel,
                                        int stop_fd) {
    struct source_replay *source = calloc(1, sizeof *source);
    if (source == NULL) return NULL;
    source->request = request;
    source->file = source_file_new(settings, kernel, stop_fd);
    source->reader = reject_reader_new();
    if (batch_init(&source->stored) && source->file != NULL && source->reader != NULL) return source;
    source_replay_free(source);
    return NULL;
}

void source_replay_free(struct source_replay *source) {
    if (source == NULL) return;
    source_file_free(source->file);
    reject_reader_free(source->reader);
    batch_destroy(&source->stored);
    free(source);
}

static enum status open_input(void *instance, const struct origin *origin, struct error *error) {
    struct source_replay *source = instance;
    batch_reset(&source->stored);
    source->at = source->lines = 0;
    source->header.header.schema = NULL;
    source->origin = origin;
    return source_file_ops.open(source->file, origin, error);
}

static bool is_live(const void *instance) {
    return source_file_ops.is_live(((const struct source_replay *)instance)->file);
}

/* Of what was read already lines may be left; they are no more than a batch. */
static void give_up(void *instance) {
    source_file_ops.give_up(((struct source_replay *)instance)->file);
}

static void close_input(void *instance) {
    source_file_ops.close(((struct source_replay *)instance)->file);
}

/* --- origins ---------------------------------------------------------------------------------------- */

static bool copy(struct batch *batch, struct slice text, struct slice *made) {
    *made = arena_copy(&batch->arena, text);
    return made->ptr != NULL;
}

static bool is_last(const struct source_replay *source, const struct reject_read *read, const struct header *header) {
    const struct replay_origin *last = source->last;
    return last != NULL && last->place == read->place && slice_equal(last->origin.path, read->path) &&
           slice_equal(last->name, read->name) && slice_equal(last->topic, read->topic) &&
           last->origin.partition == read->partition && slice_equal(last->chain, read->chain) &&
           slice_equal(last->format, read->format) && (last->header == NULL) == (header == NULL) &&
           (header == NULL || header_is_same(last->header, header));
}

static bool copy_header(struct batch *batch, const struct header *header, struct replay_origin *made) {
    if (header == NULL) return true;
    made->header = arena_take(&batch->arena, sizeof *made->header);
    if (made->header != NULL) *made->header = *header;
    return made->header != NULL;
}

/* The origin of a line, made anew unless it is that of the line before. NULL: its lines cannot be read. */
static const struct replay_origin *origin_of(struct source_replay *source, struct batch *batch,
                                             const struct reject_read *read, struct error *error) {
    const struct header *header = replay_header_at(&source->header, read);
    if (is_last(source, read, header)) return source->last;
    struct replay_origin *made = arena_take(&batch->arena, sizeof *made);
    struct slice path;
    if (made == NULL || !copy(batch, read->path, &path) || !copy(batch, read->name, &made->name) ||
        !copy(batch, read->topic, &made->topic) || !copy(batch, read->chain, &made->chain) ||
        !copy(batch, read->format, &made->format) || !copy_header(batch, header, made)) {
        (void)error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    made->place = read->place;
    made->origin = (struct origin){.input_index = source->origin->input_index,
                                   .stream = read->place != REJECT_OF_FILE,
                                   .path = path,
                                   .name = made->name,
                                   .name_given = !slice_equal(made->name, input_own_name(path)),
                                   .chain = made->chain.len > 0 ? made->chain.ptr : NULL,
                                   .topic = read->place == REJECT_OF_TOPIC ? made->topic.ptr : NULL,
                                   .partition = read->partition};
    if (!source->request->dress(source->request->context, made->format, &made->origin, error)) return NULL;
    source->last = made;
    return made;
}

/* --- lines ------------------------------------------------------------------------------------------ */

static void put_text(struct batch *batch, struct slice text) {
    ASSERT(batch->text_bytes + text.len <= BATCH_TEXT_ROOM);
    memcpy(batch->text + batch->text_bytes, text.ptr, text.len);
    batch->text_bytes += (uint32_t)text.len;
}

/* A line of the rejects file, for itself. */
static struct segment *put_own(struct source_replay *source, struct batch *batch, struct slice line) {
    const struct segment *stored = &source->stored.segments[0];
    struct segment *segment = batch_add_segment(batch);
    segment->position = stored->position + source->at;
    segment->line_number = stored->line_number + source->lines;
    put_text(batch, line);
    return segment;
}

static void report(struct source_replay *source, uint64_t line_number, const char *what) {
    struct error message;
    (void)error_set(&message, STATUS_FAILED, "replay: %s: line %llu: %s", source->origin->path.ptr,
                    (unsigned long long)line_number, what);
    source->request->report(message.message);
}

static void put_bad(struct source_replay *source, struct batch *batch, struct slice line, const char *why) {
    char what[SEGMENT_DAMAGE_BYTES + 32];
    bool is_long = line.len > MESSAGE_DAMAGED_BYTES;
    if (is_long) line.len = MESSAGE_DAMAGED_BYTES;
    struct segment *segment = put_own(source, batch, line);
    segment->unreadable = true;
    segment->line_too_long = is_long;
    snprintf(segment->damage, sizeof segment->damage, "%s", why);
    snprintf(what, sizeof what, "no reject: expected %s", segment->damage);
    report(source, segment->line_number, what);
}

static void put_kept(struct source_replay *source, struct batch *batch, struct slice line, const struct error *why) {
    struct segment *segment = put_own(source, batch, line);
    segment->kept = true;
    if (why != NULL) report(source, segment->line_number, why->message);
}

static void put_again(struct source_replay *source, struct batch *batch, const struct reject_read *read,
                      const struct replay_origin *origin) {
    struct segment *segment = batch_add_segment(batch);
    segment->kind = read->place == REJECT_OF_TOPIC ? SEGMENT_MESSAGE : SEGMENT_BYTES;
    segment->origin = &origin->origin;
    segment->position = read->position;
    segment->line_number = read->line_number;
    segment->header = origin->header;
    segment->connected = read->place == REJECT_OF_CONNECTION;
    if (segment->connected) segment->connection = read->connection;
    put_text(batch, read->line);
    /* of a CR that belongs to the line none is taken for its end */
    bool ends_in_cr = read->line.len > 0 && read->line.ptr[read->line.len - 1] == '\r';
    put_text(batch, ends_in_cr ? SLICE("\r\n") : SLICE("\n"));
    const struct slice text = {batch->text + segment->offset, batch->text_bytes - segment->offset};
    replay_header_follow(&source->header, read, &origin->origin, text);
}

static void put_line(struct source_replay *source, struct batch *batch, struct slice line) {
    struct spare spare = batch_spare(&source->stored);
    struct span span = {(uint32_t)(line.ptr - source->stored.text), (uint32_t)line.len};
    struct reject_read read;
    struct error error;
    const char *why = "at most 1048576 bytes";
    enum reject_read_result result = REJECT_READ_BAD;
    if (line.len == 0) {
        (void)put_own(source, batch, SLICE("\n"));
        return;
    }
    if (line.len <= LINE_BYTES_MAX)
        result = reject_read_line(source->reader, source->stored.text, span, &spare, &read, &why);
    const struct replay_origin *origin = result == REJECT_READ_LINE ? origin_of(source, batch, &read, &error) : NULL;
    if (result == REJECT_READ_BAD)
        put_bad(source, batch, line, why);
    else if (origin == NULL)
        put_kept(source, batch, line, result == REJECT_READ_LINE ? &error : NULL);
    else
        put_again(source, batch, &read, origin);
}

static enum status fill(void *instance, struct batch *batch, struct error *error) {
    struct source_replay *source = instance;
    struct batch *stored = &source->stored;
    enum status status = STATUS_OK;
    if (source->at == stored->text_bytes) {
        batch_reset(stored);
        source->at = source->lines = 0;
        status = source_file_ops.fill(source->file, stored, error);
    }
    batch->origin = source->origin;
    batch->replayed = true;
    source->last = NULL;
    while (source->at < stored->text_bytes && batch->segments_count < SEGMENTS_MAX) {
        const char *begin = stored->text + source->at, *end = stored->text + stored->text_bytes;
        const char *newline = memchr(begin, '\n', (size_t)(end - begin));
        struct slice line = {begin, (size_t)((newline != NULL ? newline : end) - begin)};
        const uint32_t used = (uint32_t)line.len + (newline != NULL);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
        put_line(source, batch, line);
        batch->lines_count++;
        source->at += used;
        source->lines++;
    }
    batch->input_progress = stored->input_progress;
    batch->last = stored->last && source->at == stored->text_bytes;
    return status;
}

const struct source_ops source_replay_ops = {
    .name = "replay",
    .open = open_input,
    .is_live = is_live,
    .fill = fill,
    .give_up = give_up,
    .close = close_input,
};
