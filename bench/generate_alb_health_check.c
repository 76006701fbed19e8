/* ALB health-check lines: 10 columns. There is no client in them.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_format.h"

void generate_alb_health_check_put(struct generate_line *line, struct put *out) {
    static const char *const names[] = {"web", "api-v2", "checkout", "media"};
    static const char *const outcomes[] = {" PASS 200 - ", " FAIL 502 TargetError ", " FAIL - TimedOut ",
                                           " FAIL 404 ResponseCodeMismatch ", " FAIL - ConnectionReset "};
    struct generate_visit visit = generate_line_visit(line);
    struct dice *dice = &line->dice;
    uint32_t outcome = dice_percent(dice, 95) ? 0 : dice_below(dice, 5), group = dice_below(dice, SITE_GROUPS);
    put_text(out, group == 1 ? "h2 " : "http ");
    put_time_us(out, visit.time_us);
    put_char(out, ' ');
    put_number(out, outcome == 2 ? 5 : 0);
    put_char(out, '.');
    put_digits(out, dice_octaves(dice, 29), 9);
    put_char(out, ' ');
    generate_line_put_target(line, out);
    put_char(out, ' ');
    put_text(out, names[group]);
    put_text(out, outcomes[outcome]);
    put_text(out, line->site.elb);
    put_char(out, ' ');
    put_text(out, line->site.node_ip);
    put_char(out, '\n');
}
