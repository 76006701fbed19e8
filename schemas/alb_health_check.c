/* ALB health-check log: one line per check of a target. There is no client: who asks is the balancer. Samples have 8 columns, the
 * documentation 10.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"type", FIELD_TEXT, ROLE_NONE, "aws.elb.type", "aws.elb.elb_type", "http https h2 grpc lambda"},
    {"time", FIELD_TIME, ROLE_TIME_START, NULL, NULL, "when the check began"},
    {"latency", FIELD_SECONDS, ROLE_PROCESSING_1, "aws.elb.latency", "aws.elb.latency", "seconds until it was over"},
    {"target_addr", FIELD_TEXT, ROLE_DESTINATION, "aws.elb.target_addr", "aws.elb.target_addr", "ip:port of the target, or ARN of a Lambda function"},
    {"target_group_id", FIELD_TEXT, ROLE_NONE, "aws.elb.target_group.id", "aws.elb.target_group_id", "name of the target group"},
    {"status", FIELD_TEXT, ROLE_RESULT, "aws.elb.status", "aws.elb.status", "PASS or FAIL"},
    {"status_code", FIELD_INTEGER, ROLE_STATUS, "http.response.status_code", "http.response.status_code", "status code of the answer"},
    {"reason_code", FIELD_TEXT, ROLE_REASON, "aws.elb.reason_code", "aws.elb.reason_code", "why the check failed: TimedOut, ResponseCodeMismatch, TargetError ..."},
    {"elb", FIELD_TEXT, ROLE_NONE, "aws.elb.name", "aws.elb.elb_name", "app/NAME/ID of the load balancer"},
    {"ip_address", FIELD_IP, ROLE_NODE, NULL, NULL, "address of the load balancer node"},
};

/* What only these objects have together. */
static const char *const json_keys[] = {"target_addr", "target_group_id", "status", NULL};
/* clang-format on */

const struct schema schema_alb_health_check = {
    .name = "alb_health_check",
    .help = "Application Load Balancer health-check log",
    .space = "aws.elb",
    .spec = "ELB user guide, Health check logs for your Application Load Balancer",
    .layout = LAYOUT_SPACE_QUOTED,
    .category = CATEGORY_WEB,
    SCHEMA_FIELDS(fields),
    .json_keys = json_keys,
    .fields_count_min = 8,
    .detect_count = 3,
};
