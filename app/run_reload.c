/* A new table is made beside the one in force, and takes its place once nothing is wrong with it.
 *
 * Threads: see the header. */
#include "app/run_reload.h"

#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "app/run_counting.h"
#include "base/monotonic.h"

/* A command line that was read again. */
struct run_reloaded {
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    struct arguments arguments;
};

void run_log_problems(const struct problems *problems) {
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        log_message(problem->severity == PROBLEM_ERROR ? LOG_ERROR : LOG_WARNING, "%s%s%s",
                    problem->file != NULL ? "config: " : "", problem_place(problem).text, problem->text);
}

bool run_can_reload(const struct run_setup *setup) {
    return !setup->replay && !run_writes_nothing(setup);
}

static void free_reloaded(struct run_reloaded *reloaded) {
    if (reloaded == NULL) return;
    arguments_destroy(&reloaded->arguments);
    free(reloaded);
}

void run_reload_destroy(struct run_setup *setup) {
    free_reloaded(setup->reloaded);
}

/* What a run cuts lines by is made at its start: a table that looks at other headers than the first one needs a new run. */
static bool fits(struct run_setup *setup, const struct chains *chains) {
    const struct wanted_headers *now = &run_chains(setup)->rules.headers, *then = &chains->rules.headers;
    if (memcmp(now, then, sizeof *now) == 0) return true;
    log_message(LOG_ERROR, "reload: the chains look at other headers than before; restart for that");
    return false;
}

/* Puts a table in force that arguments make, with databases that it takes over; false: something is wrong, which was logged. */
static bool put_in_force(struct run_setup *setup, const struct arguments *arguments, const char *always,
                         struct databases *databases) {
    struct problems problems = {.first = NULL};
    struct chains *chains = run_load_chains(arguments, always, &problems);
    /* outputs are those of the start */
    if (chains != NULL && problems.errors_count == 0)
        (void)!run_outputs_route(&setup->outputs, chains->policy, &problems);
    run_log_problems(&problems);
    bool good = chains != NULL && problems.errors_count == 0 && fits(setup, chains);
    problems_destroy(&problems);
    if (!good) {
        chains_free(chains);
        databases_release(databases);
        return false;
    }
    run_use_databases(setup, chains, databases);
    live_chains_swap(&setup->chains, chains);
    return true;
}

static const char *policy_text(struct run_setup *setup) {
    const struct residency_policy *policy = run_chains(setup)->policy;
    return policy != NULL ? policy->digest.text : "";
}

/* Databases by these settings, from files as they are now; NULL: it was logged. */
static struct databases *open_databases(const struct run_settings *settings) {
    struct error error;
    enum status status;
    struct databases *databases = databases_open(settings, &error, &status);
    if (databases == NULL) log_message(LOG_ERROR, "%s", error.message);
    return databases;
}

static void count_reload(struct run_setup *setup, bool done) {
    *(done ? &setup->reloads_done : &setup->reloads_refused) += 1;
    run_metrics_count_reload(setup->metrics, done);
}

void run_reload(struct run_setup *setup) {
    struct run_reloaded *reloaded = calloc(1, sizeof *reloaded);
    struct databases *databases = NULL;
    struct error error;
    if (reloaded == NULL) return;
    run_settings_groups(&reloaded->settings, reloaded->groups);
    enum status status = arguments_parse(&reloaded->arguments, reloaded->groups, RUN_GROUPS, setup->argc, setup->argv,
                                         &error);
    if (status != STATUS_OK)
        log_message(LOG_ERROR, "%s", error.message);
    else
        databases = open_databases(&reloaded->settings);
    if (databases == NULL || !put_in_force(setup, &reloaded->arguments, reloaded->settings.chain, databases)) {
        free_reloaded(reloaded);
        count_reload(setup, false);
        log_message(LOG_ERROR, "reload: the chains and databases of before stay in force");
        return;
    }
    free_reloaded(setup->reloaded);
    setup->reloaded = reloaded;
    count_reload(setup, true);
    log_message(LOG_INFO, "reload: new chains and databases are in force%s%s",
                run_chains(setup)->policy != NULL ? ", and policy " : "", policy_text(setup));
}

void run_look_for_databases(struct run_setup *setup) {
    uint64_t now_ms = monotonic_ms();
    if (!run_can_reload(setup) || now_ms < setup->look_at_databases_ms) return;
    setup->look_at_databases_ms = now_ms + DATABASES_LOOK_MS;
    if (!databases_changed(setup->databases)) return;
    const struct run_settings *settings = setup->reloaded != NULL ? &setup->reloaded->settings : &setup->settings;
    const struct arguments *arguments = setup->reloaded != NULL ? &setup->reloaded->arguments : &setup->arguments;
    struct databases *databases = open_databases(settings);
    if (databases == NULL || !put_in_force(setup, arguments, settings->chain, databases)) {
        databases_refuse(setup->databases);
        count_reload(setup, false);
        log_message(LOG_ERROR, "reload: the databases of before stay in force until the files change once more");
        return;
    }
    count_reload(setup, true);
    log_message(LOG_INFO, "reload: a database has changed, and the new one is in force");
}

/* --- files that are written ------------------------------------------------------------------------- */

/* True: it has to be asked again. */
static bool reopen_file(struct sink_file *file) {
    struct error error;
    if (file == NULL) return false;
    switch (sink_file_reopen(file, &error)) {
    case SINK_FILE_BUSY: return true;
    case SINK_FILE_FAILED: log_message(LOG_ERROR, "%s", error.message); break;
    case SINK_FILE_NEW:
        log_message(LOG_INFO, "output: %s: was moved away; what follows goes to a new file", sink_file_path(file));
        break;
    case SINK_FILE_IN_PLACE: break;
    }
    return false;
}

void run_reopen(struct run_setup *setup) {
    if (setup->state.checkpoint != NULL) checkpoint_reopen(setup->state.checkpoint);
    setup->reopen = RUN_REOPEN_ALL;
    run_reopen_waiting(setup);
}

void run_reopen_waiting(struct run_setup *setup) {
    bool others = setup->state.checkpoint == NULL; /* else it has them */
    uint32_t waiting = setup->reopen;
    setup->reopen = 0;
    for (uint32_t i = 0; i < setup->outputs.count && others; i++)
        if ((waiting >> i & 1u) != 0 && reopen_file(setup->outputs.items[i].file)) setup->reopen |= 1u << i;
    if ((waiting & RUN_REOPEN_REJECTS) != 0 && others && reopen_file(setup->rejects))
        setup->reopen |= RUN_REOPEN_REJECTS;
    if ((waiting & RUN_REOPEN_ROLLUPS) != 0 && reopen_file(setup->rollups_file)) setup->reopen |= RUN_REOPEN_ROLLUPS;
}
