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
#include "schemas/privacy.h"

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

static uint32_t count_countries(const struct residency_policy *policy, uint32_t zone) {
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof policy->countries / sizeof policy->countries[0]; i++)
        count += policy->countries[i].is_country && policy->countries[i].zone == zone;
    return count;
}

static void print_policy(const struct residency_policy *policy) {
    if (policy == NULL) return;
    for (uint32_t i = 0; i < policy->lists_count; i++)
        printf("list %s: %s, of %s\n", policy->lists[i].path, policy->lists[i].name, policy->lists[i].date);
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        const struct residency_rule *rule = policy->zones[i].rule != RESIDENCY_INDEX_NONE
                                                ? &policy->rules[policy->zones[i].rule]
                                                : NULL;
        printf("zone %s: %u %s%s", policy->zones[i].name, count_countries(policy, i),
               count_countries(policy, i) == 1 ? "country" : "countries",
               rule == NULL ? ", no rule: indeterminate" : "");
        for (uint32_t place = 0, count = 0; rule != NULL && place < policy->places_count; place++)
            if (((rule->allow | rule->conditional) >> place & 1) != 0)
                printf("%s%s%s", count++ == 0 ? ", may be served in " : ", ", policy->places[place],
                       (rule->conditional >> place & 1) != 0 ? " (conditional)" : "");
        putchar('\n');
    }
    printf("policy %s: clients of trust %u and more\n", policy->digest.text, policy->min_trust);
}

static void print_privacy_rule(const char *zone, const struct privacy_rule *rule) {
    printf("privacy %s: addresses: %s", zone, privacy_address_names[rule->address]);
    if (rule->address == PRIVACY_TRUNCATE) printf(" to /%u and /%u", rule->v4_bits, rule->v6_bits);
    if (rule->address == PRIVACY_HMAC && rule->rotate_seconds > 0) printf(", a key every %u s", rule->rotate_seconds);
    printf("; user agents: %s; raw texts: %s\n", rule->drop_agent ? "drop" : "keep", rule->keep_raw ? "keep" : "drop");
}

static void print_privacy(const struct residency_policy *policy) {
    if (policy == NULL || policy->privacy == NULL) return;
    for (uint32_t i = 0; i < policy->zones_count; i++)
        print_privacy_rule(policy->zones[i].name, &policy->privacy->zones[i]);
    print_privacy_rule("of clients without a zone", &policy->privacy->unknown);
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

/* Whose records go to output `index`. */
static void print_zones(const char *what, uint32_t index, const struct residency_policy *policy) {
    const char *comma = "";
    printf("%s: takes ", what);
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        if (policy->zones[i].output != index) continue;
        printf("%szone %s", comma, policy->zones[i].name);
        comma = ", ";
    }
    if (policy->output == index) printf("%srecords of no zone", comma);
    printf("%s\n", comma[0] == '\0' && policy->output != index ? "nothing" : "");
}

static void print_outputs(struct run_setup *run) {
    const struct residency_policy *policy = run_chains(run)->policy;
    const struct run_outputs *outputs = &run->outputs;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        char what[sizeof "output " + OUTPUT_NAME_BYTES_MAX];
        snprintf(what, sizeof what, "output%s%s", outputs->node != NULL ? " " : "",
                 outputs->node != NULL ? output->name : "");
        if (outputs->node != NULL && !output->opensearch.has_output && !output->is_kafka)
            printf("%s: %s\n", what, output->text);
        opensearch_choice_print(&output->opensearch, what, false);
        if (outputs->count > 1 && policy != NULL) print_zones(what, i, policy);
    }
    opensearch_choice_print(&run->rollups_target, "rollups", true);
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
    static run_step *const steps[] = {run_settle_format, run_settle_geo, run_settle_encoder, run_open_outputs,
                                      run_check_metrics};
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
    if (chains_good) print_policy(run_chains(run)->policy);
    if (chains_good) print_privacy(run_chains(run)->policy);
    if (run->databases != NULL) print_databases(&run->databases->geo);
    if (inputs_good) print_outputs(run);
    rates_choice_print(&run->rates);
    if (inputs_good) errors += kafka_choice_probe(&run->kafka.settings);
    for (uint32_t i = 0; inputs_good && run->encoder != NULL && i < run->outputs.count; i++)
        errors += opensearch_choice_probe(&run->outputs.items[i].opensearch, &run->mapping);
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
