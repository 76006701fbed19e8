/* Rows of rates the simple way: every window is counted anew from all records, every key is compared by its text.
 *
 * Threads: one. */
#ifndef WHEREFROM_RATE_ORACLE_H
#define WHEREFROM_RATE_ORACLE_H

#include <stdlib.h>
#include <string.h>

#include "enrich/rate_key.h"
#include "schemas/rate.h"
#include "schemas/rollup_note.h"
#include "tests/unit/seeded.h"

#define ORACLE_SLOTS_MAX 4096u
#define ORACLE_KEY_BYTES 96u

struct oracle_key {
    uint8_t bytes[ORACLE_KEY_BYTES]; /* in order of the key's parts: memcmp is their order */
};

struct oracle_row {
    struct rate_row row; /* without `key` */
    struct oracle_key key;
};

struct oracle {
    const struct rate_settings *settings;
    const struct rollup_note *notes;
    uint32_t notes_count;
    int64_t first_slot;     /* of all notes; slots are counted from it here */
    uint32_t filled, slots; /* with notes; as many as are judged: windows behind the last note, too */
    uint32_t piece_s;       /* breaches are cut there; 0: they are not */
    struct oracle_row *rows;
    uint32_t rows_count, rows_room;
};

static inline void oracle_put_text(uint8_t *bytes, struct slice text) {
    memcpy(bytes, text.ptr, text.len < 20 ? text.len : 20);
}

/* The parts that a dim has, of those of a row's key. */
static inline struct oracle_key oracle_key_of(const struct rate_key *key, uint32_t parts) {
    struct oracle_key made = {{0}};
    uint8_t *bytes = made.bytes;
    if ((parts & RATE_ADDRESS_PARTS) != 0) memcpy(bytes, key->address.bytes, 16);
    if ((parts & 1u << RATE_CLIENT) != 0) {
        if (key->vpce.len != 0) oracle_put_text(bytes + 16, key->vpce);
        bytes[36] = key->unresolved;
        bytes[37] = key->verdict;
    }
    for (uint32_t i = 0; i < 4 && (parts & 1u << RATE_ASN) != 0; i++)
        bytes[38 + i] = (uint8_t)(key->as_number >> (24 - 8 * i));
    if ((parts & 1u << RATE_COUNTRY) != 0) bytes[42] = (uint8_t)(key->country >> 8);
    if ((parts & 1u << RATE_COUNTRY) != 0) bytes[43] = (uint8_t)key->country;
    if ((parts & 1u << RATE_PATH_CLASS) != 0) bytes[44] = key->path_class;
    if ((parts & 1u << RATE_METHOD) != 0) bytes[45] = key->method;
    if ((parts & 1u << RATE_LB) != 0 && key->lb.len != 0) oracle_put_text(bytes + 46, key->lb);
    return made;
}

static inline void oracle_cut(struct ip *ip, const struct rate_dim *dim) {
    uint32_t bits = ip_is_v4(ip) ? 96u + dim->v4_prefix : dim->v6_prefix;
    for (uint32_t bit = bits; bit < 128; bit++) ip->bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

/* Whether a note counts, and its key. */
static inline bool oracle_find(const struct rollup_note *note, const struct rate_dim *dim, uint32_t parts,
                               struct oracle_key *key) {
    struct rate_key found = {.as_number = note->place.as_number,
                             .country = note->place.country,
                             .path_class = note->path_class,
                             .method = note->method,
                             .lb = note->lb};
    struct ip_parsed claim;
    if (note->refused || !note->tells_client) return false;
    if ((parts & 1u << RATE_CLIENT) != 0) {
        found.unresolved = !note->resolved;
        found.verdict = note->resolved ? 0 : note->verdict;
        if (note->resolved) found.address = note->client;
        if (note->resolved) found.vpce = note->vpce;
    }
    if ((parts & 1u << RATE_PEER) != 0) {
        if (!note->has_peer) return false;
        found.address = note->peer;
    }
    if ((parts & 1u << RATE_FIRST_XFF) != 0) {
        if (!note->has_first) return false;
        found.address = note->first;
    }
    if ((parts & 1u << RATE_CLAIM) != 0) {
        if (!ip_parse(note->claim, &claim)) return false;
        found.address = claim.ip;
    }
    oracle_cut(&found.address, dim);
    *key = oracle_key_of(&found, parts);
    return true;
}

static inline int64_t oracle_slot(const struct oracle *oracle, const struct rollup_note *note) {
    return note->start_ns / 1000000000 / oracle->settings->slot_s;
}

static inline int64_t oracle_end_s(const struct oracle *oracle, uint32_t slot) {
    return (oracle->first_slot + slot + 1) * oracle->settings->slot_s;
}

static inline struct oracle_row *oracle_add(struct oracle *oracle) {
    if (oracle->rows_count == oracle->rows_room) {
        oracle->rows_room = 2 * oracle->rows_room + 64;
        oracle->rows = realloc(oracle->rows, oracle->rows_room * sizeof *oracle->rows);
    }
    oracle->rows[oracle->rows_count] = (struct oracle_row){0};
    return &oracle->rows[oracle->rows_count++];
}

/* --- tables: requests of a key in each slot ------------------------------------------------------- */

struct oracle_line {
    struct oracle_key key;
    const struct rollup_note *some; /* a note of it, of several places that with the largest tag */
    uint64_t total;
    uint32_t *slots;
    bool *over, *blocked; /* by slot, for one limit */
    bool hosting;
};

struct oracle_table {
    struct oracle_line *lines;
    uint32_t count;
    uint64_t total;
};

static inline struct oracle_line *oracle_line(struct oracle_table *table, const struct oracle_key *key) {
    for (uint32_t i = 0; i < table->count; i++)
        if (memcmp(&table->lines[i].key, key, sizeof *key) == 0) return &table->lines[i];
    return NULL;
}

static inline int oracle_by_key(const void *a, const void *b) {
    return memcmp(&((const struct oracle_line *)a)->key, &((const struct oracle_line *)b)->key,
                  sizeof(struct oracle_key));
}

static inline bool oracle_in_scope(const struct rollup_note *note, const struct rate_limit *limit) {
    if (limit == NULL) return true;
    if (limit->path_class != RATE_CLASS_NONE && note->path_class != limit->path_class) return false;
    return limit->method == METHOD_NONE || note->method == limit->method;
}

/* `over` and `blocked` have room for windows behind the last slot. */
static inline struct oracle_table oracle_table(const struct oracle *oracle, const struct rate_dim *dim, uint32_t parts,
                                               const struct rate_limit *limit) {
    struct oracle_table table = {.lines = calloc(oracle->notes_count, sizeof(struct oracle_line))};
    for (uint32_t i = 0; i < oracle->notes_count; i++) {
        struct oracle_key key;
        const struct rollup_note *note = &oracle->notes[i];
        if (!oracle_in_scope(note, limit) || !oracle_find(note, dim, parts, &key)) continue;
        struct oracle_line *line = oracle_line(&table, &key);
        if (line == NULL) {
            line = &table.lines[table.count++];
            *line = (struct oracle_line){.key = key, .some = note};
            line->slots = calloc(ORACLE_SLOTS_MAX, sizeof *line->slots);
            line->over = calloc(2 * ORACLE_SLOTS_MAX, sizeof *line->over);
            line->blocked = line->over + ORACLE_SLOTS_MAX;
        }
        if (rate_place_tag(&note->place) > rate_place_tag(&line->some->place)) line->some = note;
        line->slots[oracle_slot(oracle, note) - oracle->first_slot]++;
        line->hosting = (line->some->place.flags & PLACE_HOSTING) != 0;
        line->total++;
        table.total++;
    }
    qsort(table.lines, table.count, sizeof *table.lines, oracle_by_key);
    return table;
}

static inline void oracle_table_free(struct oracle_table *table) {
    for (uint32_t i = 0; i < table->count; i++) {
        free(table->lines[i].slots);
        free(table->lines[i].over);
    }
    free(table->lines);
}

/* Requests in slots whose ends are in (end of `slot` - window, end of `slot`]. */
static inline uint64_t oracle_window(const struct oracle *oracle, const struct oracle_line *line, uint32_t slot,
                                     uint32_t window_s) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < window_s / oracle->settings->slot_s && i <= slot; i++) sum += line->slots[slot - i];
    return sum;
}

/* Marks where a line is over, and where it is blocked; without a row function's order. */
static inline void oracle_mark(const struct oracle *oracle, struct oracle_line *line, uint32_t window_s, uint64_t limit,
                               uint32_t delay_s) {
    int64_t since = 0;
    for (uint32_t slot = 0; slot < oracle->slots; slot++) {
        bool before = slot > 0 && line->over[slot - 1];
        line->over[slot] = oracle_window(oracle, line, slot, window_s) > limit;
        if (line->over[slot] && !before) since = oracle_end_s(oracle, slot);
        line->blocked[slot] = line->over[slot] && oracle_end_s(oracle, slot) > since + delay_s;
    }
}

static inline uint64_t oracle_blocked(const struct oracle_line *line, uint32_t from, uint32_t to) {
    uint64_t sum = 0;
    for (uint32_t slot = from; slot <= to; slot++)
        if (line->blocked[slot]) sum += line->slots[slot];
    return sum;
}

/* --- top ---------------------------------------------------------------------------------------- */

struct oracle_rank {
    const struct oracle_line *line;
    uint64_t requests;
};

static inline int oracle_by_rank(const void *a, const void *b) {
    const struct oracle_rank *x = a, *y = b;
    if (x->requests != y->requests) return x->requests < y->requests ? 1 : -1;
    return oracle_by_key(x->line, y->line);
}

static inline int oracle_by_latency(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* What only the notes say of a key in a window. */
static inline void oracle_fill(const struct oracle *oracle, const struct rate_dim *dim, struct oracle_row *made) {
    struct rate_row *row = &made->row;
    uint32_t latencies_count = 0, *latencies = malloc(oracle->notes_count * sizeof *latencies);
    bool client = (dim->parts & 1u << RATE_CLIENT) != 0;
    row->trust = UINT8_MAX;
    for (uint32_t i = 0; i < oracle->notes_count; i++) {
        const struct rollup_note *note = &oracle->notes[i];
        struct oracle_key key;
        if (!oracle_find(note, dim, dim->parts, &key) || memcmp(&key, &made->key, sizeof key) != 0) continue;
        int64_t end_s = (oracle_slot(oracle, note) + 1) * oracle->settings->slot_s;
        if (end_s <= row->time_s - row->window_s || end_s > row->time_s) continue;
        if (note->trust < row->trust) row->trust = note->trust;
        row->bytes += note->bytes;
        row->status_4xx += note->status == 4;
        row->status_5xx += note->status == 5;
        if (note->latency_us != LATENCY_UNKNOWN) latencies[latencies_count++] = note->latency_us;
        bool known = !note->resolved;
        for (uint32_t j = 0; j < i && !known; j++) {
            const struct rollup_note *other = &oracle->notes[j];
            int64_t other_s = (oracle_slot(oracle, other) + 1) * oracle->settings->slot_s;
            struct oracle_key other_key;
            known = other->resolved && other->client_hash == note->client_hash &&
                    other_s > row->time_s - row->window_s && other_s <= row->time_s &&
                    oracle_find(other, dim, dim->parts, &other_key) && memcmp(&other_key, &key, sizeof key) == 0;
        }
        row->clients += !known;
    }
    qsort(latencies, latencies_count, sizeof *latencies, oracle_by_latency);
    row->latency.known = latencies_count > 0 && (dim->parts & 1u << RATE_ASN) == 0;
    if (latencies_count > 0) {
        row->latency.p50_s = latencies[(uint32_t)(0.5 * (latencies_count - 1))] / 1e6;
        row->latency.p95_s = latencies[(uint32_t)(0.95 * (latencies_count - 1))] / 1e6;
        row->latency.p99_s = latencies[(uint32_t)(0.99 * (latencies_count - 1))] / 1e6;
    }
    if (!client) row->trust = 0;
    free(latencies);
}

static inline void oracle_top(struct oracle *oracle, int64_t end_s, uint32_t w, uint32_t dim,
                              const struct oracle_table *table) {
    const struct rate_settings *settings = oracle->settings;
    struct oracle_rank *ranks = malloc((table->count + 1) * sizeof *ranks);
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        uint64_t sum = 0;
        for (uint32_t slot = 0; slot < oracle->slots; slot++) {
            int64_t slot_end_s = oracle_end_s(oracle, slot);
            if (slot_end_s > end_s - settings->windows_s[w] && slot_end_s <= end_s) sum += table->lines[i].slots[slot];
        }
        if (sum > 0) ranks[count++] = (struct oracle_rank){&table->lines[i], sum};
    }
    qsort(ranks, count, sizeof *ranks, oracle_by_rank);
    for (uint32_t i = 0; i < count && i < settings->rows; i++) {
        struct oracle_row *made = oracle_add(oracle);
        made->key = ranks[i].line->key;
        made->row = (struct rate_row){.kind = RATE_TOP,
                                      .time_s = end_s,
                                      .window_s = settings->windows_s[w],
                                      .dim = &settings->dims[dim],
                                      .requests = ranks[i].requests,
                                      .guaranteed = true};
        oracle_fill(oracle, &settings->dims[dim], made);
    }
    free(ranks);
}

static inline void oracle_tops(struct oracle *oracle) {
    const struct rate_settings *settings = oracle->settings;
    struct oracle_table tables[RATE_DIMS_MAX];
    for (uint32_t i = 0; i < settings->dims_count; i++)
        tables[i] = oracle_table(oracle, &settings->dims[i], settings->dims[i].parts, NULL);
    int64_t last_s = oracle_end_s(oracle, oracle->filled - 1) + settings->windows_s[settings->windows_count - 1];
    for (int64_t end_s = oracle->first_slot * settings->slot_s; end_s <= last_s; end_s++)
        for (uint32_t w = 0; w < settings->windows_count; w++)
            for (uint32_t dim = 0; dim < settings->dims_count && end_s % settings->windows_s[w] == 0; dim++)
                oracle_top(oracle, end_s, w, dim, &tables[dim]);
    for (uint32_t i = 0; i < settings->dims_count; i++) oracle_table_free(&tables[i]);
}

#endif
