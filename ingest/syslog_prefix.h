/* What syslog puts in front of a message.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_SYSLOG_PREFIX_H
#define WHEREFROM_SYSLOG_PREFIX_H

#include <stdbool.h>

#include "base/slice.h"

/* Borrowed from the line; what is not there is empty. */
struct syslog_prefix {
    struct slice priority, time, host, process, pid;
    size_t bytes; /* of all of it: where the message begins */
};

/* Takes the prefix of RFC 5424 (`<PRI>1 TIME HOST APP PROCID MSGID DATA `, a BOM behind it), or of RFC 3164 and what is sent in its
 * name: `<PRI>`, a time (its own or ISO 8601), a host and `TAG[PID]: `, each of which may be missing, but no host comes without a tag.
 * False: the line claims to be RFC 5424 and is not. */
bool syslog_prefix_parse(struct slice line, struct syslog_prefix *prefix) __attribute__((warn_unused_result));

#endif
