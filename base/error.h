/* How the environment's failures travel: a status for the program, one sentence for the person.
 *
 * The message names the object, says what was expected and what to do next:
 * "geo: /x.mmdb: not a MaxMind DB". Bad input records never come this way (schemas/reject.h).
 *
 * Threads: a struct error belongs to its caller. */
#ifndef WHEREFROM_ERROR_H
#define WHEREFROM_ERROR_H

#define ERROR_MESSAGE_BYTES_MAX 1024

enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1, /* the environment failed: file, disk, database, peer */
    STATUS_USAGE = 2   /* the user asked for something that can't be done: option, config */
};

#define WARN_UNUSED __attribute__((warn_unused_result))

struct error {
    char message[ERROR_MESSAGE_BYTES_MAX]; /* one sentence without a newline; cut, never overrun */
};

/* Fills `error` (which may be NULL) and returns `status`, so that a failing path is one line. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": <text of errno_value>" behind the message. */
enum status error_set_errno(struct error *error, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
