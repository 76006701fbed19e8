/* Lines of logs, one after another, as a balancer or proxy would write them: the state that all formats share.
 *
 * Threads: one struct, one thread. */
#ifndef WHEREFROM_GENERATE_LINE_H
#define WHEREFROM_GENERATE_LINE_H

#include <stdint.h>

#include "bench/dice.h"
#include "bench/generate_site.h"
#include "bench/put.h"

struct generate_line {
    const struct generate_format *format;
    struct site site; /* of the format's kind */
    struct dice dice;
    uint64_t seed;
    uint64_t lines;   /* how many will be made, at least 1 */
    uint64_t made;    /* how many are */
    uint32_t clients; /* distinct ones, at least 1 */
    uint32_t step_us; /* mean time from line to line, at least 1 */
    int64_t clock_us; /* since 1970 */
};

/* One visit: who, and when. */
struct generate_visit {
    uint32_t rank;
    uint64_t identity; /* hash of the client: what stays the same at each of its visits is taken from here */
    int64_t time_us;   /* when the line is logged; not in order from line to line, as in real files */
};

/* Appends one line of line->format with its LF; `out` has room for PUT_LINE_BYTES_MAX bytes. */
void generate_line_put(struct generate_line *line, struct put *out);

/* For the formats: draws the next visitor and moves the clock. */
struct generate_visit generate_line_visit(struct generate_line *line);

/* For the formats: a client's port. */
uint32_t generate_line_port(struct generate_line *line);

/* For the formats: ADDRESS:PORT of the visitor, IPv6 without brackets. */
void generate_line_put_client(struct generate_line *line, const struct generate_visit *visit, struct put *out);

/* For the formats: a server behind the balancer, ADDRESS:PORT. */
void generate_line_put_target(struct generate_line *line, struct put *out);
#endif
