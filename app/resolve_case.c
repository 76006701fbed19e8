/* The keys of a case, each with a reader: a table.
 *
 * Threads: see the header. */
#include "app/resolve_case.h"

#include <stdio.h>
#include <strings.h>

#include "app/chain_select.h"
#include "base/number.h"
#include "config/chain_load.h"
#include "config/option_value.h"
#include "enrich/address_list.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A case that is being read. */
struct reading {
    struct resolve_case *to;
    struct problem_scope scope;
    const struct chain_rules *rules;
    bool last_colon;                   /* peer_mode */
    const struct config_node *headers; /* `single`: what is looked at depends on the chain; NULL: none */
};

/* --- values ----------------------------------------------------------------------------------------- */

static bool refuse(const struct reading *reading, const struct config_node *node, const char *what,
                   const char *expected) {
    return problem_report(&reading->scope, node, "%s: expected %s, got %s", what, expected,
                          node->kind == CONFIG_TEXT ? option_value_shown(node->text.ptr).text
                                                    : config_node_kind_name(node));
}

/* Which of two words it is. */
static bool read_choice(const struct reading *reading, const struct config_node *node, const char *const words[2],
                        bool *second) {
    *second = config_node_is(node, words[1]);
    if (*second || config_node_is(node, words[0])) return true;
    char expected[64];
    snprintf(expected, sizeof expected, "%s or %s", words[0], words[1]);
    return refuse(reading, node, node->key.ptr, expected);
}

static bool read_chain(struct reading *reading, const struct config_node *node) {
    if (node->kind == CONFIG_LIST) {
        reading->to->own = chain_load(&reading->to->arena, &reading->scope, "", node);
        reading->to->chain = reading->to->own;
    } else {
        reading->to->chain = chain_select_named(&reading->scope, node, reading->rules);
    }
    return reading->to->chain != NULL;
}

static bool read_peer(struct reading *reading, const struct config_node *node) {
    if (node->kind != CONFIG_TEXT) return refuse(reading, node, "peer", "an address, or - for none");
    reading->to->peer = node->text;
    return true;
}

static bool read_peer_mode(struct reading *reading, const struct config_node *node) {
    static const char *const words[] = {"xff", "lastcolon"};
    return read_choice(reading, node, words, &reading->last_colon);
}

static bool read_list_name(struct reading *reading, const struct config_node *node) {
    static const char *const words[] = {"xff", "forwarded"};
    return read_choice(reading, node, words, &reading->to->evidence.forwarded);
}

static bool read_secret(struct reading *reading, const struct config_node *node) {
    static const char *const words[] = {"false", "true"};
    bool there;
    if (!read_choice(reading, node, words, &there)) return false;
    reading->to->evidence.secrets = there ? UINT32_MAX : 0;
    return true;
}

static bool read_lines(struct reading *reading, const struct config_node *node) {
    struct evidence *evidence = &reading->to->evidence;
    const char *expected = "a text, or a list of texts: one for each header line";
    if (node->kind == CONFIG_TEXT) {
        evidence->lines = &node->text;
        evidence->lines_count = 1;
        return true;
    }
    if (node->kind != CONFIG_LIST) return refuse(reading, node, "xff", expected);
    struct slice *lines = arena_take(&reading->to->arena, (node->count + 1) * sizeof *lines);
    if (lines == NULL) return problem_no_memory(&reading->scope);
    for (const struct config_node *line = node->first; line != NULL; line = line->next) {
        if (line->kind != CONFIG_TEXT) return refuse(reading, line, "xff", expected);
        lines[evidence->lines_count++] = line->text;
    }
    evidence->lines = lines;
    return true;
}

static bool read_headers(struct reading *reading, const struct config_node *node) {
    if (node->kind != CONFIG_MAPPING) return refuse(reading, node, "single", "names of headers and their values");
    for (const struct config_node *header = node->first; header != NULL; header = header->next)
        if (header->kind != CONFIG_TEXT && header->kind != CONFIG_NULL)
            return refuse(reading, header, "single", "one text for each header");
    reading->headers = node;
    return true;
}

static bool pass_over(struct reading *reading, const struct config_node *node) {
    (void)reading, (void)node;
    return true;
}

/* --- PROXY headers ---------------------------------------------------------------------------------- */

enum proxy_key {
    PROXY_KEY_V,
    PROXY_KEY_CMD,
    PROXY_KEY_FAM,
    PROXY_KEY_SRC,
    PROXY_KEY_SPORT,
    PROXY_KEY_VPCE,
    PROXY_KEYS
};

static const char *const proxy_keys[PROXY_KEYS] = {
    [PROXY_KEY_V] = "v",     [PROXY_KEY_CMD] = "cmd",     [PROXY_KEY_FAM] = "fam",
    [PROXY_KEY_SRC] = "src", [PROXY_KEY_SPORT] = "sport", [PROXY_KEY_VPCE] = "vpce",
};

/* The endpoint's id is written as it is. */
static bool is_endpoint_id(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
    }
    return text.len <= PROXY_VPCE_BYTES_MAX;
}

/* A source that the family cannot have makes it garbled, as on the wire. */
static void set_source(struct proxy_header *proxy, struct slice family, struct slice source) {
    struct ip_parsed address = {.family = IP_NONE};
    bool good = ip_parse(source, &address), ipv6 = good && (address.family == IP_V6 || address.v4_mapped);
    if (family.ptr == NULL) family = ipv6 ? SLICE("TCP6") : SLICE("TCP4");
    proxy->family = slice_equal(family, SLICE("TCP4"))   ? PROXY_TCP4
                    : slice_equal(family, SLICE("TCP6")) ? PROXY_TCP6
                                                         : PROXY_UNSPEC;
    if (proxy->family == PROXY_UNSPEC || proxy->command == PROXY_LOCAL) return;
    proxy->garbled = !good || ipv6 != (proxy->family == PROXY_TCP6);
    proxy->has_source = true;
    proxy->source = address.ip;
    proxy->source_mapped = address.v4_mapped;
}

static bool read_proxy(const struct reading *reading, const struct config_node *node, struct proxy_header *proxy) {
    if (node->kind != CONFIG_MAPPING) return refuse(reading, node, "pp", "headers such as {\"src\": \"192.0.2.1\"}");
    struct slice of[PROXY_KEYS] = {{0}};
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        size_t key = 0;
        while (key < PROXY_KEYS && !slice_equal(member->key, slice_from(proxy_keys[key]))) key++;
        if (key == PROXY_KEYS) return problem_unknown_key(&reading->scope, member, proxy_keys, PROXY_KEYS);
        if (member->kind == CONFIG_NULL) continue;
        struct slice text = member->text;
        uint64_t number = 0;
        bool good = member->kind == CONFIG_TEXT;
        if (key == PROXY_KEY_V) good = good && (config_node_is(member, "1") || config_node_is(member, "2"));
        if (key == PROXY_KEY_CMD) good = good && (config_node_is(member, "LOCAL") || config_node_is(member, "PROXY"));
        if (key == PROXY_KEY_SPORT) good = good && number_parse(text, &number) && number <= UINT16_MAX;
        if (key == PROXY_KEY_VPCE) good = good && is_endpoint_id(text);
        if (!good) {
            static const char *const expected[PROXY_KEYS] = {"1 or 2",     "LOCAL or PROXY", "a text such as TCP4",
                                                             "an address", "0 to 65535",     "an id of a-z, 0-9 and -"};
            return refuse(reading, member, proxy_keys[key], expected[key]);
        }
        of[key] = text;
        if (key == PROXY_KEY_SPORT) proxy->source_port = (uint16_t)number;
    }
    proxy->version = slice_equal(of[PROXY_KEY_V], SLICE("1")) ? 1 : 2;
    proxy->command = slice_equal(of[PROXY_KEY_CMD], SLICE("LOCAL")) ? PROXY_LOCAL : PROXY_PROXY;
    set_source(proxy, of[PROXY_KEY_FAM], of[PROXY_KEY_SRC]);
    if (proxy->version == 2 && of[PROXY_KEY_VPCE].len > 0) proxy->vpce = of[PROXY_KEY_VPCE];
    return true;
}

static bool read_proxies(struct reading *reading, const struct config_node *node) {
    if (node->kind != CONFIG_LIST) return refuse(reading, node, "pp", "a list of PROXY headers, the first one first");
    struct proxy_header *proxies = arena_take(&reading->to->arena, (node->count + 1) * sizeof *proxies);
    if (proxies == NULL) return problem_no_memory(&reading->scope);
    reading->to->evidence.proxies = proxies;
    for (const struct config_node *item = node->first; item != NULL; item = item->next)
        if (!read_proxy(reading, item, &proxies[reading->to->evidence.proxies_count++])) return false;
    return true;
}

/* --- the case --------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*read)(struct reading *reading, const struct config_node *node); /* never of null */
} case_keys[] = {
    {"chain", read_chain},   {"peer", read_peer},      {"peer_mode", read_peer_mode}, {"xff", read_lines},
    {"hdr", read_list_name}, {"single", read_headers}, {"pp", read_proxies},          {"secret", read_secret},
    {"name", pass_over},     {"expect", pass_over},
};

static bool read_key(struct reading *reading, const struct config_node *member) {
    const char *known[COUNT_OF(case_keys)];
    for (size_t i = 0; i < COUNT_OF(case_keys); i++) {
        if (slice_equal(member->key, slice_from(case_keys[i].name)))
            return member->kind == CONFIG_NULL || case_keys[i].read(reading, member);
        known[i] = case_keys[i].name;
    }
    return problem_unknown_key(&reading->scope, member, known, COUNT_OF(known));
}

/* What depends on more than one key. */
static bool settle(struct reading *reading, const struct config_node *root) {
    struct resolve_case *to = reading->to;
    if (to->peer.ptr == NULL)
        return problem_report(&reading->scope, root,
                              "no \"peer\": write the address that the log has for whoever connected, such as "
                              "\"peer\": \"10.0.3.7\"");
    to->evidence.peer = address_token_parse(to->peer, reading->last_colon ? TOKEN_LAST_COLON : TOKEN_XFF);
    if (to->chain == NULL) to->chain = reading->rules->always;
    if (to->chain == NULL) return true;
    if (config_node_member(root, "hdr") == NULL) to->evidence.forwarded = to->chain->forwarded;
    const struct config_node *header = reading->headers != NULL ? reading->headers->first : NULL;
    for (; header != NULL; header = header->next)
        for (uint32_t i = 0; i < to->chain->headers_count; i++)
            if (strcasecmp(to->chain->headers[i], header->key.ptr) == 0) to->evidence.headers[i] = header->text;
    return true;
}

enum status resolve_case_read(struct resolve_case *resolve_case, const struct chain_rules *rules, struct slice json,
                              struct error *error) {
    chain_unload(resolve_case->own);
    arena_reset(&resolve_case->arena);
    problems_reset(&resolve_case->problems);
    *resolve_case = (struct resolve_case){.evidence = {.writer = HOP_INDEX_NONE, .begins = BEGINS_AT_PEER},
                                          .arena = resolve_case->arena,
                                          .problems = resolve_case->problems};
    struct reading reading = {.to = resolve_case, .scope = {.problems = &resolve_case->problems}, .rules = rules};
    const struct config_node *root;
    enum status status = config_tree_from_json(&resolve_case->arena, json, &root, error);
    if (status != STATUS_OK) {
        static const char line[] = "line 1, "; /* the caller knows better which one it is */
        char *message = error->message;
        if (strncmp(message, line, strlen(line)) == 0)
            memmove(message, message + strlen(line), strlen(message + strlen(line)) + 1);
        return status;
    }
    if (root->kind != CONFIG_MAPPING)
        return error_set(error, STATUS_USAGE,
                         "expected a case such as {\"chain\": \"alb\", \"peer\": \"10.0.3.7\"}, got %s",
                         config_node_kind_name(root));
    bool good = true;
    for (const struct config_node *member = root->first; member != NULL && good; member = member->next)
        good = read_key(&reading, member);
    return good && settle(&reading, root) ? STATUS_OK : problems_first_error(&resolve_case->problems, error);
}

void resolve_case_destroy(struct resolve_case *resolve_case) {
    chain_unload(resolve_case->own);
    arena_destroy(&resolve_case->arena);
    problems_destroy(&resolve_case->problems);
    *resolve_case = (struct resolve_case){0};
}

void resolve_case_walk(const struct resolve_case *resolve_case, struct client *client, struct walk_observer observer) {
    const struct evidence *evidence = &resolve_case->evidence;
    if (resolve_case->chain != NULL) {
        client_walk(resolve_case->chain, evidence, client, observer);
        return;
    }
    struct address_list list;
    struct list_member member;
    address_list_init(&list, evidence->lines, evidence->lines_count, evidence->forwarded);
    bool unused = evidence->proxies_count > 0 || address_list_claim(&list, &member);
    client_without_chain(&evidence->peer, unused && evidence->peer.kind == TOKEN_ADDRESS, client);
}
