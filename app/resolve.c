/* `wherefrom resolve`: cases in, verdicts out, so that a chain can be tried before it is trusted.
 *
 * Threads: main thread. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/arguments.h"
#include "app/chains.h"
#include "app/command.h"
#include "app/explain.h"
#include "app/log.h"
#include "app/resolve_case.h"
#include "app/run_settings.h"
#include "app/verdict_json.h"
#include "base/check.h"
#include "config/chain_presets.h"
#include "config/option_value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define GROUPS (RUN_GROUPS + 1)

struct resolve_settings {
    bool explain;
};

/* clang-format off */
static const struct option_spec resolve_options[] = {
    {.name = "explain", .kind = OPTION_FLAG, .offset = offsetof(struct resolve_settings, explain), .cli_only = true,
     .help = "say in words what was believed and why, step by step, instead of JSON"},
};
/* clang-format on */

/* Options of run that mean something here; the others may stand in the config that both read. */
static const char *const shared_options[] = {"config", "chain"};

struct resolve {
    struct run_settings run; /* of the config, and --config, --chain */
    struct resolve_settings settings;
    struct arguments arguments;
    struct problems problems;
    struct chains *chains;
    struct resolve_case resolve_case;
    uint64_t line; /* from 1 */
    bool errors;   /* a line was no case */
};

/* --- lines of stdin --------------------------------------------------------------------------------- */

/* Lines of at most LINE_BYTES_MAX bytes; a longer one is passed over as a whole. */
struct line_reader {
    char *text; /* LINE_BYTES_MAX + 1 */
    size_t begin, end;
    bool ended;
};

/* More of the input; what was answered so far is shown before waiting for it. */
static enum status read_more(struct line_reader *reader, struct error *error) {
    memmove(reader->text, reader->text + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    fflush(stdout);
    ssize_t bytes = read(STDIN_FILENO, reader->text + reader->end, LINE_BYTES_MAX + 1 - reader->end);
    if (bytes < 0 && errno != EINTR) return error_set_errno(error, errno, "resolve: stdin");
    if (bytes > 0) reader->end += (size_t)bytes;
    reader->ended = bytes == 0;
    return STATUS_OK;
}

/* The next line, without its LF; ptr NULL: that was the last one. `*too_long`: it had more bytes than a line may have. */
static enum status next_line(struct line_reader *reader, struct slice *line, bool *too_long, struct error *error) {
    *too_long = false;
    *line = (struct slice){0};
    for (size_t looked = 0;;) {
        char *from = reader->text + reader->begin;
        size_t bytes = reader->end - reader->begin;
        char *feed = memchr(from + looked, '\n', bytes - looked);
        if (feed != NULL || (reader->ended && (bytes > 0 || *too_long))) {
            *line = (struct slice){from, feed != NULL ? (size_t)(feed - from) : bytes};
            reader->begin += line->len + (feed != NULL);
            return STATUS_OK;
        }
        if (reader->ended) return STATUS_OK;
        if (bytes > LINE_BYTES_MAX) {
            *too_long = true;
            reader->begin = reader->end;
            bytes = 0;
        }
        looked = bytes;
        enum status status = read_more(reader, error);
        if (status != STATUS_OK) return status;
    }
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void put_error(struct resolve *resolve, const char *message) {
    char text[ERROR_MESSAGE_BYTES_MAX + 64], quoted[JSON_EXPANSION * sizeof text + 2];
    bool lossy = false;
    snprintf(text, sizeof text, "line %llu: %s", (unsigned long long)resolve->line, message);
    resolve->errors = true;
    if (resolve->settings.explain) {
        printf("%s\n", text);
        return;
    }
    char *end = json_quote(quoted, slice_from(text), JSON_VERBATIM, &lossy);
    printf("{\"error\":%.*s}\n", (int)(end - quoted), quoted);
}

static void put_answer(struct resolve *resolve) {
    struct client client;
    resolve_case_walk(&resolve->resolve_case, &client, (struct walk_observer){0});
    if (resolve->settings.explain) {
        explain(stdout, resolve->line, &resolve->resolve_case, &client);
        return;
    }
    char text[VERDICT_JSON_BYTES_MAX];
    char *end = verdict_json(text, &client);
    *end++ = '\n';
    fwrite(text, 1, (size_t)(end - text), stdout);
}

static enum status answer_lines(struct resolve *resolve, struct line_reader *reader, struct error *error) {
    while (ferror(stdout) == 0) {
        struct slice line;
        bool too_long;
        enum status status = next_line(reader, &line, &too_long, error);
        if (status != STATUS_OK || line.ptr == NULL) return status;
        resolve->line++;
        struct error problem;
        if (too_long) {
            snprintf(problem.message, sizeof problem.message, "expected at most %u bytes, got more", LINE_BYTES_MAX);
            put_error(resolve, problem.message);
            continue;
        }
        status = resolve_case_read(&resolve->resolve_case, &resolve->chains->rules, line, &problem);
        if (status == STATUS_FAILED) return error_set(error, status, "resolve: %s", problem.message);
        if (status == STATUS_OK)
            put_answer(resolve);
        else
            put_error(resolve, problem.message);
    }
    return STATUS_OK;
}

/* --- the command ------------------------------------------------------------------------------------ */

/* The command line may have no more than what is meant here. */
static enum status refuse_strangers(const struct resolve *resolve, struct error *error) {
    const struct option_values *values = resolve->arguments.values;
    if (values->inputs.origin == OPTION_FROM_COMMAND_LINE)
        return error_set(error, STATUS_USAGE, "resolve: unexpected %s: cases are read from stdin",
                         option_value_shown(resolve->arguments.inputs.items[0]).text);
    for (size_t i = 0; i < values->slots_count; i++) {
        const struct option_slot *slot = &values->slots[i];
        bool known = slot->spec == resolve_options;
        for (size_t j = 0; j < COUNT_OF(shared_options); j++)
            known = known || strcmp(slot->spec->name, shared_options[j]) == 0;
        if (slot->origin == OPTION_FROM_COMMAND_LINE && !known)
            return error_set(error, STATUS_USAGE, "resolve: --%s means nothing here; see `wherefrom resolve --help`",
                             slot->spec->name);
    }
    return STATUS_OK;
}

/* Whatever is wrong with chains is said; what is only unwise is `check`'s to say. */
static enum status load_chains(struct resolve *resolve, struct error *error) {
    struct chains_request request = {
        .file = resolve->arguments.config_path, .sections = &resolve->arguments.sections, .always = resolve->run.chain};
    resolve->chains = chains_new(&request, &resolve->problems);
    if (resolve->chains == NULL) return error_set(error, STATUS_FAILED, "chains: out of memory");
    return resolve->problems.errors_count > 0 ? problems_first_error(&resolve->problems, error) : STATUS_OK;
}

static enum status execute(struct resolve *resolve, struct error *error) {
    enum status status = refuse_strangers(resolve, error);
    if (status == STATUS_OK) status = load_chains(resolve, error);
    if (status != STATUS_OK) return status;
    struct line_reader reader = {.text = malloc(LINE_BYTES_MAX + 1)};
    if (reader.text == NULL) return error_set(error, STATUS_FAILED, "resolve: out of memory");
    if (isatty(STDIN_FILENO))
        log_message(LOG_INFO, "reading cases from the terminal, one a line, such as {\"chain\": \"alb\", \"peer\": "
                              "\"10.0.3.7\", \"xff\": \"8.8.8.8\"}; Ctrl-D ends");
    status = answer_lines(resolve, &reader, error);
    free(reader.text);
    if (status == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout) != 0) && errno != EPIPE)
        status = error_set_errno(error, errno, "resolve: stdout");
    return status;
}

static void print_help(const struct resolve *resolve) {
    struct option_spec specs[COUNT_OF(shared_options) + 1];
    for (size_t i = 0; i < COUNT_OF(shared_options); i++)
        specs[i] =
            *option_values_find(resolve->arguments.values, shared_options[i], strlen(shared_options[i]), false)->spec;
    specs[COUNT_OF(shared_options)] = resolve_options[0];
    struct option_group group = {.title = "Options", .specs = specs, .specs_count = COUNT_OF(specs)};
    printf(
        "usage: wherefrom resolve [-c FILE] [--chain NAME] [--explain] < CASES\n\n"
        "Reads cases from stdin, one JSON object a line, and writes for each who the client is, one a line:\n\n"
        "  {\"chain\":\"alb\",\"peer\":\"10.0.3.7\",\"xff\":[\"1.1.1.1, 8.8.8.8\"]}\n\n"
        "chain      name of a chain of the config, of a preset, or a list of hops as in the config\n"
        "peer       who connected to the log writer; peer_mode lastcolon: as in logs of load balancers, with a port\n"
        "xff        lines of X-Forwarded-For; of Forwarded with hdr forwarded\n"
        "single     other headers: {NAME: VALUE}; secret true: every secret header is there, and right\n"
        "pp         PROXY headers: [{v, cmd, fam, src, sport, vpce}]\n\nPresets:\n");
    chain_presets_print(stdout);
    putchar('\n');
    arguments_print_options(stdout, &group, 1);
    printf("\nExit status: 0 done, 1 a line was no case ({\"error\": ..} stands in its place), 2 usage error.\n");
}

static void resolve_free(struct resolve *resolve) {
    resolve_case_destroy(&resolve->resolve_case);
    chains_free(resolve->chains);
    problems_destroy(&resolve->problems);
    arguments_destroy(&resolve->arguments);
    free(resolve);
}

int command_resolve(int argc, char **argv) {
    struct resolve *resolve = calloc(1, sizeof *resolve);
    ASSERT(resolve != NULL);
    struct option_group groups[GROUPS];
    run_settings_groups(&resolve->run, groups);
    groups[RUN_GROUPS] = (struct option_group){"Resolve", resolve_options, COUNT_OF(resolve_options),
                                               &resolve->settings};
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    enum status status = arguments_parse(&resolve->arguments, groups, GROUPS, argc, argv, &error);
    log_init(LOG_TEXT, false);
    if (status == STATUS_OK && resolve->arguments.help) {
        print_help(resolve);
    } else {
        if (status == STATUS_OK) status = execute(resolve, &error);
        if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    }
    int code = status != STATUS_OK ? (int)status : resolve->errors ? EXIT_FAILED : EXIT_DONE;
    resolve_free(resolve);
    return code;
}
