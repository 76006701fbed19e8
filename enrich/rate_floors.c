/* An array with open addressing; slots are no texts of a client, so a multiplication is hash enough.
 *
 * Threads: see the header. */
#include "enrich/rate_floors.h"

#include <string.h>

#include "base/check.h"

void rate_floors_init(struct rate_floors *floors, void *memory, size_t bytes_max) {
    size_t capacity = bytes_max / sizeof *floors->floors;
    ASSERT(capacity > RATE_TABLES_MAX && capacity < UINT32_MAX);
    *floors = (struct rate_floors){.floors = memory, .capacity = (uint32_t)capacity};
}

static uint64_t place_of(const struct rate_floors *floors, uint32_t table, uint32_t slot) {
    return ((uint64_t)table << 32 | (floors->together ? 0 : slot)) + 1;
}

static uint32_t home_of(const struct rate_floors *floors, uint64_t place) {
    return (uint32_t)((place * 0x9e3779b97f4a7c15u >> 32) * floors->capacity >> 32);
}

/* The floor, or a free place for it. */
static inline struct rate_floor *find(const struct rate_floors *floors, uint64_t place) {
    for (uint32_t at = home_of(floors, place);; at++) {
        if (at == floors->capacity) at = 0;
        struct rate_floor *floor = &floors->floors[at];
        if (floor->place == place || floor->place == 0) return floor;
    }
}

struct rate_floor *rate_floors_make(struct rate_floors *floors, uint32_t table, uint32_t slot) {
    uint64_t place = place_of(floors, table, slot);
    struct rate_floor *floor = find(floors, place);
    if (floor->place != 0) return floor;
    if (floors->count >= floors->capacity / 4 * 3 && !floors->together) return NULL;
    floors->count++;
    *floor = (struct rate_floor){.place = place, .floor = floors->rest[table]};
    return floor;
}

struct rate_floor *rate_floors_find(const struct rate_floors *floors, uint32_t table, uint32_t slot) {
    struct rate_floor *floor = find(floors, place_of(floors, table, slot));
    return floor->place != 0 ? floor : NULL;
}

void rate_floor_raise(struct rate_floors *floors, uint32_t table, struct rate_floor *floor, uint32_t to) {
    if (to > floor->floor) floor->floor = to;
    if (floors->together) floors->rest[table] = floor->floor;
    if (floor->floor > floors->highest) floors->highest = floor->floor;
    floors->of_table[table] = floors->any = true;
}

void rate_floors_join(struct rate_floors *floors) {
    ASSERT(!floors->together);
    for (uint32_t i = 0; i < floors->capacity; i++) {
        const struct rate_floor *floor = &floors->floors[i];
        uint32_t table = (uint32_t)((floor->place - 1) >> 32);
        if (floor->place != 0 && floor->floor > floors->rest[table]) floors->rest[table] = floor->floor;
    }
    memset(floors->floors, 0, floors->capacity * sizeof *floors->floors);
    floors->count = 0;
    floors->together = true;
}

void rate_floors_forget(struct rate_floors *floors, uint32_t before) {
    uint32_t start = 0;
    if (floors->together || floors->count == 0) return;
    while (floors->floors[start].place != 0)
        start++; /* there is a free one: what stands behind it was put there from its home on */
    for (uint32_t i = 1; i < floors->capacity; i++) {
        struct rate_floor *at = &floors->floors[(start + i) % floors->capacity], kept = *at;
        if (kept.place == 0) continue;
        at->place = 0;
        if (kept.floor == 0 || (uint32_t)(kept.place - 1) < before)
            floors->count--;
        else
            *find(floors, kept.place) = kept;
    }
}
