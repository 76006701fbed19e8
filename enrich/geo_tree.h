/* The search tree of a database with its first 16 levels flattened.
 *
 * A look-up by sockaddr walks 20 to 48 levels, a node each, most of them out of the cache. The node 16 bits down is the same for all addresses that share these
 * bits, so it is looked up once at the start and a walk begins there.
 *
 * Threads: read-only after geo_tree_init. */
#ifndef WHEREFROM_GEO_TREE_H
#define WHEREFROM_GEO_TREE_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

#define GEO_TREE_BITS 16u

/* Where a walk stands: a node, or its end. Values as in the tree itself (MaxMind DB format, "Binary Search Tree Section"): below
 * node_count a node, node_count nothing known, above it data. */
struct geo_tree {
    uint32_t *v4, *v6; /* 65,536 each; v6 NULL for a tree of IPv4 only */
    const uint8_t *nodes;
    uint32_t nodes_count, node_bytes, data_bytes;
};

/* `mmdb` must outlive the tree. False when memory is short. geo_tree_destroy is safe after any outcome. */
bool geo_tree_init(struct geo_tree *tree, const MMDB_s *mmdb) __attribute__((warn_unused_result));
void geo_tree_destroy(struct geo_tree *tree);

enum geo_tree_result { GEO_TREE_FOUND, GEO_TREE_UNKNOWN, GEO_TREE_DAMAGED };

/* Finds the entry of an address, given as `bits_count` bits from bytes[0] on: 32 with `first` tree->v4, 128 with tree->v6.
 * On GEO_TREE_FOUND *offset is the entry's offset in the data section. */
enum geo_tree_result geo_tree_find(const struct geo_tree *tree, const uint32_t *first, const uint8_t *bytes,
                                   uint32_t bits_count, uint32_t *offset);

#endif
