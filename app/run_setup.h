/* What `wherefrom run` works with, made from what it was asked for: `run` runs it, `check` says what is wrong with it.
 *
 * Threads: main thread, before others start and after they have ended. */
#ifndef WHEREFROM_RUN_SETUP_H
#define WHEREFROM_RUN_SETUP_H

#include "app/arguments.h"
#include "app/input_settings.h"
#include "app/live_chains.h"
#include "app/live_page.h"
#include "app/pipeline.h"
#include "app/rates_choice.h"
#include "app/run_follow.h"
#include "app/run_kafka.h"
#include "app/run_metrics.h"
#include "app/run_outputs.h"
#include "app/run_settings.h"
#include "app/run_state.h"
#include "app/top.h"
#include "config/opensearch_settings.h"
#include "ingest/inputs.h"
#include "sinks/mapping_check.h"
#include "sinks/sink_file.h"
#include "sinks/sink_opensearch.h"

struct run_setup {
    bool replay;    /* the inputs are rejects files */
    bool residency; /* nothing is written: evidence is counted, of logs and of finished records */
    int argc;
    char **argv;
    struct run_settings settings;
    struct arguments arguments;
    struct inputs inputs;
    struct run_follow follow;
    struct origin *origins;   /* of the inputs, and behind them of the kafka:// one if there is one */
    struct problems problems; /* of the config's parts */
    struct live_chains chains;
    struct databases *databases;   /* in force; it is one of their users */
    struct run_reloaded *reloaded; /* app/run_reload.h; NULL: what was read at the start is in force */
    uint64_t look_at_databases_ms;
    uint32_t reopen; /* files that wait for run_reopen_waiting: bits of outputs by index, and these */
#define RUN_REOPEN_REJECTS (1u << OUTPUTS_MAX)
#define RUN_REOPEN_ROLLUPS (1u << (OUTPUTS_MAX + 1))
#define RUN_REOPEN_ALL ((1u << (OUTPUTS_MAX + 2)) - 1)
    struct encoder *encoder;
    struct run_outputs outputs;
    struct sink_file *rejects; /* NULL: to Kafka, or nowhere */
    struct run_kafka kafka;
    struct run_state state;
    struct run_metrics *metrics; /* NULL: nobody looks on */
    uint64_t reloads_done, reloads_refused;
    struct mapping_wanted mapping; /* of fields of records in OpenSearch */
    struct rates_choice rates;
    const struct top_settings *top_settings; /* nothing is written, and `top` counts; NULL: it is no `wherefrom top` */
    struct top *top;
    struct opensearch_settings rollups_target;
    struct sink_file *rollups_file; /* NULL: to OpenSearch, or nowhere */
    struct rollups *rollups;        /* NULL: there are none */
    const char *
        report_path; /* nothing is written but the page of a report, "-": to stdout; NULL: it is no `wherefrom report` */
    struct report *report; /* for that, or for --ui; NULL: nobody looks */
    struct live_page *live_page;
    struct evidence *evidence; /* with `residency`; policies that it names live as long as chains and what is next */
    struct finished_records *finished; /* likewise */
    struct tally tally;                /* of the run that has ended */
    bool whole;                        /* and it went to the end of its inputs */
    struct format_choice format;
    struct format_table formats; /* of single inputs */
    struct cidr_set *proxy_from; /* NULL: anyone */
};

/* Takes the command line in; *status and `error` say whether the options are right. */
struct run_setup *run_setup_new(int argc, char **argv, struct option_group groups[RUN_GROUPS], struct error *error,
                                enum status *status);
/* The same of a command with options of its own: the last of the groups, RUN_GROUPS + 1, is filled by the caller. */
struct run_setup *run_setup_new_more(int argc, char **argv, struct option_group groups[RUN_GROUPS + 1],
                                     struct error *error, enum status *status);
void run_setup_free(struct run_setup *run);

/* Whether there is an input without an end. */
bool run_reads_streams(const struct run_setup *run);

/* The steps and the run itself; returns the exit code. */
int run_execute(struct run_setup *run);

/* The steps up to the first byte that is read, in this order; each may fail. Outputs are opened by the last one. */
#define RUN_STEPS 14u
typedef enum status run_step(struct run_setup *run, struct error *error);
extern run_step *const run_steps[RUN_STEPS];

/* Single steps, for `check`. The first two keep all problems that they find in run->problems. */
run_step run_settle_chains, run_settle_single_inputs, run_settle_format, run_settle_geo, run_settle_encoder,
    run_open_outputs, run_check_metrics;

/* The chains of config and command line, anew; NULL when memory is short. */
struct chains *run_load_chains(const struct arguments *arguments, const char *always, struct problems *problems);

/* How what --memory-max allows is divided. After run_settle_single_inputs and the inputs. */
struct memory_plan run_memory(const struct run_setup *run);
struct memory_budget run_memory_budget(const struct run_setup *run);

/* A table that is not in force yet gets databases, which are the run's from here on; its policy, where there is one, is told their age. */
void run_use_databases(struct run_setup *run, struct chains *chains, struct databases *databases);

/* The table in force, as the main thread may see it: it alone swaps it. */
const struct chains *run_chains(struct run_setup *run);

#endif
