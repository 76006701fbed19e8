/* Where the values of a JSON object go: the paths of a format's columns as a tree, its keys found by hash.
 *
 *   httpRequest.clientIp            level 0: "httpRequest" -> level 1      level 1: "clientIp" -> column 14
 *   httpRequest.headers.host        level 1: "headers" -> level 2, which is a map of headers: its keys in lower case
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_JSON_MAP_H
#define WHEREFROM_JSON_MAP_H

#include "base/error.h"
#include "base/option.h"
#include "schemas/schema.h"
#include "schemas/wanted_headers.h"

#define JSON_MAP_KEYS 256u  /* of all levels of one format */
#define JSON_MAP_SLOTS 512u /* open addressing */
#define JSON_MAP_NONE UINT8_MAX
#define JSON_MAP_LOWER_BYTES 1024u

struct json_map_key {
    struct slice text;
    uint64_t first, last; /* words of it: all there is to compare of up to sixteen bytes */
    uint8_t level;        /* on which it stands */
    uint8_t column;       /* that takes the value; JSON_MAP_NONE: none */
    uint8_t inner;        /* level of what is inside; 0: none of ours */
    uint8_t wanted;       /* header that it is, for chains; WANTED_NONE: none of those */
    bool headers;         /* inside are HTTP headers: names in any case, several of one name joined */
};

struct json_map {
    const struct schema *schema;
    uint32_t keys_count;
    uint8_t levels_count;
    uint16_t lower_bytes;
    char lower[JSON_MAP_LOWER_BYTES]; /* names of headers that a path has with capitals */
    uint16_t slots[JSON_MAP_SLOTS];   /* index + 1; 0: free */
    struct json_map_key keys[JSON_MAP_KEYS];
};

/* By the names and aliases of the table's columns; a map without keys for a format that never is JSON. The names must outlive it. */
void json_map_init(struct json_map *map, const struct schema *schema);

/* The same with one more path for a column, given as `column=path`. False when there is no such column, no path, or too many. */
bool json_map_add(struct json_map *map, struct slice column_and_path) __attribute__((warn_unused_result));

/* The same with the path of a header that chains look at. */
bool json_map_add_header(struct json_map *map, uint8_t wanted, struct slice path) __attribute__((warn_unused_result));

/* Finds the headers that chains look at wherever the map has headers, and by their names as variables in Envoy's objects. After all
 * paths were added; false when there are too many. `wanted` must outlive the map. */
bool json_map_want(struct json_map *map, const struct wanted_headers *wanted) __attribute__((warn_unused_result));

/* NULL when the key is none of ours. */
const struct json_map_key *json_map_find(const struct json_map *map, uint8_t level, struct slice key);

#endif
