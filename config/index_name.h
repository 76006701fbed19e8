/* What a data stream may be called, or an index a day in front of its date: OpenSearch's rules, and those of its data streams, for names in
 * ASCII; others would have to be lower case by Unicode.
 *
 * Threads: pure functions. */
#ifndef WHEREFROM_INDEX_NAME_H
#define WHEREFROM_INDEX_NAME_H

#include "base/slice.h"
#include "schemas/limits.h"

#define INDEX_NAME_DATE "-{yyyy.MM.dd}" /* behind the name of an index per UTC day */

/* For messages, behind "expected a name "; OPENSEARCH_NAME_BYTES_MAX fills the %u. */
#define INDEX_NAME_RULES                                                                                              \
    "of lower-case letters, digits and signs but \\ / * ? \" < > | , # : { } and space, not beginning with - _ + or " \
    "., of at most %u bytes"

/* Without a date. */
bool index_name_is(struct slice name);

/* Takes INDEX_NAME_DATE off the end; false: it is not there. */
bool index_name_cut_date(struct slice *name);

#endif
