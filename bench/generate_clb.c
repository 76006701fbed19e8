/* Classic ELB access lines: 15 columns, times in microseconds without trailing zeros; a TCP listener knows no request
 * and no status.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_format.h"
#include "bench/generate_words.h"

static void put_seconds_short(struct put *out, uint32_t microseconds) {
    uint32_t fraction = microseconds % 1000000, width = 6;
    put_number(out, microseconds / 1000000);
    if (fraction == 0) return;
    while (fraction % 10 == 0) {
        fraction /= 10;
        width--;
    }
    put_char(out, '.');
    put_digits(out, fraction, width);
}

static void put_served(struct generate_line *line, const struct generate_visit *visit, struct put *out) {
    static const char *const statuses[] = {"200 200 ", "200 200 ", "200 200 ", "200 200 ", "200 200 ",
                                           "304 304 ", "404 404 ", "302 302 ", "500 500 ", "201 201 "};
    struct dice *dice = &line->dice;
    int tls = dice_percent(dice, 80), tcp = dice_percent(dice, 3);
    generate_line_put_target(line, out);
    put_char(out, ' ');
    put_seconds_short(out, 20 + dice_below(dice, 80));
    put_char(out, ' ');
    put_seconds_short(out, dice_octaves(dice, 20));
    put_char(out, ' ');
    put_seconds_short(out, 20 + dice_below(dice, 60));
    put_char(out, ' ');
    put_text(out, tcp ? "- - " : statuses[dice_below(dice, 10)]);
    put_number(out, dice_percent(dice, 80) ? 0 : dice_octaves(dice, 14));
    put_char(out, ' ');
    put_number(out, dice_octaves(dice, 18));
    if (tcp) {
        put_text(out, " \"- - - \" \"-\" - -\n");
        return;
    }
    put_text(out, tls ? " \"GET https://" : " \"GET http://");
    put_text(out, line->site.domains[0]);
    put_text(out, tls ? ":443" : ":80");
    generate_words_put(out, generate_words_pick(generate_pages, dice_next(dice)), dice, visit->identity);
    put_text(out, " HTTP/1.1\" \"");
    generate_words_put(out, generate_words_pick(generate_agents, visit->identity), dice, visit->identity);
    put_text(out, tls ? "\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n" : "\" - -\n");
}

void generate_clb_put(struct generate_line *line, struct put *out) {
    struct generate_visit visit = generate_line_visit(line);
    put_time_us(out, visit.time_us);
    put_char(out, ' ');
    put_text(out, line->site.elb);
    put_char(out, ' ');
    generate_line_put_client(line, &visit, out);
    put_char(out, ' ');
    if (dice_percent(&line->dice, 1)) {
        put_text(out, "- -1 -1 -1 504 0 0 0 \"GET http://");
        put_text(out, line->site.domains[0]);
        put_text(out, ":80/ HTTP/1.1\" \"-\" - -\n");
        return;
    }
    put_served(line, &visit, out);
}
