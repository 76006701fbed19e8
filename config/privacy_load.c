/* Zone by zone; what the zones leave open is settled behind that.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/privacy_load.h"

#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_text.h"

#define KEY_TEXT_BYTES_MIN 16u /* shorter ones could be tried out */
#define ROTATE_SECONDS_MIN 60u
#define ROTATE_SECONDS_MAX (366u * 86400)
#define V4_BITS_USUAL 24u
#define V6_BITS_USUAL 48u

enum zone_key { KEY_IP, KEY_V4, KEY_V6, KEY_UA, KEY_FILE, KEY_ENV, KEY_ROTATE, KEY_KEEP_RAW, ZONE_KEYS };
static const char *const zone_keys[ZONE_KEYS] = {"ip", "v4", "v6", "ua", "key_file", "key_env", "rotate", "keep_raw"};
static const char *const keep_or_drop[] = {"keep", "drop"};
static const char *const no_or_yes[] = {"false", "true"};

/* What is made of a key's text, which is wiped then. */
struct keys {
    bool given;
    uint8_t id[PRIVACY_KEY_BYTES], address[PRIVACY_KEY_BYTES];
};

/* A section that is being read. */
struct loading {
    struct problem_scope scope;
    const struct residency_policy *policy;
    struct privacy *privacy;
    struct arena arena; /* texts of keys */
    struct keys keys;   /* of the section, else of the first zone with some */
    bool named[RESIDENCY_ZONES_MAX];
    bool has_others; /* "*" */
    struct privacy_rule others;
};

/* --- values ----------------------------------------------------------------------------------------- */

/* A node's word among `words`; the value stays when it is not given. */
static bool read_word(struct loading *loading, const struct config_node *node, const char *const *words,
                      uint32_t words_count, uint32_t *value) {
    if (node == NULL) return true;
    for (uint32_t i = 0; i < words_count; i++) {
        if (!config_node_is(node, words[i])) continue;
        *value = i;
        return true;
    }
    char what[64];
    snprintf(what, sizeof what, "value of %s", node->key.ptr);
    if (node->kind == CONFIG_TEXT) return problem_unknown(&loading->scope, node, what, words, words_count);
    return problem_report(&loading->scope, node, "%s: expected a word such as %s, got %s", node->key.ptr, words[0],
                          config_node_kind_name(node));
}

static bool read_bits(struct loading *loading, const struct config_node *node, uint8_t least, uint8_t most,
                      uint8_t *bits) {
    if (node == NULL) return true;
    const struct option_spec spec = {.kind = OPTION_COUNT, .min = least, .max = most};
    union option_value parsed;
    struct error reason;
    if (config_text_is(node) && option_value_parse(&spec, node->text.ptr, &parsed, &reason) == STATUS_OK) {
        *bits = (uint8_t)parsed.number;
        return true;
    }
    return problem_report(&loading->scope, node,
                          "%s: expected the bits that are left of an address, %u to %u (longer networks are of few "
                          "people), got %s",
                          node->key.ptr, least, most, config_text_shown(node).text);
}

/* "24h" */
static bool read_rotate(struct loading *loading, const struct config_node *node, uint32_t *seconds) {
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t number = 0, length = 0;
    size_t digits = 0;
    if (node == NULL) return true;
    if (config_text_is(node)) {
        for (; digits < 9 && node->text.ptr[digits] >= '0' && node->text.ptr[digits] <= '9'; digits++)
            number = 10 * number + (uint64_t)(node->text.ptr[digits] - '0');
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (node->text.len == digits + 1 && node->text.ptr[digits] == units[i].unit)
                length = number * units[i].seconds;
    }
    *seconds = (uint32_t)length;
    if (length >= ROTATE_SECONDS_MIN && length <= ROTATE_SECONDS_MAX) return true;
    return problem_report(&loading->scope, node, "rotate: expected a time such as 24h or 7d, from 60s to 366d, got %s",
                          config_text_shown(node).text);
}

static void derive(const char *key, const char *purpose, uint8_t derived[PRIVACY_KEY_BYTES]) {
    struct hmac_sha256_ctx hmac;
    hmac_sha256_set_key(&hmac, strlen(key), (const uint8_t *)key);
    hmac_sha256_update(&hmac, strlen(purpose), (const uint8_t *)purpose);
    hmac_sha256_digest(&hmac, PRIVACY_KEY_BYTES, derived);
    explicit_bzero(&hmac, sizeof hmac);
}

/* One of both members, or none. */
static bool read_key(struct loading *loading, const struct config_node *file, const struct config_node *environment,
                     struct keys *keys) {
    const char *text;
    if (file == NULL && environment == NULL) return true;
    const struct config_node *node = file != NULL ? file : environment;
    if (file != NULL && environment != NULL)
        return problem_report(&loading->scope, environment, "key_file and key_env are both given; give one of them");
    if (!config_text_read(&loading->arena, &loading->scope, node, file != NULL ? TEXT_FROM_FILE : TEXT_FROM_ENVIRONMENT,
                          &text))
        return false;
    size_t bytes = strlen(text);
    keys->given = bytes >= KEY_TEXT_BYTES_MIN;
    derive(text, "wherefrom event.id", keys->id);
    derive(text, "wherefrom address", keys->address);
    explicit_bzero((char *)(uintptr_t)text, bytes);
    if (keys->given) return true;
    return problem_report(&loading->scope, node,
                          "%s: the key has %zu characters, and fewer than %u could be tried out; make one with "
                          "`openssl rand -hex 32`",
                          node->key.ptr, bytes, KEY_TEXT_BYTES_MIN);
}

/* --- zones ------------------------------------------------------------------------------------------ */

/* Keys that say nothing beside what the zone does with addresses. */
static bool check_meaning(struct loading *loading, const struct config_node *const *of,
                          const struct privacy_rule *rule) {
    static const struct {
        enum zone_key key;
        enum privacy_address address;
    } meanings[] = {{KEY_V4, PRIVACY_TRUNCATE},
                    {KEY_V6, PRIVACY_TRUNCATE},
                    {KEY_FILE, PRIVACY_HMAC},
                    {KEY_ENV, PRIVACY_HMAC},
                    {KEY_ROTATE, PRIVACY_HMAC}};
    bool good = true;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (of[meanings[i].key] != NULL && rule->address != meanings[i].address)
            good = problem_report(&loading->scope, of[meanings[i].key], "%s: means something with ip: %s only",
                                  zone_keys[meanings[i].key], privacy_address_names[meanings[i].address]);
    if (rule->drop_agent && rule->keep_raw)
        good = problem_report(&loading->scope, of[KEY_KEEP_RAW],
                              "keep_raw: what is kept may have the user agent in it, which ua: drop forbids");
    return good;
}

static bool load_zone(struct loading *loading, const struct config_node *zone, struct privacy_rule *rule) {
    const struct config_node *of[ZONE_KEYS];
    struct keys keys = {.given = false};
    uint32_t address = PRIVACY_KEEP, drop_agent = 0, keep_raw = 0;
    problem_scope_set(&loading->scope, "residency.privacy.%s", zone->key.ptr);
    if (zone->kind != CONFIG_MAPPING)
        return problem_report(&loading->scope, zone, "expected keys such as {ip: truncate, v4: 24, v6: 48}, got %s",
                              config_node_kind_name(zone));
    for (int i = 0; i < ZONE_KEYS; i++) of[i] = config_node_member(zone, zone_keys[i]);
    bool good = problem_check_keys(&loading->scope, zone, zone_keys, ZONE_KEYS);
    if (of[KEY_IP] == NULL)
        return problem_report(&loading->scope, zone,
                              "no \"ip\"; say what leaves of an address: truncate, hmac, drop or keep");
    good = read_word(loading, of[KEY_IP], privacy_address_names, PRIVACY_ADDRESSES, &address) && good;
    *rule = (struct privacy_rule){.address = (uint8_t)address, .v4_bits = V4_BITS_USUAL, .v6_bits = V6_BITS_USUAL};
    good = read_word(loading, of[KEY_UA], keep_or_drop, 2, &drop_agent) && good;
    keep_raw = address == PRIVACY_KEEP && drop_agent == 0;
    good = read_word(loading, of[KEY_KEEP_RAW], no_or_yes, 2, &keep_raw) && good;
    rule->drop_agent = drop_agent != 0;
    rule->keep_raw = keep_raw != 0;
    good = read_bits(loading, of[KEY_V4], PRIVACY_V4_BITS_MIN, PRIVACY_V4_BITS_MAX, &rule->v4_bits) && good;
    good = read_bits(loading, of[KEY_V6], PRIVACY_V6_BITS_MIN, PRIVACY_V6_BITS_MAX, &rule->v6_bits) && good;
    good = read_rotate(loading, of[KEY_ROTATE], &rule->rotate_seconds) && good;
    good = good && check_meaning(loading, of, rule);
    if (!good || !read_key(loading, of[KEY_FILE], of[KEY_ENV], &keys)) return false;
    rule->own_key = keys.given;
    memcpy(rule->key, keys.address, sizeof rule->key);
    if (keys.given && !loading->keys.given) loading->keys = keys;
    explicit_bzero(&keys, sizeof keys);
    return true;
}

/* Index of a zone's name; zones_count: there is none. */
static uint32_t find_zone(const struct residency_policy *policy, struct slice name) {
    uint32_t i = 0;
    while (i < policy->zones_count && !slice_equal(slice_from(policy->zones[i].name), name)) i++;
    return i;
}

static bool unknown_zone(struct loading *loading, const struct config_node *member) {
    const char *names[RESIDENCY_ZONES_MAX + 3] = {"key_file", "key_env", "*"};
    for (uint32_t i = 0; i < loading->policy->zones_count; i++) names[i + 3] = loading->policy->zones[i].name;
    problem_scope_set(&loading->scope, "residency.privacy");
    return problem_unknown_key(&loading->scope, member, names, loading->policy->zones_count + 3);
}

static bool load_zones(struct loading *loading, const struct config_node *section) {
    bool good = true;
    for (const struct config_node *member = section->first; member != NULL; member = member->next) {
        if (slice_equal(member->key, SLICE("key_file")) || slice_equal(member->key, SLICE("key_env"))) continue;
        uint32_t zone = find_zone(loading->policy, member->key);
        bool is_others = slice_equal(member->key, SLICE("*"));
        if (!is_others && zone == loading->policy->zones_count) {
            good = unknown_zone(loading, member);
            continue;
        }
        if (is_others) loading->has_others = true;
        if (!is_others) loading->named[zone] = true;
        good = load_zone(loading, member, is_others ? &loading->others : &loading->privacy->zones[zone]) && good;
    }
    return good;
}

/* --- what was left open ----------------------------------------------------------------------------- */

static bool changes(const struct privacy_rule *rule) {
    return rule->address != PRIVACY_KEEP || rule->drop_agent || !rule->keep_raw;
}

static uint8_t least(uint8_t a, uint8_t b) {
    return a < b ? a : b;
}

/* Of clients that may be anybody's: what is right for those of any zone. */
static struct privacy_rule rule_of_unknown(const struct loading *loading) {
    struct privacy_rule rule = {.address = PRIVACY_KEEP, .v4_bits = V4_BITS_USUAL, .v6_bits = V6_BITS_USUAL};
    for (uint32_t i = 0; i < loading->policy->zones_count; i++) {
        const struct privacy_rule *other = &loading->privacy->zones[i];
        if (other->address != PRIVACY_KEEP) rule.address = PRIVACY_TRUNCATE;
        rule.v4_bits = least(rule.v4_bits, other->v4_bits);
        rule.v6_bits = least(rule.v6_bits, other->v6_bits);
        rule.drop_agent |= other->drop_agent;
    }
    return rule;
}

/* False: nothing is to be done to any record. */
static bool settle(struct loading *loading) {
    const struct privacy_rule kept = {
        .address = PRIVACY_KEEP, .v4_bits = V4_BITS_USUAL, .v6_bits = V6_BITS_USUAL, .keep_raw = true};
    struct privacy *privacy = loading->privacy;
    bool any = loading->has_others && changes(&loading->others);
    for (uint32_t i = 0; i < loading->policy->zones_count; i++) {
        if (!loading->named[i]) privacy->zones[i] = loading->has_others ? loading->others : kept;
        any = any || changes(&privacy->zones[i]);
    }
    privacy->unknown = rule_of_unknown(loading);
    if (loading->has_others && loading->others.address != PRIVACY_KEEP) privacy->unknown = loading->others;
    return any;
}

static bool settle_keys(struct loading *loading, const struct config_node *section) {
    struct privacy *privacy = loading->privacy;
    problem_scope_set(&loading->scope, "residency.privacy");
    if (!loading->keys.given)
        return problem_report(&loading->scope, section,
                              "no key_file or key_env; event.id is made with a key, since lines could be guessed back "
                              "from one without. Make it with `openssl rand -hex 32`, and keep it: ids change with it");
    memcpy(privacy->id_key, loading->keys.id, sizeof privacy->id_key);
    for (uint32_t i = 0; i < loading->policy->zones_count; i++)
        if (!privacy->zones[i].own_key) memcpy(privacy->zones[i].key, loading->keys.address, PRIVACY_KEY_BYTES);
    if (!privacy->unknown.own_key) memcpy(privacy->unknown.key, loading->keys.address, PRIVACY_KEY_BYTES);
    return true;
}

static bool load(struct loading *loading, const struct config_node *section, bool *any) {
    problem_scope_set(&loading->scope, "residency.privacy");
    if (section->kind != CONFIG_MAPPING)
        return problem_report(&loading->scope, section,
                              "expected zones, such as {key_file: FILE, eea: {ip: truncate, v4: 24, v6: 48}}, got %s",
                              config_node_kind_name(section));
    bool good = read_key(loading, config_node_member(section, "key_file"), config_node_member(section, "key_env"),
                         &loading->keys);
    good = load_zones(loading, section) && good;
    if (!good) return false;
    *any = settle(loading);
    return !*any || settle_keys(loading, section);
}

bool privacy_load(const struct problem_scope *scope, const struct config_node *section,
                  struct residency_policy *policy) {
    if (section == NULL) return true;
    struct loading loading = {.scope = *scope, .policy = policy, .privacy = calloc(1, sizeof *loading.privacy)};
    bool any = false, good = loading.privacy != NULL ? load(&loading, section, &any) : problem_no_memory(scope);
    if (good && any) {
        loading.privacy->policy = policy;
        policy->privacy = loading.privacy;
    } else {
        privacy_unload(loading.privacy);
    }
    arena_destroy(&loading.arena);
    explicit_bzero(&loading, sizeof loading);
    return good;
}

void privacy_unload(struct privacy *privacy) {
    if (privacy == NULL) return;
    explicit_bzero(privacy, sizeof *privacy);
    free(privacy);
}
