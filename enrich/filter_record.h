/* Whether a record is wanted (schemas/filter.h).
 *
 * Threads: read-only once made. */
#ifndef WHEREFROM_FILTER_RECORD_H
#define WHEREFROM_FILTER_RECORD_H

#include "base/hash.h"
#include "schemas/filter.h"
#include "schemas/record.h"

struct record_filter;

/* By rules that live as long as it; NULL: out of memory. */
struct record_filter *record_filter_new(const struct filter *rules);
void record_filter_free(struct record_filter *filter); /* NULL is fine */

/* What it says of a record whose client is resolved and, where a rule asks for zones, judged. `line` is what the record's event.id is made of, by which samples are
 * taken: the same ones in every run, whatever other rules there are. Work in proportion to the rules and to the length of path and user agent, of
 * which the first FILTER_AGENT_BYTES_MAX count where it is escaped. */
bool record_filter_keeps(const struct record_filter *filter, const struct record *record, const struct hash_line *line);

#define FILTER_AGENT_BYTES_MAX 1024u

#endif
