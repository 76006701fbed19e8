/* Output schema `ss4o`: the names of OpenSearch's Simple Schema for Observability (integration amazon_elb).
 *
 * communication.source.* is the TCP peer as logged, with the place of the resolved client, since its dashboards draw
 * that; the resolved client itself is aws.elb.client.*. What SS4O has no name for keeps its ECS name.
 *
 * Threads: constants. */
#include "schemas/output.h"

static const struct output_field fields[] = {
    {"@timestamp", VALUE_TIMESTAMP, TYPE_DATE, NULL, 0},
    {"event.kind", VALUE_CONSTANT, TYPE_KEYWORD, "\"event\"", 0},
    {"event.category", VALUE_CATEGORY, TYPE_KEYWORD, NULL, 0},
    {"event.outcome", VALUE_OUTCOME, TYPE_KEYWORD, NULL, 0},
    {"event.reason", VALUE_REASON, TYPE_KEYWORD, NULL, 0},
    {"event.start", VALUE_START, TYPE_DATE, NULL, 0},
    {"event.end", VALUE_END, TYPE_DATE, NULL, 0},
    {"event.duration", VALUE_DURATION, TYPE_LONG, NULL, 0},
    {"event.id", VALUE_ID, TYPE_KEYWORD, NULL, 0},
    {"event.original", VALUE_ORIGINAL, TYPE_TEXT_LONG, NULL, 0},
    {"communication.source.ip", VALUE_PEER_IP, TYPE_IP, NULL, 0},
    {"communication.source.port", VALUE_PEER_PORT, TYPE_LONG, NULL, 0},
    {"communication.source.place", VALUE_CLIENT_PLACE, TYPE_KEYWORD, NULL, 0},
    {"hop.verdict", VALUE_HOP_VERDICT, TYPE_KEYWORD, NULL, 0},
    {"hop.prov", VALUE_HOP_PROVENANCE, TYPE_KEYWORD, NULL, 0},
    {"hop.trust", VALUE_HOP_TRUST, TYPE_LONG, NULL, 0},
    {"hop.depth", VALUE_HOP_DEPTH, TYPE_LONG, NULL, 0},
    {"hop.claim", VALUE_HOP_CLAIM, TYPE_KEYWORD, NULL, 0},
    {"hop.via", VALUE_HOP_VIA, TYPE_IP, NULL, 0},
    {"hop.waf_view", VALUE_HOP_WAF_VIEW, TYPE_IP, NULL, 0},
    {"hop.flags", VALUE_HOP_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"network.forwarded_ip", VALUE_FORWARDED_IP, TYPE_IP, NULL, 0},
    {"http.request.method", VALUE_METHOD, TYPE_KEYWORD, NULL, 0},
    {"http.request.id", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"http.request.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.request.body.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.request.mime_type", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"http.request.referrer", VALUE_COLUMN, TYPE_TEXT_LONG, NULL, 0},
    {"http.response.status_code", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.response.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.response.body.bytes", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"http.response.mime_type", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"http.user_agent.original", VALUE_COLUMN, TYPE_TEXT_LONG, NULL, 0},
    {"url.full", VALUE_URL, TYPE_TEXT_LONG, NULL, 0},
    {"url.scheme", VALUE_URL_SCHEME, TYPE_KEYWORD, NULL, 0},
    {"url.domain", VALUE_URL_DOMAIN, TYPE_KEYWORD, NULL, 0},
    {"url.port", VALUE_URL_PORT, TYPE_LONG, NULL, 0},
    {"url.path", VALUE_URL_PATH, TYPE_TEXT_LONG, NULL, 0},
    {"url.query", VALUE_URL_QUERY, TYPE_TEXT_LONG, NULL, 0},
    {"tls.client.server_name", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"tls.client.subject", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"tls.client.not_before", VALUE_NOT_BEFORE, TYPE_DATE, NULL, 0},
    {"tls.client.not_after", VALUE_NOT_AFTER, TYPE_DATE, NULL, 0},
    {"tls.client.x509.serial_number", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"traceId", VALUE_COLUMN, TYPE_KEYWORD, NULL, 0},
    {"observer.ip", VALUE_NODE_IP, TYPE_IP, NULL, 0},
    {"cloud.provider", VALUE_PROVIDER, TYPE_KEYWORD, "\"aws\"", 0},
    {"cloud.region", VALUE_REGION, TYPE_KEYWORD, NULL, 0},
    {"cloud.account.id", VALUE_ACCOUNT, TYPE_KEYWORD, NULL, 0},
    {"*", VALUE_COLUMNS, TYPE_KEYWORD, NULL, 0},
    {"*.client.ip", VALUE_CLIENT_IP, TYPE_IP, NULL, 0},
    {"*.client.port", VALUE_CLIENT_PORT, TYPE_LONG, NULL, 0},
    {"*.backend.ip", VALUE_DESTINATION_IP, TYPE_IP, NULL, 0},
    {"*.backend.port", VALUE_DESTINATION_PORT, TYPE_LONG, NULL, 0},
    {"*.http.version", VALUE_HTTP_VERSION, TYPE_KEYWORD, NULL, 0},
    {"*.tcp_flags_array", VALUE_TCP_FLAGS, TYPE_KEYWORD, NULL, 0},
    {"*.protocol", VALUE_TRANSPORT, TYPE_KEYWORD, NULL, 0},
    {"*.blocked_by", VALUE_BLOCKED_BY, TYPE_KEYWORD, NULL, 0},
    {"*.extra", VALUE_EXTRA, TYPE_KEYWORD, NULL, 0},
    {"*.raw", VALUE_RAW, TYPE_KEYWORD, NULL, 0},
    {"log.file.path", VALUE_LOG_PATH, TYPE_KEYWORD, NULL, 0},
    {"log.offset", VALUE_LOG_OFFSET, TYPE_LONG, NULL, 0},
    {"log.source.address", VALUE_LOG_ADDRESS, TYPE_KEYWORD, NULL, 0},
    {"log.syslog.priority", VALUE_COLUMN, TYPE_LONG, NULL, 0},
    {"log.flags", VALUE_LOG_FLAGS, TYPE_KEYWORD, NULL, 0},
};

static const char *column_paths(const struct field_spec *field) {
    return field->ss4o;
}

const struct output_schema output_ss4o = {
    .name = "ss4o",
    .help = "OpenSearch Simple Schema for Observability names, nested objects",
    .fields = fields,
    .fields_count = sizeof fields / sizeof fields[0],
    .place = output_place_nested,
    .place_count = &output_place_nested_count,
    .column_paths = column_paths,
};
