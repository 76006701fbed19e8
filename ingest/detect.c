/* Which format is this line? The one whose leading columns have the kinds of its table.
 *
 * Nothing but the tables is asked: the kinds of the first five or so columns (type, time, name, address:port ...) differ
 * between all formats, and words such as `https` are open sets that AWS adds to.
 *
 * Threads: pure function. */
#include "base/number.h"
#include "ingest/split.h"

static bool fits(const struct record *record, struct span span, enum field_kind kind) {
    struct slice text = record_text(record, span);
    struct timestamp_cache days = {.day = ""};
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

static bool matches(const struct record *record, const struct schema *schema) {
    int peer = schema_column(schema, ROLE_PEER);
    if (record->fields_count <= peer) return false; /* too little to tell */
    if (schema->detect_first != NULL &&
        !slice_equal(record_text(record, record->fields[0]), slice_from(schema->detect_first)))
        return false;
    for (uint16_t i = 0; i < schema->detect_count && i < record->fields_count; i++)
        if (!fits(record, record->fields[i], schema->fields[i].kind)) return false;
    return !record_null(record, record->fields[peer]);
}

const struct schema *detect(const struct record *record) {
    for (uint32_t i = 0; i < schemas_count; i++)
        if (matches(record, schemas_all[i])) return schemas_all[i];
    return NULL;
}
