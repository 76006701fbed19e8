/* Transit Gateway flow log: as VPC flow logs, with columns of its own. Without a header line all columns stand in the documented order.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"version", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.version", "aws.vpc.version", "version of the record, 6"},
    {"resource-type", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.resource_type", "aws.vpc.resource-type", "TransitGateway"},
    {"account-id", FIELD_TEXT, ROLE_ACCOUNT, "aws.vpcflow.account_id", "aws.vpc.account-id", "account of the transit gateway"},
    {"tgw-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_id", "aws.vpc.tgw-id", "transit gateway"},
    {"tgw-attachment-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_attachment_id", "aws.vpc.tgw-attachment-id", "attachment that the flow came from"},
    {"tgw-src-vpc-account-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_src_vpc_account_id", "aws.vpc.tgw-src-vpc-account-id", "account of the source VPC"},
    {"tgw-dst-vpc-account-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_dst_vpc_account_id", "aws.vpc.tgw-dst-vpc-account-id", "account of the destination VPC"},
    {"tgw-src-vpc-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_src_vpc_id", "aws.vpc.tgw-src-vpc-id", "source VPC"},
    {"tgw-dst-vpc-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_dst_vpc_id", "aws.vpc.tgw-dst-vpc-id", "destination VPC"},
    {"tgw-src-subnet-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_src_subnet_id", "aws.vpc.tgw-src-subnet-id", "source subnet"},
    {"tgw-dst-subnet-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_dst_subnet_id", "aws.vpc.tgw-dst-subnet-id", "destination subnet"},
    {"tgw-src-eni", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_src_eni", "aws.vpc.tgw-src-eni", "source attachment interface"},
    {"tgw-dst-eni", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_dst_eni", "aws.vpc.tgw-dst-eni", "destination attachment interface"},
    {"tgw-src-az-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_src_az_id", "aws.vpc.tgw-src-az-id", "source availability zone"},
    {"tgw-dst-az-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_dst_az_id", "aws.vpc.tgw-dst-az-id", "destination availability zone"},
    {"tgw-pair-attachment-id", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.tgw_pair_attachment_id", "aws.vpc.tgw-pair-attachment-id", "attachment that the flow went to"},
    {"srcaddr", FIELD_IP, ROLE_PEER_IP, NULL, "aws.vpc.srcaddr", "source address"},
    {"dstaddr", FIELD_IP, ROLE_DESTINATION_IP, NULL, "aws.vpc.dstaddr", "destination address"},
    {"srcport", FIELD_INTEGER, ROLE_PEER_PORT, NULL, "aws.vpc.srcport", "source port"},
    {"dstport", FIELD_INTEGER, ROLE_DESTINATION_PORT, NULL, "aws.vpc.dstport", "destination port"},
    {"protocol", FIELD_TEXT, ROLE_PROTOCOL, NULL, "aws.vpc.protocol", "IANA protocol number"},
    {"packets", FIELD_INTEGER, ROLE_NONE, "network.packets source.packets", "aws.vpc.packets", "packets in the interval"},
    {"bytes", FIELD_INTEGER, ROLE_NONE, "network.bytes source.bytes", "aws.vpc.bytes", "bytes in the interval"},
    {"start", FIELD_UNIX_TIME, ROLE_TIME_START, NULL, "aws.vpc.start", "first packet of the interval, seconds since 1970"},
    {"end", FIELD_UNIX_TIME, ROLE_TIME_END, NULL, "aws.vpc.end", "last packet of the interval"},
    {"log-status", FIELD_TEXT, ROLE_LOG_STATUS, "aws.vpcflow.log_status", "aws.vpc.log-status", "OK; rows of NODATA and SKIPDATA are skipped"},
    {"type", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.type", "aws.vpc.type", "IPv4 or IPv6"},
    {"packets-lost-no-route", FIELD_INTEGER, ROLE_NONE, "aws.vpcflow.packets_lost_no_route", "aws.vpc.packets-lost-no-route", "packets lost for want of a route"},
    {"packets-lost-blackhole", FIELD_INTEGER, ROLE_NONE, "aws.vpcflow.packets_lost_blackhole", "aws.vpc.packets-lost-blackhole", "packets lost in a black hole"},
    {"packets-lost-mtu-exceeded", FIELD_INTEGER, ROLE_NONE, "aws.vpcflow.packets_lost_mtu_exceeded", "aws.vpc.packets-lost-mtu-exceeded", "packets lost for their size"},
    {"packets-lost-ttl-expired", FIELD_INTEGER, ROLE_NONE, "aws.vpcflow.packets_lost_ttl_expired", "aws.vpc.packets-lost-ttl-expired", "packets lost by their time to live"},
    {"tcp-flags", FIELD_INTEGER, ROLE_TCP_FLAGS, "aws.vpcflow.tcp_flags", "aws.vpc.tcp-flags", "sum of FIN 1, SYN 2, RST 4, ACK 16 over the interval"},
    {"region", FIELD_TEXT, ROLE_REGION, NULL, "aws.vpc.region", "region of the transit gateway"},
    {"flow-direction", FIELD_TEXT, ROLE_DIRECTION, NULL, "aws.vpc.flow-direction", "ingress or egress"},
    {"pkt-src-aws-service", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.pkt_src_aws_service", "aws.vpc.pkt-src-aws-service", "AWS service of the source"},
    {"pkt-dst-aws-service", FIELD_TEXT, ROLE_NONE, "aws.vpcflow.pkt_dst_aws_service", "aws.vpc.pkt-dst-aws-service", "AWS service of the destination"},
};
/* clang-format on */

const struct schema schema_tgw_flow = {
    .name = "tgw_flow",
    .help = "Transit Gateway flow log, any columns in the order of a header line",
    .space = "aws.vpcflow",
    .spec = "VPC Transit Gateways guide, Flow log records",
    .layout = LAYOUT_HEADER,
    .category = CATEGORY_NETWORK,
    SCHEMA_FIELDS(fields),
    .fields_count_min = 36,
    .headless_count_max = 36,
    .detect_count = 25,
    .detect_first = "6",
};
