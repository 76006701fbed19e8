/* Rules in order. Whether one takes all that another one does is decided for globs that are equal, for prefixes, and for plain
 * texts; more would be guessing at what people do not write.
 *
 * Threads: see the header. */
#include "app/chain_select.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "config/chain_presets.h"
#include "schemas/limits.h"

static const char special[] = "*?[\\";

static bool is_plain_text(const struct config_node *node) {
    return node->kind == CONFIG_TEXT && node->text.len > 0 && strlen(node->text.ptr) == node->text.len;
}

const struct chain *chain_select_named(const struct problem_scope *scope, const struct config_node *node,
                                       const struct chain_rules *rules) {
    if (!is_plain_text(node)) {
        problem_report(scope, node, "chain: expected the name of a chain, got %s", config_node_kind_name(node));
        return NULL;
    }
    const struct chain *chain = chain_rules_named(rules, node->text.ptr);
    if (chain != NULL) return chain;
    if (chain_preset_is(node->text)) { /* one that needs more than its name, and says so */
        struct arena scratch = {0};
        (void)chain_preset_expand(&scratch, scope, node);
        arena_destroy(&scratch);
        return NULL;
    }
    const char *names[CONFIG_MEMBERS_MAX];
    size_t count = 0;
    for (; count < rules->chains_count && count < CONFIG_MEMBERS_MAX; count++)
        names[count] = rules->chains[count]->name;
    problem_unknown(scope, node, "chain", names, count);
    return NULL;
}

/* --- one rule --------------------------------------------------------------------------------------- */

/* A format must be one, a glob of formats must match one. */
static bool check_format(const struct problem_scope *scope, const struct config_node *node) {
    const char *names[256];
    size_t count = 0;
    for (; count < schemas_count && count < sizeof names / sizeof names[0]; count++) {
        names[count] = schemas_all[count]->name;
        if (fnmatch(node->text.ptr, names[count], 0) == 0) return true;
    }
    return problem_unknown(scope, node, "format", names, count);
}

static bool report_key(const struct problem_scope *scope, const struct config_node *member) {
    const char *known[SELECTORS + 1];
    memcpy(known, selector_names, sizeof selector_names);
    known[SELECTORS] = "chain";
    return problem_unknown_key(scope, member, known, SELECTORS + 1);
}

static bool load_rule(const struct problem_scope *scope, const struct config_node *node,
                      const struct chain_rules *rules, struct chain_rule *rule) {
    if (node->kind != CONFIG_MAPPING)
        return problem_report(scope, node, "expected a rule such as {elb: \"app/web-*\", chain: web}, got %s",
                              config_node_kind_name(node));
    bool good = true;
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        size_t selector = 0;
        while (selector < SELECTORS && !slice_equal(member->key, slice_from(selector_names[selector]))) selector++;
        if (selector == SELECTORS) {
            if (!slice_equal(member->key, SLICE("chain"))) good = report_key(scope, member);
        } else if (!is_plain_text(member)) {
            good = problem_report(scope, member, "%s: expected a name or a glob such as \"app/web-*\", got %s",
                                  selector_names[selector], config_node_kind_name(member));
        } else {
            rule->globs[selector] = member->text.ptr;
            if (selector == SELECT_FORMAT) good = check_format(scope, member) && good;
        }
    }
    const struct config_node *chain = config_node_member(node, "chain");
    if (chain == NULL)
        return problem_report(scope, node, "no \"chain\": write which one these records belong to, such as chain: alb");
    rule->chain = chain_select_named(scope, chain, rules);
    return good && rule->chain != NULL;
}

/* --- rules to one another ----------------------------------------------------------------------------- */

/* Whether `glob` matches all that `other` does, as far as it can be told. */
static bool covers(const char *glob, const char *other) {
    size_t literal = strcspn(glob, special), stars = strspn(glob + literal, "*");
    if (strcmp(glob, other) == 0) return true;
    if (stars > 0 && glob[literal + stars] == '\0') return strncmp(glob, other, literal) == 0;
    return strpbrk(other, special) == NULL && fnmatch(glob, other, 0) == 0;
}

static bool rule_covers(const struct chain_rule *rule, const struct chain_rule *other) {
    for (uint32_t i = 0; i < SELECTORS; i++)
        if (rule->globs[i] != NULL && (other->globs[i] == NULL || !covers(rule->globs[i], other->globs[i])))
            return false;
    return true;
}

static bool is_catch_all(const struct chain_rule *rule) {
    for (uint32_t i = 0; i < SELECTORS; i++)
        if (rule->globs[i] != NULL) return false;
    return true;
}

/* Index of the first of `count` rules that leaves nothing for `rule`; `count`: there is none. */
static uint32_t shadow_of(const struct chain_rule *rules, uint32_t count, const struct chain_rule *rule) {
    uint32_t i = 0;
    while (i < count && !rule_covers(&rules[i], rule)) i++;
    return i;
}

bool chain_select_load(struct arena *arena, const struct problem_scope *scope, const struct config_node *select,
                       struct chain_rules *out) {
    struct problem_scope rule_scope = *scope;
    if (select->kind != CONFIG_LIST || select->count > CHAIN_RULES_MAX)
        return problem_report(scope, select,
                              "select: expected a list of at most %u rules such as {elb: \"app/web-*\", chain: web}",
                              CHAIN_RULES_MAX);
    struct chain_rule *rules = arena_take(arena, select->count * sizeof *rules);
    if (rules == NULL) return problem_no_memory(scope);
    bool good = true;
    uint32_t count = 0;
    for (const struct config_node *node = select->first; node != NULL; node = node->next, count++) {
        problem_scope_set(&rule_scope, "select rule %u", count + 1);
        bool loaded = load_rule(&rule_scope, node, out, &rules[count]);
        uint32_t shadow = shadow_of(rules, count, &rules[count]);
        if (loaded && shadow < count)
            loaded = problem_report(&rule_scope, node,
                                    "never matches: rule %u takes all of it; put this one in front, or leave it out",
                                    shadow + 1);
        if (!loaded) { /* what it would match is not known */
            good = false;
            rules[count].globs[SELECT_FORMAT] = "";
        }
    }
    if (count > 0 && is_catch_all(&rules[count - 1])) out->otherwise = rules[--count].chain;
    out->rules = rules;
    out->rules_count = count;
    return good;
}
