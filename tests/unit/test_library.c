/* libwherefrom but for the walk: addresses, sockets, PROXY headers, mistakes in chains, texts of flags, many threads.
 *
 * Threads: one, and those of the last test. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/guard.h"
#include "tests/unit/library_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct wherefrom_text guarded(const char *text) {
    struct slice copy = guard_copy(slice_from(text));
    return (struct wherefrom_text){copy.ptr, copy.len};
}

static void test_version(void **state) {
    (void)state;
    assert_string_equal(wherefrom_version(), WHEREFROM_VERSION);
}

/* --- addresses ------------------------------------------------------------------------------------ */

#define MODES 2
static const struct {
    const char *text;
    const char *expected[MODES]; /* by mode: "ADDRESS PORT" or a letter for the kind */
} tokens[] = {
    {"", {"e", "e"}},
    {" \t", {"e", "e"}},
    {"81.2.69.142", {"81.2.69.142 0", "b"}},
    {" 81.2.69.142:80\t", {"81.2.69.142 80", "81.2.69.142 80"}},
    {"81.2.69.142:0", {"81.2.69.142 0", "81.2.69.142 0"}},
    {"81.2.69.142:65535", {"81.2.69.142 65535", "81.2.69.142 65535"}},
    {"81.2.69.142:65536", {"b", "b"}},
    {"81.2.69.142:", {"b", "b"}},
    {"81.2.69.142:http", {"b", "b"}},
    {"081.2.69.142", {"b", "b"}},
    {"127.1", {"b", "b"}},
    {"0x7f.0.0.1", {"b", "b"}},
    {"81.2.69.256", {"b", "b"}},
    {"0.0.0.0", {"b", "b"}},
    {"224.0.0.1:80", {"b", "b"}},
    {"255.255.255.255", {"b", "b"}},
    {"2001:218::1", {"2001:218::1 0", "b"}},
    {"2001:0218:0:0:0:0:0:1:52325", {"b", "2001:218::1 52325"}},
    {"[2001:218::1]", {"2001:218::1 0", "2001:218::1 0"}},
    {"[2001:218::1]:443", {"2001:218::1 443", "2001:218::1 443"}},
    {"[2001:218::1", {"b", "b"}},
    {"[81.2.69.142]", {"b", "b"}},
    {"::ffff:81.2.69.142", {"81.2.69.142 0", "b"}},
    {"[::ffff:5102:458e]:1", {"81.2.69.142 1", "81.2.69.142 1"}},
    {"[fe80::1%eth0]:1", {"fe80::1 1", "fe80::1 1"}},
    {"[fe80::1%]:1", {"b", "b"}},
    {"::", {"b", "b"}},
    {"[ff02::1]:1", {"b", "b"}},
    {"\"81.2.69.142:80\"", {"81.2.69.142 80", "81.2.69.142 80"}},
    {"\"\"", {"b", "b"}},
    {"unknown", {"u", "u"}},
    {"\"UNKNOWN:80\"", {"u", "u"}},
    {"unknown:x", {"b", "b"}},
    {"_hidden", {"o", "o"}},
    {"-", {"b", "b"}},
    {"81.2.69.142, 81.2.69.143", {"b", "b"}},
    {"11111111111111111111111111111111111111111111111111111111111111111", {"b", "b"}},
};

static void assert_token(const struct wherefrom_token *token, int kind, const char *expected, const char *what) {
    static const char letters[] = "e?uob";
    char said[80], ip[WHEREFROM_IP_TEXT_BYTES];
    assert_int_equal(kind, token->kind);
    if (kind == WHEREFROM_TOKEN_ADDRESS) {
        size_t bytes = wherefrom_ip_text(&token->ip, ip);
        assert_int_equal(bytes, strlen(ip));
        assert_int_equal(wherefrom_ip_family(&token->ip), strchr(ip, ':') != NULL ? 6 : 4);
        snprintf(said, sizeof said, "%s %u", ip, token->port);
    } else {
        snprintf(said, sizeof said, "%c", letters[kind]);
    }
    if (strcmp(said, expected) != 0) fail_msg("%s: expected %s, said %s", what, expected, said);
}

static void test_tokens(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        for (int mode = 0; mode < MODES; mode++) {
            struct wherefrom_token token;
            memset(&token, 0xa5, sizeof token);
            int kind = wherefrom_token_parse(guarded(tokens[i].text), (enum wherefrom_token_mode)mode, &token);
            assert_token(&token, kind, tokens[i].expected[mode], tokens[i].text);
        }
    }
    struct wherefrom_token token;
    assert_int_equal(wherefrom_token_parse((struct wherefrom_text){NULL, 0}, WHEREFROM_TOKEN_XFF, &token),
                     WHEREFROM_TOKEN_EMPTY);
}

/* Sockets, cut at every length. */
static void test_sockets(void **state) {
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = {htonl(0x5102458e)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(4711)}, mapped = v6, nobody = v6;
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    memcpy(&v6.sin6_addr, "\x20\x01\x02\x18\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    memcpy(&mapped.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x51\x02\x45\x8e", 16);
    const struct {
        const char *what, *expected;
        const void *address;
        size_t bytes, bytes_min; /* what is shorter is no address */
    } sockets[] = {
        {"IPv4", "81.2.69.142 4711", &v4, sizeof v4, sizeof v4},
        {"IPv6", "2001:218::1 4711", &v6, sizeof v6, sizeof v6},
        {"IPv4 on a socket of IPv6", "81.2.69.142 4711", &mapped, sizeof mapped, sizeof mapped},
        {"unspecified", "b", &nobody, sizeof nobody, 0},
        {"local", "b", &local, sizeof local, 0},
    };
    for (size_t i = 0; i < COUNT_OF(sockets); i++) {
        for (size_t bytes = 0; bytes <= sockets[i].bytes; bytes++) {
            struct wherefrom_token token;
            struct slice copy = guard_copy((struct slice){(const char *)sockets[i].address, bytes});
            int kind = wherefrom_token_from_sockaddr((const struct sockaddr *)(const void *)copy.ptr, bytes, &token);
            assert_token(&token, kind, bytes < sockets[i].bytes_min ? "b" : sockets[i].expected, sockets[i].what);
        }
    }
}

/* --- PROXY ---------------------------------------------------------------------------------------- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TEXT(literal) \
    { literal, sizeof(literal) - 1 }

static bool is_text(struct wherefrom_text text, const char *expected) {
    return expected == NULL ? text.ptr == NULL
                            : text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
}

static void test_proxy(void **state) {
    (void)state;
    static const struct slice whole = TEXT(SIGNATURE "\x21\x11\0\x4b"
                                                     "\x51\x02\x45\x8e\x0a\0\0\1\xc8\x22\x01\xbb"
                                                     "\xea\0\x17\1vpce-08d2bf15fac5001c9"
                                                     "\5\0\3abc"
                                                     "\x20\0\x10\7\0\0\0\1\x21\0\1v\x22\0\4cn=x"
                                                     "\1\0\2h2\2\0\4host");
    struct wherefrom_proxy proxy;
    size_t consumed;
    const char *reason;
    for (size_t bytes = 0; bytes < whole.len; bytes++) {
        struct slice cut = guard_copy((struct slice){whole.ptr, bytes});
        assert_int_equal(wherefrom_proxy_parse((struct wherefrom_text){cut.ptr, cut.len}, WHEREFROM_PROXY_EITHER,
                                               &proxy, &consumed, &reason),
                         WHEREFROM_MORE);
        assert_int_equal(consumed, 0);
        assert_null(reason);
    }
    struct slice copy = guard_copy(whole);
    assert_int_equal(wherefrom_proxy_parse((struct wherefrom_text){copy.ptr, copy.len}, WHEREFROM_PROXY_V2, &proxy,
                                           &consumed, &reason),
                     WHEREFROM_DONE);
    assert_int_equal(consumed, whole.len);
    char source[WHEREFROM_IP_TEXT_BYTES], destination[WHEREFROM_IP_TEXT_BYTES];
    wherefrom_ip_text(&proxy.source, source);
    wherefrom_ip_text(&proxy.destination, destination);
    assert_string_equal(source, "81.2.69.142");
    assert_string_equal(destination, "10.0.0.1");
    assert_true(proxy.version == 2 && proxy.family == WHEREFROM_PROXY_TCP4 && proxy.has_addresses && !proxy.local &&
                !proxy.garbled && !proxy.source_mapped && !proxy.crc_checked);
    assert_true(proxy.source_port == 51234 && proxy.destination_port == 443);
    assert_true(proxy.has_ssl && proxy.ssl_client == 7 && proxy.ssl_verify == 1);
    assert_true(is_text(proxy.vpce, "vpce-08d2bf15fac5001c9") && is_text(proxy.unique_id, "abc"));
    assert_true(is_text(proxy.alpn, "h2") && is_text(proxy.authority, "host") && is_text(proxy.netns, NULL));
    assert_true(is_text(proxy.ssl_version, "v") && is_text(proxy.ssl_cn, "cn=x") && is_text(proxy.ssl_cipher, NULL) &&
                is_text(proxy.ssl_sig_alg, NULL) && is_text(proxy.ssl_key_alg, NULL));
}

static void test_proxy_others(void **state) {
    (void)state;
    static const struct {
        const char *what;
        struct slice bytes;
        enum wherefrom_proxy_accept accept;
        enum wherefrom_parsed parsed;
        size_t consumed;
        const char *reason;
        bool local;
        enum wherefrom_proxy_family family;
    } headers[] = {
        {"version 1", TEXT("PROXY TCP6 2001:218::1 2001:218::2 1 2\r\nGET"), WHEREFROM_PROXY_V1, WHEREFROM_DONE, 40,
         NULL, false, WHEREFROM_PROXY_TCP6},
        {"version 1, unknown", TEXT("PROXY UNKNOWN x\r\n"), WHEREFROM_PROXY_EITHER, WHEREFROM_DONE, 17, NULL, false,
         WHEREFROM_PROXY_UNSPEC},
        {"LOCAL", TEXT(SIGNATURE "\x20\0\0\0"), WHEREFROM_PROXY_EITHER, WHEREFROM_DONE, 16, NULL, true,
         WHEREFROM_PROXY_UNSPEC},
        {"UDP", TEXT(SIGNATURE "\x21\x12\0\x0c\x51\x02\x45\x8e\x0a\0\0\1\0\1\0\2"), WHEREFROM_PROXY_EITHER,
         WHEREFROM_DONE, 28, NULL, false, WHEREFROM_PROXY_UDP4},
        {"version 2 where 1 is expected", TEXT(SIGNATURE "\x20\0\0\0"), WHEREFROM_PROXY_V1, WHEREFROM_BAD, 0,
         "signature", false, WHEREFROM_PROXY_UNSPEC},
        {"version 3", TEXT(SIGNATURE "\x31\0\0\0"), WHEREFROM_PROXY_V2, WHEREFROM_BAD, 0, "version", false,
         WHEREFROM_PROXY_UNSPEC},
        {"a request", TEXT("GET / HTTP/1.1\r\n"), WHEREFROM_PROXY_EITHER, WHEREFROM_BAD, 0, "signature", false,
         WHEREFROM_PROXY_UNSPEC},
    };
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct wherefrom_proxy proxy;
        size_t consumed;
        const char *reason;
        struct slice copy = guard_copy(headers[i].bytes);
        enum wherefrom_parsed parsed = wherefrom_proxy_parse((struct wherefrom_text){copy.ptr, copy.len},
                                                             headers[i].accept, &proxy, &consumed, &reason);
        if (parsed != headers[i].parsed || consumed != headers[i].consumed ||
            proxy.garbled != (headers[i].parsed == WHEREFROM_BAD) || proxy.local != headers[i].local ||
            proxy.family != headers[i].family || (reason == NULL) != (headers[i].reason == NULL))
            fail_msg("%s: parsed %d, consumed %zu, garbled %d, local %d, family %d", headers[i].what, (int)parsed,
                     consumed, proxy.garbled, proxy.local, proxy.family);
        if (reason != NULL) assert_string_equal(reason, headers[i].reason);
    }
}

/* --- chains --------------------------------------------------------------------------------------- */

/* Place and hop come through; the rest of the sentence is the loader's. */
static void test_mistakes(void **state) {
    (void)state;
    static const struct {
        const char *hops, *error; /* how it begins */
    } mistakes[] = {
        {"", "hops: expected a list of hops"},
        {"~", "hops:1:1: chain: expected a list of hops"},
        {"{a: b}", "hops:1:2: chain: unknown key \"a\""},
        {"count:17", "hops:1:1: chain: expected count:N"},
        {"[]\n---\n[]", "hops:2:1: expected one document"},
        {"[&a {type: alb}]", "hops:1:2: anchors are not supported"},
        {"[{type: alb, peers: [10.0.0.0/8], carrier: pigeon}]", "hops:1:44: chain hop 1 (alb): unknown"},
        {"[{type: alb, peers: [10.0.0.0/8], carrier: preserve}]", "hops:1:2: chain: can never resolve"},
        {"[{type: alb, peers: [10.0.0.0/8], carrier: none, as: ok}]", "hops:1:54: chain hop 1 (alb): as: \"ok\""},
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        char error[512] = "";
        assert_null(wherefrom_chain_new(mistakes[i].hops, error, sizeof error));
        if (strncmp(error, mistakes[i].error, strlen(mistakes[i].error)) != 0)
            fail_msg("%s: expected %s.., said %s", mistakes[i].hops, mistakes[i].error, error);
        char cut[9] = "########";
        assert_null(wherefrom_chain_new(mistakes[i].hops, cut, 5));
        assert_memory_equal(cut, "hops\0###", 8);
        assert_null(wherefrom_chain_new(mistakes[i].hops, NULL, 0));
    }
    wherefrom_chain_free(NULL);
}

/* All its flags, in any room. */
static void test_flags(void **state) {
    (void)state;
    static const char expected[] = "base=ok,quoted,skipped-cdn,v4-mapped,via-nlb,zone";
    struct wherefrom_chain *chain = wherefrom_chain_new(
        "[{type: nlb, carrier: transparent}, {type: alb, peers: [10.0.0.0/8], carrier: append},"
        " {type: cdn, peers: [130.176.0.0/16], carrier: append, optional: true},"
        " {type: cdn, peers: [130.177.0.0/16], carrier: append, optional: true}, {type: nlb, carrier: transparent}]",
        NULL, 0);
    struct library_case given = {.peer = "::ffff:10.0.0.1", .lines = {"9.9.9.9, \"2001:218::1%x\""}};
    struct wherefrom_client client;
    assert_non_null(chain);
    library_case_resolve(&given, chain, &client);
    for (size_t bytes = 0; bytes < sizeof expected + 3; bytes++) {
        char text[sizeof expected + 4];
        memset(text, '#', sizeof text);
        assert_int_equal(wherefrom_client_flags(&client, text, bytes), sizeof expected - 1);
        size_t kept = bytes == 0 ? 0 : bytes - 1 < sizeof expected - 1 ? bytes - 1 : sizeof expected - 1;
        assert_memory_equal(text, expected, kept);
        if (bytes > 0) assert_int_equal(text[kept], '\0');
        for (size_t i = kept + (bytes > 0); i < sizeof text; i++) assert_int_equal(text[i], '#');
    }
    assert_int_equal(wherefrom_client_flags(&client, NULL, 0), sizeof expected - 1);
    wherefrom_chain_free(chain);
}

/* More lines than anybody keeps on a stack, more PROXY headers than a chain has hops, and lines that are not there. */
static void test_many(void **state) {
    (void)state;
    enum { LINES = 20000 };
    static struct wherefrom_text lines[LINES];
    static struct wherefrom_proxy proxies[40];
    struct wherefrom_chain *chain = wherefrom_chain_new(
        "[{type: nlb, peers: [10.0.0.0/8], carrier: pp}, {type: alb, peers: [11.0.0.0/8], carrier: append}]", NULL, 0);
    struct wherefrom_request request = {
        .forwarded_for = lines, .forwarded_for_count = LINES, .proxies = proxies, .proxies_count = COUNT_OF(proxies)};
    struct wherefrom_client client;
    size_t consumed;
    const char *reason;
    assert_non_null(chain);
    wherefrom_token_parse(library_text("10.0.0.1"), WHEREFROM_TOKEN_XFF, &request.peer);
    wherefrom_proxy_parse(library_text("PROXY TCP4 11.0.0.1 10.0.0.2 9 9\r\n"), WHEREFROM_PROXY_V1, &proxies[0],
                          &consumed, &reason);
    wherefrom_resolve(chain, &request, &client);
    assert_string_equal(library_say(&client).text, "0 xff-garbled none 0 1 [xff-truncated] via=11.0.0.1");
    lines[0] = library_text("9.9.9.9");
    lines[LINES - 9] = library_text("8.8.8.8");
    lines[LINES - 2] = library_text("81.2.69.142");
    wherefrom_resolve(chain, &request, &client);
    assert_string_equal(library_say(&client).text,
                        "81.2.69.142 0 spoofed-leftmost xff 2 2 [base=ok,xff-truncated] claim=8.8.8.8 via=11.0.0.1");
    wherefrom_chain_free(chain);
}

/* --- threads -------------------------------------------------------------------------------------- */

enum { RESOLVERS = 3, ROUNDS = 3000, NAMES = 8 };

struct resolver {
    pthread_t thread;
    const struct wherefrom_chain *chain;
    unsigned number, wrong;
};

static void *resolve_often(void *context) {
    struct resolver *resolver = context;
    char list[64], expected[32];
    for (unsigned i = 0; i < ROUNDS; i++) {
        snprintf(expected, sizeof expected, "81.%u.%u.%u", resolver->number, i >> 8, i & 255);
        snprintf(list, sizeof list, "%s, 130.176.0.1", expected);
        struct library_case given = {
            .peer = "10.0.0.1", .lines = {list}, .headers = {{"X-Key", i % 2 == 0 ? "secret" : "other"}}};
        struct wherefrom_client client;
        library_case_resolve(&given, resolver->chain, &client);
        resolver->wrong += strcmp(client.ip_text, i % 2 == 0 ? expected : "") != 0;
        resolver->wrong += strcmp(client.verdict, i % 2 == 0 ? "ok" : "origin-unverified") != 0;
    }
    return NULL;
}

/* Chains with verdicts of their own are made and freed all the while. */
static void *make_often(void *context) {
    struct resolver *resolver = context;
    for (unsigned i = 0; i < ROUNDS / 10; i++) {
        char hops[128], verdict[16];
        snprintf(verdict, sizeof verdict, "behind-%u", i % NAMES);
        snprintf(hops, sizeof hops, "[{type: vpn, peers: [10.0.0.0/8], carrier: none, as: %s}]", verdict);
        struct wherefrom_chain *chain = wherefrom_chain_new(hops, NULL, 0);
        struct library_case given = {.peer = "10.0.0.1"};
        struct wherefrom_client client;
        resolver->wrong += chain == NULL;
        if (chain == NULL) continue;
        library_case_resolve(&given, chain, &client);
        resolver->wrong += strcmp(client.verdict, verdict) != 0;
        wherefrom_chain_free(chain);
    }
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    struct resolver resolvers[RESOLVERS + 2] = {0};
    struct wherefrom_chain *chain = wherefrom_chain_new(
        "[{type: alb, peers: [10.0.0.0/8], carrier: append}, {type: cdn, peers: [130.176.0.0/16], carrier: append,"
        " secret: {header: X-Key, sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b}}]",
        NULL, 0);
    assert_non_null(chain);
    for (unsigned i = 0; i < COUNT_OF(resolvers); i++) {
        resolvers[i].chain = chain;
        resolvers[i].number = i;
        assert_int_equal(
            pthread_create(&resolvers[i].thread, NULL, i < RESOLVERS ? resolve_often : make_often, &resolvers[i]), 0);
    }
    for (unsigned i = 0; i < COUNT_OF(resolvers); i++) {
        assert_int_equal(pthread_join(resolvers[i].thread, NULL), 0);
        assert_int_equal(resolvers[i].wrong, 0);
    }
    wherefrom_chain_free(chain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version), cmocka_unit_test(test_tokens),       cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_proxy),   cmocka_unit_test(test_proxy_others), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_flags),   cmocka_unit_test(test_many),         cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
