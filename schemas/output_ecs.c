/* Output schema `ecs`: Elastic Common Schema 9.4 names, nested; AWS's own columns under the format's space.
 *
 * client.* is the resolved client and absent when there is none; source.* is the TCP peer as logged.
 *
 * Threads: constants. */
#include "schemas/output.h"

static const struct output_field fields[] = {
    {"@timestamp", VALUE_TIMESTAMP, TYPE_DATE, NULL, 0},
    {"event.kind", VALUE_CONSTANT, TYPE_KEYWORD, "\"event\"", 0},
    {"event.category", VALUE_CATEGORY, TYPE_KEYWORD, NULL, 0},
    {"event.outcome", VALUE_OUTCOME, TYPE_KEYWORD, NULL, 0},
    {"event.start", VALUE_START, TYPE_DATE, NULL, 0},
    {"event.end", VALUE_END, TYPE_DATE, NULL, 0},
    {"event.duration", VALUE_DURATION, TYPE_LONG, NULL, 0},
    {"event.id", VALUE_ID, TYPE_KEYWORD, NULL, 0},
    {"event.original", VALUE_ORIGINAL, TYPE_TEXT_LONG, NULL, 0},
    {"client.ip", VALUE_CLIENT_IP, TYPE_IP, NULL, 0},
    {"client.port", VALUE_CLIENT_PORT, TYPE_LONG, NULL, 0},
    {"client.place", VALUE_CLIENT_PLACE, TYPE_KEYWORD, NULL, 0},
    {"source.ip", VALUE_PEER_IP, TYPE_IP, NULL, 0},
    {"source.port", VALUE_PEER_PORT, TYPE_LONG, NULL, 0},
    {"source.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"destination.ip", VALUE_DESTINATION_IP, TYPE_IP, NULL, 0},
    {"destination.port", VALUE_DESTINATION_PORT, TYPE_LONG, NULL, 0},
    {"destination.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"hop.verdict", VALUE_HOP_VERDICT, TYPE_KEYWORD, NULL, 0},
    {"hop.prov", VALUE_HOP_PROVENANCE, TYPE_KEYWORD, NULL, 0},
    {"hop.trust", VALUE_HOP_TRUST, TYPE_LONG, NULL, 0},
    {"hop.depth", VALUE_HOP_DEPTH, TYPE_LONG, NULL, 0},
    {"hop.flags", VALUE_HOP_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"http.version", VALUE_HTTP_VERSION, TYPE_KEYWORD, NULL, 0},
    {"http.request.method", VALUE_METHOD, TYPE_KEYWORD, NULL, 0},
    {"http.request.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.response.status_code", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.response.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"url.original", VALUE_URL, TYPE_TEXT_LONG, NULL, 0},
    {"url.scheme", VALUE_URL_SCHEME, TYPE_KEYWORD, NULL, 0},
    {"url.domain", VALUE_URL_DOMAIN, TYPE_KEYWORD, NULL, 0},
    {"url.port", VALUE_URL_PORT, TYPE_LONG, NULL, 0},
    {"url.path", VALUE_URL_PATH, TYPE_TEXT_LONG, NULL, 0},
    {"url.query", VALUE_URL_QUERY, TYPE_TEXT_LONG, NULL, 0},
    {"user_agent.original", VALUE_COLUMN, TYPE_TEXT_LONG, NULL, 0},
    {"tls.cipher", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"tls.version", VALUE_TLS_VERSION, TYPE_KEYWORD, NULL, 0},
    {"tls.version_protocol", VALUE_TLS_PROTOCOL, TYPE_KEYWORD, NULL, 0},
    {"tls.curve", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"tls.next_protocol", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"tls.client.server_name", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"trace.id", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"observer.ip", VALUE_NODE_IP, TYPE_IP, NULL, 0},
    {"cloud.provider", VALUE_CONSTANT, TYPE_KEYWORD, "\"aws\"", 0},
    {"cloud.region", VALUE_REGION, TYPE_KEYWORD, NULL, 0},
    {"cloud.account.id", VALUE_ACCOUNT, TYPE_KEYWORD, NULL, 0},
    {"*.type", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"*.name", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"*.target_group.arn", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"*", VALUE_COLUMNS, TYPE_KEYWORD, NULL, 0},
    {"*.protocol", VALUE_TRANSPORT, TYPE_KEYWORD, NULL, 0},
    {"*.blocked_by", VALUE_BLOCKED_BY, TYPE_KEYWORD, NULL, 0},
    {"*.extra", VALUE_EXTRA, TYPE_KEYWORD, NULL, 0},
    {"*.raw", VALUE_RAW, TYPE_KEYWORD, NULL, 0},
    {"log.file.path", VALUE_LOG_PATH, TYPE_KEYWORD, NULL, 0},
    {"log.offset", VALUE_LOG_OFFSET, TYPE_LONG, NULL, 0},
    {"log.flags", VALUE_LOG_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"ecs.version", VALUE_CONSTANT, TYPE_KEYWORD, "\"9.4.0\"", 0},
};

static const char *column_paths(const struct field_spec *field) {
    return field->ecs;
}

const struct output_schema output_ecs = {
    .name = "ecs",
    .help = "Elastic Common Schema names, nested objects (the default)",
    .fields = fields,
    .fields_count = sizeof fields / sizeof fields[0],
    .place = output_place_nested,
    .place_count = &output_place_nested_count,
    .column_paths = column_paths,
};
