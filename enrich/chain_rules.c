/* Rules.
 *
 * Threads: see the header. */
#include "enrich/chain_rules.h"

#include <fnmatch.h>
#include <string.h>

const char *const selector_names[SELECTORS] = {
    [SELECT_ELB] = "elb",
    [SELECT_FORMAT] = "format",
    [SELECT_TOPIC] = "topic",
    [SELECT_LISTENER] = "listener",
    [SELECT_TARGET_GROUP] = "target_group",
};

/* Columns that say it. */
static const char *const columns[SELECTORS][4] = {
    [SELECT_ELB] = {"elb", "httpSourceId"},
    [SELECT_LISTENER] = {"listener"},
    [SELECT_TARGET_GROUP] = {"target_group_arn", "target_group_id", "requestContext.elb.targetGroupArn"},
};

int selector_column(const struct schema *schema, enum selector selector) {
    for (const char *const *name = columns[selector]; *name != NULL; name++)
        for (uint32_t i = 0; i < schema->fields_count; i++)
            if (strcmp(schema->fields[i].name, *name) == 0) return (int)i;
    return -1;
}

/* What people write: of an ARN what follows "targetgroup/" or "listener/", of WAF's ACCOUNT-app/NAME/ID what follows the account. */
static const char *short_form(const char *text) {
    static const char *const marks[] = {":targetgroup/", ":listener/", ":loadbalancer/"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *found = strstr(text, marks[i]);
        if (found != NULL) return found + strlen(marks[i]);
    }
    size_t digits = strspn(text, "0123456789");
    return digits == 12 && text[digits] == '-' ? text + digits + 1 : text;
}

static bool glob_matches(const char *glob, const char *text) {
    return fnmatch(glob, text, 0) == 0 || fnmatch(glob, short_form(text), 0) == 0;
}

static bool rule_matches(const struct chain_rule *rule, const char *const texts[SELECTORS]) {
    for (uint32_t i = 0; i < SELECTORS; i++)
        if (rule->globs[i] != NULL && (texts[i] == NULL || !glob_matches(rule->globs[i], texts[i]))) return false;
    return true;
}

const struct chain *chain_rules_pick(const struct chain_rules *rules, const char *const texts[SELECTORS]) {
    for (uint32_t i = 0; i < rules->rules_count; i++)
        if (rule_matches(&rules->rules[i], texts)) return rules->rules[i].chain;
    return rules->otherwise;
}

const struct chain *chain_rules_named(const struct chain_rules *rules, const char *name) {
    for (uint32_t i = 0; i < rules->chains_count; i++)
        if (strcmp(rules->chains[i]->name, name) == 0) return rules->chains[i];
    return NULL;
}
