/* Captured headers of HAProxy by name. A line has only their values, `{192.0.2.1|curl/8.0}`, in the order of the frontend's
 * `capture request header NAME len BYTES`; the user says the same here:
 *
 *   x-forwarded-for len 200|user-agent
 *
 * HAProxy cuts a value behind BYTES characters and says nothing of it. What it cuts off a list of addresses are the entries that count, at
 * the end: a client that sends a long one would choose its own address. So the length must be said of lists, and a value that has as many
 * bytes is taken for one that was cut.
 *
 * Threads: read-only after it was made. */
#ifndef WHEREFROM_HAPROXY_CAPTURES_H
#define WHEREFROM_HAPROXY_CAPTURES_H

#include "base/error.h"
#include "schemas/spare.h"
#include "schemas/wanted_headers.h"

#define HAPROXY_COLUMN_NONE UINT8_MAX

struct haproxy_capture {
    char name[HEADER_NAME_BYTES_MAX + 1]; /* in small letters; "": not said, kept as it is */
    uint32_t bytes_max;                   /* 0: not said */
    uint8_t column;                       /* enum haproxy_column; HAPROXY_COLUMN_NONE: an extra */
    uint8_t wanted;                       /* header that chains look at; WANTED_NONE: none of those */
    bool secret;
};

struct haproxy_captures {
    uint32_t count;
    struct haproxy_capture items[HAPROXY_CAPTURES_MAX];
};

/* Reads `names`, see above. STATUS_USAGE says what is wrong with which name. */
enum status haproxy_captures_init(struct haproxy_captures *captures, struct slice names,
                                  const struct wanted_headers *wanted, struct error *error) WARN_UNUSED;

/* After haproxy_line_cut(), of a line that is one: takes the captured headers of the request apart into columns, record->headers and, of
 * headers without a column, extras `name=value`; the text they stood in is no column then. A secret goes to record->headers alone. With
 * another number of values than there are names, and in a line that ends inside of them, nothing is taken, and nothing kept if one is a secret. Of a list that was cut
 * record->list_cut is set, of anything else that was cut nothing is evidence; both have RECORD_TRUNCATED. */
void haproxy_captures_take(const struct haproxy_captures *captures, struct record *record, struct spare *spare);

#endif
