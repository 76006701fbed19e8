/* The hot loop. No allocation, no lock, no system call between taking a batch and giving it away.
 *
 * Threads: one instance per worker thread. */
#include "app/worker.h"

#include <stdio.h>

#include "base/check.h"

bool worker_init(struct worker *worker, const struct worker_plan *plan) {
    *worker = (struct worker){.plan = plan};
    splitter_init(&worker->splitter, plan->kernel);
    client_resolver_init(&worker->clients);
    live_chains_join(plan->chains, &worker->guard);
    if (!splitter_use_tables(&worker->splitter, plan->tables) || !encoder_context_init(&worker->context)) return false;
    worker->context.id_wanted = plan->marks || plan->notes;
    worker->residency = residency_decider_new();
    if (worker->residency == NULL) return false;
    if (plan->finished != NULL) {
        worker->finished = finished_reader_new(plan->finished);
        if (worker->finished == NULL) return false;
    }
    return true;
}

/* Places of other databases are remembered from here on. */
static __attribute__((noinline)) void use_databases(struct worker *worker, struct databases *databases) {
    struct place_renderer renderer = {.render = encoder_render_place, .context = worker->plan->encoder};
    if (worker->places != NULL) {
        worker->plan->places_end(worker->plan->context, worker->places);
        geo_cache_free(worker->places);
    }
    databases_release(worker->databases);
    worker->databases = databases_keep(databases);
    worker->places = databases->geo.databases_count > 0 ? geo_cache_new(&databases->geo, renderer) : NULL;
    ASSERT(worker->places != NULL || databases->geo.databases_count == 0); /* it was only reserved */
}

void worker_destroy(struct worker *worker) {
    geo_cache_free(worker->places);
    databases_release(worker->databases);
    residency_decider_free(worker->residency);
    finished_reader_free(worker->finished);
    encoder_context_destroy(&worker->context);
    splitter_destroy(&worker->splitter);
}

/* What a header line said, where it is in force; what -f says is given anew to whoever reads the line again. */
static const struct header *header_said(const struct worker *worker) {
    const struct header *header = &worker->splitter.header, *given = worker->context.origin->header;
    return header->schema != NULL && (given == NULL || !header_is_same(header, given)) ? header : NULL;
}

static void reject_line(struct worker *worker, struct batch *batch, const struct record *record,
                        const struct reading *reading, uint64_t line_number) {
    char counted[64];
    const struct schema *schema = reading->schema;
    ASSERT(schema != NULL || (reading->column < 0 && reading->reject != REJECT_TOO_FEW_FIELDS));
    struct rejected rejected = {
        .reason = reject_names[reading->reject],
        .format = schema != NULL ? schema->name : NULL,
        .column = reading->column >= 0 ? schema->fields[reading->column].name : NULL,
        .expected = reading->expected,
        .found = reading->column >= 0 ? reading->found : (struct slice){0},
        .line = record_text(record, record->line),
        .truncated = worker->segment->line_too_long,
        .position = record->position,
        .line_number = line_number,
        .message_line = record->message_line,
        .header = header_said(worker),
        .connection = worker->segment->connected ? &worker->segment->connection : NULL,
        .has_time = reading->reject == REJECT_BAD_PEER || reading->reject == REJECT_BAD_STATUS,
    };
    if (rejected.has_time) rejected.time_ns = record->time.ns;
    if (reading->reject == REJECT_TOO_FEW_FIELDS) {
        const struct header *header = &worker->splitter.header;
        snprintf(counted, sizeof counted, "at least %u columns, found %u",
                 (unsigned)(header->schema == schema ? header->columns_count : schema->fields_count_min),
                 (unsigned)record->fields_count);
        rejected.expected = counted;
    }
    batch->tally.rejected[reading->reject]++;
    batch->tally.formats[schema_number(schema)].outcomes[OUTCOME_REJECTED]++;
    batch->reject_bytes += reject_line_write(&worker->context, &rejected, batch->reject + batch->reject_bytes);
    ASSERT(batch->reject_bytes <= batch_reject_bytes_max());
}

/* --- records on their way -------------------------------------------------------------------------
 * Finding a place means two waits for memory, one for the bucket of the address and one for the place; so a record is asked for
 * at three points, with another line read in between: resolve (fetch the bucket), locate (fetch the place, and what was decided
 * about such records), write. */

/* Before it is located, since most filters need no zone. */
static void filter(const struct worker *worker, struct record *record) {
    const struct hash_line line = {worker->context.name, record->position, record->message_line,
                                   record_text(record, record->line)};
    record->unwanted = !record_filter_keeps(worker->chains->filter, record, &line);
}

static void resolve(struct worker *worker, struct record *record) {
    client_resolve(&worker->clients, record);
    record->unwanted = false;
    if (worker->chains->filter != NULL && !worker->chains->filter_rules->asks_zones) filter(worker, record);
    record->place.length = 0;
    record->place.facts = PLACE_FACTS_UNKNOWN;
    record->residency = NULL;
    if (!record->unwanted && record->client.global && worker->places != NULL)
        geo_cache_prefetch(worker->places, &record->client.ip);
}

static void locate(struct worker *worker, struct record *record) {
    if (record->unwanted || !record->client.global || worker->places == NULL) return;
    struct place_fragment place = geo_cache_find(worker->places, &record->client.ip);
    record->place.json = place.json;
    record->place.length = place.length;
    record->place.facts = place.facts;
}

static void mark_record(struct worker *worker, const struct batch *batch, struct batch *share,
                        const struct record *record) {
    struct record_mark *mark = &share->marks[share->marks_count++];
    mark->end = (uint32_t)share->out_bytes;
    mark->has_client = encoder_client(&worker->context, record, &mark->client);
    mark->format = record->schema->name;
    mark->schema_number = (uint8_t)schema_number(record->schema);
    memcpy(mark->id, worker->context.id, sizeof mark->id);
    mark->refused = false;
    mark->note = batch->notes_count; /* that follows */
    mark->origin = worker->context.origin;
    mark->header = worker->marked;
    mark->line = record->line;
    mark->message_line = record->message_line;
    mark->position = record->position;
}

static void count_residency(struct tally *tally, uint8_t verdict, uint32_t reasons) {
    tally->residency[verdict]++;
    for (; reasons != 0; reasons &= reasons - 1) tally->residency_reasons[__builtin_ctz(reasons)]++;
}

static void take_note(const struct worker *worker, struct batch *batch, const struct record *record) {
    if (!worker->plan->notes) return;
    struct rollup_note *note = &batch->notes[batch->notes_count++];
    note_record(record, worker->context.origin, note);
    if (worker->plan->classes != NULL) note_record_rates(record, worker->plan->classes, note);
    if (batch->notes_count > 1 && slice_equal(note[-1].lb, note->lb)) note->lb = note[-1].lb;
    if (record->residency != NULL) hash_id_words(worker->context.id, note->id);
    note->recounted = worker->segment->counted_only;
}

/* Of a record that was written before: its id is made again by writing it where nobody looks. */
static void recount(struct worker *worker, struct batch *batch, const struct record *record) {
    if (record->residency != NULL)
        (void)encoder_write(worker->plan->encoder, &worker->context, record, batch->out + batch->out_bytes);
    take_note(worker, batch, record);
}

static void write_record(struct worker *worker, struct batch *batch, const struct record *record) {
    const uint32_t number = schema_number(record->schema);
    if (record->unwanted) {
        batch->tally.skipped[SKIP_FILTERED] += !worker->segment->counted_only;
        batch->tally.formats[number].outcomes[OUTCOME_SKIPPED] += !worker->segment->counted_only;
        return;
    }
    if (worker->segment->counted_only) {
        recount(worker, batch, record);
        return;
    }
    uint32_t index = batch->shares != NULL ? residency_output(worker->chains->policy, record->residency) : 0;
    const struct worker_output *output = &worker->plan->outputs[index];
    struct batch *share = batch_share(batch, index);
    batch->tally.verdicts[record->client.verdict] += schema_tells_client(record->schema);
    if (record->residency != NULL)
        count_residency(&batch->tally, record->residency->verdict, record->residency->reasons);
    batch->tally.evidence_unused += record->client.flags >> HOP_EVIDENCE_UNUSED & 1;
    batch->tally.written++;
    if (share != batch) share->tally.written++;
    share->tally.formats[number].outcomes[OUTCOME_WRITTEN]++;
    const struct bulk_action *action = output->action;
    char *out = share->out + share->out_bytes;
    uint32_t room = action != NULL ? action->bytes : 0; /* its id is known once the record is written */
    size_t bytes = encoder_write(worker->plan->encoder, &worker->context, record, out + room);
    if (action != NULL) bulk_action_write(action, worker->context.id, record->time.ns, &worker->context.days, out);
    share->out_bytes += room + bytes;
    ASSERT(share->out_bytes + OUT_PADDING_BYTES <= batch_out_bytes_max());
    if (output->marks) mark_record(worker, batch, share, record);
    take_note(worker, batch, record);
}

/* Moves every record one point on; `newest` (NULL at the end of a batch) comes in. */
static void advance(struct worker *worker, struct batch *batch, struct record *newest) {
    bool judged = worker->residency->policy != NULL;
    if (worker->located != NULL) {
        if (judged) worker->located->residency = residency_decide(worker->residency);
        if (worker->chains->filter != NULL && worker->chains->filter_rules->asks_zones) filter(worker, worker->located);
        write_record(worker, batch, worker->located);
    }
    if (worker->resolved != NULL) {
        locate(worker, worker->resolved);
        if (judged) residency_ask(worker->residency, worker->resolved);
    }
    if (newest != NULL) resolve(worker, newest);
    worker->located = worker->resolved;
    worker->resolved = newest;
}

/* All that are on their way. */
static void write_out(struct worker *worker, struct batch *batch) {
    for (int i = 0; i < 2; i++) advance(worker, batch, NULL);
}

/* The header of the marks from here on: a copy, made when it is another one. */
static void mark_header(struct worker *worker, struct batch *batch) {
    const struct header *said = header_said(worker);
    if (said == NULL || (worker->marked != NULL && header_is_same(said, worker->marked))) {
        if (said == NULL) worker->marked = NULL;
        return;
    }
    struct header *copy = arena_take(&batch->arena, sizeof *copy);
    ASSERT(copy != NULL); /* once per header line, see encoder_context_set */
    *copy = *said;
    worker->marked = copy;
}

static bool outside_time_range(const struct worker_plan *plan, int64_t ns) {
    if ((plan->since_ns | plan->until_ns) == 0) return false;
    return (plan->since_ns != 0 && ns < plan->since_ns) || (plan->until_ns != 0 && ns >= plan->until_ns);
}

/* Lines that cannot be read as what they are: too long, or the last one of a damaged input. `is_last` says that no text of the
 * segment follows. */
static bool spoilt(const struct segment *segment, const struct record *record, bool is_last, struct reading *reading) {
    bool too_long = segment->line_too_long || record->line.length > LINE_BYTES_MAX;
    if (!too_long && !(segment->cut_short && is_last)) return false;
    *reading = (struct reading){.kind = READING_REJECTED, .column = -1, .schema = reading->schema};
    reading->reject = too_long ? REJECT_LINE_TOO_LONG : REJECT_CUT_SHORT;
    reading->expected = too_long ? "at most 1048576 bytes" : "the end of the line; the input is damaged";
    return true;
}

/* What the lines of a segment share. */
static const struct origin *enter_segment(struct worker *worker, const struct batch *batch, uint32_t index) {
    const struct segment *segment = &batch->segments[index];
    const struct origin *origin = segment->origin != NULL ? segment->origin : batch->origin;
    worker->segment = segment;
    encoder_context_set(&worker->context, origin);
    if (segment->connected) encoder_context_set_connection(&worker->context, &segment->connection);
    client_resolver_set(&worker->clients, &worker->chains->rules, origin);
    if (worker->residency->policy != NULL) residency_decider_begin(worker->residency, origin);
    worker->splitter.headers_count = !origin->stream || segment->kind == SEGMENT_MESSAGE;
    bool begins = batch->replayed || segment->kind == SEGMENT_MESSAGES ||
                  (segment->kind == SEGMENT_MESSAGE && segment->line_number == 1);
    const struct header *header = segment->header != NULL ? segment->header : origin->header;
    if (begins && header != NULL)
        worker->splitter.header = *header;
    else if (begins)
        worker->splitter.header.schema = NULL;
    return origin;
}

/* A message that nobody can read is one line, whatever is in it. So is what is no reject. */
static void reject_unreadable(struct worker *worker, struct batch *batch, uint32_t end) {
    const struct segment *segment = worker->segment;
    bool is_message = segment->kind != SEGMENT_BYTES;
    struct record record = {.text = batch->text,
                            .line = {segment->offset, end - segment->offset},
                            .position = segment->position,
                            .message_line = is_message ? (uint32_t)segment->line_number : 0};
    struct reading reading = {
        .reject = is_message ? REJECT_BAD_MESSAGE : REJECT_BAD_REJECT, .column = -1, .expected = segment->damage};
    batch->tally.read++;
    batch->tally.formats[0].bytes_read += end - segment->offset;
    reject_line(worker, batch, &record, &reading, segment->line_number);
}

/* A reject that cannot be replayed stays one. */
static void keep_reject(struct worker *worker, struct batch *batch, const struct segment *segment, uint32_t end) {
    char *out = batch->reject + batch->reject_bytes;
    struct slice line = {batch->text + segment->offset, end - segment->offset};
    size_t bytes = reject_line_copy(&worker->context, line, out);
    out[bytes] = '\n';
    batch->reject_bytes += bytes + 1;
    batch->tally.read++;
    batch->tally.rejected[REJECT_NOT_REPLAYABLE]++;
    batch->tally.formats[0].outcomes[OUTCOME_REJECTED]++;
    batch->tally.formats[0].bytes_read += end - segment->offset;
}

/* Takes the line at `*offset` where it is a record that a run wrote; it has been read then. */
static bool take_finished(struct worker *worker, struct batch *batch, uint32_t *offset, uint32_t end) {
    const struct origin *origin = worker->context.origin;
    if (worker->finished == NULL || batch->text[*offset] != '{' || origin->schema_fixed) return false;
    const char *start = batch->text + *offset, *lf = memchr(start, '\n', end - *offset);
    uint32_t line_end = lf != NULL ? (uint32_t)(lf - batch->text) : end;
    struct span line = {*offset, line_end - *offset};
    struct rollup_note *note = &batch->notes[batch->notes_count];
    if (line.length > LINE_BYTES_MAX || !finished_line_is((struct slice){start, line.length})) return false;
    enum finished_result result = finished_reader_note(worker->finished, batch->text, line, &worker->splitter.spare,
                                                       &batch->arena, note);
    struct format_tally *format = &batch->tally.formats[0]; /* its own format is not asked for */
    uint32_t next = lf != NULL ? line_end + 1 : end;
    batch->tally.read++;
    format->bytes_read += next - *offset;
    if (result == FINISHED_NOTED && !outside_time_range(worker->plan, note->time_ns)) {
        batch->tally.written++;
        format->outcomes[OUTCOME_WRITTEN]++;
        batch->notes_count++;
        count_residency(&batch->tally, note->residency.verdict, note->residency.reasons);
    } else if (result == FINISHED_NOTED || result == FINISHED_UNJUDGED) {
        batch->tally.skipped[result == FINISHED_NOTED ? SKIP_TIME_RANGE : SKIP_UNJUDGED]++;
        format->outcomes[OUTCOME_SKIPPED]++;
    } else {
        format->outcomes[OUTCOME_REJECTED]++;
        batch->tally.rejected[result == FINISHED_BAD ? REJECT_BAD_JSON : REJECT_TOO_MANY_FIELDS]++;
    }
    *offset = next;
    return true;
}

/* Where a line stands, and its number. */
static uint64_t place_line(const struct segment *segment, uint32_t offset, uint32_t lines_before,
                           struct record *record) {
    uint64_t line_number = segment->line_number + (segment->kind == SEGMENT_MESSAGES ? 0 : lines_before);
    record->position = segment->position + (segment->kind == SEGMENT_BYTES      ? offset - segment->offset
                                            : segment->kind == SEGMENT_MESSAGES ? lines_before
                                                                                : 0);
    record->message_line = segment->kind == SEGMENT_BYTES ? 0 : (uint32_t)line_number;
    return line_number;
}

/* Whether the record that came in last counts for a limit; with a filter that has to be seen. */
static bool counts(struct worker *worker, struct batch *batch, uint64_t records_max) {
    uint64_t before = batch->tally.skipped[SKIP_FILTERED];
    if (worker->segment->counted_only) return false;
    if (worker->chains->filter == NULL || records_max == UINT64_MAX) return true;
    write_out(worker, batch);
    return batch->tally.skipped[SKIP_FILTERED] == before;
}

/* Of what format a line is, whatever has become of it; 0 where nothing in it says so. */
static inline uint32_t number_of(const struct record *record, const struct reading *reading) {
    if (__builtin_expect(reading->kind == READING_RECORD, 1)) return (uint32_t)record->schema->columns[ROLES];
    if (reading->kind == READING_REJECTED) return schema_number(reading->schema);
    return reading->skip == SKIP_EMPTY_LINE || reading->skip == SKIP_TEST_MESSAGE ? 0 : schema_number(record->schema);
}

/* The lines of a segment, up to `records_max` records, which are counted down. Returns where it ended. */
static uint32_t run_segment(struct worker *worker, struct batch *batch, uint32_t index, uint64_t *records_max) {
    const struct segment *segment = &batch->segments[index];
    const struct origin *origin = enter_segment(worker, batch, index);
    const uint32_t end = batch_segment_end(batch, index);
    struct record records[3], *record = records;
    for (int i = 0; i < 3; i++) records[i].connection = segment->connected ? &segment->connection : NULL;
    uint32_t offset = segment->offset;
    if (segment->unreadable && segment->counted_only) {
        batch->tally.recounted++;
        return end;
    }
    if (segment->unreadable || segment->kept) {
        segment->kept ? keep_reject(worker, batch, segment, end) : reject_unreadable(worker, batch, end);
        return end;
    }
    if (worker->plan->marks) mark_header(worker, batch);
    for (uint32_t lines = 0; offset<end && * records_max> 0; lines++) {
        struct reading reading;
        if (take_finished(worker, batch, &offset, end)) continue;
        uint64_t line_number = place_line(segment, offset, lines, record);
        uint32_t bytes = splitter_read(&worker->splitter, batch->text, offset, end, origin, record, &reading);
        offset += bytes;
        *(segment->counted_only ? &batch->tally.recounted : &batch->tally.read) += 1;
        (void)spoilt(segment, record, offset == end && batch->text[end - 1] != '\n', &reading);
        if (reading.kind == READING_RECORD && outside_time_range(worker->plan, record->time.ns)) {
            reading.kind = READING_SKIPPED;
            reading.skip = SKIP_TIME_RANGE;
        }
        struct format_tally *format = &batch->tally.formats[number_of(record, &reading)];
        if (!segment->counted_only) format->bytes_read += bytes;
        switch (reading.kind) {
        case READING_RECORD:
            advance(worker, batch, record);
            *records_max -= counts(worker, batch, *records_max);
            record = record == &records[2] ? records : record + 1;
            break;
        case READING_SKIPPED:
            batch->tally.skipped[reading.skip] += !segment->counted_only;
            format->outcomes[OUTCOME_SKIPPED] += !segment->counted_only;
            if (reading.skip != SKIP_HEADER || !worker->plan->marks) break;
            write_out(worker, batch);
            mark_header(worker, batch);
            break;
        case READING_REJECTED:
            if (!segment->counted_only) reject_line(worker, batch, record, &reading, line_number);
            break;
        }
    }
    write_out(worker, batch);
    return offset;
}

static struct geo_cache_totals places_totals(const struct worker *worker) {
    return worker->places != NULL ? geo_cache_totals(worker->places) : (struct geo_cache_totals){.hits = 0};
}

static void forget_origin(struct worker *worker) {
    encoder_context_forget(&worker->context);
    client_resolver_forget(&worker->clients);
}

void worker_run(struct worker *worker, struct batch *batch, uint64_t records_max) {
    ASSERT(batch->magic == BATCH_MAGIC);
    worker->chains = live_chains_enter(worker->plan->chains, &worker->guard);
    if (worker->databases != worker->chains->databases) use_databases(worker, worker->chains->databases);
    residency_decider_set(worker->residency, worker->chains->policy);
    batch->privacy = worker->chains->policy != NULL ? worker->chains->policy->privacy : NULL;
    encoder_context_set_privacy(&worker->context, batch->privacy);
    worker->splitter.header = batch->header;
    worker->splitter.spare = batch_spare(batch);
    batch->out_bytes = batch->reject_bytes = 0;
    batch->marks_count = batch->notes_count = 0;
    worker->marked = NULL;
    if (batch->replayed) forget_origin(worker); /* its origins may stand where those of another batch stood */
    batch->tally = (struct tally){0};
    batch_begin_shares(batch);
    const struct geo_cache_totals places = places_totals(worker);
    batch->tally.skipped[SKIP_TOMBSTONE] = batch->tombstones_count;
    batch->tally.skipped[SKIP_EMPTY_MESSAGE] = batch->empty_messages_count;
    batch->tally.read = (uint64_t)batch->tombstones_count + batch->empty_messages_count;
    batch->tally.formats[0].outcomes[OUTCOME_SKIPPED] = batch->tally.read;
    for (uint32_t i = 0; i < batch->segments_count && records_max > 0; i++) {
        const struct segment *segment = &batch->segments[i];
        uint32_t end = run_segment(worker, batch, i, &records_max);
        if (!segment->counted_only) batch->tally.bytes_read += end - segment->offset;
    }
    const struct geo_cache_totals after = places_totals(worker);
    batch->tally.place_misses = after.misses - places.misses;
    batch->tally.place_lookups = after.hits + after.misses - places.hits - places.misses;
    if (batch->origin->reached != NULL)
        forget_origin(worker); /* it goes when it has been read, and another may stand there */
    live_chains_leave(&worker->guard);
    batch_keep_spare(batch, &worker->splitter.spare);
    batch_end_shares(batch);
    ASSERT(batch->tally.read + batch->tally.recounted ==
               (uint64_t)batch->lines_count + batch->tombstones_count + batch->empty_messages_count ||
           records_max == 0);
}
