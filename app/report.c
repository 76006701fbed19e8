/* A record is counted in up to four tables, whose lines are rarely in a cache: so a batch is walked in lots, and what the tables will be asked
 * for is fetched for a lot before the first record of it is counted.
 *
 * Threads: see the header. */
#include "app/report.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/country.h"
#include "schemas/client_facts.h"
#include "sinks/disguise.h"

#define NS_PER_S 1000000000
#define LOT 32u /* records whose memory is fetched together */

/* Of memory, in sixteenths. Tiles and residency are few. */
static const struct {
    uint32_t sixteenths, most; /* keys */
    bool keeps_largest, counts_bytes;
} shares[REPORT_TABLES] = {
    [REPORT_TILES] = {6, 16384, false, true},
    [REPORT_NETWORKS] = {4, 16384, true, false},
    [REPORT_CLIENTS] = {4, 16384, true, false},
    [REPORT_RESIDENCY] = {1, 4096, false, false},
};
#define NAMES_BYTES_MAX (4u * 1024 * 1024)
#define CLIENTS_BYTES_MAX (64u * 1024)

/* Zones and places of the policy that the latest note is by. */
struct policy_names {
    const struct residency_policy *policy;
    uint16_t zones[UINT8_MAX + 1], places[UINT8_MAX + 1]; /* numbers plus 1; 0: not asked for yet */
};

struct report {
    pthread_mutex_t lock; /* of all below */
    struct report_counts counts;
    struct pool pool; /* of the sketch */
    struct disguise *disguise;
    bool has_disguise; /* of the batch */
    struct policy_names policy;
};

/* What one note is counted by. */
struct lot_item {
    const struct rollup_note *note;
    uint32_t cell;
    struct profile_key keys[REPORT_TABLES];
    uint64_t hashes[REPORT_TABLES];
    bool counts[REPORT_TABLES]; /* in that table */
};

/* --- names ------------------------------------------------------------------------------------------ */

static uint32_t number_of(struct report *report, enum report_names table, struct slice name, uint32_t numbers_max) {
    uint32_t number = name_table_add(&report->counts.names[table], name);
    return number < numbers_max ? number : numbers_max;
}

static uint32_t place_number(struct report *report, uint16_t *known, const char *name) {
    if (*known == 0) *known = (uint16_t)(1 + number_of(report, REPORT_PLACES, slice_from(name), REPORT_PLACES_MAX - 1));
    return *known - 1u;
}

static uint64_t residency_subject(struct report *report, const struct residency_note *note) {
    struct policy_names *names = &report->policy;
    if (names->policy != note->policy) *names = (struct policy_names){.policy = note->policy};
    uint32_t zone = place_number(report, &names->zones[note->zone], residency_zone_name(note->policy, note->zone)),
             place = place_number(report, &names->places[note->place], residency_place_name(note->policy, note->place));
    return report_residency(zone, place, note->verdict);
}

/* --- keys ------------------------------------------------------------------------------------------- */

/* The client as it may leave. False: nobody knows it, or it is not to leave. */
static bool client_of(struct report *report, const struct rollup_note *note, struct ip *client) {
    *client = note->client;
    if (!note->resolved || !note->tells_client || !report->has_disguise) return note->resolved && note->tells_client;
    disguise_sum(report->disguise, &note->client, note->place.country, note->time_ns);
    *client = disguise_address(report->disguise, &note->client);
    return report->disguise->rule->address != PRIVACY_DROP || disguise_keeps(report->disguise, &note->client);
}

static void set_key(struct report *report, struct lot_item *item, enum report_table table, uint64_t subject,
                    uint64_t group) {
    item->counts[table] = true;
    item->keys[table].rest = subject << REPORT_GROUP_BITS | group;
    item->hashes[table] = profiles_hash(&report->counts.tables[table], &item->keys[table]);
    profiles_prefetch(&report->counts.tables[table], item->hashes[table]);
}

static void prepare(struct report *report, const struct rollup_note *note, struct lot_item *item) {
    const struct time_axis *axis = &report->counts.axis;
    *item = (struct lot_item){.note = note};
    int64_t time_s = note->time_ns / NS_PER_S - (note->time_ns % NS_PER_S < 0);
    item->cell = time_axis_place(time_axis_column(axis, time_s)) * STATUS_CLASSES + note->status;
    uint64_t group = report_group(note->place.country, note->tells_client ? note->verdict : REPORT_NO_VERDICT);
    set_key(report, item, REPORT_TILES, note->place.tile, group);
    set_key(report, item, REPORT_NETWORKS, note->place.as_number, group);
    if (note->residency.verdict != RESIDENCY_NONE)
        set_key(report, item, REPORT_RESIDENCY, residency_subject(report, &note->residency), group);
    if (!client_of(report, note, &item->keys[REPORT_CLIENTS].ip)) return;
    uint64_t endpoint = note->vpce.len > 0 ? 1 + number_of(report, REPORT_ENDPOINTS, note->vpce, UINT16_MAX) : 0;
    set_key(report, item, REPORT_CLIENTS, endpoint, group);
}

/* --- counting --------------------------------------------------------------------------------------- */

static struct profile *find(struct report *report, struct lot_item *item, enum report_table table) {
    bool is_new;
    struct profile *profile = profiles_find(&report->counts.tables[table], &item->keys[table], item->hashes[table],
                                            &is_new);
    if (profile == NULL || !is_new) return profile;
    profile->sample = item->note->client;
    profile->as_number = item->note->place.as_number;
    if (item->note->as_name.len > 0)
        profile->name = 1 + number_of(report, REPORT_ORGANIZATIONS, item->note->as_name, UINT32_MAX - 1);
    return profile;
}

/* Where there is no room for another tile, country and verdict, which no honest input needs, records of new ones have their verdict alone. */
static void settle_group(struct report *report, struct lot_item *item) {
    const struct profiles *tiles = &report->counts.tables[REPORT_TILES];
    if (tiles->used + VERDICTS_MAX + 1 < tiles->capacity ||
        profiles_peek(tiles, &item->keys[REPORT_TILES], item->hashes[REPORT_TILES]) != NULL)
        return;
    uint64_t group = report_group(COUNTRY_NONE, (uint8_t)item->keys[REPORT_TILES].rest);
    report->counts.approximate = true;
    set_key(report, item, REPORT_TILES, TILE_NONE, group);
    for (int table = REPORT_TILES + 1; table < (int)REPORT_TABLES; table++)
        if (item->counts[table])
            set_key(report, item, (enum report_table)table, item->keys[table].rest >> REPORT_GROUP_BITS, group);
}

static void count_in(struct report *report, struct lot_item *item, enum report_table table) {
    struct profile *profile = find(report, item, table);
    if (profile != NULL)
        profiles_count(&report->counts.tables[table], profile, item->cell, item->note->bytes);
    else
        report->counts.approximate = true;
}

static void count_lot(struct report *report, const struct rollup_note *const *notes, uint32_t count) {
    struct lot_item items[LOT];
    for (uint32_t i = 0; i < count; i++) prepare(report, notes[i], &items[i]);
    for (int table = 0; table < (int)REPORT_TABLES; table++)
        for (uint32_t i = 0; i < count; i++)
            if (items[i].counts[table])
                profiles_prefetch_counter(&report->counts.tables[table], items[i].hashes[table]);
    for (uint32_t i = 0; i < count; i++) settle_group(report, &items[i]);
    for (int table = 0; table < (int)REPORT_TABLES; table++)
        for (uint32_t i = 0; i < count; i++)
            if (items[i].counts[table]) count_in(report, &items[i], (enum report_table)table);
    for (uint32_t i = 0; i < count; i++)
        if (notes[i]->resolved && notes[i]->tells_client) /* the pool has room for a sketch of any size */
            ASSERT(hyperloglog_add(&report->counts.clients, &report->pool, notes[i]->client_hash));
}

/* Of records that were written, now and not by an earlier run. */
static bool is_counted(const struct rollup_note *note) {
    return !note->refused && !note->recounted;
}

/* What all of them say together. */
static void take_times_and_trust(struct report *report, const struct batch *batch) {
    for (uint32_t i = 0; i < batch->notes_count; i++) {
        const struct rollup_note *note = &batch->notes[i];
        if (!is_counted(note)) continue;
        int64_t time_s = note->time_ns / NS_PER_S - (note->time_ns % NS_PER_S < 0);
        while (!time_axis_take(&report->counts.axis, time_axis_column(&report->counts.axis, time_s)))
            report_widen(report);
        if (note->tells_client && note->trust > report->counts.trust_most) report->counts.trust_most = note->trust;
    }
}

void report_count(struct report *report, const struct batch *batch) {
    const struct rollup_note *lot[LOT];
    uint32_t count = 0;
    ASSERT(pthread_mutex_lock(&report->lock) == 0);
    report->has_disguise = batch->privacy != NULL;
    if (report->has_disguise) disguise_use(report->disguise, batch->privacy);
    report->policy.policy = NULL; /* another one may stand there */
    take_times_and_trust(report, batch);
    for (uint32_t i = 0; i < batch->notes_count; i++) {
        if (!is_counted(&batch->notes[i])) continue;
        lot[count++] = &batch->notes[i];
        if (count < LOT) continue;
        count_lot(report, lot, count);
        count = 0;
    }
    count_lot(report, lot, count);
    tally_add(&report->counts.tally, &batch->tally);
    ASSERT(pthread_mutex_unlock(&report->lock) == 0);
}

/* --- for those who print ------------------------------------------------------------------------------ */

const struct report_counts *report_lock(struct report *report) {
    ASSERT(pthread_mutex_lock(&report->lock) == 0);
    return &report->counts;
}

void report_unlock(struct report *report) {
    ASSERT(pthread_mutex_unlock(&report->lock) == 0);
}

void report_widen(struct report *report) {
    const struct time_axis wider = time_axis_wider(&report->counts.axis);
    for (int i = 0; i < (int)REPORT_TABLES; i++)
        profiles_widen(&report->counts.tables[i], &report->counts.axis, &wider);
    report->counts.axis = wider;
}

/* --- life --------------------------------------------------------------------------------------------- */

static bool init_table(struct report *report, int table, uint64_t bytes_max) {
    uint64_t cells_bytes = PROFILE_CELLS * sizeof(uint64_t) * (shares[table].counts_bytes ? 2 : 1),
             index_bytes = 4 * sizeof(uint64_t), /* at the most, for it is a power of two */
        keys = bytes_max / 16 * shares[table].sixteenths / (cells_bytes + index_bytes + sizeof(struct profile));
    const struct profiles_request request = {.capacity = keys < shares[table].most ? (uint32_t)keys
                                                                                   : shares[table].most,
                                             .keeps_largest = shares[table].keeps_largest,
                                             .counts_bytes = shares[table].counts_bytes};
    return profiles_init(&report->counts.tables[table], &request);
}

struct report *report_new(uint64_t bytes_max) {
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL) return NULL;
    ASSERT(pthread_mutex_init(&report->lock, NULL) == 0);
    report->counts.axis = time_axis_empty();
    bool good = pool_init(&report->pool, CLIENTS_BYTES_MAX) && (report->disguise = disguise_new()) != NULL;
    for (int i = 0; i < (int)REPORT_TABLES; i++) good = init_table(report, i, bytes_max) && good;
    for (int i = 0; i < (int)REPORT_NAMES; i++)
        good = name_table_init(&report->counts.names[i], NAMES_BYTES_MAX) && good;
    if (good) return report;
    report_free(report);
    return NULL;
}

void report_free(struct report *report) {
    if (report == NULL) return;
    for (int i = 0; i < (int)REPORT_TABLES; i++) profiles_destroy(&report->counts.tables[i]);
    for (int i = 0; i < (int)REPORT_NAMES; i++) name_table_destroy(&report->counts.names[i]);
    pool_destroy(&report->pool);
    disguise_free(report->disguise);
    ASSERT(pthread_mutex_destroy(&report->lock) == 0);
    free(report);
}
