/* One table; a preset becomes the tree that a user would have written, so that chain_load knows nothing of presets.
 *
 * Where a hop connects from inside a VPC, its peers are the networks that VPCs are made of: private (RFC 1918), shared (RFC 6598) and
 * unique local (RFC 4193). That is as good as the security group in front of the target; a subnet's own network is better.
 *
 * Threads: constants. */
#define _GNU_SOURCE
#include "config/chain_presets.h"

#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "config/option_value.h"
#include "schemas/limits.h"

#define VPC "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7"
#define CLOUDFRONT_PEERS "{aws: CLOUDFRONT_ORIGIN_FACING, file: ip-ranges.json}"
#define ACCELERATOR_PEERS "{aws: GLOBALACCELERATOR, file: ip-ranges.json}"

struct preset_hop {
    const char *type, *carrier;
    const char *peers;   /* separated by spaces; NULL: there are none to guess */
    const char *example; /* what to write for those; NULL with `peers`, and where the hop has none */
    bool repeat;
};

#define PRESET_HOPS_MAX 2u
struct preset {
    const char *name, *help;
    struct preset_hop hops[PRESET_HOPS_MAX]; /* from the log writer outwards, up to one without a type */
};

/* clang-format off */
static const struct preset presets[] = {
    {"direct", "nobody stands in between", {{0}}},
    {"alb", "a target of an ALB", {{"alb", "append", VPC, NULL, false}}},
    {"alb+cloudfront", "a target of an ALB behind CloudFront",
     {{"alb", "append", VPC, NULL, false}, {"cloudfront", "append", NULL, CLOUDFRONT_PEERS, false}}},
    {"nlb-pp2", "a target of an NLB with proxy protocol v2", {{"nlb", "pp", VPC, NULL, false}}},
    {"nlb-preserve", "a target of an NLB that keeps client addresses", {{"nlb", "transparent", NULL, NULL, false}}},
    {"clb-pp1", "an instance of a CLB with proxy protocol v1", {{"clb", "pp", VPC, NULL, false}}},
    {"ga-alb", "a target of an ALB behind Global Accelerator that keeps client addresses",
     {{"alb", "append", VPC, NULL, false}, {"ga", "transparent", NULL, NULL, false}}},
    {"ga-nat-alb", "a target of an ALB behind Global Accelerator that does not",
     {{"alb", "append", VPC, NULL, false}, {"ga", "none", NULL, ACCELERATOR_PEERS, false}}},
    {"ranges", "any number of proxies inside the VPC", {{"proxy", "append", VPC " 127.0.0.0/8 ::1/128", NULL, true}}},
};
/* clang-format on */
#define PRESETS_COUNT (sizeof presets / sizeof presets[0])

/* N proxies that are trusted by their number alone. */
static const struct preset_hop counted = {"proxy", "append", "0.0.0.0/0 ::/0", NULL, false};
static const char counted_name[] = "count:";

/* What a name stands for. */
struct expansion {
    const struct preset_hop *hops;
    uint32_t hops_count;
    bool fixed; /* its peers are not for the user to say */
};

static bool find(struct slice name, struct expansion *found) {
    *found = (struct expansion){.hops = &counted, .fixed = true};
    struct slice digits = {name.ptr + sizeof counted_name - 1, name.len - (sizeof counted_name - 1)};
    if (slice_starts_with(name, slice_from(counted_name))) {
        uint64_t count = 0;
        bool good = digits.len > 0 && digits.len <= 2 && digits.ptr[0] != '0' && number_parse(digits, &count);
        found->hops_count = (uint32_t)count;
        return good && count <= CHAIN_HOPS_MAX;
    }
    for (size_t i = 0; i < PRESETS_COUNT; i++) {
        if (!slice_equal(name, slice_from(presets[i].name))) continue;
        *found = (struct expansion){.hops = presets[i].hops};
        while (found->hops_count < PRESET_HOPS_MAX && found->hops[found->hops_count].type != NULL) found->hops_count++;
        return true;
    }
    return false;
}

bool chain_preset_is(struct slice name) {
    struct expansion found;
    return find(name, &found) || slice_starts_with(name, slice_from(counted_name));
}

/* --- trees ------------------------------------------------------------------------------------------ */

/* Puts a text under `key`, or behind the items of a list; false: out of memory. */
static bool add_text(struct arena *arena, struct config_node *parent, const char *key, struct slice text) {
    struct config_node *node = config_node_new(arena, CONFIG_TEXT, text, (struct config_place){0});
    if (node == NULL) return false;
    if (key != NULL) node->key = slice_from(key);
    config_node_append(parent, node);
    return true;
}

/* Networks separated by spaces as a list. */
static struct config_node *network_list(struct arena *arena, const char *networks) {
    struct config_node *list = config_node_new(arena, CONFIG_LIST, (struct slice){0}, (struct config_place){0});
    for (const char *at = networks; list != NULL && *at != '\0';) {
        size_t bytes = strcspn(at, " ");
        if (!add_text(arena, list, NULL, (struct slice){at, bytes})) return NULL;
        at += bytes + strspn(at + bytes, " ");
    }
    return list;
}

/* The same value in another tree. */
static struct config_node *copy_of(struct arena *arena, const struct config_node *node) {
    struct config_node *copy = config_node_new(arena, node->kind, node->text, node->place);
    if (copy == NULL) return NULL;
    copy->count = node->count;
    copy->first = node->first;
    copy->last = node->last;
    return copy;
}

static bool add_hop(struct arena *arena, struct config_node *list, const struct preset_hop *hop,
                    const struct config_node *peers) {
    struct config_node *node = config_node_new(arena, CONFIG_MAPPING, (struct slice){0}, (struct config_place){0});
    if (node == NULL || !add_text(arena, node, "type", slice_from(hop->type)) ||
        !add_text(arena, node, "carrier", slice_from(hop->carrier)))
        return false;
    config_node_append(list, node);
    if (hop->repeat && !add_text(arena, node, "repeat", SLICE("true"))) return false;
    if (peers == NULL && hop->peers == NULL) return true;
    struct config_node *networks = peers != NULL ? copy_of(arena, peers) : network_list(arena, hop->peers);
    if (networks == NULL) return false;
    networks->key = SLICE("peers");
    config_node_append(node, networks);
    return true;
}

/* --- what the user says ------------------------------------------------------------------------------ */

static bool takes_peers(const struct expansion *found, const struct preset_hop *hop) {
    return !found->fixed && (hop->peers != NULL || hop->example != NULL);
}

/* {file: ..} and {aws: ..} are networks, any other mapping is one from types of hops. */
static bool is_by_type(const struct config_node *peers) {
    return peers->kind == CONFIG_MAPPING && config_node_member(peers, "file") == NULL &&
           config_node_member(peers, "aws") == NULL;
}

/* Refuses peers for hops that the preset does not have. */
static bool check_peers(const struct problem_scope *scope, const struct expansion *found,
                        const struct config_node *peers, const char *name) {
    const char *types[PRESET_HOPS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < found->hops_count && !found->fixed; i++)
        if (takes_peers(found, &found->hops[i])) types[count++] = found->hops[i].type;
    if (count == 0) return problem_report(scope, peers, "the preset %s takes no peers; leave them out", name);
    if (!is_by_type(peers))
        return count == 1 || problem_report(scope, peers, "peers: write of which hop: peers: {%s: [..], %s: [..]}",
                                            types[0], types[1]);
    bool good = true;
    for (const struct config_node *member = peers->first; member != NULL; member = member->next) {
        size_t i = 0;
        while (i < count && !slice_equal(member->key, slice_from(types[i]))) i++;
        if (i == count)
            good = problem_report(scope, member, "peers: the preset %s has no hop %s that takes peers; it has %s%s%s",
                                  name, option_value_shown(member->key.ptr).text, types[0], count > 1 ? " and " : "",
                                  count > 1 ? types[1] : "");
    }
    return good;
}

static const struct config_node *peers_of(const struct expansion *found, const struct preset_hop *hop,
                                          const struct config_node *peers) {
    if (peers == NULL || !takes_peers(found, hop)) return NULL;
    return is_by_type(peers) ? config_node_member(peers, hop->type) : peers;
}

static bool report_no_preset(const struct problem_scope *scope, const struct config_node *node) {
    const char *names[PRESETS_COUNT];
    for (size_t i = 0; i < PRESETS_COUNT; i++) names[i] = presets[i].name;
    const char *text = node->text.ptr;
    if (strncmp(text, counted_name, sizeof counted_name - 1) == 0)
        return problem_report(scope, node, "expected count:N with N from 1 to %u, got %s", CHAIN_HOPS_MAX,
                              option_value_shown(text).text);
    return problem_unknown(scope, node, "preset", names, PRESETS_COUNT);
}

/* {preset: NAME, peers: ..} taken apart. */
static bool read_node(const struct problem_scope *scope, const struct config_node *node,
                      const struct config_node **name, const struct config_node **peers) {
    static const char *const known[] = {"preset", "peers"};
    *name = node;
    *peers = NULL;
    if (node->kind == CONFIG_TEXT) return true;
    if (node->kind != CONFIG_MAPPING)
        return problem_report(scope, node, "expected a list of hops, or the name of a preset such as alb, got %s",
                              config_node_kind_name(node));
    *name = config_node_member(node, known[0]);
    *peers = config_node_member(node, known[1]);
    for (const struct config_node *member = node->first; member != NULL; member = member->next)
        if (member != *name && member != *peers) return problem_unknown_key(scope, member, known, 2);
    if (*name != NULL && (*name)->kind == CONFIG_TEXT) return true;
    return problem_report(scope, *name != NULL ? *name : node, "expected preset: NAME, such as preset: alb");
}

const struct config_node *chain_preset_expand(struct arena *arena, const struct problem_scope *scope,
                                              const struct config_node *node) {
    const struct config_node *name, *peers;
    struct expansion found;
    if (!read_node(scope, node, &name, &peers)) return NULL;
    if (!find(name->text, &found)) {
        report_no_preset(scope, name);
        return NULL;
    }
    if (peers != NULL && !check_peers(scope, &found, peers, name->text.ptr)) return NULL;
    struct config_node *list = config_node_new(arena, CONFIG_LIST, (struct slice){0}, name->place);
    bool good = list != NULL || problem_no_memory(scope);
    for (uint32_t i = 0; good && i < found.hops_count; i++) {
        const struct preset_hop *hop = &found.hops[found.fixed ? 0 : i];
        const struct config_node *own = peers_of(&found, hop, peers);
        if (own == NULL && hop->example != NULL) {
            good = problem_report(
                scope, node,
                "the preset %s needs to know where %s connects from: declare a chain {preset: %s, peers: {%s: [%s]}}",
                name->text.ptr, hop->type, name->text.ptr, hop->type, hop->example);
        } else {
            good = add_hop(arena, list, hop, own) || problem_no_memory(scope);
        }
    }
    return good ? list : NULL;
}

bool chain_preset_name(size_t index, struct chain_preset_name *name) {
    for (size_t i = 0; i < PRESETS_COUNT; i++) {
        bool complete = true;
        for (size_t j = 0; j < PRESET_HOPS_MAX; j++) complete = complete && presets[i].hops[j].example == NULL;
        if (!complete || index-- > 0) continue;
        snprintf(name->text, sizeof name->text, "%s", presets[i].name);
        return true;
    }
    if (index >= CHAIN_HOPS_MAX) return false;
    snprintf(name->text, sizeof name->text, "%s%u", counted_name, (unsigned)index + 1);
    return true;
}

void chain_presets_print(FILE *out) {
    for (size_t i = 0; i < PRESETS_COUNT; i++) {
        fprintf(out, "  %-16s%s", presets[i].name, presets[i].help);
        for (size_t j = 0; j < PRESET_HOPS_MAX; j++)
            if (presets[i].hops[j].example != NULL)
                fprintf(out, "; peers: {%s: ..} must be given", presets[i].hops[j].type);
        fputc('\n', out);
    }
    fprintf(out, "  %-16sN proxies, trusted by their number alone\n", "count:N");
}
