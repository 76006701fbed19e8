/* Lines of HAProxy: option httplog, httpslog and tcplog, and the format of connections that failed before there was a session.
 *
 * Follows HAProxy's configuration manual, sections 8.2.2 to 8.2.5 and 8.6 (non-printable characters); RFC 3164 and RFC 5424
 * for what syslog puts in front.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_HAPROXY_LINE_H
#define WHEREFROM_HAPROXY_LINE_H

#include "ingest/line_cut.h"

/* Fills the columns of schemas/haproxy.h (see ingest/line_cut.h). In front may stand a syslog priority, a time, a host and a tag in
 * the orders that HAProxy and syslog daemons write, and nothing else: what another program logs about an address is no client.
 *
 * Not as it stands in the line: columns that say `true`; a request or captured headers with #HH, which are decoded into the spare
 * (in headers not #7C and #23, so that every | left is one that separates). Decoded text may need escaping where the line did not:
 * record->plain is set to false then, and must stay so. A client that is a UNIX socket is the extra `client=unix:NUMBER`;
 * what follows the last known column is `rest=TEXT`.
 *
 * Captured cookies are written without any escaping, and so is the SNI of httpslog. When they leave more than one way to cut the
 * line, all in doubt is one extra, `ambiguous=TEXT`, with RECORD_AMBIGUOUS; client, time, names, timers, status and bytes stand
 * before that and are always certain. A line without its end has RECORD_TRUNCATED. */
bool haproxy_line_cut(struct record *record, struct spare *spare, struct line_cut *cut);

#endif
