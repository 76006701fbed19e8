/* Envoy's access log: its default text, Istio's longer one, and JSON by the same names. The default text has no peer: what it
 * says of the client is only what a header says.
 *
 * Threads: constants. */
#include "schemas/envoy.h"

#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    [ENVOY_START_TIME] = {"start_time", FIELD_TIME_ANY, ROLE_TIME_START, NULL, NULL, "when the request began"},
    [ENVOY_METHOD] = {"method", FIELD_TEXT, ROLE_METHOD, NULL, NULL, "request method; null for TCP"},
    [ENVOY_PATH] = {"path", FIELD_TEXT, ROLE_URL, NULL, NULL, "path and query, before Envoy rewrote it"},
    [ENVOY_PROTOCOL] = {"protocol", FIELD_TEXT, ROLE_HTTP_VERSION, NULL, NULL, "HTTP/1.1, HTTP/2, HTTP/3; null for TCP"},
    [ENVOY_RESPONSE_CODE] = {"response_code", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status sent to the client; null (0 in the log) when there was no response"},
    [ENVOY_RESPONSE_FLAGS] = {"response_flags", FIELD_TEXT, ROLE_NONE, "envoy.response_flags", "envoy.response_flags", "what was special about the response: UH, NR, DPE and the like"},
    [ENVOY_RESPONSE_CODE_DETAILS] = {"response_code_details", FIELD_TEXT, ROLE_NONE, "envoy.response_code_details", "envoy.response_code_details", "who set the status, and why"},
    [ENVOY_CONNECTION_TERMINATION_DETAILS] = {"connection_termination_details", FIELD_TEXT, ROLE_NONE, "envoy.connection_termination_details", "envoy.connection_termination_details", "why Envoy ended the connection"},
    [ENVOY_UPSTREAM_TRANSPORT_FAILURE_REASON] = {"upstream_transport_failure_reason", FIELD_TEXT, ROLE_NONE, "envoy.upstream_transport_failure_reason", "envoy.upstream_transport_failure_reason", "why the connection upstream failed"},
    [ENVOY_BYTES_RECEIVED] = {"bytes_received", FIELD_INTEGER, ROLE_NONE, "http.request.body.bytes", "http.request.body.bytes", "bytes of the request's body"},
    [ENVOY_BYTES_SENT] = {"bytes_sent", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.body.bytes", "http.response.body.bytes", "bytes of the response's body"},
    [ENVOY_DURATION] = {"duration", FIELD_MILLISECONDS, ROLE_PROCESSING_1, "envoy.duration", "envoy.duration", "milliseconds from the start to the last byte sent"},
    [ENVOY_UPSTREAM_SERVICE_TIME] = {"upstream_service_time", FIELD_MILLISECONDS, ROLE_NONE, "envoy.upstream_service_time", "envoy.upstream_service_time", "milliseconds that the upstream took, network included"},
    [ENVOY_X_FORWARDED_FOR] = {"x_forwarded_for", FIELD_TEXT, ROLE_FORWARDED_FOR, "envoy.x_forwarded_for", "envoy.x_forwarded_for", "X-Forwarded-For header as Envoy sent it on"},
    [ENVOY_USER_AGENT] = {"user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "user_agent.original", "User-Agent header"},
    [ENVOY_REQUEST_ID] = {"request_id", FIELD_TEXT, ROLE_NONE, "http.request.id", "http.request.id", "X-Request-Id header"},
    [ENVOY_AUTHORITY] = {"authority", FIELD_TEXT, ROLE_HOST, "envoy.authority", "envoy.authority", "Host header"},
    [ENVOY_UPSTREAM_HOST] = {"upstream_host", FIELD_TEXT, ROLE_DESTINATION, "envoy.upstream_host", "envoy.upstream_host", "address and port of the upstream; null if none was reached"},
    [ENVOY_UPSTREAM_CLUSTER] = {"upstream_cluster", FIELD_TEXT, ROLE_NONE, "envoy.upstream_cluster", "envoy.upstream_cluster", "cluster of the upstream"},
    [ENVOY_UPSTREAM_LOCAL_ADDRESS] = {"upstream_local_address", FIELD_TEXT, ROLE_NONE, "envoy.upstream_local_address", "envoy.upstream_local_address", "Envoy's own address and port towards the upstream"},
    [ENVOY_DOWNSTREAM_LOCAL_ADDRESS] = {"downstream_local_address", FIELD_TEXT, ROLE_NONE, "envoy.downstream_local_address", "envoy.downstream_local_address", "address and port that the client connected to"},
    [ENVOY_DOWNSTREAM_REMOTE_ADDRESS] = {"downstream_remote_address", FIELD_ENDPOINT, ROLE_PEER_IP, "envoy.downstream_remote_address", "envoy.downstream_remote_address", "who opened the connection, or what a PROXY header or X-Forwarded-For says where Envoy is told to believe it"},
    [ENVOY_REQUESTED_SERVER_NAME] = {"requested_server_name", FIELD_NAME, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "SNI, as the client sent it"},
    [ENVOY_ROUTE_NAME] = {"route_name", FIELD_TEXT, ROLE_NONE, "envoy.route_name", "envoy.route_name", "route that was taken"},
    [ENVOY_DOWNSTREAM_DIRECT_REMOTE_ADDRESS] = {"downstream_direct_remote_address", FIELD_ENDPOINT, ROLE_PEER_IP_REAL, "envoy.downstream_direct_remote_address", "envoy.downstream_direct_remote_address", "who opened the connection, whatever headers say: the peer when it is logged"},
    [ENVOY_DOWNSTREAM_TLS_VERSION] = {"downstream_tls_version", FIELD_TEXT, ROLE_TLS_VERSION, NULL, NULL, "TLS version of the client's connection"},
    [ENVOY_DOWNSTREAM_TLS_CIPHER] = {"downstream_tls_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "tls.cipher", "TLS cipher of the client's connection"},
    [ENVOY_X_AMZN_TRACE_ID] = {"x_amzn_trace_id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header"},
};
/* clang-format on */

_Static_assert(sizeof fields / sizeof fields[0] == ENVOY_COLUMNS, "a row for each column");

static const struct field_alias aliases[] = {
    {"x_envoy_original_path", "path"},
    {"x_envoy_upstream_service_time", "upstream_service_time"},
    {"x_request_id", "request_id"},
    {NULL, NULL},
};

static const char *const json_keys[] = {"start_time", "response_flags", NULL};

const struct schema schema_envoy = {
    .name = "envoy",
    .help = "Envoy access log (default text, Istio's, JSON)",
    .space = "envoy",
    .spec = "Envoy documentation, Access logging",
    .writer = "envoy",
    .list = LIST_AS_SENT,
    .layout = LAYOUT_ENVOY,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 1,
    .aliases = aliases,
    .json_keys = json_keys,
    .detect_count = 1,
};
