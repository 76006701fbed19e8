/* NGINX access log: one row per variable of log_format that has a home or a meaning; any other one becomes an extra.
 *
 * A line says nothing about the log_format that wrote it, so the built-in patterns are those whose shape can be told from each
 * other by typed columns and quotes. Two things no text tells, and only a log_format given by the user does: whether the address
 * in front is $remote_addr or $proxy_protocol_addr, and whether the name in front of that is $host or $server_name. Apache's
 * common, combined and vhost_combined formats have the same shapes.
 *
 * What a client says of itself is FIELD_TEXT even where it should be a number or an address: a line must not fall out of the
 * log because of a header that somebody made up.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"remote_addr", FIELD_IP, ROLE_PEER_IP, NULL, NULL, "who opened the connection; what the realip module put in its place where that is on"},
    {"remote_port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, NULL, "its port"},
    {"remote_user", FIELD_TEXT, ROLE_NONE, "user.name", "user.name", "user of Basic authentication, checked or not"},
    {"time_local", FIELD_TIME_LOCAL, ROLE_TIME_END_3, NULL, NULL, "when the line was written"},
    {"time_iso8601", FIELD_TIME_ANY, ROLE_TIME_END_2, NULL, NULL, "the same in ISO 8601"},
    {"msec", FIELD_UNIX_TIME, ROLE_TIME_END, NULL, NULL, "the same in seconds since 1970 with milliseconds"},
    {"request", FIELD_REQUEST, ROLE_REQUEST, NULL, NULL, "request line; any bytes that came in its place"},
    {"request_method", FIELD_TEXT, ROLE_METHOD, NULL, NULL, "method"},
    {"request_uri", FIELD_TEXT, ROLE_URL, NULL, NULL, "path and query as sent"},
    {"uri", FIELD_TEXT, ROLE_PATH, NULL, NULL, "path, decoded and rewritten"},
    {"args", FIELD_TEXT, ROLE_QUERY, NULL, NULL, "query"},
    {"server_protocol", FIELD_TEXT, ROLE_HTTP_VERSION, NULL, NULL, "HTTP/1.0, HTTP/1.1, HTTP/2.0, HTTP/3.0"},
    {"scheme", FIELD_TEXT, ROLE_SCHEME, NULL, NULL, "http or https"},
    {"host", FIELD_TEXT, ROLE_HOST, NULL, NULL, "host of the request line, of the Host header, or server_name"},
    {"http_host", FIELD_TEXT, ROLE_NONE, "nginx.http_host", "nginx.http_host", "Host header"},
    {"server_name", FIELD_TEXT, ROLE_NONE, "nginx.server_name", "nginx.server_name", "name of the server block"},
    {"server_addr", FIELD_IP, ROLE_NODE, NULL, NULL, "address that took the request"},
    {"server_port", FIELD_INTEGER, ROLE_NONE, "nginx.server_port", "nginx.server_port", "its port"},
    {"status", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status code sent to the client; 499 = client went away"},
    {"body_bytes_sent", FIELD_INTEGER, ROLE_BYTES_SENT_2, "http.response.body.bytes", "http.response.body.bytes", "bytes sent to the client without headers"},
    {"bytes_sent", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "http.response.bytes", "bytes sent to the client"},
    {"request_length", FIELD_INTEGER, ROLE_NONE, "http.request.bytes", "http.request.bytes", "bytes received: request line, headers, body"},
    {"http_referer", FIELD_TEXT, ROLE_NONE, "http.request.referrer", "http.request.referrer", "Referer header"},
    {"http_user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "user_agent.original", "User-Agent header"},
    {"http_x_forwarded_for", FIELD_TEXT, ROLE_FORWARDED_FOR, "nginx.http_x_forwarded_for", "nginx.http_x_forwarded_for", "X-Forwarded-For headers as received"},
    {"http_forwarded", FIELD_TEXT, ROLE_FORWARDED, "nginx.http_forwarded", "nginx.http_forwarded", "Forwarded headers as received"},
    {"http_x_real_ip", FIELD_TEXT, ROLE_REAL_IP, "nginx.http_x_real_ip", "nginx.http_x_real_ip", "X-Real-IP header as received"},
    {"proxy_protocol_addr", FIELD_IP, ROLE_PROXY_IP, "nginx.proxy_protocol_addr", "nginx.proxy_protocol_addr", "source address in the PROXY protocol header"},
    {"proxy_protocol_port", FIELD_INTEGER, ROLE_PROXY_PORT, "nginx.proxy_protocol_port", "nginx.proxy_protocol_port", "its port"},
    {"realip_remote_addr", FIELD_IP, ROLE_PEER_IP_REAL, NULL, NULL, "who opened the connection, before the realip module: the peer when it is logged"},
    {"realip_remote_port", FIELD_INTEGER, ROLE_PEER_PORT_REAL, NULL, NULL, "its port"},
    {"http_cloudfront_viewer_address", FIELD_TEXT, ROLE_VIEWER, "nginx.http_cloudfront_viewer_address", "nginx.http_cloudfront_viewer_address", "CloudFront-Viewer-Address header: ip:port"},
    {"http_x_amzn_trace_id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header"},
    {"request_id", FIELD_TEXT, ROLE_NONE, "http.request.id", "http.request.id", "32 hexadecimal digits"},
    {"request_time", FIELD_SECONDS, ROLE_PROCESSING_1, "nginx.request_time", "nginx.request_time", "seconds from the first byte received to the line"},
    {"upstream_addr", FIELD_TEXT, ROLE_DESTINATION, "nginx.upstream_addr", "nginx.upstream_addr", "every server tried: ip:port, ip:port : ip:port"},
    {"upstream_status", FIELD_TEXT, ROLE_NONE, "nginx.upstream_status", "nginx.upstream_status", "their status codes"},
    {"upstream_response_time", FIELD_TEXT, ROLE_NONE, "nginx.upstream_response_time", "nginx.upstream_response_time", "seconds until their responses were received"},
    {"upstream_connect_time", FIELD_TEXT, ROLE_NONE, "nginx.upstream_connect_time", "nginx.upstream_connect_time", "seconds until connected"},
    {"upstream_header_time", FIELD_TEXT, ROLE_NONE, "nginx.upstream_header_time", "nginx.upstream_header_time", "seconds until their response headers"},
    {"upstream_response_length", FIELD_TEXT, ROLE_NONE, "nginx.upstream_response_length", "nginx.upstream_response_length", "bytes of their responses"},
    {"upstream_bytes_received", FIELD_TEXT, ROLE_NONE, "nginx.upstream_bytes_received", "nginx.upstream_bytes_received", "bytes received from them"},
    {"upstream_bytes_sent", FIELD_TEXT, ROLE_NONE, "nginx.upstream_bytes_sent", "nginx.upstream_bytes_sent", "bytes sent to them"},
    {"upstream_cache_status", FIELD_TEXT, ROLE_NONE, "nginx.upstream_cache_status", "nginx.upstream_cache_status", "MISS BYPASS EXPIRED STALE UPDATING REVALIDATED HIT"},
    {"ssl_protocol", FIELD_TEXT, ROLE_TLS_VERSION, NULL, NULL, "TLS version; null for plain HTTP"},
    {"ssl_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "tls.cipher", "TLS cipher"},
    {"ssl_server_name", FIELD_TEXT, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "SNI domain of the TLS handshake"},
    {"ssl_curve", FIELD_TEXT, ROLE_NONE, "tls.curve", "tls.curve", "curve of the key exchange"},
    {"ssl_alpn_protocol", FIELD_TEXT, ROLE_NONE, "tls.next_protocol", "tls.next_protocol", "protocol chosen by ALPN"},
    {"connection", FIELD_INTEGER, ROLE_NONE, "nginx.connection", "nginx.connection", "serial number of the connection"},
    {"connection_requests", FIELD_INTEGER, ROLE_NONE, "nginx.connection_requests", "nginx.connection_requests", "requests of the connection so far"},
    {"pipe", FIELD_TEXT, ROLE_NONE, "nginx.pipe", "nginx.pipe", "p when the request was pipelined"},
    {"gzip_ratio", FIELD_TEXT, ROLE_NONE, "nginx.gzip_ratio", "nginx.gzip_ratio", "compression ratio reached"},
    {"sent_http_content_type", FIELD_TEXT, ROLE_NONE, "http.response.mime_type", "http.response.mime_type", "Content-Type of the response"},
    {"content_length", FIELD_TEXT, ROLE_NONE, "nginx.content_length", "nginx.content_length", "Content-Length header as received"},
    {"content_type", FIELD_TEXT, ROLE_NONE, "http.request.mime_type", "http.request.mime_type", "Content-Type header as received"},
    {"hostname", FIELD_TEXT, ROLE_NONE, "nginx.hostname", "nginx.hostname", "name of the machine"},
    {"pid", FIELD_INTEGER, ROLE_NONE, "nginx.pid", "nginx.pid", "process that served the request"},
    {"proxy_upstream_name", FIELD_TEXT, ROLE_NONE, "nginx.proxy_upstream_name", "nginx.proxy_upstream_name", "ingress-nginx: NAMESPACE-SERVICE-PORT"},
    {"proxy_alternative_upstream_name", FIELD_TEXT, ROLE_NONE, "nginx.proxy_alternative_upstream_name", "nginx.proxy_alternative_upstream_name", "ingress-nginx: the canary's"},
    {"http_x_forwarded_proto", FIELD_TEXT, ROLE_NONE, "nginx.http_x_forwarded_proto", "nginx.http_x_forwarded_proto", "X-Forwarded-Proto header as received"},
    {"http_x_forwarded_port", FIELD_TEXT, ROLE_NONE, "nginx.http_x_forwarded_port", "nginx.http_x_forwarded_port", "X-Forwarded-Port header as received"},
};
/* clang-format on */

static const struct field_alias aliases[] = {
    {"query_string", "args"},
    {"req_id", "request_id"},
    {NULL, NULL},
};

#define COMMON "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent"
#define COMBINED COMMON " \"$http_referer\" \"$http_user_agent\""
#define FORWARDED " \"$http_x_forwarded_for\""
#define UPSTREAM_TIMES \
    "rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" urt=\"$upstream_response_time\""

static const char *const patterns[] = {
    /* ingress-nginx: upstreaminfo */
    COMBINED " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr "
             "$upstream_response_length $upstream_response_time $upstream_status $req_id",
    COMBINED FORWARDED " " UPSTREAM_TIMES,
    COMBINED " " UPSTREAM_TIMES,
    COMBINED UPSTREAM_TIMES, /* as the NGINX guide prints it: quoted parts put together without a space */
    "$host " COMBINED FORWARDED " $request_time $upstream_response_time",
    COMBINED FORWARDED " $request_time $upstream_response_time",
    "$host " COMBINED " $request_time $upstream_response_time",
    COMBINED " $request_time $upstream_response_time",
    COMBINED FORWARDED " $request_time",
    COMBINED " $request_time",
    "$host " COMBINED FORWARDED,
    COMBINED FORWARDED,
    "$host " COMBINED,
    COMBINED,
    "\"$http_x_forwarded_for\" [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" "
    "\"$http_user_agent\"",
    "$host " COMMON,
    COMMON,
    NULL,
};

const struct schema schema_nginx = {
    .name = "nginx",
    .help = "NGINX access log, common log_formats or the one given; Apache common and combined",
    .space = "nginx",
    .spec = "nginx.org, Module ngx_http_log_module and Alphabetical index of variables",
    .writer = "nginx",
    .layout = LAYOUT_LOG_FORMAT,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 1,
    .aliases = aliases,
    .patterns = patterns,
    .detect_count = 1,
};
