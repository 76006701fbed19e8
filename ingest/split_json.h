/* JSON lines -> columns, by the names of a format's table.
 *
 * Threads: a splitter belongs to one worker. */
#ifndef WHEREFROM_SPLIT_JSON_H
#define WHEREFROM_SPLIT_JSON_H

#include "ingest/split.h"

enum split_json_result {
    SPLIT_JSON_RECORD,   /* schema and columns are set; what they mean is still to be derived */
    SPLIT_JSON_WRAPPED,  /* the line proper is a text inside, at `inner` */
    SPLIT_JSON_REJECTED, /* `reading` says why */
};

/* Reads the object at record->line. Its format is what -f says, else the first one whose json_keys it all has. A value that no column
 * takes is kept as an extra, `name=value`; of a key that comes twice the first value counts, and the others are extras. A header
 * that comes several times is one value, joined by ", " (RFC 9110 section 5.3); of headers without a column of their own nothing
 * is kept but the values of those that chains look at; a secret among these is redacted wherever the tree is written. A list of strings is joined likewise. */
enum split_json_result split_json(struct splitter *splitter, const struct origin *origin, struct record *record,
                                  struct reading *reading, struct span *inner);

/* What is around a wrapped line that became a record, as extras of it: the members of all objects that split_json() unwrapped since
 * splitter->around was emptied, the outermost first. Those beyond FIELDS_MAX are left out. */
void split_json_add_around(const struct splitter *splitter, struct record *record);

#endif
