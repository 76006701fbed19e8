/* The values of a record as they will be written, before anything is: one slot per value of the plan.
 *
 * A slot points at the text: in the line (nearly always), in the place cache, among constants, or in the scratch memory where
 * numbers, ids, escaped texts and lists are rendered. 32 bytes from its start may be read whatever its length.
 *
 * Threads: one worker. */
#ifndef WHEREFROM_PREPARE_H
#define WHEREFROM_PREPARE_H

#include "base/json.h"
#include "sinks/emit.h"

/* Everything that a record can make us render, and the copies of 32 bytes at its end. */
#define ENCODE_SCRATCH_BYTES ((size_t)ENCODE_EXPANSION * BATCH_TEXT_ROOM + RECORD_FIXED_BYTES)

/* One record being written. */
struct preparation {
    const struct encoder *encoder;
    const struct plan *plan;
    const struct record *record;
    struct encoder_context *context;
    char *scratch; /* where the next rendered value goes */
    enum json_source source;
    bool lossy;
    struct presence presence;
    uint64_t raw; /* columns whose text did not parse, a bit each */
    struct slot slots[PLAN_SLOTS];
};

/* Takes what was rendered from preparation->scratch to `end`. */
static inline struct slot prepare_rendered(struct preparation *preparation, char *end) {
    struct slot slot = {preparation->scratch, (uint64_t)(end - preparation->scratch)};
    preparation->scratch = end;
    return slot;
}

/* A text of the line: as it is when the record is plain, or when this text is; else escaped into the scratch. */
static inline struct slot prepare_text(struct preparation *preparation, struct span span) {
    const struct record *record = preparation->record;
    struct slice text = record_text(record, span);
    if (__builtin_expect(record->plain, 1) || json_is_plain_padded(text)) return (struct slot){text.ptr, text.len};
    return prepare_rendered(preparation,
                            json_escape(preparation->scratch, text, preparation->source, &preparation->lossy));
}

/* Mends the slots of columns that are not written as they stand, and says which are there; those that do not parse are marked in
 * `raw`. `lengths` is what emit_kernel.spread returned. */
void prepare_columns(struct preparation *preparation, struct lengths lengths);

/* Fills the slots of derived values; after prepare_columns, since `raw` and the lossy flag depend on them. */
void prepare_values(struct preparation *preparation);

#endif
