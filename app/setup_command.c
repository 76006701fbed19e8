/* `wherefrom setup`: puts templates and data stream into a cluster, and saved objects into Dashboards.
 *
 * It takes the config file of a run, so every option of `run` is known here, though few mean something.
 *
 * Threads: main thread. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/arguments.h"
#include "app/command.h"
#include "app/log.h"
#include "app/run_settings.h"
#include "base/check.h"
#include "config/opensearch_settings.h"
#include "config/opensearch_url.h"
#include "schemas/output.h"
#include "sinks/cluster_setup.h"

#define GROUPS (RUN_GROUPS + 1)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct setup_settings {
    const char *dashboards;
};

/* clang-format off */
static const struct option_spec setup_options[] = {
    {.name = "dashboards", .kind = OPTION_TEXT, .offset = offsetof(struct setup_settings, dashboards), .placeholder = "URL", .cli_only = true,
     .help = "OpenSearch Dashboards that take the saved objects (index pattern, maps, charts, a dashboard), "
             "http[s]://HOST[:PORT][/BASE]; user, certificates and signature are those of the output"},
};
/* clang-format on */

static const char *const shared_options[] = {"config", "schema", "opensearch"};

struct setup_command {
    struct arguments arguments;
    struct run_settings run;
    struct setup_settings settings;
    struct problems problems;
    struct opensearch_settings opensearch;
    struct arena arena;
};

/* --- help ----------------------------------------------------------------------------------------- */

static void print_policy(bool dated) {
    puts(dated
             ? "When old indices are removed is yours to say, by a policy of Index State Management."
             : "When the data stream rolls over (by size, by age), and when old indices are removed, is yours to say, "
               "by a policy\nof Index State Management. An id is known within one index: what is sent again after a "
               "rollover comes twice.");
}

/* The names are those of the actions in OpenSearch's own code, 2.19, and of its security plugin's groups; a cluster with that plugin was not
 * to be had to try them. */
static void print_privileges(void) {
    puts("Privileges (a role's permissions in OpenSearch's security plugin):\n"
         "  wherefrom setup, of the cluster\n"
         "    cluster:admin/component_template/get, cluster:admin/component_template/put,\n"
         "    indices:admin/index_template/get, indices:admin/index_template/put, "
         "indices:admin/index_template/simulate_index\n"
         "  wherefrom setup, of the indices NAME* and .ds-NAME*\n"
         "    indices:admin/data_stream/get, indices:admin/data_stream/create (both in manage_data_streams),\n"
         "    indices:admin/mappings/get, indices:admin/mappings/fields/get*, indices:admin/mapping/put\n"
         "  wherefrom run, of the cluster\n"
         "    indices:data/write/bulk (in cluster_composite_ops), cluster:monitor/health,\n"
         "    indices:admin/index_template/simulate_index\n"
         "  wherefrom run, of the indices NAME* and .ds-NAME*\n"
         "    indices:data/write/bulk*, indices:data/write/index (both in write), indices:admin/mappings/fields/get* "
         "(in read);\n"
         "    with an index per day create_index and indices:admin/auto_create\n"
         "  wherefrom setup --dashboards: kibana_all_write in the user's tenant\n"
         "  Amazon OpenSearch Serverless, data access policy: aoss:CreateIndex, aoss:DescribeIndex, aoss:UpdateIndex,\n"
         "  aoss:WriteDocument");
}

static void print_help(const struct setup_command *command) {
    struct option_spec specs[COUNT_OF(shared_options) + COUNT_OF(setup_options)];
    for (size_t i = 0; i < COUNT_OF(shared_options); i++)
        specs[i] =
            *option_values_find(command->arguments.values, shared_options[i], strlen(shared_options[i]), false)->spec;
    memcpy(specs + COUNT_OF(shared_options), setup_options, sizeof setup_options);
    struct option_group group = {.title = "Options", .specs = specs, .specs_count = COUNT_OF(specs)};
    puts("usage: wherefrom setup [opensearch+http[s]://[USER@]HOST[:PORT][/BASE]/NAME] [--schema ecs|ss4o|flat]\n"
         "                       [--dashboards URL] [--opensearch KEY=VALUE]... [-c FILE]\n\n"
         "Puts what has to be there before records come: the component template wherefrom-SCHEMA with the type of "
         "every\n"
         "field, the index template NAME, and the data stream NAME; with NAME-{yyyy.MM.dd} the templates for an "
         "index per\n"
         "day. An index that is there already gets the fields that it lacks. Says of each what it did; done again it "
         "does\n"
         "nothing. Without a URL the output of the config file is meant.\n");
    print_policy(false);
    print_privileges();
    putchar('\n');
    arguments_print_options(stdout, &group, 1);
    printf("\nExit status: 0 all is there, 1 something could not be put or an index cannot be changed, 2 usage "
           "error.\n");
}

/* --- what is asked for ---------------------------------------------------------------------------- */

static enum status refuse_strangers(const struct setup_command *command, struct error *error) {
    const struct option_values *values = command->arguments.values;
    for (size_t i = 0; i < values->slots_count; i++) {
        const struct option_slot *slot = &values->slots[i];
        bool known = slot->spec == setup_options;
        for (size_t j = 0; j < COUNT_OF(shared_options); j++)
            known = known || strcmp(slot->spec->name, shared_options[j]) == 0;
        if (slot->origin == OPTION_FROM_COMMAND_LINE && !known)
            return error_set(error, STATUS_USAGE, "setup: --%s means nothing here; see `wherefrom setup --help`",
                             slot->spec->name);
    }
    return STATUS_OK;
}

/* The URL of the command line, else the config's output. */
static enum status resolve(struct setup_command *command, struct error *error) {
    const struct arguments *arguments = &command->arguments;
    bool given = arguments->values->inputs.origin == OPTION_FROM_COMMAND_LINE;
    if (given && arguments->inputs.count > 1)
        return error_set(error, STATUS_USAGE, "setup: unexpected %s: one URL at a time",
                         opensearch_url_shown(arguments->inputs.items[1]).text);
    const struct opensearch_request request = {
        .option = given ? "setup" : "output",
        .file = arguments->config_path,
        .text = given ? arguments->inputs.items[0] : command->run.output,
        .node = given ? NULL : arguments_node(arguments, "output", arguments->sections.output),
        .pairs = command->run.opensearch,
    };
    if (!opensearch_url_is(request.text))
        return error_set(
            error, STATUS_USAGE,
            "setup: expected opensearch+http[s]://HOST[:PORT]/NAME%s, got %s; see `wherefrom setup --help`",
            given ? "" : " here or as the config's output", given ? opensearch_url_shown(request.text).text : "none");
    if (!opensearch_settings_resolve(&command->opensearch, &request, &command->problems))
        return problems_first_error(&command->problems, error);
    for (const struct problem *problem = command->problems.first; problem != NULL; problem = problem->next)
        log_message(LOG_WARNING, "%s%s", problem_place(problem).text, problem->text);
    return STATUS_OK;
}

static enum status resolve_dashboards(struct setup_command *command, struct opensearch_server *server,
                                      struct error *error) {
    const char *text = command->settings.dashboards;
    if (text == NULL) return STATUS_OK;
    enum status status = strchr(text, '@') != NULL
                             ? STATUS_USAGE
                             : opensearch_url_server(&command->arena, text, DASHBOARDS_HTTP_PORT, server);
    if (status == STATUS_USAGE)
        return error_set(error, status,
                         "setup: --dashboards: expected http[s]://HOST[:PORT][/BASE], without a user, got %s",
                         opensearch_url_shown(text).text);
    return status == STATUS_OK ? status : error_set(error, status, "setup: out of memory");
}

/* --- doing it ------------------------------------------------------------------------------------- */

static void print_by_hand(const struct index_template_request *request) {
    printf("dashboards: not imported, no --dashboards URL is given; by hand:\n"
           "  wherefrom template --dashboards --schema %s --%s %s > dashboards.ndjson\n"
           "  then in OpenSearch Dashboards: Stack Management, Saved objects, Import\n",
           request->schema->name, request->dated ? "index" : "data-stream", request->name);
}

static enum status execute(struct setup_command *command, struct error *error) {
    struct opensearch_server dashboards = {0};
    struct cluster cluster = {0};
    enum status status = refuse_strangers(command, error);
    if (status == STATUS_OK) status = resolve(command, error);
    if (status == STATUS_OK) status = resolve_dashboards(command, &dashboards, error);
    if (status != STATUS_OK) return status;
    const struct opensearch_output *output = &command->opensearch.output;
    const struct output_schema *schema = output_schemas[command->run.schema];
    const struct index_template_request request = {schema, output->name, output->dated};
    status = cluster_open(output, NULL, 1, &cluster, error);
    if (status == STATUS_OK) status = cluster_setup(&cluster, output, schema, stdout, error);
    cluster_close(&cluster);
    if (status == STATUS_OK && dashboards.url != NULL) {
        status = cluster_open(output, dashboards.url, 1, &cluster, error);
        if (status == STATUS_OK) status = cluster_setup_dashboards(&cluster, &request, stdout, error);
        cluster_close(&cluster);
    } else if (status == STATUS_OK) {
        print_by_hand(&request);
    }
    if (status != STATUS_OK) return status;
    print_policy(output->dated);
    print_privileges();
    return status;
}

static void free_all(struct setup_command *command) {
    opensearch_settings_destroy(&command->opensearch);
    problems_destroy(&command->problems);
    arena_destroy(&command->arena);
    arguments_destroy(&command->arguments);
    free(command);
}

int command_setup(int argc, char **argv) {
    struct setup_command *command = calloc(1, sizeof *command);
    ASSERT(command != NULL);
    struct option_group groups[GROUPS];
    run_settings_groups(&command->run, groups);
    groups[RUN_GROUPS] = (struct option_group){"Setup", setup_options, COUNT_OF(setup_options), &command->settings};
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    enum status status = arguments_parse(&command->arguments, groups, GROUPS, argc, argv, &error);
    log_init(LOG_TEXT, false);
    if (status == STATUS_OK && command->arguments.help)
        print_help(command);
    else if (status == STATUS_OK)
        status = execute(command, &error);
    if (fflush(stdout) != 0 && status == STATUS_OK)
        status = error_set(&error, STATUS_FAILED, "setup: stdout: cannot be written");
    if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    free_all(command);
    return (int)status;
}
