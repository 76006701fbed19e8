/* Global Accelerator flow log. Documented names and those of real header lines differ; both are known. Version 1.0 has 22 columns,
 * 2.0 has 23 and the newest documents 24.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"version", FIELD_TEXT, ROLE_NONE, "aws.globalaccelerator.version", "aws.globalaccelerator.version", "1.0 or 2.0"},
    {"aws_account_id", FIELD_TEXT, ROLE_ACCOUNT, NULL, "aws.globalaccelerator.aws_account_id", "account of the accelerator"},
    {"accelerator_id", FIELD_TEXT, ROLE_SERVICE, "aws.globalaccelerator.accelerator_id", "aws.globalaccelerator.accelerator_id", "accelerator"},
    {"client_ip", FIELD_IP, ROLE_PEER_IP, NULL, "aws.globalaccelerator.client_ip", "the client"},
    {"client_port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, "aws.globalaccelerator.client_port", "its port"},
    {"accelerator_ip", FIELD_IP, ROLE_NODE, NULL, NULL, "address of the accelerator"},
    {"accelerator_port", FIELD_INTEGER, ROLE_NONE, "aws.globalaccelerator.accelerator_port", "aws.globalaccelerator.accelerator_port", "port of the accelerator"},
    {"endpoint_ip", FIELD_IP, ROLE_DESTINATION_IP, NULL, "aws.globalaccelerator.endpoint_ip", "endpoint"},
    {"endpoint_port", FIELD_INTEGER, ROLE_DESTINATION_PORT, NULL, "aws.globalaccelerator.endpoint_port", "its port"},
    {"protocol", FIELD_TEXT, ROLE_PROTOCOL, NULL, "aws.globalaccelerator.protocol", "IANA protocol number or name"},
    {"ip_address_type", FIELD_TEXT, ROLE_NONE, "aws.globalaccelerator.ip_address_type", "aws.globalaccelerator.ip_address_type", "IPv4, IPV4 or IPv6"},
    {"packets", FIELD_INTEGER, ROLE_NONE, "network.packets source.packets", "aws.globalaccelerator.packets", "packets in the interval"},
    {"bytes", FIELD_INTEGER, ROLE_NONE, "network.bytes source.bytes", "aws.globalaccelerator.bytes", "bytes in the interval"},
    {"start_time", FIELD_UNIX_TIME, ROLE_TIME_START, NULL, "aws.globalaccelerator.start_time", "begin of the interval, seconds since 1970"},
    {"end_time", FIELD_UNIX_TIME, ROLE_TIME_END, NULL, "aws.globalaccelerator.end_time", "end of the interval"},
    {"action", FIELD_TEXT, ROLE_RESULT, "aws.globalaccelerator.action", "aws.globalaccelerator.action", "ACCEPT"},
    {"log_status", FIELD_TEXT, ROLE_LOG_STATUS, "aws.globalaccelerator.log_status", "aws.globalaccelerator.log_status", "OK; rows of SKIPDATA are skipped"},
    {"globalaccelerator_source_ip", FIELD_TEXT, ROLE_ACCELERATOR_IP, "aws.globalaccelerator.globalaccelerator_source_ip", "aws.globalaccelerator.globalaccelerator_source_ip", "address that the endpoint saw; null when the client address is preserved"},
    {"globalaccelerator_source_port", FIELD_INTEGER, ROLE_NONE, "aws.globalaccelerator.globalaccelerator_source_port", "aws.globalaccelerator.globalaccelerator_source_port", "its port; 0 when the client address is preserved"},
    {"endpoint_region", FIELD_TEXT, ROLE_REGION, NULL, "aws.globalaccelerator.endpoint_region", "region of the endpoint"},
    {"globalaccelerator_region", FIELD_TEXT, ROLE_EDGE, "aws.globalaccelerator.globalaccelerator_region", "aws.globalaccelerator.globalaccelerator_region", "edge location"},
    {"direction", FIELD_TEXT, ROLE_DIRECTION, NULL, "aws.globalaccelerator.direction", "INGRESS or EGRESS"},
    {"vpc_id", FIELD_TEXT, ROLE_NONE, "aws.globalaccelerator.vpc_id", "aws.globalaccelerator.vpc_id", "VPC of the endpoint (2.0)"},
    {"reject_reason", FIELD_TEXT, ROLE_REASON, "aws.globalaccelerator.reject_reason", "aws.globalaccelerator.reject_reason", "BPA"},
};

static const struct field_alias aliases[] = {
    {"gip", "accelerator_ip"},
    {"gip_port", "accelerator_port"},
    {"account_id", "aws_account_id"},
    {"log-status", "log_status"},
    {NULL, NULL},
};
/* clang-format on */

const struct schema schema_ga_flow = {
    .name = "ga_flow",
    .help = "Global Accelerator flow log",
    .space = "aws.globalaccelerator",
    .spec = "Global Accelerator guide, Flow log record syntax",
    .writer = "ga",
    .layout = LAYOUT_HEADER,
    .category = CATEGORY_NETWORK,
    SCHEMA_FIELDS(fields),
    .aliases = aliases,
    .fields_count_min = 22,
    .headless_count_max = 24,
    .detect_count = 15,
};
