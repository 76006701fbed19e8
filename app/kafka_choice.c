/* A mapping of the config counts where the command line says nothing else.
 *
 * Threads: see the header. */
#include "app/kafka_choice.h"

#include "config/kafka_probe.h"

#define PROBE_WAIT_MS_MAX 5000u

bool kafka_choice_resolve(struct kafka_settings *kafka, struct kafka_place output, const struct arguments *arguments,
                          const struct run_settings *settings, struct problems *problems) {
    const struct config_sections *sections = &arguments->sections;
    const struct kafka_request request = {
        .file = arguments->config_path,
        .inputs = arguments->inputs,
        .input_nodes = arguments->values->inputs.origin == OPTION_FROM_FILE ? sections->inputs : NULL,
        .output = output,
        .rejects = {settings->rejects, arguments_node(arguments, "rejects", sections->rejects)},
        .rollups = {settings->rollups, arguments_node(arguments, "rollups", sections->rollups)},
        .properties = settings->librdkafka,
        .instance = settings->instance,
    };
    return kafka_settings_resolve(kafka, &request, problems);
}

static void probe(const struct kafka_probe *request, const char *what, struct findings *findings) {
    struct problems problems = {.first = NULL};
    struct problem_scope scope = {.problems = &problems};
    problem_scope_set(&scope, "%s kafka %.100s", what, request->cluster->brokers);
    (void)!kafka_probe(request, &scope, findings->facts);
    for (const struct problem *problem = problems.first; problem != NULL; problem = problem->next)
        findings_add(findings, FINDING_ERROR, ABOUT_KAFKA, request->cluster->brokers, "%s", problem->text);
    problems_destroy(&problems);
}

void kafka_choice_probe(const struct kafka_settings *kafka, struct findings *findings) {
    const char *written[2];
    size_t written_count = 0;
    if (kafka->output.records_topic != NULL) written[written_count++] = kafka->output.records_topic;
    if (kafka->output.rejects_topic != NULL) written[written_count++] = kafka->output.rejects_topic;
    const struct kafka_probe input = {&kafka->input.cluster, kafka->input.topics, kafka->input.topics_count,
                                      PROBE_WAIT_MS_MAX};
    const struct kafka_probe output = {&kafka->output.cluster, written, written_count, PROBE_WAIT_MS_MAX};
    if (kafka->has_input) probe(&input, "input", findings);
    if (kafka->has_output) probe(&output, "output", findings);
    const struct kafka_probe rollups = {&kafka->rollups.cluster, &kafka->rollups.records_topic, 1, PROBE_WAIT_MS_MAX};
    if (kafka->has_rollups) probe(&rollups, "rollups", findings);
}
