/* A batch's memory: seven reservations of address space, made once at start.
 *
 * MAP_NORESERVE: the worst case (about 150 MiB a batch) is never touched by real logs, which use 1 MiB; what a hostile
 * file makes us touch is given back by batch_reset.
 *
 * Threads: owner of the batch. */
#define _GNU_SOURCE
#include "schemas/batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

const char *const reject_names[REJECT_REASONS] = {
    [REJECT_TOO_FEW_FIELDS] = "too-few-fields",
    [REJECT_TOO_MANY_FIELDS] = "too-many-fields",
    [REJECT_UNTERMINATED_QUOTE] = "unterminated-quote",
    [REJECT_UNKNOWN_FORMAT] = "unknown-format",
    [REJECT_BAD_JSON] = "bad-json",
    [REJECT_BAD_TIME] = "bad-time",
    [REJECT_BAD_PEER] = "bad-peer",
    [REJECT_BAD_STATUS] = "bad-status",
    [REJECT_LINE_TOO_LONG] = "line-too-long",
    [REJECT_CUT_SHORT] = "cut-short",
    [REJECT_TOO_LARGE] = "too-large",
    [REJECT_BAD_MESSAGE] = "bad-message",
    [REJECT_BAD_REJECT] = "bad-reject",
    [REJECT_NOT_REPLAYABLE] = "not-replayable",
    [REJECT_REFUSED] = "refused",
};

const char *const skip_names[SKIP_REASONS] = {
    [SKIP_EMPTY_LINE] = "empty-line",
    [SKIP_HEADER] = "header-line",
    [SKIP_NO_DATA] = "no-data",
    [SKIP_SKIP_DATA] = "skip-data",
    [SKIP_TEST_MESSAGE] = "elb-test-message",
    [SKIP_TIME_RANGE] = "time-range",
    [SKIP_SAME_OBJECT] = "same-object",
    [SKIP_TOMBSTONE] = "tombstone",
    [SKIP_EMPTY_MESSAGE] = "empty-message",
    [SKIP_FILTERED] = "filtered",
    [SKIP_UNJUDGED] = "unjudged",
};

const char *const source_names[SOURCE_KINDS] = {
    [SOURCE_FILE] = "file", [SOURCE_STDIN] = "stdin", [SOURCE_TCP] = "tcp", [SOURCE_KAFKA] = "kafka"};

#define SPARE_OFFSET (2u * LINE_BYTES_MAX) /* of whole pages, behind the text and its padding */
#define SPARE_END (SPARE_OFFSET + SPARE_EXPANSION * BATCH_TEXT_ROOM + SPARE_LINE_BYTES * BATCH_LINES_MAX)
#define TEXT_RESERVED (SPARE_END + TEXT_PADDING_BYTES)
_Static_assert(SPARE_OFFSET >= BATCH_TEXT_ROOM + TEXT_PADDING_BYTES, "the spare room is behind the text");
#define SPARE_USUAL_BYTES (2u * BATCH_TEXT_BYTES)
/* Lines of proxies and classic balancers grow 4 to 4.6 times. With room for 4 times the text each batch gave up to 40 pages back, and
 * the next one faulted on them again: 7 % of a run over NGINX lines. */
#define OUT_USUAL_BYTES (5u * BATCH_TEXT_BYTES)
#define REJECT_USUAL_BYTES BATCH_TEXT_BYTES

size_t batch_out_bytes_max(void) {
    return (size_t)ENCODE_EXPANSION * BATCH_TEXT_ROOM + (size_t)RECORD_FIXED_BYTES * BATCH_LINES_MAX +
           OUT_PADDING_BYTES;
}

size_t batch_reject_bytes_max(void) {
    return (size_t)6 * BATCH_TEXT_ROOM + (size_t)(RECORD_FIXED_BYTES + REJECT_ORIGIN_BYTES) * BATCH_LINES_MAX +
           OUT_PADDING_BYTES;
}

static char *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

bool batch_init(struct batch *batch) {
    *batch = (struct batch){.magic = BATCH_MAGIC};
    batch->text = reserve(TEXT_RESERVED);
    batch->out = reserve(batch_out_bytes_max());
    batch->reject = reserve(batch_reject_bytes_max());
    batch->segments = (struct segment *)(void *)reserve(SEGMENTS_MAX * sizeof *batch->segments);
    batch->ranges = (struct batch_range *)(void *)reserve(BATCH_LINES_MAX * sizeof *batch->ranges);
    batch->marks = (struct record_mark *)(void *)reserve(BATCH_LINES_MAX * sizeof *batch->marks);
    batch->notes = (struct rollup_note *)(void *)reserve(BATCH_LINES_MAX * sizeof *batch->notes);
    return batch->text != NULL && batch->out != NULL && batch->reject != NULL && batch->segments != NULL &&
           batch->ranges != NULL && batch->marks != NULL && batch->notes != NULL;
}

static bool init_share(struct batch *share, struct batch *whole) {
    *share = (struct batch){.magic = BATCH_MAGIC, .whole = whole};
    share->out = reserve(batch_out_bytes_max());
    share->reject = reserve(batch_reject_bytes_max());
    share->marks = (struct record_mark *)(void *)reserve(BATCH_LINES_MAX * sizeof *share->marks);
    return share->out != NULL && share->reject != NULL && share->marks != NULL;
}

bool batch_add_shares(struct batch *batch, uint32_t count) {
    batch->shares = calloc(count, sizeof *batch->shares);
    for (uint32_t i = 0; i < count && batch->shares != NULL; i++) {
        batch->shares_count++;
        if (!init_share(&batch->shares[i], batch)) return false;
    }
    return batch->shares != NULL;
}

/* What a batch and a share have of their own. */
static void free_written(struct batch *batch) {
    if (batch->out != NULL) munmap(batch->out, batch_out_bytes_max());
    if (batch->reject != NULL) munmap(batch->reject, batch_reject_bytes_max());
    if (batch->marks != NULL) munmap(batch->marks, BATCH_LINES_MAX * sizeof *batch->marks);
}

void batch_destroy(struct batch *batch) {
    for (uint32_t i = 0; i < batch->shares_count; i++) free_written(&batch->shares[i]);
    free(batch->shares);
    free_written(batch);
    if (batch->text != NULL) munmap(batch->text, TEXT_RESERVED);
    if (batch->segments != NULL) munmap(batch->segments, SEGMENTS_MAX * sizeof *batch->segments);
    if (batch->ranges != NULL) munmap(batch->ranges, BATCH_LINES_MAX * sizeof *batch->ranges);
    if (batch->notes != NULL) munmap(batch->notes, BATCH_LINES_MAX * sizeof *batch->notes);
    arena_destroy(&batch->arena);
    *batch = (struct batch){0};
}

struct segment *batch_add_segment(struct batch *batch) {
    ASSERT(batch->segments_count < SEGMENTS_MAX);
    struct segment *segment = &batch->segments[batch->segments_count++];
    *segment = (struct segment){.offset = batch->text_bytes};
    return segment;
}

const struct segment *batch_segment_of(const struct batch *batch, uint32_t offset) {
    uint32_t low = 0, high = batch->segments_count;
    ASSERT(high > 0);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (batch->segments[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &batch->segments[low];
}

void tally_add(struct tally *sum, const struct tally *part) {
    sum->read += part->read;
    sum->written += part->written;
    sum->duplicates += part->duplicates;
    sum->evidence_unused += part->evidence_unused;
    sum->bytes_read += part->bytes_read;
    sum->place_lookups += part->place_lookups;
    sum->place_misses += part->place_misses;
    for (uint32_t i = 0; i <= schemas_count; i++) {
        for (int j = 0; j < OUTCOMES; j++) sum->formats[i].outcomes[j] += part->formats[i].outcomes[j];
        sum->formats[i].bytes_read += part->formats[i].bytes_read;
    }
    for (int i = 0; i < RESIDENCY_VERDICTS; i++) sum->residency[i] += part->residency[i];
    for (int i = 0; i < RESIDENCY_REASONS; i++) sum->residency_reasons[i] += part->residency_reasons[i];
    sum->recounted += part->recounted;
    for (int i = 0; i < REJECT_REASONS; i++) sum->rejected[i] += part->rejected[i];
    for (int i = 0; i < SKIP_REASONS; i++) sum->skipped[i] += part->skipped[i];
    for (uint32_t i = 0; i < verdicts_count(); i++) sum->verdicts[i] += part->verdicts[i];
}

static void take_back(struct tally *tally, uint32_t schema_number, enum record_outcome outcome) {
    tally->written--;
    tally->formats[schema_number].outcomes[OUTCOME_WRITTEN]--;
    tally->formats[schema_number].outcomes[outcome]++;
}

void tally_take_duplicate(struct tally *tally, uint32_t schema_number) {
    take_back(tally, schema_number, OUTCOME_DUPLICATE);
    tally->duplicates++;
}

void tally_take_refused(struct tally *tally, uint32_t schema_number, enum reject_reason reason) {
    take_back(tally, schema_number, OUTCOME_REJECTED);
    tally->rejected[reason]++;
}

uint64_t tally_rejected(const struct tally *tally) {
    uint64_t sum = 0;
    for (int i = 0; i < REJECT_REASONS; i++) sum += tally->rejected[i];
    return sum;
}

uint64_t tally_skipped(const struct tally *tally) {
    uint64_t sum = 0;
    for (int i = 0; i < SKIP_REASONS; i++) sum += tally->skipped[i];
    return sum;
}

enum reject_reason tally_most_rejected(const struct tally *tally) {
    int most = 0;
    for (int i = 1; i < REJECT_REASONS; i++)
        if (tally->rejected[i] > tally->rejected[most]) most = i;
    return (enum reject_reason)most;
}

void batch_begin_shares(struct batch *batch) {
    for (uint32_t i = 0; i < batch->shares_count; i++) {
        struct batch *share = &batch->shares[i];
        share->out_bytes = share->reject_bytes = 0;
        share->marks_count = share->refused_count = 0;
        share->tally = (struct tally){0};
    }
}

/* All that a reject of one of its records may say, privacy included. */
void batch_end_shares(struct batch *batch) {
    for (uint32_t i = 0; i < batch->shares_count; i++) {
        struct batch *share = &batch->shares[i];
        share->origin = batch->origin;
        share->replayed = batch->replayed;
        share->privacy = batch->privacy;
        share->segments_count = batch->segments_count;
        share->segments = batch->segments;
        share->text_bytes = batch->text_bytes;
        share->text = batch->text;
        share->notes_count = batch->notes_count;
        share->notes = batch->notes;
    }
}

void batch_gather_shares(struct batch *batch) {
    if (batch->shares == NULL) return;
    batch->tally.written = 0;
    for (uint32_t i = 0; i < batch->shares_count; i++) {
        struct batch *share = &batch->shares[i];
        tally_add(&batch->tally, &share->tally);
        memcpy(batch->reject + batch->reject_bytes, share->reject, share->reject_bytes);
        batch->reject_bytes += share->reject_bytes;
        ASSERT(batch->reject_bytes <= batch_reject_bytes_max()); /* a line becomes one reject at the most */
    }
}

struct spare batch_spare(struct batch *batch) {
    return (struct spare){.text = batch->text, .used = SPARE_OFFSET, .end = SPARE_END};
}

void batch_keep_spare(struct batch *batch, const struct spare *spare) {
    batch->spare_bytes = spare->used - SPARE_OFFSET;
}

static void give_back(char *memory, size_t used, size_t usual) {
    /* both are multiples of any page size in use */
    if (used > usual) madvise(memory + usual, used - usual + OUT_PADDING_BYTES, MADV_DONTNEED);
}

void batch_reset(struct batch *batch) {
    ASSERT(batch->magic == BATCH_MAGIC);
    give_back(batch->text, batch->text_bytes, BATCH_TEXT_BYTES);
    give_back(batch->text + SPARE_OFFSET, batch->spare_bytes, SPARE_USUAL_BYTES);
    give_back(batch->out, batch->out_bytes, OUT_USUAL_BYTES);
    give_back(batch->reject, batch->reject_bytes, REJECT_USUAL_BYTES);
    for (uint32_t i = 0; i < batch->shares_count; i++) {
        give_back(batch->shares[i].out, batch->shares[i].out_bytes, OUT_USUAL_BYTES);
        give_back(batch->shares[i].reject, batch->shares[i].reject_bytes, REJECT_USUAL_BYTES);
    }
    arena_reset(&batch->arena);
    *batch = (struct batch){.magic = BATCH_MAGIC,
                            .arena = batch->arena,
                            .text = batch->text,
                            .out = batch->out,
                            .reject = batch->reject,
                            .segments = batch->segments,
                            .ranges = batch->ranges,
                            .marks = batch->marks,
                            .notes = batch->notes,
                            .shares = batch->shares,
                            .shares_count = batch->shares_count};
}
