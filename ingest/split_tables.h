/* What splitting needs beyond the formats' tables: log formats compiled, and keys of JSON objects by hash.
 *
 * Threads: made by the main thread, read-only after that. */
#ifndef WHEREFROM_SPLIT_TABLES_H
#define WHEREFROM_SPLIT_TABLES_H

#include "ingest/json_map.h"
#include "ingest/log_format.h"

struct split_tables {
    const struct wanted_headers *wanted;
    uint32_t log_formats_count;
    struct log_format log_formats[LOG_FORMATS_MAX]; /* of the table that has patterns, in its order */
    struct json_map json_maps[];                    /* one per format, as in schemas_all */
};

#endif
