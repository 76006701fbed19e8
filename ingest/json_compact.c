/* What is null or empty is found from the last node to the first, so that what holds nothing else is empty in its turn; then the rest
 * is written anew: where a string stood in the line is not known once its escapes were taken apart.
 *
 * Threads: pure function. */
#include "ingest/json_compact.h"

#include "base/json.h"

/* Which nodes of a tree are left out, a bit each. */
struct left_out {
    uint64_t bits[JSON_NODES_MAX / 64];
};

static void leave_out(struct left_out *left_out, uint32_t index) {
    left_out->bits[index / 64] |= (uint64_t)1 << index % 64;
}

static bool is_left_out(const struct left_out *left_out, uint32_t index) {
    return (left_out->bits[index / 64] >> index % 64 & 1) != 0;
}

static struct slice key_of(const struct json_tree *tree, const char *text, uint32_t index) {
    return (struct slice){text + tree->nodes[index].key.offset, tree->nodes[index].key.length};
}

/* Whether nothing is left of a value; those inside it are known. */
static bool is_hollow(const struct json_tree *tree, const struct left_out *left_out, uint32_t index) {
    const struct json_node *node = &tree->nodes[index];
    if (node->kind < JSON_ARRAY)
        return node->kind == JSON_NULL || (node->kind == JSON_STRING && node->text.length == 0);
    if (node->skipped) return false;
    for (uint32_t i = index + 1; i < node->next; i = tree->nodes[i].next)
        if (!is_left_out(left_out, i)) return false;
    return true;
}

/* Members whose key an earlier one has. */
static bool leave_out_twins(const struct json_tree *tree, const char *text, struct left_out *left_out,
                            uint32_t object) {
    const struct json_node *nodes = tree->nodes;
    bool any = false;
    for (uint32_t i = object + 1; i < nodes[object].next; i = nodes[i].next)
        for (uint32_t j = object + 1; j < i && !is_left_out(left_out, i); j = nodes[j].next)
            if (!is_left_out(left_out, j) && slice_equal(key_of(tree, text, i), key_of(tree, text, j))) {
                leave_out(left_out, i);
                any = true;
            }
    return any;
}

static bool has_room(const struct spare *spare, const char *out, size_t bytes) {
    return bytes <= (size_t)(spare->text + spare->end - out);
}

/* Text with quotes around it and one byte more behind it; NULL without room. */
static char *put_string(const struct spare *spare, char *out, struct slice string) {
    bool lossy = false;
    if (!has_room(spare, out, JSON_EXPANSION * string.len + 3)) return NULL;
    return json_quote(out, string, JSON_VERBATIM, &lossy);
}

/* A value that is no array or object with an inside; NULL without room. */
static char *put_value(const struct spare *spare, char *out, const struct json_node *node, const char *text) {
    struct slice value = {text + node->text.offset, node->text.length};
    if (node->kind == JSON_STRING) return put_string(spare, out, value);
    if (!has_room(spare, out, value.len)) return NULL;
    memcpy(out, value.ptr, value.len);
    return out + value.len;
}

/* What is not left out of a value, to `out`; NULL without room. */
static char *put_rest(const struct json_tree *tree, const char *text, uint32_t root, const struct left_out *left_out,
                      const struct spare *spare, char *out) {
    const struct json_node *nodes = tree->nodes;
    uint32_t open[JSON_DEPTH_MAX + 1], depth = 0; /* arrays and objects around this place */
    for (uint32_t i = root;;) {
        for (; depth > 0 && i == nodes[open[depth - 1]].next; depth--) {
            if (!has_room(spare, out, 1)) return NULL;
            *out++ = nodes[open[depth - 1]].kind == JSON_OBJECT ? '}' : ']';
        }
        if (i == nodes[root].next) return out;
        const struct json_node *node = &nodes[i];
        if (is_left_out(left_out, i)) {
            i = node->next;
            continue;
        }
        if (!has_room(spare, out, 2)) return NULL;
        if (depth > 0 && out[-1] != '[' && out[-1] != '{') *out++ = ',';
        if (depth > 0 && nodes[open[depth - 1]].kind == JSON_OBJECT) {
            out = put_string(spare, out, key_of(tree, text, i));
            if (out == NULL) return NULL;
            *out++ = ':';
        }
        if (node->kind < JSON_ARRAY || node->skipped) {
            out = put_value(spare, out, node, text);
            if (out == NULL) return NULL;
            i = node->next;
            continue;
        }
        if (!has_room(spare, out, 1) || depth > JSON_DEPTH_MAX) return NULL;
        *out++ = node->kind == JSON_OBJECT ? '{' : '[';
        open[depth++] = i++;
    }
}

struct span json_compact(const struct json_tree *tree, const char *text, uint32_t index, struct spare *spare) {
    const struct json_node *node = &tree->nodes[index];
    struct left_out left_out = {{0}};
    bool any = tree->changed;
    for (uint32_t i = node->next; i-- > index;)
        if (is_hollow(tree, &left_out, i)) {
            leave_out(&left_out, i);
            any = true;
        }
    if (is_left_out(&left_out, index)) return (struct span){0, 0};
    for (uint32_t i = index; i < node->next; i++)
        if (tree->nodes[i].kind == JSON_OBJECT && leave_out_twins(tree, text, &left_out, i)) any = true;
    if (!any) return node->text;
    char *start = spare_room(spare, 0), *end = put_rest(tree, text, index, &left_out, spare, start);
    if (end == NULL) return tree->changed ? (struct span){0, 0} : node->text;
    return spare_take(spare, end);
}
