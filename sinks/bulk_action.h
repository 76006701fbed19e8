/* The line in front of each document of a `_bulk` body: create this document under this id (data streams take no other action, and a
 * document that is there already is not written again), or index it (it replaces one that is there already; with a version, one that has no
 * higher version: whoever comes late with less is told of a conflict, which is a duplicate as well).
 *
 * Threads: read-only after bulk_action_init. */
#ifndef WHEREFROM_BULK_ACTION_H
#define WHEREFROM_BULK_ACTION_H

#include "base/hash.h"
#include "base/timestamp.h"
#include "schemas/opensearch.h"

#define BULK_ACTION_BYTES_MAX 448u /* 255 of the name, 32 of the id, 19 of a version, and what is around them */

struct bulk_action {
    char text[BULK_ACTION_BYTES_MAX];
    uint32_t bytes;   /* the same for every document */
    uint32_t date;    /* where yyyy.MM.dd goes; 0: nowhere, the URL names the data stream */
    uint32_t id;      /* where the id goes; 0: nowhere */
    uint32_t version; /* where a version goes; 0: nowhere */
};

enum bulk_verb { BULK_CREATE, BULK_INDEX, BULK_INDEX_VERSION };

void bulk_action_init(struct bulk_action *action, const struct opensearch_output *output, enum bulk_verb verb);

/* Writes action->bytes bytes, the last one an LF. */
void bulk_action_write(const struct bulk_action *action, const char id[HASH_ID_DIGITS], int64_t time_ns,
                       struct timestamp_cache *days, char *out);
/* Puts the version, at most INT64_MAX, into what bulk_action_write wrote. */
void bulk_action_set_version(const struct bulk_action *action, uint64_t version, char *out);

#endif
