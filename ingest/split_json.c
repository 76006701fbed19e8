/* A tree of JSON nodes, walked once along the map of its format's keys.
 *
 * Threads: a splitter belongs to one worker. */
#include "ingest/split_json.h"

#include "base/json.h"
#include "ingest/json_compact.h"
#include "ingest/split_tables.h"

/* Everything that one line's reading needs. */
struct reader {
    struct json_tree *tree;
    struct splitter *splitter;
    const struct json_map *map;
    struct record *record;
    struct spare *spare;
    uint64_t taken;  /* columns that have a value */
    uint64_t joined; /* those that have more than one */
    uint32_t headers_joined;
    uint32_t listed; /* node whose inside the second tree has; 0: none */
    bool headers_cut;
};

static struct slice text_of(const struct reader *reader, struct span span) {
    return record_text(reader->record, span);
}

/* The member of an object; NULL when there is none. */
static const struct json_node *find_member(const struct json_tree *tree, const char *text, uint32_t object,
                                           struct slice key) {
    const struct json_node *nodes = tree->nodes;
    if (nodes[object].kind != JSON_OBJECT) return NULL;
    for (uint32_t i = object + 1, end = nodes[object].next; i < end; i = nodes[i].next) {
        const char *found = text + nodes[i].key.offset; /* length and first byte tell nearly all others */
        if (nodes[i].key.length == key.len && found[0] == key.ptr[0] && memcmp(found, key.ptr, key.len) == 0)
            return &nodes[i];
    }
    return NULL;
}

/* --- which format? ------------------------------------------------------------------------------ */

/* "requestContext.elb": a member of a member; NULL when there is none. */
static const struct json_node *find_path(const struct json_tree *tree, const char *text, const char *path) {
    uint32_t object = 0;
    for (;;) {
        struct slice name = {path, 0};
        while (path[name.len] != '.' && path[name.len] != '\0') name.len++;
        const struct json_node *node = find_member(tree, text, object, name);
        if (node == NULL || path[name.len] == '\0') return node;
        object = (uint32_t)(node - tree->nodes);
        path += name.len + 1;
    }
}

static bool has_keys(const struct json_tree *tree, const char *text, const struct schema *schema) {
    if (schema->json_keys == NULL || schema->json_keys[0] == NULL) return false;
    for (const char *const *key = schema->json_keys; *key != NULL; key++)
        if (find_path(tree, text, *key) == NULL) return false;
    return true;
}

static const struct schema *find_schema(const struct json_tree *tree, const char *text) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (has_keys(tree, text, schemas_all[i])) return schemas_all[i];
    return NULL;
}

static bool is_line(const struct json_node *node) {
    return node != NULL && node->kind == JSON_STRING && node->text.length > 0;
}

/* What forwarders call the line that they carry; NULL when there is none. Of ECS's event.original it is known that it is whole, while
 * `message` may be what somebody made of it. */
static const struct json_node *find_wrapped(const struct json_tree *tree, const char *text) {
    static const char original[] = "event.original";
    static const char *const names[] = {"message", "log", "MESSAGE", "msg", "line"};
    const struct json_node *node = find_path(tree, text, original);
    if (!is_line(node)) node = find_member(tree, text, 0, slice_from(original));
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !is_line(node); i++)
        node = find_member(tree, text, 0, slice_from(names[i]));
    return is_line(node) ? node : NULL;
}

/* --- values ------------------------------------------------------------------------------------- */

/* A string as JSON, quotes and all; empty when there is no room. */
static struct span quoted(struct reader *reader, const struct json_node *node) {
    if (!node->decoded) return (struct span){node->text.offset - 1, node->text.length + 2};
    char *out = spare_room(reader->spare, JSON_EXPANSION * (size_t)node->text.length + 2);
    bool lossy = false;
    if (out == NULL) return (struct span){0, 0};
    return spare_take(reader->spare, json_quote(out, text_of(reader, node->text), JSON_VERBATIM, &lossy));
}

/* "a, b", with as much room again behind it, so that a header that comes very often is not copied each time; how much stands in front
 * of it, where it `grew` before. Without room the line cannot be told: what counts stands at the end. */
static void join(struct reader *reader, struct span *value, struct span more, bool grew) {
    char *text = reader->spare->text;
    uint32_t room = 0, bytes = value->length + 2 + more.length;
    if (grew) memcpy(&room, text + value->offset - sizeof room, sizeof room);
    if (bytes > room) {
        room = 2 * bytes;
        char *out = spare_room(reader->spare, sizeof room + room);
        if (out == NULL) {
            reader->headers_cut = true;
            return;
        }
        memcpy(out, &room, sizeof room);
        memcpy(out + sizeof room, text + value->offset, value->length);
        value->offset = spare_take(reader->spare, out + sizeof room + room).offset + (uint32_t)sizeof room;
    }
    memcpy(text + value->offset + value->length, ", ", 2);
    memcpy(text + value->offset + value->length + 2, text + more.offset, more.length);
    value->length = bytes;
}

/* What separates the items of a list in a text of this kind. */
static struct slice separator_of(enum field_kind kind) {
    return kind == FIELD_TEXTS_SPACE || kind == FIELD_INTEGERS_SPACE ? SLICE(" ")
           : kind == FIELD_TEXTS_COMMA || kind == FIELD_TEXTS_QUOTED ? SLICE(",")
                                                                     : SLICE(", ");
}

/* A list of strings and numbers as one text; false for any other list. */
static bool join_list(struct reader *reader, uint32_t list, struct slice separator, struct span *joined) {
    const struct json_node *nodes = reader->tree->nodes;
    if (nodes[list].skipped || nodes[list].next == list + 1) return false;
    for (uint32_t i = list + 1; i < nodes[list].next; i = nodes[i].next)
        if (nodes[i].kind != JSON_STRING && nodes[i].kind != JSON_NUMBER) return false;
    size_t bytes = 0;
    for (uint32_t i = list + 1; i < nodes[list].next; i = nodes[i].next) bytes += nodes[i].text.length + 2;
    char *start = spare_room(reader->spare, bytes), *out = start;
    if (out == NULL) return false;
    for (uint32_t i = list + 1; i < nodes[list].next; i = nodes[i].next) {
        if (out > start) out = (char *)memcpy(out, separator.ptr, separator.len) + separator.len;
        out = (char *)memcpy(out, reader->record->text + nodes[i].text.offset, nodes[i].text.length) +
              nodes[i].text.length;
    }
    *joined = spare_take(reader->spare, out);
    return true;
}

static bool is_empty(const struct json_tree *tree, uint32_t index) {
    const struct json_node *node = &tree->nodes[index];
    return node->kind == JSON_NULL || (node->kind >= JSON_ARRAY && node->next == index + 1 && !node->skipped);
}

/* Any JSON as it came, but in one line: what a forwarder has wrapped may be spread over several. Between values a line's end is a
 * blank like any other, and inside strings there is none. */
static struct span in_one_line(struct reader *reader, struct span value) {
    struct slice text = text_of(reader, value);
    if (memchr(text.ptr, '\n', text.len) == NULL && memchr(text.ptr, '\r', text.len) == NULL) return value;
    char *out = spare_room(reader->spare, text.len);
    if (out == NULL) return (struct span){0, 0};
    for (size_t i = 0; i < text.len; i++) out[i] = text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i];
    return spare_take(reader->spare, out + text.len);
}

/* A value as the text of a column. */
static struct span value_of(struct reader *reader, uint32_t index, enum field_kind kind) {
    const struct json_node *node = &reader->tree->nodes[index];
    struct span joined;
    if (is_empty(reader->tree, index)) return (struct span){0, 0};
    if (node->kind < JSON_ARRAY)
        return kind == FIELD_JSON && node->kind == JSON_STRING && node->text.length > 0 ? quoted(reader, node)
                                                                                        : node->text;
    if (kind != FIELD_JSON) {
        if (node->kind == JSON_ARRAY && join_list(reader, index, separator_of(kind), &joined)) return joined;
        reader->record->plain = false; /* a text with quotes in it */
        if (!reader->tree->changed) return node->text;
    }
    bool listed = node->skipped && index == reader->listed;
    const struct json_tree *tree = listed ? &reader->splitter->trees[1] : reader->tree;
    return in_one_line(reader, json_compact(tree, reader->record->text, listed ? 0 : index, reader->spare));
}

/* `name=value`; empty when that is null, or when there is no room. */
static struct span put_named(struct reader *reader, struct slice around, uint32_t index, struct span value) {
    struct span key = reader->tree->nodes[index].key;
    if (is_empty(reader->tree, index) || record_null(reader->record, value)) return (struct span){0, 0};
    return spare_put_named(reader->spare, around, text_of(reader, key), text_of(reader, value));
}

/* A value behind the columns. Beyond FIELDS_MAX they are counted, which rejects the line. */
static void add_extra(struct reader *reader, struct slice around, uint32_t index, struct span value) {
    struct record *record = reader->record;
    struct span span = put_named(reader, around, index, value);
    if (span.length == 0) return;
    if (record->fields_count < FIELDS_MAX) record->fields[record->fields_count] = span;
    if (record->fields_count <= FIELDS_MAX) record->fields_count++;
}

/* --- members ------------------------------------------------------------------------------------ */

static void take_column(struct reader *reader, const struct json_map_key *key, uint32_t index, bool header,
                        struct slice around) {
    struct record *record = reader->record;
    struct span value = value_of(reader, index, record->schema->fields[key->column].kind);
    if ((reader->taken >> key->column & 1) == 0) {
        record->fields[key->column] = value;
        if (value.length > 0) reader->taken |= (uint64_t)1 << key->column;
    } else if (header && value.length > 0) {
        join(reader, &record->fields[key->column], value, (reader->joined >> key->column & 1) != 0);
        reader->joined |= (uint64_t)1 << key->column;
    } else if (!header) {
        add_extra(reader, around, index, value);
    }
}

/* In place of a secret: nothing that is written of the tree has it any more. */
static void hide(struct reader *reader, uint32_t index) {
    struct json_node *node = &reader->tree->nodes[index];
    size_t bytes = strlen(SECRET_REDACTED);
    char *out = spare_room(reader->spare, bytes);
    node->kind = out != NULL ? JSON_STRING : JSON_NULL;
    node->decoded = true;
    node->text = (struct span){0, 0};
    if (out != NULL) node->text = spare_take(reader->spare, (char *)memcpy(out, SECRET_REDACTED, bytes) + bytes);
    reader->tree->changed = true;
}

/* A header that chains look at. True: it is a secret, and no column may have it. */
static bool take_wanted(struct reader *reader, const struct json_map_key *key, uint32_t index) {
    if (key->wanted == WANTED_NONE) return false;
    struct record *record = reader->record;
    struct span value = value_of(reader, index, FIELD_TEXT), *header = &record->headers[key->wanted];
    bool again = (record->headers_found >> key->wanted & 1) != 0;
    if (value.length == 0) return false;
    if (again) {
        join(reader, header, value, (reader->headers_joined >> key->wanted & 1) != 0);
        reader->headers_joined |= 1u << key->wanted;
    } else {
        *header = value;
        record->headers_found |= 1u << key->wanted;
    }
    bool secret = reader->splitter->tables->wanted->items[key->wanted].secret;
    if (secret) hide(reader, index);
    return secret;
}

static bool any_skipped(const struct json_tree *tree) {
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].skipped) return true;
    return false;
}

/* A header by its name in any case. */
static void take_header(struct reader *reader, uint8_t level, struct slice name, uint32_t value) {
    char lower[HEADER_NAME_BYTES_MAX];
    if (name.len > sizeof lower) return;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
    const struct json_map_key *key = json_map_find(reader->map, level, (struct slice){lower, name.len});
    if (key != NULL && !take_wanted(reader, key, value) && key->column != JSON_MAP_NONE)
        take_column(reader, key, value, true, (struct slice){0});
}

/* {"name": "value"} or [{"name": ..., "value": ...}] */
static void take_listed_headers(struct reader *reader, uint8_t level, uint32_t headers) {
    const struct json_node *nodes = reader->tree->nodes;
    for (uint32_t i = headers + 1; i < nodes[headers].next; i = nodes[i].next) {
        if (nodes[headers].kind == JSON_OBJECT) {
            take_header(reader, level, text_of(reader, nodes[i].key), i);
            continue;
        }
        const struct json_node *name = find_member(reader->tree, reader->record->text, i, SLICE("name"));
        const struct json_node *value = find_member(reader->tree, reader->record->text, i, SLICE("value"));
        if (name != NULL && value != NULL && name->kind == JSON_STRING)
            take_header(reader, level, text_of(reader, name->text), (uint32_t)(value - nodes));
    }
}

/* Whoever sends very many headers shall not make us overlook one: then they are read as a tree of their own. */
static void take_headers(struct reader *reader, uint8_t level, uint32_t headers) {
    struct json_tree *line = reader->tree, *inner = &reader->splitter->trees[1];
    const char *expected;
    if (!line->nodes[headers].skipped) {
        take_listed_headers(reader, level, headers);
    } else if (json_tree_read_value(reader->splitter->json, reader->record->text, line->nodes[headers].text,
                                    reader->spare, inner, &expected) == JSON_GOOD) {
        reader->tree = inner;
        take_listed_headers(reader, level, 0);
        reader->tree = line;
        reader->listed = headers;
        if (!inner->plain) reader->record->plain = false;
        reader->headers_cut = inner->cut || any_skipped(inner);
    }
}

/* Objects that are still to be walked; a map has few levels, and each object of ours stands in another. */
struct pending {
    uint32_t object;
    uint8_t level;
    struct slice around; /* its name */
};

static void take_members(struct reader *reader) {
    struct pending todo[JSON_DEPTH_MAX];
    uint32_t todo_count = 1;
    const struct json_node *nodes = reader->tree->nodes;
    todo[0] = (struct pending){0};
    while (todo_count > 0) {
        struct pending now = todo[--todo_count];
        for (uint32_t i = now.object + 1; i < nodes[now.object].next; i = nodes[i].next) {
            const struct json_map_key *key = json_map_find(reader->map, now.level, text_of(reader, nodes[i].key));
            bool walked = key != NULL && key->inner != 0 &&
                          (nodes[i].kind == JSON_OBJECT || (nodes[i].kind == JSON_ARRAY && key->headers));
            if (key != NULL && take_wanted(reader, key, i)) continue;
            if (key == NULL || (key->column == JSON_MAP_NONE && !walked)) {
                add_extra(reader, now.around, i, nodes[i].text);
                continue;
            }
            if (walked && key->headers) /* before they are written as a whole: there may be secrets among them */
                take_headers(reader, key->inner, i);
            else if (walked && todo_count < JSON_DEPTH_MAX)
                todo[todo_count++] = (struct pending){i, key->inner, key->text};
            bool apart = walked && !key->headers; /* what is inside is taken by itself */
            if (key->column != JSON_MAP_NONE && !apart) take_column(reader, key, i, false, now.around);
        }
    }
}

/* --- what is around a line ----------------------------------------------------------------------- */

/* Puts the members of an object aside, but for the one that is, or has inside it, the line. */
static void put_aside(struct reader *reader, uint32_t object, const struct json_node *but) {
    struct around *aside = &reader->splitter->around;
    const struct json_node *nodes = reader->tree->nodes;
    struct slice name = object > 0 ? text_of(reader, nodes[object].key) : (struct slice){0};
    for (uint32_t i = object + 1; i < nodes[object].next && aside->count < FIELDS_MAX; i = nodes[i].next) {
        if (&nodes[i] == but) continue;
        struct span span = put_named(reader, name, i, nodes[i].text);
        if (span.length > 0) aside->items[aside->count++] = span;
    }
}

/* The line, and what is around it put aside. */
static struct span unwrap(struct reader *reader, const struct json_node *wrapped) {
    const struct json_node *nodes = reader->tree->nodes, *outer = wrapped;
    for (uint32_t i = 1; i < nodes[0].next; i = nodes[i].next)
        if (wrapped > &nodes[i] && wrapped < &nodes[nodes[i].next]) outer = &nodes[i];
    put_aside(reader, 0, outer);
    if (outer != wrapped) put_aside(reader, (uint32_t)(outer - nodes), wrapped);
    struct span line = wrapped->text;
    const char *text = reader->record->text + line.offset;
    while (line.length > 1 && (text[line.length - 1] == '\n' || text[line.length - 1] == '\r')) line.length--;
    return line;
}

void split_json_add_around(const struct splitter *splitter, struct record *record) {
    const struct around *around = &splitter->around;
    if (around->count == 0) return;
    if (record->fields_count < record->schema->fields_count) record->fields_count = record->schema->fields_count;
    for (uint32_t i = 0; i < around->count && record->fields_count < FIELDS_MAX; i++)
        record->fields[record->fields_count++] = around->items[i];
}

/* --- a line --------------------------------------------------------------------------------------- */

static const struct json_map *map_of(const struct split_tables *tables, const struct schema *schema) {
    const struct json_map *map = tables->json_maps;
    while (map->schema != schema) map++;
    return map;
}

static enum split_json_result rejected(struct reading *reading, enum reject_reason reason, const char *expected) {
    (void)reading_reject(reading, reason, expected);
    return SPLIT_JSON_REJECTED;
}

enum split_json_result split_json(struct splitter *splitter, const struct origin *origin, struct record *record,
                                  struct reading *reading, struct span *inner) {
    struct json_tree *tree = splitter->trees;
    const char *expected = "a JSON object";
    record->schema = reading->schema = origin->schema;
    record->fields_count = 0;
    record->headers_found = 0;
    record->list_cut = false;
    enum json_result result = json_tree_read(splitter->json, record->text, record->line, &splitter->spare, tree,
                                             &expected);
    if (result == JSON_TOO_DEEP) expected = "at most 64 levels";
    if (result != JSON_GOOD) return rejected(reading, REJECT_BAD_JSON, expected);
    if (tree->cut) return rejected(reading, REJECT_TOO_MANY_FIELDS, "fewer members");
    if (tree->repaired) record->flags |= 1u << RECORD_LOSSY;
    const struct schema *schema = origin->schema;
    bool of_keys = schema != NULL && has_keys(tree, record->text, schema);
    const struct json_node *wrapped = of_keys ? NULL : find_wrapped(tree, record->text);
    if (!of_keys && schema != NULL && origin->schema_fixed) {
        bool any_object = schema->json_keys != NULL && schema->json_keys[0] == NULL;
        if (schema->layout == LAYOUT_JSON && (any_object || wrapped == NULL)) of_keys = true;
    } else if (!of_keys) {
        schema = find_schema(tree, record->text);
        of_keys = schema != NULL;
    }
    struct reader reader = {.tree = tree, .splitter = splitter, .record = record, .spare = &splitter->spare};
    if (!of_keys && wrapped != NULL) {
        *inner = unwrap(&reader, wrapped);
        return SPLIT_JSON_WRAPPED;
    }
    if (schema == NULL || schema->json_keys == NULL)
        return rejected(reading, REJECT_UNKNOWN_FORMAT, "an object with the keys of a known format");
    reader.map = map_of(splitter->tables, schema);
    record->schema = reading->schema = schema;
    record->aws_escapes = false;
    record->plain = tree->plain;
    memset(record->fields, 0, schema->fields_count * sizeof record->fields[0]);
    record->fields_count = schema->fields_count;
    take_members(&reader);
    if (reader.headers_cut) return rejected(reading, REJECT_TOO_MANY_FIELDS, "fewer headers");
    if (record->fields_count > FIELDS_MAX) {
        record->fields_count = 0;
        return rejected(reading, REJECT_TOO_MANY_FIELDS, "at most 128 columns and members that no column takes");
    }
    return SPLIT_JSON_RECORD;
}
