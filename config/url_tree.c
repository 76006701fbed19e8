/* Every node has the place of the URL, which is where a mistake in it is.
 *
 * Threads: see the header. */
#include "config/url_tree.h"

#include "base/percent.h"
#include "config/option_value.h"

struct config_node *url_tree_node(const struct url_tree *tree, enum config_kind kind, struct slice text) {
    struct config_place place = tree->at != NULL ? tree->at->place : (struct config_place){0};
    struct config_node *node = config_node_new(tree->arena, kind, text, place);
    if (node == NULL) (void)problem_no_memory(tree->scope);
    return node;
}

struct config_node *url_tree_decoded(const struct url_tree *tree, struct slice text) {
    char *decoded = arena_take(tree->arena, text.len + 1);
    if (decoded == NULL) {
        (void)problem_no_memory(tree->scope);
        return NULL;
    }
    return url_tree_node(tree, CONFIG_TEXT, (struct slice){decoded, (size_t)(percent_decode(decoded, text) - decoded)});
}

bool url_tree_add(const struct url_tree *tree, struct config_node *mapping, struct slice key,
                  struct config_node *value) {
    if (value == NULL) return false;
    value->key = arena_copy(tree->arena, key);
    value->key_place = mapping->place;
    if (value->key.ptr == NULL) return problem_no_memory(tree->scope);
    if (config_node_member(mapping, value->key.ptr) != NULL)
        return problem_report(tree->scope, tree->at, "%s is given twice", option_value_shown(value->key.ptr).text);
    config_node_append(mapping, value);
    return true;
}

bool url_tree_add_query(const struct url_tree *tree, struct config_node *mapping, struct slice query) {
    while (query.ptr != NULL) {
        struct slice value = slice_cut(&query, '&'), key = slice_cut(&value, '=');
        if (value.ptr == NULL)
            return problem_report(tree->scope, tree->at, "expected NAME=VALUE behind the ? and every &");
        if (!url_tree_add(tree, mapping, key, url_tree_decoded(tree, value))) return false;
    }
    return true;
}
