/* The cache must be unnoticeable: what it answers is what the databases answer, whatever it has forgotten meanwhile,
 * and no count is lost.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enrich/geo_cache.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NETWORKS 256 /* in many.mmdb: 81.2.N.0/24 is of AS 64512 + N % 128, in country N % 3 */

static struct ip ip_of(const char *text) {
    struct ip_parsed parsed;
    assert_true(ip_parse(slice_from(text), &parsed));
    return parsed.ip;
}

static struct ip v4_of(unsigned network, unsigned host) {
    struct ip ip = ip_of("81.2.0.0");
    ip.bytes[14] = (uint8_t)network;
    ip.bytes[15] = (uint8_t)host;
    return ip;
}

/* The same network's records behind 64:ff9b::/96, which the cache keeps among its IPv6 addresses. */
static struct ip v6_of(unsigned network, unsigned host) {
    struct ip ip = ip_of("64:ff9b::");
    memcpy(ip.bytes + 12, v4_of(network, host).bytes + 12, 4);
    return ip;
}

static size_t rendered; /* calls of render */

/* Country and AS, then as many dots as `context` says. */
static uint32_t render(const void *context, const struct place *place, char *out) {
    rendered++;
    struct slice country = place->texts[PLACE_COUNTRY_ISO_CODE];
    int length = snprintf(out, 64, "%.*s %u ", (int)country.len, country.ptr, place->as_number);
    memset(out + length, '.', *(const size_t *)context);
    return (uint32_t)length + (uint32_t) * (const size_t *)context;
}

static void open_databases(struct geo *geo, const char *const *names) {
    static char paths[DATABASES_MAX][512];
    const char *pointers[DATABASES_MAX];
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        snprintf(paths[count], sizeof paths[count], "%s/databases/%s.mmdb", TESTS_DIR, names[count]);
        pointers[count] = paths[count];
    }
    struct error error;
    if (geo_open(geo, pointers, count, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

#define OPEN(geo, ...) open_databases(geo, (const char *const[]){__VA_ARGS__, NULL})

/* Asks for the address and compares with what decoding and rendering afresh gives. */
static void assert_found(struct geo_cache *cache, const struct geo *geo, const size_t *dots, const struct ip *ip) {
    struct place_fragment fragment = geo_cache_find(cache, ip);
    struct geo_answer answer;
    struct geo_scratch scratch;
    struct place place;
    char expected[PLACE_JSON_BYTES_MAX];
    uint32_t expected_length = 0;
    uint64_t damaged = 0;
    if (geo_lookup(geo, ip, &answer, &damaged)) {
        geo_decode(geo, &answer, &place, &scratch);
        expected_length = render(dots, &place, expected);
        rendered--;
    }
    assert_int_equal(fragment.length, expected_length);
    assert_memory_equal(fragment.json, expected, expected_length);
    unsigned sum = 0;
    for (const char *byte = fragment.json; byte < fragment.json + fragment.length + 64; byte++) {
        sum += *(const volatile unsigned char *)byte; /* readable, the end included */
    }
    assert_true(fragment.length == 0 || sum > 0);
}

static const char *const countries[] = {"GB", "SE", "US"};

struct counts {
    uint64_t by_network[NETWORKS], by_country[COUNT(countries)], total;
    size_t reports;
};

static void add_count(void *context, const struct place *place, uint64_t count) {
    struct counts *counts = context;
    unsigned country = 0;
    while (!slice_equal(place->texts[PLACE_COUNTRY_ISO_CODE], slice_from(countries[country]))) {
        assert_true(++country < COUNT(countries));
    }
    struct slice name = place->texts[PLACE_AS_ORGANIZATION];
    if (place->as_number != 0) {
        unsigned network = place->as_number - 64512;
        char expected[32];
        snprintf(expected, sizeof expected, "Example %u", network);
        assert_true(slice_equal(name, slice_from(expected)));
        counts->by_network[network % 3 == country ? network : network + 128] += count;
    } else {
        assert_int_equal(name.len, 0);
    }
    counts->by_country[country] += count;
    counts->total += count;
    counts->reports++;
}

static void answers_hits_like_misses(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "country", "asn", "city");
    const size_t dots = 3;
    struct geo_cache *cache = geo_cache_new(&geo, (struct place_renderer){.render = render, .context = &dots});
    assert_non_null(cache);
    static const char *const addresses[] = {"81.2.69.142",          "81.2.69.150", "216.160.83.56",
                                            "89.160.20.112",        "2001:218::1", "2001:218::2",
                                            "64:ff9b::81.2.69.142", "8.8.8.8",     "2001:219::1"};
    rendered = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t index = 0; index < COUNT(addresses); index++) {
            struct ip ip = ip_of(addresses[index]);
            assert_found(cache, &geo, &dots, &ip);
        }
    }
    struct geo_cache_totals totals = geo_cache_totals(cache);
    assert_int_equal(totals.misses, COUNT(addresses));
    assert_int_equal(totals.hits, 2 * COUNT(addresses));
    assert_int_equal(totals.unknown, 3 * 2);
    assert_int_equal(totals.damaged, 0);
    assert_int_equal(totals.restarts, 0);
    assert_int_equal(rendered, 4); /* one per distinct answer */
    geo_cache_free(cache);
    geo_close(&geo);
}

static void says_what_is_in_doubt(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "doubts");
    const size_t dots = 0;
    struct geo_cache *cache = geo_cache_new(&geo, (struct place_renderer){.render = render, .context = &dots});
    assert_non_null(cache);
    static const struct {
        const char *address;
        uint16_t flags;
    } cases[] = {{"81.2.69.142", PLACE_REGISTERED_ELSEWHERE},
                 {"216.160.83.56", PLACE_ANYCAST},
                 {"89.160.20.112", PLACE_HOSTING},
                 {"2001:218::1", 0},
                 {"8.8.8.8", 0}};
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct ip ip = ip_of(cases[index].address);
        assert_int_equal(geo_cache_find(cache, &ip).facts.flags, cases[index].flags);
    }
    geo_cache_free(cache);
    geo_close(&geo);
}

static void knows_nothing_without_databases(void **state) {
    (void)state;
    struct geo geo;
    assert_int_equal(geo_open(&geo, NULL, 0, NULL), STATUS_OK);
    const size_t dots = 0;
    struct geo_cache *cache = geo_cache_new(&geo, (struct place_renderer){.render = render, .context = &dots});
    assert_non_null(cache);
    struct ip ip = ip_of("81.2.69.142");
    assert_found(cache, &geo, &dots, &ip);
    assert_int_equal(geo_cache_totals(cache).unknown, 1);
    geo_cache_free(cache);
    geo_cache_free(NULL);
    geo_close(&geo);
}

/* One bucket of each family: what was asked for last is remembered, what was asked for long ago is not. */
static void forgets_the_oldest_addresses(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "many");
    const size_t dots = 20;
    struct ip (*const address_of[2])(unsigned, unsigned) = {v4_of, v6_of};
    static const unsigned ways[2] = {8, 3};
    for (size_t family = 0; family < 2; family++) {
        struct geo_cache_sizes sizes = geo_cache_sizes_default;
        sizes.v4_addresses = sizes.v6_addresses = 1;
        struct geo_cache *cache = geo_cache_new_sized(&geo, (struct place_renderer){.render = render, .context = &dots},
                                                      sizes);
        assert_non_null(cache);
        uint64_t misses = 0;
        for (unsigned index = 0; index < 40; index++, misses++) {
            struct ip ip = address_of[family](index, 7);
            assert_found(cache, &geo, &dots, &ip);
        }
        for (unsigned index = 40; index-- > 40 - ways[family];) {
            struct ip ip = address_of[family](index, 7);
            assert_found(cache, &geo, &dots, &ip);
        }
        assert_int_equal(geo_cache_totals(cache).misses, misses);
        assert_int_equal(geo_cache_totals(cache).hits, ways[family]);
        struct ip forgotten = address_of[family](40 - ways[family] - 1, 7);
        assert_found(cache, &geo, &dots, &forgotten);
        assert_int_equal(geo_cache_totals(cache).misses, misses + 1);
        geo_cache_free(cache);
    }
    geo_close(&geo);
}

/* Looks all networks up in an order that a cache can't like, `rounds` times. */
static void look_all_up(struct geo_cache *cache, const struct geo *geo, const size_t *dots, unsigned rounds) {
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned index = 0; index < NETWORKS; index++) {
            struct ip ip = (index % 2 == 0 ? v4_of : v6_of)(index * 77 % NETWORKS, round % 5);
            assert_found(cache, geo, dots, &ip);
            for (unsigned more = 0; more < index % 4; more++) { /* networks differ in their counts */
                assert_found(cache, geo, dots, &ip);
            }
        }
    }
}

static void check_counts(struct geo_cache *cache, unsigned rounds) {
    struct counts counts = {0};
    geo_cache_count(cache, add_count, &counts);
    assert_int_equal(counts.reports, NETWORKS);
    uint64_t expected[3] = {0};
    for (unsigned index = 0; index < NETWORKS; index++) {
        unsigned network = index * 77 % NETWORKS;
        assert_int_equal(counts.by_network[network], rounds * (1 + index % 4));
        expected[network % 3] += rounds * (1 + index % 4);
    }
    for (unsigned country = 0; country < 3; country++) {
        assert_int_equal(counts.by_country[country], expected[country]);
    }
}

struct size_case {
    const char *what;
    struct geo_cache_sizes sizes;
    size_t dots;
    bool restarts;
};

/* clang-format off */
static const struct size_case size_cases[] = {
    {"usual", {8u << 10, 3u << 10, 3u << 10, 1u << 20, 4096}, 100, false},
    {"few answers", {8u << 10, 3u << 10, 48, 1u << 20, 4096}, 100, true},
    {"fewest answers", {8u << 10, 3u << 10, 0, 1u << 20, 4096}, 100, true},
    {"few bytes", {8u << 10, 3u << 10, 3u << 10, 0, 4096}, 100, true},
    {"few bytes for the longest fragments", {8u << 10, 3u << 10, 3u << 10, 0, 4096}, PLACE_JSON_BYTES_MAX - 16, true},
    {"bytes for four of the longest fragments exactly", {8u << 10, 3u << 10, 3u << 10, 16576, 4096},
     PLACE_JSON_BYTES_MAX - (sizeof "GB 64512 " - 1), true},
    {"few of everything", {0, 0, 0, 0, 4096}, 333, true},
};
/* clang-format on */

static void starts_over_without_losing_counts(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "many");
    for (size_t index = 0; index < COUNT(size_cases); index++) {
        const struct size_case *wanted = &size_cases[index];
        struct geo_cache *cache = geo_cache_new_sized(
            &geo, (struct place_renderer){.render = render, .context = &wanted->dots}, wanted->sizes);
        assert_non_null(cache);
        struct ip unknown = ip_of("8.8.8.8");
        assert_found(cache, &geo, &wanted->dots, &unknown);
        look_all_up(cache, &geo, &wanted->dots, 2);
        check_counts(cache, 2);
        look_all_up(cache, &geo, &wanted->dots, 3); /* counting does not count twice, and goes on */
        check_counts(cache, 5);
        struct geo_cache_totals totals = geo_cache_totals(cache);
        if ((totals.restarts != 0) != wanted->restarts) {
            fail_msg("%s: %u restarts", wanted->what, (unsigned)totals.restarts);
        }
        assert_int_equal(totals.hits + totals.misses, 1 + 5 * (NETWORKS / 4) * (1 + 2 + 3 + 4));
        assert_int_equal(totals.unknown, 1);
        geo_cache_free(cache);
    }
    geo_close(&geo);
}

/* Without room for another pair the country's count takes it, so that the sum stays right. */
static void counts_by_country_when_there_are_too_many_pairs(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "many");
    const size_t dots = 0;
    struct geo_cache_sizes sizes = geo_cache_sizes_default;
    sizes.pairs = 50;
    sizes.answers = 0; /* pairs are looked for again and again */
    struct geo_cache *cache = geo_cache_new_sized(&geo, (struct place_renderer){.render = render, .context = &dots},
                                                  sizes);
    assert_non_null(cache);
    look_all_up(cache, &geo, &dots, 2);
    struct counts counts = {0};
    geo_cache_count(cache, add_count, &counts);
    assert_int_equal(counts.reports, 50 + 3);
    assert_int_equal(counts.total, 2 * (NETWORKS / 4) * (1 + 2 + 3 + 4));
    size_t known = 0;
    uint64_t expected[3] = {0};
    for (unsigned index = 0; index < NETWORKS; index++) {
        unsigned network = index * 77 % NETWORKS;
        expected[network % 3] += 2 * (1 + index % 4);
        known += counts.by_network[network] != 0;
        assert_true(counts.by_network[network] == 0 || counts.by_network[network] == 2 * (1 + index % 4));
    }
    assert_int_equal(known, 50);
    for (unsigned country = 0; country < 3; country++) {
        assert_int_equal(counts.by_country[country], expected[country]);
    }
    geo_cache_free(cache);
    geo_close(&geo);
}

static void reports_the_organisation(void *context, const struct place *place, uint64_t count) {
    struct slice name = place->texts[PLACE_AS_ORGANIZATION];
    assert_true(slice_equal(place->texts[PLACE_COUNTRY_ISO_CODE], SLICE("GB")));
    assert_int_equal(place->as_number, 20712);
    assert_true(slice_equal(name, SLICE("Andrews & Arnold Ltd")));
    *(uint64_t *)context += count;
}

static void names_what_it_counts(void **state) {
    (void)state;
    struct geo geo;
    OPEN(&geo, "wherefrom", "city");
    const size_t dots = 0;
    struct geo_cache *cache = geo_cache_new(&geo, (struct place_renderer){.render = render, .context = &dots});
    assert_non_null(cache);
    for (unsigned host = 128; host < 192; host++) {
        struct ip ip = v4_of(69, host);
        geo_cache_find(cache, &ip);
    }
    uint64_t count = 0;
    geo_cache_count(cache, reports_the_organisation, &count);
    assert_int_equal(count, 64);
    geo_cache_free(cache);
    geo_close(&geo);
}

/* A tree whose records point behind the data. */
static void counts_damage_and_goes_on(void **state) {
    (void)state;
    char path[512], content[16384], damaged_path[] = "/tmp/wherefrom-test-cache-XXXXXX";
    snprintf(path, sizeof path, "%s/databases/wherefrom.mmdb", TESTS_DIR);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t bytes = fread(content, 1, sizeof content, file);
    fclose(file);
    int descriptor = mkstemp(damaged_path);
    assert_true(descriptor >= 0);
    memset(content + 6, 0x7f, 6 * 40); /* nodes of 6 bytes; the root stays */
    assert_int_equal(write(descriptor, content, bytes), bytes);
    close(descriptor);
    const char *paths[] = {damaged_path};
    struct geo geo;
    assert_int_equal(geo_open(&geo, paths, 1, NULL), STATUS_OK);
    unlink(damaged_path);
    const size_t dots = 0;
    struct geo_cache *cache = geo_cache_new(&geo, (struct place_renderer){.render = render, .context = &dots});
    assert_non_null(cache);
    struct ip ip = ip_of("2001:218::1");
    assert_int_equal(geo_cache_find(cache, &ip).length, 0);
    assert_int_equal(geo_cache_find(cache, &ip).length, 0);
    struct geo_cache_totals totals = geo_cache_totals(cache);
    assert_int_equal(totals.damaged, 1); /* the second time it was remembered */
    assert_int_equal(totals.unknown, 2);
    geo_cache_free(cache);
    geo_close(&geo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_hits_like_misses),
        cmocka_unit_test(says_what_is_in_doubt),
        cmocka_unit_test(knows_nothing_without_databases),
        cmocka_unit_test(forgets_the_oldest_addresses),
        cmocka_unit_test(starts_over_without_losing_counts),
        cmocka_unit_test(counts_by_country_when_there_are_too_many_pairs),
        cmocka_unit_test(names_what_it_counts),
        cmocka_unit_test(counts_damage_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
