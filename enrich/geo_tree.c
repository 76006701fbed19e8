/* The flattened top of a search tree. Nodes are read here: MMDB_read_node reads both children and finds their kinds, 82
 * instructions a level. MMDB_open has made sure that all nodes lie inside the file, with data behind them.
 *
 * Threads: read-only after geo_tree_init. */
#include "enrich/geo_tree.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES (1u << GEO_TREE_BITS)
#define SEPARATOR_BYTES 16u /* between tree and data, MaxMind DB format */

/* What a node's record says: 24, 28 or 32 bits, big endian. The upper four bits of both records of 28 share the middle byte. */
static inline uint32_t child(const struct geo_tree *tree, uint32_t node, uint32_t right) {
    const uint8_t *bytes = tree->nodes + (size_t)node * tree->node_bytes;
    uint32_t word;
    memcpy(&word, bytes + right * (tree->node_bytes / 2), sizeof word);
    word = __builtin_bswap32(word);
    if (tree->node_bytes == 8) return word;
    if (tree->node_bytes == 6) return word >> 8;
    return right != 0 ? word & 0x0fffffff : word >> 8 | (word & 0xf0) << 20;
}

/* Level by level: each node of a level is replaced by its children, from the back so that nothing is overwritten. */
static uint32_t *flatten(const struct geo_tree *tree, uint32_t root) {
    uint32_t *records = malloc(ENTRIES * sizeof *records);
    if (records == NULL) return NULL;
    records[0] = root;
    for (uint32_t count = 1; count < ENTRIES; count *= 2) {
        for (uint32_t i = count; i-- > 0;) {
            uint32_t record = records[i];
            bool ended = record >= tree->nodes_count; /* further up */
            records[2 * i + 1] = ended ? record : child(tree, record, 1);
            records[2 * i] = ended ? record : child(tree, record, 0);
        }
    }
    return records;
}

bool geo_tree_init(struct geo_tree *tree, const MMDB_s *mmdb) {
    *tree = (struct geo_tree){.nodes = mmdb->file_content,
                              .nodes_count = mmdb->metadata.node_count,
                              .node_bytes = mmdb->full_record_byte_size,
                              .data_bytes = mmdb->data_section_size};
    bool v6 = mmdb->metadata.ip_version == 6;
    tree->v4 = flatten(tree, v6 ? mmdb->ipv4_start_node.node_value : 0);
    if (v6) tree->v6 = flatten(tree, 0);
    return tree->v4 != NULL && (!v6 || tree->v6 != NULL);
}

void geo_tree_destroy(struct geo_tree *tree) {
    free(tree->v4);
    free(tree->v6);
    *tree = (struct geo_tree){0};
}

enum geo_tree_result geo_tree_find(const struct geo_tree *tree, const uint32_t *first, const uint8_t *bytes,
                                   uint32_t bits_count, uint32_t *offset) {
    uint32_t nodes = tree->nodes_count, record = first[(uint32_t)bytes[0] << 8 | bytes[1]];
    for (uint32_t bit = GEO_TREE_BITS; bit < bits_count && record < nodes; bit++)
        record = child(tree, record, bytes[bit / 8] >> (7 - bit % 8) & 1);
    if (record == nodes) return GEO_TREE_UNKNOWN;
    /* a walk that ends on a node is a tree that is too deep */
    if (record < nodes || record - nodes < SEPARATOR_BYTES || record - nodes >= tree->data_bytes)
        return GEO_TREE_DAMAGED;
    *offset = record - nodes - SEPARATOR_BYTES;
    return GEO_TREE_FOUND;
}
