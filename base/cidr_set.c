/* Networks in a trie.
 *
 * Threads: see the header. */
#include "base/cidr_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum { STEP_BITS = 4, CHILDREN = 1 << STEP_BITS, ROOT_V4 = 0, ROOT_V6 = 1, ROOTS = 2 };

/* What a child is: no address below it is in the set, all are, or a node says more. No child is a root, so 0 is free. */
#define CHILD_NONE 0u
#define CHILD_ALL UINT32_MAX

struct node {
    uint32_t children[CHILDREN];
};

struct cidr_set {
    uint32_t nodes_count, nodes_room;
    struct node *nodes;
};

#define MAPPED_BITS 96u

static uint32_t root_of(uint8_t family) {
    return family == IP_V4 ? ROOT_V4 : ROOT_V6;
}

/* The bits of an address that count, from its first. */
static const uint8_t *bytes_of(const struct ip *ip, uint32_t root) {
    return root == ROOT_V4 ? ip->bytes + MAPPED_BITS / 8 : ip->bytes;
}

static uint32_t step_of(const uint8_t *bytes, uint32_t depth) {
    return depth % 2 == 0 ? bytes[depth / 2] >> STEP_BITS : bytes[depth / 2] & (CHILDREN - 1);
}

/* --- text ----------------------------------------------------------------------------------------- */

/* Zeroes what is behind the prefix; false when it was not zero. */
static bool clear_host_bits(struct ip *ip, uint32_t bits) {
    bool clean = true;
    for (uint32_t i = 0; i < sizeof ip->bytes; i++) {
        uint32_t kept = bits <= 8 * i ? 0 : bits - 8 * i >= 8 ? 8 : bits - 8 * i;
        uint8_t mask = (uint8_t)(0xff00u >> kept);
        clean = clean && (ip->bytes[i] & (uint8_t)~mask) == 0;
        ip->bytes[i] &= mask;
    }
    return clean;
}

bool cidr_parse(struct slice text, struct cidr *out, const char **problem) {
    const char *slash = memchr(text.ptr, '/', text.len);
    struct slice address = {text.ptr, slash != NULL ? (size_t)(slash - text.ptr) : text.len};
    struct ip_parsed parsed;
    *problem = "is no network: expected an address such as 10.0.3.7, or with a prefix length such as 10.0.0.0/16";
    if (!ip_parse(address, &parsed)) return false;
    uint64_t written_max = parsed.family == IP_V4 && !parsed.v4_mapped ? 32 : 128, bits = written_max;
    if (slash != NULL) {
        struct slice digits = {slash + 1, text.len - address.len - 1};
        if (digits.len > 3 || !number_parse(digits, &bits) || bits > written_max) return false;
    }
    if (parsed.v4_mapped) {
        *problem = "is a mapped network shorter than /96: it would hold IPv4 and IPv6 alike; write the IPv4 network";
        if (bits < MAPPED_BITS) return false;
        bits -= MAPPED_BITS;
    }
    *out = (struct cidr){.network = parsed.ip, .family = parsed.family, .bits = (uint8_t)bits};
    *problem = "has bits behind its prefix; shorten the address or lengthen the prefix";
    return clear_host_bits(&out->network, (uint32_t)bits + (parsed.family == IP_V4 ? MAPPED_BITS : 0));
}

/* --- set ------------------------------------------------------------------------------------------ */

/* Index of a new node, 0 when memory is short. */
static uint32_t add_node(struct cidr_set *set) {
    if (set->nodes_count == set->nodes_room) {
        uint32_t room = set->nodes_room == 0 ? 16 : 2 * set->nodes_room;
        struct node *nodes = realloc(set->nodes, room * sizeof *nodes);
        if (nodes == NULL) return 0;
        set->nodes = nodes;
        set->nodes_room = room;
    }
    set->nodes[set->nodes_count] = (struct node){{CHILD_NONE}};
    return set->nodes_count++;
}

struct cidr_set *cidr_set_new(void) {
    struct cidr_set *set = calloc(1, sizeof *set);
    if (set == NULL) return NULL;
    (void)add_node(set); /* room comes for more than the roots at once */
    (void)add_node(set);
    if (set->nodes_count == ROOTS) return set;
    cidr_set_free(set);
    return NULL;
}

void cidr_set_free(struct cidr_set *set) {
    if (set == NULL) return;
    free(set->nodes);
    free(set);
}

enum cidr_added cidr_set_add(struct cidr_set *set, const struct cidr *cidr) {
    uint32_t at = root_of(cidr->family), depth = 0;
    const uint8_t *bytes = bytes_of(&cidr->network, at);
    for (; cidr->bits > (depth + 1) * STEP_BITS; depth++) {
        uint32_t step = step_of(bytes, depth), child = set->nodes[at].children[step];
        if (child == CHILD_ALL) return CIDR_INSIDE;
        if (child == CHILD_NONE) {
            child = add_node(set);
            if (child == 0) return CIDR_NO_MEMORY;
            set->nodes[at].children[step] = child;
        }
        at = child;
    }
    /* the prefix ends in this node: its last 0 to 4 bits leave 16 to 1 children */
    uint32_t count = 1u << ((depth + 1) * STEP_BITS - cidr->bits), first = step_of(bytes, depth);
    bool all = true, any = false;
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t child = set->nodes[at].children[i];
        all = all && child == CHILD_ALL;
        any = any || child != CHILD_NONE;
        set->nodes[at].children[i] = CHILD_ALL;
    }
    return all ? CIDR_INSIDE : any ? CIDR_AROUND : CIDR_ADDED;
}

/* The bits not looked at yet are shifted through two words: taking each step from its byte cost a fifth more. */
bool cidr_set_has(const struct cidr_set *set, const struct ip *ip) {
    const struct node *nodes = set->nodes;
    uint64_t high, low;
    memcpy(&high, ip->bytes, sizeof high);
    memcpy(&low, ip->bytes + sizeof high, sizeof low);
    high = __builtin_bswap64(high);
    low = __builtin_bswap64(low);
    uint32_t at = ROOT_V6;
    if (ip_is_v4(ip)) {
        high = low << 32;
        at = ROOT_V4;
    }
    for (;;) {
        at = nodes[at].children[high >> (64 - STEP_BITS)];
        if (at == CHILD_NONE || at == CHILD_ALL) return at == CHILD_ALL; /* the last bits never lead to a node */
        high = high << STEP_BITS | low >> (64 - STEP_BITS);
        low <<= STEP_BITS;
    }
}

bool cidr_set_has_family(const struct cidr_set *set, enum ip_family family) {
    for (uint32_t i = 0; i < CHILDREN; i++)
        if (set->nodes[root_of((uint8_t)family)].children[i] != CHILD_ALL) return false;
    return true;
}
