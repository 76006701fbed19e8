/* wherefrom - from what place: the door to the subcommands.
 *
 * Threads: main thread; `run` starts the others. */
#include <maxminddb.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "base/scan.h"
#include "config/nearest.h"
#include "ingest/inflate.h"
#include "schemas/schema.h"

static const struct command commands[] = {
    {"run", "[INPUT...] [options]", "read logs, resolve and locate clients, write NDJSON", command_run},
    {"replay", "REJECTS... [options]", "send the lines of rejects files through `run` again", command_replay},
    {"top", "[INPUT...] [--by WHAT] [options]", "who sends the most requests, on a terminal or as a table",
     command_top},
    {"residency", "[INPUT...] [options]", "which clients were served where, as a matrix; a gate for pipelines",
     command_residency},
    {"report", "[INPUT...] [-o FILE] [options]", "one HTML page: map, networks, verdicts, residency, top talkers",
     command_report},
    {"check", "[-c FILE] [options]", "say what is wrong with a config, its chains and databases", command_check},
    {"resolve", "[-c FILE] [--chain NAME] [--explain]",
     "who the client is, of cases on stdin: try a chain before trusting it", command_resolve},
    {"formats", "[NAME] [--json]", "the log formats, or the columns of one", command_formats},
    {"template", "[--schema S] [--data-stream NAME]", "OpenSearch index templates for the records", command_template},
    {"setup", "[opensearch+URL] [--dashboards URL]", "put templates, data stream and dashboards into OpenSearch",
     command_setup},
    {"version", "", "version and what it was built with", command_version},
};
#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

int command_version(int argc, char **argv) {
    if (argc > 0) {
        bool help = strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0;
        fprintf(help ? stdout : stderr, "usage: wherefrom version\n");
        return help ? EXIT_DONE : EXIT_USAGE;
    }
    printf("wherefrom %s\n%s, libmaxminddb %s, scanner %s\n", WHEREFROM_VERSION, inflate_gzip.name, MMDB_lib_version(),
           scan_choose()->name);
    return EXIT_DONE;
}

static void print_usage(FILE *out) {
    fprintf(out, "wherefrom: who sent the requests in your AWS load balancer logs, and from where\n\nusage:\n");
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        fprintf(out, "  wherefrom %-9s %-22s %s\n", commands[i].name, commands[i].synopsis, commands[i].help);
    fprintf(out, "\n`wherefrom COMMAND --help` tells more. The shortest way in: wherefrom run LOGS > records.ndjson\n");
}

int main(int argc, char **argv) {
    schemas_init();
    if (argc == 2 && strcmp(argv[1], "--formats-markdown") == 0) { /* for the README; tests/lint checks both */
        command_formats_print_markdown();
        return EXIT_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--options-markdown") == 0) {
        command_run_print_markdown();
        return EXIT_DONE;
    }
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) name = "version";
    const char *names[COMMANDS_COUNT];
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) return commands[i].run(argc - 2, argv + 2);
        names[i] = commands[i].name;
    }
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const char *near = nearest_word(name, names, COMMANDS_COUNT);
    fprintf(stderr, "wherefrom: error: unknown command \"%s\"%s%s%s; `wherefrom --help` lists them\n", name,
            near != NULL ? ", did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
    return EXIT_USAGE;
}
