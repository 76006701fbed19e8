/* Presets that need nothing from the user are made along with the user's chains: two dozen small tables, and whoever names one finds it
 * like any other.
 *
 * Threads: see the header. */
#include "app/chains.h"

#include <stdlib.h>

#include "app/chain_select.h"
#include "app/default_database.h"
#include "base/check.h"
#include "config/chain_load.h"
#include "config/chain_presets.h"
#include "config/filter_load.h"
#include "config/option_value.h"
#include "config/residency_load.h"
#include "schemas/limits.h"

#define PRESETS_MAX 64u

/* Letters, digits, and . _ + - behind the first. */
static bool is_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (i == 0 || (c != '.' && c != '_' && c != '+' && c != '-'))) return false;
    }
    return name.len > 0 && name.len <= CHAIN_NAME_BYTES_MAX;
}

/* Makes one chain of a list of hops or of a preset, and puts it behind the others. One that is wrong leaves its name there, so that who
 * refers to it is not wrong as well. */
static void add_chain(struct chains *chains, const struct problem_scope *scope, const char *name,
                      const struct config_node *node) {
    const struct config_node *hops = node->kind == CONFIG_LIST ? node
                                                               : chain_preset_expand(&chains->arena, scope, node);
    struct chain *chain = hops != NULL ? chain_load(&chains->arena, scope, name, hops) : NULL;
    if (chain == NULL) {
        chain = arena_take(&chains->arena, sizeof *chain);
        if (chain == NULL) {
            problem_no_memory(scope);
            return;
        }
        chain->name = name;
    }
    chains->items[chains->rules.chains_count++] = chain;
}

static void load_own(struct chains *chains, struct problem_scope *scope, const struct config_node *tree) {
    if (tree->kind != CONFIG_MAPPING) {
        problem_report(scope, tree, "chains: expected names of chains and their hops, such as {web: [..]}, got %s",
                       config_node_kind_name(tree));
        return;
    }
    for (const struct config_node *node = tree->first; node != NULL; node = node->next) {
        if (is_name(node->key)) {
            problem_scope_set(scope, "chains.%s", node->key.ptr);
            add_chain(chains, scope, node->key.ptr, node);
        } else {
            problem_scope_set(scope, "chains");
            problem_report(scope, node,
                           "expected a name of letters, digits, and . _ + - behind the first, at most %u bytes, got %s",
                           CHAIN_NAME_BYTES_MAX, option_value_shown(node->key.ptr).text);
        }
    }
    chains->own_count = chains->rules.chains_count;
    problem_scope_set(scope, "%s", "");
}

static void load_presets(struct chains *chains, const struct problem_scope *scope) {
    struct chain_preset_name name;
    for (size_t i = 0; chain_preset_name(i, &name); i++) {
        ASSERT(i < PRESETS_MAX);
        struct config_node *node = config_node_new(&chains->arena, CONFIG_TEXT, slice_from(name.text),
                                                   (struct config_place){0});
        if (node == NULL) {
            problem_no_memory(scope);
            return;
        }
        add_chain(chains, scope, node->text.ptr, node);
    }
}

/* Whether a rule, an input or --chain leads to it. */
static bool is_used(const struct chains *chains, const struct chain *chain, const struct config_node *inputs) {
    const struct chain_rules *rules = &chains->rules;
    bool used = rules->always == chain || rules->otherwise == chain;
    for (uint32_t i = 0; i < rules->rules_count; i++) used = used || rules->rules[i].chain == chain;
    const struct config_node *input = inputs != NULL ? inputs->first : NULL;
    for (; input != NULL; input = input->next) {
        const struct config_node *own = config_node_member(input, "chain");
        used = used || (own != NULL && config_node_is(own, chain->name));
    }
    return used;
}

/* What refers to chains by name: rules, inputs, --chain. */
static void load_references(struct chains *chains, struct problem_scope *scope, const struct chains_request *request) {
    struct chain_rules *rules = &chains->rules;
    const struct config_node *select = request->sections->trees[CONFIG_SELECT];
    if (select != NULL) chain_select_load(&chains->arena, scope, select, rules);
    const struct config_node *inputs = request->sections->inputs;
    problem_scope_set(scope, "inputs");
    for (const struct config_node *input = inputs != NULL ? inputs->first : NULL; input != NULL; input = input->next) {
        const struct config_node *own = config_node_member(input, "chain");
        if (own != NULL) (void)chain_select_named(scope, own, rules);
    }
    if (request->always == NULL) return;
    struct problem_scope outside = {.problems = scope->problems, .where = "--chain"};
    struct config_node name = {.kind = CONFIG_TEXT, .text = slice_from(request->always)};
    rules->always = chain_select_named(&outside, &name, rules);
}

static void load_policy(struct chains *chains, const struct problem_scope *scope,
                        const struct chains_request *request) {
    const struct config_node *section = request->sections->trees[CONFIG_RESIDENCY];
    char usual[PATH_BYTES_MAX];
    if (section == NULL) return;
    const char *folder = request->lists_folder;
    if (folder == NULL && default_lists_find(usual)) folder = usual;
    chains->policy = residency_load(scope, section, folder);
}

static void load_filter(struct chains *chains, const struct problem_scope *scope,
                        const struct chains_request *request) {
    const struct config_node *const *trees = request->sections->trees;
    const struct filter_load_request wanted = {.scope = scope,
                                               .filter = trees[CONFIG_FILTER],
                                               .rate = trees[CONFIG_RATE],
                                               .policy = chains->policy,
                                               .policy_is_wrong = trees[CONFIG_RESIDENCY] != NULL};
    if (wanted.filter == NULL) return;
    chains->filter_rules = filter_load(&wanted);
    if (chains->filter_rules == NULL) return;
    chains->filter = record_filter_new(chains->filter_rules);
    if (chains->filter == NULL) (void)problem_no_memory(scope);
}

static void warn_unused(const struct chains *chains, struct problem_scope *scope,
                        const struct chains_request *request) {
    const struct config_node *tree = request->sections->trees[CONFIG_CHAINS];
    for (uint32_t i = 0; i < chains->own_count; i++) {
        const struct chain *chain = chains->items[i];
        if (is_used(chains, chain, request->sections->inputs)) continue;
        problem_scope_set(scope, "chains.%s", chain->name);
        problem_warn(scope, config_node_member(tree, chain->name),
                     "is not used: no rule of select, no input and no --chain names it");
    }
}

struct chains *chains_new(const struct chains_request *request, struct problems *problems) {
    struct chains *chains = calloc(1, sizeof *chains);
    if (chains == NULL) return NULL;
    chains->items = arena_take(&chains->arena, (CONFIG_MEMBERS_MAX + PRESETS_MAX) * sizeof(struct chain *));
    if (chains->items == NULL) {
        chains_free(chains);
        return NULL;
    }
    static uint64_t tables;
    chains->rules.generation = ++tables;
    chains->rules.chains = (const struct chain *const *)chains->items;
    struct problem_scope scope = {.problems = problems, .file = request->file};
    const struct config_node *own = request->sections->trees[CONFIG_CHAINS];
    if (own != NULL) load_own(chains, &scope, own);
    struct problem_scope nowhere = {.problems = problems, .file = "", .where = "preset"};
    load_presets(chains, &nowhere);
    load_references(chains, &scope, request);
    problem_scope_set(&scope, "%s", "");
    load_policy(chains, &scope, request);
    load_filter(chains, &scope, request);
    if (problems->errors_count == 0) warn_unused(chains, &scope, request);
    struct error error;
    problem_scope_set(&nowhere, "%s", "");
    if (problems->errors_count == 0 && chain_rules_collect_headers(&chains->rules, &error) != STATUS_OK)
        (void)problem_report(&nowhere, NULL, "%s", error.message);
    return chains;
}

void chains_free(struct chains *chains) {
    if (chains == NULL) return;
    for (uint32_t i = 0; chains->items != NULL && i < chains->rules.chains_count; i++) chain_unload(chains->items[i]);
    arena_destroy(&chains->arena);
    residency_unload(chains->policy);
    record_filter_free(chains->filter);
    filter_unload(chains->filter_rules);
    databases_release(chains->databases);
    free(chains);
}
