/* What command line and config say of OpenSearch, resolved.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_OPENSEARCH_CHOICE_H
#define WHEREFROM_OPENSEARCH_CHOICE_H

#include "app/arguments.h"
#include "app/run_settings.h"
#include "config/opensearch_settings.h"

/* As opensearch_settings_resolve, of a run's --output and --opensearch, and whether the run's other options go with them. */
bool opensearch_choice_resolve(struct opensearch_settings *opensearch, const struct arguments *arguments,
                               const struct run_settings *settings, struct problems *problems) WARN_UNUSED;

/* One line about where records go, or roll-ups, for `wherefrom check`. */
void opensearch_choice_print(const struct opensearch_settings *opensearch, bool rollups);

#endif
