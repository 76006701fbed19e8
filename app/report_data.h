/* The data of a report's page: one JSON object (docs/report.md), put into the page's template, which page/build.mjs makes.
 *
 * Strings come from logs, databases and configs. In the page they stand in a <script> element of a type that is not run, so beside what JSON
 * escapes there are no <, > and & in them, nor U+2028 and U+2029: nothing in them can end the element, whoever wrote it.
 *
 * Threads: by any, one report at a time. */
#ifndef WHEREFROM_REPORT_DATA_H
#define WHEREFROM_REPORT_DATA_H

#include <stdio.h>

#include "app/report.h"
#include "ingest/inputs.h"

/* What the counts do not say. */
struct report_facts {
    bool live, ended;
    const struct inputs *inputs;
    const struct tally *tally; /* NULL: that of the counts */
    const struct geo *geo;
};

/* Writes the object to `out`, without an end of line. Time gets coarser where there would be too many numbers for a page. */
void report_data_write(struct report *report, const struct report_facts *facts, FILE *out);

/* The page in front of the data and behind it. */
struct slice report_page_head(void);
struct slice report_page_tail(void);

#endif
