/* Addresses in texts: which are found, in all their spellings, and what stands for them; pseudonyms and ids against HMAC worked out
 * by hand.
 *
 * Every text is read from memory whose padding ends at an unreadable page.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/disguise_text.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define V4 "81.2.69.142"
#define V6 "2a02:ec80:300:1::5"

static struct ip ip_of(const char *text) {
    struct ip_parsed parsed;
    if (!ip_parse(slice_from(text), &parsed)) fail_msg("no address: \"%s\"", text);
    return parsed.ip;
}

/* A disguise for records of one zone, whose client is V4 or, with `v6`, V6. */
struct fixture {
    struct privacy privacy;
    struct residency residency;
    struct record record;
    struct disguise *disguise;
};

static void fixture_use(struct fixture *self, enum privacy_address address, const char *client) {
    memset(self, 0, sizeof *self);
    struct privacy_rule *rule = &self->privacy.zones[3];
    self->privacy.unknown = (struct privacy_rule){.address = PRIVACY_TRUNCATE, .v4_bits = 16, .v6_bits = 32};
    *rule = (struct privacy_rule){.address = (uint8_t)address, .v4_bits = 24, .v6_bits = 48};
    for (uint8_t i = 0; i < PRIVACY_KEY_BYTES; i++) rule->key[i] = i;
    self->residency = (struct residency){.verdict = RESIDENCY_OK, .zone = 3};
    self->record.residency = &self->residency;
    self->record.client.resolved = client != NULL;
    if (client != NULL) self->record.client.ip = ip_of(client);
    self->disguise = disguise_new();
    assert_non_null(self->disguise);
    disguise_use(self->disguise, &self->privacy);
    disguise_record(self->disguise, &self->record);
}

/* `text` disguised, with a NUL; good until the next call. */
static const char *disguised(struct fixture *self, const char *text, size_t room) {
    static char out[8192];
    char padded[4096];
    size_t bytes = strlen(text);
    assert_true(bytes + ADDRESS_FIND_PADDING < sizeof padded);
    memcpy(padded, text, bytes);
    memset(padded + bytes, '7', ADDRESS_FIND_PADDING); /* none of it counts */
    struct slice copy = guard_copy((struct slice){padded, bytes + ADDRESS_FIND_PADDING});
    memset(out, '#', sizeof out);
    size_t written = disguise_text(self->disguise, (struct slice){copy.ptr, bytes}, out, room);
    assert_true(written <= (room > bytes ? room : bytes));
    assert_int_equal(out[written], '#');
    out[written] = '\0';
    return out;
}

/* --- spellings -------------------------------------------------------------------------------------- */

struct spelling_case {
    const char *what, *text, *expected;
};

/* clang-format off */
static const struct spelling_case spelling_cases[] = {
    {"nothing", "", ""},
    {"no address", "GET /index.html HTTP/1.1 at 2025-12-01T00:00:01.500000Z", "GET /index.html HTTP/1.1 at 2025-12-01T00:00:01.500000Z"},
    {"quad", V4, "81.2.69.0"},
    {"quad and port", "a " V4 ":443 b", "a 81.2.69.0:443 b"},
    {"two in a row", V4 "," V4, "81.2.69.0,81.2.69.0"},
    {"somebody else's", "9.9.9.9", "9.9.9.0"},
    {"in a word", "ip" V4 "x", "ip81.2.69.0x"},
    {"behind digits", "9" V4, "981.2.69.0"},
    {"in front of digits", V4 "5", "81.2.69.0"},
    {"with a part in front", "1." V4, "1.81.2.0"},
    {"with a part that is private", "10." V4, "10.81.2.69.0"},
    {"with parts behind", V4 ".443.1", "81.2.69.0"},
    {"padded", "081.002.069.142", "81.2.69.0"},
    {"end of a sentence", V4 ".", "81.2.69.0."},
    {"a network", V4 "/32", "81.2.69.0/32"},
    {"dashes", "host-81-2-69-142.example.net", "host-81-2-69-0.example.net"},
    {"underscores", "81_2_69_142", "81_2_69_0"},
    {"dashes and dots are no quad", "81-2.69-142", "81-2.69-142"},
    {"backwards, client", "142.69.2.81.example.net", "0.69.2.81.example.net"},
    {"backwards, dashes", "142-69-2-81", "0-69-2-81"},
    {"backwards, anybody", "9.8.7.6.in-addr.arpa", "0.8.7.6.in-addr.arpa"},
    {"backwards, capitals", "9.8.7.6.IN-ADDR.ARPA", "0.8.7.6.IN-ADDR.ARPA"},
    {"private", "10.1.2.3 192.168.1.1 127.0.0.1 100.64.1.1", "10.1.2.3 192.168.1.1 127.0.0.1 100.64.1.1"},
    {"documentation", "203.0.113.9 2001:db8::1", "203.0.113.9 2001:db8::1"},
    {"a browser's version", "Chrome/120.0.0.0 Safari/537.36", "Chrome/120.0.0.0 Safari/537.36"},
    {"a long version", "Chrome/120.0.6099.130", "Chrome/120.0.6099.130"},
    {"a date", "2024-05-06-07 2024.05.06", "2024-05-06-07 2024.05.06"},
    {"a date and a time", "2024-05-06-07-08-09 1-2-3-4-5 2024_05_06_07_08", "2024-05-06-07-08-09 1-2-3-4-5 2024_05_06_07_08"},
    {"client within dashes", "x-7-81-2-69-142-9 142_69_2_81_5", "x-7-81-2-69-0-9 0_69_2_81_5"},
    {"no quad", "1.2.3 256.1.1 1..2.3.4.", "1.2.3 256.1.1 1..2.3.4."},
    {"percent", "81%2E2%2e69%2E142", "81.2.69.0"},
    {"percent, digits", "%38%31.%32.69.%31%34%32", "81.2.69.0"},
    {"percent, some digits", "8%31.2.69.14%32", "81.2.69.0"},
    {"percent and address", "100%81.2.69.142 %2a02:ec80:300:1::5", "100%81.2.69.0 %2a02:ec80:300::"},
    {"backslash and address", "a\\\\u2a02:ec80:300:1::5", "a\\\\u2a02:ec80:300::"},
    {"percent, twice", "81%252E2%25252E69.142", "81.2.69.0"},
    {"percent, others around", "%2081.2.69.142%2C%20" V4 "%0a", "%2081.2.69.0%2C%2081.2.69.0%0a"},
    {"percent, twice around", "%252081.2.69.142%2520", "%252081.2.69.0%2520"},
    {"percent, colon", "http%3A%2F%2F81.2.69.142%3A80", "http%3A%2F%2F81.2.69.0%3A80"},
    {"percent u", "81%u002e2.69.142", "81.2.69.0"},
    {"JSON escapes", "81\\u002e2.69\\u002E142", "81.2.69.0"},
    {"JSON escapes, digits", "\\u00381.2.69.142\\n", "81.2.69.0\\n"},
    {"JSON escapes of others", "\\u101081.2.69.142\\u1234", "\\u101081.2.69.0\\u1234"},
    {"JSON escape and digits", "\\n81.2.69.142\\f81.2.69.142", "\\n81.2.69.0\\f81.2.69.0"},
    {"escaped JSON", "81\\\\u002e2.69\\\\u002E142", "81.2.69.0"},
    {"AWS escapes", "81\\\\x2e2.69.142", "81.2.69.0"},
    {"AWS escapes, digits", "\\\\x381.2.69.142", "81.2.69.0"},
    {"IPv6", V6, "2a02:ec80:300::"},
    {"IPv6 in brackets", "[" V6 "]:443", "[2a02:ec80:300::]:443"},
    {"IPv6 with a port, of somebody", "2a02:ec80:300:2::6:443", "2a02:ec80:300::"},
    {"IPv6 with a zone", V6 "%eth0", "2a02:ec80:300::%eth0"},
    {"IPv6 in capitals", "2A02:EC80:300:1::5", "2a02:ec80:300::"},
    {"IPv6 in full", "2a02:ec80:0300:0001:0000:0000:0000:0005", "2a02:ec80:300::"},
    {"IPv6 in full with a port", "2a02:ec80:300:1:0:0:0:5:443", "2a02:ec80:300::"},
    {"IPv6 in a word", "dead" V6 "x", "dead2a02:ec80:300::x"},
    {"IPv6 behind a group", "dead:" V6, "dead:2a02:ec80:300::"},
    {"IPv6 behind a word", "src:" V6, "src:2a02:ec80:300::"},
    {"internal IPv6", "fd00:1:2600::1 fe80::2600:0:0:1 2001:db8:2600:1:2:3:4:5", "fd00:1:2600::1 fe80::2600:0:0:1 2001:db8:2600:1:2:3:4:5"},
    {"IPv6 cut", "2a02:ec80:300:1:aaaa:bbbb:cccc", "2a02:ec80:300::"},
    {"IPv6 cut, five groups", "2a02:ec80:300:1:aaaa", "2a02:ec80:300::"},
    {"network in full", "2a02:ec80:300:1", "2a02:ec80:300:1"},
    {"IPv6 and more", "2a02:ec80:300:1::5abcd:1:2", "2a02:ec80:300::"},
    {"IPv6 in percent", "2a02%3Aec80%3a300%3A1%3A%3A5", "2a02:ec80:300::"},
    {"IPv6 in percent, digits", "%32a02:ec8%30:300:1::5", "2a02:ec80:300::"},
    {"mapped", "::ffff:" V4, "::ffff:81.2.69.0"},
    {"mapped with a port", "::ffff:" V4 ":443", "::ffff:81.2.69.0:443"},
    {"two around an escape", V4 "%2E" V4 " " V6 "%3A%20" V6, "81.2.69.0 2a02:ec80:300::%3A%202a02:ec80:300::"},
    {"mapped in hex", "::ffff:5102:458e", "::ffff:81.2.69.0"},
    {"mapped in full", "0:0:0:0:0:ffff:5102:458e", "::ffff:81.2.69.0"},
    {"mapped in hex with a port", "::ffff:5102:458e:443", "::ffff:81.2.69.0:443"},
    {"NAT64 with a port", "64:ff9b::5102:458e%3A443", "64:ff9b::%3A443"},
    {"NAT64", "64:ff9b::5102:458e", "64:ff9b::"},
    {"NAT64, quad", "64:ff9b::" V4, "64:ff9b::"},
    {"6to4", "2002:5102:458e::1", "2002:5102:4500::"},
    {"Teredo", "2001:0:4136:e378:8000:63bf:aefd:ba71", "2001:0:4136::"},
    {"compatible", "::" V4, "::81.2.69.0"},
    {"link-local with a quad", "fe80::5efe:" V4, "fe80::5efe:81.2.69.0"},
    {"times, MACs, fingerprints", "00:00:01 aa:bb:cc:dd:ee:ff 3f:01:02:03:04:05:06:07:08:09", "00:00:01 aa:bb:cc:dd:ee:ff 3f:01:02:03:04:05:06:07:08:09"},
    {"ARNs", "arn:aws:s3:::bucket arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/1", "arn:aws:s3:::bucket arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/1"},
    {"JSON", "{\"a\":1,\"b\":{\"c\":-2.5,\"ip\":\"" V4 "\"},\"d\":[0.001,0.048]}", "{\"a\":1,\"b\":{\"c\":-2.5,\"ip\":\"81.2.69.0\"},\"d\":[0.001,0.048]}"},
};
/* clang-format on */

static void test_spellings(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_TRUNCATE, V4);
    for (size_t i = 0; i < COUNT(spelling_cases); i++) {
        const struct spelling_case *c = &spelling_cases[i];
        const char *got = disguised(&fixture, c->text, 0);
        if (strcmp(got, c->expected) != 0) fail_msg("%s: %s gave %s", c->what, c->text, got);
        char again[8192];
        snprintf(again, sizeof again, "%s", got);
        bool port_is_group = strcmp(c->what, "NAT64 with a port") == 0;
        if (!port_is_group && strcmp(disguised(&fixture, again, 0), again) != 0)
            fail_msg("%s: the second time gave more", c->what);
    }
    disguise_free(fixture.disguise);
}

/* The same at every place of a block, and with the block's end within it. */
static void test_every_place(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_TRUNCATE, V4);
    for (size_t i = 0; i < COUNT(spelling_cases); i++)
        for (size_t before = 1; before < 140; before++) {
            const struct spelling_case *c = &spelling_cases[i];
            char text[2048], expected[2048];
            snprintf(text, sizeof text, "%*s%s %*s", (int)before, "\"", c->text, (int)(before % 70), "y");
            snprintf(expected, sizeof expected, "%*s%s %*s", (int)before, "\"", c->expected, (int)(before % 70), "y");
            const char *got = disguised(&fixture, text, 0);
            if (strcmp(got, expected) != 0) fail_msg("%s behind %zu bytes: %s", c->what, before, got);
        }
    disguise_free(fixture.disguise);
}

/* --- transforms ------------------------------------------------------------------------------------- */

static struct ip expected_pseudonym(const uint8_t key[PRIVACY_KEY_BYTES], const struct ip *ip) {
    struct hmac_sha256_ctx hmac;
    struct ip result = {{0xfd}};
    hmac_sha256_set_key(&hmac, PRIVACY_KEY_BYTES, key);
    hmac_sha256_update(&hmac, sizeof ip->bytes, ip->bytes);
    hmac_sha256_digest(&hmac, 15, result.bytes + 1);
    return result;
}

static void test_pseudonyms(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_HMAC, V6);
    struct ip client = ip_of(V6), other = ip_of(V4);
    struct ip expected = expected_pseudonym(fixture.privacy.zones[3].key, &client);
    struct ip got = disguise_address(fixture.disguise, &client);
    assert_memory_equal(&got, &expected, sizeof got);
    assert_false(ip_is_global(&got));
    got = disguise_address(fixture.disguise, &other);
    assert_memory_not_equal(&got, &expected, sizeof got);
    got = disguise_address(fixture.disguise, &client);
    assert_memory_equal(&got, &expected, sizeof got);
    char text[IP_TEXT_BYTES_MAX + 1], in_text[256];
    text[ip_format(&expected, text)] = '\0';
    snprintf(in_text, sizeof in_text, "a %s:443 b", text); /* the client's own, with a port and without brackets */
    assert_string_equal(disguised(&fixture, "a " V6 ":443 b", 256), in_text);
    assert_string_equal(disguised(&fixture, "Chrome/120.0.0.0", 256), "Chrome/120.0.0.0");
    snprintf(in_text, sizeof in_text, "fd00:5102:458e:%s", text); /* even where it is part of another one */
    assert_string_equal(disguised(&fixture, "fd00:5102:458e:" V6, 256), in_text);
    disguise_free(fixture.disguise);
}

/* Pseudonyms of two periods have nothing to do with one another; those of one are equal. */
static void test_rotation(void **state) {
    (void)state;
    static const struct {
        int64_t second, period;
    } times[] = {{0, 0}, {86399, 0}, {86400, 1}, {-1, -1}, {-86400, -1}, {-86401, -2}, {1764547201, 20423}};
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_HMAC, V4);
    struct ip client = ip_of(V4);
    fixture.privacy.zones[3].rotate_seconds = 86400;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct hmac_sha256_ctx hmac;
        uint8_t digits[8], key[PRIVACY_KEY_BYTES];
        for (int j = 0; j < 8; j++) digits[j] = (uint8_t)((uint64_t)times[i].period >> 8 * j);
        hmac_sha256_set_key(&hmac, PRIVACY_KEY_BYTES, fixture.privacy.zones[3].key);
        hmac_sha256_update(&hmac, sizeof digits, digits);
        hmac_sha256_digest(&hmac, sizeof key, key);
        struct ip expected = expected_pseudonym(key, &client);
        fixture.record.time.ns = times[i].second * 1000000000;
        disguise_record(fixture.disguise, &fixture.record);
        struct ip got = disguise_address(fixture.disguise, &client);
        assert_memory_equal(&got, &expected, sizeof got);
    }
    disguise_free(fixture.disguise);
}

static void test_drop(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_DROP, V4);
    assert_string_equal(disguised(&fixture, V4 " 81-2-69-142 " V6 " 10.0.0.1", 0), "0.0.0.0 0-0-0-0 :: 10.0.0.1");
    disguise_free(fixture.disguise);
}

/* A record of a zone that keeps addresses keeps its own; others are anybody's. */
static void test_keep(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_KEEP, V4);
    fixture.record.has_peer = fixture.record.client.has_via = true;
    fixture.record.peer.address.ip = ip_of("9.8.7.6");
    fixture.record.client.via = ip_of("2600:9000::7");
    disguise_record(fixture.disguise, &fixture.record);
    assert_string_equal(disguised(&fixture, V4 ".1 081.2.69.142 9.8.7.6:1 2600:9000::7:443 1.2.3.4 142.69.2.81 " V6, 0),
                        V4 ".1 081.2.69.142 9.8.7.6:1 2600:9000::7:443 1.2.0.0 142.69.2.81 2a02:ec80::");
    assert_string_equal(disguised(&fixture, V4 ".1.2.3.4 2600:9000::7::ffff:1.2.3.4 9.8.7.6:1.2.3.4", 0), V4
                        ".1.2.0.0 2600:9000::7::ffff:1.2.0.0 9.8.7.6:1.2.0.0"); /* what stands beside them does not */
    disguise_line(fixture.disguise); /* of a line that is no record all are anybody's */
    assert_string_equal(disguised(&fixture, V4 " 9.8.7.6", 0), "81.2.0.0 9.8.0.0");
    fixture.residency.zone = RESIDENCY_INDEX_NONE; /* of a client without a zone likewise */
    disguise_record(fixture.disguise, &fixture.record);
    assert_string_equal(disguised(&fixture, V4 " 9.8.7.6", 0), "81.2.0.0 9.8.0.0");
    fixture.privacy.unknown.address = PRIVACY_KEEP;
    assert_string_equal(disguised(&fixture, V4 ".1 081.2.69.142", 0), V4 ".1 081.2.69.142");
    disguise_free(fixture.disguise);
}

/* Pseudonyms are longer than what they stand for; where they have no room addresses are gone all the same. */
static void test_room(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_HMAC, NULL);
    char whole[256];
    snprintf(whole, sizeof whole, "%s", disguised(&fixture, "1.1.1.1 1.1.1.1 2600::1", 256));
    assert_int_equal(strlen(whole), strspn(whole, "0123456789abcdef: "));
    const size_t bytes = strlen("1.1.1.1 1.1.1.1 2600::1");
    assert_string_equal(disguised(&fixture, "1.1.1.1 1.1.1.1 2600::1", 0), "0.0.0.0 0.0.0.0 ::");
    for (size_t room = bytes; room < 130; room++) {
        const char *got = disguised(&fixture, "1.1.1.1 1.1.1.1 2600::1", room);
        assert_null(strstr(got, "1.1.1.1"));
        assert_null(strstr(got, "2600::1"));
    }
    disguise_free(fixture.disguise);
}

/* The name of an object has the address of the balancer's node in it. */
static void test_spared(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_TRUNCATE, V4);
    disguise_spare(fixture.disguise, SLICE("logs/9.9.9.9_x_8.8.8.8.log"));
    assert_string_equal(disguised(&fixture, "{\"path\":\"logs/9.9.9.9_x_8.8.8.8.log\",\"a\":\"9.9.9.9 8.8.8.8\"}", 0),
                        "{\"path\":\"logs/9.9.9.9_x_8.8.8.8.log\",\"a\":\"9.9.9.0 8.8.8.0\"}");
    disguise_spare(fixture.disguise, SLICE("logs/access.log"));
    assert_string_equal(disguised(&fixture, "9.9.9.9 logs/access.log", 0), "9.9.9.0 logs/access.log");
    disguise_free(fixture.disguise);
}

/* --- event.id --------------------------------------------------------------------------------------- */

static void test_event_id(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_use(&fixture, PRIVACY_TRUNCATE, V4);
    const struct hash_line lines[] = {
        {SLICE("a.log"), 0, 0, SLICE("line")}, {SLICE("b.log"), 0, 0, SLICE("line")},
        {SLICE("a.log"), 1, 0, SLICE("line")}, {SLICE("a.log"), 0, 1, SLICE("line")},
        {SLICE("a.log"), 0, 2, SLICE("line")}, {SLICE("a.log"), 0, 0, SLICE("lines")},
        {SLICE(""), 0, 0, SLICE("")},
    };
    char ids[2 * COUNT(lines)][HASH_ID_DIGITS], again[HASH_ID_DIGITS];
    for (size_t i = 0; i < COUNT(lines); i++) disguise_event_id(fixture.disguise, &lines[i], ids[i]);
    disguise_event_id(fixture.disguise, &lines[0], again);
    assert_memory_equal(again, ids[0], HASH_ID_DIGITS);
    struct privacy other = fixture.privacy;
    other.id_key[31] ^= 1;
    disguise_use(fixture.disguise, &other);
    for (size_t i = 0; i < COUNT(lines); i++) disguise_event_id(fixture.disguise, &lines[i], ids[COUNT(lines) + i]);
    for (size_t i = 0; i < COUNT(ids); i++) {
        for (size_t j = 0; j < HASH_ID_DIGITS; j++) assert_non_null(strchr("0123456789abcdef", ids[i][j]));
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(ids[i], ids[j], HASH_ID_DIGITS);
    }
    disguise_free(fixture.disguise);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings), cmocka_unit_test(test_every_place), cmocka_unit_test(test_pseudonyms),
        cmocka_unit_test(test_rotation),  cmocka_unit_test(test_drop),        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_room),      cmocka_unit_test(test_spared),      cmocka_unit_test(test_event_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
