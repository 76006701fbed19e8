/* The nodes, and how JSON becomes such. YAML's events are read in config/config_yaml.c.
 *
 * JSON is jansson's to read: RFC 8259 to the letter, and it can refuse a key that comes twice.
 *
 * Threads: see the header. */
#include "config/config_tree.h"

#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "schemas/limits.h"

struct config_node *config_node_new(struct arena *arena, enum config_kind kind, struct slice text,
                                    struct config_place place) {
    struct config_node *node = arena_take(arena, sizeof *node);
    if (node == NULL) return NULL;
    *node = (struct config_node){.kind = kind, .place = place};
    if (kind != CONFIG_TEXT) return node;
    node->text = arena_copy(arena, text);
    return node->text.ptr != NULL ? node : NULL;
}

void config_node_append(struct config_node *parent, struct config_node *node) {
    ASSERT((parent->kind == CONFIG_LIST || parent->kind == CONFIG_MAPPING) && node->parent == NULL);
    node->parent = parent;
    if (parent->last != NULL) {
        parent->last->next = node;
    } else {
        parent->first = node;
    }
    parent->last = node;
    parent->count++;
}

const struct config_node *config_node_member(const struct config_node *node, const char *key) {
    if (node->kind != CONFIG_MAPPING) return NULL;
    for (const struct config_node *member = node->first; member != NULL; member = member->next)
        if (slice_equal(member->key, slice_from(key))) return member;
    return NULL;
}

const char *config_node_kind_name(const struct config_node *node) {
    static const char *const names[] = {"nothing", "a text", "a list", "a mapping"};
    return names[node->kind];
}

static struct config_node *copy_one(struct arena *arena, const struct config_node *node) {
    struct config_node *copy = config_node_new(arena, node->kind, node->text, node->place);
    if (copy == NULL) return NULL;
    copy->key_place = node->key_place;
    if (node->key.ptr != NULL) copy->key = arena_copy(arena, node->key);
    return node->key.ptr == NULL || copy->key.ptr != NULL ? copy : NULL;
}

const struct config_node *config_node_copy(struct arena *arena, const struct config_node *root) {
    struct config_node *top = NULL, *around = NULL;
    for (const struct config_node *node = root;;) {
        struct config_node *copy = copy_one(arena, node);
        if (copy == NULL) return NULL;
        if (around != NULL) config_node_append(around, copy);
        if (top == NULL) top = copy;
        if (node->first != NULL) {
            around = copy;
            node = node->first;
            continue;
        }
        for (; node != root && node->next == NULL; node = node->parent) {
            if (node->parent == root) continue;
            ASSERT(around != NULL); /* of every node but the root */
            around = around->parent;
        }
        if (node == root) return top;
        node = node->next;
    }
}

/* --- JSON ----------------------------------------------------------------------------------------- */

/* An array or object on the way down, and how far it has been read. */
struct level {
    json_t *value;
    struct config_node *node;
    size_t index; /* of an array */
    void *member; /* of an object: jansson's iterator */
};

static struct config_node *from_value(struct arena *arena, const json_t *value) {
    char number[40];
    struct slice text = {0};
    enum config_kind kind = CONFIG_TEXT;
    switch (json_typeof(value)) {
    case JSON_OBJECT: kind = CONFIG_MAPPING; break;
    case JSON_ARRAY: kind = CONFIG_LIST; break;
    case JSON_NULL: kind = CONFIG_NULL; break;
    case JSON_TRUE: text = SLICE("true"); break;
    case JSON_FALSE: text = SLICE("false"); break;
    case JSON_STRING: text = (struct slice){json_string_value(value), json_string_length(value)}; break;
    case JSON_INTEGER:
        text = (struct slice){
            number, (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value))};
        break;
    case JSON_REAL:
        text = (struct slice){number, (size_t)snprintf(number, sizeof number, "%.15g", json_real_value(value))};
        break;
    }
    return config_node_new(arena, kind, text, (struct config_place){0});
}

/* The next value of an array or object, with its key; NULL: that was the last one. */
static json_t *next_value(struct level *level, struct slice *key) {
    *key = (struct slice){0};
    if (json_is_array(level->value)) return json_array_get(level->value, level->index++);
    level->member = level->member == NULL ? json_object_iter(level->value)
                                          : json_object_iter_next(level->value, level->member);
    if (level->member == NULL) return NULL;
    *key = (struct slice){json_object_iter_key(level->member), json_object_iter_key_len(level->member)};
    return json_object_iter_value(level->member);
}

static enum status convert(struct arena *arena, json_t *json, const struct config_node **root, struct error *error) {
    struct level levels[CONFIG_DEPTH_MAX];
    size_t depth = 1;
    levels[0] = (struct level){.value = json, .node = from_value(arena, json)};
    *root = levels[0].node;
    if (levels[0].node == NULL) return error_set(error, STATUS_FAILED, "out of memory");
    if (!json_is_array(json) && !json_is_object(json)) return STATUS_OK;
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        struct slice key;
        json_t *value = next_value(level, &key);
        if (value == NULL) {
            depth--;
            continue;
        }
        struct config_node *node = from_value(arena, value);
        if (node != NULL && key.ptr != NULL) node->key = arena_copy(arena, key);
        if (node == NULL || (key.ptr != NULL && node->key.ptr == NULL))
            return error_set(error, STATUS_FAILED, "out of memory");
        config_node_append(level->node, node);
        if (!json_is_array(value) && !json_is_object(value)) continue;
        if (depth == CONFIG_DEPTH_MAX)
            return error_set(error, STATUS_USAGE, "expected at most %u lists and objects inside one another, got more",
                             CONFIG_DEPTH_MAX);
        levels[depth++] = (struct level){.value = value, .node = node};
    }
    return STATUS_OK;
}

enum status config_tree_from_json(struct arena *arena, struct slice json, const struct config_node **root,
                                  struct error *error) {
    json_error_t problem;
    const size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    json_t *value = json_loadb(json.ptr != NULL ? json.ptr : "", json.len, flags, &problem);
    if (value == NULL) {
        if (json_error_code(&problem) == json_error_out_of_memory)
            return error_set(error, STATUS_FAILED, "out of memory");
        for (char *at = problem.text; *at != '\0'; at++) /* it may quote what it read */
            if ((unsigned char)*at < 0x20) *at = '?';
        return error_set(error, STATUS_USAGE, "line %d, column %d: not JSON: %s", problem.line, problem.column,
                         problem.text);
    }
    enum status status = convert(arena, value, root, error);
    json_decref(value);
    return status;
}
