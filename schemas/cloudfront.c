/* CloudFront access logs. One table for three writers: the standard log of 33 columns (18 in 2014, 23, 26), the standard log v2, where the
 * user chooses columns, order and form (`#Fields:`, tabs or JSON), and the real-time log, which has columns of its own and no header.
 * A record's time is in one of three places: date and time, timestamp(ms), timestamp.
 *
 * What is text here and looks escaped is a URL or a cookie, whose escapes belong to it; the other headers are unescaped, since CloudFront
 * wrote them so. The columns cmcd-* are no rows: they are kept as columns without a name of their own.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"date", FIELD_TEXT, ROLE_TIME_END_DATE, NULL, NULL, "day of the response, UTC; of WebSockets when the connection closed"},
    {"time", FIELD_TEXT, ROLE_TIME_END_CLOCK, NULL, NULL, "time of day, when the response was complete"},
    {"x-edge-location", FIELD_TEXT, ROLE_EDGE, "aws.cloudfront.edge_location", "aws.cloudfront.x-edge-location", "edge location: an airport and a number"},
    {"sc-bytes", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "aws.cloudfront.sc-bytes", "bytes sent to the viewer, headers included"},
    {"c-ip", FIELD_IP, ROLE_PEER_IP, NULL, "aws.cloudfront.c-ip", "who opened the connection: the viewer, or a proxy in front"},
    {"cs-method", FIELD_TEXT, ROLE_METHOD, NULL, "aws.cloudfront.cs-method", "HTTP method"},
    {"cs(Host)", FIELD_TEXT, ROLE_SERVICE, "aws.cloudfront.domain", "aws.cloudfront.cs-host", "domain of the distribution"},
    {"cs-uri-stem", FIELD_TEXT, ROLE_PATH, NULL, "aws.cloudfront.cs-uri-stem", "path of the URL"},
    {"sc-status", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "aws.cloudfront.sc-status", "status code; 000: the viewer went away before there was one"},
    {"cs(Referer)", FIELD_TEXT, ROLE_NONE, "http.request.referrer", "aws.cloudfront.cs-referer", "Referer header; its escapes are those of a URL"},
    {"cs(User-Agent)", FIELD_PERCENT_TWICE, ROLE_USER_AGENT, "user_agent.original", "aws.cloudfront.cs-user-agent", "User-Agent header; escaped twice until 2019"},
    {"cs-uri-query", FIELD_TEXT, ROLE_QUERY, NULL, "aws.cloudfront.cs-uri-query", "query of the URL"},
    {"cs(Cookie)", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.cookies", "aws.cloudfront.cs-cookie", "Cookie header, if logging of cookies is on"},
    {"x-edge-result-type", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.edge_result_type", "aws.cloudfront.x-edge-result-type", "Hit RefreshHit Miss LimitExceeded CapacityExceeded Error Redirect; an open set"},
    {"x-edge-request-id", FIELD_TEXT, ROLE_NONE, "http.request.id", "aws.cloudfront.x-edge-request-id", "id of the request; WAF logs it, too"},
    {"x-host-header", FIELD_TEXT, ROLE_HOST, NULL, "aws.cloudfront.x-host-header", "Host header"},
    {"cs-protocol", FIELD_TEXT, ROLE_SCHEME, "network.protocol", "aws.cloudfront.cs-protocol", "http https grpcs ws wss"},
    {"cs-bytes", FIELD_INTEGER, ROLE_NONE, "http.request.bytes", "aws.cloudfront.cs-bytes", "bytes from the viewer, headers included"},
    {"time-taken", FIELD_SECONDS, ROLE_PROCESSING_1, NULL, "aws.cloudfront.time-taken", "seconds from the request to the last byte of the response"},
    {"x-forwarded-for", FIELD_PERCENT, ROLE_FORWARDED_FOR, NULL, "aws.cloudfront.x-forwarded-for", "X-Forwarded-For header; holds %20"},
    {"ssl-protocol", FIELD_TEXT, ROLE_TLS_VERSION, NULL, "aws.cloudfront.ssl-protocol", "TLS version; null for plain HTTP"},
    {"ssl-cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "aws.cloudfront.ssl-cipher", "TLS cipher; null for plain HTTP"},
    {"x-edge-response-result-type", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.edge_response_result_type", "aws.cloudfront.x-edge-response-result-type", "the result just before the response was sent"},
    {"cs-protocol-version", FIELD_TEXT, ROLE_HTTP_VERSION, NULL, "aws.cloudfront.cs-protocol-version", "HTTP/1.1, HTTP/2.0"},
    {"fle-status", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.fle_status", "aws.cloudfront.fle-status", "outcome of field-level encryption"},
    {"fle-encrypted-fields", FIELD_INTEGER, ROLE_NONE, "aws.cloudfront.fle_encrypted_fields", "aws.cloudfront.fle-encrypted-fields", "fields that it encrypted"},
    {"c-port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, "aws.cloudfront.c-port", "port of the viewer"},
    {"time-to-first-byte", FIELD_SECONDS, ROLE_NONE, "aws.cloudfront.time_to_first_byte", "aws.cloudfront.time-to-first-byte", "seconds from the request to the first byte of the response"},
    {"x-edge-detailed-result-type", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.edge_detailed_result_type", "aws.cloudfront.x-edge-detailed-result-type", "the result, and of errors which"},
    {"sc-content-type", FIELD_TEXT, ROLE_NONE, "http.response.mime_type", "aws.cloudfront.sc-content-type", "Content-Type header of the response"},
    {"sc-content-len", FIELD_INTEGER, ROLE_NONE, "http.response.body.bytes", "aws.cloudfront.sc-content-len", "Content-Length header of the response"},
    {"sc-range-start", FIELD_INTEGER, ROLE_NONE, "aws.cloudfront.range_start", "aws.cloudfront.sc-range-start", "begin in the Content-Range header of the response"},
    {"sc-range-end", FIELD_INTEGER, ROLE_NONE, "aws.cloudfront.range_end", "aws.cloudfront.sc-range-end", "its end"},
    {"timestamp", FIELD_UNIX_TIME, ROLE_TIME_END_2, NULL, NULL, "when the response was complete, seconds since 1970; with milliseconds in real-time logs"},
    {"timestamp(ms)", FIELD_UNIX_MS, ROLE_TIME_END, NULL, NULL, "the same in milliseconds"},
    {"asn", FIELD_INTEGER, ROLE_NONE, "aws.cloudfront.asn", "aws.cloudfront.asn", "autonomous system of the viewer, as CloudFront sees it"},
    {"c-country", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.c_country", "aws.cloudfront.c-country", "country of the viewer, as CloudFront sees it"},
    {"origin-fbl", FIELD_SECONDS, ROLE_NONE, "aws.cloudfront.origin_fbl", "aws.cloudfront.origin-fbl", "seconds to the first byte from the origin"},
    {"origin-lbl", FIELD_SECONDS, ROLE_NONE, "aws.cloudfront.origin_lbl", "aws.cloudfront.origin-lbl", "seconds to the last byte from the origin"},
    {"cache-behavior-path-pattern", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.cache_behavior_path_pattern", "aws.cloudfront.cache-behavior-path-pattern", "path pattern of the cache behavior that matched"},
    {"distributionid", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.distributionid", "aws.cloudfront.distributionid", "id of the distribution"},
    {"distribution-tenant-id", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.distribution_tenant_id", "aws.cloudfront.distribution-tenant-id", "id of the distribution's tenant"},
    {"connection-id", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.connection_id", "aws.cloudfront.connection-id", "id of the TLS connection, if mutual TLS is on"},
    {"viewer-request-log-data", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.viewer_request_log_data", "aws.cloudfront.viewer-request-log-data", "what a function added to the viewer's request"},
    {"viewer-response-log-data", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.viewer_response_log_data", "aws.cloudfront.viewer-response-log-data", "what a function added to the response"},
    {"s-ip", FIELD_IP, ROLE_NODE, NULL, "aws.cloudfront.s-ip", "address of the server that took the request"},
    {"primary-distribution-id", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.primary_distribution_id", "aws.cloudfront.primary-distribution-id", "primary distribution of a continuous deployment"},
    {"primary-distribution-dns-name", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.primary_distribution_dns_name", "aws.cloudfront.primary-distribution-dns-name", "its domain"},
    {"r-host", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.r_host", "aws.cloudfront.r-host", "domain of the origin that was chosen"},
    {"sr-reason", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.sr_reason", "aws.cloudfront.sr-reason", "why it was chosen"},
    {"x-edge-mqcs", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.x_edge_mqcs", "aws.cloudfront.x-edge-mqcs", "media quality confidence score"},
    {"c-ip-version", FIELD_TEXT, ROLE_NONE, "aws.cloudfront.c_ip_version", "aws.cloudfront.c-ip-version", "IPv4 or IPv6"},
    {"cs-accept-encoding", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.cs_accept_encoding", "aws.cloudfront.cs-accept-encoding", "Accept-Encoding header"},
    {"cs-accept", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.cs_accept", "aws.cloudfront.cs-accept", "Accept header"},
    {"cs-headers", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.cs_headers", "aws.cloudfront.cs-headers", "headers of the request, a line each"},
    {"cs-header-names", FIELD_PERCENT, ROLE_NONE, "aws.cloudfront.cs_header_names", "aws.cloudfront.cs-header-names", "their names"},
    {"cs-headers-count", FIELD_INTEGER, ROLE_NONE, "aws.cloudfront.cs_headers_count", "aws.cloudfront.cs-headers-count", "how many headers there were"},
};

/* What real-time logs call them. */
static const struct field_alias aliases[] = {
    {"cs-host", "cs(Host)"},
    {"cs-referer", "cs(Referer)"},
    {"cs-user-agent", "cs(User-Agent)"},
    {"cs-cookie", "cs(Cookie)"},
    {NULL, NULL},
};
/* clang-format on */

/* The user chooses the keys, but a record without the viewer's address says nothing about where it came from, and none of the other formats
 * calls it so. */
static const char *const json_keys[] = {"c-ip", NULL};

const struct schema schema_cloudfront = {
    .name = "cloudfront",
    .help = "CloudFront access log: standard, v2 or real-time",
    .space = "aws.cloudfront",
    .spec = "CloudFront developer guide, Standard logging reference; Use real-time access logs",
    .writer = "cloudfront",
    .layout = LAYOUT_W3C,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .aliases = aliases,
    .json_keys = json_keys,
    .fields_count_min = 18,
    .headless_count_max = 33,
    .detect_count = 5,
};
