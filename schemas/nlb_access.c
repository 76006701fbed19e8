/* NLB access log: TLS listeners only, one line per connection. Quotes are ordinary characters here: the ALPN list holds some,
 * is cut at 256 bytes and may so end without its last one. Times have no zone letter and are UTC.
 * Version 1.0 lines have 18 columns, 2.0 has 21 (2020) and 22 (today).
 *
 * Threads: constants. */
#include "schemas/schema.h"

/* clang-format off */
static const struct field_spec fields[] = {
    {"type", FIELD_TEXT, ROLE_NONE, "aws.elb.type", "aws.elb.elb_type", "tls"},
    {"version", FIELD_TEXT, ROLE_NONE, "aws.elb.version", "aws.elb.version", "version of the log entry: 1.0 or 2.0"},
    {"time", FIELD_TIME, ROLE_TIME_END, NULL, NULL, "when the connection ended"},
    {"elb", FIELD_TEXT, ROLE_SERVICE, "aws.elb.name", "aws.elb.elb_name", "net/NAME/ID of the load balancer"},
    {"listener", FIELD_TEXT, ROLE_NONE, "aws.elb.listener", "aws.elb.listener", "id of the TLS listener"},
    {"client:port", FIELD_ENDPOINT, ROLE_PEER, NULL, NULL, "who opened the TCP connection"},
    {"destination:port", FIELD_ENDPOINT, ROLE_DESTINATION, NULL, NULL, "listener, or VPC endpoint for PrivateLink"},
    {"connection_time", FIELD_INTEGER, ROLE_NONE, "aws.elb.connection_time", "aws.elb.connection_time", "milliseconds from open to close"},
    {"tls_handshake_time", FIELD_INTEGER, ROLE_HANDSHAKE, "aws.elb.tls_handshake_time", "aws.elb.tls_handshake_time", "milliseconds of the handshake; null when there was none or it failed"},
    {"received_bytes", FIELD_INTEGER, ROLE_NONE, "source.bytes", "aws.elb.received_bytes", "bytes from the client after decryption"},
    {"sent_bytes", FIELD_INTEGER, ROLE_BYTES_SENT, "destination.bytes", "aws.elb.sent_bytes", "bytes to the client before encryption"},
    {"incoming_tls_alert", FIELD_INTEGER, ROLE_NONE, "aws.elb.incoming_tls_alert", "aws.elb.incoming_tls_alert", "TLS alert that the client sent"},
    {"chosen_cert_arn", FIELD_TEXT, ROLE_RESOURCE_ARN, "aws.elb.chosen_cert.arn", "aws.elb.chosen_cert_arn", "ARN of the certificate"},
    {"chosen_cert_serial", FIELD_TEXT, ROLE_NONE, "aws.elb.chosen_cert.serial", "aws.elb.chosen_cert_serial", "reserved by AWS"},
    {"tls_cipher", FIELD_TEXT, ROLE_NONE, "tls.cipher", "aws.elb.ssl_cipher", "TLS cipher"},
    {"tls_protocol_version", FIELD_TEXT, ROLE_TLS_VERSION, NULL, "aws.elb.ssl_protocol", "tlsv10 tlsv11 tlsv12 tlsv13"},
    {"tls_keyexchange", FIELD_TEXT, ROLE_NONE, "tls.curve aws.elb.tls_named_group", "aws.elb.tls_named_group", "key exchange group; called tls_named_group until 2025"},
    {"domain_name", FIELD_NAME, ROLE_NONE, "tls.client.server_name", "tls.client.server_name", "SNI domain, URL-encoded"},
    {"alpn_fe_protocol", FIELD_TEXT, ROLE_NONE, "tls.next_protocol aws.elb.alpn_fe_protocol", "aws.elb.alpn_fe_protocol", "protocol agreed with the client"},
    {"alpn_be_protocol", FIELD_TEXT, ROLE_NONE, "aws.elb.alpn_be_protocol", "aws.elb.alpn_be_protocol", "protocol agreed with the target"},
    {"alpn_client_preference_list", FIELD_TEXTS_QUOTED, ROLE_NONE, "aws.elb.alpn_client_preference_list", "aws.elb.alpn_client_preference_list", "protocols that the client offered, URL-encoded"},
    {"tls_connection_creation_time", FIELD_TIME, ROLE_TIME_START, "aws.elb.tls_connection_creation_time", "aws.elb.tls_connection_creation_time", "when the connection began"},
};

/* The vended JSON form (CloudWatch Logs, Firehose, S3) spells them so. */
static const struct field_alias aliases[] = {
    {"client_port", "client:port"},
    {"destination_port", "destination:port"},
    {"tls_named_group", "tls_keyexchange"},
    {NULL, NULL},
};

/* What only these objects have together. */
static const char *const json_keys[] = {"elb", "listener", "connection_time", NULL};
/* clang-format on */

const struct schema schema_nlb_access = {
    .name = "nlb_access",
    .help = "Network Load Balancer access log (TLS listeners)",
    .space = "aws.elb",
    .spec = "ELB user guide, Access logs for your Network Load Balancer",
    .writer = "nlb",
    .layout = LAYOUT_SPACE,
    .category = CATEGORY_NETWORK,
    SCHEMA_FIELDS(fields),
    .aliases = aliases,
    .json_keys = json_keys,
    .fields_count_min = 18,
    .detect_count = 7,
    .detect_first = "tls",
};
