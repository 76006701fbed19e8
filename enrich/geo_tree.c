/* The flattened top of a search tree. Nodes are read through libmaxminddb, which checks them.
 *
 * Threads: read-only after geo_tree_init. */
#include "enrich/geo_tree.h"

#include <stdlib.h>

#define ENTRIES (1u << GEO_TREE_BITS)
#define SEPARATOR_BYTES 16u /* between tree and data, MaxMind DB format */
#define DAMAGED UINT32_MAX  /* no tree has so many nodes and so much data */

static uint32_t child(const MMDB_s *mmdb, uint32_t record, bool right) {
    MMDB_search_node_s node;
    if (record >= mmdb->metadata.node_count) return record; /* the walk has ended further up */
    if (MMDB_read_node(mmdb, record, &node) != MMDB_SUCCESS) return DAMAGED;
    uint64_t next = right ? node.right_record : node.left_record;
    uint8_t type = right ? node.right_record_type : node.left_record_type;
    return type == MMDB_RECORD_TYPE_INVALID || next >= DAMAGED ? DAMAGED : (uint32_t)next;
}

/* Level by level: each node of a level is replaced by its children, from the back so that nothing is overwritten. */
static uint32_t *flatten(const MMDB_s *mmdb, uint32_t root) {
    uint32_t *records = malloc(ENTRIES * sizeof *records);
    if (records == NULL) return NULL;
    records[0] = root;
    for (uint32_t count = 1; count < ENTRIES; count *= 2) {
        for (uint32_t i = count; i-- > 0;) {
            uint32_t record = records[i];
            records[2 * i + 1] = child(mmdb, record, true);
            records[2 * i] = child(mmdb, record, false);
        }
    }
    return records;
}

bool geo_tree_init(struct geo_tree *tree, const MMDB_s *mmdb) {
    *tree = (struct geo_tree){0};
    bool v6 = mmdb->metadata.ip_version == 6;
    tree->v4 = flatten(mmdb, v6 ? mmdb->ipv4_start_node.node_value : 0);
    if (v6) tree->v6 = flatten(mmdb, 0);
    return tree->v4 != NULL && (!v6 || tree->v6 != NULL);
}

void geo_tree_destroy(struct geo_tree *tree) {
    free(tree->v4);
    free(tree->v6);
    *tree = (struct geo_tree){0};
}

enum geo_tree_result geo_tree_find(const uint32_t *first, const MMDB_s *mmdb, const uint8_t *bytes, uint32_t bits_count,
                                   uint32_t *offset) {
    uint32_t nodes = mmdb->metadata.node_count;
    uint32_t record = first[(uint32_t)bytes[0] << 8 | bytes[1]];
    for (uint32_t bit = GEO_TREE_BITS; bit < bits_count && record < nodes; bit++)
        record = child(mmdb, record, (bytes[bit / 8] >> (7 - bit % 8) & 1) != 0);
    if (record == nodes) return GEO_TREE_UNKNOWN;
    /* a walk that ends on a node is a tree that is too deep */
    if (record < nodes || record == DAMAGED || record - nodes < SEPARATOR_BYTES) return GEO_TREE_DAMAGED;
    *offset = record - nodes - SEPARATOR_BYTES;
    return *offset < mmdb->data_section_size ? GEO_TREE_FOUND : GEO_TREE_DAMAGED;
}
