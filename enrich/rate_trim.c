/* Groups are the cells of a table and slot. Their counts are gathered group by group in the room for sorting, the k-th highest of each is
 * selected there, and one pass over the cells, whose order stays, drops what is below.
 *
 * Threads: see the header. */
#include "enrich/rate_trim.h"

#include <string.h>

#include "base/check.h"

#define KEYS_HALVED_MIN 1024u

/* --- which ones --------------------------------------------------------------------------------- */

static struct rate_floor *group_of(struct rate_store *store, const struct rate_cell *cell) {
    return rate_floors_make(&store->floors, rate_cell_table(cell), cell->slot);
}

static void count_groups(struct rate_store *store) {
    struct rate_floors *floors = &store->floors;
    for (uint32_t i = 0; i < floors->capacity; i++) floors->floors[i].count = 0;
    for (uint32_t i = 0; i < store->count; i++) {
        struct rate_floor *group = group_of(store, &store->cells[i]);
        if (group == NULL) { /* all anew, with a group for all slots of a table */
            rate_floors_join(floors);
            i = UINT32_MAX;
            continue;
        }
        group->count++;
    }
}

static uint64_t kept_by(const struct rate_floors *floors, uint32_t k) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < floors->capacity; i++) {
        const struct rate_floor *group = &floors->floors[i];
        if (group->place != 0) sum += group->count < k ? group->count : k;
    }
    return sum;
}

/* The most of each that are no more than `cells_max` together. */
static uint32_t choose_k(const struct rate_floors *floors, uint32_t cells_max) {
    uint32_t from = 0, to = cells_max; /* `from` is not too many */
    while (from < to) {
        uint32_t middle = from + (to - from + 1) / 2;
        if (kept_by(floors, middle) <= cells_max)
            from = middle;
        else
            to = middle - 1;
    }
    return from;
}

/* --- dropping ----------------------------------------------------------------------------------- */

/* Puts the highest `k` + 1 in front, the least of them last: quickselect, with the middle one of three as the pivot. */
static void select_highest(uint32_t *counts, uint32_t count, uint32_t k) {
    uint32_t from = 0, to = count; /* where number k is */
    while (to - from > 1) {
        uint32_t a = counts[from], b = counts[from + (to - from) / 2], c = counts[to - 1];
        uint32_t pivot = a > b ? (b > c ? b : a > c ? c : a) : (a > c ? a : b > c ? c : b);
        uint32_t above = from, at = from,
                 below = to; /* [from, above): higher; [above, at): equal; [below, to): lower */
        while (at < below) {
            uint32_t value = counts[at];
            if (value > pivot) {
                counts[at++] = counts[above];
                counts[above++] = value;
            } else if (value < pivot) {
                counts[at] = counts[--below];
                counts[below] = value;
            } else {
                at++;
            }
        }
        if (k >= above && k < below) return;
        if (k < above)
            to = above;
        else
            from = below;
    }
}

/* What of a group goes: all below its threshold, and of those that are equal all behind the first `ties`. */
static void set_threshold(struct rate_store *store, uint32_t table, struct rate_floor *group, uint32_t *counts,
                          uint32_t k) {
    select_highest(counts, group->count, k);
    uint32_t highest_dropped = counts[k];
    group->threshold = highest_dropped;
    group->ties = 0;
    for (uint32_t i = 0; i < k; i++) group->ties += counts[i] == highest_dropped;
    rate_floor_raise(&store->floors, table, group, highest_dropped);
}

static void set_thresholds(struct rate_store *store, uint32_t k) {
    struct rate_floors *floors = &store->floors;
    uint32_t *counts = (uint32_t *)(void *)store->scratch, next = 0;
    for (uint32_t i = 0; i < floors->capacity; i++) {
        struct rate_floor *group = &floors->floors[i];
        group->from = UINT32_MAX;
        if (group->place == 0 || group->count <= k) continue;
        group->from = next;
        next += group->count;
        group->count = 0;
    }
    ASSERT(next * sizeof *counts <= store->scratch_max * sizeof *store->scratch);
    for (uint32_t i = 0; i < store->count; i++) {
        struct rate_floor *group = group_of(store, &store->cells[i]);
        ASSERT(group != NULL);
        if (group->from != UINT32_MAX) counts[group->from + group->count++] = store->cells[i].requests;
    }
    for (uint32_t i = 0; i < floors->capacity; i++) {
        struct rate_floor *group = &floors->floors[i];
        if (group->place == 0 || group->from == UINT32_MAX) continue;
        set_threshold(store, (uint32_t)((group->place - 1) >> 32), group, counts + group->from, k);
    }
}

static void drop_cells(struct rate_store *store) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < store->count; i++) {
        const struct rate_cell *cell = &store->cells[i];
        struct rate_floor *group = group_of(store, cell);
        ASSERT(group != NULL);
        bool stays = group->from == UINT32_MAX || cell->requests > group->threshold;
        if (!stays && cell->requests == group->threshold && group->ties > 0) {
            group->ties--;
            stays = true;
        }
        if (stays) store->cells[kept++] = *cell;
    }
    store->folded += store->count - kept;
    store->sorted = store->count = kept;
}

/* Keys of all cells. */
static uint32_t keys_of(const struct rate_store *store) {
    uint32_t keys = 0;
    for (uint32_t i = 0; i < store->count; i++) keys += i == 0 || store->cells[i].id != store->cells[i - 1].id;
    return keys;
}

/* To half of so many. */
static void trim(struct rate_store *store, uint32_t cells_max, uint32_t keys_max) {
    uint32_t cells_target = cells_max / 2, keys_target = keys_max / 2, keys, k;
    ASSERT(store->sorted == store->count);
    while ((keys = keys_of(store)) > keys_max / 4 * 3 || store->count > cells_target) {
        uint32_t by_keys = (uint32_t)((uint64_t)store->count * keys_target / keys); /* those with few cells go first */
        if (keys > keys_target && by_keys < cells_target) cells_target = by_keys;
        count_groups(store);
        k = choose_k(&store->floors, cells_target);
        set_thresholds(store, k);
        drop_cells(store);
        if (k < store->counters_kept) store->counters_kept = k;
    }
    rate_floors_forget(&store->floors, 0);
    rate_store_sweep(store);
}

void rate_store_trim(struct rate_store *store) {
    struct rate_store_room room = rate_store_next_room(store);
    trim(store, room.cells, room.keys);
}

bool rate_store_halve(struct rate_store *store) {
    uint32_t keys = keys_of(store);
    if (keys < KEYS_HALVED_MIN) return false;
    trim(store, store->count, keys);
    return true;
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool is_pair(const struct rate_store *store, uint32_t id) {
    return store->plan->tables[id >> RATE_SERIAL_BITS].parts == 0;
}

static bool pair_lives(const struct rate_entry *pair, const uint8_t *lives) {
    uint32_t serials[2];
    memcpy(serials, pair->key.address, sizeof serials);
    return lives[serials[0]] != 0 && lives[serials[1]] != 0;
}

/* Marks the keys that have cells; pairs of others lose theirs. */
static void mark_living(struct rate_store *store, uint8_t *lives) {
    uint32_t kept = 0;
    memset(lives, 0, store->serials_used + 1);
    for (uint32_t i = 0; i < store->count; i++)
        if (!is_pair(store, store->cells[i].id)) lives[rate_cell_serial(&store->cells[i])] = 1;
    for (uint32_t i = 0; i < store->count; i++) {
        const struct rate_cell *cell = &store->cells[i];
        uint32_t serial = rate_cell_serial(cell);
        if (is_pair(store, cell->id)) lives[serial] = pair_lives(rate_store_entry(store, serial), lives);
        if (lives[serial] != 0) store->cells[kept++] = *cell;
    }
    store->sorted = store->count = kept;
}

/* Spots that stay are put in their places anew, one behind the other from a free one on: each then stands at its old place or before. */
static void drop_keys(struct rate_store *store, const uint8_t *lives) {
    struct rate_spot *start = store->spots;
    while (start->serial != 0) start++;
    for (struct rate_spot *at = rate_store_behind(store, start); at != start; at = rate_store_behind(store, at)) {
        const struct rate_spot spot = *at;
        if (spot.serial == 0) continue;
        at->serial = 0;
        if (lives[spot.serial] == 0) {
            store->entries[spot.serial].serial = 0;
            store->keys_count--;
            continue;
        }
        rate_store_put(store, spot);
    }
}

void rate_store_sweep(struct rate_store *store) {
    uint8_t *lives = (uint8_t *)store->scratch;
    mark_living(store, lives);
    drop_keys(store, lives);
    store->free_serial = 0;
    while (store->serials_used > 0 && lives[store->serials_used] == 0) store->serials_used--;
    for (uint32_t serial = store->serials_used; serial > 0; serial--) {
        if (lives[serial] != 0) continue;
        store->entries[serial].slot = store->free_serial;
        store->free_serial = serial;
    }
}
