/* Parts of a config as a tree: what the option table cannot say (chains, rules), from YAML or JSON alike.
 *
 * Every scalar is a text as it was written, since what it means is the reader's to say: "12", "true". A tree lives in
 * one arena and is freed with it.
 *
 * Threads: a tree belongs to whoever owns its arena. */
#ifndef WHEREFROM_CONFIG_TREE_H
#define WHEREFROM_CONFIG_TREE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum config_kind { CONFIG_NULL, CONFIG_TEXT, CONFIG_LIST, CONFIG_MAPPING };

/* Where something stands, counted from 1, columns in characters; line 0: not known (JSON, presets). */
struct config_place {
    uint32_t line, column;
};

struct config_node {
    enum config_kind kind;
    uint32_t count;    /* items of a list, members of a mapping */
    struct slice text; /* CONFIG_TEXT; a NUL stands behind it, others may be in it */
    struct slice key;  /* of a member of a mapping; likewise */
    struct config_place place, key_place;
    struct config_node *parent;              /* NULL: the root */
    struct config_node *first, *last, *next; /* items or members in order; the sibling behind */
};

/* A node outside of any tree; `text` is copied. NULL: out of memory. */
struct config_node *config_node_new(struct arena *arena, enum config_kind kind, struct slice text,
                                    struct config_place place) WARN_UNUSED;

/* Puts a node behind the items of a list or the members of a mapping; its key has been set. */
void config_node_append(struct config_node *parent, struct config_node *node);

/* The member of that key; NULL: there is none, or `node` is no mapping. */
const struct config_node *config_node_member(const struct config_node *node, const char *key);

/* A tree like the one at `root`, with its places, that lives in `arena`; NULL: out of memory. */
const struct config_node *config_node_copy(struct arena *arena, const struct config_node *root) WARN_UNUSED;

/* "a text", "a list" ...: for messages. */
const char *config_node_kind_name(const struct config_node *node);

/* Whether it is that text. */
static inline bool config_node_is(const struct config_node *node, const char *text) {
    return node->kind == CONFIG_TEXT && slice_equal(node->text, slice_from(text));
}

/* Reads one JSON text (RFC 8259): any value with at most CONFIG_DEPTH_MAX levels, no key twice in an object, valid UTF-8; \u0000 is
 * allowed. Numbers and booleans become texts. STATUS_USAGE says what is wrong, and at which line and column; STATUS_FAILED is
 * lack of memory. What was read lives in the arena. */
enum status config_tree_from_json(struct arena *arena, struct slice json, const struct config_node **root,
                                  struct error *error) WARN_UNUSED;

#endif
