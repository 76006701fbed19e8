/* --metrics of a run: where the numbers are, and the three pages.
 *
 * Threads: main thread; the pages are made by the listener's, which reads what each part says that any thread may. */
#ifndef WHEREFROM_RUN_METRICS_H
#define WHEREFROM_RUN_METRICS_H

#include "app/databases.h"
#include "app/meter.h"

struct run_setup;
struct run_metrics;

/* Listens; until run_metrics_begin there is only the process to be seen. The address is that of --metrics. STATUS_USAGE when it is none. */
enum status run_metrics_open(const struct run_setup *setup, struct run_metrics **metrics,
                             struct error *error) WARN_UNUSED;
void run_metrics_close(struct run_metrics *metrics); /* NULL is fine */

/* Inputs and outputs of `setup` are there, and stay until run_metrics_close. */
void run_metrics_begin(struct run_metrics *metrics, const struct run_setup *setup);

/* Those in force from here on; it is one of their users. */
void run_metrics_use_databases(struct run_metrics *metrics, struct databases *databases);
void run_metrics_count_reload(struct run_metrics *metrics, bool done);

/* Called every 250 ms while the run goes on. */
void run_metrics_tick(struct run_metrics *metrics);

struct meter *run_metrics_meter(struct run_metrics *metrics); /* of NULL: NULL */

#endif
