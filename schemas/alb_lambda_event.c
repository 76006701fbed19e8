/* The event that an ALB hands to a Lambda function, as applications log it: one JSON object a line. A column's name is the path to its value.
 * With multi-value headers on, `multiValueHeaders` with lists stands in place of `headers`: an alias for paths that begin so.
 *
 * There is no peer: an event does not say who connected, but for the last address of X-Forwarded-For, when the balancer appends (its
 * default). Health checks have no X-Forwarded-For at all. Nor is there a time, but for the one inside the trace id.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"requestContext.elb.targetGroupArn", FIELD_TEXT, ROLE_RESOURCE_ARN, "aws.elb.target_group.arn", "aws.elb.target_group.arn", "ARN of the target group"},
    {"httpMethod", FIELD_TEXT, ROLE_METHOD, NULL, NULL, "HTTP method"},
    {"path", FIELD_TEXT, ROLE_PATH, NULL, NULL, "path of the URL"},
    {"queryStringParameters", FIELD_TEXT, ROLE_NONE, "aws.elb.query_string_parameters", "aws.elb.query_string_parameters", "parameters of the URL, still escaped; of several by one name the last"},
    {"multiValueQueryStringParameters", FIELD_TEXT, ROLE_NONE, "aws.elb.multi_value_query_string_parameters", "aws.elb.multi_value_query_string_parameters", "the same, all of them, when multi-value headers are on"},
    {"headers.x-forwarded-for", FIELD_TEXT, ROLE_FORWARDED_FOR, NULL, NULL, "X-Forwarded-For header: its last address is who connected to the balancer"},
    {"headers.x-forwarded-port", FIELD_INTEGER, ROLE_NONE, "aws.elb.headers.x_forwarded_port", "aws.elb.headers.x_forwarded_port", "X-Forwarded-Port header: the port of the balancer's listener"},
    {"headers.x-forwarded-proto", FIELD_TEXT, ROLE_SCHEME, NULL, NULL, "X-Forwarded-Proto header"},
    {"headers.host", FIELD_TEXT, ROLE_HOST, NULL, NULL, "Host header"},
    {"headers.user-agent", FIELD_TEXT, ROLE_USER_AGENT, "user_agent.original", "http.user_agent.original", "User-Agent header; of health checks ELB-HealthChecker/2.0"},
    {"headers.x-amzn-trace-id", FIELD_TEXT, ROLE_TRACE, "trace.id", "traceId", "X-Amzn-Trace-Id header: its time is the record's only one"},
    {"headers.referer", FIELD_TEXT, ROLE_NONE, "http.request.referrer", "http.request.referrer", "Referer header"},
    {"headers.forwarded", FIELD_TEXT, ROLE_FORWARDED, NULL, NULL, "Forwarded header"},
    {"headers.x-real-ip", FIELD_TEXT, ROLE_REAL_IP, NULL, NULL, "X-Real-IP header"},
    {"headers.cloudfront-viewer-address", FIELD_TEXT, ROLE_VIEWER, NULL, NULL, "CloudFront-Viewer-Address header"},
    {"isBase64Encoded", FIELD_JSON, ROLE_NONE, NULL, NULL, "whether the body is in base64; not written"},
    {"body", FIELD_TEXT, ROLE_NONE, NULL, NULL, "body of the request; not written, since bodies hold personal data"},
};

/* Beginnings of paths. */
static const struct field_alias aliases[] = {
    {"multiValueHeaders", "headers"},
    {NULL, NULL},
};
/* clang-format on */

static const char *const json_keys[] = {"requestContext.elb", NULL};

const struct schema schema_alb_lambda_event = {
    .name = "alb_lambda_event",
    .help = "event of an ALB to a Lambda function",
    .space = "aws.elb",
    .spec = "ELB user guide, Lambda functions as targets",
    .writer = "alb",
    .list = LIST_WITH_PEER,
    .layout = LAYOUT_JSON,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .aliases = aliases,
    .json_keys = json_keys,
};
