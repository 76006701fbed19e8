/* Masks are made once for each table, so that a key costs four words.
 *
 * Threads: see the header. */
#include "enrich/rate_key.h"

#include <string.h>

static void set_prefix(uint8_t *bytes, uint32_t bits) {
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t left = bits > 8 * i ? bits - 8 * i : 0;
        bytes[i] = (uint8_t)(left >= 8 ? 0xff : 0xff00u >> left);
    }
}

struct rate_mask rate_mask(const struct rate_table *table, uint8_t number) {
    struct rate_mask mask = {.source = RATE_PARTS, .path_class = table->path_class, .method = table->method};
    union rate_packed *bits = &mask.v6;
    uint32_t addresses = table->parts & RATE_ADDRESS_PARTS;
    mask.number.table = number;
    if ((table->parts & 1u << RATE_ASN) != 0) bits->as_number = UINT32_MAX;
    if ((table->parts & 1u << RATE_COUNTRY) != 0) bits->country = UINT16_MAX;
    if ((table->parts & 1u << RATE_LB) != 0) bits->lb = UINT16_MAX;
    if ((table->parts & 1u << RATE_PATH_CLASS) != 0) bits->path_class = UINT8_MAX;
    if ((table->parts & 1u << RATE_METHOD) != 0) bits->method = UINT8_MAX;
    if ((table->parts & 1u << RATE_CLIENT) != 0) {
        bits->vpce = UINT16_MAX;
        bits->verdict = bits->unresolved = UINT8_MAX;
    }
    mask.v4 = mask.v6;
    if (addresses == 0) return mask;
    mask.source = (uint32_t)__builtin_ctz(addresses);
    set_prefix(mask.v6.address, table->v6_prefix);
    set_prefix(mask.v4.address, 96u + table->v4_prefix); /* of the mapped form */
    return mask;
}

struct rate_key rate_key_unpack(const union rate_packed *key, const struct rate_texts *texts) {
    struct rate_key unpacked = {.vpce = rate_text(texts, key->vpce),
                                .unresolved = key->unresolved != 0,
                                .verdict = key->verdict,
                                .as_number = key->as_number,
                                .country = key->country,
                                .path_class = key->path_class,
                                .method = key->method,
                                .lb = rate_text(texts, key->lb)};
    memcpy(unpacked.address.bytes, key->address, sizeof unpacked.address.bytes);
    return unpacked;
}

static int compare_texts(const struct rate_texts *texts, uint16_t a, uint16_t b) {
    struct slice x = rate_text(texts, a), y = rate_text(texts, b);
    size_t both = x.len < y.len ? x.len : y.len;
    int order = a == b || both == 0 ? 0 : memcmp(x.ptr, y.ptr, both);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

int rate_key_compare(const union rate_packed *a, const union rate_packed *b, const struct rate_texts *texts) {
    int order = memcmp(a->address, b->address, sizeof a->address);
    if (order == 0) order = compare_texts(texts, a->vpce, b->vpce);
    if (order == 0) order = a->unresolved - b->unresolved;
    if (order == 0) order = a->verdict - b->verdict;
    if (order == 0) order = (a->as_number > b->as_number) - (a->as_number < b->as_number);
    if (order == 0) order = a->country - b->country;
    if (order == 0) order = a->path_class - b->path_class;
    if (order == 0) order = a->method - b->method;
    return order != 0 ? order : compare_texts(texts, a->lb, b->lb);
}
