/* What command line and config say of --rollups, resolved.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_ROLLUPS_CHOICE_H
#define WHEREFROM_ROLLUPS_CHOICE_H

#include "app/arguments.h"
#include "app/run_outputs.h"
#include "app/run_settings.h"

/* As opensearch_settings_resolve, of where roll-ups go (target->has_output is false for a file and for none), and whether the run can have
 * any. `outputs` are the records', resolved. */
bool rollups_choice_resolve(struct opensearch_settings *target, const struct run_outputs *outputs,
                            const struct arguments *arguments, const struct run_settings *settings,
                            struct problems *problems) WARN_UNUSED;

#endif
