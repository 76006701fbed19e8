/* Opens any bytes as a database, looks addresses up, decodes and caches what comes.
 *
 * Looks for: crashes and over-reads of ours, texts that are too long or not UTF-8, coordinates out of range,
 * a cache that answers other than the database, lost counts.
 * Does not look for: leaks inside libmaxminddb (it forgets a list when it refuses some metadata).
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "enrich/geo_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:libmaxminddb";
}

#define INPUT_BYTES_MAX (1u << 20)

/* A decoder of its own: code point by code point. */
static bool is_utf8(struct slice text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t first = (uint8_t)text.ptr[at++];
        uint32_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        uint32_t code = more == 0 ? first : first & (0x3fu >> more);
        static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
        if ((first >= 0x80 && first < 0xc0) || first >= 0xf8) {
            return false;
        }
        for (uint32_t index = 0; index < more; index++) {
            if (at == text.len || ((uint8_t)text.ptr[at] & 0xc0) != 0x80) {
                return false;
            }
            code = code << 6 | ((uint8_t)text.ptr[at++] & 0x3fu);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            return false;
        }
    }
    return true;
}

static void check_place(const struct place *place) {
    for (size_t index = 0; index < PLACE_TEXTS; index++) {
        ASSERT(place->texts[index].len <= PLACE_TEXT_BYTES_MAX);
        ASSERT(is_utf8(place->texts[index]));
    }
    struct slice country = place->texts[PLACE_COUNTRY_ISO_CODE], region = place->texts[PLACE_REGION_ISO_CODE];
    ASSERT(country.len == 0 || country.len == 2);
    ASSERT(region.len == 0 || (region.len >= 4 && region.len <= 6 && slice_starts_with(region, country)));
    ASSERT(fabs(place->latitude) <= 90 && fabs(place->longitude) <= 180);
    ASSERT(place->has_location == (place->accuracy != PLACE_ACCURACY_NONE));
    ASSERT(place->marks >> PLACE_MARKS == 0);
}

/* Every text, so that the whole of each is read. */
static uint32_t render(const void *context, const struct place *place, char *out) {
    (void)context;
    check_place(place);
    uint32_t length = 0;
    for (size_t index = 0; index < PLACE_TEXTS; index++) {
        if (place->texts[index].len != 0) {
            memcpy(out + length, place->texts[index].ptr, place->texts[index].len);
            length += (uint32_t)place->texts[index].len;
        }
    }
    int more = snprintf(out + length, 128, "%u %u %f %f", place->as_number, place->marks, place->latitude,
                        place->longitude);
    return length + (uint32_t)more;
}

static void add_count(void *context, const struct place *place, uint64_t count) {
    check_place(place);
    *(uint64_t *)context += count;
}

static void try_addresses(const struct geo *geo, struct geo_cache *cache, uint64_t *lookups) {
    static const char *const addresses[] = {"81.2.69.142", "216.160.83.56",   "89.160.20.112",
                                            "0.0.0.1",     "255.255.255.255", "2001:218::1",
                                            "::2",         "ffff::",          "64:ff9b::1.2.3.4"};
    for (size_t index = 0; index < sizeof addresses / sizeof addresses[0]; index++) {
        struct ip_parsed parsed;
        ASSERT(ip_parse(slice_from(addresses[index]), &parsed));
        struct geo_answer answer;
        struct geo_scratch scratch;
        struct place place;
        uint64_t damaged = 0;
        char expected[PLACE_JSON_BYTES_MAX];
        uint32_t expected_length = 0;
        if (geo_lookup(geo, &parsed.ip, &answer, &damaged)) {
            geo_decode(geo, &answer, &place, &scratch);
            expected_length = render(NULL, &place, expected);
        }
        struct place_fragment fragment = geo_cache_find(cache, &parsed.ip);
        ASSERT(fragment.length == expected_length && memcmp(fragment.json, expected, expected_length) == 0);
        *lookups += 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > INPUT_BYTES_MAX) {
        return 0;
    }
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(file >= 0 && write(file, data, size) == (ssize_t)size);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *paths[] = {path};
    struct geo geo;
    struct error error = {.message = ""};
    if (geo_open(&geo, paths, 1, &error) == STATUS_OK) {
        const struct geo_cache_sizes sizes = {
            .v4_addresses = 8, .v6_addresses = 3, .answers = 3, .fragment_bytes = 0, .pairs = 2};
        struct geo_cache *cache = geo_cache_new_sized(&geo, (struct place_renderer){.render = render}, sizes);
        ASSERT(cache != NULL);
        uint64_t lookups = 0, counted = 0;
        try_addresses(&geo, cache, &lookups);
        try_addresses(&geo, cache, &lookups);
        geo_cache_count(cache, add_count, &counted);
        ASSERT(counted + geo_cache_totals(cache).unknown == lookups);
        geo_cache_free(cache);
    } else {
        ASSERT(strstr(error.message, path) != NULL && strchr(error.message, '\n') == NULL);
    }
    geo_close(&geo);
    close(file);
    return 0;
}
