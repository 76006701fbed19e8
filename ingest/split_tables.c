/* Made once, from the formats' tables.
 *
 * Threads: main thread at start. */
#include "ingest/split_tables.h"

#include <stdlib.h>

#include "ingest/split.h"

/* `header.NAME=PATH`, or `column=path`. Headers that no chain looks at stay extras. */
static bool add_item(struct json_map *map, const struct wanted_headers *wanted, const char *item) {
    char lower[HEADER_NAME_BYTES_MAX];
    const char *equals = strchr(item, '=');
    size_t prefix = strlen("header.");
    if (strncmp(item, "header.", prefix) != 0) return json_map_add(map, slice_from(item));
    if (equals == NULL || equals[1] == '\0' || equals == item + prefix) return false;
    struct slice name = {lower, (size_t)(equals - item) - prefix};
    if (name.len > sizeof lower) return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = item[prefix + i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    uint8_t index = wanted_find(wanted, name);
    return index == WANTED_NONE || json_map_add_header(map, index, slice_from(equals + 1));
}

static enum status add_mapping(struct split_tables *tables, const struct option_list *ndjson, struct error *error) {
    for (uint32_t i = 0; i < schemas_count; i++) {
        if (strcmp(schemas_all[i]->name, "ndjson") != 0) continue;
        for (size_t j = 0; j < ndjson->count; j++)
            if (!add_item(&tables->json_maps[i], tables->wanted, ndjson->items[j]))
                return error_set(
                    error, STATUS_USAGE,
                    "--ndjson %s: expected COLUMN=PATH, such as peer=request.remote_ip, or header.NAME=PATH; "
                    "`wherefrom formats ndjson` lists the columns",
                    ndjson->items[j]);
    }
    return STATUS_OK;
}

enum status split_tables_new(const struct option_list *ndjson, const struct wanted_headers *wanted,
                             struct split_tables **result, struct error *error) {
    static const struct wanted_headers none;
    struct split_tables *tables = calloc(1, sizeof *tables + schemas_count * sizeof tables->json_maps[0]);
    if (tables == NULL) return error_set(error, STATUS_FAILED, "formats: out of memory");
    tables->wanted = wanted != NULL ? wanted : &none;
    for (uint32_t i = 0; i < schemas_count; i++) {
        json_map_init(&tables->json_maps[i], schemas_all[i]);
        if (schemas_all[i]->patterns != NULL)
            tables->log_formats_count = log_format_compile_all(schemas_all[i], tables->log_formats);
    }
    for (uint32_t i = 0; i < tables->log_formats_count; i++) log_format_want(&tables->log_formats[i], tables->wanted);
    enum status status = add_mapping(tables, ndjson, error);
    for (uint32_t i = 0; i < schemas_count && status == STATUS_OK; i++)
        if (schemas_all[i]->json_keys != NULL && !json_map_want(&tables->json_maps[i], tables->wanted))
            status = error_set(error, STATUS_USAGE, "--ndjson: more paths than there is room for");
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
