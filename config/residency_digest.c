/* A policy as a text that is the same whenever it decides the same: names in order of bytes, countries with their zones, not the words of
 * the config. Whoever changes what decides adds a line here.
 *
 * Threads: see the header. */
#define _GNU_SOURCE /* strdup */
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "config/residency_parts.h"

static struct residency_digest finish(struct sha256_ctx *context) {
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SHA256_DIGEST_SIZE];
    struct residency_digest digest = {"sha256:"};
    sha256_digest(context, sizeof bytes, bytes);
    char *out = digest.text + strlen(digest.text);
    for (size_t i = 0; i < sizeof bytes; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
    return digest;
}

struct residency_digest residency_digest_of(struct slice text) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, text.len, (const uint8_t *)text.ptr);
    return finish(&context);
}

/* Lines on their way: all of a kind are gathered and sorted, since their order in the config decides nothing. */
struct lines {
    char **items;
    size_t count, items_max;
    bool no_memory;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...) {
    va_list arguments;
    char text[4 * RESIDENCY_NAME_BYTES_MAX];
    va_start(arguments, format);
    int bytes = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ASSERT(bytes > 0 && (size_t)bytes < sizeof text && lines->count < lines->items_max);
    lines->items[lines->count] = strdup(text);
    lines->no_memory = lines->no_memory || lines->items[lines->count] == NULL;
    if (lines->items[lines->count] != NULL) lines->count++;
}

static void add_settings(struct lines *lines, const struct residency_policy *policy) {
    add(lines, "edge %s", residency_edge_names[policy->edge]);
    add(lines, "min_trust %u", policy->min_trust);
    add(lines, "anycast %s", residency_doubt_names[policy->anycast]);
    add(lines, "registered_differs %s", residency_doubt_names[policy->registered_differs]);
    add(lines, "hosting_asn %s", residency_doubt_names[policy->hosting_asn]);
    add(lines, "geo_age_days %u", policy->geo_age_days);
    for (uint32_t i = 0; i < policy->lists_count; i++) add(lines, "list %s", policy->lists[i].digest.text);
}

static void add_countries(struct lines *lines, const struct residency_policy *policy) {
    for (uint32_t i = 0; i < RESIDENCY_CODES; i++) {
        const struct residency_country *country = &policy->countries[i];
        if (!country->is_country || country->zone == RESIDENCY_INDEX_NONE) continue;
        add(lines, "country %c%c %s%s", (char)('A' + i / 26), (char)('A' + i % 26), policy->zones[country->zone].name,
            country->conditional ? " conditional" : "");
    }
}

static void add_rules(struct lines *lines, const struct residency_policy *policy) {
    for (uint32_t i = 0; i < policy->regions_count; i++)
        add(lines, "region %.*s%s %s", (int)policy->regions[i].text.len, policy->regions[i].text.ptr,
            policy->regions[i].prefix ? "*" : "", policy->places[policy->regions[i].place]);
    for (uint32_t zone = 0; zone < policy->zones_count; zone++) {
        const char *name = policy->zones[zone].name;
        if (policy->zones[zone].rule == RESIDENCY_INDEX_NONE) continue;
        const struct residency_rule *rule = &policy->rules[policy->zones[zone].rule];
        add(lines, "rule %s %s else %s", name, rule->name, residency_verdict_names[rule->otherwise]);
        for (uint32_t place = 0; place < policy->places_count; place++) {
            if ((rule->allow >> place & 1) != 0) add(lines, "allow %s %s", name, policy->places[place]);
            if ((rule->conditional >> place & 1) != 0) add(lines, "conditional %s %s", name, policy->places[place]);
        }
    }
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool residency_digest_set(const struct residency_loading *loading) {
    struct residency_policy *policy = loading->policy;
    struct lines lines = {.items_max = 16 + RESIDENCY_LISTS_MAX + RESIDENCY_CODES + RESIDENCY_REGIONS_KNOWN_MAX +
                                       RESIDENCY_ZONES_MAX * (1 + RESIDENCY_PLACES_MAX)};
    lines.items = calloc(lines.items_max, sizeof *lines.items);
    if (lines.items == NULL) return problem_no_memory(&loading->scope);
    add_settings(&lines, policy);
    add_countries(&lines, policy);
    add_rules(&lines, policy);
    qsort(lines.items, lines.count, sizeof *lines.items, by_bytes);
    struct sha256_ctx context;
    sha256_init(&context);
    for (size_t i = 0; i < lines.count; i++) {
        sha256_update(&context, strlen(lines.items[i]), (const uint8_t *)lines.items[i]);
        sha256_update(&context, 1, (const uint8_t *)"\n");
        free(lines.items[i]);
    }
    free(lines.items);
    policy->digest = finish(&context);
    return !lines.no_memory || problem_no_memory(&loading->scope);
}
