/* Inputs are few where they have settings of their own: lists are walked.
 *
 * Threads: see the header. */
#include "app/input_settings.h"

#include <string.h>

#include "base/check.h"

struct format_entry {
    struct format_entry *next;
    const char *text;
    struct format_choice choice;
};

/* The config's list of inputs; NULL where they were given on the command line. */
static const struct config_node *first_node(const struct arguments *arguments) {
    bool from_file = arguments->values->inputs.origin == OPTION_FROM_FILE && arguments->sections.inputs != NULL;
    return from_file ? arguments->sections.inputs->first : NULL;
}

const struct config_node *input_node(const struct arguments *arguments, size_t argument) {
    const struct config_node *node = first_node(arguments);
    while (node != NULL && argument-- > 0) node = node->next;
    return node;
}

static const char *own_text(const struct config_node *node, const char *key) {
    const struct config_node *own = node != NULL ? config_node_member(node, key) : NULL;
    return own != NULL ? own->text.ptr : NULL;
}

const char *input_chain(const struct arguments *arguments, size_t argument) {
    return own_text(input_node(arguments, argument), "chain");
}

/* --- formats -------------------------------------------------------------------------------------- */

const struct format_choice *format_table_find(const struct format_table *table, const char *format) {
    const struct format_entry *entry = table->first;
    while (entry != NULL && strcmp(entry->text, format) != 0) entry = entry->next;
    return entry != NULL ? &entry->choice : NULL;
}

bool format_table_add(struct format_table *table, const struct problem_scope *scope, const struct config_node *node,
                      const struct wanted_headers *wanted) {
    if (format_table_find(table, node->text.ptr) != NULL) return true;
    struct format_entry *entry = arena_take(&table->arena, sizeof *entry);
    const char *text = arena_copy(&table->arena, node->text).ptr;
    struct error error;
    if (entry == NULL || text == NULL) return problem_no_memory(scope);
    if (format_choice_parse(&entry->choice, text, wanted, &error) != STATUS_OK)
        return problem_report(scope, node, "format %s: %s", text, error.message);
    entry->text = text;
    entry->next = table->first;
    table->first = entry;
    return true;
}

bool format_table_add_inputs(struct format_table *table, const struct arguments *arguments,
                             const struct wanted_headers *wanted, struct problems *problems) {
    const struct problem_scope scope = {.problems = problems, .file = arguments->config_path, .where = "inputs"};
    bool good = true;
    for (const struct config_node *input = first_node(arguments); input != NULL; input = input->next) {
        const struct config_node *own = config_node_member(input, "format");
        const struct config_node *kafka = config_node_member(input, "kafka");
        const struct config_node *rules = kafka != NULL ? config_node_member(kafka, "formats") : NULL;
        const struct config_node *rule = rules != NULL ? rules->first : NULL;
        if (own != NULL) good = format_table_add(table, &scope, own, wanted) && good;
        for (; rule != NULL; rule = rule->next)
            if (rule->kind == CONFIG_TEXT) good = format_table_add(table, &scope, rule, wanted) && good;
    }
    return good;
}

void format_table_destroy(struct format_table *table) {
    arena_destroy(&table->arena);
    *table = (struct format_table){0};
}

const struct format_choice *input_format(const struct arguments *arguments, size_t argument,
                                         const struct format_table *table, const struct format_choice *common) {
    const struct option_slot *slot = option_values_find(arguments->values, "format", strlen("format"), false);
    const char *own = own_text(input_node(arguments, argument), "format");
    if (own == NULL || slot->origin == OPTION_FROM_COMMAND_LINE) return common;
    const struct format_choice *choice = format_table_find(table, own);
    ASSERT(choice != NULL);
    return choice;
}
