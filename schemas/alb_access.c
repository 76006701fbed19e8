/* ALB access log. Columns are only ever appended (25 until 2020, 27, 29, 30 in 2024, 33 in 2025, 34 and more today), so
 * any prefix from the original 12 on is a record, and columns behind the last row are kept as extras.
 * Two unnamed columns of 2026 (null so far) are extras until AWS names them.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"type", FIELD_TEXT, ROLE_NONE, "aws.elb.type", "aws.elb.elb_type", "http https h2 grpcs ws wss; an open set"},
    {"time", FIELD_TIME, ROLE_TIME_END, NULL, NULL, "when the response was sent; for WebSockets when the connection closed"},
    {"elb", FIELD_TEXT, ROLE_SERVICE, "aws.elb.name", "aws.elb.elb_name", "app/NAME/ID of the load balancer"},
    {"client:port", FIELD_ENDPOINT, ROLE_PEER, NULL, NULL, "who opened the TCP connection: the client, or a proxy in front"},
    {"target:port", FIELD_ENDPOINT, ROLE_DESTINATION, NULL, NULL, "the target that answered; null for Lambda, WAF and failed requests"},
    {"request_processing_time", FIELD_SECONDS, ROLE_NONE, "aws.elb.request_processing_time", "aws.elb.request_processing_time", "seconds until the request was sent to the target"},
    {"target_processing_time", FIELD_SECONDS, ROLE_NONE, "aws.elb.target_processing_time", "aws.elb.target_processing_time", "seconds until the target's response headers"},
    {"response_processing_time", FIELD_SECONDS, ROLE_NONE, "aws.elb.response_processing_time", "aws.elb.response_processing_time", "seconds until the response was sent to the client"},
    {"elb_status_code", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status code sent to the client; 460 = client went away"},
    {"target_status_code", FIELD_INTEGER, ROLE_NONE, "aws.elb.target_status_code", "aws.elb.target_status_code", "status code of the target"},
    {"received_bytes", FIELD_INTEGER, ROLE_NONE, "http.request.bytes", "aws.elb.received_bytes", "bytes received from the client, headers included"},
    {"sent_bytes", FIELD_INTEGER, ROLE_BYTES_SENT, "http.response.bytes", "aws.elb.sent_bytes", "bytes sent to the client, headers included"},
    {"request", FIELD_REQUEST, ROLE_REQUEST, NULL, NULL, "request line: METHOD URL PROTOCOL"},
    {"user_agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "http.user_agent.original", "User-Agent header, cut at 8 KB"},
    {"ssl_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "aws.elb.ssl_cipher", "TLS cipher; null for plain HTTP"},
    {"ssl_protocol", FIELD_TEXT, ROLE_TLS_VERSION, NULL, "aws.elb.ssl_protocol", "TLS version; null for plain HTTP"},
    {"target_group_arn", FIELD_TEXT, ROLE_RESOURCE_ARN, "aws.elb.target_group.arn", "aws.elb.target_group.arn", "ARN of the target group"},
    {"trace_id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header, partly the client's own words"},
    {"domain_name", FIELD_NAME, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "SNI domain of the TLS handshake"},
    {"chosen_cert_arn", FIELD_TEXT, ROLE_NONE, "aws.elb.chosen_cert.arn", "aws.elb.chosen_cert_arn", "ARN of the certificate, or session-reused"},
    {"matched_rule_priority", FIELD_SIGNED, ROLE_NONE, "aws.elb.matched_rule_priority", "aws.elb.matched_rule_priority", "1-50000; 0 default rule; -1 a rule failed"},
    {"request_creation_time", FIELD_TIME, ROLE_TIME_START, NULL, "aws.elb.request_creation_time", "when the request arrived"},
    {"actions_executed", FIELD_TEXTS_COMMA, ROLE_ACTIONS, "aws.elb.action_executed", "aws.elb.actions_executed", "actions in order; the last decides"},
    {"redirect_url", FIELD_TEXT, ROLE_NONE, "aws.elb.redirect_url", "aws.elb.redirect_url", "where a redirect action pointed"},
    {"error_reason", FIELD_TEXT, ROLE_NONE, "aws.elb.error.reason", "aws.elb.lambda_error_reason", "error code of auth, Lambda, weighted target groups or WAF"},
    {"target:port_list", FIELD_TEXTS_SPACE, ROLE_NONE, "aws.elb.target_port", "aws.elb.target_port", "every target tried, ip:port"},
    {"target_status_code_list", FIELD_INTEGERS_SPACE, ROLE_NONE, "aws.elb.target_status_codes", "aws.elb.target_status_codes", "their status codes"},
    {"classification", FIELD_TEXT, ROLE_NONE, "aws.elb.classification", "aws.elb.classification", "desync: Acceptable Ambiguous Severe"},
    {"classification_reason", FIELD_TEXT, ROLE_NONE, "aws.elb.classification_reason", "aws.elb.classification_reason", "why it was classified so"},
    {"conn_trace_id", FIELD_TEXT, ROLE_NONE, "aws.elb.conn_trace_id", "aws.elb.conn_trace_id", "joins the line of the connection log (since 2024-05)"},
    {"transformed_host", FIELD_TEXT, ROLE_NONE, "aws.elb.transformed_host", "aws.elb.transformed_host", "Host after a rewrite (since 2025-10)"},
    {"transformed_uri", FIELD_TEXT, ROLE_NONE, "aws.elb.transformed_uri", "aws.elb.transformed_uri", "URI after a rewrite (since 2025-10)"},
    {"request_transform_status", FIELD_TEXT, ROLE_NONE, "aws.elb.request_transform_status", "aws.elb.request_transform_status", "outcome of the rewrite"},
    {"ip_address", FIELD_IP, ROLE_NODE, NULL, NULL, "address of the load balancer node (since 2026)"},
};

/* The vended JSON form (CloudWatch Logs, Firehose, S3) spells them so. */
static const struct field_alias aliases[] = {
    {"client_port", "client:port"},
    {"target_port", "target:port"},
    {"request_line", "request"},
    {"target_port_list", "target:port_list"},
    {NULL, NULL},
};

/* What only these objects have together. */
static const char *const json_keys[] = {"elb", "elb_status_code", "request_line", NULL};
/* clang-format on */

const struct schema schema_alb_access = {
    .name = "alb_access",
    .help = "Application Load Balancer access log",
    .space = "aws.elb",
    .spec = "ELB user guide, Access logs for your Application Load Balancer",
    .writer = "alb",
    .layout = LAYOUT_SPACE_QUOTED,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .aliases = aliases,
    .json_keys = json_keys,
    .fields_count_min = 12,
    .detect_count = 5,
};
