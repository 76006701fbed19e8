/* What `wherefrom top` writes: a table for people, or a line of JSON a row.
 *
 * Threads: one. */
#ifndef WHEREFROM_TOP_PRINT_H
#define WHEREFROM_TOP_PRINT_H

#include <stdio.h>

#include "app/top_table.h"

struct top_print {
    const char *dim;   /* name of what is counted by */
    uint64_t total;    /* requests of all keys, of which rows have a share; 0: rows have none */
    double seconds;    /* that the requests of a row are of; 0: nobody knows */
    uint32_t window_s; /* a row is a window of that many seconds, and has a time; 0: it is not */
    bool approximate;
    size_t columns; /* of the screen, that no line may be longer than; 0: any */
    /* Name of a network, or "". */
    const char *(*as_name)(void *context, uint32_t number, char room[64]);
    void *context;
};

void top_print_table(const struct top_print *print, const struct top_table *table, FILE *out);
void top_print_json(const struct top_print *print, const struct top_table *table, FILE *out);

#endif
