/* Bytes -> a chain and what a record says, for fuzz_walk.c: no parser stands in between, and addresses that fit the chains are as
 * likely as nonsense.
 *
 * Lines, separated by LF: hops (two bytes each) | options | peer | three headers | PROXY headers (two bytes each) | lines of the
 * list. In texts some bytes stand for whole addresses and other things that seldom come about by chance.
 *
 * Threads: one. */
#ifndef WHEREFROM_WALK_CASE_H
#define WHEREFROM_WALK_CASE_H

#include "tests/fuzz/walk_model.h"

#define CASE_HEADERS 3u
#define CASE_LINES_MAX 8u
#define CASE_PROXIES_MAX 4u
#define CASE_TEXT_BYTES_MAX 30000u /* of one line */
#define CASE_PEERS 8u

struct walk_case {
    struct chain chain;
    const struct model_peers *peers[CHAIN_HOPS_MAX];
    struct evidence evidence;
    bool usual; /* as a case of `resolve` has it: the model knows nothing else */
    struct slice lines[CASE_LINES_MAX];
    struct proxy_header proxies[CASE_PROXIES_MAX];
    char *texts[CASE_LINES_MAX + CASE_HEADERS + 1]; /* to be freed */
    size_t texts_count;
};

struct case_fragment {
    struct slice text;
    unsigned times;
};

/* clang-format off */
static const struct case_fragment case_fragments[128] = {
    ['G'] = {SLICE("10.0.3.7"), 1},
    ['H'] = {SLICE("10.0.9.9"), 1},
    ['I'] = {SLICE("130.176.96.72"), 1},
    ['J'] = {SLICE("81.2.69.142"), 1},
    ['K'] = {SLICE("216.160.83.56"), 1},
    ['L'] = {SLICE("192.168.1.20"), 1},
    ['M'] = {SLICE("2001:218::1"), 1},
    ['N'] = {SLICE("[2600:9000:5206::7]:4433"), 1},
    ['O'] = {SLICE("fd00:ec2::5"), 1},
    ['P'] = {SLICE("64:ff9b::5102:458e"), 1},
    ['Q'] = {SLICE("::ffff:10.0.3.7"), 1},
    ['R'] = {SLICE(":4433"), 1},
    ['S'] = {SLICE("for="), 1},
    ['T'] = {SLICE("unknown"), 1},
    ['U'] = {SLICE("fe80::1%eth0"), 1},
    ['V'] = {SLICE(";proto=https;by=_x"), 1},
    ['W'] = {SLICE(";host=\"a,b;for=c\""), 1},
    ['X'] = {SLICE("for=\"[2001:218::1]:4711\""), 1},
    ['Y'] = {SLICE("9.9.9.9, "), 900},
    ['Z'] = {SLICE(","), 15},
    [0x01] = {SLICE("\r\n "), 1},
    [0x02] = {SLICE(" \t\r\n"), 1},
    [0x03] = {SLICE("\n"), 1},
    [0x04] = {SLICE("\0"), 1},
    [0x05] = {SLICE("x"), 60},
    [0x06] = {SLICE("\xc3\xa9"), 31},
    [0x07] = {SLICE("\xf0\x9f\x8c\x8d"), 15},
    [0x08] = {SLICE("\x80"), 65},
    [0x0b] = {SLICE(" "), 1000},
    [0x0c] = {SLICE("\\\""), 1},
    [0x0e] = {SLICE(","), 8180},
    [0x0f] = {SLICE("0.0.0.0"), 1},
    [0x10] = {SLICE("127.0.0.1"), 1},
    [0x11] = {SLICE("10.2.2.2"), 1},
    [0x12] = {SLICE("224.0.0.1"), 1},
};
/* clang-format on */

static const char *const case_networks[CASE_PEERS][3] = {
    {"10.0.0.0/16", "fd00:ec2::/32"},
    {"130.176.0.0/16", "2600:9000:5200::/40"},
    {"10.0.0.0/8", "fc00::/7", "127.0.0.0/8"},
    {"0.0.0.0/0", "::/0"},
    {"0.0.0.0/0"},
    {"::/0"},
    {"64:ff9b::/96", "81.2.69.142"},
    {"10.2.0.0/15", "216.160.83.0/25", "2001:218::/33"},
};

/* The sets of the tree and those of the model, made once. */
static struct cidr_set *case_sets[CASE_PEERS];
static struct model_peers case_models[CASE_PEERS];

static inline void case_peers_make(void) {
    for (size_t i = 0; i < CASE_PEERS && case_sets[CASE_PEERS - 1] == NULL; i++) {
        case_sets[i] = cidr_set_new();
        struct model_peers *model = &case_models[i];
        for (size_t j = 0; j < 3 && case_networks[i][j] != NULL; j++) {
            struct cidr cidr;
            const char *problem;
            ASSERT(cidr_parse(slice_from(case_networks[i][j]), &cidr, &problem));
            ASSERT(cidr_set_add(case_sets[i], &cidr) == CIDR_ADDED);
            struct model_network *network = &model->networks[model->count++];
            char address[64] = {0};
            size_t bytes = strcspn(case_networks[i][j], "/");
            memcpy(address, case_networks[i][j], bytes);
            network->family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
            const char *bits = case_networks[i][j] + bytes;
            network->bits = *bits != '\0' ? (unsigned)atoi(bits + 1) : network->family == AF_INET ? 32u : 128u;
            ASSERT(inet_pton(network->family, address, network->bytes) == 1);
        }
    }
}

/* The next line of the input, without its LF. */
static inline struct slice case_line(struct slice *input) {
    struct slice line = model_part(*input, 0, model_find(*input, '\n'));
    *input = model_part(*input, line.len + (line.len < input->len), input->len);
    return line;
}

static inline uint8_t case_byte(struct slice text, size_t index) {
    return index < text.len ? (uint8_t)text.ptr[index] : 0;
}

/* The text that the bytes stand for, with `pad` before it; exactly as large as it is. */
static inline struct slice case_text(struct walk_case *walk_case, struct slice bytes, struct slice pad) {
    static char text[CASE_TEXT_BYTES_MAX];
    size_t used = 0;
    for (; used < pad.len; used++) text[used] = pad.ptr[used];
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = (uint8_t)bytes.ptr[i];
        struct case_fragment fragment = {{bytes.ptr + i, 1}, 1};
        if (byte < 128 && case_fragments[byte].times > 0) fragment = case_fragments[byte];
        for (unsigned j = 0; j < fragment.times && used + fragment.text.len <= CASE_TEXT_BYTES_MAX; j++) {
            memcpy(text + used, fragment.text.ptr, fragment.text.len);
            used += fragment.text.len;
        }
    }
    char *exact = malloc(used);
    ASSERT(exact != NULL || used == 0);
    if (used > 0) memcpy(exact, text, used);
    walk_case->texts[walk_case->texts_count++] = exact;
    return (struct slice){exact, used};
}

/* A chain that a config may have (HOPS.md 4.3a): repeat only where a hop appends, preserve only in front of such a one or last. */
static inline void case_chain(struct walk_case *walk_case, struct slice bytes) {
    struct chain *chain = &walk_case->chain;
    chain->name = "fuzz";
    chain->headers_count = CASE_HEADERS;
    for (uint8_t i = 0; i < CASE_HEADERS; i++) chain->headers[i] = "x";
    while (chain->hops_count < CHAIN_HOPS_MAX && chain->hops_count < bytes.len / 2) {
        uint8_t index = chain->hops_count++;
        uint8_t what = case_byte(bytes, 2u * index), with = case_byte(bytes, 2u * index + 1);
        struct hop *hop = &chain->hops[index];
        hop->type = "proxy";
        hop->carrier = what % 8 % CARRIERS; /* append is the eighth, too */
        if (index > 0 && hop[-1].carrier == CARRIER_PRESERVE) hop->carrier = CARRIER_APPEND;
        hop->optional = (what & 8) != 0;
        hop->repeat = hop->carrier == CARRIER_APPEND && (what & 16) != 0;
        hop->xff_port = (what & 32) != 0;
        hop->secret = (what & 128) != 0 ? 0 : HEADER_NONE;
        hop->appends = hop->carrier == CARRIER_HEADER && (with & 8) != 0;
        hop->token_mode = (with & 16) != 0 ? TOKEN_LAST_COLON : TOKEN_XFF;
        hop->header = (with >> 5) % CASE_HEADERS;
        hop->hides_as = (uint8_t)(VERDICT_CF_EDGE_ONLY + (with >> 5) % 3);
        chain->by_type[index] = index;
        if (hop->carrier == CARRIER_TRANSPARENT) continue;
        hop->peers = case_sets[with % CASE_PEERS];
        walk_case->peers[index] = &case_models[with % CASE_PEERS];
    }
}

static inline void case_proxies(struct walk_case *walk_case, struct slice bytes) {
    static const char *const v4[] = {"81.2.69.142", "10.0.3.7", "10.5.6.7",      "0.0.0.0",
                                     "224.1.1.1",   "10.2.2.2", "216.160.83.56", "255.255.255.255"};
    static const char *const v6[] = {"2001:218::1", "fd00:ec2::5",        "::ffff:81.2.69.142", "::",
                                     "ff02::1",     "64:ff9b::5102:458e", "::ffff:0.0.0.0",     "2600:9000:5206::7"};
    while (walk_case->evidence.proxies_count < CASE_PROXIES_MAX && walk_case->evidence.proxies_count < bytes.len / 2) {
        uint32_t index = walk_case->evidence.proxies_count++;
        uint8_t what = case_byte(bytes, 2u * index), with = case_byte(bytes, 2u * index + 1);
        struct proxy_header *proxy = &walk_case->proxies[index];
        proxy->garbled = (what & 0xe0) == 0xe0;
        if (proxy->garbled) continue;
        proxy->version = (what & 1) != 0 ? 1 : 2;
        proxy->command = (what & 0x0e) == 0x0e ? PROXY_LOCAL : PROXY_PROXY;
        proxy->family = (what >> 4) % 3 == 0 ? PROXY_TCP6 : (what >> 4) % 3 == 1 ? PROXY_TCP4 : (with >> 4) % 7;
        bool ipv6 = proxy->family == PROXY_TCP6 || proxy->family == PROXY_UDP6;
        bool ipv4 = proxy->family == PROXY_TCP4 || proxy->family == PROXY_UDP4;
        if (!ipv4 && !ipv6) continue;
        if (ipv4) memcpy(proxy->source.bytes, model_mapped, sizeof model_mapped);
        uint8_t *bytes_out = proxy->source.bytes + (ipv6 ? 0 : 12);
        ASSERT(inet_pton(ipv6 ? AF_INET6 : AF_INET, (ipv6 ? v6 : v4)[with % 8], bytes_out) == 1);
        proxy->has_source = true;
        proxy->source_mapped = ipv6 && ip_is_v4(&proxy->source);
        proxy->source_port = with >> 4 == 0 ? 0 : (uint16_t)(with * 251);
        if (proxy->version == 2 && (with & 8) != 0) proxy->vpce = SLICE("vpce-0123456789abcdef0");
    }
}

/* Room before the list, so that it is as long as the window or a little shorter or longer. */
static inline struct slice case_pad(char *pad, struct slice options, struct slice lines) {
    static const char *const fillers[] = {",", "x", " ", "9.9.9.9,", "\"", "a, ", "\\", "for=1.1.1.1;x=\"a,b\","};
    if ((case_byte(options, 0) & 4) == 0) return (struct slice){NULL, 0};
    struct walk_case scratch = {.texts_count = 0};
    struct slice bytes = lines;
    size_t rest = 0;
    for (size_t i = 0; i < CASE_LINES_MAX && (i == 0 || bytes.len > 0); i++)
        rest += case_text(&scratch, case_line(&bytes), (struct slice){NULL, 0}).len + (i > 0);
    for (size_t i = 0; i < scratch.texts_count; i++) free(scratch.texts[i]);
    size_t wanted = MODEL_WINDOW_BYTES - 128 + case_byte(options, 2);
    const char *filler = fillers[case_byte(options, 3) % 8];
    size_t used = 0;
    for (; used + rest < wanted; used++) pad[used] = filler[used % strlen(filler)];
    return (struct slice){pad, used};
}

static inline void case_make(struct walk_case *walk_case, struct slice input) {
    *walk_case = (struct walk_case){.texts_count = 0};
    case_peers_make();
    case_chain(walk_case, case_line(&input));
    struct evidence *evidence = &walk_case->evidence;
    struct slice options = case_line(&input), none = {NULL, 0};
    evidence->forwarded = (case_byte(options, 0) & 1) != 0;
    enum token_mode mode = (case_byte(options, 0) & 2) != 0 ? TOKEN_LAST_COLON : TOKEN_XFF;
    evidence->secrets = case_byte(options, 1) * 0x0101u;
    evidence->peer = address_token_parse(case_text(walk_case, case_line(&input), none), mode);
    for (size_t i = 0; i < CASE_HEADERS; i++) {
        struct slice header = case_line(&input);
        if (header.len > 0) evidence->headers[i] = case_text(walk_case, header, none);
    }
    evidence->proxies = walk_case->proxies;
    case_proxies(walk_case, case_line(&input));
    char pad[MODEL_WINDOW_BYTES + 128];
    struct slice before = case_pad(pad, options, input);
    evidence->lines = walk_case->lines;
    while (evidence->lines_count < CASE_LINES_MAX && (input.len > 0 || before.len > 0)) {
        walk_case->lines[evidence->lines_count++] = case_text(walk_case, case_line(&input), before);
        before.len = 0;
    }
    uint8_t unusual = case_byte(options, 4);
    walk_case->usual = unusual == 0;
    evidence->begins = (uint8_t)(unusual % 3);
    if (evidence->begins != BEGINS_AT_PEER) evidence->peer = (struct address_token){.kind = TOKEN_EMPTY};
    evidence->no_list = (unusual & 0x40) != 0;
    evidence->writer = HOP_INDEX_NONE;
    if (unusual >= 0x80 && walk_case->chain.hops_count > 0)
        evidence->writer = (uint8_t)(unusual % walk_case->chain.hops_count);
}

static inline void case_free(struct walk_case *walk_case) {
    for (size_t i = 0; i < walk_case->texts_count; i++) free(walk_case->texts[i]);
}

#endif
