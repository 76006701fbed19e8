/* Fuzz target: any bytes as log lines through the splitter.
 *
 * Input: one byte that says what the file's name says (bits 0-1 and 4-5: nothing or a format) and whether -f says it (bit 2),
 * then lines. Oracle: every kernel says the same, and the same as a splitter that has seen no other line but the header in force;
 * columns lie inside their line and, where their order is the table's, do not overlap; what is rejected has a reason and names a column that there is.
 *
 * Threads: one. */
#include <stdlib.h>

#include "base/check.h"
#include "ingest/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
    struct record record;
    struct reading reading;
    uint32_t consumed;
};

static void check_spans(const struct answer *answer, uint32_t offset, uint32_t left) {
    const struct record *record = &answer->record;
    uint32_t at = offset;
    ASSERT(answer->consumed >= 1 && answer->consumed <= left);
    ASSERT(record->line.offset == offset && record->line.length <= answer->consumed);
    bool any_order = record->schema != NULL && record->schema->layout == LAYOUT_HEADER;
    for (uint32_t i = 0; i < record->fields_count; i++) {
        if (any_order && record->fields[i].length == 0) continue;
        ASSERT(record->fields[i].offset >= (any_order ? offset : at));
        at = record->fields[i].offset + record->fields[i].length;
        ASSERT(at <= offset + record->line.length);
    }
}

static void check_request(const struct record *record) {
    int column = schema_column(record->schema, ROLE_REQUEST);
    if (column < 0 || column >= record->fields_count) return;
    const struct request *request = &record->request;
    const struct span whole = record->fields[column],
                      parts[] = {request->method, request->url,   request->scheme, request->domain,
                                 request->path,   request->query, request->version};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ASSERT(parts[i].length == 0 ||
               (parts[i].offset >= whole.offset && parts[i].offset + parts[i].length <= whole.offset + whole.length));
    ASSERT(request->port <= 65535);
}

static void check_answer(const struct answer *answer) {
    const struct reading *reading = &answer->reading;
    const struct record *record = &answer->record;
    switch (reading->kind) {
    case READING_RECORD:
        ASSERT(record->schema != NULL && record->schema == reading->schema);
        ASSERT(record->fields_count >= record->schema->fields_count_min);
        ASSERT(record->time.known);
        for (uint32_t i = record->fields_count; i < record->schema->fields_count; i++)
            ASSERT(record->fields[i].length == 0);
        check_request(record);
        break;
    case READING_SKIPPED: ASSERT(reading->skip < SKIP_REASONS); break;
    case READING_REJECTED:
        ASSERT(reading->reject < REJECT_REASONS && reading->expected != NULL);
        ASSERT(reading->column < 0 || (reading->schema != NULL && reading->column < record->fields_count));
        break;
    default: ASSERT(false && "a kind of its own");
    }
}

static bool same_moment(const struct moment *a, const struct moment *b) {
    return a->known == b->known && (!a->known || a->ns == b->ns);
}

static void check_same(const struct answer *a, const struct answer *b) {
    ASSERT(a->consumed == b->consumed && a->reading.kind == b->reading.kind);
    if (a->reading.kind == READING_SKIPPED) return;
    ASSERT(a->reading.schema == b->reading.schema && a->record.fields_count == b->record.fields_count);
    ASSERT(memcmp(a->record.fields, b->record.fields, a->record.fields_count * sizeof a->record.fields[0]) == 0);
    if (a->reading.kind == READING_REJECTED) {
        ASSERT(a->reading.reject == b->reading.reject && a->reading.column == b->reading.column);
        return;
    }
    ASSERT(a->record.plain == b->record.plain && a->record.has_peer == b->record.has_peer &&
           a->record.outcome == b->record.outcome);
    ASSERT(same_moment(&a->record.start, &b->record.start) && same_moment(&a->record.end, &b->record.end));
    if (a->record.has_peer) ASSERT(memcmp(a->record.peer.address.ip.bytes, b->record.peer.address.ip.bytes, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) schemas_init();
    ready = true;
    if (size < 2) return 0;
    const struct scan_kernel *kernels[3];
    uint32_t kernels_count = scan_kernels(kernels), which = (data[0] & 3u) + (data[0] >> 4 & 3u) * 4 - 1;
    struct origin origin = {.schema = which < schemas_count ? schemas_all[which] : NULL};
    origin.schema_fixed = origin.schema != NULL && (data[0] & 4u) != 0;
    uint32_t text_bytes = (uint32_t)size - 1;
    char *text = malloc(text_bytes + TEXT_PADDING_BYTES);
    ASSERT(text != NULL);
    memcpy(text, data + 1, text_bytes);
    memset(text + text_bytes, data[0], TEXT_PADDING_BYTES);
    struct splitter splitters[3], fresh;
    for (uint32_t i = 0; i < kernels_count; i++) splitter_init(&splitters[i], kernels[i]);
    static struct answer alone, answer;
    for (uint32_t offset = 0; offset < text_bytes; offset += alone.consumed) {
        splitter_init(&fresh, kernels[0]);
        fresh.header = splitters[0].header;
        alone.consumed = splitter_read(&fresh, text, offset, text_bytes, &origin, &alone.record, &alone.reading);
        check_spans(&alone, offset, text_bytes - offset);
        check_answer(&alone);
        for (uint32_t i = 0; i < kernels_count; i++) {
            answer.consumed = splitter_read(&splitters[i], text, offset, text_bytes, &origin, &answer.record,
                                            &answer.reading);
            check_same(&alone, &answer);
        }
    }
    free(text);
    return 0;
}
