/* Made once, from the formats' tables.
 *
 * Threads: main thread at start. */
#include "ingest/split_tables.h"

#include <stdlib.h>

#include "ingest/split.h"

static enum status add_mapping(struct split_tables *tables, const struct option_list *ndjson, struct error *error) {
    for (uint32_t i = 0; i < schemas_count; i++) {
        if (strcmp(schemas_all[i]->name, "ndjson") != 0) continue;
        for (size_t j = 0; j < ndjson->count; j++)
            if (!json_map_add(&tables->json_maps[i], slice_from(ndjson->items[j])))
                return error_set(
                    error, STATUS_USAGE,
                    "--ndjson %s: expected COLUMN=PATH, such as peer=request.remote_ip; `wherefrom formats "
                    "ndjson` lists the columns",
                    ndjson->items[j]);
    }
    return STATUS_OK;
}

enum status split_tables_new(const struct option_list *ndjson, struct split_tables **result, struct error *error) {
    struct split_tables *tables = calloc(1, sizeof *tables + schemas_count * sizeof tables->json_maps[0]);
    if (tables == NULL) return error_set(error, STATUS_FAILED, "formats: out of memory");
    for (uint32_t i = 0; i < schemas_count; i++) {
        json_map_init(&tables->json_maps[i], schemas_all[i]);
        if (schemas_all[i]->patterns != NULL)
            tables->log_formats_count = log_format_compile_all(schemas_all[i], tables->log_formats);
    }
    enum status status = add_mapping(tables, ndjson, error);
    if (status != STATUS_OK) {
        free(tables);
        return status;
    }
    *result = tables;
    return STATUS_OK;
}

void split_tables_free(struct split_tables *tables) {
    free(tables);
}

bool splitter_use_tables(struct splitter *splitter, const struct split_tables *tables) {
    splitter->json = json_reader_new();
    splitter->trees = malloc(SPLIT_TREES * sizeof *splitter->trees);
    splitter->tables = tables;
    return splitter->json != NULL && splitter->trees != NULL;
}

void splitter_destroy(struct splitter *splitter) {
    json_reader_free(splitter->json);
    free(splitter->trees);
    splitter->json = NULL;
    splitter->trees = NULL;
}
