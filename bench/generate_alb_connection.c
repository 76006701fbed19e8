/* ALB connection lines: 15 columns. One client in eight shows a certificate, and a few of these are refused.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_client.h"
#include "bench/generate_format.h"

static const char *const failures[] = {"Failed:ClientCertUntrusted", "Failed:ClientCertExpired",
                                       "Failed:ClientCertInvalid", "Failed:UnmappedConnectionError"};

/* Columns 8 to 11: subject, validity, serial number and what was made of them. */
static void put_certificate(struct generate_line *line, const struct generate_visit *visit, bool failed,
                            struct put *out) {
    uint64_t identity = visit->identity;
    if (identity % 8 != 0) {
        put_text(out, "\"-\" - - ");
        put_text(out, failed ? failures[3] : "Success");
        return;
    }
    put_text(out, "\"CN=device-");
    put_number(out, identity >> 16 & 0xffff);
    put_text(out, ".example.com,OU=Field,O=Example Devices,L=Seattle,ST=Washington,C=US\" NotBefore=");
    put_time(out, line->clock_us - (int64_t)(identity >> 32 & 0xff) * 86400 * 1000000);
    put_text(out, "Z;NotAfter=");
    put_time(out, line->clock_us + (int64_t)(identity >> 40 & 0xff) * 86400 * 1000000);
    put_text(out, "Z ");
    put_hex(out, identity, 16);
    put_char(out, ' ');
    put_text(out, failed ? failures[dice_below(&line->dice, 3)] : "Success");
}

void generate_alb_connection_put(struct generate_line *line, struct put *out) {
    struct generate_visit visit = generate_line_visit(line);
    struct dice *dice = &line->dice;
    bool tls = dice_percent(dice, 93), failed = tls && dice_percent(dice, 3);
    put_time_us(out, visit.time_us);
    put_char(out, ' ');
    generate_client_put_address(out, visit.rank, visit.identity);
    put_char(out, ' ');
    put_number(out, generate_line_port(line));
    if (tls) {
        put_text(out, visit.identity % 16 == 0 ? " 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 "
                                               : " 443 TLSv1.3 TLS_AES_128_GCM_SHA256 ");
        if (failed)
            put_char(out, '-');
        else
            put_milliseconds(out, 1 + dice_octaves(dice, 12));
        put_char(out, ' ');
        put_certificate(line, &visit, failed, out);
    } else {
        put_text(out, " 80 - - - \"-\" - - -");
    }
    put_text(out, " TID_");
    put_hex(out, dice_next(dice), 16);
    put_hex(out, dice_next(dice), 16);
    if (!tls)
        put_text(out, " - ");
    else
        put_text(out, visit.identity >> 8 & 1 ? " x25519 " : " X25519MLKEM768 ");
    put_text(out, line->site.elb);
    put_char(out, ' ');
    put_text(out, line->site.node_ip);
    put_char(out, '\n');
}
