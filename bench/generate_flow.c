/* Flow lines: VPC in the default order, in an order of its owner's, and wrapped; Transit Gateway; Global Accelerator.
 *
 * A flow is decided once and written in five ways. Half of the flows come from a client, most others are the answers, the rest stay
 * inside. Rows without a flow (NODATA) are left out: every line is to be a record.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_client.h"
#include "bench/generate_format.h"
#include "bench/generate_request.h"

/* clang-format off */
const char generate_vpc_header[] = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
const char generate_vpc_custom_header[] =
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr "
    "protocol bytes packets start end action tcp-flags log-status region az-id sublocation-type sublocation-id "
    "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path\n";
const char generate_tgw_header[] =
    "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id "
    "tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id "
    "srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole "
    "packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service\n";
const char generate_ga_header[] =
    "version aws_account_id accelerator_id client_ip client_port gip gip_port endpoint_ip endpoint_port protocol ip_address_type "
    "packets bytes start_time end_time action log_status globalaccelerator_source_ip globalaccelerator_source_port endpoint_region "
    "globalaccelerator_region direction vpc_id\n";
/* clang-format on */

struct flow {
    char address[2][48]; /* source, destination */
    uint32_t port[2], protocol, packets, bytes, server;
    int64_t start_s, end_s;
    bool ipv6, inbound, rejected;
};

static void write_server(char room[48], uint32_t server, bool ipv6) {
    struct put put = {room, room + 47};
    if (ipv6) {
        put_text(&put, "2001:db8:4c3a:");
        put_hex_short(&put, 0x9d00 + server % 3);
        put_text(&put, "::");
        put_hex_short(&put, 0xa10 + server * 29);
    } else {
        put_text(&put, "10.0.");
        put_number(&put, server % 3);
        put_char(&put, '.');
        put_number(&put, 40 + server * 13);
    }
    *put.next = '\0';
}

static struct flow flow_next(struct generate_line *line) {
    static const uint32_t ports[] = {443, 443, 443, 443, 80, 8080, 22, 53};
    struct generate_visit visit = generate_line_visit(line);
    struct dice *dice = &line->dice;
    uint32_t way = dice_below(dice, 20), port = ports[dice_below(dice, 8)], far;
    struct flow flow = {.server = dice_below(dice, 12), .inbound = way < 10, .end_s = visit.time_us / 1000000};
    far = flow.inbound ? 0 : 1;
    char *address = flow.address[far];
    struct put put = {address, address + sizeof flow.address[0] - 1};
    generate_client_put_address(&put, visit.rank, visit.identity);
    *put.next = '\0';
    flow.ipv6 = strchr(address, ':') != NULL;
    if (way >= 17) write_server(address, (flow.server + 5) % 12, flow.ipv6);
    write_server(flow.address[1 - far], flow.server, flow.ipv6);
    flow.port[far] = generate_line_port(line);
    flow.port[1 - far] = port;
    flow.protocol = port == 53 ? 17 : 6;
    if (dice_percent(dice, 1)) {
        flow.protocol = flow.ipv6 ? 58 : 1;
        flow.port[0] = flow.port[1] = 0;
    }
    flow.packets = dice_octaves(dice, 12);
    flow.bytes = flow.packets * (52 + dice_below(dice, 1300));
    flow.start_s = flow.end_s - dice_below(dice, 60);
    flow.rejected = flow.inbound && dice_percent(dice, 8);
    return flow;
}

/* A prefix with its dash, and 17 digits that stay the same for the same number. */
static void put_id(struct generate_line *line, struct put *out, const char *prefix, uint32_t number) {
    uint64_t salt = 0;
    put_text(out, prefix);
    put_char(out, '0');
    for (; *prefix != '\0'; prefix++) salt = dice_hash(salt, (unsigned char)*prefix);
    put_hex(out, dice_hash(line->seed ^ salt, number), 16);
    put_char(out, ' ');
}

static void put_column(struct put *out, const char *text) {
    put_text(out, text);
    put_char(out, ' ');
}

static void put_count(struct put *out, uint64_t number) {
    put_number(out, number);
    put_char(out, ' ');
}

static void put_ends(const struct flow *flow, struct put *out) {
    put_column(out, flow->address[0]);
    put_column(out, flow->address[1]);
    put_count(out, flow->port[0]);
    put_count(out, flow->port[1]);
}

static void put_default(struct generate_line *line, struct put *out) {
    struct flow flow = flow_next(line);
    put_text(out, "2 ");
    put_column(out, line->site.account);
    put_id(line, out, "eni-", flow.server);
    put_ends(&flow, out);
    put_count(out, flow.protocol);
    put_count(out, flow.packets);
    put_count(out, flow.bytes);
    put_count(out, (uint64_t)flow.start_s);
    put_count(out, (uint64_t)flow.end_s);
    put_text(out, flow.rejected ? "REJECT OK" : "ACCEPT OK");
}

void generate_vpc_put(struct generate_line *line, struct put *out) {
    put_default(line, out);
    put_char(out, '\n');
}

void generate_vpc_json_put(struct generate_line *line, struct put *out) {
    put_text(out, "{\"message\":\"");
    put_default(line, out);
    put_text(out, "\"}\n");
}

static uint32_t tcp_flags(struct dice *dice, const struct flow *flow) {
    static const uint32_t sums[] = {2, 18, 3, 19, 0, 1, 4, 2};
    return flow->protocol == 6 ? sums[dice_below(dice, 8)] : 0;
}

void generate_vpc_custom_put(struct generate_line *line, struct put *out) {
    struct flow flow = flow_next(line);
    struct dice *dice = &line->dice;
    put_text(out, "5 ");
    put_id(line, out, "vpc-", 0);
    put_id(line, out, "subnet-", flow.server % 3);
    put_id(line, out, "i-", flow.server);
    put_id(line, out, "eni-", flow.server);
    put_column(out, line->site.account);
    put_text(out, flow.ipv6 ? "IPv6 " : "IPv4 ");
    put_ends(&flow, out);
    put_column(out, flow.address[0]);
    put_column(out, flow.address[1]);
    put_count(out, flow.protocol);
    put_count(out, flow.bytes);
    put_count(out, flow.packets);
    put_count(out, (uint64_t)flow.start_s);
    put_count(out, (uint64_t)flow.end_s);
    put_text(out, flow.rejected ? "REJECT " : "ACCEPT ");
    put_count(out, tcp_flags(dice, &flow));
    put_text(out, "OK ");
    put_column(out, line->site.region);
    put_text(out, "use1-az");
    put_number(out, 1 + flow.server % 3);
    put_text(out, " - - ");
    put_text(out, flow.inbound && dice_percent(dice, 4) ? "CLOUDFRONT - " : "- - ");
    put_text(out, flow.inbound ? "ingress -\n" : dice_percent(dice, 80) ? "egress 8\n" : "egress 1\n");
}

void generate_tgw_put(struct generate_line *line, struct put *out) {
    struct flow flow = flow_next(line);
    struct dice *dice = &line->dice;
    uint32_t other = (flow.server + 1) % 4;
    put_text(out, "6 TransitGateway ");
    put_column(out, line->site.account);
    put_id(line, out, "tgw-", 0);
    put_id(line, out, "tgw-attach-", flow.server % 4);
    put_column(out, line->site.account);
    put_text(out, "111122223333 ");
    put_id(line, out, "vpc-", flow.server % 4);
    put_id(line, out, "vpc-", other);
    put_id(line, out, "subnet-", flow.server % 4);
    put_id(line, out, "subnet-", other);
    put_id(line, out, "eni-", flow.server % 4);
    put_id(line, out, "eni-", other);
    put_text(out, flow.server & 1 ? "use1-az1 use1-az2 " : "use1-az2 use1-az1 ");
    put_id(line, out, "tgw-attach-", other);
    put_ends(&flow, out);
    put_count(out, flow.protocol);
    put_count(out, flow.packets);
    put_count(out, flow.bytes);
    put_count(out, (uint64_t)flow.start_s);
    put_count(out, (uint64_t)flow.end_s);
    put_text(out, flow.ipv6 ? "OK IPv6 " : "OK IPv4 ");
    put_count(out, dice_percent(dice, 2) ? dice_below(dice, 20) : 0);
    put_text(out, "0 0 0 ");
    put_count(out, tcp_flags(dice, &flow));
    put_column(out, line->site.region);
    put_text(out, flow.inbound ? "ingress - -\n" : "egress - -\n");
}

void generate_ga_put(struct generate_line *line, struct put *out) {
    static const char *const edges[] = {"NRT57-2", "IAD89-1", "FRA56-3", "GRU3-1", "SIN52-4", "LHR61-2"};
    struct flow flow = flow_next(line);
    struct dice *dice = &line->dice;
    uint32_t client = flow.inbound ? 0 : 1;
    bool idle = dice_percent(dice, 10);
    struct dice accelerator = {line->seed}; /* one accelerator: the same id in every line */
    put_text(out, "2.0 ");
    put_column(out, line->site.account);
    generate_put_uuid(&accelerator, out);
    put_char(out, ' ');
    put_column(out, flow.address[client]);
    put_count(out, flow.port[client]);
    put_text(out, flow.ipv6 ? "2001:db8:75:2::1 " : "198.51.100.16 ");
    put_text(out, "443 ");
    put_column(out, flow.address[1 - client]);
    put_text(out, flow.protocol == 17 ? "443 UDP " : "443 TCP ");
    put_text(out, flow.ipv6 ? "IPV6 " : "IPV4 ");
    put_count(out, idle ? 0 : flow.packets);
    put_count(out, idle ? 0 : flow.bytes);
    put_count(out, (uint64_t)flow.start_s);
    put_count(out, (uint64_t)flow.end_s);
    put_text(out, "ACCEPT OK - 0 ");
    put_column(out, line->site.region);
    put_column(out, edges[dice_below(dice, 6)]);
    put_text(out, flow.inbound ? "INGRESS vpc-0" : "EGRESS vpc-0");
    put_hex(out, dice_hash(line->seed, 7), 16);
    put_char(out, '\n');
}
