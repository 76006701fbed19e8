/* A shape: which values a record has. Records of one format have few shapes (TLS or not, query or not, ...), and all
 * that depends on the shape alone (keys, braces, commas, which objects there are) is worked out once per shape:
 *
 *   plan   { "url":{ "original": * "query": * } "tls":{ "cipher": * } }
 *   shape  original, no query, no cipher   ->   copy `{"url":{"original":"`, copy the value, copy `"}}`
 *
 * Writing a record is then a row of copies without a question between them. (Counted by callgrind, ALB lines: running the plan
 * and writing took 4,500 instructions a record; the copies of a shape take 1,400 and filling the slots about as many.)
 *
 * Threads: a cache belongs to one worker. */
#ifndef WHEREFROM_SHAPE_H
#define WHEREFROM_SHAPE_H

#include "sinks/plan.h"

#define SHAPES_MAX 192u  /* kept at a time; beyond that all are forgotten */
#define SHAPE_SLOTS 512u /* open addressing */
#define SHAPE_TEXT_BYTES 6144u

_Static_assert(SHAPES_MAX <= UINT8_MAX && SHAPES_MAX < SHAPE_SLOTS,
               "a slot is a byte, and a search ends at a free one");

/* What makes a shape: which values there are, a bit per column and a bit per enum value, and the values that are one of a few words or
 * digits, which so become part of the text between the others. */
struct presence {
    uint64_t columns, values;
    union {
        struct {
            uint8_t outcome, verdict, provenance, trust; /* as in struct record */
            uint8_t tls;                                 /* enum shape_tls */
            bool network, waf_blocked, unused;
        };
        uint64_t constants;
    };
};

enum shape_tls { SHAPE_NO_TLS, SHAPE_TLS, SHAPE_SSL };

_Static_assert(sizeof(struct presence) == 24, "the constants are compared as one word");

/* A value as it is written. */
struct slot {
    const char *text;
    uint64_t bytes; /* fits 32 bits; as wide as the pointer, so that slots can be made as vectors */
};

struct shape_step {
    uint16_t text; /* offset of what stands in front of the value */
    uint16_t bytes;
    uint16_t slot_offset; /* in bytes, ready to be added */
};

struct shape {
    const struct plan *plan;
    struct presence presence;
    uint16_t steps_count;
    uint16_t end, end_bytes; /* what stands behind the last value */
    uint16_t text_bytes;
    struct shape_step steps[PLAN_OPS_MAX];
    char text[SHAPE_TEXT_BYTES]; /* EMIT_CHUNK_BYTES behind any part may be read */
};

struct shape_cache {
    uint32_t count;
    uint8_t slots[SHAPE_SLOTS]; /* index + 1; 0: free */
    struct shape shapes[SHAPES_MAX];
};

/* The shape of `presence`; made when it is new. Valid until the next call. */
const struct shape *shape_find(struct shape_cache *cache, const struct plan *plan, const struct presence *presence);

#endif
