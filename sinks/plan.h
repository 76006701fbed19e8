/* The encoder's program: ops made from the tables of a format and of an output schema.
 *
 * Objects nest by the dots in the paths. An op knows the text in front of its value and behind it. Running a plan for every record
 * would ask again and again which values there are; shape.h makes a straight copy list for each answer.
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_PLAN_H
#define WHEREFROM_PLAN_H

#include "sinks/encoder.h"

/* What an op does: one of enum value, or a column of a kind, or structure. */
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
    uint8_t number;    /* of this value among the values of the plan: its slot and its bit in a shape */
    uint8_t key_bytes;
    uint16_t key;      /* offset in the pool: `"name":` and what opens the value, `"` or `[` */
    uint16_t suffix;   /* likewise: what ends the value, with the comma behind it */
    uint8_t suffix_bytes;
};

#define PLAN_OPS_MAX 256u
#define PLAN_VALUES_MAX 127u /* bits of a shape; the last slot takes what the plan does not write */
#define PLAN_KEYS_BYTES 8192u

struct plan {
    const struct schema *schema; /* NULL: the plan of a place */
    uint16_t ops_count;
    uint8_t values_count;
    uint16_t keys_bytes;
    uint8_t number_of[VALUES]; /* of a derived value; PLAN_VALUES_MAX: not written */
    /* columns by what has to be done with them, so that each group is one loop without a switch */
    struct plan_columns {
        uint8_t count;
        struct plan_column { uint8_t column, number, kind; } items[FIELDS_MAX];
    } texts, integers, seconds, others;
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

#endif
