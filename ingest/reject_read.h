/* One line of a rejects file (sinks/reject_line.c writes it) -> the rejected line, and where it stood.
 *
 * Rejects come back through other hands, so nothing in them is believed: numbers have bounds, texts have lengths, and what has no
 * meaning makes the line no reject.
 *
 * Threads: a reader belongs to one thread. */
#ifndef WHEREFROM_REJECT_READ_H
#define WHEREFROM_REJECT_READ_H

#include "ingest/json_tree.h"
#include "schemas/connection.h"
#include "schemas/header.h"

enum reject_read_result {
    REJECT_READ_LINE, /* it can be read again */
    REJECT_READ_KEPT, /* a reject, but not of a whole line with all that its event.id is made of */
    REJECT_READ_BAD   /* no reject */
};

enum reject_place { REJECT_OF_FILE, REJECT_OF_TOPIC, REJECT_OF_CONNECTION };

/* Of REJECT_READ_LINE; texts are borrowed from the line and from spare room. */
struct reject_read {
    struct slice line;       /* without its end */
    struct slice format;     /* that it was read as, when an output refused it: then it is of no other; else empty */
    enum reject_place place; /* says which of these count: */
    struct slice path;
    struct slice topic; /* without a NUL, as chain */
    int32_t partition;
    struct slice name; /* of the origin; of a connection without its own */
    uint64_t position, line_number;
    struct slice chain;   /* empty: none */
    struct header header; /* that a header line said; schema NULL: none */
    struct connection_facts connection;
};

struct reject_reader;

/* NULL when memory is short. */
struct reject_reader *reject_reader_new(void) __attribute__((warn_unused_result));
void reject_reader_free(struct reject_reader *reader); /* NULL is fine */

/* Reads the line at `line` of `text`, at most LINE_BYTES_MAX long, TEXT_PADDING_BYTES behind which are readable. `spare` has room for
 * JSON_SPARE_BYTES of it. `*why`, of REJECT_READ_BAD, is what should have been there (constant text). */
enum reject_read_result reject_read_line(struct reject_reader *reader, const char *text, struct span line,
                                         struct spare *spare, struct reject_read *read, const char **why);

#endif
