/* ALB connection log: one line per TLS or TCP connection, whether it came about or not. Lines had 11 columns until 2024-05,
 * 12 until 2025, 15 today.
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"timestamp", FIELD_TIME, ROLE_TIME, NULL, NULL, "when the connection was established or failed"},
    {"client_ip", FIELD_IP, ROLE_PEER_IP, NULL, NULL, "who opened the connection: the client, or a proxy in front"},
    {"client_port", FIELD_INTEGER, ROLE_PEER_PORT, NULL, NULL, "its port"},
    {"listener_port", FIELD_INTEGER, ROLE_NONE, "aws.elb.listener_port", "aws.elb.listener_port", "port of the listener"},
    {"tls_protocol", FIELD_TEXT, ROLE_TLS_VERSION, NULL, "aws.elb.ssl_protocol", "TLS version; null for plain HTTP"},
    {"tls_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "aws.elb.ssl_cipher", "TLS cipher; null for plain HTTP"},
    {"tls_handshake_latency", FIELD_SECONDS, ROLE_NONE, "aws.elb.tls_handshake_latency", "aws.elb.tls_handshake_latency", "seconds that the handshake took; null when it failed"},
    {"leaf_client_cert_subject", FIELD_TEXT, ROLE_NONE, "tls.client.subject", "tls.client.subject", "subject of the client's certificate"},
    {"leaf_client_cert_validity", FIELD_TEXT, ROLE_VALIDITY, NULL, NULL, "NotBefore=TIME;NotAfter=TIME of the client's certificate"},
    {"leaf_client_cert_serial_number", FIELD_TEXT, ROLE_NONE, "tls.client.x509.serial_number", "tls.client.x509.serial_number", "serial number of the client's certificate, hexadecimal"},
    {"tls_verify_status", FIELD_TEXT, ROLE_RESULT, "aws.elb.tls_verify_status", "aws.elb.tls_verify_status", "Success, or Failed:REASON; null for plain HTTP"},
    {"conn_trace_id", FIELD_TEXT, ROLE_NONE, "aws.elb.conn_trace_id", "aws.elb.conn_trace_id", "joins the lines of the access log (since 2024-05)"},
    {"tls_keyexchange", FIELD_TEXT, ROLE_NONE, "tls.curve aws.elb.tls_keyexchange", "aws.elb.tls_keyexchange", "key exchange group"},
    {"elb", FIELD_TEXT, ROLE_SERVICE, "aws.elb.name", "aws.elb.elb_name", "app/NAME/ID of the load balancer"},
    {"ip_address", FIELD_IP, ROLE_NODE, NULL, NULL, "address of the load balancer node"},
};

/* What only these objects have together. */
static const char *const json_keys[] = {"client_ip", "listener_port", "tls_handshake_latency", NULL};
/* clang-format on */

const struct schema schema_alb_connection = {
    .name = "alb_connection",
    .help = "Application Load Balancer connection log",
    .space = "aws.elb",
    .spec = "ELB user guide, Connection logs for your Application Load Balancer",
    .writer = "alb",
    .layout = LAYOUT_SPACE_QUOTED,
    .category = CATEGORY_NETWORK,
    SCHEMA_FIELDS(fields),
    .json_keys = json_keys,
    .fields_count_min = 11,
    .detect_count = 4,
};
