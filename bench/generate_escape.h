/* Raw text as the logs write it: each writer has escapes of its own.
 *
 * Raw is what the client sent, any bytes. The templates of generate_words.h are in ALB's escapes, for ALB came first.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_GENERATE_ESCAPE_H
#define WHEREFROM_GENERATE_ESCAPE_H

#include <stdbool.h>

#include "bench/put.h"

/* Undoes \xHH and \x000000HH in place, and ends the text with a NUL. Returns the length. No template makes a NUL. */
size_t generate_escape_undo(char *text, size_t bytes);

/* JSON without the quotes around it: \" \\ and \u00HH; bytes that are no UTF-8 become \ufffd. Of those only FE and FF
 * are looked for, for the templates have no others. */
void generate_put_json(struct put *out, const char *text);

/* CloudFront: %HH for bytes up to space, beyond ~, and "#<>[\]^`{|}~. The percent sign stays. */
void generate_put_percent(struct put *out, const char *text);

/* NGINX escape=default, as ALB: \xHH for quote, backslash, control characters and bytes from 7F. */
void generate_put_nginx(struct put *out, const char *text);

/* HAProxy: #HH for quote, # and what is not printable; in captures for { | } too. */
void generate_put_haproxy(struct put *out, const char *text, bool capture);

/* Envoy's text, which escapes nothing. A quote would leave a line that nobody can cut for certain, so that what a reader makes of it
 * says nothing about speed: quotes become '. */
void generate_put_envoy(struct put *out, const char *text);

/* 01/Nov/2026:13:55:36 in UTC, as NGINX and HAProxy write it. */
void generate_put_time_local(struct put *out, int64_t time_us);

/* Nov  1 13:55:36: syslog. */
void generate_put_time_syslog(struct put *out, int64_t time_us);

/* 2026-11-01T13:55:36.123Z */
void generate_put_time_ms(struct put *out, int64_t time_us);

#endif
