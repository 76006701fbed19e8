/* The encoder's program: ops made from the tables of a format and of an output schema.
 *
 * Objects nest by the dots in the paths. An op knows its key as text, `"key":` or `"key":"`, in one pool.
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_PLAN_H
#define WHEREFROM_PLAN_H

#include "sinks/encoder.h"

enum op_code {
    OP_END,
    OP_OPEN,    /* `"key":{` */
    OP_CLOSE,
    OP_VALUE,   /* a derived value: `value` */
    OP_COLUMN,  /* a column: `kind` */
};

struct op {
    uint8_t code;       /* enum op_code */
    uint8_t what;       /* OP_VALUE: enum value; OP_COLUMN: enum field_kind */
    uint8_t index;      /* column; index of a place's text or mark; place of a constant */
    uint8_t key_bytes;
    uint32_t key;       /* offset in the pool */
};

#define PLAN_OPS_MAX 256u
#define PLAN_KEYS_BYTES 8192u

struct plan {
    const struct schema *schema; /* NULL: the plan of a place */
    uint16_t ops_count;
    uint32_t keys_bytes;
    struct op ops[PLAN_OPS_MAX];
    char keys[PLAN_KEYS_BYTES]; /* 32 bytes behind any key may be read */
};

struct encoder {
    const struct output_schema *schema;
    bool keep_original;
    struct plan place;
    uint32_t plans_count; /* one per format, in the order of schemas_all */
    struct plan plans[];
};

/* Key of a column in `raw` and `flat`: its name with `:` as `_`, as JSON text `"name":`. */
struct raw_key {
    char text[64];
    uint8_t bytes;
};

#endif
