/* What command line and config say of OpenSearch, resolved.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_OPENSEARCH_CHOICE_H
#define WHEREFROM_OPENSEARCH_CHOICE_H

#include "app/arguments.h"
#include "app/run_settings.h"
#include "config/opensearch_settings.h"
#include "sinks/mapping_check.h"

/* As opensearch_settings_resolve, of a run's --output and --opensearch, and whether the run's other options go with them. */
bool opensearch_choice_resolve(struct opensearch_settings *opensearch, const struct arguments *arguments,
                               const struct run_settings *settings, struct problems *problems) WARN_UNUSED;

/* One line about where records go, or roll-ups, for `wherefrom check`. */
void opensearch_choice_print(const struct opensearch_settings *opensearch, bool rollups);

/* Asks the cluster of the output, if there is one, what a run asks before its first record (mapping_first_look), and prints what is wrong, for
 * `wherefrom check`. The errors found. */
size_t opensearch_choice_probe(const struct opensearch_settings *opensearch, const struct mapping_wanted *wanted);

#endif
