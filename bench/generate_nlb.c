/* NLB access lines (TLS listeners): 22 columns. A few handshakes fail, which leaves nearly every column null.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_format.h"

static void put_failed_handshake(struct dice *dice, struct put *out) {
    put_number(out, dice_octaves(dice, 7));
    put_text(out, " - 0 0 ");
    put_text(out, dice_percent(dice, 50) ? "-" : "48");
    put_text(out, " - - - - - - - - - ");
}

static void put_connection(struct generate_line *line, const struct generate_visit *visit, struct put *out) {
    struct dice *dice = &line->dice;
    uint32_t handshake_ms = 1 + dice_octaves(dice, 6);
    put_number(out, handshake_ms + dice_octaves(dice, 18));
    put_char(out, ' ');
    put_number(out, handshake_ms);
    put_char(out, ' ');
    put_number(out, 80 + dice_octaves(dice, 14));
    put_char(out, ' ');
    put_number(out, dice_octaves(dice, 20));
    put_text(out, " - ");
    put_text(out, line->site.certificates[dice_below(dice, SITE_CERTIFICATES)]);
    put_text(out, visit->identity % 8 == 0 ? " - ECDHE-RSA-AES128-GCM-SHA256 tlsv12 - "
                                           : " - TLS_AES_128_GCM_SHA256 tlsv13 x25519 ");
    put_text(out, line->site.domains[dice_below(dice, SITE_DOMAINS)]);
    put_text(out, visit->identity >> 8 & 1 ? " h2 http/1.1 \"h2\",\"http/1.1\" " : " - - - ");
}

void generate_nlb_put(struct generate_line *line, struct put *out) {
    struct generate_visit visit = generate_line_visit(line);
    put_text(out, "tls 2.0 ");
    put_time(out, visit.time_us);
    put_char(out, ' ');
    put_text(out, line->site.elb);
    put_char(out, ' ');
    put_text(out, line->site.listener);
    put_char(out, ' ');
    generate_line_put_client(line, &visit, out);
    put_char(out, ' ');
    put_text(out, line->site.node_ip);
    put_text(out, ":443 ");
    if (dice_percent(&line->dice, 3))
        put_failed_handshake(&line->dice, out);
    else
        put_connection(line, &visit, out);
    put_time(out, visit.time_us - 1000 * (int64_t)dice_octaves(&line->dice, 18));
    put_char(out, '\n');
}
