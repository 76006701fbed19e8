/* Hops one by one, then what they must be to one another. What a key of a hop may be beside is a table.
 *
 * Threads: see the header. */
#define _GNU_SOURCE
#include "config/chain_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/chain_peers.h"
#include "config/option_value.h"
#include "schemas/client_facts.h"

enum hop_key {
    KEY_TYPE,
    KEY_PEERS,
    KEY_CARRIER,
    KEY_XFF_PORT,
    KEY_OPTIONAL,
    KEY_REPEAT,
    KEY_HEADER,
    KEY_FMT,
    KEY_XFF,
    KEY_SECRET,
    KEY_AS,
    HOP_KEYS
};

#define WITH(carrier) (1u << CARRIER_##carrier)
#define WITH_ANY ((1u << CARRIERS) - 1)

/* Keys of a hop, and the carriers beside which they mean something. */
static const struct {
    const char *name;
    uint32_t carriers;
} hop_keys[HOP_KEYS] = {
    [KEY_TYPE] = {"type", WITH_ANY},
    [KEY_PEERS] = {"peers", WITH_ANY & ~WITH(TRANSPARENT)},
    [KEY_CARRIER] = {"carrier", WITH_ANY},
    [KEY_XFF_PORT] = {"xff_port", WITH(APPEND) | WITH(HEADER)},
    [KEY_OPTIONAL] = {"optional", WITH_ANY & ~WITH(TRANSPARENT)},
    [KEY_REPEAT] = {"repeat", WITH(APPEND)},
    [KEY_HEADER] = {"header", WITH(APPEND) | WITH(HEADER)},
    [KEY_FMT] = {"fmt", WITH(HEADER)},
    [KEY_XFF] = {"xff", WITH(HEADER)},
    [KEY_SECRET] = {"secret", WITH_ANY & ~WITH(TRANSPARENT)},
    [KEY_AS] = {"as", WITH(NONE)},
};

/* What hides behind a hop of these types when nothing else is said. */
static const struct {
    const char *type, *verdict;
} usual_verdicts[] = {{"cloudfront", "cf-edge-only"}, {"ga", "ga-nat"}, {"nlb", "nlb-nat"}};

/* A hop that is being read. */
struct loading {
    struct arena *arena;
    const struct problem_scope *scope;
    struct chain *chain;
    struct hop *hop;
    const struct config_node *node;
    const struct config_node *of[HOP_KEYS]; /* NULL: not given */
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The text of a node that is one; NULL after a report. */
static const char *text_of(const struct problem_scope *scope, const struct config_node *node, const char *what,
                           const char *expected) {
    if (node->kind == CONFIG_TEXT && node->text.len > 0 && strlen(node->text.ptr) == node->text.len)
        return node->text.ptr;
    problem_report(scope, node, "%s: expected %s, got %s", what, expected,
                   node->kind == CONFIG_TEXT ? option_value_shown(node->text.ptr).text : config_node_kind_name(node));
    return NULL;
}

/* --- values of one hop ------------------------------------------------------------------------------ */

static bool read_keys(struct loading *loading) {
    const char *known[HOP_KEYS];
    for (size_t i = 0; i < HOP_KEYS; i++) known[i] = hop_keys[i].name;
    bool good = true;
    for (const struct config_node *member = loading->node->first; member != NULL; member = member->next) {
        size_t key = 0;
        while (key < HOP_KEYS && !slice_equal(member->key, slice_from(known[key]))) key++;
        if (key < HOP_KEYS) {
            loading->of[key] = member;
        } else {
            good = problem_unknown_key(loading->scope, member, known, HOP_KEYS);
        }
    }
    return good;
}

/* a-z, 0-9 and - between them */
static bool is_name(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        bool dash = text.ptr[i] == '-' && i > 0 && i + 1 < text.len && text.ptr[i - 1] != '-';
        if (!dash && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'z') && !(text.ptr[i] >= '0' && text.ptr[i] <= '9'))
            return false;
    }
    return text.len > 0 && text.len <= HOP_NAME_BYTES_MAX;
}

static bool read_type(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_TYPE];
    if (node == NULL)
        return problem_report(loading->scope, loading->node,
                              "no \"type\": write what it is, such as alb, cloudfront, nlb, nginx");
    if (node->kind != CONFIG_TEXT || !is_name(node->text))
        return problem_report(loading->scope, node,
                              "type: expected a name of a-z, 0-9 and -, at most %u bytes, such as alb",
                              HOP_NAME_BYTES_MAX);
    loading->hop->type = arena_copy(loading->arena, node->text).ptr;
    return loading->hop->type != NULL || problem_no_memory(loading->scope);
}

static bool read_carrier(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_CARRIER];
    if (node == NULL)
        return problem_report(loading->scope, loading->node,
                              "no \"carrier\": write how it passes addresses on: append, preserve, remove, pp, header, "
                              "none or transparent");
    const char *text = text_of(loading->scope, node, "carrier", "a word");
    if (text == NULL) return false;
    for (uint32_t i = 0; i < CARRIERS; i++) {
        if (strcmp(carrier_names[i], text) != 0) continue;
        loading->hop->carrier = (uint8_t)i;
        return true;
    }
    return problem_unknown(loading->scope, node, "carrier", carrier_names, CARRIERS);
}

/* A flag that is false might as well not be there: it stands beside any carrier. */
static bool read_flag(struct loading *loading, enum hop_key key, bool *flag) {
    const struct config_node *node = loading->of[key];
    if (node == NULL) return true;
    static const struct option_spec spec = {.kind = OPTION_FLAG};
    union option_value value;
    struct error reason;
    const char *text = text_of(loading->scope, node, hop_keys[key].name, "true or false");
    if (text == NULL) return false;
    if (option_value_parse(&spec, text, &value, &reason) != STATUS_OK)
        return problem_report(loading->scope, node, "%s: %s", hop_keys[key].name, reason.message);
    *flag = value.flag;
    if (!value.flag) loading->of[key] = NULL;
    return true;
}

static bool refuse_strangers(const struct loading *loading) {
    bool good = true;
    for (size_t key = 0; key < HOP_KEYS; key++) {
        if (loading->of[key] == NULL || (hop_keys[key].carriers & 1u << loading->hop->carrier) != 0) continue;
        good = problem_report(loading->scope, loading->of[key], "%s means nothing with carrier %s; leave it out",
                              hop_keys[key].name, carrier_names[loading->hop->carrier]);
    }
    return good;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = lower(text.ptr[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.len > 0;
}

/* Index of a header among those of the chain, which takes it in when it is new. */
static bool add_header(const struct loading *loading, const struct config_node *node, struct slice name,
                       uint8_t *index) {
    struct chain *chain = loading->chain;
    struct slice copy = arena_copy(loading->arena, name);
    if (copy.ptr == NULL) return problem_no_memory(loading->scope);
    char *text = (char *)(uintptr_t)copy.ptr;
    for (size_t i = 0; i < copy.len; i++) text[i] = lower(text[i]);
    for (*index = 0; *index < chain->headers_count; ++*index)
        if (strcmp(chain->headers[*index], text) == 0) return true;
    if (chain->headers_count == CHAIN_HEADERS_MAX)
        return problem_report(loading->scope, node, "expected at most %u different headers in a chain, got more",
                              CHAIN_HEADERS_MAX);
    chain->headers[chain->headers_count++] = text;
    return true;
}

static bool read_header_name(const struct loading *loading, const struct config_node *node, const char *what,
                             uint8_t *index) {
    if (node->kind != CONFIG_TEXT || !is_token(node->text))
        return problem_report(loading->scope, node,
                              "%s: expected the name of a header, such as CloudFront-Viewer-Address", what);
    return add_header(loading, node, node->text, index);
}

/* With carrier append it says to which of the two lists; chain_load compares those of all hops. */
static bool read_list_name(const struct loading *loading) {
    const struct config_node *node = loading->of[KEY_HEADER];
    const char *text = node == NULL ? "X-Forwarded-For" : text_of(loading->scope, node, "header", "Forwarded");
    if (text == NULL || strcasecmp(text, "X-Forwarded-For") == 0 || strcasecmp(text, "Forwarded") == 0)
        return text != NULL;
    return problem_report(loading->scope, node,
                          "header: with carrier append expected X-Forwarded-For or Forwarded, got "
                          "%s; a header with one address is carrier: header",
                          option_value_shown(text).text);
}

static bool read_header(struct loading *loading) {
    struct hop *hop = loading->hop;
    if (hop->carrier == CARRIER_APPEND) return read_list_name(loading);
    if (hop->carrier != CARRIER_HEADER) return true;
    bool good = true;
    if (loading->of[KEY_HEADER] == NULL) {
        good = problem_report(
            loading->scope, loading->node,
            "no \"header\": write which one has the address, such as header: CloudFront-Viewer-Address");
    } else {
        good = read_header_name(loading, loading->of[KEY_HEADER], "header", &hop->header);
    }
    const struct config_node *form = loading->of[KEY_FMT], *list = loading->of[KEY_XFF];
    if (form != NULL && config_node_is(form, "lastcolon")) {
        hop->token_mode = TOKEN_LAST_COLON;
    } else if (form != NULL && !config_node_is(form, "xff")) {
        good = problem_report(
            loading->scope, form,
            "fmt: expected xff (192.0.2.1, [2001:db8::1]:80) or lastcolon (192.0.2.1:80, 2001:db8::1:80)");
    }
    hop->appends = list != NULL;
    if (list != NULL && !config_node_is(list, "append"))
        good = problem_report(loading->scope, list,
                              "xff: expected append, or nothing when it does not append to X-Forwarded-For");
    return good;
}

/* --- secret ----------------------------------------------------------------------------------------- */

static bool read_digest(const struct loading *loading, const struct config_node *node) {
    static const char digits[] = "0123456789abcdef";
    struct hop *hop = loading->hop;
    bool good = node->kind == CONFIG_TEXT && node->text.len == 2 * sizeof hop->digest;
    for (size_t i = 0; good && i < node->text.len; i++) {
        char c = lower(node->text.ptr[i]);
        const char *digit = c == '\0' ? NULL : strchr(digits, c);
        good = digit != NULL;
        if (good) hop->digest[i / 2] = (uint8_t)(hop->digest[i / 2] << 4 | (digit - digits));
    }
    hop->has_digest = good;
    return good || problem_report(loading->scope, node,
                                  "secret: sha256: expected 64 hex digits, as `printf %%s VALUE | sha256sum` prints");
}

static bool read_secret(struct loading *loading) {
    static const char *const known[] = {"header", "sha256"};
    const struct config_node *node = loading->of[KEY_SECRET];
    if (node == NULL) return true;
    bool in_case = loading->scope->file == NULL;
    if (in_case && node->kind == CONFIG_TEXT && config_node_is(node, "false")) return true;
    if (in_case && node->kind == CONFIG_TEXT && config_node_is(node, "true"))
        return add_header(loading, node, SLICE(CHAIN_CASE_SECRET), &loading->hop->secret);
    const struct config_node *header = config_node_member(node, known[0]), *digest = config_node_member(node, known[1]);
    if (header == NULL)
        return problem_report(loading->scope, node,
                              "secret: expected {header: NAME, sha256: HEX}, sha256 may be left out");
    bool good = true;
    for (const struct config_node *member = node->first; member != NULL; member = member->next)
        if (member != header && member != digest)
            good = problem_unknown_key(loading->scope, member, known, COUNT_OF(known));
    good = read_header_name(loading, header, "secret: header", &loading->hop->secret) && good;
    return (digest == NULL || read_digest(loading, digest)) && good;
}

/* --- what hides the client -------------------------------------------------------------------------- */

/* The number of a verdict of that name, made when there is none: its name outlives every chain. */
static bool add_verdict(const struct loading *loading, const struct config_node *node, const char *name) {
    uint32_t verdict = 0;
    while (verdict < verdicts_count() && strcmp(verdict_names[verdict], name) != 0) verdict++;
    if (verdict < VERDICT_CF_EDGE_ONLY)
        return problem_report(loading->scope, node, "as: \"%s\" already means something else; write a name of your own",
                              name);
    if (verdict == VERDICTS_MAX)
        return problem_report(loading->scope, node, "as: expected at most %u different names, got more",
                              VERDICTS_MAX - VERDICTS_BUILT_IN);
    if (verdict == verdicts_count()) {
        char *kept = strdup(name);
        if (kept == NULL) return problem_no_memory(loading->scope);
        verdict = verdict_add(slice_from(kept));
    }
    loading->hop->hides_as = (uint8_t)verdict;
    return true;
}

static bool read_as(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_AS];
    if (loading->hop->carrier != CARRIER_NONE) return true;
    if (node != NULL && (node->kind != CONFIG_TEXT || !is_name(node->text)))
        return problem_report(loading->scope, node,
                              "as: expected a name of a-z, 0-9 and -, at most %u bytes, such as %s", HOP_NAME_BYTES_MAX,
                              verdict_names[VERDICT_NLB_NAT]);
    if (node != NULL) return add_verdict(loading, node, node->text.ptr);
    for (size_t i = 0; loading->hop->type != NULL && i < COUNT_OF(usual_verdicts); i++)
        if (strcmp(usual_verdicts[i].type, loading->hop->type) == 0)
            return add_verdict(loading, loading->node, usual_verdicts[i].verdict);
    return problem_report(loading->scope, loading->node,
                          "no \"as\": write what records are called whose client it hides, such as as: behind-vpn");
}

static bool read_peers(struct loading *loading) {
    const struct config_node *node = loading->of[KEY_PEERS];
    if (loading->hop->carrier == CARRIER_TRANSPARENT) return true;
    if (node == NULL)
        return problem_report(loading->scope, loading->node,
                              "no \"peers\": write the networks that it connects from, such as peers: [10.0.0.0/16]");
    loading->hop->peers = chain_peers_load(loading->scope, node);
    return loading->hop->peers != NULL;
}

static bool load_hop(struct loading *loading) {
    struct hop *hop = loading->hop;
    *hop = (struct hop){.header = HEADER_NONE, .secret = HEADER_NONE};
    if (loading->node->kind != CONFIG_MAPPING)
        return problem_report(loading->scope, loading->node,
                              "expected a hop such as {type: alb, peers: [10.0.0.0/16], carrier: append}, got %s",
                              config_node_kind_name(loading->node));
    if (!read_keys(loading)) return false; /* what is missing may be what is misspelt */
    bool good = read_type(loading);
    if (!read_carrier(loading)) return false; /* what the other keys mean depends on it */
    good = read_flag(loading, KEY_XFF_PORT, &hop->xff_port) && good;
    good = read_flag(loading, KEY_OPTIONAL, &hop->optional) && good;
    good = read_flag(loading, KEY_REPEAT, &hop->repeat) && good;
    good = refuse_strangers(loading) && good;
    good = read_header(loading) && good;
    good = read_secret(loading) && good;
    good = read_as(loading) && good;
    return read_peers(loading) && good;
}

/* --- hops to one another ----------------------------------------------------------------------------- */

static bool check_preserve(const struct problem_scope *scope, const struct chain *chain, uint32_t at,
                           const struct config_node *node) {
    bool last = at + 1u == chain->hops_count;
    if (chain->hops[at].carrier != CARRIER_PRESERVE || (last && scope->file == NULL) ||
        (!last && chain->hops[at + 1].carrier == CARRIER_APPEND))
        return true;
    if (last)
        return problem_report(
            scope, node,
            "can never resolve: with preserve the header is the client's own word; write the hop that is "
            "outside of this one behind it, or carrier: append");
    return problem_report(scope, node, "with preserve the hop behind it must have carrier append, it has %s",
                          carrier_names[chain->hops[at + 1].carrier]);
}

/* Whether the walk can go on to the hop behind, and whether it can end here with an address (HOPS.md 4.3). */
static void follow(const struct hop *hop, bool *goes_on, bool *resolves) {
    if (hop->carrier == CARRIER_TRANSPARENT) return;
    bool hides = hop->carrier == CARRIER_NONE || hop->carrier == CARRIER_REMOVE;
    bool endless = hop->repeat && cidr_set_has_all(hop->peers), passed_by = !cidr_set_has_all(hop->peers);
    if (endless || (passed_by && !hop->optional)) *resolves = true;
    *goes_on = (!hides && !endless) || (hop->optional && passed_by);
}

/* What a hop takes away is not to be had from any log behind it: the user should know. */
static void warn_removed(const struct problem_scope *scope, const struct chain *chain, const struct config_node *hops) {
    const struct config_node *node = hops->first;
    for (uint32_t i = 0; i < chain->hops_count; i++, node = node->next)
        if (chain->hops[i].carrier == CARRIER_REMOVE)
            problem_warn(
                scope, node,
                "hop %u (%s) removes X-Forwarded-For: no client that comes through it is ever resolved; set it up to "
                "append, if you can",
                i + 1, chain->hops[i].type);
}

/* In a config a hop that the walk never comes to, and a chain that never ends with an address, are mistakes. */
static bool check_reach(const struct problem_scope *scope, const struct chain *chain, const struct config_node *hops) {
    bool goes_on = true, resolves = false;
    const struct config_node *node = hops->first, *before = NULL;
    uint32_t i = 0;
    for (; i < chain->hops_count && goes_on; i++, before = node, node = node->next)
        follow(&chain->hops[i], &goes_on, &resolves);
    if (i < chain->hops_count)
        return problem_report(
            scope, node,
            "hop %u is never reached: hop %u (%s, %s) ends every walk; leave it out, or make that one optional", i + 1,
            i, chain->hops[i - 1].type, carrier_names[chain->hops[i - 1].carrier]);
    if (goes_on || resolves) return true;
    return problem_report(
        scope, before,
        "can never resolve: hop %u (%s, %s) hides every client, since its peers are all addresses; write the networks "
        "that it connects from",
        i, chain->hops[i - 1].type, carrier_names[chain->hops[i - 1].carrier]);
}

static void sort_by_type(struct chain *chain) {
    for (uint8_t i = 0; i < chain->hops_count; i++) {
        uint8_t at = i;
        for (; at > 0 && strcmp(chain->hops[chain->by_type[at - 1]].type, chain->hops[i].type) > 0; at--)
            chain->by_type[at] = chain->by_type[at - 1];
        chain->by_type[at] = i;
    }
}

/* All hops that append must append to one list. `*lists` has a bit for each that was met: 1 X-Forwarded-For, 2 Forwarded. */
static bool check_list(const struct loading *loading, uint32_t *lists) {
    const struct hop *hop = loading->hop;
    if (hop->carrier != CARRIER_APPEND && !hop->appends) return true;
    const struct config_node *name = hop->carrier == CARRIER_APPEND ? loading->of[KEY_HEADER] : NULL;
    bool forwarded = name != NULL && strcasecmp(name->text.ptr, "Forwarded") == 0;
    *lists |= forwarded ? 2u : 1u;
    loading->chain->forwarded = forwarded;
    return *lists != 3 ||
           problem_report(loading->scope, name != NULL ? name : loading->node,
                          "appends to %s, and a hop in front of it to %s; one chain has one list",
                          forwarded ? "Forwarded" : "X-Forwarded-For", forwarded ? "X-Forwarded-For" : "Forwarded");
}

static bool load_hops(struct arena *arena, const struct problem_scope *scope, struct chain *chain,
                      const struct config_node *hops) {
    bool good = true;
    uint32_t lists = 0;
    for (const struct config_node *node = hops->first; node != NULL; node = node->next) {
        struct problem_scope hop_scope = *scope;
        struct hop *hop = &chain->hops[chain->hops_count++];
        const struct config_node *type = config_node_member(node, hop_keys[KEY_TYPE].name);
        bool typed = type != NULL && type->kind == CONFIG_TEXT && is_name(type->text);
        problem_scope_set(&hop_scope, "%.100s hop %u%s%s%s", scope->where, chain->hops_count, typed ? " (" : "",
                          typed ? type->text.ptr : "", typed ? ")" : "");
        struct loading loading = {.arena = arena, .scope = &hop_scope, .chain = chain, .hop = hop, .node = node};
        good = load_hop(&loading) && check_list(&loading, &lists) && good;
    }
    uint32_t i = 0;
    for (const struct config_node *node = hops->first; good && node != NULL; node = node->next)
        good = check_preserve(scope, chain, i++, node);
    return good;
}

struct chain *chain_load(struct arena *arena, const struct problem_scope *scope, const char *name,
                         const struct config_node *hops) {
    if (hops->kind != CONFIG_LIST) {
        problem_report(scope, hops, "expected a list of hops, got %s", config_node_kind_name(hops));
        return NULL;
    }
    if (hops->count > CHAIN_HOPS_MAX) {
        problem_report(scope, hops, "expected at most %u hops, got %u", CHAIN_HOPS_MAX, hops->count);
        return NULL;
    }
    struct chain *chain = arena_take(arena, sizeof *chain);
    if (chain == NULL) {
        problem_no_memory(scope);
        return NULL;
    }
    chain->name = name;
    bool good = load_hops(arena, scope, chain, hops);
    if (good && scope->file != NULL) {
        good = check_reach(scope, chain, hops);
        warn_removed(scope, chain, hops);
    }
    if (good) {
        sort_by_type(chain);
        return chain;
    }
    chain_unload(chain);
    return NULL;
}

void chain_unload(struct chain *chain) {
    for (uint32_t i = 0; chain != NULL && i < chain->hops_count; i++) {
        cidr_set_free((struct cidr_set *)(uintptr_t)chain->hops[i].peers); /* ours; only readers see them as constant */
        chain->hops[i].peers = NULL;
    }
}
