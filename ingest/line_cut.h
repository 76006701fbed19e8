/* What the splitters of text layouts that are not just columns between separators have in common.
 *
 * Such a splitter gets a record with schema, text and line set, plain true, flags 0 and the rows of the schema's columns empty
 * (fields_count = schema->fields_count). It makes plain false when a column is not text of the line and needs escaping, fills the
 * rows with spans without their wrapping, appends extras behind them as `name=value` (at most FIELDS_MAX in all), and may raise
 * record flags. False: the line is none of this layout.
 *
 * Threads: plain values. */
#ifndef WHEREFROM_LINE_CUT_H
#define WHEREFROM_LINE_CUT_H

#include "schemas/spare.h"

struct line_cut {
    const char *expected; /* of a line that is none: what should have been there; constant text */
    uint32_t quotes;      /* raw quotes that wrap columns and so belong to none */
};

#endif
