/* What a run takes anew while it goes on, all of it or nothing: chains, rules, zones, filters, lists and databases; and the files that it
 * writes, each for itself.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RUN_RELOAD_H
#define WHEREFROM_RUN_RELOAD_H

#include "app/run_setup.h"

/* Chains that rejects name are looked up in those of the start; what is counted and not written is counted by one policy. */
bool run_can_reload(const struct run_setup *setup);

/* SIGHUP: all of it from the config and from files; the rest of the config counts from the next start on. What is wrong is logged, and what was
 * in force stays so. */
void run_reload(struct run_setup *setup);

/* Takes databases anew whose files have changed, and with them the lists and files that the config in force names. Called every 250 ms; looks
 * at files each DATABASES_LOOK_MS. */
void run_look_for_databases(struct run_setup *setup);
#define DATABASES_LOOK_MS 5000u

/* When the run is over. */
void run_reload_destroy(struct run_setup *setup);

/* SIGHUP: files that are written and were renamed away are made anew (sinks/sink_file.h); with --state those of the checkpoint as
 * checkpoint_reopen says. What is being written just now waits for the next call of run_reopen_waiting. */
void run_reopen(struct run_setup *setup);
void run_reopen_waiting(struct run_setup *setup);

void run_log_problems(const struct problems *problems);

#endif
