/* Places are made of regions, by name or by how names begin; rules say which places are good for a zone.
 *
 * A name says more than a beginning, and a long beginning more than a short one: us-gov-* beside us-* is no contradiction, the same
 * text twice is one. What a rule names itself, such as cn-*, becomes a place of that name, which then must have its regions for itself.
 *
 * Threads: see the header. */
#include <stdio.h>
#include <stdlib.h>

#include "config/option_value.h"
#include "config/residency_parts.h"

/* --- regions ---------------------------------------------------------------------------------------- */

/* A region or edge location, or how some begin with a * behind it. */
static bool is_region(struct slice text) {
    bool prefix = text.len > 0 && text.ptr[text.len - 1] == '*';
    return residency_is_name((struct slice){text.ptr, text.len - prefix});
}

static bool covers(const struct residency_region *region, struct slice text, bool prefix) {
    return region->prefix ? slice_starts_with(text, region->text) : !prefix && slice_equal(text, region->text);
}

/* A region of another place that has anything in common with it; NULL: there is none. */
static const struct residency_region *find_overlap(const struct residency_policy *policy, struct slice text,
                                                   bool prefix) {
    const struct residency_region wanted = {.text = text, .prefix = prefix};
    for (uint32_t i = 0; i < policy->regions_count; i++) {
        const struct residency_region *region = &policy->regions[i];
        if (covers(region, text, prefix) || covers(&wanted, region->text, region->prefix)) return region;
    }
    return NULL;
}

static const struct residency_region *find_same(const struct residency_policy *policy, struct slice text, bool prefix) {
    for (uint32_t i = 0; i < policy->regions_count; i++)
        if (policy->regions[i].prefix == prefix && slice_equal(policy->regions[i].text, text))
            return &policy->regions[i];
    return NULL;
}

static bool add_region(const struct residency_loading *loading, const struct config_node *node, uint8_t place) {
    struct residency_policy *policy = loading->policy;
    if (policy->regions_count == RESIDENCY_REGIONS_KNOWN_MAX)
        return problem_report(&loading->scope, node, "expected at most %u regions in all places, got more",
                              RESIDENCY_REGIONS_KNOWN_MAX);
    bool prefix = node->text.ptr[node->text.len - 1] == '*';
    struct slice text = {residency_keep(loading, node->text), node->text.len - prefix};
    policy->regions[policy->regions_count++] = (struct residency_region){text, prefix, place};
    return text.ptr != NULL;
}

static bool take_region(const struct residency_loading *loading, const struct config_node *item, uint8_t place) {
    if (item->kind != CONFIG_TEXT || !is_region(item->text))
        return problem_report(&loading->scope, item,
                              "expected a region such as eu-central-1, or how regions begin, such as us-*; got %s%s",
                              item->kind == CONFIG_TEXT ? option_value_shown(item->text.ptr).text
                                                        : config_node_kind_name(item),
                              config_node_is(item, "*") ? ": a region that nobody has named stays unknown" : "");
    bool prefix = item->text.ptr[item->text.len - 1] == '*';
    const struct residency_region *same = find_same(loading->policy,
                                                    (struct slice){item->text.ptr, item->text.len - prefix}, prefix);
    if (same != NULL)
        return problem_report(&loading->scope, item, "%s is already in place %s; a region is in one place",
                              item->text.ptr, loading->policy->places[same->place]);
    return add_region(loading, item, place);
}

static int by_text(const void *a, const void *b) {
    const struct residency_region *first = a, *second = b;
    if (first->prefix != second->prefix) return first->prefix ? 1 : -1;
    if (first->prefix && first->text.len != second->text.len) return first->text.len < second->text.len ? 1 : -1;
    size_t bytes = first->text.len < second->text.len ? first->text.len : second->text.len;
    int order = memcmp(first->text.ptr, second->text.ptr, bytes);
    if (order != 0) return order;
    return first->text.len < second->text.len ? -1 : first->text.len > second->text.len;
}

void residency_regions_sort(struct residency_policy *policy) {
    qsort(policy->regions, policy->regions_count, sizeof policy->regions[0], by_text);
    policy->regions_exact = 0;
    while (policy->regions_exact < policy->regions_count && !policy->regions[policy->regions_exact].prefix)
        policy->regions_exact++;
}

/* --- places ----------------------------------------------------------------------------------------- */

/* Index of a place of that name; RESIDENCY_INDEX_NONE: there is none. */
static uint8_t find_place(const struct residency_policy *policy, struct slice name) {
    for (uint8_t i = 0; i < policy->places_count; i++)
        if (slice_equal(slice_from(policy->places[i]), name)) return i;
    return RESIDENCY_INDEX_NONE;
}

static bool add_place(const struct residency_loading *loading, const struct config_node *node, struct slice name,
                      uint8_t *place) {
    struct residency_policy *policy = loading->policy;
    if (policy->places_count == RESIDENCY_PLACES_MAX)
        return problem_report(&loading->scope, node, "expected at most %u places, got more", RESIDENCY_PLACES_MAX);
    const char *kept = residency_keep(loading, name);
    if (kept == NULL) return false;
    *place = (uint8_t)policy->places_count++;
    policy->places[*place] = kept;
    return true;
}

/* eu- is not the EU: eu-west-2 is London, eu-central-2 Zurich. Whoever says so by a beginning alone may not know. */
static void warn_of_prefixes(struct residency_loading *loading, const struct config_node *places) {
    static const struct {
        const char *region, *where;
    } others[] = {{"eu-west-2", "London"}, {"eu-central-2", "Zurich"}};
    const struct residency_policy *policy = loading->policy;
    problem_scope_set(&loading->scope, "residency.places");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct slice name = slice_from(others[i].region);
        const struct residency_region *region = find_same(policy, name, false) == NULL
                                                    ? find_overlap(policy, name, false)
                                                    : NULL;
        if (region == NULL || region->text.len > strlen("eu-")) continue;
        problem_warn(&loading->scope, config_node_member(places, policy->places[region->place]),
                     "%s: %.*s* also takes %s, which is %s and not in the EU; name it in the place where it belongs",
                     policy->places[region->place], (int)region->text.len, region->text.ptr, others[i].region,
                     others[i].where);
    }
}

bool residency_places_load(struct residency_loading *loading, const struct config_node *places) {
    problem_scope_set(&loading->scope, "residency.places");
    if (places->kind != CONFIG_MAPPING || places->count == 0)
        return problem_report(
            &loading->scope, places,
            "expected names of places and their regions, such as {eu: [eu-central-1, eu-west-1]}, got %s",
            places->kind == CONFIG_MAPPING ? "none" : config_node_kind_name(places));
    bool good = true;
    for (const struct config_node *node = places->first; node != NULL; node = node->next) {
        problem_scope_set(&loading->scope, "residency.places");
        uint8_t place = 0;
        if (!residency_is_name(node->key) || slice_equal(node->key, SLICE(RESIDENCY_UNKNOWN))) {
            good = problem_report(
                &loading->scope, node,
                "expected a name of letters, digits and _ . -, at most %u bytes, and not \"unknown\", got %s",
                RESIDENCY_NAME_BYTES_MAX, option_value_shown(node->key.ptr).text);
            continue;
        }
        if (!add_place(loading, node, node->key, &place)) return false;
        problem_scope_set(&loading->scope, "residency.places.%s", node->key.ptr);
        const struct config_node *item = residency_first_item(node);
        if (item == NULL)
            good = problem_report(&loading->scope, node, "no region is in it; write some, or leave it out");
        for (; item != NULL; item = residency_next_item(node, item)) good = take_region(loading, item, place) && good;
    }
    if (good) warn_of_prefixes(loading, places);
    return good;
}

/* --- rules ------------------------------------------------------------------------------------------ */

enum rule_key { KEY_ZONE, KEY_ALLOW, KEY_CONDITIONAL, KEY_ELSE, KEY_NAME, RULE_KEYS };
static const char *const rule_keys[RULE_KEYS] = {"zone", "allow", "conditional", "else", "name"};

/* A region that a rule names itself: it, or how it begins, stands in no place. */
static bool take_own_region(const struct residency_loading *loading, const struct config_node *item, uint64_t *places) {
    const struct residency_policy *policy = loading->policy;
    bool prefix = item->text.ptr[item->text.len - 1] == '*';
    uint8_t place = 0;
    const struct residency_region *other = find_overlap(policy, (struct slice){item->text.ptr, item->text.len - prefix},
                                                        prefix);
    if (other != NULL)
        return problem_report(&loading->scope, item,
                              "%s has regions of place %s: write %s here, or change places:", item->text.ptr,
                              policy->places[other->place], policy->places[other->place]);
    if (!add_place(loading, item, item->text, &place) || !add_region(loading, item, place)) return false;
    *places |= (uint64_t)1 << place;
    return true;
}

/* Letters and digits with two dashes at the least, or a star: so no place of ours is called by mistake. */
static bool looks_like_region(struct slice text) {
    uint32_t dashes = 0;
    for (size_t i = 0; i < text.len; i++) dashes += text.ptr[i] == '-';
    char last = text.len > 0 ? text.ptr[text.len - 1] : ' ';
    return is_region(text) && (last == '*' || (dashes >= 2 && last >= '0' && last <= '9'));
}

static bool take_place(const struct residency_loading *loading, const struct config_node *item, uint64_t *places) {
    const struct residency_policy *policy = loading->policy;
    if (item->kind != CONFIG_TEXT)
        return problem_report(&loading->scope, item, "expected the name of a place, got %s",
                              config_node_kind_name(item));
    if (config_node_is(item, "*")) { /* those of rules behind it, too: see take_all */
        *places = UINT64_MAX;
        return true;
    }
    uint8_t place = find_place(policy, item->text);
    if (place == RESIDENCY_INDEX_NONE && looks_like_region(item->text)) return take_own_region(loading, item, places);
    if (place == RESIDENCY_INDEX_NONE)
        return problem_unknown(&loading->scope, item, "place", policy->places, policy->places_count);
    *places |= (uint64_t)1 << place;
    return true;
}

static bool take_places(const struct residency_loading *loading, const struct config_node *node, uint64_t *places) {
    if (node == NULL) return true;
    bool good = true;
    const struct config_node *item = residency_first_item(node);
    for (; item != NULL; item = residency_next_item(node, item)) good = take_place(loading, item, places) && good;
    return good;
}

static bool read_else(const struct residency_loading *loading, const struct config_node *node, uint8_t *otherwise) {
    static const uint8_t verdicts[] = {RESIDENCY_VIOLATION, RESIDENCY_CONDITIONAL, RESIDENCY_INDETERMINATE,
                                       RESIDENCY_OK};
    const char *words[sizeof verdicts];
    *otherwise = RESIDENCY_VIOLATION;
    if (node == NULL) return true;
    if (node->kind != CONFIG_TEXT)
        return problem_report(&loading->scope, node,
                              "else: expected violation, conditional, indeterminate or ok, got %s",
                              config_node_kind_name(node));
    for (size_t i = 0; i < sizeof verdicts; i++) {
        words[i] = residency_verdict_names[verdicts[i]];
        if (!config_node_is(node, words[i])) continue;
        *otherwise = verdicts[i];
        return true;
    }
    return problem_unknown(&loading->scope, node, "verdict", words, sizeof verdicts);
}

static bool read_zone(const struct residency_loading *loading, const struct config_node *node,
                      const struct config_node *zone, uint8_t rule, const char **name) {
    struct residency_policy *policy = loading->policy;
    const char *names[RESIDENCY_ZONES_MAX];
    if (zone == NULL)
        return problem_report(&loading->scope, node, "no \"zone\": write whose clients it is about, such as zone: %s",
                              policy->zones[0].name);
    if (zone->kind != CONFIG_TEXT)
        return problem_report(&loading->scope, zone, "zone: expected the name of one zone, got %s",
                              config_node_kind_name(zone));
    for (uint32_t i = 0; i < policy->zones_count; i++) {
        names[i] = policy->zones[i].name;
        if (!config_node_is(zone, names[i])) continue;
        *name = names[i];
        if (policy->zones[i].rule != RESIDENCY_INDEX_NONE)
            return problem_report(&loading->scope, zone, "zone %s has a rule already; put the two into one", names[i]);
        policy->zones[i].rule = rule;
        return true;
    }
    return problem_unknown(&loading->scope, zone, "zone", names, policy->zones_count);
}

static bool load_rule(const struct residency_loading *loading, const struct config_node *node, uint8_t index) {
    struct residency_rule *rule = &loading->policy->rules[index];
    if (node->kind != CONFIG_MAPPING)
        return problem_report(&loading->scope, node, "expected a rule such as {zone: %s, allow: [%s]}, got %s",
                              loading->policy->zones[0].name, loading->policy->places[0], config_node_kind_name(node));
    if (!problem_check_keys(&loading->scope, node, rule_keys, RULE_KEYS)) return false;
    const struct config_node *of[RULE_KEYS];
    for (int i = 0; i < RULE_KEYS; i++) of[i] = config_node_member(node, rule_keys[i]);
    bool good = read_zone(loading, node, of[KEY_ZONE], index, &rule->name);
    good = take_places(loading, of[KEY_ALLOW], &rule->allow) && good;
    good = take_places(loading, of[KEY_CONDITIONAL], &rule->conditional) && good;
    good = read_else(loading, of[KEY_ELSE], &rule->otherwise) && good;
    if (of[KEY_NAME] != NULL && (of[KEY_NAME]->kind != CONFIG_TEXT || !residency_is_name(of[KEY_NAME]->text)))
        return problem_report(&loading->scope, of[KEY_NAME],
                              "name: expected letters, digits and _ . -, at most %u bytes", RESIDENCY_NAME_BYTES_MAX);
    if (of[KEY_NAME] != NULL) rule->name = residency_keep(loading, of[KEY_NAME]->text);
    uint64_t both = rule->allow & rule->conditional;
    if (good && both != 0 && rule->allow != UINT64_MAX && rule->conditional != UINT64_MAX)
        return problem_report(&loading->scope, node, "place %s stands in allow and in conditional",
                              loading->policy->places[__builtin_ctzll(both)]);
    if (rule->allow != UINT64_MAX) rule->conditional &= ~rule->allow;
    if (rule->conditional != UINT64_MAX) rule->allow &= ~rule->conditional; /* what is named counts more than "*" */
    return good && rule->name != NULL;
}

bool residency_rules_load(struct residency_loading *loading, const struct config_node *rules) {
    struct residency_policy *policy = loading->policy;
    problem_scope_set(&loading->scope, "residency.rules");
    if (rules->kind != CONFIG_LIST || rules->count == 0 || rules->count > RESIDENCY_ZONES_MAX)
        return problem_report(&loading->scope, rules,
                              "expected a list of at most %u rules such as {zone: %s, allow: [%s]}",
                              RESIDENCY_ZONES_MAX, policy->zones[0].name, policy->places[0]);
    bool good = true;
    for (const struct config_node *node = rules->first; node != NULL; node = node->next) {
        uint8_t index = (uint8_t)policy->rules_count++;
        problem_scope_set(&loading->scope, "residency.rules %u", index + 1u);
        good = load_rule(loading, node, index) && good;
    }
    /* bits beyond the places that there are in the end would count in the digest */
    uint64_t all = policy->places_count < 64 ? ((uint64_t)1 << policy->places_count) - 1 : UINT64_MAX;
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        policy->rules[i].allow &= all;
        policy->rules[i].conditional &= all;
    }
    return good;
}
