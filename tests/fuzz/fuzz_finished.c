/* Fuzz target: any bytes as a line that may be a record which a run wrote.
 *
 * Oracle: what is noted is within bounds; a second reading, by another reader, notes the same; spare room is as before; and evidence made
 * of it is one row with one request whose document is valid JSON.
 *
 * Threads: one. */
#include <jansson.h>
#include <stdlib.h>

#include "app/finished_records.h"
#include "base/check.h"
#include "enrich/evidence.h"
#include "sinks/evidence_document.h"

/* JSON_SPARE_BYTES of ingest/json_tree.h, whose names jansson has, too. */
#define SPARE_BYTES(bytes) (6u * (bytes) + 2u * TEXT_PADDING_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t rows_count;

static void check_row(void *context, const struct evidence_row *row) {
    struct timestamp_cache days = {0};
    char out[ROLLUP_DOCUMENT_BYTES_MAX], id[HASH_ID_DIGITS];
    const struct rollup_note *note = context;
    rows_count++;
    ASSERT(row->requests == 1 && row->bytes == note->bytes && row->verdict == note->residency.verdict);
    ASSERT(row->first_ns == note->time_ns && row->last_ns == note->time_ns && row->has_clients == note->resolved);
    ASSERT(row->inputs.count == 1);
    evidence_document_id(row, NULL, id);
    size_t bytes = evidence_document_write(row, NULL, id, &days, out);
    json_t *document = json_loadb(out, bytes, JSON_REJECT_DUPLICATES, NULL);
    ASSERT(document != NULL);
    json_decref(document);
}

static void check_evidence(const struct rollup_note *note) {
    struct rollup_note copy = *note;
    struct evidence *evidence = evidence_new(EVIDENCE_BYTES_MIN, EVIDENCE_FOLDED_S);
    ASSERT(evidence != NULL);
    rows_count = 0;
    evidence_add(evidence, note, 1);
    evidence_report(evidence, INT64_MAX, check_row, &copy);
    ASSERT(rows_count == 1);
    evidence_free(evidence);
}

static void check_note(const struct rollup_note *note) {
    const struct residency_note *residency = &note->residency;
    ASSERT(residency->verdict > RESIDENCY_NONE && residency->verdict < RESIDENCY_VERDICTS);
    ASSERT(residency->reasons >> RESIDENCY_REASONS == 0 && residency->policy != NULL && note->origin != NULL);
    ASSERT(strlen(residency_zone_name(residency->policy, residency->zone)) <= RESIDENCY_NAME_BYTES_MAX);
    ASSERT(strlen(residency_place_name(residency->policy, residency->place)) <= RESIDENCY_NAME_BYTES_MAX);
    ASSERT(note->time_ns >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct finished_records *records = finished_records_new(FINISHED_FOR_RESIDENCY);
    struct finished_reader *readers[2] = {finished_reader_new(records), finished_reader_new(records)};
    uint32_t bytes = size < 65536 ? (uint32_t)size : 65536, start = (bytes + TEXT_PADDING_BYTES + 63) / 64 * 64;
    char *text = malloc(start + SPARE_BYTES(bytes) + 64);
    struct rollup_note notes[2];
    enum finished_result results[2];
    struct arena arena = {0};
    ASSERT(readers[0] != NULL && readers[1] != NULL && text != NULL);
    memset(text, '}', start);
    if (bytes > 0) memcpy(text, data, bytes);
    (void)finished_line_is((struct slice){text, bytes});
    for (int i = 0; i < 2; i++) {
        struct spare spare = {text, start, start + SPARE_BYTES(bytes)};
        results[i] = finished_reader_note(readers[i], text, (struct span){0, bytes}, &spare, &arena, &notes[i]);
        ASSERT(spare.used == start);
    }
    ASSERT(results[0] == results[1]);
    if (results[0] == FINISHED_NOTED) {
        check_note(&notes[0]);
        ASSERT(notes[0].residency.policy == notes[1].residency.policy && notes[0].client_hash == notes[1].client_hash &&
               notes[0].id[0] == notes[1].id[0] && slice_equal(notes[0].lb, notes[1].lb));
        check_evidence(&notes[0]);
    }
    arena_destroy(&arena);
    free(text);
    for (int i = 0; i < 2; i++) finished_reader_free(readers[i]);
    finished_records_free(records);
    return 0;
}
