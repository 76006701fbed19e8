/* Input of the fuzz targets that cut lines: the target's fragments by their numbers, and everything else as it is.
 *
 * Threads: one. */
#ifndef WHEREFROM_CUT_INPUT_H
#define WHEREFROM_CUT_INPUT_H

#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "ingest/line_cut.h"
#include "schemas/limits.h"

#define CUT_GAP_BYTES 64u

/* One line and what was made of it: [ spare | gap | line ], all on the heap and nothing behind it. */
struct cut_answer {
    bool good;
    struct record record;
    struct spare spare;
    struct line_cut cut;
    struct slice line;
};

/* Puts the line together, bytes 1 to `fragments_count` standing for fragments; at most `bytes_max` long, without NUL and LF. The
 * text has a NUL behind it. */
static inline char *cut_expand(const uint8_t *data, size_t size, const char *const *fragments, size_t fragments_count,
                               size_t bytes_max) {
    char *line = malloc(bytes_max + 1);
    size_t bytes = 0;
    ASSERT(line != NULL);
    for (size_t i = 0; i < size; i++) {
        const char byte[2] = {(char)data[i], '\0'};
        const char *piece = data[i] >= 1 && data[i] <= fragments_count ? fragments[data[i] - 1] : byte;
        if (bytes + strlen(piece) > bytes_max) break;
        if (piece[0] == '\n') continue;
        memcpy(line + bytes, piece, strlen(piece));
        bytes += strlen(piece);
    }
    line[bytes] = '\0';
    return line;
}

/* Cuts the line, and checks what is true of every layout: spans lie in the line or in what was taken of the spare; those in the line
 * stand in the order of the columns and do not overlap; extras have names; a false answer says what was expected. */
static inline void cut_answer(struct cut_answer *answer, const struct schema *schema, const char *line,
                              uint32_t spare_bytes,
                              bool (*function)(struct record *, struct spare *, struct line_cut *)) {
    size_t line_bytes = strlen(line), front = spare_bytes + CUT_GAP_BYTES;
    char *text = malloc(front + line_bytes);
    ASSERT(text != NULL);
    memset(text, '#', front);
    if (line_bytes > 0) memcpy(text + front, line, line_bytes);
    *answer = (struct cut_answer){.record = {.schema = schema,
                                             .text = text,
                                             .line = {(uint32_t)front, (uint32_t)line_bytes},
                                             .fields_count = schema->fields_count,
                                             .plain = true},
                                  .spare = {text, 0, spare_bytes},
                                  .line = {text + front, line_bytes}};
    answer->good = function(&answer->record, &answer->spare, &answer->cut);
    const struct record *record = &answer->record;
    ASSERT(answer->spare.used <= spare_bytes && answer->cut.expected != NULL);
    ASSERT(record->fields_count >= schema->fields_count && record->fields_count <= FIELDS_MAX);
    ASSERT(memcmp(answer->line.ptr, line, line_bytes) == 0);
    uint32_t at = (uint32_t)front;
    for (uint32_t i = 0; i < record->fields_count; i++) {
        struct span span = record->fields[i];
        if (span.length == 0) continue;
        if (span.offset < front) {
            ASSERT(span.offset + span.length <= answer->spare.used);
        } else {
            ASSERT(i < schema->fields_count && span.offset >= at);
            at = span.offset + span.length;
            ASSERT(at <= front + line_bytes);
        }
        if (i >= schema->fields_count) ASSERT(memchr(text + span.offset, '=', span.length) != NULL);
    }
}

static inline void cut_answer_free(struct cut_answer *answer) {
    free(answer->spare.text);
}

#endif
