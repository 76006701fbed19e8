/* Open addressing; what was removed leaves a mark until the table is made anew.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "ingest/pointer_table.h"

#include <stdlib.h>

#include "base/check.h"

#define ROOM_MIN 64u

static char removed; /* points to nothing that anybody has */

static void put(struct pointer_table *table, uint64_t hash, void *pointer) {
    size_t at = hash & (table->room - 1);
    while (table->slots[at].pointer != NULL) at = (at + 1) & (table->room - 1);
    table->slots[at] = (struct pointer_slot){.hash = hash, .pointer = pointer};
    table->used++;
    table->count++;
}

static bool make_room(struct pointer_table *table) {
    struct pointer_table bigger = {.room = ROOM_MIN};
    while (bigger.room < 2 * (table->count + 1)) bigger.room *= 2;
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (bigger.slots == NULL) return false;
    for (size_t i = 0; i < table->room; i++) {
        const struct pointer_slot *slot = &table->slots[i];
        if (slot->pointer != NULL && slot->pointer != &removed) put(&bigger, slot->hash, slot->pointer);
    }
    free(table->slots);
    *table = bigger;
    return true;
}

bool pointer_table_add(struct pointer_table *table, uint64_t hash, void *pointer) {
    if (4 * (table->used + 1) > 3 * table->room && !make_room(table)) return false;
    put(table, hash, pointer);
    return true;
}

void pointer_table_remove(struct pointer_table *table, uint64_t hash, const void *pointer) {
    size_t at = hash & (table->room - 1);
    while (table->slots[at].pointer != pointer) {
        ASSERT(table->slots[at].pointer != NULL);
        at = (at + 1) & (table->room - 1);
    }
    table->slots[at].pointer = &removed;
    table->count--;
}

void *pointer_table_next(const struct pointer_table *table, uint64_t hash, size_t *at) {
    while (*at < table->room) {
        const struct pointer_slot *slot = &table->slots[(hash + (*at)++) & (table->room - 1)];
        if (slot->pointer == NULL) return NULL;
        if (slot->hash == hash && slot->pointer != &removed) return slot->pointer;
    }
    return NULL;
}

void *pointer_table_walk(const struct pointer_table *table, size_t *at) {
    while (*at < table->room) {
        void *pointer = table->slots[(*at)++].pointer;
        if (pointer != NULL && pointer != &removed) return pointer;
    }
    return NULL;
}

void pointer_table_destroy(struct pointer_table *table) {
    free(table->slots);
    *table = (struct pointer_table){.slots = NULL};
}
