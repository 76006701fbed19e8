/* `wherefrom check`: does what a run does before it reads, and says all that is wrong.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/command.h"
#include "app/kafka_choice.h"
#include "app/log.h"
#include "app/opensearch_choice.h"
#include "app/run_setup.h"
#include "config/chain_presets.h"

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
static size_t check_inputs(const struct run_setup *run) {
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
static size_t check_steps(struct run_setup *run) {
    static run_step *const steps[] = {run_settle_format, run_settle_geo, run_settle_encoder, run_open_outputs};
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

static int check(struct run_setup *run) {
    struct error error;
    const struct problems *problems = &run->problems;
    if (run_settle_chains(run, &error) == STATUS_FAILED) {
        log_message(LOG_ERROR, "%s", error.message);
        return EXIT_FAILED;
    }
    bool chains_good = problems->errors_count == 0, inputs_good = run_settle_single_inputs(run, &error) == STATUS_OK;
    for (const struct problem *problem = problems->first; problem != NULL; problem = problem->next)
        printf("%s%s: %s\n", problem_place(problem).text, problem->severity == PROBLEM_ERROR ? "error" : "warning",
               problem->text);
    size_t errors = problems->errors_count + check_steps(run) + check_inputs(run);
    if (chains_good) print_chains(run_chains(run));
    print_databases(&run->geo);
    if (inputs_good) opensearch_choice_print(&run->opensearch, false);
    if (inputs_good) opensearch_choice_print(&run->rollups_target, true);
    if (inputs_good) errors += kafka_choice_probe(&run->kafka.settings);
    if (inputs_good && run->encoder != NULL) errors += opensearch_choice_probe(&run->opensearch, &run->mapping);
    printf("%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", problems->warnings_count,
           problems->warnings_count == 1 ? "" : "s");
    return errors > 0 ? EXIT_FAILED : EXIT_DONE;
}

static void print_check_help(const struct option_group *groups) {
    printf("usage: wherefrom check [-c FILE] [INPUT...] [options of run]\n\n"
           "Reads config, chains and databases as `wherefrom run` would, asks Kafka's brokers for the topics and "
           "OpenSearch\n"
           "for the types of fields, and says all that is wrong, where, and what to write instead.\n\n"
           "Presets: chains that need a name only, and peers where it says so:\n");
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
    struct run_setup *run = run_setup_new(argc, argv, groups, &error, &status);
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
    run_setup_free(run);
    return code;
}
