/* A URL as the mapping that a config would have instead, so that what its parts mean is said in one place.
 *
 * Whoever reads a URL cuts it at its separators first and has the parts decoded here, so that an encoded separator is none.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_URL_TREE_H
#define WHEREFROM_URL_TREE_H

#include "config/problems.h"

struct url_tree {
    struct arena *arena;
    const struct problem_scope *scope;
    const struct config_node *at; /* where the URL stands; nodes have its place. NULL: not known */
};

/* A node of a text as it is, or percent-encoded (RFC 3986 section 2.1), and an empty list or mapping. NULL: a problem was added. */
struct config_node *url_tree_node(const struct url_tree *tree, enum config_kind kind, struct slice text) WARN_UNUSED;
struct config_node *url_tree_decoded(const struct url_tree *tree, struct slice text) WARN_UNUSED;

/* Adds a member; a key may be given once, and a `value` of NULL is a problem that was added. */
bool url_tree_add(const struct url_tree *tree, struct config_node *mapping, struct slice key,
                  struct config_node *value) WARN_UNUSED;

/* Adds NAME=VALUE&NAME=VALUE, values decoded; ptr NULL: there is no query. */
bool url_tree_add_query(const struct url_tree *tree, struct config_node *mapping, struct slice query) WARN_UNUSED;

#endif
