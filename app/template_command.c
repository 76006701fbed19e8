/* `wherefrom template`: index templates, printed.
 *
 * Threads: main thread. */
#include <stdio.h>
#include <string.h>

#include "app/arguments.h"
#include "app/command.h"
#include "app/log.h"
#include "config/index_name.h"
#include "sinks/dashboards.h"

enum part { PART_ALL, PART_COMPONENT, PART_INDEX };

struct template_settings {
    int schema, part;
    bool dashboards, rollups;
    const char *data_stream, *index;
};

static const char *const schema_names[] = {"ecs", "ss4o", "flat", NULL};
static const char *const part_names[] = {"all", "component", "index", NULL};

#define AT(member) offsetof(struct template_settings, member)
/* clang-format off */
static const struct option_spec template_options[] = {
    {.name = "schema", .kind = OPTION_CHOICE, .offset = AT(schema), .choices = schema_names, .default_text = "ecs", .cli_only = true,
     .help = "names of fields, as in run"},
    {.name = "data-stream", .kind = OPTION_TEXT, .offset = AT(data_stream), .placeholder = "NAME", .cli_only = true,
     .help = "for the data stream of that name; when nothing is said it is wherefrom"},
    {.name = "index", .kind = OPTION_TEXT, .offset = AT(index), .placeholder = "NAME", .cli_only = true,
     .help = "instead of that for an index a day, NAME-{yyyy.MM.dd}; NAME is enough"},
    {.name = "rollups", .kind = OPTION_FLAG, .offset = AT(rollups), .cli_only = true,
     .help = "those for what run --rollups writes; --index NAME is then one ordinary index (wherefrom-rollups when nothing is said), "
             "NAME-{yyyy.MM.dd} one a day"},
    {.name = "only", .kind = OPTION_CHOICE, .offset = AT(part), .choices = part_names, .default_text = "all", .cli_only = true,
     .help = "the body of one of the two templates, as a request has it"},
    {.name = "dashboards", .kind = OPTION_FLAG, .offset = AT(dashboards), .cli_only = true,
     .help = "instead of templates the saved objects for OpenSearch Dashboards: index pattern, maps, charts and a dashboard"},
};
/* clang-format on */

static void print_help(const struct option_group *group) {
    puts("usage: wherefrom template [--schema ecs|ss4o|flat] [--data-stream NAME | --index NAME] [--only "
         "component|index | --dashboards]\n"
         "       wherefrom template --rollups [--index NAME] [--only component|index]\n\n"
         "Prints what OpenSearch has to know before records arrive, as JSON: {\"component_templates\":{NAME:BODY},\n"
         "\"index_templates\":{NAME:BODY}}. The component holds the type of every field of all formats, the index "
         "template\n"
         "says what it is for. Put in that order, by `wherefrom setup` or by hand:\n\n"
         "  URL=http://localhost:9200 JSON='Content-Type: application/json'\n"
         "  wherefrom template --only component | curl -X PUT $URL/_component_template/wherefrom-ecs -H \"$JSON\" -d "
         "@-\n"
         "  wherefrom template --only index | curl -X PUT $URL/_index_template/wherefrom -H \"$JSON\" -d @-\n\n"
         "Numbers of shards and replicas, codec and lifetime are left to the cluster. To set them, or to add fields, "
         "put an\n"
         "index template of your own with a higher priority that is composed of this component and one of yours.\n\n"
         "With --dashboards: saved objects for OpenSearch Dashboards 2, an object a line. Imported in Dashboards by "
         "Stack\n"
         "Management, Saved objects, Import, or by hand; importing again replaces them:\n\n"
         "  wherefrom template --dashboards | curl -H 'osd-xsrf: true' -F 'file=@-;filename=wherefrom.ndjson' \\\n"
         "    'http://localhost:5601/api/saved_objects/_import?overwrite=true'\n");
    arguments_print_options(stdout, group, 1);
}

static const json_t *only_member(const json_t *result, const char *member) {
    json_t *bodies = json_object_get(result, member);
    return json_object_iter_value(json_object_iter(bodies));
}

static void print_templates(const struct index_template_request *request, enum part part) {
    json_t *result = index_template_new(request);
    const json_t *shown = part == PART_ALL
                              ? result
                              : only_member(result, part == PART_INDEX ? "index_templates" : "component_templates");
    json_dumpf(shown, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(result);
}

/* NAME of "NAME" or "NAME-{yyyy.MM.dd}". STATUS_USAGE: OpenSearch would take no index of that name. */
static enum status index_name(const char *option, const char *text, bool dated,
                              char name[OPENSEARCH_NAME_BYTES_MAX + 1], struct error *error) {
    struct slice slice = slice_from(text);
    if (dated) (void)index_name_cut_date(&slice);
    if (!index_name_is(slice))
        return error_set(error, STATUS_USAGE, "template: --%s: expected a name " INDEX_NAME_RULES ", got %s", option,
                         OPENSEARCH_NAME_BYTES_MAX, option_value_shown(text).text);
    memcpy(name, slice.ptr, slice.len);
    name[slice.len] = '\0';
    return STATUS_OK;
}

static enum status check_rollups(const struct template_settings *settings, struct error *error) {
    if (settings->rollups && settings->dashboards)
        return error_set(error, STATUS_USAGE, "template: --rollups and --dashboards: it is one or the other");
    if (settings->rollups && settings->data_stream != NULL)
        return error_set(error, STATUS_USAGE,
                         "template: --rollups: they are replaced, which data streams do not take; give --index NAME");
    return STATUS_OK;
}

static enum status print_template(const struct template_settings *settings, struct error *error) {
    char name[OPENSEARCH_NAME_BYTES_MAX + 1];
    bool has_index = settings->index != NULL;
    bool dated = has_index && (!settings->rollups || strchr(settings->index, '{') != NULL);
    if (has_index && settings->data_stream != NULL)
        return error_set(error, STATUS_USAGE, "template: --data-stream and --index: it is one or the other");
    if (settings->dashboards && settings->part != PART_ALL)
        return error_set(error, STATUS_USAGE,
                         "template: --dashboards has no parts for --only; leave one of the two out");
    enum status status = check_rollups(settings, error);
    if (status != STATUS_OK) return status;
    const char *usual = settings->rollups ? "wherefrom-rollups" : "wherefrom";
    const char *text = has_index ? settings->index : settings->data_stream != NULL ? settings->data_stream : usual;
    status = index_name(has_index ? "index" : "data-stream", text, dated, name, error);
    if (status != STATUS_OK) return status;
    struct index_template_request request = {settings->rollups ? NULL : output_schemas[settings->schema], name, dated};
    if (settings->dashboards)
        dashboards_write(&request, stdout);
    else
        print_templates(&request, (enum part)settings->part);
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_set(error, STATUS_FAILED, "template: stdout: cannot be written");
    return STATUS_OK;
}

int command_template(int argc, char **argv) {
    struct template_settings settings = {0};
    const struct option_group group = {"Options", template_options,
                                       sizeof template_options / sizeof template_options[0], &settings};
    struct arguments arguments;
    struct error error;
    enum status status = arguments_parse(&arguments, &group, 1, argc, argv, &error);
    log_init(LOG_TEXT, false);
    if (status == STATUS_OK && arguments.help)
        print_help(&group);
    else if (status == STATUS_OK && arguments.inputs.count > 0)
        status = error_set(&error, STATUS_USAGE, "template: unexpected %s; see `wherefrom template --help`",
                           arguments.inputs.items[0]);
    else if (status == STATUS_OK)
        status = print_template(&settings, &error);
    if (status != STATUS_OK) log_message(LOG_ERROR, "%s", error.message);
    arguments_destroy(&arguments);
    return (int)status;
}
