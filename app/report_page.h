/* The page of a report: a template, made by page/build.mjs and part of the program, with the data in it (app/report_data.h).
 *
 * Threads: by any, one report at a time. */
#ifndef WHEREFROM_REPORT_PAGE_H
#define WHEREFROM_REPORT_PAGE_H

#include "app/report_data.h"

/* Writes the page, whole. */
void report_page_write(struct report *report, const struct report_facts *facts, FILE *out);

/* What the page itself says may run and be loaded in it (Content Security Policy, level 3): the text of its <meta> element. */
struct slice report_page_policy(void);

#endif
