/* Roll-ups of files are sums over a whole run, whatever order it has them in; of streams they are written as time goes on. Beside one another
 * they cannot be: what is over for the one has not begun for the other. A run that goes on where another one ended has not counted what was
 * read before, and counts it again: of partitions what is open (app/rollups.h), of files all of it.
 *
 * Threads: see the header. */
#include "app/rollups_choice.h"

#include <string.h>

#include "config/kafka_url.h"
#include "config/opensearch_url.h"

static bool is_stream(const char *input) {
    return strncmp(input, "tcp://", strlen("tcp://")) == 0 || kafka_url_is(input);
}

static bool check_run(const struct problem_scope *scope, const struct arguments *arguments) {
    const char *stream = NULL, *file = NULL;
    for (size_t i = 0; i < arguments->inputs.count; i++)
        *(is_stream(arguments->inputs.items[i]) ? &stream : &file) = arguments->inputs.items[i];
    if (stream != NULL && file != NULL)
        return problem_report(
            scope, NULL,
            "rollups: not of files beside streams, and %.200s is a stream, %.200s a file: use a run for "
            "each",
            stream, file);
    return true;
}

static bool check_place(const struct problem_scope *scope, const struct config_node *node, const char *place) {
    if (strcmp(place, "-") == 0)
        return problem_report(scope, node, "rollups: stdout is for records; write them to a file or to OpenSearch");
    return strstr(place, "://") == NULL || opensearch_url_is(place) || kafka_url_is(place) ||
           problem_report(scope, node,
                          "rollups: expected a file, opensearch+http[s]://HOST[:PORT]/NAME or kafka://HOST:PORT/TOPIC, "
                          "got %s",
                          opensearch_url_shown(place).text);
}

static bool check_target(const struct problem_scope *scope, const struct config_node *node,
                         const struct opensearch_output *target, const struct run_outputs *outputs) {
    if (target->without_ids)
        return problem_report(scope, node,
                              "rollups: without ids (ids=false) nothing is replaced; write them to a file");
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct opensearch_output *records = &outputs->items[i].opensearch.output;
        if (records->url != NULL && strcmp(target->url, records->url) == 0 && strcmp(target->name, records->name) == 0)
            return problem_report(scope, node, "rollups: %s is where records go; give them an index of their own",
                                  target->name);
    }
    return true;
}

bool rollups_choice_resolve(struct opensearch_settings *target, const struct run_outputs *outputs,
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
    bool good = check_run(&scope, arguments);
    if (!check_place(&scope, node, settings->rollups)) return false;
    if (!opensearch_url_is(settings->rollups)) return good;
    if (!opensearch_settings_resolve(target, &request, problems)) return false;
    return check_target(&scope, node, &target->output, outputs) && good;
}
