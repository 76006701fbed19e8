/* HAProxy: option httplog, httpslog and tcplog, and the line of a connection that failed before there was a session. Timers go by
 * the names of HAProxy's sample fetches, since TR and Tr are one name where case does not count.
 *
 * Threads: constants. */
#include "schemas/haproxy.h"

#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    [HAPROXY_SYSLOG_PRIORITY] = {"syslog_priority", FIELD_INTEGER, ROLE_NONE, "log.syslog.priority", "log.syslog.priority", "priority of the syslog message: facility times 8 plus severity"},
    [HAPROXY_SYSLOG_TIME] = {"syslog_time", FIELD_TEXT, ROLE_NONE, "haproxy.syslog_time", "haproxy.syslog_time", "time of the syslog message as written; often without a year"},
    [HAPROXY_SYSLOG_HOST] = {"syslog_host", FIELD_NAME, ROLE_NONE, "host.name", "host.name", "host of the syslog message: where HAProxy runs"},
    [HAPROXY_PROCESS_NAME] = {"process_name", FIELD_TEXT, ROLE_NONE, "process.name", "process.name", "tag of the syslog message"},
    [HAPROXY_PID] = {"pid", FIELD_INTEGER, ROLE_NONE, "process.pid", "process.pid", "process that wrote the line"},
    [HAPROXY_CLIENT_IP] = {"client_ip", FIELD_IP, ROLE_PEER_IP, NULL, NULL, "who opened the TCP connection, or what a PROXY header says; null for a UNIX socket"},
    [HAPROXY_CLIENT_PORT] = {"client_port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, NULL, "its port"},
    [HAPROXY_REQUEST_DATE] = {"request_date", FIELD_TIME_LOCAL, ROLE_TIME_START, NULL, NULL, "when the first byte of the request came (tcplog: when the connection was accepted)"},
    [HAPROXY_FRONTEND_NAME] = {"frontend_name", FIELD_TEXT, ROLE_NONE, "haproxy.frontend_name", "haproxy.frontend_name", "frontend that took the connection"},
    [HAPROXY_FRONTEND_TLS] = {"frontend_tls", FIELD_BOOLEAN, ROLE_NONE, "tls.established", "tls.established", "true when the connection came over TLS (a ~ behind the frontend's name)"},
    [HAPROXY_BIND_NAME] = {"bind_name", FIELD_TEXT, ROLE_NONE, "haproxy.bind_name", "haproxy.bind_name", "error format: the listener"},
    [HAPROXY_ERROR_MESSAGE] = {"error_message", FIELD_TEXT, ROLE_REASON, NULL, NULL, "error format: why there was no session"},
    [HAPROXY_BACKEND_NAME] = {"backend_name", FIELD_TEXT, ROLE_NONE, "haproxy.backend_name", "haproxy.backend_name", "backend that was chosen"},
    [HAPROXY_SERVER_NAME] = {"server_name", FIELD_TEXT, ROLE_NONE, "haproxy.server_name", "haproxy.server_name", "server that was chosen; <NOSRV> for none, <STATS> for statistics"},
    [HAPROXY_TIME_TR] = {"TR", FIELD_MILLISECONDS, ROLE_NONE, "haproxy.req_timer_hdr", "haproxy.req_timer_hdr", "milliseconds until the request's headers were there"},
    [HAPROXY_TIME_TW] = {"Tw", FIELD_MILLISECONDS, ROLE_NONE, "haproxy.req_timer_queue", "haproxy.req_timer_queue", "milliseconds in queues"},
    [HAPROXY_TIME_TC] = {"Tc", FIELD_MILLISECONDS, ROLE_NONE, "haproxy.bc_timer_connect", "haproxy.bc_timer_connect", "milliseconds until connected to the server"},
    [HAPROXY_TIME_TR_RESPONSE] = {"Tr", FIELD_MILLISECONDS, ROLE_NONE, "haproxy.res_timer_hdr", "haproxy.res_timer_hdr", "milliseconds until the response's headers were there"},
    [HAPROXY_TIME_TA] = {"Ta", FIELD_MILLISECONDS, ROLE_PROCESSING_1, "haproxy.txn_timer_total", "haproxy.txn_timer_total", "milliseconds of the request in all (Tt before 1.7)"},
    [HAPROXY_TIME_TT] = {"Tt", FIELD_MILLISECONDS, ROLE_PROCESSING_2, "haproxy.fc_timer_total", "haproxy.fc_timer_total", "tcplog: milliseconds of the connection in all"},
    [HAPROXY_STATUS_CODE] = {"status_code", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status sent to the client; null when there was none"},
    [HAPROXY_BYTES_READ] = {"bytes_read", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "http.response.bytes", "bytes sent to the client when the line was written"},
    [HAPROXY_REQUEST_COOKIE] = {"captured_request_cookie", FIELD_TEXT, ROLE_NONE, "haproxy.captured_request_cookie", "haproxy.captured_request_cookie", "cookie of the request, NAME=VALUE"},
    [HAPROXY_RESPONSE_COOKIE] = {"captured_response_cookie", FIELD_TEXT, ROLE_NONE, "haproxy.captured_response_cookie", "haproxy.captured_response_cookie", "cookie of the response, NAME=VALUE"},
    [HAPROXY_TERMINATION_STATE] = {"termination_state", FIELD_TEXT, ROLE_NONE, "haproxy.termination_state", "haproxy.termination_state", "how the session ended: who ended it, when, cookies"},
    [HAPROXY_ACTCONN] = {"actconn", FIELD_INTEGER, ROLE_NONE, "haproxy.actconn", "haproxy.actconn", "connections of the process"},
    [HAPROXY_FECONN] = {"feconn", FIELD_INTEGER, ROLE_NONE, "haproxy.feconn", "haproxy.feconn", "connections of the frontend"},
    [HAPROXY_BECONN] = {"beconn", FIELD_INTEGER, ROLE_NONE, "haproxy.beconn", "haproxy.beconn", "connections of the backend"},
    [HAPROXY_SRV_CONN] = {"srv_conn", FIELD_INTEGER, ROLE_NONE, "haproxy.srv_conn", "haproxy.srv_conn", "connections of the server"},
    [HAPROXY_RETRIES] = {"retries", FIELD_INTEGER, ROLE_NONE, "haproxy.retries", "haproxy.retries", "attempts to connect to the server that failed"},
    [HAPROXY_REDISPATCHED] = {"redispatched", FIELD_BOOLEAN, ROLE_NONE, "haproxy.redispatched", "haproxy.redispatched", "true when another server was taken (a + before the retries)"},
    [HAPROXY_SRV_QUEUE] = {"srv_queue", FIELD_INTEGER, ROLE_NONE, "haproxy.srv_queue", "haproxy.srv_queue", "requests before this one in the server's queue"},
    [HAPROXY_BACKEND_QUEUE] = {"backend_queue", FIELD_INTEGER, ROLE_NONE, "haproxy.backend_queue", "haproxy.backend_queue", "requests before this one in the backend's queue"},
    [HAPROXY_REQUEST_HEADERS] = {"captured_request_headers", FIELD_TEXT, ROLE_NONE, "haproxy.captured_request_headers", "haproxy.captured_request_headers", "headers of the request, separated by |"},
    [HAPROXY_RESPONSE_HEADERS] = {"captured_response_headers", FIELD_TEXT, ROLE_NONE, "haproxy.captured_response_headers", "haproxy.captured_response_headers", "headers of the response, separated by |"},
    [HAPROXY_HEADERS] = {"captured_headers", FIELD_TEXT, ROLE_NONE, "haproxy.captured_headers", "haproxy.captured_headers", "headers of the request or the response: a single block does not say which"},
    [HAPROXY_X_FORWARDED_FOR] = {"x_forwarded_for", FIELD_TEXT, ROLE_FORWARDED_FOR, "haproxy.x_forwarded_for", "haproxy.x_forwarded_for", "captured X-Forwarded-For header, as received, by --format haproxy:HEADERS"},
    [HAPROXY_FORWARDED] = {"forwarded", FIELD_TEXT, ROLE_FORWARDED, "haproxy.forwarded", "haproxy.forwarded", "captured Forwarded header"},
    [HAPROXY_X_REAL_IP] = {"x_real_ip", FIELD_TEXT, ROLE_REAL_IP, "haproxy.x_real_ip", "haproxy.x_real_ip", "captured X-Real-IP header"},
    [HAPROXY_VIEWER_ADDRESS] = {"cloudfront_viewer_address", FIELD_TEXT, ROLE_VIEWER, "haproxy.cloudfront_viewer_address", "haproxy.cloudfront_viewer_address", "captured CloudFront-Viewer-Address header: ip:port"},
    [HAPROXY_USER_AGENT] = {"user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "user_agent.original", "captured User-Agent header"},
    [HAPROXY_REFERER] = {"referer", FIELD_TEXT, ROLE_NONE, "http.request.referrer", "http.request.referrer", "captured Referer header"},
    [HAPROXY_HOST] = {"host", FIELD_TEXT, ROLE_HOST, NULL, NULL, "captured Host header"},
    [HAPROXY_TRACE_ID] = {"x_amzn_trace_id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "captured X-Amzn-Trace-Id header"},
    [HAPROXY_HTTP_REQUEST] = {"http_request", FIELD_REQUEST, ROLE_REQUEST, NULL, NULL, "request line: METHOD URL PROTOCOL"},
    [HAPROXY_BAD_REQUEST] = {"bad_request", FIELD_BOOLEAN, ROLE_NONE, "haproxy.bad_request", "haproxy.bad_request", "true when there was no request that could be read (<BADREQ>)"},
    [HAPROXY_FC_ERR] = {"fc_err", FIELD_INTEGER, ROLE_NONE, "haproxy.fc_err", "haproxy.fc_err", "httpslog: error of the connection, 0 for none"},
    [HAPROXY_SSL_FC_ERR] = {"ssl_fc_err", FIELD_TEXT, ROLE_NONE, "haproxy.ssl_fc_err", "haproxy.ssl_fc_err", "httpslog: last TLS error, in hexadecimal"},
    [HAPROXY_SSL_C_ERR] = {"ssl_c_err", FIELD_INTEGER, ROLE_NONE, "haproxy.ssl_c_err", "haproxy.ssl_c_err", "httpslog: error of the client's certificate"},
    [HAPROXY_SSL_C_CA_ERR] = {"ssl_c_ca_err", FIELD_INTEGER, ROLE_NONE, "haproxy.ssl_c_ca_err", "haproxy.ssl_c_ca_err", "httpslog: error of the client's certificate chain"},
    [HAPROXY_SSL_FC_IS_RESUMED] = {"ssl_fc_is_resumed", FIELD_INTEGER, ROLE_NONE, "haproxy.ssl_fc_is_resumed", "haproxy.ssl_fc_is_resumed", "httpslog: 1 when the TLS session was resumed"},
    [HAPROXY_SSL_FC_SNI] = {"ssl_fc_sni", FIELD_NAME, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "httpslog: SNI, as the client sent it"},
    [HAPROXY_SSL_VERSION] = {"ssl_version", FIELD_TEXT, ROLE_TLS_VERSION, NULL, NULL, "httpslog: TLS version"},
    [HAPROXY_SSL_CIPHERS] = {"ssl_ciphers", FIELD_TEXT, ROLE_NONE, "tls.cipher", "tls.cipher", "httpslog: TLS cipher"},
};
/* clang-format on */

_Static_assert(sizeof fields / sizeof fields[0] == HAPROXY_COLUMNS, "a row for each column");

const struct schema schema_haproxy = {
    .name = "haproxy",
    .help = "HAProxy log (httplog, httpslog, tcplog)",
    .space = "haproxy",
    .spec = "HAProxy configuration manual, section 8.2, Log formats",
    .writer = "haproxy",
    .layout = LAYOUT_HAPROXY,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 1,
    .detect_count = 1,
};
