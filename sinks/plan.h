/* The encoder's program: ops made from the tables of a format and of an output schema.
 *
 * Objects nest by the dots in the paths. An op knows its key as text, `"key":` or `"key":"`, in one pool.
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_PLAN_H
#define WHEREFROM_PLAN_H

#include "sinks/encoder.h"

/* What an op does: one of enum value, or a column of a kind, or structure. One number, so that the hot loop has one switch. */
enum op_code {
    OP_COLUMN = VALUES, /* OP_COLUMN + enum field_kind */
    OP_OPEN = OP_COLUMN + FIELD_KINDS, /* the key is `"name":{` */
    OP_CLOSE,
    OP_LITERAL, /* the key is all there is to write */
    OP_END,
};

struct op {
    uint8_t code;      /* enum op_code */
    uint8_t index;     /* column; a place's text or mark */
    uint8_t closes;    /* objects that end with this value: it stood alone in them */
    uint8_t key_bytes;
    uint32_t key;      /* offset in the pool */
};

#define PLAN_OPS_MAX 256u
#define PLAN_KEYS_BYTES 16384u

struct plan {
    const struct schema *schema; /* NULL: the plan of a place */
    uint16_t ops_count;
    uint32_t keys_bytes;
    struct op ops[PLAN_OPS_MAX];
    char keys[PLAN_KEYS_BYTES]; /* 32 bytes behind any key may be read */
};

/* A fixed text as it is written: `"ok",`. */
struct plan_name {
    char text[63];
    uint8_t bytes;
};

struct encoder {
    const struct output_schema *schema;
    bool keep_original;
    struct plan_name verdicts[VERDICTS], provenances[PROVENANCES];
    struct plan place;
    uint32_t plans_count; /* one per format, in the order of schemas_all */
    struct plan plans[];
};

#endif
