/* `wherefrom top`: a run that writes nothing and counts.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/log.h"
#include "app/run_counting.h"
#include "base/check.h"
#include "base/uuid.h"
#include "schemas/limits.h"

/* clang-format off */
#define AT(member) .offset = offsetof(struct top_settings, member)
static const struct option_spec top_options[] = {
    {.name = "by", .kind = OPTION_TEXT, AT(by), .placeholder = "WHAT", .default_text = "client", .cli_only = true,
     .help = "client, peer, claim, first-xff, asn, country, path_class, method, lb, or several with + between, such as client+path_class; "
             "what client means, its prefixes and the classes of paths are the config's (rate:); client/48 counts IPv6 by /48"},
    {.name = "rows", .kind = OPTION_COUNT, AT(rows), .placeholder = "N", .default_text = "20", .min = 1, .max = RATE_ROWS_MAX,
     .cli_only = true, .help = "rows, and on a terminal no more than it has"},
    {.name = "window", .kind = OPTION_TEXT, AT(window), .placeholder = "SECONDS", .cli_only = true,
     .help = "such as 300 or 5m: on a terminal what came in the last seconds (of inputs without an end 60); else each row is the busiest "
             "window of its key, by the times of records"},
    {.name = "json", .kind = OPTION_FLAG, AT(json), .cli_only = true, .help = "one JSON object a row, at the end"},
};
#undef AT
/* clang-format on */

static void print_top_help(const struct option_group *groups) {
    printf(
        "usage: wherefrom top [INPUT...] [--by WHAT] [--rows N] [--window SECONDS] [--json] [options of run]\n\n"
        "Who sends the most requests. On a terminal a screen that is drawn anew every second, and the table when it is "
        "over\n"
        "(Ctrl-C for inputs without an end); in a pipe the table alone. Inputs are those of `run`: files, directories, "
        "- for\n"
        "stdin, tcp://ADDRESS:PORT, kafka://HOST:PORT/TOPIC (looked at by a group of its own, so that no other one "
        "misses\n"
        "anything, unless one is named). Nothing is written, whatever the config says of\n"
        "outputs.\n\n"
        "Numbers are exact unless memory (a quarter of --memory-max, or mem: of the config's rate:) did not suffice: "
        "then\n"
        "+-ERR says how much too high they may be.\n\n");
    arguments_print_options(stdout, &groups[RUN_GROUPS], 1);
    for (size_t i = 0; i < RUN_GROUPS; i++)
        if (strcmp(groups[i].title, "Output") != 0) arguments_print_options(stdout, &groups[i], 1);
    printf("\nExit status: 0 done, 1 failed, 2 usage or config error, 3 done but some lines were rejected.\n");
}

int command_top(int argc, char **argv) {
    struct option_group groups[RUN_GROUPS + 1];
    struct top_settings settings;
    struct error error;
    enum status status;
    int code;
    groups[RUN_GROUPS] = (struct option_group){"Top", top_options, sizeof top_options / sizeof top_options[0],
                                               &settings};
    struct run_setup *run = run_setup_new_more(argc, argv, groups, &error, &status);
    if (status != STATUS_OK) {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    } else if (run->arguments.help) {
        print_top_help(groups);
        code = EXIT_DONE;
    } else {
        run->top_settings = &settings;
        run_forget_outputs(run);
        run_shorten_records(&run->settings);
        code = run_execute(run);
    }
    run_setup_free(run);
    return code;
}
