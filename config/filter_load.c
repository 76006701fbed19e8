/* A rule is {drop: CONDITIONS} or {sample: SHARE, when: CONDITIONS}; a condition is one value or a list of them.
 *
 * Threads: main thread. */
#include "config/filter_load.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/config_text.h"
#include "config/rate_load.h"
#include "schemas/client_facts.h"

struct loading {
    const struct filter_load_request *request;
    struct problem_scope scope; /* of one rule */
    struct filter *filter;
    struct filter_rule *rule;
    const struct rate_config *rate; /* NULL: was not asked for yet */
};

typedef bool read_value_function(struct loading *loading, const struct config_node *value);

/* --- values ------------------------------------------------------------------------------------------- */

/* A name or a glob of names. */
static bool read_format(struct loading *loading, const struct config_node *value) {
    struct filter_rule *rule = loading->rule;
    const char *names[256];
    uint32_t before = rule->formats_count;
    size_t count = 0;
    for (; count < schemas_count && count < sizeof names / sizeof names[0]; count++) {
        names[count] = schemas_all[count]->name;
        if (fnmatch(value->text.ptr, names[count], 0) != 0) continue;
        if (rule->formats_count == FILTER_VALUES_MAX)
            return problem_report(&loading->scope, value, "format: expected at most %u formats", FILTER_VALUES_MAX);
        rule->formats[rule->formats_count++] = schemas_all[count];
    }
    return rule->formats_count > before || problem_unknown(&loading->scope, value, "format", names, count);
}

/* 404, or 4xx. */
static bool read_status(struct loading *loading, const struct config_node *value) {
    uint32_t from = 0, to = 0;
    bool good = value->text.len == 3;
    for (size_t i = 0; i < 3 && good; i++) {
        char c = value->text.ptr[i];
        bool any = i > 0 && c == 'x';
        good = any || (c >= '0' && c <= '9');
        from = 10 * from + (any ? 0 : (uint32_t)(c - '0'));
        to = 10 * to + (any ? 9 : (uint32_t)(c - '0'));
    }
    if (!good || to >= 64 * FILTER_STATUS_WORDS)
        return problem_report(&loading->scope, value, "status: expected one such as 404, or 4xx, got %s",
                              config_text_shown(value).text);
    for (; from <= to; from++) loading->rule->statuses[from / 64] |= (uint64_t)1 << from % 64;
    return true;
}

static bool read_verdict(struct loading *loading, const struct config_node *value) {
    for (uint32_t i = 0; i < verdicts_count(); i++) {
        if (!config_node_is(value, verdict_names[i])) continue;
        loading->rule->verdicts |= (uint64_t)1 << i;
        return true;
    }
    return problem_unknown(&loading->scope, value, "verdict", verdict_names, verdicts_count());
}

static bool read_zone(struct loading *loading, const struct config_node *value) {
    const struct residency_policy *policy = loading->request->policy;
    const char *names[RESIDENCY_ZONES_MAX + 1] = {RESIDENCY_UNKNOWN};
    if (policy == NULL)
        return loading->request->policy_is_wrong ||
               problem_report(&loading->scope, value, "zone: there are none; write some: residency: {zones: {..}}");
    if (config_node_is(value, RESIDENCY_UNKNOWN)) return loading->rule->zone_unknown = true;
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        names[i + 1] = policy->zones[i].name;
        if (!config_node_is(value, policy->zones[i].name)) continue;
        loading->rule->zones |= (uint64_t)1 << i;
        return true;
    }
    return problem_unknown(&loading->scope, value, "zone", names, policy->zones_count + 1);
}

/* The classes of `rate`; what is wrong with them is said where they are counted by. */
static bool find_classes(struct loading *loading) {
    struct problems said_elsewhere = {.first = NULL};
    const struct problem_scope scope = {.problems = &said_elsewhere};
    if (loading->rate == NULL && loading->request->rate != NULL)
        loading->rate = rate_load(&loading->filter->arena, &scope, loading->request->rate);
    problems_destroy(&said_elsewhere);
    if (loading->rate == NULL) return false;
    loading->filter->paths = loading->rate->paths;
    loading->filter->paths_count = loading->rate->paths_count;
    return true;
}

static bool read_path_class(struct loading *loading, const struct config_node *value) {
    const char *names[RATE_CLASSES_MAX + 1] = {"other"};
    if (!find_classes(loading) || loading->filter->paths_count == 0)
        return problem_report(&loading->scope, value,
                              "path_class: there are none; write some: rate: {path_class: {health: [\"/health*\"]}}");
    const struct rate_settings *settings = &loading->rate->settings;
    for (uint32_t i = 0; i < settings->classes_count; i++) names[i + 1] = settings->classes[i];
    for (uint32_t i = 0; i <= settings->classes_count; i++) {
        if (!config_node_is(value, names[i])) continue;
        loading->rule->path_classes |= (uint64_t)1 << (i > 0 ? i - 1 : FILTER_CLASS_OTHER);
        return true;
    }
    return problem_unknown(&loading->scope, value, "path_class", names, settings->classes_count + 1);
}

static bool read_agent(struct loading *loading, const struct config_node *value) {
    struct filter_rule *rule = loading->rule;
    if (rule->agents_count == FILTER_VALUES_MAX)
        return problem_report(&loading->scope, value, "user_agent: expected at most %u patterns", FILTER_VALUES_MAX);
    rule->agents[rule->agents_count++] = (struct rate_path){.pattern = value->text.ptr};
    return true;
}

/* --- rules -------------------------------------------------------------------------------------------- */

static bool read_condition(struct loading *loading, const struct config_node *member, enum filter_condition condition) {
    static read_value_function *const readers[FILTER_CONDITIONS] = {
        [FILTER_FORMAT] = read_format, [FILTER_STATUS] = read_status,         [FILTER_VERDICT] = read_verdict,
        [FILTER_ZONE] = read_zone,     [FILTER_PATH_CLASS] = read_path_class, [FILTER_USER_AGENT] = read_agent};
    const char *name = filter_condition_names[condition];
    const struct config_node *value = member->kind == CONFIG_LIST ? member->first : member;
    bool good = true;
    if (value == NULL) return problem_report(&loading->scope, member, "%s: expected a value, got an empty list", name);
    loading->rule->given |= 1u << condition;
    for (; value != NULL; value = member->kind == CONFIG_LIST ? value->next : NULL)
        if (!config_text_is(value))
            good = problem_report(&loading->scope, value, "%s: expected a text, got %s", name,
                                  config_text_shown(value).text);
        else
            good = readers[condition](loading, value) && good;
    return good;
}

static bool read_conditions(struct loading *loading, const struct config_node *node, const char *key) {
    bool good = true;
    if (node->kind != CONFIG_MAPPING || node->count == 0)
        return problem_report(&loading->scope, node,
                              "%s: expected conditions such as {user_agent: \"ELB-HealthChecker/*\"}, got %s", key,
                              config_node_kind_name(node));
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        uint32_t i = 0;
        while (i < FILTER_CONDITIONS && !slice_equal(member->key, slice_from(filter_condition_names[i]))) i++;
        good = (i < FILTER_CONDITIONS
                    ? read_condition(loading, member, (enum filter_condition)i)
                    : problem_unknown_key(&loading->scope, member, filter_condition_names, FILTER_CONDITIONS)) &&
               good;
    }
    return good;
}

static bool read_sample(struct loading *loading, const struct config_node *node) {
    const struct option_spec spec = {.name = "sample", .kind = OPTION_SHARE};
    union option_value value;
    struct error error;
    if (!config_text_is(node))
        return problem_report(&loading->scope, node, "sample: expected a share from 0 to 1, such as 0.1, got %s",
                              config_text_shown(node).text);
    if (option_value_parse(&spec, node->text.ptr, &value, &error) != STATUS_OK)
        return problem_report(&loading->scope, node, "sample: %s", error.message);
    loading->rule->sample = value.share >= 1 ? UINT64_MAX : (uint64_t)(value.share * 0x1p64);
    return true;
}

static bool read_rule(struct loading *loading, const struct config_node *node) {
    static const char *const keys[] = {"drop", "sample", "when"};
    const struct config_node *drop = config_node_member(node, "drop"), *sample = config_node_member(node, "sample"),
                             *when = config_node_member(node, "when");
    if (node->kind != CONFIG_MAPPING || (drop != NULL) == (sample != NULL) || (drop != NULL && when != NULL))
        return problem_report(&loading->scope, node,
                              "expected {drop: {user_agent: \"ELB-HealthChecker/*\"}} or {sample: 0.1, when: {status: "
                              "2xx}}");
    bool good = problem_check_keys(&loading->scope, node, keys, sizeof keys / sizeof keys[0]);
    if (drop != NULL) return read_conditions(loading, drop, "drop") && good;
    good = read_sample(loading, sample) && good;
    return (when == NULL || read_conditions(loading, when, "when")) && good;
}

struct filter *filter_load(const struct filter_load_request *request) {
    const struct config_node *section = request->filter;
    struct loading loading = {.request = request, .scope = *request->scope};
    if (section->kind != CONFIG_LIST || section->count > FILTER_RULES_MAX) {
        (void)problem_report(request->scope, section,
                             "filter: expected a list of at most %u rules, such as "
                             "[{drop: {user_agent: \"ELB-HealthChecker/*\"}}]",
                             FILTER_RULES_MAX);
        return NULL;
    }
    loading.filter = calloc(1, sizeof *loading.filter);
    if (loading.filter == NULL) {
        (void)problem_no_memory(request->scope);
        return NULL;
    }
    bool good = true;
    for (const struct config_node *node = section->first; node != NULL; node = node->next) {
        problem_scope_set(&loading.scope, "filter rule %u", loading.filter->rules_count + 1);
        loading.rule = &loading.filter->rules[loading.filter->rules_count++];
        good = read_rule(&loading, node) && good;
        loading.filter->asks_zones |= (loading.rule->given >> FILTER_ZONE & 1) != 0;
    }
    if (good) return loading.filter;
    filter_unload(loading.filter);
    return NULL;
}

void filter_unload(struct filter *filter) {
    if (filter == NULL) return;
    arena_destroy(&filter->arena);
    free(filter);
}
