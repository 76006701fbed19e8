/* Rows of rates put together by their keys, and in order: what `wherefrom top` shows.
 *
 * Threads: one. */
#ifndef WHEREFROM_TOP_TABLE_H
#define WHEREFROM_TOP_TABLE_H

#include "base/arena.h"
#include "schemas/rate.h"

struct top_entry {
    struct slice key; /* sinks/rate_document.h, with a NUL behind it */
    uint64_t requests, error, bytes, status_4xx, status_5xx;
    int64_t end_s; /* of the window that they are of */
    bool guaranteed;
    uint16_t country; /* of the key's client, or of the key: COUNTRY_NONE, 0: nothing to say */
    uint32_t as_number;
};

struct top_table {
    struct arena arena; /* holds the keys */
    struct top_entry *entries;
    size_t entries_count, entries_max;
};

/* An empty one is all zero. */
void top_table_destroy(struct top_table *table);
void top_table_reset(struct top_table *table);

/* Puts a row, or what is in another table, behind the others. */
void top_table_add_row(struct top_table *table, const struct rate_settings *settings, const struct rate_row *row);
void top_table_add(struct top_table *table, const struct top_table *other);

/* Makes one entry of those with one key: their sum, or with `busiest` the one with the most requests (of equal ones the first in time).
 * The highest `count` of them stay, by requests and then key. */
void top_table_finish(struct top_table *table, bool busiest, size_t count);

#endif
