/* Logs that are JSON already, one object a line: which key is which is the user's to say (--ndjson COLUMN=PATH); a key that has the
 * column's own name needs no saying. What no column takes is kept in ndjson.extra.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"time", FIELD_TIME_ANY, ROLE_TIME_END, NULL, NULL, "when the request was over: ISO 8601, time_local, seconds or milliseconds since 1970"},
    {"start", FIELD_TIME_ANY, ROLE_TIME_START, NULL, NULL, "when it began; enough where there is no time"},
    {"request_time", FIELD_SECONDS, ROLE_PROCESSING_1, NULL, NULL, "seconds that it took"},
    {"duration", FIELD_MILLISECONDS, ROLE_PROCESSING_2, NULL, NULL, "or milliseconds"},
    {"peer", FIELD_ENDPOINT, ROLE_PEER_IP, NULL, NULL, "address of who connected, with a port or without"},
    {"peer_port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, NULL, "its port"},
    {"xff", FIELD_TEXT, ROLE_FORWARDED_FOR, "ndjson.xff", "ndjson.xff", "X-Forwarded-For header"},
    {"forwarded", FIELD_TEXT, ROLE_FORWARDED, "ndjson.forwarded", "ndjson.forwarded", "Forwarded header, RFC 7239"},
    {"real_ip", FIELD_TEXT, ROLE_REAL_IP, "ndjson.real_ip", "ndjson.real_ip", "header with one address: X-Real-IP, True-Client-IP"},
    {"viewer", FIELD_TEXT, ROLE_VIEWER, "ndjson.viewer", "ndjson.viewer", "CloudFront-Viewer-Address header"},
    {"proxy_ip", FIELD_TEXT, ROLE_PROXY_IP, "ndjson.proxy_ip", "ndjson.proxy_ip", "source address of a PROXY protocol header"},
    {"proxy_port", FIELD_INTEGER, ROLE_PROXY_PORT, "ndjson.proxy_port", "ndjson.proxy_port", "its port"},
    {"trace_id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header"},
    {"destination", FIELD_TEXT, ROLE_DESTINATION, "ndjson.destination", "ndjson.destination", "ip:port of who answered"},
    {"request", FIELD_REQUEST, ROLE_REQUEST, NULL, NULL, "request line: METHOD URL PROTOCOL"},
    {"method", FIELD_TEXT, ROLE_METHOD, NULL, NULL, "request method"},
    {"url", FIELD_TEXT, ROLE_URL, NULL, NULL, "URL, or path and query"},
    {"scheme", FIELD_TEXT, ROLE_SCHEME, NULL, NULL, "https, http"},
    {"host", FIELD_TEXT, ROLE_HOST, NULL, NULL, "Host header"},
    {"path", FIELD_TEXT, ROLE_PATH, NULL, NULL, "path of the URL"},
    {"query", FIELD_TEXT, ROLE_QUERY, NULL, NULL, "query of the URL"},
    {"protocol", FIELD_TEXT, ROLE_HTTP_VERSION, NULL, NULL, "HTTP/1.1"},
    {"status", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status code sent to the client"},
    {"bytes_in", FIELD_INTEGER, ROLE_NONE, "http.request.bytes", "http.request.bytes", "bytes received"},
    {"bytes_out", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "http.response.bytes", "bytes sent"},
    {"user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "http.user_agent.original", "User-Agent header"},
    {"referrer", FIELD_TEXT, ROLE_NONE, "http.request.referrer", "http.request.referrer", "Referer header"},
    {"request_id", FIELD_TEXT, ROLE_NONE, "http.request.id", "http.request.id", "id of the request"},
    {"user", FIELD_TEXT, ROLE_NONE, "user.name", "user.name", "who was logged in"},
    {"tls_version", FIELD_TEXT, ROLE_TLS_VERSION, NULL, NULL, "TLSv1.3"},
    {"tls_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "tls.cipher", "TLS cipher"},
    {"server_name", FIELD_TEXT, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "SNI of the TLS handshake"},
};

/* Never found by its keys: anything could be one. */
static const char *const json_keys[] = {NULL};
/* clang-format on */

const struct schema schema_ndjson = {
    .name = "ndjson",
    .help = "logs that are JSON already, by --format ndjson and --ndjson COLUMN=PATH",
    .space = "ndjson",
    .spec = "RFC 8259; names by the user",
    .layout = LAYOUT_JSON,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .json_keys = json_keys,
};
