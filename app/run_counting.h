/* Commands that count and write no records: `residency`, `report` and `top`; and the page of `run --ui`, which counts beside what is written.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_RUN_COUNTING_H
#define WHEREFROM_RUN_COUNTING_H

#include "app/run_setup.h"

bool run_writes_nothing(const struct run_setup *run);

/* What the config says of outputs, and of where a run ends or goes on, is for `run`. After run_setup_new_more. */
void run_forget_outputs(struct run_setup *run);

/* Where nobody sees the records: as short as can be. After run_forget_outputs. */
void run_shorten_records(struct run_settings *settings);

/* The command line has no option that has no meaning for such a command. */
struct run_options_used {
    const char *command;
    const char *const *groups; /* of `run`, ended by NULL: their options are used, but for: */
    const char *const *unused; /* ended by NULL */
    const char *allowed;       /* an option of another group that is; NULL: none */
    const char *reason;        /* what nothing is written but */
};
enum status run_refuse_options(const struct run_setup *run, const struct option_group *groups,
                               const struct run_options_used *used, struct error *error) WARN_UNUSED;
bool run_uses_group(const struct run_options_used *used, const char *title);
/* What has an end is read to it; a stream has none. */
enum status run_refuse_streams(const struct run_setup *run, const char *command, struct error *error) WARN_UNUSED;

/* Who only looks on must be in no Kafka group that somebody counts on. False: out of memory. */
bool run_look_on(struct kafka_settings *kafka);
/* False: addresses may not be shown, which has been said. */
bool run_top_may_show(struct run_setup *run);

/* Instead of outputs. */
run_step run_open_counts;
/* --ui: from here on it answers; or, for `check`, whether it is an address. */
run_step run_open_live_page, run_check_live_page;

#endif
