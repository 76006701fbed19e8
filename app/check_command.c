/* `wherefrom check`: does what a run does before it reads, and says all that is wrong.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/check_places.h"
#include "app/command.h"
#include "app/findings.h"
#include "app/kafka_choice.h"
#include "app/log.h"
#include "app/opensearch_choice.h"
#include "app/run_counting.h"
#include "config/chain_presets.h"
#include "schemas/privacy.h"

/* --- check ---------------------------------------------------------------------------------------- */

#define MEBIBYTES(bytes) ((double)(bytes) / (1024 * 1024))

struct check_settings {
    bool json;
};

#define AT(member) .offset = offsetof(struct check_settings, member)
static const struct option_spec check_options[] = {
    {.name = "json", .kind = OPTION_FLAG, AT(json), .cli_only = true, .help = "one JSON object instead of lines"},
};
#undef AT

/* "config: FILE:LINE:COLUMN: what" of a config that can't be read. */
static void add_config_error(struct findings *findings, const char *path, const char *message) {
    const char *at = message + strlen("config: ");
    size_t place_bytes = strnlen(path, 400);
    struct problems problems = {.first = NULL};
    struct config_place place = {.line = 0};
    int bytes = 0;
    if (strncmp(at, path, place_bytes) != 0) { /* out of the command line */
        findings_add(findings, FINDING_ERROR, ABOUT_CONFIG, "command line", "%s", message);
        return;
    }
    if (sscanf(at + place_bytes, ":%u:%u%n", &place.line, &place.column, &bytes) != 2) place.line = 0, bytes = 0;
    const struct problem_scope scope = {.problems = &problems};
    (void)problem_report_in(&scope, path, place, "%s", at + place_bytes + (size_t)bytes + strlen(": "));
    findings_add_problems(findings, &problems);
    findings->last = NULL;
    problems_destroy(&problems);
}

static void print_chains(const struct chains *chains, FILE *out) {
    const struct chain_rules *rules = &chains->rules;
    for (uint32_t i = 0; i < chains->own_count; i++) {
        const struct chain *chain = rules->chains[i];
        fprintf(out, "chain %s: %u hop%s", chain->name, chain->hops_count, chain->hops_count == 1 ? "" : "s");
        for (uint32_t hop = 0; hop < chain->hops_count; hop++)
            fprintf(out, "%s%s (%s%s)", hop == 0 ? ": " : ", ", chain->hops[hop].type,
                    carrier_names[chain->hops[hop].carrier], chain->hops[hop].optional ? ", optional" : "");
        fputc('\n', out);
    }
    if (rules->rules_count > 0)
        fprintf(out, "select: %u rule%s\n", rules->rules_count, rules->rules_count == 1 ? "" : "s");
    if (rules->otherwise != NULL) fprintf(out, "select: %s for all other records\n", rules->otherwise->name);
    if (rules->always != NULL) fprintf(out, "--chain: %s for all records\n", rules->always->name);
}

static uint32_t count_countries(const struct residency_policy *policy, uint32_t zone) {
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof policy->countries / sizeof policy->countries[0]; i++)
        count += policy->countries[i].is_country && policy->countries[i].zone == zone;
    return count;
}

static void print_policy(const struct residency_policy *policy, FILE *out) {
    if (policy == NULL) return;
    for (uint32_t i = 0; i < policy->lists_count; i++)
        fprintf(out, "list %s: %s, of %s\n", policy->lists[i].path, policy->lists[i].name, policy->lists[i].date);
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        const struct residency_rule *rule = policy->zones[i].rule != RESIDENCY_INDEX_NONE
                                                ? &policy->rules[policy->zones[i].rule]
                                                : NULL;
        fprintf(out, "zone %s: %u %s%s", policy->zones[i].name, count_countries(policy, i),
                count_countries(policy, i) == 1 ? "country" : "countries",
                rule == NULL ? ", no rule: indeterminate" : "");
        for (uint32_t place = 0, count = 0; rule != NULL && place < policy->places_count; place++)
            if (((rule->allow | rule->conditional) >> place & 1) != 0)
                fprintf(out, "%s%s%s", count++ == 0 ? ", may be served in " : ", ", policy->places[place],
                        (rule->conditional >> place & 1) != 0 ? " (conditional)" : "");
        fputc('\n', out);
    }
    fprintf(out, "policy %s: clients of trust %u and more\n", policy->digest.text, policy->min_trust);
}

static void print_privacy_rule(const char *zone, const struct privacy_rule *rule, FILE *out) {
    fprintf(out, "privacy %s: addresses: %s", zone, privacy_address_names[rule->address]);
    if (rule->address == PRIVACY_TRUNCATE) fprintf(out, " to /%u and /%u", rule->v4_bits, rule->v6_bits);
    if (rule->address == PRIVACY_HMAC && rule->rotate_seconds > 0)
        fprintf(out, ", a key every %u s", rule->rotate_seconds);
    fprintf(out, "; user agents: %s; raw texts: %s\n", rule->drop_agent ? "drop" : "keep",
            rule->keep_raw ? "keep" : "drop");
}

static void print_privacy(const struct residency_policy *policy, FILE *out) {
    if (policy == NULL || policy->privacy == NULL) return;
    for (uint32_t i = 0; i < policy->zones_count; i++)
        print_privacy_rule(policy->zones[i].name, &policy->privacy->zones[i], out);
    print_privacy_rule("of clients without a zone", &policy->privacy->unknown, out);
}

static void print_databases(const struct geo *geo, FILE *out) {
    for (size_t i = 0; i < geo->databases_count; i++) {
        time_t built = (time_t)geo->databases[i].build_epoch;
        struct tm date;
        char text[16] = "unknown";
        if (gmtime_r(&built, &date) != NULL) strftime(text, sizeof text, "%Y-%m-%d", &date);
        if (!geo->databases[i].opened) continue; /* that one has been said to be wrong */
        fprintf(out, "database %s: %s, built %s\n", geo->databases[i].path,
                geo->databases[i].mmdb.metadata.database_type, text);
    }
}

/* Whose records go to output `index`. */
static void print_zones(const char *what, uint32_t index, const struct residency_policy *policy, FILE *out) {
    const char *comma = "";
    fprintf(out, "%s: takes ", what);
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        if (policy->zones[i].output != index) continue;
        fprintf(out, "%szone %s", comma, policy->zones[i].name);
        comma = ", ";
    }
    if (policy->output == index) fprintf(out, "%srecords of no zone", comma);
    fprintf(out, "%s\n", comma[0] == '\0' && policy->output != index ? "nothing" : "");
}

static void print_outputs(struct run_setup *run, FILE *out) {
    const struct residency_policy *policy = run_chains(run)->policy;
    const struct run_outputs *outputs = &run->outputs;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct run_output *output = &outputs->items[i];
        char what[sizeof "output " + OUTPUT_NAME_BYTES_MAX];
        snprintf(what, sizeof what, "output%s%s", outputs->node != NULL ? " " : "",
                 outputs->node != NULL ? output->name : "");
        if (outputs->node != NULL && !output->opensearch.has_output && !output->is_kafka)
            fprintf(out, "%s: %s\n", what, output->text);
        opensearch_choice_print(&output->opensearch, what, false, out);
        if (outputs->count > 1 && policy != NULL) print_zones(what, i, policy, out);
    }
    opensearch_choice_print(&run->rollups_target, "rollups", true, out);
}

/* Steps of a run that neither read nor write; those of the chains have been said one by one. */
static void check_steps(struct run_setup *run, struct findings *findings) {
    static const struct {
        run_step *step;
        enum finding_subject subject;
        const char *object;
    } steps[] = {{run_settle_format, ABOUT_INPUTS, "--format"},   {run_settle_geo, ABOUT_DATABASE, "--geo"},
                 {run_settle_encoder, ABOUT_CONFIG, "--fields"},  {run_open_outputs, ABOUT_OUTPUT, "output"},
                 {run_check_metrics, ABOUT_METRICS, "--metrics"}, {run_check_live_page, ABOUT_UI, "--ui"}};
    bool dry_run = run->settings.dry_run;
    size_t errors_before = findings->errors_count;
    check_databases(run, findings);
    bool databases_good = findings->errors_count == errors_before;
    run->settings.dry_run = true;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct error error;
        if (steps[i].step == run_settle_geo && !databases_good) continue;
        if (steps[i].step(run, &error) != STATUS_OK)
            findings_add(findings, FINDING_ERROR, steps[i].subject, steps[i].object, "%s", error.message);
    }
    run->settings.dry_run = dry_run;
}

static void print_facts(struct run_setup *run, FILE *out, bool chains_good, bool inputs_good) {
    const struct chains *chains = run_chains(run);
    if (chains_good) print_chains(chains, out);
    if (chains_good) print_policy(chains->policy, out);
    if (chains_good) print_privacy(chains->policy, out);
    if (chains_good && chains->filter != NULL)
        fprintf(out, "filter: %u rule%s\n", chains->filter_rules->rules_count,
                chains->filter_rules->rules_count == 1 ? "" : "s");
    if (run->databases != NULL) print_databases(&run->databases->geo, out);
    if (inputs_good) print_outputs(run, out);
    rates_choice_print(&run->rates, out);
}

static uint64_t databases_bytes(const struct run_setup *run) {
    uint64_t bytes = 0;
    for (size_t i = 0; run->databases != NULL && i < run->databases->geo.databases_count; i++)
        bytes += (uint64_t)run->databases->geo.databases[i].mmdb.file_size;
    return bytes;
}

static void print_memory(const struct run_setup *run, struct findings *findings) {
    const struct memory_budget budget = run_memory_budget(run);
    const uint64_t databases = databases_bytes(run);
    fprintf(findings->facts, "memory: %.1f MiB", MEBIBYTES(run->settings.memory_max_bytes));
    for (uint32_t i = 0; i < budget.parts_count; i++)
        fprintf(findings->facts, "%s %s %.1f", i == 0 ? ":" : ",", budget.parts[i].name,
                MEBIBYTES(budget.parts[i].bytes));
    if (databases > 0)
        fprintf(findings->facts, "; beside it databases %.1f, twice that while they are replaced",
                MEBIBYTES(databases));
    fputc('\n', findings->facts);
    if (budget.lacking_bytes > 0)
        findings_add(findings, FINDING_WARNING, ABOUT_CONFIG, "--memory-max",
                     "--memory-max: what is asked for needs %.1f MiB more at the least; give that, or fewer outputs",
                     MEBIBYTES(budget.lacking_bytes));
}

static void write_memory(FILE *out, void *context) {
    const struct run_setup *run = context;
    const struct memory_budget budget = run_memory_budget(run);
    fprintf(out, ",\"memory\":{\"max\":%llu", (unsigned long long)run->settings.memory_max_bytes);
    for (uint32_t i = 0; i < budget.parts_count; i++)
        fprintf(out, ",\"%s\":%llu", budget.parts[i].name, (unsigned long long)budget.parts[i].bytes);
    fprintf(out, ",\"databases\":%llu}", (unsigned long long)databases_bytes(run));
}

/* Those who are asked over the network. */
static void probe(struct run_setup *run, struct findings *findings) {
    kafka_choice_probe(&run->kafka.settings, findings);
    for (uint32_t i = 0; run->encoder != NULL && i < run->outputs.count; i++)
        opensearch_choice_probe(&run->outputs.items[i].opensearch, &run->mapping, findings);
    opensearch_choice_probe(&run->rollups_target, NULL, findings);
}

static int check(struct run_setup *run, struct findings *findings) {
    struct error error;
    const struct problems *problems = &run->problems;
    if (run_settle_chains(run, &error) == STATUS_FAILED) {
        log_message(LOG_ERROR, "%s", error.message);
        return EXIT_FAILED;
    }
    bool chains_good = problems->errors_count == 0, inputs_good = run_settle_single_inputs(run, &error) == STATUS_OK;
    findings_add_problems(findings, problems);
    check_inputs(run, findings);
    check_steps(run, findings);
    findings_add_problems(findings, problems);
    check_files(run, findings);
    check_state(run, findings);
    check_page_addresses(run, findings);
    print_facts(run, findings->facts, chains_good, inputs_good);
    if (inputs_good) print_memory(run, findings);
    if (inputs_good) probe(run, findings);
    findings_end(findings, inputs_good ? write_memory : NULL, run);
    return findings->errors_count > 0 || problems->errors_count > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* `error`: what is wrong with the config; NULL: it could be read. */
static int check_all(struct run_setup *run, bool json, const struct error *error) {
    struct findings findings;
    if (!findings_begin(&findings, json)) {
        log_message(LOG_ERROR, "check: out of memory");
        return EXIT_FAILED;
    }
    if (error == NULL) return check(run, &findings);
    add_config_error(&findings, run->arguments.config_path, error->message);
    findings_end(&findings, NULL, NULL);
    return EXIT_FAILED;
}

static void print_memory_help(void) {
    const struct memory_users all = {.streams = true, .rollups = true, .rates = true, .outputs = 1};
    const struct memory_budget budget = memory_plan_budget((uint64_t)1 << 30, &all);
    printf(
        "\n`memory` says what --memory-max is divided into, in bytes (in lines: MiB), and what databases take beside "
        "it:\n");
    for (uint32_t i = 0; i < budget.parts_count; i++) printf("  %-9s %s\n", budget.parts[i].name, budget.parts[i].help);
}

static void print_check_help(const struct option_group *groups) {
    printf("usage: wherefrom check [-c FILE] [INPUT...] [--json] [options of run]\n\n"
           "Reads config, chains and databases as `wherefrom run` would, looks at inputs, at the directories of what "
           "is written,\n"
           "at secrets' files and addresses, asks Kafka's brokers for the topics and OpenSearch for the types of "
           "fields, and says\n"
           "all that is wrong, where, and what to write instead. Nothing is made, written, locked or listened at.\n\n"
           "Presets: chains that need a name only, and peers where it says so:\n");
    chain_presets_print(stdout);
    putchar('\n');
    arguments_print_options(stdout, &groups[RUN_GROUPS], 1);
    arguments_print_options(stdout, groups, RUN_GROUPS);
    putchar('\n');
    findings_print_form(stdout);
    print_memory_help();
    printf("\nExit status: 0 good (there may be warnings), 1 something is wrong, 2 usage error.\n");
}

int command_check(int argc, char **argv) {
    struct option_group groups[RUN_GROUPS + 1];
    struct check_settings settings = {.json = false};
    struct error error;
    enum status status;
    int code = EXIT_DONE;
    groups[RUN_GROUPS] = (struct option_group){"Check", check_options, sizeof check_options / sizeof check_options[0],
                                               &settings};
    struct run_setup *run = run_setup_new_more(argc, argv, groups, &error, &status);
    bool config_wrong = status == STATUS_USAGE && run->arguments.config_path != NULL;
    if (status == STATUS_OK && run->arguments.help)
        print_check_help(groups);
    else if (status == STATUS_OK || config_wrong)
        code = check_all(run, settings.json, config_wrong ? &error : NULL);
    else {
        log_message(LOG_ERROR, "%s", error.message);
        code = (int)status;
    }
    run_setup_free(run);
    return code;
}
