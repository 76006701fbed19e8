/* Keys of JSON objects, per format.
 *
 * Threads: read-only after it was made. */
#include "ingest/json_map.h"

#include "base/check.h"

static uint32_t hash(uint8_t level, struct slice key) {
    uint64_t sum = key.len * 0x9e3779b97f4a7c15u ^ level;
    for (size_t i = 0; i < key.len; i++) sum = (sum ^ (unsigned char)key.ptr[i]) * 0x100000001b3u;
    return (uint32_t)(sum >> 32 ^ sum);
}

const struct json_map_key *json_map_find(const struct json_map *map, uint8_t level, struct slice key) {
    for (uint32_t slot = hash(level, key) % JSON_MAP_SLOTS;; slot = (slot + 1) % JSON_MAP_SLOTS) {
        if (map->slots[slot] == 0) return NULL;
        const struct json_map_key *found = &map->keys[map->slots[slot] - 1];
        if (found->level == level && slice_equal(found->text, key)) return found;
    }
}

/* The key, added when it is new; NULL when there are too many. */
static struct json_map_key *put(struct json_map *map, uint8_t level, struct slice text) {
    struct json_map_key *key = (struct json_map_key *)json_map_find(map, level, text);
    if (key != NULL || map->keys_count == JSON_MAP_KEYS) return key;
    uint32_t slot = hash(level, text) % JSON_MAP_SLOTS;
    while (map->slots[slot] != 0) slot = (slot + 1) % JSON_MAP_SLOTS;
    key = &map->keys[map->keys_count++];
    map->slots[slot] = (uint16_t)map->keys_count;
    *key = (struct json_map_key){.text = text, .level = level, .column = JSON_MAP_NONE};
    return key;
}

static bool put_path(struct json_map *map, struct slice path, uint8_t column) {
    uint8_t level = 0;
    for (;;) {
        const char *dot = memchr(path.ptr, '.', path.len);
        struct slice name = {path.ptr, dot != NULL ? (size_t)(dot - path.ptr) : path.len};
        struct json_map_key *key = name.len > 0 ? put(map, level, name) : NULL;
        if (key == NULL) return false;
        if (dot == NULL) {
            if (key->column == JSON_MAP_NONE) key->column = column;
            return true;
        }
        if (key->inner == 0) {
            if (map->levels_count == UINT8_MAX) return false;
            key->inner = ++map->levels_count;
            key->headers = slice_equal(name, SLICE("headers"));
        }
        level = key->inner;
        path.ptr = dot + 1;
        path.len -= name.len + 1;
    }
}

/* The column's own name first, so that an alias never takes its place. AWS writes `client:port` as client_port. */
void json_map_init(struct json_map *map, const struct schema *schema) {
    *map = (struct json_map){.schema = schema};
    if (schema->json_keys == NULL) return;
    for (uint8_t i = 0; i < schema->fields_count; i++) {
        bool good = put_path(map, slice_from(schema->fields[i].name), i);
        ASSERT(good);
    }
    for (const struct field_alias *alias = schema->aliases; alias != NULL && alias->alias != NULL; alias++) {
        const struct json_map_key *object = json_map_find(map, 0, slice_from(alias->name));
        if (object != NULL && object->inner != 0) { /* of a whole object: all that is inside it */
            struct json_map_key *other = put(map, 0, slice_from(alias->alias));
            ASSERT(other != NULL);
            other->inner = object->inner;
            other->headers = object->headers;
        }
        for (uint8_t i = 0; i < schema->fields_count; i++) {
            if (strcmp(schema->fields[i].name, alias->name) != 0) continue;
            bool good = put_path(map, slice_from(alias->alias), i);
            ASSERT(good);
        }
    }
}

bool json_map_add(struct json_map *map, struct slice column_and_path) {
    const char *equals = memchr(column_and_path.ptr, '=', column_and_path.len);
    if (equals == NULL) return false;
    struct slice column = {column_and_path.ptr, (size_t)(equals - column_and_path.ptr)};
    struct slice path = {equals + 1, column_and_path.len - column.len - 1};
    for (uint8_t i = 0; i < map->schema->fields_count; i++)
        if (slice_equal(slice_from(map->schema->fields[i].name), column)) return put_path(map, path, i);
    return false;
}
