/* `wherefrom report`: a run that writes one page.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/log.h"
#include "app/report_page.h"
#include "app/run_counting.h"
#include "schemas/limits.h"

/* What of `run`'s options says what is read and how it is understood; all of them may stand in the config. */
static const char *const groups_used[] = {"Input", "Reading", "Client", "Where", "Running", NULL};
static const char *const options_unused[] = {"state", "shutdown-timeout", "ui", NULL};
static const struct run_options_used options_used = {.command = "report",
                                                     .groups = groups_used,
                                                     .unused = options_unused,
                                                     .allowed = "output",
                                                     .reason = "the page, which goes to --output"};

/* --- the page ------------------------------------------------------------------------------------- */

static void write_page(struct run_setup *run, FILE *out) {
    const struct report_facts facts = {
        .ended = true, .inputs = &run->inputs, .tally = &run->tally, .geo = &run->databases->geo};
    report_page_write(run->report, &facts, out);
}

static enum status write_failed(const char *path, struct error *error) {
    return error_set_errno(error, errno, "report: %s cannot be written", path);
}

/* Under another name first, so that nobody sees half of a page; what is no file, such as a pipe, is written as it is. */
static enum status write_file(struct run_setup *run, const char *path, long *bytes, struct error *error) {
    char part[PATH_BYTES_MAX];
    struct stat about;
    bool replaces = stat(path, &about) != 0 || S_ISREG(about.st_mode);
    if (snprintf(part, sizeof part, "%s%s", path, replaces ? ".part" : "") >= (int)sizeof part)
        return error_set(error, STATUS_USAGE, "report: %.200s: is too long for a path", path);
    FILE *out = fopen(part, "we");
    if (out == NULL) return write_failed(part, error);
    write_page(run, out);
    *bytes = ftell(out);
    bool good = fflush(out) == 0 && !ferror(out);
    if (fclose(out) == 0 && good && (!replaces || rename(part, path) == 0)) return STATUS_OK;
    enum status status = write_failed(path, error);
    if (replaces) (void)unlink(part);
    return status;
}

static enum status write_report(struct run_setup *run, struct error *error) {
    const char *path = run->report_path;
    long bytes = 0;
    if (strcmp(path, "-") == 0) {
        write_page(run, stdout);
        return fflush(stdout) == 0 && !ferror(stdout) ? STATUS_OK : write_failed("stdout", error);
    }
    enum status status = write_file(run, path, &bytes, error);
    if (status == STATUS_OK)
        log_message(LOG_INFO, "report: %s, %.1f MB; open it in a browser", path, (double)bytes / 1e6);
    return status;
}

/* --- the run -------------------------------------------------------------------------------------- */

/* A place that is no input. */
static enum status check_path(const struct run_setup *run, struct error *error) {
    const char *path = run->report_path;
    struct stat about, input;
    if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
        return error_set(error, STATUS_USAGE, "report: a page is not for a terminal; give -o report.html");
    if (strstr(path, "://") != NULL)
        return error_set(error, STATUS_USAGE, "report: %.200s: expected a file, or - for stdout", path);
    if (stat(path, &about) != 0) return STATUS_OK;
    for (size_t i = 0; i < run->arguments.inputs.count; i++)
        if (stat(run->arguments.inputs.items[i], &input) == 0 && S_ISREG(input.st_mode) &&
            about.st_dev == input.st_dev && about.st_ino == input.st_ino)
            return error_set(error, STATUS_USAGE, "report: %s is also an input; write somewhere else", path);
    return STATUS_OK;
}

static int execute(struct run_setup *run) {
    struct error error;
    int code = run_execute(run);
    if (!run->whole) {
        if (code == EXIT_DONE || code == EXIT_REJECTS)
            log_message(LOG_ERROR, "report: the run ended before its inputs did; nothing was written");
        return code == EXIT_USAGE ? code : EXIT_FAILED;
    }
    if (write_report(run, &error) == STATUS_OK) return code;
    log_message(LOG_ERROR, "%s", error.message);
    return EXIT_FAILED;
}

/* What --output is here; its value is read by the table of `run`. */
static const struct option_spec page_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .placeholder = "FILE",
     .default_text = "-",
     .help = "the page; - for stdout, unless that is a terminal"},
};

static void print_help(const struct option_group *groups) {
    const struct option_group page = {"Page", page_options, 1, NULL};
    printf(
        "usage: wherefrom report [INPUT...] -o report.html [options]\n\n"
        "Writes one HTML page that says where requests come from: a map, countries, networks, hop verdicts, residency, "
        "top\n"
        "talkers, all of which can be cut by country, verdict, status and time. It needs no network and no server.\n\n"
        "INPUT are logs, with the options and the config of `run`, or records that `wherefrom run` wrote (NDJSON of "
        "any "
        "--schema);\n"
        "both are told apart line by line, plain, gzip or zstd. Outputs of the config are left alone; what `privacy` "
        "of "
        "`residency`\n"
        "says of addresses holds for the page.\n\n");
    arguments_print_options(stdout, &page, 1);
    for (size_t i = 0; i < RUN_GROUPS; i++)
        if (run_uses_group(&options_used, groups[i].title)) {
            putchar('\n');
            arguments_print_options(stdout, &groups[i], 1);
        }
    printf("\nExit status: 0 done, 1 failed, 2 usage or config error, 3 done but some lines could not be read.\n");
}

int command_report(int argc, char **argv) {
    struct option_group groups[RUN_GROUPS];
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    struct run_setup *run = run_setup_new(argc, argv, groups, &error, &status);
    bool help = status == STATUS_OK && run->arguments.help;
    if (status == STATUS_OK && !help) {
        const struct option_slot *output = option_values_find(run->arguments.values, "output", strlen("output"), false);
        run->report_path = output->origin == OPTION_FROM_COMMAND_LINE ? run->settings.output : "-";
        status = run_refuse_options(run, groups, &options_used, &error);
        if (status == STATUS_OK) status = run_refuse_streams(run, "report", &error);
        if (status == STATUS_OK) status = check_path(run, &error);
    }
    if (help) {
        print_help(groups);
    } else if (status == STATUS_OK) {
        run_forget_outputs(run);
        run_shorten_records(&run->settings);
        code = execute(run);
    } else {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    }
    run_setup_free(run);
    return code;
}
