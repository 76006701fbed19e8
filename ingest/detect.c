/* Which format is this line? The one whose leading columns have the kinds of its table.
 *
 * Nothing but the tables is asked: the kinds of the first five or so columns (type, time, name, address:port ...) differ
 * between all formats, and words such as `https` are open sets that AWS adds to.
 *
 * Threads: pure function. */
#include "base/number.h"
#include "ingest/split.h"

__attribute__((noinline)) static bool fits(const struct record *record, struct span span, enum field_kind kind) {
    struct slice text = record_text(record, span);
    struct timestamp_cache days = {.known = false};
    struct endpoint endpoint;
    struct ip_parsed address;
    uint64_t number;
    int64_t ns;
    uint32_t digits;
    if (kind != FIELD_TIME && record_null(record, span)) return true;
    switch (kind) {
    case FIELD_TIME: return timestamp_parse(text, &days, &ns, &digits);
    case FIELD_ENDPOINT: return ip_parse_endpoint(text, &endpoint);
    case FIELD_IP: return ip_parse(text, &address);
    case FIELD_INTEGER: return number_parse(text, &number);
    case FIELD_SECONDS: return slice_equal(text, SLICE("-1")) || number_seconds_to_ns(text, &ns);
    default: return true;
    }
}

/* What derive() has found out already of a record that was read as the format in question. */
static bool known_to_fit(const struct record *record, enum field_role role) {
    switch (role) {
    case ROLE_TIME_END: return record->end.known;
    case ROLE_TIME_START: return record->start.known;
    case ROLE_PEER: return record->has_peer;
    case ROLE_DESTINATION: return record->has_destination;
    case ROLE_PROCESSING_1:
    case ROLE_PROCESSING_2:
    case ROLE_PROCESSING_3: return record->end.known; /* their sum */
    default: return false;
    }
}

static bool matches(const struct record *record, const struct schema *schema) {
    int peer = schema_column(schema, ROLE_PEER);
    if (record->fields_count <= peer) return false; /* too little to tell */
    if (schema->detect_first != NULL &&
        !slice_equal(record_text(record, record->fields[0]), slice_from(schema->detect_first)))
        return false;
    bool derived = record->schema == schema;
    for (uint16_t i = 0; i < schema->detect_count && i < record->fields_count; i++) {
        if (schema->fields[i].kind == FIELD_TEXT || (derived && known_to_fit(record, schema->fields[i].role))) continue;
        if (!fits(record, record->fields[i], schema->fields[i].kind)) return false;
    }
    return !record_null(record, record->fields[peer]);
}

const struct schema *detect(const struct record *record) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (matches(record, schemas_all[i])) return schemas_all[i];
    return NULL;
}

bool detect_agrees(const struct record *record) {
    const struct schema *schema = record->schema;
    struct span last = record->fields[schema->detect_count - 1];
    size_t bytes = last.offset + last.length - record->line.offset;
    /* with quotes among them, detection would have other columns before it */
    bool other_columns = schema->layout != LAYOUT_SPACE_QUOTED &&
                         memchr(record->text + record->line.offset, '"', bytes) != NULL;
    return !other_columns && detect(record) == schema;
}
