/* `wherefrom run`: puts the stages together, runs them, says what happened. `wherefrom check`: does the first of that only, and says
 * all that is wrong.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/arguments.h"
#include "app/command.h"
#include "app/default_database.h"
#include "app/format_choice.h"
#include "app/input_settings.h"
#include "app/kafka_choice.h"
#include "app/live_chains.h"
#include "app/log.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/run_settings.h"
#include "app/summary.h"
#include "base/check.h"
#include "config/chain_presets.h"
#include "ingest/inputs.h"
#include "schemas/output.h"
#include "sinks/sink_file.h"

/* Everything that a run holds; run_close frees what was made so far. */
struct run {
    int argc;
    char **argv;
    struct run_settings settings;
    struct arguments arguments;
    struct inputs inputs;
    struct origin *origins;
    struct problems problems; /* of the chains */
    struct live_chains chains;
    struct geo geo;
    struct encoder *encoder;
    struct sink_file *records, *rejects;
    struct worker_plan plan;
    struct pipeline_progress counters;
    struct progress progress;
    struct format_choice format;
    struct format_table formats; /* of single inputs */
    struct kafka_settings kafka;
    struct cidr_set *proxy_from; /* NULL: anyone */
};

/* The table in force, as the main thread may see it: it alone swaps it. */
static const struct chains *chains_of(struct run *run) {
    return atomic_load(&run->chains.current);
}

static enum status settle_inputs(struct run *run, struct error *error) {
    static const char *const standard_input[] = {"-"};
    struct inputs_request request = {.arguments = run->arguments.inputs.items,
                                     .arguments_count = run->arguments.inputs.count,
                                     .origin = run->settings.origin};
    if (request.arguments_count == 0) {
        if (isatty(STDIN_FILENO))
            return error_set(
                error, STATUS_USAGE,
                "run: no INPUT; name files or directories, or pipe lines into it (`wherefrom run --help`)");
        request.arguments = standard_input;
        request.arguments_count = 1;
    }
    if (run->kafka.has_input)
        return error_set(error, STATUS_USAGE, "input %s: not built into this version",
                         request.arguments[run->kafka.input_argument]);
    enum status status = source_tcp_proxy_set(&run->settings.tcp, &run->proxy_from, error);
    return status == STATUS_OK ? inputs_init(&run->inputs, &request, error) : status;
}

static void warn_left_out(const struct inputs_left_out *left_out, const char *what) {
    if (left_out->count > 0)
        log_message(LOG_WARNING, "%llu %s left out, for example %s", (unsigned long long)left_out->count, what,
                    left_out->example);
}

static enum status settle_format(struct run *run, struct error *error) {
    return format_choice_init(&run->format, run->settings.format, &run->settings.ndjson, &chains_of(run)->rules.headers,
                              error);
}

static enum status settle_origins(struct run *run, struct error *error) {
    run->origins = calloc(run->inputs.items_count + 1, sizeof *run->origins);
    if (run->origins == NULL) return error_set(error, STATUS_FAILED, "inputs: out of memory");
    for (size_t i = 0; i < run->inputs.items_count; i++) {
        const struct input *input = &run->inputs.items[i];
        const struct format_choice *format = input_format(&run->arguments, input->argument, &run->formats,
                                                          &run->format);
        run->origins[i] = (struct origin){
            .input_index = (uint32_t)i,
            .stream = input->is_stream,
            .path = slice_from(input->path),
            /* connections have names of their own */
            .name = input->is_stream && run->settings.origin == NULL ? SLICE("") : slice_from(input->origin),
            .schema = format->schema != NULL ? format->schema : schema_find(input->key.format),
            .schema_fixed = format->schema != NULL,
            .header = format->has_header ? &format->header : NULL,
            .log_format = format->has_log_format ? &format->log_format : NULL,
            .captures = format->has_captures ? &format->captures : NULL,
            .account = input->key.account,
            .region = input->key.region,
            .node = input->key.node,
            .chain = input_chain(&run->arguments, input->argument),
        };
    }
    return STATUS_OK;
}

static struct chains *load_chains(const struct arguments *arguments, const char *always, struct problems *problems) {
    struct chains_request request = {
        .file = arguments->config_path, .sections = &arguments->sections, .always = always};
    return chains_new(&request, problems);
}

/* All problems are kept; the first one fails the step. */
static enum status settle_chains(struct run *run, struct error *error) {
    struct chains *chains = load_chains(&run->arguments, run->settings.chain, &run->problems);
    if (chains == NULL) return error_set(error, STATUS_FAILED, "chains: out of memory");
    live_chains_init(&run->chains, chains);
    return run->problems.errors_count > 0 ? problems_first_error(&run->problems, error) : STATUS_OK;
}

/* What is said of single inputs: all problems are kept. */
static bool settle_input_settings(struct run *run) {
    bool good = kafka_choice_resolve(&run->kafka, &run->arguments, &run->settings, &run->problems);
    return format_table_add_inputs(&run->formats, &run->arguments, &chains_of(run)->rules.headers, &run->problems) &&
           good;
}

static enum status settle_single_inputs(struct run *run, struct error *error) {
    return settle_input_settings(run) ? STATUS_OK : problems_first_error(&run->problems, error);
}

static enum status settle_geo(struct run *run, struct error *error) {
    char path[PATH_BYTES_MAX];
    const char *only = path;
    struct run_settings *settings = &run->settings;
    if (settings->no_geo && settings->geo.count > 0)
        return error_set(error, STATUS_USAGE, "--no-geo and --geo contradict each other; give one of them");
    if (settings->no_geo) return STATUS_OK;
    if (settings->geo.count > 0) return geo_open(&run->geo, settings->geo.items, settings->geo.count, error);
    enum status status = default_database_find(path, error);
    return status == STATUS_OK ? geo_open(&run->geo, &only, 1, error) : status;
}

/* "--fields +a,-b" and "--fields +a --fields -b" are the same. */
static enum status settle_encoder(struct run *run, struct error *error) {
    static const char *items[LIST_ITEMS_MAX];
    static char texts[LIST_ITEMS_MAX * 16];
    size_t count = 0, used = 0;
    for (size_t i = 0; i < run->settings.fields.count; i++) {
        size_t bytes = strlen(run->settings.fields.items[i]) + 1;
        if (used + bytes > sizeof texts)
            return error_set(error, STATUS_USAGE, "--fields: more than %zu bytes", sizeof texts);
        memcpy(texts + used, run->settings.fields.items[i], bytes);
        for (char *rest = texts + used, *item; (item = strsep(&rest, ",")) != NULL;) {
            if (count == LIST_ITEMS_MAX)
                return error_set(error, STATUS_USAGE, "--fields: more than %u items", LIST_ITEMS_MAX);
            items[count++] = item;
        }
        used += bytes;
    }
    struct encoder_request request = {.schema = output_schemas[run->settings.schema],
                                      .keep_original = run->settings.keep_original,
                                      .fields = {items, count}};
    return encoder_new(&request, &run->encoder, error);
}

/* Whether both names lead to one file. */
static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    if (a == NULL || b == NULL || strcmp(a, "-") == 0 || strcmp(b, "-") == 0) return false;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Writing to a file that is also read, or by two writers, would destroy it. */
static enum status refuse_overwriting(const struct run *run, struct error *error) {
    const char *const outputs[] = {run->settings.output, run->settings.rejects, run->settings.summary};
    for (size_t i = 0; i < 3; i++) {
        struct stat info;
        for (size_t j = i + 1; j < 3; j++)
            if (same_file(outputs[i], outputs[j]))
                return error_set(error, STATUS_USAGE, "output: %s and %s are the same file", outputs[i], outputs[j]);
        if (outputs[i] == NULL || stat(outputs[i], &info) != 0 || !S_ISREG(info.st_mode)) continue;
        for (size_t input = 0; input < run->inputs.items_count; input++)
            if (!run->inputs.items[input].is_stdin && same_file(outputs[i], run->inputs.items[input].path))
                return error_set(error, STATUS_USAGE, "output: %s is also an input; write somewhere else", outputs[i]);
    }
    return STATUS_OK;
}

static enum status open_outputs(struct run *run, struct error *error) {
    const struct run_settings *settings = &run->settings;
    if (strstr(settings->output, "://") != NULL)
        return error_set(error, STATUS_USAGE, "output: %s: not built into this version; write a file or - for stdout",
                         settings->output);
    enum status status = refuse_overwriting(run, error);
    if (status != STATUS_OK || settings->dry_run) return status;
    status = sink_file_open(settings->output, settings->append ? SINK_FILE_APPEND : SINK_FILE_ANEW, &run->records, error);
    if (status == STATUS_OK && settings->rejects != NULL)
        status = sink_file_open(settings->rejects, settings->append ? SINK_FILE_APPEND : SINK_FILE_ANEW, &run->rejects, error);
    return status;
}

/* Cores this process may use, not those of the machine. */
static uint32_t workers_wanted(uint64_t workers) {
    cpu_set_t cores;
    if (workers == 0) workers = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (uint64_t)CPU_COUNT(&cores) : 1;
    return workers > WORKERS_MAX ? WORKERS_MAX : (uint32_t)workers;
}

static void tick(void *context) {
    struct run *run = context;
    live_chains_sweep(&run->chains);
    progress_draw(&run->progress, atomic_load(&run->counters.stored_bytes), atomic_load(&run->counters.records));
}

static enum status close_outputs(struct run *run, struct error *error) {
    enum status status = run->records != NULL ? sink_file_ops.close(run->records, error) : STATUS_OK;
    if (run->rejects != NULL) {
        struct error second;
        enum status rejects = sink_file_ops.close(run->rejects, status == STATUS_OK ? error : &second);
        if (status == STATUS_OK) status = rejects;
    }
    return status;
}

/* The exit code of a run whose threads have ended. */
static int conclude(struct run *run, struct pipeline_outcome *outcome, struct summary *summary) {
    struct error error;
    progress_clear(&run->progress);
    bool gone = outcome->end == PIPELINE_READER_GONE, failed = outcome->end == PIPELINE_SINK_FAILED;
    if (failed) log_message(LOG_ERROR, "%s", outcome->error.message);
    if (close_outputs(run, &error) != STATUS_OK && !gone && !failed) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    summary->tally = outcome->tally;
    summary->connections = run->inputs.streams_count > 0 ? &outcome->connections : NULL;
    summary->tally.read += run->inputs.same_object.count;
    summary->tally.skipped[SKIP_SAME_OBJECT] += run->inputs.same_object.count;
    summary->bytes_written = run->records != NULL ? sink_file_bytes(run->records) : 0;
    summary->seconds = progress_now() - run->progress.started;
    summary_finish(summary);
    log_limits_report();
    if (!gone) summary_print(summary);
    if (run->settings.summary != NULL && summary_write_json(summary, run->settings.summary, &error) != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        failed = true;
    }
    const struct tally *tally = &summary->tally;
    ASSERT(tally->read == tally->written + summary_rejected(tally) + summary_skipped(tally));
    if (outcome->inputs_failed > 0)
        log_message(LOG_ERROR, "%llu of %zu inputs failed; what could be read of them is written",
                    (unsigned long long)outcome->inputs_failed, run->inputs.items_count);
    if (gone) return EXIT_DONE;
    if (failed || outcome->inputs_failed > 0) return EXIT_FAILED;
    if (summary_rejected(tally) == 0) return EXIT_DONE;
    if (run->settings.rejects == NULL)
        log_message(LOG_WARNING, "rejected lines were only counted; --rejects FILE keeps them");
    return EXIT_REJECTS;
}

static enum status prepare(struct run *run, struct error *error) {
    static enum status (*const steps[])(struct run *, struct error *) = {
        settle_chains,  settle_single_inputs, settle_format,  settle_inputs,
        settle_origins, settle_geo,           settle_encoder, open_outputs};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == STATUS_OK; i++) status = steps[i](run, error);
    return status;
}

static void log_problems(const struct problems *problems) {
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        log_message(problem->severity == PROBLEM_ERROR ? LOG_ERROR : LOG_WARNING, "%s%s%s",
                    problem->file != NULL ? "config: " : "", problem_place(problem).text, problem->text);
}

/* Whatever is wrong with the new table, the old one stays. What a run cuts lines by is made at its start: a table that looks at other
 * headers than the first one needs a new run. */
static bool is_usable(struct run *run, const struct chains *chains, const struct problems *problems) {
    if (chains == NULL || problems->errors_count > 0) return false;
    const struct wanted_headers *now = &chains_of(run)->rules.headers, *then = &chains->rules.headers;
    if (memcmp(now, then, sizeof *now) == 0) return true;
    log_message(LOG_ERROR, "reload: the chains look at other headers than before; restart for that");
    return false;
}

/* SIGHUP: the config's chains and all that they are made of, anew; the rest of the config counts from the next start on. */
static void reload(void *context) {
    struct run *run = context;
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    struct arguments arguments;
    struct problems problems = {.first = NULL};
    struct error error;
    run_settings_groups(&settings, groups);
    enum status status = arguments_parse(&arguments, groups, RUN_GROUPS, run->argc, run->argv, &error);
    struct chains *chains = status == STATUS_OK ? load_chains(&arguments, settings.chain, &problems) : NULL;
    if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    log_problems(&problems);
    if (is_usable(run, chains, &problems)) {
        live_chains_swap(&run->chains, chains);
        log_message(LOG_INFO, "reload: new chains are in force");
    } else {
        chains_free(chains);
        log_message(LOG_ERROR, "reload: the chains of before stay in force");
    }
    problems_destroy(&problems);
    arguments_destroy(&arguments);
}

static int execute(struct run *run) {
    struct error error;
    enum status status = prepare(run, &error);
    log_problems(&run->problems);
    if (status != STATUS_OK) {
        if (run->problems.errors_count == 0 || run->problems.no_memory) log_message(LOG_ERROR, "%s", error.message);
        return (int)status;
    }
    warn_left_out(&run->inputs.same_object, "AWS objects that were met twice");
    warn_left_out(&run->inputs.links, "symbolic links that lead out of their directory");
    warn_left_out(&run->inputs.unfinished, "unfinished files (.tmp, .part)");
    warn_left_out(&run->inputs.special, "special files");
    run->plan = (struct worker_plan){.kernel = scan_choose(),
                                     .tables = run->format.tables,
                                     .encoder = run->encoder,
                                     .geo = &run->geo,
                                     .chains = &run->chains,
                                     .since_ns = run->settings.since_ns,
                                     .until_ns = run->settings.until_ns};
    struct pipeline_request request = {
        .origins = run->origins,
        .origins_count = (uint32_t)run->inputs.items_count,
        .streams_count = (uint32_t)run->inputs.streams_count,
        .workers = workers_wanted(run->settings.workers),
        .worker_plan = &run->plan,
        .source = &run->settings.source,
        .tcp = &run->settings.tcp,
        .proxy_from = run->proxy_from,
        .sink = run->records,
        .rejects = run->rejects,
        .limit = run->settings.limit,
        .tick = tick,
        .reload = run->arguments.config_path != NULL ? reload : NULL,
        .context = run,
    };
    run->progress = (struct progress){
        .shown = run->settings.progress == PROGRESS_ALWAYS ||
                 (run->settings.progress == PROGRESS_AUTO && !run->settings.quiet && isatty(STDERR_FILENO)),
        .total_bytes = run->inputs.size_bytes,
        .started = progress_now(),
    };
    struct summary summary = {.geo = &run->geo};
    struct pipeline_outcome outcome;
    status = pipeline_run(&request, &run->counters, &outcome, summary_add_places, &summary, &error);
    if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    int code = status == STATUS_OK ? conclude(run, &outcome, &summary) : (int)status;
    summary_destroy(&summary);
    return code;
}

static void print_help(const struct option_group *groups) {
    printf(
        "usage: wherefrom run [INPUT...] [options]\n\n"
        "Reads AWS load balancer logs, works out who the client is and where, and writes one JSON object a line.\n\n"
        "INPUT is a file, a directory (read recursively, in order of path), a quoted glob, or - for stdin (the "
        "default\n"
        "when something is piped in). Gzip and zstd are recognised by content.\n\n"
        "tcp://ADDRESS:PORT[?proxy=off|v1|v2|auto] listens until a signal: lines end in LF or are counted (RFC 6587), "
        "syslog's\n"
        "prefixes are passed over, and with proxy= each connection begins with a PROXY header (auto: of either "
        "version).\n\n");
    arguments_print_options(stdout, groups, RUN_GROUPS);
    printf("\nExit status: 0 done, 1 failed, 2 usage or config error, 3 done but some lines were rejected.\n");
}

void command_run_print_markdown(void) {
    struct run_settings settings;
    struct option_group groups[RUN_GROUPS];
    run_settings_groups(&settings, groups);
    arguments_print_markdown(stdout, groups, RUN_GROUPS);
}

/* What a command with these options holds; *status and `error` say whether the options are right. */
static struct run *run_new(int argc, char **argv, struct option_group groups[RUN_GROUPS], struct error *error,
                           enum status *status) {
    struct run *run = calloc(1, sizeof *run);
    ASSERT(run != NULL);
    run->argc = argc;
    run->argv = argv;
    run_settings_groups(&run->settings, groups);
    signal(SIGPIPE, SIG_IGN);
    *status = arguments_parse(&run->arguments, groups, RUN_GROUPS, argc, argv, error);
    log_init(*status == STATUS_OK ? (enum log_form)run->settings.log_format : LOG_TEXT,
             *status == STATUS_OK && run->settings.quiet);
    return run;
}

static void run_free(struct run *run) {
    sink_file_free(run->records);
    sink_file_free(run->rejects);
    encoder_free(run->encoder);
    geo_close(&run->geo);
    live_chains_destroy(&run->chains);
    problems_destroy(&run->problems);
    format_choice_destroy(&run->format);
    format_table_destroy(&run->formats);
    kafka_settings_destroy(&run->kafka);
    cidr_set_free(run->proxy_from);
    free(run->origins);
    inputs_destroy(&run->inputs);
    arguments_destroy(&run->arguments);
    free(run);
}

int command_run(int argc, char **argv) {
    struct option_group groups[RUN_GROUPS];
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    struct run *run = run_new(argc, argv, groups, &error, &status);
    if (status != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    } else if (run->arguments.help) {
        print_help(groups);
    } else {
        code = execute(run);
    }
    run_free(run);
    return code;
}

/* --- check ---------------------------------------------------------------------------------------- */

/* "FILE:LINE:COLUMN: what" of a config that can't be read, with the word between. */
static void print_config_error(const char *path, const char *message) {
    const char *at = message + strlen("config: ");
    size_t place_bytes = strnlen(path, 400);
    unsigned line, column;
    int bytes = 0;
    if (strncmp(at, path, place_bytes) != 0) {
        printf("error: %s\n", message);
        return;
    }
    if (sscanf(at + place_bytes, ":%u:%u%n", &line, &column, &bytes) == 2) place_bytes += (size_t)bytes;
    printf("%.*s: error%s\n", (int)place_bytes, at, at + place_bytes);
}

static void print_chains(const struct chains *chains) {
    const struct chain_rules *rules = &chains->rules;
    for (uint32_t i = 0; i < chains->own_count; i++) {
        const struct chain *chain = rules->chains[i];
        printf("chain %s: %u hop%s", chain->name, chain->hops_count, chain->hops_count == 1 ? "" : "s");
        for (uint32_t hop = 0; hop < chain->hops_count; hop++)
            printf("%s%s (%s%s)", hop == 0 ? ": " : ", ", chain->hops[hop].type,
                   carrier_names[chain->hops[hop].carrier], chain->hops[hop].optional ? ", optional" : "");
        putchar('\n');
    }
    if (rules->rules_count > 0) printf("select: %u rule%s\n", rules->rules_count, rules->rules_count == 1 ? "" : "s");
    if (rules->otherwise != NULL) printf("select: %s for all other records\n", rules->otherwise->name);
    if (rules->always != NULL) printf("--chain: %s for all records\n", rules->always->name);
}

static void print_databases(const struct geo *geo) {
    for (size_t i = 0; i < geo->databases_count; i++) {
        time_t built = (time_t)geo->databases[i].build_epoch;
        struct tm date;
        char text[16] = "unknown";
        if (gmtime_r(&built, &date) != NULL) strftime(text, sizeof text, "%Y-%m-%d", &date);
        if (!geo->databases[i].opened) continue; /* that one has been said to be wrong */
        printf("database %s: %s, built %s\n", geo->databases[i].path, geo->databases[i].mmdb.metadata.database_type,
               text);
    }
}

/* Each INPUT for itself, so that one that is missing hides no other; the errors found. */
static size_t check_inputs(const struct run *run) {
    size_t errors = 0;
    for (size_t i = 0; i < run->arguments.inputs.count; i++) {
        struct inputs inputs = {0};
        struct error error;
        struct inputs_request request = {.arguments = &run->arguments.inputs.items[i], .arguments_count = 1};
        if (inputs_init(&inputs, &request, &error) != STATUS_OK) {
            printf("error: %s\n", error.message);
            errors++;
        }
        inputs_destroy(&inputs);
    }
    return errors;
}

/* Steps of a run that neither read nor write; those of the chains have been said one by one. The errors found. */
static size_t check_steps(struct run *run) {
    static enum status (*const steps[])(struct run *, struct error *) = {settle_format, settle_geo, settle_encoder,
                                                                         open_outputs};
    size_t errors = 0;
    run->settings.dry_run = true;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct error error;
        if (steps[i](run, &error) == STATUS_OK) continue;
        printf("error: %s\n", error.message);
        errors++;
    }
    return errors;
}

static int check(struct run *run) {
    struct error error;
    const struct problems *problems = &run->problems;
    if (settle_chains(run, &error) == STATUS_FAILED) {
        log_message(LOG_ERROR, "%s", error.message);
        return EXIT_FAILED;
    }
    bool chains_good = problems->errors_count == 0, inputs_good = settle_input_settings(run);
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        printf("%s%s: %s\n", problem_place(problem).text, problem->severity == PROBLEM_ERROR ? "error" : "warning",
               problem->text);
    size_t errors = problems->errors_count + check_steps(run) + check_inputs(run);
    if (chains_good) print_chains(chains_of(run));
    print_databases(&run->geo);
    if (inputs_good) errors += kafka_choice_probe(&run->kafka);
    printf("%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", problems->warnings_count,
           problems->warnings_count == 1 ? "" : "s");
    return errors > 0 ? EXIT_FAILED : EXIT_DONE;
}

static void print_check_help(const struct option_group *groups) {
    printf("usage: wherefrom check [-c FILE] [INPUT...] [options of run]\n\n"
           "Reads config, chains and databases as `wherefrom run` would, asks Kafka's brokers for the topics, and says "
           "all "
           "that is\n"
           "wrong, where, and what to write instead.\n\nPresets: chains that need a name only, and peers where it says "
           "so:\n");
    chain_presets_print(stdout);
    putchar('\n');
    arguments_print_options(stdout, groups, RUN_GROUPS);
    printf("\nExit status: 0 good (there may be warnings), 1 something is wrong, 2 usage error.\n");
}

int command_check(int argc, char **argv) {
    struct option_group groups[RUN_GROUPS];
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    struct run *run = run_new(argc, argv, groups, &error, &status);
    if (status == STATUS_OK && run->arguments.help) {
        print_check_help(groups);
    } else if (status == STATUS_OK) {
        code = check(run);
    } else if (status == STATUS_USAGE && run->arguments.config_path != NULL) {
        print_config_error(run->arguments.config_path, error.message);
        printf("1 error, 0 warnings\n");
        code = EXIT_FAILED;
    } else {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    }
    run_free(run);
    return code;
}
