/* Output schema `flat`: the format's own column names at the top level (`:` and `.` as `_`), and what was worked out as client_*,
 * hop_*. For DuckDB, jq, spreadsheets.
 *
 * Threads: constants. */
#include "schemas/output.h"
#include "schemas/place.h"

static const struct output_field fields[] = {
    {"timestamp", VALUE_TIMESTAMP, TYPE_DATE, NULL, 0},
    {"event_id", VALUE_ID, TYPE_KEYWORD, NULL, 0},
    {"original", VALUE_ORIGINAL, TYPE_KEPT, NULL, 0},
    {"client_ip", VALUE_CLIENT_IP, TYPE_IP, NULL, 0},
    {"client_port", VALUE_CLIENT_PORT, TYPE_LONG, NULL, 0},
    {"place", VALUE_CLIENT_PLACE, TYPE_KEYWORD, NULL, 0},
    {"source_ip", VALUE_PEER_IP, TYPE_IP, NULL, 0},
    {"source_port", VALUE_PEER_PORT, TYPE_LONG, NULL, 0},
    {"target_ip", VALUE_DESTINATION_IP, TYPE_IP, NULL, 0},
    {"target_port", VALUE_DESTINATION_PORT, TYPE_LONG, NULL, 0},
    {"hop_verdict", VALUE_HOP_VERDICT, TYPE_KEYWORD, NULL, 0},
    {"hop_prov", VALUE_HOP_PROVENANCE, TYPE_KEYWORD, NULL, 0},
    {"hop_trust", VALUE_HOP_TRUST, TYPE_LONG, NULL, 0},
    {"hop_depth", VALUE_HOP_DEPTH, TYPE_LONG, NULL, 0},
    {"hop_claim", VALUE_HOP_CLAIM, TYPE_KEYWORD, NULL, 0},
    {"hop_via", VALUE_HOP_VIA, TYPE_IP, NULL, 0},
    {"hop_waf_view", VALUE_HOP_WAF_VIEW, TYPE_IP, NULL, 0},
    {"hop_flags", VALUE_HOP_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"residency", VALUE_RESIDENCY, TYPE_KEYWORD, NULL, 0},
    {"method", VALUE_METHOD, TYPE_KEYWORD, NULL, 0},
    {"url", VALUE_URL, TYPE_TEXT_LONG, NULL, 0},
    {"http_version", VALUE_HTTP_VERSION, TYPE_KEYWORD, NULL, 0},
    {"region", VALUE_REGION, TYPE_KEYWORD, NULL, 0},
    {"account_id", VALUE_ACCOUNT, TYPE_KEYWORD, NULL, 0},
    {"", VALUE_COLUMNS, TYPE_KEYWORD, NULL, 0},
    {"ip_address", VALUE_NODE_IP, TYPE_IP, NULL, 0},
    {"forwarded_ip", VALUE_FORWARDED_IP, TYPE_IP, NULL, 0},
    {"tcp_flags_array", VALUE_TCP_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"protocol", VALUE_TRANSPORT, TYPE_KEYWORD, NULL, 0},
    {"blocked_by", VALUE_BLOCKED_BY, TYPE_KEYWORD, NULL, 0},
    {"extra", VALUE_EXTRA, TYPE_KEYWORD, NULL, 0},
    {"raw", VALUE_RAW, TYPE_JSON, NULL, 0},
    {"log_path", VALUE_LOG_PATH, TYPE_KEYWORD, NULL, 0},
    {"log_offset", VALUE_LOG_OFFSET, TYPE_LONG, NULL, 0},
    {"log_source_address", VALUE_LOG_ADDRESS, TYPE_KEYWORD, NULL, 0},
    {"kafka_topic", VALUE_KAFKA_TOPIC, TYPE_KEYWORD, NULL, 0},
    {"kafka_partition", VALUE_KAFKA_PARTITION, TYPE_LONG, NULL, 0},
    {"kafka_offset", VALUE_KAFKA_OFFSET, TYPE_LONG, NULL, 0},
    {"log_flags", VALUE_LOG_FLAGS, TYPE_KEYWORD, NULL, 0},
};

static const struct output_field place[] = {
    {"client_country_iso_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_COUNTRY_ISO_CODE},
    {"client_country_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_COUNTRY_NAME},
    {"client_continent_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CONTINENT_CODE},
    {"client_continent_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CONTINENT_NAME},
    {"client_region_iso_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_REGION_ISO_CODE},
    {"client_region_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_REGION_NAME},
    {"client_city_name", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_CITY_NAME},
    {"client_postal_code", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_POSTAL_CODE},
    {"client_timezone", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_TIMEZONE},
    {"client_location", VALUE_PLACE_LOCATION, TYPE_GEO_POINT, NULL, 0},
    {"client_accuracy", VALUE_PLACE_ACCURACY, TYPE_KEYWORD, NULL, 0},
    {"client_as_number", VALUE_PLACE_AS_NUMBER, TYPE_LONG, NULL, 0},
    {"client_as_organization", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_AS_ORGANIZATION},
    {"client_isp", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_ISP},
    {"client_isp_organization", VALUE_PLACE_TEXT, TYPE_KEYWORD, NULL, PLACE_ISP_ORGANIZATION},
    {"client_anonymous", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_ANONYMOUS},
    {"client_anonymous_vpn", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_ANONYMOUS_VPN},
    {"client_hosting_provider", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_HOSTING_PROVIDER},
    {"client_public_proxy", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_PUBLIC_PROXY},
    {"client_residential_proxy", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_RESIDENTIAL_PROXY},
    {"client_tor_exit_node", VALUE_PLACE_MARK, TYPE_BOOLEAN, NULL, PLACE_TOR_EXIT_NODE},
};

/* Every column by its own name but those that no other schema writes either, and those that are written above: addresses with a port
 * in the same column, the node (which may come from the key), the record's only time, and names that begin like ours. */
static const char *column_paths(const struct field_spec *field) {
    bool nowhere = field->role == ROLE_NONE && field->ecs == NULL && field->ss4o == NULL;
    bool above = field->kind == FIELD_ENDPOINT || field->role == ROLE_NODE || field->role == ROLE_TIME ||
                 field->role == ROLE_TIME_END_DATE || field->role == ROLE_TIME_END_CLOCK ||
                 slice_starts_with(slice_from(field->name), SLICE("client_"));
    return nowhere || above ? NULL : field->name;
}

static const uint16_t place_count = sizeof place / sizeof place[0];

const struct output_schema output_flat = {
    .name = "flat",
    .help = "the format's own column names at the top level, with client_* and hop_*",
    .flat = true,
    .fields = fields,
    .fields_count = sizeof fields / sizeof fields[0],
    .place = place,
    .place_count = &place_count,
    .residency = output_residency_flat,
    .column_paths = column_paths,
};
