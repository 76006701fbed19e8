/* Networks go into a set that says itself which ones overlap; which two it were is looked for only then.
 *
 * Inline networks come first, so that an overlap with a published list, which may overlap itself, is nobody's mistake.
 *
 * Threads: see the header. */
#include "config/chain_peers.h"

#include <stdio.h>

#include "base/check.h"
#include "base/whole_file.h"
#include "config/option_value.h"
#include "schemas/limits.h"

enum { KEY_FILE, KEY_AWS, KEY_REGION, KEYS };
static const char *const item_keys[KEYS] = {"file", "aws", "region"};

#define NAMES_MAX 128u /* services or regions of a list that can be suggested; AWS has some 30 of each */

struct loading {
    const struct problem_scope *scope;
    struct cidr_set *set;
};

/* --- inline ---------------------------------------------------------------------------------------- */

static bool holds(const struct cidr *outer, const struct cidr *inner) {
    if (outer->family != inner->family || outer->bits > inner->bits) return false;
    uint32_t bits = outer->bits + (outer->family == IP_V4 ? 96u : 0), whole = bits / 8, rest = bits % 8;
    const uint8_t *a = outer->network.bytes, *b = inner->network.bytes;
    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* Says with which earlier network of the hop one overlaps. */
static bool report_overlap(const struct loading *loading, const struct config_node *first,
                           const struct config_node *node, const struct cidr *cidr) {
    const char *problem;
    if (loading->scope->problems->errors_count >= PROBLEMS_MAX) /* would not be kept, and the search is long */
        return problem_report(loading->scope, node, "peers: one more that overlaps");
    for (const struct config_node *other = first; other != node; other = other->next) {
        struct cidr earlier;
        if (other->kind != CONFIG_TEXT || !cidr_parse(other->text, &earlier, &problem)) continue;
        bool inside = holds(&earlier, cidr), around = holds(cidr, &earlier);
        if (inside && around) return problem_report(loading->scope, node, "peers: %s is given twice", node->text.ptr);
        if (inside || around)
            return problem_report(loading->scope, node, "peers: %s is already inside %s: leave it out",
                                  (inside ? node : other)->text.ptr, (inside ? other : node)->text.ptr);
    }
    ASSERT(false); /* the set knows no other networks */
    return false;
}

static bool add_inline(const struct loading *loading, const struct config_node *first, const struct config_node *node) {
    struct cidr cidr;
    const char *problem;
    if (!cidr_parse(node->text, &cidr, &problem))
        return problem_report(loading->scope, node, "peers: %s %s", option_value_shown(node->text.ptr).text, problem);
    enum cidr_added added = cidr_set_add(loading->set, &cidr);
    if (added == CIDR_NO_MEMORY) return problem_no_memory(loading->scope);
    if (added == CIDR_ADDED || loading->scope->file == NULL) return true;
    return report_overlap(loading, first, node, &cidr);
}

/* --- files ----------------------------------------------------------------------------------------- */

/* A relative path starts where the config stands; false: too long. */
static bool path_from_config(const char *config, const char *path, char out[PATH_BYTES_MAX]) {
    const char *slash = path[0] == '/' ? NULL : strrchr(config, '/');
    int folder_bytes = slash != NULL ? (int)(slash + 1 - config) : 0;
    int bytes = snprintf(out, PATH_BYTES_MAX, "%.*s%s", folder_bytes, config, path);
    return bytes > 0 && (size_t)bytes < PATH_BYTES_MAX;
}

static struct slice trimmed(struct slice text) {
    while (text.len > 0 && strchr(" \t\r", text.ptr[0]) != NULL) text = (struct slice){text.ptr + 1, text.len - 1};
    while (text.len > 0 && strchr(" \t\r", text.ptr[text.len - 1]) != NULL) text.len--;
    return text;
}

/* What stands in the file is named with its place there. */
static bool add_lines(const struct loading *loading, const char *path, struct slice text) {
    bool good = true, any = false;
    struct config_place place = {1, 1};
    for (size_t at = 0; at < text.len; place.line++) {
        struct slice rest = {text.ptr + at, text.len - at};
        const char *end = memchr(rest.ptr, '\n', rest.len);
        struct slice line = {rest.ptr, end != NULL ? (size_t)(end - rest.ptr) : rest.len};
        at += line.len + 1;
        const char *comment = line.len > 0 ? memchr(line.ptr, '#', line.len) : NULL;
        if (comment != NULL) line.len = (size_t)(comment - line.ptr);
        line = trimmed(line);
        if (line.len == 0) continue;
        struct cidr cidr;
        const char *problem;
        char shown[65];
        snprintf(shown, sizeof shown, "%.*s", line.len < 64 ? (int)line.len : 64, line.ptr);
        any = true;
        if (!cidr_parse(line, &cidr, &problem)) {
            good = problem_report_in(loading->scope, path, place, "peers: %s %s", option_value_shown(shown).text,
                                     problem);
        } else if (cidr_set_add(loading->set, &cidr) == CIDR_NO_MEMORY) {
            return problem_no_memory(loading->scope);
        }
    }
    if (any) return good;
    return problem_report_in(loading->scope, path, (struct config_place){0},
                             "peers: no network in it; write one a line, such as 10.0.0.0/16");
}

/* --- ip-ranges.json --------------------------------------------------------------------------------- */

/* What one list of AWS is searched for, and what there would have been. */
struct selection {
    const struct config_node *service, *regions; /* regions: a text, a list of texts, or NULL */
    const char *services[NAMES_MAX], *regions_known[NAMES_MAX];
    size_t services_count, regions_count;
    size_t networks_count; /* selected */
};

static void remember(const char **names, size_t *count, const char *name) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0) return;
    if (*count < NAMES_MAX) names[(*count)++] = name;
}

/* Whether `wanted`, a text or a list of texts, has that one. */
static bool has_text(const struct config_node *wanted, struct slice text) {
    if (wanted->kind == CONFIG_TEXT) return slice_equal(wanted->text, text);
    for (const struct config_node *item = wanted->first; item != NULL; item = item->next)
        if (slice_equal(item->text, text)) return true;
    return false;
}

/* One of the two arrays of the list: `prefixes` with ip_prefix, `ipv6_prefixes` with ipv6_prefix. */
static bool add_prefixes(const struct loading *loading, const char *path, const struct config_node *prefixes,
                         const char *key, struct selection *selection) {
    if (prefixes == NULL || prefixes->kind != CONFIG_LIST)
        return problem_report_in(loading->scope, path, (struct config_place){0},
                                 "peers: is not AWS's ip-ranges.json: it has no prefixes and ipv6_prefixes");
    for (const struct config_node *item = prefixes->first; item != NULL; item = item->next) {
        const struct config_node *prefix = config_node_member(item, key), *region = config_node_member(item, "region"),
                                 *service = config_node_member(item, "service");
        if (prefix == NULL || region == NULL || service == NULL || prefix->kind != CONFIG_TEXT ||
            region->kind != CONFIG_TEXT || service->kind != CONFIG_TEXT)
            return problem_report_in(loading->scope, path, (struct config_place){0},
                                     "peers: is not AWS's ip-ranges.json: an item without %s, region and service", key);
        remember(selection->services, &selection->services_count, service->text.ptr);
        remember(selection->regions_known, &selection->regions_count, region->text.ptr);
        if (!slice_equal(service->text, selection->service->text)) continue;
        if (selection->regions != NULL && !has_text(selection->regions, region->text)) continue;
        struct cidr cidr;
        const char *problem;
        if (!cidr_parse(prefix->text, &cidr, &problem))
            return problem_report_in(loading->scope, path, (struct config_place){0}, "peers: %s %s",
                                     option_value_shown(prefix->text.ptr).text, problem);
        if (cidr_set_add(loading->set, &cidr) == CIDR_NO_MEMORY) return problem_no_memory(loading->scope);
        selection->networks_count++;
    }
    return true;
}

/* False, with what could have been meant, when `node` is none of the names. */
static bool is_known(const struct loading *loading, const struct config_node *node, const char *what,
                     const char *const *names, size_t names_count) {
    for (size_t i = 0; i < names_count; i++)
        if (config_node_is(node, names[i])) return true;
    return problem_unknown(loading->scope, node, what, names, names_count);
}

static bool explain_selection(const struct loading *loading, const struct selection *selection) {
    if (!is_known(loading, selection->service, "service of peers", selection->services, selection->services_count))
        return false;
    const struct config_node *regions = selection->regions;
    if (regions == NULL) return true;
    bool good = true;
    for (const struct config_node *item = regions->kind == CONFIG_LIST ? regions->first : regions; item != NULL;
         item = regions->kind == CONFIG_LIST ? item->next : NULL)
        good = is_known(loading, item, "region of peers", selection->regions_known, selection->regions_count) && good;
    if (!good || selection->networks_count > 0) return good;
    return problem_report(loading->scope, regions,
                          "peers: the file has no network of %s there; leave region out or name another",
                          option_value_shown(selection->service->text.ptr).text);
}

static bool add_aws(const struct loading *loading, const char *path, struct slice text, struct selection *selection) {
    struct arena arena = {0};
    const struct config_node *root;
    struct error error;
    enum status status = config_tree_from_json(&arena, text, &root, &error);
    bool good = false;
    if (status == STATUS_FAILED) {
        problem_no_memory(loading->scope);
    } else if (status == STATUS_USAGE) {
        problem_report_in(loading->scope, path, (struct config_place){0}, "peers: %s", error.message);
    } else {
        good = add_prefixes(loading, path, config_node_member(root, "prefixes"), "ip_prefix", selection) &&
               add_prefixes(loading, path, config_node_member(root, "ipv6_prefixes"), "ipv6_prefix", selection) &&
               explain_selection(loading, selection);
    }
    arena_destroy(&arena);
    return good;
}

/* --- items ----------------------------------------------------------------------------------------- */

static bool is_plain_text(const struct config_node *node) {
    return node->kind == CONFIG_TEXT && node->text.len > 0 && memchr(node->text.ptr, '\0', node->text.len) == NULL;
}

/* {file: ..} or {aws: .., file: ..}: its members, each of its kind. */
static bool read_item(const struct problem_scope *scope, const struct config_node *node,
                      const struct config_node *of[KEYS]) {
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        size_t key = 0;
        while (key < KEYS && !slice_equal(member->key, slice_from(item_keys[key]))) key++;
        if (key == KEYS) return problem_unknown_key(scope, member, item_keys, KEYS);
        of[key] = member;
        bool good = is_plain_text(member) || (key == KEY_REGION && member->kind == CONFIG_LIST && member->count > 0);
        for (const struct config_node *item = member->first; item != NULL; item = item->next)
            good = good && is_plain_text(item);
        if (!good)
            return problem_report(scope, member, "peers: %s: expected %s", item_keys[key],
                                  key == KEY_REGION ? "a region or a list of them" : "a text");
    }
    if (of[KEY_FILE] == NULL && of[KEY_AWS] == NULL)
        return problem_report(scope, node,
                              "peers: expected a network, {file: PATH}, or {aws: SERVICE, file: ip-ranges.json}");
    if (of[KEY_FILE] == NULL)
        return problem_report(scope, node,
                              "peers: no \"file\": write where AWS's list is, such as {aws: %s, file: "
                              "ip-ranges.json}; it is at https://ip-ranges.amazonaws.com/ip-ranges.json",
                              of[KEY_AWS]->text.ptr);
    if (of[KEY_REGION] != NULL && of[KEY_AWS] == NULL)
        return problem_report(scope, of[KEY_REGION],
                              "peers: region selects from AWS's list; write aws: SERVICE beside it");
    return true;
}

static bool add_file(const struct loading *loading, const struct config_node *node) {
    const struct problem_scope *scope = loading->scope;
    const struct config_node *of[KEYS] = {NULL};
    if (!read_item(scope, node, of)) return false;
    ASSERT(of[KEY_FILE] != NULL);
    if (scope->file == NULL)
        return problem_report(scope, node, "peers: files belong into a config; write the networks");
    char path[PATH_BYTES_MAX];
    struct slice text;
    struct error error;
    if (!path_from_config(scope->file, of[KEY_FILE]->text.ptr, path))
        return problem_report(scope, of[KEY_FILE], "peers: expected a path of at most %u bytes", PATH_BYTES_MAX - 1);
    enum status status = whole_file_read(path, PEERS_FILE_BYTES_MAX, &text, &error);
    if (status == STATUS_FAILED) return problem_no_memory(scope);
    if (status != STATUS_OK) return problem_report(scope, of[KEY_FILE], "peers: %.300s: %s", path, error.message);
    struct selection selection = {.service = of[KEY_AWS], .regions = of[KEY_REGION]};
    bool good = of[KEY_AWS] == NULL ? add_lines(loading, path, text) : add_aws(loading, path, text, &selection);
    whole_file_free(text);
    return good;
}

struct cidr_set *chain_peers_load(const struct problem_scope *scope, const struct config_node *node) {
    struct loading loading = {.scope = scope, .set = cidr_set_new()};
    if (loading.set == NULL) {
        problem_no_memory(scope);
        return NULL;
    }
    bool list = node->kind == CONFIG_LIST;
    const struct config_node *first = list ? node->first : node;
    bool good = true;
    if (list && node->count == 0)
        good = problem_report(scope, node,
                              "peers: expected networks, got an empty list; leave the hop out if it is not there");
    for (const struct config_node *item = first; item != NULL; item = list ? item->next : NULL)
        if (item->kind == CONFIG_TEXT) good = add_inline(&loading, first, item) && good;
    for (const struct config_node *item = first; item != NULL; item = list ? item->next : NULL) {
        if (item->kind == CONFIG_MAPPING) {
            good = add_file(&loading, item) && good;
        } else if (item->kind != CONFIG_TEXT) {
            good = problem_report(scope, item, "peers: expected a network such as 10.0.0.0/16, got %s",
                                  config_node_kind_name(item));
        }
    }
    if (good) return loading.set;
    cidr_set_free(loading.set);
    return NULL;
}
