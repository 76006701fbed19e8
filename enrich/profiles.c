/* Memory is reserved at once, for the keys that there may be; pages of it are taken when they are used.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#define XXH_INLINE_ALL /* the length is known */
#include "enrich/profiles.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/check.h"

#define CELLS_BYTES (PROFILE_CELLS * sizeof(uint64_t))

/* --- life ------------------------------------------------------------------------------------------- */

static void *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

bool profiles_init(struct profiles *profiles, const struct profiles_request *request) {
    const size_t capacity = request->capacity;
    uint32_t places = 64;
    while (places < 2 * capacity) places *= 2;
    *profiles = (struct profiles){
        .capacity = request->capacity, .index_mask = places - 1, .keeps_largest = request->keeps_largest};
    if (getrandom(&profiles->seed, sizeof profiles->seed, GRND_NONBLOCK) < 0) profiles->seed = (uintptr_t)profiles;
    profiles->counters = reserve(capacity * sizeof *profiles->counters);
    profiles->free_counters = reserve(capacity * sizeof *profiles->free_counters);
    profiles->free_blocks = reserve(capacity * sizeof *profiles->free_blocks);
    profiles->index = reserve(places * sizeof *profiles->index);
    profiles->cells = reserve(capacity * CELLS_BYTES);
    if (request->counts_bytes) profiles->bytes = reserve(capacity * CELLS_BYTES);
    return profiles->counters != NULL && profiles->free_counters != NULL && profiles->free_blocks != NULL &&
           profiles->index != NULL && profiles->cells != NULL && (profiles->bytes != NULL || !request->counts_bytes);
}

static void give_back(void *memory, size_t bytes) {
    if (memory != NULL) ASSERT(munmap(memory, bytes) == 0);
}

void profiles_destroy(struct profiles *profiles) {
    const size_t capacity = profiles->capacity;
    give_back(profiles->counters, capacity * sizeof *profiles->counters);
    give_back(profiles->free_counters, capacity * sizeof *profiles->free_counters);
    give_back(profiles->free_blocks, capacity * sizeof *profiles->free_blocks);
    give_back(profiles->index, ((size_t)profiles->index_mask + 1) * sizeof *profiles->index);
    give_back(profiles->cells, capacity * CELLS_BYTES);
    give_back(profiles->bytes, capacity * CELLS_BYTES);
    *profiles = (struct profiles){0};
}

/* --- cells ------------------------------------------------------------------------------------------ */

static uint64_t *cells_of(const struct profiles *profiles, const struct profile *profile) {
    return profiles->cells + (size_t)(profile->block - 1) * PROFILE_CELLS;
}

static uint64_t *bytes_of(const struct profiles *profiles, const struct profile *profile) {
    return profiles->bytes + (size_t)(profile->block - 1) * PROFILE_CELLS;
}

/* There are as many as counters, so there is one. */
static void take_block(struct profiles *profiles, struct profile *profile) {
    uint32_t number = profiles->free_blocks_count > 0 ? profiles->free_blocks[--profiles->free_blocks_count]
                                                      : profiles->blocks_count++;
    profile->block = number + 1;
    uint64_t *cells = cells_of(profiles, profile);
    for (uint32_t i = 0; i < profile->few_count; i++) cells[profile->few[i]]++;
}

void profiles_count(struct profiles *profiles, struct profile *profile, uint32_t cell, uint64_t bytes) {
    profile->count++;
    if (profile->block == 0 && profiles->bytes == NULL && profile->few_count < PROFILE_FEW) {
        profile->few[profile->few_count++] = (uint16_t)cell;
        return;
    }
    if (profile->block == 0) take_block(profiles, profile);
    cells_of(profiles, profile)[cell]++;
    if (profiles->bytes != NULL) bytes_of(profiles, profile)[cell] += bytes;
}

void profile_add_cells(const struct profiles *profiles, const struct profile *profile, uint64_t cells[PROFILE_CELLS]) {
    const uint64_t *own = profile->block != 0 ? cells_of(profiles, profile) : NULL;
    for (uint32_t i = 0; i < PROFILE_CELLS && own != NULL; i++) cells[i] += own[i];
    for (uint32_t i = 0; i < profile->few_count && own == NULL; i++) cells[profile->few[i]]++;
}

void profile_add_bytes(const struct profiles *profiles, const struct profile *profile, uint64_t bytes[PROFILE_CELLS]) {
    ASSERT(profiles->bytes != NULL);
    for (uint32_t i = 0; i < PROFILE_CELLS && profile->block != 0; i++) bytes[i] += bytes_of(profiles, profile)[i];
}

/* Where a cell is with another step. */
struct moves {
    uint16_t to[PROFILE_CELLS];
};

static struct moves moves_of(const struct time_axis *from, const struct time_axis *to) {
    struct moves moves = {{0}};
    for (int64_t column = from->first; column <= from->last; column++)
        for (uint32_t i = 0; i < STATUS_CLASSES; i++)
            moves.to[time_axis_place(column) * STATUS_CLASSES + i] =
                (uint16_t)(time_axis_place(time_axis_column(to, column * from->step_s)) * STATUS_CLASSES + i);
    return moves;
}

static void move_cells(uint64_t *cells, const struct moves *moves) {
    uint64_t moved[PROFILE_CELLS] = {0};
    for (uint32_t i = 0; i < PROFILE_CELLS; i++) moved[moves->to[i]] += cells[i];
    memcpy(cells, moved, sizeof moved);
}

void profiles_widen(struct profiles *profiles, const struct time_axis *from, const struct time_axis *to) {
    const struct moves moves = moves_of(from, to);
    for (uint32_t i = 0; i < profiles->counters_count; i++) {
        struct profile *profile = &profiles->counters[i];
        if (profile->count == 0) continue; /* it is free */
        for (uint32_t few = 0; few < profile->few_count; few++) profile->few[few] = moves.to[profile->few[few]];
        if (profile->block == 0) continue;
        move_cells(cells_of(profiles, profile), &moves);
        if (profiles->bytes != NULL) move_cells(bytes_of(profiles, profile), &moves);
    }
}

/* --- keys ------------------------------------------------------------------------------------------- */

uint64_t profiles_hash(const struct profiles *profiles, const struct profile_key *key) {
    return XXH3_64bits_withSeed(key, sizeof *key, profiles->seed);
}

static inline bool same_key(const struct profile_key *a, const struct profile_key *b) {
    uint64_t left[2], right[2];
    memcpy(left, &a->ip, sizeof left);
    memcpy(right, &b->ip, sizeof right);
    return a->rest == b->rest && left[0] == right[0] && left[1] == right[1];
}

/* A place in the index: bits of the hash that it is not found by, so that few other keys are looked at, and the number. */
static inline uint64_t entry_of(uint64_t hash, uint32_t number) {
    return (hash & 0xffffffff00000000u) | (number + 1);
}

static uint64_t *place_of(const struct profiles *profiles, const struct profile_key *key, uint64_t hash) {
    for (uint64_t at = hash;; at++) {
        uint64_t *place = &profiles->index[at & profiles->index_mask];
        if (*place == 0) return place;
        if ((*place ^ hash) >> 32 == 0 && same_key(&profiles->counters[(uint32_t)*place - 1].key, key)) return place;
    }
}

static void forget(struct profiles *profiles, struct profile *profile) {
    if (profile->block != 0) {
        memset(cells_of(profiles, profile), 0, CELLS_BYTES);
        if (profiles->bytes != NULL) memset(bytes_of(profiles, profile), 0, CELLS_BYTES);
        profiles->free_blocks[profiles->free_blocks_count++] = profile->block - 1;
    }
    profile->count = 0;
    profiles->free_counters[profiles->free_counters_count++] = (uint32_t)(profile - profiles->counters);
    profiles->used--;
}

/* Puts the numbers in an order in which the one at `wanted` is where it were if they were sorted, the largest first, and returns it. */
static uint64_t select_largest(uint64_t *numbers, uint32_t count, uint32_t wanted) {
    for (uint32_t from = 0, to = count - 1; from < to;) {
        uint64_t middle = numbers[from + (to - from) / 2];
        uint32_t left = from, right = to;
        for (;; left++, right--) {
            while (numbers[left] > middle) left++;
            while (numbers[right] < middle) right--;
            if (left >= right) break;
            uint64_t number = numbers[left];
            numbers[left] = numbers[right];
            numbers[right] = number;
        }
        if (wanted <= right)
            to = right;
        else
            from = right + 1;
    }
    return numbers[wanted];
}

/* False: there is no memory for it. */
static bool drop_smaller_half(struct profiles *profiles) {
    uint64_t *counts = malloc(profiles->capacity * sizeof *counts);
    uint32_t count = 0;
    if (counts == NULL) return false;
    for (uint32_t i = 0; i < profiles->counters_count; i++)
        if (profiles->counters[i].count > 0) counts[count++] = profiles->counters[i].count;
    profiles->floor = select_largest(counts, count, profiles->capacity / 2);
    free(counts);
    memset(profiles->index, 0, ((size_t)profiles->index_mask + 1) * sizeof *profiles->index);
    for (uint32_t i = 0; i < profiles->counters_count; i++) {
        struct profile *profile = &profiles->counters[i];
        if (profile->count == 0) continue;
        uint64_t hash = profiles_hash(profiles, &profile->key);
        if (profile->count <= profiles->floor)
            forget(profiles, profile);
        else
            *place_of(profiles, &profile->key, hash) = entry_of(hash, i);
    }
    return true;
}

struct profile *profiles_find(struct profiles *profiles, const struct profile_key *key, uint64_t hash, bool *is_new) {
    uint64_t *place = place_of(profiles, key, hash);
    *is_new = *place == 0;
    if (*place != 0) return &profiles->counters[(uint32_t)*place - 1];
    if (profiles->used == profiles->capacity) {
        if (!profiles->keeps_largest || !drop_smaller_half(profiles)) return NULL;
        place = place_of(profiles, key, hash);
    }
    uint32_t number = profiles->free_counters_count > 0 ? profiles->free_counters[--profiles->free_counters_count]
                                                        : profiles->counters_count++;
    profiles->used++;
    *place = entry_of(hash, number);
    struct profile *profile = &profiles->counters[number];
    *profile = (struct profile){.key = *key, .count = profiles->floor, .error = profiles->floor};
    return profile;
}

const struct profile *profiles_peek(const struct profiles *profiles, const struct profile_key *key, uint64_t hash) {
    uint64_t place = *place_of(profiles, key, hash);
    return place != 0 ? &profiles->counters[(uint32_t)place - 1] : NULL;
}

static int compare_keys(const struct profile_key *a, const struct profile_key *b) {
    int order = memcmp(&a->ip, &b->ip, sizeof a->ip);
    return order != 0 ? order : (a->rest > b->rest) - (a->rest < b->rest);
}

static int compare_profiles(const void *a, const void *b) {
    const struct profile *x = *(const struct profile *const *)a, *y = *(const struct profile *const *)b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : compare_keys(&x->key, &y->key);
}

uint32_t profiles_sort(const struct profiles *profiles, const struct profile **sorted, uint32_t sorted_max) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < profiles->counters_count && count < sorted_max; i++)
        if (profiles->counters[i].count > 0) sorted[count++] = &profiles->counters[i];
    if (count > 0) qsort(sorted, count, sizeof *sorted, compare_profiles);
    return count;
}
