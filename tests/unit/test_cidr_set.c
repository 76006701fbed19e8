/* Networks: what is one, and whether a set of them holds what a list of them would.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cidr_set.h"
#include "tests/unit/guard.h"
#include "tests/unit/seeded.h"

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *input, *expected; /* "FAMILY NETWORK/BITS", or what `problem` begins with */
    } cases[] = {
        {"10.0.0.0/8", "4 10.0.0.0/8"},
        {"10.0.3.7", "4 10.0.3.7/32"},
        {"0.0.0.0/0", "4 0.0.0.0/0"},
        {"10.0.3.7/32", "4 10.0.3.7/32"},
        {"10.128.0.0/9", "4 10.128.0.0/9"},
        {"::/0", "6 ::/0"},
        {"fd00:ec2::/32", "6 fd00:ec2::/32"},
        {"2600:9000:5200::/40", "6 2600:9000:5200::/40"},
        {"2001:DB8::1", "6 2001:db8::1/128"},
        {"fc00::/7", "6 fc00::/7"},
        {"::ffff:10.0.0.0/104", "4 10.0.0.0/8"},
        {"::ffff:10.0.0.0/112", "4 10.0.0.0/16"},
        {"::ffff:a00:0/128", "4 10.0.0.0/32"},
        {"::ffff:0.0.0.0/96", "4 0.0.0.0/0"},
        {"::ffff:0.0.0.0/95", "is a mapped network shorter than /96"},
        {"::ffff:10.0.0.0/0", "is a mapped network shorter than /96"},
        {"::ffff:10.0.0.1/112", "has bits behind its prefix"},
        {"10.0.0.1/8", "has bits behind its prefix"},
        {"10.0.0.0/0", "has bits behind its prefix"},
        {"10.64.0.0/9", "has bits behind its prefix"},
        {"fd00::1/64", "has bits behind its prefix"},
        {"10.0.0.0/33", "is no network"},
        {"::/129", "is no network"},
        {"10.0.0.0/", "is no network"},
        {"10.0.0.0/ 8", "is no network"},
        {"10.0.0.0/+8", "is no network"},
        {"10.0.0.0/0008", "is no network"},
        {"10.0.0.0/8/8", "is no network"},
        {"10.0.0/8", "is no network"},
        {"010.0.0.0/8", "is no network"},
        {"[::]/0", "is no network"},
        {"fe80::%1/10", "is no network"},
        {" 10.0.0.0/8", "is no network"},
        {"/8", "is no network"},
        {"", "is no network"},
        {"x", "is no network"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice input = guard_copy(slice_from(cases[i].input));
        struct cidr cidr;
        const char *problem = "";
        char found[96], address[IP_TEXT_BYTES_MAX + 1] = "";
        if (cidr_parse(input, &cidr, &problem)) {
            address[ip_format(&cidr.network, address)] = '\0';
            snprintf(found, sizeof found, "%u %s/%u", cidr.family, address, cidr.bits);
        } else {
            snprintf(found, sizeof found, "%.*s", (int)strlen(cases[i].expected), problem);
        }
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("%s: expected %s, found %s", cases[i].input, cases[i].expected, found);
    }
}

static struct cidr network(const char *text) {
    struct cidr cidr;
    const char *problem;
    assert_true(cidr_parse(slice_from(text), &cidr, &problem));
    return cidr;
}

static bool has(const struct cidr_set *set, const char *address) {
    struct ip_parsed parsed;
    assert_true(ip_parse(slice_from(address), &parsed));
    return cidr_set_has(set, &parsed.ip);
}

/* The families are apart: no set of one holds an address of the other, however it was written. */
static void test_families(void **state) {
    (void)state;
    static const struct {
        const char *network, *inside, *outside[2];
    } cases[] = {
        {"::/0", "2001:db8::1", {"10.0.0.1", "::ffff:10.0.0.1"}},
        {"0.0.0.0/0", "::ffff:10.0.0.1", {"::1", "2001:db8::1"}},
        {"::ffff:0.0.0.0/96", "10.0.0.1", {"::", "::fffe:a00:1"}},
        {"::ffff:10.0.0.0/112", "10.0.255.255", {"10.1.0.0", "::10.0.0.1"}},
        {"10.0.0.0/16", "::ffff:a00:1", {"a00::", "10.1.0.0"}},
        {"::fffe:0:0/95", "::fffe:10.0.0.1", {"10.0.0.1", "::ffff:a00:1"}}, /* around the mapped ones, and native */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cidr_set *set = cidr_set_new();
        struct cidr cidr = network(cases[i].network);
        assert_non_null(set);
        assert_int_equal(cidr_set_add(set, &cidr), CIDR_ADDED);
        if (!has(set, cases[i].inside)) fail_msg("%s does not hold %s", cases[i].network, cases[i].inside);
        for (size_t j = 0; j < 2; j++)
            if (has(set, cases[i].outside[j])) fail_msg("%s holds %s", cases[i].network, cases[i].outside[j]);
        assert_false(cidr_set_has_all(set));
        cidr_set_free(set);
    }
}

static void test_overlap(void **state) {
    (void)state;
    static const struct {
        const char *networks[4];
        enum cidr_added expected; /* of the last one */
    } cases[] = {
        {{"10.0.0.0/16", "10.1.0.0/16"}, CIDR_ADDED},
        {{"10.0.0.0/16", "10.0.1.0/24"}, CIDR_INSIDE},
        {{"10.0.0.0/16", "10.0.0.0/16"}, CIDR_INSIDE},
        {{"10.0.1.0/24", "10.0.0.0/16"}, CIDR_AROUND},
        {{"10.0.0.1", "10.0.0.0/31"}, CIDR_AROUND},
        {{"10.0.0.1", "10.0.0.0/30"}, CIDR_AROUND},
        {{"10.0.0.0", "10.0.0.1"}, CIDR_ADDED},
        {{"0.0.0.0/0", "10.0.0.1"}, CIDR_INSIDE},
        {{"10.0.0.1", "0.0.0.0/0"}, CIDR_AROUND},
        {{"0.0.0.0/0", "::/0"}, CIDR_ADDED},
        {{"::1", "::/0"}, CIDR_AROUND},
        {{"10.0.0.0/18", "10.0.64.0/18", "10.0.0.0/17"}, CIDR_INSIDE}, /* which nothing is added to */
        {{"8.0.0.0/6", "10.0.0.0/7"}, CIDR_INSIDE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cidr_set *set = cidr_set_new();
        assert_non_null(set);
        enum cidr_added added = CIDR_NO_MEMORY;
        for (const char *const *text = cases[i].networks; *text != NULL; text++) {
            struct cidr cidr = network(*text);
            added = cidr_set_add(set, &cidr);
        }
        if (added != cases[i].expected) fail_msg("case %zu: expected %u, found %u", i, cases[i].expected, added);
        cidr_set_free(set);
    }
}

static void test_everything(void **state) {
    (void)state;
    struct cidr_set *set = cidr_set_new();
    assert_non_null(set);
    assert_false(cidr_set_has_all(set));
    static const char *const networks[] = {"0.0.0.0/0", "::/1", "8000::/2", "c000::/2"};
    for (size_t i = 0; i < COUNT_OF(networks); i++) {
        assert_false(cidr_set_has_all(set));
        struct cidr cidr = network(networks[i]);
        assert_int_equal(cidr_set_add(set, &cidr), CIDR_ADDED);
    }
    assert_true(cidr_set_has_all(set));
    cidr_set_free(set);
    cidr_set_free(NULL);
}

/* --- against a list ---------------------------------------------------------------------------------- */

static bool in_network(const struct cidr *cidr, const struct ip *ip) {
    if ((cidr->family == IP_V4) != ip_is_v4(ip)) return false;
    for (uint32_t bit = cidr->family == IP_V4 ? 96 : 0, end = bit + cidr->bits; bit < end; bit++)
        if (((cidr->network.bytes[bit / 8] ^ ip->bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

/* Few different bytes, so that networks and addresses meet; one of the families, in equal shares. */
static struct ip some_address(struct seeded *seeded) {
    struct ip ip;
    for (size_t i = 0; i < sizeof ip.bytes; i++)
        ip.bytes[i] = (uint8_t) "\0\0\x01\x80\xff\x0f\xf0\x7f"[seeded_below(seeded, 8)];
    if (seeded_below(seeded, 2) == 0) memcpy(ip.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    return ip;
}

/* What a network of `bits` around an address is, made bit by bit. */
static struct cidr some_network(struct seeded *seeded) {
    struct cidr cidr = {.network = some_address(seeded)};
    bool v4 = ip_is_v4(&cidr.network);
    cidr.family = v4 ? IP_V4 : IP_V6;
    cidr.bits = (uint8_t)seeded_below(seeded, v4 ? 33 : 129);
    if (seeded_below(seeded, 8) == 0) cidr.bits = (uint8_t)seeded_below(seeded, 4);
    for (uint32_t bit = cidr.bits + (v4 ? 96u : 0); bit < 128; bit++)
        cidr.network.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    return cidr;
}

static void test_model(void **state) {
    (void)state;
    struct seeded seeded = {.state = 20};
    size_t inside = 0, around = 0, hits = 0;
    for (int round = 0; round < 2000; round++) {
        struct cidr list[24];
        size_t count = 0, wanted = 1 + seeded_below(&seeded, COUNT_OF(list));
        struct cidr_set *set = cidr_set_new();
        assert_non_null(set);
        while (count < wanted) {
            struct cidr cidr = some_network(&seeded);
            /* zeroing bits may have left the family of the mapped ones */
            if (cidr.family == IP_V6 && ip_is_v4(&cidr.network) && cidr.bits >= 96) continue;
            enum cidr_added added = cidr_set_add(set, &cidr);
            bool inside_one = false, around_one = false;
            for (size_t i = 0; i < count; i++) {
                inside_one = inside_one || (list[i].family == cidr.family && list[i].bits <= cidr.bits &&
                                            in_network(&list[i], &cidr.network));
                around_one = around_one || (list[i].family == cidr.family && list[i].bits >= cidr.bits &&
                                            in_network(&cidr, &list[i].network));
            }
            if (added == CIDR_ADDED) assert_true(!inside_one && !around_one);
            if (inside_one) assert_int_equal(added, CIDR_INSIDE);
            if (added == CIDR_AROUND) assert_true(around_one && !inside_one);
            inside += added == CIDR_INSIDE;
            around += added == CIDR_AROUND;
            list[count++] = cidr;
        }
        for (int probe = 0; probe < 100; probe++) {
            struct ip ip = some_address(&seeded);
            if (probe % 2 == 0) { /* at the edges: an address of a network with one bit turned */
                ip = list[seeded_below(&seeded, (uint32_t)count)].network;
                uint32_t bit = seeded_below(&seeded, 128);
                ip.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            }
            bool expected = false;
            for (size_t i = 0; i < count; i++) expected = expected || in_network(&list[i], &ip);
            assert_int_equal(cidr_set_has(set, &ip), expected);
            hits += expected;
        }
        cidr_set_free(set);
    }
    /* of every kind enough to mean something */
    assert_true(inside > 1000 && around > 500 && hits > 10000 && hits < 190000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_families), cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_everything), cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
