/* What `wherefrom check` has found: sentences for people as they come, or one JSON object at the end.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_FINDINGS_H
#define WHEREFROM_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/problems.h"

enum finding_level { FINDING_INFO, FINDING_WARNING, FINDING_ERROR };

/* What a finding is about. */
enum finding_subject {
    ABOUT_CONFIG,
    ABOUT_CHAINS,
    ABOUT_INPUTS,
    ABOUT_DATABASE,
    ABOUT_RESIDENCY,
    ABOUT_RATE,
    ABOUT_FILTER,
    ABOUT_KAFKA,
    ABOUT_OPENSEARCH,
    ABOUT_MAPPING,
    ABOUT_OUTPUT,
    ABOUT_REJECTS,
    ABOUT_ROLLUPS,
    ABOUT_SUMMARY,
    ABOUT_STATE,
    ABOUT_METRICS,
    ABOUT_UI,
    ABOUT_SUBJECTS
};

struct findings {
    bool json;
    size_t errors_count, warnings_count;
    const struct problem *last; /* of those that have been taken */
    FILE *facts;                /* what is there and good, a line each: stdout, or kept */
    FILE *list;                 /* of JSON objects; NULL: they are printed at once */
    char *facts_text, *list_text;
    size_t facts_bytes, list_bytes;
};

/* findings_end is safe after it, whatever it returns; false: memory is short. */
bool findings_begin(struct findings *findings, bool json) WARN_UNUSED;

/* One finding of an object by its name: "what is wrong; what to do next". What says no next step gets that of its subject. */
void findings_add(struct findings *findings, enum finding_level level, enum finding_subject subject, const char *object,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The problems that have come since the last call; each has its place in the config. */
void findings_add_problems(struct findings *findings, const struct problems *problems);

/* The sums; `more` (NULL: nothing) writes further members of the JSON object, each with a comma before it. */
void findings_end(struct findings *findings, void (*more)(FILE *out, void *context), void *context);

void findings_write_text(FILE *out, const char *text); /* as JSON, with quotes */

/* For --help: the form of the JSON object. */
void findings_print_form(FILE *out);

#endif
