/* Account and region that a record says of itself, where its object's name does not: by an ARN, or in columns.
 *
 * Threads: one memory per worker and use. */
#ifndef WHEREFROM_RECORD_CLOUD_H
#define WHEREFROM_RECORD_CLOUD_H

#include "schemas/record.h"

#define ARN_PREFIX_BYTES_MAX 96u

/* Lines of one file nearly always have the same ARN up to its account: its parts are remembered, and it is only compared (taking it apart
 * cost 350 instructions). All zero: none. */
struct arn_memory {
    char prefix[ARN_PREFIX_BYTES_MAX]; /* "arn:aws:elasticloadbalancing:us-east-2:123456789012:" */
    uint32_t prefix_bytes;             /* 0: none */
    uint32_t changes;                  /* how often it was another one */
    struct span region, account;       /* inside it */
};

struct record_arn {
    struct span region, account; /* in the record's text */
    struct slice resource;       /* behind the account */
};

/* Takes an ARN apart into `memory`; prefix_bytes stays 0 for what is none. */
void arn_remember(struct arn_memory *memory, struct slice arn);

/* The ARN of the account and region that the record belongs to (ROLE_RESOURCE_ARN); false: it has none. */
static inline bool record_arn(struct arn_memory *memory, const struct record *record, struct record_arn *found) {
    int column = schema_column(record->schema, ROLE_RESOURCE_ARN);
    if (column < 0 || record_null(record, record->fields[column])) return false;
    struct span span = record->fields[column];
    struct slice arn = record_text(record, span);
    if (memory->prefix_bytes == 0 || arn.len < memory->prefix_bytes ||
        memcmp(arn.ptr, memory->prefix, memory->prefix_bytes) != 0)
        arn_remember(memory, arn);
    if (memory->prefix_bytes == 0) return false;
    found->region = (struct span){span.offset + memory->region.offset, memory->region.length};
    found->account = (struct span){span.offset + memory->account.offset, memory->account.length};
    found->resource = (struct slice){arn.ptr + memory->prefix_bytes, arn.len - memory->prefix_bytes};
    return true;
}

/* What a column of its own says; length 0: nothing. "unknown" is AWS's word for not knowing. */
static inline struct span record_cloud_column(const struct record *record, enum field_role role) {
    int column = schema_column(record->schema, role);
    if (column < 0 || record_null(record, record->fields[column]) ||
        slice_equal(record_text(record, record->fields[column]), SLICE("unknown")))
        return (struct span){0, 0};
    return record->fields[column];
}

#endif
