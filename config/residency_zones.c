/* Lists, and zones made of them: each country belongs to the first zone that names it.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "base/country.h"
#include "config/option_value.h"
#include "config/residency_parts.h"

/* --- lists ------------------------------------------------------------------------------------------ */

/* Where a list is: from where the config stands, else among those that come with wherefrom. */
static bool find_list(const struct residency_loading *loading, const struct config_node *node,
                      char path[PATH_BYTES_MAX]) {
    const char *config = loading->scope.file, *name = node->text.ptr;
    const char *slash = name[0] == '/' || config == NULL ? NULL : strrchr(config, '/');
    int folder_bytes = slash != NULL ? (int)(slash + 1 - config) : 0;
    int bytes = snprintf(path, PATH_BYTES_MAX, "%.*s%s", folder_bytes, folder_bytes > 0 ? config : "", name);
    if (bytes < (int)PATH_BYTES_MAX && access(path, F_OK) == 0) return true;
    if (name[0] == '/' || loading->lists_folder == NULL)
        return problem_report(&loading->scope, node, "%s: no such file", option_value_shown(path).text);
    bytes = snprintf(path, PATH_BYTES_MAX, "%s/%s", loading->lists_folder, name);
    if (bytes < (int)PATH_BYTES_MAX && access(path, F_OK) == 0) return true;
    return problem_report(
        &loading->scope, node,
        "%s: no such file, neither beside the config nor among the lists that come with wherefrom (%s)",
        option_value_shown(name).text, loading->lists_folder);
}

bool residency_lists_load(struct residency_loading *loading, const struct config_node *lists) {
    struct residency_policy *policy = loading->policy;
    if (lists == NULL) return true;
    problem_scope_set(&loading->scope, "residency.lists");
    bool good = true;
    const struct config_node *item = residency_first_item(lists);
    for (; item != NULL; item = residency_next_item(lists, item)) {
        char path[PATH_BYTES_MAX];
        if (item->kind != CONFIG_TEXT || item->text.len == 0 || strlen(item->text.ptr) != item->text.len) {
            good = problem_report(&loading->scope, item,
                                  "expected the name of a file, such as eu-eea-2026-02.list, got %s",
                                  config_node_kind_name(item));
        } else if (policy->lists_count == RESIDENCY_LISTS_MAX) {
            return problem_report(&loading->scope, item, "expected at most %u lists, got more", RESIDENCY_LISTS_MAX);
        } else if (!find_list(loading, item, path) ||
                   !residency_list_read(loading, item, path, &policy->lists[policy->lists_count++])) {
            good = false;
        }
    }
    return good;
}

/* --- zones ------------------------------------------------------------------------------------------ */

/* Puts a country into the zone, unless an earlier zone or item has it. */
static void take_country(struct residency_policy *policy, uint32_t index, uint8_t zone, bool conditional) {
    struct residency_country *country = &policy->countries[index];
    if (country->zone != RESIDENCY_INDEX_NONE) return;
    country->zone = zone;
    country->conditional = conditional;
}

static bool take_set(const struct residency_loading *loading, const struct config_node *item, uint8_t zone) {
    const char *names[RESIDENCY_SETS_MAX];
    for (uint32_t i = 0; i < loading->sets_count; i++) {
        const struct residency_set *set = &loading->sets[i];
        names[i] = set->name;
        if (strcmp(set->name, item->text.ptr + 1) != 0) continue;
        for (uint32_t code = 0; code < RESIDENCY_CODES; code++)
            if (set->members[code] != MEMBER_NOT)
                take_country(loading->policy, code, zone, set->members[code] == MEMBER_CONDITIONAL);
        return true;
    }
    if (loading->sets_count == 0)
        return problem_report(&loading->scope, item,
                              "%s: no list is there; write lists: [eu-eea-2026-02.list] beside zones:",
                              option_value_shown(item->text.ptr).text);
    struct config_node name = *item;
    name.text = (struct slice){item->text.ptr + 1, item->text.len - 1};
    return problem_unknown(&loading->scope, &name, "set of the lists", names, loading->sets_count);
}

static bool take_item(const struct residency_loading *loading, const struct config_node *item, uint8_t zone) {
    if (item->kind != CONFIG_TEXT || strlen(item->text.ptr) != item->text.len)
        return problem_report(&loading->scope, item,
                              "expected a country such as IS, a set such as \"@eu\", or \"*\" for all others, got %s",
                              config_node_kind_name(item));
    if (item->text.len > 0 && item->text.ptr[0] == '@') return take_set(loading, item, zone);
    if (config_node_is(item, "*")) {
        for (uint32_t code = 0; code < RESIDENCY_CODES; code++)
            if (loading->policy->countries[code].is_country) take_country(loading->policy, code, zone, false);
        return true;
    }
    uint32_t index = residency_code_index(item->text);
    if (index == RESIDENCY_CODES)
        return problem_report(&loading->scope, item, "%s is no ISO 3166-1 code of a country, such as IS%s",
                              option_value_shown(item->text.ptr).text, residency_code_advice(item->text).text);
    take_country(loading->policy, index, zone, false);
    return true;
}

static uint32_t count_countries(const struct residency_policy *policy, uint8_t zone) {
    uint32_t count = 0;
    for (uint32_t code = 0; code < RESIDENCY_CODES; code++)
        count += policy->countries[code].is_country && policy->countries[code].zone == zone;
    return count;
}

static bool load_zone(struct residency_loading *loading, const struct config_node *node) {
    struct residency_policy *policy = loading->policy;
    problem_scope_set(&loading->scope, "residency.zones");
    if (!residency_is_name(node->key) || slice_equal(node->key, SLICE(RESIDENCY_UNKNOWN)))
        return problem_report(
            &loading->scope, node,
            "expected a name of letters, digits and _ . -, at most %u bytes, and not \"unknown\", got %s",
            RESIDENCY_NAME_BYTES_MAX, option_value_shown(node->key.ptr).text);
    if (policy->zones_count == RESIDENCY_ZONES_MAX)
        return problem_report(&loading->scope, node, "expected at most %u zones, got more", RESIDENCY_ZONES_MAX);
    problem_scope_set(&loading->scope, "residency.zones.%s", node->key.ptr);
    uint8_t zone = (uint8_t)policy->zones_count++;
    policy->zones[zone] = (struct residency_zone){.name = residency_keep(loading, node->key),
                                                  .rule = RESIDENCY_INDEX_NONE};
    bool good = policy->zones[zone].name != NULL;
    const struct config_node *item = residency_first_item(node);
    for (; item != NULL; item = residency_next_item(node, item)) good = take_item(loading, item, zone) && good;
    if (!good || count_countries(policy, zone) > 0) return good;
    return problem_report(&loading->scope, node,
                          node->kind == CONFIG_LIST && node->count == 0
                              ? "no country is in it; write some, such as [IS, LI]"
                              : "no country can be in it: zones in front of it have all of them; put it in front, or "
                                "leave it out");
}

/* Countries that no zone has: their clients are said to be indeterminate. */
static void warn_left_out(const struct residency_loading *loading, const struct config_node *zones) {
    const struct residency_policy *policy = loading->policy;
    uint32_t count = count_countries(policy, RESIDENCY_INDEX_NONE), code = 0;
    if (count == 0) return;
    while (!policy->countries[code].is_country || policy->countries[code].zone != RESIDENCY_INDEX_NONE) code++;
    problem_warn(
        &loading->scope, zones,
        "%u countries are in no zone, %c%c for example: their records are indeterminate (no-rule); a last zone "
        "such as other: [\"*\"] takes them",
        count, (char)('A' + code / 26), (char)('A' + code % 26));
}

bool residency_zones_load(struct residency_loading *loading, const struct config_node *zones) {
    struct residency_policy *policy = loading->policy;
    problem_scope_set(&loading->scope, "residency.zones");
    if (zones->kind != CONFIG_MAPPING || zones->count == 0)
        return problem_report(&loading->scope, zones,
                              "expected names of zones and their countries, such as {ch: [CH], other: [\"*\"]}, got %s",
                              zones->kind == CONFIG_MAPPING ? "none" : config_node_kind_name(zones));
    for (uint32_t code = 0; code < RESIDENCY_CODES; code++) policy->countries[code].zone = RESIDENCY_INDEX_NONE;
    uint16_t number = COUNTRY_KOSOVO;
    for (uint32_t i = 0; number != COUNTRY_NONE; number = country_iso(i++))
        policy->countries[residency_code_index(slice_from(country_code(number).text))].is_country = true;
    bool good = true;
    for (const struct config_node *node = zones->first; node != NULL; node = node->next)
        good = load_zone(loading, node) && good;
    problem_scope_set(&loading->scope, "residency.zones");
    if (good) warn_left_out(loading, zones);
    return good;
}
