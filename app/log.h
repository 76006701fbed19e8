/* What the program says to people: stderr, one line a message, text or JSON, each kind of warning limited.
 *
 * Threads: any. */
#ifndef WHEREFROM_LOG_H
#define WHEREFROM_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_form { LOG_TEXT, LOG_JSON };
enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Before threads start. `quiet` leaves errors only. */
void log_init(enum log_form format, bool quiet);

void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for things that may happen a million times: the first five of a kind in a minute are printed, and log_limits_report says how many
 * more there were. */
enum log_kind { LOG_KIND_INPUT, LOG_KIND_CONNECTION, LOG_KIND_KAFKA, LOG_KIND_OPENSEARCH, LOG_KINDS };
void log_limited(enum log_kind kind, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_limits_report(void);

/* A progress line is open on the terminal: the next message clears it first. */
void log_set_progress_shown(bool shown);

#endif
