/* What batches have to hold when messages were put into them: the same lines, cut by hand, one after the other.
 *
 * Threads: one. */
#ifndef WHEREFROM_MESSAGE_MODEL_H
#define WHEREFROM_MESSAGE_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "ingest/message_lines.h"

/* A message, its text copied. */
struct message_model {
    const struct origin *origin;
    uint64_t offset, line_number; /* of the next line */
    char *text;
    size_t bytes, at; /* of the text; where the next line begins */
    bool one_line, damaged;
    char damage[SEGMENT_DAMAGE_BYTES];
    struct slice payload;
};

enum { MESSAGE_MODELS_MAX = 256 };

/* Messages in their order, and the first one of which not all is seen. */
struct message_models {
    struct message_model messages[MESSAGE_MODELS_MAX];
    uint32_t count, next;
    uint64_t lines, bytes, long_lines, unreadable; /* seen; bytes without LF */
};

static inline struct message_model *message_models_add(struct message_models *models,
                                                       const struct message_lines *lines) {
    ASSERT(models->count < MESSAGE_MODELS_MAX);
    struct message_model *model = &models->messages[models->count++];
    *model = (struct message_model){.origin = lines->origin,
                                    .offset = lines->offset,
                                    .line_number = 1,
                                    .text = malloc(lines->rest.len + 1),
                                    .bytes = lines->rest.len,
                                    .one_line = lines->one_line,
                                    .damaged = lines->damage != NULL,
                                    .payload = {malloc(lines->payload.len + 1), lines->payload.len}};
    ASSERT(model->text != NULL && model->payload.ptr != NULL);
    if (model->bytes > 0) memcpy(model->text, lines->rest.ptr, model->bytes);
    if (lines->payload.len > 0) memcpy((char *)(uintptr_t)model->payload.ptr, lines->payload.ptr, lines->payload.len);
    if (model->damaged) snprintf(model->damage, sizeof model->damage, "%s", lines->damage);
    return model;
}

static inline void message_models_free(struct message_models *models) {
    for (uint32_t i = 0; i < models->count; i++) {
        free(models->messages[i].text);
        free((char *)(uintptr_t)models->messages[i].payload.ptr);
    }
    models->count = models->next = 0;
    models->lines = models->bytes = models->long_lines = models->unreadable = 0;
}

/* The message whose line comes next; NULL: all are through. */
static inline struct message_model *message_models_open(struct message_models *models) {
    for (; models->next < models->count; models->next++) {
        struct message_model *model = &models->messages[models->next];
        if (model->at < model->bytes || model->damaged) return model;
    }
    return NULL;
}

/* Length of the message's next line, without its LF. */
static inline size_t message_model_line_bytes(const struct message_model *model) {
    const char *line = model->text + model->at, *newline = memchr(line, '\n', model->bytes - model->at);
    return newline != NULL ? (size_t)(newline - line) : model->bytes - model->at;
}

/* Bytes that the next thing of it needs in a batch. */
static inline size_t message_model_needs(const struct message_model *model) {
    size_t bytes = message_model_line_bytes(model) + 1;
    if (model->at == model->bytes)
        bytes = model->payload.len < REJECT_ORIGINAL_BYTES_MAX ? model->payload.len : REJECT_ORIGINAL_BYTES_MAX;
    return bytes > BATCH_TEXT_ROOM ? BATCH_TEXT_ROOM : bytes;
}

/* An unreadable message: its start, and why. */
static inline void message_models_check_damage(struct message_models *models, const struct segment *segment,
                                               struct slice text) {
    struct message_model *model = message_models_open(models);
    ASSERT(model != NULL && model->at == model->bytes && model->damaged);
    ASSERT(segment->kind == SEGMENT_MESSAGE && segment->unreadable && !segment->line_too_long);
    ASSERT(segment->origin == model->origin && segment->position == model->offset);
    ASSERT(segment->line_number == model->line_number);
    ASSERT(model->damage[0] != '\0' && strcmp(segment->damage, model->damage) == 0);
    ASSERT(text.len == message_model_needs(model) && memcmp(text.ptr, model->payload.ptr, text.len) == 0);
    model->damaged = false;
    models->unreadable++;
}

/* A line at its place; returns its bytes in the batch. */
static inline size_t message_models_check_line(struct message_models *models, const struct segment *segment,
                                               uint32_t lines_before, struct slice text) {
    struct message_model *model = message_models_open(models);
    ASSERT(model != NULL && model->at < model->bytes);
    bool run = segment->kind == SEGMENT_MESSAGES;
    size_t bytes = message_model_line_bytes(model), put = bytes + 1;
    bool too_long = bytes > LINE_BYTES_MAX + 1;
    if (too_long) put = BATCH_TEXT_ROOM;
    ASSERT(run || segment->kind == SEGMENT_MESSAGE);
    ASSERT(!run || model->one_line);
    ASSERT(segment->line_too_long == too_long && segment->origin == model->origin);
    ASSERT(segment->position + (run ? lines_before : 0) == model->offset);
    ASSERT(segment->line_number + (run ? 0 : lines_before) == model->line_number);
    ASSERT(put <= text.len && memcmp(text.ptr, model->text + model->at, too_long ? put : bytes) == 0);
    ASSERT(too_long ? put == text.len && !run : text.ptr[put - 1] == '\n');
    model->line_number++;
    models->lines++;
    models->long_lines += too_long;
    models->bytes += bytes;
    model->at += bytes + (model->at + bytes < model->bytes); /* behind its LF */
    return put;
}

/* The batch's segments from `first` on, which hold `lines` lines, go on where the last batch ended. Messages that can share a segment
 * do. */
static inline void message_models_check(struct message_models *models, const struct batch *batch, uint32_t first,
                                        uint32_t lines) {
    const struct origin *run_origin = NULL;
    uint64_t run_next = 0;
    uint32_t found = 0;
    ASSERT(batch->text_bytes <= BATCH_TEXT_ROOM && batch->lines_count <= BATCH_LINES_MAX);
    ASSERT(batch->marks_count == 0 && batch->refused_count == 0 && batch->ranges_count == 0); /* others' */
    for (uint32_t i = first; i < batch->segments_count; i++) {
        const struct segment *segment = &batch->segments[i];
        uint32_t end = batch_segment_end(batch, i), at = segment->offset, before = found;
        bool run = segment->kind == SEGMENT_MESSAGES;
        ASSERT(at < end && !segment->cut_short && !segment->connected);
        ASSERT(!run || segment->origin != run_origin || segment->position != run_next);
        if (segment->unreadable) {
            message_models_check_damage(models, segment, (struct slice){batch->text + at, end - at});
            at = end;
            found++;
        }
        for (; at < end; found++)
            at += (uint32_t)message_models_check_line(models, segment, found - before,
                                                      (struct slice){batch->text + at, end - at});
        run_origin = run ? segment->origin : NULL;
        run_next = segment->position + (found - before);
    }
    ASSERT(found == lines);
}

/* --- putting ------------------------------------------------------------------------------------ */

/* A batch that is filled again and again. Every other time there are lines of others in it before, so that it is soon full. */
struct message_filler {
    struct message_writer writer;
    struct message_models models;
    struct message_reader *reader;
    uint32_t segments_before, lines_before, text_before; /* segments at least 1, or all are 0 */
    uint32_t batches;                                    /* so far */
};

static inline void message_filler_empty(struct message_filler *filler) {
    struct batch *batch = filler->writer.batch;
    batch_reset(batch);
    filler->writer.run_next = 0;
    if (++filler->batches % 2 == 0) return;
    for (uint32_t i = 0; i < filler->segments_before; i++) (void)batch_add_segment(batch);
    batch->lines_count = filler->lines_before;
    batch->text_bytes = filler->text_before;
}

/* What is in the batch is as it should be; it is empty again. */
static inline void message_filler_check(struct message_filler *filler) {
    const struct batch *batch = filler->writer.batch;
    bool before = filler->batches % 2 != 0;
    message_models_check(&filler->models, batch, before ? filler->segments_before : 0,
                         batch->lines_count - (before ? filler->lines_before : 0));
    message_filler_empty(filler);
}

/* Puts a message into as many batches as it takes. One that takes no more has a reason. */
static inline void message_filler_put(struct message_filler *filler, struct message_lines lines) {
    const struct batch *batch = filler->writer.batch;
    struct message_model *last = message_models_add(&filler->models, &lines);
    while (!message_lines_put(&lines, &filler->writer)) {
        size_t room = BATCH_TEXT_ROOM - batch->text_bytes;
        bool full = batch->text_bytes >= BATCH_TEXT_BYTES || batch->lines_count == BATCH_LINES_MAX ||
                    batch->segments_count == SEGMENTS_MAX;
        ASSERT(batch->lines_count + batch->text_bytes > 0 && full == message_batch_is_full(batch));
        message_filler_check(filler);
        ASSERT(message_models_open(&filler->models) == last && (full || message_model_needs(last) > room));
    }
    ASSERT(lines.rest.len == 0 && lines.damage == NULL);
}

/* As the source of a queue takes a message: read, and put when there is something in it. */
static inline void message_filler_take(struct message_filler *filler, const struct origin *origin, uint64_t offset,
                                       struct slice payload) {
    struct message_text read = message_read(filler->reader, payload);
    if (read.text.len == 0 && read.damage == NULL) return;
    message_filler_put(filler, (struct message_lines){.origin = origin,
                                                      .offset = offset,
                                                      .rest = read.text,
                                                      .line_number = 1,
                                                      .one_line = read.one_line,
                                                      .damage = read.damage,
                                                      .payload = payload});
}

static inline void message_filler_start(struct message_filler *filler, uint32_t segments_before, uint32_t lines_before,
                                        uint32_t text_before) {
    message_models_free(&filler->models);
    filler->segments_before = segments_before;
    filler->lines_before = lines_before;
    filler->text_before = text_before;
    filler->batches = 0;
    message_filler_empty(filler);
}

/* All that was put has been seen. */
static inline void message_filler_finish(struct message_filler *filler) {
    message_filler_check(filler);
    ASSERT(message_models_open(&filler->models) == NULL);
    message_models_free(&filler->models);
}

#endif
