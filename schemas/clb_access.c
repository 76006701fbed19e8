/* Classic Load Balancer access log. No type column; the time is the request's arrival; a TCP or SSL listener writes
 * `"- - - "` for the request. Lines of 2014 end behind the request (12 columns).
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"time", FIELD_TIME, ROLE_TIME_START, NULL, NULL, "when the request arrived"},
    {"elb", FIELD_TEXT, ROLE_SERVICE, "aws.elb.name", "aws.elb.elb_name", "name of the load balancer"},
    {"client:port", FIELD_ENDPOINT, ROLE_PEER, NULL, NULL, "who opened the TCP connection: the client, or a proxy in front"},
    {"backend:port", FIELD_ENDPOINT, ROLE_DESTINATION, NULL, NULL, "the instance that answered; null if none did"},
    {"request_processing_time", FIELD_SECONDS, ROLE_PROCESSING_1, "aws.elb.request_processing_time", "aws.elb.request_processing_time", "seconds until the request was sent to the instance"},
    {"backend_processing_time", FIELD_SECONDS, ROLE_PROCESSING_2, "aws.elb.backend_processing_time", "aws.elb.target_processing_time", "seconds until the instance's response headers"},
    {"response_processing_time", FIELD_SECONDS, ROLE_PROCESSING_3, "aws.elb.response_processing_time", "aws.elb.response_processing_time", "seconds until the response was sent to the client"},
    {"elb_status_code", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status code sent to the client; null for TCP"},
    {"backend_status_code", FIELD_INTEGER, ROLE_NONE, "aws.elb.backend_status_code", "aws.elb.target_status_code", "status code of the instance"},
    {"received_bytes", FIELD_INTEGER, ROLE_NONE, "http.request.bytes", "aws.elb.received_bytes", "bytes of the request body"},
    {"sent_bytes", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "aws.elb.sent_bytes", "bytes of the response body"},
    {"request", FIELD_REQUEST, ROLE_REQUEST, NULL, NULL, "request line: METHOD URL PROTOCOL; `- - - ` for TCP"},
    {"user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "http.user_agent.original", "User-Agent header"},
    {"ssl_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "aws.elb.ssl_cipher", "TLS cipher; null for plain HTTP and TCP"},
    {"ssl_protocol", FIELD_TEXT, ROLE_TLS_VERSION, NULL, "aws.elb.ssl_protocol", "TLS version; null for plain HTTP and TCP"},
};
/* clang-format on */

const struct schema schema_clb_access = {
    .name = "clb_access",
    .help = "Classic Load Balancer access log",
    .space = "aws.elb",
    .spec = "ELB user guide, Access logs for your Classic Load Balancer",
    .writer = "clb",
    .layout = LAYOUT_SPACE_QUOTED,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 12,
    .detect_count = 6,
};
