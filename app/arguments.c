/* The command line, read by the option tables.
 *
 * getopt_long is not used: it takes abbreviations (a later option would break scripts), prints its own messages, and
 * suggests nothing. The command line is set before the config file is read, since it names the file; what was
 * set by whom decides, not the order (config/option_value.h).
 *
 * Threads: main thread only, before others start. */
#include "app/arguments.h"

#include <string.h>

#include "base/check.h"
#include "config/option_value.h"

struct command_line {
    char **argv;
    int argc;
    int index; /* of the next argument */
};

struct given {
    struct option_slot *slot; /* an option, or the slot of the inputs */
    const char *text;         /* its value; "true" for a flag */
};

static enum status fail_unknown(struct option_values *values, const char *argument, struct error *error) {
    char word[65];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    const char *nearest = argument[1] == '-' ? option_values_nearest(values, word, false) : NULL;
    if (nearest == NULL) {
        return error_set(error, STATUS_USAGE, "unknown option %s, see --help", option_value_shown(argument).text);
    }
    return error_set(error, STATUS_USAGE, "unknown option %s, did you mean \"--%s\"?",
                     option_value_shown(argument).text, nearest);
}

/* An option: finds its row, and its value in the same argument or in the next one. */
static enum status read_option(struct command_line *line, struct option_values *values, struct given *given,
                               struct error *error) {
    const char *argument = line->argv[line->index++];
    const char *attached = NULL;
    if (argument[1] == '-') {
        size_t name_bytes = strcspn(argument + 2, "=");
        given->slot = option_values_find(values, argument + 2, name_bytes, false);
        attached = argument[2 + name_bytes] == '=' ? argument + 2 + name_bytes + 1 : NULL;
    } else {
        given->slot = option_values_find_letter(values, argument[1]);
        attached = argument[2] != '\0' ? argument + 2 : NULL;
    }
    if (given->slot == NULL) {
        return fail_unknown(values, argument, error);
    }
    const struct option_spec *spec = given->slot->spec;
    if (spec->kind == OPTION_FLAG) {
        given->text = "true";
        return attached == NULL ? STATUS_OK
                                : error_set(error, STATUS_USAGE, "--%s: takes no value, got %s", spec->name,
                                            option_value_shown(attached).text);
    }
    given->text = attached;
    if (attached != NULL) {
        return STATUS_OK;
    }
    const char *expected = spec->placeholder != NULL ? spec->placeholder : "a value";
    if (line->index == line->argc) {
        return error_set(error, STATUS_USAGE, "--%s: expected %s behind it, got nothing", spec->name, expected);
    }
    const char *next = line->argv[line->index];
    if (strncmp(next, "--", 2) == 0) {
        return error_set(error, STATUS_USAGE, "--%s: expected %s behind it, got the option %s", spec->name, expected,
                         option_value_shown(next).text);
    }
    line->index++;
    given->text = next;
    return STATUS_OK;
}

static bool is_option(const char *argument) {
    return argument[0] == '-' && argument[1] != '\0';
}

/* Looks for --help where an option may stand, past any mistakes: who asks for help gets it. */
static bool help_wanted(struct command_line line, struct option_values *values) {
    while (line.index < line.argc) {
        const char *argument = line.argv[line.index];
        if (strcmp(argument, "--") == 0) {
            return false;
        }
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            return true;
        }
        struct given given;
        if (!is_option(argument)) {
            line.index++;
        } else if (read_option(&line, values, &given, NULL) != STATUS_OK) {
            continue; /* the argument was passed over; what is wrong with it is told when help is not wanted */
        }
    }
    return false;
}

static enum status read_command_line(struct command_line line, struct option_values *values, struct error *error) {
    bool options_ended = false;
    while (line.index < line.argc) {
        struct given given = {.slot = &values->inputs, .text = line.argv[line.index]};
        bool option = !options_ended && is_option(given.text);
        if (option && strcmp(given.text, "--") == 0) {
            options_ended = true;
            line.index++;
            continue;
        }
        if (!option) {
            line.index++;
        } else {
            enum status status = read_option(&line, values, &given, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        struct error reason;
        enum status status = option_values_set(values, given.slot, OPTION_FROM_COMMAND_LINE, given.text, &reason);
        if (status != STATUS_OK) {
            return error_set(error, status, "%s%s: %s", option ? "--" : "", option ? given.slot->spec->name : "INPUT",
                             reason.message);
        }
    }
    return STATUS_OK;
}

enum status arguments_parse(struct arguments *arguments, const struct option_group *groups, size_t groups_count,
                            int argc, char **argv, struct error *error) {
    *arguments = (struct arguments){.groups = groups, .groups_count = groups_count};
    struct option_values *values = option_values_new(groups, groups_count, &arguments->inputs);
    if (values == NULL) {
        return error_set(error, STATUS_FAILED, "out of memory");
    }
    arguments->values = values;
    struct command_line line = {.argv = argv, .argc = argc, .index = 0};
    arguments->help = help_wanted(line, values);
    if (arguments->help) {
        return STATUS_OK;
    }
    enum status status = read_command_line(line, values, error);
    const struct option_slot *config = option_values_find(values, "config", strlen("config"), false);
    if (status != STATUS_OK || config == NULL) {
        return status;
    }
    ASSERT(config->spec->kind == OPTION_TEXT && config->spec->cli_only);
    arguments->config_path = *(const char *const *)config->target;
    return arguments->config_path == NULL
               ? STATUS_OK
               : config_file_read(arguments->config_path, values, &arguments->sections, error);
}

const struct config_node *arguments_node(const struct arguments *arguments, const char *option,
                                         const struct config_node *node) {
    const struct option_slot *slot = option_values_find(arguments->values, option, strlen(option), false);
    return slot != NULL && slot->origin == OPTION_FROM_FILE ? node : NULL;
}

void arguments_destroy(struct arguments *arguments) {
    option_values_free(arguments->values);
    config_sections_destroy(&arguments->sections);
    *arguments = (struct arguments){0};
}
