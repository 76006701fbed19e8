/* Per-worker memory of places, in one reserved block of memory:
 *
 *   buckets: a cache line each, eight IPv4 or three IPv6 addresses and where their answers stand, the newest first
 *        |
 *        v
 *   answers, one behind the other: | count, length, pair, facts | offsets, one per database | JSON | next ...
 *        ^                                        |
 *   answer slots (open addressing on the offsets) v
 *                                  pairs of country and AS <- pair slots (open addressing on both)
 *
 * A hit touches one bucket and the answer that is copied anyway, where the count stands too. Once there is
 * no room for an answer, the counts go to the pairs and everything but those starts over.
 *
 * IPv4 has buckets of its own because they hold so much more. With 170,000 clients, drawn by Zipf's law with exponent
 * 0.8, one look-up and the copy took on an EPYC 9xx4 with 1 MiB of L2 (default database, 25,000 answers; best of runs):
 *
 *   IPv4 addresses  memory   misses   time      (among 1,000 clients: 13 ns)
 *      131,072       1 MiB    13 %    44 ns
 *      262,144       2 MiB     3 %    23 ns     <- the default; a miss costs 100-150 ns
 *      524,288       4 MiB     2 %    22 ns
 *   as 16-byte keys, three to a line:
 *      196,608       4 MiB     9 %    51 ns
 *      393,216       8 MiB     4 %    41 ns
 *
 * Threads: one cache per worker. */
#define _GNU_SOURCE
#include "enrich/geo_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/country.h"
#include "base/tile.h"

enum { V4_WAYS = 8, V6_WAYS = 3, COPY_BYTES_BEYOND = 64, ANSWER_ALIGNMENT = 16, GUARD_BYTES = 65536 };
enum { COUNTRIES_MAX = 26 * 26 + 1 }; /* codes of two letters, and none */

/* The answer of addresses that no database knows; also what the unused places of a bucket say, whose
 * addresses are 0.0.0.0 and :: */
#define ANSWER_UNKNOWN 0u

struct v4_bucket {
    uint32_t addresses[V4_WAYS];
    uint32_t answers[V4_WAYS]; /* positions */
};

struct v6_bucket {
    struct ip addresses[V6_WAYS];
    uint32_t answers[V6_WAYS];
    uint32_t unused;
};

#define BUCKET_BYTES 64u
_Static_assert(sizeof(struct v4_bucket) == BUCKET_BYTES, "a bucket is a cache line");
_Static_assert(sizeof(struct v6_bucket) == BUCKET_BYTES, "a bucket is a cache line");

struct answer {
    uint64_t count; /* look-ups that are not in the pair's count yet */
    uint32_t length;
    uint32_t pair;
    struct place_facts facts;
    uint32_t offsets[]; /* one per database; the JSON follows */
};

struct pair {
    struct slice country, organization;
    uint64_t count;
    uint32_t as_number;
};

struct geo_cache {
    struct v4_bucket *v4_buckets;
    struct v6_bucket *v6_buckets;
    char *answers; /* positions count from here */
    uint32_t v4_mask, v6_mask, answer_head_bytes;
    uint64_t lookups;
    struct geo_cache_totals totals;
    uint32_t *answer_slots; /* positions, 0 = free */
    uint32_t *pair_slots;   /* index of pair + 1, 0 = free */
    struct pair *pairs;
    uint32_t answer_slots_mask, answers_count, answers_max, answers_bytes, answers_bytes_max;
    uint32_t pair_slots_mask, pairs_count, pairs_max;
    const struct geo *geo;
    struct place_renderer renderer;
    size_t used_bytes;
};

const struct geo_cache_sizes geo_cache_sizes_default = {.v4_addresses = 8u << 15,
                                                        .v6_addresses = 3u << 15,
                                                        .answers = 3u << 15,
                                                        .fragment_bytes = 32u << 20,
                                                        .pairs = 1u << 17};

static uint64_t mix(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct answer *answer_at(const struct geo_cache *cache, uint32_t position) {
    return (struct answer *)(void *)(cache->answers + position);
}

static char *answer_json(const struct geo_cache *cache, struct answer *answer) {
    return (char *)answer + cache->answer_head_bytes;
}

/* Bytes from an answer to the next one. */
static uint32_t answer_bytes(const struct geo_cache *cache, uint32_t length) {
    return (cache->answer_head_bytes + length + ANSWER_ALIGNMENT - 1) & ~(uint32_t)(ANSWER_ALIGNMENT - 1);
}

/* --- counts ----------------------------------------------------------------------------------- */

/* The slot of the pair, or the free one where it belongs. */
static uint32_t *pair_slot(struct geo_cache *cache, struct slice country, uint32_t as_number) {
    uint64_t letters = country.len == 2 ? (uint64_t)(uint8_t)country.ptr[0] << 8 | (uint8_t)country.ptr[1] : 0;
    for (uint64_t hash = mix(letters, as_number);; hash++) {
        uint32_t *slot = &cache->pair_slots[hash & cache->pair_slots_mask];
        if (*slot == 0) {
            return slot;
        }
        const struct pair *pair = &cache->pairs[*slot - 1];
        if (pair->as_number == as_number && slice_equal(pair->country, country)) {
            return slot;
        }
    }
}

static uint32_t pair_index(struct geo_cache *cache, struct slice country, uint32_t as_number,
                           struct slice organization) {
    uint32_t *slot = pair_slot(cache, country, as_number);
    if (*slot == 0 && cache->pairs_count >= cache->pairs_max) {
        as_number = 0;
        organization.len = 0;
        slot = pair_slot(cache, country, as_number);
    }
    if (*slot == 0) {
        ASSERT(cache->pairs_count < cache->pairs_max + COUNTRIES_MAX);
        cache->pairs[cache->pairs_count] = (struct pair){
            .country = country, .organization = organization, .as_number = as_number};
        *slot = ++cache->pairs_count;
    }
    return *slot - 1;
}

static void move_counts_to_pairs(struct geo_cache *cache) {
    uint32_t position = answer_bytes(cache, 0); /* behind ANSWER_UNKNOWN */
    while (position < cache->answers_bytes) {
        struct answer *answer = answer_at(cache, position);
        cache->pairs[answer->pair].count += answer->count;
        answer->count = 0;
        position += answer_bytes(cache, answer->length);
    }
}

void geo_cache_count(struct geo_cache *cache, geo_count_function *report, void *context) {
    move_counts_to_pairs(cache);
    for (uint32_t index = 0; index < cache->pairs_count; index++) {
        const struct pair *pair = &cache->pairs[index];
        struct place place = {.as_number = pair->as_number};
        place.texts[PLACE_COUNTRY_ISO_CODE] = pair->country;
        place.texts[PLACE_AS_ORGANIZATION] = pair->organization;
        report(context, &place, pair->count);
    }
}

struct geo_cache_totals geo_cache_totals(const struct geo_cache *cache) {
    struct geo_cache_totals totals = cache->totals;
    totals.hits = cache->lookups - totals.misses;
    totals.unknown = answer_at(cache, ANSWER_UNKNOWN)->count;
    return totals;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void start_over(struct geo_cache *cache) {
    move_counts_to_pairs(cache);
    cache->totals.restarts++;
    cache->answers_count = 0;
    cache->answers_bytes = answer_bytes(cache, 0);
    memset(cache->answer_slots, 0, sizeof *cache->answer_slots * (cache->answer_slots_mask + 1));
    memset(cache->v4_buckets, 0, BUCKET_BYTES * ((size_t)cache->v4_mask + 1));
    memset(cache->v6_buckets, 0, BUCKET_BYTES * ((size_t)cache->v6_mask + 1));
}

static struct place_facts facts_of(const struct place *place) {
    struct tile_point point = {place->longitude, place->latitude};
    struct slice country = place->texts[PLACE_COUNTRY_ISO_CODE], registered = place->texts[PLACE_REGISTERED_COUNTRY];
    bool hosting = (place->marks >> PLACE_HOSTING_PROVIDER & 1) != 0;
    bool anycast = (place->marks >> PLACE_ANYCAST_NETWORK & 1) != 0;
    bool elsewhere = country.len > 0 && registered.len > 0 && !slice_equal(country, registered);
    return (struct place_facts){.longitude = (float)place->longitude,
                                .latitude = (float)place->latitude,
                                .as_number = place->as_number,
                                .tile = place->has_location ? tile_at(point) : TILE_NONE,
                                .country = country_number(country),
                                .flags = (uint16_t)((place->has_location ? PLACE_LOCATED : 0) |
                                                    (hosting ? PLACE_HOSTING : 0) | (anycast ? PLACE_ANYCAST : 0) |
                                                    (elsewhere ? PLACE_REGISTERED_ELSEWHERE : 0))};
}

static uint32_t render_answer(struct geo_cache *cache, const struct geo_answer *offsets) {
    struct place place;
    struct geo_scratch scratch;
    geo_decode(cache->geo, offsets, &place, &scratch);
    uint32_t position = cache->answers_bytes;
    struct answer *answer = answer_at(cache, position);
    answer->count = 0;
    answer->pair = pair_index(cache, place.texts[PLACE_COUNTRY_ISO_CODE], place.as_number,
                              place.texts[PLACE_AS_ORGANIZATION]);
    answer->facts = facts_of(&place);
    memcpy(answer->offsets, offsets->offsets, sizeof *answer->offsets * cache->geo->databases_count);
    answer->length = cache->renderer.render(cache->renderer.context, &place, answer_json(cache, answer));
    ASSERT(answer->length <= PLACE_JSON_BYTES_MAX);
    cache->answers_bytes += answer_bytes(cache, answer->length);
    cache->answers_count++;
    return position;
}

/* Where the answer stands; renders it if it is new, and starts over if there is no room for it. */
static uint32_t find_answer(struct geo_cache *cache, const struct geo_answer *offsets) {
    const size_t offsets_bytes = sizeof *offsets->offsets * cache->geo->databases_count;
    uint64_t hash = 0;
    for (size_t index = 0; index < cache->geo->databases_count; index++) {
        hash = mix(hash, offsets->offsets[index]);
    }
    for (;; hash++) {
        uint32_t *slot = &cache->answer_slots[hash & cache->answer_slots_mask];
        if (*slot == 0) {
            bool room = cache->answers_bytes + answer_bytes(cache, PLACE_JSON_BYTES_MAX) <= cache->answers_bytes_max;
            if (!room || cache->answers_count >= cache->answers_max) {
                start_over(cache);
                slot = &cache->answer_slots[hash & cache->answer_slots_mask];
            }
            return *slot = render_answer(cache, offsets);
        }
        if (memcmp(answer_at(cache, *slot)->offsets, offsets->offsets, offsets_bytes) == 0) {
            return *slot;
        }
    }
}

static uint32_t find_uncached(struct geo_cache *cache, const struct ip *ip) {
    struct geo_answer offsets;
    cache->totals.misses++;
    return geo_lookup(cache->geo, ip, &offsets, &cache->totals.damaged) ? find_answer(cache, &offsets) : ANSWER_UNKNOWN;
}

static struct v4_bucket *v4_bucket(const struct geo_cache *cache, uint32_t address) {
    return &cache->v4_buckets[address * 0x9e3779b97f4a7c15u >> 32 & cache->v4_mask];
}

static struct v6_bucket *v6_bucket(const struct geo_cache *cache, const uint64_t words[2]) {
    return &cache->v6_buckets[mix(words[0], words[1]) & cache->v6_mask];
}

static __attribute__((noinline)) uint32_t learn_v4(struct geo_cache *cache, struct v4_bucket *bucket,
                                                   const struct ip *ip, uint32_t address) {
    uint32_t position = find_uncached(cache, ip);
    memmove(bucket->addresses + 1, bucket->addresses, sizeof bucket->addresses - sizeof bucket->addresses[0]);
    memmove(bucket->answers + 1, bucket->answers, sizeof bucket->answers - sizeof bucket->answers[0]);
    bucket->addresses[0] = address;
    bucket->answers[0] = position;
    return position;
}

static uint32_t find_v4(struct geo_cache *cache, const struct ip *ip) {
    uint32_t address;
    memcpy(&address, ip->bytes + 12, sizeof address);
    struct v4_bucket *bucket = v4_bucket(cache, address);
    uint32_t found = 0; /* all ways are compared: which one it is can't be predicted */
    for (uint32_t way = 0; way < V4_WAYS; way++) {
        found |= (uint32_t)(bucket->addresses[way] == address) << way;
    }
    return found != 0 ? bucket->answers[__builtin_ctz(found)] : learn_v4(cache, bucket, ip, address);
}

static uint32_t find_v6(struct geo_cache *cache, const struct ip *ip) {
    uint64_t words[2];
    memcpy(words, ip->bytes, sizeof words);
    struct v6_bucket *bucket = v6_bucket(cache, words);
    for (size_t way = 0; way < V6_WAYS; way++) {
        if (memcmp(ip, &bucket->addresses[way], sizeof *ip) == 0) {
            return bucket->answers[way];
        }
    }
    uint32_t position = find_uncached(cache, ip);
    memmove(bucket->addresses + 1, bucket->addresses, sizeof bucket->addresses - sizeof bucket->addresses[0]);
    memmove(bucket->answers + 1, bucket->answers, sizeof bucket->answers - sizeof bucket->answers[0]);
    bucket->addresses[0] = *ip;
    bucket->answers[0] = position;
    return position;
}

void geo_cache_prefetch(const struct geo_cache *cache, const struct ip *ip) {
    uint32_t address;
    uint64_t words[2];
    memcpy(&address, ip->bytes + 12, sizeof address);
    memcpy(words, ip->bytes, sizeof words);
    __builtin_prefetch(ip_is_v4(ip) ? (const void *)v4_bucket(cache, address) : (const void *)v6_bucket(cache, words));
}

struct place_fragment geo_cache_find(struct geo_cache *cache, const struct ip *ip) {
    cache->lookups++;
    struct answer *answer = answer_at(cache, ip_is_v4(ip) ? find_v4(cache, ip) : find_v6(cache, ip));
    for (uint32_t line = 1; line < 4; line++) __builtin_prefetch((const char *)answer + line * BUCKET_BYTES);
    answer->count++;
    return (struct place_fragment){
        .json = answer_json(cache, answer), .length = answer->length, .facts = answer->facts};
}

/* --- memory ----------------------------------------------------------------------------------- */

static uint32_t power_of_two_from(uint64_t least) {
    uint32_t power = 1;
    while (power < least && power < 1u << 30) {
        power *= 2;
    }
    return power;
}

/* Takes `bytes` from the block, of which `*used` are taken, at a cache line. */
static void *take(char *block, size_t *used, size_t bytes) {
    void *taken = block == NULL ? NULL : block + *used;
    *used += (bytes + 63) & ~(size_t)63;
    return taken;
}

/* Lays the parts out in `block`; with NULL only to learn the size. The answers end where the guard starts. */
static void lay_out(struct geo_cache *cache, char *block) {
    size_t used = 0, answers_bytes = (size_t)cache->answers_bytes_max + COPY_BYTES_BEYOND;
    take(block, &used, sizeof *cache);
    cache->v4_buckets = take(block, &used, BUCKET_BYTES * ((size_t)cache->v4_mask + 1));
    cache->v6_buckets = take(block, &used, BUCKET_BYTES * ((size_t)cache->v6_mask + 1));
    cache->answer_slots = take(block, &used, sizeof *cache->answer_slots * ((size_t)cache->answer_slots_mask + 1));
    cache->pair_slots = take(block, &used, sizeof *cache->pair_slots * ((size_t)cache->pair_slots_mask + 1));
    cache->pairs = take(block, &used, sizeof *cache->pairs * ((size_t)cache->pairs_max + COUNTRIES_MAX));
    cache->used_bytes = (used + answers_bytes + GUARD_BYTES - 1) & ~(size_t)(GUARD_BYTES - 1);
    cache->answers = block == NULL ? NULL : block + cache->used_bytes - answers_bytes;
}

struct geo_cache *geo_cache_new_sized(const struct geo *geo, struct place_renderer renderer,
                                      struct geo_cache_sizes sizes) {
    struct geo_cache cache = {.geo = geo, .renderer = renderer};
    cache.v4_mask = power_of_two_from(sizes.v4_addresses / V4_WAYS) - 1;
    cache.v6_mask = power_of_two_from(sizes.v6_addresses / V6_WAYS) - 1;
    uint64_t slots = (uint64_t)sizes.answers + sizes.answers / 3;
    cache.answer_slots_mask = power_of_two_from(slots < 4 ? 4 : slots) - 1;
    cache.answers_max = (cache.answer_slots_mask + 1) / 4 * 3;
    cache.pairs_max = sizes.pairs < 1u << 24 ? sizes.pairs : 1u << 24;
    cache.pair_slots_mask = power_of_two_from(2 * ((uint64_t)cache.pairs_max + COUNTRIES_MAX)) - 1;
    uint32_t bytes = sizes.fragment_bytes < 16u << 10 ? 16u << 10 : sizes.fragment_bytes;
    cache.answers_bytes_max = (bytes < 1u << 30 ? bytes : 1u << 30) & ~63u;
    cache.answer_head_bytes = (uint32_t)(offsetof(struct answer, offsets) + sizeof(uint32_t) * geo->databases_count);
    cache.answers_bytes = answer_bytes(&cache, 0);
    lay_out(&cache, NULL);
    char *block = mmap(NULL, cache.used_bytes + GUARD_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0);
    if (block == MAP_FAILED) {
        return NULL;
    }
    if (mprotect(block, cache.used_bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(block, cache.used_bytes + GUARD_BYTES);
        return NULL;
    }
    lay_out(&cache, block);
    struct geo_cache *placed = (struct geo_cache *)(void *)block;
    *placed = cache;
    answer_at(placed, ANSWER_UNKNOWN)->facts = PLACE_FACTS_UNKNOWN;
    return placed;
}

struct geo_cache *geo_cache_new(const struct geo *geo, struct place_renderer renderer) {
    return geo_cache_new_sized(geo, renderer, geo_cache_sizes_default);
}

void geo_cache_free(struct geo_cache *cache) {
    if (cache != NULL) {
        munmap(cache, cache->used_bytes + GUARD_BYTES);
    }
}
