/* The section's keys, and what stands in none of its large parts: edge, unsure. `route` is kept as it is.
 *
 * Threads: see the header. */
#include "config/residency_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/country.h"
#include "config/option_value.h"
#include "config/privacy_load.h"
#include "config/residency_parts.h"

enum section_key { KEY_LISTS, KEY_ZONES, KEY_PLACES, KEY_RULES, KEY_EDGE, KEY_UNSURE, KEY_PRIVACY, KEY_ROUTE, KEYS };
static const char *const section_keys[KEYS] = {"lists", "zones",  "places",  "rules",
                                               "edge",  "unsure", "privacy", "route"};

enum unsure_key { UNSURE_TRUST, UNSURE_ANYCAST, UNSURE_REGISTERED, UNSURE_HOSTING, UNSURE_AGE, UNSURE_KEYS };
static const char *const unsure_keys[UNSURE_KEYS] = {"min_trust", "anycast", "registered_differs", "hosting_asn",
                                                     "geo_age_days"};

/* As ANALYTICS.md has them. */
#define MIN_TRUST 2u
#define TRUST_MAX 3u
#define GEO_AGE_DAYS 30u
#define GEO_AGE_DAYS_MAX 36500u

const char residency_example[] =
    "{zones: {eea: [\"@eea\"], other: [\"*\"]}, lists: [eu-eea-2026-02.list], places: {eu: [eu-central-1, eu-west-1]}, "
    "rules: [{zone: eea, allow: [eu]}]}";

/* --- shared ----------------------------------------------------------------------------------------- */

uint32_t residency_code_index(struct slice text) {
    if (!country_is_known(country_number(text))) return RESIDENCY_CODES;
    return (uint32_t)(text.ptr[0] - 'A') * 26 + (uint32_t)(text.ptr[1] - 'A');
}

struct residency_advice residency_code_advice(struct slice text) {
    static const struct {
        const char *text, *advice;
    } usual[] = {{"UK", ": the United Kingdom is GB"},
                 {"EL", ": Greece is GR"},
                 {"EU", ": that is no country; name a list of its members in lists: and write \"@eu\""},
                 {"EEA", ": that is no country; name a list of its members in lists: and write \"@eea\""},
                 {"CA-QC", ": parts of countries are not told apart"}};
    struct residency_advice advice = {""};
    char upper[3] = "";
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (slice_equal(text, slice_from(usual[i].text)))
            snprintf(advice.text, sizeof advice.text, "%s", usual[i].advice);
    for (size_t i = 0; text.len == 2 && i < 2; i++)
        upper[i] = (char)(text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? text.ptr[i] - 'a' + 'A' : text.ptr[i]);
    bool known = text.len == 2 && residency_code_index(slice_from(upper)) < RESIDENCY_CODES;
    if (known) snprintf(advice.text, sizeof advice.text, ", did you mean %s?", upper);
    if (text.len > 3 && text.ptr[2] == '-') snprintf(advice.text, sizeof advice.text, "%s", usual[4].advice);
    return advice;
}

bool residency_is_name(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && c != '_' && c != '.' && c != '-') return false;
    }
    return text.len > 0 && text.len <= RESIDENCY_NAME_BYTES_MAX;
}

const struct config_node *residency_first_item(const struct config_node *node) {
    return node->kind == CONFIG_LIST ? node->first : node;
}

const struct config_node *residency_next_item(const struct config_node *node, const struct config_node *item) {
    return node->kind == CONFIG_LIST ? item->next : NULL;
}

const char *residency_keep(const struct residency_loading *loading, struct slice text) {
    const char *copy = arena_copy(&loading->policy->arena, text).ptr;
    if (copy == NULL) problem_no_memory(&loading->scope);
    return copy;
}

/* --- edge, unsure ----------------------------------------------------------------------------------- */

/* A node's word among `words`; the value stays when it is not given. */
static bool read_word(const struct residency_loading *loading, const struct config_node *node, const char *what,
                      const char *const *words, uint8_t words_count, uint8_t *value) {
    if (node == NULL) return true;
    if (node->kind != CONFIG_TEXT)
        return problem_report(&loading->scope, node, "%s: expected a value such as %s, got %s", what, words[0],
                              config_node_kind_name(node));
    for (uint8_t i = 0; i < words_count; i++) {
        if (!config_node_is(node, words[i])) continue;
        *value = i;
        return true;
    }
    char word[64];
    snprintf(word, sizeof word, "value of %s", what);
    return problem_unknown(&loading->scope, node, word, words, words_count);
}

static bool read_number(const struct residency_loading *loading, const struct config_node *node, const char *what,
                        uint32_t most, uint32_t *value) {
    if (node == NULL) return true;
    const struct option_spec spec = {.kind = OPTION_COUNT, .max = most};
    union option_value parsed;
    struct error reason;
    if (node->kind != CONFIG_TEXT)
        return problem_report(&loading->scope, node, "%s: expected a number from 0 to %u, got %s", what, most,
                              config_node_kind_name(node));
    if (option_value_parse(&spec, node->text.ptr, &parsed, &reason) != STATUS_OK)
        return problem_report(&loading->scope, node, "%s: %s", what, reason.message);
    *value = (uint32_t)parsed.number;
    return true;
}

static bool read_unsure(struct residency_loading *loading, const struct config_node *unsure) {
    struct residency_policy *policy = loading->policy;
    if (unsure == NULL) return true;
    problem_scope_set(&loading->scope, "residency.unsure");
    if (unsure->kind != CONFIG_MAPPING)
        return problem_report(&loading->scope, unsure, "expected keys such as {min_trust: 2}, got %s",
                              config_node_kind_name(unsure));
    const struct config_node *of[UNSURE_KEYS];
    uint32_t trust = policy->min_trust;
    for (int i = 0; i < UNSURE_KEYS; i++) of[i] = config_node_member(unsure, unsure_keys[i]);
    bool good = problem_check_keys(&loading->scope, unsure, unsure_keys, UNSURE_KEYS);
    good = read_number(loading, of[UNSURE_TRUST], unsure_keys[UNSURE_TRUST], TRUST_MAX, &trust) && good;
    good = read_word(loading, of[UNSURE_ANYCAST], unsure_keys[UNSURE_ANYCAST], residency_doubt_names, RESIDENCY_DOUBTS,
                     &policy->anycast) &&
           good;
    good = read_word(loading, of[UNSURE_REGISTERED], unsure_keys[UNSURE_REGISTERED], residency_doubt_names,
                     RESIDENCY_DOUBTS, &policy->registered_differs) &&
           good;
    good = read_word(loading, of[UNSURE_HOSTING], unsure_keys[UNSURE_HOSTING], residency_doubt_names, RESIDENCY_DOUBTS,
                     &policy->hosting_asn) &&
           good;
    policy->min_trust = (uint8_t)trust;
    return read_number(loading, of[UNSURE_AGE], unsure_keys[UNSURE_AGE], GEO_AGE_DAYS_MAX, &policy->geo_age_days) &&
           good;
}

/* --- the section ------------------------------------------------------------------------------------ */

/* Without zones, places and rules there is nothing to be said of any record. */
static bool check_parts(const struct residency_loading *loading, const struct config_node *section,
                        const struct config_node *const *of) {
    static const enum section_key needed[] = {KEY_ZONES, KEY_PLACES, KEY_RULES};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (of[needed[i]] == NULL)
            return problem_report(&loading->scope, section, "no \"%s\"; the least that there must be is residency: %s",
                                  section_keys[needed[i]], residency_example);
    return true;
}

/* A subtree that others read, for as long as the policy lives. */
static bool keep_tree(const struct residency_loading *loading, const struct config_node *node,
                      const struct config_node **kept) {
    if (node == NULL) return true;
    *kept = config_node_copy(&loading->policy->arena, node);
    return *kept != NULL || problem_no_memory(&loading->scope);
}

static bool load(struct residency_loading *loading, const struct config_node *section) {
    struct residency_policy *policy = loading->policy;
    const struct config_node *of[KEYS];
    problem_scope_set(&loading->scope, "residency");
    if (section->kind != CONFIG_MAPPING)
        return problem_report(&loading->scope, section,
                              "expected zones, places and rules, such as residency: %s; got %s", residency_example,
                              config_node_kind_name(section));
    for (int i = 0; i < KEYS; i++) of[i] = config_node_member(section, section_keys[i]);
    bool good = problem_check_keys(&loading->scope, section, section_keys, KEYS);
    if (!good || !check_parts(loading, section, of)) return false; /* what is missing may be what is misspelt */
    good = read_word(loading, of[KEY_EDGE], "edge", residency_edge_names, RESIDENCY_EDGES, &policy->edge);
    good = read_unsure(loading, of[KEY_UNSURE]) && good;
    good = keep_tree(loading, of[KEY_ROUTE], &policy->route) && good;
    good = residency_lists_load(loading, of[KEY_LISTS]) && good;
    bool zones = residency_zones_load(loading, of[KEY_ZONES]), places = residency_places_load(loading, of[KEY_PLACES]);
    good = privacy_load(&loading->scope, of[KEY_PRIVACY], policy) && good;
    if (!zones || !places || !residency_rules_load(loading, of[KEY_RULES])) return false; /* rules are about both */
    residency_regions_sort(policy);
    return good && residency_digest_set(loading);
}

struct residency_policy *residency_load(const struct problem_scope *scope, const struct config_node *section,
                                        const char *lists_folder) {
    struct residency_loading *loading = calloc(1, sizeof *loading);
    struct residency_policy *policy = calloc(1, sizeof *policy);
    if (loading != NULL && policy != NULL) {
        *policy = (struct residency_policy){.edge = RESIDENCY_EDGE_REPORT,
                                            .min_trust = MIN_TRUST,
                                            .anycast = RESIDENCY_DOUBT_INDETERMINATE,
                                            .registered_differs = RESIDENCY_DOUBT_INDETERMINATE,
                                            .hosting_asn = RESIDENCY_DOUBT_FLAG,
                                            .geo_age_days = GEO_AGE_DAYS};
        loading->scope = *scope;
        loading->lists_folder = lists_folder;
        loading->policy = policy;
    }
    bool good = loading != NULL && policy != NULL ? load(loading, section) : problem_no_memory(scope);
    free(loading);
    if (good) return policy;
    residency_unload(policy);
    return NULL;
}

void residency_unload(struct residency_policy *policy) {
    if (policy == NULL) return;
    privacy_unload(policy->privacy);
    arena_destroy(&policy->arena);
    free(policy);
}
