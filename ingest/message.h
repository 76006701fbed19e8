/* A message of a queue -> lines.
 *
 * Found per message, from its first bytes, behind white space and a mark of byte order (U+FEFF):
 *
 *   gzip, zstd                    what is packed in it, read as what it is; not packed once more
 *   {...} in one line             that line; also an object a line, when the first line holds a whole one
 *   {...} in several lines        one line, and one for each that follows, with a line end in front of it or not
 *   [{...},...]                   a line for each element
 *   {"logEvents":[{...},...],...} a subscription of CloudWatch Logs: a line for each event, {its members,"owner":..,"logGroup":..,
 *                                 "logStream":..}; none of a message that only asks whether somebody listens
 *   anything else                 its lines
 *
 * Envelopes with one line inside ({"message": ...} and the like) stay as they are: lines are unwrapped where they are split
 * (split_json.h). From a value on that does not end as it should, JSON is left as it came, so that each of its lines is judged by
 * itself.
 *
 * Threads: a reader belongs to one thread. */
#ifndef WHEREFROM_MESSAGE_H
#define WHEREFROM_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct message_reader;

/* Reserves address space, twice MESSAGE_TEXT_BYTES_MAX; pages are touched on use, of `memory_bytes` in all, and those beyond the usual are
 * given back by the next message_read(). NULL when memory is short. */
struct message_reader *message_reader_new(uint64_t memory_bytes);
void message_reader_free(struct message_reader *reader); /* NULL is fine */

/* What a message holds. */
struct message_text {
    /* Its lines, LF between them; the last one may lack it. Empty: no line at all. In the message itself, or in the reader's memory
     * until the next call. */
    struct slice text;
    bool one_line; /* there is no LF but perhaps at the end: the usual case */
    /* NULL: all of it could be read. Otherwise why not, as words for the reject's detail ("more than 1048576 bytes when unpacked"), and
     * `text` is what could be read before that, only whole lines (and values, of JSON); of an object within another nothing. Until the
     * next call. */
    const char *damage;
};

/* Reads a message; `payload` has at least one byte and may be of anybody's making. The text has at most MESSAGE_TEXT_BYTES_MAX bytes,
 * and at most MESSAGE_EXPANSION_MAX times the message once it is more than MESSAGE_EXPANSION_FREE_BYTES (schemas/limits.h), and the
 * reader's memory must do for what was unpacked and lines made of it together; of a message that is its text already there is no such
 * limit. */
struct message_text message_read(struct message_reader *reader, struct slice payload);

#endif
