/* The encoder's program: ops made from the tables of a format and of an output schema.
 *
 * Objects nest by the dots in the paths. An op knows the text in front of its value and behind it. Running a plan for every record
 * would ask again and again which values there are; shape.h makes a straight copy list for each answer.
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_PLAN_H
#define WHEREFROM_PLAN_H

#include <string.h>

#include "sinks/encoder.h"

/* What an op does: one of enum value, or a column of a kind, or structure. */
enum op_code {
    OP_COLUMN = VALUES,                /* OP_COLUMN + enum field_kind */
    OP_OPEN = OP_COLUMN + FIELD_KINDS, /* the key is `"name":{` */
    OP_CLOSE,
    OP_LITERAL, /* the key is all there is to write */
    OP_END,
};

struct op {
    uint8_t code;   /* enum op_code */
    uint8_t index;  /* column; a place's text or mark */
    uint8_t number; /* of the value's slot */
    uint8_t key_bytes;
    uint16_t key;    /* offset in the pool: `"name":` and what opens the value, `"` or `[` */
    uint16_t suffix; /* likewise: what ends the value, with the comma behind it */
    uint8_t suffix_bytes;
    uint8_t type; /* enum output_type of the value */
};

#define PLAN_OPS_MAX 256u
/* Slots of a record's values: columns first, by index, then derived values, by enum value. A bit of a 64-bit mask each. */
#define PLAN_SLOT_VALUES 64u
#define PLAN_SLOTS 128u
#define PLAN_KEYS_BYTES 8192u

_Static_assert(RECORD_VALUES <= PLAN_SLOT_VALUES, "a bit for each derived value");

struct plan {
    const struct schema *schema; /* NULL: the plan of a part: a place, residency */
    uint16_t ops_count;
    uint16_t keys_bytes;
    uint64_t values;                           /* derived values that are written */
    uint64_t texts, integers, seconds, others; /* columns that are written, by what has to be done with them */
    uint64_t agents;                           /* columns that say what the client's program is */
    uint8_t kinds[PLAN_SLOT_VALUES];           /* enum field_kind of each column */
    struct op ops[PLAN_OPS_MAX];
    char keys[PLAN_KEYS_BYTES]; /* 32 bytes behind any key may be read */
};

/* The name in an op's key, which is `"name":` and more. */
static inline struct slice plan_op_name(const struct plan *plan, const struct op *op) {
    const char *name = plan->keys + op->key + 1;
    return (struct slice){name, strcspn(name, "\"")};
}

struct emit_kernel;

struct encoder {
    const struct emit_kernel *emit;
    const struct output_schema *schema;
    bool keep_original;
    struct plan place, residency;
    uint32_t plans_count; /* one per format, in the order of schemas_all */
    struct plan plans[];
};

#endif
