/* Keys of JSON objects, per format.
 *
 * Threads: read-only after it was made. */
#include "ingest/json_map.h"

#include "base/check.h"

/* Up to eight characters as a word, the first one lowest and zeros behind the last one. Nothing behind them is read, but some of
 * them twice. */
static inline uint64_t load_up_to_8(const char *text, size_t count) {
    uint64_t word = 0;
    if (count == 8) {
        memcpy(&word, text, sizeof word);
    } else if (count >= 4) {
        uint32_t first, last;
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + count - 4, sizeof last);
        word = first | (uint64_t)last << (8 * (count - 4));
    } else if (count > 0) {
        size_t middle = count / 2, last = count - 1;
        word = (uint64_t)(unsigned char)text[0] | (uint64_t)(unsigned char)text[middle] << (8 * middle) |
               (uint64_t)(unsigned char)text[last] << (8 * last);
    }
    return word;
}

/* A key with what it is found by: its first and its last eight bytes, which tell nearly all keys apart. (A hash of every byte and
 * memcmp took 149 instructions for a key of CloudFront's, this takes 63.) */
struct wanted {
    struct slice text;
    uint64_t first, last;
    uint32_t slot;
};

static inline struct wanted wanted_of(uint8_t level, struct slice key) {
    const uint64_t golden = 0x9e3779b97f4a7c15u;
    struct wanted wanted = {.text = key};
    wanted.first = wanted.last = load_up_to_8(key.ptr, key.len < 8 ? key.len : 8);
    if (key.len > 8) wanted.last = load_up_to_8(key.ptr + key.len - 8, 8);
    uint64_t sum = ((wanted.first * golden ^ wanted.last) + key.len + ((uint64_t)level << 32)) * golden;
    wanted.slot = (uint32_t)(sum >> 32) % JSON_MAP_SLOTS;
    return wanted;
}

static inline bool is_key(const struct json_map_key *key, uint8_t level, const struct wanted *wanted) {
    size_t bytes = wanted->text.len;
    return key->first == wanted->first && key->last == wanted->last && key->text.len == bytes && key->level == level &&
           (bytes <= 16 || memcmp(key->text.ptr + 8, wanted->text.ptr + 8, bytes - 16) == 0);
}

const struct json_map_key *json_map_find(const struct json_map *map, uint8_t level, struct slice key) {
    struct wanted wanted = wanted_of(level, key);
    for (uint32_t slot = wanted.slot;; slot = (slot + 1) % JSON_MAP_SLOTS) {
        if (map->slots[slot] == 0) return NULL;
        const struct json_map_key *found = &map->keys[map->slots[slot] - 1];
        if (is_key(found, level, &wanted)) return found;
    }
}

/* The key, added when it is new; NULL when there are too many. */
static struct json_map_key *put(struct json_map *map, uint8_t level, struct slice text) {
    struct json_map_key *key = (struct json_map_key *)json_map_find(map, level, text);
    if (key != NULL || map->keys_count == JSON_MAP_KEYS) return key;
    struct wanted wanted = wanted_of(level, text);
    uint32_t slot = wanted.slot;
    while (map->slots[slot] != 0) slot = (slot + 1) % JSON_MAP_SLOTS;
    key = &map->keys[map->keys_count++];
    map->slots[slot] = (uint16_t)map->keys_count;
    *key = (struct json_map_key){.text = text,
                                 .first = wanted.first,
                                 .last = wanted.last,
                                 .level = level,
                                 .column = JSON_MAP_NONE,
                                 .wanted = WANTED_NONE};
    return key;
}

/* A name of a header in small letters; empty when there is no room for it. */
static struct slice lowered(struct json_map *map, struct slice name) {
    bool capital = false;
    for (size_t i = 0; i < name.len; i++) capital = capital || (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z');
    if (!capital) return name;
    if (name.len > JSON_MAP_LOWER_BYTES - map->lower_bytes) return (struct slice){0};
    char *out = map->lower + map->lower_bytes;
    for (size_t i = 0; i < name.len; i++)
        out[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
    map->lower_bytes = (uint16_t)(map->lower_bytes + name.len);
    return (struct slice){out, name.len};
}

/* The key at the end of a path, made when it is new; NULL when it is no path, or when there are too many. */
static struct json_map_key *put_path(struct json_map *map, struct slice path) {
    uint8_t level = 0;
    bool headers = false;
    for (;;) {
        const char *dot = headers ? NULL : memchr(path.ptr, '.', path.len);
        struct slice name = {path.ptr, dot != NULL ? (size_t)(dot - path.ptr) : path.len};
        if (headers) name = lowered(map, name);
        struct json_map_key *key = name.len > 0 ? put(map, level, name) : NULL;
        if (key == NULL || dot == NULL) return key;
        if (key->inner == 0) {
            if (map->levels_count == UINT8_MAX) return NULL;
            key->inner = ++map->levels_count;
            key->headers = slice_equal(name, SLICE("headers"));
        }
        level = key->inner;
        headers = key->headers;
        path.ptr = dot + 1;
        path.len -= name.len + 1;
    }
}

static bool put_column(struct json_map *map, struct slice path, uint8_t column) {
    struct json_map_key *key = put_path(map, path);
    if (key != NULL && key->column == JSON_MAP_NONE) key->column = column;
    return key != NULL;
}

/* The column's own name first, so that an alias never takes its place. AWS writes `client:port` as client_port. */
void json_map_init(struct json_map *map, const struct schema *schema) {
    *map = (struct json_map){.schema = schema};
    if (schema->json_keys == NULL) return;
    for (uint8_t i = 0; i < schema->fields_count; i++) {
        bool good = put_column(map, slice_from(schema->fields[i].name), i);
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
            bool good = put_column(map, slice_from(alias->alias), i);
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
        if (slice_equal(slice_from(map->schema->fields[i].name), column)) return put_column(map, path, i);
    return false;
}

bool json_map_add_header(struct json_map *map, uint8_t wanted, struct slice path) {
    struct json_map_key *key = put_path(map, path);
    if (key != NULL) key->wanted = wanted;
    return key != NULL;
}

/* Whether the header is read from its column: what has one address and a role of its own. */
static bool is_evidence(const struct json_map *map, const struct json_map_key *key) {
    if (key->column == JSON_MAP_NONE) return false;
    enum field_role role = map->schema->fields[key->column].role;
    return role == ROLE_VIEWER || role == ROLE_REAL_IP;
}

bool json_map_want(struct json_map *map, const struct wanted_headers *wanted) {
    bool good = true;
    for (uint32_t i = 0; i < map->keys_count && good; i++) { /* keys added meanwhile have nothing inside */
        if (!map->keys[i].headers) continue;
        for (uint8_t j = 0; j < wanted->count && good; j++) {
            struct json_map_key *key = put(map, map->keys[i].inner, slice_from(wanted->items[j].name));
            if (key != NULL && (wanted->items[j].secret || !is_evidence(map, key))) key->wanted = j;
            good = key != NULL;
        }
    }
    for (uint8_t j = 0; map->schema->layout == LAYOUT_ENVOY && j < wanted->count && good; j++) {
        struct json_map_key *key = put(map, 0, slice_from(wanted->items[j].variable));
        if (key != NULL) key->wanted = j;
        good = key != NULL;
    }
    return good;
}
