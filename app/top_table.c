/* Sorted twice; there are some thousand rows.
 *
 * Threads: one. */
#include "app/top_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/country.h"
#include "sinks/rate_document.h"

void top_table_destroy(struct top_table *table) {
    arena_destroy(&table->arena);
    free(table->entries);
    *table = (struct top_table){.entries = NULL};
}

void top_table_reset(struct top_table *table) {
    arena_reset(&table->arena);
    table->entries_count = 0;
}

static void add_entry(struct top_table *table, const struct top_entry *entry) {
    if (table->entries_count == table->entries_max) {
        table->entries_max = table->entries_max == 0 ? 256 : 2 * table->entries_max;
        table->entries = realloc(table->entries, table->entries_max * sizeof *table->entries);
        ASSERT(table->entries != NULL);
    }
    struct top_entry *copy = &table->entries[table->entries_count++];
    *copy = *entry;
    copy->key = arena_copy(&table->arena, entry->key);
    ASSERT(copy->key.ptr != NULL);
}

void top_table_add_row(struct top_table *table, const struct rate_settings *settings, const struct rate_row *row) {
    char key[RATE_KEY_BYTES_MAX];
    if (row->kind != RATE_TOP) return;
    const struct top_entry entry = {.key = {key, rate_key_write(settings, row->dim, &row->key, key)},
                                    .requests = row->requests,
                                    .error = row->error,
                                    .bytes = row->bytes,
                                    .status_4xx = row->status_4xx,
                                    .status_5xx = row->status_5xx,
                                    .end_s = row->time_s,
                                    .guaranteed = row->guaranteed,
                                    .country = row->has_place ? row->country : COUNTRY_NONE,
                                    .as_number = (row->dim->parts >> RATE_ASN & 1) != 0 ? row->key.as_number
                                                 : row->has_place                       ? row->as_number
                                                                                        : 0};
    add_entry(table, &entry);
}

void top_table_add(struct top_table *table, const struct top_table *other) {
    for (size_t i = 0; i < other->entries_count; i++) add_entry(table, &other->entries[i]);
}

static int compare_keys(struct slice a, struct slice b) {
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_key_and_time(const void *a, const void *b) {
    const struct top_entry *x = a, *y = b;
    int order = compare_keys(x->key, y->key);
    return order != 0 ? order : (x->end_s > y->end_s) - (x->end_s < y->end_s);
}

static int by_requests(const void *a, const void *b) {
    const struct top_entry *x = a, *y = b;
    if (x->requests != y->requests) return x->requests < y->requests ? 1 : -1;
    return compare_keys(x->key, y->key);
}

/* The place is that of the newer one, where both have one. */
static void merge(struct top_entry *into, const struct top_entry *newer) {
    into->requests += newer->requests;
    into->error += newer->error;
    into->bytes += newer->bytes;
    into->status_4xx += newer->status_4xx;
    into->status_5xx += newer->status_5xx;
    into->end_s = newer->end_s;
    into->guaranteed = into->guaranteed && newer->guaranteed;
    if (newer->country != COUNTRY_NONE) into->country = newer->country;
    if (newer->as_number != 0) into->as_number = newer->as_number;
}

void top_table_finish(struct top_table *table, bool busiest, size_t count) {
    struct top_entry *entries = table->entries;
    size_t kept = 0;
    if (table->entries_count == 0) return;
    qsort(entries, table->entries_count, sizeof *entries, by_key_and_time);
    for (size_t i = 1; i < table->entries_count; i++) {
        struct top_entry *last = &entries[kept];
        if (compare_keys(last->key, entries[i].key) != 0)
            entries[++kept] = entries[i];
        else if (!busiest)
            merge(last, &entries[i]);
        else if (entries[i].requests > last->requests)
            *last = entries[i];
    }
    table->entries_count = kept + 1;
    qsort(entries, table->entries_count, sizeof *entries, by_requests);
    if (table->entries_count > count) table->entries_count = count;
}
