/* A JSON value as it is written out: without what is null or empty, and no key twice in one object.
 *
 * Stores refuse a document with a key that comes twice, and what is null is absent everywhere else in a record.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_JSON_COMPACT_H
#define WHEREFROM_JSON_COMPACT_H

#include "ingest/json_tree.h"

/* The array or object at `index`: its own text when that is good already, else a copy in `spare`; of length 0 when nothing is left of
 * it. Of members that come twice the first one stays. The inside of a skipped value is copied as it is; without room in `spare`
 * (at most the length of the text) so is all of it, but of
 * a tree that was changed nothing is left then. */
struct span json_compact(const struct json_tree *tree, const char *text, uint32_t index, struct spare *spare);

#endif
