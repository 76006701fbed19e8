/* Where `_bulk` requests go, and what is asked for with them: /NAME/_bulk?filter_path=..&pipeline=..&timeout=..; indices with a date stand in
 * the action lines, not here.
 *
 * Of a reply only what sinks/bulk_reply.h looks at is wanted. `timeout` is how long the server waits for a shard, a minute if it is not told:
 * it shall say what is missing before we take it to hang. Serverless collections have no shards to wait for, nor that parameter.
 *
 * Threads: pure function. */
#ifndef WHEREFROM_BULK_PATH_H
#define WHEREFROM_BULK_PATH_H

#include "schemas/opensearch.h"

/* To be freed; NULL: out of memory. */
char *bulk_path(const struct opensearch_output *output);

#endif
