/* Keys as they are counted: 32 bytes that say all parts, so that a table's key is a note's parts under a mask.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_RATE_KEY_H
#define WHEREFROM_RATE_KEY_H

#include "enrich/rate_plan.h"
#include "enrich/rate_text.h"
#include "schemas/rollup_note.h"

union rate_packed {
    struct {
        uint8_t address[16]; /* masked; of pairs: serial numbers of both keys */
        uint32_t as_number;
        uint16_t country, lb, vpce; /* the last two by number */
        uint8_t path_class, method, verdict, unresolved, table;
        uint8_t beside; /* of a kept key: the least trust in the slot; not part of it */
    };
    uint64_t words[4];
};
_Static_assert(sizeof(union rate_packed) == 32, "two keys in a cache line");

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RATE_BESIDE_MASK (~(uint64_t)0xff)
#else
#define RATE_BESIDE_MASK (~((uint64_t)0xff << 56))
#endif

/* Whether a kept key is that one, whose `beside` is 0. */
static inline bool rate_packed_equal(const union rate_packed *kept, const union rate_packed *key) {
    return ((kept->words[0] ^ key->words[0]) | (kept->words[1] ^ key->words[1]) | (kept->words[2] ^ key->words[2]) |
            ((kept->words[3] ^ key->words[3]) & RATE_BESIDE_MASK)) == 0;
}

/* What a table takes of a note. */
struct rate_mask {
    union rate_packed v6, v4, number; /* masks; the table's number */
    uint32_t source;                  /* address: enum rate_part; RATE_PARTS: none */
    uint8_t path_class, method;       /* scope */
};
struct rate_mask rate_mask(const struct rate_table *table, uint8_t number);

/* Order among places, the same in every run: a key whose addresses are in several has one of them, whichever came first. */
static inline uint32_t rate_place_tag(const struct place_facts *place) {
    uint64_t words[2];
    memcpy(&words[0], &place->longitude, 4);
    memcpy((char *)&words[0] + 4, &place->latitude, 4);
    words[1] = (uint64_t)place->as_number << 32 | (uint32_t)place->country << 16 | place->flags;
    uint64_t mixed = (words[0] ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    mixed = (mixed ^ mixed >> 32 ^ words[1]) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(mixed >> 32) | 1;
}

/* A note with its parts in place. */
struct rate_prepared {
    const struct rollup_note *note;
    uint32_t slot;
    uint32_t window, client, latency; /* of sketches: entry and bucket; of what is not known 0, DDSKETCH_BUCKETS */
    uint32_t place_tag;               /* of its place: larger ones win; never 0 */
    uint32_t has;                     /* 1 << enum rate_part, of addresses; RATE_CLIENT always */
    union rate_packed common;         /* without address */
    struct ip addresses[RATE_ASN];    /* by part */
};

/* Whether the table counts the note; `key` is its key then. */
static inline bool rate_key_make(const struct rate_mask *mask, const struct rate_prepared *prepared,
                                 union rate_packed *key) {
    const union rate_packed *bits = &mask->v6;
    uint64_t address[2] = {0, 0};
    if (mask->path_class != RATE_CLASS_NONE && mask->path_class != prepared->common.path_class) return false;
    if (mask->method != METHOD_NONE && mask->method != prepared->common.method) return false;
    if (mask->source != RATE_PARTS) {
        const struct ip *ip = &prepared->addresses[mask->source];
        if ((prepared->has >> mask->source & 1) == 0) return false;
        memcpy(address, ip, sizeof address);
        if (ip_is_v4(ip)) bits = &mask->v4;
    }
    key->words[0] = address[0] & bits->words[0];
    key->words[1] = address[1] & bits->words[1];
    key->words[2] = prepared->common.words[2] & bits->words[2];
    key->words[3] = (prepared->common.words[3] & bits->words[3]) | mask->number.words[3];
    return true;
}

/* The key as rows have it. */
struct rate_key rate_key_unpack(const union rate_packed *key, const struct rate_texts *texts);

/* Order of keys of one table: see enrich/rate_count.h. */
int rate_key_compare(const union rate_packed *a, const union rate_packed *b, const struct rate_texts *texts);

#endif
