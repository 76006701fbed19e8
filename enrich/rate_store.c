/* Keys and cells share one bound: spots double as long as there are not too many cells for that, and what they and their keys do not take is
 * for cells, with an eighth of them as room for sorting. Addresses are reserved for the most of each, so nothing has to move.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/rate_store.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "enrich/rate_trim.h"

#define CAPACITY_MIN 256u
#define CELLS_A_SORTED 8u /* for each one that there is room to sort */
#define PARTS 6u
#define FLOORS_SHARE 16u /* of bytes_max */
/* Small pages: with large ones the same work was not faster (1.97 and 2.00 s with six dimensions), and clearing them for their first use took
 * 0.26 s instead of 0.13. */
#define PAGE_BYTES 4096u
#define WORTH_GIVING_BACK (2u * 1024 * 1024) /* bytes */

uint64_t rate_store_hash_bits = UINT64_MAX;

/* --- memory ------------------------------------------------------------------------------------- */

/* Of so many spots: the keys that they are for, and the bytes of all that. */
static uint32_t keys_at(uint32_t capacity) {
    return capacity / 4 * 3;
}

static size_t bytes_at(uint32_t capacity) {
    return capacity * sizeof(struct rate_spot) +
           (keys_at(capacity) + 1u) * (sizeof(struct rate_entry) + sizeof(struct rate_place));
}

/* The cells that there is room for beside that. */
static uint32_t cells_at(const struct rate_store *store, uint32_t capacity) {
    size_t eights = (store->bytes_max - bytes_at(capacity)) / ((CELLS_A_SORTED + 1) * sizeof(struct rate_cell));
    size_t eights_max = UINT32_MAX / 2 / CELLS_A_SORTED;
    return (uint32_t)((eights < eights_max ? eights : eights_max) * CELLS_A_SORTED);
}

static void set_capacity(struct rate_store *store, uint32_t capacity) {
    store->capacity = capacity;
    store->keys_max = keys_at(capacity);
    store->cells_max = cells_at(store, capacity);
    store->log_max = store->cells_max / CELLS_A_SORTED;
}

static void release(void *from, void *to) {
    uintptr_t page = PAGE_BYTES - 1, first = ((uintptr_t)from + page) & ~page, last = (uintptr_t)to & ~page;
    if (first < last) (void)madvise((void *)first, last - first, MADV_DONTNEED);
}

static void *take(char **next, size_t bytes) {
    uintptr_t here = ((uintptr_t)*next + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    *next = (char *)here + bytes;
    return (void *)here;
}

struct rate_store_room rate_store_next_room(const struct rate_store *store) {
    uint32_t capacity = store->capacity < store->capacity_max ? 2 * store->capacity : store->capacity;
    return (struct rate_store_room){cells_at(store, capacity), keys_at(capacity)};
}

bool rate_store_init(struct rate_store *store, const struct rate_plan *plan, size_t bytes_max, uint64_t seed) {
    size_t floors_bytes = bytes_max / FLOORS_SHARE / 64 * 64;
    *store = (struct rate_store){.plan = plan,
                                 .seed = seed,
                                 .oldest_slot = RATE_SLOT_NONE,
                                 .counters_kept = UINT64_MAX,
                                 .bytes_max = bytes_max - floors_bytes - 4096,
                                 .capacity_max = CAPACITY_MIN};
    while (bytes_at(2 * store->capacity_max) <= store->bytes_max / 2 &&
           keys_at(2 * store->capacity_max) <= RATE_SERIAL_MAX)
        store->capacity_max *= 2;
    set_capacity(store, CAPACITY_MIN);
    size_t keys = keys_at(store->capacity_max) + 1, entries_bytes = keys * sizeof *store->entries,
           places_bytes = keys * sizeof *store->places, spots_bytes = store->capacity_max * sizeof *store->spots,
           cells_bytes = store->cells_max * sizeof *store->cells;
    size_t scratch_bytes = cells_bytes / CELLS_A_SORTED > entries_bytes ? cells_bytes / CELLS_A_SORTED : entries_bytes;
    /* each part begins with a page */
    store->memory_bytes = spots_bytes + entries_bytes + places_bytes + cells_bytes + scratch_bytes + floors_bytes +
                          PARTS * PAGE_BYTES;
    store->memory = mmap(NULL, store->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1, 0);
    if (store->memory == MAP_FAILED) {
        store->memory = NULL;
        return false;
    }
    char *next = store->memory;
    store->scratch_max = scratch_bytes / sizeof *store->scratch;
    store->spots = take(&next, spots_bytes);
    store->entries = take(&next, entries_bytes);
    store->places = take(&next, places_bytes);
    store->cells = take(&next, cells_bytes);
    store->scratch = take(&next, scratch_bytes);
    rate_floors_init(&store->floors, take(&next, floors_bytes), floors_bytes);
    ASSERT(next <= store->memory + store->memory_bytes);
    return true;
}

void rate_store_destroy(struct rate_store *store) {
    if (store->memory != NULL) munmap(store->memory, store->memory_bytes);
    store->memory = NULL;
}

size_t rate_store_bytes(const struct rate_store *store) {
    size_t log = store->count < store->log_max ? store->count : store->log_max;
    return store->capacity * sizeof *store->spots + (store->count + log) * sizeof *store->cells +
           store->serials_used * (sizeof *store->entries + sizeof *store->places) +
           (store->floors.any ? store->floors.capacity * sizeof *store->floors.floors : 0);
}

/* --- keys --------------------------------------------------------------------------------------- */

static uint32_t new_serial(struct rate_store *store) {
    uint32_t serial = store->free_serial;
    if (serial == 0) return ++store->serials_used;
    store->free_serial = store->entries[serial].slot;
    return serial;
}

struct rate_entry *rate_store_make(struct rate_store *store, const union rate_packed *key, uint64_t hash,
                                   uint32_t slot) {
    struct rate_spot *spot = rate_store_find(store, key, hash);
    if (spot->serial != 0) return &store->entries[spot->serial];
    *spot = (struct rate_spot){(uint32_t)(hash >> 32), new_serial(store)};
    ASSERT(store->keys_count < store->keys_max && spot->serial <= keys_at(store->capacity_max));
    struct rate_entry *entry = &store->entries[spot->serial];
    store->keys_count++;
    *entry = (struct rate_entry){.key = *key, .serial = spot->serial, .slot = slot};
    entry->key.beside = RATE_TRUST_MAX;
    if (slot < store->oldest_slot) store->oldest_slot = slot;
    return entry;
}

/* More spots, or fewer; those in use wait in the room for sorting, in the order of their hashes, which is that of their new places. */
static void move_spots(struct rate_store *store, uint32_t capacity) {
    struct rate_spot *waiting = (struct rate_spot *)(void *)store->scratch;
    uint32_t count = 0;
    ASSERT(store->keys_count * sizeof *waiting <= store->scratch_max * sizeof *store->scratch);
    for (uint32_t i = 0; i < store->capacity; i++) {
        waiting[count] = store->spots[i];
        count += store->spots[i].serial != 0;
    }
    memset(store->spots, 0, store->capacity * sizeof *store->spots);
    set_capacity(store, capacity);
    ASSERT(count <= store->keys_max);
    for (uint32_t i = 0; i < count; i++) rate_store_put(store, waiting[i]);
}

/* What is behind so many cells and so much of the room for sorting goes back; nothing is in it. */
static void give_back(struct rate_store *store, uint32_t cells, uint32_t scratch) {
    release(store->cells + cells, store->cells + cells_at(store, CAPACITY_MIN));
    release(store->scratch + scratch, store->scratch + store->scratch_max);
}

static void widen(struct rate_store *store) {
    move_spots(store, 2 * store->capacity);
    give_back(store, store->cells_max, store->log_max);
}

/* Keys that pairs are of. */
static void renumber_pair(struct rate_entry *pair, const uint32_t *numbers) {
    uint32_t serials[2];
    memcpy(serials, pair->key.address, sizeof serials);
    for (uint32_t i = 0; i < 2; i++) serials[i] = numbers[serials[i]];
    memcpy(pair->key.address, serials, sizeof serials);
}

const uint32_t *rate_store_renumber(struct rate_store *store) {
    uint32_t *numbers = (uint32_t *)(void *)store->scratch, next = 0;
    ASSERT(store->sorted == store->count);
    numbers[0] = 0;
    for (uint32_t serial = 1; serial <= store->serials_used; serial++) {
        numbers[serial] = 0;
        if (store->entries[serial].serial == 0) continue;
        numbers[serial] = ++next;
        store->entries[next] = store->entries[serial];
        store->entries[next].serial = next;
        store->places[next] = store->places[serial];
    }
    ASSERT(next == store->keys_count);
    store->serials_used = next;
    store->free_serial = 0;
    release(store->entries + next + 1, store->entries + keys_at(store->capacity_max) + 1);
    release(store->places + next + 1, store->places + keys_at(store->capacity_max) + 1);
    for (uint32_t i = 0; i < store->count; i++) {
        uint32_t table = rate_cell_table(&store->cells[i]), serial = rate_cell_serial(&store->cells[i]);
        store->cells[i].id = table << RATE_SERIAL_BITS | numbers[serial];
    }
    memset(store->spots, 0, store->capacity * sizeof *store->spots);
    for (uint32_t serial = 1; serial <= next; serial++) {
        struct rate_entry *entry = &store->entries[serial];
        if (store->plan->tables[entry->key.table].parts == 0) renumber_pair(entry, numbers);
        union rate_packed key = entry->key;
        key.beside = 0;
        rate_store_put(store, (struct rate_spot){(uint32_t)(rate_store_hash(store, &key) >> 32), serial});
    }
    return numbers;
}

/* --- cells -------------------------------------------------------------------------------------- */

/* The first cell of its key and slot: it begins with what the slot's floor may hide. */
static inline void add_floor(const struct rate_store *store, struct rate_cell *cell) {
    if (!store->floors.any) return;
    cell->error = rate_floor(&store->floors, rate_cell_table(cell), cell->slot);
    cell->requests = rate_sum_32(cell->requests, cell->error);
}

/* Merges `added`, from the end on, so that nothing is written over before it is read; as many places as were added to others stay free. */
static void merge(struct rate_store *store, const struct rate_cell *added, uint32_t added_count) {
    struct rate_cell *cells = store->cells;
    uint32_t left = store->sorted, to = store->sorted + added_count, end = to;
    while (added_count > 0) {
        uint64_t next = rate_cell_order(&added[added_count - 1]),
                 own = left > 0 ? rate_cell_order(&cells[left - 1]) : 0;
        if (left > 0 && own > next) {
            cells[--to] = cells[--left];
        } else if (left > 0 && own == next) {
            rate_cell_add(&cells[left - 1], &added[--added_count]);
        } else {
            cells[--to] = added[--added_count];
            add_floor(store, &cells[to]);
        }
    }
    if (to > left) memmove(cells + left, cells + to, (end - to) * sizeof *cells);
    store->sorted = store->count = left + end - to;
}

/* The log becomes part of the sorted cells. */
static void settle(struct rate_store *store) {
    const struct rate_cell *log = store->cells + store->sorted;
    uint32_t log_count = store->count - store->sorted;
    ASSERT(log_count <= store->log_max);
    if (log_count == 0) return;
    merge(store, store->scratch, rate_cells_sort(log, store->scratch, log_count));
}

void rate_store_collect(struct rate_store *store) {
    for (uint32_t serial = 1; serial <= store->serials_used; serial++) {
        struct rate_entry *entry = &store->entries[serial];
        if (entry->serial == 0 || entry->requests == 0) continue;
        if (store->count - store->sorted == store->log_max) settle(store);
        rate_store_push(store, entry);
    }
    settle(store);
}

/* Whether behind the sorted cells so many leave room for the log and for all that entries count. */
static bool has_room(const struct rate_store *store, uint32_t cells_max, uint32_t more) {
    return (uint64_t)store->sorted + cells_max / CELLS_A_SORTED + store->keys_count + more <= cells_max;
}

/* Makes it so. True: something was dropped. */
static bool make_room(struct rate_store *store, uint32_t cells_max, uint32_t more) {
    if (has_room(store, cells_max, more)) return false;
    rate_store_collect(store);
    if (has_room(store, cells_max, more)) return false;
    rate_store_trim(store);
    ASSERT(has_room(store, cells_max, more));
    return true;
}

bool rate_store_make_room(struct rate_store *store, uint32_t more) {
    ASSERT(4 * more <= keys_at(store->capacity_max));
    bool trimmed = make_room(store, store->cells_max, more);
    while (store->keys_count + more > store->keys_max) {
        settle(store);
        if (store->capacity < store->capacity_max) {
            trimmed |= make_room(store, cells_at(store, 2 * store->capacity), more);
            widen(store);
        } else {
            rate_store_collect(store);
            rate_store_trim(store);
            trimmed = true;
        }
    }
    if (store->count - store->sorted + more > store->log_max) settle(store);
    return trimmed;
}

bool rate_store_shrink(struct rate_store *store) {
    rate_store_collect(store);
    if (!rate_store_halve(store)) return false;
    uint32_t capacity = store->capacity;
    while (capacity >= 4 * CAPACITY_MIN && store->keys_count < capacity / 4) capacity /= 2;
    if (capacity < store->capacity) move_spots(store, capacity);
    give_back(store, store->count, 0);
    return true;
}

static uint32_t oldest_of(const struct rate_store *store) {
    uint32_t oldest = RATE_SLOT_NONE;
    for (uint32_t i = 0; i < store->sorted; i++)
        if (store->cells[i].slot < oldest) oldest = store->cells[i].slot;
    return oldest;
}

/* Nothing is left: no key has to be looked for to go. */
static void forget_all(struct rate_store *store) {
    size_t keys = keys_at(store->capacity_max) + 1u;
    memset(store->spots, 0, store->capacity * sizeof *store->spots);
    set_capacity(store, CAPACITY_MIN);
    release(store->spots + store->capacity, store->spots + store->capacity_max);
    release(store->entries, store->entries + keys);
    release(store->places, store->places + keys);
    store->keys_count = store->serials_used = store->free_serial = store->sorted = store->count = 0;
    store->oldest_slot = RATE_SLOT_NONE;
    give_back(store, 0, 0);
}

void rate_store_forget(struct rate_store *store, uint32_t before) {
    uint32_t kept = 0;
    ASSERT(store->sorted == store->count);
    if (store->oldest_slot >= before) return;
    if (before == RATE_SLOT_NONE) {
        rate_floors_forget(&store->floors, before);
        forget_all(store);
        return;
    }
    for (uint32_t i = 0; i < store->count; i++)
        if (store->cells[i].slot >= before) store->cells[kept++] = store->cells[i];
    bool many = (store->count - kept) * sizeof *store->cells > WORTH_GIVING_BACK && kept < store->count / 2;
    store->sorted = store->count = kept;
    rate_floors_forget(&store->floors, before);
    rate_store_sweep(store);
    store->oldest_slot = oldest_of(store);
    if (many) give_back(store, store->count, 0);
}

struct rate_range rate_store_table(const struct rate_store *store, uint32_t table) {
    uint32_t to = table + 1 < 1u << (32 - RATE_SERIAL_BITS)
                      ? rate_cells_find(store->cells, store->sorted, (table + 1) << RATE_SERIAL_BITS, 0)
                      : store->sorted;
    return (struct rate_range){rate_cells_find(store->cells, store->sorted, table << RATE_SERIAL_BITS, 0), to};
}
