/* An index with open addressing, never more than half full.
 *
 * Threads: see the header. */
#define XXH_INLINE_ALL
#include "enrich/name_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define PLACES_MIN 64u

bool name_table_init(struct name_table *table, size_t bytes_max) {
    *table = (struct name_table){.bytes_max = bytes_max, .index_mask = PLACES_MIN - 1};
    if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0) table->seed = (uintptr_t)table;
    table->names_room = PLACES_MIN / 2;
    table->names = malloc(table->names_room * sizeof *table->names);
    table->index = calloc(PLACES_MIN, sizeof *table->index);
    return table->names != NULL && table->index != NULL;
}

void name_table_destroy(struct name_table *table) {
    arena_destroy(&table->texts);
    free(table->names);
    free(table->index);
    *table = (struct name_table){0};
}

/* Where the name's number is, or the free place for it. */
static uint32_t *find(const struct name_table *table, struct slice name) {
    uint32_t at = (uint32_t)XXH3_64bits_withSeed(name.ptr, name.len, table->seed);
    for (;; at++) {
        uint32_t *place = &table->index[at & table->index_mask];
        if (*place == 0 || slice_equal(table->names[*place - 1], name)) return place;
    }
}

static bool grow(struct name_table *table) {
    uint32_t places = 2 * (table->index_mask + 1);
    struct slice *names = realloc(table->names, places / 2 * sizeof *names);
    if (names != NULL) table->names = names;
    uint32_t *index = calloc(places, sizeof *index);
    if (names == NULL || index == NULL) {
        free(index);
        return false;
    }
    free(table->index);
    table->index = index;
    table->index_mask = places - 1;
    table->names_room = places / 2;
    for (uint32_t i = 0; i < table->count; i++) *find(table, names[i]) = i + 1;
    return true;
}

static uint32_t add_new(struct name_table *table, struct slice name) {
    size_t bytes = name.len + 1 + sizeof(struct slice) + 2 * sizeof *table->index;
    if (bytes > table->bytes_max - table->used_bytes) return NAME_NONE;
    if (table->count == table->names_room && !grow(table)) return NAME_NONE;
    struct slice copy = arena_copy(&table->texts, name);
    if (copy.ptr == NULL) return NAME_NONE;
    table->used_bytes += bytes;
    table->names[table->count] = copy;
    *find(table, name) = table->count + 1;
    return table->count++;
}

uint32_t name_table_add(struct name_table *table, struct slice name) {
    if (table->count > 0 && slice_equal(table->names[table->last], name)) return table->last;
    uint32_t known = *find(table, name);
    uint32_t number = known != 0 ? known - 1 : add_new(table, name);
    if (number != NAME_NONE) table->last = number;
    return number;
}
