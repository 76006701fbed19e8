/* Notes are taken sixteen at a time, table by table for forty-eight of them, so that the cache lines of keys are on their way while those
 * before are counted.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/rate_count.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "enrich/rate_core.h"

#define AT_ONCE 16u /* notes: as many cache lines are on their way */
#define PREPARED (3 * AT_ONCE)
#define LOTS 3u
#define NS 1000000000
#define TEXTS_SHARE 64u /* of bytes_max */
#define SKETCHES_SHARE 4u

/* --- one note ----------------------------------------------------------------------------------- */

static void find_claim(const struct rollup_note *note, struct rate_prepared *prepared) {
    struct ip_parsed parsed;
    if (!ip_parse(note->claim, &parsed)) return;
    prepared->addresses[RATE_CLAIM] = parsed.ip;
    prepared->has |= 1u << RATE_CLAIM;
}

/* Of notes with the same bytes in memory only the first one has to be looked for; memory is another one in the next call. */
static inline uint16_t lb_number(struct rate *rate, struct slice lb) {
    if (rate->latest_lb_number != 0 && lb.ptr == rate->latest_lb.ptr && lb.len == rate->latest_lb.len)
        return rate->latest_lb_number;
    uint16_t number = rate_text_number(&rate->texts, lb);
    rate->latest_lb = lb;
    rate->latest_lb_number = number != RATE_TEXT_LAST ? number : 0; /* each of those is counted */
    return number;
}

static inline void prepare(struct rate *rate, const struct rollup_note *note, uint32_t slot,
                           struct rate_prepared *prepared) {
    prepared->note = note;
    prepared->slot = slot;
    if (rate->wants_sketches) rate_sketches_prepare(note, rate->latest_window, prepared);
    if (rate->wants_places) prepared->place_tag = rate_place_tag(&note->place);
    prepared->has = 1u << RATE_CLIENT | (uint32_t)note->has_peer << RATE_PEER |
                    (uint32_t)note->has_first << RATE_FIRST_XFF;
    prepared->common = (union rate_packed){.as_number = note->place.as_number,
                                           .country = note->place.country,
                                           .path_class = note->path_class,
                                           .method = note->method,
                                           .verdict = note->resolved ? 0 : note->verdict,
                                           .unresolved = !note->resolved};
    prepared->addresses[RATE_CLIENT] = note->resolved ? note->client : (struct ip){0};
    prepared->addresses[RATE_PEER] = note->peer;
    prepared->addresses[RATE_FIRST_XFF] = note->first;
    if (rate->wants_lb) prepared->common.lb = lb_number(rate, note->lb);
    if (note->resolved && note->vpce.len != 0) prepared->common.vpce = rate_text_number(&rate->texts, note->vpce);
    if (rate->wants_claim) find_claim(note, prepared);
}

/* A slot of its own, for a record that the latest slot does not have; false: it is none. */
static __attribute__((noinline)) bool turn_slot(struct rate *rate, const struct rollup_note *note) {
    uint64_t number = (uint64_t)note->start_ns / rate->slot_ns;
    if (note->start_ns < 0 || number >= RATE_SLOT_NONE) {
        rate->out_of_range++;
        return false;
    }
    rate->latest_slot = (uint32_t)number;
    rate->latest_window = (uint32_t)number / rate->sketch_slots;
    rate->latest_slot_ns = number * rate->slot_ns;
    return true;
}

/* Whether the record is too late; those that come later are judged by it. */
static inline bool is_late(struct rate *rate, const struct rollup_note *note) {
    int64_t end_s = rate_slot_end_s(rate, rate->latest_slot), newest_ns = rate->newest_ns;
    if (note->start_ns > newest_ns) rate->newest_ns = note->start_ns;
    if (!rate->recounting && end_s <= rate->reported_s) return true;
    return rate->is_stream && newest_ns != INT64_MIN && end_s <= newest_ns / NS - (int64_t)rate->settings->lateness_s;
}

/* Whether a note counts at all; then it does so in `latest_slot`. */
static inline bool find_slot(struct rate *rate, const struct rollup_note *note) {
    if (!rate_counts(note)) return false;
    if ((uint64_t)note->start_ns - rate->latest_slot_ns >= rate->slot_ns && !turn_slot(rate, note)) return false;
    if (!is_late(rate, note)) return true;
    rate->late++;
    for (uint32_t i = 0; i < rate->settings->windows_count; i++) rate->late_since[i]++;
    return false;
}

/* --- counting ----------------------------------------------------------------------------------- */

static inline void count_note(struct rate *rate, struct rate_entry *entry, const struct rate_prepared *prepared,
                              const struct rate_table *table) {
    const struct rollup_note *note = prepared->note;
    if (entry->slot != prepared->slot) rate_store_turn(&rate->store, entry, prepared->slot);
    entry->requests += entry->requests != UINT32_MAX;
    entry->status_4xx += note->status == 4;
    entry->status_5xx += note->status == 5;
    entry->bytes = rate_sum_64(entry->bytes, note->bytes);
    if (note->trust < entry->key.beside) entry->key.beside = note->trust;
    if (table->placed && entry->beside < prepared->place_tag) {
        const struct place_facts *place = &note->place;
        entry->beside = prepared->place_tag;
        uint32_t unresolved = note->resolved ? 0 : RATE_PLACE_UNRESOLVED;
        rate->store.places[entry->serial] = (struct rate_place){place->longitude, place->latitude, place->as_number,
                                                                place->country, (uint16_t)(place->flags | unresolved)};
    }
}

/* Notes that a table counts: their keys, hashes, and entries. */
struct lot {
    uint32_t count;
    uint64_t hashes[AT_ONCE];
    union rate_packed keys[AT_ONCE];
    const struct rate_prepared *notes[AT_ONCE];
    struct rate_entry *entries[AT_ONCE];
};

static inline void gather(const struct rate *rate, uint32_t table, const struct rate_prepared *prepared,
                          uint32_t prepared_count, struct lot *lot) {
    const struct rate_mask *mask = &rate->masks[table];
    uint32_t count = 0;
    if (rate->plan.tables[table].parts == 0) prepared_count = 0; /* of pairs: see count_pairs */
    for (uint32_t i = 0; i < prepared_count; i++) {
        if (!rate_key_make(mask, &prepared[i], &lot->keys[count])) continue;
        lot->hashes[count] = rate_store_hash(&rate->store, &lot->keys[count]);
        __builtin_prefetch(rate_store_home(&rate->store, (uint32_t)(lot->hashes[count] >> 32)));
        lot->notes[count++] = &prepared[i];
    }
    lot->count = count;
}

static inline void locate(const struct rate *rate, struct lot *lot) {
    for (uint32_t i = 0; i < lot->count; i++) {
        uint32_t serial = rate_store_guess(&rate->store, lot->hashes[i]);
        lot->entries[i] = rate_store_entry(&rate->store, serial);
        __builtin_prefetch(lot->entries[i], 1);
    }
}

static void sketch_lot(struct rate *rate, uint32_t table, struct lot *lot) {
    bool with_latency = rate->plan.tables[table].has_latency;
    for (uint32_t i = 0; i < lot->count; i++) rate_sketches_prefetch(&rate->sketches, lot->entries[i]);
    for (uint32_t i = 0; i < lot->count; i++)
        rate_sketches_prefetch_more(&rate->sketches, lot->entries[i], lot->notes[i], with_latency);
    for (uint32_t i = 0; i < lot->count; i++)
        rate_sketches_add(&rate->sketches, lot->entries[i], lot->notes[i], with_latency);
}

static inline void count_lot(struct rate *rate, uint32_t table, struct lot *lot) {
    struct rate_store *store = &rate->store;
    for (uint32_t i = 0; i < lot->count; i++) {
        struct rate_entry *entry = lot->entries[i]; /* number 0 is no key's */
        if (entry->serial == 0 || !rate_packed_equal(&entry->key, &lot->keys[i]))
            lot->entries[i] = entry = rate_store_make(store, &lot->keys[i], lot->hashes[i], lot->notes[i]->slot);
        count_note(rate, entry, lot->notes[i], &rate->plan.tables[table]);
    }
    rate->table_requests[table] += lot->count;
    if (rate->plan.tables[table].has_clients) sketch_lot(rate, table, lot);
}

/* Pairs of a client and a first address that are not the same one. */
static void count_pairs(struct rate *rate, uint32_t number, const struct rate_prepared *prepared) {
    const struct rate_table *table = &rate->plan.tables[number];
    const struct rate_store *store = &rate->store;
    union rate_packed client, first, pair = {.table = (uint8_t)number};
    if (!rate_key_make(&rate->masks[table->client_table], prepared, &client)) return;
    if (!rate_key_make(&rate->masks[table->first_table], prepared, &first)) return;
    bool same = memcmp(client.address, first.address, sizeof client.address) == 0;
    if (same && client.vpce == 0 && client.unresolved == 0) return;
    uint32_t serials[2] = {rate_store_serial(store, &client), rate_store_serial(store, &first)};
    memcpy(pair.address, serials, sizeof serials);
    count_note(rate, rate_store_make(&rate->store, &pair, rate_store_hash(store, &pair), prepared->slot), prepared,
               table);
}

static void count_prepared(struct rate *rate, const struct rate_prepared *prepared, uint32_t count) {
    struct lot lots[LOTS]; /* of one keys are looked for and of another entries fetched, while the third is counted */
    uint32_t lots_a_table = (count + AT_ONCE - 1) / AT_ONCE, lots_count = rate->plan.tables_count * lots_a_table;
    if (rate_store_make_room(&rate->store, rate->plan.tables_count * count))
        rate_sketches_forget(&rate->sketches, &rate->store, 0);
    for (uint32_t i = 0; i < lots_count + LOTS - 1; i++) {
        if (i < lots_count) {
            uint32_t first = i % lots_a_table * AT_ONCE, left = count - first;
            gather(rate, i / lots_a_table, prepared + first, left < AT_ONCE ? left : AT_ONCE, &lots[i % LOTS]);
        }
        if (i >= 1 && i - 1 < lots_count) locate(rate, &lots[(i - 1) % LOTS]);
        if (i >= 2) count_lot(rate, (i - 2) / lots_a_table, &lots[(i - 2) % LOTS]);
    }
    for (uint32_t table = 0; rate->wants_pairs && table < rate->plan.tables_count; table++) {
        if (rate->plan.tables[table].parts != 0) continue;
        for (uint32_t i = 0; i < count; i++) count_pairs(rate, table, &prepared[i]);
    }
}

void rate_add(struct rate *rate, const struct rollup_note *notes, uint32_t notes_count) {
    struct rate_prepared prepared[PREPARED];
    uint32_t count = 0;
    rate->latest_lb_number = 0;
    for (uint32_t i = 0; i < notes_count; i++) {
        if (!find_slot(rate, &notes[i])) continue;
        prepare(rate, &notes[i], rate->latest_slot, &prepared[count++]);
        if (count < PREPARED) continue;
        count_prepared(rate, prepared, count);
        rate->requests += count;
        count = 0;
    }
    if (count > 0) count_prepared(rate, prepared, count);
    rate->requests += count;
}

/* --- reporting ---------------------------------------------------------------------------------- */

/* The first slot that a window which ends after `until_s` needs; breaches that go on may need more (rate_limit_rows). */
static uint32_t first_needed(const struct rate *rate, int64_t until_s) {
    int64_t slot_s = rate->settings->slot_s, from_s = until_s;
    for (uint32_t i = 0; i < rate->settings->windows_count; i++) {
        int64_t length_s = rate->settings->windows_s[i], start_s = until_s / length_s * length_s;
        if (start_s < from_s) from_s = start_s;
    }
    for (uint32_t i = 0; i < rate->settings->limits_count; i++) { /* judged at the next slot's end */
        int64_t start_s = (until_s / slot_s + 1) * slot_s - rate->settings->limits[i].window_s;
        if (start_s < from_s) from_s = start_s;
    }
    return from_s > 0 ? (uint32_t)(from_s / slot_s) : 0;
}

void rate_report(struct rate *rate, int64_t until_ns, rate_row_function *function, void *context) {
    struct rate_report report = {.rate = rate,
                                 .after_s = rate->reported_s,
                                 .until_s = until_ns / NS,
                                 .whole = until_ns == INT64_MAX,
                                 .function = function,
                                 .context = context};
    if (until_ns < 0 || report.until_s <= report.after_s) return;
    report.keep_from = report.whole ? RATE_SLOT_NONE : first_needed(rate, report.until_s);
    rate_store_collect(&rate->store);
    rate_top_rows(&report);
    rate_limit_rows(&report);
    if (report.whole) rate_advice_rows(&report);
    rate->reported_s = report.until_s;
    rate_store_forget(&rate->store, report.keep_from);
    uint32_t needed = rate->store.oldest_slot;
    rate_sketches_forget(&rate->sketches, &rate->store,
                         needed == RATE_SLOT_NONE ? UINT32_MAX : needed / rate->sketch_slots);
}

int64_t rate_needs_ns(const struct rate *rate) {
    uint32_t slot = rate->store.oldest_slot;
    return slot == RATE_SLOT_NONE ? INT64_MAX : (int64_t)(slot * rate->slot_ns);
}

/* --- streams ------------------------------------------------------------------------------------ */

void rate_set_stream(struct rate *rate, struct rate_stream from) {
    ASSERT(rate->requests == 0);
    rate->is_stream = rate->recounting = true;
    rate->resumed = from;
    if (from.reported_ns != INT64_MIN) rate->reported_s = from.reported_ns / NS;
}

void rate_recount_ends(struct rate *rate) {
    ASSERT(rate->is_stream);
    rate->recounting = false;
    if (rate->resumed.newest_ns > rate->newest_ns) rate->newest_ns = rate->resumed.newest_ns;
    rate->requests = rate->late = rate->out_of_range = 0;
    memcpy(rate->late_since, rate->resumed.late, sizeof rate->late_since);
}

struct rate_stream rate_stream(const struct rate *rate) {
    bool reported = rate->reported_s != RATE_SECONDS_NONE && rate->reported_s <= INT64_MAX / NS;
    struct rate_stream stream = {.newest_ns = rate->newest_ns,
                                 .reported_ns = reported ? rate->reported_s * NS : INT64_MIN};
    memcpy(stream.late, rate->late_since, sizeof stream.late);
    return stream;
}

int64_t rate_closes_ns(const struct rate *rate) {
    if (rate->newest_ns == INT64_MIN) return INT64_MIN;
    return (rate->newest_ns / NS - (int64_t)rate->settings->lateness_s) * NS;
}

void rate_set_approximate(struct rate *rate, int64_t until_ns) {
    if (until_ns / NS > rate->incomplete_s) rate->incomplete_s = until_ns / NS;
}

/* --- memory ------------------------------------------------------------------------------------- */

size_t rate_bytes(const struct rate *rate) {
    return rate_store_bytes(&rate->store) + rate->texts.bytes + rate_sketches_bytes(&rate->sketches);
}

bool rate_shrink(struct rate *rate) {
    bool less = rate_store_shrink(&rate->store);
    if (less) rate_sketches_forget(&rate->sketches, &rate->store, 0);
    bool fewer = rate_sketches_halve(&rate->sketches);
    if (less) rate_sketches_renumber(&rate->sketches, rate_store_renumber(&rate->store));
    return less || fewer;
}

/* --- beginning and end -------------------------------------------------------------------------- */

struct rate_totals rate_totals(const struct rate *rate) {
    const struct rate_store *store = &rate->store;
    return (struct rate_totals){.requests = rate->requests,
                                .late = rate->late,
                                .out_of_range = rate->out_of_range,
                                .approximate = store->floors.any,
                                .keys = store->keys_count,
                                .counters_kept = store->counters_kept,
                                .folded = store->folded,
                                .floor_max = store->floors.highest,
                                .texts_lost = rate->texts.lost,
                                .sketches_lost = rate->sketches.lost,
                                .bytes = rate_bytes(rate),
                                .bytes_max = rate->bytes_max};
}

void rate_totals_add(struct rate_totals *sum, const struct rate_totals *totals) {
    sum->requests += totals->requests;
    sum->late += totals->late;
    sum->out_of_range += totals->out_of_range;
    sum->approximate |= totals->approximate;
    sum->keys += totals->keys;
    sum->folded += totals->folded;
    sum->texts_lost += totals->texts_lost;
    sum->sketches_lost += totals->sketches_lost;
    sum->bytes += totals->bytes;
    if (totals->counters_kept < sum->counters_kept) sum->counters_kept = totals->counters_kept;
    if (totals->floor_max > sum->floor_max) sum->floor_max = totals->floor_max;
    if (totals->bytes_max > sum->bytes_max) sum->bytes_max = totals->bytes_max;
}

static bool set_up(struct rate *rate, size_t bytes_max) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) return false;
    for (uint32_t i = 0; i < rate->plan.tables_count; i++) {
        rate->masks[i] = rate_mask(&rate->plan.tables[i], (uint8_t)i);
        rate->wants_pairs |= rate->plan.tables[i].parts == 0;
        rate->wants_sketches |= rate->plan.tables[i].has_clients;
    }
    rate->wants_claim = rate_plan_has(&rate->plan, 1u << RATE_CLAIM);
    rate->wants_lb = rate_plan_has(&rate->plan, 1u << RATE_LB);
    rate->wants_places = rate_plan_has(&rate->plan, 1u << RATE_CLIENT);
    size_t sketches_bytes = rate->wants_sketches ? bytes_max / SKETCHES_SHARE : 0,
           texts_bytes = bytes_max / TEXTS_SHARE;
    rate_texts_init(&rate->texts, texts_bytes, seed);
    return rate_sketches_init(&rate->sketches, sketches_bytes, seed) &&
           rate_store_init(&rate->store, &rate->plan, bytes_max - sketches_bytes - texts_bytes - sizeof *rate, seed);
}

struct rate *rate_new(const struct rate_settings *settings, size_t bytes_max) {
    struct rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL) return NULL;
    ASSERT(settings->slot_s > 0 && settings->windows_count > 0 && bytes_max >= RATE_BYTES_MIN);
    rate->settings = settings;
    rate->slot_ns = settings->slot_s * (uint64_t)NS;
    rate->sketch_slots = settings->windows_s[0] / settings->slot_s;
    rate->newest_ns = INT64_MIN;
    rate->reported_s = RATE_SECONDS_NONE;
    rate_plan(settings, &rate->plan);
    rate->bytes_max = bytes_max;
    if (set_up(rate, bytes_max)) return rate;
    rate_free(rate);
    return NULL;
}

void rate_free(struct rate *rate) {
    if (rate == NULL) return;
    rate_store_destroy(&rate->store);
    rate_sketches_destroy(&rate->sketches);
    rate_texts_destroy(&rate->texts);
    free(rate);
}
