/* Output schemas: the names and types of what is written, one table per schema.
 *
 * A row's value is either derived (VALUE_*: what the pipeline worked out) or VALUE_COLUMN: the slot where a
 * column goes whose table row names this path. Rows are in output order; rows that share a
 * prefix stand together, since objects nest by prefix. The encoder and the index template are compiled from them.
 *
 * Threads: constants. */
#ifndef WHEREFROM_OUTPUT_H
#define WHEREFROM_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "schemas/schema.h"

/* clang-format off */
enum value {
    VALUE_COLUMN,      /* a column names this path */
    VALUE_COLUMNS,     /* all columns whose paths have no row of their own, in column order */
    VALUE_CONSTANT,    /* `constant`, JSON text */
    VALUE_PROVIDER,    /* likewise, of AWS's own formats */
    VALUE_TIMESTAMP, VALUE_START, VALUE_END, VALUE_DURATION, VALUE_OUTCOME, VALUE_REASON, VALUE_CATEGORY, VALUE_ID, VALUE_ORIGINAL,
    VALUE_CLIENT_IP, VALUE_CLIENT_PORT, VALUE_CLIENT_PLACE,
    VALUE_PEER_IP, VALUE_PEER_PORT, VALUE_DESTINATION_IP, VALUE_DESTINATION_PORT, VALUE_NODE_IP,
    VALUE_HOP_VERDICT, VALUE_HOP_PROVENANCE, VALUE_HOP_TRUST, VALUE_HOP_DEPTH, VALUE_HOP_CLAIM, VALUE_HOP_VIA, VALUE_HOP_FLAGS,
    VALUE_HOP_WAF_VIEW,
    VALUE_RESIDENCY,
    VALUE_METHOD, VALUE_URL, VALUE_URL_SCHEME, VALUE_URL_DOMAIN, VALUE_URL_PORT, VALUE_URL_PATH, VALUE_URL_QUERY,
    VALUE_HTTP_VERSION, VALUE_TLS_VERSION, VALUE_TLS_PROTOCOL, VALUE_NOT_BEFORE, VALUE_NOT_AFTER,
    VALUE_REGION, VALUE_ACCOUNT,
    VALUE_NETWORK_TRANSPORT, VALUE_NETWORK_NUMBER, VALUE_NETWORK_TYPE, VALUE_NETWORK_DIRECTION,
    VALUE_FORWARDED_IP, /* what X-Forwarded-For says, as far as it is addresses */
    VALUE_TCP_FLAGS,   /* names of the flags */
    VALUE_TRANSPORT,   /* "http" or "tcp": what a classic balancer's listener spoke */
    VALUE_BLOCKED_BY,  /* "waf" */
    VALUE_EXTRA,       /* columns behind the last known one */
    VALUE_RAW,         /* text of columns that did not parse */
    VALUE_LOG_PATH, VALUE_LOG_OFFSET, VALUE_LOG_ADDRESS, /* of whoever sent the line by a connection */
    VALUE_LOG_FLAGS,
    VALUE_KAFKA_TOPIC, VALUE_KAFKA_PARTITION, VALUE_KAFKA_OFFSET, /* instead of path, address and offset */
    /* a place: only inside VALUE_CLIENT_PLACE */
    VALUE_PLACE_TEXT, VALUE_PLACE_LOCATION, VALUE_PLACE_ACCURACY, VALUE_PLACE_AS_NUMBER, VALUE_PLACE_MARK,
    /* residency: only inside VALUE_RESIDENCY */
    VALUE_RESIDENCY_ZONE, VALUE_RESIDENCY_VERDICT, VALUE_RESIDENCY_REASON,
    VALUE_RESIDENCY_REGIONS, /* that served the request, as logged */
    VALUE_RESIDENCY_PLACE,   /* what they are in the policy */
    VALUE_RESIDENCY_EDGE, VALUE_RESIDENCY_RULE, VALUE_RESIDENCY_POLICY, VALUE_RESIDENCY_LISTS, VALUE_RESIDENCY_GEO_BUILD, VALUE_RESIDENCY_PRIVACY,
    VALUES
};
#define RECORD_VALUES VALUE_PLACE_TEXT /* those of records themselves */
/* clang-format on */

/* Whether members stand for it, from a table of their own, rendered by themselves. */
static inline bool value_is_part(unsigned value) {
    return value == VALUE_CLIENT_PLACE || value == VALUE_RESIDENCY;
}

/* Types of an OpenSearch mapping; sinks/index_template.c says what they are there. */
enum output_type {
    TYPE_KEYWORD,
    TYPE_TEXT_LONG, /* the same for what often is long: URLs, user agents */
    TYPE_LONG,
    TYPE_FLOAT,
    TYPE_DATE,
    TYPE_IP,
    TYPE_IP_UNSURE, /* text that should be one */
    TYPE_GEO_POINT,
    TYPE_BOOLEAN,
    TYPE_JSON, /* anything */
    TYPE_KEPT, /* nobody looks for it */
    OUTPUT_TYPES
};

struct output_field {
    const char *path; /* "http.request.method"; a leading `*` stands for the format's own space, "aws.elb" */
    enum value value;
    enum output_type type;
    const char *constant; /* VALUE_CONSTANT: JSON text. */
    int place_index;      /* VALUE_PLACE_TEXT, VALUE_PLACE_MARK: which */
};

struct output_schema {
    const char *name; /* "ecs" */
    const char *help;
    bool flat; /* one level: no dots in names */
    const struct output_field *fields;
    uint16_t fields_count;
    const struct output_field *place; /* paths below where VALUE_CLIENT_PLACE stands */
    const uint16_t *place_count;
    const struct output_field *residency; /* output_residency_count paths below where VALUE_RESIDENCY stands */
    /* The paths of a column in this schema; NULL: not written. */
    const char *(*column_paths)(const struct field_spec *field);
};

extern const struct output_field output_place_nested[];
extern const uint16_t output_place_nested_count;
extern const struct output_field output_residency_nested[], output_residency_flat[];
extern const uint16_t output_residency_count;
extern const struct output_schema output_ecs, output_ss4o, output_flat;
extern const struct output_schema *const output_schemas[]; /* NULL-terminated; the first is the default */

#endif
