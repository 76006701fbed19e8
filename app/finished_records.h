/* Records that `wherefrom run` wrote, read back for what they say of residency, or for a report: a client is not located again, and a policy
 * is not asked again; what was found when the record was made is what counts.
 *
 * Threads: struct finished_records by all workers, a struct finished_reader by one. */
#ifndef WHEREFROM_FINISHED_RECORDS_H
#define WHEREFROM_FINISHED_RECORDS_H

#include "base/arena.h"
#include "schemas/batch.h"

/* The policies that records name, of any number of runs. */
struct finished_records;

/* Of records without a verdict of residency, or without what only that needs, a report counts the rest. */
enum finished_use { FINISHED_FOR_RESIDENCY, FINISHED_FOR_REPORT };

/* NULL when there is no memory. Freed when nobody looks at notes any more. */
struct finished_records *finished_records_new(enum finished_use use) __attribute__((warn_unused_result));
void finished_records_free(struct finished_records *records); /* NULL is allowed */

struct finished_reader;
struct finished_reader *finished_reader_new(struct finished_records *records) __attribute__((warn_unused_result));
void finished_reader_free(struct finished_reader *reader); /* NULL is allowed */

/* Whether a line begins and has in it what records of any output schema have and logs do not. */
bool finished_line_is(struct slice line);

enum finished_result {
    FINISHED_NOTED,
    FINISHED_UNJUDGED, /* there is no verdict in it, or not all of it that counts: its run had no policy, or --fields dropped it */
    FINISHED_BAD,     /* it is no JSON */
    FINISHED_TOO_MANY /* more policies, zones, places and verdicts than there can be of honest runs */
};

/* Notes the record in `line`, which finished_line_is; TEXT_PADDING_BYTES behind it are readable. `spare` is as before afterwards; what the
 * note points to is the line, or in `arena`. */
enum finished_result finished_reader_note(struct finished_reader *reader, const char *text, struct span line,
                                          struct spare *spare, struct arena *arena, struct rollup_note *note);

#endif
