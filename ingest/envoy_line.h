/* Lines of Envoy's default access log text and of Istio's, which is longer.
 *
 * Follows Envoy's documentation, Access logging, "Default format string", and Istio's EnvoyTextLogFormat.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_ENVOY_LINE_H
#define WHEREFROM_ENVOY_LINE_H

#include "ingest/line_cut.h"

/* Fills the columns of schemas/envoy.h (see ingest/line_cut.h). Envoy escapes no quotes, so a client can write what looks like the
 * end of a column: a column is filled only when the line can be cut in no other way that would put its ends elsewhere. What
 * remains is one extra, `ambiguous=TEXT`, with RECORD_AMBIGUOUS; then no quotes are said to be wrapping. A status of 0 is null,
 * `tcp://` in front of the upstream is left out, and a remote address that is a UNIX socket or Envoy itself is an extra.
 * False: none of both texts, or without its end. */
bool envoy_line_cut(struct record *record, struct spare *spare, struct line_cut *cut);

#endif
