/* Times move in steps of TICK_NS: that often at most, by event time, engines are asked what is over. For each minute that still counts the
 * offset of its first record is kept: the least of these is where counting has to begin anew.
 *
 * Rates have times of their own: they count by when requests came, know what is late themselves, and are asked each time that the shortest
 * window may be over. To go on they have to know up to where their state is that of before (rate_set_stream); meanwhile what is needed is
 * what was.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "app/rollup_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/country.h"
#include "enrich/evidence.h"
#include "schemas/batch.h"
#include "sinks/evidence_document.h"
#include "sinks/rate_document.h"
#include "sinks/rollup_document.h"

#define SECOND_NS INT64_C(1000000000)
#define TICK_NS (10 * SECOND_NS)
#define MINUTE_NS (60 * SECOND_NS)
#define NAME_BYTES_MAX (KAFKA_NAME_BYTES_MAX + 16u)

/* First records of minutes, in no order. */
struct minutes {
    struct minute {
        int64_t minute, offset;
    } * items;
    uint32_t count, room, last;
};

struct rollup_part {
    struct rollup_part_request request;
    struct heat *heat;
    struct evidence *evidence; /* NULL: none is counted */
    struct rate *rate;         /* likewise */
    uint64_t rate_documents;
    bool recounting; /* rates, up to: */
    struct kafka_need resumed;
    struct timestamp_cache days;
    char name[NAME_BYTES_MAX];
    struct rollup_part_name shown;
    bool named;
    int64_t over_ns;      /* what was before that is over; in ticks */
    int64_t rate_over_ns; /* likewise of rates, in steps */
    int64_t
        position; /* of the last record that was counted, and its line; of connections the number of records. -1: none */
    uint32_t line;
    struct minutes minutes, rate_minutes; /* by @timestamp; by when requests came */
    uint64_t ahead_count;
};

/* --- engines -------------------------------------------------------------------------------------- */

static const struct rollup_part_name *name_of(struct rollup_part *part) {
    part->shown.revision = (uint64_t)(part->position + 1);
    return part->request.kind == ROLLUP_PART_FILES ? NULL : &part->shown;
}

static void put_heat(void *context, const struct heat_row *row) {
    struct rollup_part *part = context;
    const struct rollup_part_name *name = name_of(part);
    char json[ROLLUP_DOCUMENT_BYTES_MAX];
    struct rollup_text document = {
        .time_ns = rollup_heat_time_ns(row), .revision = part->shown.revision, .format = "heat", .json = json};
    rollup_heat_id(row, name, document.id);
    document.bytes = rollup_heat_write(row, name, document.id, &part->days, json);
    rollup_writer_put(part->request.writer, &document);
}

static void put_evidence(void *context, const struct evidence_row *row) {
    struct rollup_part *part = context;
    const struct rollup_part_name *name = name_of(part);
    char json[ROLLUP_DOCUMENT_BYTES_MAX];
    struct rollup_text document = {
        .time_ns = row->time_ns, .revision = part->shown.revision, .format = "residency", .json = json};
    evidence_document_id(row, name, document.id);
    document.bytes = evidence_document_write(row, name, document.id, &part->days, json);
    rollup_writer_put(part->request.writer, &document);
}

static void put_rate(void *context, const struct rate_row *row) {
    struct rollup_part *part = context;
    const struct rollup_part_name *name = name_of(part);
    char json[ROLLUP_DOCUMENT_BYTES_MAX];
    struct rollup_text document = {.time_ns = row->time_s * SECOND_NS,
                                   .revision = part->shown.revision,
                                   .format = rate_row_kind_names[row->kind],
                                   .json = json};
    bool is_client = (row->kind == RATE_TOP || row->kind == RATE_BREACH) &&
                     (row->dim->parts & 1u << RATE_CLIENT) != 0 && !row->key.unresolved;
    document.client = is_client ? &row->key.address : NULL;
    document.country = is_client && row->has_place ? row->country : COUNTRY_NONE;
    document.bytes = rate_document_write(part->request.rates, row, name, &part->days, document.id, json);
    rollup_writer_put(part->request.writer, &document);
    part->rate_documents++;
}

static bool new_engines(struct rollup_part *part) {
    bool whole = part->request.kind == ROLLUP_PART_FILES;
    size_t bytes = part->request.bytes_max, evidence_bytes_max = part->request.residency ? bytes / 4 : 0;
    part->heat = heat_new(bytes - evidence_bytes_max, whole ? HEAT_FOLDED_S : HEAT_INTERVAL_S);
    if (part->request.residency)
        part->evidence = evidence_new(evidence_bytes_max, whole ? EVIDENCE_FOLDED_S : EVIDENCE_INTERVAL_S);
    if (part->request.rates != NULL) part->rate = rate_new(part->request.rates, part->request.rates_bytes);
    return part->heat != NULL && (part->evidence != NULL || !part->request.residency) &&
           (part->rate != NULL || part->request.rates == NULL);
}

static void free_engines(struct rollup_part *part) {
    heat_free(part->heat);
    evidence_free(part->evidence);
    rate_free(part->rate);
}

static void add(struct rollup_part *part, const struct rollup_note *notes, uint32_t notes_count) {
    heat_add(part->heat, notes, notes_count);
    if (part->evidence != NULL) evidence_add(part->evidence, notes, notes_count);
    if (part->rate != NULL) rate_add(part->rate, notes, notes_count);
}

static void report(struct rollup_part *part, int64_t until_ns) {
    heat_report(part->heat, until_ns, put_heat, part);
    if (part->evidence != NULL) evidence_report(part->evidence, until_ns, put_evidence, part);
}

static int64_t needs_ns(const struct rollup_part *part) {
    int64_t heat = heat_needs_ns(part->heat),
            evidence = part->evidence != NULL ? evidence_needs_ns(part->evidence) : INT64_MAX;
    return heat < evidence ? heat : evidence;
}

void rollup_part_show(struct rollup_part *part) {
    heat_show(part->heat, put_heat, part);
    if (part->evidence != NULL) evidence_show(part->evidence, put_evidence, part);
}

size_t rollup_part_bytes(const struct rollup_part *part) {
    size_t evidence = part->evidence != NULL ? evidence_bytes(part->evidence) : 0;
    return heat_bytes(part->heat) + evidence + (part->minutes.room + part->rate_minutes.room) * sizeof(struct minute);
}

bool rollup_part_shrink(struct rollup_part *part) {
    return heat_shrink(part->heat) || (part->evidence != NULL && evidence_shrink(part->evidence));
}

size_t rollup_part_rate_bytes(const struct rollup_part *part) {
    return part->rate != NULL ? rate_bytes(part->rate) : 0;
}

bool rollup_part_rate_shrink(struct rollup_part *part) {
    return part->rate != NULL && rate_shrink(part->rate);
}

void rollup_part_count_up(const struct rollup_part *part, struct rollup_part_counts *counts) {
    counts->folded += heat_folded_count(part->heat);
    if (part->evidence != NULL) counts->folded += evidence_folded_count(part->evidence);
    counts->late += heat_late_count(part->heat);
    counts->ahead += part->ahead_count;
    if (part->rate == NULL) return;
    struct rate_totals totals = rate_totals(part->rate);
    if (!counts->has_rates) counts->rates.counters_kept = UINT64_MAX;
    counts->has_rates = true;
    counts->rate_documents += part->rate_documents;
    rate_totals_add(&counts->rates, &totals);
}

static void set_approximate(struct rollup_part *part, int64_t until_ns) {
    heat_set_approximate(part->heat, until_ns);
    if (part->evidence != NULL) evidence_set_approximate(part->evidence, until_ns);
    if (part->rate != NULL) rate_set_approximate(part->rate, until_ns);
}

/* --- what counts still ---------------------------------------------------------------------------- */

static void add_minute(struct minutes *minutes, int64_t minute, int64_t offset) {
    if (minutes->count == minutes->room) {
        minutes->room = 2 * minutes->room + 16;
        minutes->items = realloc(minutes->items, minutes->room * sizeof *minutes->items);
        ASSERT(minutes->items != NULL); /* 16 bytes a minute of what is open, which is hours */
    }
    minutes->items[minutes->count++] = (struct minute){minute, offset};
}

/* Offsets come in order, so the first one of a minute is its least. */
static void note_minute(struct minutes *minutes, int64_t time_ns, int64_t needs_ns, uint64_t offset) {
    int64_t minute = time_ns / MINUTE_NS;
    if (minutes->last < minutes->count && minutes->items[minutes->last].minute == minute) return;
    if ((minute + 1) * MINUTE_NS <= needs_ns) return;
    for (minutes->last = 0; minutes->last < minutes->count; minutes->last++)
        if (minutes->items[minutes->last].minute == minute) return;
    add_minute(minutes, minute, (int64_t)offset);
}

static void forget_minutes(struct minutes *minutes, int64_t from_ns) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < minutes->count; i++)
        if (minutes->items[i].minute >= from_ns / MINUTE_NS) minutes->items[kept++] = minutes->items[i];
    minutes->count = kept;
}

static int64_t first_offset(const struct minutes *minutes, int64_t offset) {
    for (uint32_t i = 0; i < minutes->count; i++)
        if (minutes->items[i].offset < offset) offset = minutes->items[i].offset;
    return offset;
}

static void note_minutes(struct rollup_part *part, const struct rollup_note *note) {
    if (note->refused) return;
    note_minute(&part->minutes, note->time_ns, needs_ns(part), note->position);
    if (part->rate == NULL || !rate_counts(note)) return;
    int64_t slot_ns = part->request.rates->slot_s * SECOND_NS; /* what is older than that is late */
    note_minute(&part->rate_minutes, note->start_ns, part->rate_over_ns - slot_ns, note->position);
}

struct kafka_need rollup_part_need(const struct rollup_part *part) {
    if (part->recounting) return part->resumed;
    struct kafka_need need = {.offset = first_offset(&part->minutes, part->position + 1),
                              .closed_s = part->over_ns / SECOND_NS};
    if (part->rate == NULL) return need;
    need.rates = rate_stream(part->rate);
    need.has_rates = need.rates.newest_ns != INT64_MIN; /* else they begin there */
    if (!need.has_rates) return need;
    if (need.rates.reported_ns < 0) need.rates.reported_ns = 0; /* no window ends by then */
    need.offset = first_offset(&part->rate_minutes, need.offset);
    need.position = part->position;
    need.line = part->line;
    return need;
}

/* --- counting ------------------------------------------------------------------------------------- */

/* What it is called in documents: who counts a partition knows it from the first record. */
static void take_name(struct rollup_part *part, const struct origin *origin) {
    part->named = true;
    if (origin->topic == NULL) return;
    snprintf(part->name, sizeof part->name, "%s/%" PRId32, origin->topic, origin->partition);
    part->shown = (struct rollup_part_name){.name = part->name, .origin = origin->name};
}

/* Messages come again when work in flight was given up. */
static bool is_new(const struct rollup_part *part, const struct rollup_note *note) {
    return part->request.kind != ROLLUP_PART_PARTITION || (int64_t)note->position > part->position ||
           ((int64_t)note->position == part->position && note->message_line > part->line);
}

static void move_on(struct rollup_part *part, int64_t over_ns) {
    part->over_ns = over_ns;
    report(part, over_ns);
    forget_minutes(&part->minutes, needs_ns(part));
}

/* A record behind those that rates had counted before. */
static bool ends_recount(const struct rollup_part *part, const struct rollup_note *note) {
    const struct kafka_need *resumed = &part->resumed;
    return part->recounting && ((int64_t)note->position > resumed->position ||
                                ((int64_t)note->position == resumed->position && note->message_line > resumed->line));
}

/* Up to where windows are over when this record has come. */
static int64_t rates_over_by(const struct rollup_part *part, const struct rollup_note *note) {
    const struct rate_settings *settings = part->request.rates;
    int64_t step_ns = settings->windows_s[0] * SECOND_NS;
    if (!rate_counts(note)) return part->rate_over_ns;
    return (note->start_ns - settings->lateness_s * SECOND_NS) / step_ns * step_ns;
}

/* What was before the record is added by now. */
static void move_rates(struct rollup_part *part, const struct rollup_note *note) {
    int64_t over_ns = rates_over_by(part, note);
    if (ends_recount(part, note)) {
        rate_recount_ends(part->rate);
        part->recounting = false;
    }
    if (over_ns <= part->rate_over_ns) return;
    part->rate_over_ns = over_ns;
    rate_report(part->rate, over_ns, put_rate, part);
    forget_minutes(&part->rate_minutes, rate_needs_ns(part->rate));
}

static bool moves_rates(const struct rollup_part *part, const struct rollup_note *note) {
    return part->rate != NULL && (ends_recount(part, note) || rates_over_by(part, note) > part->rate_over_ns);
}

void rollup_part_count(struct rollup_part *part, const struct rollup_note *notes, uint32_t notes_count,
                       int64_t now_ns) {
    bool partition = part->request.kind == ROLLUP_PART_PARTITION;
    int64_t late_ns = part->request.lateness_s * SECOND_NS, ahead_ns = now_ns + ROLLUPS_AHEAD_S * SECOND_NS;
    uint32_t from = 0;
    if (part->request.kind == ROLLUP_PART_FILES) {
        add(part, notes, notes_count);
        return;
    }
    for (uint32_t i = 0; i < notes_count; i++) {
        const struct rollup_note *note = &notes[i];
        bool new = is_new(part, note), ahead = note->time_ns > ahead_ns || note->start_ns > ahead_ns;
        if (!new || ahead) {
            part->ahead_count += new &&ahead;
            add(part, notes + from, i - from);
            from = i + 1;
            continue;
        }
        if (!part->named) take_name(part, note->origin);
        if (note->time_ns - late_ns >= part->over_ns + TICK_NS) {
            add(part, notes + from, i - from);
            from = i;
            move_on(part, (note->time_ns - late_ns) / TICK_NS * TICK_NS);
        }
        if (moves_rates(part, note)) {
            add(part, notes + from, i - from);
            from = i;
            move_rates(part, note);
        }
        if (partition) note_minutes(part, note);
        part->position = partition ? (int64_t)note->position : part->position + 1;
        part->line = note->message_line;
    }
    add(part, notes + from, notes_count - from);
}

/* Rates of connections know nothing of an end: all windows with a record are over some time. */
void rollup_part_close(struct rollup_part *part) {
    bool whole = part->request.kind == ROLLUP_PART_FILES;
    if (whole) report(part, INT64_MAX);
    if (part->rate == NULL || part->request.kind == ROLLUP_PART_PARTITION) return;
    int64_t newest_ns = rate_stream(part->rate).newest_ns;
    if (whole)
        rate_report(part->rate, INT64_MAX, put_rate, part);
    else if (newest_ns != INT64_MIN)
        rate_report(part->rate, newest_ns + 2 * RATE_WINDOW_S_MAX * SECOND_NS, put_rate, part);
}

void rollup_part_begin(struct rollup_part *part, const struct kafka_need *need) {
    move_on(part, need->closed_s < INT64_MAX / SECOND_NS ? need->closed_s * SECOND_NS : 0);
    if (part->rate == NULL || !need->has_rates) return;
    part->resumed = *need;
    part->recounting = true;
    rate_set_stream(part->rate, need->rates);
}

void rollup_part_lose(struct rollup_part *part) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    set_approximate(part, now.tv_sec * SECOND_NS);
}

/* --- life ----------------------------------------------------------------------------------------- */

struct rollup_part *rollup_part_new(const struct rollup_part_request *request) {
    struct rollup_part *part = calloc(1, sizeof *part);
    if (part == NULL) return NULL;
    part->request = *request;
    part->position = -1;
    if (request->name != NULL)
        part->shown = (struct rollup_part_name){.name = request->name, .origin = slice_from(request->name)};
    if (new_engines(part)) {
        if (part->rate == NULL || request->kind == ROLLUP_PART_FILES) return part;
        rate_set_stream(part->rate, RATE_STREAM_BEGIN);
        rate_recount_ends(part->rate);
        return part;
    }
    rollup_part_free(part);
    return NULL;
}

void rollup_part_free(struct rollup_part *part) {
    if (part == NULL) return;
    free_engines(part);
    free(part->minutes.items);
    free(part->rate_minutes.items);
    free(part);
}
