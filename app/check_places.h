/* What a config names outside of itself - files, directories, addresses - looked at and left as it is: `wherefrom check`.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_CHECK_PLACES_H
#define WHEREFROM_CHECK_PLACES_H

#include "app/findings.h"
#include "app/run_setup.h"

/* Each INPUT for itself, so that one that is missing hides no other, and all together: after that run->inputs are those of a run. */
void check_inputs(struct run_setup *run, struct findings *findings);

/* Files that a run would write: whether it could. */
void check_files(const struct run_setup *run, struct findings *findings);

/* --state. After check_inputs. */
void check_state(const struct run_setup *run, struct findings *findings);

/* Each database for itself, and its age. */
void check_databases(const struct run_setup *run, struct findings *findings);

/* --metrics and --ui; after run_check_metrics and run_check_live_page. */
void check_page_addresses(const struct run_setup *run, struct findings *findings);

#endif
