/* Memory is divided once, by what a cell takes with its share of everything: eight cells for a key, an eighth of the cells as room for
 * sorting. That room holds half of the keys, too, so that the table of keys can grow in its place.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "enrich/rate_store.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "enrich/rate_trim.h"

#define CAPACITY_MIN 256u
#define MOVED_AT_ONCE 1024u /* places whose entries move: few enough for the processor's own memory */
#define CELLS_A_KEY 8u
#define FLOORS_SHARE 16u /* of bytes_max */
/* Large pages where they pay: places of keys are met at random, and cells are put in order by thousands of digits at once. Beginnings
 * stay in small ones, so that small stores are small. */
#define PAGE_BYTES 4096u
#define PAGE_BYTES_LARGE (2u * 1024 * 1024)

uint64_t rate_store_hash_bits = UINT64_MAX;

/* --- memory ------------------------------------------------------------------------------------- */

/* Of `bytes_max`: what `cells` cells take with all that belongs to them. */
static size_t bytes_for(size_t cells) {
    size_t keys = cells / CELLS_A_KEY, places = keys / 3 * 4 + 4;
    return (cells + cells / CELLS_A_KEY) * sizeof(struct rate_cell) + places * sizeof(struct rate_entry) +
           (keys + 1) * (sizeof(uint32_t) + sizeof(struct rate_place)) + 5 * 64;
}

/* Advice only. */
static void want_large_pages(void *from, void *to) {
    uintptr_t mask = PAGE_BYTES_LARGE - 1, first = ((uintptr_t)from + mask) & ~mask, last = (uintptr_t)to & ~mask;
    if (first < last) (void)madvise((void *)first, last - first, MADV_HUGEPAGE);
}

static void *take(char **next, size_t bytes) {
    void *here = *next;
    *next += (bytes + 63) / 64 * 64;
    return here;
}

bool rate_store_init(struct rate_store *store, const struct rate_plan *plan, size_t bytes_max, uint64_t seed) {
    size_t floors_bytes = bytes_max / FLOORS_SHARE / 64 * 64, left = bytes_max - floors_bytes - 4096;
    size_t cells = left / bytes_for(CELLS_A_KEY * 4096) * (CELLS_A_KEY * 4096);
    while (cells + CELLS_A_KEY < UINT32_MAX / 2 && bytes_for(cells + CELLS_A_KEY) <= left) cells += CELLS_A_KEY;
    while (cells > CELLS_A_KEY && (bytes_for(cells) > left || cells / CELLS_A_KEY > RATE_SERIAL_MAX))
        cells -= CELLS_A_KEY;
    *store = (struct rate_store){
        .plan = plan, .seed = seed, .oldest_slot = RATE_SLOT_NONE, .counters_kept = UINT64_MAX};
    size_t reserved = bytes_max + PAGE_BYTES_LARGE; /* the keys begin with a large page */
    void *memory = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    store->memory = memory;
    store->memory_bytes = reserved;
    store->cells_max = (uint32_t)cells;
    store->log_max = store->keys_max = (uint32_t)cells / CELLS_A_KEY;
    store->capacity = store->keys_max / 3 * 4 + 4;
    while (store->capacity > 2 * CAPACITY_MIN) store->capacity /= 2;
    for (store->capacity_max = store->capacity; store->capacity_max <= store->keys_max / 3 * 2;)
        store->capacity_max *= 2;
    store->keys_max = store->capacity_max / 4 * 3;
    char *next = (char *)(((uintptr_t)memory + PAGE_BYTES_LARGE - 1) & ~(uintptr_t)(PAGE_BYTES_LARGE - 1)),
         *end = next + bytes_max;
    store->entries = take(&next, store->capacity_max * sizeof *store->entries);
    store->cells = take(&next, store->cells_max * sizeof *store->cells);
    store->scratch = take(&next, store->log_max * sizeof *store->scratch);
    store->positions = take(&next, (store->keys_max + 1) * sizeof *store->positions);
    store->places = take(&next, (store->keys_max + 1) * sizeof *store->places);
    rate_floors_init(&store->floors, take(&next, floors_bytes), floors_bytes);
    ASSERT(next <= end);
    want_large_pages(store->cells + PAGE_BYTES_LARGE / sizeof *store->cells, store->cells + store->cells_max);
    want_large_pages(store->scratch + PAGE_BYTES_LARGE / sizeof *store->scratch, store->scratch + store->log_max);
    return true;
}

void rate_store_destroy(struct rate_store *store) {
    if (store->memory != NULL) munmap(store->memory, store->memory_bytes);
    store->memory = NULL;
}

size_t rate_store_bytes(const struct rate_store *store) {
    size_t log = store->count < store->log_max ? store->count : store->log_max;
    return store->capacity * sizeof *store->entries + (store->count + log) * sizeof *store->cells +
           store->serials_used * (sizeof *store->positions + sizeof *store->places) +
           (store->floors.any ? store->floors.capacity * sizeof *store->floors.floors : 0);
}

/* --- keys --------------------------------------------------------------------------------------- */

static uint32_t new_serial(struct rate_store *store) {
    uint32_t serial = store->free_serial;
    if (serial == 0) return ++store->serials_used;
    store->free_serial = store->positions[serial];
    return serial;
}

void rate_store_make(struct rate_store *store, struct rate_entry *entry, const union rate_packed *key, uint32_t slot) {
    uint32_t serial = new_serial(store);
    ASSERT(store->keys_count < store->keys_max && serial <= store->keys_max);
    store->keys_count++;
    store->positions[serial] = (uint32_t)(entry - store->entries);
    *entry = (struct rate_entry){.key = *key, .serial = serial, .slot = slot};
    entry->key.beside = RATE_TRUST_MAX;
    if (slot < store->oldest_slot) store->oldest_slot = slot;
}

/* Takes the entries of places [from, to) away; keys wait in the room for sorting. */
static uint32_t take_away(struct rate_store *store, uint32_t from, uint32_t to) {
    struct rate_entry *waiting = (struct rate_entry *)(void *)store->scratch;
    uint32_t count = 0;
    ASSERT(store->keys_count * sizeof *waiting <= store->log_max * sizeof *store->scratch);
    for (uint32_t i = from; i < to; i++) {
        if (store->entries[i].serial == 0) continue;
        waiting[count++] = store->entries[i];
        store->entries[i].serial = 0;
    }
    return count;
}

static void put_back(struct rate_store *store, uint32_t count) {
    const struct rate_entry *waiting = (const struct rate_entry *)(const void *)store->scratch;
    for (uint32_t i = 0; i < count; i++) {
        union rate_packed key = waiting[i].key;
        key.beside = 0;
        uint32_t at = rate_store_home(store, rate_store_hash(store, &key));
        while (store->entries[at].serial != 0) at = at + 1 < store->capacity ? at + 1 : 0;
        store->entries[at] = waiting[i];
        store->positions[waiting[i].serial] = at;
    }
}

/* Twice as many places. Entries stand in the order of their hashes and move up, some at a time from the end on, always whole runs of them:
 * so the places that their new ones are looked for in are free or have new ones, and those that come round to the beginning move on later. */
static void widen(struct rate_store *store) {
    uint32_t from, to = store->capacity;
    ASSERT(2 * store->capacity <= store->capacity_max);
    store->capacity *= 2;
    if (store->capacity * sizeof *store->entries > PAGE_BYTES_LARGE)
        want_large_pages(store->entries, store->entries + store->capacity);
    for (; to > 0; to = from) {
        from = to > MOVED_AT_ONCE ? to - MOVED_AT_ONCE : 0;
        while (from > 0 && store->entries[from - 1].serial != 0) from--;
        put_back(store, take_away(store, from, to));
    }
}

/* Fewer places, the others in no pages. */
static void narrow(struct rate_store *store, uint32_t capacity) {
    uint32_t count = take_away(store, 0, store->capacity);
    uintptr_t page = PAGE_BYTES - 1, first = ((uintptr_t)(store->entries + capacity) + page) & ~page,
              last = (uintptr_t)(store->entries + store->capacity) & ~page;
    ASSERT(count < capacity);
    if (first < last) ASSERT(madvise((void *)first, last - first, MADV_DONTNEED) == 0);
    store->capacity = capacity;
    put_back(store, count);
}

/* --- cells -------------------------------------------------------------------------------------- */

/* One cell for each key and slot of the first `count`; those that are new get what the slot's floor may hide. */
static uint32_t unite(struct rate_store *store, uint32_t count) {
    struct rate_cell *cells = store->cells;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct rate_cell cell = cells[i];
        if (kept > 0 && cells[kept - 1].id == cell.id && cells[kept - 1].slot == cell.slot) {
            rate_cell_add(&cells[kept - 1], &cell);
            continue;
        }
        if (!cell.settled && store->floors.any) {
            cell.error = rate_floor(&store->floors, rate_cell_table(&cell), cell.slot);
            cell.requests = rate_sum_32(cell.requests, cell.error);
        }
        cell.settled = 1;
        cells[kept++] = cell;
    }
    return kept;
}

/* The log becomes part of the sorted cells. */
static void settle(struct rate_store *store) {
    struct rate_cell *log = store->cells + store->sorted;
    uint32_t log_count = store->count - store->sorted;
    ASSERT(log_count <= store->log_max);
    if (log_count == 0) return;
    struct rate_cell *sorted = rate_cells_sort(log, store->scratch, log_count, !store->disordered);
    if (store->sorted != 0 && sorted == log) sorted = memcpy(store->scratch, log, log_count * sizeof *log);
    if (store->sorted != 0)
        rate_cells_merge(store->cells, store->sorted, sorted, log_count);
    else if (sorted != log)
        memcpy(log, sorted, log_count * sizeof *log);
    store->sorted = store->count = unite(store, store->count);
    store->disordered = false;
}

/* What entries count goes to the log. */
static void flush(struct rate_store *store) {
    for (uint32_t i = 0; i < store->capacity; i++) {
        struct rate_entry *entry = &store->entries[i];
        if (entry->serial != 0 && entry->requests != 0) rate_store_push(store, entry);
    }
}

void rate_store_collect(struct rate_store *store) {
    if (store->count - store->sorted + store->keys_count > store->log_max) settle(store);
    flush(store);
    settle(store);
}

/* Room for the log and for all that entries count, behind the sorted cells. */
static bool is_full(const struct rate_store *store, uint32_t more) {
    return store->sorted > store->cells_max - 2 * store->log_max || store->keys_count + more > store->keys_max;
}

bool rate_store_make_room(struct rate_store *store, uint32_t more) {
    bool trimmed = false;
    ASSERT(4 * more <= store->keys_max);
    if (store->count - store->sorted + more > store->log_max) settle(store);
    if (is_full(store, more)) {
        rate_store_collect(store);
        if (is_full(store, more)) {
            rate_store_trim(store);
            trimmed = true;
        }
    }
    while (store->keys_count + more > store->capacity / 4 * 3) widen(store);
    return trimmed;
}

/* Nothing is in what is behind the cells, up to the end of the room for sorting. */
static void give_back(struct rate_store *store) {
    uintptr_t page = PAGE_BYTES - 1, first = ((uintptr_t)(store->cells + store->count) + page) & ~page,
              last = (uintptr_t)(store->scratch + store->log_max) & ~page;
    if (first < last) (void)madvise((void *)first, last - first, MADV_DONTNEED);
}

bool rate_store_shrink(struct rate_store *store) {
    rate_store_collect(store);
    if (!rate_store_halve(store)) return false;
    uint32_t capacity = store->capacity;
    while (capacity >= 4 * CAPACITY_MIN && store->keys_count < capacity / 4) capacity /= 2;
    if (capacity < store->capacity) narrow(store, capacity);
    give_back(store);
    return true;
}

static uint32_t oldest_of(const struct rate_store *store) {
    uint32_t oldest = RATE_SLOT_NONE;
    for (uint32_t i = 0; i < store->sorted; i++)
        if (store->cells[i].slot < oldest) oldest = store->cells[i].slot;
    return oldest;
}

void rate_store_forget(struct rate_store *store, uint32_t before) {
    uint32_t kept = 0;
    ASSERT(store->sorted == store->count);
    if (store->oldest_slot >= before) return;
    for (uint32_t i = 0; i < store->count; i++)
        if (store->cells[i].slot >= before) store->cells[kept++] = store->cells[i];
    bool many = (store->count - kept) * sizeof *store->cells > PAGE_BYTES_LARGE && kept < store->count / 2;
    store->sorted = store->count = kept;
    rate_floors_forget(&store->floors, before);
    rate_store_sweep(store);
    store->oldest_slot = oldest_of(store);
    if (many) give_back(store);
}

struct rate_range rate_store_table(const struct rate_store *store, uint32_t table) {
    uint32_t to = table + 1 < 1u << (32 - RATE_SERIAL_BITS)
                      ? rate_cells_find(store->cells, store->sorted, (table + 1) << RATE_SERIAL_BITS, 0)
                      : store->sorted;
    return (struct rate_range){rate_cells_find(store->cells, store->sorted, table << RATE_SERIAL_BITS, 0), to};
}
