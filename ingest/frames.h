/* Where lines end in a connection's bytes: at LF, or by octet counting (RFC 6587 section 3.4.1).
 *
 * Which of the two is told by the first bytes and kept: a count, a space and a syslog priority (`123 <134>`) begin no log line. What
 * comes out depends on the bytes alone, not on how they were cut into packets.
 *
 * Threads: plain values, pure functions. */
#ifndef WHEREFROM_FRAMES_H
#define WHEREFROM_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framing { FRAMING_UNKNOWN, FRAMING_LINES, FRAMING_OCTETS };

/* Of one connection. All zero but for the limit at its start. */
struct frames {
    uint32_t line_bytes_max; /* without CR LF; of a message: with them */
    enum framing framing;
    bool skipping;       /* in what was too much of a line */
    uint64_t skip_bytes; /* likewise, of a message */
    size_t seen;         /* bytes at the front, of those left over by the last call, that have no LF among them */
};

/* What was found at the front of the bytes. Those before `start` are no text; all before `end` are used up. */
struct frames_piece {
    size_t start, end;
    uint32_t lines; /* whole ones, or a message: it is one line and need not end in LF */
    bool too_long;  /* the first line_bytes_max + 2 bytes of one line that has more */
};

enum frames_result {
    FRAMES_FOUND,
    FRAMES_MORE, /* no whole line is there: no text in the piece. To be called again with the bytes behind it and more */
    FRAMES_FULL, /* one is, but it is longer than `bytes_max`: no text in the piece */
    FRAMES_BAD,  /* something else stands where a count should: nothing behind it can be read */
};

/* The next lines in `bytes`: at most piece->lines (>= 1, set by the caller) and `bytes_max`, a message only one. LFs inside a message
 * become spaces: a message is one line. With bytes_max >= line_bytes_max + 2 the answer is never FULL. */
enum frames_result frames_next(struct frames *frames, char *bytes, size_t bytes_count, size_t bytes_max,
                               struct frames_piece *piece);

/* The bytes that are left when no more will come, or after BAD; frames_next has answered MORE or BAD. True: they are the start of a
 * line, or all of one that lacks its LF, which a message never does: *whole says so. */
bool frames_rest(const struct frames *frames, char *bytes, size_t bytes_count, bool *whole);

#endif
