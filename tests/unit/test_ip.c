/* Addresses and endpoints against case tables, inet_pton, inet_ntop, and every octet there is.
 *
 * Every text is read from memory that ends at an unreadable page.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/ip.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint64_t random_next(void) { /* xorshift64, the same numbers in every run */
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static struct ip ip_of(const char *text) {
    struct ip_parsed parsed;
    if (!ip_parse(slice_from(text), &parsed)) {
        fail_msg("no address: \"%s\"", text);
    }
    return parsed.ip;
}

static const char *formatted(const struct ip *ip) {
    static char text[IP_TEXT_BYTES_MAX + 1];
    memset(text, '#', sizeof text);
    uint32_t length = ip_format(ip, text);
    assert_true(length < IP_TEXT_BYTES_MAX);
    assert_int_equal(text[IP_TEXT_BYTES_MAX], '#');
    text[length] = '\0';
    return text;
}

/* --- parsing ---------------------------------------------------------------------------------- */

struct parse_case {
    const char *what, *text, *canonical; /* NULL: no address */
    enum ip_family family;
    bool v4_mapped;
};

/* clang-format off */
static const struct parse_case parse_cases[] = {
    {"shortest quad", "1.2.3.4", "1.2.3.4", IP_V4, false},
    {"longest quad", "255.255.255.255", "255.255.255.255", IP_V4, false},
    {"zeros", "0.0.0.0", "0.0.0.0", IP_V4, false},
    {"eight characters", "10.0.0.1", "10.0.0.1", IP_V4, false},
    {"nine characters", "10.20.0.1", "10.20.0.1", IP_V4, false},
    {"mixed lengths", "1.22.255.4", "1.22.255.4", IP_V4, false},
    {"leading zero", "01.2.3.4", NULL, IP_NONE, false},
    {"leading zero at the end", "1.2.3.04", NULL, IP_NONE, false},
    {"two zeros", "1.2.00.4", NULL, IP_NONE, false},
    {"octet too large", "1.2.3.256", NULL, IP_NONE, false},
    {"octet of 300", "300.2.3.4", NULL, IP_NONE, false},
    {"octet of 999", "1.999.3.4", NULL, IP_NONE, false},
    {"octet of four digits", "1.2.3.4567", NULL, IP_NONE, false},
    {"three parts", "127.1.1", NULL, IP_NONE, false},
    {"three long parts", "127.100.100", NULL, IP_NONE, false},
    {"five parts", "1.2.3.4.5", NULL, IP_NONE, false},
    {"empty part", "1..3.4.5", NULL, IP_NONE, false},
    {"dot first", ".1.2.3.4", NULL, IP_NONE, false},
    {"dot last", "1.2.3.4.", NULL, IP_NONE, false},
    {"hexadecimal", "0x7f.0.0.1", NULL, IP_NONE, false},
    {"one number", "2130706433", NULL, IP_NONE, false},
    {"sign", "+1.2.3.4", NULL, IP_NONE, false},
    {"negative", "1.2.3.-4", NULL, IP_NONE, false},
    {"space first", " 1.2.3.4", NULL, IP_NONE, false},
    {"space last", "1.2.3.4 ", NULL, IP_NONE, false},
    {"slash, the byte before 0", "1.2.3./", NULL, IP_NONE, false},
    {"colon, the byte behind 9", "1.2.3.:", NULL, IP_NONE, false},
    {"high bit on a digit", "1.2.3.\xb4", NULL, IP_NONE, false},
    {"high bit on a dot", "1\xae" "2.3.4", NULL, IP_NONE, false},
    {"sixteen characters", "1.2.3.4000000000", NULL, IP_NONE, false},
    {"empty", "", NULL, IP_NONE, false},
    {"minus", "-", NULL, IP_NONE, false},
    {"all groups", "2a02:a33c:4538:1:bcf4:5264:e01c:f215", "2a02:a33c:4538:1:bcf4:5264:e01c:f215", IP_V6, false},
    {"longest", "1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888", IP_V6, false},
    {"upper case", "2001:DB8::21F:5BFF:FEBF:CE22:8A2E", "2001:db8:0:21f:5bff:febf:ce22:8a2e", IP_V6, false},
    {"leading zeros", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", IP_V6, false},
    {"unspecified", "::", "::", IP_V6, false},
    {"loopback", "::1", "::1", IP_V6, false},
    {"gap at the end", "2001:218::", "2001:218::", IP_V6, false},
    {"gap of one group in the middle", "1:2:3:4::6:7:8", "1:2:3:4:0:6:7:8", IP_V6, false},
    {"gap of one group in front", "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", IP_V6, false},
    {"gap of one group at the end", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", IP_V6, false},
    {"first of equal runs", "1:0:0:4:0:0:7:8", "1::4:0:0:7:8", IP_V6, false},
    {"longest run", "1:0:0:4:0:0:0:8", "1:0:0:4::8", IP_V6, false},
    {"single zero stays", "1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8", IP_V6, false},
    {"gap without meaning", "1:2:3:4::5:6:7:8", NULL, IP_NONE, false},
    {"gap behind eight groups", "1:2:3:4:5:6:7:8::", NULL, IP_NONE, false},
    {"two gaps", "1::2::3", NULL, IP_NONE, false},
    {"three colons", "1:::2", NULL, IP_NONE, false},
    {"only three colons", ":::", NULL, IP_NONE, false},
    {"one colon", ":", NULL, IP_NONE, false},
    {"colon first", ":1:2:3:4:5:6:7:8", NULL, IP_NONE, false},
    {"colon last", "1:2:3:4:5:6:7:8:", NULL, IP_NONE, false},
    {"colon last behind a gap", "1::2:", NULL, IP_NONE, false},
    {"seven groups", "1:2:3:4:5:6:7", NULL, IP_NONE, false},
    {"nine groups", "1:2:3:4:5:6:7:8:9", NULL, IP_NONE, false},
    {"nine groups with a gap", "1::3:4:5:6:7:8:9", NULL, IP_NONE, false},
    {"five digits", "12345::", NULL, IP_NONE, false},
    {"five digits behind the gap", "::12345", NULL, IP_NONE, false},
    {"no digit", "1::g", NULL, IP_NONE, false},
    {"the byte before a", "1::`", NULL, IP_NONE, false},
    {"the byte before A", "1::@", NULL, IP_NONE, false},
    {"high bit on a letter", "1::\xe1", NULL, IP_NONE, false},
    {"zone", "fe80::1%eth0", NULL, IP_NONE, false},
    {"brackets", "[::1]", NULL, IP_NONE, false},
    {"prefix", "2001:218::/32", NULL, IP_NONE, false},
    {"forty characters", "1111:2222:3333:4444:5555:6666:7777:88889", NULL, IP_NONE, false},
    {"mapped", "::ffff:81.2.69.142", "81.2.69.142", IP_V4, true},
    {"mapped, in hexadecimal", "::FFFF:5102:458e", "81.2.69.142", IP_V4, true},
    {"mapped, in full", "0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255", IP_V4, true},
    {"quad behind a full prefix", "1111:2222:3333:4444:5555:6666:123.123.123.123",
     "1111:2222:3333:4444:5555:6666:7b7b:7b7b", IP_V6, false},
    {"quad behind a gap", "64:ff9b::81.2.69.142", "64:ff9b::5102:458e", IP_V6, false},
    {"compatible, deprecated", "::1.2.3.4", "::102:304", IP_V6, false},
    {"quad in the middle", "::1.2.3.4:5", NULL, IP_NONE, false},
    {"quad behind seven groups", "1:2:3:4:5:6:7:1.2.3.4", NULL, IP_NONE, false},
    {"quad behind five groups", "1:2:3:4:5:1.2.3.4", NULL, IP_NONE, false},
    {"quad behind a lonely colon", ":1.2.3.4", NULL, IP_NONE, false},
    {"bad quad", "::ffff:1.2.3.256", NULL, IP_NONE, false},
    {"quad with a port", "81.2.69.142:80", NULL, IP_NONE, false},
    {"46 characters", "00000:0000:0000:0000:0000:ffff:255.255.255.255", NULL, IP_NONE, false},
};
/* clang-format on */

static void parses_the_case_table(void **state) {
    (void)state;
    for (size_t index = 0; index < COUNT(parse_cases); index++) {
        const struct parse_case *expected = &parse_cases[index];
        struct ip_parsed parsed;
        bool good = ip_parse(guard_copy(slice_from(expected->text)), &parsed);
        if (good != (expected->canonical != NULL)) {
            fail_msg("%s: \"%s\" is%s taken", expected->what, expected->text, good ? "" : " not");
        }
        if (good) {
            assert_string_equal(formatted(&parsed.ip), expected->canonical);
            assert_int_equal(parsed.family, expected->family);
            assert_int_equal(parsed.v4_mapped, expected->v4_mapped);
        }
    }
}

static void takes_no_nul_for_an_end(void **state) {
    (void)state;
    static const struct slice texts[] = {{"1.2.3.4\0", 8}, {"::1\0", 4}, {"1\0002.3.4", 7}, {"::\0001", 4}, {"\0", 1}};
    for (size_t index = 0; index < COUNT(texts); index++) {
        struct ip_parsed parsed;
        assert_false(ip_parse(guard_copy(texts[index]), &parsed));
    }
}

/* What inet_pton makes of the text, in our form. */
static bool model_parse(struct slice text, struct ip_parsed *out) {
    char copy[128];
    if (text.len >= sizeof copy || (text.len != 0 && memchr(text.ptr, 0, text.len) != NULL)) {
        return false;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)text.len, text.ptr);
    memset(out->ip.bytes, 0, 10);
    memset(out->ip.bytes + 10, 0xff, 2);
    out->v4_mapped = false;
    out->family = IP_V4;
    if (inet_pton(AF_INET, copy, out->ip.bytes + 12) == 1) {
        return true;
    }
    if (inet_pton(AF_INET6, copy, out->ip.bytes) != 1) {
        return false;
    }
    out->v4_mapped = ip_is_v4(&out->ip);
    out->family = out->v4_mapped ? IP_V4 : IP_V6;
    return true;
}

static bool compare_with_model(struct slice text) {
    struct ip_parsed parsed, expected;
    bool good = ip_parse(guard_copy(text), &parsed), expected_good = model_parse(text, &expected);
    if (good != expected_good) {
        fail_msg("\"%.*s\" is%s taken", (int)text.len, text.ptr, good ? "" : " not");
    }
    if (good) {
        assert_memory_equal(&parsed.ip, &expected.ip, sizeof parsed.ip);
        assert_int_equal(parsed.family, expected.family);
        assert_int_equal(parsed.v4_mapped, expected.v4_mapped);
    }
    struct ip quad;
    bool is_quad = expected_good && expected.family == IP_V4 && !expected.v4_mapped;
    assert_int_equal(ip_parse_v4(guard_copy(text), &quad), is_quad);
    if (is_quad) assert_memory_equal(&quad, &expected.ip, sizeof quad);
    return good;
}

static void agrees_with_inet_pton_on_every_cut(void **state) {
    (void)state;
    for (size_t index = 0; index < COUNT(parse_cases); index++) {
        struct slice text = slice_from(parse_cases[index].text);
        for (size_t first = 0; first <= text.len; first++) {
            for (size_t length = 0; length <= text.len - first; length++) {
                compare_with_model((struct slice){.ptr = text.ptr + first, .len = length});
            }
        }
    }
}

static void knows_every_octet_at_every_place(void **state) {
    (void)state;
    for (unsigned octet = 0; octet <= 1000; octet++) {
        for (unsigned place = 0; place < 4; place++) {
            for (unsigned others = 0; others < 3; others++) {
                static const unsigned fillers[3] = {7, 42, 199};
                unsigned octets[4] = {fillers[others], fillers[others], fillers[others], fillers[others]};
                octets[place] = octet;
                char text[32];
                int length = snprintf(text, sizeof text, "%u.%u.%u.%u", octets[0], octets[1], octets[2], octets[3]);
                struct ip_parsed parsed;
                bool good = ip_parse(guard_copy((struct slice){.ptr = text, .len = (size_t)length}), &parsed);
                assert_int_equal(good, octet <= 255);
                if (good) {
                    assert_int_equal(parsed.ip.bytes[12 + place], octet);
                    assert_int_equal(parsed.ip.bytes[12 + (place + 1) % 4], fillers[others]);
                    assert_string_equal(formatted(&parsed.ip), text);
                }
            }
        }
    }
}

static void agrees_with_inet_pton_on_mutated_texts(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789abcdefABCDEF::::....g/@`%[] \xb1";
    size_t taken = 0;
    for (int round = 0; round < 300000; round++) {
        char text[64];
        const char *seed = parse_cases[random_next() % COUNT(parse_cases)].text;
        size_t length = strlen(seed);
        memcpy(text, seed, length);
        for (uint64_t changes = 1 + random_next() % 3; changes != 0 && length != 0; changes--) {
            size_t at = random_next() % length;
            char character = alphabet[random_next() % (sizeof alphabet - 1)];
            switch (random_next() % 3) {
            case 0: text[at] = character; break;
            case 1: memmove(text + at, text + at + 1, --length - at); break;
            default:
                memmove(text + at + 1, text + at, length++ - at);
                text[at] = character;
                break;
            }
        }
        taken += compare_with_model((struct slice){.ptr = text, .len = length});
    }
    assert_in_range(taken, 30000, 270000); /* both outcomes are common, or the test shows little */
}

/* --- formatting ------------------------------------------------------------------------------- */

static void formats_as_inet_ntop_and_back(void **state) {
    (void)state;
    for (int round = 0; round < 300000; round++) {
        struct ip ip;
        uint64_t words[2] = {random_next(), random_next()}, zero_groups = random_next();
        memcpy(ip.bytes, words, sizeof ip.bytes);
        for (size_t group = 0; group < 8; group++) { /* runs of zeros, and groups of fewer digits */
            if (zero_groups >> group & 1) {
                ip.bytes[2 * group] = 0;
                ip.bytes[2 * group + 1] = zero_groups >> (8 + group) & 1 ? 0 : ip.bytes[2 * group + 1];
            }
        }
        if (round % 4 == 0) {
            memset(ip.bytes, 0, 10);
            memset(ip.bytes + 10, 0xff, 2);
        }
        char expected[INET6_ADDRSTRLEN];
        bool v4 = ip_is_v4(&ip);
        assert_int_equal(v4, round % 4 == 0);
        inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip.bytes + 12 : ip.bytes, expected, sizeof expected);
        const char *text = formatted(&ip);
        if (v4 || strchr(expected, '.') == NULL) { /* inet_ntop writes ::a.b.c.d, which RFC 5952 does not ask for */
            assert_string_equal(text, expected);
        }
        struct ip again = ip_of(text);
        assert_memory_equal(&again, &ip, sizeof ip);
    }
}

/* --- endpoints -------------------------------------------------------------------------------- */

struct endpoint_case {
    const char *what, *text, *canonical; /* NULL: no endpoint */
    uint16_t port;
};

static const struct endpoint_case endpoint_cases[] = {
    {"IPv4", "81.2.69.142:42173", "81.2.69.142", 42173},
    {"IPv6, the last colon", "2001:218::1:443", "2001:218::1", 443},
    {"IPv6 in full", "2a02:a33c:4538:1:bcf4:5264:e01c:f215:50718", "2a02:a33c:4538:1:bcf4:5264:e01c:f215", 50718},
    {"IPv6 that is all gap", ":::80", "::", 80},
    {"brackets", "[2001:218::1]:4711", "2001:218::1", 4711},
    {"mapped in brackets", "[::ffff:81.2.69.142]:80", "81.2.69.142", 80},
    {"mapped", "::ffff:81.2.69.142:80", "81.2.69.142", 80},
    {"largest port", "10.0.0.1:65535", "10.0.0.1", 65535},
    {"port 0", "10.0.0.1:0", "10.0.0.1", 0},
    {"port with zeros", "10.0.0.1:00080", "10.0.0.1", 80},
    {"port too large", "10.0.0.1:65536", NULL, 0},
    {"port of 99999", "10.0.0.1:99999", NULL, 0},
    {"port of six digits", "10.0.0.1:000080", NULL, 0},
    {"no port", "10.0.0.1", NULL, 0},
    {"no port behind the colon", "10.0.0.1:", NULL, 0},
    {"no port behind brackets", "[::1]", NULL, 0},
    {"port with a letter", "10.0.0.1:8o", NULL, 0},
    {"port with a sign", "10.0.0.1:+80", NULL, 0},
    {"no address", ":80", NULL, 0},
    {"a port alone", "80", NULL, 0},
    {"IPv4 in brackets", "[10.0.0.1]:80", NULL, 0},
    {"open bracket", "[::1:80", NULL, 0},
    {"closing bracket", "::1]:80", NULL, 0},
    {"text behind the bracket", "[::1]x:80", NULL, 0},
    {"only brackets", "[]:80", NULL, 0},
    {"a bracket", "[:80", NULL, 0},
    {"null column", "-", NULL, 0},
    {"empty", "", NULL, 0},
    {"host name", "localhost:8080", NULL, 0},
};

static void parses_endpoints(void **state) {
    (void)state;
    for (size_t index = 0; index < COUNT(endpoint_cases); index++) {
        const struct endpoint_case *expected = &endpoint_cases[index];
        struct endpoint endpoint;
        struct slice text = slice_from(expected->text);
        bool good = ip_parse_endpoint(guard_copy(text), &endpoint);
        if (good != (expected->canonical != NULL)) {
            fail_msg("%s: \"%s\" is%s taken", expected->what, expected->text, good ? "" : " not");
        }
        if (good) {
            assert_string_equal(formatted(&endpoint.address.ip), expected->canonical);
            assert_int_equal(endpoint.port, expected->port);
        }
    }
}

/* A cut endpoint is another endpoint or none, by its last colon. */
static void parses_every_cut_of_an_endpoint(void **state) {
    (void)state;
    size_t taken = 0;
    for (size_t index = 0; index < COUNT(endpoint_cases); index++) {
        for (size_t length = 0; length <= strlen(endpoint_cases[index].text); length++) {
            struct slice text = {.ptr = endpoint_cases[index].text, .len = length};
            struct endpoint endpoint;
            bool good = ip_parse_endpoint(guard_copy(text), &endpoint);
            const char *colon = memrchr(text.ptr, ':', text.len);
            size_t digits = colon == NULL ? 0 : (size_t)(text.ptr + text.len - colon) - 1;
            unsigned port = 0;
            char rest[64] = {0};
            bool port_good = digits >= 1 && digits <= 5 && sscanf(colon + 1, "%5[0-9]", rest) == 1;
            if (port_good) {
                rest[digits] = '\0';
                port_good = strlen(rest) == digits && sscanf(rest, "%u", &port) == 1 && port <= 65535;
            }
            struct slice address = {.ptr = text.ptr, .len = colon == NULL ? 0 : (size_t)(colon - text.ptr)};
            bool bracketed = address.len > 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']';
            if (bracketed) {
                address = (struct slice){.ptr = address.ptr + 1, .len = address.len - 2};
            }
            struct ip_parsed expected;
            bool expected_good = port_good && model_parse(address, &expected) &&
                                 (!bracketed || memchr(address.ptr, ':', address.len) != NULL);
            assert_int_equal(good, expected_good);
            if (good) {
                assert_int_equal(endpoint.port, port);
                assert_memory_equal(&endpoint.address.ip, &expected.ip, sizeof expected.ip);
                taken++;
            }
        }
    }
    assert_true(taken > 30);
}

/* --- global addresses ------------------------------------------------------------------------- */

struct range {
    const char *first, *last;
};

/* Ranges with their ends, as the registries would be written in that form; what lies between is global. */
static const struct range v4_not_global[] = {
    {"0.0.0.0", "0.255.255.255"},       {"10.0.0.0", "10.255.255.255"},     {"100.64.0.0", "100.127.255.255"},
    {"127.0.0.0", "127.255.255.255"},   {"169.254.0.0", "169.254.255.255"}, {"172.16.0.0", "172.31.255.255"},
    {"192.0.0.0", "192.0.0.8"},         {"192.0.0.11", "192.0.0.255"},      {"192.0.2.0", "192.0.2.255"},
    {"192.88.99.2", "192.88.99.2"},     {"192.168.0.0", "192.168.255.255"}, {"198.18.0.0", "198.19.255.255"},
    {"198.51.100.0", "198.51.100.255"}, {"203.0.113.0", "203.0.113.255"},   {"224.0.0.0", "255.255.255.255"},
};

static const struct range v6_not_global[] = {
    {"::", "::fffe:ffff:ffff"}, /* the next range is IPv4's */
    {"::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:1::", "2001:1::"},
    {"2001:1::4", "2001:2:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff"},
    {"2001:4:113::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static void assert_global(const struct ip *ip, bool expected) {
    if (ip_is_global(ip) != expected) {
        fail_msg("%s is%s global", formatted(ip), expected ? " not" : "");
    }
}

/* The neighbour `step` away, over all 16 bytes. */
static struct ip neighbour(struct ip ip, int step) {
    int carry = step;
    for (size_t index = 16; index-- > 0 && carry != 0;) {
        int sum = ip.bytes[index] + carry;
        ip.bytes[index] = (uint8_t)sum;
        carry = sum < 0 ? -1 : sum > 255 ? 1 : 0;
    }
    return ip;
}

static bool between(const struct ip *ip, const struct ip *first, const struct ip *last) {
    return memcmp(ip, first, sizeof *ip) >= 0 && memcmp(ip, last, sizeof *ip) <= 0;
}

/* Both ends of each range and addresses inside are not global; both ends of what lies between two are. */
static void check_ranges(const struct range *ranges, size_t count, bool v4) {
    for (size_t index = 0; index < count; index++) {
        struct ip first = ip_of(ranges[index].first), last = ip_of(ranges[index].last);
        assert_global(&first, false);
        assert_global(&last, false);
        for (int round = 0; round < 2000; round++) {
            struct ip ip = first;
            for (size_t byte = v4 ? 12 : 0; byte < 16; byte++) {
                ip.bytes[byte] = random_next() % 4 == 0 ? ip.bytes[byte] : (uint8_t)random_next();
            }
            if (between(&ip, &first, &last)) {
                assert_global(&ip, false);
            }
        }
        if (index + 1 < count) {
            struct ip next = ip_of(ranges[index + 1].first);
            struct ip gap_first = neighbour(last, 1), gap_last = neighbour(next, -1);
            if (memcmp(&gap_first, &next, sizeof next) < 0 && ip_is_v4(&gap_first) == v4) {
                assert_global(&gap_first, true);
                assert_global(&gap_last, true);
            }
        }
    }
}

static bool in_ranges(const struct ip *ip, const struct range *ranges, size_t count) {
    for (size_t index = 0; index < count; index++) {
        struct ip first = ip_of(ranges[index].first), last = ip_of(ranges[index].last);
        if (between(ip, &first, &last)) {
            return true;
        }
    }
    return false;
}

static void tells_global_v4_addresses(void **state) {
    (void)state;
    check_ranges(v4_not_global, COUNT(v4_not_global), true);
    size_t global = 0;
    for (uint32_t network = 0; network < 65536; network++) { /* each /16 by its first and a random address */
        struct ip ip = ip_of("0.0.0.0");
        ip.bytes[12] = (uint8_t)(network >> 8);
        ip.bytes[13] = (uint8_t)network;
        for (int round = 0; round < 2; round++) {
            bool expected = !in_ranges(&ip, v4_not_global, COUNT(v4_not_global));
            assert_global(&ip, expected);
            global += expected;
            ip.bytes[14] = (uint8_t)random_next();
            ip.bytes[15] = (uint8_t)random_next();
        }
    }
    assert_in_range(global, 2 * 56000, 2 * 58000);
}

static void tells_global_v6_addresses(void **state) {
    (void)state;
    check_ranges(v6_not_global, COUNT(v6_not_global), false);
    static const char *const global[] = {
        "2001:218::1",  "2a02:a33c::1",   "64:ff9b::5102:458e", "2002:5102:458e::1", "2001::1",
        "2001:1::1",    "2001:1::2",      "2001:1::3",          "2001:3::1",         "2001:4:112::1",
        "2001:20::1",   "2001:3f:ffff::", "2001:200::",         "2620:4f:8000::1",   "2000::",
        "3ffe:ffff::1", "3fff:1000::",    "::ffff:81.2.69.142"};
    for (size_t index = 0; index < COUNT(global); index++) {
        struct ip ip = ip_of(global[index]);
        assert_global(&ip, true);
    }
    static const char *const not_global[] = {"::1",     "::",      "fe80::1",         "fc00::1",
                                             "fdff::1", "ff02::1", "100::1",          "64:ff9b:1::1",
                                             "5f00::1", "fec0::1", "::ffff:10.0.0.1", "::8.8.8.8"};
    for (size_t index = 0; index < COUNT(not_global); index++) {
        struct ip ip = ip_of(not_global[index]);
        assert_global(&ip, false);
    }
    for (int round = 0; round < 100000; round++) {
        struct ip ip = {{0}};
        uint64_t word = random_next();
        memcpy(ip.bytes, &word, sizeof word);
        if (round % 2 == 0) {
            ip.bytes[0] = 0x20;
            ip.bytes[1] = 0x01;
            ip.bytes[2] = round % 4 == 0 ? 0 : ip.bytes[2];
        }
        bool nat64 = memcmp(ip.bytes, "\0\x64\xff\x9b\0\0\0\0\0\0\0", 12) == 0;
        assert_global(&ip, nat64 || !in_ranges(&ip, v6_not_global, COUNT(v6_not_global)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_the_case_table),
        cmocka_unit_test(takes_no_nul_for_an_end),
        cmocka_unit_test(agrees_with_inet_pton_on_every_cut),
        cmocka_unit_test(knows_every_octet_at_every_place),
        cmocka_unit_test(agrees_with_inet_pton_on_mutated_texts),
        cmocka_unit_test(formats_as_inet_ntop_and_back),
        cmocka_unit_test(parses_endpoints),
        cmocka_unit_test(parses_every_cut_of_an_endpoint),
        cmocka_unit_test(tells_global_v4_addresses),
        cmocka_unit_test(tells_global_v6_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
