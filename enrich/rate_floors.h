/* What is known of counts that were dropped: of each table and slot a floor, above which none of them was.
 *
 * The number of floors is bounded. When slots are too many for it, as of lines with times all over the calendar, one floor of the table
 * serves all of its slots.
 *
 * Threads: see enrich/rate_count.h. */
#ifndef WHEREFROM_RATE_FLOORS_H
#define WHEREFROM_RATE_FLOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enrich/rate_plan.h"

/* Of one table and slot; the last four are for rate_store_trim. */
struct rate_floor {
    uint64_t place; /* table and slot, plus 1; 0: free */
    uint32_t floor;
    uint32_t count, from, threshold, ties;
};

struct rate_floors {
    struct rate_floor *floors; /* with linear probing */
    uint32_t count, capacity;
    uint32_t rest[RATE_TABLES_MAX]; /* of slots that have no floor of their own */
    bool of_table[RATE_TABLES_MAX]; /* something of that table was dropped */
    bool any;                       /* of any */
    bool together;                  /* slots are too many: `rest` is all there is */
    uint32_t highest;
};

/* Memory of `bytes_max`, zeroed, which the caller keeps. */
void rate_floors_init(struct rate_floors *floors, void *memory, size_t bytes_max);

/* Its floor, made when there is none; NULL: they are too many. */
struct rate_floor *rate_floors_make(struct rate_floors *floors, uint32_t table, uint32_t slot);

/* NULL: there is none. */
struct rate_floor *rate_floors_find(const struct rate_floors *floors, uint32_t table, uint32_t slot);

static inline uint32_t rate_floor(const struct rate_floors *floors, uint32_t table, uint32_t slot) {
    if (!floors->of_table[table]) return 0;
    const struct rate_floor *floor = rate_floors_find(floors, table, slot);
    return floor != NULL && floor->floor > floors->rest[table] ? floor->floor : floors->rest[table];
}

/* No key that is missing in the table's slot had more; it stays so whatever comes. */
void rate_floor_raise(struct rate_floors *floors, uint32_t table, struct rate_floor *floor, uint32_t to);

/* From now on one floor serves all slots of a table. */
void rate_floors_join(struct rate_floors *floors);

/* Drops those of slots before that one, and those that are 0. */
void rate_floors_forget(struct rate_floors *floors, uint32_t before);

#endif
