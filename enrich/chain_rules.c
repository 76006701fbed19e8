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

/* --- headers -------------------------------------------------------------------------------------- */

static bool is_secret(const struct chain *chain, uint32_t header) {
    for (uint32_t i = 0; i < chain->hops_count; i++)
        if (chain->hops[i].secret == header) return true;
    return false;
}

static enum status add_headers(struct wanted_headers *wanted, const struct chain *chain, struct error *error) {
    for (uint32_t i = 0; chain != NULL && i < chain->headers_count; i++) {
        const char *name = chain->headers[i];
        uint32_t index = wanted_find(wanted, slice_from(name));
        if (index == WANTED_NONE) {
            if (strlen(name) > HEADER_NAME_BYTES_MAX)
                return error_set(error, STATUS_USAGE, "chains: header %s: a name of more than %u bytes", name,
                                 HEADER_NAME_BYTES_MAX);
            if (wanted->count == HEADERS_WANTED_MAX)
                return error_set(error, STATUS_USAGE, "chains: header %s: more than %u headers in all chains together",
                                 name, HEADERS_WANTED_MAX);
            index = wanted->count++;
            for (size_t c = 0; name[c] != '\0'; c++) {
                wanted->items[index].name[c] = name[c];
                wanted->items[index].variable[c] = (char)(name[c] == '-' ? '_' : name[c]);
            }
        }
        wanted->items[index].secret = wanted->items[index].secret || is_secret(chain, i);
    }
    return STATUS_OK;
}

enum status chain_rules_collect_headers(struct chain_rules *rules, struct error *error) {
    struct wanted_headers *wanted = &rules->headers;
    memset(wanted, 0, sizeof *wanted);
    enum status status = add_headers(wanted, rules->always, error);
    if (status == STATUS_OK) status = add_headers(wanted, rules->otherwise, error);
    for (uint32_t i = 0; i < rules->chains_count && status == STATUS_OK; i++)
        status = add_headers(wanted, rules->chains[i], error);
    for (uint32_t i = 0; i < rules->rules_count && status == STATUS_OK; i++)
        status = add_headers(wanted, rules->rules[i].chain, error);
    return status;
}
