/* Lines of flow logs that broke other parsers: ODDITIES rows 32 to 40, a test each.
 *
 * Threads: one. */
#include "tests/unit/oddity.h"

#define VPC "vpc_flow"
#define GA "ga_flow"
#define CLIENT \
    { "client.ip", JSON_STRING("81.2.69.142") }

/* The 14 columns of version 2 as pieces: up to the addresses, from the ports on. */
#define VPC_START "2 123456789012 eni-1235b8ca123456789 "
#define VPC_REST "43416 5001 6 20 4249 1764547200 1764547260 ACCEPT OK"
#define VPC_LINE VPC_START "81.2.69.142 10.0.0.62 " VPC_REST
#define VPC_HEADER                                                                                             \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action " \
    "log-status\n"

/* The 29 columns of version 5 in the order of the alphabet, and rows of them. */
#define ALPHABET_HEADER                                                                                             \
    "account-id action az-id bytes dstaddr dstport end flow-direction instance-id interface-id log-status packets " \
    "pkt-dst-aws-service pkt-dstaddr pkt-src-aws-service pkt-srcaddr protocol region srcaddr srcport start "        \
    "sublocation-id sublocation-type subnet-id tcp-flags traffic-path type version vpc-id\n"
#define ALPHABET_LINE                                                                                                 \
    "123456789012 ACCEPT apne1-az1 4249 10.0.0.62 5001 1764547260 ingress i-01234567890123456 eni-1235b8ca123456789 " \
    "OK 20 - 10.0.0.62 - 81.2.69.142 6 ap-northeast-1 10.0.0.220 43416 1764547200 - - subnet-1 19 - IPv4 5 vpc-1"
#define ALPHABET_NO_DATA                                                                                         \
    "123456789012 - apne1-az1 - - - 1764547260 - - eni-1235b8ca123456789 NODATA - - - - - - ap-northeast-1 - - " \
    "1764547200 - - subnet-1 - - - 5 vpc-1"

/* An account that AWS does not know: streamalert's schema said integer. */
static void oddity_32_unknown_account(void **state) {
    (void)state;
    oddity_is_record("2 unknown eni-1235b8ca123456789 81.2.69.142 10.0.0.62 " VPC_REST, VPC, CLIENT,
                     {"aws.vpcflow.account_id", JSON_STRING("unknown")}, {"aws.vpcflow.raw", NULL},
                     {"cloud.account", NULL}, {"destination.ip", JSON_STRING("10.0.0.62")});
    oddity_is_record(VPC_LINE, VPC, CLIENT, {"aws.vpcflow.account_id", JSON_STRING("123456789012")});
}

/* Columns in the order of the alphabet whose header was lost: Elastic's pipeline chose the order by their count. */
static void oddity_33_lost_header(void **state) {
    (void)state;
    oddity_is_none(ALPHABET_LINE, VPC, ODDITY_ANY, "unknown-format");
    oddity_is_none(ALPHABET_NO_DATA, VPC, ODDITY_ANY, "unknown-format");
    oddity_is_none(VPC_LINE " vpc-1 subnet-1 - 19 IPv4 81.2.69.142 10.0.0.62", VPC, ODDITY_ANY, "unknown-format");
    oddity_is_record(ALPHABET_HEADER ALPHABET_LINE, VPC, CLIENT, {"client.port", "43416"},
                     {"aws.vpcflow.srcaddr", JSON_STRING("10.0.0.220")},
                     {"cloud.account.id", JSON_STRING("123456789012")}, {"cloud.region", JSON_STRING("ap-northeast-1")},
                     {"network.direction", JSON_STRING("ingress")}, {"aws.vpcflow.vpc_id", JSON_STRING("vpc-1")});
    oddity_is_none(ALPHABET_HEADER ALPHABET_NO_DATA, VPC, ODDITY_ANY, "no-data");
    /* as many columns as version 2 has, and addresses where it has some: the version says that it is another format */
    oddity_is_none("5 vpc-1 subnet-1 10.0.0.62 81.2.69.142 5001 43416 6 20 4249 1764547200 1764547260 ACCEPT OK", VPC,
                   ODDITY_ALONE | ODDITY_NAMED, "unknown-format");
}

/* Two spaces in a row, as in a sample of AWS's own: all columns behind them shift. Elsewhere that is a column without text. */
static void oddity_34_two_spaces(void **state) {
    (void)state;
    static const char *const lines[] = {
        VPC_START "81.2.69.142 10.0.0.62 43416 5001 6  20 4249 1764547200 1764547260 ACCEPT OK",
        VPC_START "81.2.69.142  10.0.0.62   43416 5001 6 20 4249 1764547200 1764547260 ACCEPT OK",
        VPC_HEADER VPC_START " 81.2.69.142 10.0.0.62 43416 5001 6 20 4249 1764547200  1764547260 ACCEPT OK",
        "version dstport srcport srcaddr end pkt-srcaddr start log-status packets\n"
        "3 5001 43416  10.0.0.62 1764547260 81.2.69.142 1764547200 OK 20",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        oddity_is_record(lines[i], VPC, CLIENT, {"client.port", "43416"}, {"network.packets", "20"},
                         {"@timestamp", JSON_STRING("2025-12-01T00:01:00.000000Z")}, {"aws.vpcflow.extra", NULL});
    oddity_is_record(ALB_14 ALB_TLS " " ALB_TRACE ALB_NAME ALB_RULE ALB_ACTIONS ALB_26_TO_34, "alb_access", CLIENT,
                     {"aws.elb.target_group", NULL}, {"trace.id", JSON_STRING("Root=1-5-6")},
                     {"observer.ip", JSON_STRING("192.0.2.9")});
}

/* A time in front of each row, from an export of CloudWatch Logs (goaccess). */
static void oddity_35_time_of_an_export(void **state) {
    (void)state;
#define FLOW                                                                                      \
    CLIENT, {"client.port", "43416"}, {"@timestamp", JSON_STRING("2025-12-01T00:01:00.000000Z")}, \
        {"aws.vpcflow.version", JSON_STRING("2")}, {"aws.vpcflow.log_status", JSON_STRING("OK")}, \
        {"aws.vpcflow.extra", NULL}
    oddity_is_record("2025-12-01T00:02:03.000Z " VPC_LINE, VPC, FLOW);
    oddity_is_record("2025-12-01T00:02:03Z " VPC_LINE, VPC, FLOW);
    oddity_is_record(VPC_LINE "\n2025-12-01T00:02:03.000Z " VPC_LINE, VPC, FLOW);
    oddity_is_none(
        "2025-12-01T00:02:03.000Z 2 123456789012 eni-1235b8ca123456789 - - - - - - - 1764547200 1764547260 - NODATA",
        VPC, ODDITY_ANY, "no-data");
    oddity_is_none("2025-12-01T00:02:03.000Z " ALPHABET_LINE, VPC, ODDITY_ANY, "unknown-format");
#undef FLOW
}

/* A header may begin with any column; Elastic knows it by its first or third word. */
static void oddity_36_header_with_any_column_first(void **state) {
    (void)state;
    static const char *const headers[] = {
        "flow-direction traffic-path srcaddr dstaddr srcport start end log-status version\n",
        "flow-direction traffic-path srcaddr  dstaddr srcport start end log-status version\n",
        VPC_LINE "\nflow-direction traffic-path srcaddr dstaddr srcport start end log-status version\n",
        VPC_HEADER "flow-direction traffic-path srcaddr dstaddr srcport start end log-status version\n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%segress 8 81.2.69.142 10.0.0.62 43416 1764547200 1764547260 OK 5", headers[i]);
        oddity_is_record(text, VPC, CLIENT, {"client.port", "43416"}, {"network.direction", JSON_STRING("egress")},
                         {"aws.vpcflow.traffic_path", JSON_STRING("8")}, {"destination.ip", JSON_STRING("10.0.0.62")});
        snprintf(text, sizeof text, "%s", headers[i]);
        text[strlen(text) - 1] = '\0';
        oddity_is_none(text, VPC, ODDITY_ANY, "header-line");
    }
}

/* A line inside JSON, as Firehose hands it on: unwrapped, and as good or bad as the line alone. What stands beside it is kept. */
static void oddity_37_wrapped_in_json(void **state) {
    (void)state;
#define WRAPPED(line) "{\"message\":\"" line "\"}"
#define FLOW                                                                                      \
    CLIENT, {"client.port", "43416"}, {"@timestamp", JSON_STRING("2025-12-01T00:01:00.000000Z")}, \
        {"destination.ip", JSON_STRING("10.0.0.62")}, {"aws.vpcflow.version", JSON_STRING("2")},  \
        {"network.packets", "20"}
    oddity_is_record(WRAPPED(VPC_LINE), VPC, FLOW, {"aws.vpcflow.extra", NULL});
    oddity_is_record(WRAPPED(VPC_LINE "\\n"), VPC, FLOW, {"aws.vpcflow.extra", NULL});
    oddity_is_record("{ \"timestamp\": 1764547263000, \"message\": \"" VPC_LINE "\", \"id\": \"38\" }", VPC, FLOW,
                     {"aws.vpcflow.extra", "[\"timestamp=1764547263000\",\"id=38\"]"});
    oddity_is_record(VPC_LINE "\n" WRAPPED(VPC_LINE), VPC, FLOW, {"aws.vpcflow.extra", NULL});
    oddity_is_none(WRAPPED("2 123456789012 eni-1235b8ca123456789 - - - - - - - 1764547200 1764547260 - NODATA"), VPC,
                   ODDITY_ANY, "no-data");
    oddity_is_none(WRAPPED("version account-id interface-id srcaddr dstaddr"), VPC, ODDITY_ANY, "header-line");
    oddity_is_none(WRAPPED(ALPHABET_LINE), VPC, ODDITY_ANY, "unknown-format");
    oddity_is_record(ALPHABET_HEADER WRAPPED(ALPHABET_LINE), VPC, CLIENT, {"client.port", "43416"});
    oddity_is_none(WRAPPED("2 123456789012 eni-1235b8ca123456789 81.2.69.1420 10.0.0.62 " VPC_REST), VPC, ODDITY_FIXED,
                   "bad-peer");
#undef FLOW
#undef WRAPPED
}

/* A protocol without a name, and values of tags, which come percent-encoded, even a dash. */
static void oddity_38_protocol_and_tags(void **state) {
    (void)state;
#define TAGS_HEADER "version srcaddr dstaddr protocol start end instance-tag interface-tag asg-tag log-status\n"
    oddity_is_record(TAGS_HEADER "11 81.2.69.142 10.0.0.62 250 1764547200 1764547260 %2D web%20tier%2C%C3%A9 - OK", VPC,
                     CLIENT, {"network.iana_number", JSON_STRING("250")}, {"network.transport", NULL},
                     {"aws.vpcflow.instance_tag", JSON_STRING("-")},
                     {"aws.vpcflow.interface_tag", JSON_STRING("web tier,\xc3\xa9")}, {"aws.vpcflow.asg_tag", NULL},
                     {"aws.vpcflow.log_status", JSON_STRING("OK")});
    oddity_is_record(TAGS_HEADER "11 81.2.69.142 10.0.0.62 17 1764547200 1764547260 100%25 %zz%2 %FF OK", VPC, CLIENT,
                     {"network.transport", JSON_STRING("udp")}, {"network.iana_number", JSON_STRING("17")},
                     {"aws.vpcflow.instance_tag", JSON_STRING("100%")},
                     {"aws.vpcflow.interface_tag", JSON_STRING("%zz%2")},
                     {"aws.vpcflow.asg_tag", JSON_STRING("\xef\xbf\xbd")}, {"log.flags", "[\"lossy\"]"});
#undef TAGS_HEADER
}

/* A column with a name that nobody knows yet: Vector returns an error, OTel warns once a record. */
static void oddity_39_unknown_column(void **state) {
    (void)state;
    oddity_is_record("version srcaddr new-column dstaddr srcport other_new_column start end log-status\n"
                     "12 81.2.69.142 new 10.0.0.62 43416 newer 1764547200 1764547260 OK",
                     VPC, CLIENT, {"client.port", "43416"}, {"destination.ip", JSON_STRING("10.0.0.62")},
                     {"aws.vpcflow.extra", "[\"new-column=new\",\"other_new_column=newer\"]"});
    oddity_is_record("new-column version srcaddr dstaddr start end\nnew 12 81.2.69.142 10.0.0.62 1764547200 1764547260",
                     VPC, CLIENT, {"aws.vpcflow.version", JSON_STRING("12")},
                     {"aws.vpcflow.extra", "[\"new-column=new\"]"});
    oddity_is_record("version srcaddr dstaddr new-column start end\n12 81.2.69.142 10.0.0.62 - 1764547200 1764547260",
                     VPC, CLIENT, {"aws.vpcflow.extra", NULL});
}

/* The documentation says a number for the protocol, files have its name; and other names in their header line. */
static void oddity_40_global_accelerator_names(void **state) {
    (void)state;
#define GA_HEADER(ip, port, status)                                                                                   \
    "version aws_account_id accelerator_id client_ip client_port " ip " " port " endpoint_ip endpoint_port protocol " \
    "ip_address_type packets bytes start_time end_time action " status " globalaccelerator_source_ip "                \
    "globalaccelerator_source_port endpoint_region globalaccelerator_region direction\n"
#define GA_LINE(protocol, type)                                                                                   \
    "1.0 123456789012 1234abcd-abcd-1234-abcd-1234abcdefab 81.2.69.142 34322 192.0.2.9 443 10.0.0.5 80 " protocol \
    " " type " 27 1543 1764547200 1764547260 ACCEPT OK - 0 us-west-2 NRT57-2 INGRESS"
    static const char *const lines[] = {
        GA_LINE("TCP", "IPV4"),
        GA_LINE("6", "IPV4"),
        GA_HEADER("accelerator_ip", "accelerator_port", "log_status") GA_LINE("6", "IPV4"),
        GA_HEADER("gip", "gip_port", "log_status") GA_LINE("TCP", "IPV4"),
        GA_HEADER("gip", "gip_port", "log-status") GA_LINE("tcp", "IPV4"),
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        oddity_is_record(lines[i], GA, CLIENT, {"client.port", "34322"}, {"observer.ip", JSON_STRING("192.0.2.9")},
                         {"aws.globalaccelerator.accelerator_port", "443"}, {"destination.ip", JSON_STRING("10.0.0.5")},
                         {"destination.port", "80"}, {"network.transport", JSON_STRING("tcp")},
                         {"network.iana_number", JSON_STRING("6")}, {"network.type", JSON_STRING("ipv4")},
                         {"network.direction", JSON_STRING("ingress")},
                         {"aws.globalaccelerator.ip_address_type", JSON_STRING("IPV4")},
                         {"cloud.account.id", JSON_STRING("123456789012")}, {"cloud.region", JSON_STRING("us-west-2")},
                         {"aws.globalaccelerator.raw", NULL}, {"aws.globalaccelerator.extra", NULL});
#undef GA_HEADER
#undef GA_LINE
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_32_unknown_account),
        cmocka_unit_test(oddity_33_lost_header),
        cmocka_unit_test(oddity_34_two_spaces),
        cmocka_unit_test(oddity_35_time_of_an_export),
        cmocka_unit_test(oddity_36_header_with_any_column_first),
        cmocka_unit_test(oddity_37_wrapped_in_json),
        cmocka_unit_test(oddity_38_protocol_and_tags),
        cmocka_unit_test(oddity_39_unknown_column),
        cmocka_unit_test(oddity_40_global_accelerator_names),
    };
    return cmocka_run_group_tests(tests, oddity_set_up, oddity_tear_down);
}
