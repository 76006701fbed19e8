/* What command line and config say of --rollups, resolved.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_ROLLUPS_CHOICE_H
#define WHEREFROM_ROLLUPS_CHOICE_H

#include "app/arguments.h"
#include "app/run_settings.h"
#include "config/opensearch_settings.h"

/* As opensearch_settings_resolve, of where roll-ups go (target->has_output is false for a file and for none), and whether the run can have
 * any. `output` is the records', resolved. */
bool rollups_choice_resolve(struct opensearch_settings *target, const struct opensearch_settings *output,
                            const struct arguments *arguments, const struct run_settings *settings,
                            struct problems *problems) WARN_UNUSED;

#endif
