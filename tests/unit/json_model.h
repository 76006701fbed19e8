/* What ingest/json_tree.h should find in a line, by the book (RFC 8259) and slowly: which lines are valid, and the values of one
 * in their order. Written apart from it, to be compared with it.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_JSON_MODEL_H
#define WHEREFROM_JSON_MODEL_H

#include "base/check.h"
#include "ingest/json_tree.h"
#include "tests/unit/json_text.h"

struct json_model_node {
    enum json_kind kind;
    struct slice key, text; /* as written; strings without their quotes */
    uint32_t next;
};

struct json_model {
    struct json_model_node *nodes; /* as many as the line has bytes, and one */
    uint32_t *open;                /* likewise: indices of the containers around the place that is read */
    uint32_t count, depth, depth_max;
};

static inline struct json_model json_model_new(size_t bytes_max) {
    struct json_model model = {.nodes = calloc(bytes_max + 1, sizeof *model.nodes),
                               .open = calloc(bytes_max + 1, sizeof *model.open)};
    ASSERT(model.nodes != NULL && model.open != NULL);
    return model;
}

static inline void json_model_free(struct json_model *model) {
    free(model->nodes);
    free(model->open);
}

static inline const char *json_model_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* The key with its colon, up to the value; NULL if there is none. */
static inline const char *json_model_key(const char *at, const char *end, struct slice *key) {
    const char *stop = json_text_string_end(at, end);
    if (stop == NULL) return NULL;
    *key = (struct slice){at + 1, (size_t)(stop - at) - 2};
    at = json_model_space(stop, end);
    return at < end && *at == ':' ? json_model_space(at + 1, end) : NULL;
}

static inline enum json_kind json_model_kind(char first) {
    switch (first) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 'n': return JSON_NULL;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    default: return JSON_NUMBER;
    }
}

/* Closes what ends at `at` and steps over one comma; NULL when neither fits. `*done`: the root is closed. */
static inline const char *json_model_after(struct json_model *model, const char *at, const char *end, bool *done) {
    for (;;) {
        at = json_model_space(at, end);
        if (at == end) return NULL;
        struct json_model_node *around = &model->nodes[model->open[model->depth - 1]];
        if (*at == ',') return json_model_space(at + 1, end);
        if (*at++ != (around->kind == JSON_OBJECT ? '}' : ']')) return NULL;
        around->text.len = (size_t)(at - around->text.ptr);
        around->next = model->count;
        *done = --model->depth == 0;
        if (*done) return at;
    }
}

/* Whether all of `line` is one object (or, when asked for, array), of any depth. */
static inline bool json_model_read(struct json_model *model, struct slice line, bool array_too) {
    const char *end = line.ptr + line.len, *at = json_model_space(line.ptr, end);
    bool done = false;
    model->count = model->depth = model->depth_max = 0;
    if (at == end || (*at != '{' && !(array_too && *at == '['))) return false;
    while (!done) {
        struct json_model_node *node = &model->nodes[model->count++];
        *node = (struct json_model_node){.next = model->count};
        if (model->depth > 0 && model->nodes[model->open[model->depth - 1]].kind == JSON_OBJECT &&
            (at = json_model_key(at, end, &node->key)) == NULL)
            return false;
        if (at == end) return false;
        node->kind = json_model_kind(*at);
        node->text.ptr = at;
        if (*at == '{' || *at == '[') {
            model->open[model->depth++] = model->count - 1;
            if (model->depth > model->depth_max) model->depth_max = model->depth;
            at = json_model_space(at + 1, end);
            if (at == end || *at != (node->kind == JSON_OBJECT ? '}' : ']')) continue;
        } else {
            at = json_text_scalar_end(at, end);
            if (at == NULL) return false;
            node->text.len = (size_t)(at - node->text.ptr);
            if (node->kind == JSON_STRING) node->text = (struct slice){node->text.ptr + 1, node->text.len - 2};
        }
        if ((at = json_model_after(model, at, end, &done)) == NULL) return false;
    }
    return json_model_space(at, end) == end;
}

/* Replaces escapes of half a surrogate pair, in place. */
static inline void json_model_pair_up(char *text, size_t bytes) {
    const char *end = text + bytes;
    for (char *at = text; at < end; at++) {
        if (*at != '\\') continue;
        char *escape = at++;
        if (at == end || *at != 'u') continue;
        int32_t unit = text_model_hex(at + 1, end, 4);
        if (unit < 0xd800 || unit > 0xdfff) continue;
        at += 4;
        int32_t low = end - at >= 7 && at[1] == '\\' && at[2] == 'u' ? text_model_hex(at + 3, end, 4) : -1;
        if (unit <= 0xdbff && low >= 0xdc00 && low <= 0xdfff)
            at += 6;
        else
            memcpy(escape, "\\ufffd", 6);
    }
}

static inline void json_model_check_string(struct slice raw, struct slice found, bool *escaped) {
    char *decoded = malloc(raw.len + 4);
    size_t bytes;
    ASSERT(decoded != NULL && text_model_decode(raw, decoded, &bytes));
    ASSERT(slice_equal((struct slice){decoded, bytes}, found));
    *escaped = memchr(raw.ptr, '\\', raw.len) != NULL;
    if (!*escaped) ASSERT(raw.ptr == found.ptr);
    free(decoded);
}

/* Aborts unless `tree` is what `model` has from `root` on, apart from what it says it left out. Returns how many it skipped. */
static inline uint32_t json_model_check(const struct json_model *model, uint32_t root, const char *text,
                                        const struct json_tree *tree) {
    uint32_t at = root, skipped = 0, ends[JSON_DEPTH_MAX + 2] = {tree->count}, depth = 0;
    ASSERT(tree->count >= 1 && tree->count <= JSON_NODES_MAX);
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct json_node *node = &tree->nodes[i];
        const struct json_model_node *expected = &model->nodes[at];
        struct slice key = {text + node->key.offset, node->key.length};
        struct slice value = {text + node->text.offset, node->text.length};
        bool escaped = false;
        while (depth > 0 && ends[depth] == i) depth--;
        ASSERT(at < model->nodes[root].next && node->kind == expected->kind);
        ASSERT(node->next > i && node->next <= ends[depth]); /* children lie inside their parents */
        ends[++depth] = node->next;
        if (i == 0)
            ASSERT(key.len == 0);
        else if (expected->key.ptr != NULL)
            json_model_check_string(expected->key, key, &escaped);
        else
            ASSERT(key.len == 0);
        ASSERT(!tree->plain || !escaped);
        if (node->kind == JSON_STRING) {
            json_model_check_string(expected->text, value, &escaped);
            ASSERT(node->decoded == escaped && (!tree->plain || !escaped));
        } else {
            ASSERT(!node->decoded && value.ptr == expected->text.ptr && value.len == expected->text.len);
        }
        ASSERT(!node->skipped || (node->next == i + 1 && expected->next > at + 1));
        skipped += node->skipped;
        at = node->skipped ? expected->next : at + 1;
    }
    ASSERT(at == model->nodes[root].next || (tree->cut && tree->nodes[0].next == JSON_NODES_MAX));
    ASSERT(!tree->cut || at < model->nodes[root].next);
    return skipped;
}

#endif
