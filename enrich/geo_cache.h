/* Per-worker memory of places: address -> rendered fragment.
 *
 * Two steps, because a log has far more addresses than places: an exact-address cache (fixed size,
 * overwrites) leads to an answer; an answer (the tuple of entry offsets) is decoded and rendered once and
 * copied after that. How a place is rendered is the caller's: enrichers do not know the output's names.
 *
 * Threads: one cache per worker, no sharing; the struct geo behind it is read-only. */
#ifndef WHEREFROM_GEO_CACHE_H
#define WHEREFROM_GEO_CACHE_H

#include "enrich/geo.h"

/* Writes the JSON of `place` to `out` (PLACE_JSON_BYTES_MAX bytes) and returns the length. */
struct place_renderer {
    uint32_t (*render)(const void *context, const struct place *place, char *out);
    const void *context;
};

/* What the hot path gets: `length` bytes at `json`, valid until the next geo_cache_find.
 * At least 64 bytes behind the end may be read (the encoder copies 32 at a time).
 * length 0: nothing is known of the address, or nothing of it is written. */
struct place_fragment {
    const char *json;
    uint32_t length;
    struct place_facts facts;
};

struct geo_cache;

/* What a cache may grow to. All of it is reserved at the start; a page costs memory once it is used. */
struct geo_cache_sizes {
    uint32_t v4_addresses;   /* remembered at a time; rounded to eight times a power of two */
    uint32_t v6_addresses;   /* remembered at a time; rounded to three times a power of two */
    uint32_t answers;        /* rendered at a time; rounded up to three quarters of a power of two */
    uint32_t fragment_bytes; /* of the rendered answers; at least 16 KiB, at most 1 GiB */
    uint32_t pairs;          /* of country and AS that are counted; further ones are counted by country alone */
};

extern const struct geo_cache_sizes geo_cache_sizes_default;

/* NULL if there is no memory. `geo` must outlive the cache. */
struct geo_cache *geo_cache_new(const struct geo *geo, struct place_renderer renderer);
struct geo_cache *geo_cache_new_sized(const struct geo *geo, struct place_renderer renderer,
                                      struct geo_cache_sizes sizes);
void geo_cache_free(struct geo_cache *cache); /* NULL is allowed */

/* The hot call, never fails, allocates nothing. Not for addresses that are not global (the caller knows).
 * Counts one for the answer. */
struct place_fragment geo_cache_find(struct geo_cache *cache, const struct ip *ip);

/* Fetches what geo_cache_find will look at first, without waiting for it (a miss of the processor's caches is 100 ns, two of them a
 * record). */
void geo_cache_prefetch(const struct geo_cache *cache, const struct ip *ip);

/* Callback of geo_cache_count. Of `place` only country code, AS number and AS organisation are filled;
 * its texts point into the databases. */
typedef void geo_count_function(void *context, const struct place *place, uint64_t count);

/* Reports how many look-ups ended in each pair of country and AS since the cache was made, once per pair.
 * Look-ups without an answer are in the totals only. */
void geo_cache_count(struct geo_cache *cache, geo_count_function *report, void *context);

struct geo_cache_totals {
    uint64_t hits, misses; /* of the address cache; their sum is the number of look-ups */
    uint64_t unknown;      /* look-ups of addresses that no database knows */
    uint64_t damaged;      /* times a database turned out to be damaged */
    uint64_t restarts;     /* times that rendered answers were forgotten for lack of room */
};
struct geo_cache_totals geo_cache_totals(const struct geo_cache *cache);

#endif
