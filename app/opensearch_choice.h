/* What command line and config say of OpenSearch, shown and tried out.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_OPENSEARCH_CHOICE_H
#define WHEREFROM_OPENSEARCH_CHOICE_H

#include "app/findings.h"
#include "config/opensearch_settings.h"
#include "sinks/mapping_check.h"

/* One line about where records go, or with `rollups` those, for `wherefrom check`; `what`: "output". */
void opensearch_choice_print(const struct opensearch_settings *opensearch, const char *what, bool rollups, FILE *out);

/* Asks the cluster of the output, if there is one, what a run asks before its first record (mapping_first_look), for `wherefrom check`.
 * `wanted` NULL: only whether it answers and lets us in. */
void opensearch_choice_probe(const struct opensearch_settings *opensearch, const struct mapping_wanted *wanted,
                             struct findings *findings);

#endif
