/* Roll-ups are sums over a whole run, so a run without an end has none yet, and neither has one that goes on where another one ended.
 *
 * Threads: see the header. */
#include "app/rollups_choice.h"

#include <string.h>

#include "config/kafka_url.h"
#include "config/opensearch_url.h"

static bool is_stream(const char *input) {
    return strncmp(input, "tcp://", strlen("tcp://")) == 0 || kafka_url_is(input);
}

static bool check_run(const struct problem_scope *scope, const struct arguments *arguments,
                      const struct run_settings *settings) {
    for (size_t i = 0; i < arguments->inputs.count; i++)
        if (is_stream(arguments->inputs.items[i]))
            return problem_report(scope, NULL,
                                  "rollups: not from streams yet, and %.200s is one; make them of files, or of a pipe "
                                  "that ends",
                                  arguments->inputs.items[i]);
    return settings->state == NULL ||
           problem_report(scope, NULL,
                          "rollups: not with --state yet: a run that goes on has not counted what was read before");
}

static bool check_place(const struct problem_scope *scope, const struct config_node *node, const char *place) {
    if (kafka_url_is(place))
        return problem_report(scope, node, "rollups: not to Kafka yet; write them to a file or to OpenSearch");
    if (strcmp(place, "-") == 0)
        return problem_report(scope, node, "rollups: stdout is for records; write them to a file or to OpenSearch");
    return strstr(place, "://") == NULL || opensearch_url_is(place) ||
           problem_report(scope, node, "rollups: expected a file or opensearch+http[s]://HOST[:PORT]/NAME, got %s",
                          opensearch_url_shown(place).text);
}

static bool check_target(const struct problem_scope *scope, const struct config_node *node,
                         const struct opensearch_output *target, const struct opensearch_output *records) {
    if (target->without_ids)
        return problem_report(scope, node,
                              "rollups: without ids (ids=false) nothing is replaced; write them to a file");
    return records->url == NULL || strcmp(target->url, records->url) != 0 || strcmp(target->name, records->name) != 0 ||
           problem_report(scope, node, "rollups: %s is where records go; give them an index of their own",
                          target->name);
}

bool rollups_choice_resolve(struct opensearch_settings *target, const struct opensearch_settings *output,
                            const struct arguments *arguments, const struct run_settings *settings,
                            struct problems *problems) {
    *target = (struct opensearch_settings){0};
    if (settings->rollups == NULL) return true;
    const struct config_node *node = arguments_node(arguments, "rollups", arguments->sections.rollups);
    const struct opensearch_request request = {.option = "rollups",
                                               .file = arguments->config_path,
                                               .text = settings->rollups,
                                               .node = node,
                                               .pairs = settings->opensearch};
    const struct problem_scope scope = {.problems = problems, .file = node != NULL ? request.file : NULL};
    bool good = check_run(&scope, arguments, settings);
    if (!check_place(&scope, node, settings->rollups)) return false;
    if (!opensearch_url_is(settings->rollups)) return good;
    if (!opensearch_settings_resolve(target, &request, problems)) return false;
    return check_target(&scope, node, &target->output, &output->output) && good;
}
