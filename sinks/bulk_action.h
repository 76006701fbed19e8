/* The line in front of each document of a `_bulk` body: create this document under this id (data streams take no other action, and a
 * document that is there already is not written again), or index it (it replaces one that is there already).
 *
 * Threads: read-only after bulk_action_init. */
#ifndef WHEREFROM_BULK_ACTION_H
#define WHEREFROM_BULK_ACTION_H

#include "base/hash.h"
#include "base/timestamp.h"
#include "schemas/opensearch.h"

#define BULK_ACTION_BYTES_MAX 384u /* 255 of the name, 32 of the id, and what is around them */

struct bulk_action {
    char text[BULK_ACTION_BYTES_MAX];
    uint32_t bytes; /* the same for every document */
    uint32_t date;  /* where yyyy.MM.dd goes; 0: nowhere, the URL names the data stream */
    uint32_t id;    /* where the id goes; 0: nowhere */
};

enum bulk_verb { BULK_CREATE, BULK_INDEX };

void bulk_action_init(struct bulk_action *action, const struct opensearch_output *output, enum bulk_verb verb);

/* Writes action->bytes bytes, the last one an LF. */
void bulk_action_write(const struct bulk_action *action, const char id[HASH_ID_DIGITS], int64_t time_ns,
                       struct timestamp_cache *days, char *out);

#endif
