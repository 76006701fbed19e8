/* What is wrong with the settings alone is said in config/opensearch_settings.c.
 *
 * Threads: see the header. */
#include "app/opensearch_choice.h"

#include <stdio.h>

#include "config/kafka_url.h"
#include "config/opensearch_url.h"
#include "sinks/cluster.h"

/* Lines that are no records, and documents that the cluster refuses, need a place that takes anything. */
static bool check_rejects(const struct opensearch_settings *opensearch, const struct run_settings *settings,
                          const struct problem_scope *scope, const struct config_node *node) {
    if (settings->rejects != NULL && opensearch_url_is(settings->rejects))
        return problem_report(scope, node, "rejects: expected a file or kafka://HOST:PORT/TOPIC, got %s",
                              opensearch_url_shown(settings->rejects).text);
    if (opensearch->has_output && settings->rejects == NULL && !settings->dry_run)
        problem_warn(scope, NULL, "documents that OpenSearch refuses will only be counted; --rejects FILE keeps them");
    return true;
}

static bool check_append(const struct opensearch_settings *opensearch, const struct run_settings *settings,
                         const struct problem_scope *scope) {
    bool rejects_to_file = settings->rejects != NULL && !kafka_url_is(settings->rejects);
    return !opensearch->has_output || !settings->append || rejects_to_file ||
           problem_report(scope, NULL, "append: there is no file to append to; what is in OpenSearch stays there");
}

bool opensearch_choice_resolve(struct opensearch_settings *opensearch, const struct arguments *arguments,
                               const struct run_settings *settings, struct problems *problems) {
    bool pairs_for_rollups = settings->rollups != NULL && opensearch_url_is(settings->rollups) &&
                             (settings->output == NULL || !opensearch_url_is(settings->output));
    const struct opensearch_request request = {
        .option = "output",
        .file = arguments->config_path,
        .text = settings->output,
        .node = arguments_node(arguments, "output", arguments->sections.output),
        .pairs = pairs_for_rollups ? (struct option_list){0} : settings->opensearch,
    };
    const struct config_node *rejects = arguments_node(arguments, "rejects", arguments->sections.rejects);
    const struct problem_scope scope = {.problems = problems, .file = rejects != NULL ? request.file : NULL};
    bool good = opensearch_settings_resolve(opensearch, &request, problems);
    good = check_rejects(opensearch, settings, &scope, rejects) && good;
    return check_append(opensearch, settings, &scope) && good;
}

void opensearch_choice_print(const struct opensearch_settings *opensearch, bool rollups) {
    const struct opensearch_output *output = &opensearch->output;
    if (!opensearch->has_output) return;
    printf("%s %s: %s %s%s", rollups ? "rollups" : "output", output->url,
           output->dated || rollups ? "index" : "data stream", output->name, output->dated ? "-{yyyy.MM.dd}" : "");
    if (output->pipeline != NULL) printf(", pipeline %s", output->pipeline);
    if (output->user != NULL) printf(", user %s", output->user);
    if (output->aws_region != NULL) printf(", signed for %s/%s", output->aws_region, output->aws_service);
    printf("%s%s\n", output->gzip ? ", gzip" : "", output->without_ids ? ", without ids: at least once" : "");
}

size_t opensearch_choice_probe(const struct opensearch_settings *opensearch, const struct mapping_wanted *wanted) {
    const struct opensearch_output *output = &opensearch->output;
    struct cluster cluster = {NULL, NULL};
    struct error error;
    enum mapping_verdict verdict = MAPPING_NOT_LET_IN;
    if (!opensearch->has_output) return 0;
    if (cluster_open(output, NULL, 1, &cluster, &error) == STATUS_OK)
        verdict = mapping_first_look(&cluster, output, output->any_mapping ? NULL : wanted, &error);
    cluster_close(&cluster);
    if (verdict == MAPPING_LATER)
        printf("error: opensearch: %s: %s; a run would wait for it\n", output->url, error.message);
    else if (verdict != MAPPING_GOOD)
        printf("%s: %s\n", verdict == MAPPING_UNKNOWN ? "warning" : "error", error.message);
    return verdict != MAPPING_GOOD && verdict != MAPPING_UNKNOWN;
}
