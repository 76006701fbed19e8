/* A message of a queue -> lines.
 *
 * A message is one line, several lines, a compressed object of lines (gzip, zstd), or JSON: one object in one line or in several, one
 * object a line, or an envelope whose `logEvents` (a subscription of CloudWatch Logs) hold a line each. Which one is found per message,
 * from its first bytes. Envelopes with one line inside ({"message": ...} and the like) stay as they are: lines are unwrapped where they
 * are split (split_json.h).
 *
 * Threads: a reader belongs to one thread. */
#ifndef WHEREFROM_MESSAGE_H
#define WHEREFROM_MESSAGE_H

#include <stdbool.h>

#include "base/slice.h"

struct message_reader;

/* NULL when memory is short. */
struct message_reader *message_reader_new(void);
void message_reader_free(struct message_reader *reader);

/* What a message holds. */
struct message_text {
    struct slice
        text; /* its lines, LF between them; the last one may lack it. Empty: no line at all. In the message itself, or in
                              the reader's memory until the next call */
    bool one_line; /* there is no LF but perhaps at the end: the usual case */
    const char *
        damage; /* NULL: all of it could be read. Otherwise why not, as words for the reject's detail ("gzip: checksum is
                              wrong"; "more than N bytes when unpacked"), and `text` is what could be read before; valid until the
                              next call */
};

/* Reads a message; `payload` has at least one byte and may be of anybody's making. Unpacks at most MESSAGE_TEXT_BYTES_MAX bytes, and at
 * most MESSAGE_EXPANSION_MAX times the message once it is more than MESSAGE_EXPANSION_FREE_BYTES (schemas/limits.h). A compressed
 * message inside a compressed message is damage. */
struct message_text message_read(struct message_reader *reader, struct slice payload);

#endif
