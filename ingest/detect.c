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
    case FIELD_INTEGER:
    case FIELD_UNIX_TIME: return number_parse(text, &number);
    case FIELD_SECONDS: return slice_equal(text, SLICE("-1")) || number_seconds_to_ns(text, &ns);
    default: return true;
    }
}

/* The roles whose columns derive() has found good already, of a record that was read as the format in question: a bit each. */
static uint64_t known_to_fit(const struct record *record) {
    const uint64_t one = 1, sum = one << ROLE_PROCESSING_1 | one << ROLE_PROCESSING_2 | one << ROLE_PROCESSING_3;
    return (record->end.known ? one << ROLE_TIME_END | sum : 0) | (uint64_t)record->start.known << ROLE_TIME_START |
           (uint64_t)record->time.known << ROLE_TIME | (uint64_t)record->has_peer << ROLE_PEER |
           (uint64_t)record->has_peer << ROLE_PEER_IP | (uint64_t)record->has_destination << ROLE_DESTINATION;
}

static bool matches(const struct record *record, const struct schema *schema) {
    if (schema->layout >= LAYOUT_W3C) return false; /* told by their looks */
    int peer = schema_peer_column(schema);
    if (record->fields_count <= (peer >= 0 ? peer : schema->detect_count - 1)) return false; /* too little to tell */
    if (schema->layout == LAYOUT_HEADER && record->schema != schema &&
        (record->fields_count < schema->fields_count_min || record->fields_count > schema->headless_count_max))
        return false;
    if (schema->detect_first != NULL &&
        !slice_equal(record_text(record, record->fields[0]), slice_from(schema->detect_first)))
        return false;
    uint64_t known = record->schema == schema ? known_to_fit(record) : 0;
    for (uint16_t i = 0; i < schema->detect_count && i < record->fields_count; i++) {
        const struct field_spec *field = &schema->fields[i];
        bool enough_without = schema->layout == LAYOUT_HEADER &&
                              field->kind == FIELD_INTEGER; /* by count, addresses, times */
        if (enough_without || field->kind == FIELD_TEXT || (known >> field->role & 1) != 0) continue;
        if (!fits(record, record->fields[i], field->kind)) return false;
    }
    enum skip_reason skip;
    return peer < 0 || !record_null(record, record->fields[peer]) || is_empty_flow(record, schema, &skip);
}

const struct schema *detect(const struct record *record) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (matches(record, schemas_all[i])) return schemas_all[i];
    return NULL;
}

bool detect_agrees(const struct record *record) {
    const struct schema *schema = record->schema;
    struct span last = record->fields[schema->detect_count - 1];
    /* with quotes among them, detection would have other columns before it; of flows, it counts all columns */
    size_t bytes = schema->layout == LAYOUT_HEADER ? record->line.length
                                                   : last.offset + last.length - record->line.offset;
    bool other_columns = schema->layout != LAYOUT_SPACE_QUOTED &&
                         memchr(record->text + record->line.offset, '"', bytes) != NULL;
    return !other_columns && detect(record) == schema;
}
