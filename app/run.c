/* `wherefrom run`: runs the stages and says what happened.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/log.h"
#include "app/progress.h"
#include "app/replay_origins.h"
#include "app/run_counting.h"
#include "app/run_reload.h"
#include "app/run_setup.h"
#include "app/summary.h"
#include "base/check.h"

#define SAY_AWAITED_SECONDS 60

/* A run, and what is seen of it while it goes on. */
struct run {
    struct run_setup *setup;
    pthread_mutex_t summary_lock; /* while workers run: of the summary's places */
    struct summary summary;
    struct pipeline_progress counters;
    struct progress progress;
    double say_awaited; /* when to say again which output is waited for */
};

static void warn_left_out(const struct inputs_left_out *left_out, const char *what) {
    if (left_out->count > 0)
        log_message(LOG_WARNING, "%llu %s left out, for example %s", (unsigned long long)left_out->count, what,
                    left_out->example);
}

/* Cores this process may use, not those of the machine. */
static uint32_t workers_wanted(uint64_t workers) {
    cpu_set_t cores;
    if (workers == 0) workers = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (uint64_t)CPU_COUNT(&cores) : 1;
    return workers > WORKERS_MAX ? WORKERS_MAX : (uint32_t)workers;
}

/* Which of several outputs holds up all of it; on the progress line, and as a message once a minute. */
static void say_awaited(struct run *run) {
    const struct output_awaited *awaited = &run->counters.awaited;
    run->progress.awaited = awaited->name;
    if (awaited->name == NULL || progress_now() < run->say_awaited) return;
    run->say_awaited = progress_now() + SAY_AWAITED_SECONDS;
    log_message(LOG_WARNING, "output %s: has taken nothing for %llu s; %llu records wait for it, and so do the inputs",
                awaited->name, (unsigned long long)(awaited->since_ms / 1000), (unsigned long long)awaited->records);
}

/* A worker that goes on with other databases; with a limit workers were ahead of it, and no places are told. */
static void end_places(void *context, struct geo_cache *places) {
    struct run *run = context;
    if (run->setup->settings.limit != 0) return;
    ASSERT(pthread_mutex_lock(&run->summary_lock) == 0);
    summary_add_places(&run->summary, places);
    ASSERT(pthread_mutex_unlock(&run->summary_lock) == 0);
}

static void reload(void *context) {
    run_reload(((struct run *)context)->setup);
    run_reopen(((struct run *)context)->setup);
}

static void tick(void *context) {
    struct run *run = context;
    struct run_setup *setup = run->setup;
    live_chains_sweep(&setup->chains);
    run_look_for_databases(setup);
    run_reopen_waiting(setup);
    say_awaited(run);
    run_metrics_tick(setup->metrics);
    live_page_sweep(setup->live_page);
    if (setup->top != NULL) top_tick(setup->top);
    progress_draw(&run->progress, atomic_load(&run->counters.stored_bytes), atomic_load(&run->counters.records));
}

static void count_written(void *context, const struct batch *batch) {
    const struct run_setup *setup = ((struct run *)context)->setup;
    if (setup->top != NULL) top_count(setup->top, batch);
    if (setup->report != NULL) report_count(setup->report, batch);
}

static void leave_screen(void *context) {
    top_leave_screen(((struct run *)context)->setup->top);
}

static enum status close_outputs(struct run_setup *setup, struct error *error) {
    enum status status = run_outputs_close(&setup->outputs, error);
    if (setup->rejects != NULL) {
        struct error second;
        enum status rejects = sink_file_ops.close(setup->rejects, status == STATUS_OK ? error : &second);
        if (status == STATUS_OK) status = rejects;
    }
    return status;
}

static void warn_of_rates(const struct run_setup *setup) {
    const struct rate_totals totals = rollups_counts(setup->rollups).parts.rates;
    if (totals.approximate)
        log_message(LOG_WARNING,
                    "rates: memory did not suffice for all keys: rows say how much too high they may be (\"err\"), and "
                    "\"approx\":true; give --memory-max more, or count fewer dimensions or fewer days at a time");
    if (totals.approximate && totals.counters_kept < setup->rates.settings->topk)
        log_message(LOG_WARNING,
                    "rates: %llu counters of a slot and dimension were kept at the least, topk asks for %u",
                    (unsigned long long)totals.counters_kept, setup->rates.settings->topk);
}

/* Roll-ups of records that are all written. Of a run that was ended early they would say too little, and replace what says it all. */
static enum status write_rollups(struct run_setup *setup, bool whole, bool failed, struct error *error) {
    if (setup->rollups == NULL) return STATUS_OK;
    bool streams = rollups_of_streams(setup->rollups);
    if (streams && failed) return STATUS_OK; /* what was open is counted again, or is lost with what was not written */
    if (!streams && !whole) {
        log_message(LOG_WARNING, "rollups: not written, since the run ended before its inputs did; run it again");
        return STATUS_OK;
    }
    enum status status = rollups_write(setup->rollups, error);
    uint64_t folded = rollups_counts(setup->rollups).parts.folded;
    if (status == STATUS_OK && folded > 0 && streams)
        log_message(LOG_WARNING,
                    "rollups: %llu slots with few requests were folded for lack of memory (\"zone\":\"folded\"): give "
                    "--memory-max more, or start more processes",
                    (unsigned long long)folded);
    else if (status == STATUS_OK && folded > 0)
        log_message(LOG_WARNING,
                    "rollups: %llu slots with few requests were folded for lack of memory (\"zone\":\"folded\"): run "
                    "fewer days at a time, or give --memory-max more",
                    (unsigned long long)folded);
    if (status == STATUS_OK) warn_of_rates(setup);
    return status;
}

/* The exit code of a run whose threads have ended. */
static int conclude(struct run *run, struct pipeline_outcome *outcome) {
    struct summary *summary = &run->summary;
    struct run_setup *setup = run->setup;
    struct error error;
    progress_clear(&run->progress);
    bool gone = outcome->end == PIPELINE_READER_GONE, failed = outcome->end == PIPELINE_SINK_FAILED;
    if (failed) log_message(LOG_ERROR, "%s", outcome->error.message);
    if (run_state_finish(&setup->state, !failed, &error) != STATUS_OK && !failed) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    if (close_outputs(setup, &error) != STATUS_OK && !gone && !failed) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    if (write_rollups(setup, outcome->end == PIPELINE_DONE && !failed, failed, &error) != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    summary->geo = &setup->databases->geo;
    summary->tally = outcome->tally;
    summary->has_residency = run_chains(setup)->policy != NULL;
    summary->filtered_by_zone = run_chains(setup)->filter != NULL && run_chains(setup)->filter_rules->asks_zones;
    summary->has_rollups = setup->rollups != NULL;
    if (setup->rollups != NULL) summary->rollups = rollups_counts(setup->rollups);
    summary->connections = setup->inputs.streams_count > 0 ? &outcome->connections : NULL;
    const struct follow_counts followed = run_follow_counts(&setup->follow);
    const uint64_t same_object = setup->inputs.same_object.count + followed.same_object;
    summary->tally.read += same_object;
    summary->tally.skipped[SKIP_SAME_OBJECT] += same_object;
    outcome->inputs_failed += followed.failed;
    run_outputs_summarise(&setup->outputs, outcome, summary);
    run_kafka_summarise(&setup->kafka, summary);
    summary->reloads_done = setup->reloads_done;
    summary->reloads_refused = setup->reloads_refused;
    summary->seconds = progress_now() - run->progress.started;
    summary_finish(summary);
    log_limits_report();
    setup->tally = summary->tally;
    setup->whole = outcome->end == PIPELINE_DONE;
    if (setup->top != NULL) {
        top_leave_screen(setup->top);
        if (top_print(setup->top, &error) != STATUS_OK) {
            log_message(LOG_ERROR, "%s", error.message);
            failed = true;
        }
    } else if (!gone && !setup->residency) {
        summary_print(summary);
    }
    if (setup->settings.summary != NULL && summary_write_json(summary, setup->settings.summary, &error) != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    const struct tally *tally = &summary->tally;
    ASSERT(tally->read == tally->written + tally->duplicates + tally_rejected(tally) + tally_skipped(tally));
    if (outcome->inputs_failed > 0)
        log_message(LOG_ERROR, "%llu of %zu inputs failed; what could be read of them is written",
                    (unsigned long long)outcome->inputs_failed,
                    setup->inputs.items_count + followed.files + setup->kafka.settings.has_input);
    if (gone) return EXIT_DONE;
    if (failed || outcome->inputs_failed > 0) return EXIT_FAILED;
    if (tally_rejected(tally) == 0) return EXIT_DONE;
    if (setup->settings.rejects == NULL && !run_writes_nothing(setup))
        log_message(LOG_WARNING, "rejected lines were only counted; --rejects FILE keeps them");
    return EXIT_REJECTS;
}

/* The batches' work: what all workers share. */
static struct worker_plan worker_plan(struct run *run, const struct worker_output *outputs) {
    struct run_setup *setup = run->setup;
    bool marks = false;
    for (uint32_t i = 0; i < setup->outputs.count; i++) marks = marks || outputs[i].marks;
    bool notes = setup->rollups != NULL || setup->evidence != NULL || setup->top != NULL || setup->report != NULL;
    return (struct worker_plan){.kernel = scan_choose(),
                                .tables = setup->format.tables,
                                .encoder = setup->encoder,
                                .chains = &setup->chains,
                                .places_end = end_places,
                                .context = run,
                                .notes = notes,
                                .finished = setup->finished,
                                .outputs = outputs,
                                .outputs_count = setup->outputs.count,
                                .marks = marks,
                                .classes = notes ? setup->rates.classes : NULL,
                                .since_ns = setup->settings.since_ns,
                                .until_ns = setup->settings.until_ns};
}

/* What is said of single lines of rejects files. */
static void report_reject(const char *message) {
    log_limited(LOG_KIND_INPUT, LOG_ERROR, "%s", message);
}

static enum status prepare(struct run_setup *setup, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < RUN_STEPS && status == STATUS_OK; i++) status = run_steps[i](setup, error);
    return status;
}

static bool is_progress_shown(const struct run_setup *setup) {
    if (setup->top != NULL && isatty(STDOUT_FILENO)) return false; /* it would be in the middle of the screen */
    return setup->settings.progress == PROGRESS_ALWAYS ||
           (setup->settings.progress == PROGRESS_AUTO && !setup->settings.quiet && isatty(STDERR_FILENO));
}

int run_execute(struct run_setup *setup) {
    struct run run = {.setup = setup};
    struct error error;
    enum status status = prepare(setup, &error);
    run_log_problems(&setup->problems);
    if (status != STATUS_OK) {
        if (setup->problems.errors_count == 0 || setup->problems.no_memory) log_message(LOG_ERROR, "%s", error.message);
        return (int)status;
    }
    warn_left_out(&setup->inputs.same_object, "AWS objects that were met twice");
    warn_left_out(&setup->inputs.links, "symbolic links that lead out of their directory");
    warn_left_out(&setup->inputs.unfinished, "unfinished files (.tmp, .part)");
    warn_left_out(&setup->inputs.special, "special files");
    run_metrics_begin(setup->metrics, setup);
    struct output outputs[OUTPUTS_MAX];
    struct worker_output wanted[OUTPUTS_MAX];
    run_outputs_items(&setup->outputs, setup->kafka.sink, outputs, wanted);
    const struct worker_plan plan = worker_plan(&run, wanted);
    struct replay_origins replayed = {.format = &setup->format, .rules = &run_chains(setup)->rules};
    const struct source_replay_request replay = {
        .dress = replay_origins_dress, .context = &replayed, .report = report_reject};
    struct pipeline_request request = {
        .origins = setup->origins,
        .origins_count = (uint32_t)setup->inputs.items_count,
        .streams_count = (uint32_t)setup->inputs.streams_count,
        .workers = workers_wanted(setup->settings.workers),
        .batches_max = run_memory(setup).batches_max,
        .worker_plan = &plan,
        .source = &setup->settings.source,
        .replay = setup->replay ? &replay : NULL,
        .tcp = &setup->settings.tcp,
        .follow = setup->follow.follow,
        .proxy_from = setup->proxy_from,
        .kafka = setup->kafka.source,
        .outputs = outputs,
        .outputs_count = setup->outputs.count,
        .rejects_to_kafka = setup->kafka.settings.output.rejects_topic != NULL,
        .transactional = setup->kafka.transactional,
        .shutdown_timeout_s = (uint32_t)setup->settings.shutdown_timeout_s,
        .rejects = setup->rejects,
        .limit = setup->settings.limit,
        .max_reject_ratio = setup->replay ? 1 : setup->settings.max_reject_ratio, /* rejects are rejected again */
        .checkpoint = setup->state.checkpoint,
        .rollups = setup->rollups,
        .evidence = setup->evidence,
        .meter = run_metrics_meter(setup->metrics),
        .tick = tick,
        .written = setup->top != NULL || setup->report != NULL ? count_written : NULL,
        .stopping = setup->top != NULL ? leave_screen : NULL,
        .reload = run_can_reload(setup) ? reload : NULL,
        .context = &run,
    };
    run.progress = (struct progress){
        .shown = is_progress_shown(setup),
        .total_bytes = setup->inputs.size_bytes,
        .started = progress_now(),
    };
    run.summary = (struct summary){.is_replay = setup->replay};
    ASSERT(pthread_mutex_init(&run.summary_lock, NULL) == 0);
    struct pipeline_outcome outcome;
    status = pipeline_run(&request, &run.counters, &outcome, summary_add_places, &run.summary, &error);
    if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    int code = status == STATUS_OK ? conclude(&run, &outcome) : (int)status;
    summary_destroy(&run.summary);
    ASSERT(pthread_mutex_destroy(&run.summary_lock) == 0);
    return code;
}

static void print_about_run(void) {
    printf(
        "usage: wherefrom run [INPUT...] [options]\n\n"
        "Reads AWS load balancer logs, works out who the client is and where, and writes one JSON object a line.\n\n"
        "INPUT is a file, a directory (read recursively, in order of path), a quoted glob, or - for stdin (the "
        "default\n"
        "when something is piped in). Gzip and zstd are recognised by content.\n\n"
        "tcp://ADDRESS:PORT[?proxy=off|v1|v2|auto] listens until a signal: lines end in LF or are counted (RFC 6587), "
        "syslog's\n"
        "prefixes are passed over, and with proxy= each connection begins with a PROXY header (auto: of either "
        "version).\n\n"
        "kafka://HOST:PORT[,HOST:PORT]/TOPIC[,TOPIC][?group=NAME&start=earliest|latest|TIME] reads topics as one of a "
        "group until\n"
        "a signal; a topic that begins with ^ is a regular expression.\n\n");
}

static void print_about_replay(void) {
    printf(
        "usage: wherefrom replay REJECTS... [options]\n\n"
        "Reads what --rejects wrote, and sends the lines in it through `run` again, with what was wrong put right: "
        "options,\n"
        "chains, a newer version. Lines keep the place that they had, so what comes of them has the same event.id, "
        "and\n"
        "the same log.file.path, log.offset, kafka.* and connection.\n\n"
        "REJECTS are files, directories, quoted globs, or - for stdin, plain, gzip or zstd. Give the options of the "
        "first\n"
        "run that say what lines are: -f, --ndjson, --chain, and -c for the same chains. Without -f formats are found\n"
        "anew, but lines that an output refused are of the format that they were. What a config says of single "
        "inputs'\n"
        "formats is not known to rejects: that is for -f; chains of inputs are.\n\n"
        "Rejects without the whole line (truncated, cut-short, bad-message) go to the new --rejects as they are and "
        "count\n"
        "as `not-replayable`; lines that are no rejects, as `bad-reject`.\n\n");
}

static void print_help(const struct option_group *groups, bool replay) {
    replay ? print_about_replay() : print_about_run();
    arguments_print_options(stdout, groups, RUN_GROUPS);
    printf("\nExit status: 0 done, 1 failed, 2 usage or config error, 3 done but some lines were rejected.\n");
}

void command_run_print_markdown(void) {
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    run_settings_groups(&settings, groups);
    arguments_print_markdown(stdout, groups, RUN_GROUPS);
}

static int run_command(int argc, char **argv, bool replay) {
    struct option_group groups[RUN_GROUPS];
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    struct run_setup *setup = run_setup_new(argc, argv, groups, &error, &status);
    setup->replay = replay;
    if (status != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    } else if (setup->arguments.help) {
        print_help(groups, replay);
    } else {
        code = run_execute(setup);
    }
    run_setup_free(setup);
    return code;
}

int command_run(int argc, char **argv) {
    return run_command(argc, argv, false);
}

int command_replay(int argc, char **argv) {
    return run_command(argc, argv, true);
}
