/* What the formats share. Times advance, but neighbours may be out of order by 50 ms: logs of AWS are sorted by
 * file at best, and a reader that needs order should find out here.
 *
 * Threads: one struct, one thread. */
#include "bench/generate_line.h"

#include "bench/generate_client.h"
#include "bench/generate_format.h"

#define DISORDER_US 50000

void generate_line_put(struct generate_line *line, struct put *out) {
    line->format->put(line, out);
    line->made++;
}

struct generate_visit generate_line_visit(struct generate_line *line) {
    uint32_t rank = generate_client_pick(&line->dice, line->made, line->lines, line->clients);
    line->clock_us += dice_below(&line->dice, 2 * line->step_us);
    return (struct generate_visit){.rank = rank,
                                   .identity = dice_hash(line->seed, rank),
                                   .time_us = line->clock_us + dice_below(&line->dice, DISORDER_US)};
}

uint32_t generate_line_port(struct generate_line *line) {
    return 1024 + dice_below(&line->dice, 64511);
}

void generate_line_put_client(struct generate_line *line, const struct generate_visit *visit, struct put *out) {
    generate_client_put_address(out, visit->rank, visit->identity);
    put_char(out, ':');
    put_number(out, generate_line_port(line));
}

void generate_line_put_target(struct generate_line *line, struct put *out) {
    uint32_t server = dice_below(&line->dice, 12);
    put_text(out, "10.0.");
    put_number(out, server % 3);
    put_char(out, '.');
    put_number(out, 40 + server * 13);
    put_text(out, ":8080");
}
