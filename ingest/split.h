/* Lines -> records: columns by the format's layout, then what the columns' roles mean.
 *
 * A line is first taken for what its file's name or its predecessor says. Only when the columns that matter
 * (time, peer, status) do not fit is its format looked for, so certainty costs nothing on the usual path. What comes out for a
 * line depends on the line and its origin alone, never on its neighbours.
 *
 * Threads: a splitter belongs to one worker. */
#ifndef WHEREFROM_SPLIT_H
#define WHEREFROM_SPLIT_H

#include "base/scan.h"
#include "base/timestamp.h"
#include "schemas/batch.h"
#include "schemas/record.h"

struct splitter {
    const struct scan_kernel *kernel;
    const struct schema *last; /* format of the last record: a guess, nothing more */
    struct timestamp_cache days;
    uint32_t ends[FIELDS_MAX + SCAN_ENDS_SLACK + 1];
};

enum reading_kind { READING_RECORD, READING_SKIPPED, READING_REJECTED };

/* What became of a line. */
struct reading {
    enum reading_kind kind;
    enum skip_reason skip;       /* READING_SKIPPED */
    enum reject_reason reject;   /* READING_REJECTED, with the rest: */
    const struct schema *schema; /* the format it was taken for; NULL if none fits */
    int column;                  /* index of the column that did not fit; -1: the line as a whole */
    struct slice found;          /* what stood there */
    const char *expected;        /* what should have */
};

void splitter_init(struct splitter *splitter, const struct scan_kernel *kernel);

/* Reads the line at text[offset]; `text_bytes` is where the text ends (TEXT_PADDING_BYTES behind it may be read). Fills `record`
 * as far as it got and returns the bytes up to the next line (>= 1). `origin` says what format to expect. */
uint32_t splitter_read(struct splitter *splitter, const char *text, uint32_t offset, uint32_t text_bytes,
                       const struct origin *origin, struct record *record, struct reading *reading);

/* --- inside the splitter ---------------------------------------------------------------------- */

/* Fills what the roles of `record->schema` promise. False, with `reading`, when the record cannot stand. */
bool derive(struct record *record, struct timestamp_cache *days, struct reading *reading);

/* Takes the request line apart (request_line.c). */
void request_line_split(struct record *record, struct span line);

/* The format whose leading columns fit the record's, NULL if none does. */
const struct schema *detect(const struct record *record);

/* Whether detect() would have found the format that the record was read as by guess (and that derive() was content with). */
bool detect_agrees(const struct record *record);

#endif
