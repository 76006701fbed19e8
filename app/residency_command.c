/* `wherefrom residency`: a run that writes nothing but what it found, and says by its exit code whether that may stand.
 *
 * Threads: main thread. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/log.h"
#include "app/residency_matrix.h"
#include "app/run_counting.h"
#include "app/summary.h"
#include "base/number.h"
#include "config/nearest.h"
#include "config/option_value.h"

#define LIMITS_MAX 16u
#define MILLIONTHS_OF_A_PERCENT 10000.0

struct residency_settings {
    bool csv, json;
    struct option_list fail_on;
};

#define AT(member) .offset = offsetof(struct residency_settings, member)

/* clang-format off */
static const struct option_spec residency_options[] = {
    {.name = "csv", .kind = OPTION_FLAG, AT(csv), .cli_only = true, .help = "print the matrix as CSV, one line for each zone, place and verdict"},
    {.name = "json", .kind = OPTION_FLAG, AT(json), .cli_only = true, .help = "print all of it as one JSON object"},
    {.name = "fail-on", .kind = OPTION_LIST, AT(fail_on), .placeholder = "VERDICT:N|VERDICT:P%|never", .default_text = "violation:0", .max = LIMITS_MAX,
     .cli_only = true,
     .help = "exit with 1 when more than N requests, or more than P percent of those that are not exempt, have the verdict: violation, "
             "indeterminate, conditional, ok; several separated by commas; never: print only"},
};
/* clang-format on */

/* What of `run`'s options says how a matrix is made; all of them may stand in the config. */
static const char *const groups_used[] = {"Input", "Reading", "Client", "Where", "Running", NULL};
static const char *const options_unused[] = {"state", "summary", "shutdown-timeout", "ui", NULL};

static const struct run_options_used options_used = {
    .command = "residency", .groups = groups_used, .unused = options_unused, .reason = "the matrix"};

/* --- limits --------------------------------------------------------------------------------------- */

static enum status read_limit(struct slice text, const char *whole, struct residency_limit *limit,
                              struct error *error) {
    struct slice rest = text, verdict = slice_cut(&rest, ':');
    char number[32] = "";
    *limit = (struct residency_limit){.text = whole};
    while (limit->verdict < RESIDENCY_VERDICTS &&
           !slice_equal(verdict, slice_from(residency_verdict_names[limit->verdict])))
        limit->verdict++;
    limit->share = rest.len > 1 && rest.ptr[rest.len - 1] == '%';
    size_t digits = limit->share ? rest.len - 1 : rest.len;
    if (digits > 0 && digits < sizeof number) memcpy(number, rest.ptr, digits);
    bool good = strspn(number, limit->share ? "0123456789." : "0123456789") == digits && number[0] != '\0' &&
                number[0] != '.';
    if (good && limit->share) {
        char *end;
        double percent = strtod(number, &end);
        good = *end == '\0' && percent <= 100;
        limit->most = good ? (uint64_t)llround(percent * MILLIONTHS_OF_A_PERCENT) : 0;
    } else if (good) {
        good = number_parse((struct slice){number, digits}, &limit->most);
    }
    if (!good || limit->verdict >= RESIDENCY_EXEMPT || limit->verdict == RESIDENCY_NONE)
        return error_set(error, STATUS_USAGE,
                         "--fail-on: expected VERDICT:N or VERDICT:P%% with violation, indeterminate, conditional or "
                         "ok, such as violation:0 or indeterminate:10%%, got %s",
                         option_value_shown(whole).text);
    return STATUS_OK;
}

struct limits {
    struct residency_limit items[LIMITS_MAX];
    char texts[LIMITS_MAX][64];
    size_t count;
};

static enum status read_limits(const struct option_list *list, struct limits *limits, struct error *error) {
    bool never = false;
    for (size_t i = 0; i < list->count; i++) {
        struct slice rest = slice_from(list->items[i]);
        while (rest.ptr != NULL) {
            struct slice item = slice_cut(&rest, ',');
            if (slice_equal(item, SLICE("never"))) {
                never = true;
                continue;
            }
            if (limits->count == LIMITS_MAX || item.len >= sizeof limits->texts[0])
                return error_set(error, STATUS_USAGE, "--fail-on: at most %u limits of %zu bytes", LIMITS_MAX,
                                 sizeof limits->texts[0] - 1);
            char *text = limits->texts[limits->count];
            memcpy(text, item.ptr, item.len);
            enum status status = read_limit(item, text, &limits->items[limits->count++], error);
            if (status != STATUS_OK) return status;
        }
    }
    return never && limits->count > 0
               ? error_set(error, STATUS_USAGE, "--fail-on: never and limits contradict each other")
               : STATUS_OK;
}

static bool passes(const struct residency_matrix *matrix, const struct limits *limits) {
    bool good = true;
    for (size_t i = 0; i < limits->count; i++) {
        const struct residency_limit *limit = &limits->items[i];
        if (!residency_exceeds(matrix, limit)) continue;
        good = false;
        uint64_t requests = matrix->verdicts[limit->verdict];
        log_message(LOG_ERROR, "%llu requests (%.4g %%) are %s: more than --fail-on %s allows",
                    (unsigned long long)requests, 100 * residency_share(matrix, requests),
                    residency_verdict_names[limit->verdict], limit->text);
    }
    return good;
}

/* --- the run -------------------------------------------------------------------------------------- */

static enum status prepare(struct run_setup *run, const struct residency_settings *settings,
                           const struct option_group *groups, struct limits *limits, struct error *error) {
    enum status status = run_refuse_options(run, groups, &options_used, error);
    if (status == STATUS_OK && settings->csv && settings->json)
        status = error_set(error, STATUS_USAGE, "--csv and --json contradict each other; give one of them");
    if (status == STATUS_OK) status = read_limits(&settings->fail_on, limits, error);
    if (status == STATUS_OK) status = run_refuse_streams(run, "residency", error);
    return status;
}

/* A matrix of nothing would pass any gate. */
static bool is_judged(struct run_setup *run, const struct residency_matrix *matrix) {
    if (matrix->requests > 0) return true;
    bool logs = run->tally.written > 0 && run_chains(run)->policy == NULL;
    log_message(LOG_ERROR, "%s",
                logs ? "residency: there is no policy: give -c FILE with a section `residency:`, see the README"
                     : "residency: no record had a client to judge; name logs of requests, or what `wherefrom run` "
                       "wrote with a section `residency:` in its config");
    return false;
}

static int print(struct run_setup *run, const struct residency_settings *settings, const struct limits *limits,
                 int code) {
    struct residency_matrix matrix;
    if (!residency_matrix_init(&matrix, run->evidence)) {
        log_message(LOG_ERROR, "residency: out of memory");
        residency_matrix_destroy(&matrix);
        return EXIT_FAILED;
    }
    matrix.rejected = tally_rejected(&run->tally);
    matrix.unjudged = run->tally.skipped[SKIP_UNJUDGED];
    bool judged = is_judged(run, &matrix);
    if (judged && settings->json)
        residency_print_json(&matrix, limits->items, limits->count, stdout);
    else if (judged && settings->csv)
        residency_print_csv(&matrix, stdout);
    else if (judged)
        residency_print_text(&matrix, stdout);
    /* before what is said of it: a gate's log has both in one file */
    bool printed = fflush(stdout) == 0 && !ferror(stdout);
    if (!printed) log_message(LOG_ERROR, "residency: stdout cannot be written");
    bool good = passes(&matrix, limits) && judged && printed;
    residency_matrix_destroy(&matrix);
    return good ? code : EXIT_FAILED;
}

static int execute(struct run_setup *run, const struct residency_settings *settings, const struct limits *limits) {
    run->residency = true;
    run_forget_outputs(run);
    int code = run_execute(run);
    if (code == EXIT_USAGE || run->evidence == NULL) return code;
    if (!run->whole) {
        log_message(LOG_ERROR, "residency: the run ended before its inputs did");
        return EXIT_FAILED;
    }
    return print(run, settings, limits, code);
}

static void print_help(const struct option_group *groups) {
    printf("usage: wherefrom residency [INPUT...] [options]\n\n"
           "Says which clients were served where, and whether the policy allows it: a line for each zone, place and "
           "verdict, with\n"
           "what is not certain first. INPUT are logs, which are judged by the section `residency:` of the config, or "
           "records that\n"
           "`wherefrom run` wrote (NDJSON of any --schema), which have been; both are told apart line by line, plain, "
           "gzip or zstd.\n"
           "Outputs of the config are left alone.\n\n");
    arguments_print_options(stdout, &groups[RUN_GROUPS], 1);
    for (size_t i = 0; i < RUN_GROUPS; i++)
        if (run_uses_group(&options_used, groups[i].title)) {
            putchar('\n');
            arguments_print_options(stdout, &groups[i], 1);
        }
    printf("\nExit status: 0 within all limits, 1 beyond one, or failed, or there was nothing to judge, 2 usage or "
           "config error,\n3 within all limits, but some lines could not be read.\n");
}

int command_residency(int argc, char **argv) {
    struct residency_settings settings;
    struct limits limits = {.count = 0};
    struct option_group groups[RUN_GROUPS + 1];
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    groups[RUN_GROUPS] = (struct option_group){"Residency", residency_options,
                                               sizeof residency_options / sizeof residency_options[0], &settings};
    struct run_setup *run = run_setup_new_more(argc, argv, groups, &error, &status);
    bool help = status == STATUS_OK && run->arguments.help;
    if (status == STATUS_OK && !help) status = prepare(run, &settings, groups, &limits, &error);
    if (help) {
        print_help(groups);
    } else if (status == STATUS_OK) {
        code = execute(run, &settings, &limits);
    } else {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    }
    run_setup_free(run);
    return code;
}
